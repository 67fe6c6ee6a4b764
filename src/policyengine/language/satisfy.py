"""Whether any event meets a condition, found by dividing the space of events, and not by the form of the condition.

An event can leave things open, and the leaves of a condition know on which side they stand; so "meets" is what a
decision would say. The space is that of the difference finder (`policyengine.model.space`), and so is the search: a
variable is given a value, what is left is simplified, and where nothing is left to ask, there is an event.
"""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from typing import Any, Final

from policyengine.model.condition import (
    ALWAYS,
    NEVER,
    And,
    Compare,
    Condition,
    Field,
    Holds,
    In,
    Not,
    NotIn,
    Or,
    conjuncts,
    leaves,
    mapped,
    reduced,
)
from policyengine.model.fields import ROWS
from policyengine.model.operation import NEEDS_RECIPIENT, OPERATIONS
from policyengine.model.space import TIME, Point, Space
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
        return _plain(conditions) or _Search(self, conditions).run() is not False

    def example(self, *conditions: Condition) -> dict[str, Any] | None:
        """Return an event, as JSON has it, that meets all of some conditions; None where none was found."""
        search = _Search(self, conditions)
        found = search.run()
        return search.space.event(found) if isinstance(found, dict) else None

    def space(self, conditions: Sequence[Condition]) -> Space:
        """Return all events as far as some conditions tell them apart."""
        asked = [leaf for condition in conditions for leaf in leaves(condition)]
        return Space([View(self.vocabulary, asked, found=self._found)], _MEMBERS)


def _plain(conditions: Sequence[Condition]) -> bool:
    """Whether some event meets all of some conditions because each asks for something else, as most rules do.

    Large policies have rules by the thousand, and of nearly all of them this is all that there is to see.
    """
    asked: set[str] = set()
    operations = frozenset[str](OPERATIONS)
    for leaf in (part for condition in conditions for part in conjuncts(condition)):
        match leaf:
            case Compare(attribute):
                about = f"attributes.{attribute}"
            case In(field, values) if values:
                about = field.value
                if field is Field.OPERATION:
                    operations &= values
                elif ROWS[field].key == "recipient":
                    operations &= NEEDS_RECIPIENT  # elsewhere it is not there
            case Not(part) if _needs_facts(part):
                continue  # an event without facts does not meet it
            case _:
                return False
        if about in asked:
            return False
        asked.add(about)
    return bool(operations)


def _needs_facts(condition: Condition) -> bool:
    """Whether no event without facts meets `condition`."""
    match condition:
        case Holds():
            return True
        case Or(parts):
            return all(_needs_facts(part) for part in parts)
        case And(parts):
            return any(_needs_facts(part) for part in parts)
        case _:
            return False


class _Search:
    def __init__(self, events: Events, conditions: Sequence[Condition]) -> None:
        self.conditions = [_freed(condition) for condition in conditions] if events.layer else conditions
        self.space = events.space(self.conditions)
        self.regions = _REGIONS

    def run(self) -> Point | bool:
        """Return a point at which all conditions are met; False where there is none, True where that is not known."""
        (time, *_) = self.space.domain(TIME)
        any_event = False
        for operation in self.space.domain(Field.OPERATION):
            point: Point = {TIME: time, Field.OPERATION: operation}
            if self.space.exists(point):
                any_event = True
                found = self._found(point, self.conditions)
                if found is not None:
                    return found
        # Where there are no events at all, nothing is wrong with a rule; a vocabulary has yet to be written.
        return self.regions < 0 or self.space.partial or not any_event

    def _found(self, point: Point, conditions: Sequence[Condition]) -> Point | None:
        left = [reduced(condition, lambda leaf: self.space.leaf(leaf, point, 0)) for condition in conditions]
        if NEVER in left:
            return None
        left = [condition for condition in left if condition != ALWAYS]
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
            found = self._found(self.space.with_value(point, variable, value), left)
            if found is not None:
                return found
        return None


def _freed(condition: Condition) -> Condition:
    """Return a condition that is met wherever `condition` is, whatever words and facts come to mean."""

    def leaf(found: Condition, turned: bool) -> Condition:
        words = isinstance(found, In | NotIn) and ROWS[found.field].dimension is not None
        return (NEVER if turned else ALWAYS) if words or isinstance(found, Holds) else found

    return mapped(condition, leaf)
