"""``policyengine facts`` and ``policyengine requests``, run as a shell runs them."""

from __future__ import annotations

import fcntl
import json
import os
import pty
import re
import struct
import subprocess
import sys
import termios
from collections.abc import Callable
from pathlib import Path

import pytest
import tomli_w
from click.testing import CliRunner

from ledger_scenes import CONTRACT, PACK, REQUEST, SHOP
from ledger_servers import opened
from policyengine.cli import cli

COMMAND = Path(sys.executable).with_name("policyengine")
NOW = "2026-12-01T00:00:00+09:00"


class Shell:
    """Runs the command in a folder, in English unless told otherwise."""

    def __init__(self, folder: Path, url: str | None = None) -> None:
        self.folder = folder
        self.environment = {**os.environ, "PYTHONUTF8": "1", "LC_ALL": "C.UTF-8"}
        self.environment.pop("POLICYENGINE_RECORDS", None)
        if url is not None:
            self.environment["POLICYENGINE_RECORDS"] = url
        self.said = ""
        if url is not None:
            opened(url).store.close()

    def make(self, name: str) -> str:
        """Make a database of this name in the folder, and return how it is called from there."""
        opened(f"sqlite:///{self.folder / name}").store.close()
        return f"sqlite:///{name}"

    def __call__(self, *arguments: str, stdin: str = "", code: int = 0) -> str:
        done = subprocess.run(
            [COMMAND, *arguments],
            input=stdin,
            capture_output=True,
            text=True,
            env=self.environment,
            cwd=self.folder,
            check=False,
        )
        self.said = done.stderr
        assert done.returncode == code, done.stderr
        assert "Traceback" not in done.stderr
        return done.stdout

    def configure(self, pack: Path, **settings: object) -> None:
        text = tomli_w.dumps({"policies": [str(pack)], "plugins": {"records": settings}})
        (self.folder / "policyengine.toml").write_text(text, "utf-8")


@pytest.fixture
def run(new_url: Callable[[], str], tmp_path: Path) -> Shell:
    return Shell(tmp_path, new_url())


@pytest.fixture
def shell(tmp_path: Path) -> Shell:
    return Shell(tmp_path)


def test_a_life_of_facts(run: Shell) -> None:
    contract = run("facts", "add", json.dumps(CONTRACT)).strip()
    added = run("facts", "add", "-", "--days", "14", "--format", "json", stdin=json.dumps(REQUEST))
    request = json.loads(added)["id"]
    (late,) = json.loads(run("requests", "due", "--now", NOW, "--format", "json", code=1))
    assert (late["id"], late["state"], late["due_at"]) == (request, "open", "2026-11-14T15:00:00Z")
    assert request in run("requests", "list", "--state", "open")
    run("facts", "answer", request)
    assert run("requests", "due", "--now", NOW) == run("requests", "list", "--state", "open") == ""
    assert "until" in run("facts", "withdraw", contract, "--at", "2026-06-01T00:00:00Z")
    changes = [one["change"] for one in json.loads(run("facts", "history", contract, "--format", "json"))]
    assert changes == ["add", "withdraw"]
    assert contract in run("facts", "list", "--type", "contract")
    assert contract not in run("facts", "list", "--subject", "c-102")
    assert run("facts", "list", "--as-of", "2020-01-01T00:00:00Z") == ""
    exported = run("facts", "export")
    assert len(exported.splitlines()) == 2
    assert run("facts", "import", "-", stdin=exported) == "2 facts\n"
    assert run("facts", "export") == exported


def test_what_cannot_be_done_says_so(tmp_path: Path) -> None:
    run = Shell(tmp_path)
    run.environment["POLICYENGINE_RECORDS"] = "sqlite:///facts.db"

    def refused(*arguments: str, stdin: str = "") -> str:
        assert run(*arguments, stdin=stdin, code=2) == ""
        return run.said

    assert "policyengine records upgrade" in refused("facts", "list")  # there is no ledger yet
    run.make("facts.db")
    assert "no JSON" in refused("facts", "add", "{")
    assert "$.type" in refused("facts", "add", "{}")
    assert "no fact 'nobody'" in refused("facts", "withdraw", "nobody")
    strange = f"{json.dumps(CONTRACT)}\n[]\n"
    assert "line 2: expected a JSON object" in refused("facts", "import", "-", stdin=strange)
    assert "RFC 3339" in refused("facts", "list", "--as-of", "yesterday")
    assert run("facts", "list") == ""


def test_a_list_steers_no_terminal_and_json_is_exact(shell: Shell) -> None:
    file = ("--database", shell.make("facts.db"))
    basis = {"type": "legal_basis", "kind": "statute", "reference": "a\u202eb"}  # ids are refused, texts are not
    shell("facts", "add", json.dumps(basis), *file)
    assert "\\u202e" in shell("facts", "list", *file) and "\u202e" not in shell("facts", "list", *file)
    (entry,) = json.loads(shell("facts", "list", "--format", "json", *file))
    assert entry["fact"]["reference"] == "a\u202eb"


