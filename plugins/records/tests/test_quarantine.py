"""What is kept for a person: nothing lost, nothing twice, nothing changed, and no longer than it has to be."""

from __future__ import annotations

import json
import logging
import os
import signal
import sqlite3
import stat
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterable
from contextlib import closing
from dataclasses import replace
from datetime import date
from functools import partial
from pathlib import Path
from typing import Any

import msgspec
import pytest
from sqlalchemy import NullPool, create_engine
from sqlalchemy.exc import DBAPIError, IntegrityError

from policyengine import Decision, EnforcementAction, Engine, Flow, FlowDenied, PolicyError, Step, hookimpl
from policyengine_records import Outbox, Quarantine, RecordsError, RecordsUnavailable, Store
from policyengine_records import plugin as module
from policyengine_records.outbox.courier import Courier
from policyengine_records.outbox.notify import Notify
from policyengine_records.quarantine.keeping import Keeping
from receiver import SECRET

PACK = Path(__file__).parents[3] / "rules" / "alc-smart-learning"
STAFF: dict[str, Any] = {
    "id": "e-1",
    "time": "2026-11-24T09:00:00+09:00",
    "operation": "use",
    "subject": {"category": "employee", "id": "s-1"},
    "items": ["name", "health_checkup_result"],
    "purpose": "health-management",
}
PERMITTED = {**STAFF, "items": ["name"]}
RECORD = {"id": "s-1", "full_name": "山田花子", "checkup": "B"}
LATER = "2999-01-01T00:00:00Z"
ENGINE = Engine.load(PACK, installed_plugins=False)


def denied(number: int | str = 1, payload: Any = None, **changes: Any) -> Flow:
    event = {**STAFF, "id": f"e-{number}", **changes}
    return Flow(event, ENGINE.evaluate(event), payload)


class Keeper:
    """A plugin with the action on a quarantine of the test's own."""

    def __init__(self, quarantine: Quarantine) -> None:
        self.quarantine = quarantine

    @hookimpl
    def policyengine_enforcement_actions(self) -> Iterable[EnforcementAction]:
        return [Keeping(self.quarantine)]


def keeping(quarantine: Quarantine, *steps: Step, **options: Any) -> Engine:
    return Engine.load(
        PACK,
        plugins=[Keeper(quarantine)],
        installed_plugins=False,
        steps=steps or [Step("quarantine")],
        **options,
    )


class Same:
    """Decides everything as it was decided, whatever it is."""

    def evaluate(self, event: Any) -> Decision:
        return Decision(event["id"], "deny")


@pytest.fixture
def store(new_store: Callable[..., Store]) -> Quarantine:
    return Quarantine(new_store(timeout=60))


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "quarantine.db"


@pytest.fixture
def in_file(file: Path) -> Quarantine:
    """A quarantine in SQLite, whatever else is tried."""
    store = Store(f"sqlite:///{file}")
    store.upgrade()
    return Quarantine(store)


def raw(store: Store, statement: str) -> list[Any]:
    """Run one statement on the database, as somebody with nothing but a client would."""
    url = store.url.set(drivername="postgresql+psycopg") if store.file is None else store.url
    engine = create_engine(url, poolclass=NullPool)
    with engine.begin() as connection:
        found = connection.exec_driver_sql(statement)
        return [tuple(row) for row in found] if found.returns_rows else []


def bytes_of(file: Path) -> bytes:
    return b"".join(part.read_bytes() for part in sorted(file.parent.glob(f"{file.name}*")))


def test_a_denied_flow_is_kept_and_comes_back_as_it_was(store: Quarantine) -> None:
    with pytest.raises(FlowDenied) as stopped, keeping(store).flow(STAFF, [RECORD]):
        pass
    (listed,) = store.list()
    assert listed.id == stopped.value.kept
    assert (listed.state, listed.entries, listed.has_payload, listed.payload) == ("open", (), True, None)
    kept = store.get(listed.id)
    assert kept == replace(listed, payload=[RECORD])
    assert kept.event == STAFF
    assert kept.decision == stopped.value.decision == ENGINE.evaluate(STAFF)


