"""Which facts agree with an event, and for which of the items that a policy knows: the fast road to the answers.

`policyengine.decision.facts` says the same of one event and one fact, slowly; a test holds the two together.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple, TypeAlias

from msgspec import UNSET

from policyengine.decision.admission import FIRST, Admitted, Stated
from policyengine.decision.facts import OPEN_ON
from policyengine.decision.law import Items
from policyengine.decision.meanings import Meanings
from policyengine.model.condition import Asked, Field, Holds
from policyengine.model.event import KEY_FIELDS, Event
from policyengine.model.fact import HELD_DIMENSION, HELD_FIELD, VALUE
from policyengine.model.vocabulary import CLOSED, Vocabulary


class _Held(NamedTuple):
    """A field in which a fact narrows itself: where the fact has it, and what of the event it is held against."""

    position: int
    field: Field
    number: int | None
    dimension: str | None


class Plan(NamedTuple):
    """What is looked at of a fact of its type, to answer whether a fact as asked for is there.

    Args:
        may: whether a fact counts that may agree, and else one that surely does.
        asked: of which operation it is asked.
        how: what tells apart how facts are held against events.
        stated: where the fields are that must be stated.
        where: where the fields are whose values the rule names, each with the accepted ones.
        held: the fields that are held against the event.
    """

    may: bool
    asked: Asked
    how: tuple[bool, Asked, frozenset[str]]
    stated: Sequence[int]
    where: Sequence[tuple[int, frozenset[str]]]
    held: Sequence[_Held]


Plans: TypeAlias = Mapping[str, Sequence[tuple[int, Plan]]]
"""By type of fact, what is asked of it: the number of a question, and its plan."""

Found: TypeAlias = tuple[Items, Items]
"""Where a fact agrees, and where it does without its words that the policy does not know."""

_NUMBERS: Mapping[Field, int] = {field: number for number, field in enumerate(KEY_FIELDS)}
_NOWHERE: Found = (0, 0)


class Agreement:
    """Answers questions for facts by the words of one policy.

    Args:
        vocabulary: the words, and the types of fact.
        meanings: what the words mean.
    """

    def __init__(self, vocabulary: Vocabulary, meanings: Meanings) -> None:
        self._vocabulary = vocabulary
        self._meanings = meanings
        self._plans: dict[int, tuple[Holds, Plan]] = {}

    def plan(self, asked: Holds) -> Plan:
        """Return what is looked at of facts for `asked`."""
        found = self._plans.get(id(asked))
        if found is None:  # kept with the leaf, so that no other leaf ever has its id
            found = self._plans[id(asked)] = (asked, self._new_plan(asked))
        return found[1]

    def _new_plan(self, asked: Holds) -> Plan:
        fields = self._vocabulary.facts[asked.type].fields
        positions = {name: number for number, name in enumerate(fields, FIRST)}
        held = []
        for name, declared in fields.items():
            if declared.held != VALUE and name not in asked.unheld:
                field = HELD_FIELD[declared.held]
                held.append(
                    _Held(positions[name], field, _NUMBERS.get(field), HELD_DIMENSION.get(declared.held)),
                )
        stated = [positions[name] for name in sorted(asked.stated)]
        where = [(positions[name], accepted) for name, accepted in asked.where]
        return Plan(asked.may, asked.asked, (asked.may, asked.asked, asked.unheld), stated, where, held)

    def answers(
        self, asked: Plans, facts: Sequence[Admitted], event: Event, silent: tuple[Items, ...]
    ) -> tuple[tuple[Items, ...], tuple[Items, ...]]:
        """Return for which items each question is answered with yes.

        Args:
            asked: the questions.
            facts: of the event.
            event: the event.
            silent: the answers where there are no facts.

        Returns:
            The answers, and what they were without the words of facts that the policy does not know: the same tuple
            where that makes no difference.
        """
        instant, person = event.instant, event.subject_id
        found: list[Items] | None = None
        without: list[Items] = []
        for fact in facts:
            plans = asked.get(fact.type)
            if plans is None or not fact.start <= instant < fact.end:
                continue
            theirs = fact.subject is None or fact.subject == person
            if not theirs and person is not None:
                continue
            held: dict[tuple[bool, Asked, frozenset[str]], Found] = {}
            for number, plan in plans:
                if (theirs or plan.may) and _as_asked(plan, fact.stated):
                    # What a fact is held against is the same for most questions, whatever values they name.
                    agreed = held.get(plan.how)
                    if agreed is None:
                        agreed = held[plan.how] = self._agreeing(plan, fact.stated, event)
                    if agreed[0]:
                        if found is None:
                            found, without = [*silent], [*silent]
                        found[number] |= agreed[0]
                        without[number] |= agreed[1]
        if found is None:
            return silent, silent
        answers = tuple(found)
        return answers, answers if found == without else tuple(without)

    def _agreeing(self, plan: Plan, stated: Stated, event: Event) -> Found:
        may, asked = plan.may, plan.asked
        meanings, key = self._meanings, event.key
        found = without = meanings.everything
        for position, field, number, dimension in plan.held:
            words = stated[position]
            if words is UNSET:
                continue
            if isinstance(words, str):
                words = (words,)
            if number is not None:
                said = key[number]
            elif field is Field.ITEM:
                named = meanings.named(words, may)
                without &= named
                if not may or self._known("items", words):
                    found &= named
                if not found:
                    return _NOWHERE
                continue
            else:
                said = event.subject_id
            if said is None:
                if not may or key[0] not in OPEN_ON.get(field, ()):
                    return _NOWHERE
            elif field is Field.OPERATION:
                if not ((asked != "use" and said in words) or (asked != "stated" and "use" in words)):
                    return _NOWHERE
            elif said in words:
                continue
            elif dimension is None or meanings.agreeing(dimension, said, may).isdisjoint(words):
                if may and dimension in CLOSED and not self._known(dimension, words):
                    without = 0
                else:
                    return _NOWHERE
        return found, without

    def _known(self, dimension: str, words: Sequence[str]) -> bool:
        terms = self._vocabulary.terms[dimension]
        return all(word in terms for word in words)


def _as_asked(plan: Plan, stated: Stated) -> bool:
    """Whether a fact states what it must, and values that a rule names."""
    for position in plan.stated:
        if stated[position] is UNSET:
            return False
    for position, accepted in plan.where:
        value = stated[position]
        if value is UNSET or (value not in accepted if isinstance(value, str) else accepted.isdisjoint(value)):
            return False
    return True
