"""Rules made ready for events: what the class of an event settles of each, and what is left to ask.

The conditions of most rules are lists of words, all of which an event must meet. Where those look at the fields of a
class, all of its events meet them or none does: so they select the rules of a class, and need not be asked again.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Final, NamedTuple, TypeAlias, TypeVar

from msgspec import Struct
from msgspec.structs import replace

from policyengine.decision.classes import span
from policyengine.decision.facts import Look
from policyengine.decision.index import Entry, Index, selects
from policyengine.decision.law import Rules
from policyengine.decision.ruling import Spoken, Topic, named_recipients, topic_of, topics_of
from policyengine.model.condition import (
    ALWAYS,
    NEVER,
    Condition,
    During,
    Elsewhere,
    Field,
    Holds,
    In,
    NotIn,
    all_of,
    conjuncts,
    leaves,
    mapped,
)
from policyengine.model.policy import Policy
from policyengine.model.rule import (
    Alternative,
    Duty,
    Permit,
    Replacement,
    Restriction,
    Rule,
    as_use,
    beside_use,
    conditions_of,
)
from policyengine.moment import FOREVER

Question: TypeAlias = Holds | Look | Elsewhere
"""A leaf that looks at more than the fields of an event's class and its items."""

R = TypeVar("R", bound=Rule)


class Ready(Struct, frozen=True, gc=False):
    """What is left of one rule.

    Args:
        where: the number of the list of `Rules` in which it stands.
        rule: the rule, without what selects it.
        words: the lists of words in it, and the spans of time.
        items: the lists of items in it.
        questions: what is left to ask. Each leaf is one object wherever it stands.
    """

    where: int
    rule: Rule
    words: Sequence[In | NotIn | During]
    items: Sequence[In | NotIn]
    questions: Sequence[Question]


LISTS: Final[Mapping[str, int]] = {name: number for number, name in enumerate(Rules._fields)}
"""The lists of `Rules`, by name."""


class Leaves:
    """Conditions with every leaf one object, however many rules have it."""

    def __init__(self) -> None:
        self._found: dict[Condition, Condition] = {}

    def one(self, condition: Condition) -> Condition:
        """Return `condition` with every leaf the one object that stands for it."""
        if condition in (ALWAYS, NEVER):
            return condition
        return mapped(condition, lambda leaf, _: self._found.setdefault(leaf, leaf))

    def left(self, condition: Condition) -> Condition:
        """Return what is left of `condition` for events that meet all that selects."""
        return self.one(all_of(*(part for part in conjuncts(condition) if not selects(part))))


class Left(NamedTuple):
    """The leaves that are left in some conditions, each once: lists of words and spans of time, of items, questions."""

    words: Sequence[In | NotIn | During]
    items: Sequence[In | NotIn]
    questions: Sequence[Question]


def left_in(conditions: Iterable[Condition]) -> Left:
    """Return the leaves of some conditions, each of which is one object wherever it stands."""
    words: list[In | NotIn | During] = []
    items: list[In | NotIn] = []
    questions: list[Question] = []
    for leaf in {id(leaf): leaf for condition in conditions for leaf in leaves(condition)}.values():
        if isinstance(leaf, During):
            words.append(leaf)
        elif isinstance(leaf, In | NotIn):
            (items if leaf.field is Field.ITEM else words).append(leaf)
        elif isinstance(leaf, Question):
            questions.append(leaf)
    return Left(
        tuple(words), tuple(items), tuple(questions)
    )  # tuples: of most there is nothing, and that is one object


def ready_rules(rules: Iterable[Rule], one: Leaves) -> Index[Ready]:
    """Return rules, each found by the events for which it can matter.

    Args:
        rules: the rules.
        one: makes equal leaves one.
    """
    return Index(entry for rule in rules for entry in _entries(rule, one))


def _entries(rule: Rule, one: Leaves) -> Iterable[Entry[Ready]]:
    for name, form, scope in _forms(rule):
        left = _left(form, one)
        start, end = span(rule)
        yield Entry(Ready(LISTS[name], left, *left_in(conditions_of(left))), scope, start, end)


def _forms(rule: Rule) -> Iterable[tuple[str, Rule, Condition]]:
    """Yield as what a rule can matter, in which form, and what must be met for it."""
    match rule:
        case Permit():
            operations = In(Field.OPERATION, rule.operations, ())
            yield "permits", rule, all_of(operations, rule.about, rule.terms)
            if rule.licence:
                licence = as_use(rule)
                yield "licences", licence, all_of(licence.about, licence.terms)
        case Restriction():
            yield "restrictions", rule, rule.when
            if rule.only is not None:
                over = beside_use(rule)
                yield "over", over, over.when
        case Alternative():
            yield "ways", rule, rule.when
            way = beside_use(rule)
            yield "ways_over", way, way.when
        case Replacement():
            yield "replacements", rule, rule.when
        case Duty():
            yield "duties", rule, rule.when


def _left(rule: R, one: Leaves) -> R:
    match rule:
        case Permit():
            return replace(rule, about=one.left(rule.about), terms=one.left(rule.terms))
        case Restriction():
            unless, exempt = one.one(rule.unless), one.one(rule.exempt)
            return replace(rule, when=one.left(rule.when), unless=unless, exempt=exempt)
        case Alternative() | Replacement() | Duty():
            return replace(rule, when=one.left(rule.when))


class Speech(Struct, frozen=True, gc=False):
    """What clauses can speak of, for one kind of event.

    Args:
        topic: what is left of it.
        named: whether they name the very recipient.
        behind: the rules behind it, each with when it is in force.
        words: the lists of words in it, and the spans of time.
        items: the lists of items in it.
        questions: what is left to ask.
    """

    topic: Topic
    named: bool
    behind: tuple[tuple[str, int, int], ...]
    words: Sequence[In | NotIn | During]
    items: Sequence[In | NotIn]
    questions: Sequence[Question]

    def spoken(self, instant: int) -> Spoken | None:
        """Return what is spoken of at `instant`; None where no rule behind it is in force."""
        found = None
        for rule, start, end in self.behind:
            if start <= instant < end:
                if found is not None:
                    return Spoken(self.topic, None, self.named)
                found = rule
        return None if found is None else Spoken(self.topic, found, self.named)


def ready_topics(policy: Policy, one: Leaves) -> Index[Speech]:
    """Return what the clauses of a policy speak of, each thing found by the events of which it can speak."""
    behind: dict[Topic, list[tuple[str, int, int]]] = {}
    entries: list[Entry[Speech]] = []
    for rule in policy.rules:
        if isinstance(rule, Permit):
            known = (rule.head.id, *span(rule))
            for topic in topics_of(policy, rule, True):
                behind.setdefault(topic, []).append(known)
            if named := named_recipients(rule):
                to = In(Field.RECIPIENT, named, ())
                entries.append(_speech(topic_of(policy, rule), one, (known,), to))
    entries += (_speech(topic, one, tuple(rules), None) for topic, rules in behind.items())
    return Index(entries)


def _speech(topic: Topic, one: Leaves, behind: tuple[tuple[str, int, int], ...], to: Condition | None) -> Entry[Speech]:
    operations = ALWAYS if topic.licence else In(Field.OPERATION, topic.operations, ())
    left = one.left(topic.about)
    speech = Speech(topic._replace(about=left), to is not None, behind, *left_in([left]))
    return Entry(speech, all_of(operations, to or ALWAYS, topic.about), -FOREVER, FOREVER)
