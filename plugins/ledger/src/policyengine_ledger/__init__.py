"""A ledger of facts: what is known of consents, contracts and requests, since when, and what was known before."""

from policyengine_ledger.entry import Entry, LedgerError, LedgerUnavailable
from policyengine_ledger.ledger import Ledger
from policyengine_ledger.source import LedgerSource

__all__ = ["Entry", "Ledger", "LedgerError", "LedgerSource", "LedgerUnavailable"]
