"""The same policies and the same event give the same decision, whatever the order of rules, items, facts and files."""

from __future__ import annotations

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from policyengine import Decision, Engine
from policyengine.rule import Policy
from strategies import GENERATED_WORDS_PARTIES, TIMES, cases, events, loads, policy_data, policy_from, words_of


def substance(decision: Decision) -> dict[str, Any]:
    found = decision.as_dict()
    return {
        **found,
        "permitted_items": sorted(found["permitted_items"]),
        "excess_items": sorted(found["excess_items"]),
        "policies": [],
    }


@given(policy_data().filter(loads), st.data())
def test_whatever_the_order_of_rules(written: dict[str, Any], data: st.DataObject) -> None:
    policy = policy_from(written)
    clauses = data.draw(st.permutations(written["clause"]))
    shuffled = [
        {
            key: data.draw(st.permutations(value)) if isinstance(value, list) else value
            for key, value in data.draw(st.permutations(sorted(clause.items())))
        }
        for clause in clauses
    ]
    other = policy_from({**written, "clause": shuffled})
    event = data.draw(events(words_of(policy, TIMES, GENERATED_WORDS_PARTIES)))
    assert substance(Engine([policy]).evaluate(event)) == substance(Engine([other]).evaluate(event))


@given(cases(), st.data())
def test_whatever_the_order_of_items_and_facts(case: tuple[Policy, dict[str, Any]], data: st.DataObject) -> None:
    policy, event = case
    engine = Engine([policy])
    other = {
        **event,
        "items": data.draw(st.permutations(event["items"])),
        "facts": [*data.draw(st.permutations(event.get("facts", []))), *event.get("facts", [])],
    }
    assert substance(engine.evaluate(event)) == substance(engine.evaluate(other))
    assert engine.evaluate(event) == engine.evaluate(event) == Engine([policy]).evaluate(event)
