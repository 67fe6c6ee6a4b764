"""One decision against the hand-written function: from a ready event, a dict, a JSON line; warm and at first sight."""

from __future__ import annotations

import statistics
from collections.abc import Callable, Iterator, Sequence

import handwritten
from corpus import PACK, SHOP, Case, cases, stream
from timing import Pass, Row, Start, over, progress, turn_about

from policyengine import Engine, Event


def _from_dict(mapping: dict[str, object]) -> handwritten.Answer:
    return handwritten.decide(handwritten.from_mapping(mapping))


def _from_json(line: bytes) -> handwritten.Answer:
    return handwritten.decide(handwritten.from_json(line))


FORMS: dict[str, tuple[Callable[[Case], object], Callable[[object], object], Callable[[Case], object], str]] = {
    "ready": (lambda case: case.ready, handwritten.decide, lambda case: case.event, "evaluate"),
    "dict": (lambda case: case.mapping, _from_dict, lambda case: case.mapping, "evaluate"),
    "JSON": (lambda case: case.line, _from_json, lambda case: case.line, "evaluate_json"),
}
"""For each form of an event: how the hand-written side gets it and decides it, how the engine does."""


def rows(*, quick: bool) -> Iterator[Row]:
    """Yield the rows of this section."""
    repeats = 9 if quick else 41
    engine = Engine.load(PACK)
    progress("checking that engine and hand-written function agree on every event")
    found = cases(engine)
    for form in FORMS:
        progress(f"decisions: {form}, warm")
        yield _warm(engine, found, form, "warm", f"all {len(found)} events", repeats)
    groups = sorted({case.group for case in found}, reverse=True)
    for group in groups:
        progress(f"decisions: dict, warm: {group}")
        chosen = [case for case in found if case.group == group]
        yield _warm(engine, chosen, "dict", "warm, by kind of decision", f"{group} ({len(chosen)})", repeats)
    progress("decisions: event by event")
    yield from _each(engine, found, repeats=5 if quick else 15)
    progress("decisions: two packs in one engine")
    both = Engine.load(PACK, SHOP)
    events = [case.mapping for case in found]
    layered = turn_about(over(engine.evaluate, events), over(both.evaluate, events), len(events), repeats)
    yield Row("warm, two packs of different controllers in one engine, to one pack", "dict: all events", *layered)
    count = 4_000 if quick else 20_000
    for title, recipients in (("300 other recipients", 300), ("every recipient its own", count)):
        progress(f"decisions: a stream of {count} different events, {title}")
        made = stream(Engine(engine.policies), found, count, recipients)
        for knows, before in (("that knows their kinds", found), ("that has seen none", [])):
            for form in FORMS:
                section = f"a stream of {count:,} different events, by an engine {knows}"
                yield _first_sight(engine, made, form, section, title, max(3, repeats // 8), before)
    for form in FORMS:
        progress(f"decisions: {form}, first sight")
        yield _first_sight(engine, found, form, "first sight", f"all {len(found)} events", repeats)


def _warm(engine: Engine, chosen: list[Case], form: str, section: str, what: str, repeats: int) -> Row:
    by_hand, decide, by_engine, method = FORMS[form]
    base = over(decide, map(by_hand, chosen))
    measured = over(getattr(engine, method), map(by_engine, chosen))
    return Row(section, f"{form}: {what}", *turn_about(base, measured, len(chosen), repeats))


def _first_sight(
    engine: Engine, chosen: list[Case], form: str, section: str, what: str, repeats: int, before: Sequence[Case] = ()
) -> Row:
    """Decide each event once, by an engine that has decided nothing but those of `before`, and one of another kind."""
    by_hand, decide, by_engine, method = FORMS[form]
    events = [by_engine(case) for case in chosen]
    ready = [case.event for case in before]
    fresh = _fresh(engine, method, ready, events)
    row = turn_about(over(decide, map(by_hand, chosen)), fresh, len(chosen), repeats, again=False)
    return Row(section, f"{form}: {what}", *row)


def _fresh(engine: Engine, method: str, before: list[Event], events: list[object]) -> Start:
    def start() -> Pass:
        fresh = Engine(engine.policies)
        fresh.evaluate(_OTHER)
        for event in before:
            fresh.evaluate(event)
        return over(getattr(fresh, method), events)()

    return start


_OTHER = {
    "id": "another",
    "time": "2026-11-24T09:00:00+09:00",
    "operation": "use",
    "subject": {"category": "customer"},
    "items": ["name"],
    "purpose": "welfare",
}


def _each(engine: Engine, found: list[Case], repeats: int) -> Iterator[Row]:
    """Time every event alone, and yield the one in the middle and the worst."""
    timed = []
    for case in found:
        base = over(lambda mapping: handwritten.decide(handwritten.from_mapping(mapping)), [case.mapping] * 100)
        measured = over(engine.evaluate, [case.mapping] * 100)
        timed.append((*turn_about(base, measured, 100, repeats), case))
    timed.sort(key=lambda one: one[2].median)
    within = statistics.mean(one[2].median <= 3 for one in timed)
    for name, (base, measured, ratio, case) in (("the middle one", timed[len(timed) // 2]), ("the worst", timed[-1])):
        note = f"{case.mapping['id']}, {case.group}; {within:.1%} of the events within 3 times"
        yield Row("warm, event by event", f"dict: {name}", base, measured, ratio, note)
