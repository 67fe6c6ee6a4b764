"""A strategy of events that are none: valid ones, each broken in one place."""

from __future__ import annotations

import copy
from collections.abc import Iterator, Mapping
from typing import Any, Final, NamedTuple

from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy

from policyengine.engine.engine import Engine
from policyengine.errors import KeyPath
from policyengine.model.fact import FactType
from policyengine.model.fields import EVENT, HELD, Form
from policyengine.model.policy import Policy
from policyengine.moment import instant
from policyengine.testing.flows import EventData, engine_of, events
from policyengine.testing.scenes import DAY, text

_GONE: Final = object()
_ODD: Final = "unheard-of"

_NO_TIMES: Final[tuple[Any, ...]] = (
    "2026-11-24",
    "2026-11-24T09:00:00",
    "2026-11-24 09:00:00Z",
    "2026-11-24T09:00:60Z",
    "2026-02-30T09:00:00Z",
    "2026-11-24T09:00:00.1234567Z",
    1795478400,
)
_NO_TEXTS: Final[tuple[Any, ...]] = (None, 1, True, ["name"], {})
_NO_NAMES: Final = ("", " ", "p-1 ", "p\u200b1", "p\n1", "\u2028p", "e\u0301")
_NO_TABLES: Final[tuple[Any, ...]] = (None, 1, "customer", [])
_WRONG: Final[Mapping[Form, tuple[Any, ...]]] = {
    "id": (*_NO_TEXTS, *_NO_NAMES),
    "time": _NO_TIMES,
    "operation": (*_NO_TEXTS, _ODD),
    "term": _NO_TEXTS,
    "terms": (None, 1, "name", {}, [], ["name", "name"], [None], ["name", 1]),
    "country": (*_NO_TEXTS, "", "jp", "JPN", "ZZ"),
    "facts": (None, {}, "consent", ["consent"], [None], [[]], [{"type": _ODD}]),
    "attributes": (None, 1, "age", [], {"age": None}, {"age": [1]}),
}
"""What a field of each form cannot be."""


class _Break(NamedTuple):
    """What is put at a path of an event, so that it is none."""

    path: KeyPath
    value: Any


def malformed(of: Engine | Policy) -> SearchStrategy[EventData]:
    """Return a strategy of mappings that are invalid events under the policies: each broken in one place.

    Something is missing, unknown, null, empty, repeated or of another type, in the event or in one of its facts.
    """
    engine = engine_of(of)
    return events(engine).flatmap(
        lambda event: st.sampled_from(list(_breaks(event, engine))).map(lambda broken: _broken(event, broken))
    )


def _breaks(event: EventData, engine: Engine) -> Iterator[_Break]:
    """Yield the ways to break an event, the plainest first."""
    yield _Break((_ODD,), "x")
    for row in EVENT:
        if event["operation"] in row.needed_on:
            yield _Break((row.key,), _GONE)
        if not row.part:
            yield from (_Break((row.key,), value) for value in _WRONG[row.form])
        elif row.key in event:
            if row.always:
                yield _Break((row.key, row.part), _GONE)
            yield from (_Break((row.key, row.part), value) for value in _WRONG[row.form])
        if event["operation"] not in row.allowed_on:
            yield _Break((row.key,), {"id": "x"})
    yield _Break(("acquired",), text(instant(event["time"]) + DAY))
    for key in sorted({row.key for row in EVENT if row.part}):
        yield from (_Break((key,), value) for value in _NO_TABLES)
        if key in event:
            yield _Break((key, _ODD), "x")
    for name, declared in engine.attributes.items():
        yield _Break(("attributes",), {name: 1 if declared.type in ("string", "boolean") else "1"})
    for index, fact in enumerate(event.get("facts", ())):
        for path, value in _fact_breaks(engine.fact_types[fact["type"]]):
            yield _Break(("facts", index, *path), value)


def _fact_breaks(declared: FactType) -> Iterator[_Break]:
    yield _Break(("type",), _GONE)
    yield _Break((_ODD,), "x")
    yield from (_Break(("subject",), name) for name in _NO_NAMES)
    for name in ("from", "until"):
        yield from (_Break((name,), value) for value in _NO_TIMES)
    for name, field in declared.fields.items():
        if field.required:
            yield _Break((name,), _GONE)
        yield _Break((name,), None)
        yield _Break((name,), [] if field.list else ["x"])
        if field.list:
            yield _Break((name,), "x")
        if field.held in HELD and HELD[field.held].form == "id":
            yield from (_Break((name,), [value] if field.list else value) for value in _NO_NAMES)
        if field.held == "operation" or field.values is not None:
            yield _Break((name,), [_ODD] if field.list else _ODD)


def _broken(event: EventData, broken: _Break) -> EventData:
    event = copy.deepcopy(event)
    *way, last = broken.path
    inner: Any = event
    for key in way:
        inner = inner[key]
    if broken.value is _GONE:
        del inner[last]
    else:
        inner[last] = copy.deepcopy(broken.value)
    return event
