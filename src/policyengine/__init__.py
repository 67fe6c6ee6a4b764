"""dataflow-policyengine: policy as code for personal data in motion."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from policyengine.decision import Decision, FlowDenied, Obligation, PolicyRef, Reason
    from policyengine.enforce import Flow, Step
    from policyengine.engine import Engine
    from policyengine.errors import (
        EventError,
        InvalidEvent,
        Place,
        PluginError,
        PolicyEngineError,
        PolicyError,
        Problem,
    )
    from policyengine.event import Event, Recipient, Subject
    from policyengine.guard import arg
    from policyengine.hooks import (
        EnforcementAction,
        EventSource,
        FactQuery,
        FactSource,
        Observer,
        ReportFormat,
        RuleKind,
        hookimpl,
    )
    from policyengine.text import Text
    from policyengine.watch import WatchedEngine
else:
    # A plugin of another tool (pytest's, say) lives in this package too, and shall not load an engine to be found.
    _HOMES = {
        "decision": ("Decision", "FlowDenied", "Obligation", "PolicyRef", "Reason"),
        "enforce": ("Flow", "Step"),
        "engine": ("Engine",),
        "errors": (
            "EventError",
            "InvalidEvent",
            "Place",
            "PluginError",
            "PolicyEngineError",
            "PolicyError",
            "Problem",
        ),
        "event": ("Event", "Recipient", "Subject"),
        "guard": ("arg",),
        "hooks": (
            "EnforcementAction",
            "EventSource",
            "FactQuery",
            "FactSource",
            "Observer",
            "ReportFormat",
            "RuleKind",
            "hookimpl",
        ),
        "text": ("Text",),
        "watch": ("WatchedEngine",),
    }

    def __getattr__(name):
        """Return a public name, from the module that has it, when it is first asked for."""
        from importlib import import_module  # noqa: PLC0415

        for home, names in _HOMES.items():
            if name in names:
                globals()[name] = getattr(import_module(f"{__name__}.{home}"), name)
                return globals()[name]
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")

    def __dir__():
        return sorted({*globals(), *__all__})


__all__ = [
    "Decision",
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
    "ReportFormat",
    "RuleKind",
    "Step",
    "Subject",
    "Text",
    "WatchedEngine",
    "arg",
    "hookimpl",
]

__version__ = "0.1.0"
