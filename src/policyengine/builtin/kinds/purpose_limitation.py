"""Purpose limitation: whose data may be acquired and used for which purposes."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from policyengine.language.keys import operation_list
from policyengine.language.table import RuleTable
from policyengine.model.condition import Field, In
from policyengine.model.rule import Permit, Rule
from policyengine.text import Text


class PurposeLimitation:
    """The published purposes of a category of people. Other clauses can lean on them (``licensed_by``)."""

    name = "purpose-limitation"
    title = Text(ja="利用目的の制限", en="purpose limitation")
    summary = Text(
        ja="挙げた人の個人情報を、挙げた目的のために取得・利用できる",
        en="The data of these people may be acquired and used for these purposes.",
    )
    properties: Mapping[str, Mapping[str, Any]] = {
        "operations": operation_list("by default acquire and use"),
    }
    required = frozenset({"subjects", "purposes"})

    def lower(self, table: RuleTable) -> Iterable[Rule]:
        """Return one permit, on which other clauses may lean."""
        written, subjects = table.terms("subjects")
        operations = table.operations("operations") if "operations" in table.values else frozenset({"acquire", "use"})
        yield Permit(
            table.head,
            operations,
            about=In(Field.SUBJECT, subjects, written),
            terms=table.condition(leave_out=("subjects",)),
            licence=True,
        )
