"""Applications with an engine, over real HTTP: what they answer, what they ask, and what becomes of their engine."""

from __future__ import annotations

import asyncio
import json
import threading
import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from typing import Annotated, Any

import httpx
import pytest
import uvicorn
from fastapi import Depends, FastAPI
from starlette.applications import Starlette
from starlette.authentication import AuthCredentials, AuthenticationBackend, SimpleUser
from starlette.middleware import Middleware
from starlette.middleware.authentication import AuthenticationMiddleware
from starlette.requests import HTTPConnection, Request
from starlette.responses import JSONResponse, StreamingResponse
from starlette.routing import Mount, Route, WebSocketRoute
from starlette.websockets import WebSocket

from policyengine import Engine, Flow, FlowDenied, Observer, Step, hookimpl, moment
from policyengine_asgi import DenialMiddleware, RequestContext, engine_of, lifespan, liveness, readiness
from policyengine_asgi.fastapi import flow_of

PACK = Path(__file__).parents[3] / "rules" / "alc-smart-learning"
USE: dict[str, Any] = {
    "operation": "use",
    "subject": {"category": "customer", "id": "hanako"},
    "items": ["name", "mobile_email"],
    "purpose": "after-care",
}
DENIED = {**USE, "purpose": "publicity"}


class Seen:
    """An observer that keeps the events of flows."""

    name = "seen"

    def __init__(self) -> None:
        self.events: list[Any] = []
        self.closed = 0

    def observe(self, flow: Flow) -> None:
        self.events.append(flow.event)

    def close(self) -> None:
        self.closed += 1

    @hookimpl
    def policyengine_observers(self) -> list[Observer]:
        return [self]


@contextmanager
def serving(app: Any) -> Iterator[httpx.Client]:
    server = uvicorn.Server(uvicorn.Config(app, port=0, log_config=None, lifespan="on"))
    thread = threading.Thread(target=server.run)
    thread.start()
    try:
        while not server.started:
            assert thread.is_alive(), "it does not start"
            time.sleep(0.01)
        port = server.servers[0].sockets[0].getsockname()[1]
        with httpx.Client(base_url=f"http://127.0.0.1:{port}", timeout=30) as client:
            yield client
    finally:
        server.should_exit = True
        thread.join(30)
        assert not thread.is_alive()


def opening(seen: Seen | None = None, **options: Any) -> Callable[[], Engine]:
    return lambda: Engine.load(PACK, plugins=[seen] if seen else [], installed_plugins=False, **options)


CONTEXT = RequestContext()


def flowing(event: dict[str, Any]) -> Callable[[Request], Any]:
    async def endpoint(request: Request) -> JSONResponse:
        async with CONTEXT.flow(request, **event) as flow:
            return JSONResponse({"clauses": flow.decision.clauses})

    return endpoint


def starlette(*routes: Any, seen: Seen | None = None, middleware: Any = (), **options: Any) -> Starlette:
    return Starlette(
        routes=[*routes, Route("/permitted", flowing(USE)), Route("/denied", flowing(DENIED))],
        middleware=[Middleware(DenialMiddleware), *middleware],
        lifespan=lifespan(opening(seen, **options)),
    )


def test_a_denial_is_a_problem_document_in_the_language_of_the_request() -> None:
    def waiting(request: Request) -> JSONResponse:
        with CONTEXT.flow(request, **DENIED):
            return JSONResponse(None)

    with serving(starlette(Route("/waiting", waiting))) as http:
        assert http.get("/waiting").json()["codes"] == ["not-permitted"]
        assert http.get("/permitted").json() == {"clauses": ["2-1"]}
        english = http.get("/denied", headers={"Accept-Language": "fr, en;q=0.5"})
        japanese = http.get("/denied", headers={"Accept-Language": "ja"})
    assert english.status_code == japanese.status_code == 403
    assert english.headers["content-type"] == "application/problem+json"
    assert (english.headers["content-language"], japanese.headers["content-language"]) == ("en", "ja")
    assert english.headers["vary"] == "Accept-Language"
    assert english.json()["clauses"] == japanese.json()["clauses"] == ["2-1"]
    assert english.json()["items"] == ["name", "mobile_email"]
    assert "メールアドレス" in japanese.json()["detail"]
    assert "hanako" not in english.text + japanese.text


def test_a_source_that_is_away_is_a_503_and_a_wrong_event_a_500_that_the_log_has(
    caplog: pytest.LogCaptureFixture,
) -> None:
    class Away:
        name = "away"

        async def facts(self, _: Any) -> Any:
            raise OSError("hanako")

        @hookimpl
        def policyengine_fact_sources(self) -> list[Any]:
            return [self]

    entrusting = {**USE, "operation": "entrust", "recipient": {"id": "hanako", "service": "communication"}}
    wrong = {**USE, "items": ["name", "name"], "hanako": 1}
    app = Starlette(
        routes=[Route("/entrust", flowing(entrusting)), Route("/wrong", flowing(wrong))],
        middleware=[Middleware(DenialMiddleware)],
        lifespan=lifespan(lambda: Engine.load(PACK, plugins=[Away()], installed_plugins=False)),
    )
    with serving(app) as http:
        away, none = http.get("/entrust"), http.get("/wrong")
    assert (away.status_code, away.json()["codes"]) == (503, ["source-unavailable"])
    assert (none.status_code, none.json()["codes"]) == (500, [])
    assert "hanako" not in away.text + none.text
    (told,) = [record.getMessage() for record in caplog.records if record.name == "policyengine.asgi"]
    assert "$.items" in told


