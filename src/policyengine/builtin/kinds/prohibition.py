"""Prohibition: what no clause may permit, unless a fact lifts it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from policyengine.language import RuleTable, clause_list, condition_table, operation_list, reason_table, spared_list
from policyengine.model import NEVER, Restriction, Rule, Text, all_of


class Prohibition:
    """Flows that are denied whatever permits them, but for ``spares`` and where ``lifted_by`` is in effect."""

    name = "prohibition"
    title = Text(ja="禁止", en="prohibition")
    summary = Text(
        ja="挙げた取扱いは、どの条項が認める場合でも行わない",
        en="These flows are denied, whichever clause permits them.",
    )
    properties: Mapping[str, Mapping[str, Any]] = {
        "operations": operation_list("these operations, by default all"),
        "over": clause_list("What these clauses permit, by default what any permits."),
        "spares": spared_list("What these clauses permit is left alone."),
        "reason": reason_table(),
        "lifted_by": condition_table("What lifts it."),
    }
    required: frozenset[str] = frozenset()

    def lower(self, table: RuleTable) -> Iterable[Rule]:
        """Return one restriction."""
        message = Text(ja=f"条項 {table.clause} が禁じています", en=f"clause {table.clause} prohibits it")
        code, message, parameters = table.reason("prohibited", message)
        yield Restriction(
            table.head,
            code=code,
            message=message,
            when=all_of(table.on("operations"), table.condition()),
            unless=table.condition("lifted_by", default=NEVER),
            only=table.clauses("over") if "over" in table.values else None,
            spares=table.spared(),
            parameters=parameters,
        )
