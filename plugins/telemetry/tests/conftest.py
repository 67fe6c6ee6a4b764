"""The real SDK, installed once for the process as a host does it, with exporters that keep all in memory."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from opentelemetry import metrics, trace
from opentelemetry.sdk.metrics import Counter, MeterProvider
from opentelemetry.sdk.metrics.export import AggregationTemporality, InMemoryMetricReader
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from telemetry_scenes import Telemetry, engine_with


@pytest.fixture(scope="session")
def installed() -> Telemetry:
    """Install the SDK, after an engine was loaded without it."""
    early = engine_with("count", "trace")
    spans = InMemorySpanExporter()
    tracers = TracerProvider()
    tracers.add_span_processor(SimpleSpanProcessor(spans))
    trace.set_tracer_provider(tracers)
    reader = InMemoryMetricReader(preferred_temporality={Counter: AggregationTemporality.DELTA})
    metrics.set_meter_provider(MeterProvider([reader]))
    return Telemetry(spans, reader, early)


@pytest.fixture
def telemetry(installed: Telemetry) -> Iterator[Telemetry]:
    """Return what is emitted from now on."""
    installed.clear()
    yield installed
    installed.clear()
