"""The hooks: two actions for steps, or the same two as observers of every enforced decision."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from opentelemetry.metrics import get_meter
from opentelemetry.trace import get_tracer

from policyengine import EnforcementAction, Observer, hookimpl
from policyengine_telemetry import Count, Trace, __version__
from policyengine_telemetry.attributes import METRIC, METRIC_DEFAULT, SPAN

name = "telemetry"
"""By which a host that registers this module itself finds its settings."""


@hookimpl
def policyengine_settings() -> Mapping[str, Any]:
    """Return the JSON Schema of the settings under the name ``telemetry``."""
    return {
        "type": "object",
        "additionalProperties": False,
        "properties": {
            "observe": {
                "type": "array",
                "items": {"enum": [Count.name, Trace.name]},
                "uniqueItems": True,
                "description": "Which of the two are told of every enforced decision; those are no actions of steps.",
            },
            "scope": {
                "type": "string",
                "minLength": 1,
                "description": "The instrumentation scope of spans and metrics; policyengine_telemetry by default.",
            },
            "span_attributes": {
                "type": "array",
                "items": {"enum": sorted(SPAN)},
                "uniqueItems": True,
                "description": "What is told on spans; all by default.",
            },
            "metric_attributes": {
                "type": "array",
                "items": {"enum": sorted(METRIC)},
                "uniqueItems": True,
                "description": f"By what decisions are told apart in metrics; {', '.join(METRIC_DEFAULT)} by default.",
            },
        },
    }


@hookimpl
def policyengine_enforcement_actions(settings: Mapping[str, Any]) -> Iterable[EnforcementAction]:
    """Return the two, without those that observe: nothing is counted twice."""
    return [one for one in _both(settings) if one.name not in settings.get("observe", ())]


@hookimpl
def policyengine_observers(settings: Mapping[str, Any]) -> Iterable[Observer]:
    """Return those of the two that observe."""
    return [one for one in _both(settings) if one.name in settings.get("observe", ())]


def _both(settings: Mapping[str, Any]) -> tuple[Count, Trace]:
    scope = settings.get("scope", "policyengine_telemetry")
    return (
        Count(get_meter(scope, __version__), settings.get("metric_attributes", METRIC_DEFAULT)),
        Trace(get_tracer(scope, __version__), settings.get("span_attributes", tuple(SPAN))),
    )
