"""What goes wrong with a database denies, loses nothing that was acknowledged, and permits nothing."""

from __future__ import annotations

import os
import random
import signal
import sqlite3
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import NullPool, create_engine, text

from ledger_scenes import CAMPAIGN, CONSENT, CONTRACT, VETTING, engine_with, unavailable
from ledger_servers import Server, background, elsewhere, opened
from policyengine_records import Ledger, LedgerSource, RecordsUnavailable

WRITE = """
while True:
    try:
        print(ledger.add({"type": "vetting", "party": "vendor-kk"}), flush=True)
    except RecordsUnavailable:
        pass
"""


@contextmanager
def locked(url: str) -> Any:
    """Lock the table of a PostgreSQL ledger against everybody."""
    locker = create_engine(url.replace("postgresql:", "postgresql+psycopg:"), poolclass=NullPool)
    with locker.connect() as connection:
        connection.execute(text("LOCK TABLE ledger_entries IN ACCESS EXCLUSIVE MODE"))
        yield connection


def test_a_deleted_locked_or_broken_file_denies(tmp_path: Path) -> None:
    file = tmp_path / "facts.db"
    ledger = opened(f"sqlite:///{file}", timeout=0.2)
    ledger.import_([CONTRACT, VETTING])
    engine = engine_with(LedgerSource(ledger.store))
    assert engine.evaluate(CAMPAIGN).permitted
    locker = sqlite3.connect(file, isolation_level=None)
    locker.execute("BEGIN EXCLUSIVE")
    assert engine.evaluate(CAMPAIGN).permitted, "whoever reads does not wait for those who write"
    with pytest.raises(RecordsUnavailable, match="locked"):
        ledger.add(CONTRACT)
    locker.execute("ROLLBACK")
    locker.close()
    assert engine.evaluate(CAMPAIGN).permitted
    (tmp_path / "other").write_bytes(b"nothing that SQLite reads" * 100)
    (tmp_path / "other").replace(file)
    assert "not a database" in unavailable(engine)
    file.unlink()
    said = unavailable(engine)
    assert "unable to open" in said
    assert "c-102" not in said
    assert not file.exists()


