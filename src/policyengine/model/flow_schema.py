"""The JSON Schemas of events and decisions, sections 1 to 3 of the contract."""

from __future__ import annotations

from collections.abc import Iterable

from policyengine.model.fact import COMMON_FACT_FIELDS, FactType
from policyengine.model.operation import NEEDS_PURPOSE, NEEDS_RECIPIENT, OPERATIONS
from policyengine.moment import TIME_PATTERN
from policyengine.schema.pieces import DRAFT, SCALAR, TEXT, Schema


def event_schema(facts: Iterable[FactType] | None = None) -> Schema:
    """Return the JSON Schema of events.

    Args:
        facts: the fact types that an engine knows; None leaves the facts of any type, which is the form that all
            engines share.
    """
    string, name, time = (
        {"type": "string"},
        {"type": "string", "minLength": 1},
        {"type": "string", "pattern": TIME_PATTERN},
    )
    common = {"type": string, "subject": name, "from": time, "until": time}
    value: Schema = {"type": ["string", "array"], "items": string}
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
    properties: Schema = {
        "id": name,
        "time": time,
        "controller": name,
        "operation": {"enum": list(OPERATIONS)},
        "subject": {
            "type": "object",
            "properties": {"category": string, "id": name},
            "required": ["category"],
            "additionalProperties": False,
        },
        "items": {"type": "array", "items": string, "minItems": 1, "uniqueItems": True},
        "purpose": string,
        "form": string,
        "origin": string,
        "recipient": {
            "type": "object",
            "properties": {"id": name, "service": string, "country": string},
            "required": ["id"],
            "additionalProperties": False,
        },
        "facts": {"type": "array", "items": fact},
        "attributes": {"type": "object", "additionalProperties": SCALAR},
    }
    return {
        "$schema": DRAFT,
        "title": "Data-flow event",
        "type": "object",
        "properties": properties,
        "required": ["id", "time", "operation", "subject", "items"],
        "additionalProperties": False,
        "allOf": [
            {
                "if": {"properties": {"operation": {"enum": sorted(operations)}}, "required": ["operation"]},
                "then": {"required": [field]},
            }
            for field, operations in (("purpose", NEEDS_PURPOSE), ("recipient", NEEDS_RECIPIENT))
        ],
    }


def _fact_schema(declared: FactType) -> Schema:
    fields: Schema = {}
    for field in declared.fields.values():
        if field.held == "operation":
            member: Schema = {"enum": list(OPERATIONS)}
        elif field.values is not None:
            member = {"enum": sorted(field.values)}
        elif field.held in ("item", "purpose"):
            member = {"type": "string"}
        else:
            member = {"type": "string", "minLength": 1}
        fields[field.id] = {"type": "array", "items": member, "minItems": 1} if field.list else member
    return {
        "properties": {**fields, **dict.fromkeys(COMMON_FACT_FIELDS, True)},
        "required": sorted(name for name, field in declared.fields.items() if field.required),
        "additionalProperties": False,
    }


def decision_schema() -> Schema:
    """Return the JSON Schema of decisions, section 3 of the contract."""
    strings = {"type": "array", "items": {"type": "string"}, "uniqueItems": True}
    maybe = {"type": ["string", "null"]}
    parameters = {"type": "object", "additionalProperties": SCALAR}
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
        ),
        "clauses": strings,
        "rules": strings,
        "reasons": _objects({"code": {"type": "string"}, "clause": maybe, "rule": maybe, "message": TEXT}),
        "permitted_items": strings,
        "excess_items": strings,
        "obligations": _objects(
            {"id": {"type": "string"}, "clause": {"type": "string"}, "parameters": parameters, "message": TEXT}
        ),
    }
    errors = {**_objects({"path": {"type": "string", "pattern": r"^\$"}, "message": TEXT}), "minItems": 1}
    some, empty, known = {"minItems": 1}, {"maxItems": 0}, {"type": "string"}
    return {
        "$schema": DRAFT,
        "title": "Decision",
        "type": "object",
        "properties": {**shape, "errors": errors},
        "required": list(shape),
        "additionalProperties": False,
        "oneOf": [
            {
                "properties": {
                    "outcome": {"const": "permit"},
                    "event": known,
                    "errors": False,
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
                }
            },
            {
                "properties": {
                    "outcome": {"const": "invalid"},
                    **{name: empty for name in shape if name not in ("event", "outcome")},
                },
                "required": ["errors"],
            },
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
