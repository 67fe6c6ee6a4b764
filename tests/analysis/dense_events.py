"""Many events about what some policies look at, and about nothing else: a dense sample of a small space."""

from __future__ import annotations

import itertools
import random
from collections.abc import Iterator
from typing import Any

from policyengine.model.condition import (
    Acquired,
    Age,
    Compare,
    During,
    Field,
    Holds,
    In,
    NotIn,
    Same,
    leaves,
)
from policyengine.model.operation import NEEDS_RECIPIENT
from policyengine.model.policy import Policy
from policyengine.model.rule import conditions_of
from policyengine.moment import FOREVER
from strategies import AGO, OPERATIONS, TIMES

UNKNOWN = "unheard"
NEW = "new-word"
"""A word that one of two policies may declare."""

ITEMS = ["contact", "mail", "phone", "voice", "health", NEW]
PURPOSES = ["care", "followup", "ads", NEW]

FACTS: dict[str, list[dict[str, Any]]] = {
    "consent": [
        {"operations": OPERATIONS},
        {"operations": ["entrust", "use"], "purposes": ["care"]},
        {"operations": OPERATIONS, "items": ["contact"], "recipients": ["group"]},
        {"operations": OPERATIONS, "subject": "p-1"},
        {"operations": ["provide"], "items": [UNKNOWN]},
        {"operations": ["use", "entrust"], "items": ["voice"]},
        {"operations": ["joint_use", "provide"], "items": [NEW], "recipients": ["sister"]},
    ],
    "contract": [
        {"kind": "confidentiality", "party": "group"},
        {"kind": "service", "party": "partner"},
        {"kind": "service", "party": "stranger", "subject": "p-1"},
    ],
    "vetting": [{"party": "group"}, {"party": "partner"}, {"party": "stranger"}],
    "legal_basis": [
        {"kind": "statute", "reference": "act"},
        {"kind": "government", "reference": "act"},
        {"kind": "court", "reference": "act", "purposes": ["ads"], "recipients": ["sister"]},
    ],
    "request": [
        {"kind": "stop_use"},
        {"kind": "erase", "subject": "p-1"},
        {"kind": "disclose"},
        {"kind": "stop_use", "items": ["contact"], "purposes": ["care"]},
        {"kind": "stop_use", "items": [UNKNOWN]},
        {"kind": "erase", "purposes": ["followup"], "recipients": ["sister"]},
        {"kind": "stop_use", "items": ["voice"], "purposes": [NEW]},
    ],
    "notice": [
        {"purposes": ["care"]},
        {"purposes": ["ads"], "subject": "p-1"},
        {"purposes": ["followup"], "items": ["mail"]},
        {"purposes": [UNKNOWN]},
        {"purposes": [NEW, "followup"], "items": ["health"]},
    ],
    "declaration": [
        {"partner": "group", "purposes": ["care"], "basis": "consent"},
        {"partner": "partner", "purposes": ["ads"], "basis": "consent"},
        {"partner": "stranger", "purposes": ["followup"], "basis": "interest", "person": "p-1"},
    ],
    "grant": [
        {"item": "contact"},
        {"item": "mail", "holders": ["p-1"]},
        {"item": "contact", "operation": "use", "to": ["group"]},
        {"item": "health", "via": "partner", "subject": "p-1"},
        {"item": "phone", "to": ["sister"]},
        {"item": NEW, "operation": "entrust"},
    ],
    "register": [{}, {"country": "JP"}, {"services": ["hosting"]}, {"country": "US", "services": [UNKNOWN]}],
    "ledger": [
        {"controllers": ["shop"]},
        {"controllers": ["elsewhere"]},
        {"category": "adult"},
        {"category": UNKNOWN, "form": "statistical"},
        {"form": "identifiable", "subject": "p-1"},
    ],
    "training": [
        {"actor": "p-1"},
        {"actor": "p-2", "roles": ["staff"]},
        {"roles": ["clerk", UNKNOWN]},
        {"origins": ["direct"], "roles": ["clerk"]},
        {"origins": [UNKNOWN]},
    ],
    "assessment": [
        {"about": "mail"},
        {"about": "contact", "level": "high", "party": "sister"},
        {"about": "health", "level": "unlisted"},
        {"about": UNKNOWN, "level": "low", "party": "stranger"},
    ],
    "receipt": [{}, {"sources": ["group"]}, {"sources": ["stranger"]}, {"source_country": "JP"}],
}


