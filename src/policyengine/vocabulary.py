"""The words that a policy knows: terms with their kinds, attributes, and types of fact."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final, Literal, TypeAlias

from policyengine.condition import Field
from policyengine.errors import EventError, did_you_mean, json_path
from policyengine.text import Text

OPERATIONS: Mapping[str, Text] = {
    "acquire": Text(ja="取得", en="acquisition"),
    "use": Text(ja="利用", en="use"),
    "joint_use": Text(ja="共同利用", en="joint use"),
    "entrust": Text(ja="委託・預託", en="entrustment"),
    "provide": Text(ja="第三者提供", en="provision to a third party"),
    "disclose": Text(ja="本人への開示", en="disclosure to the data subject"),
}
"""The six operations of the contract, which are the same in every policy."""

NEEDS_RECIPIENT: Final = frozenset({"joint_use", "entrust", "provide", "disclose"})
NEEDS_PURPOSE: Final = frozenset({"acquire", "use", "joint_use", "entrust", "provide"})
"""The operations whose events must name a recipient, and those whose events must state a purpose."""

DIMENSIONS: Mapping[str, Field] = {
    "subjects": Field.SUBJECT,
    "items": Field.ITEM,
    "purposes": Field.PURPOSE,
    "forms": Field.FORM,
    "origins": Field.ORIGIN,
    "parties": Field.RECIPIENT,
    "services": Field.SERVICE,
}
"""The tables of a vocabulary that hold terms, and the event field whose values they name."""

CLOSED = tuple(name for name in DIMENSIONS if name != "parties")
"""The dimensions in which an event may use declared terms only. Parties are an open set."""

Held: TypeAlias = Literal["recipient", "purpose", "subject", "item", "operation", "value"]
"""What a field of a fact is held against: a field of the event, or a value that the rule names."""

HELD_DIMENSION: Mapping[str, str] = {"recipient": "parties", "purpose": "purposes", "item": "items"}
"""Where the terms of a held field are declared."""

COMMON_FACT_FIELDS = ("type", "subject", "from", "until")


@dataclass(frozen=True, slots=True)
class Term:
    """One word of a dimension: its id, its labels, and the terms of which it is a kind."""

    id: str
    label: Text
    is_a: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Attribute:
    """A scalar that the host may state about an event, and that rules may test."""

    id: str
    label: Text
    type: Literal["boolean", "integer", "number", "string"]

    def accepts(self, value: Any) -> bool:
        """Whether `value` is of the declared type, as JSON Schema counts types (``3.0`` is an integer)."""
        match self.type:
            case "boolean":
                return isinstance(value, bool)
            case "string":
                return isinstance(value, str)
            case "number":
                return isinstance(value, int | float) and not isinstance(value, bool)
            case "integer":
                return (isinstance(value, int) and not isinstance(value, bool)) or (
                    isinstance(value, float) and value.is_integer()
                )


@dataclass(frozen=True, slots=True)
class FactField:
    """One field of a fact type.

    Args:
        id: the key in a fact.
        held: what it is held against.
        list: whether it holds a list, which agrees when one of its members does.
        required: whether every fact of the type must have it.
        values: the accepted values of a field of kind ``value``; None where any text is.
    """

    id: str
    held: Held
    list: bool = False
    required: bool = False
    values: frozenset[str] | None = None


@dataclass(frozen=True, slots=True)
class FactType:
    """A declared type of fact: consent, contract, request, or one of a policy's own."""

    id: str
    label: Text
    fields: Mapping[str, FactField]
    labels: Mapping[str, Text] = field(default_factory=dict, compare=False)
    """Labels of the values of its ``value`` fields."""

    def errors(self, fact: Mapping[str, Any], path: str) -> Iterator[EventError]:
        """Yield what is wrong with the form of `fact`, which stands at the JSON path `path` of its event."""
        for name, declared in self.fields.items():
            if name not in fact:
                if declared.required:
                    yield EventError(
                        path + json_path((name,))[1:],
                        Text(ja=f"{self.id} に必須の項目です", en=f"required field of a fact of type {self.id}"),
                    )
                continue
            yield from _field_errors(declared, fact[name], path)
        for name in fact:
            if name not in self.fields and name not in COMMON_FACT_FIELDS:
                hint = did_you_mean(name, (*self.fields, *COMMON_FACT_FIELDS))
                yield EventError(
                    path + json_path((name,))[1:],
                    Text(
                        ja=f"{self.id} にない項目です" + (f"（{hint.ja}）" if hint else ""),
                        en=f"unknown field of a fact of type {self.id}" + (f"; {hint.en}" if hint else ""),
                    ),
                )


