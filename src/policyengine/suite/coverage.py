"""What the suites exercise of a policy: clauses, rules, conditions in the sense of MC/DC, list terms and readings.

Modified condition/decision coverage asks of each condition that it was seen true, seen false, and seen to decide the
outcome by itself: with everything else as it was, the other value would have given another decision (outcome, clauses
or obligations, which is what `policyengine.analysis.difference` compares as well). It is measured on the lowered
rules, one after the other, with no index in between that could hide a rule.

Source: RTCA DO-178C; K. J. Hayhurst et al., "A Practical Tutorial on Modified Condition/Decision Coverage",
NASA/TM-2001-210876.
"""

from __future__ import annotations

import copy
import itertools
from collections.abc import Callable, Container, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeAlias

from msgspec.structs import replace

from policyengine.decision.facts import Answers, chosen
from policyengine.decision.law import Items, Rules, sorted_out
from policyengine.decision.ruling import Ruling, Spoken, ruling, topic_of
from policyengine.engine.engine import Engine
from policyengine.errors import Place
from policyengine.model.condition import (
    Age,
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
)
from policyengine.model.event import Event
from policyengine.model.fields import ROWS
from policyengine.model.policy import Policy
from policyengine.model.rule import LEAVE, Alternative, Duty, Permit, Replacement, Restriction, Rule, as_use, beside_use
from policyengine.model.words import describe
from policyengine.text import Language, Text

Key: TypeAlias = tuple[str, str, str, str, int]
"""A condition wherever it is read: rule id, statement, role, what it looks at, and its number among the like."""


_GAPS: Mapping[str, Text] = {
    "true": Text(ja="真", en="true"),
    "false": Text(ja="偽", en="false"),
    "decides": Text(ja="単独で決める", en="decides"),
}


@dataclass(slots=True)
class ConditionCoverage:
    """What was seen of one condition.

    Args:
        text: the condition in words.
        true: whether it was seen met.
        false: whether it was seen not met.
        decides: whether it was seen to decide an outcome by itself.
        terms: for a list of terms, whether each was seen to be the one that met it.
    """

    text: Text
    true: bool = False
    false: bool = False
    decides: bool = False
    terms: dict[str, bool] = field(default_factory=dict)

    @property
    def points(self) -> tuple[bool, ...]:
        """What there is to see, and whether it was seen."""
        return (self.true, self.false, self.decides, *self.terms.values())

    @property
    def missing(self) -> list[str]:
        """What was not seen: ``true``, ``false``, ``decides``, and terms."""
        flags = {"true": self.true, "false": self.false, "decides": self.decides}
        return [name for name, seen in {**flags, **self.terms}.items() if not seen]

    def gaps(self, lang: Language) -> list[str]:
        """Return what was not seen, in words."""
        return [_GAPS[gap].say(lang) if gap in _GAPS else gap for gap in self.missing]


@dataclass(slots=True)
class RuleCoverage:
    """What was seen of one rule.

    Args:
        rule: its id.
        clause: its clause.
        place: where it stands.
        applied: whether it took part in a decision.
        conditions: its conditions by key.
    """

    rule: str
    clause: str
    place: Place | None
    applied: bool = False
    conditions: dict[Key, ConditionCoverage] = field(default_factory=dict)

    @property
    def points(self) -> tuple[bool, ...]:
        """What there is to see, and whether it was seen."""
        return (self.applied, *(point for condition in self.conditions.values() for point in condition.points))


@dataclass(slots=True)
class Coverage:
    """What was seen of one policy.

    Args:
        policy: its id.
        rules: by id, in the order of the text; those that stand under no default reading too.
        clauses: for each clause that rules carry out, whether a decision cited it.
        readings: for each value of each reading, whether a case was decided under it.
    """

    policy: str
    rules: dict[str, RuleCoverage] = field(default_factory=dict)
    clauses: dict[str, bool] = field(default_factory=dict)
    readings: dict[str, dict[str, bool]] = field(default_factory=dict)

    @property
    def points(self) -> tuple[bool, ...]:
        """What there is to see, and whether it was seen."""
        return (
            *(point for rule in self.rules.values() for point in rule.points),
            *self.clauses.values(),
            *(seen for values in self.readings.values() for seen in values.values()),
        )

    @property
    def percent(self) -> float:
        """How much was seen, from 0 to 100."""
        return 100 * sum(self.points) / len(self.points) if self.points else 100.0

    def as_dict(self) -> dict[str, Any]:
        """Return the coverage as JSON data."""
        return {
            "policy": self.policy,
            "percent": round(self.percent, 2),
            "clauses": self.clauses,
            "readings": self.readings,
            "rules": [
                {
                    "rule": rule.rule,
                    "clause": rule.clause,
                    "file": rule.place.file if rule.place else None,
                    "line": rule.place.line if rule.place else None,
                    "applied": rule.applied,
                    "conditions": [
                        {
                            "message": condition.text.as_dict(),
                            "true": condition.true,
                            "false": condition.false,
                            "decides": condition.decides,
                            "terms": condition.terms,
                        }
                        for condition in rule.conditions.values()
                    ],
                }
                for rule in self.rules.values()
            ],
        }


