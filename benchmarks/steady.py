"""A stream of events as a user has it, without end: what one costs, how long the longest take, and what is kept.

After 20,000 events the engine has seen what it will see, and is measured: on JSON lines, against the hand-written
function. Each side runs in a process of its own, turn about, so that neither searches the other's garbage.
"""

from __future__ import annotations

import gc
import multiprocessing
import statistics
import tempfile
import time
import tracemalloc
from array import array
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from itertools import islice
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

import handwritten
import streams
from corpus import PACK, said, said_by_hand
from timing import Figures, Row, Spread, progress, resident

from policyengine import Engine

BEFORE = 20_000
CHUNK = 500
STREAMS = (("a realistic stream", streams.realistic), ("every event of its own shape", streams.unlike))

_MEMORY = "MB of memory more than before the policy was loaded"

Decide = Callable[[bytes], object]


def rows(*, quick: bool) -> Iterator[Row | Figures]:
    """Yield the rows of this section."""
    with tempfile.TemporaryDirectory() as folder:
        yield from _rows(Path(folder) / "events.jsonl", quick)


def _rows(file: Path, quick: bool) -> Iterator[Row | Figures]:
    count = 3_000 if quick else 50_000
    for title, stream in STREAMS:
        before = BEFORE // 4 if quick and stream is streams.unlike else BEFORE  # there is nothing that comes again
        progress(f"stream: {title}: making {before + 2 * count:,} events")
        lines = streams.lines(stream, before + 2 * count)
        file.write_bytes(b"\n".join(lines))
        progress("stream: checking that engine and hand-written function agree on all of them")
        permitted = agreed(lines)
        progress(f"stream: {before:,} events, then {count:,} in turns of {CHUNK}, then {count:,} each by itself")
        with _Side.running(_by_hand, file) as hand, _Side.running(_by_engine, file) as engine:
            grown = [engine.ask("resident", 0, 0)]
            for side in (hand, engine):
                side.ask("over", 0, before)
            grown.append(engine.ask("resident", 0, 0))
            note = f"after {before:,} events; {permitted:.0%} permitted"
            yield _steady(title, hand, engine, range(before, before + count, CHUNK), note)
            for name, side in (("by hand", hand), ("engine", engine)):
                yield Figures(f"{title}: each event by itself", name, side.ask("each", before + count, len(lines)))
            grown.append(engine.ask("resident", 0, 0))
        stages = ("loaded", f"{before:,} events", f"{len(lines):,} events")
        yield Figures(f"{title}: {_MEMORY}", "resident, of the engine's process", dict(zip(stages, grown, strict=True)))
        if not quick:
            progress("stream: what the engine keeps, by tracemalloc")
            with _Side.running(_by_engine, file, traced=True) as side:
                kept = [side.ask("kept", *part) for part in ((0, 0), (0, before), (before, len(lines)))]
            yield Figures(f"{title}: {_MEMORY}", "by tracemalloc", dict(zip(stages, kept, strict=True)))


def agreed(lines: Sequence[bytes]) -> float:
    """Return the share of permits, or end the run where engine and hand-written function differ on an event."""
    permits = 0
    engine = Engine.load(PACK)
    for line in lines:
        decision = engine.evaluate_json(line)
        expected, answer = said(decision), said_by_hand(handwritten.from_json(line))
        if answer != expected:
            raise SystemExit(f"they differ on {line.decode()}\n  engine:       {expected}\n  hand-written: {answer}")
        permits += decision.permitted
    return permits / len(lines)


def _steady(title: str, hand: _Side, engine: _Side, chunks: range, note: str) -> Row:
    samples: tuple[list[float], list[float]] = ([], [])
    for turn, start in enumerate(chunks):
        for index in (0, 1) if turn % 2 else (1, 0):
            side = (hand, engine)[index]
            samples[index].append(side.ask("over", start, start + CHUNK) / CHUNK)
    ratios = [second / first for first, second in zip(*samples, strict=True)]
    total = Spread(statistics.fmean(samples[1]) / statistics.fmean(samples[0]), min(ratios), max(ratios))
    means = [Spread(statistics.fmean(each), min(each), max(each)) for each in samples]
    section = "streams of JSON lines, when the engine has seen many, to the hand-written function (means)"
    return Row(section, title, *means, total, note)


# ---------------------------------------------------------------- one side, in a process of its own


def _by_hand() -> Decide:
    return lambda line: handwritten.decide(handwritten.from_json(line))


def _by_engine() -> Decide:
    return Engine.load(PACK).evaluate_json


class _Side:
    """A process that decides events when asked, and answers with what that took."""

    def __init__(self, end: Connection) -> None:
        self._end = end

    @classmethod
    @contextmanager
    def running(cls, make: Callable[[], Decide], file: Path, *, traced: bool = False) -> Iterator[_Side]:
        """Run one on the events in `file` until the end of the block; `traced` counts what it keeps, and is slow."""
        ours, theirs = _CONTEXT.Pipe()
        process = _CONTEXT.Process(target=_serve, args=(theirs, make, file, traced))
        process.start()
        theirs.close()
        try:
            yield cls(ours)
        finally:
            ours.close()
            process.join()

    def ask(self, what: str, start: int, end: int) -> Any:
        """Have the events from `start` to `end` decided."""
        self._end.send((what, start, end))
        return self._end.recv()


_CONTEXT = multiprocessing.get_context("spawn")  # with a memory of its own, in which nothing else has lived


def _serve(end: Connection, make: Callable[[], Decide], file: Path, traced: bool) -> None:
    lines = file.read_bytes().splitlines()
    if traced:
        tracemalloc.start()
    before = resident()
    decide = make()
    while True:
        try:
            what, start, until = end.recv()
        except EOFError:
            return
        asked = islice(lines, start, until)
        if what == "resident":
            end.send(resident() - before)
        else:
            end.send({"over": _over, "each": _each, "kept": _kept}[what](decide, asked))


def _over(decide: Decide, lines: Iterator[bytes]) -> float:
    """Return the seconds of processor time that all of them took."""
    began = time.process_time()
    deque(map(decide, lines), maxlen=0)
    return time.process_time() - began


def _each(decide: Decide, lines: Iterator[bytes]) -> dict[str, float]:
    """Return how the times of the single events are spread, and how long garbage was collected."""
    clock = time.thread_time_ns
    took = array("q")
    pauses: list[int] = []
    began = 0

    def noted(phase: str, _info: dict[str, int]) -> None:
        nonlocal began
        if phase == "start":
            began = clock()
        else:
            pauses.append(clock() - began)

    gc.callbacks.append(noted)
    for line in lines:
        before = clock()
        decide(line)
        took.append(clock() - before)
    gc.callbacks.remove(noted)
    ordered = sorted(took)
    at = lambda share: ordered[min(len(ordered) - 1, int(share * len(ordered)))]  # noqa: E731
    return {
        "p50 us": at(0.5) / 1e3,
        "p99 us": at(0.99) / 1e3,
        "p99.9 us": at(0.999) / 1e3,
        "max us": ordered[-1] / 1e3,
        "p99.9/p50": at(0.999) / at(0.5),
        "gc pauses": len(pauses),
        "longest ms": max(pauses, default=0) / 1e6,
        "gc share %": 100 * sum(pauses) / sum(took),
    }


def _kept(decide: Decide, lines: Iterator[bytes]) -> float:
    """Return the megabytes that are kept after all of them."""
    deque(map(decide, lines), maxlen=0)
    gc.collect()
    return tracemalloc.get_traced_memory()[0] / 1e6
