"""Replacement: a clause that takes the place of others."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from policyengine.language import RuleTable, clause_list, flag, operation_list
from policyengine.model import Replacement as Statement
from policyengine.model import Rule, Text, all_of


class Replacement:
    """Where these flows are meant, other clauses permit nothing, or say nothing at all."""

    name = "replacement"
    title = Text(ja="優先", en="replacement")
    summary = Text(ja="この場合には、挙げた条項に代わる", en="In this case, the clause takes the place of others.")
    properties: Mapping[str, Mapping[str, Any]] = {
        "operations": operation_list("on these operations, by default all"),
        "replaces": clause_list("The clauses that give way; by default all others."),
        "wholly": flag("Whether what they restrict and oblige to gives way too; by default no.", default=False),
    }
    required: frozenset[str] = frozenset()

    def lower(self, table: RuleTable) -> Iterable[Rule]:
        """Return one replacement."""
        clauses = table.clauses("replaces") if "replaces" in table.values else None
        yield Statement(
            table.head, clauses, all_of(table.on("operations"), table.condition()), bool(table.value("wholly"))
        )
