"""The JSON Schemas: of rule files (assembled from the registered kinds), of events and of decisions."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Sequence
from typing import TYPE_CHECKING, Final

from policyengine.language.definitions import DEFINITIONS, named_condition, rule_properties, terms_by_dimension
from policyengine.language.keys import COUNTRY_CODES, referring, time
from policyengine.language.tells import IN_CLAUSE, IN_POLICY, IN_TERMS
from policyengine.schema.pieces import ANYONE, DATED_PARAMETERS, DAY, ID, TEXT, Schema, head, in_languages
from policyengine.text import LANGUAGE_TAG, LANGUAGES, Language

if TYPE_CHECKING:
    from policyengine.language.kind import RuleKind


_WORDS: Schema = {"type": "array", "items": {"type": "string"}, "minItems": 1}

_COUNTRIES: Schema = {
    **_WORDS,
    "items": {
        "type": ["string", "object"],
        "properties": {
            "terms": {**_WORDS, "description": "The countries."},
            "from": time("From when they are in the set."),
            "until": time("Until when they are in it."),
        },
        "required": ["terms"],
        "minProperties": 2,
        "additionalProperties": False,
    },
}
"""Countries, of which some can be in a set for a time."""


_ABOUT: Final = {
    "clause": "the clause of this number",
    "rule": "the rule of this id",
    "term": "this word",
    "reading": "the reading of this name",
}

_ACCEPTANCE: Final[Schema] = {
    "type": "object",
    "description": "Findings of one code, accepted for a reason until a day.",
    "properties": {
        "code": {**ID, "description": "The code of the findings."},
        "reason": referring("text", "Why they are accepted."),
        "until": {**DAY, "description": "The day from which on they count again."},
        **{
            name: {"type": "string", "description": f"Only those that speak of {words}."}
            for name, words in _ABOUT.items()
        },
    },
    "required": ["code", "reason", "until"],
    "additionalProperties": False,
}

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
        "properties": {**rule_properties(), **kind.properties},
        "required": sorted(kind.required),
        "additionalProperties": False,
    }


def _policy_schema(kinds: Sequence[RuleKind]) -> Schema:
    condition = named_condition()
    vocabulary = {
        "type": "object",
        "description": "The words of the policy.",
        "properties": {
            **terms_by_dimension("The terms: {terms}.", referring("terms")),
            **{dimension: referring(f"terms.{dimension}", f"The terms: {dimension}.") for dimension in IN_TERMS},
            "attributes": {
                "type": "object",
                "description": "The host's own attributes, which rules may test.",
                "propertyNames": ID,
                "additionalProperties": {
                    "type": "object",
                    "properties": {
                        **TEXT["properties"],
                        "type": {
                            "enum": ["boolean", "integer", "number", "string", "date", "datetime"],
                            "description": "What its values are.",
                        },
                    },
                    "required": ["ja", "en", "type"],
                    "additionalProperties": False,
                },
            },
            "sets": {
                "type": "object",
                "description": "Named lists of terms, for rules that use the same list.",
                "properties": {
                    **terms_by_dimension(
                        "Lists of terms: {terms}.",
                        {"type": "object", "propertyNames": ID, "additionalProperties": _WORDS},
                    ),
                    COUNTRY_CODES: {
                        "type": "object",
                        "description": "Lists of countries, each by its code (ISO 3166-1), some perhaps for a time.",
                        "propertyNames": ID,
                        "additionalProperties": _COUNTRIES,
                    },
                },
                "additionalProperties": False,
            },
            "facts": {
                "type": "object",
                "description": "Types of facts that events and sources can state.",
                "propertyNames": ID,
                "additionalProperties": referring("fact-type"),
            },
        },
        "additionalProperties": False,
    }
    rules = {
        kind.name: {
            "type": "array",
            "description": kind.summary.en,
            "minItems": 1,
            "items": referring(f"rule.{kind.name}"),
        }
        for kind in kinds
    }
    clause = {
        "type": "object",
        "description": "One clause of the policy's text.",
        "properties": {
            "number": {**ID, "description": "As the text numbers it."},
            "title": referring("text", "Its heading."),
            "summary": referring("text", "What the clause says, in your own words."),
            "organisational": referring("text", "Why no flow can be decided by it."),
            "ground": {"type": "boolean", "description": "It denies what no clause permits."},
            "case_of": {"type": "string", "description": "The clause of which it is one case."},
            "defines": {
                "type": "object",
                "description": "Terms of the vocabulary that carry the clause out.",
                "properties": terms_by_dimension("Terms: {terms}.", _WORDS),
                "minProperties": 1,
                "additionalProperties": False,
            },
            "open": {
                "type": "array",
                "description": "What the text leaves open; `check` reports it.",
                "items": referring("text"),
            },
            **IN_CLAUSE,
            **rules,
        },
        "required": ["number", "summary"],
        "additionalProperties": False,
    }
    return {
        **head("policy", "Rule file of dataflow-policyengine"),
        "type": "object",
        "properties": {
            "imports": {
                "type": "array",
                "items": {"type": "string"},
                "description": "Files with words and clauses that several policies share, relative to this one.",
            },
            "policy": {
                "type": "object",
                "description": "Which policy it is, whom it binds, and when.",
                "properties": {
                    "id": {**ID, "description": "Unique among the policies of an engine, but for versions of one."},
                    "version": {"type": "string", "minLength": 1, "description": "As its authors name it."},
                    "title": referring("text", "What people call the policy."),
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
                    "from": time("In force from then on."),
                    "until": time("In force until just before then."),
                    "accepted": {
                        "type": "array",
                        "description": "Findings that are known and accepted for a while.",
                        "items": _ACCEPTANCE,
                    },
                    "contact": {"type": "string", "description": "Where people turn to."},
                    "languages": {
                        "type": "array",
                        "description": 'The languages in which every text stands; by default ["ja", "en"].',
                        "items": {"type": "string", "pattern": LANGUAGE_TAG},
                        "minItems": 1,
                        "uniqueItems": True,
                    },
                    **IN_POLICY,
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
                "description": "Questions that the text leaves open, each with its possible answers.",
                "propertyNames": ID,
                "additionalProperties": {
                    "type": "object",
                    "properties": {
                        **TEXT["properties"],
                        "clause": {"type": "string", "description": "The clause that can be read in several ways."},
                        "default": {"type": "string", "description": "The value where a host chooses none."},
                        "values": {
                            "type": "object",
                            "description": "The values that it can have, each with its answer.",
                            "minProperties": 2,
                            "propertyNames": ID,
                            "additionalProperties": referring("text"),
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
                "description": "What must be done beside a flow, or after it.",
                "propertyNames": ID,
                "additionalProperties": {
                    "type": "object",
                    "properties": {
                        **TEXT["properties"],
                        "clause": {"type": "string", "description": "The clause that asks it."},
                        "parameters": DATED_PARAMETERS,
                        "fulfils": {**_WORDS, "description": "Obligations of other policies that are met with it."},
                    },
                    "required": ["clause", "en", "ja"],
                    "additionalProperties": False,
                },
            },
            "clause": {"type": "array", "description": "The clauses of the text, in its order.", "items": clause},
        },
        "additionalProperties": False,
        "$defs": {
            **DEFINITIONS,
            **{f"rule.{kind.name}": rule_schema(kind) for kind in kinds},
        },
    }
