"""What an event and its facts say to conditions: for which items each of them is met."""

from __future__ import annotations

from collections.abc import Callable, Container, Mapping, Sequence
from typing import Any, Final, NamedTuple, TypeAlias

from policyengine.decision.law import Items, union
from policyengine.model.condition import (
    OPEN,
    And,
    Compare,
    Condition,
    Field,
    Holds,
    In,
    Not,
    NotIn,
    Or,
    Same,
    Value,
    compares,
    says,
)
from policyengine.model.event import KEY_FIELDS, Event, PreparedFact
from policyengine.model.fact import HELD_DIMENSION, HELD_FIELD, VALUE
from policyengine.model.operation import NEEDS_RECIPIENT, OPERATIONS, WITHIN
from policyengine.model.vocabulary import CLOSED, Vocabulary

OPEN_ON: Final[Mapping[Field, frozenset[str]]] = {
    Field.ORIGIN: frozenset(OPERATIONS),
    Field.ROLE: frozenset(OPERATIONS),
    Field.SUBJECT_ID: frozenset(OPERATIONS),
    Field.COUNTRY: frozenset(NEEDS_RECIPIENT),
    Field.SERVICE: frozenset({"entrust"}),
}
"""On which operations an event that does not state a field leaves it open; elsewhere there is then no such thing."""

Values: TypeAlias = Mapping[Field, Value]
"""What an event says, but for its items."""


def as_stated(event: Event) -> dict[Field, Value]:
    """Return what facts are held against: everything that the event states or leaves open, but for its items."""
    found: dict[Field, Value] = {
        **dict(zip(KEY_FIELDS, event.key, strict=True)),
        Field.SUBJECT_ID: event.subject_id,
    }
    operation = found[Field.OPERATION]
    for field, operations in OPEN_ON.items():
        if found[field] is None and operation in operations:
            found[field] = OPEN
    return found


def as_rules_see(values: Values) -> dict[Field, Value]:
    """Return what rules look at: within the controller, a recipient is there for facts only (section 1)."""
    found = dict(values)
    if found[Field.OPERATION] in WITHIN:
        found[Field.RECIPIENT] = found[Field.SERVICE] = found[Field.COUNTRY] = None
    return found


def chosen(items: Sequence[str], values: Container[str]) -> Items:
    """Return those of the event's `items` that are among `values`."""
    found, bit = 0, 1
    for item in items:
        if item in values:
            found |= bit
        bit <<= 1
    return found


def evaluated(condition: Condition, items: Items, leaf: Callable[[Condition], Items]) -> Items:
    """Return those of `items` for which `condition` is met.

    Args:
        condition: the condition.
        items: the items asked about.
        leaf: returns the items for which a leaf is met; more than were asked about do no harm.
    """
    kind = type(condition)  # told apart by identity, for this is asked many times of every event
    if kind is And:
        for part in condition.parts:  # type: ignore[union-attr]
            if not items:
                break
            items = evaluated(part, items, leaf)
        return items
    if kind is Or:
        found = 0
        for part in condition.parts:  # type: ignore[union-attr]
            found |= evaluated(part, items & ~found, leaf)
        return found
    if kind is Not:
        return items & ~evaluated(condition.part, items, leaf)  # type: ignore[union-attr]
    return items & leaf(condition)


class HeldField(NamedTuple):
    """A field in which a fact narrows itself.

    Args:
        name: the field of the fact.
        field: the event field that it is held against.
        sure: the values that surely agree with it: its known words and their kinds.
        may: the values that may agree with it, the more general words as well.
        unknown: its words that the policy does not know; they may mean anything.
    """

    name: str
    field: Field
    sure: frozenset[str]
    may: frozenset[str]
    unknown: frozenset[str]


class Fact(NamedTuple):
    """What a fact states, its times and its person aside, read once whatever the event.

    Args:
        type: its type.
        values: for each field whose value a rule may name, what it states.
        held: the fields that are held against events.
        stated: all fields that it states.
        unknown: whether any of its words is one that the policy does not know.
    """

    type: str
    values: Mapping[str, frozenset[str]]
    held: Sequence[HeldField]
    stated: frozenset[str]
    unknown: bool


