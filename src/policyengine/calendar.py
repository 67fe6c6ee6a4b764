"""Times on the calendar and the clock of a time zone: durations added, weekdays and hours told.

The zones are those of the package tzdata, and never those of the machine: the same rules say the same everywhere.
"""

from __future__ import annotations

import operator
import re
from calendar import monthrange
from datetime import UTC, date, datetime, timedelta, tzinfo
from functools import lru_cache
from typing import Final, Literal, NamedTuple

PLAIN_ZONE: Final = "UTC"
"""The time zone where none is said."""

DURATION_PATTERN: Final = (
    r"^P(?=[0-9T])(?=[^1-9]*[1-9])(?:[0-9]{1,3}Y)?(?:[0-9]{1,4}M)?(?:[0-9]{1,4}W)?(?:[0-9]{1,5}D)?"
    r"(?:T(?=[0-9])(?:[0-9]{1,5}H)?(?:[0-9]{1,5}M)?(?:[0-9]{1,5}S)?)?(?![\s\S])"
)
"""A duration of ISO 8601 in whole numbers, of which one is more than zero, as an ECMA 262 regular expression."""

CLOCK_PATTERN: Final = r"^(?:(?:[01][0-9]|2[0-3]):[0-5][0-9]|24:00)(?![\s\S])"
"""A time of day in hours and minutes."""

DAY: Final = 86_400_000_000
WEEKDAYS: Final = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")

_PARTS: Final = re.compile(r"([0-9]+)([YMWDHS])|(T)")
_SECOND: Final = 1_000_000
_MINUTE: Final = 60 * _SECOND
_CYCLE: Final = 146_097
"""The days of 400 years, after which the calendar begins anew."""

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_BEFORE: Final = date(1970, 1, 1).toordinal() - 1
"""The days from the beginning of the year 1 to 1970."""

_MICROSECOND: Final = timedelta(microseconds=1)
_FIRST: Final = (datetime(1, 1, 3, tzinfo=UTC) - _EPOCH) // _MICROSECOND
_LAST: Final = (datetime(9999, 12, 29, tzinfo=UTC) - _EPOCH) // _MICROSECOND


