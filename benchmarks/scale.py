"""Many rules and many policies: the first sight of a class, 10,000 tenants, one policy of 100,000 rules."""

from __future__ import annotations

import gc
import tempfile
import time
import tomllib
import tracemalloc
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import handwritten
from growth import FEW, spread
from rulebook import Book, lines
from timing import Figures, Pass, Row, Start, apart, over, progress, resident, turn_about

from policyengine import Engine

Loaded = dict[str, float]

# ---------------------------------------------------------------- first sight


def classes(*, quick: bool) -> Iterator[Row]:
    """Yield the rows of the first sight of a class: each event is the first of its kind, on a JSON line."""
    for rules in (40, 1_000) if quick else (40, 1_000, 10_000):
        book = Book(rules)
        progress(f"classes: {rules:,} rules")
        engine, hand = Engine.load(_written(book.toml())), book.by_hand()
        made = book.events(400)
        found = lines(made)
        for line in found:
            decision, answer = engine.evaluate_json(line), hand(handwritten.from_json(line))
            if (decision.outcome, decision.permitted_items) != answer:
                raise SystemExit(f"they differ on {line.decode()}\n  {decision.as_dict()}\n  {answer}")
        base = over(lambda line, hand=hand: hand(handwritten.from_json(line)), found)
        for what, start in (
            ("first sight", _fresh(engine, found, made[0] | {"purpose": "purpose-99"})),
            ("warm", over(engine.evaluate_json, found)),
        ):
            row = turn_about(base, start, len(found), 5 if quick else 15, again=what == "warm")
            note = f"{len({_class(event) for event in made})} kinds of {len(made)} events"
            yield Row(
                f"{what}, JSON lines, generated rules, to the hand-written function", f"{rules:,} rules", *row, note
            )


def _class(event: dict[str, Any]) -> tuple[object, ...]:
    return (event["subject"]["category"], event["purpose"], *event["items"], bool(event.get("facts")))


def _fresh(engine: Engine, found: list[bytes], other: dict[str, Any]) -> Start:
    def start() -> Pass:
        fresh = Engine(engine.policies)
        fresh.evaluate(other)
        return over(fresh.evaluate_json, found)()

    return start


def _written(text: str) -> Path:
    """Return a new file of this text, which stays until the process ends."""
    path = Path(_FOLDER.name) / f"policy-{next(_NUMBERS)}.toml"
    path.write_text(text, encoding="utf-8")
    return path


_FOLDER = tempfile.TemporaryDirectory()
_NUMBERS = iter(range(10**9))

# ---------------------------------------------------------------- many policies


def tenants(*, quick: bool) -> Iterator[Row | Figures]:
    """Yield the rows of many policies in one engine, each of a controller of its own."""
    for count in (50, 200) if quick else (100, 1_000, 10_000):
        progress(f"tenants: {count:,} policies of {FEW} rules")
        found = apart(_tenants, count, 5 if quick else 21, seconds=1_200)
        if isinstance(found, str):
            yield Figures("many policies that could not be measured", f"{count:,} policies", {}, found)
            continue
        yield from found


def _tenants(count: int, repeats: int) -> list[Row | Figures]:
    with tempfile.TemporaryDirectory() as folder:
        paths = []
        for number in range(count):
            text = spread(FEW).replace('id = "generated"', f'id = "policy-{number}"')
            paths.append(Path(folder) / f"policy-{number}.toml")
            paths[-1].write_text(
                text.replace('governs = "anyone"', f'governs = ["controller-{number}"]'), encoding="utf-8"
            )
        parsing = _parsing(paths)
        before, began = resident(), time.process_time()
        engine = Engine.load(*paths)
        loading = time.process_time() - began
        gc.collect()
        held = resident() - before
        one = Engine.load(paths[0])
    asked = 200
    alone = [_tenant(0, number) for number in range(asked)]
    spread_out = [_tenant(number * count // asked, number) for number in range(asked)]
    base = over(one.evaluate, alone)
    what, note = f"{count:,} policies", f"a dict, in turn of {min(count, asked)} controllers"
    decided = turn_about(base, over(engine.evaluate, spread_out), asked, repeats)
    figures = {"load s": loading, "tomllib s": parsing, "ratio": loading / parsing, "MB": held}
    return [
        Row(f"one decision among many policies of {FEW} rules, to one policy, warm", what, *decided, note),
        Figures(f"loading many policies of {FEW} rules, to tomllib on the same files", what, figures),
    ]


def _tenant(controller: int, number: int) -> dict[str, Any]:
    return Book(FEW).events(1, seed=number)[0] | {"controller": f"controller-{controller}"}


def _parsing(paths: list[Path]) -> float:
    began = time.process_time()
    for path in paths:
        tomllib.loads(path.read_text(encoding="utf-8"))
    return time.process_time() - began


# ---------------------------------------------------------------- many rules


def large(*, quick: bool) -> Iterator[Row | Figures]:
    """Yield the rows of one policy of very many rules."""
    for rules in (1_000, 10_000) if quick else (1_000, 10_000, 100_000):
        progress(f"large: {rules:,} rules in one policy")
        found = apart(_large, rules, 5 if quick else 15, seconds=900)
        if isinstance(found, str):
            yield Figures("policies that could not be measured", f"{rules:,} rules", {}, found)
            continue
        progress(f"large: {rules:,} rules, what they take in memory, by tracemalloc")
        traced = apart(_traced, rules, seconds=900)
        decided, figures = found
        kept = traced if isinstance(traced, float) else float("nan")
        section = "loading one large policy, to tomllib on the same file"
        yield Figures(section, f"{rules:,} rules", figures | {"bytes a rule": kept})
        yield from decided


def _large(rules: int, repeats: int) -> tuple[list[Row], Loaded]:
    few, path = Engine.load(_written(Book(FEW).toml())), _written(Book(rules).toml())
    parsing = _parsing([path])
    began = time.process_time()
    engine = Engine.load(path)
    loading = time.process_time() - began
    asked = 200
    pair = [Book(size).events(asked) for size in (FEW, rules)]
    warm = turn_about(over(few.evaluate, pair[0]), over(engine.evaluate, pair[1]), asked, repeats)
    starts = [_ready(one, events) for one, events in zip((few, engine), pair, strict=True)]
    first = turn_about(starts[0], starts[1], asked, repeats, again=False)
    title = f"one decision in a large policy, to {FEW} rules, dicts"
    rows = [Row(title, f"{rules:,} rules: warm", *warm), Row(title, f"{rules:,} rules: {asked} unlike events", *first)]
    figures = {"load s": loading, "us a rule": loading / rules * 1e6, "tomllib s": parsing, "ratio": loading / parsing}
    return rows, figures


def _ready(engine: Engine, events: list[dict[str, Any]]) -> Start:
    def start() -> Pass:
        fresh = Engine(engine.policies)
        fresh.evaluate(events[0])
        return over(fresh.evaluate, events)()

    return start


def _traced(rules: int) -> float:
    """Return the bytes that a rule takes once the policy is loaded, and an event decided."""
    path = _written(Book(rules).toml())
    events = Book(rules).events(1)
    Engine.load(_written(Book(FEW).toml())).evaluate(events[0] | {"subject": {"category": "people-0"}})
    gc.collect()
    tracemalloc.start()
    engine = Engine.load(path)
    engine.evaluate(events[0])
    gc.collect()
    return tracemalloc.get_traced_memory()[0] / rules
