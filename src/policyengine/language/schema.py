"""The JSON Schemas: of rule files (assembled from the registered kinds), of events and of decisions."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING

from policyengine.model.fact import COMMON_FACT_FIELDS
from policyengine.model.operation import OPERATIONS
from policyengine.model.vocabulary import DIMENSIONS
from policyengine.schema.pieces import ANYONE, DRAFT, ID, NUMBER, SCALAR, TEXT, WHEN, Schema

if TYPE_CHECKING:
    from policyengine.language.kind import RuleKind


UNDER: Schema = {
    "type": "object",
    "description": "Under which value of which reading this stands.",
    "minProperties": 1,
    "additionalProperties": {"type": ["string", "array"], "items": {"type": "string"}, "minItems": 1},
}

CONDITION_KEYS: Mapping[str, str] = {
    "subjects": "whose data: categories of people",
    "items": "which items of personal data",
    "purposes": "for which purposes",
    "forms": "in which form",
    "origins": "how the data was acquired",
    "recipients": "to which parties",
    "services": "for which entrusted service",
    "countries": "received in which country",
}
"""The lists of terms by which any rule of any kind can say which flows it means."""


def term_list(description: str) -> Schema:
    """Return the schema of a list of terms, of which each may stand under a reading."""
    return {
        "type": "array",
        "description": description,
        "minItems": 1,
        "items": {
            "type": ["string", "object"],
            "properties": {
                "term": {"type": "string"},
                "terms": {"type": "array", "items": {"type": "string"}, "minItems": 1},
                "under": {"$ref": "#/$defs/under"},
            },
            "required": ["under"],
            "additionalProperties": False,
        },
    }


def clause_list(description: str) -> Schema:
    """Return the schema of a list of clause numbers."""
    return {"type": "array", "description": description, "minItems": 1, "items": {"type": "string"}}


def operation_list(description: str) -> Schema:
    """Return the schema of a list of operations, of which each may stand under a reading."""
    return term_list(f"{description}: {', '.join(OPERATIONS)}")


def fact_expression(description: str) -> Schema:
    """Return the schema of a requirement of facts: one fact, or ``all`` / ``any`` / ``not`` of others."""
    return {"$ref": "#/$defs/facts", "description": description}


def condition_properties() -> dict[str, Schema]:
    """Return the keys by which a table says which flows it means."""
    lists = {key: term_list(text) for key, text in CONDITION_KEYS.items()}
    return {
        **lists,
        "except": {
            "type": "object",
            "description": "Flows left out; an event that does not state the field is left out as well.",
            "properties": lists,
            "minProperties": 1,
            "additionalProperties": False,
        },
        "attributes": {
            "type": "object",
            "description": "Tests of the host's own attributes, by name.",
            "minProperties": 1,
            "additionalProperties": {
                "type": "object",
                "properties": {
                    **dict.fromkeys(("below", "at_most", "at_least", "above"), NUMBER),
                    **dict.fromkeys(("is", "is_not"), SCALAR),
                },
                "minProperties": 1,
                "additionalProperties": False,
            },
        },
        "facts": fact_expression("Facts that must be in effect."),
    }


def rule_schema(kind: RuleKind) -> Schema:
    """Return the schema of one table of a rule kind: its own keys, and those that every rule has."""
    return {
        "type": "object",
        "title": kind.title.en,
        "description": kind.summary.en,
        "properties": {
            "id": {**ID, "description": "Unique in the policy; made from the clause and the kind if left out."},
            "title": {"$ref": "#/$defs/text"},
            "from": {"$ref": "#/$defs/when", "description": "In force from then on."},
            "until": {"$ref": "#/$defs/when", "description": "In force until just before then."},
            "under": {"$ref": "#/$defs/under"},
            "oblige": clause_list("Obligations on whoever is permitted by this rule, or satisfies it."),
            **condition_properties(),
            **kind.properties,
        },
        "required": sorted(kind.required),
        "additionalProperties": False,
    }


def policy_schema(kinds: Iterable[RuleKind]) -> Schema:
    """Return the JSON Schema of rule files: packs and vocabularies, with every one of `kinds`."""
    term = {
        "type": "object",
        "properties": {
            **TEXT["properties"],
            "is_a": {"type": ["string", "array"], "items": {"type": "string"}, "description": "It is a kind of these."},
        },
        "required": ["ja", "en"],
        "additionalProperties": False,
    }
    terms = {"type": "object", "propertyNames": ID, "additionalProperties": term}
    lists = {dimension: {"type": "array", "items": {"type": "string"}, "minItems": 1} for dimension in DIMENSIONS}
    vocabulary = {
        "type": "object",
        "description": "The words of the policy.",
        "properties": {
            **dict.fromkeys(DIMENSIONS, terms),
            "attributes": {
                "type": "object",
                "propertyNames": ID,
                "additionalProperties": {
                    "type": "object",
                    "properties": {
                        **TEXT["properties"],
                        "type": {"enum": ["boolean", "integer", "number", "string"]},
                    },
                    "required": ["ja", "en", "type"],
                    "additionalProperties": False,
                },
            },
            "sets": {
                "type": "object",
                "description": "Named lists of terms, for rules that use the same list.",
                "properties": {
                    dimension: {"type": "object", "propertyNames": ID, "additionalProperties": schema}
                    for dimension, schema in lists.items()
                },
                "additionalProperties": False,
            },
            "facts": {"type": "object", "propertyNames": ID, "additionalProperties": {"$ref": "#/$defs/fact-type"}},
        },
        "additionalProperties": False,
    }
    rules = {
        kind.name: {"type": "array", "minItems": 1, "items": {"$ref": f"#/$defs/{kind.name}"}}
        for kind in sorted(kinds, key=lambda kind: kind.name)
    }
    clause = {
        "type": "object",
        "description": "One clause of the policy's text.",
        "properties": {
            "number": {**ID, "description": "As the text numbers it."},
            "title": {"$ref": "#/$defs/text"},
            "summary": {"$ref": "#/$defs/text", "description": "What the clause says, in your own words."},
            "organisational": {"$ref": "#/$defs/text", "description": "Why no flow can be decided by it."},
            "ground": {"type": "boolean", "description": "It denies what no clause permits."},
            "case_of": {"type": "string", "description": "The clause of which it is one case."},
            "defines": {
                "type": "object",
                "description": "Terms of the vocabulary that carry the clause out.",
                "properties": lists,
                "minProperties": 1,
                "additionalProperties": False,
            },
            "open": {
                "type": "array",
                "description": "What the text leaves open; `check` reports it.",
                "items": {"$ref": "#/$defs/text"},
            },
            **rules,
        },
        "required": ["number", "summary"],
        "additionalProperties": False,
    }
    return {
        "$schema": DRAFT,
        "title": "Rule file of dataflow-policyengine",
        "type": "object",
        "properties": {
            "imports": {
                "type": "array",
                "items": {"type": "string"},
                "description": "Vocabulary files, relative to this one.",
            },
            "policy": {
                "type": "object",
                "properties": {
                    "id": ID,
                    "version": {"type": "string", "minLength": 1},
                    "title": {"$ref": "#/$defs/text"},
                    "governs": {
                        "type": ["array", "string"],
                        "description": 'The controllers that it binds, or "anyone".',
                        "items": {"type": "string", "minLength": 1},
                        "minItems": 1,
                        **ANYONE,
                    },
                    "from": {"$ref": "#/$defs/when"},
                    "until": {"$ref": "#/$defs/when"},
                    "contact": {"type": "string"},
                },
                "required": ["governs", "id", "title", "version"],
                "additionalProperties": False,
            },
            "vocabulary": vocabulary,
            "readings": {
                "type": "object",
                "propertyNames": ID,
                "additionalProperties": {
                    "type": "object",
                    "properties": {
                        **TEXT["properties"],
                        "clause": {"type": "string"},
                        "default": {"type": "string"},
                        "values": {
                            "type": "object",
                            "minProperties": 2,
                            "propertyNames": ID,
                            "additionalProperties": {"$ref": "#/$defs/text"},
                        },
                    },
                    "required": ["default", "en", "ja", "values"],
                    "additionalProperties": False,
                },
            },
            "obligations": {
                "type": "object",
                "propertyNames": ID,
                "additionalProperties": {
                    "type": "object",
                    "properties": {
                        **TEXT["properties"],
                        "clause": {"type": "string"},
                        "parameters": {
                            "type": "object",
                            "additionalProperties": SCALAR,
                        },
                    },
                    "required": ["clause", "en", "ja"],
                    "additionalProperties": False,
                },
            },
            "clause": {"type": "array", "items": clause},
        },
        "additionalProperties": False,
        "$defs": {
            "text": TEXT,
            "when": WHEN,
            "under": UNDER,
            "facts": {
                "type": "object",
                "minProperties": 1,
                "properties": {
                    "all": {"type": "array", "items": {"$ref": "#/$defs/facts"}, "minItems": 1},
                    "any": {"type": "array", "items": {"$ref": "#/$defs/facts"}, "minItems": 1},
                    "not": {"$ref": "#/$defs/facts"},
                    "type": {"type": "string"},
                    "unheld": {"type": "array", "items": {"type": "string"}, "minItems": 1},
                },
                "additionalProperties": {"type": ["string", "array"], "items": {"type": "string"}, "minItems": 1},
            },
            "fact-type": {
                "type": "object",
                "properties": {
                    **TEXT["properties"],
                    "fields": {
                        "type": "object",
                        "propertyNames": {**ID, "not": {"enum": [*COMMON_FACT_FIELDS, "all", "any", "not", "unheld"]}},
                        "additionalProperties": {
                            "type": "object",
                            "properties": {
                                "held": {"enum": ["recipient", "purpose", "subject", "item", "operation", "value"]},
                                "list": {"type": "boolean"},
                                "required": {"type": "boolean"},
                                "values": {
                                    "type": "object",
                                    "propertyNames": ID,
                                    "minProperties": 1,
                                    "additionalProperties": {"$ref": "#/$defs/text"},
                                },
                            },
                            "required": ["held"],
                            "additionalProperties": False,
                        },
                    },
                },
                "required": ["en", "ja"],
                "additionalProperties": False,
            },
            **{kind.name: rule_schema(kind) for kind in sorted(kinds, key=lambda kind: kind.name)},
        },
    }
