"""Conditions that some event meets because nothing in them is in the way of anything else, as in most rules.

Large policies have rules by the thousand, and of nearly all of them this is all that there is to see: lists with a word
in common, an attribute between two bounds, an hour in a year, facts that can be had, and none of those that must be
missing. Where it is not so, there may be an event all the same, which takes a search (`policyengine.language.satisfy`).
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from typing import Final

from policyengine.model.condition import (
    STATED,
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
)
from policyengine.model.countries import COUNTRIES
from policyengine.model.fact import VALUE, FactType
from policyengine.model.fields import HELD, ROWS, EventField
from policyengine.model.hours import EVERY_HOUR
from policyengine.model.meets import compares
from policyengine.model.operation import NEEDS_RECIPIENT, OPERATIONS
from policyengine.model.space import region
from policyengine.model.vocabulary import CLOSED, Vocabulary
from policyengine.moment import FOREVER

_WAYS: Final = 3
"""Of several conditions of which one is enough, so many are tried, together with those at the same place elsewhere."""


def plainly_met(vocabulary: Vocabulary, conditions: Sequence[Condition]) -> bool:
    """Whether it is plain that some event meets all of some conditions; where it is not, there may be one as well."""
    return any(_Plain(vocabulary, way).met(conditions) for way in range(_WAYS))


class _Plain:
    """What some conditions ask of an event, gathered as long as it is plain.

    Args:
        vocabulary: the words.
        way: which of several conditions is taken where one is enough.
    """

    def __init__(self, vocabulary: Vocabulary, way: int) -> None:
        self.vocabulary = vocabulary
        self.way = way
        self.operations = frozenset[str](OPERATIONS)
        self.within: dict[Field, frozenset[str]] = {}
        self.without: dict[Field, frozenset[str]] = {}
        self.tests: dict[str, list[tuple[Compare | Age, bool]]] = {}
        self.spans: Sequence[tuple[int, int]] = ((-FOREVER, FOREVER),)
        self.clocks: list[Clock] = []
        self.passed: set[bool] = set()
        self.facts: dict[str, list[Holds]] = {}
        self.missing: list[Holds] = []
        self.same: set[tuple[Field, Field, bool]] = set()
        self.refused: list[Condition] = []

    def met(self, conditions: Sequence[Condition]) -> bool:
        """Whether it is plain that some event meets all of them."""
        return all(map(self._take, conditions)) and all(map(self._refuse, self.refused)) and self._fits()

    def _take(self, condition: Condition) -> bool:
        match condition:
            case And(parts):
                return all(map(self._take, parts))
            case Or(parts) if parts:
                return self._take(parts[self.way % len(parts)])
            case In(field, values):
                self._among(field, values)
            case NotIn(field, values):
                self._not_among(field, values)
            case Compare() | Age():
                self.tests.setdefault(condition.attribute, []).append((condition, True))
            case During(spans):
                self.spans = _in_both(self.spans, spans)
            case Clock():
                self.clocks.append(condition)
            case Acquired(passed=passed):
                self.passed.add(passed)
                if passed:
                    self.operations -= {"acquire"}  # what is acquired has just been acquired
            case Holds():
                self.facts.setdefault(condition.type, []).append(condition)
                if condition.after is not None:
                    self.missing.append(condition.after)  # after none at all
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
        """Whether it is plain what an event does not to meet a condition."""
        match condition:
            case And(parts) if parts:
                return self._refuse(parts[self.way % len(parts)])
            case Or(parts):
                return all(map(self._refuse, parts))
            case In(field, values):
                self._not_among(field, values)
            case NotIn(field, values):
                self._among(field, values)
            case Compare() | Age():
                self.tests.setdefault(condition.attribute, []).append((condition, False))
            case Holds():
                self.missing.append(condition)
            case Same(left, right, equal):
                self.same.add((left, right, not equal))
            case _:
                return False
        return True

    def _among(self, field: Field, values: frozenset[str]) -> None:
        self.within[field] = self.within[field] & values if field in self.within else values

    def _not_among(self, field: Field, values: frozenset[str]) -> None:
        self.without[field] = self.without[field] | values if field in self.without else values

    def _can_be_had(self, asked: Holds) -> bool:
        """Whether there is a fact that answers a question, whatever else the event states."""
        declared = self.vocabulary.facts.get(asked.type)
        where = dict(asked.where)
        if declared is None or not declared.fields.keys() >= {*where, *asked.stated}:
            return False
        if asked.before is not None and asked.within is not None:
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
        if len(self.passed) > 1 or not (self._at_some_time() and all(map(self._compared, self.tests))):
            return False
        if not all(map(self._can_be_missing, self.missing)) or len({equal for _, _, equal in self.same}) > 1:
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

    def _at_some_time(self) -> bool:
        """Whether there is a time in the spans at which all clocks strike."""
        if not self.spans:
            return False
        if not self.clocks:
            return True
        first = self.clocks[0]
        days = frozenset.intersection(*(clock.days for clock in self.clocks))
        since, until = max(clock.since for clock in self.clocks), min(clock.until for clock in self.clocks)
        if not days or since >= until or any(clock.zone != first.zone for clock in self.clocks):
            return False
        return any(end - start >= EVERY_HOUR for start, end in self.spans)

    def _compared(self, attribute: str) -> bool:
        """Whether an attribute can have a value, or none, that passes what is asked of it, and not what is refused."""
        tests = self.tests[attribute]
        if len(tests) == 1 and not (isinstance(tests[0][0], Compare) and tests[0][0].op == STATED):
            return True
        if all(test.open is wanted for test, wanted in tests):
            return True
        declared = self.vocabulary.attributes.get(attribute)
        plain = [(test, wanted) for test, wanted in tests if isinstance(test, Compare)]
        if declared is None or declared.dated or len(plain) < len(tests):
            return False
        values = region(declared, [test.value for test, _ in plain if test.op != STATED])
        return any(
            declared.accepts(value) and all(compares(value, test) is wanted for test, wanted in plain)
            for value in values
        )

    def _can_be_missing(self, refused: Holds) -> bool:
        """Whether facts as they are asked for need not be as one is that must be missing."""
        asked = self.facts.get(refused.type, ())
        declared = self.vocabulary.facts.get(refused.type)
        if not asked or declared is None:
            return not asked
        others = [missing for missing in self.missing if missing.type == refused.type]
        return all(any(_differs(one, others, name, declared) for name, _ in refused.where) for one in asked)


def _differs(asked: Holds, missing: Sequence[Holds], name: str, declared: FactType) -> bool:
    """Whether a fact as asked for can state a value in a field that none of the missing ones has there."""
    field = declared.fields.get(name)
    if field is None or field.of is not None or field.open or field.list:
        return False
    accepted = dict(asked.where).get(name)
    known = accepted if accepted is not None else field.values
    refused = frozenset[str]().union(*(dict(one.where).get(name, frozenset()) for one in missing))
    return known is None or not known <= refused


def _in_both(some: Sequence[tuple[int, int]], others: Sequence[tuple[int, int]]) -> Sequence[tuple[int, int]]:
    """Return the spans that are in some spans and in others."""
    both = ((max(start, since), min(end, until)) for (start, end), (since, until) in itertools.product(some, others))
    return tuple((start, end) for start, end in both if start < end)
