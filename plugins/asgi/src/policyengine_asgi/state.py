"""The engine of an application: opened when it starts, closed when it ends, and found in between."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Iterable, Mapping
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Any, Final, TypeAlias

from starlette.concurrency import run_in_threadpool
from starlette.requests import HTTPConnection
from starlette.types import Scope

from policyengine import Engine, WatchedEngine
from policyengine.model.policy import Policy

AnyEngine: TypeAlias = Engine | WatchedEngine
"""An engine, or one that follows its files."""

Lifespan: TypeAlias = Callable[[Any], AbstractAsyncContextManager[Mapping[str, Any] | None]]

_STATE: Final = "policyengine"


def lifespan(
    opens: Callable[[], AnyEngine], within: Lifespan | None = None
) -> Callable[[Any], AbstractAsyncContextManager[Mapping[str, Any]]]:
    """Return what Starlette and FastAPI take as ``lifespan``: the application has an engine while it runs.

    It is opened in the process that serves, after a fork, and is in the state of every request, those of mounted
    applications included (``request.state.policyengine``).

    Args:
        opens: makes the engine, in a thread, such as ``lambda: Engine.watch(config="policyengine.toml")``. What it
            raises ends the start of the application.
        within: another lifespan of the application's own, which begins after the engine is there and ends before it is
            closed. It finds the engine in ``app.state.policyengine``, and its state is that of requests as well.
    """

    @asynccontextmanager
    async def running(app: Any) -> AsyncIterator[Mapping[str, Any]]:
        engine = await run_in_threadpool(opens)
        try:
            app.state.policyengine = engine
            if within is None:
                yield {_STATE: engine}
            else:
                async with within(app) as state:
                    yield {**(state or {}), _STATE: engine}
        finally:
            await run_in_threadpool(engine.close)

    return running


def engine_of(connection: HTTPConnection) -> AnyEngine:
    """Return the engine of the application that a request or a websocket came to. It is a dependency of FastAPI, too.

    Raises:
        RuntimeError: it has none.
    """
    found = engine_in(connection.scope)
    if found is None:
        raise RuntimeError(
            "the application has no engine: it needs lifespan=policyengine_asgi.lifespan(...), and a server or test "
            "client that runs lifespans"
        )
    return found


def engine_in(scope: Scope) -> AnyEngine | None:
    """Return the engine in the state of a request; None where it has none."""
    found: AnyEngine | None = (scope.get("state") or {}).get(_STATE)
    return found


def policies_of(engine: AnyEngine | None) -> Iterable[Policy]:
    """Return the policies in force."""
    if engine is None:
        return ()
    return (engine.engine if isinstance(engine, WatchedEngine) else engine).policies