def _field_errors(declared: FactField, value: Any, path: str) -> Iterator[EventError]:
    """Yield what is wrong with the value of a field. Facts are held to this all the time: a sound one costs little."""
    if declared.list:
        if isinstance(value, str) or not value:
            what = Text(ja="空でない文字列のリスト", en="expected a non-empty list of strings")
            yield EventError(_at(path, declared.id), what)
            return
        members = value
    elif not isinstance(value, str):
        yield EventError(_at(path, declared.id), Text(ja="文字列", en="expected a string"))
        return
    else:
        members = (value,)
    known = _OPERATIONS if declared.held == "operation" else declared.values
    for index, member in enumerate(members):
        where = (declared.id, index) if declared.list else (declared.id,)
        if known is not None:
            if member not in known:
                hint = did_you_mean(member, known)
                yield EventError(
                    _at(path, *where),
                    Text(
                        ja=f"次のいずれか: {', '.join(sorted(known))}" + (f"（{hint.ja}）" if hint else ""),
                        en=f"expected one of {', '.join(sorted(known))}" + (f"; {hint.en}" if hint else ""),
                    ),
                )
        elif not member and declared.held not in ("item", "purpose"):
            yield EventError(_at(path, *where), Text(ja="空でない文字列", en="expected a non-empty string"))


def _at(path: str, *keys: str | int) -> str:
    return path + json_path(keys)[1:]


_OPERATIONS = frozenset(OPERATIONS)


@dataclass(frozen=True)
class Vocabulary:
    """All declared words.

    Args:
        terms: for each name of `DIMENSIONS`, the declared terms by id.
        attributes: by id.
        facts: the fact types by id.
        sets: for each dimension, named sets of terms that rules may use in place of a list.
    """

    terms: Mapping[str, Mapping[str, Term]]
    attributes: Mapping[str, Attribute] = field(default_factory=dict)
    facts: Mapping[str, FactType] = field(default_factory=dict)
    sets: Mapping[str, Mapping[str, tuple[str, ...]]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        closures: dict[str, dict[str, frozenset[str]]] = {}
        for dimension, terms in self.terms.items():
            below: dict[str, set[str]] = {term: {term} for term in terms}
            for term in terms:
                for ancestor in ancestors(term, terms):
                    below[ancestor].add(term)
            closures[dimension] = {term: frozenset(kinds) for term, kinds in below.items()}
        object.__setattr__(self, "_closures", closures)

    def kinds(self, dimension: str, term: str) -> frozenset[str]:
        """Return `term` and all its kinds; an undeclared term (a party may be one) has no kind but itself."""
        closures: dict[str, dict[str, frozenset[str]]] = self._closures  # type: ignore[attr-defined]
        return closures[dimension].get(term) or frozenset((term,))

    def closure(self, dimension: str, terms: Iterable[str]) -> frozenset[str]:
        """Return `terms` and all their kinds."""
        return frozenset(kind for term in terms for kind in self.kinds(dimension, term))

    def label(self, field: Field | str, term: str) -> Text:
        """Return what people call `term`, a value of the event field `field`."""
        if field == Field.OPERATION:
            return OPERATIONS.get(term, Text(term, term))
        for dimension, of in DIMENSIONS.items():
            if of == field and term in self.terms[dimension]:
                return self.terms[dimension][term].label
        return Text(term, term)

    def unknown_terms(self, fact: Mapping[str, Any]) -> Iterator[tuple[str, str, str]]:
        """Yield (field, dimension, term) for each term of a well-formed fact that is not declared."""
        kind = self.facts.get(fact["type"])
        if kind is None:
            return
        for name, declared in kind.fields.items():
            dimension = HELD_DIMENSION.get(declared.held)
            if dimension in CLOSED and name in fact:
                value = fact[name]
                for term in (value,) if isinstance(value, str) else value:
                    if term not in self.terms[dimension]:
                        yield name, dimension, term


def ancestors(term: str, terms: Mapping[str, Term]) -> set[str]:
    """Return the terms of which `term` is a kind; itself among them only where a hierarchy runs in a circle."""
    seen: set[str] = set()
    waiting = list(terms[term].is_a)
    while waiting:
        parent = waiting.pop()
        if parent in terms and parent not in seen:
            seen.add(parent)
            waiting.extend(terms[parent].is_a)
    return seen
