"""A pack that stands in no files: TOML texts, or what they hold, each by a name."""

from __future__ import annotations

import posixpath
from collections.abc import Iterator, Mapping
from datetime import date, datetime, time
from typing import Any, Final

from policyengine.errors import KeyPath, Place, PolicyError, json_path
from policyengine.language.file_problems import NESTED_TOO_DEEPLY, NOT_DATA, NOT_UTF_8, NUMBER_TOO_LARGE
from policyengine.language.source import DEEPEST, Document, document_of

_PLAIN: Final = (str, bool, int, float)


class Documents:
    """Rule files in memory that together make one pack, for `Engine.load` and the like.

    A document that another imports, by its name as seen from the other's, is what several packs may share; all others
    are the pack's own. Nothing is looked for on the disk.

    Args:
        documents: by the name that problems give it, a TOML text or a mapping of what one holds. In a mapping, a time
            is a `datetime` or its RFC 3339 text.
    """

    def __init__(self, documents: Mapping[str, str | Mapping[str, Any]]) -> None:
        self._documents = dict(documents)

    @property
    def name(self) -> str:
        """The name of the first."""
        return next(iter(self._documents), "")

    def read(self) -> Iterator[Document | PolicyError]:
        """Yield each document, or what is wrong with it."""
        for name, content in self._documents.items():
            try:
                yield _text(content, name) if isinstance(content, str) else _data(content, name)
            except PolicyError as error:
                yield error

    def __repr__(self) -> str:
        return f"Documents({', '.join(map(repr, self._documents))})"


def imported_name(importer: str, target: str) -> str:
    """Return the name of the document that one imports."""
    return posixpath.normpath(posixpath.join(posixpath.dirname(importer), target))


def _text(text: str, name: str) -> Document:
    try:
        raw = text.encode("utf-8")
    except UnicodeEncodeError:  # a lone surrogate, which is no text
        raise PolicyError([NOT_UTF_8.at(Place(name))]) from None
    return document_of(raw, name, keep=True)


def _data(data: object, name: str) -> Document:
    if not isinstance(data, Mapping):
        raise PolicyError([NOT_DATA.at(Place(name), found=type(data).__name__)])
    document = Document(name, "", _plain(data, name, ()))
    document.places = DataPlaces(name)
    return document


class DataPlaces:
    """The place of everything in a mapping, which no text has: the way to it.

    Args:
        name: of the document.
    """

    def __init__(self, name: str) -> None:
        self.file = name

    def place(self, path: KeyPath) -> Place:
        """Return where a key or a value stands."""
        return Place(self.file, path=json_path(path)[2:])


def _plain(value: Any, name: str, path: KeyPath) -> Any:
    """Return JSON data of what a host made, as a TOML file would have given them."""
    if len(path) > DEEPEST:
        raise PolicyError([NESTED_TOO_DEEPLY.at(DataPlaces(name).place(path[:1]))])
    if isinstance(value, Mapping) and all(isinstance(key, str) for key in value):
        return {key: _plain(member, name, (*path, key)) for key, member in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(member, name, (*path, index)) for index, member in enumerate(value)]
    if isinstance(value, datetime | date | time):
        return value.isoformat()
    if type(value) is int and not -(1 << 63) <= value < 1 << 63:
        raise PolicyError([NUMBER_TOO_LARGE.at(DataPlaces(name).place(path))])
    if isinstance(value, _PLAIN):
        return value
    raise PolicyError([NOT_DATA.at(DataPlaces(name).place(path), found=type(value).__name__)])
