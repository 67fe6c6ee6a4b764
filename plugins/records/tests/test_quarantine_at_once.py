"""What is kept, by many at once: threads, processes, and some that are killed."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable
from functools import partial
from typing import Any

import pytest

from policyengine import Flow, FlowDenied
from policyengine_records import Quarantine, RecordsError, Store
from quarantine_scenes import (
    ENGINE,
    RECORD,
    STAFF,
    denied,
    keeping,
    raw,
)


@pytest.fixture
def store(new_store: Callable[..., Store]) -> Quarantine:
    return Quarantine(new_store(timeout=60))


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
