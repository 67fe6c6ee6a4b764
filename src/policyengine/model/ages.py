"""Ages: what some durations tell apart of how long ago something was, if the calendar puts them in one order always."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Sequence

from policyengine.calendar import Lapse
from policyengine.moment import written


def in_order(lapses: Iterable[Lapse]) -> tuple[Lapse, ...] | None:
    """Return durations, the shortest first; None where the order of two of them hangs on when they are counted."""
    found = tuple(sorted(set(lapses), key=lambda lapse: (lapse.shortest, lapse.longest)))
    return None if any(ours.longest >= theirs.shortest for ours, theirs in itertools.pairwise(found)) else found


def unordered(lapses: Iterable[Lapse]) -> tuple[Lapse, Lapse] | None:
    """Return two durations whose order hangs on when they are counted, if there are such."""
    found = sorted(set(lapses), key=lambda lapse: (lapse.shortest, lapse.longest))
    pairs = itertools.pairwise(found)
    return next(((ours, theirs) for ours, theirs in pairs if ours.longest >= theirs.shortest), None)


def moments(lapses: Sequence[Lapse], instant: int) -> tuple[int, ...]:
    """Return an instant for each age that durations tell apart at `instant`, the youngest first.

    Args:
        lapses: the durations, in order.
        instant: the time; nothing began after it, or before the year 1.
    """
    return (instant, *(began for lapse in lapses if _is_year(began := instant - lapse.longest)))


def _is_year(instant: int) -> bool:
    try:
        written(instant)
    except OverflowError:
        return False
    return True
