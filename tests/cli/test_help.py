"""Help that can be tried: every command has an example, and every example runs."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

import forked
from cli.running import ROOT, environment, run, run_anew
from policyengine import __version__
from policyengine.cli import COMMANDS

SLOW = ("mutate",)


def helped(*command: str) -> str:
    ran = run(*command, "--help")
    assert (ran.code, ran.err) == (0, "")
    assert run(*command, "-h") == ran
    return ran.out


def examples(text: str) -> list[str]:
    """Return the command lines below "Example:"."""
    below = text.partition("Example:\n")[2].split("\n\n")[0]
    return [line.strip() for line in below.splitlines() if "policyengine " in line]


@pytest.mark.parametrize("command", ["", *COMMANDS])
def test_every_help_has_an_example(command: str) -> None:
    text = helped(*([command] if command else []))
    assert text.startswith(f"Usage: policyengine {command}".rstrip())
    found = examples(text)
    assert found
    for line in found:
        assert f"policyengine {command}".rstrip() in line
    assert all(len(line) <= 120 for line in text.splitlines())


BROUGHT = ["facts", "outbox", "quarantine", "records", "requests"]
"""The commands of the records, which are installed beside the tests."""


def test_the_overview_has_every_command() -> None:
    text = helped()
    ours, _, brought = text.partition("Commands:")[2].partition("Commands of plugins:")
    listed = [re.findall(r"^  ([a-z]+)  +\S", part, re.MULTILINE) for part in (ours, brought)]
    assert listed == [list(COMMANDS), BROUGHT]
    assert "Exit codes: 0" in text


@pytest.mark.parametrize("command", ["", *(name for name in COMMANDS if name not in SLOW)])
def test_every_example_runs(command: str, tmp_path: Path) -> None:
    """As they stand, in a copy of what they name."""
    bin_folder = tmp_path / "bin"
    bin_folder.mkdir()
    forked.program(bin_folder)
    for name in ("rules", "examples", "schemas"):
        shutil.copytree(ROOT / name, tmp_path / name)
    path = f"{bin_folder}:{environment()['PATH']}"
    for line in examples(helped(*([command] if command else []))):
        done = subprocess.run(
            ["bash", "-o", "pipefail", "-c", line],
            cwd=tmp_path,
            env=environment(PATH=path),
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode in (0, 1, 2), line
        assert "Usage:" not in done.stderr and "Error:" not in done.stderr, (line, done.stderr)
        assert "Traceback" not in done.stderr and "No such file" not in done.stderr, (line, done.stderr)


def test_no_command_at_all_shows_the_help() -> None:
    ran = run()
    assert ran.code == 2
    assert ran.out + ran.err == helped()


def test_the_version() -> None:
    assert run("--version") == (0, f"dataflow-policyengine {__version__}\n", "")


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_a_completion_script_is_printed_for(shell: str) -> None:
    ran = run(_POLICYENGINE_COMPLETE=f"{shell}_source")
    assert ran.code == 0
    assert "_POLICYENGINE_COMPLETE" in ran.out and f"{shell}_complete" in ran.out


@pytest.mark.parametrize(
    ("typed", "offered"),
    [
        ("ev", {"evaluate"}),
        ("", {*COMMANDS, *BROUGHT}),
        ("evaluate --re", {"--reading"}),
        ("explain --lang ", {"ja", "en"}),
        ("schema ", {"policy", "suite", "event", "decision", "configuration"}),
    ],
)
def test_the_shell_completes(typed: str, offered: set[str]) -> None:
    words = f"policyengine {typed}"
    ran = run(_POLICYENGINE_COMPLETE="bash_complete", COMP_WORDS=words, COMP_CWORD=str(len(words.split(" ")) - 1))
    assert {line.partition(",")[2] for line in ran.out.split()} >= offered
    assert {line.partition(",")[2] for line in ran.out.split()} <= offered | {"test"}


def test_the_command_and_the_module_are_the_same() -> None:
    command = Path(sys.executable).with_name("policyengine")
    assert command.exists(), "the package is not installed; run: make test"
    for args in (["--help"], ["evaluate"], ["plugins", "--format", "json"], ["evalute"]):
        done = subprocess.run([str(command), *args], capture_output=True, text=True, env=environment(), check=False)
        assert (done.returncode, done.stdout, done.stderr) == run_anew(*args) == run(*args)
