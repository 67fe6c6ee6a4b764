"""Events in JSONL, or in one JSON document: the text of each, in order, in constant memory."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import chain
from typing import BinaryIO, Final

import msgspec

BOM: Final = b"\xef\xbb\xbf"

_PIECE: Final = 1 << 18
"""So many bytes are read at a time, or as many as are there."""


def event_texts(stream: BinaryIO, name: str) -> Iterator[Sequence[bytes]]:
    """Yield the JSON text of each event, blank lines left out: those together that could be read together.

    Nothing is held back: what has been read is yielded before more is waited for.

    A stream is JSONL: a line an event. It is one JSON document, an event or a list of events, where its name ends in
    ``.json`` or its first line could not be an event of its own: a lone bracket or brace, the start of a list of
    objects, or of an object that goes on after a comma. What then is no JSON document is JSONL after all.

    Args:
        stream: the bytes; a byte-order mark at their beginning is passed over.
        name: the file's name; one that ends in ``.jsonl`` or ``.ndjson`` is JSONL whatever it holds.
    """
    pieces = _lines(stream)
    start = BOM
    for piece in pieces:
        piece[0] = piece[0].removeprefix(start)
        start = b""
        if any(map(bytes.strip, piece)):
            break
    else:
        return
    first = next(line for line in piece if line.strip())
    if name.endswith((".jsonl", ".ndjson")) or not (name.endswith(".json") or _opens_document(first)):
        for some in chain([piece], pieces):
            if texts := _texts(some):
                yield texts
        return
    lines = [*piece, *chain.from_iterable(pieces)]
    text = b"\n".join(lines)
    if text.lstrip().startswith(b"["):
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


def _lines(stream: BinaryIO) -> Iterator[list[bytes]]:
    """Yield the lines of a stream, without their ends, those together of which the ends were read together."""
    read = getattr(stream, "read1", stream.read)  # as many bytes as are there; what has no buffer reads so anyway
    begun: list[bytes] = []
    while piece := read(_PIECE):
        whole, end, rest = piece.rpartition(b"\n")
        if end:
            yield b"".join((*begun, whole)).split(b"\n")
            begun = []
        begun.append(rest)
    if last := b"".join(begun):
        yield [last]


def _texts(lines: Sequence[bytes]) -> list[bytes]:
    return [text for line in lines if (text := line.strip())]


def _opens_document(line: bytes) -> bool:
    start, text = b"".join(line[:64].split()), line.strip()
    return text in (b"{", b"[") or start.startswith(b"[{") or (start.startswith(b"{") and text.endswith(b","))
