"""The JSON Schema of test suites."""

from __future__ import annotations

from typing import Any

from policyengine.model.flow_schema import ABOUT
from policyengine.schema.pieces import EVERY_TERM, TEXT_IN_ANY, Schema, head

_NAMES: Schema = {"type": "array", "items": {"type": "string"}}
_READINGS: Schema = {
    "type": "object",
    "description": "Under which values the text is read, by the names of readings.",
    "additionalProperties": {"type": "string"},
}
_REVIEWED: Schema = {
    "type": "boolean",
    "description": "Whether a person has said that what is expected is right; where a program wrote it, false.",
}
_EXPECTED: Schema = {
    "expect": {"enum": ["permit", "deny", "invalid"], "description": "The outcome."},
    "clauses": {**_NAMES, "description": "Exactly these clauses are cited."},
    "rules": {**_NAMES, "description": "It rests on exactly these rules."},
    "reasons": {**_NAMES, "description": "Exactly these reason codes."},
    "permitted_items": {**_NAMES, "description": "Exactly these items could have gone through."},
    "excess_items": {**_NAMES, "description": "Exactly these items could not."},
    "obligations": {**_NAMES, "description": "Exactly these obligations."},
    "errors": {**_NAMES, "description": "The JSON paths of what is wrong with an invalid event."},
}
_EVENT: Schema = {
    "base": {"type": "string", "description": "A named event, of which this one is a variation."},
    "without": {**_NAMES, "description": "Fields of the base that are left out, such as origin or subject.id."},
    **{key: {"description": about} for key, about in ABOUT.items()},  # any value may: malformed events are cases too
    "facts": {
        "description": "Facts: each a fact, or the name of a fact set. They are added to those of the base.",
    },
}


def suite_schema() -> Schema:
    """Return the JSON Schema of test suites."""
    columns: Schema = {"type": "string", "minLength": 1}
    name = {**columns, "description": "Unique in this file."}
    return {
        **head("suite", "Test suite of dataflow-policyengine"),
        "type": "object",
        "properties": {
            "suite": {
                "type": "object",
                "description": "What the suite is about.",
                "properties": {
                    "title": TEXT_IN_ANY,
                    "policies": {
                        **_NAMES,
                        "minItems": 1,
                        "description": 'Packs, relative to this file or by name; by default ["."].',
                    },
                    "readings": _READINGS,
                },
                "additionalProperties": False,
            },
            "facts": {
                "type": "object",
                "description": "Named sets of facts.",
                "additionalProperties": {"type": "array", "items": {"type": "object"}},
            },
            "events": {
                "type": "object",
                "description": "Named events, which cases vary.",
                "additionalProperties": _object(_EVENT),
            },
            "case": {
                "type": "array",
                "description": "Events, each with what is decided of it.",
                "items": _object(
                    {"name": name, "reviewed": _REVIEWED, "readings": _READINGS, **_EVENT, **_EXPECTED},
                    "name",
                    "expect",
                ),
            },
            "table": {
                "type": "array",
                "description": "Many cases at once, by rows or by a product.",
                "items": _object(
                    {
                        "name": name,
                        "readings": _READINGS,
                        **_EVENT,
                        **_EXPECTED,
                        "columns": {
                            "type": "array",
                            "description": "What the values in a row are: fields of the event, and what is expected.",
                            "items": columns,
                            "minItems": 1,
                        },
                        "rows": {
                            "type": "array",
                            "description": "A case each.",
                            "items": {"type": "array"},
                            "minItems": 1,
                        },
                        "product": {
                            "type": "object",
                            "description": 'Every combination of these values; "*" is every declared term.',
                            "minProperties": 1,
                            "additionalProperties": {"type": ["array", "string"], "minItems": 1, **EVERY_TERM},
                        },
                        "permit": {
                            "type": "array",
                            "description": "The combinations that are permitted; every other one is denied.",
                            "items": {"type": "object"},
                        },
                        "deny": {
                            **_object(_EXPECTED),
                            "description": "What is expected of every other one.",
                        },
                    },
                    "name",
                ),
            },
        },
        "additionalProperties": False,
    }


def _object(properties: Any, *required: str) -> Schema:
    return {"type": "object", "properties": properties, "required": list(required), "additionalProperties": False}
