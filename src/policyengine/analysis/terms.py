"""What several policies make of the words of one dimension: whose words they are, and of what each makes them kinds."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TypeAlias

from policyengine.model.policy import Policy

Each: TypeAlias = "tuple[bool, ...]"
"""One answer for each of the policies."""


class Terms:
    """The words of one dimension.

    Args:
        policies: whose words.
        dimension: a name of `policyengine.model.vocabulary.DIMENSIONS`.
        named: values that rules name beside declared terms.
    """

    def __init__(self, policies: Sequence[Policy], dimension: str, named: Iterable[str] = ()) -> None:
        self.dimension = dimension
        self.vocabularies = [policy.vocabulary for policy in policies]
        first, *others = (vocabulary.terms[dimension] for vocabulary in self.vocabularies)
        self._alike = all(terms is first or terms == first for terms in others)
        self._wider: dict[str, dict[Each, str]] = {}
        self.declared = tuple(
            dict.fromkeys((*named, *(term for vocabulary in self.vocabularies for term in vocabulary.terms[dimension])))
        )

    def known(self, term: str) -> Each:
        """Return which of the policies know `term`; of a party, all do."""
        return tuple(vocabulary.knows(self.dimension, term) for vocabulary in self.vocabularies)

    def wider(self, term: str) -> Mapping[Each, str]:
        """Return the words in a fact that mean `term` under some of the policies alone, one for each such split."""
        if self._alike:
            return {}
        if term not in self._wider:
            self._wider[term] = self._splits(term)
        return self._wider[term]

    def _splits(self, term: str) -> dict[Each, str]:
        found: dict[Each, str] = {}
        if all(self.known(term)):
            for other in self.declared:
                means = tuple(term in vocabulary.kinds(self.dimension, other) for vocabulary in self.vocabularies)
                if all(self.known(other)) and any(means) and not all(means):
                    found.setdefault(means, other)
        return found
