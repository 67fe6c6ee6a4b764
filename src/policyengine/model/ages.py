"""Ages: what some durations tell apart of how long ago something was, if the calendar puts them in one order always."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator, Sequence

from policyengine.calendar import Lapse
from policyengine.moment import written


def in_order(lapses: Iterable[Lapse]) -> tuple[Lapse, ...] | None:
    """Return durations, the shortest first; None where the order of two of them hangs on when they are counted."""
    found = _sorted(lapses)
    return None if any(unordered(found)) else found


def unordered(lapses: Iterable[Lapse]) -> Iterator[tuple[Lapse, Lapse]]:
    """Yield two durations each whose order hangs on when they are counted, neighbours among all."""
    pairs = itertools.pairwise(_sorted(lapses))
    return ((ours, theirs) for ours, theirs in pairs if ours.longest >= theirs.shortest)


def _sorted(lapses: Iterable[Lapse]) -> tuple[Lapse, ...]:
    return tuple(sorted(set(lapses), key=lambda lapse: (lapse.shortest, lapse.longest)))


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
