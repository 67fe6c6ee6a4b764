"""The smallest sets of changes that reach a goal, all of them, looking at no more than could matter.

Where a set does not reach the goal, whatever does and has it as a part has one of some changes more: those that can
turn what fails. (A minimal hitting set of conflicts, found the smallest first; R. Reiter, "A theory of diagnosis from
first principles", Artificial Intelligence 32, 1987.) A change more may also spoil what a set reaches, so that nothing
is taken for granted of a set that has another as a part.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, Final, TypeVar

T = TypeVar("T")

LARGEST: Final = 8
"""How many changes a set has at most."""

LOOKED_AT: Final = 400
"""How many sets are looked at."""


def smallest(
    more: Callable[[frozenset[T]], Iterable[T] | None], rank: Callable[[T], Any]
) -> tuple[list[frozenset[T]], bool]:
    """Return the sets of changes that reach a goal and of which no proper part does, the smallest first.

    Args:
        more: returns None where a set of changes reaches the goal; else changes, of which every set that reaches it and
            has this one as a part has at least one.
        rank: the place of a change among all, so that what is found does not depend on any order but that.

    Returns:
        The sets, and whether there may be others: larger than `LARGEST`, or beyond `LOOKED_AT`.
    """
    found: list[frozenset[T]] = []
    waiting: list[frozenset[T]] = [frozenset()]
    looked = 0
    for size in range(LARGEST + 1):
        following: dict[frozenset[T], None] = {}
        for changes in waiting:
            if any(reached <= changes for reached in found):
                continue
            looked += 1
            if looked > LOOKED_AT:
                return found, True
            wanted = more(changes)
            if wanted is None:
                found.append(changes)
            elif wanted and size == LARGEST:
                return found, True
            else:
                following.update((changes | {change}, None) for change in sorted(wanted, key=rank))
        waiting = list(following)
    return found, False
