"""Guards: payloads go in and come back, the decision is there for who asks, and what never fits is said at once."""

from __future__ import annotations

import asyncio
import functools
import inspect
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import pytest

from policyengine import Engine, Flow, FlowDenied, Step, arg

PACK = Path(__file__).parents[2] / "rules" / "alc-smart-learning"
REDACT = {"redact": {"fields": {"name": "name", "checkup": "health_checkup_result"}, "keep": ["id"]}}
ENGINE = Engine.load(PACK, installed_plugins=False, steps=[Step("redact")], settings=REDACT)
STAFF: dict[str, Any] = {
    "operation": "use",
    "subject": {"category": "employee", "id": arg("who")},
    "items": ["name", "health_checkup_result"],
    "purpose": arg("why"),
}
RECORD = {"id": 7, "name": "A", "checkup": "B", "else": "C"}
LEFT = {"id": 7, "name": "A"}


def letters(who: str, record: Any, *rest: int, flow: Flow, why: str = "health-management", **more: Any) -> Any:
    return who, record, rest, flow.payload, flow.decision.clauses, why, more


def test_payload_and_flow_reach_the_function() -> None:
    guarded = ENGINE.guard(payload="record", flow="flow", **STAFF)(letters)
    assert guarded("s-1", RECORD) == ("s-1", LEFT, (), LEFT, ("2-4",), "health-management", {})  # type: ignore[call-arg]
    assert guarded("s-1", [RECORD], 1, 2, extra=3)[1:3] == ([LEFT], (1, 2))  # type: ignore[call-arg, index]
    assert "flow" not in inspect.signature(guarded).parameters
    with pytest.raises(FlowDenied):
        guarded("s-1", RECORD, why="no-such-purpose")  # type: ignore[call-arg]
    for unfit in ({"flow": None}, {}):
        with pytest.raises(TypeError):
            guarded("s-1", **unfit)


def test_nobody_but_the_guard_gives_the_flow() -> None:
    @ENGINE.guard(flow="flow", **{**STAFF, "items": ["name"]})
    def send(who: str, *, why: str = "health-management", flow: Flow, **more: Any) -> Any:
        return who, why, flow, more

    assert type(send("s-1", also=1)[2]) is Flow  # type: ignore[call-arg]
    with pytest.raises(TypeError, match="'flow' is given by the guard"):
        send("s-1", flow="forged")  # type: ignore[arg-type]


def test_where_the_flow_stands_first() -> None:
    @ENGINE.guard(payload="record", flow="flow", **STAFF)
    def send(flow: Flow, who: str, record: Any, /, why: str = "health-management") -> Any:
        return [duty.id for duty in flow.decision.obligations], who, record, why

    assert send("s-1", RECORD) == ([], "s-1", LEFT, "health-management")  # type: ignore[call-arg, arg-type]


def test_methods_generators_and_coroutines() -> None:
    class Desk:
        @ENGINE.guard(payload="record", flow="flow", **STAFF)
        def each(self, who: str, record: Any, *, why: str, flow: Any = None) -> Iterator[Any]:  # noqa: ARG002
            yield from (record, flow.payload)

        @ENGINE.guard(payload="record", **STAFF)
        async def awaited(self, who: str, record: Any, why: str) -> Any:  # noqa: ARG002
            await asyncio.sleep(0)
            return record

        @ENGINE.guard(payload="record", **STAFF)
        async def entries(self, who: str, record: Any, why: str) -> AsyncIterator[Any]:  # noqa: ARG002
            for one in record.values():
                yield one

        @staticmethod
        @ENGINE.guard(payload="record", **STAFF)
        def static(who: str, record: Any, why: str) -> Any:  # noqa: ARG004
            return record

    desk, good = Desk(), "health-management"
    assert list(desk.each("s-1", RECORD, why=good)) == [LEFT, LEFT]
    assert asyncio.run(desk.awaited("s-1", RECORD, good)) == LEFT
    assert desk.static("s-1", RECORD, good) == LEFT

    async def all_of(why: str) -> list[Any]:
        return [one async for one in desk.entries("s-1", RECORD, why)]

    assert asyncio.run(all_of(good)) == [7, "A"]
    for denied in (
        lambda: desk.each("s-1", RECORD, why="no-such-purpose"),
        lambda: asyncio.run(desk.awaited("s-1", RECORD, "no-such-purpose")),
        lambda: asyncio.run(all_of("no-such-purpose")),
        lambda: desk.static("s-1", RECORD, "no-such-purpose"),
    ):
        with pytest.raises(FlowDenied):
            denied()


