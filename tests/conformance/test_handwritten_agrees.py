"""The policy written by hand, against which the benchmarks hold the engine, answers as the engine does."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import pytest

from policyengine import Engine

ROOT = Path(__file__).parents[2]
sys.path.append(str(ROOT / "benchmarks"))

import handwritten  # noqa: E402
import streams  # noqa: E402

ENGINE = Engine.load(ROOT / "rules" / "alc-smart-learning", installed_plugins=False)
VECTORS = [json.loads(line) for line in (Path(__file__).parent / "open-world.jsonl").read_bytes().splitlines()]
MONTH = (ROOT / "examples" / "alc-month.jsonl").read_bytes().splitlines()


def differing(lines: list[bytes]) -> list[tuple[str, Any, Any]]:
    found = []
    for line in lines:
        decision = ENGINE.evaluate_json(line)
        if decision.outcome == "invalid":  # what is malformed, only the engine tells in full
            continue
        ruling, permitted, excess = handwritten.decide(handwritten.from_json(line))
        by_hand = (ruling.outcome, ruling.clauses, ruling.obligations, permitted, excess)
        duties = tuple(duty.id for duty in decision.obligations)
        by_engine = (decision.outcome, decision.clauses, duties, decision.permitted_items, decision.excess_items)
        if by_hand != by_engine:
            found.append((line.decode(), by_hand, by_engine))
    return found


@pytest.mark.parametrize(
    "lines",
    [
        [json.dumps(vector["event"]).encode() for vector in VECTORS if not vector["readings"]],
        MONTH,
        streams.lines(streams.realistic, 500),
        streams.lines(streams.unlike, 1500),
    ],
    ids=["vectors", "month", "realistic", "unlike"],
)
def test_both_answer_alike(lines: list[bytes]) -> None:
    assert not differing(lines)
