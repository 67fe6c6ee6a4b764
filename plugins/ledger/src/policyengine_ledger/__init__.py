"""A ledger of facts: what is known of consents, contracts and requests, since when, and what was known before."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from policyengine_ledger.entry import Entry, LedgerError, LedgerUnavailable

if TYPE_CHECKING:
    from policyengine_ledger.ledger import Ledger
    from policyengine_ledger.source import LedgerSource

__all__ = ["Entry", "Ledger", "LedgerError", "LedgerSource", "LedgerUnavailable"]


def __getattr__(name: str) -> Any:
    """Return what needs SQLAlchemy when it is first asked for: an engine without a ledger shall not wait for that."""
    if name not in ("Ledger", "LedgerSource"):
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from policyengine_ledger import ledger, source  # noqa: PLC0415

    globals().update(Ledger=ledger.Ledger, LedgerSource=source.LedgerSource)
    return globals()[name]
