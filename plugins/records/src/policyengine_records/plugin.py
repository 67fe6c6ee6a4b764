"""The hooks: what is configured comes into an engine, and what is not brings its commands alone."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from policyengine import EnforcementAction, FactSource, hookimpl

if TYPE_CHECKING:
    from policyengine.hooks import Command

name: Final = "records"
"""Under which the settings stand, where a host hands this module over itself."""

_POSITIVE: Final = {"type": "number", "exclusiveMinimum": 0}

_LEDGER: Final = {
    "type": "object",
    "description": "Facts come from a ledger.",
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
            **_POSITIVE,
            "description": "How long the database may take before the flow is denied; 5 by default.",
        },
        "answer_within_days": {
            **_POSITIVE,
            "description": "In how many days a request is to be answered where the policies name no number.",
        },
    },
}
_QUARANTINE: Final = {
    "type": "object",
    "description": "The action quarantine.",
    "properties": {
        "file": {
            "type": "string",
            "format": "path",
            "minLength": 1,
            "description": "The SQLite file that flows are kept in; its folder is there.",
        },
        "payload": {
            "type": "boolean",
            "default": True,
            "description": "Whether the host's payload is kept with a flow.",
        },
    },
    "required": ["file"],
    "additionalProperties": False,
}
_NOTIFY: Final = {
    "type": "object",
    "description": "The action notify: who is told, and how.",
    "properties": {
        "url": {"type": "string", "description": "Who is told: https, or http on this machine."},
        "secret": {
            "type": "string",
            "writeOnly": True,
            "description": 'Signs the messages: "whsec_" and base64, best as {env = "NAME"}.',
        },
        "file": {
            "type": "string",
            "format": "path",
            "default": "outbox.db",
            "description": "The outbox, on a disk of this machine.",
        },
        "allow_http": {"type": "boolean", "description": "Whether another machine may be told over http."},
        "timeout_seconds": {**_POSITIVE, "description": "How long one attempt may take; by default 5."},
        "max_age_hours": {**_POSITIVE, "description": "After how long a message is given up; by default 72."},
        "most": {
            "type": "integer",
            "minimum": 1,
            "description": "How many messages may be undelivered before the action fails; by default 100000.",
        },
        "keep_days": {
            "type": "number",
            "minimum": 0,
            "description": "How long delivered messages are kept; by default 30.",
        },
    },
    "required": ["url", "secret"],
    "additionalProperties": False,
}


@hookimpl
def policyengine_settings() -> Mapping[str, Any]:
    """Return the JSON Schema of the settings under the name ``records``."""
    return {
        "type": "object",
        "properties": {"ledger": _LEDGER, "quarantine": _QUARANTINE, "notify": _NOTIFY},
        "additionalProperties": False,
    }


@hookimpl
def policyengine_fact_sources(settings: Mapping[str, Any]) -> Iterable[FactSource]:
    """Return the source of the configured ledger. It is not connected here: where it is missing, flows are denied."""
    if "ledger" not in settings:
        return ()
    from policyengine_records.ledger.ledger import Ledger  # noqa: PLC0415  imports SQLAlchemy, needed where configured
    from policyengine_records.ledger.source import LedgerSource  # noqa: PLC0415

    found = settings["ledger"]
    ledger = Ledger(found["url"], timeout=found.get("timeout_seconds", 5.0), create=False)
    return (LedgerSource(ledger, cache=found.get("cache_seconds", 0.0)),)


@hookimpl
def policyengine_enforcement_actions(settings: Mapping[str, Any]) -> Iterable[EnforcementAction]:
    """Bring the actions that are configured."""
    if "quarantine" in settings:
        from policyengine_records.quarantine import Keeping, Quarantine, QuarantineUnavailable  # noqa: PLC0415

        found = settings["quarantine"]
        file = Path(found["file"])
        if not file.absolute().parent.is_dir():  # said now, and not when the first flow is denied
            raise QuarantineUnavailable(f"{file}: its folder is not there")
        yield Keeping(Quarantine(file, payload=found.get("payload", True)))
    if "notify" in settings:
        from policyengine_records.notify import Notify, courier_of, outbox_of  # noqa: PLC0415

        found = settings["notify"]
        yield Notify(courier_of(found, outbox_of(found)), keep=found.get("keep_days", 30) * 86400)


@hookimpl
def policyengine_commands() -> Iterable[Command]:
    """Return ``policyengine facts``, ``requests``, ``quarantine`` and ``outbox``."""
    from policyengine_records.commands.facts import facts, requests  # noqa: PLC0415  needed by the command line alone
    from policyengine_records.commands.outbox import command as outbox  # noqa: PLC0415
    from policyengine_records.commands.quarantine import command as quarantine  # noqa: PLC0415

    return (facts, requests, quarantine, outbox)
