"""Both databases: an SQLite file, and a PostgreSQL that the tests start for themselves."""

from __future__ import annotations

import itertools
import sqlite3
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine, event

from ledger_servers import Fresh, Server, opened, server
from policyengine_records import Ledger, Quarantine, Store


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
    return lambda: f"sqlite:///{tmp_path / f'records{next(numbers)}.db'}"


@pytest.fixture
def new_store(new_url: Callable[[], str]) -> Iterator[Callable[..., Store]]:
    """Return what opens a new store each time, with its tables."""
    made: list[Store] = []

    def new(**options: Any) -> Store:
        made.append(Store(new_url(), **options))
        made[-1].upgrade()
        return made[-1]

    yield new
    for store in made:
        store.close()


@pytest.fixture
def fresh(new_url: Callable[[], str]) -> Iterator[Fresh]:
    """Return what opens a new, empty ledger each time."""
    made: list[Ledger] = []

    def new(**options: object) -> Ledger:
        made.append(opened(new_url(), **options))  # type: ignore[arg-type]
        return made[-1]

    yield new
    for ledger in made:
        ledger.store.close()


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
        def commit(self) -> None:
            if self.total_changes:
                names = ("synchronous", "journal_mode", "foreign_keys", "secure_delete")
                seen.append({name: self.execute(f"PRAGMA {name}").fetchone()[0] for name in names})
            super().commit()

    connect = sqlite3.connect
    monkeypatch.setattr(sqlite3, "connect", lambda *args, **options: connect(*args, factory=Noting, **options))
    return lambda name: {found[name] for found in seen}


@pytest.fixture
def store(new_store: Callable[..., Store]) -> Store:
    """Return a store with its tables and nothing in it, on each database."""
    return new_store(timeout=60)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """Return where a quarantine in SQLite is."""
    return tmp_path / "quarantine.db"


@pytest.fixture
def in_file(file: Path) -> Quarantine:
    """A quarantine in SQLite, whatever else is tried."""
    store = Store(f"sqlite:///{file}")
    store.upgrade()
    return Quarantine(store)
