"""Purpose limitation: whose data may be acquired and used for which purposes."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from policyengine.language import RuleTable, about_table, operation_list
from policyengine.model import WITHIN, Field, In, Permit, Rule, Text


class PurposeLimitation:
    """The published purposes of a category of people. Other clauses can lean on them (``licensed_by``)."""

    name = "purpose-limitation"
    title = Text(ja="利用目的の制限", en="purpose limitation")
    summary = Text(
        ja="挙げた人の個人情報を、挙げた目的のために取得・利用・保有できる",
        en="The data of these people may be acquired, used and kept for these purposes.",
    )
    properties: Mapping[str, Mapping[str, Any]] = {
        "operations": operation_list("by default all three of", among=WITHIN),
        "about": about_table(),
    }
    required = frozenset({"purposes"})

    def lower(self, table: RuleTable) -> Iterable[Rule]:
        """Return one permit, on which other clauses may lean."""
        operations = table.operations("operations") if "operations" in table.values else WITHIN
        if "about" in table.values:
            yield Permit(table.head, operations, about=table.about(), terms=table.condition(), licence=True)
            return
        # Of whomever it names no people, it speaks by its purposes.
        key, field = ("subjects", Field.SUBJECT) if "subjects" in table.values else ("purposes", Field.PURPOSE)
        written, values = table.terms(key)
        about = In(field, values, written)
        yield Permit(table.head, operations, about, terms=table.condition(leave_out=(key,)), licence=True)
