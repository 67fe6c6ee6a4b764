"""Why not: the rules that come nearest to permitting a denied flow, and why a fact that is there does not count."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given

from policyengine import Engine
from policyengine.decision.decider import Decider
from policyengine.decision.explain import Part
from policyengine.decision.nearest import Near
from policyengine.errors import InvalidEvent
from policyengine.model.event import Event
from policyengine.model.policy import Policy
from strategies import cases

EVENT = {
    "id": "e-1",
    "time": "2026-11-24T09:00:00+09:00",
    "controller": "alc-learning-systems",
    "operation": "entrust",
    "subject": {"category": "customer", "id": "c-102"},
    "items": ["name"],
    "purpose": "statistics",
    "recipient": {"id": "mailer-kk", "service": "communication"},
}


@pytest.fixture(scope="module")
def engine() -> Engine:
    return Engine.load("rules/alc-smart-learning")


def parts_of(near: Near) -> Iterator[Part]:
    waiting = [*near.parts]
    while waiting:
        part = waiting.pop()
        yield part
        waiting += part.parts


def said(engine: Engine, rule: str, fact: dict[str, Any]) -> list[str]:
    near = next(near for near in engine.why_not({**EVENT, "facts": [fact]}) if near.rule == rule)
    return sorted({text.en for part in parts_of(near) for text in part.uncounted})


@pytest.mark.parametrize(
    ("fact", "why"),
    [
        ({"until": "2026-05-01T00:00:00+09:00"}, "it ended on 2026-05-01T00:00:00+09:00"),
        ({"from": "2027-05-01T00:00:00+09:00"}, "it begins on 2027-05-01T00:00:00+09:00"),
        ({"recipients": ["other-kk"]}, "it is about another recipient"),
        ({"purposes": ["after-care"]}, "it is about another purpose"),
        ({"items": ["sex"]}, "it is about another item"),
        ({"subject": "c-103"}, "it is about another data subject"),
        ({"operations": ["provide"]}, "it is about another operation"),
    ],
)
def test_a_fact_that_does_not_count_says_why(engine: Engine, fact: dict[str, Any], why: str) -> None:
    consent = {"type": "consent", "operations": ["entrust"], **fact}
    assert said(engine, "5(6)/entrustment", consent) == [f"facts[0] does not count: {why}"]


def test_a_fact_of_another_kind_or_without_a_purpose_says_so(engine: Engine) -> None:
    contract = {"type": "contract", "kind": "service", "party": "mailer-kk"}
    assert said(engine, "5(2)/entrustment", contract) == ["facts[0] does not count: its kind is service"]
    law = {"type": "legal_basis", "kind": "statute", "reference": "an act"}
    health = {"operation": "use", "subject": {"category": "employee"}, "purpose": "health-management"}
    event = {**EVENT, **health, "items": ["stress_check_result"], "facts": [law]}
    near = engine.why_not({key: value for key, value in event.items() if key != "recipient"})
    texts = {text.en for rule in near for part in parts_of(rule) for text in part.uncounted}
    assert "facts[0] does not count: it states no purposes" in texts


def test_the_nearest_rule_comes_first_and_names_nobody(engine: Engine) -> None:
    near = engine.why_not(EVENT)
    assert [rule.missing for rule in near] == sorted(rule.missing for rule in near)
    assert near[0].rule in ("5(2)/entrustment", "5(6)/entrustment")
    assert "c-102" not in json.dumps([rule.as_dict() for rule in near])


@given(cases(most=5))
def test_every_rule_that_would_permit_is_there_and_lacks_something(case: tuple[Policy, dict[str, Any]]) -> None:
    policy, event = case
    decider, read = Decider([policy]), Event.from_mapping(event)
    try:
        decision, near = decider.decide(read), decider.nearest(read)
    except InvalidEvent:
        return
    if decision.outcome == "permit":
        assert not near
    for rule in near:
        lacking = [part for part in rule.parts if not part.whole]
        assert rule.missing >= max(len(lacking), 1)
        assert lacking or rule.out_of_force
