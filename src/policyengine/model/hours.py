"""Weekdays and hours, as far as conditions tell them apart: times between two dates, one of each sort."""

from __future__ import annotations

from functools import lru_cache
from typing import Final

from policyengine.calendar import DAY, on_day
from policyengine.model.condition import Clock
from policyengine.model.meets import strikes
from policyengine.moment import FOREVER

_DAYS: Final = 23
"""So many days have every hour of every weekday, also where the clock skips one of them once."""

EVERY_HOUR: Final = (_DAYS + 1) * DAY
"""In so long a time there is every hour of every weekday."""


@lru_cache(maxsize=1024)
def moments(start: int, end: int, clocks: tuple[Clock, ...]) -> tuple[int, ...]:
    """Return an instant of each sort that conditions on one time zone tell apart, from `start` to before `end`.

    Args:
        start: from when, inclusive; `-FOREVER` where there is no beginning.
        end: until when, exclusive; `FOREVER` where there is no end.
        clocks: the conditions.
    """
    if start == -FOREVER:
        start = end - _DAYS * DAY
    minutes = sorted({0, *(minute for clock in clocks for minute in (clock.since, clock.until))})
    zones = sorted({clock.zone for clock in clocks})
    found = [start]
    for zone in zones:
        found += [on_day(start, day, minute, zone) for day in range(_DAYS + 1) for minute in minutes]
    sorts: dict[tuple[bool, ...], int] = {}
    for instant in found:
        if start <= instant < end:
            sorts.setdefault(tuple([strikes(instant, clock) for clock in clocks]), instant)
    return tuple(sorts.values())