class Lapse(NamedTuple):
    """How long something takes: a duration of ISO 8601, as the calendar of a time zone counts it.

    Args:
        months: so many months, those of its years included.
        days: and so many days, those of its weeks included.
        rest: and so many microseconds.
        zone: the time zone; of a duration of neither months nor days, which is as long everywhere, `PLAIN_ZONE`.
    """

    months: int
    days: int
    rest: int
    zone: str

    def after(self, instant: int) -> int:
        """Return the instant at which it has passed since another, both in microseconds since 1970 (UTC).

        Months are added first: a day that the month does not have is its last. An hour that the clock skips counts as
        if it had not, and of one that comes twice, the first.
        """
        if not self.months and not self.days:
            return instant + self.rest
        day, time = divmod(_local(self.zone, instant), DAY)
        if self.months:
            cycle, within = divmod(day + _BEFORE, _CYCLE)
            began = date.fromordinal(within + 1)
            year, month = divmod((began.year - 1 + 400 * cycle) * 12 + began.month - 1 + self.months, 12)
            cycle, year = divmod(year, 400)
            last = monthrange(year + 1, month + 1)[1]
            ends = date(year + 1, month + 1, min(began.day, last))
            day = ends.toordinal() - 1 + cycle * _CYCLE - _BEFORE
        return _instant(self.zone, (day + self.days) * DAY + time) + self.rest

    def steady(self, instant: int) -> bool:
        """Whether it is as long from every instant within a day of one, by a clock that nobody puts forward or back.

        Where it is not, something that began later can have reached it earlier: at the end of a month, the 31st at
        nine before the 30th at ten.
        """
        starts = (instant - DAY, instant, instant + DAY)
        ends = tuple(map(self.after, starts))
        clocks = {
            (_local(self.zone, start) - start, _local(self.zone, end) - end, end - start)
            for start, end in zip(starts, ends, strict=True)
        }
        return len(clocks) == 1

    @property
    def parts(self) -> tuple[tuple[int, Literal["year", "month", "day", "hour", "minute", "second"]], ...]:
        """What it consists of, the longest first: how many of each there are, where there are any."""
        seconds = self.rest // _SECOND
        found = (
            (self.months // 12, "year"),
            (self.months % 12, "month"),
            (self.days, "day"),
            (seconds // 3600, "hour"),
            (seconds // 60 % 60, "minute"),
            (seconds % 60, "second"),
        )
        return tuple((number, unit) for number, unit in found if number)  # type: ignore[misc]

    @property
    def shortest(self) -> int:
        """The microseconds that it takes at least, from whenever it is counted."""
        return _month_days(self.months)[0] * DAY + self.days * DAY + self.rest - self._shift

    @property
    def longest(self) -> int:
        """The microseconds that it takes at most."""
        return _month_days(self.months)[1] * DAY + self.days * DAY + self.rest + self._shift

    @property
    def _shift(self) -> int:
        """By how much the clock of the zone can be put forward or back meanwhile."""
        return 0 if self.zone == PLAIN_ZONE else DAY

    def __str__(self) -> str:
        letters = {unit: unit[0].upper() for _, unit in self.parts}
        day = "".join(f"{number}{letters[unit]}" for number, unit in self.parts if unit in ("year", "month", "day"))
        time = "".join(
            f"{number}{letters[unit]}" for number, unit in self.parts if unit in ("hour", "minute", "second")
        )
        return f"P{day}" + (f"T{time}" if time else "")


def lapse(duration: str, zone: str) -> Lapse:
    """Return a duration of the form of `DURATION_PATTERN` as it is counted in a time zone."""
    found = dict.fromkeys(("Y", "M", "W", "D", "TH", "TM", "TS"), 0)
    time = ""
    for number, unit, begins in _PARTS.findall(duration):
        time = time or begins
        if unit:
            found[f"{time}{unit}"] = int(number)
    months, days = 12 * found["Y"] + found["M"], 7 * found["W"] + found["D"]
    rest = (3600 * found["TH"] + 60 * found["TM"] + found["TS"]) * _SECOND
    return Lapse(months, days, rest, zone if months or days else PLAIN_ZONE)


def midnight(day: str, zone: str) -> int:
    """Return when a day, such as ``2026-11-24``, begins in a time zone, in microseconds since 1970 (UTC)."""
    return _instant(zone, (date.fromisoformat(day).toordinal() - 1 - _BEFORE) * DAY)


def hour(instant: int, zone: str) -> tuple[int, int]:
    """Return which day of the week it is at an instant in a time zone, from 0 (Monday), and which minute of the day."""
    day, time = divmod(_local(zone, instant), DAY)
    return (day + 3) % 7, time // _MINUTE


def on_day(instant: int, days: int, minute: int, zone: str) -> int:
    """Return a minute of the day that comes so many days after that of an instant, in a time zone."""
    return _instant(zone, (_local(zone, instant) // DAY + days) * DAY + minute * _MINUTE)


def shown(instant: int, zone: str) -> str:
    """Return an instant as a time of a time zone, such as ``2026-11-24T09:00:00+09:00``; none beyond 9999."""
    within = min(max(instant, _FIRST), _LAST)
    return (_EPOCH + within * _MICROSECOND).astimezone(_zone(zone)).isoformat()


def zones() -> frozenset[str]:
    """Return the names of all time zones."""
    return _zones()


def version() -> str:
    """Return the version of the time zones, such as ``2026a``."""
    import tzdata  # noqa: PLC0415  few policies count by a time zone

    return str(tzdata.IANA_VERSION)


@lru_cache(maxsize=1)
def _zones() -> frozenset[str]:
    from importlib.resources import files  # noqa: PLC0415

    return frozenset(files("tzdata").joinpath("zones").read_text("utf-8").split())


@lru_cache(maxsize=64)
def _zone(name: str) -> tzinfo:
    if name == PLAIN_ZONE:
        return UTC
    from importlib.resources import files  # noqa: PLC0415
    from zoneinfo import ZoneInfo  # noqa: PLC0415

    with files("tzdata").joinpath("zoneinfo", *name.split("/")).open("rb") as file:
        return ZoneInfo.from_file(file, key=name)


def _local(zone: str, instant: int) -> int:
    """Return what calendar and clock of a zone show at an instant, in microseconds since 1970 there."""
    if zone == PLAIN_ZONE:
        return instant
    known = _EPOCH + min(max(instant, _FIRST), _LAST) * _MICROSECOND
    return instant + (known.astimezone(_zone(zone)).utcoffset() or timedelta()) // _MICROSECOND


def _instant(zone: str, local: int) -> int:
    """Return the instant at which calendar and clock of a zone show something, the first such."""
    if zone == PLAIN_ZONE:
        return local
    known = (_EPOCH + min(max(local, _FIRST), _LAST) * _MICROSECOND).replace(tzinfo=_zone(zone))
    return local - (known.utcoffset() or timedelta()) // _MICROSECOND


@lru_cache(maxsize=4_800)
def _month_days(months: int) -> tuple[int, int]:
    """Return how many days so many months are at least and at most, from whichever day they are counted."""
    if not months:
        return 0, 0
    firsts, lengths = _months()
    cycles, turn = divmod(months, len(firsts))
    later = [first + _CYCLE for first in firsts[:turn]]
    spans = [there - here for here, there in zip(firsts, [*firsts[turn:], *later], strict=True)]
    ends = zip(lengths, [*lengths[turn:], *lengths[:turn]], strict=True)
    missing = [max(0, here - there) for here, there in ends]
    whole = cycles * _CYCLE
    return min(map(operator.sub, spans, missing)) + whole, max(spans) + whole


@lru_cache(maxsize=1)
def _months() -> tuple[list[int], list[int]]:
    """Return of each month of the cycle after which the calendar repeats its first day and how many days it has."""
    months = [(year, month) for year in range(1, 401) for month in range(1, 13)]
    return [date(*month, 1).toordinal() for month in months], [monthrange(*month)[1] for month in months]
