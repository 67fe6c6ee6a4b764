"""The fast road of one policy from an event to a verdict.

A verdict is a function of few things: what the event states, its items, which of the facts that rules ask for are in
effect for which item, and how its attributes and parties compare. All but the last two are one key, under which a
`_Shape` knows which rules can matter and which facts they ask for; the rest is one integer, a bit for each answer. So
a verdict is decided once (`policyengine.decision.law`) and found again by two look-ups. What is found out about a
fact, and about items that no rule tells apart, is remembered for all shapes. Nothing is remembered that an answer could
depend on otherwise, and what is remembered is bounded.
"""

from __future__ import annotations

from bisect import bisect
from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence
from itertools import chain
from typing import Any, Final, NamedTuple, TypeAlias

from policyengine.decision.facts import Question, agrees, answered, meets, ruled, stated
from policyengine.decision.index import RuleIndex
from policyengine.decision.law import (
    Candidates,
    ItemVerdict,
    Met,
    Obstacle,
    Topic,
    Verdict,
    decide_item,
    ground,
    merge,
    topic_of,
)
from policyengine.errors import MOST, did_you_mean
from policyengine.model.condition import Compare, Condition, Field, Holds, In, NotIn, Same, all_of, leaves
from policyengine.model.event import KEY_FIELDS, Event, PreparedFact
from policyengine.model.fact import HELD_DIMENSION, VALUE, FactType
from policyengine.model.policy import Policy
from policyengine.model.rule import Duty, Permit, Replacement, Restriction, Rule, conditions_of, scope_of
from policyengine.model.vocabulary import CLOSED, DIMENSIONS
from policyengine.moment import FOREVER
from policyengine.text import Text

MEMORY: Final = 100_000
"""How many things an evaluator remembers before it forgets them all; a long one counts as several."""

_LONG: Final = 1_000
"""For so many characters, and each so many more, a thing counts as one thing more."""

_Terms: TypeAlias = tuple[tuple[str, str], ...]
"""Terms that a vocabulary does not declare, each with its dimension."""


class _Looks(NamedTuple):
    """How rules look at facts of one type.

    Args:
        unheld: the sets of fields that rules leave unheld.
        visible: the fields in which a fact can differ for rules, but for those that bind it to parties and persons.
    """

    unheld: frozenset[frozenset[str]]
    visible: frozenset[str]

    @classmethod
    def of(cls, declared: FactType, asked: Sequence[Holds]) -> _Looks:
        """Return how rules that ask for `asked` look at facts of the type."""
        named = {name for holds in asked for name, _ in holds.where}
        held = {name for name, field in declared.fields.items() if field.held not in ("recipient", "subject", VALUE)}
        return cls(frozenset(holds.unheld for holds in asked), frozenset({"type", *named, *held}))


_NOT_LOOKED_AT: Final = _Looks(frozenset(), frozenset())


class _Bound(NamedTuple):
    """The parties and the persons to whom a fact is bound; None where it is bound to nobody."""

    parties: frozenset[str] | None
    persons: frozenset[str] | None


class _Fact(NamedTuple):
    """What can be said once of a fact, whatever the event, but for its time and its subject.

    Args:
        kind: the same object for facts in which rules see the same, parties and persons aside.
        bound: to whom it is bound, for each set of fields that a rule leaves unheld.
        unknown: its terms that are not in the vocabulary.
    """

    kind: object
    bound: Mapping[frozenset[str], _Bound]
    unknown: _Terms


class _Reading(NamedTuple):
    """Which answers a fact gives to rules that leave the same fields unheld.

    Args:
        unheld: the fields.
        all: the answers that it gives about those to whom it is bound.
        restricting: those of them that it gives about an event that names no person.
    """

    unheld: frozenset[str]
    all: int
    restricting: int


