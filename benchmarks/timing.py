"""Measuring two things against each other: turn about, in one run, as ratios."""

from __future__ import annotations

import gc
import multiprocessing
import os
import re
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections import deque
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

Pass = Callable[[], object]
"""One timed pass over some work."""

Start = Callable[[], Pass]
"""Gets a pass ready (a fresh engine, say); what it does itself is not timed."""

SHORTEST = 0.004
"""A sample lasts at least so many seconds: shorter work is repeated within it."""


@dataclass(frozen=True)
class Spread:
    """The median of many samples, with the least and the greatest."""

    median: float
    low: float
    high: float

    @classmethod
    def of(cls, samples: Sequence[float]) -> Spread:
        """Return the spread of `samples`."""
        return cls(statistics.median(samples), min(samples), max(samples))


@dataclass(frozen=True)
class Row:
    """One line of the result.

    Args:
        section: the table to which it belongs.
        what: what was measured.
        base: seconds for one of it, of what it is measured against.
        measured: seconds for one of it.
        ratio: `measured` to `base`, pair by pair.
        note: what else a reader has to know.
    """

    section: str
    what: str
    base: Spread
    measured: Spread
    ratio: Spread
    note: str = ""


@dataclass(frozen=True)
class Figures:
    """One line of a table of plain figures.

    Args:
        section: the table to which it belongs; lines of one table have the same columns.
        what: what was measured.
        figures: each with its name, in which its unit stands.
        note: what else a reader has to know.
    """

    section: str
    what: str
    figures: Mapping[str, float]
    note: str = ""


def over(decide: Callable[[object], object], events: Iterable[object]) -> Start:
    """Return the pass that decides all of `events`, with next to nothing around each call."""
    events = list(events)
    return lambda: lambda: deque(map(decide, events), maxlen=0)


def turn_about(base: Start, measured: Start, count: int, repeats: int, *, again: bool = True) -> tuple[Spread, ...]:
    """Time two passes turn about, so that whatever slows the machine down slows both.

    Args:
        base: what is measured against.
        measured: what is measured.
        count: how many things one pass does.
        repeats: how many samples of each.
        again: whether a pass may be repeated within a sample; not where only the first one is what is meant.

    Returns:
        Seconds for one thing of `base` and of `measured`, and the ratio.
    """
    gc.collect()
    gc.freeze()  # what the benchmark itself holds is not to be searched for garbage again and again while it measures
    both = (base, measured)
    loops = [_loops(start) if again else 1 for start in both]
    samples: tuple[list[float], list[float]] = ([], [])
    for turn in range(repeats):
        for index in (0, 1) if turn % 2 else (1, 0):
            samples[index].append(_timed(both[index](), loops[index]) / count)
    gc.unfreeze()
    ratios = [second / first for first, second in zip(*samples, strict=True)]
    return Spread.of(samples[0]), Spread.of(samples[1]), Spread.of(ratios)


def _loops(start: Start) -> int:
    """Return how often a pass is repeated to last long enough; it has then run once at least."""
    once = _timed(start(), 1)
    return max(1, round(SHORTEST / max(once, 1e-7)))


def _timed(work: Pass, loops: int) -> float:
    """Return the seconds of processor time that one pass took: what other programs take does not count."""
    began = time.process_time()
    for _ in range(loops):
        work()
    return (time.process_time() - began) / loops


def processes(
    base: Sequence[str], measured: Sequence[str], repeats: int, code: int = 0
) -> tuple[Spread, Spread, Spread] | str:
    """Time two commands as whole processes, turn about, by the clock on the wall.

    Args:
        base: what is measured against.
        measured: what is measured.
        repeats: how many samples of each.
        code: the exit code that `measured` should have.

    Returns:
        Seconds for one run of `base` and of `measured`, and the ratio; or what went wrong.
    """
    commands = (base, measured)
    for command, expected in zip(commands, (0, code), strict=True):  # once untimed: the files are then in memory
        done = subprocess.run(command, capture_output=True, check=False)
        if done.returncode != expected:
            return f"exit code {done.returncode} {done.stderr.decode(errors='replace').strip().rpartition(chr(10))[2]}"
    samples: tuple[list[float], list[float]] = ([], [])
    for turn in range(repeats):
        for index in (0, 1) if turn % 2 else (1, 0):
            began = time.perf_counter()
            subprocess.run(commands[index], capture_output=True, check=False)
            samples[index].append(time.perf_counter() - began)
    ratios = [second / first for first, second in zip(*samples, strict=True)]
    return Spread.of(samples[0]), Spread.of(samples[1]), Spread.of(ratios)


def apart(work: Callable[..., Any], *arguments: Any, seconds: float) -> Any:
    """Return what `work` returns, done in a process of its own; or a text that says what went wrong.

    Args:
        work: a function of a module.
        arguments: what it is called with.
        seconds: how long it may take.
    """
    pool = ProcessPoolExecutor(1, multiprocessing.get_context("spawn"))
    asked = pool.submit(work, *arguments)
    try:
        return asked.result(seconds)
    except TimeoutError:
        for process in multiprocessing.active_children():
            process.kill()
        return f"not done in {seconds:,.0f} s"
    except Exception as error:  # a crash of the process as well
        return f"failed: {type(error).__name__}: {error}"
    finally:
        pool.shutdown(wait=False, cancel_futures=True)


def resident() -> float:
    """Return the megabytes of memory that this process holds, apart from what it shares with others."""
    _size, held, shared, *_ = map(int, Path("/proc/self/statm").read_text(encoding="ascii").split())
    return (held - shared) * os.sysconf("SC_PAGE_SIZE") / 1e6


@dataclass(frozen=True)
class Ran:
    """What one run of a command took: seconds on the wall and of processors, and the most megabytes that it held."""

    wall: float
    processor: float
    most: float


def ran(
    command: Sequence[str],
    seconds: float,
    code: int = 0,
    stdout: Path | None = None,
    environment: Mapping[str, str] | None = None,
) -> Ran | str:
    """Run a command, with all the processes that it starts; return what it took, or what went wrong."""
    with (stdout or Path(os.devnull)).open("wb") as out, tempfile.TemporaryFile() as err:
        began = time.perf_counter()
        process = subprocess.Popen(command, stdout=out, stderr=err, env=environment)
        most, ended = [0.0], threading.Event()
        threading.Thread(target=_watch, args=(process, seconds, most, ended)).start()
        _, status, used = os.wait4(process.pid, 0)
        wall = time.perf_counter() - began
        ended.set()
        process.returncode = os.waitstatus_to_exitcode(status)
        if process.returncode != code:
            err.seek(0)
            told = err.read().decode(errors="replace").strip().rpartition("\n")[2]
            return f"exit code {process.returncode} after {wall:.1f} s {told}"
        return Ran(wall, used.ru_utime + used.ru_stime, most[0])


def _watch(process: subprocess.Popen[bytes], seconds: float, most: list[float], ended: threading.Event) -> None:
    """Note the most memory that a process has held (`ru_maxrss` knows that of this one too), and end it in time."""
    until = time.monotonic() + seconds
    while not ended.wait(0.1):
        try:
            status = Path(f"/proc/{process.pid}/status").read_text(encoding="ascii", errors="replace")
        except OSError:
            return
        if (held := re.search(r"VmHWM:\s+(\d+) kB", status)) is not None:
            most[0] = int(held[1]) / 1e3
        if time.monotonic() > until:
            process.kill()


def progress(line: str) -> None:
    """Say on standard error what is being done."""
    print(line, file=sys.stderr, flush=True)
