"""The words that a policy knows: terms with their kinds, attributes, and types of fact."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Literal

from msgspec import Struct, field

from policyengine.errors import Source
from policyengine.model.aside import Aside
from policyengine.model.condition import Field
from policyengine.model.fact import FactType
from policyengine.model.fields import ROWS
from policyengine.model.hierarchy import Hierarchy
from policyengine.model.meanings import Meanings
from policyengine.model.operation import OPERATIONS
from policyengine.moment import FOREVER, is_day, is_time
from policyengine.once import once
from policyengine.text import Text, echoed, same

DIMENSION_OF: Mapping[str, str] = {field: row.dimension for field, row in ROWS.items() if row.dimension}
"""What declares the words of a field."""

DIMENSIONS: Mapping[str, Field] = {
    name: next(field for field, row in ROWS.items() if row.dimension == name) for name in DIMENSION_OF.values()
}
"""The tables of a vocabulary that hold terms, and the event field whose values they name; of parties, the recipient."""

CLOSED = tuple(name for name in DIMENSIONS if name != "parties")
"""The dimensions in which an event may use declared terms only. Parties are an open set."""

IGNORABLE = frozenset({"roles"})
"""The dimensions whose words mean nothing to a policy that declares none of them."""

_SINGLE = tuple((name, DIMENSIONS[name]) for name in CLOSED if name != "items")
"""The dimensions of which an event states one term, in the order in which messages name them."""


class Term(Aside, frozen=True, eq=False):
    """One word of a dimension.

    Args:
        id: the word.
        label: what people call it.
        is_a: the terms of which it is a kind.
        remainder: whether an event that states it means none of its kinds.
        source: where it is declared.
    """

    id: str
    label: Text
    is_a: tuple[str, ...] = ()
    remainder: bool = False
    source: Source | None = None


class Attribute(Aside, frozen=True, eq=False):
    """A scalar that the host may state about an event, and that rules may test.

    Args:
        id: its name.
        label: what people call it.
        type: of which type its values are.
        source: where it is declared.
    """

    id: str
    label: Text
    type: Literal["boolean", "integer", "number", "string", "date", "datetime"]
    source: Source | None = None

    @property
    def dated(self) -> bool:
        """Whether its values are days or times."""
        return self.type in ("date", "datetime")

    @property
    def ordered(self) -> bool:
        """Whether its values have an order, so that they can be compared with bounds."""
        return self.type in ("integer", "number", "date", "datetime")

    def bound(self, value: Any) -> bool:
        """Whether `value` can be a bound of it: of integers, any number."""
        if self.type in ("integer", "number"):
            return isinstance(value, int | float) and not isinstance(value, bool)
        return self.ordered and self.accepts(value)

    def accepts(self, value: Any) -> bool:
        """Whether `value` is of the declared type, as JSON Schema counts types (``3.0`` is an integer)."""
        match self.type:
            case "boolean":
                return isinstance(value, bool)
            case "string":
                return isinstance(value, str)
            case "date":
                return isinstance(value, str) and is_day(value)
            case "datetime":
                return isinstance(value, str) and is_time(value)
            case "number":
                return isinstance(value, int | float) and not isinstance(value, bool)
            case "integer":
                return (isinstance(value, int) and not isinstance(value, bool)) or (
                    isinstance(value, float) and value.is_integer()
                )


class Dated(Struct, frozen=True):
    """Some members of a set, and for how long they are in it.

    Args:
        terms: the members.
        start: from when, inclusive.
        end: until when, exclusive.
    """

    terms: tuple[str, ...]
    start: int = -FOREVER
    end: int = FOREVER


class Vocabulary(Struct, frozen=True, dict=True):
    """All declared words.

    Args:
        terms: for each name of `DIMENSIONS`, the declared terms by id.
        attributes: by id.
        facts: the fact types by id.
        sets: for each dimension, named sets of terms that rules may use in place of a list.
        dated: of sets of countries, those of which some are in it for a time: the countries, from when, until when.
    """

    terms: Mapping[str, Mapping[str, Term]]
    attributes: Mapping[str, Attribute] = field(default_factory=dict)
    facts: Mapping[str, FactType] = field(default_factory=dict)
    sets: Mapping[str, Mapping[str, tuple[str, ...]]] = field(default_factory=dict)
    dated: Mapping[str, tuple[Dated, ...]] = field(default_factory=dict)

    def kinds(self, dimension: str, term: str) -> frozenset[str]:
        """Return `term` and all its kinds; an undeclared term (a party may be one) has no kind but itself."""
        return self._hierarchies[dimension].get(term) or frozenset((term,))

    def knows(self, dimension: str, term: str) -> bool:
        """Whether an event may state `term`: it is declared, or the dimension is open, or one that is ignored here."""
        terms = self.terms[dimension]
        return term in terms or dimension not in CLOSED or (dimension in IGNORABLE and not terms)

    def strangers(self, stated: Mapping[Field, Any]) -> list[tuple[str, str]]:
        """Return the words, items aside, that an event states and that are not known, each with its dimension.

        Args:
            stated: what the event states; what is no text there is no word.
        """
        return [
            (dimension, value)
            for dimension, of in _SINGLE
            if isinstance(value := stated[of], str) and not self.knows(dimension, value)
        ]

    def closure(self, dimension: str, terms: Iterable[str]) -> frozenset[str]:
        """Return `terms` and all their kinds."""
        return self._hierarchies[dimension].closure(terms)

    @once
    def meant(self) -> Meanings:
        """What its words mean for one another, and its items as bits."""
        return Meanings(self)

    @once
    def _hierarchies(self) -> dict[str, Hierarchy]:
        return {dimension: hierarchy_of(terms) for dimension, terms in self.terms.items()}

    def above(self, dimension: str, words: Iterable[str]) -> frozenset[str]:
        """Return `words` and every word with which an event may mean one of them: those of which they are kinds.

        A remainder means none of its kinds, and is not among them unless it is one of `words`.
        """
        words, terms = frozenset(words), self.terms[dimension]
        return words | {word for word in self.over(dimension, words) if word in terms and not terms[word].remainder}

    def over(self, dimension: str, words: Iterable[str]) -> frozenset[str]:
        """Return `words` and every word of which one of them is a kind."""
        terms = self.terms[dimension]
        found = set(words)
        waiting = list(found)
        while waiting:
            term = terms.get(waiting.pop())
            parents = [parent for parent in term.is_a if parent in terms and parent not in found] if term else []
            found.update(parents)
            waiting.extend(parents)
        return frozenset(found)

    def accepted(self, dimension: str, named: Iterable[str], may: bool) -> frozenset[str]:
        """Return the words of a fact that are as a rule asks which names some: they, or of those, their kinds.

        Args:
            dimension: of the words.
            named: those that the rule names.
            may: whether a more general word counts, which may mean one of these.
        """
        closed = self.closure(dimension, named)
        return self.over(dimension, closed) if may else closed

    def meanings(self, dimension: str, word: str) -> frozenset[str]:
        """Return what an event that states `word` may mean: the word and its kinds, or itself alone (a remainder)."""
        term = self.terms[dimension].get(word)
        return self.kinds(dimension, word) if term is not None and not term.remainder else frozenset((word,))

    def label(self, field: Field | str, term: str) -> Text:
        """Return what people call `term`, a value of the event field `field`."""
        if field == Field.OPERATION:
            return OPERATIONS.get(term, Text(term, term))
        known = self.terms.get(DIMENSION_OF.get(field, ""), {}).get(term)
        return same(echoed(term)) if known is None else known.label


def hierarchy_of(terms: Mapping[str, Term]) -> Hierarchy:
    """Return the hierarchy of the terms of one dimension."""
    return Hierarchy({name: term.is_a for name, term in terms.items()})
