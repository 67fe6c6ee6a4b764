"""What one policy says of a whole event: a decision but for the event's id and the policy's."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Final, TypeAlias

from msgspec import Struct

from policyengine.decision.law import Items, union
from policyengine.decision.ruling import Obstacle, Ruling
from policyengine.model.decision import Obligation, Outcome
from policyengine.model.policy import ObligationText, Policy


class Verdict(Struct, frozen=True, eq=False, gc=False):
    """What one policy says of one event."""

    outcome: Outcome
    clauses: tuple[str, ...] = ()
    rules: tuple[str, ...] = ()
    obstacles: tuple[tuple[Obstacle, tuple[str, ...]], ...] = ()
    permitted_items: tuple[str, ...] = ()
    excess_items: tuple[str, ...] = ()
    obligations: tuple[Obligation, ...] = ()


class Findings:
    """A ruling of all items that a policy knows, read for those of an event.

    Items that it does not tell apart are read once: for a ruling there are few kinds of events, whatever their items.

    Args:
        policy: the policy.
        ruling: of all the items of its vocabulary, or of those and a few more.
        grow: told how many bytes more they take, where they are remembered.
    """

    __slots__ = ("_blocks", "_found", "_grow", "_policy", "ruling")

    def __init__(self, policy: Policy, ruling: Ruling, grow: Callable[[int], None] | None = None) -> None:
        self.ruling = ruling
        self._policy = policy
        self._grow = grow
        self._blocks: Sequence[Items] | None = None
        self._found: dict[int, _Found] = {}

    def verdict(self, items: tuple[str, ...], bits: Sequence[Items]) -> Verdict:
        """Return what the policy says of an event.

        A permit rests on what permitted each item; a denial on what stands in the way of each excess item.

        Args:
            items: of the event.
            bits: which bit of the ruling stands for each of them.
        """
        everything = sum(bits)  # no two items are the same
        permitted = self.ruling.permitted & everything
        outcome, clauses, rules, obligations, in_the_way = self._read(everything)
        if permitted == everything:
            return Verdict(outcome, clauses, rules, (), items, (), obligations)
        excess = _marked(items, bits, everything & ~permitted) if permitted else items
        obstacles = [
            (obstacle, excess if not everything & ~permitted & ~where else _marked(items, bits, where & ~permitted))
            for obstacle, where in in_the_way
        ]
        left = _marked(items, bits, permitted) if permitted else ()
        return Verdict(outcome, clauses, rules, tuple(obstacles), left, excess)

    def _read(self, items: Items) -> _Found:
        if self._blocks is None:
            self._blocks = _blocks(self.ruling)
        kind = 0
        for block in self._blocks:
            kind = kind << 1 | (items & block != 0)
        found = self._found.get(kind)
        if found is None:
            found = self._new(items)
            if self._grow is not None and len(self._found) < MOST_KINDS:
                self._found[kind] = found
                self._grow(_WEIGHT * (1 + sum(map(len, found[1:]))))
        return found

    def _new(self, items: Items) -> _Found:
        ruling = self.ruling
        excess = items & ~ruling.permitted
        if not excess:
            duties = [_obligation(self._policy.obligations[name]) for name in _where(ruling.obligations, items)]
            return "permit", _where(ruling.clauses, items), _where(ruling.rules, items), tuple(duties), ()
        merged: dict[tuple[str, str, str, tuple[str, ...]], tuple[Obstacle, Items]] = {}
        for obstacle, where in ruling.obstacles:
            if where & excess:
                key = (obstacle.code, obstacle.clause or "", obstacle.rule or "", obstacle.order)
                merged[key] = (obstacle, where | (merged[key][1] if key in merged else 0))
        in_the_way = tuple(obstacle for _, obstacle in sorted(merged.items()))
        return "deny", _where(ruling.clauses, excess), _where(ruling.rules, excess), (), in_the_way


MOST_KINDS: Final = 64
"""So many kinds of events are remembered for a ruling; of nearly all rulings there are fewer."""

_WEIGHT: Final = 120
"""So many bytes each kind of event takes, and each thing on which it rests, about."""

_Found: TypeAlias = tuple[
    Outcome, tuple[str, ...], tuple[str, ...], tuple[Obligation, ...], tuple[tuple[Obstacle, Items], ...]
]


def _blocks(ruling: Ruling) -> tuple[Items, ...]:
    """Return the sets of items into which a ruling divides all items, the last being those of which it says nothing."""
    masks = {
        ruling.permitted,
        *ruling.clauses.values(),
        *ruling.rules.values(),
        *ruling.obligations.values(),
        *(where for _, where in ruling.obstacles),
    }
    spoken_of = union(masks)
    blocks = [spoken_of]
    for mask in masks:
        blocks = [part for block in blocks for part in (block & mask, block & ~mask) if part]
    return *blocks, ~spoken_of


def _where(found: Mapping[str, Items], items: Items) -> tuple[str, ...]:
    """Return, sorted, what is found for any of `items`."""
    return tuple(sorted([name for name, where in found.items() if where & items]))


def _obligation(declared: ObligationText) -> Obligation:
    return Obligation(declared.id, declared.clause, declared.parameters, declared.message)


def _marked(items: Sequence[str], bits: Sequence[Items], which: Items) -> tuple[str, ...]:
    """Return the items whose bits are among `which`, in their order."""
    return tuple([item for item, bit in zip(items, bits, strict=True) if bit & which])


def those(items: Sequence[str], which: Items) -> tuple[str, ...]:
    """Return the items that are meant, in their order, where bit `n` stands for the item at index `n`."""
    return _marked(items, [1 << number for number in range(len(items))], which)
