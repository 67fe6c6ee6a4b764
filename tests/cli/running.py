"""The command line as a shell runs it: a process of its own, its output as bytes, its exit code."""

from __future__ import annotations

import json
import os
import pty
import re
import select
import subprocess
import sys
from pathlib import Path
from typing import Any, NamedTuple

import forked

ROOT = Path(__file__).parents[2]
PACK = str(ROOT / "rules" / "alc-smart-learning")
MODULE = [sys.executable, "-m", "policyengine"]
COLOUR = re.compile(r"\x1b\[[0-9;]*m")

PERMITTED: dict[str, Any] = {
    "id": "e-1",
    "time": "2026-11-24T09:00:00+09:00",
    "operation": "use",
    "subject": {"category": "customer"},
    "items": ["name"],
    "purpose": "after-care",
}
DENIED = {**PERMITTED, "id": "e-2", "purpose": "publicity"}
INVALID = {**PERMITTED, "id": "e-3", "items": []}


class Ran(NamedTuple):
    """What a process left behind."""

    code: int
    out: str
    err: str

    @property
    def decisions(self) -> list[dict[str, Any]]:
        """The decisions that it wrote, one a line."""
        return [json.loads(line) for line in self.out.split("\n") if line]

    @property
    def ids(self) -> list[str | None]:
        """The events that it decided, in order."""
        return [decision["event"] for decision in self.decisions]

    @property
    def outcomes(self) -> list[str]:
        """What it decided, in order."""
        return [decision["outcome"] for decision in self.decisions]


def environment(**changes: str) -> dict[str, str]:
    """Return the environment of a test: that of this process in English, without what would change the output."""
    kept = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith("LC_") and name not in ("NO_COLOR", "FORCE_COLOR", "COLUMNS", "TERM")
    }
    return {**kept, "LANG": "C.UTF-8", **changes}


def run(*args: str, stdin: bytes | str = b"", **env: str) -> Ran:
    """Run ``policyengine`` with `args`, outside of any terminal, in the root of the checkout."""
    data = stdin.encode() if isinstance(stdin, str) else stdin
    code, out, err = forked.policyengine(args, folder=ROOT, environment=environment(**env), stdin=data)
    assert b"Traceback" not in err, err.decode()
    return Ran(code, out.decode("utf-8"), err.decode("utf-8"))


def run_anew(*args: str, **env: str) -> Ran:
    """Run ``python -m policyengine`` as `run` does, by an interpreter that starts for it."""
    done = subprocess.run(
        [*MODULE, *args],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        env=environment(**env),
        cwd=ROOT,
        check=False,
    )
    return Ran(done.returncode, done.stdout.decode("utf-8"), done.stderr.decode("utf-8"))


def evaluate(text: bytes | str, *args: str, pack: str = PACK) -> Ran:
    """Evaluate the events in `text`, given on standard input."""
    return run("evaluate", pack, "--events", "-", *args, stdin=text)


def lines(*events: object) -> str:
    """Return events as JSONL."""
    return "".join(json.dumps(event) + "\n" for event in events)


def on_terminal(*args: str, stdout_too: bool = True, **env: str) -> tuple[int, str]:
    """Run with a terminal for standard error and, by default, standard output; return the code and what it showed."""
    ours, theirs = pty.openpty()
    nowhere = os.open(os.devnull, os.O_RDWR)
    code = forked.started(
        args,
        folder=ROOT,
        environment=environment(**{"TERM": "xterm", "COLUMNS": "120", **env}),
        streams=(nowhere, theirs if stdout_too else nowhere, theirs),
    )
    os.close(theirs)
    os.close(nowhere)
    shown = b""
    while select.select([ours], [], [], 60)[0]:
        try:
            piece = os.read(ours, 65536)
        except OSError:  # the other end is closed: the process has gone
            break
        if not piece:
            break
        shown += piece
    os.close(ours)
    return code(), shown.decode("utf-8")
