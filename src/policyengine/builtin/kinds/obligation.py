"""Obligation: what is asked of whoever was permitted a flow, whichever clause permitted it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from policyengine.language import RuleTable, operation_list
from policyengine.model import Duty, Rule, Text, all_of


class Obligation:
    """Every permitted flow that it speaks of carries the obligations of ``oblige``."""

    name = "obligation"
    title = Text(ja="義務", en="obligation")
    summary = Text(
        ja="挙げた取扱いが認められたときは、この義務を負う",
        en="Whoever is permitted these flows must do this.",
    )
    properties: Mapping[str, Mapping[str, Any]] = {
        "operations": operation_list("on these operations, by default all"),
    }
    required = frozenset({"oblige"})

    def lower(self, table: RuleTable) -> Iterable[Rule]:
        """Return one duty."""
        yield Duty(table.head, all_of(table.on("operations"), table.condition()))
