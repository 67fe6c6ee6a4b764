"""The outbox: claims and leases, faults of the disk, several processes, and what is never lost."""

from __future__ import annotations

import sqlite3
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import delete

from policyengine_records import Outbox, RecordsError, RecordsUnavailable, Store
from policyengine_records.outbox.outbox import Message
from policyengine_records.store.schema import messages
from receiver import SECRET, Clock, Receiver

TESTS = Path(__file__).parent
PACK = TESTS.parents[2] / "rules" / "alc-smart-learning"


@pytest.fixture
def in_file(tmp_path: Path) -> Store:
    """A store in SQLite, whatever else is tried."""
    store = Store(f"sqlite:///{tmp_path / 'outbox.db'}")
    store.upgrade()
    return store


def claimed(outbox: Outbox) -> Message:
    message = outbox.claim()
    assert message is not None
    return message


def test_a_claimed_message_is_left_alone_until_the_lease_ends(store: Store) -> None:
    clock = Clock()
    first, second = (Outbox(store, clock=clock, lease=60) for _ in range(2))
    identifier = first.add(b"1")
    lost = claimed(first)
    assert (lost.id, lost.attempts) == (identifier, 1)
    assert second.claim() is None and first.claim() is None
    clock.now += 60
    held = claimed(second)
    assert (held.id, held.body, held.attempts) == (identifier, b"1", 2)
    first.postpone(lost, clock.now, "too late to say so")
    first.give_up(lost, "too late to say so")
    assert first.message(identifier) == held
    first.delivered(lost)  # but what was delivered was delivered
    second.give_up(held, "too late to say so")
    message = second.message(identifier)
    assert message is not None and (message.state, message.last_error) == ("delivered", None)


def test_what_has_waited_for_longest_goes_first(store: Store) -> None:
    clock = Clock()
    outbox = Outbox(store, clock=clock)
    ids = [outbox.add(str(number).encode()) for number in range(3)]
    outbox.postpone(claimed(outbox), clock.now + 5, "later")
    clock.now += 10
    assert [claimed(outbox).id for _ in ids] == [ids[1], ids[2], ids[0]]
    assert outbox.claim() is None and outbox.next_due() == clock.now + 60


def test_only_what_was_delivered_is_ever_removed(store: Store) -> None:
    clock = Clock()
    outbox = Outbox(store, clock=clock)
    for _ in range(3):
        outbox.add(b"{}")
    outbox.delivered(claimed(outbox))
    outbox.give_up(claimed(outbox), "410")
    clock.now += 30 * 86400
    assert outbox.sweep(30 * 86400) == 0
    clock.now += 1
    assert outbox.sweep(30 * 86400) == 1
    assert outbox.counts() == {"pending": 1, "delivered": 0, "failed": 1}
    with pytest.raises(RecordsUnavailable, match="until it was delivered"), store.writing("outbox") as connection:
        connection.execute(delete(messages))


def test_what_was_delivered_twice_was_delivered_when_it_first_was(store: Store) -> None:
    """As where a lease has ended, and two have sent the message: it is kept for as long as any other."""
    clock = Clock()
    outbox = Outbox(store, clock=clock, lease=60)
    identifier, delivered = outbox.add(b"{}"), clock.now
    first = claimed(outbox)
    outbox.delivered(first)
    clock.now += 50
    outbox.delivered(first)
    message = outbox.message(identifier)
    assert message is not None and (message.state, message.ended) == ("delivered", delivered)
    clock.now += 51
    assert outbox.sweep(100) == 1


def test_what_is_written_is_on_the_disk_before_anybody_is_told(
    in_file: Store, settings_of: Callable[[str], set[Any]]
) -> None:
    outbox = Outbox(in_file)
    outbox.add(b"{}")
    outbox.delivered(claimed(outbox))
    assert settings_of("synchronous") == {2}  # FULL
    assert settings_of("journal_mode") == {"wal"}