class _Group:
    """Items that no rule tells apart, of events alike in all but items, persons, times, facts and attributes.

    The same rules can matter for them, and the same questions are asked about them. The answers about one item are
    the bits of one integer.
    """

    __slots__ = ("asked", "candidates", "questions", "values", "verdicts")

    def __init__(self, candidates: Candidates, values: Mapping[Field, str | None]) -> None:
        self.candidates = candidates
        self.values = values
        found = (leaf for condition in _conditions(candidates) for leaf in leaves(condition))
        questions = dict.fromkeys(leaf for leaf in found if isinstance(leaf, Holds | Same | Compare))
        self.questions: dict[Question, int] = {leaf: 1 << number for number, leaf in enumerate(questions)}
        self.asked: dict[str, list[Holds]] = {}
        for leaf in questions:
            if isinstance(leaf, Holds):
                self.asked.setdefault(leaf.type, []).append(leaf)
        self.verdicts: dict[int, ItemVerdict] = {}

    def met(self, answers: int) -> Met:
        """Return the function that says whether a condition is met for an item with these answers."""

        def answer(question: Question) -> bool:
            return bool(answers & self.questions[question])

        return lambda condition: meets(condition, self.values, answer)


class _Shape:
    """What an event is, but for persons, times, facts and attributes; and what can be said of that once.

    The answers about an event are those about its items, each from the item's offset on, as the bits of one integer.
    """

    __slots__ = ("items", "readings", "tests", "types", "unknown", "values", "verdicts", "weight")

    def __init__(
        self,
        values: Mapping[Field, str | None],
        groups: Mapping[str, _Group],
        unknown: _Terms,
        length: int,
    ) -> None:
        self.values = values
        self.unknown = unknown
        self.items: dict[str, tuple[_Group, int]] = {}
        self.tests: dict[Same | Compare, int] = {}
        offset = 0
        for item, group in groups.items():
            self.items[item] = (group, offset)
            for question, bit in group.questions.items():
                if not isinstance(question, Holds):
                    self.tests[question] = self.tests.get(question, 0) | bit << offset
            offset += len(group.questions)
        self.types = frozenset(kind for group in groups.values() for kind in group.asked) if not unknown else _NO_TYPES
        self.weight = _weight(length + offset)
        self.readings: dict[object, tuple[_Reading, ...]] = {}
        self.verdicts: dict[int | _Terms, Verdict] = {}


_NO_TYPES: Final = frozenset[str]()


class _Memory:
    """What an evaluator remembers: forgotten as a whole, since one part speaks of another."""

    __slots__ = ("facts", "groups", "kinds", "shapes")

    def __init__(self) -> None:
        self.shapes: dict[Hashable, _Shape] = {}
        self.groups: dict[Hashable, _Group] = {}
        self.facts: dict[bytes, _Fact] = {}
        self.kinds: dict[Hashable, object] = {}


