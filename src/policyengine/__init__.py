"""dataflow-policyengine: policy as code for personal data in motion."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from policyengine.enforcement.denial import language_asked_for, problem_document
    from policyengine.enforcement.flow import EnforcementAction, Flow, FlowDenied, Observer, Reduction, Step
    from policyengine.enforcement.guard import arg
    from policyengine.engine.engine import Engine
    from policyengine.engine.watched import WatchedEngine
    from policyengine.errors import (
        EventError,
        InvalidEvent,
        Place,
        PluginError,
        PolicyEngineError,
        PolicyError,
        Problem,
    )
    from policyengine.hooks import EventSource, FactQuery, FactSource, ReportFormat, hookimpl
    from policyengine.language.documents import Documents
    from policyengine.language.kind import RuleKind
    from policyengine.model.decision import Decision, Obligation, PolicyRef, Reason
    from policyengine.model.event import Event
    from policyengine.model.event_document import Actor, Recipient, Source, Subject
    from policyengine.model.remedy import Remedy
    from policyengine.text import Text
else:
    # A plugin of another tool (pytest's, say) lives in this package too, and shall not load an engine to be found.
    from policyengine.doors import door

    __getattr__, __dir__ = door(
        __name__,
        {
            "model.decision": ("Decision", "Obligation", "PolicyRef", "Reason"),
            "enforcement.flow": ("EnforcementAction", "Flow", "FlowDenied", "Observer", "Reduction", "Step"),
            "enforcement.denial": ("language_asked_for", "problem_document"),
            "enforcement.guard": ("arg",),
            "engine.engine": ("Engine",),
            "engine.watched": ("WatchedEngine",),
            "errors": (
                "EventError",
                "InvalidEvent",
                "Place",
                "PluginError",
                "PolicyEngineError",
                "PolicyError",
                "Problem",
            ),
            "model.remedy": ("Remedy",),
            "model.event": ("Event",),
            "model.event_document": ("Actor", "Recipient", "Source", "Subject"),
            "hooks": (
                "EventSource",
                "FactQuery",
                "FactSource",
                "ReportFormat",
                "hookimpl",
            ),
            "language.documents": ("Documents",),
            "language.kind": ("RuleKind",),
            "text": ("Text",),
        },
    )

__all__ = [
    "Actor",
    "Decision",
    "Documents",
    "EnforcementAction",
    "Engine",
    "Event",
    "EventError",
    "EventSource",
    "FactQuery",
    "FactSource",
    "Flow",
    "FlowDenied",
    "InvalidEvent",
    "Obligation",
    "Observer",
    "Place",
    "PluginError",
    "PolicyEngineError",
    "PolicyError",
    "PolicyRef",
    "Problem",
    "Reason",
    "Recipient",
    "Reduction",
    "Remedy",
    "ReportFormat",
    "RuleKind",
    "Source",
    "Step",
    "Subject",
    "Text",
    "WatchedEngine",
    "arg",
    "hookimpl",
    "language_asked_for",
    "problem_document",
]

__version__ = "0.1.0"
