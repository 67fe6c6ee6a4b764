"""Alternative: what meets a requirement, or lifts a prohibition, in a clause of its own."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from policyengine.builtin.kinds.problems import NOTHING_TO_MEET
from policyengine.language import RuleTable, clause_list
from policyengine.model import Alternative, Rule, Text


class Alternatives:
    """One of several ways to meet what another clause asks: where it was met so, a permit cites this clause."""

    name = "alternative"
    title = Text(ja="満たし方", en="alternative")
    summary = Text(
        ja="この場合には、ほかの条項の条件を満たし、または禁止が解ける",
        en="In this case, what another clause requires is met, or what it prohibits is lifted.",
    )
    properties: Mapping[str, Mapping[str, Any]] = {
        "meets": clause_list("The clauses whose requirements it meets; by default the one of which its own is a case."),
    }
    required: frozenset[str] = frozenset()

    def lower(self, table: RuleTable) -> Iterable[Rule]:
        """Return one alternative."""
        if "meets" in table.values:
            clauses = table.clauses("meets")
        else:
            clauses = frozenset(number for number, cases in table.scope.clauses.items() if table.clause in cases)
            clauses -= {table.clause}
        if not clauses and "meets" not in table.values:
            table.problem(NOTHING_TO_MEET)
        yield Alternative(table.head, clauses, table.condition())
