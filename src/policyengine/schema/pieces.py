"""The pieces that every JSON Schema here is made of."""

from __future__ import annotations

import re
import sys
from collections.abc import Sequence
from typing import Any, Final

from policyengine.calendar import DURATION_PATTERN
from policyengine.moment import DAY_PATTERN, TIME_PATTERN
from policyengine.text import LANGUAGE_TAG, LANGUAGES

Schema = dict[str, Any]


DRAFT = "https://json-schema.org/draft/2020-12/schema"


def head(name: str, title: str) -> Schema:
    """Return how a schema begins: its draft, its own name wherever its file lies, and its title.

    Args:
        name: what is described, in a word.
        title: what people call that.
    """
    return {"$schema": DRAFT, "$id": f"urn:dataflow-policyengine:schema:{name}", "title": title}


ID: Schema = {"type": "string", "pattern": r"^[^\s:]+(?![\s\S])"}


ANY_ITEM: Schema = {"pattern": r"^any(?![\s\S])"}
EVERY_TERM: Schema = {"pattern": r"^\*(?![\s\S])"}
ABOVE_IT: Schema = {"pattern": r"^above(?![\s\S])"}
OTHERS: Schema = {"pattern": r"^other-policies(?![\s\S])"}
ANYONE: Schema = {"pattern": r"^anyone(?![\s\S])"}


NUMBER: Schema = {"type": "number", "minimum": -sys.float_info.max, "maximum": sys.float_info.max}


BOUND: Schema = {**NUMBER, "type": ["number", "string"]}
"""A number, or a day or time as a text."""


SCALAR: Schema = {**NUMBER, "type": ["boolean", "number", "string"]}


_SAID: Schema = {"type": "string", "description": "The text in this language.", "minLength": 1}


TEXT: Schema = {
    "type": "object",
    "description": "The same text in every language of the policy.",
    "properties": dict.fromkeys(LANGUAGES, _SAID),
    "required": [*LANGUAGES],
    "additionalProperties": False,
}
"""A text in the languages that a policy has which names none; `in_languages` makes it one in others."""


TEXT_IN_ANY: Schema = {
    "type": "object",
    "description": "The same text by language.",
    "propertyNames": {"pattern": LANGUAGE_TAG},
    "additionalProperties": _SAID,
    "minProperties": 1,
}


_CODES: Final = tuple(
    re.findall(
        r"\w\w",
        "aa ab ae af ak am an ar as av ay az ba be bg bh bi bm bn bo br bs ca ce ch co cr cs cu cv cy da de dv dz "
        "ee el en eo es et eu fa ff fi fj fo fr fy ga gd gl gn gu gv ha he hi ho hr ht hu hy hz ia id ie ig ii ik "
        "io is it iu ja jv ka kg ki kj kk kl km kn ko kr ks ku kv kw ky la lb lg li ln lo lt lu lv mg mh mi mk ml "
        "mn mr ms mt my na nb nd ne ng nl nn no nr nv ny oc oj om or os pa pi pl ps pt qu rm rn ro ru rw sa sc sd "
        "se sg si sk sl sm sn so sq sr ss st su sv sw ta te tg th ti tk tl tn to tr ts tt tw ty ug uk ur uz ve vi "
        "vo wa wo xh yi yo za zh zu ",
    )
)
"""The codes of ISO 639-1: the languages that a text may be in beside those that are asked of it."""


def in_languages(schema: Any, languages: Sequence[str], *, more: bool = False) -> Any:
    """Return a schema in which every text, an object with the keys ``ja`` and ``en``, is one in other languages.

    Args:
        schema: the schema.
        languages: those in which a text is needed.
        more: whether it may exist in others as well.
    """
    if isinstance(schema, list):
        return [in_languages(member, languages, more=more) for member in schema]
    if not isinstance(schema, dict):
        return schema
    found = {key: in_languages(member, languages, more=more) for key, member in schema.items()}
    properties = schema.get("properties")
    if not (isinstance(properties, dict) and all(lang in properties for lang in LANGUAGES)):
        return found
    own = {key: member for key, member in found["properties"].items() if key not in LANGUAGES}
    found["properties"] = {**dict.fromkeys((*languages, *(_CODES if more else ())), _SAID), **own}
    if "required" in found:
        found["required"] = [*languages, *(key for key in found["required"] if key not in LANGUAGES)]
    return found


PARAMETERS: Schema = {
    "type": "object",
    "description": "What a host or an action is handed on as it is.",
    "additionalProperties": {"type": [*SCALAR["type"], "array"], "items": SCALAR},
}


DATED_PARAMETERS: Schema = {
    **PARAMETERS,
    "description": "What a host is handed on: as it is, or as the time that comes so long after the event.",
    "additionalProperties": {
        "type": [*SCALAR["type"], "array", "object"],
        "items": SCALAR,
        "properties": {
            "within": {"type": "string", "description": "How long after the event.", "pattern": DURATION_PATTERN}
        },
        "required": ["within"],
        "additionalProperties": False,
    },
}


WHEN: Schema = {
    "type": "string",
    "format": "date-time",
    "description": "A time with an offset.",
    "pattern": TIME_PATTERN,
}
"""A time of TOML, which editors know by its format, and a time as a text of JSON."""


DAY: Schema = {
    "type": "string",
    "format": "date",
    "description": "A day.",
    "pattern": DAY_PATTERN,
}
"""A day of TOML, or as a text of JSON."""
