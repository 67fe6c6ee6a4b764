"""Facts, as far as some policies can tell them apart: which of their questions a fact of one type answers at once.

A question is a leaf of a policy that asks for a fact. Facts come together freely, so what matters of a single one is
the set of questions to which it is an answer; and of a fact with several words in a field, nothing matters that
several facts with one word each would not say. A set of questions can be answered, and another left unanswered, where
each of the first is answered by some fact that answers none of the others.
"""

from __future__ import annotations

import itertools
from bisect import bisect_right
from collections.abc import Callable, Container, Iterator, Mapping, Sequence
from typing import Final, NamedTuple, TypeAlias

from msgspec import Struct

from policyengine.calendar import Lapse
from policyengine.model.condition import Asked, Holds
from policyengine.model.fact import HELD_FIELD, VALUE, FactField, FactType
from policyengine.model.terms import MAY, SURELY, UNSAID, Levels, unheard_of
from policyengine.model.vocabulary import CLOSED, Vocabulary
from policyengine.once import once

ELSEWHERE: Final = "elsewhere"
"""A value that no rule names."""

SUBJECT: Final = FactField("subject", "subject")
"""The field in which a fact of any type can name its person."""

ASKED: Final[Sequence[Asked]] = ("stated", "use", "beside")
"""Whether a fact agrees with an operation is said for each of these, and not for each policy."""

Bits: TypeAlias = int
"""A set of questions: bit `n` stands for the one with the number `n`."""

Options: TypeAlias = "tuple[frozenset[frozenset[Levels]], ...]"
"""For each field of a type against which events are held: how its words can agree, in each way that is still open."""


class Question(NamedTuple):
    """A leaf that asks for a fact, and the number of the policy that asks.

    Args:
        holds: the leaf; one that asks for facts that began after others is asked of both by itself.
        policy: the policy.
        since: at or after which of the moments it must have begun that stand for all in which facts can follow one
            another, counted from 1; 0 where that does not matter.
        open: whether one counts then that does not say when it began.
    """

    holds: Holds
    policy: int
    since: int = 0
    open: bool = False


def implies(left: Question, right: Question, declared: FactType) -> bool:
    """Whether every fact that answers one question answers another, by what they ask.

    Args:
        left: the one.
        right: the other.
        declared: the type of facts of which both ask.
    """
    ours, theirs = left.holds, right.holds
    operated = any(field.held == "operation" for field in declared.fields.values())
    asked = dict(ours.where)
    return (
        (left.policy, left.since, left.open) == (right.policy, right.since, right.open)
        and ours.type == theirs.type
        and all(name in asked and asked[name] <= values for name, values in theirs.where)
        and theirs.unheld >= ours.unheld
        and theirs.stated <= ours.stated
        and theirs.may >= ours.may
        and (ours.asked == theirs.asked or not operated)
        and theirs.within in (None, ours.within)
        and theirs.before in (None, ours.before)
        and theirs.after in (None, ours.after)
        and ours.passes == theirs.passes
    )


Accepts: TypeAlias = Callable[[Question, str, str], bool]
"""Whether a question is answered by a value of a field, of those whose values it names."""


class Profile(Struct, frozen=True):
    """What one fact states, as far as questions can tell.

    Args:
        values: the value fields that it states, with one representative value each.
        held: the fields held against the event that it states, each with how far it agrees there.
        age: how many of the durations of which questions ask have passed since it began; None where it does not say.
        began: at or after how many of the dates of which questions ask it began; None where it does not say.
        rank: at which of the moments it began in which facts can follow one another; None where it does not say.
    """

    values: tuple[tuple[str, str], ...]
    held: tuple[tuple[FactField, Levels], ...]
    age: int | None = None
    began: int | None = None
    rank: int | None = None

    def satisfies(self, question: Question, lapses: Sequence[Lapse], dates: Sequence[int], accepts: Accepts) -> bool:
        """Whether a fact of this profile, of the type that is asked for, answers `question`.

        Args:
            question: the question.
            lapses: the durations of which questions ask, in order.
            dates: the dates of which they ask, in order.
            accepts: whether it is answered by a value of a field, of those whose values it names.
        """
        asked, _, since, even_open = question
        if since and not (even_open if self.rank is None else self.rank >= since):
            return False
        if asked.before is not None and self.began is not None and self.began > dates.index(asked.before):
            return False
        if asked.within is not None:
            recent = asked.may if self.age is None else self.age <= lapses.index(asked.within)
            if not recent:
                return False
        stated = dict(self.values)
        names = {*stated, *(field.id for field, _ in self.held)}
        return (
            asked.stated <= names
            and all(name in stated and accepts(question, name, stated[name]) for name, _ in asked.where)
            and all(_agrees(question, field, levels) for field, levels in self.held if field.id not in asked.unheld)
        )


def _agrees(question: Question, field: FactField, levels: Levels) -> bool:
    """Whether what a fact states in a field counts as agreeing with an event."""
    asked = question.holds
    level = levels[ASKED.index(asked.asked) if field.held == "operation" else question.policy]
    if level == UNSAID and field is not SUBJECT:
        return asked.may is not (HELD_FIELD[field.held] in asked.passes)
    return level >= (MAY if asked.may else SURELY)


