"""What some conditions look at in events: worked out once, whatever is asked about them."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Mapping
from typing import Any, TypeVar

from policyengine.calendar import Lapse
from policyengine.model.condition import (
    Acquired,
    Age,
    Clock,
    Compare,
    Condition,
    During,
    Field,
    Holds,
    In,
    NotIn,
    Read,
    Same,
)
from policyengine.model.policy import Reading
from policyengine.model.vocabulary import Vocabulary
from policyengine.moment import FOREVER

T = TypeVar("T")


class View:
    """What conditions of one policy look at.

    Args:
        vocabulary: its words.
        leaves: the leaves of the conditions.
        dates: when something about them changes.
        governs: whom the policy governs; None for anyone.
        readings: its readings by name, where conditions ask for some that are left open.
        found: what was made of the same vocabulary before (`once`).
    """

    def __init__(
        self,
        vocabulary: Vocabulary,
        leaves: Iterable[Condition],
        dates: frozenset[int] = frozenset(),
        governs: frozenset[str] | None = None,
        readings: Mapping[str, Reading] | None = None,
        found: dict[Hashable, Any] | None = None,
    ) -> None:
        leaves = dict.fromkeys(leaves)
        edges = {edge for leaf in leaves if isinstance(leaf, During) for span in leaf.spans for edge in span}
        self.vocabulary = vocabulary
        edges |= {leaf.before for leaf in leaves if isinstance(leaf, Holds) and leaf.before is not None}
        self.dates = dates | (edges - {-FOREVER, FOREVER})
        self.governs = governs
        self.readings = readings or {}
        lists: dict[Field, list[frozenset[str]]] = {field: [] for field in Field}
        for leaf in leaves:
            if isinstance(leaf, In | NotIn):
                lists[leaf.field].append(leaf.values)
        self.numbers: Mapping[Field, Mapping[str, int]] = {field: divided(found) for field, found in lists.items()}
        """For each field, the values that leaves name, with a number that is the same where none tells them apart."""
        self.comparisons: Mapping[str, tuple[Compare, ...]] = {
            name: tuple(leaf for leaf in leaves if isinstance(leaf, Compare) and leaf.attribute == name)
            for name in {leaf.attribute: None for leaf in leaves if isinstance(leaf, Compare)}
        }
        self.sames: tuple[Same, ...] = tuple(leaf for leaf in leaves if isinstance(leaf, Same))
        self.reads: frozenset[str] = frozenset(leaf.reading for leaf in leaves if isinstance(leaf, Read))
        """The readings that are left open, of those for which leaves ask."""
        self.elapsed: tuple[Acquired, ...] = tuple(leaf for leaf in leaves if isinstance(leaf, Acquired))
        self.acquired: frozenset[Lapse] = frozenset(leaf.within for leaf in self.elapsed)
        """How long ago the data were acquired, as leaves ask."""
        self.ages: Mapping[str, tuple[Age, ...]] = {
            name: tuple(leaf for leaf in leaves if isinstance(leaf, Age) and leaf.attribute == name)
            for name in {leaf.attribute: None for leaf in leaves if isinstance(leaf, Age)}
        }
        self.clocks: tuple[Clock, ...] = tuple(leaf for leaf in leaves if isinstance(leaf, Clock))
        self.holds: tuple[Holds, ...] = tuple(leaf for leaf in leaves if isinstance(leaf, Holds))
        self._found: dict[Hashable, Any] = {} if found is None else found

    def once(self, key: Hashable, make: Callable[[], T]) -> T:
        """Return what hangs on the vocabulary and `key` alone: it is made once."""
        if key not in self._found:
            self._found[key] = make()
        return self._found[key]  # type: ignore[no-any-return]


def divided(lists: Iterable[frozenset[str]], values: Iterable[str] = ()) -> dict[str, int]:
    """Return for each value a number, the same for values that none of `lists` tells apart.

    Args:
        lists: sets of values.
        values: values that may be in none of them; such a value has the number 0.
    """
    among: dict[str, list[int]] = {value: [] for value in values}
    for number, listed in enumerate(dict.fromkeys(lists)):
        for value in listed:
            among.setdefault(value, []).append(number)
    numbers: dict[tuple[int, ...], int] = {(): 0}
    return {value: numbers.setdefault(tuple(found), len(numbers)) for value, found in among.items()}
