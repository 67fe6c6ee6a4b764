"""Whether an event, and its facts, meet a condition."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any, TypeAlias

from policyengine.model.condition import And, Compare, Condition, Field, Holds, In, Not, NotIn, Or, Same, compares
from policyengine.model.event import KEY_FIELDS, Event
from policyengine.model.fact import HELD_DIMENSION, HELD_FIELD, VALUE
from policyengine.model.operation import WITHIN
from policyengine.model.vocabulary import Vocabulary

Values: TypeAlias = Mapping[Field, str | None]
"""What an event states, with one of its items: None where it does not state a field."""


def stated(event: Event) -> dict[Field, str | None]:
    """Return what facts are held against: everything that the event states, but for its items."""
    return {
        **dict(zip(KEY_FIELDS, event.key, strict=False)),  # the items stand last
        Field.RECIPIENT: event.recipient_id,
        Field.SUBJECT_ID: event.subject_id,
    }


def ruled(values: Mapping[Field, str | None]) -> dict[Field, str | None]:
    """Return what rules look at: within the controller, a recipient is there for facts only (section 1)."""
    found = dict(values)
    if found[Field.OPERATION] in WITHIN:
        found[Field.RECIPIENT] = found[Field.SERVICE] = found[Field.COUNTRY] = None
    return found


Question: TypeAlias = Holds | Same | Compare
"""A leaf of a condition that looks at more than terms and items."""


def meets(condition: Condition, values: Values, answer: Callable[[Question], bool]) -> bool:
    """Return whether an event and an item meet `condition`.

    Args:
        condition: the condition.
        values: what the event states, `Field.ITEM` included.
        answer: decides the leaves that look at facts, at attributes, or at two fields at once.
    """
    match condition:
        case In(field, accepted):
            return values[field] in accepted
        case NotIn(field, excluded):
            return values[field] is not None and values[field] not in excluded
        case And(parts):
            return all(meets(part, values, answer) for part in parts)
        case Or(parts):
            return any(meets(part, values, answer) for part in parts)
        case Not(part):
            return not meets(part, values, answer)
        case Holds() | Same() | Compare():
            return answer(condition)


def answered(question: Same | Compare, values: Values, attributes: Mapping[str, bool | int | float | str]) -> bool:
    """Return the answer of an event to a question that asks for no fact.

    Args:
        question: the leaf of a condition.
        values: what the event states.
        attributes: the event's attributes.
    """
    match question:
        case Same(left, right):
            return values[left] is not None and values[left] == values[right]
        case Compare():
            return question.attribute in attributes and compares(attributes[question.attribute], question)


def agrees(
    condition: Holds, fact: Mapping[str, Any], values: Values, vocabulary: Vocabulary, *, but: Iterable[Field] = ()
) -> bool:
    """Return whether everything that a well-formed fact states agrees with the event and with what the rule names.

    Its time and the common field `subject` are not looked at here.

    Args:
        condition: what the rule asks for.
        fact: the fact, of the asked type or another.
        values: what the event states, `Field.ITEM` included.
        vocabulary: declares the fact's type, and the kinds of its terms.
        but: fields of the event that are not looked at.
    """
    if fact["type"] != condition.type:
        return False
    named = dict(condition.where)
    if any(name not in fact for name in named):
        return False
    for name, declared in vocabulary.facts[condition.type].fields.items():
        if name not in fact or name in condition.unheld:
            continue
        words = (fact[name],) if isinstance(fact[name], str) else fact[name]
        if declared.held == VALUE:
            if name in named and named[name].isdisjoint(words):
                return False
            continue
        field = HELD_FIELD[declared.held]
        if field in but:
            continue
        value = values[field]
        dimension = HELD_DIMENSION.get(declared.held)
        if value is None and field is Field.SUBJECT_ID and condition.restricts:
            continue
        if value is None or value not in (vocabulary.closure(dimension, words) if dimension else words):
            return False
    return True


def in_effect(
    condition: Holds,
    fact: Mapping[str, Any],
    start: int,
    end: int,
    event: Event,
    values: Values,
    vocabulary: Vocabulary,
) -> bool:
    """Return whether one fact makes `condition` hold: at the event's time, for its person, with all it states agreeing.

    Args:
        condition: what the rule asks for.
        fact: a well-formed fact.
        start: from when it is in effect, in microseconds since 1970 (UTC), inclusive.
        end: until when, exclusive.
        event: the event.
        values: what the event states, `Field.ITEM` included.
        vocabulary: of the policy.
    """
    if not start <= event.instant < end:
        return False
    person = fact.get("subject")
    if person is not None and person != event.subject_id and (event.subject_id is not None or not condition.restricts):
        return False
    return agrees(condition, fact, values, vocabulary)


class Reader:
    """One event, read directly: whether a condition is met for an item, with no index and nothing remembered.

    Args:
        vocabulary: of the policy whose conditions they are.
        event: the event, its facts well-formed.
    """

    def __init__(self, vocabulary: Vocabulary, event: Event) -> None:
        self.vocabulary = vocabulary
        self.event = event
        self.stated = stated(event)
        self.ruled = ruled(self.stated)
        self.facts = [fact for fact in event.known if fact.data["type"] in vocabulary.facts]

    def met(self, condition: Condition, item: str) -> bool:
        """Whether the event meets `condition` for `item`."""
        return meets(condition, self.values(item), lambda question: self.answer(question, item))

    def values(self, item: str) -> dict[Field, str | None]:
        """Return what rules see of the event, with `item`."""
        return {**self.ruled, Field.ITEM: item}

    def answer(self, question: Question, item: str) -> bool:
        """Return the answer to what looks at more than terms and items."""
        if not isinstance(question, Holds):
            return answered(question, self.ruled, self.event.attributes)
        values = {**self.stated, Field.ITEM: item}
        return any(
            in_effect(question, fact.data, fact.start, fact.end, self.event, values, self.vocabulary)
            for fact in self.facts
        )
