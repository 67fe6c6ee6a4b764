"""What a host writes down: facts and since when they are known, flows kept for a person, messages that wait."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from policyengine_records.errors import RecordsError, RecordsUnavailable
    from policyengine_records.ledger.entry import Entry
    from policyengine_records.ledger.ledger import Ledger
    from policyengine_records.ledger.source import LedgerSource
    from policyengine_records.ledger.withdrawal import Agreeing, Withdrawn
    from policyengine_records.outbox.outbox import Outbox
    from policyengine_records.outbox.webhook import WebhookRefused, verify
    from policyengine_records.quarantine.kept import Kept
    from policyengine_records.quarantine.quarantine import Quarantine
    from policyengine_records.store.store import Store

__all__ = [
    "Agreeing",
    "Entry",
    "Kept",
    "Ledger",
    "LedgerSource",
    "Outbox",
    "Quarantine",
    "RecordsError",
    "RecordsUnavailable",
    "Store",
    "WebhookRefused",
    "Withdrawn",
    "verify",
]

_HOMES: Final = {
    "errors": ("RecordsError", "RecordsUnavailable"),
    "ledger.entry": ("Entry",),
    "ledger.ledger": ("Ledger",),
    "ledger.source": ("LedgerSource",),
    "ledger.withdrawal": ("Agreeing", "Withdrawn"),
    "outbox.outbox": ("Outbox",),
    "outbox.webhook": ("WebhookRefused", "verify"),
    "quarantine.kept": ("Kept",),
    "quarantine.quarantine": ("Quarantine",),
    "store.store": ("Store",),
}
_HOME_OF: Final = {name: home for home, names in _HOMES.items() for name in names}


def __getattr__(name: str) -> Any:
    """Return a public name when it is first asked for: an engine that uses no records shall not wait for them."""
    if name not in _HOME_OF:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    found = getattr(import_module(f"{__name__}.{_HOME_OF[name]}"), name)
    globals()[name] = found
    return found
