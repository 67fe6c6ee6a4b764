"""Which facts agree with an event, and for which items: asked by decisions, and by whoever explains them."""

from __future__ import annotations

from collections.abc import Container, Mapping, Sequence
from typing import Final, NamedTuple, TypeAlias

from msgspec import UNSET

from policyengine.calendar import Lapse
from policyengine.decision.admission import FIRST, Admitted
from policyengine.model.condition import Asked, Field, Holds
from policyengine.model.event import BESIDE, KEY_FIELDS, Event
from policyengine.model.fact import HELD_DIMENSION, HELD_FIELD, VALUE, FactField
from policyengine.model.fields import ROWS
from policyengine.model.meanings import Items
from policyengine.model.vocabulary import CLOSED, IGNORABLE, Vocabulary
from policyengine.moment import FOREVER


class Held(NamedTuple):
    """A field in which a fact narrows itself.

    Args:
        name: the field of the fact.
        position: where the fact has it.
        field: what of the event it is held against.
        number: where the key of an event has that; None where it is not in it.
        dimension: what declares its words; None where nothing does.
        passes: whether that passes unstated in the rule that asks.
    """

    name: str
    position: int
    field: Field
    number: int | None
    dimension: str | None
    passes: bool


class Named(NamedTuple):
    """A field whose values a rule names.

    Args:
        name: the field of the fact.
        position: where the fact has it.
        accepted: the values with which it is as the rule asks.
        known: those that the policy knows, where another may be any of them and that counts; else None.
    """

    name: str
    position: int
    accepted: frozenset[str]
    known: Container[str] | None

    def unknown(self, words: str | Sequence[str]) -> Sequence[str]:
        """Return those of a fact's words that the policy does not know, where it then counts."""
        if self.known is None:
            return ()
        return [word for word in ((words,) if isinstance(words, str) else words) if word not in self.known]


How: TypeAlias = tuple[bool, Asked, frozenset[str], frozenset[Field]]


class Plan(NamedTuple):
    """What is looked at of a fact of its type, to answer whether a fact as asked for is there.

    Args:
        may: whether a fact counts that may agree, and else one that surely does.
        asked: of which operation it is asked.
        how: what tells apart how facts are held against events.
        stated: where the fields are that must be stated.
        where: the fields whose values the rule names.
        held: the fields that are held against the event.
        within: how long ago it must have begun at most.
        after: of which type facts must all have begun before, and what is looked at of them.
        before: before which instant it must have begun, if it says when.
    """

    may: bool
    asked: Asked
    how: How
    stated: Sequence[int]
    where: Sequence[Named]
    held: Sequence[Held]
    within: Lapse | None = None
    after: tuple[str, Plan] | None = None
    before: int | None = None


Plans: TypeAlias = Mapping[str, Sequence[tuple[int, Plan]]]
"""By type of fact, what is asked of it: the number of a question, and its plan."""

Found: TypeAlias = tuple[Items, Items]
"""Where a fact agrees, and where it does without its words that the policy does not know.

Items are the bits of the vocabulary (`policyengine.model.meanings`). A fact that names no items agrees for all that
there are, known or not, which is -1.
"""

_NUMBERS: Mapping[Field, int] = {field: number for number, field in enumerate(KEY_FIELDS)}
_NOWHERE: Final[Found] = (0, 0)
_EVERYWHERE: Final[Found] = (-1, -1)
_IF_UNKNOWN: Final[Found] = (-1, 0)


