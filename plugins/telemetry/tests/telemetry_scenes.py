"""Events, engines, and what the SDK made of them."""

from __future__ import annotations

import contextlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from opentelemetry.sdk.metrics.export import InMemoryMetricReader
from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from policyengine import Engine, FlowDenied, Step
from policyengine.model.decision import Outcome
from policyengine_telemetry import plugin

PACK = Path(__file__).parents[3] / "rules" / "alc-smart-learning"
ALL: frozenset[Outcome] = frozenset({"permit", "deny", "invalid"})
PERMITTED: dict[str, Any] = {
    "id": "e-001",
    "time": "2026-11-24T09:00:00+09:00",
    "controller": "alc-learning-systems",
    "operation": "entrust",
    "subject": {"category": "customer", "id": "c-102"},
    "items": ["name", "mobile_email"],
    "purpose": "product-information",
    "origin": "direct",
    "recipient": {"id": "mailer-kk", "service": "communication", "country": "JP"},
    "facts": [
        {"type": "contract", "kind": "confidentiality", "party": "mailer-kk"},
        {"type": "vetting", "party": "mailer-kk"},
    ],
    "attributes": {"campaign": "spring"},
}
DENIED = {**PERMITTED, "id": "e-002", "facts": []}
INVALID = {**PERMITTED, "id": "e-003", "colour": "red"}
EXCESSIVE = {**PERMITTED, "id": "e-004", "subject": {"category": "applicant"}, "items": ["name", "postal_address"]}
STRICTLY_DENIED = {**PERMITTED, "id": "e-005", "items": ["name", "inquiry_content"]}
STRICT: dict[str, Any] = {"shadow": [PACK], "shadow_readings": {"clause-5-conditions": "strict"}}
"""Shadow policies: the same under another reading."""
COMMON = {"policyengine.mode": "enforce", "policyengine.operation": "entrust"}
GOVERNED = {**COMMON, "policyengine.controller": "alc-learning-systems"}


def in_order(counts: list[tuple[dict[str, Any], float]]) -> list[tuple[dict[str, Any], float]]:
    """Return counts in an order that does not depend on who put them together."""
    return sorted(counts, key=lambda count: str(sorted(count[0].items())))


class Telemetry:
    """What the SDK has collected since it was last cleared, and an engine from before it was there."""

    def __init__(self, spans: InMemorySpanExporter, reader: InMemoryMetricReader, early: Engine) -> None:
        self._spans = spans
        self._reader = reader
        self.early = early
        self._metrics: list[tuple[str, Any]] = []

    def spans(self) -> list[ReadableSpan]:
        """Return the spans that have ended."""
        return list(self._spans.get_finished_spans())

    def counts(self, counter: str) -> list[tuple[dict[str, Any], float]]:
        """Return each set of attributes of a counter with its number, `in_order`."""
        found = [
            (dict(point.attributes), point.value)
            for _, metric in self.metrics()
            if metric.name == counter
            for point in metric.data.data_points
        ]
        return in_order(found)

    def metrics(self) -> list[tuple[str, Any]]:
        """Return every counter with the name of its scope."""
        data = self._reader.get_metrics_data()  # which hands over everything once
        scopes = data.resource_metrics[0].scope_metrics if data else ()
        self._metrics += [(scope.scope.name, metric) for scope in scopes for metric in scope.metrics]
        return self._metrics

    def clear(self) -> None:
        """Forget everything."""
        self._spans.clear()
        self._reader.get_metrics_data()
        self._metrics = []


def engine_with(
    *steps: str | Step,
    plugins: tuple[object, ...] = (),
    settings: Mapping[str, Any] | None = None,
    others: Mapping[str, Any] | None = None,
    **options: Any,
) -> Engine:
    """Return an engine with the plugin and its settings; an action that is named alone follows every outcome."""
    return Engine.load(
        PACK,
        plugins=[plugin, *plugins],
        installed_plugins=False,
        settings={"telemetry": settings or {}, **(others or {})},
        steps=[Step(step, on=ALL) if isinstance(step, str) else step for step in steps],
        **options,
    )


def enforce(engine: Engine, event: Any, payload: Any = None) -> str:
    """Enforce an event and return the outcome."""
    with contextlib.suppress(FlowDenied), engine.flow(event, payload) as flow:
        return flow.decision.outcome
    return "stopped"
