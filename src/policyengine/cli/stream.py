"""Events from a file, a pipe or an event source of a plugin, in order, in constant memory."""

from __future__ import annotations

import io
import os
import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from queue import Queue
from threading import Thread
from typing import TYPE_CHECKING, BinaryIO, NamedTuple

import click

from policyengine.errors import PolicyError, did_you_mean
from policyengine.text import visible

if TYPE_CHECKING:
    from policyengine.builtin.files import Read
    from policyengine.engine.engine import Engine


@contextmanager
def events_from(
    engine: Engine, events: str | None, source: str | None, *, shared: bool = False
) -> Iterator[Iterable[Iterable[Read]]]:
    """Open the events of a command: those of a file or of standard input, or those of an event source.

    They come in blocks: those of a stream that are there together. What an event source has is one block, for it may
    wait before any of them; or many, where they are to be shared out.

    Args:
        engine: has the event sources.
        events: the file, or ``-``.
        source: the name of an event source.
        shared: whether the events of a source are to be shared out.

    Raises:
        click.ClickException: not exactly one of both is named, or it cannot be read; exit code 2.
    """
    from policyengine.builtin.files import read_blocks  # noqa: PLC0415

    if (events is None) == (source is None):
        raise click.UsageError("name the events with --events, or an event source with --source")
    try:
        if source is not None:
            if source not in engine.event_sources:
                hint = did_you_mean(source, engine.event_sources)
                raise click.BadParameter(
                    f'no event source "{source}"' + (f"; {hint.en}" if hint else ""), param_hint="--source"
                )
            found = engine.event_sources[source].events()
            yield _there_together(map(_sendable, found)) if shared else [found]
        else:
            assert events is not None
            with opened(events) as stream, progress(stream, events) as shown:
                yield read_blocks(shown, events)
    except PolicyError as error:
        raise click.ClickException("\n".join(problem.line() for problem in error.problems)) from None


def _there_together(events: Iterable[Read]) -> Iterator[list[Read]]:
    """Yield events in blocks, and none later than it is there; they are waited for in a thread."""
    from policyengine.builtin.files.lines import BLOCK  # noqa: PLC0415

    there: Queue[Read | _End] = Queue(BLOCK)

    def read() -> None:
        try:
            for event in events:
                there.put(event)
            there.put(_End(None))
        except BaseException as error:  # whatever somebody's source raises is raised where its events are waited for
            there.put(_End(error))

    Thread(target=read, daemon=True).start()
    while True:
        block: list[Read] = []
        found = there.get()
        while not isinstance(found, _End):
            block.append(found)
            if len(block) == BLOCK or there.empty():
                break
            found = there.get()
        if block:
            yield block
        if isinstance(found, _End):
            if found.why is not None:
                raise found.why
            return


class _End(NamedTuple):
    """There are no more events, and perhaps why."""

    why: BaseException | None


def _sendable(event: Read) -> Read:
    """Return what an event source yielded so that another process can have it; what cannot be read is invalid."""
    from policyengine.decision.decider import read_event  # noqa: PLC0415
    from policyengine.model.event_document import plain  # noqa: PLC0415

    try:
        return plain(event)  # type: ignore[no-any-return]
    except Exception:  # whatever somebody's mapping raises
        return read_event(event)  # type: ignore[return-value]


@contextmanager
def opened(name: str) -> Iterator[BinaryIO]:
    """Open the events: a file, or standard input for ``-``; without a buffer, so that a read gives what is there.

    Raises:
        click.ClickException: the events cannot be read; exit code 2.
    """
    if name == "-":
        if sys.stdin is None:
            raise click.ClickException("standard input is closed")
        yield io.FileIO(sys.stdin.fileno(), closefd=False)
        return
    try:
        file = Path(name).open("rb", buffering=0)  # noqa: SIM115  what goes wrong while it is read is no matter of opening it
    except OSError as error:
        why = {IsADirectoryError: "is a folder", FileNotFoundError: "no such file"}.get(type(error), error.strerror)
        raise click.ClickException(visible(f"{name}: {why}")) from None
    with file:
        yield file


@contextmanager
def progress(stream: BinaryIO, name: str) -> Iterator[BinaryIO]:
    """Show on standard error how far a stream has been read, where that is a terminal and there is much to read."""
    size = os.fstat(stream.fileno()).st_size if name != "-" else 0
    if not sys.stderr.isatty() or sys.stdout.isatty() or size < 1 << 20:
        yield stream
        return
    from rich.console import Console  # noqa: PLC0415  heavy, and only for somebody who is looking
    from rich.progress import wrap_file  # noqa: PLC0415

    with wrap_file(
        stream, size, description=visible(Path(name).name), console=Console(stderr=True), transient=True
    ) as shown:
        yield shown
