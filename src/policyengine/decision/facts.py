"""What an event and its facts say to conditions: for which items each of them is met."""

from __future__ import annotations

from collections.abc import Callable, Container, Mapping, Sequence
from typing import Any, NamedTuple, TypeAlias

from policyengine.decision.law import Items, union
from policyengine.model.condition import And, Compare, Condition, Field, Holds, In, Not, NotIn, Or, Same, compares
from policyengine.model.event import KEY_FIELDS, Event, PreparedFact
from policyengine.model.fact import HELD_DIMENSION, HELD_FIELD, VALUE
from policyengine.model.operation import WITHIN
from policyengine.model.vocabulary import Vocabulary

Values: TypeAlias = Mapping[Field, str | None]
"""What an event states, but for its items: None where it does not state a field."""


def as_stated(event: Event) -> dict[Field, str | None]:
    """Return what facts are held against: everything that the event states, but for its items."""
    return {
        **dict(zip(KEY_FIELDS, event.key, strict=False)),  # the items stand last
        Field.RECIPIENT: event.recipient_id,
        Field.SUBJECT_ID: event.subject_id,
    }


def as_rules_see(values: Mapping[Field, str | None]) -> dict[Field, str | None]:
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
    match condition:
        case And(parts):
            for part in parts:
                if not items:
                    break
                items = evaluated(part, items, leaf)
            return items
        case Or(parts):
            found = 0
            for part in parts:
                found |= evaluated(part, items & ~found, leaf)
            return found
        case Not(part):
            return items & ~evaluated(part, items, leaf)
        case _:
            return items & leaf(condition)


class HeldField(NamedTuple):
    """A field in which a fact narrows itself.

    Args:
        name: the field of the fact.
        field: the event field that it is held against.
        values: what agrees with it.
    """

    name: str
    field: Field
    values: frozenset[str]


class Fact(NamedTuple):
    """What a fact states, its times and its person aside, read once whatever the event.

    Args:
        type: its type.
        values: for each field whose value a rule may name, what it states.
        held: the fields that are held against events.
        unknown: its terms that the vocabulary does not have, each with its dimension.
    """

    type: str
    values: Mapping[str, frozenset[str]]
    held: Sequence[HeldField]
    unknown: Sequence[tuple[str, str]]


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
            else:
                dimension = HELD_DIMENSION.get(field.held)
                agreeing = vocabulary.closure(dimension, words) if dimension else words
                held.append(HeldField(name, HELD_FIELD[field.held], agreeing))
    unknown = sorted({(dimension, term) for _, dimension, term in vocabulary.unknown_terms(data)})
    return Fact(data["type"], values, held, unknown)


def agreeing(asked: Holds, fact: Fact, person: str | None, values: Values, items: Sequence[str]) -> Items:
    """Return the items of an event for which a fact in effect at its time makes `asked` hold.

    Args:
        asked: what a rule asks for, of the fact's type.
        fact: the fact.
        person: whom it names; None where it names nobody.
        values: what the event states.
        items: its items.
    """
    subject = values[Field.SUBJECT_ID]
    if person is not None and person != subject and not (subject is None and asked.restricts):
        return 0
    for name, accepted in asked.where:
        if name not in fact.values or accepted.isdisjoint(fact.values[name]):
            return 0
    found = (1 << len(items)) - 1
    for name, field, agreed in fact.held:
        if name in asked.unheld:
            continue
        if field is Field.ITEM:
            found &= chosen(items, agreed)
            continue
        value = values[field]
        if value not in agreed and not (value is None and field is Field.SUBJECT_ID and asked.restricts):
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
        case Same(left, right):
            return values[left] is not None and values[left] == values[right]
        case Compare():
            return question.attribute in attributes and compares(attributes[question.attribute], question)


class Answers:
    """One event, read directly: for which of its items a condition is met, with no index and nothing remembered.

    Args:
        vocabulary: of the policy whose conditions they are.
        event: the event, its facts well-formed.
    """

    def __init__(self, vocabulary: Vocabulary, event: Event) -> None:
        self.event = event
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
            case In(Field.ITEM, accepted, _):
                return chosen(self.event.items, accepted)
            case NotIn(Field.ITEM, excluded, _):
                return self.items & ~chosen(self.event.items, excluded)
            case In(field, accepted, _):
                return self.items if self.seen[field] in accepted else 0
            case NotIn(field, excluded, _):
                return self.items if self.seen[field] is not None and self.seen[field] not in excluded else 0
            case Same() | Compare():
                return self.items if answered(leaf, self.seen, self.event.attributes) else 0
            case Holds():
                return union(
                    agreeing(leaf, fact, prepared.subject, self.stated, self.event.items)
                    for prepared, fact in self.facts
                    if fact.type == leaf.type
                )
            case _:
                raise TypeError(leaf)
