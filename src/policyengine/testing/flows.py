"""Strategies of events and facts, in the words of given policies: permitted ones, near misses, and all between.

An event is built around a permit of the rules, and around a restriction that may stand over it, and is then varied.
So a search comes to every rule soon, and what it finds shrinks to an event of few fields and first terms.
"""

from __future__ import annotations

import copy
import itertools
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final, NamedTuple, TypeAlias, TypeVar

from hypothesis import assume, reject
from hypothesis import strategies as st
from hypothesis.strategies import DrawFn, SearchStrategy

from policyengine.engine.engine import Engine
from policyengine.model.condition import Field, Holds
from policyengine.model.fact import HELD_FIELD, VALUE, FactField
from policyengine.model.fields import EVENT, EVENT_KEYS, HELD, IDENTIFIABLE, IDS, LISTABLE, ROWS, put, stated
from policyengine.model.operation import NEEDS_PURPOSE, NEEDS_RECIPIENT, OPERATIONS, WITHIN
from policyengine.model.policy import Policy
from policyengine.model.vocabulary import DIMENSIONS
from policyengine.moment import instant
from policyengine.suite.run import judged_alone
from policyengine.testing.aims import ELSEWHERE, Aim, Choose, lifted, permitted_by_all, rotated, under
from policyengine.testing.scenes import DAY, SOMEBODY, Scene, Stage, text

T = TypeVar("T")

EventData: TypeAlias = dict[str, Any]
"""An event as JSON has it."""

Wanted: TypeAlias = Mapping[Field, frozenset[str]]
"""The values that fields shall have."""

_REQUIRED: Final = frozenset({"controller", *(row.name for row in EVENT if row.needed_on == frozenset(OPERATIONS))})
"""The fields that a change never leaves out."""

_UNLISTED: Final = ("subject.id", "time", "acquired", "actor.id", "source.id", "source.country")
"""Further fields in which events differ."""

_FIELDS: Final = {row.name: field for field, row in ROWS.items()}

_MOST_CHANGES: Final = 3
_CHOICES: Final = 10

_IN_TIME: Final = ((None, None), (-DAY, None), (None, DAY), (0, None), (-DAY, DAY))
_OUT_OF_TIME: Final = ((None, 0), (DAY, None), (-2 * DAY, -DAY), (DAY, -DAY))
"""From when until when a fact is in effect, counted from the event's time."""


class NearMiss(NamedTuple):
    """A flow that is denied for one field alone.

    Args:
        event: it is denied.
        field: what is off, by its dotted name; all facts are one field.
        permitted: the same event but for that field, which is permitted.
    """

    event: EventData
    field: str
    permitted: EventData


def engine_of(of: Engine | Policy) -> Engine:
    """Return an engine: the given one, or one of a policy alone."""
    return of if isinstance(of, Engine) else Engine(judged_alone([of]))


def events(of: Engine | Policy, *, when: Mapping[str, str | Iterable[str]] | None = None) -> SearchStrategy[EventData]:
    """Return a strategy of valid events, as JSON has them: permitted ones, near misses, and others.

    Facts are in and out of their time. Every term is one that the policies know.

    Args:
        of: the policies: whose words the events use, and around whose rules they are built.
        when: values that fields shall have, by the names that columns of suites have, such as
            ``{"operation": ["entrust", "provide"], "items": "name"}``; a term stands for its kinds too, and every
            item of an event is one of those listed.

    Raises:
        ValueError: `when` names a field that there is not, or a term that no policy knows.
    """
    stage = Stage(engine_of(of))
    return _varied(stage, stage.wanted(when or {}))


def permitted(
    of: Engine | Policy, *, when: Mapping[str, str | Iterable[str]] | None = None
) -> SearchStrategy[EventData]:
    """Return a strategy of events that are permitted; as `events`."""
    stage = Stage(engine_of(of))
    return _permitted(stage, stage.wanted(when or {}))


def near_misses(
    of: Engine | Policy, *, when: Mapping[str, str | Iterable[str]] | None = None
) -> SearchStrategy[NearMiss]:
    """Return a strategy of events that are denied, and would be permitted if one field were another; as `events`.

    What `when` lists is not the field that is off.
    """
    stage = Stage(engine_of(of))
    return _missed(stage, stage.wanted(when or {}))


