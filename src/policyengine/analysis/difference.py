"""The exact difference finder: an event on which two policies decide differently, or the proof that there is none.

The space of events (`policyengine.analysis.space`) is divided, a variable at a time, and both policies' rules are
simplified by what is known. Where what is left of the one equals what is left of the other, nothing below can differ,
and the region is done; so the search looks only where a changed rule still matters. It ends with an event that both
policies really decide differently, or with every region done, which is a proof: no region is sampled or skipped.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Any, Final, TypeAlias

from policyengine.analysis.space import PERSON, TIME, Point, Space, Variable
from policyengine.condition import ALWAYS, NEVER, And, Condition, Field, Not, Or, all_of, any_of, leaves
from policyengine.decide import ItemVerdict, decide_item, every, ground
from policyengine.rule import Duty, Permit, Policy, Replacement, Restriction, Rule, conditions_of

Parts: TypeAlias = frozenset[str]

EVERYTHING: Final[Parts] = frozenset({"outcome", "clauses", "obligations"})
"""What two policies can be compared in: the outcome, what it cites, and what it obliges to."""


class Undecided(Exception):
    """The search was given up after the number of regions that it was allowed to look at."""


@dataclass(frozen=True, slots=True)
class Found:
    """An event on which two policies decide differently.

    Args:
        event: the event, as JSON has it.
        left: what the first policy says of its item.
        right: what the second one says.
    """

    event: dict[str, Any]
    left: ItemVerdict | None
    right: ItemVerdict | None


def difference(left: Policy, right: Policy, parts: Parts = EVERYTHING, *, regions: int | None = None) -> Found | None:
    """Return an event that two policies decide differently, or None where there is no such event.

    Args:
        left: a policy.
        right: another; both are asked about controllers that both govern.
        parts: in what they are compared, some of `EVERYTHING`.
        regions: how many regions may be looked at; None for all that it takes.

    Raises:
        Undecided: `regions` were not enough.
    """
    space = Space((left, right))
    return _Search(space, left, right, parts, regions).run()


class _Search:
    def __init__(self, space: Space, left: Policy, right: Policy, parts: Parts, regions: int | None) -> None:
        self.space = space
        self.policies = (left, right)
        self.parts = parts
        self.regions = regions
        self.done: set[Any] = set()

    def run(self) -> Found | None:
        for time in self.space.domains[TIME]:
            in_force = [policy.in_force(time) for policy in self.policies]
            if in_force == [False, False]:
                continue
            point: Point = {TIME: time}
            if in_force != [True, True]:
                return Found(self.space.event(point), None, None)  # the one not in force cites no clause at all
            rules = [
                [rule for rule in policy.rules if rule.head.start <= time < rule.head.end] for policy in self.policies
            ]
            for operation in self.space.values(Field.OPERATION, point):
                here = {**point, Field.OPERATION: operation}
                found = self._region(here, *(_on(found, operation) for found in rules))
                if found is not None:
                    return found
        return None

    def _region(self, point: Point, left: list[Rule], right: list[Rule]) -> Found | None:
        left, right = (self._simplified(rules, point) for rules in (left, right))
        left_keys, right_keys = self._keys(0, left), self._keys(1, right)
        if left_keys.keys() == right_keys.keys() and ground(self.policies[0]) == ground(self.policies[1]):
            return None
        state = (
            frozenset(left_keys),
            frozenset(right_keys),
            point[Field.OPERATION],
            point.get(PERSON),
            Field.RECIPIENT in point,
            point.get(Field.RECIPIENT) is None,
        )
        if state in self.done:
            return None
        if self.regions is not None:
            self.regions -= 1
            if self.regions < 0:
                raise Undecided
        differing = [
            *(left_keys[key] for key in left_keys.keys() - right_keys.keys()),
            *(right_keys[key] for key in right_keys.keys() - left_keys.keys()),
        ]
        variable = self._open(differing, point) or self._open([*left, *right], point)
        if variable is None:
            verdicts = [self._verdict(index, rules) for index, rules in enumerate((left, right))]
            if self._same(*verdicts):
                self.done.add(state)
                return None
            return Found(self.space.event(point), *verdicts)
        for value in self.space.values(variable, point):
            found = self._region({**point, variable: value}, left, right)
            if found is not None:
                return found
        self.done.add(state)
        return None

    def _open(self, rules: Iterable[Rule], point: Point) -> Variable | None:
        """Return the variable to divide by: the open one that most leaves of `rules` ask for, fields before facts."""
        counts: dict[Variable, int] = {}
        for rule in rules:
            for condition in conditions_of(rule):
                for leaf in leaves(condition):
                    for variable in self.space.variables(leaf):
                        if variable not in point:
                            counts[variable] = counts.get(variable, 0) + 1
        if not counts:
            return None
        return min(counts, key=lambda variable: (not isinstance(variable, str), -counts[variable], str(variable)))

    def _simplified(self, rules: Iterable[Rule], point: Point) -> list[Rule]:
        """Return what is left of `rules` at `point`, without those that can have no effect."""
        found: list[Rule] = []
        for rule in rules:
            match rule:
                case Permit():
                    about = self._left(rule.about, point)
                    terms = self._left(rule.terms, point)
                    if about != NEVER:
                        found.append(replace(rule, about=about, terms=terms))
                case Restriction():
                    when, unless = self._left(rule.when, point), self._left(rule.unless, point)
                    if when != NEVER and (unless != ALWAYS or rule.cited or rule.head.obligations):
                        exempt = self._left(rule.exempt, point)
                        found.append(replace(rule, when=when, unless=unless, exempt=exempt))
                case Replacement() | Duty():
                    when = self._left(rule.when, point)
                    if when != NEVER:
                        found.append(replace(rule, when=when))
        return found

    def _left(self, condition: Condition, point: Point) -> Condition:
        match condition:
            case And(parts):
                done = [self._left(part, point) for part in parts]
                return NEVER if NEVER in done else all_of(*(part for part in done if part != ALWAYS))
            case Or(parts):
                done = [self._left(part, point) for part in parts]
                return ALWAYS if ALWAYS in done else any_of(*(part for part in done if part != NEVER))
            case Not(part):
                inner = self._left(part, point)
                return ALWAYS if inner == NEVER else NEVER if inner == ALWAYS else Not(inner)
            case _:
                met = self.space.leaf(condition, point)
                return condition if met is None else ALWAYS if met else NEVER

    def _keys(self, index: int, rules: Iterable[Rule]) -> dict[Any, Rule]:
        """Return the rules by all that can matter of them; ids and titles do not, nor clauses that permit nothing."""
        policy = self.policies[index]
        rules = list(rules)
        permits = [rule for rule in rules if isinstance(rule, Permit)]
        licensing = {permit.head.clause for permit in permits if permit.licence}
        found: dict[Any, Rule] = {}
        for rule in rules:
            obligations = tuple(sorted(_obligation(policy, name) for name in rule.head.obligations))
            clause = rule.head.clause
            match rule:
                case Permit():
                    shown = policy.clauses[clause].case_of or clause
                    leaned = rule.licensed_by if rule.licensed_by is None else rule.licensed_by & licensing
                    key: Any = (clause, shown, rule.operations, rule.about, rule.terms, rule.licence, leaned)
                case Restriction():
                    reached = frozenset(permit.head.clause for permit in permits if rule.reaches(permit))
                    instead = tuple(sorted(_obligation(policy, name) for name in rule.instead))
                    key = (clause, rule.when, rule.unless, rule.exempt, reached, rule.only is None, rule.cited, instead)
                case Replacement():
                    key = (clause, rule.when, rule.clauses & {permit.head.clause for permit in permits})
                case Duty():
                    key = (rule.when,)
            found[type(rule).__name__, *key, obligations] = rule
        return found

    def _verdict(self, index: int, rules: Iterable[Rule]) -> ItemVerdict:
        """Decide an item when every condition has become `ALWAYS` or `NEVER`."""
        candidates = every(self.policies[index], rules, lambda permit: bool(permit.operations))
        return decide_item(self.policies[index], candidates, lambda condition: condition == ALWAYS)

    def _same(self, left: ItemVerdict, right: ItemVerdict) -> bool:
        if left.permitted is not right.permitted:
            return False
        duties = [
            {_obligation(policy, name) for name in verdict.obligations}
            for policy, verdict in zip(self.policies, (left, right), strict=True)
        ]
        return ("clauses" not in self.parts or left.clauses == right.clauses) and (
            "obligations" not in self.parts or duties[0] == duties[1]
        )


def _on(rules: Iterable[Rule], operation: str) -> list[Rule]:
    """Return `rules` with each permit's operations reduced to whether it permits this one."""
    return [
        replace(rule, operations=rule.operations & {operation}) if isinstance(rule, Permit) else rule
        for rule in rules
        if not isinstance(rule, Permit) or operation in rule.operations or rule.licence
    ]


def _obligation(policy: Policy, name: str) -> tuple[str, str, str]:
    declared = policy.obligations[name]
    return name, declared.clause, repr(sorted(declared.parameters.items()))
