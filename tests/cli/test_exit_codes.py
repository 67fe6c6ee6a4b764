"""What a script can rely on: 0, 1 and 2, problems on standard error, results on standard output."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from cli.running import DENIED, INVALID, PACK, PERMITTED, ROOT, environment, evaluate, lines, run
from language.marked_packs import BASE

BROKEN = """\
[policy]
id = "shop"
version = "1"
title = {ja = "店", en = "Shop"}
governs = ["shop"]

[[clause]]
number = "1"
summary = {ja = "一", en = "one"}
[[clause.prohibition]]
subjects = ["custmer"]
"""


@pytest.mark.parametrize("command", ["evaluate", "explain"])
@pytest.mark.parametrize(
    ("events", "code"),
    [
        ([], 0),
        ([PERMITTED], 0),
        ([PERMITTED, DENIED], 1),
        ([DENIED, PERMITTED], 1),
        ([INVALID], 2),
        ([DENIED, INVALID], 2),
        ([INVALID, DENIED, PERMITTED], 2),
    ],
    ids=["nothing", "permitted", "denied last", "denied first", "invalid", "2 beats 1", "2 beats 1 that comes later"],
)
def test_the_worst_decision_of_a_stream_is_the_exit_code(command: str, events: list[object], code: int) -> None:
    ran = run(command, PACK, "--events", "-", stdin=lines(*events))
    assert (ran.code, ran.err) == (code, "" if events else "no events: nothing was decided\n")


USAGE = {
    "no such command": (["frobnicate"], "No such command 'frobnicate'"),
    "a command nearly right": (["evalute"], 'Did you mean "evaluate"?'),
    "an option nearly right": (["evaluate", PACK, "--evnts", "-"], "'--events'"),
    "no policy": (["evaluate", "--events", "-"], "Missing argument 'POLICY...'"),
    "no events": (["evaluate", PACK], "name the events with --events"),
    "no such format": (["evaluate", PACK, "--events", "-", "--format", "xml"], 'no report format "xml"'),
    "no such language": (["explain", PACK, "--events", "-", "--lang", "fr"], 'no text is in "fr"; there are ja, en'),
    "a reading without a value": (
        ["evaluate", PACK, "--events", "-", "--reading", "x"],
        'expected NAME=VALUE, got "x"',
    ),
    "a reading with an empty value": (["explain", PACK, "--events", "-", "--reading", "x="], "expected NAME=VALUE"),
    "an unknown reading": (
        ["evaluate", PACK, "--events", "-", "--reading", "client-windows=accepted"],
        'did you mean "client-window"?',
    ),
    "an unknown value of a reading": (
        ["evaluate", PACK, "--events", "-", "--reading", "client-window=acepted"],
        'did you mean "accepted"?',
    ),
    "no such events": (["evaluate", PACK, "--events", "nowhere.jsonl"], "nowhere.jsonl: no such file"),
    "a folder of events": (["explain", PACK, "--events", "rules"], "rules: is a folder"),
    "events below a file": (["evaluate", PACK, "--events", "README.md/x"], "README.md/x: Not a directory"),
    "no such policy": (["evaluate", "nowhere", "--events", "-"], "nowhere: error: file-missing: no such file"),
    "a folder without a policy": (["explain", "examples", "--events", "-"], "examples: error: no-policy"),
    "no path to check": (["check"], "Missing argument 'PATH...'"),
    "no such schema": (["schema", "polcy"], "'polcy' is not one of"),
}


@pytest.mark.parametrize(("args", "said"), USAGE.values(), ids=USAGE.keys())
def test_bad_usage_is_2_and_is_said_on_standard_error(args: list[str], said: str) -> None:
    ran = run(*args, stdin=lines(PERMITTED))
    assert (ran.code, ran.out) == (2, "")
    assert said in ran.err


def test_a_reading_changes_the_decision_and_is_named_in_it() -> None:
    window = {**PERMITTED, "subject": {"category": "applicant"}, "purpose": "elearning-operation"}
    event = lines({**window, "origin": "client_contact"})
    assert evaluate(event).code == 0
    ran = evaluate(event, "--reading", "client-window=direct-only", "--reading", "stages-of-2-2=excluded")
    assert ran.code == 1
    assert ran.decisions[0]["policies"][0]["readings"] == {
        "client-window": "direct-only",
        "stages-of-2-2": "excluded",
    }


def test_several_policies_are_layered() -> None:
    shop = str(ROOT / "rules" / "online-shop")
    event = lines({**PERMITTED, "controller": "alc-learning-systems"})
    ran = run("evaluate", PACK, shop, "--events", "-", stdin=event)
    assert [policy["id"] for policy in ran.decisions[0]["policies"]] == ["alc-smart-learning"]
    assert ran.code == 0


@pytest.mark.parametrize("command", ["evaluate", "explain"])
def test_broken_rules_decide_nothing(command: str, tmp_path: Path) -> None:
    file = tmp_path / "shop.toml"
    file.write_text(BROKEN, "utf-8")
    ran = run(command, str(file), "--events", "-", stdin=lines(PERMITTED))
    assert (ran.code, ran.out) == (2, "")
    assert ran.err.startswith(f"{file}:11:13: error: unknown-term: ")


def test_check_lists_problems_with_their_places(tmp_path: Path) -> None:
    file = tmp_path / "shop.toml"
    file.write_text(BROKEN.replace('version = "1"\n', "version = 1\n"), "utf-8")
    ran = run("check", str(file))
    assert ran.code == 1
    assert [line.split(": ")[:3] for line in ran.out.splitlines()] == [
        [f"{file}:3:1", "error", "wrong-type"],
        [f"{file}:11:13", "error", "unknown-term"],
    ]
    assert ran.err == "1 checked: 2 errors, 0 notes\n"
    found = json.loads(run("check", str(file), "--format", "json").out)["findings"]
    assert [(p["file"], p["line"], p["column"], p["code"], p["severity"]) for p in found] == [
        (str(file), 3, 1, "wrong-type", "error"),
        (str(file), 11, 13, "unknown-term", "error"),
    ]


FILES = {
    "broken TOML": (b"[policy\n", 1, "toml-syntax"),
    "not UTF-8": (b"# \xff\n", 1, "not-utf-8"),
    "TOML 1.1": (b"x = {\n  y = 1,\n}\n", 1, "toml-1.1"),
    "nothing": (b"", 0, None),
    "a vocabulary": ("[vocabulary.items]\nfax = {ja = '電', en = 'fax'}\n".encode(), 0, None),
    "a broken vocabulary": (b"[vocabulary.items]\nfax = 5\n", 1, "wrong-type"),
    "a missing import": (b"imports = ['words.toml']\n", 2, "file-missing"),
}


@pytest.mark.parametrize(("content", "code", "said"), FILES.values(), ids=FILES.keys())
def test_check_says_what_a_broken_file_is(content: bytes, code: int, said: str | None, tmp_path: Path) -> None:
    file = tmp_path / "case.toml"
    file.write_bytes(content)
    ran = run("check", str(file))
    assert ran.code == code
    assert [line.split(": ")[2] for line in ran.out.splitlines()] == ([said] if said else [])


def test_check_of_what_is_not_there_is_bad_input(tmp_path: Path) -> None:
    ran = run("check", str(tmp_path / "nowhere"), PACK)
    assert ran.code == 2
    assert ran.out.startswith(f"{tmp_path / 'nowhere'}: error: file-missing: ")


def test_check_finds_every_pack_below_a_folder_and_its_open_points() -> None:
    ran = run("check", "rules", "--lang", "en")
    assert ran.code == 0
    assert ": 0 errors, " in ran.err
    notes = [line.split(": ")[:4] for line in ran.out.splitlines()]
    assert {note[0].split("/")[1] for note in notes} == {"alc-smart-learning", "appi"}
    assert {note[1] for note in notes} == {"note"}
    left_open = [note[3].partition(" ")[0] for note in notes if note[2] == "open-point"]
    assert left_open == ["[P-1]", "[1]", "[2-1]", "[2-2]", "[2-4]", "[4]", "[5]", "[5]", "[5]", "[7]"]


def test_a_full_disk_is_no_denial() -> None:
    full = Path("/dev/full")
    if not full.exists():
        pytest.skip("this system has no /dev/full")
    with full.open("wb") as out:
        done = subprocess.run(
            [sys.executable, "-m", "policyengine", "evaluate", PACK, "--events", "-"],
            input=lines(PERMITTED).encode(),
            stdout=out,
            stderr=subprocess.PIPE,
            env=environment(),
            check=False,
        )
    assert done.returncode == 2
    assert done.stderr.decode() == "Error: [Errno 28] No space left on device\n"


@pytest.mark.parametrize("closed", [0, 1, 2])
def test_a_closed_descriptor_is_no_crash(closed: int) -> None:
    command = f"exec {closed}>&-; exec {sys.executable} -m policyengine evaluate {PACK} --events -"
    done = subprocess.run(
        ["bash", "-c", command], input=lines(DENIED).encode(), capture_output=True, env=environment(), check=False
    )
    assert done.returncode == (2 if closed == 0 else 1)
    assert done.stderr == (b"Error: standard input is closed\n" if closed == 0 else b"")
    assert bool(done.stdout) is (closed == 2)


@pytest.mark.parametrize("command", ["check", "test", "fmt", "mutate"])
def test_commands_that_look_into_folders_say_what_they_left_out(command: str, tmp_path: Path) -> None:
    for folder in ("shop", "build", ".venv", "a.egg", "shop/dist", "shop/node_modules", "venv"):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "policy.toml").write_text(BASE if folder == "shop" else "broken", "utf-8")
    names = ", ".join(str(tmp_path / name) for name in (".venv", "a.egg", "build", "shop/dist", "shop/node_modules"))
    ran = run(command, str(tmp_path), "--lang", "en")
    assert f"not looked at (hidden, environments, builds): {names} and 1 more\n" in ran.err
    assert "broken" not in ran.out + ran.err and "toml-syntax" not in ran.out + ran.err
    ran = run(command, str(tmp_path), "--lang", "ja")
    assert f"見ていないフォルダ（隠し、環境、ビルド）: {names} ほか 1 件\n" in ran.err
    assert "not looked at" not in run(command, str(tmp_path / "shop" / "policy.toml"), "--lang", "en").err
