"""What is said to remedy the denials of the vectors does, and no proper part of it."""

from __future__ import annotations

import json
import pickle
from collections import Counter
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from policyengine import Engine
from policyengine.model.decision import read_decision
from remedied import proper_parts, with_changes

ROOT = Path(__file__).parents[2]
VECTORS = [json.loads(line) for line in (ROOT / "tests/conformance/open-world.jsonl").read_text("utf-8").splitlines()]


@cache
def engine(readings: tuple[tuple[str, str], ...]) -> Engine:
    return Engine.load(ROOT / "rules/alc-smart-learning", readings=dict(readings))


def denials() -> list[tuple[Engine, dict[str, Any]]]:
    found = [(engine(tuple(sorted(vector.get("readings", {}).items()))), vector["event"]) for vector in VECTORS]
    return [(by, event) for by, event in found if by.evaluate(event).outcome == "deny"]


def test_every_remedy_permits_and_no_proper_part_of_it_does() -> None:
    seen: Counter[str] = Counter()
    for by, event in denials():
        decision = by.evaluate(event)
        assert not decision.more_remedies
        for remedy in decision.as_dict()["remedies"]:
            changes = remedy["changes"]
            seen.update({change["op"] for change in changes})
            seen["law"] += remedy.get("law", False)
            assert by.evaluate(with_changes(event, changes)).permitted, (event, changes)
            for part in proper_parts(changes):
                assert not by.evaluate(with_changes(event, part)).permitted, (event, changes, part)
            assert set(changes[0].get("items", ())) < set(event["items"]) or changes[0]["op"] != "drop-items"
    assert min(seen[op] for op in ("drop-items", "state", "add-fact", "law")) > 3, seen


def test_law_comes_last_and_before_it_what_changes_least() -> None:
    for by, event in denials():
        told = [(remedy.law, len(remedy.changes)) for remedy in by.evaluate(event).remedies]
        assert told == sorted(told)


def test_a_decision_keeps_its_remedies_wherever_it_goes() -> None:
    for by, event in denials()[:40]:
        decision = by.evaluate(event)
        assert pickle.loads(pickle.dumps(decision)).remedies == decision.remedies
        assert read_decision(decision.to_json()) == decision


@pytest.mark.parametrize("key", ["id", "time"])
def test_remedies_of_one_event_are_those_of_the_next_but_for_their_times(key: str) -> None:
    for by, event in denials()[:40]:
        first = by.evaluate(event).as_dict()["remedies"]
        other = {**event, "id": "another"} if key == "id" else {**event, "time": event["time"][:10] + "T23:59:59+09:00"}
        again = by.evaluate(other).as_dict()
        if again["outcome"] == "deny":
            told = json.dumps(again["remedies"]).replace(other["time"], event["time"])
            assert json.loads(told) == first
