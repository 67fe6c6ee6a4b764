"""Events in JSONL, or in one JSON document: the text of each, in order, in constant memory."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import chain
from typing import BinaryIO, Final

import msgspec

from policyengine.builtin.files.problems import LINE_TOO_LONG
from policyengine.errors import InvalidEvent

BOM: Final = b"\xef\xbb\xbf"

_PIECE: Final = 1 << 18
"""So many bytes are read at a time, or as many as are there."""


MOST: Final = 64 << 20
"""No event takes more bytes on its line: whatever comes on a stream, so much of a line is held."""


def event_texts(stream: BinaryIO, name: str) -> Iterator[Sequence[bytes | InvalidEvent]]:
    """Yield the JSON text of each event, blank lines left out: those together that could be read together.

    Nothing is held back: what has been read is yielded before more is waited for.

    A stream is JSONL: a line an event, and one that is longer than `MOST` is invalid. It is one JSON document, an event
    or a list of events, where its name ends in ``.json`` or its first line could not be an event of its own: a lone
    bracket or brace, the start of a list of objects, or of an object that goes on after a comma. What then is no JSON
    document is JSONL after all.

    Args:
        stream: the bytes; a byte-order mark at their beginning is passed over.
        name: the file's name; one that ends in ``.jsonl`` or ``.ndjson`` is JSONL whatever it holds.
    """
    pieces = _lines(stream)
    start = BOM
    for piece in pieces:
        if piece[0] is not None:
            piece[0] = piece[0].removeprefix(start)
        start = b""
        first = next((line for line in piece if line is None or line.strip()), b"")
        if first != b"":
            break
    else:
        return
    document = name.endswith(".json") or (first is not None and _opens_document(first))
    if name.endswith((".jsonl", ".ndjson")) or not document:
        for some in chain([piece], pieces):
            if texts := _texts(some):
                yield texts
        return
    lines = [*piece, *chain.from_iterable(pieces)]
    text = b"\n".join([line for line in lines if line is not None])
    if None in lines:
        pass  # a line that is too long is part of no document
    elif text.lstrip().startswith(b"["):
        try:
            yield [bytes(member) for member in msgspec.json.decode(text, type=list[msgspec.Raw])]
            return
        except (msgspec.MsgspecError, ValueError, RecursionError):
            pass
    else:
        try:
            msgspec.json.decode(text)
        except (msgspec.MsgspecError, ValueError, RecursionError):
            pass
        else:
            yield [text]
            return
    yield _texts(lines)


def _lines(stream: BinaryIO) -> Iterator[list[bytes | None]]:
    """Yield the lines of a stream, without their ends, those together of which the ends were read together.

    Of a line that is too long nothing is held; it is None.
    """
    read = getattr(stream, "read1", stream.read)  # as many bytes as are there; what has no buffer reads so anyway
    begun: list[bytes] = []
    size = 0
    while piece := read(_PIECE):
        first, *others = piece.split(b"\n")
        size += len(first)
        begun = [*begun, first] if size <= MOST else []
        if others:
            *whole, rest = others
            yield [b"".join(begun) if size <= MOST else None, *whole]
            begun, size = [rest], len(rest)
    if size:
        yield [b"".join(begun) if size <= MOST else None]


def _texts(lines: Sequence[bytes | None]) -> list[bytes | InvalidEvent]:
    found: list[bytes | InvalidEvent] = []
    for line in lines:
        if line is None:
            found.append(InvalidEvent([LINE_TOO_LONG.error("$", most=MOST >> 20)]))
        elif text := line.strip():
            found.append(text)
    return found


def _opens_document(line: bytes) -> bool:
    start, text = b"".join(line[:64].split()), line.strip()
    return text in (b"{", b"[") or start.startswith(b"[{") or (start.startswith(b"{") and text.endswith(b","))