def test_those_that_failed_count_against_the_most(store: Store) -> None:
    outbox = Outbox(store, most=2)
    outbox.add(b"1")
    outbox.give_up(claimed(outbox), "410")
    outbox.add(b"2")
    with pytest.raises(RecordsError, match="is full: 2 messages are not delivered"):
        outbox.add(b"3")
    outbox.delivered(claimed(outbox))
    outbox.add(b"3")


def test_many_are_listed_in_order(store: Store) -> None:
    outbox = Outbox(store)
    ids = [outbox.add(b"{}") for _ in range(1003)]
    assert [message.id for message in outbox.messages()] == ids
    assert list(outbox.messages("failed")) == [] and outbox.message("msg_0") is None


# Faults


LIMITED = """if True:
    import logging, resource, sys
    from pathlib import Path
    sys.path.insert(0, sys.argv[4])
    from test_notify import PERMITTED, engine
    from policyengine import FlowDenied
    from policyengine_records.outbox.notify import Courier, Notify
    from policyengine_records import Outbox, Store

    logging.disable()
    outbox = Outbox(Store(sys.argv[1]))
    notify = Notify(Courier(outbox, sys.argv[2], sys.argv[3]))
    notify.stop()
    told, asked = engine(notify, on=["permit"]), engine(notify, on=["permit"], mandatory=False)
    resource.setrlimit(resource.RLIMIT_FSIZE, (400_000, resource.RLIM_INFINITY))
    permitted = 0
    while True:
        try:
            told.enforce(PERMITTED)
        except FlowDenied as error:
            denied = error
            break
        permitted += 1
    (reason,) = denied.decision.reasons
    assert reason.code == "action-failed" and denied.decision.excess_items == ("name",)
    assert asked.enforce(PERMITTED).permitted
    assert sum(outbox.counts().values()) == permitted
    print(permitted, reason.message.en)
    resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
    assert told.enforce(PERMITTED).permitted  # there is space again
"""


