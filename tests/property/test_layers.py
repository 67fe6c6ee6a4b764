"""Several policies: the flow is permitted when each that governs it permits it, item by item."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from policyengine import Engine
from policyengine.rule import Policy
from strategies import GENERATED_WORDS_PARTIES, TIMES, events, policies, words_of


@given(policies(), policies(), st.data())
def test_what_all_permit_is_permitted(one: Policy, other: Policy, data: st.DataObject) -> None:
    other = replace(other, id="other")
    event: dict[str, Any] = data.draw(events(words_of(one, TIMES, GENERATED_WORDS_PARTIES)))
    both = Engine([one, other]).evaluate(event)
    single = [Engine([policy]).evaluate(event) for policy in (one, other)]
    governing = [decision for decision in single if decision.policies]
    assert {ref.id for ref in both.policies} == {ref.id for decision in governing for ref in decision.policies}
    if not governing:
        assert both.outcome == "deny"
        assert [reason.code for reason in both.reasons] == ["no-governing-policy"]
        return
    agreed = set.intersection(*(set(decision.permitted_items) for decision in governing))
    assert set(both.permitted_items) == agreed
    assert both.permitted is (agreed == set(event["items"]))
    if len(governing) == 2:
        named = {"generated": single[0], "other": single[1]}
        assert set(both.clauses) == {
            f"{name}:{clause}"
            for name, decision in named.items()
            if decision.outcome == both.outcome
            for clause in decision.clauses
        }
    else:
        assert both.clauses == governing[0].clauses
    assert Engine([other, one]).evaluate(event) == both
