"""The engine decides as the slow, obvious evaluator does: outcome, items, clauses, rules, obligations and reasons."""

from __future__ import annotations

import itertools
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from policyengine import Decision, Engine
from policyengine.engine.plugins import Plugins
from policyengine.language.build import build_policy
from policyengine.model.condition import Field
from policyengine.model.policy import Policy
from reference import Answer, evaluate
from strategies import cases, events_of

RULES = Path(__file__).parents[2] / "rules"
KINDS = Plugins(installed=False).kinds
READINGS = {
    "clause-5-conditions": ["scoped", "strict", "section-6"],
    "client-window": ["accepted", "direct-only"],
    "stages-of-2-2": ["included", "excluded"],
    "stop-provision-reach": ["provision", "all-transfers"],
}
ALC: list[Policy] = [
    build_policy(RULES / "alc-smart-learning", KINDS, dict(zip(READINGS, values, strict=True)))
    for values in itertools.product(*READINGS.values())
]
ENGINES = [Engine([policy]) for policy in ALC]  # warm, and warmer with every example
ALC_TIMES = [
    "2013-01-31T14:59:59.999999Z",
    "2013-02-01T00:00:00+09:00",
    "2026-06-01T12:00:00+09:00",
    "2026-06-01T03:00:00.000001Z",
]


def says(decision: Decision) -> Answer:
    assert not decision.errors
    return Answer(
        decision.outcome,
        set(decision.permitted_items),
        set(decision.excess_items),
        set(decision.clauses),
        set(decision.rules),
        {duty.id for duty in decision.obligations},
        {(reason.code, reason.clause, reason.rule) for reason in decision.reasons},
    )


@settings(max_examples=4 * settings().max_examples)
@given(cases())
def test_on_generated_policies(case: tuple[Policy, dict[str, Any]]) -> None:
    policy, event = case
    assert says(Engine([policy]).evaluate(event)) == evaluate(policy, event)


@given(st.integers(0, len(ALC) - 1), events_of(ALC[0], ALC_TIMES, ["vendor-a", "p-1"]))
def test_on_the_reference_policy(number: int, event: dict[str, Any]) -> None:
    assert says(ENGINES[number].evaluate(event)) == evaluate(ALC[number], event)


@given(events_of(ALC[0], ALC_TIMES, ["vendor-a", "p-1"]))
def test_on_the_reference_policy_under_every_reading(event: dict[str, Any]) -> None:
    for policy, engine in zip(ALC, ENGINES, strict=True):
        assert says(engine.evaluate(event)) == evaluate(policy, event)


@pytest.mark.parametrize("word", sorted(Field))
def test_on_an_unknown_item_that_is_called_as_a_field_is(word: str) -> None:
    event = {
        "id": "e",
        "time": ALC_TIMES[2],
        "operation": "use",
        "subject": {"category": "customer"},
        "items": ["name", word],
        "purpose": "welfare",
    }
    assert says(ENGINES[0].evaluate(event)) == evaluate(ALC[0], event)
