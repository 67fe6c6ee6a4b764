"""The two actions: ``trace`` puts a decision on the current span, ``count`` adds it to counters."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from opentelemetry.metrics import Meter
from opentelemetry.trace import Tracer, get_current_span

from policyengine import Flow
from policyengine.enforcement.enforce import differs
from policyengine_telemetry.attributes import METRIC, METRIC_DEFAULT, PREFIX, SPAN, tell

DECISION: Final = "policyengine.decision"
"""The name of the event on a span, and of a span where none is recording."""


class Trace:
    """Puts decisions on spans: as an event on the current one, or as a short span where none is recording.

    Args:
        tracer: makes the short spans.
        attributes: which attributes are told, without the prefix.
    """

    name = "trace"
    stage = "tell"

    def __init__(self, tracer: Tracer, attributes: Iterable[str] = tuple(SPAN)) -> None:
        self._tracer = tracer
        self._attributes = tuple(attributes)

    def act(self, flow: Flow) -> None:
        """Tell of a flow as an action."""
        attributes = tell(flow, self._attributes, SPAN)
        current = get_current_span()
        if current.is_recording():
            current.add_event(DECISION, attributes)
        else:
            self._tracer.start_span(DECISION, attributes=attributes).end()

    def observe(self, flow: Flow) -> None:
        """Tell of a flow as an observer."""
        self.act(flow)


class Count:
    """Counts decisions, the obligations that they carry, and the flows that shadow policies see otherwise.

    Args:
        meter: makes the counters.
        attributes: by which attributes decisions are told apart, without the prefix.
    """

    name = "count"
    stage = "tell"

    def __init__(self, meter: Meter, attributes: Iterable[str] = METRIC_DEFAULT) -> None:
        self._attributes = tuple(attributes)
        self._decisions = meter.create_counter("policyengine.decisions", "{decision}", "Enforced decisions.")
        self._obligations = meter.create_counter(
            "policyengine.obligations", "{obligation}", "Obligations of permitted flows."
        )
        self._differences = meter.create_counter(
            "policyengine.shadow.differences", "{decision}", "Decisions that differ from those of the shadow policies."
        )

    def act(self, flow: Flow) -> None:
        """Count a flow as an action."""
        attributes = tell(flow, self._attributes, METRIC)
        self._decisions.add(1, attributes)
        for duty in flow.decision.obligations:
            self._obligations.add(1, {**attributes, f"{PREFIX}obligation": duty.id})
        if flow.shadow is not None and flow.first is not None and differs(flow.first, flow.shadow):
            self._differences.add(1, {**attributes, f"{PREFIX}shadow.outcome": flow.shadow.outcome})

    def observe(self, flow: Flow) -> None:
        """Count a flow as an observer."""
        self.act(flow)
