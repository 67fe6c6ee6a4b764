"""A fact that is not in effect at the event's time changes nothing."""

from __future__ import annotations

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from policyengine import Engine
from policyengine.rule import Policy
from strategies import GENERATED_WORDS_PARTIES, TIMES, cases, facts, words_of


@given(cases(), st.data())
def test_it_changes_nothing(case: tuple[Policy, dict[str, Any]], data: st.DataObject) -> None:
    policy, event = case
    fact = data.draw(facts(words_of(policy, TIMES, GENERATED_WORDS_PARTIES)))
    past = {**fact, "from": "2020-01-01T00:00:00Z", "until": event["time"]}
    future = {**fact, "from": "2026-12-01T00:00:00Z"}
    never = {**fact, "from": event["time"], "until": event["time"]}
    engine = Engine([policy])
    decision = engine.evaluate(event)
    for idle in (past, future, never):
        future.pop("until", None)
        assert engine.evaluate({**event, "facts": [*event.get("facts", []), idle]}) == decision