def test_a_fact_must_be_of_a_standard_type_where_no_policy_is_configured(shell: Shell) -> None:
    file = ("--database", shell.make("facts.db"))
    shell("facts", "add", '{"type": "partner_suspension", "partner": "mailer-kk"}', *file, code=2)
    assert "checked against the standard types" in shell.said
    assert "known: consent, contract" in shell.said
    shell("facts", "add", json.dumps({**CONTRACT, "kind": "confidential"}), *file, code=2)
    assert '$.kind: expected one of confidentiality, service; did you mean "confidentiality"?' in shell.said
    shell("facts", "add", json.dumps(CONTRACT), *file, "--lang", "ja")
    assert shell.said == "設定されたポリシーがないため、標準の種類の事実として検査します\n"
    assert "追加" in shell("facts", "list", *file, "--lang", "ja")
    assert shell.said == ""
    shell("facts", "withdraw", "nobody", *file, "--lang", "ja", code=2)
    assert "台帳に事実 'nobody' はありません" in shell.said


def test_the_configuration_says_where_the_ledger_is_and_what_a_fact_must_be(shell: Shell) -> None:
    shell("facts", "list", code=2)
    assert "--database, POLICYENGINE_RECORDS, or [plugins.records]" in shell.said
    shell.configure(SHOP, database=shell.make("facts.db"))
    shell("facts", "add", '{"type": "vettin", "party": "mailer-kk"}', code=2)
    assert 'did you mean "vetting"?' in shell.said
    shell("facts", "import", "-", stdin='\n{"fact": {"type": "partner_suspension"}}\n', code=2)
    assert "line 2: no fact: $.partner: required field" in shell.said
    suspended = shell("facts", "add", '{"type": "partner_suspension", "partner": "mailer-kk"}').strip()
    assert shell.said == ""
    assert [entry.id for entry in opened(f"sqlite:///{shell.folder / 'facts.db'}").facts()] == [suspended]
    assert shell("facts", "list", "--database", "sqlite:///other.db", code=2) == ""
    shell.environment["POLICYENGINE_RECORDS"] = shell.make("third.db")
    shell("facts", "import", "-", stdin=json.dumps(CONTRACT))
    assert suspended not in shell("facts", "list")
    assert suspended in shell("facts", "list", "--database", "sqlite:///facts.db")


def test_due_dates_are_the_policies_and_else_the_settings(shell: Shell) -> None:
    stop = {**REQUEST, "kind": "stop_use"}
    undated = {"type": "request", "kind": "stop_use", "subject": "c-103"}

    def due() -> list[str | None]:
        return [one.get("due_at") for one in json.loads(shell("requests", "list", "--format", "json"))]

    shell.configure(SHOP, database=shell.make("shop.db"))
    shell("facts", "import", "-", stdin=f"{json.dumps(REQUEST)}\n{json.dumps(stop)}\n")
    assert due() == ["2026-11-14T15:00:00Z", None]
    shell.configure(PACK, database=shell.make("school.db"))
    shell("facts", "add", json.dumps(REQUEST))
    assert due() == [None]  # "without delay" is no number
    shell.configure(PACK, database="sqlite:///school.db", ledger={"answer_within_days": 30})
    shell("facts", "add", json.dumps(stop))
    shell("facts", "add", json.dumps(stop), "--days", "7")
    assert due() == [None, "2026-11-30T15:00:00Z", "2026-11-07T15:00:00Z"]
    assert "期限 2026-11-07T15:00:00Z" in shell("requests", "due", "--now", NOW, "--lang", "ja", code=1)
    shell("facts", "add", json.dumps(undated))
    assert due()[-1] > "2026-11-30T15:00:00Z"


def test_what_will_be_late_soon(shell: Shell) -> None:
    shell.environment["POLICYENGINE_RECORDS"] = shell.make("facts.db")
    request = shell("facts", "add", json.dumps(REQUEST), "--days", "14").strip()
    before = ("requests", "due", "--now", "2026-11-13T00:00:00+09:00")
    assert shell(*before) == shell(*before, "--within", "2") == ""
    assert shell(*before, "--within", "2.5", code=1).startswith(request)


def test_an_import_shows_how_far_it_is_on_a_terminal(shell: Shell) -> None:
    facts = "".join(json.dumps({**CONTRACT, "party": f"vendor-{number}"}) + "\n" for number in range(2500))
    (shell.folder / "facts.jsonl").write_text(facts, "utf-8")
    seen, terminal = pty.openpty()
    fcntl.ioctl(terminal, termios.TIOCSWINSZ, struct.pack("HHHH", 24, 100, 0, 0))
    done = subprocess.run(
        [COMMAND, "facts", "import", "facts.jsonl", "--database", shell.make("facts.db")],
        stdout=subprocess.PIPE,
        stderr=terminal,
        env={**shell.environment, "TERM": "xterm"},
        cwd=shell.folder,
        check=True,
    )
    os.close(terminal)
    shown = os.read(seen, 1 << 16).decode()
    os.close(seen)
    assert done.stdout == b"2500 facts\n"
    assert re.findall(r"(\d+)%", shown)[-1] == "100"


@pytest.mark.parametrize(
    "name",
    [
        "facts add",
        "facts withdraw",
        "facts answer",
        "facts list",
        "facts history",
        "facts import",
        "facts export",
        "records status",
        "records upgrade",
        "records export",
        "records restore",
        "requests list",
        "requests due",
    ],
)
def test_help_has_an_example(name: str) -> None:
    said = CliRunner().invoke(cli, [*name.split(), "--help"])
    assert said.exit_code == 0
    assert f"Example:\n    policyengine {name}" in said.output


def test_the_commands_stand_beside_the_others(shell: Shell) -> None:
    said = shell("--help")
    _, _, brought = said.partition("Commands of plugins:\n")
    assert re.findall(r"^  (\w+) ", brought, re.MULTILINE) == ["facts", "outbox", "quarantine", "records", "requests"]