def facts(
    of: Engine | Policy, *, types: Iterable[str] | None = None, event: Mapping[str, Any] | None = None
) -> SearchStrategy[dict[str, Any]]:
    """Return a strategy of well-formed facts, in the words of the policies, in and out of their time.

    Args:
        of: the policies, which declare the types.
        types: of which types; by default of any.
        event: with which they often agree, and around whose time they begin and end; by default a plain one.

    Raises:
        ValueError: no policy declares one of the types.
    """
    stage = Stage(engine_of(of))
    scene = stage.scene(*stage.openings[0])
    names = list(scene.fact_types if types is None else types)
    for name in names:
        if name not in scene.fact_types:
            raise ValueError(f'no policy declares facts of type "{name}"')
    around = dict(event) if event is not None else _plainest(scene)
    return _facts(scene, names, around)


# ------------------------------------------------------------------------------------------------- one event


@st.composite
def _varied(draw: DrawFn, stage: Stage, wanted: Wanted) -> EventData:
    scene, event = _aimed(draw, stage, wanted, keep_clear=False)
    names = _changeable(stage, scene, wanted)
    for _ in range(draw(st.integers(0, _MOST_CHANGES))):
        event = _put(scene, event, *_change(draw, stage, scene, event, _pick(draw, names)))
    return event


@st.composite
def _permitted(draw: DrawFn, stage: Stage, wanted: Wanted) -> EventData:
    _, event = _aimed(draw, stage, wanted, keep_clear=True)
    assume(stage.engine.evaluate(event).permitted)
    return event


@st.composite
def _missed(draw: DrawFn, stage: Stage, wanted: Wanted) -> NearMiss:
    scene, right = _aimed(draw, stage, wanted, keep_clear=True)
    assume(stage.engine.evaluate(right).permitted)
    for name in rotated(_changeable(stage, scene, wanted), lambda ways: draw(st.integers(0, ways - 1))):
        event = _put(scene, right, *_change(draw, stage, scene, right, name))
        if stage.engine.evaluate(event).outcome == "deny":
            return NearMiss(event, name, right)
    reject()


def _aimed(draw: DrawFn, stage: Stage, wanted: Wanted, *, keep_clear: bool) -> tuple[Scene, EventData]:
    """Draw an event around a permit, and under a restriction that may stand over it.

    Args:
        draw: of hypothesis.
        stage: the scenes.
        wanted: the values that fields shall have.
        keep_clear: whether every restriction shall be lifted, or kept clear of.
    """
    choose = _chooser(draw)
    scene = stage.scene(*_pick(draw, stage.openings))
    aim = Aim(scene)
    for field, values in wanted.items():
        aim = aim.within(field, values) or aim
    stands, binds = draw(st.booleans()), draw(st.booleans())
    over = scene.over[choose(len(scene.over))] if stands and scene.over else None
    if over is not None:
        aim = under(aim, over, choose)
    aim = permitted_by_all(aim, choose, over)
    aim = lifted(aim, choose, over if binds and not keep_clear else None)
    return scene, _event(draw, aim, choose)


def _event(draw: DrawFn, aim: Aim, choose: Choose) -> EventData:
    """Draw an event of an aim, with no field that it does not ask for."""

    def one(field: Field) -> str:
        values = aim.values(field)
        return values[choose(len(values))]

    event: EventData = {"id": "e-1", "time": text(aim.scene.instant)}
    if aim.scene.controller is not None:
        event["controller"] = aim.scene.controller
    operation = one(Field.OPERATION)
    together = one(min(aim.same & aim.accepted.keys(), default=Field.SUBJECT_ID)) if aim.same else ""
    for field, row in ROWS.items():
        if field is Field.OPERATION:
            put(event, row.name, operation)
        elif not _asked_for(aim, field, operation):
            continue
        elif field is Field.ITEM:
            put(event, row.name, _items(draw, aim.values(field)))
        else:
            put(event, row.name, together if field in aim.same else one(field))
    for field, row in ROWS.items():
        if row.always and row.key in event and row.part not in event[row.key]:
            put(event, row.name, one(field))
    if aim.acquired is not None and operation != "acquire":
        event["acquired"] = text(aim.acquired[choose(len(aim.acquired))])
    if aim.facts:
        event["facts"] = [_fact(draw, aim.scene, asked.type, event, asked) for asked in aim.facts]
    attributes = {name: aim.attribute(name) for name in sorted({test.attribute for test in aim.tests})}
    if attributes:
        event["attributes"] = {name: values[choose(len(values))] for name, values in attributes.items()}
    return event