USE = {"operation": "use", "subject": {"category": "employee"}, "items": ["name"], "purpose": "health-management"}


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"operation": None}, r"\$.*operation"),
        ({"subject": None}, r"\$.*subject"),
        ({"items": None}, r"\$.*items"),
        ({"purpose": None}, r"\$.*purpose"),
        ({"purpos": "x"}, r'\$\.purpos: .*did you mean "purpose"'),
        ({"subject": {"categry": "employee"}}, r"\$\.subject.*categ"),
        ({"subject": {"category": "employee", "id": arg("who", str)}, "purpos": "x"}, r"\$\.purpos"),
        ({"subject": {"category": "employee", "idd": arg("who")}}, r"\$\.subject\.idd"),
        ({"operation": "uze"}, r"\$\.operation"),
        ({"operation": "provide"}, r"\$.*recipient"),
        ({"operation": "provide", "recipient": {"service": arg("who")}}, r"\$\.recipient.*id"),
        ({"items": []}, r"\$\.items"),
        ({"items": "name"}, r"\$\.items"),
        ({"items": ["name", "name"]}, r"\$\.items"),
        ({"time": "yesterday"}, r"\$\.time"),
        ({"facts": [{"kind": arg("who")}]}, r"\$\.facts\[0\]"),
        ({"purpose": arg("whi")}, r"no parameter 'whi'.*who"),
        ({"payload": "recrd"}, "no parameter 'recrd'; did you mean \"record\""),
        ({"flow": "flaw"}, "no parameter 'flaw'"),
        ({"flow": "record", "payload": "record"}, "gets the flow"),
        ({"flow": "who", "purpose": arg("who")}, "gets the flow"),
        ({"payload": "rest"}, "gathers arguments"),
        ({"flow": "more"}, "gathers arguments"),
    ],
)
def test_what_is_misspelt_or_missing_is_said_when_decorating(changes: dict[str, Any], said: str) -> None:
    def function(who: str, record: Any, *rest: Any, **more: Any) -> None: ...

    with pytest.raises(TypeError, match=said):
        ENGINE.guard(**{**USE, **changes})(function)


@pytest.mark.parametrize(
    "changes",
    [
        {"operation": arg("who"), "purpose": None},
        {"subject": arg("who")},
        {"subject": {"category": arg("who"), "id": arg("who")}},
        {"items": arg("who")},
        {"items": ["name", arg("who"), arg("record")]},
        {"items": (arg("who"), arg("who"))},
        {"operation": "provide", "recipient": arg("who")},
        {"operation": "disclose", "purpose": None, "recipient": {"id": arg("who")}},
        {"facts": [arg("who")]},
        {"facts": [{"type": arg("who")}]},
        {"attributes": {"age": arg("who")}},
        {"id": arg("who"), "time": arg("record")},
        {"actor": None, "origin": arg("who")},
    ],
)
def test_what_a_call_decides_is_left_to_it(changes: dict[str, Any]) -> None:
    def function(who: str, record: Any) -> None: ...

    assert callable(ENGINE.guard(**{**USE, **changes})(function))


def test_a_partial_of_a_coroutine_is_awaited() -> None:
    async def greet(who: str, why: str) -> str:
        await asyncio.sleep(0)
        return f"{who} {why}"

    partial = functools.partial(greet, why="health-management")
    guarded = ENGINE.guard(**{**STAFF, "items": ["name"]})(partial)
    assert asyncio.run(guarded("s-1")) == "s-1 health-management"  # type: ignore[call-arg, arg-type]
