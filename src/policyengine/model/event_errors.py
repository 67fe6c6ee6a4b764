"""What is wrong with a mapping that is no event: everything, each with the JSON path of the very place."""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator, Mapping
from contextlib import suppress
from typing import Any, Final

import msgspec

from policyengine.errors import MOST, EventError, KeyPath, hinted, json_path
from policyengine.model.event_problems import (
    ACQUIRED_LATER,
    KEY_IS_NO_TEXT,
    LONE_SURROGATE,
    NOT_ON_OPERATION,
)
from policyengine.model.fields import allowed_on, stated
from policyengine.model.flow_schema import event_schema
from policyengine.moment import instant
from policyengine.schema.problems import NOT_HERE
from policyengine.schema.validate import errors_of
from policyengine.text import Text

_DEEPEST: Final = 8
"""How many levels are looked at: an event has fewer, so whatever is deeper stands in something wrong already."""


def event_errors(mapping: Mapping[str, Any]) -> list[EventError]:
    """Return what the JSON Schema of events, and JSON itself, have against `mapping`, in the order of paths.

    Args:
        mapping: anything that was given as an event, of whatever types, as deep or as large as it may be.
    """
    reader = _Reader()
    legible = reader.read(mapping)
    errors = itertools.chain(reader.found, _schema_errors(legible), _time_errors(legible))
    found = dict.fromkeys(itertools.islice(errors, MOST))
    return [EventError(json_path(path), message) for path, message in sorted(found, key=_in_order)]


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

    def read(self, value: Any, path: KeyPath = ()) -> Any:
        """Return `value`, which stands at `path`, with every mapping a dict and every sequence a list."""
        if len(path) > _DEEPEST:
            return None
        if isinstance(value, msgspec.Struct):
            with suppress(TypeError, ValueError, RecursionError):  # a struct of the host's may hold anything
                value = msgspec.to_builtins(value)
        if isinstance(value, Mapping):
            members = ((self._key(key, path), member) for key, member in value.items())
            return {key: self.read(member, (*path, key)) for key, member in members}
        if isinstance(value, list | tuple):
            return [self.read(member, (*path, index)) for index, member in enumerate(value)]
        if isinstance(value, str):
            return self._text(value, path)
        if value is None or isinstance(value, bool | float):
            return value
        if isinstance(value, int):
            return value if abs(value) < 1 << 1024 else math.inf
        return type(type(value).__name__, (), {})()  # of the same name, and nothing in it that could fail

    def _key(self, key: Any, path: KeyPath) -> str:
        if isinstance(key, str):
            return self._text(key, path, key=True)
        name = str(key) if key is None or isinstance(key, bool | float) else type(key).__name__
        if isinstance(key, int) and abs(key) < 1 << 64:
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
