"""The built-in enforcement actions, registered through the same hook as anybody's."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from policyengine.actions.block import Block
from policyengine.actions.log import Log
from policyengine.actions.redact import Redact
from policyengine.hooks import EnforcementAction, hookimpl

_STRINGS = {"type": "array", "items": {"type": "string"}}


@hookimpl
def policyengine_settings() -> Mapping[str, Any]:
    """Describe the settings: which fields of a payload hold which items, and where the log goes."""
    return {
        "type": "object",
        "properties": {
            "fields": {
                "type": "object",
                "description": "For each field of a payload, the items that it holds.",
                "additionalProperties": {"type": ["string", "array"], "items": {"type": "string"}},
            },
            "keep": {**_STRINGS, "description": "Fields that hold no item, such as a key, and always pass."},
            "logger": {"type": "string", "description": "The logger that the action `log` writes to."},
        },
        "additionalProperties": False,
    }


@hookimpl
def policyengine_enforcement_actions(settings: Mapping[str, Any]) -> Iterable[EnforcementAction]:
    """Bring what every host needs."""
    fields = {
        name: frozenset([items] if isinstance(items, str) else items)
        for name, items in settings.get("fields", {}).items()
    }
    return (
        Block(),
        Redact(fields, frozenset(settings.get("keep", ()))),
        Log(settings.get("logger", "policyengine.decisions")),
    )
