"""Requirement: a condition laid over what other clauses permit."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from policyengine.language import RuleTable, clause_list, condition_table, flag, operation_list, reason_table
from policyengine.model import Restriction, Rule, Text, all_of


class Requirement:
    """Every flow that it speaks of must meet ``require``, whichever clause permits it; a permit cites it too."""

    name = "requirement"
    title = Text(ja="条件", en="requirement")
    summary = Text(
        ja="挙げた取扱いは、どの条項が認める場合でも、この条件を満たさなければならない",
        en="These flows must meet this condition, whichever clause permits them.",
    )
    properties: Mapping[str, Mapping[str, Any]] = {
        "operations": operation_list("over these operations, by default all"),
        "over": clause_list("Over what these clauses permit, by default over all."),
        "spares": clause_list("What these clauses permit is left alone."),
        "silent": flag("Whether a permit that meets it leaves it uncited; by default false.", default=False),
        "reason": reason_table(),
        "require": condition_table("What must be met."),
    }
    required = frozenset({"require"})

    def lower(self, table: RuleTable) -> Iterable[Rule]:
        """Return one restriction, lifted by what is required."""
        message = Text(
            ja=f"条項 {table.clause} の条件を満たしていません", en=f"a condition of clause {table.clause} is not met"
        )
        code, message, parameters = table.reason("requirement-unmet", message)
        yield Restriction(
            table.head,
            code=code,
            message=message,
            when=all_of(table.on("operations"), table.condition()),
            unless=table.condition("require"),
            only=table.clauses("over") if "over" in table.values else None,
            spares=table.clauses("spares"),
            cited=not table.value("silent"),
            parameters=parameters,
        )
