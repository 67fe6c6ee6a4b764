"""A strategy of events that are none: valid ones, each broken in one place."""

from __future__ import annotations

import copy
from collections.abc import Iterator
from typing import Any, Final, NamedTuple

from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy

from policyengine.engine.engine import Engine
from policyengine.errors import KeyPath
from policyengine.model.fact import FactType
from policyengine.model.operation import NEEDS_PURPOSE, NEEDS_RECIPIENT
from policyengine.model.policy import Policy
from policyengine.testing.flows import EventData, engine_of, events

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
_NO_TABLES: Final[tuple[Any, ...]] = (None, 1, "customer", [])
_NO_ITEMS: Final[tuple[Any, ...]] = (None, 1, "name", {}, [], ["name", "name"], [None], ["name", 1])
_NO_FACTS: Final[tuple[Any, ...]] = (None, {}, "consent", ["consent"], [None], [[]])
_NO_ATTRIBUTES: Final[tuple[Any, ...]] = (None, 1, "age", [], {"age": None}, {"age": [1]})


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
    for name in ("id", "time", "operation", "subject", "items"):
        yield _Break((name,), _GONE)
    if event["operation"] in NEEDS_PURPOSE:
        yield _Break(("purpose",), _GONE)
    if event["operation"] in NEEDS_RECIPIENT:
        yield _Break(("recipient",), _GONE)
        yield _Break(("recipient", "id"), _GONE)
    yield _Break(("subject", "category"), _GONE)
    for table in ("subject", "recipient"):
        if table in event:
            yield _Break((table, _ODD), "x")
    yield _Break((_ODD,), "x")
    for name in ("id", "operation", "purpose", "form", "origin", "controller"):
        yield from (_Break((name,), value) for value in _NO_TEXTS)
    for name in ("id", "controller"):
        yield _Break((name,), "")
    yield _Break(("operation",), _ODD)
    yield from (_Break(("time",), value) for value in _NO_TIMES)
    for name in ("subject", "recipient"):
        yield from (_Break((name,), value) for value in _NO_TABLES)
    for path in (("subject", "category"), ("subject", "id"), *_below("recipient", event, "id", "service", "country")):
        yield from (_Break(path, value) for value in _NO_TEXTS)
    yield _Break(("subject", "id"), "")
    yield from (_Break(("items",), value) for value in _NO_ITEMS)
    yield from (_Break(("facts",), value) for value in _NO_FACTS)
    yield from (_Break(("attributes",), value) for value in _NO_ATTRIBUTES)
    for name, declared in engine.attributes.items():
        yield _Break(("attributes",), {name: 1 if declared.type in ("string", "boolean") else "1"})
    yield _Break(("facts",), [{"type": _ODD}])
    for index, fact in enumerate(event.get("facts", ())):
        for path, value in _fact_breaks(engine.fact_types[fact["type"]]):
            yield _Break(("facts", index, *path), value)


def _below(name: str, event: EventData, *fields: str) -> list[KeyPath]:
    return [(name, field) for field in fields] if name in event else []


def _fact_breaks(declared: FactType) -> Iterator[_Break]:
    yield _Break(("type",), _GONE)
    yield _Break((_ODD,), "x")
    yield _Break(("subject",), "")
    for name in ("from", "until"):
        yield from (_Break((name,), value) for value in _NO_TIMES)
    for name, field in declared.fields.items():
        if field.required:
            yield _Break((name,), _GONE)
        yield _Break((name,), None)
        yield _Break((name,), [] if field.list else ["x"])
        if field.list:
            yield _Break((name,), "x")
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
