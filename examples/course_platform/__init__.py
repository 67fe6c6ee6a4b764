"""A small course platform whose every handling of personal data is decided by its published policy."""
