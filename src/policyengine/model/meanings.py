"""What the words of facts mean for the words of events, looked up from the event's side.

A fact that names a term agrees with its kinds. So what an event states agrees surely with those words of a fact that
are it, or of which it is a kind; and may agree with those of which something that it may mean is a kind.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Protocol, TypeAlias

Items: TypeAlias = int
"""A set of items: bit `n` stands for the item that the vocabulary declares at `n`."""


class Words(Protocol):
    """What a vocabulary says of its words; see `policyengine.model.vocabulary.Vocabulary`."""

    @property
    def terms(self) -> Mapping[str, Mapping[str, Any]]:
        """The declared terms of each dimension, by id."""
        ...

    def meanings(self, dimension: str, word: str) -> frozenset[str]:
        """Return what an event that states `word` may mean."""
        ...

    def closure(self, dimension: str, terms: Iterable[str]) -> frozenset[str]:
        """Return `terms` and all their kinds."""
        ...

    def above(self, dimension: str, words: Iterable[str]) -> frozenset[str]:
        """Return `words` and all that may mean one of them."""
        ...

    def over(self, dimension: str, words: Iterable[str]) -> frozenset[str]:
        """Return `words` and every word of which one of them is a kind."""
        ...


class Meanings:
    """What the words of one vocabulary mean for one another, looked up once.

    Args:
        vocabulary: the words.
    """

    def __init__(self, vocabulary: Words) -> None:
        self._vocabulary = vocabulary
        self.bits: dict[str, Items] = {item: 1 << number for number, item in enumerate(vocabulary.terms["items"])}
        self.everything: Items = (1 << len(self.bits)) - 1
        self._lists: dict[frozenset[str], Items] = {}
        self._agreeing: dict[tuple[str, str, bool], frozenset[str]] = {}
        self._items: dict[tuple[str, bool], Items] = {}

    def chosen(self, values: frozenset[str]) -> Items:
        """Return the items that are among `values`, a list of a rule."""
        found = self._lists.get(values)
        if found is None:
            found = self._lists[values] = self.those(values)
        return found

    def those(self, items: Iterable[str]) -> Items:
        """Return `items`, those that are not declared left out."""
        bits = self.bits
        found = 0
        for item in items:
            if item in bits:
                found |= bits[item]
        return found

    def agreeing(self, dimension: str, word: str, may: bool) -> frozenset[str]:
        """Return the words of a fact with which an event that states `word` agrees.

        Args:
            dimension: of the word.
            word: what the event states.
            may: whether those count with which it may agree, and else those with which it surely does.
        """
        if word not in self._vocabulary.terms[dimension]:
            return frozenset((word,))
        key = (dimension, word, may)
        found = self._agreeing.get(key)
        if found is None:
            meant = self._vocabulary.meanings(dimension, word) if may else (word,)
            found = self._agreeing[key] = self._vocabulary.over(dimension, meant)
        return found

    def named(self, words: str | Sequence[str], may: bool) -> Items:
        """Return the items that agree with words of a fact that are declared; see `agreeing`."""
        if isinstance(words, str):
            words = (words,)
        found = 0
        for word in words:
            if word in self.bits:
                key = (word, may)
                named = self._items.get(key)
                if named is None:
                    kinds = self._vocabulary.closure("items", (word,))
                    named = self.those(self._vocabulary.above("items", kinds) if may else kinds)
                    self._items[key] = named
                found |= named
        return found
