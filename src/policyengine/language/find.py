"""Which files there are: packs, suites, configurations, and what may be formatted.

Whoever names a folder means what is his in it: all finders leave out the folders that `is_left_out` says, wherever they
stand below it, and can tell which these were.
"""

from __future__ import annotations

import os
import re
from collections.abc import Collection, Container, Iterator
from fnmatch import fnmatchcase
from itertools import groupby
from pathlib import Path
from typing import Final

from policyengine.errors import Place, PolicyError, Problem
from policyengine.language.disk import TEST_SUFFIX, contents, unreadable
from policyengine.language.file_problems import (
    IMPORT,
    MOVE_OR_IMPORT,
    NAME_A_POLICY,
    NO_RULE_FILE,
    NOT_LOADED,
    PASSED_OVER,
    RENAME,
)
from policyengine.language.offered import located

STANDARD = Path(__file__).with_name("standard.toml")

CONFIGURATION = "policyengine.toml"
"""The usual name of a configuration, which is no rule file."""

LOCK: Final = "policy.lock"
"""The name of the seal of a pack, in its folder."""

_LEFT_OUT: Final = (".*", "*.egg", "_darcs", "build", "CVS", "dist", "node_modules", "venv", "{arch}")
"""Names of folders that pytest leaves out by default as well."""

_TABLE = re.compile(rb"^[ \t]*\[{1,2}[ \t]*(policy[ \t]*\]|(?:policy|clause|vocabulary)[ \t]*[].])", re.MULTILINE)


def is_left_out(folder: Path) -> bool:
    """Whether nobody's rules stand in a folder: it is hidden, built, installed, or a virtual environment."""
    return (
        any(fnmatchcase(folder.name, name) for name in _LEFT_OUT)
        or folder.joinpath("pyvenv.cfg").is_file()
        or folder.joinpath("conda-meta", "history").is_file()
    )


def toml_files(path: str | Path, left_out: set[Path] | None = None) -> list[Path]:
    """Return the TOML files at or below `path`, in the order of their paths: a file is one, whatever its name.

    Args:
        path: a file or a folder, or the name of one that is `offered`. It is looked at whatever it is called.
        left_out: where the folders below it go that are not looked at.

    Raises:
        PolicyError: a folder cannot be read, or nothing has the name.
    """
    root = located(path)
    if not root.is_dir():
        return [root]
    return sorted(file for file in _files(root, left_out) if file.name.endswith(".toml"))


def _files(root: Path, left_out: set[Path] | None = None) -> Iterator[Path]:
    """Yield every file below a folder; arguments and errors are those of `toml_files`."""
    try:
        for name, below, files in os.walk(root, onerror=_raise):
            folder = Path(name)
            skipped = {inner for inner in below if is_left_out(folder / inner)}
            below[:] = [inner for inner in below if inner not in skipped]
            if left_out is not None:
                left_out.update(folder / inner for inner in skipped)
            yield from (folder / file for file in files)
    except OSError as error:
        raise unreadable(str(error.filename or root), error) from None


def _raise(error: OSError) -> None:
    if not isinstance(error, FileNotFoundError):  # a folder that went away while we looked holds nothing
        raise error


def pack_files(path: Path) -> tuple[Path, ...]:
    """Return the rule files of the pack at `path`, in the order of their names; it may be one.

    Raises:
        PolicyError: the folder cannot be read.
    """
    try:
        if not path.is_dir():
            return (path,)
        return tuple(sorted(file for file in path.glob("*.toml") if _may_be_of_a_pack(file)))
    except OSError as error:
        raise unreadable(str(path), error) from None


def find_packs(path: str | Path, left_out: set[Path] | None = None) -> Iterator[Path]:
    """Yield the packs at or below `path`: a file is one, and so is a folder that is sealed, or has ``[policy]``.

    A folder that holds none, and nothing below it, is yielded itself, so that loading it says what is missing.
    Arguments and errors are those of `toml_files`.
    """
    root = located(path)
    if not root.is_dir():
        yield root
        return
    files = [file for file in _files(root, left_out) if file.name.endswith(".toml") or file.name == LOCK]
    found = root / CONFIGURATION in files
    for folder, inside in _by_folder(files):
        if folder / LOCK in inside or any(_may_be_of_a_pack(file) and _has_policy(_tables(file)) for file in inside):
            found = True
            yield folder
    if not found:
        yield root


