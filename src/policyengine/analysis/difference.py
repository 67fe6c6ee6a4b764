"""The exact difference finder: an event on which two policies decide differently, or the proof that there is none.

The space of events (`policyengine.analysis.space`) is divided, a variable at a time, and both policies' rules are
simplified by what is known. Where what is left of the one equals what is left of the other, nothing below can differ,
and the region is done; so the search looks only where a changed rule still matters. It ends with an event that both
policies really decide differently, or with every region done, which is a proof: no region is sampled or skipped.

Two policies decide alike where they agree on outcome, clauses and obligations of every item that is an event of its
own, since nothing in a decision depends on the other items of the event.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final, TypeAlias

from policyengine.analysis.space import PERSON, TIME, Kept, Point, Space, Unknown, Variable
from policyengine.decision.law import sorted_out
from policyengine.decision.reduce import reduced
from policyengine.decision.ruling import Ruling, Spoken, ground, ruling, topic_of
from policyengine.errors import PolicyEngineError
from policyengine.model.condition import (
    ALWAYS,
    NEVER,
    Compare,
    Condition,
    Field,
    Holds,
    Same,
    leaves,
)
from policyengine.model.policy import Policy
from policyengine.model.rule import Duty, Head, Permit, Replacement, Restriction, Rule
from policyengine.text import same

Parts: TypeAlias = frozenset[str]

EVERYTHING: Final[Parts] = frozenset({"outcome", "clauses", "obligations"})
"""What two policies can be compared in: the outcome, what it cites, and what it obliges to."""

_NOTHING = Ruling(0)
"""What a policy says when it is not in force."""

_Left: TypeAlias = Mapping[Any, tuple[Condition, ...]]
"""What is left of some rules: a key for each thing that still matters, with the conditions on which it hangs."""


class Undecided(PolicyEngineError):
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
    left: Ruling
    right: Ruling


def difference(
    left: Policy, right: Policy, parts: Parts = EVERYTHING, *, regions: int | None = None, kept: Kept | None = None
) -> Found | None:
    """Return an event that two policies decide differently, or None where there is no such event.

    Args:
        left: a policy.
        right: another; both are asked about controllers that both govern.
        parts: in what they are compared, some of `EVERYTHING`; the outcome always.
        regions: how many regions may be looked at; None for all that it takes.
        kept: what searches of much the same policies have in common, empty for the first of them.

    Raises:
        Undecided: `regions` were not enough.
    """
    return _Search(Space((left, right), kept), parts, regions).run()


class _Search:
    def __init__(self, space: Space, parts: Parts, regions: int | None) -> None:
        self.space = space
        self.parts = parts
        self.regions = regions
        self.done: set[Any] = set()
        self.sides: tuple[_Side, _Side] = (_Side(space, 0, parts), _Side(space, 1, parts))

    def run(self) -> Found | None:
        for time in self.space.domains[TIME]:
            for side in self.sides:
                side.go_to(time)
            if not any(side.in_force for side in self.sides):
                continue
            for operation in self.space.values(Field.OPERATION, {TIME: time}):
                here: Point = {TIME: time, Field.OPERATION: operation}
                left, right = (side.on(operation) for side in self.sides)
                views = [side.unread(rules) for side, rules in zip(self.sides, (left, right), strict=True)]
                for words in self.space.words(nowhere=views[0] != views[1] or any(self.space.odd.values())):
                    point = {**here, **words}
                    if self.space.exists(point):
                        read = (s.read(r, point) for s, r in zip(self.sides, (left, right), strict=True))
                        found = self._region(point, *read)
                        if found is not None:
                            return found
        return None

    def _region(self, point: Point, left: Sequence[Rule], right: Sequence[Rule]) -> Found | None:
        rules = [side.simplified(rules, point) for side, rules in zip(self.sides, (left, right), strict=True)]
        ours, theirs = (side.left_of(found) for side, found in zip(self.sides, rules, strict=True))
        grounds = [side.ground for side in self.sides]
        if ours.keys() == theirs.keys() and (grounds[0] == grounds[1] or "clauses" not in self.parts):
            return None
        state = (
            frozenset(ours),
            frozenset(theirs),
            *grounds,
            point[Field.OPERATION],
            point.get(PERSON),
            Field.RECIPIENT in point,
            point.get(Field.RECIPIENT) is None,
            tuple(point.get(field, ()) for field in self.space.wide_fields),
        )
        if state in self.done:
            return None
        if self.regions is not None:
            self.regions -= 1
            if self.regions < 0:
                raise Undecided
        differing = ours.keys() ^ theirs.keys()
        variable = self._open(
            point, *({key: left_of[key] for key in left_of if key in differing} for left_of in (ours, theirs))
        ) or self._open(point, ours, theirs)
        if variable is None:
            verdicts = [side.verdict(found) for side, found in zip(self.sides, rules, strict=True)]
            if self._same(*verdicts):
                self.done.add(state)
                return None
            return Found(self.space.event(point), *verdicts)
        for value in self.space.values(variable, point):
            found = self._region({**point, variable: value}, *rules)
            if found is not None:
                return found
        self.done.add(state)
        return None

    def _open(self, point: Point, *lefts: _Left) -> Variable | None:
        """Return the variable to divide by: the open one that most leaves ask for, fields before facts."""
        counts: dict[Variable, int] = {}
        for index, left in enumerate(lefts):
            for condition in (condition for conditions in left.values() for condition in conditions):
                for leaf in leaves(condition):
                    for variable in self.space.variables(leaf, index):
                        if variable not in point:
                            counts[variable] = counts.get(variable, 0) + 1
        if not counts:
            return None
        return min(counts, key=lambda variable: (not isinstance(variable, str), -counts[variable], str(variable)))

    def _same(self, left: Ruling, right: Ruling) -> bool:
        if left.permitted != right.permitted:
            return False
        duties = [
            {side.obligation(name) for name in verdict.obligations}
            for side, verdict in zip(self.sides, (left, right), strict=True)
        ]
        return ("clauses" not in self.parts or left.clauses.keys() == right.clauses.keys()) and (
            "obligations" not in self.parts or duties[0] == duties[1]
        )


class _Side:
    """One of the two policies, at one time.

    Args:
        space: the space of events.
        index: which of the two it is.
        parts: in what they are compared.
    """

    def __init__(self, space: Space, index: int, parts: Parts) -> None:
        self.space = space
        self.index = index
        self.policy = space.policies[index]
        self.cites = "clauses" in parts
        self.obliges = "obligations" in parts
        self.in_force = False
        self.ground: str | None = None
        self.rules: list[Rule] = []

    def go_to(self, time: int) -> None:
        """Take the rules in force at `time`."""
        self.in_force = self.policy.in_force(time)
        self.ground = ground(self.policy) if self.in_force else None
        self.rules = [r for r in self.policy.rules if self.in_force and r.head.start <= time < r.head.end]

    def on(self, operation: str) -> list[Rule]:
        """Return the rules for one operation: a permit of others is one only as far as it can be leaned on."""
        return [
            replace(rule, operations=rule.operations & {operation}) if isinstance(rule, Permit) else rule
            for rule in self.rules
            if not isinstance(rule, Permit) or operation in rule.operations or rule.licence
        ]

    def unread(self, rules: Iterable[Rule]) -> Any:
        """Return what a denial of an event that cannot be read depends on."""
        topics = frozenset((self._shown(permit), permit.about) for permit in _topics(rules))
        return (self.in_force, self.ground, topics) if self.cites else None

    def read(self, rules: Sequence[Rule], point: Point) -> Sequence[Rule]:
        """Return the rules as they stand for an event with the words at `point`: those for what cannot be read."""
        unknown = self.space.unknown(self.index, point)
        return self._denying(rules, unknown) if any(unknown) and self.in_force else rules

    def _denying(self, rules: Sequence[Rule], unknown: Unknown) -> list[Rule]:
        """Return rules that deny as a policy denies unknown words.

        An unknown purpose is denied by the clauses that speak of such a flow, any other word by the ground.
        """
        found: list[Rule] = list(_topics(rules)) if unknown.purpose and not unknown.item else []
        if self.ground is not None and (unknown.item or unknown.other):
            head = Head("unknown-term", self.ground, "unknown-term", same("unknown-term"))
            found.append(Restriction(head, "unknown-term", same("unknown-term"), ALWAYS))
        return found

    def simplified(self, rules: Iterable[Rule], point: Point) -> list[Rule]:
        """Return what is left of `rules` at `point`, without those that can have no effect."""
        found: list[Rule] = []
        for rule in rules:
            match rule:
                case Permit():
                    about = self._at(rule.about, point)
                    if about != NEVER:
                        names = None if rule.names is None else self._at(rule.names, point)
                        found.append(replace(rule, about=about, terms=self._at(rule.terms, point), names=names))
                case Restriction():
                    when = self._at(rule.when, point)
                    if when == NEVER:
                        continue
                    unless, heard = self._at(rule.unless, point), self._heard(rule)
                    if unless == ALWAYS and not heard:
                        continue
                    exempt = self._at(rule.exempt, point)
                    if exempt != ALWAYS or heard or (rule.instead and self.obliges):
                        found.append(replace(rule, when=when, unless=unless, exempt=exempt))
                case Replacement() | Duty():
                    when = self._at(rule.when, point)
                    if when != NEVER:
                        found.append(replace(rule, when=when))
        return self._of_effect(found)

    def _of_effect(self, rules: Sequence[Rule]) -> list[Rule]:
        """Return `rules` without those that can do nothing beside the others."""
        gone = frozenset[str]().union(*(r.clauses for r in rules if isinstance(r, Replacement) and r.when == ALWAYS))
        permits = [rule for rule in rules if isinstance(rule, Permit)]
        licensing = {p.head.clause for p in permits if p.licence and p.terms != NEVER} - gone
        idle = {
            id(permit)
            for permit in permits
            if permit.head.clause in gone
            or (permit.licensed_by is not None and licensing.isdisjoint(permit.licensed_by))
        }
        grantable = [p for p in permits if p.operations and p.terms != NEVER and id(p) not in idle]
        leaned = frozenset[str]().union(*(permit.licensed_by or () for permit in permits if permit.operations))
        used = {p.head.clause for p in permits if p.operations or p.head.clause in leaned}
        found: list[Rule] = []
        for rule in rules:
            match rule:
                case Permit():
                    if rule.operations or rule.head.clause in leaned:
                        found.append(replace(rule, terms=NEVER) if id(rule) in idle else rule)
                    continue
                case Restriction():
                    bars = self.cites and rule.only is None and rule.unless != ALWAYS and rule.exempt != ALWAYS
                    keep = bars or any(rule.reaches(permit) for permit in grantable)
                case Replacement():
                    keep = not used.isdisjoint(rule.clauses)
                case Duty():
                    keep = bool(grantable) and self.obliges
            if keep:
                found.append(rule)
        return found

    def left_of(self, rules: Sequence[Rule]) -> _Left:
        """Return what is left of `rules`, by all that can matter of it: ids, titles and words do not."""
        permits = [rule for rule in rules if isinstance(rule, Permit)]
        here = [permit for permit in permits if permit.operations]
        leaned = frozenset[str]().union(*(permit.licensed_by or () for permit in here))
        licensing = {permit.head.clause for permit in permits if permit.licence and permit.terms != NEVER}
        used = {permit.head.clause for permit in permits}
        found: dict[Any, tuple[Condition, ...]] = {}
        for rule in rules:
            clause = rule.head.clause
            match rule:
                case Permit(about=about, terms=terms):
                    lean = rule.licensed_by if rule.licensed_by is None else rule.licensed_by & licensing
                    if self.cites and rule.operations:
                        asked = (rule.licensed_by or frozenset()) & used
                        names = () if rule.names is None else (rule.names,)
                        found["speaks", clause, self._shown(rule), about, asked, names] = (about, *names)
                    if self.cites and rule.licence and clause in leaned:
                        found["speaks to those who lean on it", clause, self._shown(rule), about] = (about,)
                    if terms != NEVER and rule.operations:
                        found["permits", clause, about, terms, lean, self._duties(rule)] = (about, terms)
                    if terms != NEVER and rule.licence and clause in leaned:
                        found["licenses", clause, about, terms] = (about, terms)
                case Restriction(when=when, unless=unless, exempt=exempt):
                    reached = frozenset(p.head.clause for p in here if p.terms != NEVER and rule.reaches(p))
                    heard = (rule.cited and self.cites, self._duties(rule))
                    instead = self._named(rule.instead)
                    named = (clause, rule.only is None) if self.cites else ()
                    found["restricts", named, when, unless, exempt, reached, heard, instead] = (when, unless, exempt)
                case Replacement(when=when):
                    found["replaces", clause if self.cites else None, when, rule.clauses & used] = (when,)
                case Duty(when=when):
                    found["obliges", when, self._duties(rule)] = (when,)
        return found

    def verdict(self, rules: Sequence[Rule]) -> Ruling:
        """Decide an item when every condition has become `ALWAYS` or `NEVER`."""
        if not self.in_force:
            return _NOTHING
        sorts = sorted_out(rules, lambda permit: bool(permit.operations))
        spoken = [
            Spoken(topic_of(self.policy, rule), rule.head.id, bool(rule.operations), named=rule.names == ALWAYS)
            for rule in rules
            if isinstance(rule, Permit)
        ]
        return ruling(self.policy, sorts, 1, lambda c, items: items if c == ALWAYS else 0, lambda: spoken)

    def obligation(self, name: str) -> tuple[str, str, str]:
        """Return an obligation by all that a host is told of it."""
        declared = self.policy.obligations[name]
        return name, declared.clause, repr(sorted(declared.parameters.items()))

    def _named(self, names: Iterable[str]) -> tuple[Any, ...]:
        return tuple(sorted({self.obligation(name) for name in names})) if self.obliges else ()

    def _duties(self, rule: Rule) -> tuple[Any, ...]:
        return self._named(rule.head.obligations)

    def _heard(self, rule: Restriction) -> bool:
        """Whether a permit shows that it satisfied the restriction."""
        return (rule.cited and self.cites) or bool(self._duties(rule))

    def _shown(self, permit: Permit) -> str:
        return self.policy.clauses[permit.head.clause].case_of or permit.head.clause

    def _at(self, condition: Condition, point: Point) -> Condition:
        return reduced(condition, lambda leaf: self.space.leaf(leaf, point, self.index))


def _topics(rules: Iterable[Rule]) -> list[Permit]:
    """Return permits that permit nothing, and speak of what those of `rules` speak of whatever facts there are."""
    return [
        replace(
            rule,
            about=reduced(rule.about, lambda leaf: False if isinstance(leaf, Holds | Same | Compare) else None),
            terms=NEVER,
            licence=False,
            licensed_by=None,
            names=None,
        )
        for rule in rules
        if isinstance(rule, Permit) and rule.operations
    ]