def test_a_response_that_has_begun_is_broken_off() -> None:
    async def stream(request: Request) -> StreamingResponse:
        async def parts() -> AsyncIterator[bytes]:
            yield b"first"
            async with CONTEXT.flow(request, **DENIED):
                yield b"never"

        return StreamingResponse(parts())

    with serving(starlette(Route("/stream", stream))) as http, pytest.raises(httpx.RemoteProtocolError):
        http.get("/stream")


def test_flows_of_tasks_that_run_together_are_answered_as_one() -> None:
    async def enforced(request: Request, event: dict[str, Any]) -> None:
        async with CONTEXT.flow(request, **event):
            pass

    async def together(request: Request) -> JSONResponse:
        async with asyncio.TaskGroup() as tasks:
            for event in (USE, DENIED, DENIED):
                tasks.create_task(enforced(request, event))
        return JSONResponse(None)

    async def mixed(request: Request) -> JSONResponse:
        try:
            await enforced(request, DENIED)
        except FlowDenied as denied:
            raise ExceptionGroup("both", [ExceptionGroup("one", [denied]), KeyError("something else")]) from None
        return JSONResponse(None)

    with serving(starlette(Route("/together", together), Route("/mixed", mixed))) as http:
        assert http.get("/together").json()["clauses"] == ["2-1"]
        assert http.get("/mixed").status_code == 500


@pytest.mark.parametrize("accepted", [False, True])
def test_a_websocket_is_closed_with_the_codes(accepted: bool) -> None:
    async def talk(websocket: WebSocket) -> None:
        if accepted:
            await websocket.accept()
        async with CONTEXT.flow(websocket, **DENIED):
            await websocket.send_text("never")

    sent: list[Any] = []

    async def send(message: Any) -> None:
        sent.append(message)

    async def receive() -> Any:
        return {"type": "websocket.connect"}

    async def once() -> None:
        app = starlette(WebSocketRoute("/talk", talk))
        async with app.router.lifespan_context(app) as state:
            scope = {"type": "websocket", "path": "/talk", "headers": [], "query_string": b"", "state": dict(state)}
            await app(scope, receive, send)

    asyncio.run(once())
    assert sent[-1] == {"type": "websocket.close", "code": 1008, "reason": "not-permitted"}
    assert len(sent) == 1 + accepted


class Tokens(AuthenticationBackend):
    async def authenticate(self, conn: HTTPConnection) -> Any:
        token = conn.headers.get("authorization")
        return None if token is None else (AuthCredentials(), SimpleUser(token.removeprefix("Bearer ")))


