"""What the tests of the stores share: the settings of SQLite, read back."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from typing import Any

import pytest


@pytest.fixture
def settings_of(monkeypatch: pytest.MonkeyPatch) -> Callable[[str], set[Any]]:
    """Return what a setting was whenever a row was about to be committed, on any connection of this process."""
    seen: list[dict[str, Any]] = []

    class Noting(sqlite3.Connection):
        def execute(self, statement: str, *parameters: Any) -> sqlite3.Cursor:
            if statement == "COMMIT" and self.total_changes:
                names = ("synchronous", "journal_mode", "foreign_keys", "secure_delete")
                seen.append({name: super(Noting, self).execute(f"PRAGMA {name}").fetchone()[0] for name in names})
            return super().execute(statement, *parameters)

    connect = sqlite3.connect
    monkeypatch.setattr(sqlite3, "connect", lambda *args, **options: connect(*args, factory=Noting, **options))
    return lambda name: {found[name] for found in seen}