class Agreement:
    """Answers questions for facts by the words of one policy.

    Args:
        vocabulary: the words, and the types of fact.
    """

    def __init__(self, vocabulary: Vocabulary) -> None:
        self._vocabulary = vocabulary
        self._meant = vocabulary.meant
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
                dimension, passes = HELD_DIMENSION.get(declared.held), field in asked.passes
                held.append(Held(name, positions[name], field, _NUMBERS.get(field), dimension, passes))
        stated = [positions[name] for name in sorted(asked.stated)]
        where = [self._named(fields[name], positions[name], accepted, asked.may) for name, accepted in asked.where]
        after = None if asked.after is None else (asked.after.type, self._new_plan(asked.after))
        how = (asked.may, asked.asked, asked.unheld, asked.passes)
        return Plan(asked.may, asked.asked, how, stated, where, held, asked.within, after, asked.before)

    def _named(self, field: FactField, position: int, named: frozenset[str], may: bool) -> Named:
        known: Container[str] | None = field.values if may and field.open else None
        if field.of is not None:
            vocabulary = self._vocabulary
            named = vocabulary.accepted(field.of, named, may)
            known = vocabulary.terms[field.of] if may and field.of in CLOSED else None
        return Named(field.id, position, named, known)

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
        instant = event.instant
        found: list[Items] | None = None
        without: list[Items] = []
        for fact in facts:
            plans = asked.get(fact.type)
            if plans is None or not fact.start <= instant < fact.end:
                continue
            held: dict[How, Found] = {}
            for number, plan in plans:
                as_asked = _as_asked(plan, fact, instant)
                if as_asked is not None:
                    # What a fact is held against is the same for most questions, whatever values they name.
                    agreed = held.get(plan.how)
                    if agreed is None:
                        agreed = held[plan.how] = self._agreeing(plan, fact, event)
                    if plan.after is not None and agreed[0]:
                        agreed = self._later(plan, fact, event, facts, agreed)
                    if agreed[0]:
                        if found is None:
                            found, without = [*silent], [*silent]
                        found[number] |= agreed[0]
                        without[number] |= agreed[1] & as_asked
        if found is None:
            return silent, silent
        answers = tuple(found)
        return answers, answers if found == without else tuple(without)

    def where(self, plan: Plan, fact: Admitted, event: Event, facts: Sequence[Admitted]) -> Found:
        """Return where a fact in effect at an event's time is as a question asks, beside all facts of the event."""
        as_asked = _as_asked(plan, fact, event.instant)
        if as_asked is None:
            return _NOWHERE
        found = self._agreeing(plan, fact, event)
        if plan.after is not None:
            found = self._later(plan, fact, event, facts, found)
        return found[0], found[1] & as_asked

    def _later(self, plan: Plan, fact: Admitted, event: Event, facts: Sequence[Admitted], found: Found) -> Found:
        """Return where, of the items for which a fact is `found` to agree, it began after all that it must."""
        assert plan.after is not None
        if fact.start == -FOREVER:
            return _NOWHERE
        kind, before = plan.after
        agreed, without = found
        for other in facts:
            # When a fact began that does not say so is open.
            no_earlier = before.may if other.start == -FOREVER else other.start >= fact.start
            if no_earlier and other.type == kind and other.start <= event.instant < other.end:
                there = self.where(before, other, event, facts)
                agreed &= ~there[0]
                without &= ~there[1]
        return agreed, without

    def _agreeing(self, plan: Plan, fact: Admitted, event: Event) -> Found:
        subject, stated = fact.subject, fact.stated
        if subject is not None and subject != event.subject_id and not (plan.may and event.subject_id is None):
            return _NOWHERE
        found, without = _EVERYWHERE
        for held in plan.held:
            words = stated[held.position]
            if words is not UNSET:
                agreed = self.held(held, words, event, plan.may, plan.asked)
                found &= agreed[0]
                without &= agreed[1]
                if not found:
                    return _NOWHERE
        return found, without

    def held(self, held: Held, words: str | Sequence[str], event: Event, may: bool, asked: Asked = "stated") -> Found:
        """Return where what a fact states in one field agrees with an event.

        Args:
            held: the field.
            words: what the fact states there.
            event: the event.
            may: whether it counts where it may agree, and else where it surely does.
            asked: of which operation it is asked.
        """
        _, _, field, number, dimension, passes = held
        if isinstance(words, str):
            words = (words,)
        if field is Field.ITEM:
            named = self._meant.named(words, may)
            return (-1 if may and self.unknown(held, words) else named), named
        said = BESIDE[field](event) if number is None else event.key[number]
        if said is None:
            return _EVERYWHERE if may is not passes and event.key[0] in ROWS[field].open_on else _NOWHERE
        if field is Field.OPERATION:
            agreed = (asked != "use" and said in words) or (asked != "stated" and "use" in words)
        elif dimension in IGNORABLE and said not in self._vocabulary.terms[dimension]:
            agreed = False  # the policy ignores the word, and knows none of the fact's
        else:
            agreed = said in words or (
                dimension is not None and not self._meant.agreeing(dimension, said, may).isdisjoint(words)
            )
        if agreed:
            return _EVERYWHERE
        return _IF_UNKNOWN if may and self.unknown(held, words) else _NOWHERE

    def unknown(self, held: Held, words: str | Sequence[str]) -> Sequence[str]:
        """Return those of a fact's words that the policy does not know, and that may therefore mean anything."""
        if held.dimension not in CLOSED:
            return ()
        terms = self._vocabulary.terms[held.dimension]
        return [word for word in ((words,) if isinstance(words, str) else words) if word not in terms]


def _as_asked(plan: Plan, fact: Admitted, instant: int) -> Items | None:
    """Return for which items a fact is as asked without its words that are not known: for all or for none.

    None where it is not as asked: it must state what it must, values that a rule names, and have begun no longer ago
    than it may.
    """
    if plan.within is not None:
        recent = plan.may if fact.start == -FOREVER else plan.within.after(fact.start) > instant
        if not recent:
            return None
    if plan.before is not None and fact.start >= plan.before:
        return None
    stated = fact.stated
    for position in plan.stated:
        if stated[position] is UNSET:
            return None
    surely: Items = -1
    for named in plan.where:
        value = stated[named.position]
        if value is UNSET:
            return None
        if value not in named.accepted if isinstance(value, str) else named.accepted.isdisjoint(value):
            if not named.unknown(value):
                return None
            surely = 0
    return surely
