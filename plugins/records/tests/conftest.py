"""Both databases: an SQLite file, and a PostgreSQL that the tests start for themselves."""

from __future__ import annotations

import itertools
import sqlite3
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine, event

from ledger_servers import Fresh, Server, server
from policyengine_records import Ledger


@pytest.fixture(scope="session")
def postgresql() -> Iterator[Server]:
    yield from server()


@pytest.fixture
def own_postgresql() -> Iterator[Server]:
    """One that a test may stop."""
    yield from server()


@pytest.fixture(params=["sqlite", "postgresql"])
def new_url(request: pytest.FixtureRequest, tmp_path: Path) -> Callable[[], str]:
    """Return what names a new, empty database each time."""
    if request.param == "postgresql":
        return request.getfixturevalue("postgresql").new  # type: ignore[no-any-return]
    numbers = itertools.count()
    return lambda: f"sqlite:///{tmp_path / f'facts{next(numbers)}.db'}"


@pytest.fixture
def fresh(new_url: Callable[[], str]) -> Iterator[Fresh]:
    """Return what opens a new, empty ledger each time."""
    opened: list[Ledger] = []

    def new(**options: object) -> Ledger:
        opened.append(Ledger(new_url(), **options))  # type: ignore[arg-type]
        return opened[-1]

    yield new
    for ledger in opened:
        ledger.close()


@pytest.fixture
def ledger(fresh: Fresh) -> Ledger:
    return fresh()


@pytest.fixture
def statements() -> Iterator[list[str]]:
    """Return what goes to a database from now on, but for the start of a transaction."""
    sent: list[str] = []

    def note(_connection: object, _cursor: object, statement: str, *_: object) -> None:
        if not statement.startswith("BEGIN"):
            sent.append(statement)

    event.listen(Engine, "before_cursor_execute", note)
    yield sent
    event.remove(Engine, "before_cursor_execute", note)


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
