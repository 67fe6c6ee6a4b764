"""What becomes of real events: which of them two policies decide differently."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from policyengine.analysis.changes import Kind, kind_of
from policyengine.analysis.witness import Said

SAMPLES = 3
"""So many events are kept of those that flip alike."""


@dataclass(slots=True)
class Flip:
    """Events that are decided differently in one way.

    Args:
        kind: what becomes of them.
        said: what each policy says of them.
        count: how many there are.
        samples: the first of them.
    """

    kind: Kind
    said: tuple[Said, Said]
    count: int = 0
    samples: list[Mapping[str, Any]] = field(default_factory=list)


class Flips:
    """Counts events by how they are decided before and after."""

    def __init__(self) -> None:
        self.total = 0
        """How many events there were."""
        self.unread = 0
        """How many of them are no valid ones under one of the policies."""
        self._found: dict[tuple[Any, ...], Flip] = {}

    def add(self, event: Mapping[str, Any], before: Said | None, after: Said | None) -> None:
        """Count an event.

        Args:
            event: the event, as JSON has it.
            before: what the one policy says of it; None where that cannot read it.
            after: what the other one says.
        """
        self.total += 1
        if before is None or after is None:
            self.unread += 1
            return
        kind = kind_of(before, after)
        if kind is None:
            return
        key = kind, before.clauses, after.clauses
        flip = self._found.setdefault(key, Flip(kind, (before, after)))
        flip.count += 1
        if len(flip.samples) < SAMPLES:
            flip.samples.append(event)

    def count(self, kind: Kind) -> int:
        """Return how many events become something."""
        return sum(flip.count for flip in self._found.values() if flip.kind == kind)

    def found(self) -> Iterator[Flip]:
        """Yield the ways in which events are decided differently, those with most events first."""
        yield from sorted(self._found.values(), key=lambda flip: -flip.count)
