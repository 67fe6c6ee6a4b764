"""The store: how it comes to be, what goes in and out as a whole, and whose turn it is."""

from __future__ import annotations

import json
import stat
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from hypothesis import given
from hypothesis import strategies as st

from ledger_scenes import CONSENT, CONTRACT, REQUEST
from ledger_servers import LAWS, Server
from policyengine import Decision, Flow
from policyengine_records import Ledger, Outbox, Quarantine, RecordsError, RecordsUnavailable, Store
from policyengine_records.plugin import store_of
from policyengine_records.store import upkeep
from policyengine_records.store.schema import VERSION, VERSION_TABLE, metadata
from policyengine_records.store.seats import Seats


def test_the_migrations_make_the_tables_that_queries_know(store: Store) -> None:
    with store.reading() as connection:
        context = MigrationContext.configure(connection, opts={"version_table": VERSION_TABLE, "compare_type": True})
        assert compare_metadata(context, metadata) == []


def test_the_newest_migration_is_the_version_that_the_package_knows() -> None:
    config = Config()
    config.set_main_option("script_location", str(Path(upkeep.__file__).with_name("migrations")))
    assert ScriptDirectory.from_config(config).get_heads() == [VERSION]


def test_an_upgrade_can_be_repeated_and_says_what_it_did(new_url: Callable[[], str]) -> None:
    store = Store(new_url())
    if store.file is None:
        assert upkeep.status(store)["version"] is None
    assert store.upgrade() == (None, VERSION)
    assert store.upgrade() == (VERSION, VERSION)
    Ledger(store).add(CONTRACT)
    found = upkeep.status(store)
    assert (found["version"], found["facts"], found["flows"], found["messages"]) == (VERSION, 1, 0, {})
    store.close()


def test_no_password_is_told() -> None:
    assert "secret" not in repr(Store("postgresql://me:secret@nowhere/records"))


def filled(store: Store) -> None:
    ledger = Ledger(store)
    ledger.withdraw(ledger.add(CONSENT))
    ledger.import_([CONTRACT, REQUEST])
    quarantine = Quarantine(store)
    event = {"id": "e-1", "time": "2026-11-24T09:00:00+09:00"}
    quarantine.reject(quarantine.keep(Flow(event, Decision("e-1", "deny"), {"name": "Hanako"})), "A", "no")
    quarantine.keep(Flow({**event, "id": "e-2"}, Decision("e-2", "deny"), {"name": "\ud800"}))
    Outbox(store).add(b"\x00\xff")


def test_an_export_is_restored_as_it_was_on_either_database(store: Store, tmp_path: Path, postgresql: Server) -> None:
    filled(store)
    exported = list(upkeep.export(store))
    others = [Store(f"sqlite:///{tmp_path}/other.db"), Store(postgresql.new())]
    for other in others:
        other.upgrade()
        assert upkeep.restore(other, json.loads(json.dumps(exported))) == len(exported) - 1
        assert list(upkeep.export(other)) == exported
        with pytest.raises(RecordsError, match="there are records already"):
            upkeep.restore(other, exported)
        with pytest.raises(RecordsError, match="no export of records"):
            upkeep.restore(other, [{"records": "0000"}])
        Ledger(other).add(CONTRACT)  # numbers go on after those that came
        assert Quarantine(other).keep(Flow({"id": "e-3"}, Decision("e-3", "deny")))
        assert Outbox(other).add(b"{}") == list(Outbox(other).messages())[-1].id
        other.close()


def test_an_export_is_its_owners_alone_and_overwrites_nothing(store: Store, tmp_path: Path) -> None:
    filled(store)
    file = tmp_path / "backup.jsonl"
    count = upkeep.write_export(store, file)
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert len(file.read_text("utf-8").splitlines()) == count + 1
    with pytest.raises(RecordsError, match="File exists"):
        upkeep.write_export(store, file)
    missing = Store(f"sqlite:///{tmp_path}/nowhere.db")
    with pytest.raises(RecordsUnavailable):
        upkeep.write_export(missing, tmp_path / "other.jsonl")
    assert not (tmp_path / "other.jsonl").exists()


