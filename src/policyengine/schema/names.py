"""The ids of events and facts: two spellings of one person must not be two people."""

from __future__ import annotations

import unicodedata
from typing import Final

from policyengine.schema.pieces import Schema

NAME: Final[Schema] = {
    "type": "string",
    "description": "An id: Unicode NFC, without control or format characters, and without white space at its ends.",
    "format": "id",
    "minLength": 1,
    "pattern": (
        r"^(?!\s)(?![\s\S]*\s(?![\s\S]))[^\u0000-\u001F\u007F-\u009F\u00AD\u0600-\u0605\u061C\u06DD\u070F\u0890\u0891"
        r"\u08E2\u180E\u200B-\u200F\u2028-\u202E\u2060-\u2064\u2066-\u206F\uFEFF\uFFF9-\uFFFB]+(?![\s\S])"
    ),
}
"""The schema of an id. Its pattern says what a pattern can say in every dialect; `is_name` says all of it."""

_UNWANTED: Final = frozenset({"Cc", "Cf", "Zl", "Zp"})
"""The categories of characters that nobody sees."""


def is_name(text: str) -> bool:
    """Whether `text` can be an id. Every event is held to this: a plain one costs little."""
    if text.isascii() and text.isprintable():
        return text != "" and text[0] != " " and text[-1] != " "
    if not text or text != text.strip() or not unicodedata.is_normalized("NFC", text):
        return False
    return text.isprintable() or not any(unicodedata.category(char) in _UNWANTED for char in text)
