"""The command ``policyengine-ledger``, run as a shell runs it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from ledger_scenes import CONTRACT, REQUEST

COMMAND = Path(sys.executable).with_name("policyengine-ledger")


class Shell:
    def __init__(self, url: str) -> None:
        self.url = url

    def __call__(self, *arguments: str, stdin: str = "", code: int = 0) -> str:
        environment = {**os.environ, "POLICYENGINE_LEDGER": self.url, "PYTHONUTF8": "1"}
        done = subprocess.run(
            [COMMAND, *arguments], input=stdin, capture_output=True, text=True, env=environment, check=False
        )
        assert done.returncode == code, done.stderr
        assert "Traceback" not in done.stderr
        return done.stdout if code != 2 else done.stderr


@pytest.fixture
def run(new_url: object) -> Shell:
    return Shell(new_url())  # type: ignore[operator]


def test_a_life_of_facts(run: Shell) -> None:
    contract = run("add", json.dumps(CONTRACT)).strip()
    request = json.loads(run("add", "-", "--days", "14", "--format", "json", stdin=json.dumps(REQUEST)))["id"]
    (late,) = json.loads(run("due", "--now", "2026-12-01T00:00:00+09:00", "--format", "json", code=1))
    assert (late["id"], late["state"]) == (request, "open")
    run("answer", request)
    assert run("due", "--now", "2026-12-01T00:00:00+09:00") == ""
    assert "until" in run("withdraw", contract, "--at", "2026-06-01T00:00:00Z")
    changes = [one["change"] for one in json.loads(run("history", contract, "--format", "json"))]
    assert changes == ["add", "withdraw"]
    assert contract in run("list", "--type", "contract")
    assert contract not in run("list", "--subject", "c-102")
    assert run("list", "--as-of", "2020-01-01T00:00:00Z") == ""
    exported = run("export")
    assert len(exported.splitlines()) == 2
    assert run("import", "-", stdin=exported) == "2 facts\n"
    assert run("export") == exported


def test_what_cannot_be_done_says_so(run: Shell) -> None:
    assert "failed" in run("list", code=2)  # there is no ledger yet
    assert "$.type" in run("add", "{}", code=2)
    assert "no JSON" in run("add", "{", code=2)
    assert "no fact 'nobody'" in run("withdraw", "nobody", code=2)
    assert "line 2: expected a JSON object" in run("import", "-", stdin=f"{json.dumps(CONTRACT)}\n[]\n", code=2)
    assert "RFC 3339" in run("list", "--as-of", "yesterday", code=2)
    assert "No such command" in run("destroy", code=2)
    assert run("list") == ""


@pytest.mark.parametrize("name", ["add", "withdraw", "answer", "list", "history", "due", "import", "export"])
def test_help_has_an_example(name: str) -> None:
    assert f"Example:\n    policyengine-ledger {name}" in Shell("sqlite:///none.db")(name, "--help")
