"""Events in CSV: a row an event, a column a field; what a row lacks, the event leaves out."""

from __future__ import annotations

import csv
import io
import json
import math
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, BinaryIO, Final

from policyengine.builtin.files.problems import (
    CELL_NO_JSON,
    CSV_ROW,
    CSV_SYNTAX,
    DUPLICATE_COLUMN,
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
) -> Iterator[Mapping[str, Any] | InvalidEvent]:
    """Yield the events of a CSV file, UTF-8, with one line of headings (RFC 4180).

    An empty cell is a field that the event does not state. ``items`` are separated by semicolons, ``facts`` are JSON: a
    list of facts. The cell of an attribute is a number, ``true`` or ``false`` where it reads so in JSON, the text in
    quotation marks where it is a JSON string, and text otherwise.

    Args:
        stream: the bytes of the file.
        name: how errors name it.
        columns: for a column of another heading, the field that it holds; "" leaves it out.

    Yields:
        A mapping for each row, which may be no valid event; `InvalidEvent` for one that cannot be read as one.

    Raises:
        PolicyError: there is no heading, or a column is no field of an event, or there are two of one field.
    """
    rows = csv.reader(io.TextIOWrapper(stream, "utf-8-sig", "surrogateescape", newline=""), strict=True)
    try:
        fields = _fields(next(rows, []), name, columns or {})
        for row in rows:
            if row:
                yield _event(row, fields, rows.line_num)
    except csv.Error as error:
        raise PolicyError([CSV_SYNTAX.at(Place(name, rows.line_num), error=error)]) from None


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
