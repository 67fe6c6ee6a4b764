"""The JSON Schemas of events and decisions, sections 1 to 3 of the contract."""

from __future__ import annotations

from collections.abc import Iterable

from policyengine.model.countries import COUNTRIES
from policyengine.model.fact import FactField, FactType
from policyengine.model.fields import (
    COMMON_FACT_FIELDS,
    EVENT,
    EVENT_KEYS,
    HELD,
    EventField,
    Form,
    allowed_on,
    needed_on,
)
from policyengine.model.operation import OPERATIONS
from policyengine.moment import TIME_PATTERN
from policyengine.schema.names import NAME
from policyengine.schema.pieces import DRAFT, PARAMETERS, SCALAR, TEXT_IN_ANY, Schema

_STRING: Schema = {"type": "string"}
_NAME: Schema = {"$ref": "#/$defs/id"}
_DEFINITIONS: Schema = {
    "id": NAME,
    "country": {
        "type": "string",
        "description": "A country, as ISO 3166-1 codes it.",
        "format": "country",
        "enum": list(COUNTRIES),
    },
}
_TIME: Schema = {"type": "string", "pattern": TIME_PATTERN}
_FORMS: dict[Form, Schema] = {
    "id": _NAME,
    "time": _TIME,
    "operation": {"enum": list(OPERATIONS)},
    "term": _STRING,
    "terms": {"type": "array", "items": _STRING, "minItems": 1, "uniqueItems": True},
    "country": {"$ref": "#/$defs/country"},
    "attributes": {"type": "object", "additionalProperties": SCALAR},
}
"""What the value of a field of each form is; facts depend on which types are known."""

_TRUE: Schema = {"const": True}
_EVERY = frozenset(OPERATIONS)


def event_schema(facts: Iterable[FactType] | None = None) -> Schema:
    """Return the JSON Schema of events.

    Args:
        facts: the fact types that an engine knows; None leaves the facts of any type, which is the form that all
            engines share.
    """
    common = {"type": _STRING, "subject": _NAME, "from": _TIME, "until": _TIME}
    value: Schema = {"type": ["string", "array"], "items": _STRING}
    fact: Schema = {
        "type": "object",
        "properties": common,
        "required": ["type"],
        "additionalProperties": value,
    }
    if facts is not None:
        known = sorted(facts, key=lambda declared: declared.id)
        fact["properties"] = {**common, "type": {"enum": [declared.id for declared in known]}}
        fact["allOf"] = [
            {
                "if": {"properties": {"type": {"const": declared.id}}, "required": ["type"]},
                "then": _fact_schema(declared),
            }
            for declared in known
        ]
    forms: dict[Form, Schema] = {**_FORMS, "facts": {"type": "array", "items": fact}}
    return {
        "$schema": DRAFT,
        "title": "Data-flow event",
        "type": "object",
        "properties": {key: _of_key([row for row in EVENT if row.key == key], forms) for key in EVENT_KEYS},
        "required": [key for key in EVENT_KEYS if needed_on(key) == _EVERY],
        "additionalProperties": False,
        "allOf": [
            {
                "if": {"properties": {"operation": {"enum": sorted(needed_on(key))}}, "required": ["operation"]},
                "then": {"required": [key]},
            }
            for key in EVENT_KEYS
            if needed_on(key) and needed_on(key) != _EVERY
        ]
        + [
            {
                "if": {
                    "properties": {"operation": {"enum": sorted(_EVERY - allowed_on(key))}},
                    "required": ["operation"],
                },
                "then": {"not": {"required": [key]}},
            }
            for key in EVENT_KEYS
            if allowed_on(key) != _EVERY
        ],
        "$defs": _DEFINITIONS,
    }


def _of_key(rows: list[EventField], forms: dict[Form, Schema]) -> Schema:
    """Return the schema of what stands under one key of an event: a field, or an object of several."""
    if not rows[0].part:
        return forms[rows[0].form]
    return {
        "type": "object",
        "properties": {row.part: forms[row.form] for row in rows},
        "required": [row.part for row in rows if row.always],
        "additionalProperties": False,
    }


def _fact_schema(declared: FactType) -> Schema:
    fields: Schema = {}
    for field in declared.fields.values():
        member = {"enum": sorted(field.values)} if field.known is not None and field.values else _member(field)
        fields[field.id] = {"type": "array", "items": member, "minItems": 1} if field.list else member
    return {
        "properties": {**fields, **dict.fromkeys(COMMON_FACT_FIELDS, True)},
        "required": sorted(name for name, field in declared.fields.items() if field.required),
        "additionalProperties": False,
    }


