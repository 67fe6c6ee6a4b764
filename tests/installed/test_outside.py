"""What others run of this repository: the hooks for commits, and the action for pull requests."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest

import forked

ROOT = Path(__file__).parents[2]


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    """A repository of git with two packs in folders of their own choice, and the command on the path."""
    for name in ("alc-smart-learning", "online-shop", "vocabulary"):
        shutil.copytree(ROOT / "rules" / name, tmp_path / "privacy" / name)
    (tmp_path / "privacy/alc-smart-learning").rename(tmp_path / "privacy/school")
    for suite in (tmp_path / "privacy").rglob("*.test.toml"):
        suite.unlink()
    run(tmp_path, "git init -q && git add privacy/school privacy/vocabulary && git commit -qm start")
    return tmp_path


def run(folder: Path, line: str) -> subprocess.CompletedProcess[str]:
    bin_folder = folder / ".bin"
    if not bin_folder.exists():
        bin_folder.mkdir()
        forked.program(bin_folder)
    who = {f"GIT_{role}_{what}": "someone" for role in ("AUTHOR", "COMMITTER") for what in ("NAME", "EMAIL")}
    environment = {**os.environ, **who, "PATH": f"{bin_folder}:{os.environ['PATH']}", "LC_ALL": "C.UTF-8"}
    words = ["bash", "-c", line]
    return subprocess.run(words, cwd=folder, env=environment, capture_output=True, text=True, check=False)


def test_a_pull_request_is_told_what_changes(repository: Path) -> None:
    policy = repository / "privacy/school/policy.toml"
    text = policy.read_text("utf-8")
    (first,) = re.findall(r'purposes = \["[^\n]*after-care[^\n]*\n', text)[:1]
    policy.write_text(text.replace(first, first.replace('"after-care"', '"after-care", "publicity"'), 1), "utf-8")
    done = run(repository, f"bash {ROOT}/.ci/changes HEAD privacy")
    assert (done.returncode, done.stderr) == (0, "")
    _, online, school = done.stdout.split("\n### ")
    assert online == "privacy/online-shop\n\nA new pack.\n"
    assert school.startswith("privacy/school\n") and "publicity" in school
    broken = run(repository, f"bash {ROOT}/.ci/changes no-such-revision privacy/school")
    assert broken.returncode == 0 and "A new pack." in broken.stdout


def test_hooks_need_no_folder_of_a_certain_name(repository: Path) -> None:
    hooks = (ROOT / ".pre-commit-hooks.yaml").read_text("utf-8")
    assert hooks.count("additional_dependencies: [click, rich]") == hooks.count("- id:"), "they install no extra"
    called = re.findall(r"entry: policyengine (\w+)\n  args: \[(.*)\]", hooks)
    assert [name for name, _ in called] == ["fmt", "check", "test"]
    for name, arguments in called[:2]:
        done = run(repository, f"policyengine {name} {arguments}")
        assert done.returncode == 0, done.stderr


def test_the_action_calls_commands_that_there_are() -> None:
    action = (ROOT / "action.yml").read_text("utf-8")
    calls = [*re.findall(r"policyengine (\w+) \$PATHS --format (\w+)", action)]
    assert calls == [("check", "github"), ("test", "github")]
    assert all((ROOT / path).is_file() for path in re.findall(r"\$GITHUB_ACTION_PATH/([\w./-]+)", action))
