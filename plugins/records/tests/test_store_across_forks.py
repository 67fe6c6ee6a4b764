"""Processes that fork: no connection is known to two of them, and everybody decides by what is written."""

from __future__ import annotations

import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import textwrap
import time
import urllib.error
import urllib.request
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from ledger_scenes import PACK
from policyengine_records import Ledger, Store
from tethered import tether

pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork: run it on Linux or macOS")

FORKING = """if True:
    import multiprocessing, os, sys, threading
    from policyengine_records import Ledger, Store

    store = Store(sys.argv[1], timeout=30)
    ledger = Ledger(store)
    over = threading.Event()
    failed = []

    def keep_busy(name):
        number = 0
        try:
            while not over.is_set():
                ledger.add({"type": "vetting", "party": f"{name}-{number}"})
                ledger.facts(subject="nobody")
                number += 1
        except BaseException as error:
            failed.append(repr(error))
        os.write(1, f"{name} {number}\\n".encode())  # in one piece

    def child(name):
        for number in range(5):
            ledger.add({"type": "vetting", "party": f"{name}-{number}"})
            assert any(one.fact["party"] == f"{name}-{number}" for one in ledger.facts())
        os.write(1, f"{name} 5\\n".encode())

    threads = [threading.Thread(target=keep_busy, args=(f"thread{number}",)) for number in range(3)]
    for thread in threads:
        thread.start()
    context = multiprocessing.get_context("fork")
    children = [context.Process(target=child, args=(f"child{number}",)) for number in range(8)]
    for one in children:
        one.start()
    for one in children:
        one.join(120)
    over.set()
    for thread in threads:
        thread.join()
    assert not failed, failed
    assert [one.exitcode for one in children] == [0] * 8, [one.exitcode for one in children]
"""


def test_a_process_forks_while_its_threads_read_and_write(store: Store) -> None:
    url = store.url.render_as_string(hide_password=False)
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", FORKING, url], capture_output=True, text=True, timeout=240, check=False
    )
    assert (done.returncode, done.stderr) == (0, "")
    written = {name: int(number) for name, number in (line.split() for line in done.stdout.splitlines())}
    assert len(written) == 11
    there = sorted(entry.fact["party"] for entry in Ledger(store).facts())
    assert there == sorted(f"{name}-{number}" for name, count in written.items() for number in range(count))
    if store.file is not None:
        with store.reading() as connection:
            assert connection.exec_driver_sql("PRAGMA integrity_check").scalar() == "ok"


APPLICATION = """
import json, os
from policyengine import Engine

engine = Engine.load(config="policyengine.toml")
EVENT = {
    "id": "e-1",
    "time": "2026-11-24T09:00:00+09:00",
    "operation": "use",
    "subject": {"category": "customer", "id": "c-102"},
    "items": ["name"],
    "purpose": "product-information",
}
before = [engine.evaluate({**EVENT, "id": f"e-{number}"}).outcome for number in range(20)]  # connections are open


def application(environ, start_response):
    person = environ["PATH_INFO"].strip("/")
    decision = engine.evaluate({**EVENT, "subject": {"category": "customer", "id": person}})
    codes = [reason.code for reason in decision.reasons]
    body = json.dumps({"pid": os.getpid(), "outcome": decision.outcome, "codes": codes, "before": before[0]}).encode()
    start_response("200 OK", [("Content-Type", "application/json"), ("Content-Length", str(len(body)))])
    return [body]
"""


def ask(port: int, person: str) -> dict[str, Any]:
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/{person}", timeout=30) as answer:
        found: dict[str, Any] = json.load(answer)
        return found


def test_under_gunicorn_preload_every_worker_denies_whom_a_person_has_stopped(store: Store, tmp_path: Path) -> None:
    gunicorn = shutil.which("gunicorn", path=f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}")
    if gunicorn is None:
        pytest.skip("gunicorn is not there; install it: pip install gunicorn")
    url = store.url.render_as_string(hide_password=False)
    (tmp_path / "policyengine.toml").write_text(
        textwrap.dedent(f"""
            policies = [{json.dumps(str(PACK))}]
            [plugins.records]
            database = {json.dumps(url)}
            timeout_seconds = 30
        """),
        "utf-8",
    )
    (tmp_path / "hosted.py").write_text(APPLICATION, "utf-8")
    ledger = Ledger(store)
    ledger.add({"type": "request", "kind": "stop_use", "subject": "stopped-before"})
    with closing(socket.create_server(("127.0.0.1", 0))) as free:
        port = free.getsockname()[1]
    log = (tmp_path / "log").open("wb")
    server = subprocess.Popen(
        [gunicorn, "--preload", "--workers", "3", "--bind", f"127.0.0.1:{port}", "hosted:application"],
        cwd=tmp_path,
        stdout=log,
        stderr=log,
    )
    let_go = tether("kill", "-9", str(server.pid))
    try:
        until = time.monotonic() + 60
        while True:
            try:
                ask(port, "c-1")
                break
            except (urllib.error.URLError, ConnectionError):
                assert server.poll() is None and time.monotonic() < until, (tmp_path / "log").read_text()
                time.sleep(0.1)
        ledger.add({"type": "request", "kind": "stop_use", "subject": "stopped-now"})
        seen: dict[int, set[tuple[str, str, tuple[str, ...]]]] = {}
        until = time.monotonic() + 120
        while len(seen) < 3 or any(len(found) < 3 for found in seen.values()):
            assert time.monotonic() < until, seen
            for person in ("stopped-before", "stopped-now", "c-1"):
                found = ask(port, person)
                assert found["before"] == "permit"
                seen.setdefault(found["pid"], set()).add((person, found["outcome"], tuple(found["codes"])))
    finally:
        server.send_signal(signal.SIGTERM)
        server.wait(60)
        let_go()
        log.close()
    denied = ("deny", ("request-in-effect",))
    expected = {("stopped-before", *denied), ("stopped-now", *denied), ("c-1", "permit", ())}
    assert all(found == expected for found in seen.values()), seen
