"""Each kind of rule, with facts that are held against each thing that an event states: as the reference decides.

It is counted that every pair of a kind and a thing was tried, and that what the fact says of it decided something.
"""

from __future__ import annotations

import random
from collections.abc import Iterator
from typing import Any

import pytest

import reference_open
from policyengine import Engine
from policyengine.model.fields import HELD
from property.decided import says
from strategies import OPERATIONS, VOCABULARY, kinds, policy_from

_T = {"ja": "語", "en": "word"}
_ALL = {key: sorted(VOCABULARY[key]) for key in ("subjects", "items", "purposes")}

RULES: dict[str, dict[str, Any]] = {
    "purpose-limitation": {"subjects": _ALL["subjects"], "purposes": _ALL["purposes"], "items": "any"},
    "individual-notice": {"replaces": ["1"]},
    "joint-use": {"parties": ["group"], **_ALL},
    "entrustment": {},
    "provision": {},
    "permission": {"operations": OPERATIONS, "items": "any"},
    "disclosure": {},
    "requirement": {"operations": OPERATIONS, "items": "any"},
    "prohibition": {},
    "data-subject-request": {"request": "stop_use", "stops": OPERATIONS},
    "obligation": {"operations": OPERATIONS, "oblige": ["tell"]},
    "retention": {"at_most": "P5Y"},
    "alternative": {"meets": ["3"]},
    "replacement": {"replaces": ["1"]},
}
"""For each kind a table that says little but for its facts."""

MOST: dict[str, list[str]] = {"disclosure": ["disclose"], "entrustment": ["entrust"], "provision": ["provide"]}
"""The operations of which most events are, for kinds that speak of few."""

OVER = ("requirement", "prohibition", "data-subject-request", "obligation", "retention", "alternative", "replacement")
"""The kinds that need something to stand over."""

POOLS: dict[str, list[str]] = {
    "recipient": ["group", "sister", "p-1", "stranger"],
    "country": ["JP", "US"],
    "service": ["hosting", "mailing", "unheard"],
    "controller": ["shop", "elsewhere"],
    "category": ["adult", "member", "unheard"],
    "purpose": ["care", "followup", "ads", "unheard"],
    "subject": ["p-1", "p-2"],
    "item": ["contact", "mail", "phone", "unheard"],
    "operation": OPERATIONS,
    "origin": ["direct", "public", "unheard"],
    "form": ["identifiable", "statistical", "unheard"],
    "actor": ["p-1", "p-2", "group"],
    "role": ["staff", "clerk", "auditor", "unheard"],
    "source": ["group", "sister", "stranger"],
    "source_country": ["JP", "US"],
}
"""For each thing against which facts can be held, words of facts; the last of some is known to nobody."""


def rules(kind: str, held: str) -> dict[str, Any]:
    """Return the data of a policy with one rule of a kind, which asks for a fact that is held against one thing."""
    asked = {"type": "witness"}
    table = {**RULES[kind], **({"require": {"facts": asked}} if kind == "requirement" else {"facts": asked})}
    clauses: list[dict[str, Any]] = [{"number": number, "summary": _T} for number in ("1", "2", "3")]
    if kind in OVER or kind == "individual-notice":
        clauses[0]["permission"] = [{"operations": OPERATIONS, "items": "any"}]
    if kind == "alternative":
        required = {"operations": OPERATIONS, "items": "any", "require": {"facts": {"type": "vetting"}}}
        clauses[2]["requirement"] = [required]
    clauses[1][kind] = [table]
    clauses[0]["ground"] = True
    return {
        "policy": {"id": "generated", "version": "1", "title": _T, "governs": ["shop"]},
        "vocabulary": {
            **{key: VOCABULARY[key] for key in VOCABULARY if key not in ("facts", "attributes")},
            "facts": {"witness": {**_T, "fields": {"says": {"held": held}}}},
        },
        "obligations": {"tell": {**_T, "clause": "1"}},
        "clause": clauses,
    }


def events(dice: random.Random, kind: str, number: int) -> Iterator[dict[str, Any]]:
    """Yield events around rules of a kind, each of which states some fields and leaves others open."""

    def perhaps(held: str) -> str | None:
        return dice.choice([None, *(word for word in POOLS[held] if word != "unheard")])

    for _ in range(number):
        operation = dice.choice(MOST.get(kind, OPERATIONS) if dice.random() < 0.8 else OPERATIONS)
        person, receives = perhaps("subject"), operation not in ("acquire", "use", "retain") or dice.random() < 0.5
        recipient = person if operation == "disclose" and person else dice.choice(POOLS["recipient"])
        parts: dict[str, dict[str, Any]] = {
            "subject": {"category": dice.choice(["adult", "member"]), "id": person},
            "actor": {"id": dice.choice(POOLS["actor"]), "role": perhaps("role")},
            "recipient": {"id": recipient, "country": perhaps("country"), "service": perhaps("service")},
            "source": {"id": dice.choice(POOLS["source"]), "country": perhaps("source_country")},
        }
        there = {"subject": True, "actor": dice.random() < 0.8, "recipient": receives}
        there["source"] = operation == "acquire" and dice.random() < 0.8
        event = {
            "id": "e",
            "time": "2026-03-01T00:00:00Z",
            "controller": "shop",
            "operation": operation,
            "items": dice.sample(["contact", "mail", "phone"], dice.choice([1, 2])),
            "purpose": perhaps("purpose") or "care",
            "origin": perhaps("origin"),
            "form": perhaps("form"),
            **{key: {k: v for k, v in part.items() if v is not None} for key, part in parts.items() if there[key]},
            "facts": [
                {"type": "notice", "purposes": _ALL["purposes"]},
                {"type": "request", "kind": "disclose"},
                *([{"type": "request", "kind": "stop_use"}] if kind == "data-subject-request" else []),
            ],
        }
        yield {key: value for key, value in event.items() if value is not None}


def test_there_is_a_table_of_every_kind_and_a_pool_of_everything_that_facts_are_held_against() -> None:
    assert set(RULES) == set(kinds())
    assert set(POOLS) == set(HELD)


@pytest.mark.parametrize("kind", sorted(RULES))
def test_what_a_fact_says_of_anything_is_decided_as_the_reference_decides(kind: str) -> None:
    dice = random.Random(kind)
    decisive = set()
    for held, words in POOLS.items():
        data = rules(kind, held)
        engine, reference = Engine([policy_from(data)]), [reference_open.policy([data])]
        for event in events(dice, kind, 16):
            found = []
            for word in (None, *words):
                fact = {"type": "witness"} | ({"says": word} if word else {})
                stated = {**event, "facts": [*event["facts"], fact]}
                found.append(says(engine.evaluate(stated)))
                assert found[-1] == reference_open.evaluate(reference, stated), stated
            if any(one != found[0] for one in found):
                decisive.add(held)
    assert decisive == set(POOLS)
