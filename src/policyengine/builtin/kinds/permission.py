"""Permission: what the other kinds of permits have no word for."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from policyengine.language import RuleTable, about_table, licence_list, operation_list
from policyengine.model import Permit, Rule, Text, all_of


class Permission:
    """These operations are permitted, in whatever case the table describes."""

    name = "permission"
    title = Text(ja="許可", en="permission")
    summary = Text(ja="この場合に、挙げた取扱いができる", en="In this case, these operations are permitted.")
    properties: Mapping[str, Mapping[str, Any]] = {
        "operations": operation_list("which operations it permits"),
        "licensed_by": licence_list(),
        "about": about_table(),
    }
    required = frozenset({"operations"})

    def lower(self, table: RuleTable) -> Iterable[Rule]:
        """Return one permit, on which no other clause leans."""
        yield Permit(
            table.head,
            table.operations("operations"),
            about=table.about(),
            terms=all_of(table.condition(), table.elsewhere()),
            licensed_by=table.licences(),
        )
