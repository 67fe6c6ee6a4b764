"""An event that names nobody might be about anybody: it is permitted no more than it would be of any person."""

from __future__ import annotations

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from policyengine import Engine
from policyengine.model.policy import Policy
from property.decided import decided
from strategies import cases


@given(cases(), st.sampled_from(["p-1", "p-2", "p-3"]))
def test_it_is_permitted_no_more(case: tuple[Policy, dict[str, Any]], person: str) -> None:
    policy, event = case
    engine = Engine([policy])
    category = event["subject"]["category"]
    nobody = engine.evaluate({**event, "subject": {"category": category}})
    somebody = engine.evaluate({**event, "subject": {"category": category, "id": person}})
    assert set(nobody.permitted_items) <= set(somebody.permitted_items)


@given(cases())
def test_where_no_fact_names_anybody_it_is_permitted_the_same(case: tuple[Policy, dict[str, Any]]) -> None:
    """But for a disclosure, which goes to the person alone."""
    policy, event = case
    engine = Engine([policy])
    facts = [
        {key: value for key, value in fact.items() if key not in ("subject", "person", "holders")}
        for fact in event.get("facts", [])
    ]
    category = event["subject"]["category"]
    nobody = engine.evaluate({**event, "facts": facts, "subject": {"category": category}})
    somebody = engine.evaluate({**event, "facts": facts, "subject": {"category": category, "id": "p-3"}})
    assert decided(nobody) == decided(somebody)
