"""What surrounds a decision: reading the event, writing the decision down, facts from a source in memory, threads."""

from __future__ import annotations

import json
import sys
import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Any, Final

import handwritten
import msgspec
import streams
from corpus import PACK
from timing import Figures, Pass, Row, over, progress, turn_about

from policyengine import Decision, Engine, FactQuery, FactSource, hookimpl
from policyengine.model.event import event_from_json


def encoding(*, quick: bool) -> Iterator[Row]:
    """Yield the rows of `Decision.to_json`: of decisions that nobody has written down yet."""
    progress("encoding: decisions of the realistic stream")
    found = streams.lines(streams.realistic, 2_000 if quick else 10_000)
    engine = Engine.load(PACK)
    for line in found:
        engine.evaluate_json(line)
    documents = [engine.evaluate_json(line).as_dict() for line in found]

    def start() -> Pass:
        decisions = [engine.evaluate_json(line) for line in found]
        return over(Decision.to_json, decisions)()  # type: ignore[arg-type]

    base = over(msgspec.json.encode, documents)
    row = turn_about(base, start, len(found), 5 if quick else 15, again=False)
    size = sum(len(msgspec.json.encode(document)) for document in documents) / len(documents)
    section = "a decision as JSON, to msgspec on a dict of the same"
    yield Row(section, "to_json, the realistic stream", *row, f"{size:,.0f} bytes")


_Way = Callable[[Engine, list[dict[str, Any]]], Pass]


class _Register:
    """A fact source in memory: the facts of each event, by its id."""

    name = "register"

    def __init__(self, facts: Mapping[str, Sequence[Mapping[str, Any]]]) -> None:
        self._facts = facts

    @hookimpl
    def policyengine_fact_sources(self) -> Iterable[FactSource]:
        """Bring itself."""
        return [self]

    def facts(self, queries: Sequence[FactQuery]) -> Sequence[Iterable[Mapping[str, Any]]]:
        """Return the facts that belong to each event."""
        return [self._facts.get(query.event.id, ()) for query in queries]


def sources(*, quick: bool) -> Iterator[Row]:
    """Yield the rows of facts from a source in memory, to the same facts in the event."""
    progress("sources: the realistic stream, its facts in the events and in a source")
    count = 3_000 if quick else 20_000
    made = [json.loads(line) for line in streams.lines(streams.realistic, 2 * count)]
    register = _Register({event["id"]: event["facts"] for event in made if "facts" in event})
    bare = [{key: value for key, value in event.items() if key != "facts"} for event in made]
    with_facts, by_source = Engine.load(PACK), Engine.load(PACK, plugins=[register])
    for event, without in zip(made, bare, strict=True):
        if with_facts.evaluate(event).to_json() != by_source.evaluate(without).to_json():
            raise SystemExit(f"facts from a source decide otherwise: {event}")
    for what, way in (("one at a time", _singly), ("in batches of 500", _in_batches)):
        progress(f"sources: {what}")
        # each event once, by an engine that has seen others of its kind
        base = partial(_start, way, [], made, count)
        measured = partial(_start, way, [register], bare, count)
        row = turn_about(base, measured, count, 3 if quick else 7, again=False)
        yield Row("facts from a source in memory, to the same facts in the event, a dict", what, *row)


def _start(
    way: Callable[[Engine, list[dict[str, Any]]], Pass],
    plugins: list[_Register],
    events: list[dict[str, Any]],
    count: int,
) -> Pass:
    fresh = Engine.load(PACK, plugins=plugins)
    for event in events[:count]:
        fresh.evaluate(event)
    return way(fresh, events[count:])


def _singly(engine: Engine, events: list[dict[str, Any]]) -> Pass:
    return over(engine.evaluate, events)()  # type: ignore[arg-type]


def _in_batches(engine: Engine, events: list[dict[str, Any]]) -> Pass:
    return lambda: sum(1 for _ in engine.evaluate_all(events, 500))


def parts(*, quick: bool) -> Iterator[Row]:
    """Yield what one decision on a JSON line is made of, to all of it by hand: the floor below which no rule can go."""
    progress("parts: the realistic stream")
    count = 2_000 if quick else 10_000
    lines = streams.lines(streams.realistic, BEFORE + count)
    engine = Engine.load(PACK)
    for line in lines:
        engine.evaluate_json(line)
    lines = lines[BEFORE:]
    base = over(lambda line: handwritten.decide(handwritten.from_json(line)), lines)
    reads = engine._decider.reader.decode  # benchmarks may look inside

    def made(make: Callable[[bytes], object], use: Callable[[Any], object]) -> Pass:
        return over(use, [make(line) for line in lines])()

    ways: dict[str, Callable[[], Pass]] = {
        "by hand, reading alone": over(handwritten.from_json, lines),
        "msgspec alone, into the structs of events and facts": over(reads, lines),
        "reading: ids, times and facts are what the contract asks": over(partial(read_event, engine), lines),
        "deciding what was read": lambda: made(partial(read_event, engine), engine.evaluate),
        "all of it": over(engine.evaluate_json, lines),
        "the decision as JSON, its reasons worded": lambda: made(engine.evaluate_json, Decision.to_json),
    }
    for what, start in ways.items():
        row = turn_about(base, start, count, 5 if quick else 15, again=False)
        yield Row("what a decision on a JSON line is made of, to all of it by hand", what, *row)


def read_event(engine: Engine, line: bytes) -> object:
    """Return the event of one line, read as the engine reads it."""
    return event_from_json(line, engine._decider.reader)


def threads(*, quick: bool) -> Iterator[Figures]:
    """Yield how many events a second one engine decides for several threads, by the clock on the wall."""
    lines = streams.lines(streams.realistic, 20_000 if quick else 100_000)
    engine = Engine.load(PACK)
    locked = getattr(sys, "_is_gil_enabled", lambda: True)()
    for line in lines[:BEFORE]:
        engine.evaluate_json(line)
    for number in (1, 2):
        progress(f"threads: {number}")
        shares = [lines[n::number] for n in range(number)]
        with ThreadPoolExecutor(number) as pool:
            began = time.perf_counter()
            for _ in pool.map(lambda share: deque(map(engine.evaluate_json, share), maxlen=0), shares):
                pass
            took = time.perf_counter() - began
        note = "one thread at a time (GIL)" if locked else "free-threaded"
        yield Figures("threads that share one engine", f"{number}", {"events a second": len(lines) / took}, note)


BEFORE: Final = 20_000
"""So many events the engine has seen."""
