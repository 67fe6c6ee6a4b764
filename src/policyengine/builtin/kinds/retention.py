"""Retention: how long data are kept."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from msgspec.structs import replace

from policyengine.language import RuleTable, condition_table, duration, fact_expression, fact_form, operation_list
from policyengine.model import (
    NEVER,
    Acquired,
    Condition,
    Field,
    Holds,
    In,
    Not,
    Restriction,
    Rule,
    Text,
    all_of,
    any_of,
)

_KEPT = ("retain", "use")


class Retention:
    """Data are neither used nor kept on once their time is over, or what they were for is achieved."""

    name = "retention"
    title = Text(ja="保有期間", en="retention")
    summary = Text(
        ja="期間が過ぎるか、目的を達した後は、保有も利用もしない",
        en="After this time, or once their purpose is achieved, data are neither kept on nor used.",
    )
    properties: Mapping[str, Mapping[str, Any]] = {
        "operations": operation_list("which operations end then, by default retain and use"),
        "at_most": duration("How long, since the data were acquired, or since the latest fact of `since` began."),
        "since": fact_form("The fact since which the time is counted; without one there is no limit yet."),
        "ends_with": fact_expression("Facts in effect with which the time is over at once."),
        "lifted_by": condition_table("A condition under which the data are kept all the same."),
    }
    required: frozenset[str] = frozenset()

    def lower(self, table: RuleTable) -> Iterable[Rule]:
        """Return one restriction, on flows whose time is over."""
        on = table.on("operations") if "operations" in table.values else In(Field.OPERATION, frozenset(_KEPT), _KEPT)
        over = any_of(self._passed(table), table.facts("ends_with", default=NEVER))
        if over == NEVER:
            table.missing("at_most", "ends_with")
        yield Restriction(
            table.head,
            code="retention-over",
            message=Text(
                ja=f"条項 {table.clause} の定める保有期間が過ぎています",
                en=f"the time for which clause {table.clause} lets the data be kept is over",
            ),
            when=all_of(on, table.condition(), over),
            unless=table.condition("lifted_by", default=NEVER),
        )

    def _passed(self, table: RuleTable) -> Condition:
        """Return the condition that ``at_most`` has passed."""
        limit = table.lapse("at_most")
        since = table.facts("since", default=NEVER)
        if limit is None:
            if since != NEVER:
                table.missing("at_most")
            return NEVER
        if "since" not in table.values:
            return Acquired(limit, passed=True, at=("at_most",))
        # The latest such fact began so long ago where there is one, and none that began later.
        if not isinstance(since, Holds):
            return NEVER
        return all_of(since, Not(replace(since, within=limit, counted=True, at=("at_most",))))
