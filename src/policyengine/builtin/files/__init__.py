"""The built-in event sources: files of JSONL and CSV, registered through the same hook as anybody's."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import chain
from pathlib import Path
from typing import Any, BinaryIO, TypeAlias

from policyengine.builtin.files.jsonl import event_texts
from policyengine.builtin.files.lines import BLOCK
from policyengine.builtin.files.table import event_rows
from policyengine.errors import InvalidEvent
from policyengine.hooks import EventSource, hookimpl

Read: TypeAlias = Mapping[str, Any] | bytes | InvalidEvent
"""What is read as an event: a mapping, the text of one, or what is wrong with what could not be read as one."""


def read_events(
    stream: BinaryIO, name: str, form: str | None = None, columns: Mapping[str, str] | None = None
) -> Iterator[Read]:
    """Yield the events of a file.

    Args:
        stream: its bytes.
        name: its name; one that ends in ``.csv`` is CSV, every other JSONL or JSON.
        form: ``jsonl`` or ``csv``, whatever the name.
        columns: for columns of CSV with another heading, the field of the event that they hold; "" leaves one out.

    Raises:
        PolicyError: a CSV file has no heading, or a column in it that is no field of an event.
    """
    return chain.from_iterable(read_blocks(stream, name, form, columns))


def read_blocks(
    stream: BinaryIO, name: str, form: str | None = None, columns: Mapping[str, str] | None = None
) -> Iterator[Sequence[Read]]:
    """Yield the events of a file as `read_events` does, those together that are there together.

    Whatever of a stream has been read is yielded before more is waited for.
    """
    if form == "csv" or (form is None and name.endswith(".csv")):
        yield from event_rows(stream, name, columns)
        return
    for texts in event_texts(stream, name):
        for start in range(0, len(texts), BLOCK):
            yield texts[start : start + BLOCK]


class EventFile:
    """A file of events as an event source.

    Args:
        name: how it is called.
        file: the file.
        form: ``jsonl`` or ``csv``; None goes by the file's name.
        columns: as for `read_events`.
    """

    def __init__(self, name: str, file: Path, form: str | None, columns: Mapping[str, str]) -> None:
        self.name = name
        self._file = file
        self._form = form
        self._columns = columns

    def events(self) -> Iterator[Read]:
        """Yield the events of the file as it is now. Raises `OSError` where it cannot be read."""
        with self._file.open("rb") as stream:
            yield from read_events(stream, str(self._file), self._form, self._columns)


@hookimpl
def policyengine_settings() -> Mapping[str, Any]:
    """Describe the settings: for each event source, its name and its file."""
    source = {
        "type": "object",
        "properties": {
            "file": {"type": "string", "format": "path", "description": "The file, relative to the configuration."},
            "form": {"enum": ["jsonl", "csv"], "description": "What it holds; by default as its name ends."},
            "columns": {
                "type": "object",
                "additionalProperties": {"type": "string"},
                "description": 'For columns of CSV with a heading of their own, the field that they hold; "" for none.',
            },
        },
        "required": ["file"],
        "additionalProperties": False,
    }
    return {"type": "object", "additionalProperties": source, "description": "Event sources by name."}


@hookimpl
def policyengine_event_sources(settings: Mapping[str, Any]) -> Iterable[EventSource]:
    """Bring the files that are configured."""
    return [
        EventFile(name, Path(source["file"]), source.get("form"), source.get("columns", {}))
        for name, source in settings.items()
    ]