def test_what_is_kept_is_on_the_disk_before_the_host_is_told(
    in_file: Quarantine, settings_of: Callable[[str], set[Any]]
) -> None:
    with pytest.raises(FlowDenied), keeping(in_file).flow({**STAFF, "id": "e-1"}, RECORD):
        pass
    assert settings_of("synchronous") == {2}  # FULL
    assert settings_of("foreign_keys") == settings_of("secure_delete") == {1}


def test_what_is_permitted_is_not_kept(store: Quarantine) -> None:
    with keeping(store, Step("quarantine", on=frozenset({"permit", "deny"}))).flow(PERMITTED, RECORD) as flow:
        assert flow.kept is None
    settings = {"redact": {"fields": {"full_name": "name"}}}
    reducing = keeping(store, Step("redact"), Step("quarantine"), settings=settings)
    with reducing.flow(STAFF, payload=RECORD) as flow:
        assert flow.payload == {"full_name": "山田花子"}
        assert flow.kept is None
    assert store.list() == list(store.take(engine=ENGINE)) == []


def test_an_invalid_event_is_kept_each_time(store: Quarantine) -> None:
    for _ in range(2):
        with pytest.raises(FlowDenied):
            keeping(store).enforce({"operation": "use"})
    one, other = store.list()
    assert one.decision.outcome == "invalid"
    assert one.decision.errors
    assert one.event == other.event == {"operation": "use"}


def test_a_flow_that_is_tried_again_is_the_same(store: Quarantine) -> None:
    first = store.keep(denied(1, {"a": 1, "b": [1.5, None, True]}))
    assert store.keep(denied(1, {"b": (1.5, None, True), "a": 1})) == first, "the order of members says nothing"
    others = [
        denied(1, {"a": True, "b": [1.5, None, True]}),
        denied(1, {"a": 1.0, "b": [1.5, None, True]}),
        denied(1),
        denied(2, {"a": 1, "b": [1.5, None, True]}),
        denied(1, {"a": 1, "b": [1.5, None, True]}, items=["health_checkup_result"]),
        msgspec.structs.replace(denied(1, {"a": 1, "b": [1.5, None, True]}), decision=denied(2).decision),
    ]
    ids = {first, *map(store.keep, others)}
    assert len(ids) == len(others) + 1
    assert ids == {first, *map(store.keep, others)}
    store.reject(first, "A", "no")
    assert store.keep(denied(1, {"a": 1, "b": [1.5, None, True]})) == first, "what was rejected stays so"
    assert store.get(first).state == "rejected"
    assert len(store.list()) == len(ids)
    store.purge(LATER)
    assert store.keep(denied(1, {"a": 1, "b": [1.5, None, True]})) not in ids, "with nothing to compare, it is new"
    assert store.keep(denied(1)) in ids


@pytest.mark.parametrize(
    ("payload", "said"),
    [
        ({"born": date(2000, 1, 1)}, "there is a value of type date in it"),
        ([{1: "x"}], "a key is a value of type int, and no text"),
        ({"a": float("nan")}, "a number is not finite"),
        (b"secret", "there is a value of type bytes in it"),
        ({"secret", "other"}, "there is a value of type set in it"),
        (10**5000, "a number is too long"),
    ],
    ids=["date", "key", "nan", "bytes", "set", "number"],
)
def test_a_payload_that_is_no_json_data(
    store: Quarantine, payload: Any, said: str, caplog: pytest.LogCaptureFixture
) -> None:
    with pytest.raises(RecordsError, match=f"the payload is no JSON data, and cannot be kept: {said}"):
        store.keep(denied(1, payload))
    with pytest.raises(FlowDenied) as stopped, keeping(store).flow(STAFF, payload):
        pass
    assert stopped.value.kept is None
    assert "enforcement action quarantine failed" in caplog.text
    assert "secret" not in caplog.text
    with pytest.raises(FlowDenied) as stopped, keeping(store, Step("quarantine", mandatory=True)).flow(STAFF, payload):
        pass
    assert stopped.value.decision.reasons[-1].code == "action-failed"
    assert store.list() == []


def test_a_payload_that_holds_itself(store: Quarantine) -> None:
    endless: list[Any] = []
    endless.append(endless)
    with pytest.raises(RecordsError, match="nested more than 100 deep"):
        store.keep(denied(1, endless))


