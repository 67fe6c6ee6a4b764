"""TOML files with the place of everything in them."""

from __future__ import annotations

import hashlib
import re
import tomllib
from datetime import date, datetime, time
from pathlib import Path
from typing import Any, Final

from policyengine.errors import KeyPath, Place, Placing, PolicyError
from policyengine.language.disk import Files, contents
from policyengine.language.file_problems import (
    NESTED_TOO_DEEPLY,
    NOT_UTF_8,
    NUMBER_TOO_LARGE,
    TOML_1_1,
    TOML_SYNTAX,
    WRITE_TOML_1_0,
)
from policyengine.language.places import Places
from policyengine.language.toml import data_of, is_newer

DEEPEST: Final = 64
"""How deeply tables and arrays may be nested; what is deeper is no rule file."""


class Document:
    """One TOML 1.0 file: its data, and where each key and value stands.

    Args:
        path: the file, as errors shall name it.
        text: its contents.
        data: its contents as JSON has them: a time is its RFC 3339 text.
        digest: ``sha256:`` and the hash of its bytes, where they were read.

    Attributes:
        places: where each key and value stands, for what is made of the file and outlives it.
    """

    def __init__(self, path: str, text: str, data: dict[str, Any], digest: str = "") -> None:
        self.path = path
        self.text = text
        self.data = data
        self.digest = digest
        self.places: Placing = Places(text, path)

    def place(self, path: KeyPath) -> Place:
        """Return where the key or value at `path` stands; for a path that is not there, its nearest ancestor."""
        return self.places.place(path)

    def with_data(self, data: dict[str, Any]) -> Document:
        """Return the same file with other data; what it still has stands where it stood."""
        other = Document(self.path, self.text, data)
        other.places = self.places
        return other


def read(path: Path, files: Files | None = None, *, keep: bool = False) -> Document:
    """Read one TOML file.

    Args:
        path: the file, as errors shall name it.
        files: the disk, where it is looked at for several files.
        keep: whether others are likely to read the same.

    Raises:
        PolicyError: the file is missing, unreadable, not UTF-8 or not TOML 1.0; with one problem and its place.
    """
    name = str(path)
    raw = contents(path) if files is None else files.look(contents, path)
    return document_of(raw, name, keep=keep)


_MOST_SEEN: Final = 64
_LONGEST_SEEN: Final = 1 << 16
"""So many documents, each of so many bytes, are kept at most."""

_seen: dict[tuple[str, str], Document] = {}
"""Documents by their names and digests: what many packs import is parsed once. Nobody changes one."""


def document_of(raw: bytes, name: str, *, keep: bool) -> Document:
    """Return the bytes of a TOML file as a document, kept where others are likely to read the same.

    Raises `PolicyError` as `read` does.
    """
    digest = "sha256:" + hashlib.sha256(raw).hexdigest()
    found = _seen.get((name, digest))
    if found is None:
        found = parse(decode(raw, name), name)
        found.digest = digest
        if keep and len(raw) <= _LONGEST_SEEN:
            if len(_seen) >= _MOST_SEEN:
                _seen.clear()
            _seen[name, digest] = found
    return found


def decode(raw: bytes, name: str) -> str:
    """Return the text of a TOML file, without its byte order mark. Raises `PolicyError` where it is not UTF-8."""
    try:
        return raw.decode("utf-8").removeprefix("\ufeff")
    except UnicodeDecodeError as error:
        before = raw[: error.start]
        line = before.count(b"\n") + 1
        column = len(before[before.rfind(b"\n") + 1 :].decode("utf-8", "replace")) + 1
        raise PolicyError([NOT_UTF_8.at(Place(name, line, column))]) from None


def parse(text: str, name: str) -> Document:
    """Parse TOML 1.0 text; `name` is the file that errors name. Raises `PolicyError` as `read` does."""
    text = text.replace("\r\n", "\n")
    try:
        data = data_of(text)
        _make_plain(data, DEEPEST)
    except tomllib.TOMLDecodeError as error:
        raise _syntax_error(str(error), text, name) from None
    except RecursionError:
        raise _too_deep(name) from None
    except ValueError:  # what `int` and `str` say to thousands of digits
        raise PolicyError([NUMBER_TOO_LARGE.at(Place(name, 1, 1))]) from None
    return Document(name, text, data)


def _make_plain(holder: dict[str, Any] | list[Any], deepest: int) -> None:
    """Make JSON data of TOML data: times become RFC 3339 strings.

    Raises:
        RecursionError: they are nested more deeply than that.
        ValueError: a number is too large to be written, and would fail where nobody expects it.
    """
    if not deepest:
        raise RecursionError
    for key, member in holder.items() if isinstance(holder, dict) else enumerate(holder):
        match member:
            case str() | bool() | float():
                pass
            case dict() | list():
                _make_plain(member, deepest - 1)
            case int():
                str(member)
            case datetime() | date() | time():
                holder[key] = member.isoformat()  # type: ignore[index]


def _too_deep(name: str) -> PolicyError:
    return PolicyError([NESTED_TOO_DEEPLY.at(Place(name, 1, 1))])


def _syntax_error(message: str, text: str, name: str) -> PolicyError:
    match = re.fullmatch(r"(.*) \(at (?:line (\d+), column (\d+)|end of document)\)", message, re.DOTALL)
    what = match[1] if match else message
    place = Place(name, int(match[2]), int(match[3])) if match and match[2] else Place(name, *Places(text).unended())
    if is_newer(text):
        return PolicyError([TOML_1_1.at(place, hint=WRITE_TOML_1_0)])
    return PolicyError([TOML_SYNTAX.at(place, what=what)])
