"""The outbox: claims and leases, faults of the disk, several processes, and what is never lost."""

from __future__ import annotations

import sqlite3
import stat
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from policyengine_records.outbox import Message, Outbox, OutboxError
from receiver import SECRET, Clock, Receiver

TESTS = Path(__file__).parent
PACK = TESTS.parents[2] / "rules" / "alc-smart-learning"


def claimed(outbox: Outbox) -> Message:
    message = outbox.claim()
    assert message is not None
    return message


def test_a_claimed_message_is_left_alone_until_the_lease_ends(tmp_path: Path) -> None:
    clock = Clock()
    first, second = (Outbox(tmp_path / "outbox.db", clock=clock, lease=60) for _ in range(2))
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


def test_what_has_waited_for_longest_goes_first(tmp_path: Path) -> None:
    clock = Clock()
    outbox = Outbox(tmp_path / "outbox.db", clock=clock)
    ids = [outbox.add(str(number).encode()) for number in range(3)]
    outbox.postpone(claimed(outbox), clock.now + 5, "later")
    clock.now += 10
    assert [claimed(outbox).id for _ in ids] == [ids[1], ids[2], ids[0]]
    assert outbox.claim() is None and outbox.next_due() == clock.now + 60


def test_only_what_was_delivered_is_ever_removed(tmp_path: Path) -> None:
    clock = Clock()
    outbox = Outbox(tmp_path / "outbox.db", clock=clock)
    for _ in range(3):
        outbox.add(b"{}")
    outbox.delivered(claimed(outbox))
    outbox.give_up(claimed(outbox), "410")
    clock.now += 30 * 86400
    assert outbox.sweep(30 * 86400) == 0
    clock.now += 1
    assert outbox.sweep(30 * 86400) == 1
    assert outbox.counts() == {"pending": 1, "delivered": 0, "failed": 1}
    with (
        sqlite3.connect(outbox.file) as database,
        pytest.raises(sqlite3.IntegrityError, match="until it was delivered"),
    ):
        database.execute("DELETE FROM outbox")


def test_what_was_delivered_twice_was_delivered_when_it_first_was(tmp_path: Path) -> None:
    """As where a lease has ended, and two have sent the message: it is kept for as long as any other."""
    clock = Clock()
    outbox = Outbox(tmp_path / "outbox.db", clock=clock, lease=60)
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
    tmp_path: Path, settings_of: Callable[[str], set[Any]]
) -> None:
    outbox = Outbox(tmp_path / "outbox.db")
    outbox.add(b"{}")
    outbox.delivered(claimed(outbox))
    assert settings_of("synchronous") == {2}  # FULL
    assert settings_of("journal_mode") == {"wal"}


def test_those_that_failed_count_against_the_most(tmp_path: Path) -> None:
    outbox = Outbox(tmp_path / "outbox.db", most=2)
    outbox.add(b"1")
    outbox.give_up(claimed(outbox), "410")
    outbox.add(b"2")
    with pytest.raises(OutboxError, match="is full: 2 messages are not delivered"):
        outbox.add(b"3")
    outbox.delivered(claimed(outbox))
    outbox.add(b"3")


def test_the_file_is_its_owners_alone(tmp_path: Path) -> None:
    outbox = Outbox(tmp_path / "outbox.db")
    outbox.add(b"{}")
    assert {stat.S_IMODE(path.stat().st_mode) for path in tmp_path.iterdir()} == {0o600}


def test_many_are_listed_in_order(tmp_path: Path) -> None:
    outbox = Outbox(tmp_path / "outbox.db")
    ids = [outbox.add(b"{}") for _ in range(1003)]
    assert [message.id for message in outbox.messages()] == ids
    assert list(outbox.messages("failed")) == [] and outbox.message("msg_0") is None


# Faults


def test_a_full_database_refuses_and_loses_nothing(tmp_path: Path) -> None:
    """SQLite says SQLITE_FULL, as it does where the disk has no space left."""
    outbox = Outbox(tmp_path / "outbox.db")
    ids = [outbox.add(b"x" * 500)]
    with outbox._writing() as database:
        pages = database.execute("PRAGMA page_count").fetchone()[0]
        database.execute(f"PRAGMA max_page_count = {pages + 2}")
    with pytest.raises(OutboxError, match=r"outbox\.db: database or disk is full"):
        ids.extend(outbox.add(b"x" * 500) for _ in range(100))
    assert [message.id for message in outbox.messages()] == ids
    outbox.close()
    assert [message.id for message in Outbox(outbox.file).messages()] == ids


LIMITED = """if True:
    import logging, resource, sys
    from pathlib import Path
    sys.path.insert(0, sys.argv[4])
    from test_notify import PERMITTED, engine
    from policyengine import FlowDenied
    from policyengine_records.notify import Courier, Notify
    from policyengine_records.outbox import Outbox

    logging.disable()
    outbox = Outbox(sys.argv[1])
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


def test_a_disk_that_takes_no_more_denies_what_must_be_told(tmp_path: Path) -> None:
    """The kernel refuses every write beyond a size; each flow that was permitted before has its message."""
    file = tmp_path / "outbox.db"
    done = subprocess.run(
        [sys.executable, "-c", LIMITED, str(file), "http://127.0.0.1:9/", SECRET, str(TESTS)],
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    assert (done.returncode, done.stderr) == (0, "")
    permitted, _, why = done.stdout.partition(" ")
    assert int(permitted) > 10
    assert "outbox.db: " in why
    assert Outbox(file).counts()["pending"] == int(permitted) + 1
    with sqlite3.connect(file) as database:
        assert database.execute("PRAGMA integrity_check").fetchone() == ("ok",)


@pytest.mark.parametrize("place", ["folder", "missing/outbox.db", "file/outbox.db"])
def test_a_file_that_cannot_be_written(place: str, tmp_path: Path) -> None:
    (tmp_path / "folder").mkdir()
    (tmp_path / "file").touch()
    with pytest.raises(OutboxError, match=f"outbox {tmp_path / place}: "):
        Outbox(tmp_path / place).add(b"{}")


FORBIDDEN = """if True:
    import os, sys
    from policyengine_records.outbox import Outbox, OutboxError

    outbox = Outbox(sys.argv[1])
    outbox.add(b"{}")
    outbox.close()
    outbox.file.chmod(0o400)
    if os.geteuid() == 0:
        os.seteuid(65534)  # root may write whatever it wants
    try:
        outbox.add(b"{}")
    except OutboxError as error:
        print(error)
