"""What an event leaves open that stands in its way: the JSON paths of what would have to be said to know better."""

from __future__ import annotations

from collections.abc import Container, Iterable, Iterator, Mapping, Sequence
from typing import Final, NamedTuple

from msgspec import UNSET

from policyengine.decision.admission import Admitted
from policyengine.decision.facts import Answers
from policyengine.decision.law import Items
from policyengine.errors import json_path, nearest
from policyengine.model.condition import (
    OPEN,
    Acquired,
    Age,
    Compare,
    Condition,
    Elsewhere,
    Field,
    Holds,
    In,
    NotIn,
    Same,
    leaves,
)
from policyengine.model.event import Event
from policyengine.model.fields import ROWS
from policyengine.model.policy import Policy
from policyengine.model.rule import Alternative, Duty, Permit, Replacement, Restriction, Rule, sided
from policyengine.model.vocabulary import DIMENSIONS, Vocabulary
from policyengine.moment import FOREVER
from policyengine.text import Text, listed

_UNSTATED: Final = Text(ja="{name}が示されていません", en="the {name} is not stated")

MOST: Final = 8
"""How many open things a message names."""


class Opening(NamedTuple):
    """One thing that is left open.

    Args:
        path: its JSON path in the event, without ``$.``.
        text: what is not said, for people.
    """

    path: str
    text: Text


class Openings:
    """What events leave open, by what hangs on it under one policy.

    Args:
        policy: the policy.
    """

    def __init__(self, policy: Policy) -> None:
        self._policy = policy
        self._turned: dict[int, Sequence[tuple[Condition, Condition]]] = {}

    def of(self, answers: Answers, rules: Iterable[Rule], items: Items) -> list[Opening]:
        """Return what would have to be said for `rules` to have another effect on some items, by path, each once.

        Args:
            answers: of the event.
            rules: restrictions that bind it, permits that do not permit it, rules that take the place of others; of
                the policy.
            items: the items.
        """
        found: dict[str, Opening] = {}
        for rule in rules:
            for opening in self._of(answers, rule, items):
                found.setdefault(opening.path, opening)
        return sorted(found.values())

    def _of(self, answers: Answers, rule: Rule, items: Items) -> Iterator[Opening]:
        """Yield what is left open in the conditions of one rule, if its effect hangs on that."""
        pairs = self._turned.get(id(rule))
        if pairs is None:  # INVARIANT: the policy keeps its rules, so no other rule ever has this one's id
            pairs = self._turned[id(rule)] = _turned(rule, self._policy.vocabulary)
        met = [answers.met(turned, items) for _, turned in pairs]
        match rule:
            case Permit():
                other = met[0] & met[1]  # where it would permit
            case Restriction():
                other = items & (~met[0] | met[1] | met[2])  # where it would not bind
            case Alternative():
                other = items & met[0]  # where it would meet what is asked
            case Replacement(wholly=True):
                other = met[0]
            case Replacement() | Duty():
                other = items & ~met[0]
        if not other:
            return
        for condition, turned in pairs:
            for leaf, turned_leaf in zip(leaves(condition), leaves(turned), strict=True):
                differing = (answers.leaf(leaf) ^ answers.leaf(turned_leaf)) & other
                if differing:
                    yield from _paths(self._policy, answers, leaf, turned_leaf, differing)


def _turned(rule: Rule, vocabulary: Vocabulary) -> Sequence[tuple[Condition, Condition]]:
    """Return the conditions of a rule, each with the same on the other side: as if all that is open were otherwise."""
    match rule:
        case Permit():
            placed = [(rule.about, False), (rule.terms, False)]
        case Restriction():
            placed = [(rule.when, True), (rule.unless, False), (rule.exempt, False)]
        case Alternative():
            placed = [(rule.when, False)]
        case Replacement():
            placed = [(rule.when, not rule.wholly)]
        case Duty():
            placed = [(rule.when, True)]
    return [(condition, sided(condition, not may, vocabulary, rule.head.passing)) for condition, may in placed]


def with_openings(message: Text, found: Iterable[Opening]) -> Text:
    """Return `message` with what is left open, if anything is."""
    texts = list(dict.fromkeys(opening.text for opening in found))
    if not texts:
        return message
    shown = listed(texts[:MOST])
    return Text(ja="{message}（{shown}）", en="{message} ({shown})").filled(message=message, shown=shown)


def _paths(policy: Policy, answers: Answers, leaf: Condition, turned: Condition, items: Items) -> Iterator[Opening]:
    match leaf:
        case In(field) | NotIn(field):
            yield from _field(policy, answers, field, items)
        case Same(left, right):
            for field in (left, right):
                if answers.seen[field] is OPEN:
                    yield from _field(policy, answers, field, items)
        case Compare(attribute) | Age(attribute):
            yield _attribute(policy, answers.event, attribute)
        case Elsewhere():
            return
        case Acquired():
            said = Text(ja="いつ取得したかが示されていません", en="since when there are the data is not stated")
            yield Opening("acquired", said)
        case Holds():
            assert isinstance(turned, Holds)
            asked, surely = (leaf, turned) if leaf.may else (turned, leaf)
            for number, fact in answers.facts:
                if fact.type == asked.type:
                    yield from _fact(policy, answers, asked, number, fact, items)
                    if surely.after is not None and answers.where(asked, fact) & items:
                        yield from _before(policy, answers, surely.after, fact, items)
        case _:
            raise TypeError(leaf)


