"""The store: one database, which ledger, quarantine and outbox share; opened, upgraded and backed up in one way."""
