"""What a policy's text tells, in keys of their own, for people and the lints of a law: nothing is decided by it.

A law asks of a text that it names its operator, say, or how complaints are made. A lint (`policyengine.hooks.Lint`)
reads that here, and says where it is missing.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from policyengine.language.keys import referring, time, told
from policyengine.schema.pieces import Schema

REQUESTS: Final = (
    "notify_purpose",
    "disclose",
    "disclose_records",
    "correct",
    "add",
    "delete",
    "stop_use",
    "erase",
    "stop_provision",
)
"""What a person can ask for."""


def _table(properties: Mapping[str, Any], *required: str, saying: str = "") -> Schema:
    found: Schema = {"type": "object", "properties": dict(properties), "additionalProperties": False}
    found |= {"description": saying} if saying else {}
    return {**found, "required": [*required]} if required else {**found, "minProperties": 1}


def _texts(**described: str) -> dict[str, Schema]:
    return {name: referring("text", description) for name, description in described.items()}


IN_POLICY: Final[Mapping[str, Schema]] = {
    "operator": told(
        "Who the controller is, as the text tells it.",
        _table(
            {
                **_texts(
                    name="Their name.",
                    address="Where they are.",
                    representative="Who represents them, where they are a corporation.",
                ),
                "kind": {"enum": ["corporation", "individual"], "description": "By default a corporation."},
            }
        ),
    ),
    "published": told(
        "When and how the text is made known.",
        _table(
            {
                "from": time("Since then."),
                "manner": {
                    "enum": ["published", "notified", "accessible"],
                    "description": "Published, notified to each person, or kept where each can easily find it.",
                },
                "pseudonymised": _table(
                    _texts(purposes="For what such data are used."),
                    "purposes",
                    saying="What is published of pseudonymised data.",
                ),
                "anonymised": _table(
                    _texts(items="Which items such data have.", method="How they are provided."),
                    "items",
                    "method",
                    saying="What is published of anonymised data.",
                ),
            }
        ),
    ),
    "safety": told(
        "Which measures keep data safe, as the text tells it.",
        _table(
            {
                "clauses": {
                    "type": "array",
                    "description": "The clauses that say which measures are taken; a promise to take some says none.",
                    "items": {"type": "string"},
                    "minItems": 1,
                },
                "abroad": {
                    "type": "array",
                    "description": "Where abroad data are kept or handled, and the legal regime there; [] for nowhere.",
                    "items": _table(
                        {
                            "country": {
                                "type": "string",
                                "description": "The country, by its code of ISO 3166-1.",
                                "pattern": r"^[A-Z]{2}(?![\s\S])",
                            },
                            **_texts(regime="Which law protects personal data there."),
                        },
                        "country",
                        "regime",
                    ),
                },
            }
        ),
    ),
    "requests": told(
        "What a person can ask for, and how, as the text tells it.",
        _table(
            {
                "kinds": {
                    "type": "array",
                    "description": f"What they can ask for: {', '.join(REQUESTS)}.",
                    "items": {"enum": [*REQUESTS]},
                    "minItems": 1,
                },
                **_texts(how="How they ask."),
                "fee": {
                    "type": "string",
                    "description": 'What it costs; "none" where it costs nothing.',
                    "minLength": 1,
                },
                "complaints": {
                    "type": "string",
                    "description": "Where people complain; by default `contact`.",
                    "minLength": 1,
                },
            }
        ),
    ),
}
"""The keys of ``[policy]``."""

IN_CLAUSE: Final[Mapping[str, Schema]] = {
    "opt_out": told(
        "What is told of data that are provided unless the person objects.",
        _table(
            {
                "filed": time("Since when it is filed with the authority."),
                **_texts(
                    operator="Name, address and representative of who provides them.",
                    purpose="That they are used to be provided to others.",
                    items="Which items.",
                    sources="How they were acquired.",
                    method="How they are provided.",
                    stop="That providing stops when the person asks.",
                    how="How the person asks.",
                    others="What else the authority's rules ask: how they are kept up to date, since when.",
                ),
            }
        ),
    ),
}
"""The keys of a clause."""

IN_TERMS: Final[Mapping[str, Mapping[str, Schema]]] = {
    "items": {
        "ordinary": told(
            "Somebody has looked, and it is of no class to which a law gives special care.", {"type": "boolean"}
        )
    },
    "purposes": {
        "analyses": told("The text tells that what people do is analysed for it, and to what end.", {"type": "boolean"})
    },
}
"""The keys of the terms of a dimension."""
