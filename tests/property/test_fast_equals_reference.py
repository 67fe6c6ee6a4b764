"""The engine decides as the slow, obvious evaluator does, which shares no code with it.

Outcome, items, clauses, rules, obligations and reasons (with policy, rule and items) are compared, on drawn policies in
the rule language and on both packs.
"""

from __future__ import annotations

import itertools
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import reference_open
from policyengine import Engine
from policyengine.engine.plugins import Plugins
from policyengine.language.build import build_policy
from policyengine.model.condition import Field
from policyengine.model.policy import Policy
from policyengine.testing import events
from property.decided import says
from strategies import events_of, policy_from, written_cases

RULES = Path(__file__).parents[2] / "rules"
KINDS = Plugins(installed=False).kinds
READINGS = {
    "clause-5-conditions": ["scoped", "strict", "section-6"],
    "client-window": ["accepted", "direct-only"],
    "stages-of-2-2": ["included", "excluded"],
    "reach-of-law": ["statute", "any-authority"],
    "notice-reach": ["own", "all"],
    "making-statistics": ["implied", "unlisted"],
    "stop-provision-reach": ["provision", "all-transfers"],
}
CHOICES = [dict(zip(READINGS, values, strict=True)) for values in itertools.product(*READINGS.values())]
ALC_TIMES = [
    "2013-01-31T14:59:59.999999Z",
    "2013-02-01T00:00:00+09:00",
    "2026-06-01T12:00:00+09:00",
    "2026-06-01T03:00:00.000001Z",
]


@cache
def alc(number: int = 0) -> tuple[Policy, Engine, reference_open.Policy]:
    """The reference policy under one combination of its readings: lowered, as an engine, and in the reference."""
    readings = CHOICES[number]
    policy = build_policy(RULES / "alc-smart-learning", KINDS, readings)
    return policy, Engine([policy]), reference_open.load(RULES / "alc-smart-learning", readings)


@cache
def shop() -> tuple[Policy, Engine, reference_open.Policy]:
    policy = build_policy(RULES / "online-shop", KINDS)
    return policy, Engine([policy]), reference_open.load(RULES / "online-shop")


def agree(data: dict[str, Any], readings: dict[str, str], event: dict[str, Any]) -> None:
    decided = says(Engine([policy_from(data, readings)]).evaluate(event))
    assert decided == reference_open.evaluate([reference_open.policy([data], readings)], event)


@settings(max_examples=10 * settings().max_examples)
@given(written_cases())
def test_on_generated_policies(case: tuple[dict[str, Any], dict[str, str], dict[str, Any]]) -> None:
    agree(*case)


@settings(max_examples=3 * settings().max_examples)
@given(written_cases(5, ("entrustment", "individual-notice", "provision")))
def test_which_clauses_deny_what_leans_on_licences(case: tuple[dict[str, Any], dict[str, str], dict[str, Any]]) -> None:
    """Of a licence that does not hold, what its clause speaks of is asked of `use`."""
    agree(*case)


@given(st.integers(0, len(CHOICES) - 1), events_of(alc()[0], ALC_TIMES, ["vendor-a", "p-1"]))
def test_on_the_reference_policy(number: int, event: dict[str, Any]) -> None:
    _, engine, reference = alc(number)
    assert says(engine.evaluate(event)) == reference_open.evaluate([reference], event)


@given(events(shop()[1]))
def test_on_the_shop(event: dict[str, Any]) -> None:
    _, engine, reference = shop()
    assert says(engine.evaluate(event)) == reference_open.evaluate([reference], event)


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
    _, engine, reference = alc()
    assert says(engine.evaluate(event)) == reference_open.evaluate([reference], event)
