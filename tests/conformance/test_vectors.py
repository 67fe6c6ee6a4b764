"""The reference policy answers the given vectors, as they stand."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path

import pytest

from policyengine import Engine

HERE = Path(__file__).parent
ROOT = HERE.parents[1]
VECTORS = [json.loads(line) for line in (HERE / "open-world.jsonl").read_text("utf-8").splitlines()]


@cache
def engine(readings: tuple[tuple[str, str], ...]) -> Engine:
    return Engine.load(ROOT / "rules" / "alc-smart-learning", readings=dict(readings))


@pytest.mark.parametrize("vector", VECTORS, ids=[vector["event"]["id"] for vector in VECTORS])
def test_the_engine_agrees(vector: dict) -> None:
    decision = engine(tuple(sorted(vector["readings"].items()))).evaluate(vector["event"])
    actual = {
        "outcome": decision.outcome,
        "permitted_items": sorted(decision.permitted_items),
        "excess_items": sorted(decision.excess_items),
        "clauses": list(decision.clauses),
        "obligations": [duty.id for duty in decision.obligations],
    }
    assert {key: actual[key] for key in vector["expect"]} == vector["expect"]


def test_the_vectors_are_the_given_ones() -> None:
    given = ROOT.parent / "shared" / "vectors" / "open-world.jsonl"
    assert len(VECTORS) == 604
    if given.exists():
        assert given.read_bytes() == (HERE / "open-world.jsonl").read_bytes()
