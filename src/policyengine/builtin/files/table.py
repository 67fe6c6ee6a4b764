"""Events in CSV: a row an event, a column a field; what a row lacks, the event leaves out."""

from __future__ import annotations

import csv
import io
import json
import math
from collections import deque
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, BinaryIO, Final

from policyengine.builtin.files.lines import BLOCK, MOST, lines_read, too_long
from policyengine.builtin.files.problems import (
    CELL_NO_JSON,
    CSV_BROKEN,
    CSV_ROW,
    CSV_SYNTAX,
    DUPLICATE_COLUMN,
    LINE_TOO_LONG,
    NO_HEADING,
    UNKNOWN_COLUMN,
)
from policyengine.errors import InvalidEvent, Place, PolicyError, did_you_mean
from policyengine.model.fields import EVENT, put

FIELDS: Final = {row.name: row for row in EVENT if row.form != "attributes"}
"""What a column may hold. One for an attribute is named ``attributes.NAME``."""

_ATTRIBUTES: Final = "attributes."


def event_rows(
    stream: BinaryIO, name: str, columns: Mapping[str, str] | None = None
) -> Iterator[Sequence[Mapping[str, Any] | InvalidEvent]]:
    """Yield the events of a CSV file, UTF-8, with one line of headings (RFC 4180).

    An empty cell is a field that the event does not state. ``items`` are separated by semicolons, ``facts`` are JSON: a
    list of facts. The cell of an attribute is a number, ``true`` or ``false`` where it reads so in JSON, the text in
    quotation marks where it is a JSON string, and text otherwise.

    Nothing is lost and nothing held back: a row that cannot be read is one invalid event, and what is read next is the
    line after the one that it began on. Of a cell so much is held as Python's `csv` allows, 128 Ki characters, and of a
    row as much as of a line.

    Args:
        stream: the bytes of the file.
        name: how errors name it.
        columns: for a column of another heading, the field that it holds; "" leaves it out.

    Yields:
        Those together that are there together: for each row a mapping, which may be no valid event, or `InvalidEvent`
        where it cannot be read as one.

    Raises:
        PolicyError: there is no heading, or a column is no field of an event, or there are two of one field.
    """
    tape = _Tape(stream)
    rows = csv.reader(tape, strict=True)
    fields: list[str] | None = None
    block: list[Mapping[str, Any] | InvalidEvent] = []
    while True:
        tape.begin(holding=bool(block))
        found: Mapping[str, Any] | InvalidEvent
        try:
            row = next(rows, None)
        except _NothingThere:
            yield block
            block = []
            tape.rewind()
            continue
        except csv.Error as error:
            tape.rewind(1)
            if fields is None:
                raise PolicyError([CSV_SYNTAX.at(Place(name, tape.number), error=error)]) from None
            found = InvalidEvent([CSV_BROKEN.error("$", line=tape.number, error=error)])
        except _TooMuch:
            tape.rewind(1)
            if fields is None:
                raise PolicyError([LINE_TOO_LONG.at(Place(name, tape.number), most=MOST >> 20)]) from None
            found = too_long()
        else:
            if fields is None:
                fields = _fields(row or [], name, columns or {})
                continue
            if row is None:
                break
            if not row:
                continue
            found = _event(row, fields, tape.number)
        block.append(found)
        if len(block) == BLOCK:
            yield block
            block = []
    if block:
        yield block


class _NothingThere(Exception):
    """More would have to be waited for, and rows are there that were not handed on."""


class _TooMuch(Exception):
    """A line is too long, or a row is."""


class _Tape:
    """The lines of a stream, for `csv`; it remembers those of a row, so that they can be read again."""

    def __init__(self, stream: BinaryIO) -> None:
        self._pieces = lines_read(stream)
        self._ahead: deque[str | None] = deque()
        self._row: list[str | None] = []
        self._size = 0
        self._holding = False
        self.number = 0
        """Of the line that was read last."""

    def begin(self, *, holding: bool) -> None:
        """Begin a row; `holding`: rows before it were not handed on, so that nothing may be waited for."""
        self._row, self._size, self._holding = [], 0, holding

    def rewind(self, after: int = 0) -> None:
        """Let what is read next be the row again, or what stands after its first lines."""
        again = self._row[after:]
        self._ahead.extendleft(reversed(again))
        self.number -= len(again)

    def __iter__(self) -> Iterator[str]:
        return self

    def __next__(self) -> str:
        while not self._ahead:
            if self._holding:
                raise _NothingThere
            for piece in next(self._pieces):
                self._ahead.extend([None] if piece is None else _ended(piece))
        line = self._ahead.popleft()
        self._row.append(line)
        self.number += 1
        self._size += len(line or "")
        if line is None or self._size > MOST:
            raise _TooMuch
        return line


def _ended(line: bytes) -> Iterable[str]:
    """Return a line as text, with its end; several where a lone carriage return ends them."""
    text = line.decode("utf-8", "surrogateescape") + "\n"
    return io.StringIO(text, newline="") if "\r" in text else [text]


def _fields(heading: Sequence[str], name: str, columns: Mapping[str, str]) -> list[str]:
    fields = [columns.get(title.strip(), title.strip()) for title in heading]
    problems = []
    for number, field in enumerate(fields):
        if field and field not in FIELDS and not (field.startswith(_ATTRIBUTES) and field != _ATTRIBUTES):
            problems.append(UNKNOWN_COLUMN.at(Place(name, 1), hint=did_you_mean(field, FIELDS), column=field))
        elif field and field in fields[:number]:
            problems.append(DUPLICATE_COLUMN.at(Place(name, 1), column=field))
    if not any(fields):
        problems.append(NO_HEADING.at(Place(name, 1)))
    if problems:
        raise PolicyError(problems)
    return fields


def _event(row: Sequence[str], fields: Sequence[str], line: int) -> Mapping[str, Any] | InvalidEvent:
    stated = {field: cell for field, cell in zip(fields, row, strict=False) if field and cell != ""}
    if len(row) != len(fields):
        error = CSV_ROW.error("$", line=line, headings=len(fields), cells=len(row))
        return InvalidEvent([error], stated.get("id"))
    event: dict[str, Any] = {}
    for field, cell in stated.items():
        form = "attributes" if field.startswith(_ATTRIBUTES) else FIELDS[field].form
        if form == "attributes":
            put(event, field, _scalar(cell))
        elif form == "terms":
            put(event, field, [item.strip() for item in cell.split(";")])
        elif form == "facts":
            try:
                put(event, field, json.loads(cell))
            except (ValueError, RecursionError) as error:
                problem = CELL_NO_JSON.error("$.facts", line=line, error=error)
                return InvalidEvent([problem], stated.get("id"))
        else:
            put(event, field, cell)
    return event


def _scalar(cell: str) -> str | bool | int | float:
    """Return a cell as JSON reads it, if that is a scalar; else as it stands."""
    try:
        value = json.loads(cell)
    except (ValueError, RecursionError):
        return cell
    if isinstance(value, float) and not math.isfinite(value):
        return cell
    return value if isinstance(value, str | bool | int | float) else cell
