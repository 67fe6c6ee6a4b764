"""What a case asserts, in a sentence: so that a person can say whether it is right without reading TOML.

Words are said as the policies label them. Who the data are about, and the values of attributes, are not quoted.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, Final

from policyengine.model.condition import Field
from policyengine.model.fact import HELD_FIELD, FactType
from policyengine.model.fields import EVENT, stated
from policyengine.model.policy import Policy
from policyengine.model.vocabulary import DIMENSIONS
from policyengine.suite.case import Case, expected_text
from policyengine.text import Text, listed, same

_OUTCOMES: Final[Mapping[str, Text]] = {
    "permit": Text(ja="許可される", en="is permitted"),
    "deny": Text(ja="拒否される", en="is denied"),
    "invalid": Text(ja="不正なイベントとなる", en="is an invalid event"),
}
_HEAD: Final = frozenset({"id", "operation", "items", "subject.category"})
"""The fields with which a sentence begins, and the one that is the case's name."""


def sentence(case: Case, policies: Sequence[Policy]) -> Text:
    """Return what a case asserts.

    Args:
        case: the case; its event may be malformed.
        policies: those under which it is decided, whose words are used.
    """
    expected = _bracketed(expected_text(case.expected))
    return Text(
        ja="{flow}は{outcome}{rest}。",
        en="The {flow} {outcome}{rest}.",
    ).filled(flow=flow(case.event, policies), outcome=_OUTCOMES[case.expected["outcome"]], rest=expected)


def flow(event: Mapping[str, Any], policies: Sequence[Policy]) -> Text:
    """Return what an event states.

    Args:
        event: the event, as JSON has it; it may be malformed.
        policies: those whose words are used.
    """
    say = _Words(policies)
    parts = {
        "operation": say.value(stated(event, "operation"), Field.OPERATION),
        "items": say.value(stated(event, "items"), Field.ITEM),
        "subject": say.value(stated(event, "subject.category"), Field.SUBJECT),
        "more": _bracketed(listed(say.details(event))),
    }
    return Text(
        ja="{subject}の{items}の{operation}{more}",
        en="{operation} of {items} of {subject}{more}",
    ).filled(**parts)


class _Words:
    """Says what events state in the words of some policies."""

    def __init__(self, policies: Sequence[Policy]) -> None:
        self._vocabularies = [policy.vocabulary for policy in policies]

    def value(self, value: Any, field: Field | None) -> Text:
        """Return a word, or a list of words; what is neither has no words here."""
        if isinstance(value, list | tuple):
            return listed(self.value(member, field) for member in value) if value else _NOTHING
        if not isinstance(value, str):
            return _NOTHING if value is None else _SOMETHING
        labels = (vocabulary.label(field, value) for vocabulary in self._vocabularies if field is not None)
        return next((label for label in labels if label != same(value)), same(value))

    def details(self, event: Mapping[str, Any]) -> Iterator[Text]:
        """Yield what an event states beside operation, items and subject, in the order of its fields."""
        for row in EVENT:
            value = stated(event, row.name)
            if row.name in _HEAD or value is None:
                continue
            if row.form == "facts":
                for fact in value if isinstance(value, list) else ():
                    yield self.fact(fact) if isinstance(fact, Mapping) else _SOMETHING
            elif row.form == "attributes":
                yield from map(self.attribute, value if isinstance(value, Mapping) else ())
            elif row.listable or row.form == "time" or row.name == "controller":
                yield _pair(row.label, self.value(value, row.field))
            else:
                yield _pair(row.label, _STATED)

    def fact(self, fact: Mapping[str, Any]) -> Text:
        """Return a fact: its type, and what it states."""
        kind = fact.get("type")
        unknown = FactType(kind, same(kind), {}) if isinstance(kind, str) else FactType("", self.value(kind, None), {})
        declared = next((v.facts[unknown.id] for v in self._vocabularies if unknown.id in v.facts), unknown)
        states = listed(self.stated(declared, fact))
        label = declared.label
        return _STATING.filled(label=label, states=states) if states.ja else label

    def stated(self, declared: FactType, fact: Mapping[str, Any]) -> Iterator[Text]:
        """Yield what a fact states beside its type, a field each; times and words with their values."""
        for name, value in fact.items():
            field = declared.fields.get(name)
            if name in ("from", "until"):
                yield _pair(same(name), self.value(value, None))
            elif field is not None and field.values is not None:
                said = (declared.labels.get(one) if isinstance(one, str) else None for one in _each(value))
                yield _pair(same(name), listed(label or _SOMETHING for label in said))
            elif field is not None and field.of is not None:
                yield _pair(same(name), self.value(value, DIMENSIONS[field.of]))
            elif field is not None and HELD_FIELD.get(field.held) not in (None, Field.SUBJECT_ID):
                yield _pair(same(name), self.value(value, HELD_FIELD[field.held]))
            elif name != "type":
                yield _pair(same(name), _STATED)

    def attribute(self, name: str) -> Text:
        """Return what people call an attribute that is stated."""
        label = next((v.attributes[name].label for v in self._vocabularies if name in v.attributes), same(name))
        return _pair(label, _STATED)


_STATING: Final = Text(ja="{label}〔{states}〕", en="{label} [{states}]")
_NOTHING: Final = Text(ja="（なし）", en="(none)")
_STATED: Final = Text(ja="明示", en="stated")
_SOMETHING: Final = Text(ja="（語ではない値）", en="(no word)")


def _pair(name: Text, value: Text) -> Text:
    return Text(ja="{name}: {value}", en="{name}: {value}").filled(name=name, value=value)


def _bracketed(text: Text) -> Text:
    return Text(ja="（{text}）", en=" ({text})").filled(text=text) if text.en else text


def _each(value: Any) -> Iterable[Any]:
    return value if isinstance(value, list | tuple) else (value,)
