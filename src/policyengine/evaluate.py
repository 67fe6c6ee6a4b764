"""The fast road of one policy from an event to a verdict.

A verdict is a function of few things: what the event states, its items, which of the facts that rules ask for are in
effect for which item, and how its attributes compare. All but the last two are one key, under which a `_Shape` knows
which rules can matter and which facts they ask for; the rest is one integer, a bit for each answer. So a verdict is
decided once (`policyengine.decide`) and found again by two look-ups. Nothing is remembered that an answer could
depend on otherwise, and what is remembered is bounded.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from itertools import chain
from typing import Any, Final, NamedTuple

from policyengine.check import guard
from policyengine.condition import Compare, Condition, Field, Holds, In, Same, all_of, leaves
from policyengine.decide import (
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
from policyengine.event import Event, PreparedFact
from policyengine.index import RuleIndex
from policyengine.match import Question, agrees, answered, meets, ruled, stated
from policyengine.moment import FOREVER
from policyengine.rule import Duty, Permit, Policy, Replacement, Restriction, Rule, conditions_of
from policyengine.text import Text
from policyengine.vocabulary import HELD_DIMENSION

MEMORY: Final = 100_000
"""How many things an evaluator remembers before it forgets them all."""

_LONG: Final = 64
"""An event of more items than this is decided afresh each time: remembering its key would cost more than it saves."""


class _Reading(NamedTuple):
    """Which answers a fact gives, and when: one for each set of parties and persons to whom it is bound."""

    parties: frozenset[str] | None
    persons: frozenset[str] | None
    all: int
    restricting: int


class _Shape:
    """What an event is, but for persons, times, facts and attributes; and what can be said of that once."""

    __slots__ = ("asked", "candidates", "readings", "tests", "types", "unknown", "values", "verdicts")

    def __init__(
        self,
        values: dict[Field, str | None],
        candidates: dict[str, Candidates],
        unknown: tuple[tuple[str, str], ...],
    ) -> None:
        self.values = values
        self.candidates = candidates
        self.unknown = unknown
        questions = dict.fromkeys(
            (item, leaf)
            for item, rules in candidates.items()
            for condition in _conditions(rules)
            for leaf in leaves(condition)
            if isinstance(leaf, Holds | Same | Compare)
        )
        asked = [(item, leaf) for item, leaf in questions if isinstance(leaf, Holds)]
        self.asked = {question: 1 << number for number, question in enumerate(asked)}
        self.types = frozenset(leaf.type for _, leaf in asked) if not unknown else frozenset[str]()
        tests = dict.fromkeys(leaf for _, leaf in questions if isinstance(leaf, Same | Compare))
        self.tests = {test: 1 << (len(self.asked) + number) for number, test in enumerate(tests)}
        self.readings: dict[bytes, tuple[_Reading, ...]] = {}
        self.verdicts: dict[int, Verdict] = {}


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
        self._permits = RuleIndex(permits, guard, _span)
        self._licences = RuleIndex(
            [rule for rule in permits if rule.licence], lambda rule: all_of(rule.about, rule.terms), _span
        )
        self._restrictions = RuleIndex([rule for rule in rules if isinstance(rule, Restriction)], guard, _span)
        self._replacements = RuleIndex([rule for rule in rules if isinstance(rule, Replacement)], guard, _span)
        self._duties = RuleIndex([rule for rule in rules if isinstance(rule, Duty)], guard, _span)
        self._dates = sorted({date for rule in rules for date in _span(rule)} - {-FOREVER, FOREVER})
        self._topics: dict[int, tuple[RuleIndex[Topic], RuleIndex[Topic]]] = {}
        conditions = [condition for rule in rules for condition in conditions_of(rule)]
        named = [leaf for condition in conditions for leaf in leaves(condition)]
        self._parties = {
            party: party
            for leaf in named
            if getattr(leaf, "field", None) is Field.RECIPIENT
            for party in leaf.values  # type: ignore[union-attr]
        }
        self.fact_types = frozenset(leaf.type for leaf in named if isinstance(leaf, Holds))
        self._shapes: dict[Any, _Shape] = {}
        self._remembered = 0

    def verdict(self, event: Event) -> Verdict:
        """Return what the policy says of an event.

        Args:
            event: an event of a controller and a time that the policy governs.

        Raises:
            InvalidEvent: one of its facts is malformed.
        """
        recipient, person, instant = event.recipient_id, event.subject_id, event.instant
        shape = self._shape(event)
        bits = 0
        admitted = False
        for fact in event.known:
            readings = shape.readings.get(fact.body)
            if readings is None:
                if not admitted:  # all facts at once, so once is enough
                    self._admit(event)
                    admitted = True
                readings = self._read(shape, fact)
                if readings is None:
                    return self._decide(shape, event, 0, unknown_facts=True)
            if fact.start <= instant < fact.end:
                subject = fact.subject
                for parties, persons, every, restricting in readings:
                    if parties is None or recipient in parties:
                        if (subject is None or subject == person) and (persons is None or person in persons):
                            bits |= every
                        elif person is None:
                            bits |= restricting
        if shape.tests:
            values = ruled(stated(event))
            for test, bit in shape.tests.items():
                if answered(test, values, event.attributes):
                    bits |= bit
        found = shape.verdicts.get(bits)
        if found is None:
            found = shape.verdicts[bits] = self._decide(shape, event, bits)
            self._count()
        return found

    def types(self, event: Event) -> frozenset[str]:
        """Return the fact types for which a rule that can matter for an event asks: facts of others change no verdict.

        That is said of well-formed facts whose terms are declared; a malformed fact makes an event invalid and an
        unknown term denies it, whatever the type of the fact.

        Args:
            event: an event of a controller and a time that the policy governs; which facts it carries does not matter.
        """
        return self._shape(event).types

    def _shape(self, event: Event) -> _Shape:
        recipient = event.recipient_id
        key = (
            event.key,
            self._parties.get(recipient, recipient is not None),
            self._epoch(event.instant) if self._dates else 0,
        )
        return self._shapes.get(key) or self._remember_shape(key, event)

    def _epoch(self, instant: int) -> int:
        return sum(date <= instant for date in self._dates)

    def _count(self) -> None:
        """Count one more thing remembered, and forget everything before it is too much."""
        self._remembered += 1
        if self._remembered > MEMORY:
            self._remembered = 0
            self._shapes = {}

    def _remember_shape(self, key: Any, event: Event) -> _Shape:
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
        candidates = {
            item: self._candidates({**values, Field.ITEM: item}, event.instant)
            for item in event.items
            if item in terms["items"]
        }
        shape = _Shape(values, candidates, unknown)
        if len(event.items) <= _LONG:
            self._shapes[key] = shape
            self._count()
        return shape

    def _candidates(self, values: dict[Field, str | None], instant: int) -> Candidates:
        def topics() -> Iterable[Topic]:
            return self._topics_at(instant)[0].select(values, instant)

        def licence_topics() -> Iterable[Topic]:
            return self._topics_at(instant)[1].select(values, instant)

        leaning = self._permits.select(values, instant)
        return Candidates(
            leaning,
            self._licences.select(values, instant),
            self._restrictions.select(values, instant),
            self._replacements.select(values, instant),
            self._duties.select(values, instant),
            topics,
            licence_topics,
        )

    def _topics_at(self, instant: int) -> tuple[RuleIndex[Topic], RuleIndex[Topic]]:
        """Return what the clauses speak of with the rules in force at `instant`."""
        epoch = self._epoch(instant)
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

    def _read(self, shape: _Shape, fact: PreparedFact) -> tuple[_Reading, ...] | None:
        """Return which answers `fact` gives under `shape`; None where it has a term that is not in the vocabulary."""
        vocabulary = self.policy.vocabulary
        declared = vocabulary.facts.get(fact.data["type"])  # type: ignore[arg-type]
        if declared is not None and any(vocabulary.unknown_terms(fact.data)):
            return None
        bound: dict[tuple[frozenset[str] | None, frozenset[str] | None], tuple[int, int]] = {}
        for (item, asked), bit in shape.asked.items() if declared is not None else ():
            values = {**shape.values, Field.ITEM: item}
            if agrees(asked, fact.data, values, vocabulary, but=(Field.RECIPIENT, Field.SUBJECT_ID)):
                who = (self._bound(asked, fact.data, "recipient"), self._bound(asked, fact.data, "subject"))
                every, restricting = bound.get(who, (0, 0))
                bound[who] = (every | bit, restricting | (bit if asked.restricts else 0))
        readings = tuple(_Reading(*who, *bits) for who, bits in bound.items())
        shape.readings[fact.body] = readings
        self._count()
        return readings

    def _bound(self, asked: Holds, fact: Mapping[str, Any], held: str) -> frozenset[str] | None:
        """Return the parties (or persons) to whom what `fact` states binds it; None where it is bound to nobody."""
        found: frozenset[str] | None = None
        for name, declared in self.policy.vocabulary.facts[asked.type].fields.items():
            if declared.held == held and name in fact and name not in asked.unheld:
                words = (fact[name],) if isinstance(fact[name], str) else fact[name]
                dimension = HELD_DIMENSION.get(held)
                meant = self.policy.vocabulary.closure(dimension, words) if dimension else frozenset(words)
                found = meant if found is None else found & meant
        return found

    def _decide(self, shape: _Shape, event: Event, bits: int, *, unknown_facts: bool = False) -> Verdict:
        """Decide an event of `shape` whose facts and attributes give the answers `bits`."""
        unknown = list(shape.unknown)
        if unknown_facts:
            strange = {
                (dimension, term)
                for fact in event.known
                for _, dimension, term in self.policy.vocabulary.unknown_terms(fact.data)
            }
            unknown += sorted(strange)[:MOST]
        told = set(sorted(item for item in event.items if item not in shape.candidates)[:MOST])
        untold: ItemVerdict | None = None
        verdicts: dict[str, ItemVerdict] = {}
        for item in event.items:
            if item not in shape.candidates and item not in told:
                untold = untold or self._unknown([*unknown, ("items", None)], shape, item)
                verdicts[item] = untold
            elif unknown or item in told:
                own = [("items", item)] if item in told else []
                verdicts[item] = self._unknown([*unknown, *own], shape, item)
            else:
                verdicts[item] = decide_item(self.policy, shape.candidates[item], _answers(shape, item, bits))
        return merge(self.policy, verdicts)

    def _unknown(self, terms: Iterable[tuple[str, str | None]], shape: _Shape, item: str) -> ItemVerdict:
        """Deny an item for unknown terms, citing the clauses that list what an unknown purpose could have been.

        Args:
            terms: each with its dimension; None for one of so many that they are not told one by one.
            shape: the event's.
            item: the item.
        """
        obstacles = []
        for dimension, term in dict.fromkeys(terms):
            clauses = [ground(self.policy)]
            if dimension == "purposes" and item in shape.candidates:
                met = _answers(shape, item, 0)
                spoken = {topic.shown for topic in shape.candidates[item].topics() if met(topic.about)}
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


_PLACES: Final = {"subjects": 1, "purposes": 2, "forms": 3, "origins": 4, "services": 5}
"""Where in `Event.key` the terms of each dimension stand, in the order in which messages name them."""


def _answers(shape: _Shape, item: str, bits: int) -> Met:
    """Return the function that says whether a condition is met, from a shape and the answers to its questions."""
    values = {**shape.values, Field.ITEM: item}

    def answer(question: Question) -> bool:
        return bool(bits & (shape.asked[item, question] if isinstance(question, Holds) else shape.tests[question]))

    return lambda condition: meets(condition, values, answer)


def _span(rule: Rule) -> tuple[int, int]:
    return rule.head.start, rule.head.end


def _conditions(rules: Candidates) -> Iterable[Condition]:
    kinds: tuple[Sequence[Rule], ...] = rules[:5]
    for rule in chain.from_iterable(kinds):
        yield from conditions_of(rule)
    for topic in chain(rules.topics(), rules.licence_topics()):
        yield topic.about
