"""Events in JSONL, or in one JSON document: the text of each, in order, in constant memory."""

from __future__ import annotations

import io
from collections.abc import Iterator
from typing import BinaryIO, Final

import msgspec

BOM: Final = b"\xef\xbb\xbf"


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
