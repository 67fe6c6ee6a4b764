"""Events from a file or a pipe, one at a time, in order, in constant memory."""

from __future__ import annotations

import io
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

import click
import msgspec

BOM = b"\xef\xbb\xbf"


@contextmanager
def opened(name: str) -> Iterator[BinaryIO]:
    """Open the events: a file, or standard input for ``-``.

    Raises:
        click.ClickException: the events cannot be read; exit code 2.
    """
    if name == "-":
        if sys.stdin is None:
            raise click.ClickException("standard input is closed")
        yield sys.stdin.buffer
        return
    try:
        file = Path(name).open("rb")  # noqa: SIM115  what goes wrong while it is read is no matter of opening it
    except OSError as error:
        why = {IsADirectoryError: "is a folder", FileNotFoundError: "no such file"}.get(type(error), error.strerror)
        raise click.ClickException(f"{name}: {why}") from None
    with file:
        yield file


def event_texts(stream: BinaryIO, name: str) -> Iterator[bytes]:
    """Yield the JSON text of each event, blank lines left out.

    A stream is JSONL: a line an event. It is one JSON document, an event or a list of events, where its name ends in
    ``.json`` or its first line could not be an event of its own: a lone bracket or brace, the start of a list of
    objects, or of an object that goes on after a comma. What then is no JSON document is JSONL after all.

    Args:
        stream: the bytes; a byte-order mark at their beginning is passed over.
        name: the file's name; one that ends in ``.jsonl`` or ``.ndjson`` is JSONL whatever it holds.
    """
    lines = iter(stream)
    first = b""
    for line in lines:
        first = line.removeprefix(BOM) if not first else line
        if first.strip():
            break
        first = b" "
    else:
        return
    if name.endswith((".jsonl", ".ndjson")) or not (name.endswith(".json") or _opens_document(first)):
        yield first.strip()
        yield from (line.strip() for line in lines if line.strip())
        return
    text = first + b"".join(lines)
    if text.lstrip().startswith(b"["):
        try:
            yield from (bytes(member) for member in msgspec.json.decode(text, type=list[msgspec.Raw]))
            return
        except (msgspec.MsgspecError, ValueError, RecursionError):
            pass
    else:
        try:
            msgspec.json.decode(text)
        except (msgspec.MsgspecError, ValueError, RecursionError):
            pass
        else:
            yield text
            return
    yield from (line.strip() for line in io.BytesIO(text) if line.strip())


def _opens_document(line: bytes) -> bool:
    start, text = b"".join(line[:64].split()), line.strip()
    return text in (b"{", b"[") or start.startswith(b"[{") or (start.startswith(b"{") and text.endswith(b","))


@contextmanager
def progress(stream: BinaryIO, name: str) -> Iterator[BinaryIO]:
    """Show on standard error how far a stream has been read, where that is a terminal and there is much to read."""
    size = os.fstat(stream.fileno()).st_size if name != "-" else 0
    if not sys.stderr.isatty() or sys.stdout.isatty() or size < 1 << 20:
        yield stream
        return
    from rich.console import Console  # noqa: PLC0415  heavy, and only for somebody who is looking
    from rich.progress import wrap_file  # noqa: PLC0415

    with wrap_file(stream, size, description=Path(name).name, console=Console(stderr=True), transient=True) as shown:
        yield shown