def _field(policy: Policy, answers: Answers, field: Field, items: Items) -> Iterator[Opening]:
    """Yield that a field is not stated, or what it states in general."""
    row = ROWS[field]
    if field is Field.ITEM:
        for number, item in enumerate(answers.event.items):
            if items >> number & 1:
                yield _general(policy, field, item, f"items[{number}]")
        return
    value = answers.stated[field]
    if value is OPEN:
        yield Opening(row.name, _UNSTATED.filled(name=row.label))
    elif isinstance(value, str):
        yield _general(policy, field, value, row.name)


def _general(policy: Policy, field: Field, word: str, path: str) -> Opening:
    label = policy.vocabulary.label(field, word)
    text = Text(ja="「{name}」のどれかが示されていません", en="which kind of {name} it is is not stated")
    return Opening(path, text.filled(name=label))


def _attribute(policy: Policy, event: Event, attribute: str) -> Opening:
    label = policy.vocabulary.attributes[attribute].label
    text = _UNSTATED.filled(name=label)
    others = {name.casefold(): name for name in event.attributes if name not in policy.vocabulary.attributes}
    near = nearest(attribute.casefold(), others)
    if near is not None:
        text = Text(
            ja="{text}。「{near}」は「{attribute}」のことですか",
            en='{text}; "{near}" is stated: did you mean "{attribute}"?',
        ).filled(text=text, near=others[near], attribute=attribute)
    return Opening(json_path(("attributes", attribute))[2:], text)


def _fact(
    policy: Policy, answers: Answers, asked: Holds, number: int, fact: Admitted, items: Items
) -> Iterator[Opening]:
    """Yield why a fact may count and does not surely."""
    if not answers.where(asked, fact) & items:
        return
    values, agreement, event = answers.stated, answers.agreement, answers.event
    if fact.start == -FOREVER and asked.within is not None:
        yield _not_said_since(policy, asked, number)
    if fact.subject is not None and values[Field.SUBJECT_ID] is OPEN:
        yield from _field(policy, answers, Field.SUBJECT_ID, items)
    plan = agreement.plan(asked)
    for named, (_, wanted) in zip(plan.where, asked.where, strict=True):
        words = fact.stated[named.position]
        yield from _strangers(event.known[number].data, number, named.name, named.unknown(words))
        of = policy.vocabulary.facts[asked.type].fields[named.name].of
        if of is not None:
            surely = policy.vocabulary.accepted(of, wanted, False)
            stated = [words] if isinstance(words, str) else list(words)
            if surely.isdisjoint(stated):
                for index, word in enumerate(stated):
                    if word in named.accepted:
                        at = () if isinstance(words, str) else (index,)
                        path = json_path(("facts", number, named.name, *at))[2:]
                        yield _general(policy, DIMENSIONS[of], word, path)
    for held in plan.held:
        words = fact.stated[held.position]
        if words is UNSET or held.field is Field.OPERATION:
            continue
        left = items & ~answers.of_event(agreement.held(held, words, event, False)[0])
        if not left:
            continue
        if values.get(held.field) is OPEN:
            yield from _field(policy, answers, held.field, items)
            continue
        if unknown := agreement.unknown(held, words):
            yield from _strangers(event.known[number].data, number, held.name, unknown)
        general = answers.of_event(agreement.held(held, words, event, True)[1]) & left
        if general:
            yield from _field(policy, answers, held.field, general)


def _not_said_since(policy: Policy, asked: Holds, number: int) -> Opening:
    """Return that a fact does not say since when it is in effect."""
    said = Text(ja="{fact}がいつからかが示されていません", en="since when there is {fact} is not stated")
    label = policy.vocabulary.facts[asked.type].label
    return Opening(f"facts[{number}].from", said.filled(fact=label))


def _before(policy: Policy, answers: Answers, before: Holds, fact: Admitted, items: Items) -> Iterator[Opening]:
    """Yield why other facts may count, or may have begun no earlier, and are for that in the way of a fact."""
    for number, other in answers.facts:
        if other.type == before.type and (other.start >= fact.start or other.start == -FOREVER):
            if other.start == -FOREVER and answers.where(before, other) & items:
                yield _not_said_since(policy, before, number)
            yield from _fact(policy, answers, before, number, other, items)


def _strangers(data: Mapping[str, object], number: int, name: str, unknown: Container[str]) -> Iterator[Opening]:
    """Yield the words of a fact that the policy does not know."""
    stated = data[name]
    words = [stated] if isinstance(stated, str) else list(stated)  # type: ignore[call-overload]
    for index, word in enumerate(words):
        if word in unknown:
            where = ("facts", number, name) if isinstance(stated, str) else ("facts", number, name, index)
            path = json_path(where)[2:]
            yield Opening(
                path,
                Text(ja=f"{path} はポリシーの知らない語です", en=f"{path} is a word that the policy does not know"),
            )
