"""Calls of what plugins have handed over, sync or async, from code that is either: each is made where it belongs.

What an engine does between calls is written once, as a *course*: a generator that yields calls, and is sent what they
return or thrown what they raise. `run` makes them for code that waits, and `arun` (`awaiting.py`) for code that awaits:

* an async function is awaited on the caller's loop; for code that waits, on a loop of the engine's own;
* any other function is called in the caller's thread; for code that awaits, or where time is limited, in a thread of
  the engine's own.

What a function raises in the caller's own thread and is no `Exception` (an interrupt, an exit) ends the course, and
goes through to the caller. Elsewhere it is no signal that anybody has sent, and counts as a failure.
"""

from __future__ import annotations

import contextvars
import functools
import inspect
from collections.abc import Callable, Generator
from concurrent.futures import CancelledError, Future
from typing import Any, NamedTuple, TypeAlias, TypeVar

from policyengine.enforcement.workers import Workers
from policyengine.errors import PolicyEngineError

T = TypeVar("T")


class Late(PolicyEngineError):
    """A call took longer than the engine lets it."""


class Ended(PolicyEngineError):
    """A call ended as no call should: with an exit, or cancelled by itself."""


class Callee:
    """A function of a plugin's.

    Args:
        function: of one argument.
        batched: whether the argument is a sequence of questions, and what is returned as many answers; questions that
            are asked at the same time are then asked together.
    """

    __slots__ = ("__weakref__", "awaited", "batched", "function")

    def __init__(self, function: Callable[[Any], Any], *, batched: bool = False) -> None:
        self.function = function
        self.batched = batched
        self.awaited = is_async(function)


class Call(NamedTuple):
    """One call.

    Args:
        callee: the function.
        argument: its argument.
        limit: how many seconds it may take; None sets no limit.
    """

    callee: Callee
    argument: Any
    limit: float | None = None


Course: TypeAlias = Generator[Call, Any, T]
"""What an engine does, but for the calls that it yields."""


def is_async(function: object) -> bool:
    """Whether calling `function` gives something to await."""
    while isinstance(function, functools.partial):
        function = function.func
    if inspect.iscoroutinefunction(function):
        return True
    return not inspect.isroutine(function) and inspect.iscoroutinefunction(getattr(function, "__call__", None))  # noqa: B004


def run(course: Course[T], workers: Workers) -> T:
    """Go through a course, and return what it comes to."""
    try:
        call = next(course)
        while True:
            try:
                returned = _made(call, workers)
            except Exception as error:
                call = course.throw(error)
            else:
                call = course.send(returned)
    except StopIteration as end:
        return end.value  # type: ignore[no-any-return]
    finally:
        course.close()


class Outcome(NamedTuple):
    """What a call came to. No future has to carry an exception, of which some go through none unharmed.

    Args:
        returned: what the function returned.
        raised: what it raised; None where it did not.
    """

    returned: Any
    raised: BaseException | None = None

    def get(self) -> Any:
        """Return what was returned. Raises what was raised, and `Ended` for what is no `Exception`."""
        if self.raised is None:
            return self.returned
        if isinstance(self.raised, Exception):
            raise self.raised
        raise Ended(f"it ended with {type(self.raised).__name__}") from self.raised


def outcome(function: Callable[[Any], Any], argument: Any) -> Outcome:
    """Make a call, and return what it came to, whatever that is."""
    try:
        return Outcome(function(argument))
    except BaseException as error:
        return Outcome(None, error)


def _made(call: Call, workers: Workers) -> Any:
    """Make a call for code that waits."""
    callee, argument, limit = call
    found: Future[Outcome]
    if callee.awaited:
        from policyengine.enforcement.awaiting import outcome_of  # noqa: PLC0415  imports asyncio

        found = workers.await_here(outcome_of(callee.function, argument))
    elif limit is None:
        return callee.function(argument)
    else:
        context = contextvars.copy_context()
        found = workers.submit(lambda: context.run(outcome, callee.function, argument))
    try:
        return found.result(limit).get()
    except TimeoutError:
        if found.done() and not found.cancelled():  # it was the function's own
            raise
        raise late(limit) from None
    except CancelledError:
        raise Ended("it was cancelled") from None
    finally:
        found.cancel()


def late(limit: float | None) -> Late:
    """Return the error of a call that took longer than `limit`."""
    return Late(f"no answer within {limit} s")
