"""An index of what matters for some events only, so that deciding looks at nothing that cannot matter."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Final, Generic, NamedTuple, TypeAlias, TypeVar

from policyengine.decision.classes import CLASS_FIELDS
from policyengine.decision.facts import Values
from policyengine.model.condition import OPEN, Condition, Field, In, NotIn, Value, conjuncts
from policyengine.model.meets import says

T = TypeVar("T")

Words: TypeAlias = In | NotIn

SHARED: Final = 256
"""So many lists of words, those that the most entries share, are told at once, each as one bit of an integer."""


def selects(condition: Condition) -> bool:
    """Whether a condition is met by all events of a class, or by none."""
    return isinstance(condition, In | NotIn) and condition.field in CLASS_FIELDS


class Entry(NamedTuple, Generic[T]):
    """One thing that matters for events that meet a condition.

    Args:
        what: the thing.
        scope: the condition. It is looked at as far as it is a conjunction of lists of words.
        start: from when it is in force, inclusive.
        end: until when, exclusive.
    """

    what: T
    scope: Condition
    start: int
    end: int


class _Row(NamedTuple, Generic[T]):
    what: T
    needs: int
    others: tuple[Words, ...]
    start: int
    end: int


class Index(Generic[T]):
    """Things, each found by one value that its scope asks for.

    Every thing is entered under the values of one of the lists in its scope: that whose values the fewest share. So the
    index is linear in what the lists hold, and few things are looked at that do not matter. The other lists are told
    by the bits of one integer where several things share them.

    Args:
        entries: the things.
    """

    def __init__(self, entries: Iterable[Entry[T]]) -> None:
        entries = tuple(entries)
        lists = [[part for part in conjuncts(entry.scope) if selects(part)] for entry in entries]
        words = [[part for part in parts if isinstance(part, In | NotIn)] for parts in lists]
        self._bits = _Bits(words)
        self._everywhere: list[_Row[T]] = []
        self._found: dict[Field, dict[Value, list[_Row[T]]]] = {}
        shared = Counter(
            (part.field, value) for parts in words for part in parts if isinstance(part, In) for value in part.values
        )
        for entry, parts in zip(entries, words, strict=True):
            listed = [part for part in parts if isinstance(part, In)]
            rarest = min(
                listed,
                key=lambda part: max((shared[part.field, value] for value in part.values), default=0),
                default=None,
            )
            rest = [part for part in parts if part is not rarest]
            needs, others = self._bits.of(rest)
            row = _Row(entry.what, needs, others, entry.start, entry.end)
            if rarest is None:
                self._everywhere.append(row)
                continue
            of = self._found.setdefault(rarest.field, {})
            for value in rarest.values:
                of.setdefault(value, []).append(row)
            if rarest.open:
                of.setdefault(OPEN, []).append(row)

    def select(self, values: Values, instant: int) -> list[T]:
        """Return what matters for the events of a class.

        Args:
            values: what rules see of one of them.
            instant: its time.
        """
        met = self._bits.met(values)
        rows = self._everywhere
        for field, found in self._found.items():
            more = found.get(values[field])
            if more is not None:
                rows = rows + more
        return [
            what
            for what, needs, others, start, end in rows
            if needs & met == needs
            and start <= instant < end
            and (not others or all(says(part, values[part.field]) for part in others))
        ]


class _Bits:
    """The lists that most entries share, each one bit.

    Args:
        lists: those of each entry.
    """

    def __init__(self, lists: Sequence[Sequence[Words]]) -> None:
        often = Counter(_key(part) for parts in lists for part in parts).most_common(SHARED)
        self._numbers = {key: 1 << number for number, (key, _) in enumerate(often)}
        self._fields: dict[Field, _Told] = {}
        for (within, field, values, opened), bit in self._numbers.items():
            told = self._fields.setdefault(field, _Told())
            told.open |= bit if opened else 0
            told.other |= 0 if within else bit
            by_value = told.within if within else told.without
            for value in values:
                by_value[value] = by_value.get(value, 0) | bit

    def of(self, parts: Iterable[Words]) -> tuple[int, tuple[Words, ...]]:
        """Return the bits of some lists, and those that have none."""
        needs = 0
        others = []
        for part in parts:
            bit = self._numbers.get(_key(part))
            if bit is None:
                others.append(part)
            else:
                needs |= bit
        return needs, tuple(others)

    def met(self, values: Values) -> int:
        """Return the lists that an event meets."""
        found = 0
        for field, told in self._fields.items():
            value = values[field]
            if value is OPEN:
                found |= told.open
            elif value is not None:
                found |= told.within.get(value, 0) | (told.other & ~told.without.get(value, 0))
        return found


class _Told:
    """Of one field: the bits of the lists that a value is in, that it is kept out of, and that are of all others."""

    __slots__ = ("open", "other", "within", "without")

    def __init__(self) -> None:
        self.within: dict[Value, int] = {}
        self.without: dict[Value, int] = {}
        self.other = 0
        self.open = 0


def _key(part: Words) -> tuple[bool, Field, frozenset[str], bool]:
    return isinstance(part, In), part.field, part.values, part.open
