"""A server of a test ends with the test, even where that is killed."""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from pathlib import Path

HERE = Path(__file__).parent
TEST = """
import subprocess, sys, time
from tethered import tether
server = subprocess.Popen(["sleep", "1000"])
let_go = tether("kill", "-9", str(server.pid))
if sys.argv[1:]:
    let_go()
print(server.pid, flush=True)
time.sleep(1000)
"""


def running(process: int) -> bool:
    done = subprocess.run(["ps", "-o", "stat=", "-p", str(process)], capture_output=True, text=True, check=False)
    return done.stdout.strip()[:1] not in ("", "Z")


def killed(*arguments: str) -> int:
    """Kill a test that has started a server, and return that."""
    with subprocess.Popen(
        [sys.executable, "-c", TEST, *arguments], stdout=subprocess.PIPE, text=True, cwd=HERE
    ) as process:
        assert process.stdout is not None
        server = int(process.stdout.readline())
        assert running(server)
        process.kill()
    return server


def test_what_is_tethered_ends_with_whoever_is_killed() -> None:
    server = killed()
    until = time.monotonic() + 60
    while running(server):
        assert time.monotonic() < until
        time.sleep(0.01)


def test_what_was_let_go_does_not() -> None:
    server = killed("let go")
    time.sleep(0.3)
    assert running(server)
    subprocess.run(["kill", f"-{signal.SIGKILL}", str(server)], check=True)