class Evaluator:
    """Decides events under one policy.

    Args:
        policy: the policy.
        admit: raises `InvalidEvent` where a fact of an event is malformed; called at facts not seen before.
    """

    def __init__(self, policy: Policy, admit: Callable[[Event], None]) -> None:
        self.policy = policy
        self._admit = admit
        rules = sorted(policy.rules, key=lambda rule: rule.head.id)
        permits = [rule for rule in rules if isinstance(rule, Permit)]
        self._permits = RuleIndex(permits, scope_of, _span)
        self._licences = RuleIndex(
            [rule for rule in permits if rule.licence], lambda rule: all_of(rule.about, rule.terms), _span
        )
        self._restrictions = RuleIndex([rule for rule in rules if isinstance(rule, Restriction)], scope_of, _span)
        self._replacements = RuleIndex([rule for rule in rules if isinstance(rule, Replacement)], scope_of, _span)
        self._duties = RuleIndex([rule for rule in rules if isinstance(rule, Duty)], scope_of, _span)
        self._dates = sorted({date for rule in rules for date in _span(rule)} - {-FOREVER, FOREVER})
        self._topics: dict[int, tuple[RuleIndex[Topic], RuleIndex[Topic]]] = {}
        named = [leaf for rule in rules for condition in conditions_of(rule) for leaf in leaves(condition)]
        self._parties = {
            party: party
            for leaf in named
            if getattr(leaf, "field", None) is Field.RECIPIENT
            for party in leaf.values  # type: ignore[union-attr]
        }
        # For each item, the lists of items in rules that have it, as bits: rules tell items of equal bits not apart.
        self._lists: dict[str, int] = {}
        lists = dict.fromkeys(
            leaf.values for leaf in named if isinstance(leaf, In | NotIn) and leaf.field is Field.ITEM
        )
        for number, items in enumerate(lists):
            for item in items:
                self._lists[item] = self._lists.get(item, 0) | 1 << number
        asked = [leaf for leaf in named if isinstance(leaf, Holds)]
        self._looks = {
            name: _Looks.of(declared, [leaf for leaf in asked if leaf.type == name])
            for name, declared in policy.vocabulary.facts.items()
        }
        self._memory = _Memory()
        self._remembered = 0

    def verdict(self, event: Event) -> Verdict:
        """Return what the policy says of an event.

        Args:
            event: an event of a controller and a time that the policy governs.

        Raises:
            InvalidEvent: one of its facts is malformed.
        """
        memory = self._memory
        shape = self._shape(memory, event)
        recipient, person, instant = event.recipient_id, event.subject_id, event.instant
        bits = 0
        strange: list[tuple[str, str]] = []
        admitted = False
        for fact in event.known:
            seen = memory.facts.get(fact.body)
            if seen is None:
                if not admitted:  # all facts at once, so once is enough
                    self._admit(event)
                    admitted = True
                seen = self._remember_fact(memory, fact)
            if seen.unknown:
                strange += seen.unknown
            elif fact.start <= instant < fact.end:
                readings = shape.readings.get(seen.kind)
                if readings is None:
                    readings = self._read(shape, fact, seen.kind)
                for unheld, every, restricting in readings:
                    parties, persons = seen.bound[unheld]
                    if parties is None or recipient in parties:
                        if (fact.subject is None or fact.subject == person) and (persons is None or person in persons):
                            bits |= every
                        elif person is None:
                            bits |= restricting
        if strange:
            return self._strange(shape, event, tuple(sorted(set(strange))[:MOST]))
        if shape.tests:
            values = {**shape.values, Field.SUBJECT_ID: person}
            if values[Field.RECIPIENT] is not None:
                values[Field.RECIPIENT] = recipient
            for test, answers in shape.tests.items():
                if answered(test, values, event.attributes):
                    bits |= answers
        found = shape.verdicts.get(bits)
        if found is None:
            found = shape.verdicts[bits] = self._decide(shape, event, bits)
            self._count(shape.weight)
        return found

    def types(self, event: Event) -> frozenset[str]:
        """Return the fact types for which a rule that can matter for an event asks: facts of others change no verdict.

        That is said of well-formed facts whose terms are declared; a malformed fact makes an event invalid and an
        unknown term denies it, whatever the type of the fact.

        Args:
            event: an event of a controller and a time that the policy governs; which facts it carries does not matter.
        """
        return self._shape(self._memory, event).types

    def _count(self, weight: int) -> None:
        """Count something remembered, and forget everything before it is too much."""
        self._remembered += weight
        if self._remembered > MEMORY:
            self._remembered = 0
            self._memory = _Memory()

    def _shape(self, memory: _Memory, event: Event) -> _Shape:
        recipient = event.recipient_id
        # Of a party, a shape knows the name that rules give it; of another, that there is one.
        party = self._parties.get(recipient, recipient is not None)
        key = (event.key, party, bisect(self._dates, event.instant))
        return memory.shapes.get(key) or self._remember_shape(memory, key, event)

    def _remember_shape(self, memory: _Memory, key: tuple[tuple[Any, ...], str | bool, int], event: Event) -> _Shape:
        values = ruled(stated(event))
        # A shape may know only what it is remembered under: of a person nothing, of a party its name in rules.
        values[Field.SUBJECT_ID] = None
        if values[Field.RECIPIENT] is not None:
            values[Field.RECIPIENT] = self._parties.get(values[Field.RECIPIENT], "")
        terms = self.policy.vocabulary.terms
        unknown = tuple(
            (dimension, value)
            for dimension, place in _PLACES.items()
            if (value := event.key[place]) is not None and value not in terms[dimension]
        )
        *common, items = event.key
        groups = {
            item: self._group(
                memory, (*common, *key[1:], self._lists.get(item, 0)), {**values, Field.ITEM: item}, event.instant
            )
            for item in items
            if item in terms["items"]
        }
        shape = memory.shapes[key] = _Shape(values, groups, unknown, len(repr(event.key)))
        self._count(shape.weight)
        return shape

    def _group(self, memory: _Memory, key: Hashable, values: Mapping[Field, str | None], instant: int) -> _Group:
        found = memory.groups.get(key)
        if found is None:
            found = memory.groups[key] = _Group(self._candidates(values, instant), values)
            self._count(_weight(len(repr(key)) + len(found.questions)))
        return found

    def _candidates(self, values: Mapping[Field, str | None], instant: int) -> Candidates:
        topics, licence_topics = (index.select(values, instant) for index in self._topics_at(instant))
        return Candidates(
            self._permits.select(values, instant),
            self._licences.select(values, instant),
            self._restrictions.select(values, instant),
            self._replacements.select(values, instant),
            self._duties.select(values, instant),
            lambda: topics,
            lambda: licence_topics,
        )

    def _topics_at(self, instant: int) -> tuple[RuleIndex[Topic], RuleIndex[Topic]]:
        """Return what the clauses speak of with the rules in force at `instant`."""
        epoch = bisect(self._dates, instant)
        if epoch not in self._topics:
            found: dict[Topic, list[str]] = {}
            for rule in self._permits.rules:
                if rule.head.start <= instant < rule.head.end:
                    found.setdefault(topic_of(self.policy, rule)._replace(rule=None), []).append(rule.head.id)
            topics = [topic._replace(rule=ids[0] if len(ids) == 1 else None) for topic, ids in found.items()]
            self._topics[epoch] = (
                RuleIndex(topics, lambda topic: all_of(In(Field.OPERATION, topic.operations, ()), topic.about)),
                RuleIndex([topic for topic in topics if topic.licence], lambda topic: topic.about),
            )
        return self._topics[epoch]

    def _remember_fact(self, memory: _Memory, fact: PreparedFact) -> _Fact:
        """Return what can be said of a well-formed fact whatever the event."""
        data, vocabulary = fact.data, self.policy.vocabulary
        looks = self._looks.get(data["type"], _NOT_LOOKED_AT)  # type: ignore[arg-type]
        bound = {
            unheld: _Bound(self._bound(unheld, data, "recipient"), self._bound(unheld, data, "subject"))
            for unheld in looks.unheld
        }
        visible = frozenset((name, value) for name, value in data.items() if name in looks.visible)
        unknown = sorted({(dimension, term) for _, dimension, term in vocabulary.unknown_terms(data)})[:MOST]
        kind = memory.kinds.setdefault(visible, object())
        seen = memory.facts[fact.body] = _Fact(kind, bound, tuple(unknown))
        self._count(_weight(len(fact.body)))
        return seen

    def _bound(self, unheld: frozenset[str], fact: Mapping[str, Any], held: str) -> frozenset[str] | None:
        """Return the parties (or persons) to whom what `fact` states binds it; None where it is bound to nobody."""
        found: frozenset[str] | None = None
        for name, declared in self.policy.vocabulary.facts[fact["type"]].fields.items():
            if declared.held == held and name in fact and name not in unheld:
                words = (fact[name],) if isinstance(fact[name], str) else fact[name]
                dimension = HELD_DIMENSION.get(held)
                meant = self.policy.vocabulary.closure(dimension, words) if dimension else frozenset(words)
                found = meant if found is None else found & meant
        return found

    def _read(self, shape: _Shape, fact: PreparedFact, kind: object) -> tuple[_Reading, ...]:
        """Return which answers a fact of `kind` gives under `shape`."""
        found: dict[frozenset[str], tuple[int, int]] = {}
        for item, (group, offset) in shape.items.items() if fact.data["type"] in self._looks else ():
            values = {**group.values, Field.ITEM: item}
            for asked in group.asked.get(fact.data["type"], ()):  # type: ignore[arg-type]
                if agrees(asked, fact.data, values, self.policy.vocabulary, but=_BOUND_TO):
                    bit = group.questions[asked] << offset
                    every, restricting = found.get(asked.unheld, (0, 0))
                    found[asked.unheld] = (every | bit, restricting | (bit if asked.restricts else 0))
        readings = shape.readings[kind] = tuple(_Reading(unheld, *bits) for unheld, bits in found.items())
        self._count(shape.weight)
        return readings

    def _strange(self, shape: _Shape, event: Event, terms: _Terms) -> Verdict:
        """Deny an event for terms of its facts that are not in the vocabulary."""
        found = shape.verdicts.get(terms)
        if found is None:
            found = shape.verdicts[terms] = self._decide(shape, event, 0, terms)
            self._count(shape.weight + _weight(len(repr(terms))))
        return found

    def _decide(self, shape: _Shape, event: Event, bits: int, strange: _Terms = ()) -> Verdict:
        """Decide an event of `shape`.

        Args:
            shape: the shape.
            event: the event.
            bits: the answers that its facts and attributes give.
            strange: terms of its facts that are not in the vocabulary.
        """
        unknown = (*shape.unknown, *strange)
        told = set(sorted(item for item in event.items if item not in shape.items)[:MOST])
        untold: ItemVerdict | None = None
        verdicts: dict[str, ItemVerdict] = {}
        for item in event.items:
            if item in shape.items:
                group, offset = shape.items[item]
                answers = bits >> offset & ((1 << len(group.questions)) - 1)
                verdicts[item] = self._unknown(unknown, group) if unknown else self._item(group, answers)
            elif item in told:
                verdicts[item] = self._unknown((*unknown, ("items", item)), None)
            else:
                untold = untold or self._unknown((*unknown, ("items", None)), None)
                verdicts[item] = untold
        return merge(self.policy, verdicts)

    def _item(self, group: _Group, answers: int) -> ItemVerdict:
        """Return what the rules say of an item of `group` with these answers."""
        found = group.verdicts.get(answers)
        if found is None:
            found = group.verdicts[answers] = decide_item(self.policy, group.candidates, group.met(answers))
            self._count(1)
        return found

    def _unknown(self, terms: Iterable[tuple[str, str | None]], group: _Group | None) -> ItemVerdict:
        """Deny an item for unknown terms, citing the clauses that list what an unknown purpose could have been.

        Args:
            terms: each with its dimension; None for one of so many that they are not told one by one.
            group: the item's; None where the item is unknown itself.
        """
        obstacles = []
        for dimension, term in dict.fromkeys(terms):
            clauses = [ground(self.policy)]
            if dimension == "purposes" and group is not None:
                met = group.met(0)
                spoken = {topic.shown for topic in group.candidates.topics() if met(topic.about)}
                clauses = sorted(spoken) or clauses  # type: ignore[assignment]
            hint = did_you_mean(term, self.policy.vocabulary.terms[dimension]) if term is not None else None
            word = (
                Text(ja="このような", en="such terms")
                if term is None
                else Text(ja=f"「{term}」という", en=f'term "{term}"')
            )
            message = Text(
                ja=f"{dimension} に{word.ja}語はありません" + (f"（{hint.ja}）" if hint else ""),
                en=f"the policy has no {word.en} among its {dimension}" + (f" ({hint.en})" if hint else ""),
            )
            obstacles += [Obstacle("unknown-term", clause, None, message) for clause in clauses]
        return ItemVerdict(
            False,
            frozenset(obstacle.clause for obstacle in obstacles if obstacle.clause is not None),
            frozenset(),
            obstacles=tuple(obstacles),
        )


_PLACES: Final = {name: KEY_FIELDS.index(DIMENSIONS[name]) for name in CLOSED if name != "items"}
"""Where in `Event.key` the terms of each dimension stand, in the order in which messages name them."""


_BOUND_TO: Final = (Field.RECIPIENT, Field.SUBJECT_ID)
"""The fields of an event that a shape does not know."""


def _weight(length: int) -> int:
    """Return as how many things something of `length` characters counts."""
    return 1 + length // _LONG


def _span(rule: Rule) -> tuple[int, int]:
    return rule.head.start, rule.head.end


def _conditions(rules: Candidates) -> Iterable[Condition]:
    kinds: tuple[Sequence[Rule], ...] = rules[:5]
    for rule in chain.from_iterable(kinds):
        yield from conditions_of(rule)
    for topic in chain(rules.topics(), rules.licence_topics()):
        yield topic.about
