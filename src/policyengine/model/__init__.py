"""The nouns: frozen values, which every other room is built on.

The names below are one of the two doors for plugin authors (``docs/plugins.md``): events and decisions, and the closed
algebra of conditions and rules to which a kind of rule lowers its tables.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from policyengine.errors import InvalidEvent
    from policyengine.model.condition import (
        ALWAYS,
        NEVER,
        Acquired,
        Age,
        And,
        Compare,
        Condition,
        During,
        Elsewhere,
        Field,
        Holds,
        In,
        Not,
        NotIn,
        Or,
        Same,
        all_of,
        any_of,
        conjuncts,
    )
    from policyengine.model.decision import Decision, Obligation, Reason
    from policyengine.model.event import Event
    from policyengine.model.event_document import Actor, Recipient, Source, Subject
    from policyengine.model.operation import WITHIN
    from policyengine.model.rule import Alternative, Duty, Head, Permit, Replacement, Restriction, Rule
    from policyengine.text import Text, listed, text_of
else:
    from policyengine.doors import door

    __getattr__, __dir__ = door(
        __name__,
        {
            "model.condition": (
                "ALWAYS",
                "Acquired",
                "Age",
                "Alternative",
                "And",
                "Compare",
                "Condition",
                "During",
                "Elsewhere",
                "Field",
                "Holds",
                "In",
                "NEVER",
                "Not",
                "NotIn",
                "Or",
                "Same",
                "all_of",
                "any_of",
                "conjuncts",
            ),
            "model.rule": (
                "Alternative",
                "Duty",
                "Head",
                "Permit",
                "Replacement",
                "Restriction",
                "Rule",
            ),
            "model.event": ("Event",),
            "model.event_document": (
                "Actor",
                "Recipient",
                "Source",
                "Subject",
            ),
            "model.operation": ("WITHIN",),
            "model.decision": (
                "Decision",
                "Obligation",
                "Reason",
            ),
            "errors": ("InvalidEvent",),
            "text": ("Text", "listed", "text_of"),
        },
    )

__all__ = [
    "ALWAYS",
    "NEVER",
    "WITHIN",
    "Acquired",
    "Actor",
    "Age",
    "Alternative",
    "And",
    "Compare",
    "Condition",
    "Decision",
    "During",
    "Duty",
    "Elsewhere",
    "Event",
    "Field",
    "Head",
    "Holds",
    "In",
    "InvalidEvent",
    "Not",
    "NotIn",
    "Obligation",
    "Or",
    "Permit",
    "Reason",
    "Recipient",
    "Replacement",
    "Restriction",
    "Rule",
    "Same",
    "Source",
    "Subject",
    "Text",
    "all_of",
    "any_of",
    "conjuncts",
    "listed",
    "text_of",
]
