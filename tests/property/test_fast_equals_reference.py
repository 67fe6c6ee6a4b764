"""The engine decides as the slow, obvious evaluator does: outcome, items, clauses, obligations and reason codes."""

from __future__ import annotations

import itertools
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from policyengine import Decision, Engine
from policyengine import evaluate as fast_road
from policyengine.build import build_policy
from policyengine.plugins import Plugins
from policyengine.rule import Policy
from reference import Answer, evaluate
from strategies import GENERATED_WORDS_PARTIES, TIMES, cases, events, policies, words_of

PACK = Path(__file__).parents[2] / "rules" / "alc-smart-learning"
KINDS = Plugins(installed=False).kinds
READINGS = {
    "clause-5-conditions": ["scoped", "strict", "section-6"],
    "client-window": ["accepted", "direct-only"],
    "stages-of-2-2": ["included", "excluded"],
    "stop-provision-reach": ["provision", "all-transfers"],
}
REFERENCE: list[Policy] = [
    build_policy(PACK, KINDS, dict(zip(READINGS, values, strict=True)))
    for values in itertools.product(*READINGS.values())
]
WORDS = words_of(
    REFERENCE[0],
    ["2013-01-31T14:59:59.999999Z", "2013-01-31T15:00:00Z", "2026-06-01T12:00:00+09:00", "2026-06-01T03:00:00.000001Z"],
    ["vendor-a", "p-1"],
)


def says(decision: Decision) -> Answer:
    return Answer(
        decision.outcome,
        set(decision.permitted_items),
        set(decision.excess_items),
        set(decision.clauses),
        {duty.id for duty in decision.obligations},
        {reason.code for reason in decision.reasons},
    )


def reference(policy: Policy, event: dict[str, Any]) -> Answer:
    answer = evaluate(policy, event)
    if answer.outcome == "permit":
        answer.codes = set()
    return answer


@given(cases())
def test_on_generated_policies(case: tuple[Policy, dict[str, Any]]) -> None:
    policy, event = case
    decision = Engine([policy]).evaluate(event)
    assert not decision.errors
    assert says(decision) == reference(policy, event)


@given(st.data())
def test_on_a_warm_engine(data: st.DataObject) -> None:
    """What an engine remembers of one event must not leak into another that differs in what is not remembered."""
    policy = data.draw(policies())
    engine = Engine([policy])
    for event in data.draw(st.lists(events(words_of(policy, TIMES, GENERATED_WORDS_PARTIES)), min_size=2, max_size=8)):
        variants = [event]
        changes = (
            {"time": data.draw(st.sampled_from(TIMES))},
            {"subject": {**event["subject"], "id": "p-2"}},
            {"subject": {"category": event["subject"]["category"]}},
            {"facts": event.get("facts", [])[1:]},
            {"facts": list(reversed(event.get("facts", [])))},
            {"attributes": {"age": 16}},
        )
        variants += [{**event, **change} for change in changes]
        if "recipient" in event:
            variants += [
                {**event, "recipient": {**event["recipient"], "id": name}} for name in ("sister", "stranger", "p-1")
            ]
        for variant in variants:
            assert says(engine.evaluate(variant)) == reference(policy, variant)


@given(st.integers(0, len(REFERENCE) - 1), events(WORDS))
def test_on_the_reference_policy(number: int, event: dict[str, Any]) -> None:
    assert says(ENGINES[number].evaluate(event)) == reference(REFERENCE[number], event)


ENGINES = [Engine([policy]) for policy in REFERENCE]  # warm, and warmer with every example


def test_when_it_forgets(monkeypatch: pytest.MonkeyPatch) -> None:
    """Forgetting everything after every few decisions changes none of them."""
    monkeypatch.setattr(fast_road, "MEMORY", 3)

    @given(st.lists(events(WORDS), min_size=3, max_size=6))
    def check(found: list[dict[str, Any]]) -> None:
        for event in [*found, *reversed(found)]:
            assert says(ENGINES[0].evaluate(event)) == reference(REFERENCE[0], event)

    check()
