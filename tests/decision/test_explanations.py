"""An explanation is the trace of the law: no row of it says what the decision does not rest on."""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given

from policyengine import Decision, Engine
from policyengine.decision.explain import Explanation, Part
from policyengine.model.rule import Permit, Replacement, Restriction
from strategies import policy_from, written_cases

ROOT = Path(__file__).parents[2]
MONTHS = {"alc-smart-learning": "alc-month.jsonl", "online-shop": "shop-week.jsonl"}


def holds(engine: Engine, event: dict[str, Any]) -> None:
    """Hold every row of the explanation of an event against what the decision rests on."""
    explained = engine.explanation(event)
    decision = explained.decision
    assert decision == engine.evaluate(event)
    rules = [rule for policy in engine.policies for rule in policy.rules]  # several may have one id
    strangers = {item for r in decision.reasons if r.code == "unknown-term" and r.rule is None for item in r.items}
    for row in explained.considered:
        effects = set(row.effects.values())
        rested_on = row.rule in decision.rules or f"{row.policy}:{row.rule}" in decision.rules
        for item, effect in row.effects.items():
            assert item not in strangers or effect not in ("permits", "licenses", "struck")
            if effect == "permits":
                assert item in decision.permitted_items
            if effect == "stops":
                assert item in decision.excess_items
                assert any(r.rule == row.rule and item in r.items for r in decision.reasons), (row.rule, item)
            if effect == "struck":
                assert any(isinstance(rule, Permit | Replacement) for rule in rules if rule.head.id == row.rule)
        if decision.permitted and "permits" in effects:
            assert rested_on
        if "obliges" in effects:
            assert decision.permitted
    for reason in decision.reasons:
        parts = [part for row in explained.considered if row.rule == reason.rule for part in flattened(row.parts)]
        if reason.open and parts:
            assert any(part.open for part in parts), (reason.rule, reason.open)
    named = {(r.policy, r.rule) for r in decision.reasons if r.rule is not None and r.code != "not-permitted"}
    shown = {(row.policy, row.rule) for row in explained.considered if "stops" in row.effects.values()}
    restrictions = {rule.head.id for rule in rules if isinstance(rule, Restriction)}
    assert {pair for pair in named if pair[1] in restrictions} == shown


def no_licence_would_permit(explained: Explanation, engine: Engine, operation: str) -> None:
    """A row of a rule that permits other operations alone permits nothing, and would not."""
    for row in explained.considered:
        rules = [r for p in engine.policies for r in p.rules if isinstance(r, Permit) and r.head.id == row.rule]
        if rules and not any(operation in rule.operations for rule in rules):
            assert not {"permits", "struck"} & set(row.effects.values())


@pytest.mark.parametrize("pack", MONTHS)
def test_on_the_months(pack: str) -> None:
    engine = Engine.load(ROOT / "rules" / pack, installed_plugins=False)
    lines = (ROOT / "examples" / MONTHS[pack]).read_text("utf-8").splitlines()
    checked = 0
    for line in lines:
        if engine.evaluate_json(line).outcome != "invalid":
            event = json.loads(line)
            holds(engine, event)
            no_licence_would_permit(engine.explanation(event), engine, event["operation"])
            checked += 1
    assert checked > 40


@given(written_cases())
def test_on_drawn_policies(case: tuple[dict[str, Any], dict[str, str], dict[str, Any]]) -> None:
    data, readings, event = case
    engine = Engine([policy_from(data, readings)])
    holds(engine, event)
    no_licence_would_permit(engine.explanation(event), engine, event["operation"])


def flattened(parts: tuple[Part, ...]) -> list[Part]:
    return [inner for part in parts for inner in (part, *flattened(part.parts))]


def test_conditions_are_data_with_their_places() -> None:
    engine = Engine.load(ROOT / "rules" / "alc-smart-learning", installed_plugins=False)
    event = {
        "id": "e",
        "time": "2026-11-24T09:00:00+09:00",
        "operation": "entrust",
        "purpose": "product-information",
        "subject": {"category": "customer", "id": "c-102"},
        "items": ["name"],
        "recipient": {"id": "mailer-kk", "service": "communication"},
    }
    explained = engine.explanation(event)
    (requirement,) = [row for row in explained.considered if row.rule == "6/requirement"]
    contract = next(part for part in flattened(requirement.parts) if part.looks_at == "contract")
    assert (contract.role, contract.sort, contract.values) == ("unless", "fact", ("kind=confidentiality",))
    assert contract.items == () and not contract.whole
    assert contract.place is not None
    text = Path(contract.place.file).read_text("utf-8").splitlines()[contract.place.line - 1]
    assert "confidentiality" in text
    assert json.dumps(explained.as_dict())


def decided(engine: Engine, items: list[str]) -> tuple[Decision, str, float]:
    event = {
        "id": "e",
        "time": "2026-11-24T09:00:00+09:00",
        "operation": "use",
        "purpose": "after-care",
        "subject": {"category": "customer", "id": "c-102"},
        "items": items,
    }
    start = time.process_time()
    decision = engine.evaluate(event)
    text = decision.explain()
    return decision, text, time.process_time() - start


def test_thousands_of_unknown_items_are_explained_quickly_and_briefly() -> None:
    engine = Engine.load(ROOT / "rules" / "alc-smart-learning", installed_plugins=False)
    _, short, _ = decided(engine, [f"item-{number}" for number in range(1_000)])
    decision, long, seconds = decided(engine, [f"item-{number}" for number in range(20_000)])
    assert len(decision.excess_items) == 20_000
    assert len(long) < len(short) + 200
    assert seconds < 5


def test_more_item_lists_than_a_number_has_digits_in_decimal() -> None:
    """A bit for each list of items, written in decimal, once had more digits than Python lets be written."""
    engine = Engine.load(ROOT / "rules" / "alc-smart-learning", installed_plugins=False)
    for number in range(15_000):
        assert not engine.evaluate(_with_item(number)).permitted


def _with_item(number: int) -> dict[str, Any]:
    return {
        "id": "e",
        "time": "2026-11-24T09:00:00+09:00",
        "operation": "use",
        "purpose": "after-care",
        "subject": {"category": "customer"},
        "items": ["name", f"item-{number}"],
    }
