"""Many threads on one engine decide as one thread does."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from policyengine import Engine
from policyengine import evaluate as fast_road

ROOT = Path(__file__).parents[2]


@pytest.mark.parametrize("memory", [fast_road.MEMORY, 20])
def test_together_as_alone(memory: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fast_road, "MEMORY", memory)
    lines = (ROOT / "tests" / "conformance" / "reference.jsonl").read_text("utf-8").splitlines()
    events = [json.loads(line)["event"] for line in lines]
    pack = ROOT / "rules" / "alc-smart-learning"
    alone = [Engine.load(pack).evaluate(event) for event in events[:60]]
    shared = Engine.load(pack)

    def work(start: int) -> list[bool]:
        order = [*range(start, 60), *range(start)]
        return [shared.evaluate(events[number]) == alone[number] for number in order]

    with ThreadPoolExecutor(8) as pool:
        for found in pool.map(work, range(0, 60, 4)):
            assert all(found)