def unloaded(root: Path, packs: Collection[Path], loaded: Container[Path]) -> Iterator[Problem]:
    """Yield, as notes, the rule files at or below a folder that nothing loads, whatever the case of their ``.toml``.

    Of a folder that is in no pack and of which nothing is loaded, that is told once. Errors are those of `toml_files`.

    Args:
        root: the folder; of a file, nothing is told.
        packs: the folders that are packs.
        loaded: what they and others load, by real paths.
    """
    if not root.is_dir():
        return
    files = [file for file in _files(root) if file.suffix.lower() == ".toml" and _may_be_of_a_pack(file)]
    for folder, inside in _by_folder(files):
        ours = {file for file in inside if folder in packs and file.suffix == ".toml"}
        idle = [file for file in inside if file not in ours and file.resolve() not in loaded and _tables(file)]
        pack = next((above for above in (folder, *folder.parents) if above in packs), None)
        misnamed = [file for file in idle if file.suffix != ".toml" and not file.with_suffix(".toml").exists()]
        if pack is None and idle and not misnamed and not any(file.resolve() in loaded for file in inside):
            yield PASSED_OVER.at(Place(str(folder)), hint=NAME_A_POLICY, files=", ".join(file.name for file in idle))
            continue
        for file in idle:
            if file in misnamed and pack in (folder, None):
                hint = RENAME.filled(name=file.with_suffix(".toml").name)
            else:
                hint = IMPORT if pack is None else MOVE_OR_IMPORT.filled(pack=pack)
            yield NOT_LOADED.at(Place(str(file)), hint=hint)


def find_configurations(path: str | Path, left_out: set[Path] | None = None) -> list[Path]:
    """Return the configuration files at or below `path`, by their usual name; as `toml_files`."""
    return [file for file in toml_files(path, left_out) if file.name == CONFIGURATION]


def find_suites(path: str | Path, left_out: set[Path] | None = None) -> list[Path]:
    """Return the suite files at or below `path`, in the order of their paths; as `toml_files`."""
    files = toml_files(path, left_out)
    return [file for file in files if file.name.endswith(TEST_SUFFIX)] if located(path).is_dir() else files


def find_rule_files(path: str | Path, left_out: set[Path] | None = None) -> list[Path]:
    """Return the rule files at or below `path`: a file is one, whatever it holds.

    In a folder these are test suites, files with a table of a policy or a vocabulary in them, and all that stands
    beside a ``[policy]``. Other TOML files are somebody else's. Arguments are those of `toml_files`.

    Raises:
        PolicyError: a folder cannot be read, or holds no rule file.
    """
    files = toml_files(path, left_out)
    if not located(path).is_dir():
        return files
    found: list[Path] = []
    for _, inside in _by_folder(files):
        tables = {file: _tables(file) for file in inside}
        is_pack = any(_has_policy(found) for found in tables.values())
        found += (file for file in inside if is_pack or tables[file] or file.name.endswith(TEST_SUFFIX))
    if not found:
        raise PolicyError([NO_RULE_FILE.at(Place(str(path)))])
    return sorted(found)


def _by_folder(files: list[Path]) -> Iterator[tuple[Path, list[Path]]]:
    """Yield each folder with the files that stand right in it, in the order of the folders' paths."""
    for folder, inside in groupby(sorted(files, key=lambda file: (file.parent, file)), lambda file: file.parent):
        yield folder, list(inside)


def _may_be_of_a_pack(file: Path) -> bool:
    return file.name != CONFIGURATION and not file.name.endswith(TEST_SUFFIX)


def _has_policy(tables: list[bytes]) -> bool:
    return any(table.startswith(b"policy") and table.endswith(b"]") for table in tables)


def _tables(file: Path) -> list[bytes]:
    """Return the headers of a policy or a vocabulary in a file, which may be broken."""
    try:
        return _TABLE.findall(contents(file))
    except PolicyError:
        return []
