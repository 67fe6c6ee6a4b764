"""Colour, language and interruption: what differs where a person is looking."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
from pathlib import Path

import pytest

from cli.running import (
    COLOUR,
    DENIED,
    MODULE,
    PACK,
    PERMITTED,
    ROOT,
    environment,
    evaluate,
    lines,
    on_terminal,
    run,
    run_anew,
)

COMMANDS = {
    "evaluate": ["evaluate", PACK, "--events", "{events}", "--format", "text"],
    "explain": ["explain", PACK, "--events", "{events}"],
    "check": ["check", PACK],
    "test": ["test", "{suite}"],
}
SUITE = """\
[suite]
policies = ["{pack}"]

[[case]]
name = "fails"
time = "2026-11-24T09:00:00+09:00"
operation = "use"
subject.category = "customer"
items = ["name"]
purpose = "after-care"
expect = "deny"
"""


@pytest.fixture
def place(tmp_path: Path) -> dict[str, str]:
    """Files for the commands: some events, and a suite with a failure."""
    events, suite = tmp_path / "events.jsonl", tmp_path / "some.test.toml"
    events.write_text(lines(PERMITTED, DENIED))
    suite.write_text(SUITE.replace("{pack}", PACK))
    return {"events": str(events), "suite": str(suite)}


def of(command: str, place: dict[str, str]) -> list[str]:
    return [arg.format(**place) for arg in COMMANDS[command]]


@pytest.mark.parametrize("command", COMMANDS)
def test_a_terminal_has_colour(command: str, place: dict[str, str]) -> None:
    _, shown = on_terminal(*of(command, place))
    assert COLOUR.search(shown)


@pytest.mark.parametrize("env", [{"NO_COLOR": "1"}, {"TERM": "dumb"}], ids=["NO_COLOR", "TERM=dumb"])
@pytest.mark.parametrize("command", COMMANDS)
def test_a_terminal_that_wants_no_colour_has_none(command: str, env: dict[str, str], place: dict[str, str]) -> None:
    _, shown = on_terminal(*of(command, place), **env)
    assert shown and "\x1b" not in shown


@pytest.mark.parametrize("command", COMMANDS)
def test_what_is_no_terminal_has_no_colour(command: str, place: dict[str, str]) -> None:
    ran = run(*of(command, place), TERM="xterm", FORCE_COLOR="1")
    assert ran.out and "\x1b" not in ran.out + ran.err


def test_decisions_are_text_on_a_terminal_and_jsonl_elsewhere(place: dict[str, str]) -> None:
    args = ["evaluate", PACK, "--events", place["events"]]
    code, shown = on_terminal(*args, NO_COLOR="1")
    assert code == 1
    ran = run(*args, "--format", "text", "--summary")
    assert shown.replace("\r\n", "\n") == ran.out + ran.err
    assert on_terminal(*args, "--no-summary", NO_COLOR="1")[1].replace("\r\n", "\n") == ran.out
    assert [decision["outcome"] for decision in run(*args).decisions] == ["permit", "deny"]


def test_long_work_shows_how_far_it_is(tmp_path: Path) -> None:
    file = tmp_path / "events.jsonl"
    file.write_text(lines(*[PERMITTED] * 8000))
    assert file.stat().st_size > 1 << 20
    code, shown = on_terminal("evaluate", PACK, "--events", str(file), stdout_too=False)
    assert code == 0
    assert "events.jsonl" in shown
    _, plain = on_terminal("evaluate", PACK, "--events", str(file), stdout_too=False, NO_COLOR="1")
    assert "events.jsonl" in plain and not COLOUR.search(plain)


JAPANESE = re.compile(r"[\u3040-\u30ff\u4e00-\u9fff]")


@pytest.mark.parametrize("command", COMMANDS)
def test_texts_for_people_exist_in_both_languages(command: str, place: dict[str, str]) -> None:
    japanese, english = (run(*of(command, place), "--lang", lang) for lang in ("ja", "en"))
    assert japanese.code == english.code
    assert JAPANESE.search(japanese.out)
    assert not JAPANESE.search(english.out + english.err)


@pytest.mark.parametrize("command", COMMANDS)
def test_the_language_is_that_of_the_environment(command: str, place: dict[str, str]) -> None:
    args = of(command, place)
    assert _untimed(run(*args, LANG="ja_JP.UTF-8").out) == _untimed(run(*args, "--lang", "ja").out)
    assert _untimed(run(*args, LANG="C.UTF-8", LC_ALL="ja_JP.UTF-8").out) == _untimed(run(*args, "--lang", "ja").out)
    assert _untimed(run(*args, LANG="fr_FR.UTF-8").out) == _untimed(run(*args, "--lang", "en").out)


def test_output_is_utf_8_whatever_the_locale(place: dict[str, str]) -> None:
    posix = {"LC_ALL": "POSIX", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}
    args = [*of("explain", place), "--lang", "ja"]
    assert run_anew(*args, **posix).out == run(*args).out
    assert run_anew("check", PACK, "--lang", "ja", **posix).out == run("check", PACK, "--lang", "ja").out


def _untimed(text: str) -> str:
    return re.sub(r"\d+\.\d+ ?(s|秒)", "", text)


def waiting(*args: str) -> subprocess.Popen[bytes]:
    """Start a command that waits for events on its standard input."""
    return subprocess.Popen(
        [*MODULE, *args, "--events", "-"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env=environment(),
        cwd=ROOT,
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),  # noqa: PLW1509  a job in the background ignores it
    )


def test_who_waits_for_a_decision_gets_it_before_the_next_event() -> None:
    with waiting("evaluate", PACK) as process:
        assert process.stdin and process.stdout
        for event, outcome in ((PERMITTED, "permit"), (DENIED, "deny"), (PERMITTED, "permit")):
            process.stdin.write(lines(event).encode())
            process.stdin.flush()
            assert json.loads(process.stdout.readline())["outcome"] == outcome
        process.stdin.close()
        assert process.wait(timeout=60) == 1


@pytest.mark.parametrize("command", ["evaluate", "explain"])
def test_an_interrupted_command_leaves_quietly_with_130(command: str) -> None:
    with waiting(command, PACK) as process:
        assert process.stdin and process.stdout and process.stderr
        process.stdin.write(lines(PERMITTED).encode())
        process.stdin.flush()
        assert b"e-1" in process.stdout.readline()
        process.send_signal(signal.SIGINT)
        assert process.wait(timeout=60) == 130
        assert process.stderr.read().decode().strip() == "interrupted"


@pytest.mark.parametrize("command", ["evaluate", "explain"])
def test_a_reader_that_has_gone_is_no_error(command: str, tmp_path: Path) -> None:
    events = tmp_path / "events.jsonl"
    events.write_text(lines(*[PERMITTED] * 2000))
    for source in (str(events), "- <" + str(events)):
        line = f'{" ".join(MODULE)} {command} {PACK} --events {source} | head -n 1; echo "${{PIPESTATUS[0]}}"'
        done = subprocess.run(["bash", "-c", line], capture_output=True, text=True, env=environment(), check=False)
        first, code = done.stdout.splitlines()
        assert "e-1" in first
        assert (code, done.stderr) == ("141", "")


def test_a_reader_that_has_gone_before_the_end_is_no_error() -> None:
    for args in (["check", PACK], ["schema"], ["plugins"], ["--help"], ["--version"], ["evaluate", "--help"]):
        ours, theirs = os.pipe()
        os.close(ours)
        done = subprocess.run([*MODULE, *args], stdout=theirs, stderr=subprocess.PIPE, env=environment(), check=False)
        os.close(theirs)
        assert (done.returncode, done.stderr) == (141, b""), args


def test_nothing_is_said_beside_jsonl() -> None:
    assert evaluate(lines(PERMITTED, DENIED)).err == ""
