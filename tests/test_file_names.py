"""pytest knows a file of tests by its base name alone where folders are no packages: of two of one name it runs one."""

from __future__ import annotations

from collections import defaultdict
from pathlib import Path

ROOT = Path(__file__).parents[1]
SHARED = {"conftest.py"}
"""pytest has one of these for each folder."""


def named_alike(folders: list[Path]) -> list[list[str]]:
    """Return the files of Python in and below folders that have a base name in common."""
    found: defaultdict[str, list[str]] = defaultdict(list)
    for folder in folders:
        for file in sorted(folder.rglob("*.py")):
            if file.name not in SHARED:
                found[file.name].append(str(file))
    return [files for files in found.values() if len(files) > 1]


def test_no_two_files_of_tests_and_of_what_they_share_have_one_name() -> None:
    folders = [ROOT / "tests", *ROOT.glob("plugins/*/tests")]
    assert len(folders) >= 4
    assert not named_alike(folders)


def test_two_of_one_name_are_found(tmp_path: Path) -> None:
    for folder in ("a", "b/c"):
        (tmp_path / folder).mkdir(parents=True)
        (tmp_path / folder / "test_x.py").touch()
        (tmp_path / folder / "conftest.py").touch()
    (found,) = named_alike([tmp_path / "a", tmp_path / "b"])
    assert len(found) == 2