@pytest.mark.parametrize("text", ["\ud800", "a\0b", "\x1b[31m", "𠮷野家"])
def test_every_text_comes_back(store: Quarantine, text: str) -> None:
    flow = msgspec.structs.replace(denied(), event={**STAFF, "id": text}, payload={text: text})
    kept = store.get(store.keep(flow))
    assert (kept.event["id"], kept.payload) == (text, {text: text})
    assert store.keep(flow) == kept.id


def test_without_payloads(in_file: Quarantine, file: Path) -> None:
    store = Quarantine(in_file.store, payload=False)
    first = store.keep(denied(1, RECORD))
    assert store.keep(denied(1, b"no JSON at all")) == first
    assert not store.get(first).has_payload
    assert b"full_name" not in bytes_of(file)


def test_a_release_is_on_record_and_changes_no_rule(store: Quarantine) -> None:
    enforcing = keeping(store)
    with pytest.raises(FlowDenied) as stopped, enforcing.flow(STAFF, RECORD):
        pass
    kept = stopped.value.kept
    assert kept is not None
    assert list(store.take(engine=ENGINE)) == []
    released = store.release(kept, " S. Abe ", "asked for by the person", engine=ENGINE)
    assert released.state == "released"
    (taken,) = store.take("mailer", engine=ENGINE)
    assert (taken.id, taken.state, taken.event, taken.payload) == (kept, "taken", STAFF, RECORD)
    assert [(entry.what, entry.by, entry.reason) for entry in taken.entries] == [
        ("released", "S. Abe", "asked for by the person"),
        ("taken", "mailer", None),
    ]
    assert list(store.take(engine=ENGINE)) == []
    with pytest.raises(FlowDenied) as again, enforcing.flow(STAFF, RECORD):
        pass
    assert again.value.kept == kept
    assert list(store.take(engine=ENGINE)) == [], "a flow that was carried out is not released by being tried again"


def test_states_are_told_apart(store: Quarantine) -> None:
    ids = [store.keep(denied(number)) for number in range(4)]
    store.release(ids[1], "A", "yes", engine=ENGINE)
    assert [taken.id for taken in store.take(engine=ENGINE)] == [ids[1]]
    store.release(ids[2], "A", "yes", engine=ENGINE)
    store.reject(ids[3], "A", "no")
    assert [kept.id for kept in store.list()] == ids
    assert [kept.state for kept in store.list()] == ["open", "taken", "released", "rejected"]
    for state, id_ in zip(("open", "taken", "released", "rejected"), ids, strict=True):
        assert [kept.id for kept in store.list(state)] == [id_]  # type: ignore[arg-type]
    assert store.list() == [store.get(id_) for id_ in ids]
    with pytest.raises(RecordsError, match='there is no state "opne"; did you mean "open"'):
        store.list("opne")  # type: ignore[arg-type]


def test_taking_stops_where_the_host_stops(store: Quarantine) -> None:
    ids = [store.keep(denied(number)) for number in range(3)]
    for id_ in reversed(ids):
        store.release(id_, "A", "yes", engine=ENGINE)
    assert next(store.take(engine=ENGINE)).id == ids[2], "in the order of releases"
    assert [kept.id for kept in store.list("released")] == ids[:2]
    assert [taken.id for taken in store.take(engine=ENGINE)] == [ids[1], ids[0]]


