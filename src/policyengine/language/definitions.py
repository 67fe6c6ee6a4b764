"""What the JSON Schema of rule files says once, under ``$defs``, for all that refer to it: forms, and shared keys.

Its members have names of three sorts: forms have a plain one (``condition``, ``facts``), keys of rules and conditions
one with ``key.`` before it, and the tables of a kind of rule one with ``rule.``, so that no kind takes another's place.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from policyengine.calendar import CLOCK_PATTERN, WEEKDAYS
from policyengine.language.keys import (
    COUNTRY_CODES,
    FORM_KEYS,
    GATED,
    MEANING,
    PASSING,
    SHARED,
    TERM_KEYS,
    condition_table,
    duration,
    fact_expression,
    fact_form,
    obligation_list,
    operation_list,
    referring,
    term_list,
    time,
    under_readings,
)
from policyengine.language.tells import IN_TERMS
from policyengine.model.comparison import AGES, COMPARISONS
from policyengine.model.fact import VALUE
from policyengine.model.fields import COMMON_FACT_FIELDS, HELD, IDS
from policyengine.model.vocabulary import DIMENSIONS
from policyengine.schema.pieces import ANY_ITEM, BOUND, ID, PARAMETERS, SCALAR, TEXT, WHEN, Schema


def whole(schema: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return a schema with what it refers to in the place of the reference, beside what it says of it."""
    found = schema
    while (shared := DEFINITIONS.get(str(found.get("$ref", "")).removeprefix(SHARED))) is not None:
        said = {key: value for key, value in found.items() if key != "$ref"}
        found = {**shared, **said} if said else shared
    return found