"""


def test_a_file_that_may_not_be_written(tmp_path: Path) -> None:
    file = tmp_path / "outbox.db"
    done = subprocess.run([sys.executable, "-c", FORBIDDEN, str(file)], capture_output=True, text=True, check=True)
    assert done.stdout == f"outbox {file}: Permission denied\n"
    assert Outbox(file).counts()["pending"] == 1


def test_a_file_that_somebody_holds(tmp_path: Path) -> None:
    outbox = Outbox(tmp_path / "outbox.db", patience=0.05)
    outbox.add(b"1")
    holder = sqlite3.connect(outbox.file, isolation_level=None)
    holder.execute("BEGIN IMMEDIATE")
    with pytest.raises(OutboxError, match=r"outbox\.db: database is locked"):
        outbox.add(b"2")
    with pytest.raises(OutboxError, match="database is locked"):
        outbox.claim()
    assert [message.body for message in outbox.messages()] == [b"1"]
    holder.execute("COMMIT")
    holder.close()
    outbox.add(b"2")
    assert [message.body for message in outbox.messages()] == [b"1", b"2"]


def test_a_file_that_was_moved_away_is_made_anew(tmp_path: Path) -> None:
    outbox = Outbox(tmp_path / "outbox.db")
    outbox.add(b"1")
    outbox.close()
    outbox.next_due()
    outbox.file.rename(tmp_path / "old.db")
    for rest in ("-wal", "-shm"):
        (tmp_path / f"outbox.db{rest}").unlink(missing_ok=True)
    assert outbox.claim() is None and list(outbox.messages()) == []
    outbox.add(b"2")
    assert [message.body for message in Outbox(tmp_path / "outbox.db").messages()] == [b"2"]
    assert [message.body for message in Outbox(tmp_path / "old.db").messages()] == [b"1"]


def test_another_database_is_left_alone(tmp_path: Path) -> None:
    with sqlite3.connect(tmp_path / "other.db") as database:
        database.execute("CREATE TABLE fact (id)")
    database.close()
    before = (tmp_path / "other.db").read_bytes()
    with pytest.raises(OutboxError, match="is another database"):
        Outbox(tmp_path / "other.db").add(b"{}")
    assert (tmp_path / "other.db").read_bytes() == before
    (tmp_path / "text").write_text("no database at all, but long enough to be looked at" * 20)
    with pytest.raises(OutboxError, match="text: file is not a database"):
        Outbox(tmp_path / "text").claim()
    outbox = Outbox(tmp_path / "newer.db")
    outbox.add(b"{}")
    with outbox._writing() as database:
        database.execute("PRAGMA user_version = 2")
    outbox.close()
    with pytest.raises(OutboxError, match="is of version 2"):
        outbox.add(b"{}")


# Threads and processes


def test_threads_write_and_claim_at_once(tmp_path: Path) -> None:
    outbox = Outbox(tmp_path / "outbox.db")
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
    from policyengine_records.notify import Courier, Notify
    from policyengine_records.outbox import Outbox
    from policyengine.model.decision import Decision
    from policyengine.enforcement.enforce import Flow

    outbox = Outbox(sys.argv[1])
    notify = Notify(Courier(outbox, sys.argv[2], sys.argv[3]))
    print("ready", flush=True)
    sys.stdin.readline()
    for number in range(50):
        notify.act(Flow({}, Decision(f"{sys.argv[4]}-{number}", "deny")))
    print("written", flush=True)
    sys.stdin.readline()
    notify.stop(60)
"""


def test_two_processes_share_an_outbox(tmp_path: Path) -> None:
    """They make the file at the same moment, write and deliver at once, and send nothing twice."""
    file = tmp_path / "outbox.db"
    with Receiver() as receiver:
        processes = [
            subprocess.Popen(
                [sys.executable, "-c", SHARING, str(file), receiver.url, SECRET, name],
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
    assert Outbox(file).counts() == {"pending": 0, "delivered": 100, "failed": 0}


def test_several_make_one_file_at_the_same_moment(tmp_path: Path) -> None:
    """Whoever comes while another makes the tables finds an outbox in the making, and nothing foreign."""
    files = [tmp_path / f"{number}.db" for number in range(60)]
    together = threading.Barrier(4)
    failed: list[OutboxError] = []

    def work() -> None:
        for file in files:
            together.wait(60)
            try:
                Outbox(file).add(b"{}")
            except OutboxError as error:
                failed.append(error)

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(120)
    assert failed == []
    assert [Outbox(file).counts()["pending"] for file in files] == [4] * len(files)
