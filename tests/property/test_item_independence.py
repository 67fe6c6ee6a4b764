"""Nothing in a decision depends on the other items of the event, and `permitted_items` permits when asked alone."""

from __future__ import annotations

from typing import Any

from hypothesis import given

from policyengine import Engine
from policyengine.model.policy import Policy
from strategies import cases


@given(cases())
def test_the_split_is_that_of_the_items_alone(case: tuple[Policy, dict[str, Any]]) -> None:
    policy, event = case
    engine = Engine([policy])
    whole = engine.evaluate(event)
    alone = {item: engine.evaluate({**event, "items": [item]}) for item in event["items"]}
    assert whole.permitted_items == tuple(item for item, decision in alone.items() if decision.permitted)
    assert whole.excess_items == tuple(item for item, decision in alone.items() if not decision.permitted)
    assert whole.permitted is not bool(whole.excess_items)
    resting = [decision for decision in alone.values() if decision.permitted is whole.permitted]
    assert set(whole.clauses) == {clause for decision in resting for clause in decision.clauses}
    assert set(whole.rules) == {rule for decision in resting for rule in decision.rules}
    duties = {duty.id for decision in resting for duty in decision.obligations}
    assert {duty.id for duty in whole.obligations} == duties
    assert {reason.code for reason in whole.reasons} == {r.code for d in alone.values() for r in d.reasons}


@given(cases())
def test_permitted_items_are_the_largest_subset_that_permits(case: tuple[Policy, dict[str, Any]]) -> None:
    policy, event = case
    engine = Engine([policy])
    whole = engine.evaluate(event)
    if whole.permitted_items:
        assert engine.evaluate({**event, "items": list(whole.permitted_items)}).permitted
    for item in whole.excess_items:
        assert not engine.evaluate({**event, "items": [*whole.permitted_items, item]}).permitted
