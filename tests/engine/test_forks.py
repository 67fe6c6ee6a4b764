"""Processes that are made of others: what they inherit of locks and threads is made anew, and nothing hangs."""

from __future__ import annotations

import copy
import http.client
import json
import multiprocessing
import os
import pickle
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import pytest

from engine.little_shop import PURPOSES, WORDS, event, policy, write
from policyengine import Engine, WatchedEngine
from policyengine.decision import admission
from policyengine.once import once

pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="there is no fork here")


def in_a_child(work: Callable[[], Any], seconds: float = 30.0) -> Any:
    """Return what `work` returns in a child that is forked here. One that hangs fails."""
    read, write = os.pipe()
    child = os.fork()
    if not child:
        try:
            os.write(write, json.dumps([work()]).encode())
        except BaseException as error:
            os.write(write, json.dumps(repr(error)).encode())
        finally:
            os._exit(0)
    os.close(write)
    end = time.monotonic() + seconds
    while os.waitpid(child, os.WNOHANG) == (0, 0):
        if time.monotonic() > end:
            os.kill(child, signal.SIGKILL)
            os.waitpid(child, 0)
            os.close(read)
            raise AssertionError("the child hangs")
        time.sleep(0.002)
    with os.fdopen(read, "rb") as answer:
        found = json.loads(answer.read())
    assert isinstance(found, list), found
    return found[0]


@contextmanager
def hammered(*works: Callable[[int], Any]) -> Iterator[None]:
    """Have threads do some work again and again meanwhile."""
    over, failed = threading.Event(), []

    def go(work: Callable[[int], Any]) -> None:
        number = 0
        while not over.is_set():
            try:
                work(number)
            except Exception as error:
                failed.append(error)
                return
            number += 1
            over.wait(0.0005)

    threads = [threading.Thread(target=go, args=(work,)) for work in works]
    for thread in threads:
        thread.start()
    try:
        yield
    finally:
        over.set()
        for thread in threads:
            thread.join()
    assert not failed


def with_kind(number: int) -> str:
    """Return a policy with a fact type that nobody has declared so before: its struct has to be made."""
    words = f'[vocabulary.facts.visit_{number}]\nja = "訪問"\nen = "visit"\n'
    return policy(0).replace(WORDS, WORDS + words)


def test_a_child_of_a_busy_process_decides_and_follows(tmp_path: Path, longer: int) -> None:
    """Threads load, decide, deny and swap policies while children are forked: every child does all of that as well."""
    pack, other = write(tmp_path / "pack", 0), tmp_path / "other"
    other.mkdir()
    wrong = {**event(), "items": []}

    with Engine.watch(pack, interval=0.01, installed_plugins=False) as engine:

        def load(number: int) -> None:
            (other / "policy.toml").write_text(with_kind(number), "utf-8")
            Engine.load(other, installed_plugins=False).evaluate(event())

        def decide(_: int) -> None:
            assert engine.evaluate(event()).permitted
            assert engine.evaluate(event("unheard-of")).explain()
            assert engine.evaluate(wrong).errors

        def swap(number: int) -> None:
            write(pack, number)
            engine.look()

        def child() -> list[Any]:
            mine = write(tmp_path / f"child-{os.getpid()}", 1)
            loaded = Engine.load(mine, installed_plugins=False)
            decisions = [one.evaluate(event(purpose)).outcome for one in (engine, loaded) for purpose in PURPOSES]
            assert engine.evaluate(event("unheard-of")).explain()
            engine.look()
            engine.close()
            return decisions[3:]

        with hammered(load, decide, swap):
            for _ in range(12 * longer):
                assert in_a_child(child) == ["permit", "permit", "deny"]


def test_a_lock_that_another_thread_holds_is_none_in_a_child(tmp_path: Path) -> None:
    write(tmp_path, 0)
    with Engine.watch(tmp_path, interval=3600, installed_plugins=False) as engine:
        there, over = threading.Barrier(2), threading.Event()

        def hold() -> None:
            with admission._one_by_one, engine._followed._lock:
                there.wait()
                over.wait()

        holder = threading.Thread(target=hold)
        holder.start()
        there.wait()

        def child() -> int:
            (tmp_path / "policy.toml").write_text(with_kind(os.getpid()), "utf-8")
            assert engine.look()
            return sum(engine.evaluate(event(purpose)).permitted for purpose in PURPOSES)

        try:
            assert in_a_child(child) == 1
        finally:
            over.set()
            holder.join()


def test_a_child_follows_the_files_by_itself(tmp_path: Path) -> None:
    write(tmp_path, 0)
    with Engine.watch(tmp_path, interval=0.02, installed_plugins=False) as engine:

        def child() -> str:
            write(tmp_path, 1)
            end = time.monotonic() + 20
            while engine.engine.policies[0].version != "v1" and time.monotonic() < end:
                time.sleep(0.01)
            return engine.engine.policies[0].version

        assert in_a_child(child) == "v1"
    assert in_a_child(threading.active_count) == 1, "one that is closed follows in no child"


