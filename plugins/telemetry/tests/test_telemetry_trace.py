"""Decisions on spans: what is told, on which span, in threads and tasks, and what is never told."""

from __future__ import annotations

import asyncio
import json
import threading
from typing import Any

import pytest
from opentelemetry import trace
from opentelemetry.sdk.trace import ReadableSpan

from policyengine import Engine, Event, FlowDenied, hookimpl
from telemetry_scenes import (
    DENIED,
    GOVERNED,
    INVALID,
    PACK,
    PERMITTED,
    STRICT,
    STRICTLY_DENIED,
    Telemetry,
    enforce,
    engine_with,
)

TRACER = trace.get_tracer("host")
POLICY = ("alc-smart-learning@2013-02-01",)
TOLD: list[tuple[dict[str, Any], dict[str, Any]]] = [
    (
        PERMITTED,
        {
            **GOVERNED,
            "policyengine.event.id": "e-001",
            "policyengine.outcome": "permit",
            "policyengine.clauses": ("2-1", "5(2)", "6"),
            "policyengine.policies": POLICY,
            "policyengine.obligations": ("supervise-contractor",),
        },
    ),
    (
        DENIED,
        {
            **GOVERNED,
            "policyengine.event.id": "e-002",
            "policyengine.outcome": "deny",
            "policyengine.clauses": ("6",),
            "policyengine.policies": POLICY,
            "policyengine.reasons": ("requirement-unmet",),
        },
    ),
    (
        INVALID,
        {
            "policyengine.mode": "enforce",
            "policyengine.operation": "entrust",
            "policyengine.event.id": "e-003",
            "policyengine.outcome": "invalid",
        },
    ),
]


@pytest.mark.parametrize(("event", "told"), TOLD, ids=["permit", "deny", "invalid"])
def test_an_event_on_the_current_span_tells_of_the_decision(
    telemetry: Telemetry, event: dict[str, Any], told: dict[str, Any]
) -> None:
    engine = engine_with("trace")
    with TRACER.start_as_current_span("request"):
        enforce(engine, event)
    (span,) = telemetry.spans()
    assert span.name == "request"
    assert [(one.name, dict(one.attributes or {})) for one in span.events] == [("policyengine.decision", told)]
    assert not span.attributes


@pytest.mark.parametrize(("event", "told"), TOLD, ids=["permit", "deny", "invalid"])
def test_where_no_span_is_recording_there_is_a_short_one(
    telemetry: Telemetry, event: dict[str, Any], told: dict[str, Any]
) -> None:
    enforce(engine_with("trace"), event)
    (span,) = telemetry.spans()
    assert (span.name, dict(span.attributes or {})) == ("policyengine.decision", told)
    assert span.instrumentation_scope is not None
    assert (span.instrumentation_scope.name, span.instrumentation_scope.version) == ("policyengine_telemetry", "0.1.0")
    assert not span.events
    assert span.end_time is not None


def test_a_typed_event_is_told_as_a_mapping_is(telemetry: Telemetry) -> None:
    engine_with("trace").enforce(Event.from_mapping(PERMITTED))
    assert dict(telemetry.spans()[0].attributes or {}) == TOLD[0][1]


def test_a_span_that_has_ended_gets_nothing(telemetry: Telemetry) -> None:
    engine = engine_with("trace")
    with TRACER.start_as_current_span("request") as span:
        span.end()
        engine.enforce(PERMITTED)
    assert [one.name for one in telemetry.spans()] == ["request", "policyengine.decision"]
    assert not telemetry.spans()[0].events


def test_the_settings_choose_attributes_and_scope(telemetry: Telemetry) -> None:
    settings = {"scope": "shop.privacy", "span_attributes": ["outcome", "reasons"]}
    enforce(engine_with("trace", settings=settings), DENIED)
    (span,) = telemetry.spans()
    assert span.instrumentation_scope is not None
    assert span.instrumentation_scope.name == "shop.privacy"
    assert dict(span.attributes or {}) == {
        "policyengine.outcome": "deny",
        "policyengine.reasons": ("requirement-unmet",),
    }


def test_what_the_shadow_policies_say_is_told(telemetry: Telemetry) -> None:
    engine = engine_with("trace", **STRICT)
    engine.enforce(STRICTLY_DENIED)
    engine.enforce(PERMITTED)
    told = [(span.attributes or {}) for span in telemetry.spans()]
    assert [(one["policyengine.outcome"], one["policyengine.shadow.outcome"]) for one in told] == [
        ("permit", "deny"),
        ("permit", "permit"),
    ]


def test_mode_warn_is_told_and_stops_nothing(telemetry: Telemetry) -> None:
    assert engine_with("trace", mode="warn").enforce(DENIED).outcome == "deny"
    assert (telemetry.spans()[0].attributes or {})["policyengine.mode"] == "warn"


