"""What can be changed about an event, and what an event that was changed says to the conditions of policies.

The table of this file is `looked_at`: for each sort of leaf, which open fields and which facts decide whether it is
met. What a leaf means is said elsewhere; the changed event is asked as any event is (`policyengine.decision.facts`).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple, TypeAlias

from policyengine.decision.admission import Admission, Admitted, as_it_is
from policyengine.decision.agreement import Agreement
from policyengine.decision.facts import Answers
from policyengine.decision.law import Items, union
from policyengine.model.condition import Acquired, Age, Compare, Condition, Field, Holds, In, NotIn, Same
from policyengine.model.event import Event, PreparedFact
from policyengine.model.fact import HELD_FIELD, VALUE, FactType
from policyengine.model.fields import put
from policyengine.model.vocabulary import Vocabulary
from policyengine.moment import FOREVER

ATTRIBUTE = "attributes."
"""Before the name of an attribute, what the field is called that states it."""


ACQUIRED = "acquired"
"""The field that states since when there are the data."""


class Drop(NamedTuple):
    """Some items are left out: those of a group."""

    group: int


class State(NamedTuple):
    """A field that the event leaves open is stated."""

    field: str
    value: bool | int | float | str


class Fact(NamedTuple):
    """A fact is there.

    It says of the event what the event states: its recipient, its purpose, these items and no others.

    Args:
        type: its type.
        values: of the fields that are held against values, what it states.
        operation: the operation that it names, where its type has a field for that.
        group: the items that it names, where its type has a field for these.
    """

    type: str
    values: tuple[tuple[str, str], ...]
    operation: str | None
    group: int | None


Change: TypeAlias = Drop | State | Fact


class Looks(NamedTuple):
    """What decides whether a leaf is met, of what can be changed.

    Args:
        fields: the fields that the event leaves open.
        types: the types of fact: its own, then that of facts after which it must have begun, and so on.
    """

    fields: tuple[str, ...] = ()
    types: tuple[str, ...] = ()


def chain_of(leaf: Holds) -> Iterator[Holds]:
    """Yield what a leaf asks of facts: of its own, then of those after which they must have begun, and so on."""
    asked: Holds | None = leaf
    while asked is not None:
        yield asked
        asked = asked.after


def looked_at(leaf: Condition, open_fields: Mapping[Field, str], event: Event, types: Mapping[str, FactType]) -> Looks:
    """Return what decides whether a leaf is met, of what can be changed.

    Args:
        leaf: the leaf.
        open_fields: the fields that the event leaves open, and that a remedy can state, by name.
        event: the event.
        types: the types of fact that there are.
    """
    match leaf:
        case In(field) | NotIn(field):
            return Looks((open_fields[field],)) if field in open_fields else Looks()
        case Same(left, right):
            return Looks(tuple(open_fields[field] for field in (left, right) if field in open_fields))
        case Compare(attribute) | Age(attribute):
            return Looks() if attribute in event.attributes else Looks((ATTRIBUTE + attribute,))
        case Acquired():
            return Looks((ACQUIRED,)) if event.acquired is None else Looks()
        case Holds():
            asked = tuple(one.type for one in chain_of(leaf))
            held = {HELD_FIELD[one.held] for of in asked for one in types[of].fields.values() if one.held != VALUE}
            return Looks(tuple(name for field, name in open_fields.items() if field in held), asked)
        case _:
            return Looks()


class Asked(NamedTuple):
    """How one of the policies asks events.

    Args:
        vocabulary: its words.
        agreement: which facts agree, by these.
    """

    vocabulary: Vocabulary
    agreement: Agreement


class Changed:
    """An event of which some open fields are stated.

    Args:
        event: the event as it then is.
        asked: how each of the policies asks it.
        admission: reads its facts.
        groups: of items, as bits.
        named: the fields of facts that rules want stated, though they say whose the data are.
    """

    def __init__(
        self,
        event: Event,
        asked: Sequence[Asked],
        admission: Admission,
        groups: Sequence[Items],
        named: frozenset[tuple[str, str]],
    ) -> None:
        self.event = event
        facts = admission(event)
        self.answers = [Answers(one.vocabulary, event, facts=facts, agreement=one.agreement) for one in asked]
        self._vocabularies = [one.vocabulary for one in asked]
        self._types = admission.types
        self._groups = groups
        self._named = named
        self._admitted: dict[Fact, Sequence[Admitted]] = {}
        self._where: dict[tuple[int, Fact], Items] = {}

    def where(self, policy: int, leaf: Holds, fact: Fact) -> Items:
        """Return for which items a leaf of the policy of that number is met by a fact that alone is added."""
        key = (id(leaf), fact)
        found = self._where.get(key)
        if found is None:
            answers, added = self.answers[policy], self._read(fact)
            beside = added if leaf.after is not None else ()
            found = self._where[key] = union([answers.where(leaf, one, beside) for one in added])
        return found

    def met(self, policy: int, leaf: Holds, facts: Mapping[str, Sequence[Fact]]) -> Items:
        """Return for which items a leaf of the policy of that number is met where some facts are added, by type."""
        answers = self.answers[policy]
        if leaf.after is None:
            return answers.leaf(leaf) | union([self.where(policy, leaf, fact) for fact in facts.get(leaf.type, ())])
        added = [one for several in facts.values() for fact in several for one in self._read(fact)]
        there = [fact for _, fact in answers.facts] + added
        return union([answers.where(leaf, one, added) for one in there if one.type == leaf.type])

    def _read(self, fact: Fact) -> Sequence[Admitted]:
        found = self._admitted.get(fact)
        if found is None:
            of, instant = self._types[fact.type], self.event.instant
            found = self._admitted[fact] = [
                as_it_is(PreparedFact(instant, FOREVER, None, {**data, "from": self.event.document.time}), of)
                for data in self.facts(fact, self._groups[fact.group] if fact.group is not None else 0)
            ]
        return found

    def facts(self, fact: Fact, items: Items) -> Sequence[dict[str, Any]]:
        """Return a fact as events have it, but for its time; several where its type names one item at a time.

        There is none where a field that it must have cannot be said of the event.
        """
        said, values = self.answers[0].stated, dict(fact.values)
        made: list[dict[str, Any]] = [{"type": fact.type}]
        for name, declared in self._types[fact.type].fields.items():
            words: Sequence[str]
            if declared.held == VALUE:
                words = [values[name]] if name in values else []
            elif (field := HELD_FIELD[declared.held]) is Field.ITEM:
                words = self._named_once(items)
            elif field is Field.OPERATION:
                words = [fact.operation] if fact.operation is not None else []
            elif field is Field.SUBJECT_ID and not declared.required and (fact.type, name) not in self._named:
                words = []
            else:
                word = said.get(field)
                words = [word] if isinstance(word, str) else []
            if not words:
                if declared.required:
                    return ()
            elif declared.list:
                made = [{**one, name: list(words)} for one in made]
            else:
                made = [{**one, name: word} for word in words for one in made]
        return made

    def _named_once(self, items: Items) -> Sequence[str]:
        """Return items as a fact names them: what is a kind of another one that it names is meant with that."""
        named = [item for number, item in enumerate(self.event.items) if items >> number & 1]
        if len(named) == 1:
            return named
        kinds = [vocabulary.kinds for vocabulary in self._vocabularies]
        return [w for w in named if not any(w != v and all(w in of("items", v) for of in kinds) for v in named)]


def with_stated(event: Event, stated: Iterable[State]) -> Event:
    """Return an event that states some fields more."""
    data = event.as_dict()
    for field, value in stated:
        if field.startswith(ATTRIBUTE):
            data.setdefault("attributes", {})[field.removeprefix(ATTRIBUTE)] = value
        else:
            put(data, field, value)
    return Event.from_mapping(data)