def _decide(paths: list[str]) -> list[str]:
    with Engine.watch(*paths, installed_plugins=False) as engine:
        return [engine.evaluate(event(purpose)).outcome for purpose in PURPOSES]


ENGINE: WatchedEngine | None = None


def _inherited(purpose: str) -> str:
    assert ENGINE is not None
    return ENGINE.evaluate(event(purpose)).outcome


def test_an_engine_says_why_it_is_not_sent_to_another_process(tmp_path: Path) -> None:
    with Engine.watch(write(tmp_path, 1), interval=3600, installed_plugins=False) as watched:
        for engine in (watched, watched.engine):
            for attempt in (pickle.dumps, copy.copy, copy.deepcopy):
                with pytest.raises(TypeError, match="one that is spawned loads its own"):
                    attempt(engine)


@pytest.mark.parametrize("method", ["fork", "spawn"])
def test_processes_of_multiprocessing(tmp_path: Path, method: str) -> None:
    global ENGINE
    pack = write(tmp_path, 1)
    with Engine.watch(pack, interval=0.01, installed_plugins=False) as ENGINE:
        with multiprocessing.get_context(method).Pool(2) as pool:
            assert pool.map_async(_decide, [[str(pack)]] * 4).get(60) == [["permit", "permit", "deny"]] * 4
            if method == "fork":
                assert pool.map_async(_inherited, PURPOSES * 4).get(60) == ["permit", "permit", "deny"] * 4
        decision = ENGINE.evaluate(event("unheard-of"))
        with multiprocessing.get_context(method).Pool(1) as pool:
            assert pool.apply_async(repr, (decision,)).get(60) == repr(decision)


APP = """\
import json, os, threading
from policyengine import Engine

engine = Engine.watch({pack!r}, interval=0.05, installed_plugins=False)
event = {event!r}

def application(environ, start_response):
    status = engine.status()
    decision = engine.evaluate({{**event, "purpose": environ["PATH_INFO"][1:]}})
    found = {{"pid": os.getpid(), "outcome": decision.outcome, **status.as_dict()}}
    start_response("200 OK", [("Content-Type", "application/json")])
    return [json.dumps(found).encode()]
"""


class Socket(http.client.HTTPConnection):
    """HTTP on a socket of Unix."""

    def connect(self) -> None:
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.settimeout(20)
        self.sock.connect(self.host)


def asked(path: Path, purpose: str) -> dict[str, Any]:
    connection = Socket(str(path))
    connection.request("GET", f"/{purpose}", headers={"Host": "localhost"})
    found: dict[str, Any] = json.loads(connection.getresponse().read())
    connection.close()
    return found


def test_gunicorn_with_an_engine_that_was_loaded_before_its_workers(tmp_path: Path) -> None:
    pytest.importorskip("gunicorn")
    pack, at = write(tmp_path / "pack", 0), tmp_path / "socket"
    (tmp_path / "app.py").write_text(APP.format(pack=str(pack), event=event()), "utf-8")
    command = ["-m", "gunicorn", "--preload", "--workers", "2", "--threads", "2", "--bind", f"unix:{at}", "app"]
    server = subprocess.Popen([sys.executable, *command], cwd=tmp_path, stderr=subprocess.DEVNULL, env={**os.environ})
    try:
        for number in range(3):
            write(pack, number)
            seen: dict[int, dict[str, Any]] = {}
            end = time.monotonic() + 40
            while len(seen) < 2 or {found["policies"][0]["version"] for found in seen.values()} != {f"v{number}"}:
                assert time.monotonic() < end, seen
                with suppress(OSError, http.client.HTTPException):
                    found = asked(at, PURPOSES[number])
                    seen[found["pid"]] = found
            assert {found["outcome"] for found in seen.values()} == {"permit"}
            assert all(found["error"] is None and found["looked"] < 20 for found in seen.values())
    finally:
        server.terminate()
        server.wait(20)


class _Slow:
    """An object of which something takes as long to work out as another thread wants."""

    def __init__(self, entered: threading.Event | None = None, over: threading.Event | None = None) -> None:
        self.entered, self.over = entered, over

    @once
    def found(self) -> int:
        """The answer."""
        if self.entered is not None and self.over is not None:
            self.entered.set()
            self.over.wait()
        return 42


def test_what_another_thread_works_out_at_the_fork_is_worked_out_in_the_child() -> None:
    entered, over = threading.Event(), threading.Event()
    worker = threading.Thread(target=lambda: _Slow(entered, over).found)
    worker.start()
    entered.wait()
    try:
        assert in_a_child(lambda: _Slow().found) == 42
    finally:
        over.set()
        worker.join()