def _asked_for(aim: Aim, field: Field, operation: str) -> bool:
    """Whether an event of an aim and an operation states a field."""
    if operation in ROWS[field].needed_on:
        return True
    if (field in ELSEWHERE and operation in WITHIN) or operation not in ROWS[field].allowed_on:
        return False
    if field is Field.FORM:
        return IDENTIFIABLE not in aim.values(field)
    return field in aim.accepted or field in aim.same


def _items(draw: DrawFn, items: Sequence[str]) -> list[str]:
    return list(dict.fromkeys(draw(st.lists(st.sampled_from(items), min_size=1, max_size=3))))


def _pick(draw: DrawFn, values: Sequence[T]) -> T:
    """Draw one of `values`, the first of which is the plainest."""
    return draw(st.sampled_from(values))


def _chooser(draw: DrawFn) -> Choose:
    """Return what chooses, by numbers drawn beforehand: an event shrinks best where nothing moves another draw."""
    numbers = itertools.cycle([draw(st.integers(0, 0xFFFF)) for _ in range(_CHOICES)])
    return lambda ways: next(numbers) % ways


# ------------------------------------------------------------------------------------------------- one change


def _changeable(stage: Stage, scene: Scene, wanted: Wanted) -> list[str]:
    """Return the names of the fields in which an event can differ; what is `wanted` stays."""
    fields = [name for name, field in LISTABLE.items() if field not in wanted and len(scene.values[field]) > 1]
    attributes = [f"attributes.{name}" for name in scene.attributes]
    controller = ["controller"] if len(stage.controllers) > 1 else []
    return [*fields, *attributes, *_UNLISTED, *controller, *["facts"] * 6]  # facts differ in most ways


def _change(draw: DrawFn, stage: Stage, scene: Scene, event: EventData, name: str) -> tuple[str, Any]:
    """Draw another value of a field; None to leave it out."""
    values: Sequence[Any]
    match name.split("."):
        case ["facts"]:
            return name, _other_facts(draw, scene, event)
        case ["items"]:
            return name, _items(draw, scene.values[Field.ITEM])
        case ["time"]:
            values = [text(t) for date in scene.dates for t in (date, date - 1_000_000)] or [text(scene.instant + DAY)]
        case ["controller"]:
            values = stage.controllers
        case ["acquired"]:
            values = (None, event["time"], text(instant(event["time"]) - DAY), *map(text, scene.acquired))
        case ["attributes", attribute]:
            values = (None, *scene.attributes[attribute])
        case _:
            field = _FIELDS[name]
            others = [stated(event, ROWS[other].name) for other in IDS.values()] if field in IDS.values() else []
            values = tuple(dict.fromkeys((None, *scene.values[field], *others)))
    return name, _pick(draw, values)


def _put(scene: Scene, event: EventData, name: str, value: Any) -> EventData:
    """Return `event` with one field set, or left out where `value` is None, and what its operation then needs."""
    event = copy.deepcopy(event)
    head, _, rest = name.partition(".")
    if not rest:
        event[head] = event.get(head) if value is None and head in _REQUIRED else value
    elif name not in _REQUIRED or value is not None:
        inner = {**event.get(head, {}), rest: value}
        event[head] = {key: member for key, member in inner.items() if member is not None}
    for row in EVENT:
        found = event.get(row.key)
        if event["operation"] not in row.allowed_on or (row.always and found and row.part not in found):
            event[row.key] = None
    if event.get("acquired") and instant(event["acquired"]) > instant(event["time"]):
        event["acquired"] = None
    if event["operation"] in NEEDS_RECIPIENT and not event.get("recipient"):
        event["recipient"] = {"id": SOMEBODY}
    if event["operation"] in NEEDS_PURPOSE and not event.get("purpose"):
        event["purpose"] = scene.values[Field.PURPOSE][0]
    return {field: event[field] for field in EVENT_KEYS if event.get(field) not in (None, {}, [])}