def test_what_cannot_be_done_says_why(store: Quarantine) -> None:
    with pytest.raises(RecordsError, match=r'no flow is kept as "q-1"$'):
        store.get("q-1")
    with pytest.raises(RecordsError, match=r'no flow is kept as "q-1"$'):
        store.release("q-1", "A", "yes", engine=ENGINE)
    one, two = store.keep(denied(1)), store.keep(denied(2))
    for ask in (
        store.get,
        lambda id_: store.release(id_, "A", "yes", engine=ENGINE),
        lambda id_: store.reject(id_, "A", "no"),
    ):
        with pytest.raises(RecordsError, match=f'no flow is kept as "{one[:-2]}"; did you mean "{one}"'):
            ask(one[:-2])
    with pytest.raises(RecordsError, match="no flow is kept"):
        store.get("\udc80é")
    store.release(one, "A", "yes", engine=ENGINE)
    store.reject(two, "B", "no")
    for id_, said in ((one, "released at .* by A already"), (two, "rejected at .* by B already")):
        with pytest.raises(RecordsError, match=f"{id_} cannot be released: it was {said}"):
            store.release(id_, "C", "again", engine=ENGINE)
    with pytest.raises(RecordsError, match=f"{two} cannot be rejected: it was rejected at .* by B already"):
        store.reject(two, "C", "again")
    assert len(list(store.take(engine=ENGINE))) == 1
    with pytest.raises(RecordsError, match=r"it was released at .* by A, and taken at .* already"):
        store.reject(one, "C", "too late")
    three = store.keep(denied(3))
    for by, reason in (("", "yes"), ("A", " "), ("\udc80", "yes")):
        with pytest.raises(RecordsError, match="a record needs it"):
            store.release(three, by, reason, engine=ENGINE)
    for at, said in (("yesterday", "no RFC 3339 time"), (LATER, "and now"), ("2000-01-01T00:00:00Z", "was kept")):
        with pytest.raises(RecordsError, match=said):
            store.release(three, "A", "yes", at, engine=ENGINE)
    with pytest.raises(RecordsError, match="no RFC 3339 time"):
        store.purge("2026-11-24")
    assert store.get(three).state == "open"


def test_a_decision_may_be_dated_back(store: Quarantine) -> None:
    kept = store.get(store.keep(denied()))
    assert store.reject(kept.id, "A", "no", kept.kept_at).entries[0].at == kept.kept_at


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


# Threads and processes

CHILD = """
import sys
from policyengine import Decision, Flow
from policyengine_records import Quarantine, Store

store, name = Quarantine(Store(sys.argv[1], timeout=60)), sys.argv[2]

class Same:
    def evaluate(self, event):
        return Decision(event["id"], "deny")

def flow(number, payload=None):
    event = {"id": f"{name}-{number}"}
    return Flow(event, Decision(event["id"], "deny"), payload)

print("ready", flush=True)
sys.stdin.readline()
"""


