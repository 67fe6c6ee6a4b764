"""The hooks: what is configured comes into an engine, and what is not brings its commands alone."""

from __future__ import annotations

import threading
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any, Final
from weakref import WeakValueDictionary

from policyengine import EnforcementAction, FactSource, PluginError, hookimpl

if TYPE_CHECKING:
    from policyengine.hooks import Command
    from policyengine_records.store.store import Store

name: Final = "records"
"""Under which the settings stand, where a host hands this module over itself."""

_shared: Final[WeakValueDictionary[tuple[str, float, int], Store]] = WeakValueDictionary()
_sharing: Final = threading.Lock()

_POSITIVE: Final = {"type": "number", "exclusiveMinimum": 0}

_LEDGER: Final = {
    "type": "object",
    "description": "The ledger of facts.",
    "properties": {
        "source": {
            "type": "boolean",
            "default": True,
            "description": "Whether decisions ask the ledger for facts.",
        },
        "answer_within_days": {
            **_POSITIVE,
            "description": "In how many days a request is to be answered where the policies name no number.",
        },
    },
    "additionalProperties": False,
}
_QUARANTINE: Final = {
    "type": "object",
    "description": "The action quarantine.",
    "properties": {
        "payload": {
            "type": "boolean",
            "default": True,
            "description": "Whether the host's payload is kept with a flow.",
        },
        "notify": {
            "type": "boolean",
            "default": False,
            "description": "Whether the webhook of notify is told of a flow in the transaction that keeps it.",
        },
    },
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
        "properties": {
            "database": {
                "type": "string",
                "format": "database-url",
                "default": "sqlite:///records.db",
                "description": "sqlite:///PATH or postgresql://host/name; a relative PATH is taken from this file.",
            },
            "pool_size": {
                "type": "integer",
                "minimum": 1,
                "default": 5,
                "description": "How many connections a process has; whoever wants one more waits for its turn.",
            },
            "timeout_seconds": {
                **_POSITIVE,
                "default": 5,
                "description": "How long the database may take before the flow is denied.",
            },
            "ledger": _LEDGER,
            "quarantine": _QUARANTINE,
            "notify": _NOTIFY,
        },
        "additionalProperties": False,
    }


def store_of(settings: Mapping[str, Any]) -> Store:
    """Return the store that settings name: one for all who name it in this process. It is not connected here.

    Raises:
        RecordsError: the database is of another sort.
    """
    from policyengine_records.store.opening import address_of, file_of  # noqa: PLC0415  imports SQLAlchemy
    from policyengine_records.store.store import Store  # noqa: PLC0415

    database = settings.get("database", "sqlite:///records.db")
    timeout, pool_size = settings.get("timeout_seconds", 5), settings.get("pool_size", 5)
    file = file_of(address_of(database))  # a relative path is another file in another folder
    key = (database if file is None else str(file), timeout, pool_size)
    with _sharing:
        store = _shared.get(key)
        if store is None:
            store = _shared[key] = Store(database, timeout=timeout, pool_size=pool_size)
    return store


@hookimpl
def policyengine_fact_sources(settings: Mapping[str, Any]) -> Iterable[FactSource]:
    """Return the source of the configured ledger. It is not connected here: where it is missing, flows are denied."""
    if not settings or not settings.get("ledger", {}).get("source", True):
        return ()
    from policyengine_records.ledger.source import LedgerSource  # noqa: PLC0415

    return (LedgerSource(store_of(settings)),)


@hookimpl
def policyengine_enforcement_actions(settings: Mapping[str, Any]) -> Iterable[EnforcementAction]:
    """Bring the action quarantine where anything is configured, and notify where somebody is to be told."""
    if not settings:
        return
    from policyengine_records.quarantine.keeping import Keeping  # noqa: PLC0415
    from policyengine_records.quarantine.quarantine import Quarantine  # noqa: PLC0415

    store = store_of(settings)
    keeping, telling = settings.get("quarantine", {}), settings.get("notify")
    tells = keeping.get("notify", False)
    notify = None
    if telling is not None:
        from policyengine_records.outbox.notify import Notify, courier_of, outbox_of  # noqa: PLC0415

        courier = courier_of(telling, outbox_of(telling, store))
        notify = Notify(courier, keep=telling.get("keep_days", 30) * 86400, told=tells)
        yield notify
    elif tells:
        raise PluginError("quarantine.notify needs the settings of notify: whom to tell")
    yield Keeping(Quarantine(store, payload=keeping.get("payload", True)), notify if tells else None)


@hookimpl
def policyengine_commands() -> Iterable[Command]:
    """Return ``policyengine records``, ``facts``, ``requests``, ``quarantine`` and ``outbox``."""
    from policyengine_records.commands.facts import facts  # noqa: PLC0415  needed by the command line alone
    from policyengine_records.commands.outbox import command as outbox  # noqa: PLC0415
    from policyengine_records.commands.quarantine import command as quarantine  # noqa: PLC0415
    from policyengine_records.commands.records import command as records  # noqa: PLC0415
    from policyengine_records.commands.requests import requests  # noqa: PLC0415

    return (records, facts, requests, quarantine, outbox)
