"""Many threads on one engine decide as one thread does."""

from __future__ import annotations

import json
import random
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Barrier

import pytest

from policyengine import Engine
from policyengine.decision import memory as remembered

ROOT = Path(__file__).parents[2]
PACK = ROOT / "rules" / "alc-smart-learning"
THREADS = 8


@pytest.fixture(autouse=True)
def _threads_that_take_turns_often() -> Iterator[None]:
    usual = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    yield
    sys.setswitchinterval(usual)


@pytest.mark.parametrize("memory", [remembered.BYTES, 50_000, 0])
def test_together_as_alone(memory: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(remembered, "BYTES", memory)
    lines = (ROOT / "tests" / "conformance" / "open-world.jsonl").read_text("utf-8").splitlines()
    events = [json.loads(line)["event"] for line in lines[:120]]
    one = Engine.load(PACK)
    alone = [one.evaluate(event) for event in events]
    shared = Engine.load(PACK)
    together = Barrier(THREADS)

    def work(seed: int) -> list[str]:
        order = list(range(len(events)))
        random.Random(seed).shuffle(order)
        together.wait()
        return [events[number]["id"] for number in order if shared.evaluate(events[number]) != alone[number]]

    with ThreadPoolExecutor(THREADS) as pool:
        assert list(pool.map(work, range(THREADS))) == [[]] * THREADS
