"""Events shared out among processes, and their decisions in the order of the events: what `evaluate --jobs` does.

Each process loads the policies itself, and decides every so many-th block of events. They share nothing; a block goes
to a process, and what it comes to comes back, by a pipe of its own. What has been read but not written yet is never
more than a few blocks for each process, since a pipe holds no more.
"""

from __future__ import annotations

import signal
import sys
import traceback
from collections.abc import Generator, Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from itertools import cycle
from multiprocessing import get_context
from multiprocessing.connection import Connection
from queue import SimpleQueue
from threading import Thread
from typing import TYPE_CHECKING, Any, TypeAlias

import click

from policyengine.cli.common import load_engine
from policyengine.cli.session import Session
from policyengine.cli.summary import Tally
from policyengine.cli.writing import Call

if TYPE_CHECKING:
    from multiprocessing.context import SpawnProcess

    from policyengine.builtin.files import Read
    from policyengine.engine.engine import Engine

Decided: TypeAlias = tuple[bytes, Tally]
"""What a block of events came to: what is written of it, and its counts."""


class JobFailed(Exception):
    """A mistake of ours in another process, with its traceback as its text."""


def decided(call: Call, jobs: int, engine: Engine, blocks: Iterable[Iterable[Read]]) -> Generator[Decided]:
    """Decide blocks of events in several processes.

    Args:
        call: what they are told.
        jobs: how many they are.
        engine: that of this process, whose policies must be theirs.
        blocks: the events; read in a thread, so that what is decided is there before more events are.

    Yields:
        What each block came to, in the order of the blocks.

    Raises:
        click.ClickException: a process ended early, or has loaded other policies.
    """
    with _started(call, jobs) as workers:
        for worker in workers:
            if worker.received() != _digests(engine):
                raise click.ClickException("the policies were changed while the processes loaded them")
        order: SimpleQueue[_Worker | BaseException | None] = SimpleQueue()
        Thread(target=_share_out, args=(blocks, workers, order), daemon=True).start()
        while (next_one := order.get()) is not None:
            if isinstance(next_one, BaseException):
                raise next_one
            yield next_one.received()


def _share_out(blocks: Iterable[Iterable[Read]], workers: Sequence[_Worker], order: SimpleQueue[Any]) -> None:
    """Send each block to the next process; say in `order` which it was, or what went wrong with the events."""
    try:
        for block, worker in zip(blocks, cycle(workers), strict=False):
            there = worker.send(block)
            order.put(worker)
            if not there:
                return
        order.put(None)
    except BaseException as error:
        order.put(error)


class _Worker:
    """Another process, as this one sees it."""

    def __init__(self, call: Call) -> None:
        context = get_context("spawn")  # a copy of this process would have its threads' locks and the others' pipes
        asked, self._ask = context.Pipe(duplex=False)
        self._answer, answered = context.Pipe(duplex=False)
        self._process: SpawnProcess = context.Process(target=_work, args=(call, asked, answered), daemon=True)
        self._process.start()
        asked.close()
        answered.close()

    def send(self, block: Iterable[Read]) -> bool:
        """Send a block, and wait until it is taken; return whether the process is still there."""
        try:
            self._ask.send(block)
        except (BrokenPipeError, ConnectionResetError):
            return False
        return True

    def received(self) -> Any:
        """Wait for what the process says next. Raises `click.ClickException` where it has ended."""
        try:
            found = self._answer.recv()
        except (EOFError, ConnectionResetError):
            self._process.join()
            code = self._process.exitcode or 0
            how = f"by signal {signal.Signals(-code).name}" if code < 0 else f"with exit code {code}"
            raise click.ClickException(
                f"one of the processes ended {how}; the events from there on are not decided"
            ) from None
        if isinstance(found, JobFailed):
            raise found
        return found

    def end(self, *, now: bool) -> None:
        """Let the process end when it has done what was sent, or `now`."""
        if now:
            self._process.terminate()
        self._ask.close()
        self._process.join()


@contextmanager
def _started(call: Call, jobs: int) -> Iterator[Sequence[_Worker]]:
    workers: list[_Worker] = []
    try:
        with _uninterrupted():
            workers += (_Worker(call) for _ in range(jobs))
        yield workers
    except BaseException:  # nobody waits any longer for what they do, closing included
        for worker in workers:
            worker.end(now=True)
        raise
    for worker in workers:
        worker.end(now=False)


@contextmanager
def _uninterrupted() -> Iterator[None]:
    """Start processes that no Ctrl-C reaches, which a terminal sends to all of them: it is for this one to end them."""
    if not hasattr(signal, "pthread_sigmask"):  # Windows
        yield
        return
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})  # a process begins with the mask of its parent
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def _digests(engine: Engine) -> Sequence[tuple[str, str]]:
    return [(policy.id, policy.digest) for policy in engine.policies]


def _work(call: Call, asked: Connection, answered: Connection) -> None:
    """Be one of the processes: load the policies, then decide block after block until no more come."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    with suppress(EOFError, BrokenPipeError):  # the other end has gone
        with click.Context(click.Command("evaluate"), obj=Session(call.file, call.writing.lang, call.disable)):
            try:
                engine = load_engine(call.policy, call.readings, call.writing.lang)
            except click.ClickException as error:
                error.show()
                sys.exit(error.exit_code)
        answered.send(_digests(engine))
        while True:
            block = asked.recv()
            try:
                tally = Tally(call.reasons)
                answer: Decided | JobFailed = (
                    call.writing.block(engine, tally.counting(engine.evaluate_all(block))),
                    tally,
                )
            except Exception:
                answer = JobFailed(traceback.format_exc())
            answered.send(answer)
