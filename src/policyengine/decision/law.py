"""What the rules say of one item, and how items make a verdict. Small and readable on purpose: this is the law.

An item is permitted when a clause permits it, and no restriction that binds strikes every such permission out.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple, TypeAlias

from policyengine.model.condition import NEVER, Condition, Field
from policyengine.model.decision import Obligation, Outcome, Reason
from policyengine.model.policy import ObligationText, Policy
from policyengine.model.rule import Duty, Permit, Replacement, Restriction, Rule
from policyengine.model.words import describe
from policyengine.text import Text, listed

Met: TypeAlias = Callable[[Condition], bool]
"""Whether a condition is met by the event and item under decision."""

Licensed: TypeAlias = Callable[[Collection[str]], Sequence[Permit]]
"""The licences of some clauses that hold for the event and item under decision."""


class Topic(NamedTuple):
    """What a clause speaks of: the flows that it denies, citing itself, when it does not permit them.

    Args:
        clause: the clause of the permits.
        shown: the clause that a denial cites: the clause itself, or the one of which it is a case.
        operations: the operations of the permits.
        about: the flows.
        licensed_by: the clauses on which the permits lean.
        licence: whether the permits can be leaned on.
        rule: the one rule behind it; None where there are several.
    """

    clause: str
    shown: str
    operations: frozenset[str]
    about: Condition
    licensed_by: frozenset[str]
    licence: bool
    rule: str | None


def topic_of(policy: Policy, permit: Permit) -> Topic:
    """Return what `permit`, alone, makes its clause speak of."""
    clause = policy.clauses[permit.head.clause]
    leaned = permit.licensed_by or frozenset()
    shown = clause.case_of or clause.number
    return Topic(clause.number, shown, permit.operations, permit.about, leaned, permit.licence, permit.head.id)


class Candidates(NamedTuple):
    """The rules that can matter for one item: those that no index has ruled out."""

    permits: Sequence[Permit]
    licences: Sequence[Permit]
    restrictions: Sequence[Restriction]
    replacements: Sequence[Replacement]
    duties: Sequence[Duty]
    topics: Callable[[], Iterable[Topic]]
    """What the clauses speak of, asked for only where nothing permits the flow."""
    licence_topics: Callable[[], Iterable[Topic]]
    """The same of the clauses that license other clauses, whatever the operation."""


def every(policy: Policy, rules: Iterable[Rule], permits_here: Callable[[Permit], bool]) -> Candidates:
    """Return all of `rules` as candidates, with no index that could hide one.

    Args:
        policy: the policy whose rules they are.
        rules: those in force.
        permits_here: whether a permit permits the operation of the event.
    """
    rules = list(rules)
    here = [rule for rule in rules if isinstance(rule, Permit) and permits_here(rule)]
    licences = [rule for rule in rules if isinstance(rule, Permit) and rule.licence]
    return Candidates(
        here,
        licences,
        [rule for rule in rules if isinstance(rule, Restriction)],
        [rule for rule in rules if isinstance(rule, Replacement)],
        [rule for rule in rules if isinstance(rule, Duty)],
        lambda: [topic_of(policy, permit) for permit in here],
        lambda: [topic_of(policy, permit) for permit in licences],
    )


class Obstacle(NamedTuple):
    """One thing in the way of an item."""

    code: str
    clause: str | None
    rule: str | None
    message: Text


@dataclass(frozen=True, slots=True)
class ItemVerdict:
    """What the rules say of one item.

    Args:
        permitted: whether it may flow.
        clauses: what that rests on.
        rules: the rules that it rests on.
        obligations: ids, for a permitted item.
        obstacles: for a denied one.
    """

    permitted: bool
    clauses: frozenset[str]
    rules: frozenset[str]
    obligations: frozenset[str] = frozenset()
    obstacles: tuple[Obstacle, ...] = ()


@dataclass(frozen=True, slots=True, eq=False)
class Verdict:
    """What one policy says of one event: a decision but for the event's id and the policy's."""

    outcome: Outcome
    clauses: tuple[str, ...] = ()
    rules: tuple[str, ...] = ()
    reasons: tuple[Reason, ...] = ()
    permitted_items: tuple[str, ...] = ()
    excess_items: tuple[str, ...] = ()
    obligations: tuple[Obligation, ...] = field(default=())


def decide_item(policy: Policy, rules: Candidates, met: Met) -> ItemVerdict:
    """Decide one item.

    Args:
        policy: the policy whose rules they are.
        rules: the rules that can matter.
        met: whether a condition is met by the event and the item.
    """
    replaced: dict[str, list[Replacement]] = {}
    for replacement in rules.replacements:
        if met(replacement.when):
            for clause in replacement.clauses:
                replaced.setdefault(clause, []).append(replacement)

    def on_its_terms(permit: Permit) -> bool:
        return permit.head.clause not in replaced and met(permit.about) and met(permit.terms)

    def licensed(clauses: Collection[str]) -> list[Permit]:
        """The licences of `clauses` that hold."""
        return [licence for licence in rules.licences if licence.head.clause in clauses and on_its_terms(licence)]

    granted: list[tuple[Permit, Sequence[Permit]]] = []
    for permit in rules.permits:
        if on_its_terms(permit):
            if permit.licensed_by is None:
                granted.append((permit, ()))
            elif licences := licensed(permit.licensed_by):
                granted.append((permit, licences))
    standing = [restriction for restriction in rules.restrictions if met(restriction.when)]
    active = [restriction for restriction in standing if not met(restriction.unless)]
    binding = [restriction for restriction in active if not met(restriction.exempt)]
    surviving = [(permit, licences) for permit, licences in granted if not any(r.reaches(permit) for r in binding)]
    if not surviving:
        obstacles = [
            *_struck(policy, granted, binding),
            *([] if granted else _unpermitted(policy, rules, met, replaced, licensed)),
        ]
        if not obstacles:
            obstacles = [_grounded(policy)]
        return _denied(obstacles)

    permits = [permit for permit, _ in surviving]
    resting: list[Permit] = [*permits, *(licence for _, licences in surviving for licence in licences)]
    satisfied = [r for r in standing if r not in active and any(r.reaches(permit) for permit in permits)]
    resting_on = [*(rule.head for rule in resting), *(r.head for r in satisfied if r.cited)]
    obliging: list[Permit | Restriction | Duty] = [*permits, *satisfied, *(d for d in rules.duties if met(d.when))]
    obligations = {name for rule in obliging for name in rule.head.obligations}
    exempt = [r for r in active if r not in binding]
    if exempt and all(any(r.reaches(permit) for r in exempt) for permit in permits):
        obligations.update(name for r in exempt if any(r.reaches(permit) for permit in permits) for name in r.instead)
    return ItemVerdict(
        True,
        frozenset(head.clause for head in resting_on),
        frozenset(head.id for head in resting_on),
        frozenset(obligations),
    )


def _struck(
    policy: Policy, granted: Sequence[tuple[Permit, object]], binding: Iterable[Restriction]
) -> Iterable[Obstacle]:
    """The restrictions in the way: those that struck something out, and those over everything."""
    for restriction in binding:
        if restriction.only is None or any(restriction.reaches(permit) for permit, _ in granted):
            head, message = restriction.head, restriction.message
            if restriction.unless != NEVER:
                needed = describe(restriction.unless, policy.vocabulary)
                message = Text(ja=f"{message.ja}（必要: {needed.ja}）", en=f"{message.en} (needed: {needed.en})")
            yield Obstacle(restriction.code, head.clause, head.id, message)


def _unpermitted(
    policy: Policy, rules: Candidates, met: Met, replaced: Mapping[str, Sequence[Replacement]], licensed: Licensed
) -> Iterable[Obstacle]:
    """The clauses that speak of the flow and do not permit it, or those that took their place, each once."""
    silent: dict[str, set[str | None]] = {}
    spoken = [topic for topic in rules.topics() if met(topic.about)]
    leaned_on = frozenset[str]().union(*(topic.licensed_by for topic in spoken if not licensed(topic.licensed_by)))
    if leaned_on:
        spoken += [topic for topic in rules.licence_topics() if topic.clause in leaned_on and met(topic.about)]
    for topic in spoken:
        if topic.clause in replaced:
            for replacement in replaced[topic.clause]:
                silent.setdefault(replacement.head.clause, set()).add(replacement.head.id)
        else:
            silent.setdefault(topic.shown, set()).add(topic.rule)
    for number, found in sorted(silent.items()):
        summary = policy.clauses[number].summary
        yield Obstacle(
            "not-permitted",
            number,
            next(iter(found)) if len(found) == 1 else None,
            Text(
                ja=f"条項 {number} が挙げる範囲にありません（{summary.ja}）",
                en=f"not within what clause {number} allows ({summary.en})",
            ),
        )


def _grounded(policy: Policy) -> Obstacle:
    return Obstacle(
        "no-rule",
        ground(policy),
        None,
        Text(ja="この取扱いを許す条項がありません", en="no clause permits such a flow"),
    )


def ground(policy: Policy) -> str | None:
    """Return the clause that denies what no clause permits, if the policy names one."""
    return next((clause.number for clause in policy.clauses.values() if clause.ground), None)


def _denied(obstacles: Sequence[Obstacle]) -> ItemVerdict:
    return ItemVerdict(
        False,
        frozenset(obstacle.clause for obstacle in obstacles if obstacle.clause is not None),
        frozenset(obstacle.rule for obstacle in obstacles if obstacle.rule is not None),
        obstacles=tuple(obstacles),
    )


def merge(policy: Policy, verdicts: Mapping[str, ItemVerdict]) -> Verdict:
    """Return what the policy says of a whole event, from what it says of its items, in the event's order.

    A permit rests on what permitted each item; a denial on what stands in the way of each excess item.
    """
    permitted = tuple(item for item, verdict in verdicts.items() if verdict.permitted)
    excess = tuple(item for item, verdict in verdicts.items() if not verdict.permitted)
    resting = [verdict for verdict in verdicts.values() if verdict.permitted is not bool(excess)]
    in_the_way: dict[Obstacle, list[str]] = {}
    for item in excess:
        for obstacle in verdicts[item].obstacles:
            in_the_way.setdefault(obstacle, []).append(item)
    reasons = [
        Reason(obstacle.code, obstacle.clause, obstacle.rule, _with_items(policy, obstacle.message, items))
        for obstacle, items in in_the_way.items()
    ]
    obligations = {name for verdict in resting for name in verdict.obligations}
    return Verdict(
        "deny" if excess else "permit",
        tuple(sorted({clause for verdict in resting for clause in verdict.clauses})),
        tuple(sorted({rule for verdict in resting for rule in verdict.rules})),
        tuple(sorted(reasons, key=lambda r: (r.code, r.clause or "", r.rule or "", r.message))),
        permitted,
        excess,
        tuple(_obligation(policy.obligations[name]) for name in sorted(obligations)),
    )


_SHOWN = 8


def _with_items(policy: Policy, message: Text, items: Sequence[str]) -> Text:
    shown = listed(policy.vocabulary.label(Field.ITEM, item) for item in sorted(items)[:_SHOWN])
    more = len(items) - _SHOWN
    if more > 0:
        shown = Text(ja=f"{shown.ja}、ほか {more} 件", en=f"{shown.en} and {more} more")
    return Text(ja=f"{message.ja}: {shown.ja}", en=f"{message.en}: {shown.en}")


def _obligation(declared: ObligationText) -> Obligation:
    return Obligation(declared.id, declared.clause, declared.parameters, declared.message)
