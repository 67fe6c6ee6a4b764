"""Calls for code that awaits: async functions on its own loop, others in threads, questions gathered into batches."""

from __future__ import annotations

import asyncio
import contextvars
import weakref
from collections import deque
from collections.abc import Callable, Sequence
from typing import Any, Final, TypeVar

from policyengine.enforcement.calls import Call, Callee, Course, Ended, Outcome, late, outcome
from policyengine.enforcement.workers import Workers

T = TypeVar("T")

BATCH: Final = 500
"""How many questions at most are asked of a source at once, where code that awaits asks them."""

UNDER_WAY: Final = 4
"""How many calls of one source are under way at once for one event loop; further questions are gathered meanwhile."""

_GRACE: Final = 1.0
"""How many seconds an async function may take to end once it was cancelled."""


async def arun(course: Course[T], workers: Workers) -> T:
    """Go through a course, awaiting what is to be waited for.

    A caller that is cancelled ends the course: an async function that is under way is cancelled, one in a thread goes
    on to its end, and what waits for a thread or has not been called is not called any more.
    """
    try:
        call = next(course)
        while True:
            try:
                returned = await (_asked(call, workers) if call.callee.batched else _awaited(call, workers))
            except Exception as error:
                call = course.throw(error)
            else:
                call = course.send(returned)
    except StopIteration as end:
        return end.value  # type: ignore[no-any-return]
    finally:
        course.close()


async def outcome_of(function: Callable[[Any], Any], argument: Any) -> Outcome:
    """Await a call, and return what it came to, unless it is cancelled."""
    try:
        return Outcome(await function(argument))
    except (asyncio.CancelledError, KeyboardInterrupt):
        raise
    except BaseException as error:
        return Outcome(None, error)


async def _awaited(call: Call, workers: Workers) -> Any:
    """Make a call for code that awaits."""
    callee, argument, limit = call
    found: asyncio.Future[Outcome]
    if callee.awaited:
        found = asyncio.ensure_future(outcome_of(callee.function, argument))
    else:
        context = contextvars.copy_context()
        found = asyncio.wrap_future(workers.submit(lambda: context.run(outcome, callee.function, argument)))
    try:
        await asyncio.wait({found}, timeout=limit)
    except asyncio.CancelledError:
        if found.cancel() and callee.awaited:
            await asyncio.wait({found}, timeout=_GRACE)
        raise
    if not found.done():
        found.cancel()
        raise late(limit)
    if found.cancelled():
        raise Ended("it was cancelled")
    return found.result().get()


async def _asked(call: Call, workers: Workers) -> Any:
    """Make a call of a source for code that awaits: questions that others ask meanwhile are asked with these."""
    batches = _BATCHES.setdefault(asyncio.get_running_loop(), weakref.WeakKeyDictionary())
    batch = batches.get(call.callee)
    if batch is None:
        batch = batches[call.callee] = _Batch(call.callee, call.limit, workers)
    return await batch.ask(call.argument)


class _Batch:
    """The questions of one event loop to one source."""

    def __init__(self, callee: Callee, limit: float | None, workers: Workers) -> None:
        self._callee = Callee(callee.function)  # the other is a weak key, which nothing of ours shall hold
        self._limit = limit
        self._workers = workers
        self._waiting: deque[tuple[Sequence[Any], asyncio.Future[Outcome]]] = deque()
        self._tasks: set[asyncio.Task[None]] = set()
        self._called = False

    async def ask(self, questions: Sequence[Any]) -> Any:
        loop = asyncio.get_running_loop()
        found: asyncio.Future[Outcome] = loop.create_future()
        self._waiting.append((questions, found))
        self._soon(loop)
        try:
            await asyncio.wait({found}, timeout=self._limit)
            if not found.done():
                raise late(self._limit)
            return found.result().get()
        finally:
            found.cancel()

    def _soon(self, loop: asyncio.AbstractEventLoop) -> None:
        """Ask when all who are about to ask have asked."""
        if not self._called and self._waiting and len(self._tasks) < UNDER_WAY:
            self._called = True
            loop.call_soon(self._begin, loop)

    def _begin(self, loop: asyncio.AbstractEventLoop) -> None:
        self._called = False
        taken: list[tuple[Sequence[Any], asyncio.Future[Outcome]]] = []
        number = 0
        while self._waiting and (not taken or number + len(self._waiting[0][0]) <= BATCH):
            one = self._waiting.popleft()
            if not one[1].done():  # else nobody waits for it any more
                taken.append(one)
                number += len(one[0])
        if taken:
            task = loop.create_task(self._answered(taken))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)
            task.add_done_callback(lambda _: self._soon(loop))
        self._soon(loop)

    async def _answered(self, taken: Sequence[tuple[Sequence[Any], asyncio.Future[Outcome]]]) -> None:
        questions = [question for some, _ in taken for question in some]
        answers: Sequence[Any] = ()
        raised: Exception | None = None
        try:
            answers = await _awaited(Call(self._callee, questions, self._limit), self._workers)
        except Exception as error:
            raised = error
        start = 0
        for some, found in taken:
            if not found.done():
                found.set_result(Outcome(answers[start : start + len(some)], raised))
            start += len(some)


_BATCHES: Final[weakref.WeakKeyDictionary[asyncio.AbstractEventLoop, weakref.WeakKeyDictionary[Callee, _Batch]]] = (
    weakref.WeakKeyDictionary()
)