def table_of(schema: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return the schema of a table with its ``properties``; of a condition, where it is no form of a fact."""
    found = whole(schema)
    return whole(found["else"]) if "else" in found else found


def condition_properties() -> dict[str, Schema]:
    """Return the keys by which a table says which flows it means; `RuleTable.condition` reads them all."""
    return {key: NESTED[key] for key in NESTED if key not in ("type", "operations")}


def rule_properties() -> dict[str, Schema]:
    """Return the keys that the table of a rule has whatever its kind."""
    return {**{key: _key(key) for key in _OF_RULES}, **condition_properties()}


def named_condition() -> Schema:
    """Return the schema of a condition that is declared by name, but for what people call it."""
    return {
        "type": "object",
        "properties": {key: schema for key, schema in NESTED.items() if key != "type"},
        "additionalProperties": False,
    }


def terms_by_dimension(saying: str, schema: Schema, *more: str) -> dict[str, Schema]:
    """Return a key for each dimension of a vocabulary, described in the words of `saying`, and for those of `more`."""
    return {name: {**schema, "description": saying.format(terms=_TERMS[name])} for name in (*DIMENSIONS, *more)}


def _key(name: str) -> Schema:
    return referring(f"key.{name}")


def _terms(more: Mapping[str, Schema] = {}) -> Schema:
    """Return the schema of the terms of a dimension, with the keys that they have beside those of all."""
    properties = {
        **TEXT["properties"],
        "is_a": {"type": ["string", "array"], "items": {"type": "string"}, "description": "It is a kind of these."},
        "remainder": {"type": "boolean", "description": "An event that states it means none of its kinds."},
        **more,
    }
    term = {"type": "object", "properties": properties, "required": ["ja", "en"], "additionalProperties": False}
    return {"type": "object", "propertyNames": ID, "additionalProperties": term}


def _conditions(description: str) -> Schema:
    return {
        "type": "array",
        "description": description,
        MEANING: {"lists": "conditions"},
        "minItems": 1,
        "items": referring("condition-under"),
    }


def _names(description: str) -> Schema:
    return {"type": "array", "description": description, "items": {"type": "string"}, "minItems": 1}


_TERMS: Final = {
    "subjects": "categories of people",
    "roles": "what somebody is in the controller",
    "items": "items of personal data",
    "purposes": "purposes of use",
    "forms": "in which form data are",
    "origins": "how data were acquired",
    "parties": "companies and other recipients",
    "services": "what a contractor does",
    COUNTRY_CODES: "countries",
}
"""What the terms of each dimension are."""

_OF_RULES: Final[Mapping[str, Schema]] = {
    "id": {**ID, "description": "Unique in the policy; made from the clause and the kind if left out."},
    "title": referring("text", "What people call the rule; by default the name of its kind."),
    "from": time("In force from then on."),
    "until": time("In force until just before then."),
    "under": referring("under", "It stands under these readings alone."),
    "pass_unstated": {
        "type": "array",
        "description": "An event that leaves these fields open is judged as if that let it through: "
        f"{', '.join((*PASSING, 'attributes.NAME'))}.",
        MEANING: {"lists": "fields"},
        "minItems": 1,
        "items": GATED,
    },
    "oblige": obligation_list("Obligations on whoever is permitted by this rule, or satisfies it.", for_items=True),
}

_TERM_LISTS: Final = {name: term_list(key.description, key.dimension) for name, key in TERM_KEYS.items()}

_ONE_OR_MORE: Final[Schema] = {**SCALAR, "type": [*SCALAR["type"], "array"], "minItems": 1, "items": SCALAR}

_TESTS: Final[Mapping[str, Schema]] = {
    **{
        name: {**BOUND, "description": f"The attribute is {comparison.text.en} this."}
        for name, comparison in COMPARISONS.items()
        if comparison.bound
    },
    "is": {**_ONE_OR_MORE, "description": "The attribute is this, or one of these."},
    "is_not": {**_ONE_OR_MORE, "description": "The attribute is not this, and none of these."},
    "one_of": {"type": "array", "description": "The attribute is one of these.", "minItems": 1, "items": SCALAR},
    "stated": {"type": "boolean", "description": "Whether the event states the attribute."},
    **{
        name: duration(f"The attribute is {'so long ago, or longer' if passed else 'less long ago'}.")
        for name, passed in AGES.items()
    },
}

_OF_CONDITIONS: Final[Mapping[str, Schema]] = {
    "operations": operation_list("on these operations"),
    **_TERM_LISTS,
    "items": {**_TERM_LISTS["items"], "type": ["array", "string"], **ANY_ITEM},
    "except": {
        "type": "object",
        "description": "Flows left out; an event that does not state the field is left out as well.",
        MEANING: {"is": "exceptions"},
        "properties": {name: _key(name) if name != "items" else _TERM_LISTS[name] for name in _TERM_LISTS},
        "minProperties": 1,
        "additionalProperties": False,
    },
    "attributes": {
        "type": "object",
        "description": "Tests of the host's own attributes, by name.",
        MEANING: {"is": "comparisons"},
        "minProperties": 1,
        "additionalProperties": {
            "type": "object",
            "properties": _TESTS,
            "minProperties": 1,
            "additionalProperties": False,
        },
    },
    "facts": fact_expression("Facts that must be in effect."),
    "same": {
        "type": "array",
        "description": f"These two ids are the same: {', '.join(IDS)}.",
        "items": {"enum": list(IDS)},
        "minItems": 2,
        "maxItems": 2,
        "uniqueItems": True,
    },
    "during": {
        "type": "array",
        "description": "At which times, from then on until just before then: in one of these spans.",
        "minItems": 1,
        "items": {
            "type": "object",
            "properties": {"from": time("From then on."), "until": time("Until just before then.")},
            "minProperties": 1,
            "additionalProperties": False,
        },
    },
    "on": {
        "type": "array",
        "description": "On which days of the week, in the policy's time zone.",
        "items": {"enum": list(WEEKDAYS)},
        "minItems": 1,
    },
    "between": {
        "type": "array",
        "description": "From which time of the day until just before which, in the policy's time zone.",
        "items": {"type": "string", "pattern": CLOCK_PATTERN, MEANING: {"is": "hour"}},
        "minItems": 2,
        "maxItems": 2,
    },
    "acquired_within": duration("The data were acquired less long ago; an event says so in `acquired`."),
    "any": _conditions("At least one of these conditions must be met."),
    "all": _conditions("Each of these conditions must be met."),
    "not": condition_table("This condition must not be met."),
    "condition": {
        "type": ["string", "array"],
        "description": "A condition that the policy has named, or several, of which each must be met.",
        MEANING: {"lists": "named-conditions"},
        "minItems": 1,
        "items": {"type": "string"},
    },
}

NESTED: Final[Mapping[str, Schema]] = {
    "type": {"type": "string", "description": "A fact of this type must be in effect."},
    **{name: _key(name) for name in _OF_CONDITIONS},
}
"""The keys of a condition within another table, which is no rule and so has operations of its own."""

_OF_FACTS: Final[Mapping[str, Schema]] = {
    "type": {"type": "string", "description": "The type of the fact."},
    "unheld": _names("These fields of the fact need not agree with the event."),
    "stated": _names("The fact states these fields."),
}

_OTHER_FIELDS: Final[Schema] = {
    "type": ["string", "array"],
    "description": "The field of the fact is this, or one of these.",
    "items": GATED,
    "minItems": 1,
}

_FIELD: Final[Mapping[str, Schema]] = {
    "held": {
        "enum": [*HELD, VALUE],
        "description": "What of the event its value must agree with; or `value`: a rule may name what it must be.",
    },
    "list": {"type": "boolean", "description": "It holds a list, which agrees when one of its members does."},
    "required": {"type": "boolean", "description": "Every fact of the type must have it."},
    "values": {
        "type": "object",
        "description": "The values that are accepted, each with what people call it.",
        "propertyNames": ID,
        "minProperties": 1,
        "additionalProperties": referring("text"),
    },
    "of": {"enum": list(DIMENSIONS), "description": "Its values are terms of this dimension."},
    "open": {"type": "boolean", "description": "A fact may state a value that is not listed."},
}

DEFINITIONS: Final[Mapping[str, Schema]] = {
    "text": {**TEXT, MEANING: {"is": "told"}},
    "when": {**WHEN, MEANING: {"is": "time"}},
    "under": {
        "type": "object",
        "description": "Under which value of which reading this stands.",
        MEANING: {"is": "readings"},
        "minProperties": 1,
        "additionalProperties": {"type": ["string", "array"], "items": {"type": "string"}, "minItems": 1},
    },
    "entry": {
        "type": ["string", "object"],
        "properties": {
            "term": {"type": "string", "description": "What is listed under the reading."},
            "terms": _names("All that is listed under the reading."),
            "under": under_readings(),
        },
        "required": ["under"],
        "additionalProperties": False,
    },
    "terms": _terms(),
    **{f"terms.{dimension}": _terms(more) for dimension, more in IN_TERMS.items()},
    "condition": {
        "type": "object",
        "description": "One fact, or a table of keys that must all be met.",
        MEANING: {"is": "condition"},
        "minProperties": 1,
        "if": {"required": ["type"]},
        "then": referring("facts"),
        "else": referring("flows"),
    },
    "condition-under": {
        "type": "object",
        "description": "One of several conditions, which may stand under a reading.",
        MEANING: {"is": "condition"},
        "minProperties": 1,
        "if": {"required": ["type"]},
        "then": referring("facts"),
        "else": referring("flows-under"),
    },
    "flows-under": {
        "type": "object",
        "description": "Which flows are meant, and under which readings.",
        "minProperties": 1,
        "properties": {**NESTED, "under": under_readings()},
        "additionalProperties": False,
    },
    "flows": {
        "type": "object",
        "description": "Which flows are meant.",
        "minProperties": 1,
        "properties": dict(NESTED),
        "additionalProperties": False,
    },
    "facts": {
        "type": "object",
        "description": "Facts that must be in effect.",
        MEANING: {"is": "facts"},
        "minProperties": 1,
        "properties": {
            "all": {
                "type": "array",
                "description": "Each of these must be in effect.",
                "items": referring("facts"),
                "minItems": 1,
            },
            "any": {
                "type": "array",
                "description": "At least one of these must be in effect.",
                "items": referring("facts"),
                "minItems": 1,
            },
            "not": fact_expression("This must not be in effect."),
            **_OF_FACTS,
            "within": duration("It began less long ago."),
            "after": fact_form("It began after every such fact."),
            "before": time("It began before then; one that does not say when counts."),
        },
        "additionalProperties": _OTHER_FIELDS,
    },
    "fact": {
        "type": "object",
        "description": "A form of one fact.",
        MEANING: {"is": "fact"},
        "properties": dict(_OF_FACTS),
        "required": ["type"],
        "additionalProperties": _OTHER_FIELDS,
    },
    "fact-type": {
        "type": "object",
        "properties": {
            **TEXT["properties"],
            "represents": {
                "type": "boolean",
                "description": "It names who may be given a person's data in their place.",
            },
            "law": {
                "type": "boolean",
                "description": "Whether it is law: a remedy that needs such a fact is marked and comes last.",
            },
            "fields": {
                "type": "object",
                "description": "Its fields, beside those that every fact may have.",
                "propertyNames": {
                    **ID,
                    "not": {"enum": [*dict.fromkeys((*COMMON_FACT_FIELDS, "all", "any", "not", *FORM_KEYS))]},
                },
                "additionalProperties": {
                    "type": "object",
                    "properties": dict(_FIELD),
                    "additionalProperties": False,
                },
            },
        },
        "additionalProperties": False,
    },
    "reason": {
        "type": "object",
        "description": "What a denial says.",
        "properties": {
            **TEXT["properties"],
            "code": {**ID, "description": "The code of the reason; steps of enforcement can follow it."},
            "parameters": PARAMETERS,
        },
        "required": ["code", *TEXT["required"]],
        "additionalProperties": False,
    },
    **{f"key.{name}": schema for name, schema in {**_OF_RULES, **_OF_CONDITIONS}.items()},
}
"""The members of ``$defs``, but for the tables of the kinds of rules."""
