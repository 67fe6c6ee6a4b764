"""The pieces that every JSON Schema here is made of."""

from __future__ import annotations

import sys
from typing import Any

from policyengine.moment import TIME_PATTERN

Schema = dict[str, Any]


DRAFT = "https://json-schema.org/draft/2020-12/schema"


ID: Schema = {"type": "string", "pattern": r"^[^\s:]+(?![\s\S])"}


ANY_ITEM: Schema = {"pattern": r"^any(?![\s\S])"}
ANYONE: Schema = {"pattern": r"^anyone(?![\s\S])"}


NUMBER: Schema = {"type": "number", "minimum": -sys.float_info.max, "maximum": sys.float_info.max}


SCALAR: Schema = {**NUMBER, "type": ["boolean", "number", "string"]}


TEXT: Schema = {
    "type": "object",
    "description": "The same text in Japanese and in English.",
    "properties": {"ja": {"type": "string", "minLength": 1}, "en": {"type": "string", "minLength": 1}},
    "required": ["ja", "en"],
    "additionalProperties": False,
}


WHEN: Schema = {
    "type": "string",
    "format": "date-time",
    "description": "A time with an offset.",
    "pattern": TIME_PATTERN,
}
"""A time of TOML, which editors know by its format, and a time as a text of JSON."""