class Collector:
    """Watches decisions, and notes what they exercise of each policy."""

    def __init__(self) -> None:
        self.found: dict[str, Coverage] = {}
        self._instruments: dict[int, _Instrument] = {}
        self._policies: list[Policy] = []

    def expect(self, policies: Iterable[Policy]) -> None:
        """Note what there is to see of some policies: the same pack under every reading that brings other rules."""
        for policy in policies:
            self._instrument(policy)

    def watch(self, engine: Engine, event: Mapping[str, Any]) -> None:
        """Note what the decision on one event exercises; a malformed event exercises nothing."""
        decision = engine.evaluate(event)
        if decision.outcome == "invalid" or not decision.policies:
            return
        ready = Event.from_mapping(event)
        governing = engine.governing(ready)
        for policy, elsewhere in zip(governing, engine.licensed_elsewhere(ready), strict=True):
            coverage = self.found.setdefault(policy.id, Coverage(policy.id))
            self._instrument(policy).watch(ready, elsewhere)
            for name, value in policy.chosen.items():
                coverage.readings[name][value] = True
            for clause in decision.clauses:
                number = clause.removeprefix(f"{policy.id}:") if len(governing) > 1 else clause
                if number in coverage.clauses:
                    coverage.clauses[number] = True

    def _instrument(self, policy: Policy) -> _Instrument:
        found = self._instruments.get(id(policy))
        if found is None:
            coverage = self.found.setdefault(policy.id, Coverage(policy.id))
            found = self._instruments[id(policy)] = _Instrument(policy, coverage)
            self._policies.append(policy)  # an id is good only as long as its object lives
        return found


