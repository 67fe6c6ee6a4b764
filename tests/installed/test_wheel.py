"""What is built is whole: the wheel gives a first result with no checkout, and the sdist is the repository.

`make installed` tries the same in environments of their own, with other Pythons and the lowest versions.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import sysconfig
import tarfile
import zipfile
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
START = """\
import sys
sys.path[:0] = {path!r}
for name in {without!r}:
    sys.modules[name] = None
{code}
"""


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder in which the wheel and the sdist lie, built once."""
    folder = tmp_path_factory.mktemp("dist")
    subprocess.run([sys.executable, "-m", "hatchling", "build", "-d", str(folder)], cwd=ROOT, check=True)
    return folder


@pytest.fixture(scope="module")
def site(built: Path) -> Path:
    """A folder as a wheel is installed into it."""
    (wheel,) = built.glob("*.whl")
    with zipfile.ZipFile(wheel) as packed:
        packed.extractall(built / "site")
    return built / "site"


@pytest.fixture(scope="module")
def needed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder as the site of this environment, without the packages of this repository, and so without its plugins."""
    folder = tmp_path_factory.mktemp("needed")
    for entry in Path(sysconfig.get_path("purelib")).iterdir():
        if "dataflow_policyengine" not in entry.name:
            (folder / entry.name).symlink_to(entry)
    return folder


Run = Callable[..., tuple[int, str, str]]


@pytest.fixture
def python(site: Path, needed: Path, tmp_path: Path) -> Run:
    """Runs Python in an empty folder with what is installed and what that needs, and nothing of this checkout."""
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}

    def ran(code: str, *words: str, without: Sequence[str] = ()) -> tuple[int, str, str]:
        start = START.format(path=[str(site), str(needed)], without=list(without), code=code)
        done = subprocess.run(
            [sys.executable, "-S", "-c", start, *words],
            cwd=tmp_path,
            env={**environment, "LC_ALL": "C.UTF-8"},
            capture_output=True,
            text=True,
            check=False,
        )
        return done.returncode, done.stdout, done.stderr

    return ran


def test_the_wheel_gives_a_first_result_with_no_checkout(site: Path, python: Run) -> None:
    def command(*words: str) -> tuple[int, str]:
        code, out, err = python("from policyengine.__main__ import main; main()", *words)
        assert "Traceback" not in err, err
        return code, out

    listed = {one["name"]: one for one in json.loads(command("packs", "--format", "json")[1])}
    assert {"policyengine:alc-smart-learning", "policyengine:vocabulary/personal-data"} <= listed.keys()
    assert all(Path(one["path"]).is_relative_to(site / "policyengine" / "rules") for one in listed.values())
    assert command("new", "shop", "--from", "online-shop")[0] == 0
    code, out = command("evaluate", "shop", "--events", "shop/events.jsonl")
    assert (code, [json.loads(line)["outcome"] for line in out.splitlines()]) == (1, ["permit", "deny"])
    assert command("new", "--pattern", "joint-use")[0] == 0
    assert command("test", "joint-use")[0] == 0
    assert command("check", "joint-use", "shop")[0] == 0


def test_the_wheel_has_what_it_names_and_nothing_else(site: Path) -> None:
    ours = {file.relative_to(site / "policyengine") for file in (site / "policyengine").rglob("*") if file.is_file()}
    ours = {file for file in ours if "__pycache__" not in file.parts}
    sources = {file.relative_to(ROOT / "src/policyengine") for file in (ROOT / "src/policyengine").rglob("*")}
    besides = {file.relative_to(ROOT) for name in ("rules", "schemas") for file in (ROOT / name).rglob("*")}
    pages = {Path("docs/patterns.md"), Path("docs/patterns.ja.md")}
    assert ours - sources - besides == pages
    assert {one for one in besides if (ROOT / one).is_file()} <= ours
    (about,) = site.glob("*.dist-info/METADATA")
    needed = [line for line in about.read_text("utf-8").splitlines() if line.startswith("Requires-Dist")]
    core = {line.split()[1].partition(">")[0] for line in needed if "extra" not in line}
    assert core == {"jsonschema", "msgspec", "pluggy", "tomli", "tomli-w", "tzdata"}


def test_the_library_does_without_what_the_command_needs(python: Run) -> None:
    code = """\
import policyengine, pkgutil, importlib
from policyengine import Engine
print(Engine.load("policyengine:alc-smart-learning").policies[0].id)
left = ("policyengine.cli", "policyengine.__main__", "policyengine.pytest_plugin", "policyengine.testing")
for found in pkgutil.walk_packages(policyengine.__path__, "policyengine.", onerror=lambda name: None):
    if not found.name.startswith(left):
        importlib.import_module(found.name)
"""
    without = ["click", "rich", "pytest", "hypothesis"]
    assert python(code, without=without) == (0, "alc-smart-learning\n", "")


def test_the_sdist_is_the_repository(built: Path) -> None:
    if not (ROOT / ".git").exists():
        pytest.skip("this is no clone of the repository")
    told = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    (packed,) = built.glob("*.tar.gz")
    with tarfile.open(packed) as archive:
        names = {name.partition("/")[2] for name in archive.getnames()}
    assert names - {"PKG-INFO"} >= set(told.rstrip("\0").split("\0"))
    assert not {name for name in names if name.split("/")[0] in (".git", ".venv", "dist")}
