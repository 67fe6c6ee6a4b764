"""A mapping, a typed event and a JSON text of one flow are decided alike."""

from __future__ import annotations

import json
from types import MappingProxyType
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from policyengine import Engine, Event, InvalidEvent
from policyengine.model.policy import Policy
from strategies import cases

SPOILT = st.sampled_from(
    [
        {"items": []},
        {"items": ["contact", "contact"]},
        {"time": "2026-01-01T00:00:60Z"},
        {"time": "2026-02-30T00:00:00Z"},
        {"operation": "sell"},
        {"subject": {}},
        {"subject": {"category": "adult", "id": ""}},
        {"purpose": None},
        {"facts": [{"type": "consent", "operations": []}]},
        {"facts": [{"type": "gift"}]},
        {"attributes": {"age": "old"}},
        {"attributes": {"age": 3.0}},
        {"surprise": 1},
    ]
)


@given(cases(), st.one_of(st.none(), SPOILT))
def test_dict_struct_and_json(case: tuple[Policy, dict[str, Any]], spoilt: dict[str, Any] | None) -> None:
    policy, event = case
    event = {**event, **(spoilt or {})}
    engine = Engine([policy])
    decision = engine.evaluate(event)
    assert engine.evaluate(MappingProxyType(event)) == decision
    assert engine.evaluate_json(json.dumps(event)) == decision
    assert engine.evaluate_json(json.dumps(event, ensure_ascii=False).encode()) == decision
    try:
        ready = Event.from_mapping(event)
    except InvalidEvent as error:
        assert decision.outcome == "invalid"
        assert decision.errors == error.errors
    else:
        assert engine.evaluate(ready) == decision
        assert engine.evaluate(Event(**{k: v for k, v in event.items() if v is not None})) == decision
        assert engine.evaluate(ready.as_dict()) == decision
