"""A rule written with a term decides as one written with the term and its kinds, and so does a fact."""

from __future__ import annotations

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from policyengine import Decision, Engine
from policyengine.model.policy import Policy
from property.decided import decided
from strategies import VOCABULARY, cases, events_of, policy_data, policy_from

DIMENSIONS = {
    "subjects": "subjects",
    "items": "items",
    "purposes": "purposes",
    "parties": "parties",
    "recipients": "parties",
    "to": "parties",
}
"""The lists of terms in rules and facts, and the dimension that declares their terms."""


def kinds(dimension: str, word: str) -> list[str]:
    """A term and its kinds; a term that is not declared has none."""
    below = []
    for name, term in VOCABULARY[dimension].items():
        parents = term.get("is_a", [])
        if word in ([parents] if isinstance(parents, str) else parents):
            below.append(name)
    return [word, *(kind for name in below for kind in kinds(dimension, name))]


def spelled_out(table: Any) -> Any:
    """Write every list of terms out in full."""
    if isinstance(table, list):
        return [spelled_out(member) for member in table]
    if not isinstance(table, dict):
        return table
    found = {}
    for key, value in table.items():
        if key in DIMENSIONS and isinstance(value, list):
            words: list[Any] = []
            for entry in value:
                if isinstance(entry, str):
                    words += kinds(DIMENSIONS[key], entry)
                else:
                    words.append({"terms": kinds(DIMENSIONS[key], entry["term"]), "under": entry["under"]})
            found[key] = words
        else:
            found[key] = spelled_out(value)
    return found


def said(decision: Decision) -> tuple[Any, ...]:
    """What is decided, but for the words of the rule in messages, and the digest."""
    reasons = [(reason.code, reason.clause, reason.rule) for reason in decision.reasons]
    return decision.outcome, decision.clauses, decision.rules, reasons, decision.permitted_items, decision.obligations


@given(policy_data(), st.data())
def test_in_rules(written: dict[str, Any], data: st.DataObject) -> None:
    short = policy_from(written)
    long = policy_from({**written, "clause": spelled_out(written["clause"])})
    event = data.draw(events_of(short))
    assert said(Engine([short]).evaluate(event)) == said(Engine([long]).evaluate(event))


@given(cases())
def test_in_facts(case: tuple[Policy, dict[str, Any]]) -> None:
    policy, event = case
    engine = Engine([policy])
    spelled = {**event, "facts": spelled_out(event.get("facts", []))}
    assert decided(engine.evaluate(spelled)) == decided(engine.evaluate(event))
