"""The reference evaluator of the tests answers the given vectors, under the reference policy as READING.md has it."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path
from typing import Any

import pytest

import reference_open

HERE = Path(__file__).parent
PACK = HERE.parents[1] / "rules" / "alc-smart-learning"
VECTORS = [json.loads(line) for line in (HERE / "open-world.jsonl").read_text("utf-8").splitlines()]


@cache
def policy(readings: tuple[tuple[str, str], ...]) -> reference_open.Policy:
    return reference_open.load(PACK, dict(readings))


@pytest.mark.parametrize("vector", VECTORS, ids=[vector["event"]["id"] for vector in VECTORS])
def test_the_reference_agrees(vector: dict[str, Any]) -> None:
    answer = reference_open.evaluate([policy(tuple(sorted(vector["readings"].items())))], vector["event"])
    actual = {
        "outcome": answer.outcome,
        "permitted_items": sorted(answer.permitted),
        "excess_items": sorted(answer.excess),
        "clauses": sorted(answer.clauses),
        "obligations": sorted(answer.obligations),
    }
    assert {key: actual[key] for key in vector["expect"]} == vector["expect"]


def test_every_denied_item_has_a_reason_that_cites_a_clause() -> None:
    for vector in VECTORS:
        answer = reference_open.evaluate([policy(tuple(sorted(vector["readings"].items())))], vector["event"])
        assert answer.excess == {item for reason in answer.reasons for item in reason.items}, vector["event"]
        assert (
            answer.outcome == "permit" or answer.clauses or {r.code for r in answer.reasons} == {"no-governing-policy"}
        )


def test_the_vectors_are_the_given_ones() -> None:
    given = HERE.parents[2] / "shared" / "vectors" / "open-world.jsonl"
    assert len(VECTORS) == 604
    if given.exists():
        assert given.read_bytes() == (HERE / "open-world.jsonl").read_bytes()
