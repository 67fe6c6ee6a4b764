"""A rule written with a term decides as one written with the term and its kinds, and so does a fact."""

from __future__ import annotations

import copy
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from policyengine import Engine
from strategies import GENERATED_WORDS_PARTIES, TIMES, VOCABULARY, events, loads, policy_data, policy_from, words_of

DIMENSIONS = ("subjects", "items", "purposes", "parties")


def kinds(dimension: str, word: str) -> list[str]:
    terms = VOCABULARY[dimension]
    below = [name for name, term in terms.items() if term.get("is_a") == word]
    return [word, *(kind for name in below for kind in kinds(dimension, name))]


def spelled_out(table: Any) -> Any:
    """Write every list of terms out in full."""
    if isinstance(table, list):
        return [spelled_out(member) for member in table]
    if not isinstance(table, dict):
        return table
    found = {}
    for key, value in table.items():
        dimension = "parties" if key == "recipients" else key
        if dimension in DIMENSIONS and isinstance(value, list):
            words: list[Any] = []
            for entry in value:
                if isinstance(entry, str):
                    words += kinds(dimension, entry)
                else:
                    words.append({"terms": kinds(dimension, entry["term"]), "under": entry["under"]})
            found[key] = words
        else:
            found[key] = spelled_out(value)
    return found


@given(policy_data().filter(loads), st.data())
def test_in_rules_and_facts(written: dict[str, Any], data: st.DataObject) -> None:
    short = policy_from(written)
    long = policy_from({**copy.deepcopy(written), "clause": spelled_out(written["clause"])})
    event = data.draw(events(words_of(short, TIMES, GENERATED_WORDS_PARTIES), unknown=False))
    one, other = Engine([short]).evaluate(event), Engine([long]).evaluate(event)
    assert (one.outcome, one.clauses, one.permitted_items, one.obligations) == (
        other.outcome,
        other.clauses,
        other.permitted_items,
        other.obligations,
    )
    facts = [
        {
            name: [kind for word in value for kind in kinds(name if name != "recipients" else "parties", word)]
            if name in ("items", "purposes", "recipients")
            and "unknown" not in value
            and not set(value) - set(VOCABULARY[name if name != "recipients" else "parties"])
            else value
            for name, value in fact.items()
        }
        for fact in event.get("facts", [])
    ]
    assert Engine([short]).evaluate({**event, "facts": facts}) == one
