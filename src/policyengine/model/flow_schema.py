"""The JSON Schemas of events and decisions, sections 1 to 3 of the contract."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Final

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
from policyengine.schema.pieces import PARAMETERS, SCALAR, TEXT_IN_ANY, Schema, head

_STRING: Schema = {"type": "string"}
_OBJECTS: Final[Mapping[str, str]] = {
    "subject": "The person whom the data are about.",
    "actor": "Who does it for the controller.",
    "recipient": "Who gets the data; or, where nobody does, what facts are held against.",
    "source": "From whom the data are acquired.",
}
"""What the objects of an event are."""

ABOUT: Final[Mapping[str, str]] = {row.key: _OBJECTS.get(row.key, row.about) for row in EVENT}
"""What stands under each key of an event."""

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
    common = {
        "type": {**_STRING, "description": "What sort of fact it is."},
        "subject": {**_NAME, "description": "The person whom it is about, where it is about one."},
        "from": {**_TIME, "description": "In effect from then on; without it, since ever."},
        "until": {**_TIME, "description": "In effect until just before then; without it, for ever."},
    }
    value: Schema = {"type": ["string", "array"], "items": _STRING}
    fact: Schema = {
        "type": "object",
        "properties": common,
        "required": ["type"],
        "additionalProperties": value,
    }
    if facts is not None:
        known = sorted(facts, key=lambda declared: declared.id)
        fact["properties"] = {
            **common,
            "type": {**common["type"], "enum": [declared.id for declared in known]},
        }
        fact["allOf"] = [
            {
                "if": {"properties": {"type": {"const": declared.id}}, "required": ["type"]},
                "then": _fact_schema(declared),
            }
            for declared in known
        ]
    forms: dict[Form, Schema] = {**_FORMS, "facts": {"type": "array", "items": fact}}
    return {
        **head("event", "Data-flow event"),
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
        return {**forms[rows[0].form], "description": ABOUT[rows[0].key]}
    return {
        "type": "object",
        "description": ABOUT[rows[0].key],
        "properties": {row.part: {**forms[row.form], "description": row.about} for row in rows},
        "required": [row.part for row in rows if row.always],
        "additionalProperties": False,
    }


def _fact_schema(declared: FactType) -> Schema:
    fields: Schema = {}
    for field in declared.fields.values():
        member = {"enum": sorted(field.values)} if field.known is not None and field.values else _member(field)
        shape = {"type": "array", "items": member, "minItems": 1} if field.list else member
        fields[field.id] = {**shape, "description": _about(field)}
    return {
        "properties": {**fields, **dict.fromkeys(COMMON_FACT_FIELDS, True)},
        "required": sorted(name for name, field in declared.fields.items() if field.required),
        "additionalProperties": False,
    }


def _about(field: FactField) -> str:
    """Return what a field of a fact says."""
    if field.held not in HELD:
        return "What rules may ask of it."
    what = "One of these" if field.list else "This"
    return f"{what} is the event's {HELD[field.held].label.en}, or the fact is not about it."


def _member(field: FactField) -> Schema:
    """Return the schema of one value of a fact's field, by what it is held against."""
    if field.held not in HELD:
        return {"type": "string", "minLength": 0 if field.form == "word" else 1}
    form = HELD[field.held].form
    return _STRING if form == "terms" else _FORMS[form]