class _Instrument:
    """One policy with every condition an object of its own, so that one can be turned and all others left."""

    def __init__(self, policy: Policy, coverage: Coverage) -> None:
        self.policy = policy
        self.entries = coverage.rules
        self.rules: list[Rule] = []
        self.roots: dict[int, tuple[tuple[str, Condition], ...]] = {}
        self.as_asked: dict[int, Any] = {}  # licences, and what is laid over clauses, as they are asked of licences
        self.spots: list[_Spot] = []
        statements: dict[str, int] = {}
        for rule in map(_apart, policy.rules):
            self.rules.append(rule)
            self.roots[id(rule)] = _roots(rule)
            if isinstance(rule, Permit) and rule.licence:
                self.as_asked[id(rule)] = _apart(as_use(rule))
            elif (isinstance(rule, Restriction) and rule.only is not None) or isinstance(rule, Alternative):
                self.as_asked[id(rule)] = _apart(beside_use(rule))
            head = rule.head
            entry = coverage.rules.setdefault(head.id, RuleCoverage(head.id, head.clause, head.place))
            coverage.clauses.setdefault(head.clause, False)
            statement = f"{head.id} {type(rule).__name__}"
            statements[statement] = statements.get(statement, 0) + 1
            self._spot(rule, f"{type(rule).__name__} {statements[statement]}", entry)
        for name, reading in policy.readings.items():
            coverage.readings.setdefault(name, dict.fromkeys(reading.values, False))

    def _spot(self, rule: Rule, statement: str, entry: RuleCoverage) -> None:
        seen: dict[tuple[str, str, str, str], int] = {}
        for role, root in self.roots[id(rule)]:
            for number, leaf in enumerate(leaves(root)):
                like = (rule.head.id, statement, role, _looks_at(leaf))
                seen[like] = seen.get(like, -1) + 1
                found = entry.conditions.setdefault(
                    (*like, seen[like]), ConditionCoverage(describe(leaf, self.policy.vocabulary))
                )
                for term in self._terms(leaf, root):
                    found.terms.setdefault(term, False)
                self.spots.append(_Spot(rule, role, root, number, leaf, found))

    def _terms(self, leaf: Condition, root: Condition) -> Iterable[str]:
        """Yield the written terms of a list that an event can match; one that the same rule excepts whole, none can."""
        if not isinstance(leaf, In | NotIn):
            return
        besides = conjuncts(root)
        excepted = [part.values for part in besides if isinstance(part, NotIn) and part.field is leaf.field]
        if isinstance(leaf, NotIn) or not any(part is leaf for part in besides):
            excepted = []
        for term in leaf.written:
            if not any(self._kinds(leaf.field, term) <= values for values in excepted):
                yield term

    def _kinds(self, field: Field, term: str) -> frozenset[str]:
        dimension = ROWS[field].dimension
        return self.policy.vocabulary.kinds(dimension, term) if dimension else frozenset({term})

    def watch(self, event: Event, elsewhere: frozenset[str]) -> None:
        terms = self.policy.vocabulary.terms["items"]
        answers = Answers(self.policy.vocabulary, event, elsewhere=elsewhere)
        items: Items = sum(1 << number for number, item in enumerate(event.items) if item in terms)
        self.spots = [spot for spot in self.spots if not all(spot.seen.points)]
        if not items or not self.spots:
            return
        rules = [rule for rule in self.rules if rule.head.start <= event.instant < rule.head.end]
        spots = [spot for spot in self.spots if spot.rule.head.start <= event.instant < spot.rule.head.end]
        found = {id(root): answers.met(root, items) for rule in rules for _, root in self.roots[id(rule)]}
        as_asked = [self.as_asked[id(rule)] for rule in rules if id(rule) in self.as_asked]
        found.update({id(root): answers.met(root, items) for rule in as_asked for _, root in _roots(rule)})
        found.update({id(root): items for root in (LEAVE.about, LEAVE.terms)})
        named = {
            id(rule)
            for rule in rules
            if isinstance(rule, Permit) and rule.names is not None and answers.met(rule.names)
        }
        left = event.operation not in self.policy.decides
        sorts = sorted_out([rule for rule in rules if not isinstance(rule, Permit)], lambda _: False)._replace(
            licences=[self.as_asked[id(rule)] for rule in rules if isinstance(rule, Permit) and rule.licence],
            over=[self.as_asked[id(rule)] for rule in rules if isinstance(rule, Restriction) and rule.only is not None],
            ways_over=[self.as_asked[id(rule)] for rule in rules if isinstance(rule, Alternative)],
        )
        permits = [rule for rule in rules if isinstance(rule, Permit)]

        def decide(found: Mapping[int, Items]) -> Ruling:
            here = {id(permit): permit for permit in permits if found[id(self.roots[id(permit)][0][1])]}
            rules = sorts._replace(permits=[LEAVE] if left else [*here.values()])
            return self._decide(rules, permits, here, items, found, named)

        decided = decide(found)
        for spot in spots:
            met = answers.met(spot.leaf, items)
            spot.seen.true |= bool(met)
            spot.seen.false |= bool(items & ~met)
            matched = self._matched(spot.leaf, event, answers, items)
            terms_met = {term: where for term, where in matched.items() if term in spot.seen.terms}
            if spot.seen.decides and all(spot.seen.terms[term] for term in terms_met):
                continue
            turned = _turned(spot.root, spot.number, items, answers.met)
            if turned == found[id(spot.root)]:
                continue
            other = {**found, id(spot.root): turned}
            asked = self.as_asked.get(id(spot.rule))
            for role, root in _roots(asked) if asked is not None else ():
                if role == spot.role and len(leaves(root)) == len(leaves(spot.root)):
                    other[id(root)] = _turned(root, spot.number, items, answers.met)
            differing = _differing(decided, decide(other))
            if differing:
                spot.seen.decides = True
                self.entries[spot.rule.head.id].applied = True
                for term, where in terms_met.items():
                    if where & differing:
                        spot.seen.terms[term] = True

    def _matched(self, leaf: Condition, event: Event, answers: Answers, items: Items) -> dict[str, Items]:
        """Return the written terms of a list that the event's value is, or is a kind of, each with the items."""
        if not isinstance(leaf, In | NotIn):
            return {}
        found: dict[str, Items] = {}
        for term in leaf.written:
            kinds = self._kinds(leaf.field, term)
            if leaf.field is Field.ITEM:
                where = chosen(event.items, kinds) & items
            else:
                where = items if answers.seen[leaf.field] in kinds else 0
            if where:
                found[term] = where
        return found

    def _decide(
        self,
        rules: Rules,
        permits: Sequence[Permit],
        here: Container[int],
        items: Items,
        found: Mapping[int, Items],
        named: Container[int],
    ) -> Ruling:
        """Decide items from the answers to the rules' conditions, by where each stands.

        Args:
            rules: those in force, by what they do.
            permits: all permits in force.
            here: those that permit the operation, by where they stand.
            items: which items.
            found: for the condition at each place, the items for which it is met.
            named: the permits that name the recipient, by where they stand.
        """

        def met(condition: Condition, asked: Items) -> Items:
            return found[id(condition)] & asked

        def spoken() -> list[Spoken]:
            found = []
            for permit in permits:
                if id(permit) in here:
                    found.append(Spoken(topic_of(self.policy, permit), permit.head.id, id(permit) in named))
                if permit.licence:
                    topic = topic_of(self.policy, self.as_asked[id(permit)], licence=True)
                    found.append(Spoken(topic, permit.head.id, id(permit) in named))
            return found

        return ruling(self.policy, rules, items, met, spoken)