def ids_of(span: ReadableSpan) -> list[Any]:
    return [(event.attributes or {})["policyengine.event.id"] for event in span.events]


def test_tasks_are_told_on_their_own_spans(telemetry: Telemetry) -> None:
    engine = engine_with("trace")

    async def handle(number: int) -> None:
        with TRACER.start_as_current_span(f"request-{number}"):
            await engine.enforce_async({**PERMITTED, "id": f"e-{number}"})

    async def handle_all() -> None:
        await asyncio.gather(*(handle(number) for number in range(20)))

    asyncio.run(handle_all())
    told = {span.name: ids_of(span) for span in telemetry.spans()}
    assert told == {f"request-{number}": [f"e-{number}"] for number in range(20)}


def test_threads_are_told_on_their_own_spans(telemetry: Telemetry) -> None:
    engine = engine_with("trace")

    def handle(number: int) -> None:
        with TRACER.start_as_current_span(f"request-{number}"):
            for turn in range(20):
                engine.enforce({**PERMITTED, "id": f"e-{number}-{turn}"})

    threads = [threading.Thread(target=handle, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    told = {span.name: ids_of(span) for span in telemetry.spans()}
    assert told == {f"request-{number}": [f"e-{number}-{turn}" for turn in range(20)] for number in range(8)}


class Gossip:
    """A host whose source and whose action fail with what they know of the person."""

    name = "gossip"
    stage = "keep"

    @hookimpl
    def policyengine_fact_sources(self) -> list[Any]:
        return [self]

    @hookimpl
    def policyengine_enforcement_actions(self) -> list[Any]:
        return [self]

    def facts(self, queries: Any) -> Any:
        if any(query.event.id == "e-source" for query in queries):
            raise RuntimeError("secret-message")
        return [[] for _ in queries]

    def act(self, flow: Any) -> None:
        raise RuntimeError(f"secret-message of {flow.event}")


PERSONAL: dict[str, Any] = {
    **PERMITTED,
    "subject": {"category": "customer", "id": "secret-subject"},
    "recipient": {"id": "secret-recipient", "service": "communication"},
    "facts": [
        {"type": "contract", "kind": "confidentiality", "party": "secret-recipient"},
        {"type": "vetting", "party": "secret-recipient"},
        {"type": "legal_basis", "kind": "court", "reference": "secret-reference"},
    ],
    "attributes": {"campaign": "secret-attribute"},
}
HOSTILE: list[Any] = [
    PERSONAL,
    {**PERSONAL, "facts": []},
    {**PERSONAL, "id": "e-source"},
    {**PERSONAL, "purpose": "secret-purpose"},
    {**PERSONAL, "items": ["secret-item"]},
    {**PERSONAL, "subject": {"category": "secret-category"}},
    {**PERSONAL, "controller": "secret-controller"},
    {**PERSONAL, "operation": "secret-operation"},
    {**PERSONAL, "operation": ["secret-operation"]},
    {**PERSONAL, "controller": {"secret-controller": 1}},
    {**PERSONAL, "secret-field": "secret-value"},
    {**PERSONAL, "facts": [{"type": "secret-type"}]},
    {},
    ["secret-list"],
    "secret-text",
    None,
]


@pytest.mark.parametrize("observed", [True, False])
@pytest.mark.parametrize("shadow", [{}, STRICT], ids=["alone", "shadow"])
def test_nothing_of_a_person_is_told(telemetry: Telemetry, observed: bool, shadow: dict[str, Any]) -> None:
    settings: dict[str, Any] = {"metric_attributes": ["outcome", "mode", "operation", "controller", "clauses"]}
    if observed:
        settings["observe"] = ["count", "trace"]
    actions = ["gossip"] if observed else ["gossip", "count", "trace"]
    engine = engine_with(*actions, plugins=(Gossip(),), settings=settings, **shadow)
    for event in HOSTILE:
        enforce(engine, event, payload={"name": "secret-payload"})
    spans = "".join(json.dumps(json.loads(span.to_json())) for span in telemetry.spans())
    counted = "".join(metric.to_json() for _, metric in telemetry.metrics())
    assert spans.count('"policyengine.outcome"') == len(HOSTILE)
    assert "e-source" in spans
    assert "policyengine.decisions" in counted
    assert "secret" not in spans + counted
    assert "e-001" not in counted
    assert "e-source" not in counted


def test_an_action_denies_nothing_and_permits_nothing(telemetry: Telemetry) -> None:
    bare, traced = Engine.load(PACK, installed_plugins=False), engine_with("trace", "count")
    assert traced.enforce(PERMITTED) == bare.enforce(PERMITTED)
    for engine in (bare, traced):
        with pytest.raises(FlowDenied):
            engine.enforce(DENIED)
    assert len(telemetry.spans()) == 2
