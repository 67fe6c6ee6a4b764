"""What a command loads: how quickly it starts hangs on that, and what a machine is busy with does not change it."""

from __future__ import annotations

import subprocess
import sys
import zipfile
from importlib.metadata import entry_points
from pathlib import Path

import pytest

from cli.running import PACK, PERMITTED, ROOT, environment, lines
from policyengine.engine.installed import GROUP, may_be_installed

ALONE = """\
import sys
from policyengine.engine import installed
installed.may_be_installed = lambda: False  # as in an environment that has no plugin
from policyengine.cli import main
sys.argv[0] = "policyengine"
try:
    main()
finally:
    print(*sys.modules, file=sys.stderr)
"""


def loaded(*words: str) -> set[str]:
    """Return the modules that a command has loaded at its end, in an environment without any installed plugin."""
    done = subprocess.run(
        [sys.executable, "-c", ALONE, *words],
        input=lines(PERMITTED),
        cwd=ROOT,
        env=environment(),
        capture_output=True,
        text=True,
        check=True,
    )
    return set(done.stderr.split())


def test_the_help_loads_what_reads_the_command_line_and_nothing_else() -> None:
    found = loaded("--help")
    assert {name for name in found if name.partition(".")[0] == "policyengine"} == {
        "policyengine",
        "policyengine.cli",
        "policyengine.cli.session",
        "policyengine.doors",
        "policyengine.engine",
        "policyengine.engine.installed",
    }
    assert not found & {"importlib.metadata", "json", "logging", "msgspec", "pathlib", "pluggy", "rich", "traceback"}


HEAVY = {
    "asyncio",
    "attrs",
    "hypothesis",
    "importlib.metadata",
    "jsonschema",
    "multiprocessing",
    "pytest",
    "rich",
    "sqlalchemy",
    "sqlite3",
    "xml.etree.ElementTree",
}
"""What takes longer to load than a policy, and is needed for none that is sound."""

ELSEWHERE = ("policyengine.analysis", "policyengine.suite", "policyengine.testing", "policyengine.decision.explain")


@pytest.mark.parametrize("words", [("check", PACK), ("evaluate", PACK, "--events", "-")], ids=lambda words: words[0])
def test_what_is_sound_is_checked_and_decided_without_what_says_what_is_wrong(words: tuple[str, ...]) -> None:
    found = loaded(*words)
    assert not found & HEAVY
    assert not {name for name in found if name.startswith(ELSEWHERE)}


def test_a_plugin_is_seen_wherever_the_library_sees_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    plain, ours, egg = tmp_path / "plain", tmp_path / "ours", tmp_path / "some.egg"
    put(plain / "other-1.0.dist-info", "[console_scripts]\nother = other:main\n")
    put(ours / "mine-1.0.dist-info", "[console_scripts]\nmine = mine:main\n\n[policyengine]\nmine = mine\n")
    put(egg / "EGG-INFO", "[policyengine]\nlaid = laid\n")
    archive = tmp_path / "archive.zip"
    with zipfile.ZipFile(archive, "w") as file:
        file.writestr("packed-1.0.dist-info/METADATA", "Name: packed\n")
        file.writestr("packed-1.0.dist-info/entry_points.txt", "[policyengine]\npacked = packed\n")
    for places in ([plain], [ours], [egg], [archive], [plain, tmp_path / "missing"], [plain, ours], []):
        monkeypatch.setattr(sys, "path", list(map(str, places)))
        assert may_be_installed() == bool(entry_points(group=GROUP)), places
    monkeypatch.setattr(sys, "path", [""])
    monkeypatch.chdir(ours)
    assert may_be_installed() and entry_points(group=GROUP)


def test_who_has_an_importer_of_its_own_is_asked_by_the_library(monkeypatch: pytest.MonkeyPatch) -> None:
    class Importer:
        def find_distributions(self, _context: object) -> list[object]:
            return []

    monkeypatch.setattr(sys, "path", [])
    assert not may_be_installed()
    monkeypatch.setattr(sys, "meta_path", [*sys.meta_path, Importer()])
    assert may_be_installed()


def put(folder: Path, points: str) -> None:
    folder.mkdir(parents=True)
    (folder / "METADATA").write_text(f"Name: {folder.name.partition('-')[0]}\n", "utf-8")
    (folder / "entry_points.txt").write_text(points, "utf-8")


@pytest.mark.parametrize("name", ["click", "rich"])
def test_without_its_extra_the_command_says_what_to_install(name: str) -> None:
    start = f"import sys\nsys.modules[{name!r}] = None\nfrom policyengine.__main__ import main\nmain()"
    done = subprocess.run([sys.executable, "-c", start], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (2, "")
    assert len(done.stderr.splitlines()) == 2  # in both languages
    assert all(name in line and '"dataflow-policyengine[cli]"' in line for line in done.stderr.splitlines())
