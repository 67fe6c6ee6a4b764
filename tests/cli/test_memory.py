"""A stream of any length takes the memory of a short one."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from threading import Thread
from typing import Any

import pytest

from cli.running import PACK, PERMITTED, environment

SMALL = """
from policyengine import cli
from policyengine.decision import memory
assert memory.BYTES > 1_000_000
memory.BYTES = 1_000_000
cli.main()
"""
"""The command line, with an engine that forgets after fewer events, so that a test need not be long."""


def like_each_other(number: int) -> dict[str, Any]:
    """Return an event that differs from the others in its id and its person alone."""
    return {**PERMITTED, "id": f"e-{number}", "subject": {"category": "customer", "id": f"c-{number}"}}


def unlike(number: int) -> dict[str, Any]:
    """Return an event that shares with no other its person, recipient or fact."""
    party = f"mailer-{number}"
    return {
        **PERMITTED,
        "id": f"e-{number}",
        "operation": "entrust",
        "subject": {"category": "customer", "id": f"c-{number}"},
        "recipient": {"id": party, "service": "communication", "country": ("JP", "FR", "US", "DE")[number % 4]},
        "facts": [{"type": "contract", "kind": "confidentiality", "party": party}],
    }


def peak(events: Iterator[dict[str, Any]]) -> tuple[int, int]:
    """Return the largest memory (in KiB) of a process that decides `events`, and how many decisions it wrote."""
    command = [sys.executable, "-c", SMALL, "evaluate", PACK, "--events", "-"]
    process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=environment())
    given, taken = process.stdin, process.stdout
    assert given and taken

    def give() -> None:
        with given:
            for event in events:
                given.write(json.dumps(event).encode() + b"\n")

    giving = Thread(target=give)
    giving.start()
    with taken:
        written = sum(1 for _ in taken)
    giving.join()
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    return usage.ru_maxrss, written


@pytest.mark.parametrize(
    ("event", "short", "long"),
    # The short stream of unlike events is long enough for an engine to forget what it remembered.
    [(like_each_other, 1_000, 20_000), (unlike, 3_000, 12_000)],
)
def test_a_long_stream_takes_the_memory_of_a_short_one(
    event: Callable[[int], dict[str, Any]], short: int, long: int, longer: int
) -> None:
    long *= longer
    least, _ = peak(map(event, range(short)))
    most, written = peak(map(event, range(long)))
    assert written == long
    assert most < 1.2 * least