def decision_schema() -> Schema:
    """Return the JSON Schema of decisions, section 3 of the contract."""

    def text(about: str, **more: Any) -> Schema:
        return {"type": "string", **more, "description": about}

    def maybe(about: str, **more: Any) -> Schema:
        return text(about, **{"type": ["string", "null"], **more})

    def strings(about: str, **more: Any) -> Schema:
        return {"type": "array", "items": {"type": "string"}, "uniqueItems": True, **more, "description": about}

    parameters = {key: of for key, of in PARAMETERS.items() if key != "description"}
    shape = {
        "event": maybe("The id of the event; null where it could not be read.", minLength=1),
        "outcome": {
            "enum": ["permit", "deny", "invalid"],
            "description": "What was decided, if anything could be.",
        },
        "policies": _objects(
            "Those that govern the flow.",
            {
                "id": text("Its name."),
                "version": text("Its version, as its authors name it."),
                "digest": text("Of what its authors say.", pattern=r"^sha256:[0-9a-f]{64}(?![\s\S])"),
            },
            readings={
                "type": "object",
                "additionalProperties": {"type": "string"},
                "minProperties": 1,
                "description": "The readings that differ from their defaults, each with its value.",
            },
            languages=strings("The languages of its texts, where they are others than Japanese and English."),
            tzdata=text("The version of the time zones, where a rule counts by one.", minLength=1),
        ),
        "clauses": strings("What the outcome rests on: every clause that permitted, or every one in the way."),
        "rules": strings("The rules behind those clauses."),
        "reasons": _objects(
            "What stands in the way.",
            {
                "code": text("A stable word for this sort of reason."),
                "policy": maybe("The policy that says so."),
                "clause": maybe("The clause of that policy."),
                "rule": maybe("The rule of that clause."),
                "items": strings("The items that it holds for."),
                "open": strings("The JSON paths of what would have to be said to know better."),
                "message": TEXT_IN_ANY,
            },
            parameters={**parameters, "minProperties": 1, "description": "What the rule hands on with its reason."},
        ),
        "permitted_items": strings("The largest part of the items that would be permitted with all else equal."),
        "excess_items": strings("The rest of the items."),
        "obligations": _objects(
            "What the host must do because it was permitted.",
            {
                "id": text("Which obligation it is."),
                "clause": text("The clause that obliges to it."),
                "parameters": {**parameters, "description": "What belongs to it, such as a time."},
                "message": TEXT_IN_ANY,
            },
            items=strings("The items that it is for, where it is not for all.", minItems=1),
        ),
    }
    changes = {"type": "array", "items": _change(), "minItems": 1, "description": "All of them together."}
    remedies = _objects(
        "What it would take: sets of changes under which the very same flow would be permitted.",
        {"changes": changes, "message": TEXT_IN_ANY},
        law={**_TRUE, "description": "Law alone brings it about."},
    )
    path = text("The JSON path of what is wrong.", pattern=r"^\$")
    errors = {**_objects("What is wrong with the event.", {"path": path, "message": TEXT_IN_ANY}), "minItems": 1}
    more = {**_TRUE, "description": "There may be other remedies: the search stopped at its bound."}
    some, empty, known = {"minItems": 1}, {"maxItems": 0}, {"type": "string"}
    return {
        **head("decision", "Decision"),
        "type": "object",
        "properties": {**shape, "remedies": remedies, "more_remedies": more, "errors": errors},
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
        "drop-items": {"items": {**names, "uniqueItems": True, "description": "The items that are left out."}},
        "state": {
            "field": {**_STRING, "description": "The field of the event that is stated."},
            "value": {**SCALAR, "description": "What it is stated to be."},
        },
        "add-fact": {
            "fact": {
                "type": "object",
                "description": "The fact that is added; a value that only the host can know is a question mark.",
                "properties": {
                    "type": {**_STRING, "description": "What sort of fact it is."},
                    "from": {**_TIME, "description": "In effect from then on."},
                },
                "required": ["type", "from"],
                "additionalProperties": {"type": ["string", "array"], "items": _STRING, "minItems": 1},
            }
        },
    }
    return {
        "type": "object",
        "properties": {"op": {"enum": list(kinds), "description": "What is changed."}},
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


def _objects(about: str, properties: Schema, **optional: Schema) -> Schema:
    return {
        "type": "array",
        "description": about,
        "items": {
            "type": "object",
            "properties": {**properties, **optional},
            "required": list(properties),
            "additionalProperties": False,
        },
    }
