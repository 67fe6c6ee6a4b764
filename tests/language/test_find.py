"""All finders look into the same folders, tell the others, and look at what is named whatever it is called."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import pytest

from policyengine.language.find import find_configurations, find_packs, find_rule_files, find_suites, toml_files

POLICY = "[policy]\nid = 'a'\n"
NAMES = ("policy.toml", "some.test.toml", "policyengine.toml")
LOOKED_AT = ["", "rules", "rules/deeper", "builds", "environment", "deep/er", "x.eggs"]
LEFT_OUT = [".git", ".venv", "node_modules", "build", "rules/dist", "deep/venv", "x.egg", "CVS", "env", "deep/conda"]
FINDERS: dict[str, Callable[..., Iterable[Path]]] = {
    "packs": find_packs,
    "suites": find_suites,
    "configurations": find_configurations,
    "rule files": find_rule_files,
    "TOML files": toml_files,
}


@pytest.fixture
def project(tmp_path: Path) -> Path:
    for folder in (*LOOKED_AT, *LEFT_OUT, *(f"{folder}/inner" for folder in LEFT_OUT)):
        (tmp_path / folder).mkdir(parents=True, exist_ok=True)
        for name in NAMES:
            (tmp_path / folder / name).write_text(POLICY, "utf-8")
    (tmp_path / "env" / "pyvenv.cfg").touch()
    (tmp_path / "deep" / "conda" / "conda-meta").mkdir()
    (tmp_path / "deep" / "conda" / "conda-meta" / "history").touch()
    return tmp_path


@pytest.mark.parametrize("finder", FINDERS.values(), ids=FINDERS.keys())
def test_every_finder_leaves_out_the_same_folders_and_tells_them(finder: Callable[..., Any], project: Path) -> None:
    left_out: set[Path] = set()
    found = list(finder(project, left_out))
    assert {file if file.is_dir() else file.parent for file in found} == {project / folder for folder in LOOKED_AT}
    assert left_out == {project / folder for folder in LEFT_OUT}
    assert found == sorted(found)
    assert list(finder(project)) == found


@pytest.mark.parametrize("finder", FINDERS.values(), ids=FINDERS.keys())
@pytest.mark.parametrize("folder", LEFT_OUT)
def test_a_folder_that_is_named_is_looked_at(finder: Callable[..., Any], folder: str, project: Path) -> None:
    left_out: set[Path] = set()
    found = list(finder(project / folder, left_out))
    parents = {file if file.is_dir() else file.parent for file in found}
    assert parents == {project / folder, project / folder / "inner"}
    assert left_out == set()


def test_pytest_leaves_out_what_we_leave_out(project: Path) -> None:
    for number, folder in enumerate((*LOOKED_AT, *LEFT_OUT)):
        (project / folder / f"test_{number}.py").write_text("def test_one(): pass\n", "utf-8")
    options = ["-q", "--collect-only", "-p", "no:policyengine", "-p", "no:cacheprovider", "--rootdir", "."]
    ran = subprocess.run([sys.executable, "-m", "pytest", *options], cwd=project, capture_output=True, check=True)
    collected = {Path(line.partition("::")[0]).parent for line in ran.stdout.decode().splitlines() if "::" in line}
    assert collected == {Path(folder) for folder in LOOKED_AT}


def test_a_broken_pack_counts_where_its_text_says_that_it_is_one(tmp_path: Path) -> None:
    for name, text in {"a": "[ policy ]\nid =", "b": "x = 1", "c": "\t[policy]"}.items():
        (tmp_path / name).mkdir()
        (tmp_path / name / "some.toml").write_text(text, "utf-8")
    assert list(find_packs(tmp_path)) == [tmp_path / "a", tmp_path / "c"]
    assert list(find_packs(tmp_path / "b")) == [tmp_path / "b"]


def test_links_to_folders_are_not_followed(tmp_path: Path) -> None:
    (tmp_path / "rules").mkdir()
    (tmp_path / "rules" / "policy.toml").write_text(POLICY, "utf-8")
    (tmp_path / "rules" / "again").symlink_to(tmp_path)
    assert toml_files(tmp_path) == [tmp_path / "rules" / "policy.toml"]
