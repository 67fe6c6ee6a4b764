"""The ledger: what is known of consents, contracts and requests, since when, and what was known before."""
