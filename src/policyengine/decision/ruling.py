"""What a decision rests on: clauses, rules and obligations of what is permitted, obstacles of what is not."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final, NamedTuple

from msgspec import Struct

from policyengine.decision.law import Grant, Items, Met, Rules, Standing, Trace, bound, law, union
from policyengine.model.condition import Condition, In, leaves
from policyengine.model.policy import Policy
from policyengine.model.rule import LEAVE, Alternative, Duty, Head, Permit, Restriction, as_use


class Topic(NamedTuple):
    """What a clause speaks of: the flows that it denies, citing itself, when it does not permit them.

    Args:
        clause: the clause of the permits.
        shown: the clause that a denial cites: the clause itself, or the one of which it is a case.
        about: the flows, as the permits are asked.
        licensed_by: the clauses on which the permits lean.
        licence: whether the permits are asked as licences, of `use`; else of the operation of the event.
        operations: the operations of the permits.
        recipients: whether the permits name the recipients to whom they permit.
    """

    clause: str
    shown: str
    about: Condition
    licensed_by: frozenset[str]
    licence: bool
    operations: frozenset[str]
    recipients: bool


def topics_of(policy: Policy, permit: Permit, permits_here: bool) -> Iterator[Topic]:
    """Yield what `permit` makes its clause speak of: as the permit that it is, and as a licence if it is one.

    Args:
        policy: the policy.
        permit: one of its permits.
        permits_here: whether it permits the operation of the event.
    """
    if permits_here:
        yield topic_of(policy, permit)
    if permit.licence:
        yield topic_of(policy, as_use(permit), licence=True)


def topic_of(policy: Policy, permit: Permit, *, licence: bool = False) -> Topic:
    """Return what `permit` makes its clause speak of, where it is asked as a permit, or as a licence (`as_use`)."""
    clause = policy.clauses[permit.head.clause]
    leaned = permit.licensed_by or frozenset()
    names = permit.names is not None
    shown = clause.case_of or clause.number
    return Topic(clause.number, shown, permit.about, leaned, licence, permit.operations, names)


def named_recipients(permit: Permit) -> frozenset[str]:
    """Return the recipients to whom `permit` permits, by name."""
    lists = [leaf.values for leaf in leaves(permit.names) if isinstance(leaf, In)] if permit.names is not None else []
    return frozenset.intersection(*lists) if lists else frozenset()


class Spoken(NamedTuple):
    """A topic, and whose it is.

    Args:
        topic: the topic.
        rule: the one rule behind it; None where there are several.
        named: whether they name the very recipient of the event.
    """

    topic: Topic
    rule: str | None
    named: bool


class Obstacle(Struct, frozen=True, gc=False):
    """One thing in the way of items.

    Args:
        code: the reason code.
        clause: the clause that stands in the way; None where no clause does.
        rule: the rule that carries it out; None where the clause as a whole stands in the way.
        word: the dimension and the word that is not among its terms, if that stands in the way; `MANY` for the rest of
            many.
        by: the restriction that strikes the items out, if one does.
    """

    code: str
    clause: str | None
    rule: str | None
    word: tuple[str, ...] = ()
    by: Restriction | None = None


MANY: Final = "\uffff"
"""In place of words that are not told one by one; it comes after every word."""


@dataclass(frozen=True, slots=True)
class Ruling:
    """What one policy says of the items of one event.

    Args:
        permitted: the items that may flow.
        clauses: by clause, the items for which the ruling rests on it.
        rules: the same by rule.
        obligations: by obligation, the permitted items that carry it.
        for_items: by obligation that is for some items alone, those that carry it.
        obstacles: what stands in the way of the others.
        leaning: the permitted items for which a permit leans on other policies.
    """

    permitted: Items
    clauses: Mapping[str, Items] = field(default_factory=dict)
    rules: Mapping[str, Items] = field(default_factory=dict)
    obligations: Mapping[str, Items] = field(default_factory=dict)
    for_items: Mapping[str, Items] = field(default_factory=dict)
    obstacles: Sequence[tuple[Obstacle, Items]] = field(default=(), compare=False)
    leaning: Items = 0


def ruling(
    policy: Policy,
    rules: Rules,
    items: Items,
    met: Met,
    spoken: Callable[[], Iterable[Spoken]],
    met_without: Met | None = None,
) -> Ruling:
    """Return what the rules of a policy say of some items.

    Args:
        policy: the policy.
        rules: those of its rules that can matter.
        items: the items.
        met: for which of them a condition is met.
        spoken: returns what the clauses speak of, asked for only where nothing permits the flow.
        met_without: the same as `met` without the words of facts that the policy does not know; None where there are
            none. What is in the way for such a word alone is told as that.
    """
    trace = law(rules, items, met)
    rest = _Resting()
    _permitted(rules, trace, met, rest)
    denied = items & ~trace.permitted
    if denied:
        without = law(rules, items, met_without) if met_without is not None else trace
        for obstacle, where in obstacles(trace, without, met, spoken):
            rest.obstacle(obstacle, where & denied)
        lost = denied & ~union(where for _, where in rest.obstacles)
        rest.obstacle(Obstacle("no-rule", ground(policy), None), lost)
    return Ruling(
        trace.permitted, rest.clauses, rest.rules, rest.obligations, rest.for_items, rest.obstacles, rest.leaning
    )


def refused(obstacles: Iterable[tuple[Obstacle, Items]]) -> Ruling:
    """Return the ruling that permits nothing, for `obstacles`."""
    rest = _Resting()
    for obstacle, items in obstacles:
        rest.obstacle(obstacle, items)
    return Ruling(0, rest.clauses, rest.rules, obstacles=rest.obstacles)


class _Resting:
    """Collects what a ruling rests on."""

    def __init__(self) -> None:
        self.clauses: dict[str, Items] = defaultdict(int)
        self.rules: dict[str, Items] = defaultdict(int)
        self.obligations: dict[str, Items] = defaultdict(int)
        self.for_items: dict[str, Items] = defaultdict(int)
        self.owing: dict[str, Items] = defaultdict(int)
        self.obstacles: list[tuple[Obstacle, Items]] = []
        self.leaning: Items = 0

    def rule(self, rule: Permit | Restriction | Alternative, items: Items) -> None:
        if items:
            self.clauses[rule.head.clause] |= items
            self.rules[rule.head.id] |= items

    def oblige(self, head: Head, items: Items) -> None:
        if items:
            self.owing[head.id] |= items
            self.ask(head.obligations, items)

    def ask(self, names: Iterable[str], items: Items) -> None:
        if items:
            for name in names:
                self.obligations[name] |= items

    def beside(self, duty: Duty, items: Items) -> None:
        if items:
            for name in duty.head.obligations:
                self.for_items[name] |= items

    def obstacle(self, obstacle: Obstacle, items: Items) -> None:
        if items:
            self.obstacles.append((obstacle, items))
            if obstacle.clause is not None:
                self.clauses[obstacle.clause] |= items
            if obstacle.rule is not None:
                self.rules[obstacle.rule] |= items


def _permitted(rules: Rules, trace: Trace, met: Met, rest: _Resting) -> None:
    """Note what the permission of each permitted item rests on, and what it obliges to."""
    if not trace.permitted:
        return
    surviving = [grant for grant in trace.granted if grant.surviving]
    for grant in surviving:
        if grant.permit is not LEAVE:
            rest.rule(grant.permit, grant.surviving)
            rest.oblige(grant.permit.head, grant.surviving)
            if grant.permit.elsewhere:
                rest.leaning |= grant.surviving
        for licence, items in grant.carrying:
            rest.rule(licence, items)
            rest.oblige(licence.head, items)
    if any(standing.satisfied or standing.exempt for standing in (*trace.standing, *trace.over)):
        would_strike = trace.permitted & ~bound(trace)
        for standing, reached in _reaching(trace, surviving):
            restriction = standing.restriction
            if satisfied := standing.satisfied & reached:
                rest.oblige(restriction.head, satisfied)
                if restriction.cited:
                    rest.rule(restriction, standing.itself & reached)
                for way, items in standing.ways:
                    rest.rule(way, items & reached)
                    rest.oblige(way.head, items & reached)
            rest.ask(restriction.instead, standing.exempt & reached & would_strike)
    beside: list[Duty] = []
    for duty in rules.duties:
        if duty.beside:
            beside.append(duty)
            continue
        left = trace.permitted & ~trace.silenced(duty.head.clause) if trace.taking else trace.permitted
        rest.oblige(duty.head, met(duty.when, left))
    for duty in beside:
        if owing := rest.owing.get(duty.head.id, 0):
            rest.beside(duty, met(duty.when, owing))


def owing(rules: Rules, trace: Trace, met: Met) -> Mapping[str, Items]:
    """Return by rule the permitted items on which its obligations fall, if it has any."""
    rest = _Resting()
    _permitted(rules, trace, met, rest)
    return rest.owing


def _reaching(trace: Trace, surviving: Sequence[Grant]) -> Iterable[tuple[Standing, Items]]:
    """Yield each restriction as it was asked, with the permitted items of what it reaches."""
    for standing in trace.standing:
        reached = union(grant.surviving for grant in surviving if standing.restriction.reaches(grant.permit))
        yield standing, reached
    for standing in trace.over:
        reaches = standing.restriction.reaches
        yield standing, union(on for grant in surviving for licence, on in grant.carrying if reaches(licence))


def obstacles(
    trace: Trace, without: Trace, met: Met, spoken: Callable[[], Iterable[Spoken]]
) -> Iterable[tuple[Obstacle, Items]]:
    """Yield what stands in the way: what strikes something out; and where nothing is granted, all that is over it.

    Args:
        trace: what the law found.
        without: what it finds without the words of facts that the policy does not know.
        met: for which items a condition is met.
        spoken: returns what the clauses speak of.
    """
    for standings, others in ((trace.standing, without.standing), (trace.over, without.over)):
        sure = None if without is trace else {s.restriction.head.id: s.binding for s in others}
        for standing in standings:
            if where := standing.in_the_way(trace):
                restriction, head = standing.restriction, standing.restriction.head
                surely = where if sure is None else where & sure.get(head.id, 0)
                yield Obstacle(restriction.code, head.clause, head.id, by=restriction), surely
                if surely != where:
                    yield Obstacle("unknown-term", head.clause, head.id, by=restriction), where & ~surely
    if ungranted := trace.items & ~trace.allowed:
        yield from _silent(trace, without, met, spoken(), ungranted)


def _silent(
    trace: Trace, without: Trace, met: Met, topics: Iterable[Spoken], items: Items
) -> Iterable[tuple[Obstacle, Items]]:
    """Yield the clauses that speak of the flow and do not permit it, or those that took their place, each once."""
    behind: dict[str, dict[str | None, Items]] = {}
    stays: dict[str, Items] = defaultdict(int)
    permits: dict[str, Items] = defaultdict(int)

    def speaks(clause: str, rule: str | None, where: Items) -> None:
        of = behind.setdefault(clause, {})
        of[rule] = of.get(rule, 0) | where

    for topic, rule, where in speaking(trace, met, topics, items):
        left = where
        for replacement, taken in trace.replaced(topic.clause):
            by = replacement.head
            speaks(by.clause, by.id, where & taken)
            stays[by.clause] |= where & taken & without.taken(topic.clause, by.id)
            left &= ~taken
        speaks(topic.shown, rule, left)
        if without is not trace:
            would = without.holds(rule, licence=topic.licence) & left
            permits[topic.shown] |= would
            stays[topic.shown] |= left & ~would
    for clause in sorted(behind):
        once = several = 0
        for where in behind[clause].values():
            several |= once & where
            once |= where
        by_word = 0 if without is trace else once & (permits[clause] | ~stays[clause])
        for unknown, which in ((False, ~by_word), (True, by_word)) if by_word else ((False, -1),):
            if several & which:
                yield _unspoken(clause, None, unknown=unknown), several & which
            for rule, where in behind[clause].items():
                if alone := where & ~several & which:
                    yield _unspoken(clause, rule, unknown=unknown), alone


def _unspoken(clause: str, rule: str | None, *, unknown: bool) -> Obstacle:
    """Return that a clause does not permit what it speaks of; `unknown`: for words of facts that nobody knows."""
    return Obstacle("unknown-term", clause, rule) if unknown else Obstacle("not-permitted", clause, rule)


def speaking(
    trace: Trace, met: Met, topics: Iterable[Spoken], items: Items
) -> Iterable[tuple[Topic, str | None, Items]]:
    """Yield the topics that speak of some of `items`, each with its rule and those items.

    Where one names the very recipient, those that name others do not speak; where one leans on clauses that license
    nothing, these speak as well.
    """
    topics = list(topics)
    lacking: dict[str, Items] = defaultdict(int)
    for (topic, rule, _), where in nearest(topics, met, items):
        yield topic, rule, where
        for clause in topic.licensed_by:
            lacking[clause] |= where & ~trace.licensed(topic.licensed_by)
    for spoken in topics:
        wanted = lacking.get(spoken.topic.clause, 0) if spoken.topic.licence else 0
        if wanted and (where := met(spoken.topic.about, wanted)):
            yield spoken.topic, spoken.rule, where


def nearest(topics: Iterable[Spoken], met: Met, items: Items) -> Iterable[tuple[Spoken, Items]]:
    """Yield what clauses speak of as permits, with those of `items`; of what names recipients, what names this one."""
    here = [(spoken, met(spoken.topic.about, items)) for spoken in topics if not spoken.topic.licence]
    named = union(where for spoken, where in here if spoken.named)
    for spoken, where in here:
        if near := where if spoken.named or not spoken.topic.recipients else where & ~named:
            yield spoken, near


def ground(policy: Policy) -> str | None:
    """Return the clause that denies what no clause permits, if the policy names one."""
    return next((clause.number for clause in policy.clauses.values() if clause.ground), None)
