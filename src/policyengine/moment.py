"""Times as instants: microseconds since 1970-01-01T00:00:00Z, read from strict RFC 3339 and written as such."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import Final, Literal

FOREVER: Final = 1 << 63
"""An instant after every event; its negative is before every event."""

TIME_PATTERN: Final = (
    r"^(?!0000)(?:[0-9]{4}-(?:(?:0[13578]|1[02])-(?:0[1-9]|[12][0-9]|3[01])|(?:0[469]|11)-(?:0[1-9]|[12][0-9]|30)"
    r"|02-(?:0[1-9]|1[0-9]|2[0-8]))"
    r"|(?:[0-9]{2}(?:0[48]|[2468][048]|[13579][26])|(?:[02468][048]|[13579][26])00)-02-29)"
    r"T(?:[01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9](?:\.[0-9]{1,6})?(?:Z|[+-](?:[01][0-9]|2[0-3]):[0-5][0-9])(?![\s\S])"
)
"""Strict RFC 3339, as an ECMA 262 regular expression that Python reads the same way."""

_TIME = re.compile(TIME_PATTERN)
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)


@lru_cache(maxsize=8192)
def instant(time: str) -> int:
    """Return a strict RFC 3339 time as microseconds since 1970-01-01T00:00:00Z.

    Raises:
        ValueError: `time` is not strict RFC 3339.
    """
    if not _TIME.match(time):
        raise ValueError(time)
    return (datetime.fromisoformat(time) - _EPOCH) // _MICROSECOND


def written(instant: int, digits: Literal["auto", "seconds", "milliseconds"] = "auto") -> str:
    """Return an instant as an RFC 3339 time in UTC, such as ``2026-11-24T00:00:00Z``.

    Args:
        instant: microseconds since 1970-01-01T00:00:00Z.
        digits: how exactly; by default microseconds where there are any, else seconds.

    Raises:
        OverflowError: the instant lies outside the years 1 to 9999.
    """
    return f"{(_EPOCH + instant * _MICROSECOND).replace(tzinfo=None).isoformat(timespec=digits)}Z"
