"""The hooks: a ledger that is configured is a fact source, and one that is not brings nothing."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from policyengine import FactSource, hookimpl
from policyengine_ledger.ledger import Ledger
from policyengine_ledger.source import LedgerSource


@hookimpl
def policyengine_settings() -> Mapping[str, Any]:
    """Return the JSON Schema of the settings under the name ``ledger``."""
    return {
        "type": "object",
        "required": ["url"],
        "additionalProperties": False,
        "properties": {
            "url": {"type": "string", "description": "sqlite:///PATH or postgresql://…"},
            "cache_seconds": {
                "type": "number",
                "minimum": 0,
                "description": "For how long an answer may be used again; 0, the default, asks every time.",
            },
            "timeout_seconds": {
                "type": "number",
                "exclusiveMinimum": 0,
                "description": "How long the database may take before the flow is denied; 5 by default.",
            },
        },
    }


@hookimpl
def policyengine_fact_sources(settings: Mapping[str, Any]) -> Iterable[FactSource]:
    """Return the source of the configured ledger. It is not connected here: where it is missing, flows are denied."""
    if not settings:
        return ()
    ledger = Ledger(settings["url"], timeout=settings.get("timeout_seconds", 5.0), create=False)
    return (LedgerSource(ledger, cache=settings.get("cache_seconds", 0.0)),)
