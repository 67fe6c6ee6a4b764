"""What is kept, in its database: nobody changes it, it stays no longer than it must, and a full disk loses nothing."""

from __future__ import annotations

import os
import sqlite3
import stat
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy.exc import DBAPIError, IntegrityError

from policyengine import FlowDenied, Step
from policyengine_records import Quarantine, RecordsUnavailable, Store
from quarantine_scenes import (
    ENGINE,
    LATER,
    RECORD,
    STAFF,
    bytes_of,
    denied,
    keeping,
    raw,
)


@pytest.fixture
def store(new_store: Callable[..., Store]) -> Quarantine:
    return Quarantine(new_store(timeout=60))


FORBIDDEN = [
    "UPDATE quarantine_flows SET event = '{}'",
    "DELETE FROM quarantine_flows",
    "UPDATE quarantine_entries SET who = 'somebody else'",
    "DELETE FROM quarantine_entries",
    "UPDATE quarantine_payloads SET body = '{}'",
    "DELETE FROM quarantine_payloads",
    "DELETE FROM quarantine_payloads WHERE flow = (SELECT flow FROM quarantine_entries WHERE what = 'released')",
    "INSERT OR REPLACE INTO quarantine_flows SELECT number, id, 0, event_id, '{}', decision FROM quarantine_flows",
    "INSERT OR REPLACE INTO quarantine_flows SELECT number, 'q-2', 0, event_id, '{}', decision FROM quarantine_flows",
    "INSERT OR REPLACE INTO quarantine_payloads SELECT flow, '{}' FROM quarantine_payloads",
    (
        "INSERT OR REPLACE INTO quarantine_entries (number, flow, what, at, who, reason)"
        " SELECT number, flow, 'rejected', at, who, reason FROM quarantine_entries"
    ),
    "INSERT INTO quarantine_entries (flow, what, at) SELECT id, 'taken', 0 FROM quarantine_flows",
    "INSERT INTO quarantine_entries (flow, what, at) SELECT id, 'purged', 0 FROM quarantine_flows",
    (
        "INSERT INTO quarantine_entries (flow, what, at)"
        " SELECT id, 'rejected', 0 FROM quarantine_flows WHERE event_id = '\"e-1\"'"
    ),
    (
        "INSERT INTO quarantine_entries (flow, what, at, who, reason)"
        " SELECT id, 'forgotten', 0, 'A', 'no' FROM quarantine_flows"
    ),
    "INSERT INTO quarantine_payloads SELECT flow, '{}' FROM quarantine_entries",
    "TRUNCATE quarantine_entries",
]


@pytest.mark.parametrize("statement", FORBIDDEN)
def test_the_database_itself_refuses(store: Quarantine, statement: str) -> None:
    if ("OR REPLACE" if store.store.file is None else "TRUNCATE") in statement:
        pytest.skip("this database has no such statement")
    store.keep(denied(1, RECORD))  # open
    store.release(store.keep(denied(2, RECORD)), "A", "yes", engine=ENGINE)
    before = store.list()
    with pytest.raises(DBAPIError) as refused:
        raw(store.store, statement)
    assert isinstance(refused.value, IntegrityError)
    assert store.list() == before
    assert all(store.get(kept.id).payload == RECORD for kept in before)


def test_purging_overwrites_the_payloads_of_settled_flows(in_file: Quarantine, file: Path) -> None:
    store = in_file

    def payload(name: str) -> Any:
        return {"secret": f"{name}-secret", "long": f"{name}-secret " * 2000}  # more than one page

    ids = {name: store.keep(denied(name, payload(name))) for name in ("open", "freed", "taken", "gone")}
    store.release(ids["taken"], "A", "yes", engine=ENGINE)
    assert len(list(store.take(engine=ENGINE))) == 1
    store.release(ids["freed"], "A", "yes", engine=ENGINE)
    rejected = store.reject(ids["gone"], "A", "no")
    assert store.purge(rejected.kept_at) == 0, "all were settled later"
    assert b"gone-secret" in bytes_of(file)
    assert store.purge(LATER, "B") == 2
    left = bytes_of(file)
    for name, id_ in ids.items():
        stays = name in ("open", "freed")
        kept = store.get(id_)
        assert (f"{name}-secret".encode() in left) is stays
        assert kept.payload == (payload(name) if stays else None)
        assert kept.has_payload is stays
        assert ("purged" in [entry.what for entry in kept.entries]) is not stays
        assert kept.event == {**STAFF, "id": f"e-{name}"}
    assert [(entry.what, entry.by) for entry in store.get(ids["gone"]).entries] == [("rejected", "A"), ("purged", "B")]
    assert store.get(ids["taken"]).state == "taken"
    assert store.purge(LATER) == 0
    (freed,) = store.take(engine=ENGINE)
    assert freed.payload == payload("freed")


def test_purging_beside_a_reader_says_what_is_left(
    in_file: Quarantine, file: Path, caplog: pytest.LogCaptureFixture
) -> None:
    store, impatient = in_file, Quarantine(Store(f"sqlite:///{file}", timeout=0.05))
    impatient.reject(impatient.keep(denied(1, RECORD)), "A", "no")
    reader = sqlite3.connect(file, isolation_level=None)
    try:
        reader.execute("BEGIN")
        assert reader.execute("SELECT count(*) FROM quarantine_payloads").fetchone() == (1,)
        assert impatient.purge(LATER) == 1
        assert "may hold purged payloads until the next purge" in caplog.text
    finally:
        reader.close()
    assert store.purge(LATER) == 0
    assert b"full_name" not in bytes_of(file)


