"""Several policies: the flow is permitted when each that governs it permits it, item by item."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from policyengine import Engine
from policyengine.model.policy import Policy
from strategies import events_of, policies


@st.composite
def second_policies(draw: st.DrawFn) -> Policy:
    """A policy of other controllers, perhaps, and perhaps of fewer words."""
    policy = draw(policies())
    terms = policy.vocabulary.terms
    dimension = draw(st.sampled_from(sorted(terms)))
    gone = draw(st.sampled_from([None, *sorted(terms[dimension])]))
    fewer = {**terms, dimension: {name: term for name, term in terms[dimension].items() if name != gone}}
    governs = draw(st.sampled_from([frozenset({"shop"}), None, frozenset({"shop", "branch"}), frozenset({"branch"})]))
    return replace(policy, id="other", governs=governs, vocabulary=replace(policy.vocabulary, terms=fewer))


@given(policies(), second_policies(), st.data())
def test_what_all_permit_is_permitted(one: Policy, other: Policy, data: st.DataObject) -> None:
    event: dict[str, Any] = data.draw(events_of(data.draw(st.sampled_from([one, other]))))
    event["controller"] = "shop"
    both = Engine([one, other]).evaluate(event)
    single = [Engine([policy]).evaluate(event) for policy in (one, other)]
    governing = [decision for decision in single if decision.policies]
    assert [ref.id for ref in both.policies] == [ref.id for decision in governing for ref in decision.policies]
    if not governing:
        assert both.outcome == "deny"
        assert [reason.code for reason in both.reasons] == ["no-governing-policy"]
        return
    agreed = set.intersection(*(set(decision.permitted_items) for decision in governing))
    assert set(both.permitted_items) == agreed
    assert set(both.excess_items) == set(event["items"]) - agreed
    assert both.permitted is (agreed == set(event["items"]))
    named = {
        f"{ref.id}:" if len(governing) > 1 else "": decision
        for decision in governing
        for ref in decision.policies
        if decision.outcome == both.outcome
    }
    assert set(both.clauses) == {name + clause for name, found in named.items() for clause in found.clauses}
    assert sorted((duty.id, duty.clause) for duty in both.obligations) == sorted(
        (duty.id, duty.clause) for found in named.values() for duty in found.obligations
    )
    assert {reason.code for reason in both.reasons} == {r.code for found in named.values() for r in found.reasons}
    assert Engine([other, one]).evaluate(event) == both
