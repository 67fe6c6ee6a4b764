"""What is remembered between events: bounded for the whole engine, and never forgotten all at once."""

from __future__ import annotations

from collections.abc import Hashable
from typing import Any, Final

BYTES: Final = 8 << 20
"""So much is remembered at most, by the weights that are given with it."""


class Memory:
    """Two generations of what was worked out. Where the younger one is full, the older one is forgotten.

    What is asked for again comes back into the younger one, so only what nobody has asked for is lost. Threads share
    it without a lock: what one of them loses is worked out again.

    Args:
        limit: how many bytes may be remembered.
    """

    __slots__ = ("_half", "_held", "_old", "_young")

    def __init__(self, limit: int | None = None) -> None:
        self._half = (BYTES if limit is None else limit) // 2
        self._young: dict[Hashable, Any] = {}
        self._old: dict[Hashable, Any] = {}
        self._held = 0

    def get(self, key: Hashable) -> Any:
        """Return what is remembered under `key`; None where nothing is."""
        found = self._young.get(key)
        if found is None:
            found = self._old.get(key)
            if found is not None:
                self.put(key, found, _AGAIN)
        return found

    def put(self, key: Hashable, value: Any, weight: int) -> None:
        """Remember `value`, about which nothing may ever depend on anything but `key`.

        Args:
            key: under which it is asked for.
            value: what is remembered; not None.
            weight: how many bytes it takes, about.
        """
        self.grow(weight)
        if weight <= self._half:
            self._young[key] = value

    def grow(self, weight: int) -> None:
        """Count something that is kept with what is remembered already; see `put`."""
        self._held += weight
        if self._held > self._half:
            self._old, self._young, self._held = self._young, {}, weight


_AGAIN: Final = 256
"""What counts for something that comes back: its key and its place; what it holds was counted when it was made."""