def test_what_is_written_in_one_block_is_there_as_a_whole_or_not(store: Store) -> None:
    ledger, outbox = Ledger(store), Outbox(store)

    class Stop(Exception):
        pass

    with pytest.raises(Stop), store.writing("ledger"), store.writing("outbox"):
        ledger.add(CONTRACT)
        outbox.add(b"{}")
        assert len(ledger.facts()) == 1, "within the block it is there"
        raise Stop
    assert ledger.facts() == list(outbox.messages()) == []


def test_a_transaction_that_reads_sees_one_moment(store: Store) -> None:
    ledger = Ledger(store)
    ledger.add(CONTRACT)
    if store.file is None:
        pytest.skip("PostgreSQL reads what is committed, a statement at a time")
    with store.reading():
        before = ledger.facts()
        writer = threading.Thread(target=lambda: ledger.add(CONSENT))
        writer.start()
        writer.join()
        assert ledger.facts() == before
    assert len(ledger.facts()) == 2


def test_who_names_the_same_database_shares_its_connections(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    stores = []
    for name in ("a", "b"):
        (tmp_path / name).mkdir()
        monkeypatch.chdir(tmp_path / name)
        stores += [store_of({"database": "sqlite:///records.db"}) for _ in range(2)]
    here, again, there, _ = stores
    assert here is again and here is not there, "a relative path is another file in another folder"
    assert here.file == tmp_path / "a" / "records.db" and there.file == tmp_path / "b" / "records.db"
    assert store_of({"database": f"sqlite:///{here.file}"}) is here


# Whose turn it is


@LAWS
@given(st.integers(1, 3), st.integers(1, 8))
def test_whoever_has_waited_for_longest_is_next(number: int, waiting: int) -> None:
    seats = Seats(number)
    for _ in range(number):
        assert seats.take(0)
    order: list[int] = []

    def wait(name: int) -> None:
        with seats.taken(60):
            order.append(name)

    threads = []
    for name in range(waiting):
        threads.append(threading.Thread(target=wait, args=(name,)))
        threads[-1].start()
        while len(seats._waiting) <= name:
            time.sleep(0.001)
    assert not seats.take(0), "a seat that others wait for is no newcomer's"
    for _ in range(waiting if number > 1 else 1):
        seats.give()
        if number > 1:
            done = len(order)
            while len(order) < min(done + 1, waiting):
                time.sleep(0.001)
    for thread in threads:
        thread.join(60)
    assert order == list(range(waiting)) if number == 1 else sorted(order) == list(range(waiting))


def test_who_waits_for_too_long_is_told_what_to_set(new_store: Callable[..., Store]) -> None:
    store = new_store(pool_size=1, timeout=0.2)
    held, done = threading.Event(), threading.Event()

    def hold() -> None:
        with store.reading():
            held.set()
            done.wait(60)

    holder = threading.Thread(target=hold)
    holder.start()
    held.wait(60)
    with pytest.raises(RecordsUnavailable, match="pool_size"):
        Ledger(store).facts()
    done.set()
    holder.join()
    assert Ledger(store).facts() == []


def test_many_threads_share_a_few_connections(new_store: Callable[..., Store]) -> None:
    store = new_store(pool_size=2, timeout=60)
    ledger = Ledger(store)
    failed: list[BaseException] = []

    def work(number: int) -> None:
        try:
            for _ in range(5):
                ledger.add({**CONTRACT, "party": f"v-{number}"})
                ledger.facts(subject="nobody")
        except BaseException as error:
            failed.append(error)

    threads = [threading.Thread(target=work, args=(number,)) for number in range(12)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failed == []
    assert len(ledger.facts()) == 60
    pool: Any = store._engine.pool
    assert pool.checkedin() <= 2
