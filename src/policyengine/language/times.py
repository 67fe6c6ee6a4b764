"""What a table says of times: from its keys to conditions on when an event is, and since when there are its data."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Protocol

from policyengine.calendar import WEEKDAYS, lapse
from policyengine.errors import Code
from policyengine.language.problems import ENDS_BEFORE_IT_BEGINS, OVER_MIDNIGHT
from policyengine.model.condition import Acquired, Clock, Condition, During
from policyengine.moment import FOREVER, instant


class Reports(Protocol):
    """Reports what is wrong with a table, at a key or value inside it; `RuleTable.problem`."""

    def __call__(self, code: Code, /, *path: str | int) -> None:
        """Report a problem."""


def time_conditions(
    values: Mapping[str, Any], zone: str, report: Reports, at: tuple[str | int, ...]
) -> Iterator[Condition]:
    """Yield what the keys of times in a table ask of an event.

    Args:
        values: the table.
        zone: the time zone of its policy.
        report: is told what is wrong.
        at: where in its rule's table it stands.
    """
    if "during" in values:
        spans: list[tuple[int, int]] = []
        for index, span in enumerate(values["during"]):
            start, end = _instant(span.get("from"), -FOREVER), _instant(span.get("until"), FOREVER)
            if start < end:
                spans.append((start, end))
            else:
                report(ENDS_BEFORE_IT_BEGINS, *at, "during", index, "until")
        yield During(_united(spans), zone, at=(*at, "during"))
    if "on" in values or "between" in values:
        days = frozenset(map(WEEKDAYS.index, values.get("on", WEEKDAYS)))
        since, until = map(_minute, values.get("between", ("00:00", "24:00")))
        if since >= until:
            report(OVER_MIDNIGHT, *at, "between", 1)
        yield Clock(days, since, until, zone, at=(*at, "between" if "between" in values else "on"))
    if "acquired_within" in values:
        yield Acquired(lapse(values["acquired_within"], zone), at=(*at, "acquired_within"))


def _minute(hour: str) -> int:
    return int(hour[:2]) * 60 + int(hour[3:])


def _instant(value: str | None, default: int) -> int:
    return default if value is None else instant(value)


def _united(spans: Iterable[tuple[int, int]]) -> tuple[tuple[int, int], ...]:
    """Return spans of time apart from one another and in order, which together are as long as `spans`."""
    found: list[tuple[int, int]] = []
    for start, end in sorted(spans):
        if found and start <= found[-1][1]:
            found[-1] = (found[-1][0], max(end, found[-1][1]))
        else:
            found.append((start, end))
    return tuple(found)
