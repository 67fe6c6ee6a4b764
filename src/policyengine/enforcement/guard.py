"""Guards for application code: a function whose call is a flow, described once, enforced at every call."""

from __future__ import annotations

import functools
import inspect
import uuid
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any, Protocol, TypeVar, cast

from msgspec import Struct

from policyengine.model.decision import Decision

F = TypeVar("F", bound=Callable[..., Any])


class Enforcing(Protocol):
    """What can enforce an event: an engine, or one that is kept up to date."""

    def enforce(self, event: Mapping[str, Any], payload: Any = None) -> Decision:
        """Decide, and raise `FlowDenied` where the flow is not permitted."""
        ...

    async def enforce_async(self, event: Mapping[str, Any], payload: Any = None) -> Decision:
        """Do the same for those who await."""
        ...


class Argument(Struct, frozen=True):
    """Stands in an event for what a guarded function is called with.

    Args:
        name: a parameter of the function.
        of: makes the field's value of the argument; by default it is the argument itself.
    """

    name: str
    of: Callable[[Any], Any] | None = None


def arg(name: str, of: Callable[[Any], Any] | None = None) -> Any:
    """Return a stand-in for the argument `name` of a guarded function, to be put into the fields of its event.

    Args:
        name: a parameter of the function.
        of: makes the field's value of the argument, such as ``lambda user: user.id``.
    """
    return Argument(name, of)


def guard(engine: Enforcing, fields: Mapping[str, Any]) -> Callable[[F], F]:
    """Return a decorator that enforces an event before every call of a function, sync or async.

    Args:
        engine: what enforces.
        fields: the fields of the event, with `arg` where the call decides. `id` and `time` may be left out: a fresh
            id and the time of the call then take their place.

    Raises:
        TypeError: when the function is decorated, where `fields` name a parameter that it does not have.
    """

    def decorate(function: F) -> F:
        signature = inspect.signature(function)
        for name in _arguments(fields):
            if name not in signature.parameters:
                known = ", ".join(signature.parameters)
                raise TypeError(f"{function.__qualname__} has no parameter {name!r}; it has: {known}")

        def event(args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> dict[str, Any]:
            bound = signature.bind(*args, **kwargs)
            bound.apply_defaults()
            found = {"id": str(uuid.uuid4()), "time": datetime.now(UTC).isoformat(), **_filled(fields, bound.arguments)}
            return {name: value for name, value in found.items() if value is not None}

        if inspect.iscoroutinefunction(function):

            @functools.wraps(function)
            async def awaited(*args: Any, **kwargs: Any) -> Any:
                await engine.enforce_async(event(args, kwargs))
                return await function(*args, **kwargs)

            return cast("F", awaited)

        @functools.wraps(function)
        def called(*args: Any, **kwargs: Any) -> Any:
            engine.enforce(event(args, kwargs))
            return function(*args, **kwargs)

        return cast("F", called)

    return decorate


def _arguments(value: Any) -> list[str]:
    if isinstance(value, Argument):
        return [value.name]
    if isinstance(value, Mapping):
        return [name for member in value.values() for name in _arguments(member)]
    if isinstance(value, list | tuple):
        return [name for member in value for name in _arguments(member)]
    return []


def _filled(value: Any, arguments: Mapping[str, Any]) -> Any:
    """Return `value` with every stand-in replaced by what the function is called with."""
    if isinstance(value, Argument):
        given = arguments[value.name]
        return value.of(given) if value.of is not None else given
    if isinstance(value, Mapping):
        return {key: _filled(member, arguments) for key, member in value.items()}
    if isinstance(value, list | tuple):
        return [_filled(member, arguments) for member in value]
    return value
