"""The three persistent collections of rpds-py that referencing uses, of Python's own: rpds-py is Rust.

rpds-py has no wheel for Pyodide on PyPI. A copy a change is what it spares; the registries here have a schema or two.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterable
from typing import Any, TypeVar

Key = TypeVar("Key", bound=Hashable)
Value = TypeVar("Value")
Member = TypeVar("Member", bound=Hashable)


class HashTrieMap(dict[Key, Value]):
    """A mapping of which a changed one is another."""

    @classmethod
    def convert(cls, value: Any) -> HashTrieMap[Key, Value]:
        """Return `value` as such a mapping."""
        return value if isinstance(value, cls) else cls(value)

    def insert(self, key: Key, value: Value) -> HashTrieMap[Key, Value]:
        """Return a mapping with one value more, or another."""
        return HashTrieMap({**self, key: value})

    def update(self, *others: Any, **more: Value) -> HashTrieMap[Key, Value]:  # type: ignore[override]
        """Return a mapping with the values of others."""
        found = dict(self)
        for other in others:
            found.update(other)
        return HashTrieMap({**found, **more})

    def remove(self, key: Key) -> HashTrieMap[Key, Value]:
        """Return a mapping without a key. Raises `KeyError` where it is not there."""
        found = dict(self)
        del found[key]
        return HashTrieMap(found)

    def __hash__(self) -> int:  # type: ignore[override]
        return hash(frozenset(self.items()))


class HashTrieSet(frozenset[Member]):
    """A set of which a changed one is another."""

    def insert(self, member: Member) -> HashTrieSet[Member]:
        """Return a set with one member more."""
        return HashTrieSet(self | {member})

    def remove(self, member: Member) -> HashTrieSet[Member]:
        """Return a set without a member. Raises `KeyError` where it is not there."""
        if member not in self:
            raise KeyError(member)
        return HashTrieSet(self - {member})

    def update(self, *others: Iterable[Member]) -> HashTrieSet[Member]:
        """Return a set with the members of others."""
        return HashTrieSet(self.union(*others))


class List(tuple[Value, ...]):
    """A list of which a longer one is another."""

    def __new__(cls, *members: Any) -> List[Value]:
        """Return the list of some members, or of those of one iterable."""
        return super().__new__(cls, members[0] if len(members) == 1 else members)

    @property
    def first(self) -> Value:
        """The first member. Raises `IndexError` where there is none."""
        return self[0]

    @property
    def rest(self) -> List[Value]:
        """All members but the first."""
        return List(self[1:])

    def push_front(self, member: Value) -> List[Value]:
        """Return a list with one member more before the others."""
        return List((member, *self))

    def drop_first(self) -> List[Value]:
        """Return a list without the first member. Raises `IndexError` where there is none."""
        if not self:
            raise IndexError("the list is empty")
        return self.rest
