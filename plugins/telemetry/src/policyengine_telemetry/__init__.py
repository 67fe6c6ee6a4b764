"""Decisions as OpenTelemetry spans and metrics: what was decided and on which clauses, and never of whom."""

from policyengine_telemetry.actions import Count, Trace

__all__ = ["Count", "Trace"]

__version__ = "0.1.0"
