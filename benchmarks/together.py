"""What each part of enforcement costs where many enforce at once: threads of one process, and processes."""

from __future__ import annotations

import multiprocessing
import tempfile
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Executor, ProcessPoolExecutor, ThreadPoolExecutor
from pathlib import Path
from threading import Barrier
from typing import Any, Final

import embedding
from timing import Figures, progress

TITLE: Final = "one flow enforced, by how many do so at once"
ALONE: Final = frozenset({"enforce_async"})
"""What runs on one loop, and is for one thread."""

Call = Callable[[object], object]
_begun: dict[str, Any] = {}
"""What processes find in the memory that they share with the one that has started them: no call is sent."""


def rows(*, quick: bool) -> Iterator[Figures]:
    """Yield the rows of this section."""
    calls = 1_000 if quick else 10_000
    with tempfile.TemporaryDirectory() as folder:
        for what, event, call, _ in embedding.measured(Path(folder)):
            if what in ALONE:
                continue
            for _ in range(50):
                call(event)
            for sort, number in (("threads", 1), ("threads", 2), ("threads", 4), ("threads", 8), ("processes", 2)):
                progress(f"together: {what}, {number} {sort}")
                figures = _figures(call, event, number, calls // number, processes=sort == "processes")
                yield Figures(TITLE, f"{what}, {number} {sort if number > 1 else 'thread'}", figures)


def _figures(call: Call, event: dict[str, Any], number: int, times: int, *, processes: bool) -> dict[str, float]:
    context = multiprocessing.get_context("fork")
    start = context.Barrier(number) if processes else Barrier(number)
    _begun.update(call=call, event=event, start=start)
    executor: Executor = ProcessPoolExecutor(number, context) if processes else ThreadPoolExecutor(number)
    with executor:
        found = list(executor.map(_timed, [times] * number))
    took = sorted(sample for samples, *_ in found for sample in samples)
    processor = sum(used for *_, used in found)
    return {
        "CPU us a flow": processor / len(took) * 1e6,
        "p50 us": took[len(took) // 2] * 1e6,
        "p99 us": took[len(took) * 99 // 100] * 1e6,
        "max us": took[-1] * 1e6,
    }


def _timed(times: int) -> tuple[list[float], float]:
    """Return how long each call took on the wall, and how long all of them took this thread's processor."""
    call, event, clock = _begun["call"], _begun["event"], time.perf_counter
    samples = []
    call(event)
    _begun["start"].wait()
    before = time.thread_time()
    for _ in range(times):
        began = clock()
        call(event)
        samples.append(clock() - began)
    return samples, time.thread_time() - before
