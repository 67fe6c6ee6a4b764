"""The JSON Schemas: of rule files (assembled from the registered kinds), of events and of decisions."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Sequence
from typing import TYPE_CHECKING, Final

from policyengine.language.keys import (
    COUNTRY_CODES,
    condition_properties,
    condition_schema,
    duration,
    gated,
    named_condition,
    obligation_list,
    passing_list,
    time,
    under_readings,
)
from policyengine.model.fact import VALUE
from policyengine.model.fields import COMMON_FACT_FIELDS, HELD
from policyengine.model.vocabulary import DIMENSIONS
from policyengine.schema.pieces import ANYONE, DRAFT, ID, PARAMETERS, TEXT, WHEN, Schema, in_languages
from policyengine.text import LANGUAGE_TAG, LANGUAGES, Language

if TYPE_CHECKING:
    from policyengine.language.kind import RuleKind


UNDER: Schema = {
    "type": "object",
    "description": "Under which value of which reading this stands.",
    "minProperties": 1,
    "additionalProperties": {"type": ["string", "array"], "items": {"type": "string"}, "minItems": 1},
}


_WORDS: Schema = {"type": "array", "items": {"type": "string"}, "minItems": 1}


_KEPT: Final = 256
"""So many schemas are kept at most."""

_kept: dict[Hashable, tuple[object, Schema]] = {}


def rule_schema(kind: RuleKind) -> Schema:
    """Return the schema of one table of a rule kind: its own keys, and those that every rule has.

    It is the same object whenever a kind with the same properties is asked for, and nobody changes it.
    """
    return _once(_key(kind), kind.properties, lambda: _rule_schema(kind))


def policy_schema(
    kinds: Iterable[RuleKind], languages: Sequence[Language] = LANGUAGES, *, shared: bool = False
) -> Schema:
    """Return the JSON Schema of rule files, imported ones among them, with every one of `kinds`.

    It is the same object whenever the same is asked for, and nobody changes it.

    Args:
        kinds: the rule kinds.
        languages: those in which every text is needed.
        shared: whether texts may be there in others as well, as in a file that several policies import.
    """
    some = sorted(kinds, key=lambda kind: kind.name)
    key, parts = tuple(map(_key, some)), [kind.properties for kind in some]
    schema = _once(key, parts, lambda: _policy_schema(some))
    if not shared and tuple(languages) == LANGUAGES:
        return schema
    return _once((*key, *languages, shared), parts, lambda: in_languages(schema, languages, more=shared))


def _once(key: Hashable, parts: object, make: Callable[[], Schema]) -> Schema:
    """Return what was made for `key` before, or is made now; its parts are kept, so that nothing else has their ids."""
    if key not in _kept:
        if len(_kept) >= _KEPT:
            _kept.clear()
        _kept[key] = (parts, make())
    return _kept[key][1]


def _key(kind: RuleKind) -> Hashable:
    return kind.name, kind.title.en, kind.summary.en, frozenset(kind.required), id(kind.properties)


def _rule_schema(kind: RuleKind) -> Schema:
    return {
        "type": "object",
        "title": kind.title.en,
        "description": kind.summary.en,
        "properties": {
            "id": {**ID, "description": "Unique in the policy; made from the clause and the kind if left out."},
            "title": {"$ref": "#/$defs/text"},
            "from": time("In force from then on."),
            "until": time("In force until just before then."),
            "under": under_readings(),
            "pass_unstated": passing_list(),
            "oblige": obligation_list("Obligations on whoever is permitted by this rule, or satisfies it."),
            **condition_properties(),
            **kind.properties,
        },
        "required": sorted(kind.required),
        "additionalProperties": False,
    }


def _policy_schema(kinds: Sequence[RuleKind]) -> Schema:
    term = {
        "type": "object",
        "properties": {
            **TEXT["properties"],
            "is_a": {"type": ["string", "array"], "items": {"type": "string"}, "description": "It is a kind of these."},
            "remainder": {"type": "boolean", "description": "An event that states it means none of its kinds."},
        },
        "required": ["ja", "en"],
        "additionalProperties": False,
    }
    terms = {"type": "object", "propertyNames": ID, "additionalProperties": term}
    lists = dict.fromkeys(DIMENSIONS, _WORDS)
    condition = named_condition()
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
                        "type": {"enum": ["boolean", "integer", "number", "string", "date", "datetime"]},
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
                    for dimension, schema in {**lists, COUNTRY_CODES: _WORDS}.items()
                },
                "additionalProperties": False,
            },
            "facts": {"type": "object", "propertyNames": ID, "additionalProperties": {"$ref": "#/$defs/fact-type"}},
        },
        "additionalProperties": False,
    }
    rules = {kind.name: {"type": "array", "minItems": 1, "items": {"$ref": f"#/$defs/{kind.name}"}} for kind in kinds}
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
                "description": "Files with words and clauses that several policies share, relative to this one.",
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
                    "replaces": {
                        "type": "string",
                        "minLength": 1,
                        "description": "The version of the same policy that this one follows, from its `from` on.",
                    },
                    "from": {"$ref": "#/$defs/when"},
                    "until": {"$ref": "#/$defs/when"},
                    "contact": {"type": "string"},
                    "languages": {
                        "type": "array",
                        "description": 'The languages in which every text stands; by default ["ja", "en"].',
                        "items": {"type": "string", "pattern": LANGUAGE_TAG},
                        "minItems": 1,
                        "uniqueItems": True,
                    },
                    "time_zone": {
                        "type": "string",
                        "description": "By whose calendar and clock durations, days and hours count: a name of IANA, "
                        "such as Asia/Tokyo; by default UTC.",
                        "minLength": 1,
                    },
                    "layer": {
                        "type": "boolean",
                        "description": "It lies above other policies, as a statute does, and governs nothing alone.",
                    },
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
            "conditions": {
                "type": "object",
                "description": "Conditions that rules use by their names.",
                "propertyNames": ID,
                "additionalProperties": {
                    **condition,
                    "properties": {**TEXT["properties"], **condition["properties"]},
                    "required": ["en", "ja"],
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
                        "parameters": PARAMETERS,
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
            "condition": condition_schema(),
            "facts": {
                "type": "object",
                "minProperties": 1,
                "properties": {
                    "all": {"type": "array", "items": {"$ref": "#/$defs/facts"}, "minItems": 1},
                    "any": {"type": "array", "items": {"$ref": "#/$defs/facts"}, "minItems": 1},
                    "not": {"$ref": "#/$defs/facts"},
                    "type": {"type": "string"},
                    "unheld": {"type": "array", "items": {"type": "string"}, "minItems": 1},
                    "stated": {"type": "array", "items": {"type": "string"}, "minItems": 1},
                    "within": duration("It began less long ago."),
                    "after": {"$ref": "#/$defs/fact", "description": "It began after every such fact."},
                },
                "additionalProperties": {"type": ["string", "array"], "items": gated(), "minItems": 1},
            },
            "fact": {
                "type": "object",
                "description": "A form of one fact.",
                "properties": {
                    "type": {"type": "string"},
                    "unheld": {"type": "array", "items": {"type": "string"}, "minItems": 1},
                    "stated": {"type": "array", "items": {"type": "string"}, "minItems": 1},
                },
                "required": ["type"],
                "additionalProperties": {"type": ["string", "array"], "items": gated(), "minItems": 1},
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
                        "propertyNames": {
                            **ID,
                            "not": {
                                "enum": [
                                    *COMMON_FACT_FIELDS,
                                    "all",
                                    "any",
                                    "not",
                                    "stated",
                                    "unheld",
                                    "within",
                                    "after",
                                ]
                            },
                        },
                        "additionalProperties": {
                            "type": "object",
                            "properties": {
                                "held": {"enum": [*HELD, VALUE]},
                                "list": {"type": "boolean"},
                                "required": {"type": "boolean"},
                                "values": {
                                    "type": "object",
                                    "propertyNames": ID,
                                    "minProperties": 1,
                                    "additionalProperties": {"$ref": "#/$defs/text"},
                                },
                                "of": {
                                    "enum": list(DIMENSIONS),
                                    "description": "Its values are terms of this dimension.",
                                },
                                "open": {
                                    "type": "boolean",
                                    "description": "A fact may state a value that is not listed.",
                                },
                            },
                            "additionalProperties": False,
                        },
                    },
                },
                "additionalProperties": False,
            },
            **{kind.name: rule_schema(kind) for kind in kinds},
        },
    }