def _other_facts(draw: DrawFn, scene: Scene, event: EventData) -> list[dict[str, Any]]:
    """Draw other facts than the event has: one less, one at another time, one of which is otherwise, or one more."""
    known: list[dict[str, Any]] = copy.deepcopy(event.get("facts", []))
    way = _pick(draw, ("less", "out of time", "otherwise", "more") if known else ("more",))
    if way == "more":
        return [*known, _fact(draw, scene, _pick(draw, tuple(scene.fact_types)), event)]
    number = _pick(draw, range(len(known)))
    if way == "less":
        del known[number]
    elif way == "out of time":
        known[number] = _timed(known[number], _pick(draw, _OUT_OF_TIME), event)
    else:
        known[number] = _fact(draw, scene, known[number]["type"], event)
    return known


# -------------------------------------------------------------------------------------------------- one fact


@st.composite
def _facts(draw: DrawFn, scene: Scene, names: Sequence[str], event: EventData) -> dict[str, Any]:
    return _fact(draw, scene, _pick(draw, names), event)


def _fact(draw: DrawFn, scene: Scene, name: str, event: EventData, asked: Holds | None = None) -> dict[str, Any]:
    """Draw a fact around an event; one that is `asked` for agrees with it and is in effect."""
    named = dict(asked.where) if asked else {}
    fact: dict[str, Any] = {"type": name}
    more = draw(st.booleans())
    for field in scene.fact_types[name].fields.values():
        if not field.required and field.id not in named and not (more and draw(st.booleans())):
            continue
        own, known = _own(scene, name, field, event), _values(scene, field)
        if field.id in named:
            values: Sequence[str] = sorted(named[field.id])
        elif asked and own:
            values = own
        elif asked and not field.required and field.held != VALUE:
            continue  # a fact that states what the event does not state would not count
        else:
            agreeing = draw(st.booleans())
            values = own if own and agreeing else known
        if field.list:
            fact[field.id] = list(own) if asked and field.held == "item" else [_pick(draw, values)]
        else:
            fact[field.id] = _pick(draw, values)
    if more:
        person = event["subject"].get("id")
        persons = (None, *((person,) if person else ()), *(() if asked else scene.values[Field.SUBJECT_ID]))
        if subject := _pick(draw, persons):
            fact["subject"] = subject
    times: Sequence[tuple[int | None, int | None]] = _IN_TIME if asked else (*_IN_TIME, *_OUT_OF_TIME)
    if asked and (asked.within or asked.after):
        times = ((0, None), (-1_000_000, None))
    elif lapses := scene.lapses(name):
        times = (*times, *((-ago, None) for lapse in lapses for ago in (lapse.shortest - DAY, lapse.longest)))
    return _timed(fact, _pick(draw, times), event)


def _own(scene: Scene, name: str, field: FactField, event: EventData) -> tuple[str, ...]:
    """Return what the event states of that against which a field of a fact is held, or which values rules name."""
    found: Any = scene.named_values(name, field.id) if field.held == VALUE else stated(event, HELD[field.held].name)
    if not isinstance(found, Sequence) or isinstance(found, str):
        found = (found,)
    return tuple(value for value in found if value is not None)


def _values(scene: Scene, field: FactField) -> tuple[str, ...]:
    if field.held == VALUE:
        if field.of is not None:
            return scene.values[DIMENSIONS[field.of]]
        unlisted = ("unlisted",) if field.open else ()
        return (*sorted(field.values), *unlisted) if field.values else ("r-1", "r-2")
    return scene.values[HELD_FIELD[field.held]]


def _timed(fact: Mapping[str, Any], span: tuple[int | None, int | None], event: EventData) -> dict[str, Any]:
    """Return `fact`, in effect from when until when, counted from the event's time."""
    now = instant(event["time"])
    times = {key: text(now + offset) for key, offset in zip(("from", "until"), span, strict=True) if offset is not None}
    return {**{key: value for key, value in fact.items() if key not in ("from", "until")}, **times}


def _plainest(scene: Scene) -> EventData:
    """Return an event of first terms, for facts to agree with."""
    return {
        "time": text(scene.instant),
        "operation": "entrust",
        "subject": {"category": scene.values[Field.SUBJECT][0]},
        "items": [scene.values[Field.ITEM][0]],
        "purpose": next(iter(scene.values[Field.PURPOSE]), None),
        "recipient": {"id": SOMEBODY},
    }
