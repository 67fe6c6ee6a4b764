"""Times as instants: microseconds since 1970-01-01T00:00:00Z, read from strict RFC 3339 and written as such."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from typing import Final, Literal

FOREVER: Final = 1 << 63
"""An instant after every event; its negative is before every event."""

_DATE: Final = (
    r"^(?!0000)(?:[0-9]{4}-(?:(?:0[13578]|1[02])-(?:0[1-9]|[12][0-9]|3[01])|(?:0[469]|11)-(?:0[1-9]|[12][0-9]|30)"
    r"|02-(?:0[1-9]|1[0-9]|2[0-8]))"
    r"|(?:[0-9]{2}(?:0[48]|[2468][048]|[13579][26])|(?:[02468][048]|[13579][26])00)-02-29)"
)

DAY_PATTERN: Final = rf"{_DATE}(?![\s\S])"
"""A day, such as ``2026-11-24``, as a regular expression of the same sort as `TIME_PATTERN`."""

TIME_PATTERN: Final = (
    _DATE
    + r"T(?:[01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9](?:\.[0-9]{1,6})?(?:Z|[+-](?:[01][0-9]|2[0-3]):[0-5][0-9])(?![\s\S])"
)
"""Strict RFC 3339, as an ECMA 262 regular expression that Python reads the same way."""

_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_OFFSET = re.compile(r"Z|[+-](?:[01][0-9]|2[0-3]):[0-5][0-9]")
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)


def now() -> str:
    """Return the time, as events have it. Whoever wants it calls ``moment.now()``, so that a test can set the clock."""
    return datetime.now(UTC).isoformat()


def instant(time: str) -> int:
    """Return a strict RFC 3339 time as microseconds since 1970-01-01T00:00:00Z.

    Raises:
        ValueError: `time` is not strict RFC 3339.
    """
    try:
        tail, fraction = time[19:], 0
        if tail[:1] == ".":
            tail = "Z" if tail[-1] == "Z" else tail[-6:]
            digits = time[20 : -len(tail)]
            if not (digits.isdigit() and digits.isascii()):
                raise ValueError(time)
            fraction = int(digits) * _FRACTIONS[len(digits)]
        seconds = _day(time[:10]) + _MINUTES[time[10:16]] + _SECONDS[time[16:19]] - _offset(tail)
    except (KeyError, ValueError):
        raise ValueError(time) from None
    return seconds * 1_000_000 + fraction


def is_time(text: str) -> bool:
    """Whether a text is a strict RFC 3339 time."""
    try:
        instant(text)
    except ValueError:
        return False
    return True


def is_day(text: str) -> bool:
    """Whether a text is a day, such as ``2026-11-24``."""
    try:
        _day(text)
    except ValueError:
        return False
    return True


_MINUTES: Final = {f"T{hour:02}:{minute:02}": hour * 3600 + minute * 60 for hour in range(24) for minute in range(60)}
_SECONDS: Final = {f":{number:02}": number for number in range(60)}
"""The parts of a time, each with the separators before it, and how many seconds it stands for."""

_FRACTIONS: Final = {digits: 10 ** (6 - digits) for digits in range(1, 7)}
"""How many microseconds one unit of the last digit of a fraction stands for, by how many digits it has."""


@lru_cache(maxsize=4096)
def _day(day: str) -> int:
    """Return the seconds from 1970 to the beginning of a day in UTC. Raises `ValueError` where it is none."""
    if not _DAY.fullmatch(day):  # `date` reads weeks as well
        raise ValueError(day)
    return (date.fromisoformat(day) - _EPOCH.date()).days * 86_400


@lru_cache(maxsize=256)
def _offset(offset: str) -> int:
    """Return the seconds by which an offset, such as ``+09:00``, is ahead of UTC. Raises `ValueError`."""
    if not _OFFSET.fullmatch(offset):
        raise ValueError(offset)
    return 0 if offset == "Z" else int(f"{offset[0]}1") * (int(offset[1:3]) * 3600 + int(offset[4:]) * 60)


def written(instant: int, digits: Literal["auto", "seconds", "milliseconds"] = "auto") -> str:
    """Return an instant as an RFC 3339 time in UTC, such as ``2026-11-24T00:00:00Z``.

    Args:
        instant: microseconds since 1970-01-01T00:00:00Z.
        digits: how exactly; by default microseconds where there are any, else seconds.

    Raises:
        OverflowError: the instant lies outside the years 1 to 9999.
    """
    return f"{(_EPOCH + instant * _MICROSECOND).replace(tzinfo=None).isoformat(timespec=digits)}Z"
