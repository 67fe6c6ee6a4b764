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

from policyengine.model.condition import (
    ALWAYS,
    NEVER,
    Acquired,
    Age,
    And,
    Clock,
    Compare,
    Condition,
    During,
    Elsewhere,
    Field,
    Holds,
    In,
    Not,
    NotIn,
    Or,
    Same,
    leaves,
    mapped,
    reduced,
)
from policyengine.model.countries import COUNTRIES
from policyengine.model.fact import VALUE
from policyengine.model.fields import HELD, ROWS, EventField
from policyengine.model.operation import NEEDS_RECIPIENT, OPERATIONS
from policyengine.model.space import TIME, Point, Space, Undecided
from policyengine.model.view import View
from policyengine.model.vocabulary import CLOSED, Vocabulary

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
        if _Plain(self.vocabulary).met(conditions):
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


class _Plain:
    """Conditions that some event meets because nothing in them is in the way of anything else, as in most rules.

    Large policies have rules by the thousand, and of nearly all of them this is all that there is to see: lists with a
    word in common, attributes compared once, facts that can be had, and none of a type that must be missing.
    """

    def __init__(self, vocabulary: Vocabulary) -> None:
        self.vocabulary = vocabulary
        self.operations = frozenset[str](OPERATIONS)
        self.within: dict[Field, frozenset[str]] = {}
        self.without: dict[Field, frozenset[str]] = {}
        self.compared: set[str] = set()
        self.dated = self.aged = False
        self.facts: set[str] = set()
        self.same: set[tuple[Field, Field, bool]] = set()
        self.refused: list[Condition] = []

    def met(self, conditions: Sequence[Condition]) -> bool:
        """Whether that is so of all of some conditions; where it is not, there may be an event all the same."""
        return all(map(self._take, conditions)) and self._fits()

    def _take(self, condition: Condition) -> bool:
        match condition:
            case And(parts):
                return all(map(self._take, parts))
            case Or(parts) if parts:
                return self._take(parts[0])  # one is enough
            case In(field, values):
                self.within[field] = self.within[field] & values if field in self.within else values
            case NotIn(field, values):
                self.without[field] = self.without[field] | values if field in self.without else values
            case Compare(attribute) | Age(attribute) if attribute not in self.compared:
                self.compared.add(attribute)
            case During(spans) if spans and not self.dated:
                self.dated = True
            case Clock(days, since, until) if days and since < until and not self.dated:
                self.dated = True
            case Acquired(passed=passed) if not self.aged:
                self.aged = True
                if passed:
                    self.operations -= {"acquire"}  # what is acquired has just been acquired
            case Holds():
                self.facts.add(condition.type)
                if condition.after is not None:
                    self.refused.append(condition.after)  # after none at all
                return self._can_be_had(condition)
            case Not(part):
                self.refused.append(part)
            case Same(left, right, equal):
                self.same.add((left, right, equal))
            case Elsewhere():
                pass
            case _:
                return False
        return True

    def _refuse(self, condition: Condition) -> bool:
        """Whether some event does not meet a condition, with no facts but those that are asked for."""
        match condition:
            case And(parts):
                return any(map(self._refuse, parts))
            case Or(parts):
                return all(map(self._refuse, parts))
            case In(field, values):
                self.without[field] = self.without[field] | values if field in self.without else values
            case NotIn(field, values):
                self.within[field] = self.within[field] & values if field in self.within else values
            case Compare(attribute) | Age(attribute) if attribute not in self.compared:
                self.compared.add(attribute)
            case Holds(of):
                return of not in self.facts
            case Same(left, right, equal):
                self.same.add((left, right, not equal))
            case _:
                return False
        return True

    def _can_be_had(self, asked: Holds) -> bool:
        """Whether there is a fact that answers a question, whatever else the event states."""
        declared = self.vocabulary.facts.get(asked.type)
        where = dict(asked.where)
        if declared is None or not declared.fields.keys() >= {*where, *asked.stated}:
            return False
        for name, field in declared.fields.items():
            if field.held == VALUE:
                accepted = where.get(name)
                if accepted is not None and not (accepted if field.values is None else accepted & field.values):
                    return False
            elif name not in asked.unheld and (field.required or name in asked.stated):
                row = HELD[field.held]
                self._there(row)
                if row.dimension in CLOSED and not self.vocabulary.terms[row.dimension]:
                    return False  # the event can state nothing with which it would agree
        return True

    def _fits(self) -> bool:
        if not all(map(self._refuse, self.refused)) or len({equal for _, _, equal in self.same}) > 1:
            return False
        compared = {field for left, right, _ in self.same for field in (left, right)}
        if compared & {*self.within, *self.without}:
            return False
        for field in compared:
            self._there(ROWS[field])
        for field in {*self.within, *self.without}:
            row, without = ROWS[field], self.without.get(field, frozenset())
            if field is Field.OPERATION:
                self.operations &= self.within.get(field, self.operations) - without
            elif field in self.within:
                if self.within[field] <= without:
                    return False
            elif self._runs_out(field, without):
                return False
            self._there(row)
        return bool(self.operations)

    def _there(self, row: EventField) -> None:
        """Leave out the operations on which there is no such field, or none that rules see."""
        self.operations &= NEEDS_RECIPIENT if row.key == "recipient" else row.allowed_on

    def _runs_out(self, field: Field, without: frozenset[str]) -> bool:
        """Whether some words may be all that an event can state in a field; parties are an open set."""
        row, dimension = ROWS[field], ROWS[field].dimension
        if dimension is None:
            return row.form == "country" and len(without) >= len(COUNTRIES)
        return dimension in CLOSED and len(self.vocabulary.terms[dimension]) <= len(without)


class _Search:
    def __init__(self, events: Events, conditions: Sequence[Condition]) -> None:
        self.conditions = [_freed(condition) for condition in conditions] if events.layer else conditions
        self.space = events.space(self.conditions)
        self.regions = _REGIONS

    def run(self) -> Point | bool:
        """Return a point at which all conditions are met; False where there is none, True where that is not known."""
        any_event = False
        for time, operation in itertools.product(self.space.domain(TIME), self.space.domain(Field.OPERATION)):
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


def _unordered(condition: Condition) -> Condition:
    """Return a condition that is met wherever `condition` is, and does not ask which facts began after which."""

    def leaf(found: Condition, turned: bool) -> Condition:
        if not isinstance(found, Holds) or found.after is None:
            return found
        return NEVER if turned else replace(found, after=None)

    return mapped(condition, leaf)
