"""What a JSON Schema is made of that has nothing but the keywords of every day, as a JSON Schema.

Nearly all schemas are so, and a quick look at them says that they are schemas. Of one that is not so, jsonschema says
whether it is one.
"""

from __future__ import annotations

from typing import Any, Final

from policyengine.schema.pieces import NUMBER, Schema

_PART: Final[Schema] = {"$ref": "#/$defs/part"}
_PARTS: Final[Schema] = {"type": "array", "minItems": 1, "items": _PART}
_BY_NAME: Final[Schema] = {"type": "object", "additionalProperties": _PART}
_TEXT: Final[Schema] = {"type": "string"}
_SIZE: Final[Schema] = {"type": "integer", "minimum": 0}
_FLAG: Final[Schema] = {"type": "boolean"}
_LIST: Final[Schema] = {"type": "array"}
_ANYTHING: Final[Schema] = {}
_TYPE: Final[Schema] = {"enum": ["object", "array", "string", "boolean", "null", "number", "integer"]}

_KEYWORDS: Final[dict[str, Any]] = {
    **dict.fromkeys(("additionalProperties", "else", "if", "items", "not", "propertyNames", "then"), _PART),
    **dict.fromkeys(("allOf", "anyOf", "oneOf"), _PARTS),
    **dict.fromkeys(("properties", "$defs"), _BY_NAME),
    **dict.fromkeys(("minItems", "maxItems", "minLength", "maxLength", "minProperties", "maxProperties"), _SIZE),
    **dict.fromkeys(("minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum"), NUMBER),
    **dict.fromkeys(("title", "description", "$comment", "format"), _TEXT),
    **dict.fromkeys(("uniqueItems", "deprecated", "readOnly", "writeOnly"), _FLAG),
    **dict.fromkeys(("default", "const", "x-policyengine"), _ANYTHING),
    **dict.fromkeys(("enum", "examples"), _LIST),
    "type": {"anyOf": [_TYPE, {"type": "array", "minItems": 1, "uniqueItems": True, "items": _TYPE}]},
    "required": {"type": "array", "uniqueItems": True, "items": _TEXT},
    "$ref": {"type": "string", "pattern": r"^#/\$defs/[A-Za-z0-9_.-]+(?![\s\S])"},
}

PLAIN: Final[Schema] = {
    "$defs": {"part": {"type": ["object", "boolean"], "properties": _KEYWORDS, "additionalProperties": False}},
    "$ref": "#/$defs/part",
}
"""The schema of such schemas. Every schema of which it says yes is one of draft 2020-12."""