def dense_events(policies: list[Policy], number: int, seed: int = 0) -> Iterator[dict[str, Any]]:
    """Yield at most `number` events that vary in all that some rule of the policies looks at."""
    found = [leaf for p in policies for rule in p.rules for c in conditions_of(rule) for leaf in leaves(c)]
    fields = {leaf.field for leaf in found if isinstance(leaf, In | NotIn)}
    types = sorted({leaf.type for leaf in found if isinstance(leaf, Holds)})
    spans = [(x.start, x.end) for policy in policies for x in (policy, *(rule.head for rule in policy.rules))]
    spans += [span for leaf in found if isinstance(leaf, During) for span in leaf.spans]
    dated = any(start > -FOREVER or end < FOREVER for start, end in spans)
    dated_attributes = {leaf.attribute for leaf in found if isinstance(leaf, Age | Compare)}
    dated = dated or bool(dated_attributes & {"born", "seen"})
    looked_at = bool(types) or any(isinstance(leaf, Same) for leaf in found)

    def words(dimension: str, field: Field, plain: str | None) -> list[str | None]:
        declared = sorted({term for policy in policies for term in policy.vocabulary.terms[dimension]})
        return [plain, *(word for word in (*declared, UNKNOWN) if word != plain)] if field in fields else [plain]

    columns: dict[str, list[Any]] = {
        "operation": OPERATIONS,
        "time": TIMES if dated else TIMES[3:4],
        "acquired": [None, *AGO, TIMES[0]] if any(isinstance(leaf, Acquired) for leaf in found) else [None],
        "category": words("subjects", Field.SUBJECT, "adult"),
        "person": ["p-1", None] if looked_at else ["p-1"],
        "item": words("items", Field.ITEM, "contact") if not types else [*ITEMS, UNKNOWN],
        "purpose": words("purposes", Field.PURPOSE, "care") if not types else [*PURPOSES, UNKNOWN],
        "form": words("forms", Field.FORM, "identifiable"),
        "origin": words("origins", Field.ORIGIN, None) if "training" not in types else [None, "direct", "public"],
        "recipient": ["stranger", "group", "sister", "partner", "p-1"],
        "service": words("services", Field.SERVICE, None) if "register" not in types else [None, "hosting", "mailing"],
        "country": [None, "JP", "US"] if Field.COUNTRY in fields or "register" in types else [None],
        "actor": [None, "p-1", "p-2", "group"] if looked_at or Field.ACTOR in fields else [None],
        "role": words("roles", Field.ROLE, None) if "training" not in types else [None, "staff", "clerk", UNKNOWN],
        "source": [None, "group", "sister", "p-1"] if looked_at or Field.SOURCE in fields else [None],
        "from country": [None, "JP", "US"] if Field.SOURCE_COUNTRY in fields or "receipt" in types else [None],
        "age": [None, 3, 15, 16] if any(isinstance(leaf, Compare) for leaf in found) else [None],
        "vip": [None, True, False] if any(isinstance(leaf, Compare) for leaf in found) else [None],
        "born": [None, "2025-03-31", "2026-01-01", "2026-05-15"] if "born" in dated_attributes else [None],
        "seen": [None, "2026-01-01T00:00:00Z", "2025-12-01T00:00:00Z"] if "seen" in dated_attributes else [None],
        **{name: [None, *({"type": name, **fact} for fact in FACTS[name])] for name in types},
    }
    dice = random.Random(seed)
    combinations = itertools.product(*columns.values())
    size = 1
    for values in columns.values():
        size *= len(values)
    if size > number:
        combinations = (tuple(dice.choice(values) for values in columns.values()) for _ in range(number))
    for combination in combinations:
        chosen = dict(zip(columns, combination, strict=True))
        operation = chosen["operation"]
        event: dict[str, Any] = {
            "id": "e",
            "time": chosen["time"],
            "operation": operation,
            "controller": "shop",
            "subject": {"category": chosen["category"], **({"id": chosen["person"]} if chosen["person"] else {})},
            "items": [chosen["item"]],
            "form": chosen["form"],
        }
        if operation != "disclose" or chosen["recipient"] == "p-1":
            event["purpose"] = chosen["purpose"]
        if chosen["acquired"]:
            event["acquired"] = min(chosen["time"], chosen["acquired"])
        if chosen["origin"]:
            event["origin"] = chosen["origin"]
        if operation in NEEDS_RECIPIENT or chosen["recipient"] == "group":
            event["recipient"] = {
                "id": chosen["recipient"],
                **({"service": chosen["service"]} if chosen["service"] else {}),
                **({"country": chosen["country"]} if chosen["country"] else {}),
            }
        if chosen["actor"] or chosen["role"]:
            event["actor"] = {"id": chosen["actor"] or "p-3", **({"role": chosen["role"]} if chosen["role"] else {})}
        if operation == "acquire" and (chosen["source"] or chosen["from country"]):
            country = {"country": chosen["from country"]} if chosen["from country"] else {}
            event["source"] = {"id": chosen["source"] or "stranger", **country}
        facts = [chosen[name] for name in types if chosen[name]]
        if facts:
            event["facts"] = facts
        attributes = {name: chosen[name] for name in ("age", "vip", "born", "seen") if chosen[name] is not None}
        if attributes:
            event["attributes"] = attributes
        yield event
