"""A restriction never permits more, and a permitting rule never permits less."""

from __future__ import annotations

import copy
from typing import Any

from hypothesis import assume, given
from hypothesis import strategies as st

from policyengine import Engine
from policyengine.model.condition import Holds, leaves
from policyengine.model.policy import Policy
from policyengine.model.rule import Duty, Permit, Restriction, conditions_of
from strategies import CLAUSES, PERMITTING, cases, events_of, policy_data, policy_from, rules

RESTRICTING = ("data-subject-request", "prohibition", "requirement")


@st.composite
def with_another(draw: st.DrawFn, of: tuple[str, ...]) -> tuple[Policy, Policy]:
    """A policy, and the same with one rule more."""
    written = draw(policy_data())
    more = copy.deepcopy(written)
    kind, table = draw(rules(of))
    more["clause"][draw(st.integers(0, len(CLAUSES) - 1))].setdefault(kind, []).append({**table, "id": "added"})
    return policy_from(written), policy_from(more)


def permitted(policy: Policy, event: dict[str, Any]) -> set[str]:
    return set(Engine([policy]).evaluate(event).permitted_items)


@given(with_another(RESTRICTING), st.data())
def test_adding_a_restriction_never_permits_more(pair: tuple[Policy, Policy], data: st.DataObject) -> None:
    before, after = pair
    assert all(isinstance(rule, Restriction | Duty) for rule in after.rules if rule.head.id == "added")
    event = data.draw(events_of(after))
    assert permitted(after, event) <= permitted(before, event)


@given(with_another(tuple(kind for kind in PERMITTING if kind != "individual-notice")), st.data())
def test_adding_a_permitting_rule_never_permits_less(pair: tuple[Policy, Policy], data: st.DataObject) -> None:
    """An individual notice is no such rule: it takes the place of others."""
    before, after = pair
    assert all(isinstance(rule, Permit | Duty) for rule in after.rules if rule.head.id == "added")
    event = data.draw(events_of(after))
    assert permitted(after, event) >= permitted(before, event)


def permits_or_lifts(policy: Policy, kind: str) -> bool:
    """Whether a request of this kind lets something through somewhere, as a rule may well say."""
    asked = [leaf for rule in policy.rules for condition in conditions_of(rule) for leaf in leaves(condition)]
    return any(
        isinstance(leaf, Holds)
        and leaf.type == "request"
        and not leaf.may
        and kind in dict(leaf.where).get("kind", {kind})
        for leaf in asked
    )


@given(
    cases(),
    st.sampled_from(["stop_use", "erase"]),
    st.fixed_dictionaries({}, optional={"subject": st.sampled_from(["p-1", "p-2"]), "items": st.just(["contact"])}),
)
def test_a_stop_request_never_permits_more(
    case: tuple[Policy, dict[str, Any]], kind: str, named: dict[str, Any]
) -> None:
    policy, event = case
    assume(not permits_or_lifts(policy, kind))
    request = {"type": "request", "kind": kind, **named}
    after = permitted(policy, {**event, "facts": [*event.get("facts", []), request]})
    assert after <= permitted(policy, event)
