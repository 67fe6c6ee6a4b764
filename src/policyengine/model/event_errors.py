"""What is wrong with a mapping that is no event: everything, each with the JSON path of the very place."""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Final

import msgspec

from policyengine.errors import MOST, EventError, KeyPath, hinted, json_path
from policyengine.model.event_document import MOST_MEMBERS
from policyengine.model.event_problems import (
    ACQUIRED_LATER,
    KEY_IS_NO_TEXT,
    LONE_SURROGATE,
    NO_OBJECT,
    NOT_ON_OPERATION,
)
from policyengine.model.fields import allowed_on, stated
from policyengine.model.flow_schema import event_schema
from policyengine.moment import instant
from policyengine.schema.names import is_name
from policyengine.schema.problems import NOT_HERE
from policyengine.schema.validate import errors_of
from policyengine.text import Text

_MOST_READ: Final = 10_000
"""So many members of a list are looked at, of which at most `MOST` errors are told anyway."""

_DEEPEST: Final = 8
"""How many levels are looked at: an event has fewer, so whatever is deeper stands in something wrong already."""


def event_errors(mapping: Any) -> tuple[list[EventError], str | None]:
    """Return what the JSON Schema of events, and JSON itself, have against something, by path; and the id that it has.

    Args:
        mapping: anything that was given as an event, of whatever types, as deep or as large as it may be.
    """
    reader = _Reader()
    legible = reader.read(mapping)
    if not isinstance(legible, dict):
        return [NO_OBJECT.error("$")], None
    errors = itertools.chain(reader.found, _schema_errors(legible), _time_errors(legible))
    found = dict.fromkeys(itertools.islice(errors, MOST))
    identifier = legible.get("id")
    named = isinstance(identifier, str) and is_name(identifier) and not reader.found_in("id")
    return [EventError(json_path(path), message) for path, message in sorted(found, key=_in_order)], (
        identifier if named else None
    )


def _in_order(found: tuple[KeyPath, Text]) -> tuple[list[tuple[int, str]], Text]:
    path, message = found
    return [(key, "") if isinstance(key, int) else (-1, key) for key in path], message


def _schema_errors(legible: Any) -> Iterator[tuple[KeyPath, Text]]:
    for error in errors_of(legible, event_schema()):
        message = error.message
        if message == NOT_HERE.text():
            message = NOT_ON_OPERATION.text(operations=", ".join(sorted(allowed_on(str(error.path[0])))))
        yield error.path, hinted(message, error.hint)


def _time_errors(legible: Any) -> Iterator[tuple[KeyPath, Text]]:
    """Yield what is wrong between the times of an event."""
    time, acquired = stated(legible, "time"), stated(legible, "acquired")
    try:
        since = instant(acquired) - instant(time)
    except (TypeError, ValueError):
        return
    if since > 0:
        yield ("acquired",), ACQUIRED_LATER.text()


class _Reader:
    """Makes JSON data of anything, so that a schema can be held against it, and notes what JSON has no way to say."""

    def __init__(self) -> None:
        self.found: list[tuple[KeyPath, Text]] = []

    def found_in(self, key: str) -> bool:
        """Whether there is something that JSON cannot say at a key of the event."""
        return any(path == (key,) for path, _ in self.found)

    def read(self, value: Any, path: KeyPath = ()) -> Any:
        """Return `value`, which stands at `path`, with every mapping a dict and every sequence a list.

        Whatever a class of somebody's says about it, nothing that is asked of the value fails.
        """
        if len(path) > _DEEPEST:
            return None
        try:
            return self._read(value, path)
        except Exception:  # of a mapping, say, that cannot be read
            return _nothing_like(value)

    def _read(self, value: Any, path: KeyPath) -> Any:
        if isinstance(value, msgspec.Struct):
            value = msgspec.to_builtins(value)
        if isinstance(value, str):
            return self._text(str.__str__(value), path)
        if value is None or isinstance(value, bool):
            return value
        if isinstance(value, dict):
            return self._members(dict.items(value), path)
        if isinstance(value, Mapping):
            return self._members([(key, value[key]) for key in itertools.islice(value, MOST_MEMBERS)], path)
        if isinstance(value, list | tuple):
            members = list.__iter__(value) if isinstance(value, list) else tuple.__iter__(value)
            return [
                self.read(member, (*path, index)) for index, member in enumerate(itertools.islice(members, _MOST_READ))
            ]
        if isinstance(value, float):
            return float.__float__(value)
        if isinstance(value, int):
            number = int.__int__(value)
            return number if abs(number) < 1 << 1024 else math.inf
        return _nothing_like(value)

    def _members(self, members: Iterable[tuple[Any, Any]], path: KeyPath) -> dict[str, Any]:
        named = ((self._key(key, path), member) for key, member in members)
        return {key: self.read(member, (*path, key)) for key, member in named}

    def _key(self, key: Any, path: KeyPath) -> str:
        if isinstance(key, str):
            return self._text(str.__str__(key), path, key=True)
        name = str(key) if type(key) in (type(None), bool, float) else type(key).__name__
        if type(key) is int and abs(key) < 1 << 64:
            name = str(key)
        self.found.append(((*path, name), KEY_IS_NO_TEXT.text()))
        return name

    def _text(self, text: str, path: KeyPath, *, key: bool = False) -> str:
        try:
            text.encode()
        except UnicodeEncodeError:
            text = text.encode("utf-8", "backslashreplace").decode()
            self.found.append(((*path, text) if key else path, LONE_SURROGATE.text()))
        return text


def _nothing_like(value: Any) -> object:
    """Return an object of the same name as a value's class, and with nothing in it that could fail."""
    return type(type(value).__name__, (), {})()
