"""What an engine imports only when it is first needed, and before a fork at the latest."""

from __future__ import annotations

import os
from importlib import import_module
from typing import Final

_LATER: Final = (
    "difflib",
    "importlib.resources",
    "json",
    "policyengine.decision.explain",
    "policyengine.decision.text",
    "policyengine.enforcement.awaiting",
    "policyengine.enforcement.payload",
    "policyengine.language.build",
    "policyengine.language.validate",
    "policyengine.model.event_errors",
    "policyengine.schema.diagnose",
    "tzdata",
    "zoneinfo",
)
"""What is imported late, so that a command starts at once."""


def _import_all() -> None:
    """Import what is imported later: a child would wait for ever for what another thread is importing at the fork."""
    for name in _LATER:
        import_module(name)


if hasattr(os, "register_at_fork"):
    os.register_at_fork(before=_import_all)