def read_fact(data: Mapping[str, Any], vocabulary: Vocabulary) -> Fact:
    """Return what a well-formed fact states."""
    values: dict[str, frozenset[str]] = {}
    held: list[HeldField] = []
    declared = vocabulary.facts.get(data["type"])
    for name, field in declared.fields.items() if declared is not None else ():
        if name in data:
            stated = data[name]
            words = frozenset((stated,) if isinstance(stated, str) else stated)
            if field.held == VALUE:
                values[name] = words
                continue
            dimension = HELD_DIMENSION.get(field.held)
            if dimension is None:
                held.append(HeldField(name, HELD_FIELD[field.held], words, words, frozenset()))
                continue
            known = words if dimension not in CLOSED else words & vocabulary.terms[dimension].keys()
            sure = vocabulary.closure(dimension, known)
            may = vocabulary.above(dimension, sure)
            held.append(HeldField(name, HELD_FIELD[field.held], sure, may, words - known))
    unknown = any(field.unknown for field in held)
    return Fact(data["type"], values, held, frozenset(data), unknown)


def agreeing(
    asked: Holds,
    fact: Fact,
    person: str | None,
    values: Values,
    items: Sequence[str],
    *,
    strangers: bool = True,
) -> Items:
    """Return the items of an event for which a fact in effect at its time makes `asked` hold.

    Args:
        asked: what a rule asks for, of the fact's type.
        fact: the fact.
        person: whom it names; None where it names nobody.
        values: what the event says.
        items: its items.
        strangers: whether words that the policy does not know may mean what the event says.
    """
    subject = values[Field.SUBJECT_ID]
    if person is not None and person != subject and not (subject is OPEN and asked.may):
        return 0
    if not asked.stated <= fact.stated:
        return 0
    for name, accepted in asked.where:
        if name not in fact.values or accepted.isdisjoint(fact.values[name]):
            return 0
    found = (1 << len(items)) - 1
    for name, field, sure, may, unknown in fact.held:
        if name in asked.unheld:
            continue
        anything = asked.may and strangers and bool(unknown)
        agreed = may if asked.may else sure
        if field is Field.ITEM:
            if not anything:
                found &= chosen(items, agreed)
            continue
        value = values[field]
        if value is None:
            return 0
        if value is OPEN:
            if not asked.may:
                return 0
        elif field is Field.OPERATION:
            if not ((asked.asked != "use" and value in agreed) or (asked.asked != "stated" and "use" in agreed)):
                return 0
        elif not anything and value not in agreed:
            return 0
    return found


def answered(question: Same | Compare, values: Values, attributes: Mapping[str, bool | int | float | str]) -> bool:
    """Return the answer of an event to a leaf that looks at no item and no fact.

    Args:
        question: the leaf.
        values: what rules see of the event.
        attributes: the event's attributes.
    """
    match question:
        case Same():
            left, right = values[question.left], values[question.right]
            if left is None or right is None:
                return False
            return question.open if OPEN in (left, right) else left == right
        case Compare():
            if question.attribute not in attributes:
                return question.open
            return compares(attributes[question.attribute], question)


class Answers:
    """One event, read directly: for which of its items a condition is met, with no index and nothing remembered.

    Args:
        vocabulary: of the policy whose conditions they are.
        event: the event, its facts well-formed.
        strangers: whether words of facts that the policy does not know may mean what the event says; False only to
            find out what would be met without them.
    """

    def __init__(self, vocabulary: Vocabulary, event: Event, *, strangers: bool = True) -> None:
        self.event = event
        self.strangers = strangers
        self.items: Items = (1 << len(event.items)) - 1
        self.stated = as_stated(event)
        self.seen = as_rules_see(self.stated)
        self.facts: list[tuple[PreparedFact, Fact]] = [
            (fact, read_fact(fact.data, vocabulary))
            for fact in event.known
            if fact.start <= event.instant < fact.end and fact.data["type"] in vocabulary.facts
        ]
        self._known: dict[Condition, Items] = {}

    def met(self, condition: Condition, items: Items | None = None) -> Items:
        """Return those of `items` (by default all of the event's) for which `condition` is met."""
        return evaluated(condition, self.items if items is None else items, self.leaf)

    def leaf(self, leaf: Condition) -> Items:
        """Return the items for which a leaf is met."""
        found = self._known.get(leaf)
        if found is None:
            found = self._known[leaf] = self._leaf(leaf)
        return found

    def _leaf(self, leaf: Condition) -> Items:
        match leaf:
            case In(Field.ITEM, accepted):
                return chosen(self.event.items, accepted)
            case NotIn(Field.ITEM, excluded):
                return self.items & ~chosen(self.event.items, excluded)
            case In() | NotIn():
                return self.items if says(leaf, self.seen[leaf.field]) else 0
            case Same() | Compare():
                return self.items if answered(leaf, self.seen, self.event.attributes) else 0
            case Holds():
                return union(
                    agreeing(leaf, fact, prepared.subject, self.stated, self.event.items, strangers=self.strangers)
                    for prepared, fact in self.facts
                    if fact.type == leaf.type
                )
            case _:
                raise TypeError(leaf)
