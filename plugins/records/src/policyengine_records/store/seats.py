"""Seats: how many may use something at a time, and who is next. Whoever has waited for longest."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager

from policyengine_records.errors import RecordsUnavailable


class Seats:
    """So many seats, taken in the order in which they were asked for.

    Args:
        number: how many.
    """

    def __init__(self, number: int) -> None:
        self.number = number
        self._free = number
        self._lock = threading.Lock()
        self._waiting: deque[threading.Event] = deque()

    @contextmanager
    def taken(self, seconds: float) -> Iterator[None]:
        """Hold a seat while the block runs.

        Raises:
            RecordsUnavailable: none became free within `seconds`.
        """
        if not self.take(seconds):
            raise RecordsUnavailable(
                f"all {self.number} connections were in use for {seconds:g} s; pool_size says how many there are",
                f"{self.number} 本の接続がすべて {seconds:g} 秒間使われていました。本数は pool_size で決まります",
            )
        try:
            yield
        finally:
            self.give()

    def take(self, seconds: float) -> bool:
        """Take a seat; return whether there was one within `seconds`."""
        with self._lock:
            if self._free:
                self._free -= 1
                return True
            turn = threading.Event()
            self._waiting.append(turn)
        if turn.wait(max(seconds, 0.0)):
            return True
        with self._lock:
            if turn.is_set():  # it was given in the last moment
                return True
            self._waiting.remove(turn)
            return False

    def give(self) -> None:
        """Give a seat back: to whoever has waited for longest."""
        with self._lock:
            if self._waiting:
                self._waiting.popleft().set()
            else:
                self._free += 1
