"""Threads and an event loop of an engine's own, for calls of plugins that the caller's own thread shall not make."""

from __future__ import annotations

import logging
import os
import queue
import threading
import weakref
from collections.abc import Callable, Coroutine
from concurrent.futures import Future
from typing import TYPE_CHECKING, Any, Final, TypeAlias, TypeVar

if TYPE_CHECKING:
    import asyncio

T = TypeVar("T")

MOST: Final = 32
"""How many calls may be under way at once in the threads of an engine; others wait their turn."""

_Work: TypeAlias = "tuple[Future[Any], Callable[[], Any]] | None"

_log = logging.getLogger("policyengine.enforce")


class Workers:
    """Threads, and a thread with an event loop, each made when it is first needed.

    None of them holds up the end of the process: nobody knows when a call of somebody else's code comes back. They end
    with `close`, or when nobody has the workers any more; in a child of the process they are made anew.

    Args:
        most: how many calls may be under way at once.
    """

    def __init__(self, most: int = MOST) -> None:
        self._most = most
        self._closed = False
        self.begin()
        _ALL.add(self)

    def begin(self) -> None:
        """Start with no thread, as a child of the process must: it has none of those of its parent."""
        self._lock = threading.Lock()
        self._work: queue.SimpleQueue[_Work] = queue.SimpleQueue()
        self._idle = threading.Semaphore(0)
        self._threads = 0
        self._loop: asyncio.AbstractEventLoop | None = None
        self._looping: threading.Thread | None = None
        weakref.finalize(self, self._work.put, None).atexit = False

    def submit(self, call: Callable[[], T]) -> Future[T]:
        """Make a call in one of the threads. One that is cancelled before its turn comes is not made.

        Raises:
            RuntimeError: the workers are closed, or the machine has no thread to give.
        """
        found: Future[T] = Future()
        with self._lock:
            self._refuse_closed()
            if not self._idle.acquire(blocking=False) and self._threads < self._most:
                threading.Thread(
                    target=_worked, args=(self._work, self._idle), name="policyengine-worker", daemon=True
                ).start()
                self._threads += 1
            self._work.put((found, call))
        return found

    def await_here(self, call: Coroutine[Any, Any, T]) -> Future[T]:
        """Await a coroutine on the workers' own loop.

        Raises:
            RuntimeError: the workers are closed; or it is that loop that asks, and would wait for itself.
        """
        import asyncio  # noqa: PLC0415  a host without async plugins needs none

        try:
            with self._lock:
                self._refuse_closed()
                if self._loop is None:
                    loop = self._loop = asyncio.new_event_loop()
                    self._looping = threading.Thread(
                        target=_looped, args=(loop,), name="policyengine-loop", daemon=True
                    )
                    self._looping.start()
                    weakref.finalize(self, _stop, loop).atexit = False
                if self._looping is threading.current_thread():
                    raise RuntimeError("the engine's own loop would wait for itself: await it there")
            return asyncio.run_coroutine_threadsafe(call, self._loop)
        except BaseException:
            call.close()
            raise

    def close(self, wait: float = 5.0) -> None:
        """End the threads and the loop. What is under way in a thread goes on; what waits for its turn is given up.

        Args:
            wait: how many seconds to wait for the loop to end what it cancels.
        """
        with self._lock:
            self._closed = True
            loop, looping = self._loop, self._looping
        while True:
            try:
                waiting = self._work.get_nowait()
            except queue.Empty:
                break
            if waiting is not None:
                waiting[0].cancel()
        self._work.put(None)
        if loop is not None and looping is not None:
            _stop(loop)
            if looping is not threading.current_thread():
                looping.join(wait)

    def _refuse_closed(self) -> None:
        if self._closed:
            raise RuntimeError("the engine is closed")


def _worked(work: queue.SimpleQueue[_Work], idle: threading.Semaphore) -> None:
    """Make calls, one after another, until there is an end of them."""
    while True:
        try:
            found = work.get_nowait()
        except queue.Empty:
            idle.release()
            found = work.get()
        if found is None:
            work.put(None)  # for the next of us
            return
        future, call = found
        del found
        if future.set_running_or_notify_cancel():
            try:
                result = call()
            except BaseException as error:
                future.set_exception(error)
            else:
                future.set_result(result)
                del result
        del future, call


def _looped(loop: asyncio.AbstractEventLoop) -> None:
    """Run a loop until it is stopped; then cancel what is left on it."""
    import asyncio  # noqa: PLC0415

    asyncio.set_event_loop(loop)
    while not getattr(loop, "policyengine_stopped", False):
        try:
            loop.run_forever()
        except BaseException:  # what no event loop outlives, such as sys.exit in somebody's callback
            _log.exception("the engine's event loop goes on after")
    try:
        tasks = asyncio.all_tasks(loop)
        for task in tasks:
            task.cancel()
        if tasks:
            loop.run_until_complete(asyncio.wait(tasks, timeout=1.0))
        loop.run_until_complete(loop.shutdown_asyncgens())
    finally:
        loop.close()


def _stop(loop: asyncio.AbstractEventLoop) -> None:
    def stop() -> None:
        loop.policyengine_stopped = True  # type: ignore[attr-defined]
        loop.stop()

    try:
        loop.call_soon_threadsafe(stop)
    except RuntimeError:  # it is closed already
        return


_ALL: Final[weakref.WeakSet[Workers]] = weakref.WeakSet()


def _born() -> None:
    for workers in _ALL:
        workers.begin()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_born)
