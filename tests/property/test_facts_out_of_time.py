"""A fact that is not in effect at the event's time changes nothing."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from policyengine import Engine
from policyengine.model.policy import Policy
from property.decided import decided
from strategies import GENERATED_WORDS_PARTIES, TIMES, cases, facts, words_of

MOMENT = timedelta(microseconds=1)


def without_times(fact: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in fact.items() if key not in ("from", "until")}


@given(cases(), st.data())
def test_it_changes_nothing(case: tuple[Policy, dict[str, Any]], data: st.DataObject) -> None:
    policy, event = case
    fact = without_times(data.draw(facts(words_of(policy, TIMES, GENERATED_WORDS_PARTIES), near=event)))
    now = datetime.fromisoformat(event["time"])
    engine = Engine([policy])
    decision = engine.evaluate(event)
    for idle in (
        {"until": event["time"]},
        {"from": "2020-01-01T00:00:00Z", "until": event["time"]},
        {"from": (now + MOMENT).isoformat()},
        {"from": event["time"], "until": event["time"]},
        {"from": (now + MOMENT).isoformat(), "until": (now - MOMENT).isoformat()},
    ):
        known = event.get("facts", [])
        assert engine.evaluate({**event, "facts": [*known, {**fact, **idle}]}) == decision
        before = engine.evaluate({**event, "facts": [{**fact, **idle}, *known]})
        assert decided(before) == decided(decision)  # what is open is told by where it stands in the event


@given(cases(), st.data())
def test_within_its_time_its_bounds_do_not_matter(case: tuple[Policy, dict[str, Any]], data: st.DataObject) -> None:
    policy, event = case
    fact = without_times(data.draw(facts(words_of(policy, TIMES, GENERATED_WORDS_PARTIES), near=event)))
    now = datetime.fromisoformat(event["time"])
    engine = Engine([policy])
    known = event.get("facts", [])
    decision = engine.evaluate({**event, "facts": [*known, fact]})
    for bounds in (
        {"from": event["time"]},
        {"until": (now + MOMENT).isoformat()},
        {"from": (now - MOMENT).isoformat(), "until": (now + MOMENT).isoformat()},
    ):
        assert engine.evaluate({**event, "facts": [*known, {**fact, **bounds}]}) == decision
