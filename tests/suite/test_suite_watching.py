"""``policyengine test --watch``: run again whenever a rule or a suite changes, until it is interrupted."""

from __future__ import annotations

import queue
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from suite.little_packs import DELIVERY, NO_ADVERTISING, WRONG, shop
from suite.shell import environment
from tethered import tether

PATIENCE = 60  # seconds after which a run that does not come has gone missing


@contextmanager
def watching(folder: Path) -> Iterator[tuple[subprocess.Popen[str], queue.Queue[str]]]:
    """Start watching `folder`, and hand out the lines of its summaries as they come."""
    process = subprocess.Popen(
        [sys.executable, "-m", "policyengine", "test", ".", "--watch"],
        cwd=folder,
        env=environment(),
        text=True,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),  # noqa: PLW1509  a job in the background ignores it
    )
    let_go = tether("kill", "-9", str(process.pid))
    lines: queue.Queue[str] = queue.Queue()
    assert process.stdout is not None

    def read(stream: Iterator[str]) -> None:
        for line in stream:
            if " passed, " in line:
                lines.put(line)

    threading.Thread(target=read, args=(process.stdout,), daemon=True).start()
    try:
        yield process, lines
    finally:
        process.kill()
        process.wait()
        let_go()


def test_a_change_runs_the_suites_again_and_an_interrupt_ends_it(tmp_path: Path) -> None:
    pack = shop(tmp_path, DELIVERY)
    suite, policy = pack / "cases.test.toml", pack / "policy.toml"
    good = policy.read_text("utf-8")
    with watching(tmp_path) as (process, runs):
        assert runs.get(timeout=PATIENCE).startswith("1 passed, 0 failed")
        suite.write_text(suite.read_text("utf-8") + WRONG, "utf-8")
        assert runs.get(timeout=PATIENCE).startswith("1 passed, 1 failed")
        suite.write_text(suite.read_text("utf-8").replace(WRONG, NO_ADVERTISING), "utf-8")
        assert runs.get(timeout=PATIENCE).startswith("2 passed, 0 failed")
        policy.write_text(good.replace('purposes = ["delivery"]', 'purposes = ["delivry"]'), "utf-8")
        assert process.stderr is not None
        errors = iter(process.stderr.readline, "")
        assert next(line for line in errors if "unknown-term" in line)  # a slip while typing ends nothing
        policy.write_text(good.replace('purposes = ["delivery"]', 'purposes = ["advertising"]'), "utf-8")
        assert runs.get(timeout=PATIENCE).startswith("0 passed, 2 failed")
        policy.write_text(good, "utf-8")
        assert runs.get(timeout=PATIENCE).startswith("2 passed, 0 failed")
        assert process.poll() is None
        process.send_signal(signal.SIGINT)
        assert process.wait(timeout=PATIENCE) == 130
        assert "Traceback" not in process.stderr.read()