def test_a_disk_that_takes_no_more_denies_what_must_be_told(in_file: Store) -> None:
    """The kernel refuses every write beyond a size; each flow that was permitted before has its message."""
    done = subprocess.run(
        [sys.executable, "-c", LIMITED, f"sqlite:///{in_file.file}", "http://127.0.0.1:9/", SECRET, str(TESTS)],
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    assert (done.returncode, done.stderr) == (0, "")
    permitted, _, why = done.stdout.partition(" ")
    assert int(permitted) > 10
    assert "database failed" in why
    assert Outbox(in_file).counts()["pending"] == int(permitted) + 1
    with in_file.reading() as connection:
        assert connection.exec_driver_sql("PRAGMA integrity_check").scalar() == "ok"


@pytest.mark.parametrize("place", ["folder", "missing/outbox.db", "file/outbox.db"])
def test_a_file_that_cannot_be_written(place: str, tmp_path: Path) -> None:
    (tmp_path / "folder").mkdir()
    (tmp_path / "file").touch()
    store = Store(f"sqlite:///{tmp_path / place}")
    with pytest.raises(RecordsUnavailable):
        Outbox(store).add(b"{}")
    with pytest.raises(RecordsUnavailable):
        store.upgrade()


FORBIDDEN = """if True:
    import os, sys
    from policyengine_records import Outbox, RecordsUnavailable, Store

    outbox = Outbox(Store(sys.argv[1]))
    outbox.add(b"{}")
    outbox.store.close()
    outbox.store.file.chmod(0o400)
    if os.geteuid() == 0:
        os.seteuid(65534)  # root may write whatever it wants
    try:
        outbox.add(b"{}")
    except RecordsUnavailable as error:
        print(error)
"""


def test_a_file_that_may_not_be_written(in_file: Store) -> None:
    url = f"sqlite:///{in_file.file}"
    in_file.close()
    done = subprocess.run([sys.executable, "-c", FORBIDDEN, url], capture_output=True, text=True, check=True)
    assert "Permission denied" in done.stdout
    assert Outbox(in_file).counts()["pending"] == 1


def test_a_file_that_somebody_holds(in_file: Store) -> None:
    outbox = Outbox(Store(f"sqlite:///{in_file.file}", timeout=0.05))
    outbox.add(b"1")
    holder = sqlite3.connect(in_file.file, isolation_level=None)
    holder.execute("BEGIN IMMEDIATE")
    with pytest.raises(RecordsError, match="database is locked"):
        outbox.add(b"2")
    with pytest.raises(RecordsUnavailable, match="database is locked"):
        outbox.claim()
    assert [message.body for message in outbox.messages()] == [b"1"]
    holder.execute("COMMIT")
    holder.close()
    outbox.add(b"2")
    assert [message.body for message in outbox.messages()] == [b"1", b"2"]


def test_a_file_that_was_moved_away_is_missed_and_not_made_anew(in_file: Store, tmp_path: Path) -> None:
    outbox = Outbox(in_file)
    outbox.add(b"1")
    in_file.close()
    (tmp_path / "outbox.db").rename(tmp_path / "old.db")
    with pytest.raises(RecordsUnavailable, match="policyengine records upgrade"):
        outbox.add(b"2")
    (tmp_path / "old.db").rename(tmp_path / "outbox.db")
    outbox.add(b"2")
    assert [message.body for message in outbox.messages()] == [b"1", b"2"]


def test_a_newer_database_is_left_alone(store: Store) -> None:
    with store.writing("outbox") as connection:
        connection.exec_driver_sql("UPDATE records_version SET version_num = '9999'")
    store.close()
    with pytest.raises(RecordsUnavailable, match="version 9999, and this package knows"):
        Outbox(store).add(b"{}")
    with pytest.raises(RecordsUnavailable, match="9999"):
        store.upgrade()


# Threads and processes


def test_threads_write_and_claim_at_once(store: Store) -> None:
    outbox = Outbox(store)
    added: list[str] = []
    taken: list[str] = []
    begun = threading.Barrier(8)

    def write() -> None:
        begun.wait()
        added.extend(outbox.add(b"{}") for _ in range(25))

    def take() -> None:
        begun.wait()
        while len(taken) < 100:
            if (message := outbox.claim()) is not None:
                taken.append(message.id)

    threads = [threading.Thread(target=work) for work in [write] * 4 + [take] * 4]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert sorted(taken) == sorted(added) and len(set(taken)) == 100


SHARING = """if True:
    import sys, threading
    from policyengine_records.outbox.notify import Courier, Notify
    from policyengine_records import Outbox, Store
    from policyengine import Decision, Flow

    outbox = Outbox(Store(sys.argv[1], timeout=60))
    notify = Notify(Courier(outbox, sys.argv[2], sys.argv[3]))
    print("ready", flush=True)
    sys.stdin.readline()
    for number in range(50):
        notify.act(Flow({}, Decision(f"{sys.argv[4]}-{number}", "deny")))
    print("written", flush=True)
    sys.stdin.readline()
    notify.stop(60)
"""


def test_two_processes_share_an_outbox(store: Store) -> None:
    """They make the file at the same moment, write and deliver at once, and send nothing twice."""
    url = store.url.render_as_string(hide_password=False)
    with Receiver() as receiver:
        processes = [
            subprocess.Popen(
                [sys.executable, "-c", SHARING, url, receiver.url, SECRET, name],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                text=True,
            )
            for name in ("a", "b")
        ]
        for word in ("ready", "written"):
            for process in processes:
                assert process.stdout is not None and process.stdout.readline() == f"{word}\n"
            if word == "written":
                receiver.wait(100)
            for process in processes:
                assert process.stdin is not None
                process.stdin.write("\n")
                process.stdin.flush()
        for process in processes:
            assert process.communicate(timeout=60) == ("", "") and process.returncode == 0
        assert len(receiver.arrived) == 100 and set(receiver.counts.values()) == {1}
    assert Outbox(store).counts() == {"pending": 0, "delivered": 100, "failed": 0}
