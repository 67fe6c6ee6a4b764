"""The hooks: a ledger that is configured is a fact source, and one that is not brings its commands alone."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

from policyengine import FactSource, hookimpl

if TYPE_CHECKING:
    from policyengine.hooks import Command


@hookimpl
def policyengine_settings() -> Mapping[str, Any]:
    """Return the JSON Schema of the settings under the name ``ledger``."""
    return {
        "type": "object",
        "required": ["url"],
        "additionalProperties": False,
        "properties": {
            "url": {
                "type": "string",
                "format": "database-url",
                "description": "sqlite:///PATH or postgresql://…; a relative PATH is taken from the configuration.",
            },
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
            "answer_within_days": {
                "type": "number",
                "exclusiveMinimum": 0,
                "description": "In how many days a request is to be answered where the policies name no number.",
            },
        },
    }


@hookimpl
def policyengine_fact_sources(settings: Mapping[str, Any]) -> Iterable[FactSource]:
    """Return the source of the configured ledger. It is not connected here: where it is missing, flows are denied."""
    if not settings:
        return ()
    from policyengine_ledger import Ledger, LedgerSource  # noqa: PLC0415  imports SQLAlchemy, needed where configured

    ledger = Ledger(settings["url"], timeout=settings.get("timeout_seconds", 5.0), create=False)
    return (LedgerSource(ledger, cache=settings.get("cache_seconds", 0.0)),)


@hookimpl
def policyengine_commands() -> Iterable[Command]:
    """Return ``policyengine facts`` and ``policyengine requests``."""
    from policyengine_ledger.cli import facts, requests  # noqa: PLC0415  needed by the command line alone

    return (facts, requests)
