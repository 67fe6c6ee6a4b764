"""Rule test suites: events with what is expected of them, read from TOML and decided like any other event."""