class Answers(Struct, frozen=True):
    """What facts of one type can answer, about events that are alike as far as they can tell.

    Args:
        profiles: for each set of questions that some fact answers, the plainest such fact.
    """

    profiles: Mapping[Bits, Profile]

    def possible(self, bit: Bits, answered: Bits, unanswered: Bits) -> tuple[bool, ...]:
        """Return which of no and yes a question can still be told, beside what is said already."""
        yes = any(found & bit and not found & unanswered for found in self.profiles)
        return (False,) * self._consistent(answered, unanswered | bit) + (True,) * yes

    def _consistent(self, answered: Bits, unanswered: Bits) -> bool:
        reached = 0
        for found in self.profiles:
            if not found & unanswered:
                reached |= found
        return not answered & ~reached

    def facts(self, answered: Bits, unanswered: Bits) -> Iterator[Profile]:
        """Yield few facts that answer some questions, and do not answer others."""
        fit = sorted((found for found in self.profiles if not found & unanswered), key=self._plainness)
        while answered:
            best = max(fit, key=lambda found: (found & answered).bit_count())
            yield self.profiles[best]
            answered &= ~best

    def _plainness(self, found: Bits) -> tuple[int, int]:
        profile = self.profiles[found]
        dated = any(when is not None for when in (profile.age, profile.began, profile.rank))
        return len(profile.held), len(profile.values) + dated


