"""What several policies make of a word in a fact: how surely each of them takes it to mean what an event states."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Final, TypeAlias

from policyengine.model.vocabulary import CLOSED, Term, Vocabulary
from policyengine.once import once

Each: TypeAlias = "tuple[bool, ...]"
"""One answer for each of the policies."""

Levels: TypeAlias = "tuple[int, ...]"
"""How far something agrees with an event, for each that asks: `NO`, `MAY`, `UNSAID` or `SURELY`."""

NO: Final = 0
MAY: Final = 1
UNSAID: Final = 2
"""It may, as the event leaves open what it is held against."""
SURELY: Final = 3


class Terms:
    """The words of one dimension.

    Args:
        vocabularies: the vocabularies of the policies.
        dimension: a name of `policyengine.model.vocabulary.DIMENSIONS`.
        named: values that rules name beside declared terms.
        common: whether facts state no words that some of the policies know and others do not, but of events that have
            one themselves.
    """

    def __init__(
        self, vocabularies: Sequence[Vocabulary], dimension: str, named: Iterable[str] = (), *, common: bool = False
    ) -> None:
        self.dimension = dimension
        self.vocabularies = tuple(vocabularies)
        self.declared = tuple(
            dict.fromkeys((*named, *(term for vocabulary in self.vocabularies for term in vocabulary.terms[dimension])))
        )
        self._order = {term: number for number, term in enumerate(self.declared)}
        self.unheard_of = unheard_of(self.declared)
        self._common = common
        self._told_apart: dict[Each, list[str]] = {}
        for term in self.declared:
            self._told_apart.setdefault(self._declared_by(term), []).append(term)
        self._levels: dict[str | None, Mapping[Levels, str]] = {}

    @property
    def alike(self) -> bool:
        """Whether all policies have the same words and make the same of them."""
        if len(self.vocabularies) == 1:
            return True
        first, *others = (_meaning(vocabulary.terms[self.dimension]) for vocabulary in self.vocabularies)
        return all(first == other for other in others)

    @once
    def most_ways(self) -> int:
        """In how many ways words of a fact can agree with a word at most, where there is one policy."""
        general = any(
            term.is_a for vocabulary in self.vocabularies for term in vocabulary.terms[self.dimension].values()
        )
        return len((NO, MAY, SURELY)) if general or self.dimension in CLOSED else len((NO, SURELY))

    def known(self, term: str) -> Each:
        """Return for which of the policies an event may state `term`; of a party, for all."""
        return tuple(vocabulary.knows(self.dimension, term) for vocabulary in self.vocabularies)

    def levels(self, value: str | None) -> Mapping[Levels, str]:
        """Return how far words of a fact can agree with what an event states, each with the plainest such word.

        Where a policy does not know the event's word, nothing hangs on what it makes of the fact: it is given the
        level of one that does.

        Args:
            value: the event's word; None where it has no such field.
        """
        if value not in self._levels:
            found: dict[Levels, str] = {}
            for word in self._words_for(value):
                if not self._is_common(word, value):
                    continue
                found.setdefault(self._levels_of(word, value), word)
            self._levels[value] = found
        return self._levels[value]

    def _is_common(self, word: str, value: str | None) -> bool:
        """Whether facts about an event with a value state a word."""
        if not self._common or self.dimension not in CLOSED or value is None:
            return True
        return len(set(self._declared_by(word))) == 1 or not all(self.known(value))

    def _declared_by(self, term: str) -> Each:
        return tuple(term in vocabulary.terms[self.dimension] for vocabulary in self.vocabularies)

    def _words_for(self, value: str | None) -> Iterator[str]:
        """Yield words enough to agree with `value` in every way in which any word does, the plainest first."""
        if value is None:
            yield next(iter(self.declared), self.unheard_of)
            return
        yield value
        related = {value}
        walks: tuple[Callable[[Vocabulary], Iterable[str]], ...] = (
            lambda vocabulary: vocabulary.kinds(self.dimension, value),
            lambda vocabulary: _above(vocabulary.terms[self.dimension], vocabulary.kinds(self.dimension, value)),
        )
        for walk in walks:
            for vocabulary in self.vocabularies:
                more = set(walk(vocabulary)) - related
                related |= more
                yield from sorted(more & self._order.keys(), key=self._order.__getitem__)
        # Of all others, it matters alone who knows them.
        for words in self._told_apart.values():
            yield from next(([word] for word in words if word not in related), [])
        yield self.unheard_of

    def _levels_of(self, word: str, value: str | None) -> Levels:
        if value is None:
            return (NO,) * len(self.vocabularies)
        known = self.known(value)
        found = [self._level(vocabulary, word, value) for vocabulary in self.vocabularies]
        telling = next((level for level, knows in zip(found, known, strict=True) if knows), NO)
        return tuple(level if knows else telling for level, knows in zip(found, known, strict=True))

    def _level(self, vocabulary: Vocabulary, word: str, value: str) -> int:
        if self.dimension in CLOSED and word not in vocabulary.terms[self.dimension]:
            return MAY  # it can mean anything
        kinds = vocabulary.kinds(self.dimension, word)
        if value in kinds:
            return SURELY
        term = vocabulary.terms[self.dimension].get(value)
        general = term is not None and not term.remainder
        return MAY if general and not kinds.isdisjoint(vocabulary.kinds(self.dimension, value)) else NO


def unheard_of(words: Iterable[str]) -> str:
    """Return a word that is none of `words`."""
    known = frozenset(words)
    return next(word for number in range(len(known) + 1) if (word := f"unheard-of{number or ''}") not in known)


def _meaning(terms: Mapping[str, Term]) -> Mapping[str, object]:
    return {name: (frozenset(term.is_a), term.remainder) for name, term in terms.items()}


def _above(terms: Mapping[str, Term], words: Iterable[str]) -> set[str]:
    """Return every term of which one of `words` is a kind: a fact with it speaks of something of theirs."""
    found: set[str] = set()
    waiting = list(words)
    while waiting:
        term = terms.get(waiting.pop())
        above = [parent for parent in term.is_a if parent in terms and parent not in found] if term else []
        found.update(above)
        waiting.extend(above)
    return found
