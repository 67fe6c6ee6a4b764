"""Events in JSONL, or in one JSON document: the text of each, in order, in constant memory."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import chain
from typing import BinaryIO

import msgspec

from policyengine.builtin.files.lines import lines_read, too_long
from policyengine.errors import InvalidEvent


def event_texts(stream: BinaryIO, name: str) -> Iterator[Sequence[bytes | InvalidEvent]]:
    """Yield the JSON text of each event, blank lines left out: those together that could be read together.

    Nothing is held back: what has been read is yielded before more is waited for.

    A stream is JSONL: a line an event, and one that is too long is invalid. It is one JSON document, an event
    or a list of events, where its name ends in ``.json`` or its first line could not be an event of its own: a lone
    bracket or brace, the start of a list of objects, or of an object that goes on after a comma. What then is no JSON
    document is JSONL after all.

    Args:
        stream: the bytes; a byte-order mark at their beginning is passed over.
        name: the file's name; one that ends in ``.jsonl`` or ``.ndjson`` is JSONL whatever it holds.
    """
    pieces = lines_read(stream)
    for piece in pieces:
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


def _texts(lines: Sequence[bytes | None]) -> list[bytes | InvalidEvent]:
    found: list[bytes | InvalidEvent] = []
    for line in lines:
        if line is None:
            found.append(too_long())
        elif text := line.strip():
            found.append(text)
    return found


def _opens_document(line: bytes) -> bool:
    start, text = b"".join(line[:64].split()), line.strip()
    return text in (b"{", b"[") or start.startswith(b"[{") or (start.startswith(b"{") and text.endswith(b","))
