"""Guards for application code: a function whose call is a flow, described once, enforced at every call."""

from __future__ import annotations

import functools
import inspect
import uuid
from collections.abc import Callable, Iterator, Mapping
from contextlib import aclosing
from typing import Any, Final, Protocol, TypeVar, cast

from msgspec import Struct

from policyengine import moment
from policyengine.enforcement.enforce import Enforced
from policyengine.enforcement.flow import Flow
from policyengine.errors import InvalidEvent, KeyPath, did_you_mean, json_path
from policyengine.model.event import Event

F = TypeVar("F", bound=Callable[..., Any])


class Enforcing(Protocol):
    """What can enforce an event: an engine, or one that is kept up to date."""

    def flow(self, event: Mapping[str, Any], payload: Any = None) -> Enforced:
        """Enforce around a block, sync or async; raises `FlowDenied` where the flow is not permitted."""
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


def guard(
    engine: Enforcing, fields: Mapping[str, Any], payload: str | None = None, flow: str | None = None
) -> Callable[[F], F]:
    """Return a decorator that enforces an event before every call of a function, sync or async.

    Args:
        engine: what enforces.
        fields: the fields of the event, with `arg` where the call decides. `id` and `time` may be left out: a fresh
            id and the time of the call then take their place.
        payload: the parameter that is the flow's payload: the function is called with what actions have left of it.
        flow: the parameter in which the function gets the `Flow`: its decision with the obligations, and its payload.
            Callers do not give it.

    Raises:
        TypeError: when the function is decorated, where `fields` name a parameter that it does not have, or a field
            that events do not have, or leave out one that they need; or where `payload` or `flow` is no parameter that
            can be it.
    """

    def decorate(function: F) -> F:
        whole = inspect.signature(function)
        _refuse_unfit(getattr(function, "__qualname__", repr(function)), whole, fields, payload, flow)
        asked = whole.replace(parameters=[one for name, one in whole.parameters.items() if name != flow])
        others = [name for name, one in asked.parameters.items() if one.kind is _OTHERS]

        def begun(args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> tuple[inspect.BoundArguments, Enforced]:
            bound = asked.bind(*args, **kwargs)
            bound.apply_defaults()
            if flow is not None and any(flow in bound.arguments[name] for name in others):
                raise TypeError(f"{flow!r} is given by the guard, and not by callers")
            found = {"id": str(uuid.uuid4()), "time": moment.now(), **_filled(fields, bound.arguments)}
            event = {name: value for name, value in found.items() if value is not None}
            return bound, engine.flow(event, None if payload is None else bound.arguments[payload])

        def called_with(bound: inspect.BoundArguments, found: Flow) -> inspect.BoundArguments:
            given = {**bound.arguments}
            if payload is not None:
                given[payload] = found.payload
            if flow is not None:
                given[flow] = found
            return inspect.BoundArguments(whole, {name: given[name] for name in whole.parameters})

        wrapped: Any
        if inspect.isasyncgenfunction(function):

            async def wrapped(*args: Any, **kwargs: Any) -> Any:
                bound, enforced = begun(args, kwargs)
                async with enforced as found:
                    call = called_with(bound, found)
                    async with aclosing(function(*call.args, **call.kwargs)) as entries:
                        async for entry in entries:
                            yield entry

        elif inspect.iscoroutinefunction(function):

            async def wrapped(*args: Any, **kwargs: Any) -> Any:
                bound, enforced = begun(args, kwargs)
                async with enforced as found:
                    call = called_with(bound, found)
                    return await function(*call.args, **call.kwargs)

        else:

            def wrapped(*args: Any, **kwargs: Any) -> Any:
                bound, enforced = begun(args, kwargs)
                with enforced as found:
                    call = called_with(bound, found)
                    return function(*call.args, **call.kwargs)

        functools.update_wrapper(wrapped, function)
        if flow is not None:
            wrapped.__signature__ = asked
        return cast("F", wrapped)

    return decorate


def _refuse_unfit(
    function: str, signature: inspect.Signature, fields: Mapping[str, Any], payload: str | None, flow: str | None
) -> None:
    """Refuse what no call of a function could make an event of. Raises `TypeError`."""
    parameters = signature.parameters
    for name in (*_arguments(fields), *filter(None, (payload, flow))):
        if name not in parameters:
            hint = did_you_mean(name, parameters, listing=False)
            near = f"; {hint.en}" if hint else ""
            raise TypeError(f"{function} has no parameter {name!r}{near}; it has: {', '.join(parameters)}")
    for given, what in ((payload, "payload"), (flow, "flow")):
        if given is not None and parameters[given].kind in (_REST, _OTHERS):
            raise TypeError(f"{function}: {given!r} gathers arguments, and cannot be the {what}")
    if flow is not None and (flow == payload or flow in _arguments(fields)):
        raise TypeError(f"{function}: {flow!r} gets the flow, and can be nothing else")
    known = {name: value for name, value in fields.items() if value is not None}
    left_open = list(_places(known))
    sample = {"id": "x", "time": "2026-01-01T00:00:00Z", **known}
    sample = _filled(sample, None)
    try:
        Event.from_mapping(sample)
    except InvalidEvent as error:
        from policyengine.model.flow_schema import event_schema  # noqa: PLC0415  for what is not as it should be
        from policyengine.schema.problems import UNKNOWN_KEY  # noqa: PLC0415
        from policyengine.schema.validate import errors_of  # noqa: PLC0415

        against = errors_of(sample, event_schema())
        unknown = {json_path(one.path) for one in against if one.code == UNKNOWN_KEY.name}
        wrong = [
            one for one in error.errors if one.path in unknown or not any(_below(one.path, path) for path in left_open)
        ]
        if wrong:
            said = "; ".join(f"{one.path}: {one.message.en}" for one in wrong)
            raise TypeError(f"{function} is guarded by no event: {said}") from None


_REST: Final = inspect.Parameter.VAR_POSITIONAL
_OTHERS: Final = inspect.Parameter.VAR_KEYWORD


def _below(path: str, above: str) -> bool:
    return path == above or path.startswith((f"{above}.", f"{above}["))


def _places(value: Any, path: KeyPath = ()) -> Iterator[str]:
    """Yield the JSON paths at which a call decides."""
    if isinstance(value, Argument):
        yield json_path(path)
    elif isinstance(value, Mapping):
        for key, member in value.items():
            yield from _places(member, (*path, str(key)))
    elif isinstance(value, list | tuple):
        for index, member in enumerate(value):
            yield from _places(member, (*path, index))


def _arguments(value: Any) -> list[str]:
    if isinstance(value, Argument):
        return [value.name]
    if isinstance(value, Mapping):
        return [name for member in value.values() for name in _arguments(member)]
    if isinstance(value, list | tuple):
        return [name for member in value for name in _arguments(member)]
    return []


def _filled(value: Any, arguments: Mapping[str, Any] | None) -> Any:
    """Return `value` with every stand-in replaced by what the function is called with; by what is no value without."""
    if isinstance(value, Argument):
        if arguments is None:
            return object()
        given = arguments[value.name]
        return value.of(given) if value.of is not None else given
    if isinstance(value, Mapping):
        return {key: _filled(member, arguments) for key, member in value.items()}
    if isinstance(value, list | tuple):
        return [_filled(member, arguments) for member in value]
    return value
