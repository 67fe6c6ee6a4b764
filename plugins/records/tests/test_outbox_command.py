"""``policyengine outbox`` as somebody calls it: a process, a file, a receiver, exit codes."""

from __future__ import annotations

import json
import os
import pty
import select
import subprocess
import sys
from pathlib import Path

import pytest

from policyengine import Engine, FlowDenied
from policyengine_records import Outbox, Store
from receiver import SECRET, Answer, Receiver
from suite.shell import environment, policyengine
from test_notify import PACK, PERMITTED


def made(file: Path) -> Store:
    store = Store(f"sqlite:///{file}")
    store.upgrade()
    return store


def configured(folder: Path, url: str) -> Outbox:
    """Write a configuration, and return the outbox that it names."""
    (folder / "policyengine.toml").write_text(
        f"""
policies = ["{PACK}"]

[[step]]
action = "notify"
on = ["permit"]
mandatory = true

[plugins.records]
database = "sqlite:///waiting.db"

[plugins.records.notify]
url = "{url}"
secret = "{SECRET}"
""",
        "utf-8",
    )
    return Outbox(made(folder / "waiting.db"))


def written(outbox: Outbox, number: int) -> list[str]:
    body = {"type": "policyengine.decision", "timestamp": "2026-11-24T00:00:00Z"}
    return [outbox.add(json.dumps({**body, "data": {"event": f"e-{n}"}}).encode()) for n in range(number)]


def test_a_configured_engine_tells_and_the_command_shows(tmp_path: Path) -> None:
    with Receiver() as receiver:
        outbox = configured(tmp_path, receiver.url)
        engine = Engine.load(config=tmp_path / "policyengine.toml")
        assert engine.enforce(PERMITTED).permitted
        receiver.wait(1)
        (message,) = outbox.messages()
        shown = policyengine("outbox", "show", message.id, folder=tmp_path)
        assert shown.code == 0 and json.loads(shown.out) == json.loads(message.body)
        del engine


def test_messages_are_sent_listed_and_tried_again(tmp_path: Path) -> None:
    with Receiver([200, 410, 500]) as receiver:
        outbox = configured(tmp_path, receiver.url)
        first, second, third = written(outbox, 3)
        sent = policyengine("outbox", "send", folder=tmp_path)
        assert (sent.code, sent.err) == (1, "")
        assert sent.out.endswith("1 delivered, 1 pending, 1 failed\n")
        listed = policyengine("outbox", "list", "--format", "json", folder=tmp_path)
        assert listed.code == 0
        assert [(one["id"], one["event"], one["state"], one["last_error"]) for one in json.loads(listed.out)] == [
            (first, "e-0", "delivered", None),
            (second, "e-1", "failed", "status 410"),
            (third, "e-2", "pending", "status 500"),
        ]
        failed = policyengine("outbox", "list", "--state", "failed", folder=tmp_path).out
        assert failed.startswith(f"{second}  failed") and failed.count("\n") == 1 and "status 410" in failed
        unknown = policyengine("outbox", "retry", second, "msg_0", folder=tmp_path)
        assert (unknown.code, unknown.out) == (2, f"{second}\n") and "msg_0" in unknown.err
        assert policyengine("outbox", "retry", "--all-failed", folder=tmp_path) == (0, "", "")
        message = outbox.message(second)
        assert message is not None and (message.state, message.attempts) == ("pending", 0)


def test_sending_all_is_success(tmp_path: Path) -> None:
    with Receiver() as receiver:
        ids = written(configured(tmp_path, receiver.url), 2)
        sent = policyengine("outbox", "send", "--format", "json", folder=tmp_path)
        assert sent.code == 0
        result = json.loads(sent.out)
        assert {name: result[name] for name in ("delivered", "pending", "failed")} == {
            "delivered": 2,
            "pending": 0,
            "failed": 0,
        }
        assert [one["id"] for one in result["attempted"]] == ids
        assert policyengine("outbox", "send", folder=tmp_path) == (0, "0 delivered, 0 pending, 0 failed\n", "")
        assert len(receiver.arrived) == 2


@pytest.mark.parametrize("answers", [[], [500]])
def test_progress_is_shown_on_a_terminal(answers: list[Answer], tmp_path: Path) -> None:
    with Receiver(answers) as receiver:
        written(configured(tmp_path, receiver.url), 3)
        ours, theirs = pty.openpty()
        process = subprocess.Popen(
            [sys.executable, "-m", "policyengine", "outbox", "send"],
            cwd=tmp_path,
            env={**environment(), "TERM": "xterm"},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=theirs,
        )
        os.close(theirs)
        shown = b""
        while select.select([ours], [], [], 60)[0]:
            try:
                piece = os.read(ours, 65536)
            except OSError:  # the other end is closed
                break
            if not piece:
                break
            shown += piece
        os.close(ours)
        out, _ = process.communicate(timeout=60)
    assert b"sending" in shown and b"100%" in shown
    assert process.returncode == len(answers) and out.endswith(b"failed\n")


def test_no_command_but_send_sends(tmp_path: Path) -> None:
    with Receiver() as receiver:
        outbox = configured(tmp_path, receiver.url)
        (identifier,) = written(outbox, 1)
        for words in (["list"], ["show", identifier], ["retry", "--all-failed"]):
            assert policyengine("outbox", *words, folder=tmp_path).code == 0
        assert receiver.arrived == [] and outbox.counts()["pending"] == 1


def test_another_database(tmp_path: Path) -> None:
    (identifier,) = written(Outbox(made(tmp_path / "other.db")), 1)
    ran = policyengine("outbox", "list", "--database", "sqlite:///other.db", folder=tmp_path)
    assert ran.code == 0 and ran.out.startswith(identifier)


@pytest.mark.parametrize(
    ("words", "why"),
    [
        (["send"], "no configuration of [plugins.records.notify]"),
        (["show", "msg_0"], 'there is no message "msg_0"'),
        (["list", "--database", "sqlite:///nowhere.db"], "policyengine records upgrade"),
        (["list", "--database", "sqlite:///text"], "file is not a database"),
        (["retry"], "name the messages, or say --all-failed"),
        (["retry", "msg_0", "--all-failed"], "name the messages, or say --all-failed"),
        (["list", "--state", "lost"], "lost"),
    ],
)
def test_what_cannot_be_done_is_code_2(words: list[str], why: str, tmp_path: Path) -> None:
    (tmp_path / "text").write_text("no database at all, but long enough to be looked at" * 20)
    made(tmp_path / "records.db")
    if "--database" not in words:
        words = [*words, "--database", "sqlite:///records.db"]
    ran = policyengine("outbox", *words, folder=tmp_path)
    assert (ran.code, ran.out) == (2, "") and why in ran.err
    assert not (tmp_path / "nowhere.db").exists()


def test_a_full_outbox_denies_by_configuration(tmp_path: Path) -> None:
    outbox = configured(tmp_path, "http://127.0.0.1:9/")
    with (tmp_path / "policyengine.toml").open("a") as file:
        file.write("most = 1\n")
    written(outbox, 1)
    engine = Engine.load(config=tmp_path / "policyengine.toml")
    with pytest.raises(FlowDenied) as denied:
        engine.enforce(PERMITTED)
    assert [reason.code for reason in denied.value.decision.reasons] == ["action-failed"]
