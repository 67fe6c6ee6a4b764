"""What an engine remembers is bounded, however long the words of events and facts are."""

from __future__ import annotations

import tracemalloc
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from policyengine import Engine
from policyengine.decision import memory as remembered

RULES = Path(__file__).parents[2] / "rules"
FLOW = {
    "id": "e",
    "time": "2026-06-01T12:00:00+09:00",
    "operation": "provide",
    "subject": {"category": "customer"},
    "items": ["name"],
    "purpose": "product-information",
    "recipient": {"id": "mailer-kk"},
}
KEPT = 2_000_000
LONG = 20_000


def word(number: int) -> str:
    return f"{number:06}".rjust(LONG, "x")


def fact(**fields: Any) -> dict[str, Any]:
    return {"facts": [{"type": "request", "kind": "stop_use", **fields}]}


@pytest.mark.parametrize(
    "change",
    [
        lambda number: {"items": ["name", word(number)]},
        lambda number: {"items": ["name", *(f"item-{number}-{index}" for index in range(1_000))]},
        lambda number: {"purpose": word(number)},
        lambda number: {"actor": {"id": word(number), "role": 4 * word(number)}},
        lambda number: fact(recipients=[word(number)]),
        lambda number: fact(recipients=[f"party-{number}-{index}" for index in range(1_000)]),
        lambda number: fact(items=[word(number)]),
        lambda number: {"facts": [{"type": "legal_basis", "kind": "statute", "reference": word(number)}]},
    ],
    ids=["item", "items", "purpose", "role", "party", "parties", "unknown term", "value"],
)
def test_what_is_remembered_takes_no_more_than_it_may_however_long_its_words(
    change: Callable[[int], dict[str, Any]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(remembered, "BYTES", KEPT)
    engine = Engine.load(RULES / "alc-smart-learning", installed_plugins=False)
    engine.evaluate({**FLOW, **change(0)})
    held = []
    tracemalloc.start()
    try:
        for number in range(1, 100):
            assert not engine.evaluate({**FLOW, **change(number)}).errors
            held.append(tracemalloc.get_traced_memory()[0])
    finally:
        tracemalloc.stop()
    assert max(held) < 2 * KEPT