def test_the_file_is_for_its_owner(file: Path) -> None:
    before = os.umask(0)
    try:
        store = Quarantine(Store(f"sqlite:///{file}"))
        store.store.upgrade()
        store.keep(denied(1, RECORD))
        reader = sqlite3.connect(file, isolation_level=None)
        reader.execute("SELECT count(*) FROM quarantine_flows").fetchone()
        modes = {part.name: stat.S_IMODE(part.stat().st_mode) for part in file.parent.iterdir()}
        reader.close()
    finally:
        os.umask(before)
    assert modes == dict.fromkeys(("quarantine.db", "quarantine.db-shm", "quarantine.db-wal"), 0o600)
    assert raw(store.store, "PRAGMA journal_mode") == [("wal",)]


def test_a_file_that_holds_no_records(tmp_path: Path, file: Path) -> None:
    with closing(sqlite3.connect(file)) as database:
        database.execute("CREATE TABLE facts (fact TEXT)")
    text = tmp_path / "notes.txt"
    text.write_text("these are my notes, and they are no database at all\n" * 100)
    for path, said in ((file, "another program's database"), (text, "not a database")):
        before = path.read_bytes()
        store = Store(f"sqlite:///{path}")
        for ask in (lambda kept: kept.keep(denied()), Quarantine.list, lambda kept: kept.purge(LATER)):
            with pytest.raises(RecordsUnavailable, match=said):
                ask(Quarantine(store))
        with pytest.raises(RecordsUnavailable, match=said):
            store.upgrade()
        assert path.read_bytes() == before
    with pytest.raises(RecordsUnavailable, match="nowhere"):
        Quarantine(Store(f"sqlite:///{tmp_path}/nowhere/quarantine.db")).keep(denied())


def test_an_empty_file_becomes_one_with_an_upgrade(file: Path) -> None:
    """Such as whoever is killed right after making it leaves behind."""
    file.touch()
    store = Quarantine(Store(f"sqlite:///{file}"))
    with pytest.raises(RecordsUnavailable, match="policyengine records upgrade"):
        store.list()
    store.store.upgrade()
    assert store.list() == []
    assert store.get(store.keep(denied())).state == "open"


# A full disk, a locked file


@pytest.fixture
def room(monkeypatch: pytest.MonkeyPatch) -> Callable[[int], None]:
    """Return what says how many pages SQLite may have, as where the disk has no more: SQLite itself says it is full."""
    pages = [1_000_000]

    class Small(sqlite3.Connection):
        def execute(self, statement: str, *parameters: Any) -> sqlite3.Cursor:
            super().execute(f"PRAGMA max_page_count = {pages[0]}")
            return super().execute(statement, *parameters)

        def cursor(self, *arguments: Any) -> Any:
            super().execute(f"PRAGMA max_page_count = {pages[0]}")
            return super().cursor(*arguments)

    connect = sqlite3.connect
    monkeypatch.setattr(sqlite3, "connect", lambda *args, **options: connect(*args, factory=Small, **options))

    def give(number: int) -> None:
        pages[0] = number

    return give


def test_on_a_full_disk_a_flow_is_denied_and_the_error_told(
    file: Path, room: Callable[[int], None], caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("WARNING")
    store = Quarantine(Store(f"sqlite:///{file}"))
    store.store.upgrade()
    enforcing = keeping(store)
    with pytest.raises(FlowDenied) as first, enforcing.flow({**STAFF, "id": "e-first"}, RECORD):
        pass
    room(raw(store.store, "PRAGMA page_count")[0][0])
    with pytest.raises(RecordsUnavailable, match="database or disk is full") as full:
        store.keep(denied(2, {"long": "x" * 100_000}))
    cause: Any = full.value.__cause__
    assert cause.orig.sqlite_errorname == "SQLITE_FULL"
    with pytest.raises(FlowDenied) as stopped, enforcing.flow(STAFF, {"long": "x" * 100_000}):
        pass
    assert stopped.value.kept is None
    assert [record.levelname for record in caplog.records] == ["ERROR"]
    assert "enforcement action quarantine failed" in caplog.text
    assert "database or disk is full" in caplog.text
    with (
        pytest.raises(FlowDenied) as stopped,
        keeping(store, Step("quarantine", mandatory=True)).flow(STAFF, {"long": "x" * 100_000}),
    ):
        pass
    assert stopped.value.decision.reasons[-1].code == "action-failed"
    assert [kept.id for kept in store.list()] == [first.value.kept], "nothing of the others is there"
    room(1_000_000)
    store.keep(denied(2, {"long": "x" * 100_000}))
    assert len(store.list()) == 2


def test_a_file_that_somebody_locks(in_file: Quarantine, file: Path) -> None:
    store, impatient = in_file, Quarantine(Store(f"sqlite:///{file}", timeout=0.05))
    store.keep(denied(1))
    writer = sqlite3.connect(file, isolation_level=None)
    writer.execute("BEGIN IMMEDIATE")
    with pytest.raises(FlowDenied) as stopped:
        keeping(impatient).enforce(STAFF)
    assert stopped.value.kept is None
    with pytest.raises(RecordsUnavailable, match="locked"):
        impatient.keep(denied(2))
    assert len(store.list()) == 1, "reading goes on meanwhile"
    writer.close()
    store.keep(denied(2))
    assert len(store.list()) == 2
