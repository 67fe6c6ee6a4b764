"""What an event and its facts say to conditions: for which items each of them is met."""

from __future__ import annotations

from collections.abc import Callable, Container, Mapping, Sequence
from typing import Final, TypeAlias

from policyengine.decision.admission import Admitted, as_it_is
from policyengine.decision.agreement import Agreement
from policyengine.decision.law import Items, union
from policyengine.model.condition import (
    OPEN,
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
    Same,
    Value,
)
from policyengine.model.event import BESIDE, KEY_FIELDS, Event
from policyengine.model.fields import ROWS
from policyengine.model.meets import aged, alike, compares, during, had, says, strikes
from policyengine.model.operation import WITHIN
from policyengine.model.vocabulary import Vocabulary
from policyengine.moment import FOREVER

OPEN_ON: Final[Mapping[Field, frozenset[str]]] = {field: row.open_on for field, row in ROWS.items() if row.open_on}
"""On which operations an event that does not state a field leaves it open; elsewhere there is then no such thing."""

Values: TypeAlias = Mapping[Field, Value]
"""What an event says, but for its items."""


def as_stated(event: Event) -> dict[Field, Value]:
    """Return what facts are held against: everything that the event states or leaves open, but for its items."""
    found: dict[Field, Value] = {
        **dict(zip(KEY_FIELDS, event.key, strict=True)),
        **{field: said(event) for field, said in BESIDE.items()},
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


Look: TypeAlias = Same | Compare | Clock | Acquired | Age
"""A leaf that looks at no item and no fact, and at more than the words that an event states."""


def told(leaf: In | NotIn | During, values: Values, instant: int) -> bool:
    """Whether all events of a class meet a leaf of which their class tells: what they state, and when they are."""
    return during(instant, leaf) if isinstance(leaf, During) else says(leaf, values[leaf.field])


def answered(question: Look | During, values: Values, event: Event) -> bool:
    """Return the answer of an event to a leaf that looks at no item and no fact.

    Args:
        question: the leaf.
        values: what rules see of the event.
        event: the event.
    """
    match question:
        case Same():
            return alike(question, values[question.left], values[question.right])
        case Compare():
            if question.attribute not in event.attributes:
                return question.open
            return compares(event.attributes[question.attribute], question)
        case Age():
            if question.attribute not in event.attributes:
                return question.open
            return aged(event.instant, event.attributes[question.attribute], question)
        case During():
            return during(event.instant, question)
        case Clock():
            return strikes(event.instant, question)
        case Acquired():
            return had(event.instant, event.acquired, question)


class Answers:
    """One event, read directly: for which of its items a condition is met, with no index and nothing remembered.

    Args:
        vocabulary: of the policy whose conditions they are.
        event: the event, its facts well-formed.
        strangers: whether words of facts that the policy does not know may mean what the event says; False only to
            find out what would be met without them.
        facts: the event's facts, where somebody has read them; by default they are read without an index as well.
        agreement: says which facts agree, by the same words; by default one of its own.
        elsewhere: the items that other policies license; None where one policy is asked alone, which makes them all.
    """

    def __init__(
        self,
        vocabulary: Vocabulary,
        event: Event,
        *,
        strangers: bool = True,
        facts: Sequence[Admitted] | None = None,
        agreement: Agreement | None = None,
        elsewhere: Container[str] | None = None,
    ) -> None:
        self.event = event
        self.strangers = strangers
        self.items: Items = (1 << len(event.items)) - 1
        self.elsewhere = self.items if elsewhere is None else chosen(event.items, elsewhere)
        self.stated = as_stated(event)
        self.seen = as_rules_see(self.stated)
        self.agreement = agreement or Agreement(vocabulary)
        if facts is None:
            types = vocabulary.facts
            known = [(fact, types.get(str(fact.data["type"]))) for fact in event.known]
            read = [None if of is None else as_it_is(fact, of) for fact, of in known]
        else:
            read = [fact if fact.type in vocabulary.facts else None for fact in facts]
        self.facts: list[tuple[int, Admitted]] = [
            (number, fact)
            for number, fact in enumerate(read)
            if fact is not None and fact.start <= event.instant < fact.end
        ]
        """The facts in effect, each with its number."""
        self._in_effect = [fact for _, fact in self.facts]
        bits = vocabulary.meant.bits
        self._bits = [bits.get(item, 1 << len(bits)) for item in event.items]
        self._known: dict[int, tuple[Condition, Items]] = {}

    def met(self, condition: Condition, items: Items | None = None) -> Items:
        """Return those of `items` (by default all of the event's) for which `condition` is met."""
        return evaluated(condition, self.items if items is None else items, self.leaf)

    def leaf(self, leaf: Condition) -> Items:
        """Return the items for which a leaf is met."""
        found = self._known.get(id(leaf))
        if found is None:  # kept with the leaf, so that no other leaf ever has its id
            found = self._known[id(leaf)] = (leaf, self._leaf(leaf))
        return found[1]

    def _leaf(self, leaf: Condition) -> Items:
        match leaf:
            case In(Field.ITEM, accepted):
                return chosen(self.event.items, accepted)
            case NotIn(Field.ITEM, excluded):
                return self.items & ~chosen(self.event.items, excluded)
            case In() | NotIn():
                return self.items if says(leaf, self.seen[leaf.field]) else 0
            case Same() | Compare() | During() | Clock() | Acquired() | Age():
                return self.items if answered(leaf, self.seen, self.event) else 0
            case Elsewhere():
                return self.elsewhere
            case Holds():
                return union(self.where(leaf, fact) for _, fact in self.facts if fact.type == leaf.type)
            case _:
                raise TypeError(leaf)

    def where(self, asked: Holds, fact: Admitted, beside: Sequence[Admitted] = ()) -> Items:
        """Return the items for which a fact of the type asked for is as `asked`, where some are there `beside`."""
        found = self.agreement.where(self.agreement.plan(asked), fact, self.event, [*self._in_effect, *beside])
        return self.of_event(found[0] if self.strangers else found[1])

    def began(self, asked: Holds) -> int | None:
        """Return when the latest fact began that is as `asked`, however long ago; None where none says so."""
        plan = self.agreement.plan(asked)._replace(within=None)
        begun = [
            fact.start
            for fact in self._in_effect
            if fact.type == asked.type
            and fact.start > -FOREVER
            and self.of_event(self.agreement.where(plan, fact, self.event, self._in_effect)[0])
        ]
        return max(begun, default=None)

    def of_event(self, items: int) -> Items:
        """Return those of the event's items that are among some of the vocabulary's."""
        return sum(1 << number for number, bit in enumerate(self._bits) if bit & items)