def start(store: Store, name: str, code: str) -> subprocess.Popen[str]:
    """Start a process that waits for a line before it goes on."""
    process = subprocess.Popen(
        [sys.executable, "-c", CHILD + code, store.url.render_as_string(hide_password=False), name],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "ready\n"
    return process


def together(processes: list[subprocess.Popen[str]]) -> list[list[str]]:
    """Let all go on at once, and return what each printed."""
    for process in processes:
        assert process.stdin is not None
        process.stdin.write("\n")
        process.stdin.flush()
    outputs = [process.communicate(timeout=120)[0].split() for process in processes]
    assert [process.returncode for process in processes] == [0] * len(processes)
    return outputs


def in_threads(*jobs: Callable[[], Any]) -> list[Any]:
    """Run `jobs` at once, each in its thread; return what they return, or raise what one raises."""
    results: list[Any] = [None] * len(jobs)
    gate = threading.Barrier(len(jobs))

    def run(index: int) -> None:
        gate.wait()
        try:
            results[index] = jobs[index]()
        except Exception as error:
            results[index] = error

    threads = [threading.Thread(target=run, args=(index,)) for index in range(len(jobs))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for result in results:
        if isinstance(result, Exception):
            raise result
    return results


def test_several_processes_keep_at_once(store: Quarantine) -> None:
    code = "print(*(store.keep(flow(number)) for number in range(5)))"
    outputs = together([start(store.store, f"p{number}", code) for number in range(5)])
    acknowledged = [id_ for output in outputs for id_ in output]
    assert len(set(acknowledged)) == 25
    assert {kept.id for kept in store.list()} == set(acknowledged)


def test_several_processes_make_one_database(new_url: Callable[[], str]) -> None:
    """All upgrade at once, and none of what they keep then is lost."""
    code = "store.store.upgrade(); print(*(store.keep(flow(number)) for number in range(5)))"
    store = Store(new_url(), timeout=60)
    outputs = together([start(store, f"p{number}", code) for number in range(5)])
    acknowledged = [id_ for output in outputs for id_ in output]
    assert len(set(acknowledged)) == 25
    assert {kept.id for kept in Quarantine(store).list()} == set(acknowledged)
    store.close()


def test_several_processes_keep_one_flow(store: Quarantine) -> None:
    code = "name = 'same'; print(store.keep(flow(1, {'a': 1})))"
    ids = {id_ for output in together([start(store.store, "", code) for _ in range(4)]) for id_ in output}
    assert [kept.id for kept in store.list()] == list(ids)


def test_several_processes_take_each_flow_once(store: Quarantine) -> None:
    ids = [store.keep(denied(number)) for number in range(60)]
    for id_ in ids[:-5]:
        store.release(id_, "A", "yes", engine=ENGINE)
    code = "for taken in store.take(name, engine=Same()): print(taken.id, flush=True)"
    processes = [start(store.store, f"p{number}", code) for number in range(4)]
    outputs = together(processes)
    assert Counter(id_ for output in outputs for id_ in output) == Counter(ids[:-5])
    by = {kept.id: kept.entries[-1].by for kept in store.list("taken")}
    assert by == {id_: f"p{number}" for number, output in enumerate(outputs) for id_ in output}
    assert [kept.id for kept in store.list("open")] == ids[-5:]


def test_threads_keep_release_and_take_at_once(store: Quarantine) -> None:
    enforcing = keeping(store)

    def keep(name: int) -> list[str]:
        ids = []
        for number in range(10):
            with pytest.raises(FlowDenied) as stopped, enforcing.flow({**STAFF, "id": f"{name}-{number}"}, RECORD):
                pass
            assert stopped.value.kept is not None
            store.release(stopped.value.kept, "A", "yes", engine=ENGINE)
            ids.append(stopped.value.kept)
        return ids

    done = threading.Event()

    def take() -> list[str]:
        ids: list[str] = []
        while True:
            last = done.is_set()
            ids += [taken.id for taken in store.take(engine=ENGINE)]
            if last:
                return ids

    taking: list[Any] = []
    takers = threading.Thread(target=lambda: taking.extend(in_threads(take, take)))
    takers.start()
    try:
        kept = [id_ for ids in in_threads(*(lambda name=name: keep(name) for name in range(4))) for id_ in ids]
    finally:
        done.set()
        takers.join()
    assert len(set(kept)) == 40
    assert Counter(id_ for ids in taking for id_ in ids) == Counter(kept)


def test_of_two_persons_one_decides(store: Quarantine) -> None:
    for number in range(10):
        id_ = store.keep(denied(number))

        def settle(ask: Callable[..., Any], id_: str = id_) -> str | None:
            try:
                return str(ask(id_, "A", "because").state)
            except RecordsError:
                return None

        release: Callable[..., Any] = partial(store.release, engine=ENGINE)
        said = in_threads(*[lambda ask=store.reject if number % 2 else release: settle(ask)] * 3)
        (settled,) = [state for state in said if state]
        kept = store.get(id_)
        assert kept.state == settled
        assert len(kept.entries) == 1


@pytest.mark.parametrize("acknowledged", [0, 1, 2, 5, 9, 14])
def test_killed_while_it_keeps(store: Quarantine, acknowledged: int) -> None:
    """What was acknowledged is there; of the one that was on its way there is all, or nothing."""
    code = """
for number in range(1000):
    print(store.keep(flow(number, {"number": number, "long": "x" * 3_000_000})), flush=True)
"""
    process = start(store.store, "p", code)
    assert process.stdin is not None and process.stdout is not None
    process.stdin.write("\n")
    process.stdin.flush()
    ids = [process.stdout.readline().strip() for _ in range(acknowledged)]
    time.sleep(0.01 * (acknowledged == 0))  # into the very first
    os.kill(process.pid, signal.SIGKILL)
    ids += process.stdout.read().split()
    assert process.wait(timeout=60) == -signal.SIGKILL
    process.stdin.close()
    process.stdout.close()
    found = store.list()
    assert [kept.id for kept in found][: len(ids)] == ids
    assert len(ids) <= len(found) <= len(ids) + 1
    for number, kept in enumerate(found):
        assert kept.event == {"id": f"p-{number}"}
        assert store.get(kept.id).payload == {"number": number, "long": "x" * 3_000_000}
    if store.store.file is not None:
        assert raw(store.store, "PRAGMA integrity_check") == [("ok",)]
    again = [store.keep(Flow(kept.event, kept.decision, store.get(kept.id).payload)) for kept in found]
    assert again == [kept.id for kept in found], "a retry after the crash finds what was kept"


def test_killed_while_it_carries_out(store: Quarantine) -> None:
    """A flow that was handed out is not handed out again: the record says who had it."""
    for number in range(3):
        store.release(store.keep(denied(number)), "A", "yes", engine=ENGINE)
    process = start(
        store.store,
        "p",
        "for taken in store.take(name, engine=Same()): print(taken.id, flush=True); sys.stdin.readline()",
    )
    assert process.stdin is not None and process.stdout is not None
    process.stdin.write("\n")
    process.stdin.flush()
    had = process.stdout.readline().strip()
    os.kill(process.pid, signal.SIGKILL)
    process.communicate(timeout=60)
    assert [(kept.id, kept.entries[-1].by) for kept in store.list("taken")] == [(had, "p")]
    rest = [taken.id for taken in store.take(engine=ENGINE)]
    assert len(rest) == 2
    assert had not in rest


# As a plugin


def test_the_action_comes_where_records_are_configured(in_file: Quarantine, file: Path) -> None:
    assert list(module.policyengine_enforcement_actions({})) == []
    settings = {"database": f"sqlite:///{file}", "quarantine": {"payload": False}}
    (action,) = module.policyengine_enforcement_actions(settings)
    assert isinstance(action, EnforcementAction)
    assert (action.name, action.stage) == ("quarantine", "keep")
    flow = action.act(denied(1, RECORD))
    assert flow is not None and flow.kept is not None
    assert not in_file.get(flow.kept).has_payload


def test_configured_by_file(tmp_path: Path) -> None:
    configuration = tmp_path / "policyengine.toml"
    configuration.write_text(
        f"""
policies = [{json.dumps(str(PACK))}]

[plugins.records]
database = "sqlite:///kept.db"

[[step]]
action = "quarantine"
mandatory = true
""",
        "utf-8",
    )
    store = Quarantine(Store(f"sqlite:///{tmp_path}/kept.db"))
    engine = Engine.load(config=configuration)
    with pytest.raises(FlowDenied) as stopped, engine.flow(STAFF, RECORD):
        pass
    assert stopped.value.decision.reasons[-1].code == "action-failed"
    assert not (tmp_path / "kept.db").exists(), "a database that is gone is missed, and not made anew"
    store.store.upgrade()
    with pytest.raises(FlowDenied) as stopped, engine.flow(STAFF, RECORD):
        pass
    (kept,) = store.list()
    assert kept.id == stopped.value.kept
    configuration.write_text(configuration.read_text("utf-8").replace("database =", "databse ="), "utf-8")
    with pytest.raises(PolicyError, match='unknown key "databse"'):
        Engine.load(config=configuration)


def test_warning_keeps_nothing(store: Quarantine, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.ERROR):
        assert not keeping(store, mode="warn").enforce(STAFF).permitted
    assert store.list() == []
    assert not caplog.records


def test_a_host_without_records_imports_no_database() -> None:
    code = "import sys, policyengine; policyengine.Engine.load(sys.argv[1]); sys.exit('sqlalchemy' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code, str(PACK)], check=False).returncode == 0


# A flow, and the message about it


def telling(store: Quarantine, most: int = 10) -> Notify:
    courier = Courier(Outbox(store.store, most=most), "http://127.0.0.1:9/", SECRET)
    notify = Notify(courier, told=True)
    notify.stop()
    return notify


def test_a_kept_flow_and_its_message_are_there_together_or_not_at_all(store: Quarantine) -> None:
    notify = telling(store, most=2)
    keeping = Keeping(store, notify)
    ids = []
    for number in (1, 1, 2):
        flow = denied(number, RECORD)
        reduction = keeping.act(flow)
        assert reduction is not None and reduction.kept is not None
        ids.append(reduction.kept)
        notify.act(msgspec.structs.replace(flow, kept=reduction.kept))
    told = [json.loads(message.body)["data"]["kept"] for message in notify.outbox.messages()]
    assert told == [kept.id for kept in store.list()] == ids[1:], "once, however often it was tried"
    with pytest.raises(RecordsError, match="the outbox is full"):
        keeping.act(denied(3, RECORD))
    assert len(store.list()) == 2, "what cannot be told is not kept"
    with pytest.raises(RecordsError, match="the outbox is full"):  # what is not kept is told of by the step, as ever
        notify.act(denied(4))