def test_a_query_that_takes_too_long_denies(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("policyengine_records.store.store._STEPS", 1)
    ledger = opened(f"sqlite:///{tmp_path / 'facts.db'}")
    ledger.import_({**CONSENT, "subject": f"c-{number}"} for number in range(300))
    ledger.store.timeout = -1  # any query is over its time
    said = unavailable(engine_with(LedgerSource(ledger.store)), {**CAMPAIGN, "subject": {"category": "customer"}})
    assert "interrupted" in said


def test_a_stopped_postgresql_denies_and_a_started_one_answers_again(own_postgresql: Server) -> None:
    ledger = opened(own_postgresql.new(), timeout=2)
    ledger.import_([CONTRACT, VETTING])
    engine = engine_with(LedgerSource(ledger.store))
    assert engine.evaluate(CAMPAIGN).permitted
    own_postgresql.stop()
    assert "database failed" in unavailable(engine)
    own_postgresql.start()
    assert engine.evaluate(CAMPAIGN).permitted
    ledger.store.close()


def test_a_locked_postgresql_denies_in_time(postgresql: Server) -> None:
    url = postgresql.new()
    ledger = opened(url, timeout=1)
    ledger.import_([CONTRACT, VETTING])
    engine = engine_with(LedgerSource(ledger.store))
    locker = create_engine(url.replace("postgresql:", "postgresql+psycopg:"))
    with locker.begin() as connection:
        connection.execute(text("LOCK TABLE ledger_entries IN ACCESS EXCLUSIVE MODE"))
        assert "timeout" in unavailable(engine)
    assert engine.evaluate(CAMPAIGN).permitted
    locker.dispose()
    ledger.store.close()


@pytest.mark.parametrize("many", [False, True])
def test_a_connection_that_is_ended_while_its_query_waits_denies(postgresql: Server, many: bool) -> None:
    url = postgresql.new()
    ledger = opened(url, timeout=60)
    ledger.import_([CONTRACT, VETTING])
    engine = engine_with(LedgerSource(ledger.store))

    def ask() -> list[str]:
        found = list(engine.evaluate_all([CAMPAIGN] * 20)) if many else [engine.evaluate(CAMPAIGN)]
        return [reason.code for decision in found for reason in decision.reasons if decision.outcome == "deny"]

    with locked(url), ThreadPoolExecutor() as threads:
        asked = threads.submit(ask)
        (waiting,) = postgresql.others(waiting=True)
        assert postgresql.ask("SELECT pg_terminate_backend(:pid)", pid=waiting) == [True]
        assert asked.result() == ["source-unavailable"] * (20 if many else 1)
    assert engine.evaluate(CAMPAIGN).permitted
    ledger.store.close()


def test_a_server_that_is_killed_while_a_query_waits_denies(own_postgresql: Server) -> None:
    url = own_postgresql.new()
    ledger = opened(url, timeout=60)
    ledger.import_([CONTRACT, VETTING])
    engine = engine_with(LedgerSource(ledger.store))
    with ThreadPoolExecutor() as threads:
        locker = create_engine(url.replace("postgresql:", "postgresql+psycopg:"), poolclass=NullPool).connect()
        locker.execute(text("LOCK TABLE ledger_entries IN ACCESS EXCLUSIVE MODE"))
        asked = threads.submit(unavailable, engine)
        own_postgresql.others(waiting=True)
        own_postgresql.kill()
        assert "database failed" in asked.result()
        locker.invalidate()
    assert "database failed" in unavailable(engine)
    own_postgresql.start()
    assert engine.evaluate(CAMPAIGN).permitted
    ledger.store.close()


def test_a_statement_that_takes_too_long_denies(postgresql: Server) -> None:
    url = postgresql.new()
    ledger = opened(url, timeout=2)
    ledger.import_([CONTRACT, VETTING])
    engine = engine_with(LedgerSource(ledger.store))
    assert engine.evaluate(CAMPAIGN).permitted
    slow = "CREATE VIEW ledger_entries AS SELECT hidden.* FROM hidden, (SELECT pg_sleep(300)) AS slow"
    with create_engine(url.replace("postgresql:", "postgresql+psycopg:"), poolclass=NullPool).begin() as connection:
        connection.execute(text("ALTER TABLE ledger_entries RENAME TO hidden"))
        connection.execute(text(slow))
    assert "statement timeout" in unavailable(engine)
    ledger.store.close()


def test_a_frozen_server_denies_in_time(own_postgresql: Server) -> None:
    ledger = opened(own_postgresql.new(), timeout=2)
    ledger.import_([CONTRACT, VETTING])
    engine = engine_with(LedgerSource(ledger.store))
    assert engine.evaluate(CAMPAIGN).permitted
    frozen = own_postgresql.others()
    for process in frozen:
        os.kill(process, signal.SIGSTOP)
    try:
        assert "no answer within 2 s" in unavailable(engine)
    finally:
        for process in frozen:
            os.kill(process, signal.SIGCONT)
    assert engine.evaluate(CAMPAIGN).permitted
    ledger.store.close()


def test_a_file_that_another_process_locks_is_read_and_not_written(tmp_path: Path) -> None:
    file = tmp_path / "facts.db"
    ledger = opened(f"sqlite:///{file}", timeout=0.2)
    ledger.import_([CONTRACT, VETTING])
    engine = engine_with(LedgerSource(ledger.store))
    lock = "import sqlite3, sys; sqlite3.connect(sys.argv[1], isolation_level=None).execute('BEGIN EXCLUSIVE')"
    lock += "; print('locked', flush=True); sys.stdin.read()"
    with background([sys.executable, "-c", lock, str(file)]) as holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == "locked\n"
        assert engine.evaluate(CAMPAIGN).permitted
        with pytest.raises(RecordsUnavailable):
            ledger.add(CONSENT)
    assert engine.evaluate(CAMPAIGN).permitted
    assert len(ledger.facts()) == 2


class Asker(threading.Thread):
    """Asks about one flow that the facts permit, and one whose contract was withdrawn, until it is told to stop."""

    def __init__(self, ledger: Ledger) -> None:
        super().__init__()
        ledger.import_([CONTRACT, VETTING, {**VETTING, "party": "printer-kk"}])
        ledger.withdraw(ledger.add({**CONTRACT, "party": "printer-kk"}), "2026-01-01T00:00:00Z")
        self.engine = engine_with(LedgerSource(ledger.store))
        self.seen: Counter[tuple[str, str, str]] = Counter()
        self.failed: list[BaseException] = []
        self.over = threading.Event()

    def __enter__(self) -> Asker:
        self.start()
        return self

    def __exit__(self, *error: object) -> None:
        self.over.set()
        self.join()

    def run(self) -> None:
        try:
            while not self.over.is_set():
                for party in ("mailer-kk", "printer-kk"):
                    decision = self.engine.evaluate(
                        {**CAMPAIGN, "recipient": {"id": party, "service": "communication"}}
                    )
                    self.seen[party, decision.outcome, decision.reasons[0].code if decision.reasons else ""] += 1
        except BaseException as error:
            self.failed.append(error)


def test_a_server_killed_at_random_moments_loses_nothing_and_permits_nothing(own_postgresql: Server) -> None:
    moments = random.Random(20261124)
    url = own_postgresql.new()
    ledger = opened(url, timeout=5)
    acknowledged: list[str] = []
    with Asker(ledger) as asker, background(elsewhere(url, WRITE)) as writer:
        assert writer.stdout is not None
        reader = threading.Thread(
            target=lambda lines: acknowledged.extend(map(str.strip, lines)), args=(writer.stdout,)
        )
        reader.start()
        for _ in range(6):
            before = len(acknowledged)
            while len(acknowledged) < before + 20:
                assert writer.poll() is None
                time.sleep(0.01)
            time.sleep(moments.uniform(0, 0.05))
            own_postgresql.kill()
            own_postgresql.start()
        writer.kill()
        reader.join()
    there = {entry.id for entry in ledger.facts(type="vetting")}
    sys.stdout.write(f"{len(acknowledged)} acknowledged, {len(there) - 2} there, 6 kills; {dict(asker.seen)}")
    assert len(acknowledged) >= 120
    assert set(acknowledged) <= there
    assert not asker.failed
    seen = set(asker.seen)
    assert {("mailer-kk", "permit", ""), ("printer-kk", "deny", "requirement-unmet")} < seen
    assert {reason for _, outcome, reason in seen if outcome == "deny"} == {"requirement-unmet", "source-unavailable"}
    assert ("printer-kk", "permit", "") not in seen
    assert ("mailer-kk", "deny", "requirement-unmet") not in seen
    ledger.store.close()


def test_a_writer_killed_at_random_moments_loses_nothing(new_url: Callable[[], str]) -> None:
    moments = random.Random(20261124)
    url = new_url()
    ledger = opened(url)
    acknowledged: list[str] = []
    for _ in range(6):
        with background(elsewhere(url, WRITE)) as writer:
            assert writer.stdout is not None
            acknowledged += [writer.stdout.readline().strip() for _ in range(moments.randint(1, 20))]
            time.sleep(moments.uniform(0, 0.02))
            writer.kill()
            acknowledged += [line.strip() for line in writer.stdout if line.endswith("\n")]
    there = [entry.id for entry in ledger.facts()]
    sys.stdout.write(f"{len(acknowledged)} acknowledged, {len(there)} there, 6 kills")
    assert set(acknowledged) <= set(there)
    assert ledger.add(CONTRACT) in [entry.id for entry in ledger.facts()]
    ledger.store.close()
