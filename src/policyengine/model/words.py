"""Conditions in words, with the words of a policy in every language that it has."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from policyengine.model.comparison import COMPARISONS
from policyengine.model.condition import (
    STATED,
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
    Name,
    Not,
    NotIn,
    Or,
    Read,
    Same,
)
from policyengine.model.fact import FactType
from policyengine.model.fields import ROWS
from policyengine.model.time_words import age_in_words, clock_in_words, lasting, span_in_words
from policyengine.model.vocabulary import DIMENSIONS, Vocabulary
from policyengine.moment import written
from policyengine.text import Text, listed, same

FIELDS = {field: row.label for field, row in ROWS.items()}

_STATED: Final = Text(ja="{name}が示されている", en="{name} is stated")
_UNSTATED: Final = Text(ja="{name}が示されていない", en="{name} is not stated")
_IS_NOT_SO: Final = Text(ja="「{label}」に当たらない", en="not ({label})")


def describe(condition: Condition, vocabulary: Vocabulary) -> Text:
    """Return `condition` as a phrase that is true where the condition is met."""
    match condition:
        case And(_, Name() as called) | Or(_, Name() as called):
            return _IS_NOT_SO.filled(label=called.label) if called.turned else called.label
        case In(field, _, written):
            name, terms = FIELDS[field], _terms(field, written, vocabulary)
            one = len(written) == 1
            several = Text(ja="{name}が{terms}のいずれか", en="{name} is one of {terms}")
            return (_IS if one else several).filled(name=name, terms=terms)
        case NotIn(field, _, written, open):
            name, terms = FIELDS[field], _terms(field, written, vocabulary)
            stated = Text(ja="{name}が明示され、{terms}ではない", en="{name} is stated, and is not {terms}")
            return (_IS_NOT if open else stated).filled(name=name, terms=terms)
        case Same(left, right, equal):
            is_the = Text(ja="{one}が{other}と同じ", en="{one} is the {other}")
            is_not = Text(ja="{one}が{other}ではない", en="{one} is not the {other}")
            return (is_the if equal else is_not).filled(one=FIELDS[left], other=FIELDS[right])
        case Compare(attribute, op, value):
            name = vocabulary.attributes[attribute].label
            if op == STATED:
                return (_STATED if value else _UNSTATED).filled(name=name)
            shown = {True: "true", False: "false"}.get(value, value) if isinstance(value, bool) else value
            text = COMPARISONS[op].text
            compared = Text(
                ja="{name}が{shown}{text}", en="{name} is {text} {shown}" if text.en else "{name} is {shown}"
            )
            return compared.filled(name=name, text=text, shown=shown)
        case During():
            return span_in_words(condition)
        case Clock():
            return clock_in_words(condition)
        case Age(attribute, within, passed):
            ago = Text(ja="{name}から{time}以上たっている", en="{name} is {time} ago or longer")
            less = Text(ja="{name}から{time}たっていない", en="{name} is less than {time} ago")
            return (ago if passed else less).filled(name=vocabulary.attributes[attribute].label, time=lasting(within))
        case Acquired():
            return age_in_words(condition)
        case Holds():
            return _fact(condition, vocabulary)
        case Elsewhere():
            return _ELSEWHERE
        case Read(reading, values):
            among = " / ".join(sorted(values))
            return Text(ja=f"読み方 {reading} が {among}", en=f"the reading {reading} is {among}")
        case And(parts):
            return _joined(parts, vocabulary, Text(ja="、かつ", en="and"), Text(ja="つねに", en="always"))
        case Or(parts):
            return _joined(parts, vocabulary, Text(ja="、または", en="or"), Text(ja="ない", en="never"))
        case Not(part):
            return Text(ja="「{part}」に当たらない", en="not ({part})").filled(part=describe(part, vocabulary))


_ELSEWHERE: Final = Text(ja="ほかのポリシーの条項が利用目的を認めている", en="another policy licenses the purpose")
_IS: Final = Text(ja="{name}が{terms}", en="{name} is {terms}")
_IS_NOT: Final = Text(ja="{name}が{terms}ではない", en="{name} is not {terms}")


def _terms(field: Field, written: Iterable[str], vocabulary: Vocabulary) -> Text:
    return listed(vocabulary.label(field, term) for term in written) if written else Text(ja="（なし）", en="(none)")


def _value(declared: FactType, name: str, value: str, vocabulary: Vocabulary) -> Text:
    of = declared.fields[name].of
    return declared.labels.get(value, same(value)) if of is None else vocabulary.label(DIMENSIONS[of], value)


def _named(asked: Holds, vocabulary: Vocabulary) -> Text:
    """Return what a fact is called, with the values that are named of it."""
    declared = vocabulary.facts[asked.type]
    named = [
        listed(
            (_value(declared, name, value, vocabulary) for value in sorted(values)),
            last=Text(ja="または", en="or"),
        )
        for name, values in asked.where
    ]
    if not named:
        return declared.label
    return Text(ja="{fact}（{named}）", en="{fact} ({named})").filled(fact=declared.label, named=listed(named))


def fact_in_words(asked: Holds, vocabulary: Vocabulary) -> Text:
    """Return what facts are called that are as `asked`."""
    fact = _named(asked, vocabulary)
    if asked.after is not None:
        later = Text(ja="{other}のどれよりも後の{fact}", en="{fact} given after every {other}")
        fact = later.filled(fact=fact, other=_named(asked.after, vocabulary))
    if asked.within is not None:
        recent = Text(ja="{time}たっていない{fact}", en="{fact} given less than {time} ago")
        fact = recent.filled(fact=fact, time=lasting(asked.within))
    if asked.before is not None:
        early = Text(ja="{time} より前の{fact}", en="{fact} from before {time}")
        fact = early.filled(fact=fact, time=written(asked.before))
    if asked.stated:
        stating = Text(ja="{fields} を示した{fact}", en="{fact} that states its {fields}")
        fact = stating.filled(fact=fact, fields=", ".join(sorted(asked.stated)))
    return fact


def _fact(asked: Holds, vocabulary: Vocabulary) -> Text:
    fact = fact_in_words(asked, vocabulary)
    if asked.unheld:
        whatever = Text(ja="{fact}がある（{fields} は問わない）", en="{fact} in effect, whatever its {fields}")
        return whatever.filled(fact=fact, fields=", ".join(sorted(asked.unheld)))
    return Text(ja="{fact}がある", en="{fact} in effect").filled(fact=fact)


def _joined(parts: tuple[Condition, ...], vocabulary: Vocabulary, word: Text, empty: Text) -> Text:
    if not parts:
        return empty
    nested = Text(ja="（{part}）", en="({part})")
    alone = Text(ja="（{part}）", en="{part}")
    phrases = [
        (nested if isinstance(part, And | Or) else alone).filled(part=describe(part, vocabulary)) for part in parts
    ]
    found = phrases[0]
    for phrase in phrases[1:]:
        found = Text(ja="{found}{word}{phrase}", en="{found}; {word} {phrase}").filled(
            found=found, word=word, phrase=phrase
        )
    return found
