"""Why: every rule that was considered for an event, with what held and what did not, for each item."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Literal, TypeAlias

from policyengine.decision.facts import Reader, stated
from policyengine.model.condition import NEVER, Condition, Field, In, conjuncts
from policyengine.model.decision import Decision
from policyengine.model.event import Event
from policyengine.model.policy import Policy
from policyengine.model.rule import Duty, Permit, Replacement, Restriction, Rule
from policyengine.model.words import describe
from policyengine.text import Text

Effect: TypeAlias = Literal[
    "permits", "struck", "silent", "stops", "spares", "satisfied", "exempt", "replaces", "obliges"
]
"""What a rule does with an item. ``silent``: a clause that speaks of the flow and does not permit it; ``struck``: one
that permits it, and is stopped; ``spares``: a restriction in effect that leaves alone what permits the item."""


@dataclass(frozen=True, slots=True)
class Part:
    """One condition of a rule.

    Args:
        role: ``when`` for what must be met for the rule to apply, ``unless`` for what lifts or satisfies it.
        text: the condition in words.
        items: the items of the event for which it is met.
    """

    role: Literal["when", "unless"]
    text: Text
    items: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Considered:
    """One rule that was considered.

    Args:
        policy: the policy's id.
        rule: the rule's id.
        clause: its clause.
        title: what people call it.
        parts: its conditions.
        effects: what it does with each item on which it has an effect.
    """

    policy: str
    rule: str
    clause: str
    title: Text
    parts: tuple[Part, ...]
    effects: dict[str, Effect]


@dataclass(frozen=True, slots=True)
class Explanation:
    """A decision with everything that led to it.

    Args:
        event: the event, with the facts that were gathered.
        decision: the decision.
        considered: the rules, in the order of their policies' texts.
        clauses: (policy id, number, summary) of each clause that a considered rule carries out.
        labels: what people call the event's items and its other terms.
    """

    event: Event
    decision: Decision
    considered: tuple[Considered, ...]
    clauses: tuple[tuple[str, str, Text], ...]
    labels: dict[str, Text]

    def as_dict(self) -> dict[str, Any]:
        """Return the explanation as JSON data."""
        return {
            "decision": self.decision.as_dict(),
            "considered": [
                {
                    "policy": rule.policy,
                    "rule": rule.rule,
                    "clause": rule.clause,
                    "title": rule.title.as_dict(),
                    "conditions": [
                        {"role": part.role, "message": part.text.as_dict(), "met_for": list(part.items)}
                        for part in rule.parts
                    ],
                    "effects": rule.effects,
                }
                for rule in self.considered
            ],
            "clauses": [
                {"policy": policy, "clause": number, "summary": summary.as_dict()}
                for policy, number, summary in self.clauses
            ],
        }


def explanation(policies: Iterable[Policy], event: Event, decision: Decision) -> Explanation:
    """Explain `decision` by reading the lowered rules of `policies` one after the other, with no index.

    Args:
        policies: those that govern the event.
        event: the event, with the facts that were gathered.
        decision: what was decided.
    """
    considered: list[Considered] = []
    clauses: list[tuple[str, str, Text]] = []
    labels: dict[str, Text] = {}
    for policy in policies:
        found = list(_considered(policy, event))
        considered.extend(found)
        shown = {rule.clause for rule in found}
        clauses.extend(
            (policy.id, clause.number, clause.summary) for clause in policy.clauses.values() if clause.number in shown
        )
        for field, value in (*stated(event).items(), *((Field.ITEM, item) for item in event.items)):
            if value is not None:
                labels.setdefault(value, policy.vocabulary.label(field, value))
    return Explanation(event, decision, tuple(considered), tuple(clauses), labels)


def _considered(policy: Policy, event: Event) -> Iterator[Considered]:
    met = _Met(policy, event)
    in_force = [rule for rule in policy.rules if rule.head.start <= event.instant < rule.head.end]
    spoken = [
        rule
        for rule in in_force
        if isinstance(rule, Permit) and event.operation in rule.operations and met.items(rule.about)
    ]
    leaned_on = {clause for rule in spoken for clause in rule.licensed_by or ()}
    for rule in in_force:
        if isinstance(rule, Permit) and rule not in spoken:
            if rule.licence and rule.head.clause in leaned_on and met.items(rule.about):
                yield _explained(policy, rule, met, as_licence=True)
        elif not isinstance(rule, Restriction | Replacement | Duty) or met.scope(rule.when):
            yield _explained(policy, rule, met)


def _explained(policy: Policy, rule: Rule, met: _Met, *, as_licence: bool = False) -> Considered:
    effects: dict[str, Effect] = {}
    parts: list[Part] = []
    match rule:
        case Permit():
            if not as_licence:
                parts.append(met.part("when", In(Field.OPERATION, rule.operations, tuple(sorted(rule.operations)))))
            parts += [met.part("when", part) for part in (*conjuncts(rule.about), *conjuncts(rule.terms))]
            granted = set(met.items(rule.about)) & set(met.items(rule.terms)) - met.replaced(rule)
            if rule.licensed_by is not None:
                licensed = met.licensed(rule.licensed_by)
                clauses = ", ".join(sorted(rule.licensed_by))
                parts.append(
                    Part(
                        "when",
                        Text(
                            ja=f"利用目的が条項 {clauses} のいずれかで認められる",
                            en=f"the purpose is licensed by one of {clauses}",
                        ),
                        tuple(item for item in met.event.items if item in licensed),
                    )
                )
                granted &= licensed
            if replaced := met.replaced(rule):
                parts.append(
                    Part(
                        "when",
                        Text(ja="個別の通知に置き換えられていない", en="no individual notice took its place"),
                        tuple(item for item in met.event.items if item not in replaced),
                    )
                )
            effects = {
                item: met.standing(rule, item) if item in granted else "silent" for item in met.items(rule.about)
            }
        case Restriction():
            parts = [met.part("when", part) for part in conjuncts(rule.when)]
            parts += [met.part("unless", part) for part in conjuncts(rule.unless) if part != NEVER]
            exempt = met.items(rule.exempt)
            for item in met.items(rule.when):
                lifted = item in met.items(rule.unless)
                effects[item] = "satisfied" if lifted else "exempt" if item in exempt else met.force(rule, item)
        case Replacement():
            parts = [met.part("when", part) for part in conjuncts(rule.when)]
            effects = dict.fromkeys(met.items(rule.when), "replaces")
        case Duty():
            parts = [met.part("when", part) for part in conjuncts(rule.when)]
            effects = dict.fromkeys(met.items(rule.when), "obliges")
    head = rule.head
    return Considered(policy.id, head.id, head.clause, head.title, tuple(parts), effects)


class _Met:
    """Which items of an event meet a condition, read directly from the event and its facts."""

    def __init__(self, policy: Policy, event: Event) -> None:
        self.policy = policy
        self.event = event
        self.reader = Reader(policy.vocabulary, event)
        self._rules = [rule for rule in policy.rules if rule.head.start <= event.instant < rule.head.end]

    def items(self, condition: Condition) -> tuple[str, ...]:
        return tuple(item for item in self.event.items if self.reader.met(condition, item))

    def scope(self, condition: Condition) -> bool:
        """Whether the event is one that a rule is about: of its operations and of its people."""
        fields = (Field.OPERATION, Field.SUBJECT)
        return all(
            self.reader.ruled[part.field] in part.values
            for part in conjuncts(condition)
            if isinstance(part, In) and part.field in fields
        )

    def standing(self, permit: Permit, item: str) -> Effect:
        """Whether what `permit` permits is struck out by a restriction that binds."""
        return "struck" if any(rule.reaches(permit) for rule in self._binding(item)) else "permits"

    def force(self, restriction: Restriction, item: str) -> Effect:
        """Whether a restriction that binds stops an item, or spares everything that permits it."""
        granted = [
            rule
            for rule in self._rules
            if isinstance(rule, Permit)
            and self.event.operation in rule.operations
            and self.reader.met(rule.about, item)
            and self.reader.met(rule.terms, item)
        ]
        return "stops" if not granted or any(restriction.reaches(permit) for permit in granted) else "spares"

    def _binding(self, item: str) -> list[Restriction]:
        return [
            rule
            for rule in self._rules
            if isinstance(rule, Restriction)
            and self.reader.met(rule.when, item)
            and not self.reader.met(rule.unless, item)
            and not self.reader.met(rule.exempt, item)
        ]

    def part(self, role: Literal["when", "unless"], condition: Condition) -> Part:
        return Part(role, describe(condition, self.policy.vocabulary), self.items(condition))

    def replaced(self, permit: Permit) -> set[str]:
        return {
            item
            for rule in self._rules
            if isinstance(rule, Replacement) and permit.head.clause in rule.clauses
            for item in self.items(rule.when)
        }

    def licensed(self, clauses: Iterable[str]) -> set[str]:
        licences: Sequence[Permit] = [
            rule for rule in self._rules if isinstance(rule, Permit) and rule.licence and rule.head.clause in clauses
        ]
        return {
            item
            for rule in licences
            for item in set(self.items(rule.about)) & set(self.items(rule.terms)) - self.replaced(rule)
        }