def test_a_request_says_who_acts_when_and_under_which_id(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(moment, "now", lambda: "2026-11-24T09:00:00+00:00")
    seen = Seen()
    context = RequestContext(
        {"controller": "alc-learning-systems"},
        attributes={"campaign": lambda request: request.query_params.get("campaign"), "desk": 3},
    )

    async def endpoint(request: Request) -> JSONResponse:
        async with context.flow(request, **USE, attributes=lambda request: {"desk": len(request.url.path) + 2}):
            return JSONResponse(None)

    app = starlette(Route("/x", endpoint), seen=seen, middleware=[Middleware(AuthenticationMiddleware, Tokens())])
    with serving(app) as http:
        for headers in ({"X-Request-ID": "r-1", "Authorization": "Bearer clerk"}, {"X-Request-ID": "a b\tc"}, {}):
            assert http.get("/x?campaign=spring", headers=headers).status_code == 200
        assert http.get("/x", headers={"X-Request-ID": "r-1"}).status_code == 200
    named, odd, plain, again = seen.events
    assert named["actor"] == {"id": "clerk"} and all("actor" not in event for event in (odd, plain, again))
    assert named["time"] == "2026-11-24T09:00:00+00:00"
    assert named["attributes"] == {"campaign": "spring", "desk": 4} and again["attributes"] == {"desk": 4}
    assert named["id"].startswith("r-1:") and again["id"].startswith("r-1:") and named["id"] != again["id"]
    assert odd["id"].isalnum() and plain["id"].isalnum()
    assert named["controller"] == "alc-learning-systems"


async def record(person: str) -> dict[str, Any]:
    return {"n": person, "checkup": "B", "unheard_of": 1}


SUBJECT = {"category": lambda request: request.query_params["category"]}
HEALTH = ["name", "health_checkup_result"]
welfare = flow_of(CONTEXT, record, operation="use", purpose="welfare", subject=SUBJECT, items=HEALTH)


def test_a_flow_is_a_dependency_of_fastapi() -> None:
    fields = {"n": "name", "checkup": "health_checkup_result"}
    opens = opening(steps=[Step("redact")], settings={"redact": {"fields": fields}})
    app = FastAPI(lifespan=lifespan(opens))
    app.add_middleware(DenialMiddleware)

    @app.get("/people/{person}")
    async def read(flow: Annotated[Flow, Depends(welfare)]) -> Any:
        return flow.payload

    @app.get("/version")
    def version(engine: Annotated[Engine, Depends(engine_of)]) -> str:
        return engine.policies[0].version

    with serving(app) as http:
        assert http.get("/people/taro?category=employee").json() == {"n": "taro"}
        assert http.get("/people/taro?category=nobody").json()["codes"] == ["unknown-term"]
        assert http.get("/version").json() == "2013-02-01"


def test_the_engine_lives_as_long_as_the_application_and_is_there_in_mounted_ones() -> None:
    seen = Seen()
    order: list[Any] = []

    @asynccontextmanager
    async def own(app: Starlette) -> AsyncIterator[dict[str, Any]]:
        order.append(type(app.state.policyengine).__name__)
        yield {"mine": 1}
        order.append(seen.closed)

    async def state(request: Request) -> JSONResponse:
        return JSONResponse([request.state.mine, len(engine_of(request).engine.policies)])  # type: ignore[union-attr]

    mounted = Starlette(routes=[Route("/state", state)])
    app = Starlette(
        routes=[Mount("/below", mounted)],
        lifespan=lifespan(lambda: Engine.watch(PACK, plugins=[seen], installed_plugins=False), own),
    )
    before = threading.active_count()
    with serving(app) as http:
        assert http.get("/below/state").json() == [1, 1]
    assert order == ["WatchedEngine", 0]
    assert seen.closed == 1
    ended = time.monotonic() + 10
    while threading.active_count() > before and time.monotonic() < ended:
        time.sleep(0.01)  # a thread that is done may take a moment to be gone
    assert threading.active_count() <= before


def test_without_a_lifespan_it_says_what_is_missing() -> None:
    with pytest.raises(RuntimeError, match=r"lifespan=policyengine_asgi\.lifespan"):
        engine_of(HTTPConnection({"type": "http", "headers": []}))


def test_a_policy_that_is_broken_ends_the_start(tmp_path: Path) -> None:
    (tmp_path / "policy.toml").write_text("[policy", "utf-8")

    async def start() -> None:
        app = Starlette(lifespan=lifespan(lambda: Engine.load(tmp_path)))
        async with app.router.lifespan_context(app):
            raise AssertionError("it runs")

    with pytest.raises(Exception, match="toml-syntax"):
        asyncio.run(start())


def test_health_says_under_which_policies_it_runs_and_what_is_wrong_without_saying_secrets(tmp_path: Path) -> None:
    config = tmp_path / "policyengine.toml"
    config.write_text(f'policies = ["{PACK.as_posix()}"]\n', "utf-8")
    routes = [Route("/livez", liveness), Route("/readyz", readiness)]
    with serving(Starlette(routes=routes)) as http:
        assert (http.get("/livez").status_code, http.get("/readyz").status_code) == (200, 503)
    opens: list[Any] = []

    def watch() -> Any:
        opens.append(Engine.watch(config=config, interval=60, installed_plugins=False))
        return opens[0]

    with serving(Starlette(routes=routes, lifespan=lifespan(watch))) as http:
        healthy = http.get("/readyz")
        config.write_text('policies = ["nowhere"]\n[plugins.redact]\nsecret = "the-secret"\n', "utf-8")
        opens[0].look()
        stale = http.get("/readyz")
    policy = Engine.load(PACK).policies[0]
    assert healthy.headers["cache-control"] == "no-store"
    body = healthy.json()
    assert 0 <= body.pop("looked") < 60
    assert body == {
        "status": "ok",
        "policies": [{"id": policy.id, "version": policy.version, "digest": policy.digest, "readings": {}}],
    }
    assert (stale.status_code, stale.json()["status"]) == (200, "stale")
    assert stale.json()["policies"] == body["policies"]
    assert [one["at"] for one in stale.json()["error"]["problems"]] != []
    assert "the-secret" not in json.dumps(stale.json()) and str(tmp_path) not in stale.text


def test_a_denial_is_raised_where_the_middleware_is_not() -> None:
    app = Starlette(routes=[Route("/denied", flowing(DENIED))], lifespan=lifespan(opening()))

    async def ask() -> None:
        async with app.router.lifespan_context(app) as state:
            transport = httpx.ASGITransport(_with(app, state))
            async with httpx.AsyncClient(transport=transport, base_url="http://test") as http:
                await http.get("/denied")

    with pytest.raises(FlowDenied):
        asyncio.run(ask())


def _with(app: Any, state: Any) -> Any:
    async def called(scope: Any, receive: Any, send: Any) -> None:
        await app({**scope, "state": dict(state)}, receive, send)

    return called