@dataclass(frozen=True, slots=True)
class _Spot:
    """One leaf where it stands: the `number`-th leaf of the condition `root` of `rule`."""

    rule: Rule
    role: str
    root: Condition
    number: int
    leaf: Condition
    seen: ConditionCoverage


def _apart(rule: Rule) -> Rule:
    """Return `rule` with conditions that no other rule shares."""
    match rule:
        case Permit():
            return replace(rule, about=copy.copy(rule.about), terms=copy.copy(rule.terms))
        case Restriction():
            return replace(
                rule, when=copy.copy(rule.when), unless=copy.copy(rule.unless), exempt=copy.copy(rule.exempt)
            )
        case Alternative() | Replacement() | Duty():
            return replace(rule, when=copy.copy(rule.when))


def _roots(rule: Rule) -> tuple[tuple[str, Condition], ...]:
    """Return the conditions of a rule with the role of each; of a permit, first that of its operations."""
    match rule:
        case Permit():
            operation = In(Field.OPERATION, rule.operations, tuple(sorted(rule.operations)))
            return (("operation", operation), ("about", rule.about), ("terms", rule.terms))
        case Restriction():
            return (("when", rule.when), ("unless", rule.unless), ("exempt", rule.exempt))
        case Alternative() | Replacement() | Duty():
            return (("when", rule.when),)


def _looks_at(leaf: Condition) -> str:
    match leaf:
        case In() | NotIn():
            return f"{type(leaf).__name__} {leaf.field}"
        case Holds():
            return f"fact {leaf.type}"
        case Compare() | Age():
            return f"attribute {leaf.attribute}"
        case _:
            return type(leaf).__name__


def _turned(root: Condition, number: int, items: Items, met: Callable[[Condition, Items], Items]) -> Items:
    """Return those of `items` for which `root` is met with its `number`-th leaf turned round."""
    place = itertools.count()

    def answer(condition: Condition) -> Items:
        match condition:
            case And(parts):
                found = items
                for part in parts:  # no short cut: every leaf must be counted
                    found &= answer(part)
                return found
            case Or(parts):
                found = 0
                for part in parts:
                    found |= answer(part)
                return found
            case Not(part):
                return items & ~answer(part)
            case _:
                return met(condition, items) ^ (items if next(place) == number else 0)

    return answer(root)


def _differing(ruling: Ruling, other: Ruling) -> Items:
    """Return the items that two rulings decide differently: in outcome, in what it rests on or obliges to."""
    found = ruling.permitted ^ other.permitted
    for one, two in (
        (ruling.clauses, other.clauses),
        (ruling.obligations, other.obligations),
        (ruling.for_items, other.for_items),
    ):
        for name in one.keys() | two.keys():
            found |= one.get(name, 0) ^ two.get(name, 0)
    return found