def _member(field: FactField) -> Schema:
    """Return the schema of one value of a fact's field, by what it is held against."""
    if field.held not in HELD:
        return {"type": "string", "minLength": 0 if field.form == "word" else 1}
    form = HELD[field.held].form
    return _STRING if form == "terms" else _FORMS[form]


def decision_schema() -> Schema:
    """Return the JSON Schema of decisions, section 3 of the contract."""
    strings = {"type": "array", "items": {"type": "string"}, "uniqueItems": True}
    maybe = {"type": ["string", "null"]}
    parameters = {key: of for key, of in PARAMETERS.items() if key != "description"}
    shape = {
        "event": {**maybe, "minLength": 1},
        "outcome": {"enum": ["permit", "deny", "invalid"]},
        "policies": _objects(
            {
                "id": {"type": "string"},
                "version": {"type": "string"},
                "digest": {"type": "string", "pattern": r"^sha256:[0-9a-f]{64}(?![\s\S])"},
            },
            readings={"type": "object", "additionalProperties": {"type": "string"}, "minProperties": 1},
            languages=strings,
            tzdata={"type": "string", "minLength": 1},
        ),
        "clauses": strings,
        "rules": strings,
        "reasons": _objects(
            {
                "code": {"type": "string"},
                "policy": maybe,
                "clause": maybe,
                "rule": maybe,
                "items": strings,
                "open": strings,
                "message": TEXT_IN_ANY,
            },
            parameters={**parameters, "minProperties": 1},
        ),
        "permitted_items": strings,
        "excess_items": strings,
        "obligations": _objects(
            {"id": {"type": "string"}, "clause": {"type": "string"}, "parameters": parameters, "message": TEXT_IN_ANY},
            items={**strings, "minItems": 1},
        ),
    }
    changes = {"type": "array", "items": _change(), "minItems": 1}
    remedies = _objects({"changes": changes, "message": TEXT_IN_ANY}, law=_TRUE)
    errors = {**_objects({"path": {"type": "string", "pattern": r"^\$"}, "message": TEXT_IN_ANY}), "minItems": 1}
    some, empty, known = {"minItems": 1}, {"maxItems": 0}, {"type": "string"}
    return {
        "$schema": DRAFT,
        "title": "Decision",
        "type": "object",
        "properties": {**shape, "remedies": remedies, "more_remedies": _TRUE, "errors": errors},
        "required": list(shape),
        "additionalProperties": False,
        "oneOf": [
            {
                "properties": {
                    "outcome": {"const": "permit"},
                    "event": known,
                    **dict.fromkeys(("errors", "remedies", "more_remedies"), False),
                    **dict.fromkeys(("policies", "clauses", "rules", "permitted_items"), some),
                    **dict.fromkeys(("reasons", "excess_items"), empty),
                }
            },
            {
                "properties": {
                    "outcome": {"const": "deny"},
                    "event": known,
                    "errors": False,
                    **dict.fromkeys(("reasons", "excess_items"), some),
                    "obligations": empty,
                },
                "required": ["remedies"],
            },
            {
                "properties": {
                    "outcome": {"const": "invalid"},
                    **dict.fromkeys(("remedies", "more_remedies"), False),
                    **{name: empty for name in shape if name not in ("event", "outcome")},
                },
                "required": ["errors"],
            },
        ],
    }


def _change() -> Schema:
    """Return the schema of one change of a remedy."""
    names = {"type": "array", "items": _STRING, "minItems": 1}
    kinds: dict[str, Schema] = {
        "drop-items": {"items": {**names, "uniqueItems": True}},
        "state": {"field": _STRING, "value": SCALAR},
        "add-fact": {
            "fact": {
                "type": "object",
                "properties": {"type": _STRING, "from": _TIME},
                "required": ["type", "from"],
                "additionalProperties": {"type": ["string", "array"], "items": _STRING, "minItems": 1},
            }
        },
    }
    return {
        "type": "object",
        "properties": {"op": {"enum": list(kinds)}},
        "required": ["op"],
        "oneOf": [
            {
                "properties": {"op": {"const": op}, **properties},
                "required": ["op", *properties],
                "additionalProperties": False,
            }
            for op, properties in kinds.items()
        ],
    }


def _objects(properties: Schema, **optional: Schema) -> Schema:
    return {
        "type": "array",
        "items": {
            "type": "object",
            "properties": {**properties, **optional},
            "required": list(properties),
            "additionalProperties": False,
        },
    }
