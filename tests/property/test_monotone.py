"""A restriction never permits more, and a permitting rule never permits less."""

from __future__ import annotations

import copy
from typing import Any

from hypothesis import assume, given
from hypothesis import strategies as st

from policyengine import Engine
from policyengine.condition import Condition, Holds, leaves
from policyengine.rule import Permit, Policy, Restriction
from strategies import (
    CLAUSES,
    GENERATED_WORDS_PARTIES,
    TIMES,
    cases,
    events,
    loads,
    policy_data,
    policy_from,
    rules,
    words_of,
)

RESTRICTING = {"prohibition", "data-subject-request", "requirement"}
PERMITTING = {"purpose-limitation", "joint-use", "provision", "entrustment", "disclosure"}


def with_rule(written: dict[str, Any], clause: int, kind: str, table: dict[str, Any]) -> dict[str, Any]:
    found = copy.deepcopy(written)
    found["clause"][clause].setdefault(kind, []).append({**table, "id": "added"})
    return found


def asks_for_request(condition: Condition) -> bool:
    return any(isinstance(leaf, Holds) and leaf.type == "request" for leaf in leaves(condition))


def permitted(policy: Policy, event: dict[str, Any]) -> set[str]:
    return set(Engine([policy]).evaluate(event).permitted_items)


@given(policy_data().filter(loads), rules().filter(lambda r: r[0] in RESTRICTING), st.data())
def test_adding_a_restriction_never_permits_more(
    written: dict[str, Any], rule: tuple[str, dict[str, Any]], data: st.DataObject
) -> None:
    more = with_rule(written, data.draw(st.integers(0, len(CLAUSES) - 1)), *rule)
    assume(loads(more))
    before, after = policy_from(written), policy_from(more)
    assert [type(r) for r in after.rules if r.head.id == "added"] in ([Restriction], [])
    event = data.draw(events(words_of(before, TIMES, GENERATED_WORDS_PARTIES)))
    assert permitted(after, event) <= permitted(before, event)


@given(policy_data().filter(loads), rules().filter(lambda r: r[0] in PERMITTING), st.data())
def test_adding_a_permitting_rule_never_permits_less(
    written: dict[str, Any], rule: tuple[str, dict[str, Any]], data: st.DataObject
) -> None:
    more = with_rule(written, data.draw(st.integers(0, len(CLAUSES) - 1)), *rule)
    assume(loads(more))
    before, after = policy_from(written), policy_from(more)
    assert all(isinstance(r, Permit) for r in after.rules if r.head.id == "added")
    event = data.draw(events(words_of(before, TIMES, GENERATED_WORDS_PARTIES)))
    assert permitted(after, event) >= permitted(before, event)


@given(cases(), st.sampled_from(["stop_use", "erase"]), st.sampled_from([None, "p-1", "p-2"]))
def test_a_stop_request_never_permits_more(case: tuple[Policy, dict[str, Any]], kind: str, person: str | None) -> None:
    policy, event = case
    # A generated policy may make a request a condition of permitting or lifting; the law is about those that restrict.
    permitting = [c for r in policy.rules if isinstance(r, Permit) for c in (r.about, r.terms)]
    lifting = [r.unless for r in policy.rules if isinstance(r, Restriction)]
    assume(not any(asks_for_request(condition) for condition in (*permitting, *lifting)))
    request = {"type": "request", "kind": kind, **({"subject": person} if person else {})}
    before = permitted(policy, event)
    after = permitted(policy, {**event, "facts": [*event.get("facts", []), request]})
    assert after <= before
