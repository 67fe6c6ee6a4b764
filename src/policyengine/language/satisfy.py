"""Whether any event meets a condition, found by dividing the space of events, and not by the form of the condition.

An event can leave things open, and the leaves of a condition know on which side they stand; so "meets" is what a
decision would say. The space is that of the difference finder (`policyengine.model.space`), and so is the search: a
variable is given a value, what is left is simplified, and where nothing is left to ask, there is an event.
"""

from __future__ import annotations

import itertools
from collections.abc import Hashable, Sequence
from contextlib import suppress
from typing import Any, Final

from msgspec.structs import replace

from policyengine.language.plainly import plainly_met
from policyengine.model.condition import (
    ALWAYS,
    NEVER,
    Condition,
    Field,
    Holds,
    In,
    NotIn,
    leaves,
    mapped,
    reduced,
)
from policyengine.model.fields import ROWS
from policyengine.model.space import TIME, Point, Space, Undecided
from policyengine.model.view import View
from policyengine.model.vocabulary import Vocabulary

_REGIONS: Final = 2_000
"""How many regions are looked at; what is not decided then is taken to be possible."""

_MEMBERS: Final = 30
"""How many words that a condition does not tell apart are asked how facts agree with them; likewise."""


class Events:
    """All events that are well-formed and have words that one policy knows.

    Args:
        vocabulary: its words.
        layer: whether it is a layer: policies below can give words and facts any meaning, so only what does not hang on
            them is impossible.
    """

    def __init__(self, vocabulary: Vocabulary, *, layer: bool = False) -> None:
        self.vocabulary = vocabulary
        self.layer = layer
        self._found: dict[Hashable, Any] = {}

    def meet(self, *conditions: Condition) -> bool:
        """Whether some event may meet all of some conditions; False only where none does."""
        if plainly_met(self.vocabulary, conditions):
            return True
        for asked in (conditions, [_unordered(condition) for condition in conditions]):
            with suppress(Undecided):
                return _Search(self, asked).run() is not False
        return True

    def example(self, *conditions: Condition) -> dict[str, Any] | None:
        """Return an event, as JSON has it, that meets all of some conditions; None where none was found."""
        search = _Search(self, conditions)
        found = search.run()
        return search.space.event(found) if isinstance(found, dict) else None

    def space(self, conditions: Sequence[Condition]) -> Space:
        """Return all events as far as some conditions tell them apart."""
        asked = [leaf for condition in conditions for leaf in leaves(condition)]
        return Space([View(self.vocabulary, asked, found=self._found)], _MEMBERS)


class _Search:
    def __init__(self, events: Events, conditions: Sequence[Condition]) -> None:
        self.conditions = [_freed(condition) for condition in conditions] if events.layer else conditions
        self.space = events.space(self.conditions)
        self.regions = _REGIONS

    def run(self) -> Point | bool:
        """Return a point at which all conditions are met; False where there is none, True where that is not known."""
        points: list[Point] = [
            {TIME: time, Field.OPERATION: operation}
            for time, operation in itertools.product(self.space.domain(TIME), self.space.domain(Field.OPERATION))
        ]
        for point in points:
            left = self._left(point, self.conditions)
            if left is not None and self.space.exists(point):
                found = self._found(point, left)
                if found is not None:
                    return found
        # Where there are no events at all, nothing is wrong with a rule; a vocabulary has yet to be written.
        return self.regions < 0 or self.space.partial or not any(map(self.space.exists, points))

    def _left(self, point: Point, conditions: Sequence[Condition]) -> Sequence[Condition] | None:
        """Return what is left to ask of some conditions at a point; None where one of them is not met there."""
        left: list[Condition] = []
        for condition in conditions:
            found = reduced(condition, lambda leaf: self.space.leaf(leaf, point, 0))
            if found == NEVER:
                return None
            if found != ALWAYS:
                left.append(found)
        return left

    def _found(self, point: Point, left: Sequence[Condition]) -> Point | None:
        """Return a point within `point` at which what is left to ask is met."""
        if not left:
            return point
        self.regions -= 1
        if self.regions < 0:
            return None
        asked = (leaf for condition in left for leaf in leaves(condition))
        variable = min(
            (variable for leaf in asked for variable in self.space.hanging(leaf, 0, point)),
            key=lambda found: (not isinstance(found, str), str(found)),
        )
        for value in self.space.values(variable, point):
            further = self.space.with_value(point, variable, value)
            still = self._left(further, left)
            found = None if still is None else self._found(further, still)
            if found is not None:
                return found
        return None


def _freed(condition: Condition) -> Condition:
    """Return a condition that is met wherever `condition` is, whatever words and facts come to mean."""

    def leaf(found: Condition, turned: bool) -> Condition:
        words = isinstance(found, In | NotIn) and ROWS[found.field].dimension is not None
        return (NEVER if turned else ALWAYS) if words or isinstance(found, Holds) else found

    return mapped(condition, leaf)


def _unordered(condition: Condition) -> Condition:
    """Return a condition that is met wherever `condition` is, and does not ask which facts began after which."""

    def leaf(found: Condition, turned: bool) -> Condition:
        if not isinstance(found, Holds) or found.after is None:
            return found
        return NEVER if turned else replace(found, after=None)

    return mapped(condition, leaf)
