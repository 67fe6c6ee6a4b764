"""Which files there are: packs, suites, configurations, and what may be formatted."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from pathlib import Path

from policyengine.errors import Place, PolicyError, Problem
from policyengine.language.source import unreadable
from policyengine.text import Text

STANDARD = Path(__file__).with_name("standard.toml")


TEST_SUFFIX = ".test.toml"


CONFIGURATION = "policyengine.toml"
"""The usual name of a configuration, which is no rule file."""


def pack_files(folder: Path) -> list[Path]:
    """Return the rule files of the pack in `folder`, in the order of their names."""
    files = (file for file in folder.glob("*.toml") if file.name != CONFIGURATION)
    return sorted(file for file in files if not file.name.endswith(TEST_SUFFIX))


def find_packs(path: str | Path) -> Iterator[Path]:
    """Yield the packs at or below `path`: a file is one, and so is a folder where a TOML file has ``[policy]``.

    A folder that holds none, and nothing below it, is yielded itself, so that loading it says what is missing.
    """
    root = Path(path)
    if not root.is_dir():
        yield root
        return
    found = root.joinpath(CONFIGURATION).is_file()
    for folder in sorted({root, *(file.parent for file in root.rglob("*.toml"))}):
        if any(_has_policy(file) for file in pack_files(folder)):
            found = True
            yield folder
    if not found:
        yield root


def find_configurations(path: str | Path) -> Iterator[Path]:
    """Yield the configuration files at or below `path`, by their usual name."""
    root = Path(path)
    if root.is_dir():
        yield from sorted(root.rglob(CONFIGURATION))
    elif root.name == CONFIGURATION:
        yield root


def _has_policy(file: Path) -> bool:
    """Whether a file claims to hold a policy; a broken file counts when its text says so."""
    try:
        return any(line.startswith(b"[policy]") for line in file.read_bytes().splitlines())
    except OSError:
        return False


_TABLE = re.compile(rb"^[ \t]*\[{1,2}[ \t]*(policy[ \t]*\]|(?:policy|clause|vocabulary)[ \t]*[].])", re.MULTILINE)


def find_rule_files(path: str | Path) -> list[Path]:
    """Return the rule files at or below `path`: a file is one, whatever it holds.

    In a folder these are test suites, files with a table of a policy or a vocabulary in them, and all that stands
    beside a ``[policy]``. Other TOML files are somebody else's, and so are folders whose names begin with a dot.

    Raises:
        PolicyError: a folder cannot be read, or holds no rule file.
    """
    root = Path(path)
    if not root.is_dir():
        return [root]
    found: list[Path] = []
    try:
        for folder, below, _ in os.walk(root, onerror=_raise):
            below[:] = sorted(name for name in below if not name.startswith("."))
            found += _rule_files(Path(folder))
    except OSError as error:
        raise unreadable(str(error.filename or root), error) from None
    if not found:
        message = Text(ja="フォルダにルールファイルがありません", en="the folder has no rule file")
        raise PolicyError([Problem("no-rule-file", message, Place(str(root)))])
    return found


def _raise(error: OSError) -> None:
    raise error


def _rule_files(folder: Path) -> list[Path]:
    files = sorted(file for file in folder.glob("*.toml") if file.is_file())
    tables = {file: _tables(file) for file in files}
    is_pack = any(table.startswith(b"policy") and table.endswith(b"]") for found in tables.values() for table in found)
    return [file for file in files if is_pack or tables[file] or file.name.endswith(TEST_SUFFIX)]


def _tables(file: Path) -> list[bytes]:
    """Return the headers of a policy or a vocabulary in a file, which may be broken."""
    try:
        return _TABLE.findall(file.read_bytes())
    except OSError:
        return []


def find_suites(path: str | Path) -> list[Path]:
    """Return the suite files at or below `path`, in the order of their names."""
    root = Path(path)
    return sorted(root.rglob(f"*{TEST_SUFFIX}")) if root.is_dir() else [root]
