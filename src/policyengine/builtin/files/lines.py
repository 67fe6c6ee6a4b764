"""The lines of a stream as they come: none that is there is held back, and of none more is held than a bound allows."""

from __future__ import annotations

from collections.abc import Iterator
from select import select
from time import sleep
from typing import BinaryIO, Final

from policyengine.builtin.files.problems import LINE_TOO_LONG
from policyengine.errors import InvalidEvent

BOM: Final = b"\xef\xbb\xbf"

MOST: Final = 64 << 20
"""No event takes more bytes: whatever comes on a stream, so much of a line, or of a row of CSV, is held."""

BLOCK: Final = 500
"""At most so many events are handed on together."""

_PIECE: Final = 1 << 18
"""So many bytes are read at a time, or as many as are there."""

_PAUSE: Final = 0.05
"""How many seconds lie between two looks, where the system cannot wait for what comes."""


def too_long() -> InvalidEvent:
    """Return what an event is whose line, or row, is too long."""
    return InvalidEvent([LINE_TOO_LONG.error("$", most=MOST >> 20)])


def lines_read(stream: BinaryIO) -> Iterator[list[bytes | None]]:
    """Yield the lines of a stream, without their ends, those together of which the ends were read together.

    A byte-order mark at the beginning is passed over. Of a line that is longer than `MOST` nothing is held; it is None.
    """
    read = getattr(stream, "read1", stream.read)  # as many bytes as are there; what has no buffer reads so anyway
    begun, size, mark = bytearray(), 0, BOM

    def ended(rest: bytes) -> bytes | None:
        nonlocal mark
        line = bytes(begun + rest).removeprefix(mark) if size + len(rest) <= MOST else None
        mark = b""
        return line

    while (piece := read(_PIECE)) != b"":
        if piece is None:  # nothing is there yet, in a stream that somebody has set not to wait
            _wait(stream)
            continue
        first, *others = piece.split(b"\n")
        if others:
            *whole, rest = others
            yield [ended(first), *whole]
            begun, size = bytearray(rest), len(rest)
        else:
            size += len(first)
            begun = begun if size <= MOST else bytearray()
            begun += first
    if size:
        yield [ended(b"")]


def _wait(stream: BinaryIO) -> None:
    """Wait until more may be there."""
    try:
        select([stream], [], [])
    except OSError:  # a system that waits for sockets alone
        sleep(_PAUSE)
