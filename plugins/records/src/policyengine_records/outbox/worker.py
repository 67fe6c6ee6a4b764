"""The worker: a thread that has the courier deliver what is due."""

from __future__ import annotations

import atexit
import logging
import os
import threading
import time
import weakref
from collections.abc import Callable
from typing import TYPE_CHECKING, Final

from policyengine_records.outbox.courier import LOOK, Courier

if TYPE_CHECKING:
    from policyengine_records.outbox.courier import Answer
    from policyengine_records.outbox.outbox import Message

_log = logging.getLogger("policyengine.notify")

_SWEEP: Final = 3600.0
"""How many seconds lie between two looks for delivered messages that are old enough to be removed."""


class Worker:
    """A thread that delivers what is due for as long as it is wanted; of a forked process, each has its own.

    Args:
        courier: delivers.
        keep: for how many seconds delivered messages are kept.
    """

    def __init__(self, courier: Courier, keep: float) -> None:
        self._courier = courier
        self._keep = keep
        self._fresh()
        known = weakref.ref(self)

        def after() -> None:
            if (found := known()) is not None:
                found._fresh()

        if hasattr(os, "register_at_fork"):
            os.register_at_fork(after_in_child=after)

    def _fresh(self) -> None:
        self._guard = threading.Lock()
        self._woken = threading.Event()
        self._thread: threading.Thread | None = None
        self._stopped = False

    def wake(self, grace: float = 0.0) -> None:
        """Have it look at the outbox now; starts it where it does not run.

        Args:
            grace: how many seconds it leaves the outbox alone when it starts.
        """
        with self._guard:
            if self._thread is None and not self._stopped:
                thread = threading.Thread(target=self._run, args=(grace,), name="policyengine-notify", daemon=True)
                try:
                    thread.start()
                except RuntimeError:  # no thread to be had, or Python is ending: the next wake or process sees to it
                    _log.exception("messages wait in the outbox")
                    return
                self._thread = thread
                atexit.register(self.stop, self._courier.timeout)
                if grace:
                    return
                if grace:
                    return
        self._woken.set()

    def abandon(self) -> None:
        """Have it end soon. Takes no lock, so that the garbage collector may call it anywhere."""
        self._stopped = True

    def stop(self, wait: float = 0.0) -> None:
        """Have it end after the message that it is sending.

        Args:
            wait: how many seconds to wait for that.
        """
        self._stopped = True
        self._woken.set()
        thread = self._thread
        if wait and thread is not None and thread is not threading.current_thread():
            thread.join(wait)

    def _run(self, grace: float) -> None:
        self._woken.wait(grace)
        failures = 0
        try:
            while not self._stopped:
                try:
                    with self._courier.connected() as attempt:
                        self._work(attempt)
                except Exception:  # whatever it was, the messages that wait shall not wait for ever
                    if not self._stopped:
                        failures += 1
                        wait = min(self._courier.backoff(failures), LOOK)
                        _log.exception("the outbox could not be worked off; again in %.0f s", wait)
                        self._woken.clear()
                        self._woken.wait(wait)
        finally:
            atexit.unregister(self.stop)

    def _work(self, attempt: Callable[[Message], Answer]) -> None:
        swept = float("-inf")
        while True:
            self._woken.clear()
            if self._stopped:  # looked at after clearing: whoever stops it sets this first, and wakes it then
                return
            for _ in self._courier.deliver(attempt):
                if self._stopped:
                    return
            if time.monotonic() - swept > _SWEEP:
                swept = time.monotonic()
                self._courier.outbox.sweep(self._keep)
            wait = self._courier.wait()
            self._woken.wait(LOOK if wait is None else min(max(wait, 0.0), LOOK))
