"""Whether an application is alive, and under which policies it is ready: for probes and alerts. No secrets."""

from __future__ import annotations

from pathlib import PurePath
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse

from policyengine import PolicyError, WatchedEngine
from policyengine_asgi.state import AnyEngine, engine_in, policies_of


async def liveness(_: Request) -> JSONResponse:
    """Answer 200 as long as the event loop does: ``app.add_route("/livez", liveness)``."""
    return _answer({"status": "ok"}, 200)


async def readiness(request: Request) -> JSONResponse:
    """Answer with the policies in force: 200, or 503 where there is no engine.

    Where the newest change of a watched engine is broken, what was in force stays so, and the answer is 200 with the
    ``status`` ``stale``: it is ready, and somebody should look.
    """
    engine = engine_in(request.scope)
    return _answer({"status": "no-engine"}, 503) if engine is None else _answer(status_of(engine), 200)


def status_of(engine: AnyEngine) -> dict[str, Any]:
    """Return what an engine has in force: ``policies``, as decisions name them.

    Of one that follows its files, also how many seconds ago these were ``looked`` at, and what is in the way of newer
    ones: ``error`` has its codes and where they are, by the name of the file and the line. A message may quote a
    setting.
    """
    found: dict[str, Any] = {
        "status": "ok",
        "policies": [
            {"id": one.id, "version": one.version, "digest": one.digest, "readings": one.other_readings}
            for one in policies_of(engine)
        ],
    }
    if isinstance(engine, WatchedEngine):
        status = engine.status()
        found["looked"] = round(status.looked, 3)
        if status.error is not None:
            found |= {"status": "stale", "error": _told(status.error)}
    return found


def _told(error: Exception) -> dict[str, Any]:
    problems = error.problems if isinstance(error, PolicyError) else ()
    return {
        "type": type(error).__name__,
        "problems": [
            {"code": one.code, "at": f"{PurePath(one.place.file).name}:{one.place.line}" if one.place else None}
            for one in problems
        ],
    }


def _answer(body: dict[str, Any], status: int) -> JSONResponse:
    return JSONResponse(body, status, {"Cache-Control": "no-store"})
