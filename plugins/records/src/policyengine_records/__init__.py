"""What a host writes down: facts and since when they are known, flows kept for a person, messages that wait."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from policyengine_records.ledger.entry import Entry, LedgerError, LedgerUnavailable
    from policyengine_records.ledger.ledger import Ledger
    from policyengine_records.ledger.source import LedgerSource
    from policyengine_records.outbox import Outbox, OutboxError
    from policyengine_records.quarantine import Kept, Quarantine, QuarantineError, QuarantineUnavailable
    from policyengine_records.webhook import WebhookRefused, verify

__all__ = [
    "Entry",
    "Kept",
    "Ledger",
    "LedgerError",
    "LedgerSource",
    "LedgerUnavailable",
    "Outbox",
    "OutboxError",
    "Quarantine",
    "QuarantineError",
    "QuarantineUnavailable",
    "WebhookRefused",
    "verify",
]

_HOMES: Final = {
    "ledger.entry": ("Entry", "LedgerError", "LedgerUnavailable"),
    "ledger.ledger": ("Ledger",),
    "ledger.source": ("LedgerSource",),
    "outbox": ("Outbox", "OutboxError"),
    "quarantine": ("Kept", "Quarantine", "QuarantineError", "QuarantineUnavailable"),
    "webhook": ("WebhookRefused", "verify"),
}
_HOME_OF: Final = {name: home for home, names in _HOMES.items() for name in names}


def __getattr__(name: str) -> Any:
    """Return a public name when it is first asked for: an engine that uses no records shall not wait for them."""
    if name not in _HOME_OF:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    found = getattr(import_module(f"{__name__}.{_HOME_OF[name]}"), name)
    globals()[name] = found
    return found