class Questions:
    """All questions that some policies ask of facts of one type.

    Args:
        declared: the type.
        questions: the questions, without repetition.
        words: the words of each of the policies.
        lapses: the durations of which they ask, in order.
        dates: the dates of which they ask, in order.
        ranks: in how many moments facts can follow one another at each age, as far as they ask for that.
    """

    def __init__(
        self,
        declared: FactType,
        questions: Sequence[Question],
        words: Sequence[Vocabulary],
        lapses: Sequence[Lapse] = (),
        dates: Sequence[int] = (),
        ranks: int = 0,
    ) -> None:
        self.declared = declared
        self._words = words
        self._accepted: dict[tuple[Question, str], Callable[[str], bool]] = {}
        self.questions = questions
        self.lapses = lapses
        self.dates = dates
        self.ranks = ranks
        self.bits: Mapping[Question, Bits] = {question: 1 << number for number, question in enumerate(questions)}
        self.held = (*(field for field in declared.fields.values() if field.held != VALUE), SUBJECT)
        self._found: dict[Options, Answers | None] = {}
        self._one: dict[tuple[frozenset[Levels], ...], Answers] = {}

    def surely(self, options: Options, said: Mapping[str, str]) -> Bits:
        """Return the questions that any fact answers that says something, states all else, and agrees wherever it can.

        Args:
            options: in which ways facts can agree.
            said: for some value fields, the value.
        """
        held: list[tuple[FactField, Levels]] = []
        for field, ways in zip(self.held, options[: len(self.held)], strict=True):
            best = max((levels for some in ways for levels in some), default=())
            if best and (best[0] if field.held == "operation" else min(best)) == SURELY:
                held.append((field, best))
            elif field.required:
                return 0
        fields = [field for field in self.declared.fields.values() if field.held == VALUE]
        values = [[said[field.id]] if field.id in said else self._values_of(field) for field in fields]
        found = (1 << len(self.questions)) - 1
        for some in itertools.product(*values):
            stated = tuple((field.id, value) for field, value in zip(fields, some, strict=True))
            profile = Profile(stated, tuple(held))
            for question, bit in self.bits.items():
                if found & bit and not profile.satisfies(question, self.lapses, self.dates, self.accepts):
                    found &= ~bit
        return found

    def without(self, options: Options, said: Mapping[str, str]) -> Bits:
        """Return the questions that no fact answers but one that says something.

        Args:
            options: in which ways facts can agree.
            said: for some value fields, the value.
        """
        others = 0
        for chosen in itertools.product(*options):
            for bits, profile in self._answers(chosen).profiles.items():
                values = dict(profile.values)
                if any(self._can_differ(name, value, values.get(name)) for name, value in said.items()):
                    others |= bits
        return ((1 << len(self.questions)) - 1) & ~others

    def _can_differ(self, name: str, value: str, found: str | None) -> bool:
        """Whether a fact can say something else than `value` in a field, where one that says `found` stands for it."""
        alike = self._classes_of(self.declared.fields[name])
        return found is None or found != value or len(alike.get(found, (found,))) > 1

    def passed(self, time: int) -> Options:
        """Return what stands behind the options of the fields: how many of the dates have passed at a time, if any."""
        return (frozenset({frozenset({(bisect_right(self.dates, time),)})}),) if self.dates else ()

    def answers(self, options: Options) -> Answers | None:
        """Return what can be answered; None where that hangs on what is still open."""
        if options not in self._found:
            first, *others = (self._answers(chosen) for chosen in itertools.product(*options))
            alike = all(first.profiles.keys() == other.profiles.keys() for other in others)
            self._found[options] = first if alike else None
        return self._found[options]

    def answerable(self, options: Options) -> Bits:
        """Return the questions that can be answered in some way that is still open."""
        found = 0
        for chosen in itertools.product(*options):
            for bits in self._answers(chosen).profiles:
                found |= bits
        return found

    def differing(self, options: Options) -> Bits:
        """Return the questions that may be answered though the same of another policy is not."""
        found = 0
        for chosen in itertools.product(*options):
            for bits in self._answers(chosen).profiles:
                for ours, theirs in self._pairs:
                    if bool(bits & ours) is not bool(bits & theirs):
                        found |= ours | theirs
        return found

    @once
    def _pairs(self) -> Sequence[tuple[Bits, Bits]]:
        by_leaf: dict[Question, list[Bits]] = {}
        for question, bit in self.bits.items():
            by_leaf.setdefault(question._replace(policy=0), []).append(bit)
        return [(ours, theirs) for bits in by_leaf.values() for ours, theirs in itertools.pairwise(bits)]

    def _answers(self, chosen: tuple[frozenset[Levels], ...]) -> Answers:
        if chosen not in self._one:
            found: dict[Bits, Profile] = {}
            for profile in self._profiles(chosen):
                bits = 0
                for question, bit in self.bits.items():
                    if profile.satisfies(question, self.lapses, self.dates, self.accepts):
                        bits |= bit
                if bits:
                    found.setdefault(bits, profile)
            self._one[chosen] = Answers(found)
        return self._one[chosen]

    def accepts(self, question: Question, name: str, value: str) -> bool:
        """Whether a question is answered by a value of a field, of those whose values it names."""
        key = (question, name)
        if key not in self._accepted:
            self._accepted[key] = self._accepting(question, name)
        return self._accepted[key](value)

    def _accepting(self, question: Question, name: str) -> Callable[[str], bool]:
        asked, policy = question.holds, question.policy
        field, named = self.declared.fields[name], dict(asked.where)[name]
        known: Container[str] | None = field.values if asked.may and field.open else None
        if field.of is not None:
            words = self._words[policy]
            named = words.accepted(field.of, named, asked.may)
            known = words.terms[field.of] if asked.may and field.of in CLOSED else None
        return lambda value: value in named or (known is not None and value not in known)

    def _values_of(self, field: FactField) -> list[str]:
        """Return values of a field, one of all that no question tells apart."""
        return list(self._classes_of(field))

    def _classes_of(self, field: FactField) -> Mapping[str, Sequence[str]]:
        """Return the values of a field that no question tells apart, by the first of each."""
        asking = [question for question in self.questions if any(name == field.id for name, _ in question.holds.where)]
        values = dict.fromkeys(value for question in asking for value in sorted(dict(question.holds.where)[field.id]))
        if field.of is not None:
            values.update(dict.fromkeys(term for words in self._words for term in words.terms[field.of]))
        elif field.values is not None:
            values.update(dict.fromkeys(sorted(field.values)))
        if field.known is None:
            values[unheard_of(values) if field.of is not None else ELSEWHERE] = None
        found: dict[tuple[bool, ...], list[str]] = {}
        for value in values:
            found.setdefault(tuple(self.accepts(question, field.id, value) for question in asking), []).append(value)
        return {alike[0]: alike for alike in found.values()}

    def _profiles(self, chosen: tuple[frozenset[Levels], ...]) -> Iterator[Profile]:
        """Yield facts, the plainest first, that answer every set of questions that any fact answers."""
        leaves = [question.holds for question in self.questions]
        values: list[list[tuple[str, str] | None]] = []
        for field in self.declared.fields.values():
            if field.held == VALUE:
                stated = [(field.id, value) for value in self._values_of(field)]
                values.append([*stated] if field.required else [None, *stated])
        held: list[list[tuple[FactField, Levels] | None]] = []
        for field, ways in zip(self.held, chosen[: len(self.held)], strict=True):
            stated_by_need = field.required or any(field.id in leaf.stated for leaf in leaves)
            unheld = any(field.id in leaf.unheld for leaf in leaves)
            agreeing = [
                (field, levels)
                for levels in sorted(ways, reverse=True)
                if (any(levels) or unheld) and (stated_by_need or min(levels) < SURELY)
            ]
            held.append([*agreeing] if field.required else [None, *agreeing])
        ages: Sequence[int | None] = (None, *range(len(self.lapses) + 1)) if self.lapses else (None,)
        begun: Sequence[int | None] = (None,)
        for ((passed,),) in chosen[len(self.held) :]:
            begun = (None, *range(passed + 1))
        since: list[tuple[int | None, int | None]] = [(age, None) for age in ages]
        if self.ranks:  # the older, the earlier
            moments = self.ranks * (len(self.lapses) + 1)
            since = [(None, None), *(((moments - rank) // self.ranks, rank) for rank in range(1, moments + 1))]
        for (age, rank), began, some_values in itertools.product(since, begun, itertools.product(*values)):
            for agreed in itertools.product(*held):
                yield Profile(tuple(filter(None, some_values)), tuple(filter(None, agreed)), age, began, rank)
