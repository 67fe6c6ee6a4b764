"""The layer `rules/appi` answers the given vectors, as they stand: beside a company that permits everything, and above
the reference policy."""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace

from policyengine import Decision, Documents, Engine
from policyengine.engine.plugins import Plugins
from policyengine.language.build import build_policies
from policyengine.model.condition import ALWAYS
from policyengine.model.operation import OPERATIONS
from policyengine.model.policy import Policy
from policyengine.model.rule import Head, Permit
from policyengine.text import same

HERE = Path(__file__).parent
RULES = HERE.parents[1] / "rules"
VECTORS = [json.loads(line) for line in (HERE / "appi.jsonl").read_text("utf-8").splitlines()]
LAYERED = [vector for vector in VECTORS if "layered" in vector]
PLUGINS = Plugins(installed=False)
WORDS = ("subjects", "items", "purposes", "forms", "origins", "services")

Readings = tuple[tuple[str, str], ...]


@cache
def company() -> Policy:
    """Return a policy that permits everything, with the words of the vectors, in force before the law was."""
    said: dict[str, Any] = json.loads((HERE / "appi-words.json").read_text("utf-8"))
    vocabulary = {
        dimension: {word: _term(word, says) for word, says in said[dimension].items() if word != "identifiable"}
        for dimension in WORDS
    }
    clause = {
        "number": "1",
        "summary": {"ja": "全て", "en": "everything"},
        "organisational": {"ja": "無", "en": "none"},
    }
    about = {
        "id": "company",
        "version": "1",
        "title": {"ja": "会社", "en": "company"},
        "governs": ["alc-learning-systems"],
        "from": "2000-01-01T00:00:00+09:00",
    }
    pack = Documents({"company.toml": {"policy": about, "vocabulary": vocabulary, "clause": [clause]}})
    (policy,) = build_policies([pack], PLUGINS.kinds, {})
    everything = Permit(
        Head("everything", "1", "permission", same("everything")), frozenset(OPERATIONS), ALWAYS, ALWAYS
    )
    return replace(policy, rules=(everything,), decides=frozenset(OPERATIONS))


def _term(word: str, says: Mapping[str, Any]) -> dict[str, Any]:
    return {"ja": word, "en": word, **{key: says[key] for key in ("is_a", "remainder") if key in says}}


@cache
def above(readings: Readings) -> Engine:
    """Return the engine of the layer above the company."""
    return Engine([company(), *build_policies([RULES / "appi"], PLUGINS.kinds, dict(readings))], PLUGINS)


@cache
def engine(*packs: str) -> Engine:
    return Engine.load(*(RULES / pack for pack in packs), installed_plugins=False)


def said_by_the_law(decision: Decision) -> dict[str, Any]:
    """Return what the law itself says in a decision of it and a company that permits everything."""
    if all(policy.id != "appi" for policy in decision.policies):
        return {"outcome": "none"}
    return {
        "outcome": decision.outcome,
        "permitted_items": sorted(decision.permitted_items),
        "excess_items": sorted(decision.excess_items),
        "clauses": sorted(clause.removeprefix("appi:") for clause in decision.clauses if clause.startswith("appi:")),
        "obligations": sorted(duty.id for duty in decision.obligations),
        "bars": sorted({reason.clause for reason in decision.reasons if reason.policy == "appi" and reason.clause}),
    }


def said_together(decision: Decision) -> dict[str, Any]:
    bars = {f"{reason.policy}:{reason.clause}" for reason in decision.reasons if reason.policy == "appi"}
    return {
        "outcome": decision.outcome,
        "permitted_items": sorted(decision.permitted_items),
        "excess_items": sorted(decision.excess_items),
        "clauses": sorted(decision.clauses),
        "obligations": sorted(duty.id for duty in decision.obligations),
        "bars": sorted(bars),
    }


@pytest.mark.parametrize("vector", VECTORS, ids=[vector["event"]["id"] for vector in VECTORS])
def test_the_layer_agrees(vector: dict[str, Any]) -> None:
    decision = above(tuple(sorted(vector["readings"].items()))).evaluate(vector["event"])
    actual = said_by_the_law(decision)
    assert {key: actual[key] for key in vector["expect"]} == in_order(vector["expect"])


@pytest.mark.parametrize("vector", LAYERED, ids=[vector["event"]["id"] for vector in LAYERED])
def test_the_layer_above_the_reference_policy_agrees(vector: dict[str, Any]) -> None:
    alone = said_together(engine("alc-smart-learning").evaluate(vector["event"]))
    both = said_together(engine("alc-smart-learning", "appi").evaluate(vector["event"]))
    assert {key: alone[key] for key in vector["reference"]} == in_order(vector["reference"])
    assert {key: both[key] for key in vector["layered"]} == in_order(vector["layered"])


def in_order(expected: Mapping[str, Any]) -> dict[str, Any]:
    return {key: sorted(value) if isinstance(value, list) else value for key, value in expected.items()}


def test_the_vectors_are_the_given_ones() -> None:
    given = HERE.parents[2] / "shared" / "law"
    assert len(VECTORS) == 308
    for name, copied in (("vectors.jsonl", "appi.jsonl"), ("vocabulary.json", "appi-words.json")):
        if (given / name).exists():
            assert (given / name).read_bytes() == (HERE / copied).read_bytes()
