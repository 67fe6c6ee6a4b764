"""One policy whose parts are held against one another: what is decided with some of its rules, and with others.

What was worked out of the space of the whole serves for all comparisons, and each looks at the rules alone that can
matter where those do that only one of the parts has.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from functools import cached_property

from msgspec.structs import replace

from policyengine.analysis.difference import EVERYTHING, Found, Parts, Undecided, difference, difference_of_parts
from policyengine.analysis.near import Bits, Near
from policyengine.analysis.sight import Part, Sight
from policyengine.model.policy import Policy
from policyengine.model.rule import Rule
from policyengine.model.space import Space


class Whole:
    """A policy.

    Args:
        policy: the policy, with every rule that any of its parts has.
        regions: how many regions one comparison may look at; None for all that it takes.
    """

    def __init__(self, policy: Policy, regions: int | None = None) -> None:
        self.policy = policy
        self._regions = regions
        self._near = Near(policy)
        self.all: Bits = (1 << len(policy.rules)) - 1
        """All its rules, by their numbers."""

    def those(self, wanted: Callable[[Rule], bool]) -> Bits:
        """Return some of its rules, by their numbers."""
        return sum(1 << number for number, rule in enumerate(self.policy.rules) if wanted(rule))

    def rules(self, some: Bits) -> Iterator[Rule]:
        """Yield the rules of some numbers."""
        return (self.policy.rules[number] for number in _numbers(some))

    def beside(self, some: Bits) -> Bits:
        """Return the rules that can matter for an event for which some can."""
        found = some
        for rule in self.rules(some):
            found |= self._near.beside(rule)
        return found

    def difference(self, left: Bits, right: Bits, parts: Parts = EVERYTHING) -> Found | None:
        """Return an event that is decided otherwise with some rules than with others; None where there is none.

        Args:
            left: the ones.
            right: the others.
            parts: in what decisions are compared.

        Raises:
            Undecided: it could not be told.
        """
        if left == right:
            return None
        near = self.beside(left ^ right)
        left, right = left & near, right & near
        if self._space is None:
            ours, theirs = (replace(self.policy, rules=tuple(self.rules(some))) for some in (left, right))
            return difference(ours, theirs, parts, regions=self._regions)
        return difference_of_parts(self._space, self._part(left), self._part(right), parts, regions=self._regions)

    def _part(self, some: Bits) -> Part:
        return Part(self.policy, tuple(self._sight.rules[number] for number in _numbers(some)))

    @cached_property
    def _sight(self) -> Sight:
        return Sight(self.policy)

    @cached_property
    def _space(self) -> Space | None:
        """The space of the whole; None where some rule asks what cannot be decided, so that each part has its own."""
        try:
            return Space([self._sight])
        except Undecided:
            return None


def _numbers(some: Bits) -> Iterable[int]:
    while some:
        low = some & -some
        yield low.bit_length() - 1
        some ^= low
