"""What an event must state for rules to speak of it and permit it: conditions, solved field by field.

This is a guide and no judge: what it aims at is often, not always, what is decided. That makes a search quick, and
leaves what is right to the engine.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Final, TypeVar

import msgspec

from policyengine.model.condition import (
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
    Read,
    Same,
    leaves,
)
from policyengine.model.fields import IDENTIFIABLE, ROWS
from policyengine.model.meets import aged, compares, during, had, strikes
from policyengine.model.operation import WITHIN
from policyengine.model.rule import Permit, Replacement, Restriction, as_use
from policyengine.testing.scenes import Scene

T = TypeVar("T")

_TRIES: Final = 100
"""How many permits of one policy are tried before it is left at that."""

ELSEWHERE: Final = tuple(field for field, row in ROWS.items() if row.key == "recipient")
"""What rules see of an event only where data leaves the controller."""


@dataclass(frozen=True, slots=True)
class Aim:
    """What an event shall state.

    Args:
        scene: where it takes place.
        accepted: for each field that it states, the values that it may have, the plainest first.
        facts: the facts that shall be in effect.
        tests: the comparisons that its attributes shall pass.
        same: the ids that shall be the same.
        permits: for each policy of the scene, the permit that shall hold.
        acquired: since when the data may be there; None where the event need not say.
    """

    scene: Scene
    accepted: Mapping[Field, tuple[str, ...]] = field(default_factory=dict)
    facts: tuple[Holds, ...] = ()
    tests: tuple[Compare | Age, ...] = ()
    same: frozenset[Field] = frozenset()
    permits: Mapping[int, Permit] = field(default_factory=dict)
    acquired: tuple[int, ...] | None = None

    def values(self, field: Field) -> tuple[str, ...]:
        """Return the values that a field may have, if it is stated."""
        if field is Field.FORM and field not in self.accepted:
            return (IDENTIFIABLE,)
        return self.accepted.get(field, self.scene.values[field])

    def states(self, field: Field) -> bool:
        """Whether the event states a field, in a way that rules see."""
        operations = set(self.values(Field.OPERATION))
        if (field in ELSEWHERE and operations <= WITHIN) or operations.isdisjoint(ROWS[field].allowed_on):
            return False
        return field in self.accepted or field is Field.FORM or operations <= ROWS[field].needed_on

    def within(self, field: Field, values: frozenset[str], *, outside: bool = False) -> Aim | None:
        """Return the aim with a field among `values`, or `outside` of them; None where nothing is left of it."""
        if field in ELSEWHERE and not self.states(Field.RECIPIENT):
            return None
        known = self.accepted.get(field, self.scene.values[field])
        left = tuple(value for value in known if (value in values) is not outside)
        found = self.allowing(field) if left else None
        return found and replace(found, accepted={**found.accepted, field: left})

    def allowing(self, field: Field) -> Aim | None:
        """Return the aim with operations alone that know a field; None where there are none."""
        allowed = ROWS[field].allowed_on
        if allowed.issuperset(self.values(Field.OPERATION)):
            return self
        left = tuple(operation for operation in self.values(Field.OPERATION) if operation in allowed)
        return replace(self, accepted={**self.accepted, Field.OPERATION: left}) if left else None

    def attribute(self, name: str) -> tuple[bool | int | float | str, ...]:
        """Return the values that an attribute may have."""
        tests = [test for test in self.tests if test.attribute == name]
        return tuple(v for v in self.scene.attributes[name] if all(self.passes(v, test) for test in tests))

    def passes(self, value: bool | int | float | str, test: Compare | Age) -> bool:
        """Return whether a value of an attribute passes a test at the time of the scene."""
        return compares(value, test) if isinstance(test, Compare) else aged(self.scene.instant, value, test)


Choose = Callable[[int], int]
"""Chooses one of so many ways, counted from 0, the simplest first."""


def narrowed(aim: Aim, condition: Condition, choose: Choose) -> Aim | None:
    """Return `aim` so that an event meets `condition` as well; None where that contradicts it."""
    found: Aim | None
    match condition:
        case In(field, values):
            return aim.within(field, values)
        case NotIn(field, values):
            return aim.within(field, values, outside=True)
        case Same(one, other, equal):
            found = aim.allowing(one)
            found = found and found.allowing(other)
            if found is None:
                return None
            if equal:
                return replace(found, same=found.same | {one, other})
            stated = {field: found.values(field) for field in (one, other)}
            return replace(found, accepted={**found.accepted, **stated})
        case Compare() | Age():
            tested = replace(aim, tests=(*aim.tests, condition))
            return tested if tested.attribute(condition.attribute) else None
        case Holds():
            if not all(values for _, values in condition.where):
                return None
            return replace(aim, facts=tuple(dict.fromkeys((*aim.facts, msgspec.structs.replace(condition, may=False)))))
        case And(parts):
            found = aim
            for part in parts:
                found = found and narrowed(found, part, choose)
            return found
        case Or(parts):
            return first(rotated(parts, choose), lambda part: narrowed(aim, part, choose))
        case During():
            return aim if during(aim.scene.instant, condition) else None
        case Clock():
            return aim if strikes(aim.scene.instant, condition) else None
        case Acquired():
            dates = aim.scene.acquired if aim.acquired is None else aim.acquired
            left = tuple(date for date in dates if had(aim.scene.instant, date, condition))
            return replace(aim, acquired=left) if left else None
        case Elsewhere():
            below = [number for number, policy in enumerate(aim.scene.policies) if not policy.layer]
            return first(rotated(below, choose), lambda number: _licensed(aim, number, None, choose))
        case Not():
            return aim  # a fact that nobody asks for is not there
        case Read():
            raise TypeError(condition)


def surely(aim: Aim, condition: Condition) -> bool | None:
    """Return whether events of `aim` meet `condition`; None where some do."""
    match condition:
        case In(field, values) | NotIn(field, values):
            if not aim.states(field):
                return condition.open
            inside = {value in values for value in aim.values(field)}
            return (inside == {isinstance(condition, In)}) if len(inside) == 1 else None
        case Holds():
            return any(fact.type == condition.type and set(condition.where) <= set(fact.where) for fact in aim.facts)
        case Compare() | Age():
            passed = {aim.passes(value, condition) for value in aim.attribute(condition.attribute)}
            if not any(test.attribute == condition.attribute for test in aim.tests):
                return condition.open
            return (passed == {True}) if len(passed) == 1 else None
        case Same(left, right, equal):
            if {left, right} <= aim.same:
                return equal
            return None if aim.states(left) and aim.states(right) else condition.open
        case During():
            return during(aim.scene.instant, condition)
        case Clock():
            return strikes(aim.scene.instant, condition)
        case Acquired():
            if aim.acquired is None:
                return condition.open
            met = {had(aim.scene.instant, date, condition) for date in aim.acquired}
            return met == {True} if len(met) == 1 else None
        case Elsewhere():
            return None
        case Read():
            raise TypeError(condition)
        case Not(part):
            inner = surely(aim, part)
            return None if inner is None else not inner
        case And(parts):
            found = [surely(aim, part) for part in parts]
            return False if False in found else None if None in found else True
        case Or(parts):
            found = [surely(aim, part) for part in parts]
            return True if True in found else None if None in found else False


def permitted_by_all(aim: Aim, choose: Choose, over: Restriction | Replacement | None = None) -> Aim:
    """Return `aim` so that one permit of each policy holds, if their rules let it.

    Args:
        aim: what else the events shall state.
        choose: which permits.
        over: a rule that shall stand over them; of its policy, permits that it can strike are taken.
    """
    return _permitted_from(0, aim, choose, over) or aim


def _permitted_from(number: int, aim: Aim, choose: Choose, over: Restriction | Replacement | None) -> Aim | None:
    """Return `aim` so that a permit of each policy from `number` on holds."""
    if number == len(aim.scene.policies):
        return aim
    permits: Sequence[Permit] = aim.scene.permits[number]
    if isinstance(over, Restriction) and any(over is rule for rule in aim.scene.restrictions[number]):
        permits = [permit for permit in permits if over.reaches(permit)] or permits

    def on_terms(permit: Permit) -> Aim | None:
        found = aim.within(Field.OPERATION, permit.operations)
        found = found and narrowed(found, permit.about, choose)
        found = found and narrowed(found, permit.terms, choose)
        if found is not None and permit.licensed_by is not None:
            found = _licensed(found, number, permit.licensed_by, choose)
        found = found and replace(found, permits={**found.permits, number: permit})
        return found and _permitted_from(number + 1, found, choose, over)

    return first(rotated(permits, choose)[:_TRIES], on_terms)


def _licensed(aim: Aim, number: int, clauses: frozenset[str] | None, choose: Choose) -> Aim | None:
    """Return `aim` so that a licence of a policy holds as well: of one of `clauses`, or of any."""
    licences = [
        rule for rule in aim.scene.permits[number] if rule.licence and (clauses is None or rule.head.clause in clauses)
    ]

    def on_terms(licence: Permit) -> Aim | None:
        asked = as_use(licence)
        found = narrowed(aim, asked.about, choose)
        return found and narrowed(found, asked.terms, choose)

    return first(rotated(licences, choose)[:_TRIES], on_terms)


def under(aim: Aim, rule: Restriction | Replacement, choose: Choose) -> Aim:
    """Return `aim` so that `rule` stands over its events, where it can."""
    return narrowed(aim, rule.when, choose) or aim


def lifted(aim: Aim, choose: Choose, but: Restriction | Replacement | None = None) -> Aim:
    """Return `aim` so that every restriction is kept clear of, or lifted, where it can be.

    Args:
        aim: what else the events shall state.
        choose: which way a restriction is lifted.
        but: a restriction that is let stand.
    """
    restrictions = ((number, r) for number, found in enumerate(aim.scene.restrictions) for r in found)
    for number, restriction in restrictions:
        permit = aim.permits.get(number)
        if restriction is but or (permit and not restriction.reaches(permit)) or surely(aim, restriction.exempt):
            continue
        standing = surely(aim, restriction.when)
        if standing is None:
            clear = _clear_of(aim, restriction.when)
            if clear is not None:
                aim = clear
                continue
        if standing is not False:
            aim = narrowed(aim, restriction.unless, choose) or aim
    return aim


def _clear_of(aim: Aim, condition: Condition) -> Aim | None:
    """Return `aim` so that a part of `condition` that some of its events meet is met by none."""
    for leaf in reversed(leaves(condition)):
        if isinstance(leaf, In | NotIn) and surely(aim, leaf) is None:
            return aim.within(leaf.field, leaf.values, outside=isinstance(leaf, In))
    return None


def rotated(ways: Sequence[T], choose: Choose) -> Sequence[T]:
    """Return `ways`, beginning at a chosen one."""
    if len(ways) < 2:
        return ways
    start = choose(len(ways))
    return (*ways[start:], *ways[:start])


def first(ways: Iterable[T], found: Callable[[T], Aim | None]) -> Aim | None:
    """Return what is found by the first of `ways` by which anything is."""
    return next((aim for aim in map(found, ways) if aim is not None), None)
