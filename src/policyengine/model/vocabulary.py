"""The words that a policy knows: terms with their kinds, attributes, and types of fact."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from policyengine.model.condition import Field
from policyengine.model.fact import HELD_DIMENSION, FactType
from policyengine.model.fields import ROWS
from policyengine.model.operation import OPERATIONS
from policyengine.text import Text

DIMENSIONS: Mapping[str, Field] = {row.dimension: field for field, row in ROWS.items() if row.dimension}
"""The tables of a vocabulary that hold terms, and the event field whose values they name."""

CLOSED = tuple(name for name in DIMENSIONS if name != "parties")
"""The dimensions in which an event may use declared terms only. Parties are an open set."""


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
