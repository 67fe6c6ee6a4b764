"""dataflow-policyengine: policy as code for personal data in motion."""

from __future__ import annotations

from policyengine.decision import Decision, Obligation, PolicyRef, Reason
from policyengine.engine import Engine
from policyengine.errors import (
    EventError,
    FlowDenied,
    InvalidEvent,
    Place,
    PluginError,
    PolicyEngineError,
    PolicyError,
    Problem,
)
from policyengine.event import Event, Recipient, Subject
from policyengine.hooks import FactQuery, FactSource, RuleKind, hookimpl
from policyengine.text import Text

__all__ = [
    "Decision",
    "Engine",
    "Event",
    "EventError",
    "FactQuery",
    "FactSource",
    "FlowDenied",
    "InvalidEvent",
    "Obligation",
    "Place",
    "PluginError",
    "PolicyEngineError",
    "PolicyError",
    "PolicyRef",
    "Problem",
    "Reason",
    "Recipient",
    "RuleKind",
    "Subject",
    "Text",
    "hookimpl",
]

__version__ = "0.1.0"
