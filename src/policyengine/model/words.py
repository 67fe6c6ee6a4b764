"""Conditions in words, in Japanese and in English."""

from __future__ import annotations

from collections.abc import Iterable

from policyengine.model.comparison import COMPARISONS
from policyengine.model.condition import And, Compare, Condition, Field, Holds, In, Not, NotIn, Or, Read, Same
from policyengine.model.fields import ROWS
from policyengine.model.vocabulary import Vocabulary
from policyengine.text import Text, listed

FIELDS = {field: row.label for field, row in ROWS.items()}


def describe(condition: Condition, vocabulary: Vocabulary) -> Text:
    """Return `condition` as a phrase that is true where the condition is met."""
    match condition:
        case In(field, _, written):
            name, terms = FIELDS[field], _terms(field, written, vocabulary)
            one = len(written) == 1
            return Text(
                ja=f"{name.ja}が{terms.ja}" + ("" if one else "のいずれか"),
                en=f"{name.en} is {'' if one else 'one of '}{terms.en}",
            )
        case NotIn(field, _, written, open):
            name, terms = FIELDS[field], _terms(field, written, vocabulary)
            if open:
                return Text(ja=f"{name.ja}が{terms.ja}ではない", en=f"{name.en} is not {terms.en}")
            return Text(ja=f"{name.ja}が明示され、{terms.ja}ではない", en=f"{name.en} is stated, and is not {terms.en}")
        case Same(left, right):
            return Text(
                ja=f"{FIELDS[left].ja}が{FIELDS[right].ja}と同じ", en=f"{FIELDS[left].en} is the {FIELDS[right].en}"
            )
        case Compare(attribute, op, value):
            name = vocabulary.attributes[attribute].label
            shown = {True: "true", False: "false"}.get(value, value) if isinstance(value, bool) else value
            text = COMPARISONS[op].text
            return Text(ja=f"{name.ja}が{shown}{text.ja}", en=" ".join(f"{name.en} is {text.en} {shown}".split()))
        case Holds():
            return _fact(condition, vocabulary)
        case Read(reading, values):
            among = " / ".join(sorted(values))
            return Text(ja=f"読み方 {reading} が {among}", en=f"the reading {reading} is {among}")
        case And(parts):
            return _joined(parts, vocabulary, Text(ja="、かつ", en="and"), Text(ja="つねに", en="always"))
        case Or(parts):
            return _joined(parts, vocabulary, Text(ja="、または", en="or"), Text(ja="ない", en="never"))
        case Not(part):
            inner = describe(part, vocabulary)
            return Text(ja=f"「{inner.ja}」ではない", en=f"not ({inner.en})")


def _terms(field: Field, written: Iterable[str], vocabulary: Vocabulary) -> Text:
    return listed(vocabulary.label(field, term) for term in written) if written else Text(ja="（なし）", en="(none)")


def _fact(asked: Holds, vocabulary: Vocabulary) -> Text:
    declared = vocabulary.facts[asked.type]
    named = [
        listed(
            (declared.labels.get(value, Text(value, value)) for value in sorted(values)),
            last=Text(ja="または", en="or"),
        )
        for _, values in asked.where
    ]
    ja = declared.label.ja + (f"（{'、'.join(text.ja for text in named)}）" if named else "")
    en = declared.label.en + (f" ({', '.join(text.en for text in named)})" if named else "")
    if asked.unheld:
        fields = ", ".join(sorted(asked.unheld))
        return Text(ja=f"{ja}が有効（{fields} は問わない）", en=f"{en} in effect, whatever its {fields}")
    return Text(ja=f"{ja}が有効", en=f"{en} in effect")


def _joined(parts: tuple[Condition, ...], vocabulary: Vocabulary, word: Text, empty: Text) -> Text:
    if not parts:
        return empty
    phrases = [(describe(part, vocabulary), isinstance(part, And | Or)) for part in parts]
    return Text(
        ja=word.ja.join(f"（{phrase.ja}）" for phrase, _ in phrases),
        en=f"; {word.en} ".join(f"({phrase.en})" if nested else phrase.en for phrase, nested in phrases),
    )
