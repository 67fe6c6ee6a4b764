"""A fact of a type for which no rule that can matter asks changes nothing, so no source has to be asked for it.

That is said of well-formed facts. A malformed one makes an event invalid, whatever its type.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from policyengine import Engine, Event
from policyengine.decision.court import Court
from policyengine.decision.evaluate import Evaluator
from policyengine.decision.memory import Memory
from policyengine.engine.plugins import Plugins
from policyengine.language.build import build_policy
from policyengine.model.policy import Policy
from property.decided import decided
from strategies import GENERATED_WORDS_PARTIES, TIMES, cases, facts, words_of

ALC = build_policy(Path(__file__).parents[2] / "rules" / "alc-smart-learning", Plugins(installed=False).kinds, {})
USE = {
    "id": "e",
    "time": "2026-06-01T12:00:00+09:00",
    "operation": "use",
    "subject": {"category": "customer"},
    "items": ["name", "mobile_email"],
    "purpose": "welfare",
}


def evaluator(policy: Policy) -> Evaluator:
    return Court([policy], Memory()).evaluators[0]


@settings(max_examples=4 * settings().max_examples)
@given(cases(), st.data())
def test_it_changes_nothing(case: tuple[Policy, dict[str, Any]], data: st.DataObject) -> None:
    policy, event = case
    words = words_of(policy, TIMES, GENERATED_WORDS_PARTIES)
    asked = evaluator(policy).types(Event.from_mapping(event))
    idle = sorted(policy.vocabulary.facts.keys() - asked)
    more = data.draw(st.lists(facts({**words, "types": idle}, near=event), max_size=3)) if idle else []
    known = event.get("facts", [])
    fewer = [fact for fact in known if fact["type"] in asked]
    decision = Engine([policy]).evaluate({**event, "facts": [*more, *known]})
    assert not decision.errors
    assert decided(decision) == decided(Engine([policy]).evaluate({**event, "facts": fewer}))


@given(cases())
def test_they_are_the_same_whatever_facts_there_are_and_whatever_was_decided_before(
    case: tuple[Policy, dict[str, Any]],
) -> None:
    policy, mapping = case
    event, bare = Event.from_mapping(mapping), Event.from_mapping({**mapping, "facts": []})
    warm = evaluator(policy)
    warm.verdict(event)
    assert warm.types(event) == warm.types(bare) == evaluator(policy).types(bare)


VENDOR = {"recipient": {"id": "vendor-a"}}


@pytest.mark.parametrize(
    ("changes", "types"),
    [
        ({}, {"legal_basis", "notice", "request"}),
        ({"operation": "acquire"}, {"notice"}),
        ({"operation": "disclose", **VENDOR}, {"notice", "request"}),
        ({"operation": "provide", **VENDOR}, {"consent", "legal_basis", "notice", "request"}),
        ({"items": ["name", "nickname"]}, {"legal_basis", "notice", "request"}),
        ({"items": ["nickname"]}, set()),
        ({"purpose": "fun"}, set()),
        ({"subject": {"category": "alien"}}, set()),
    ],
)
def test_only_those_of_the_rules_that_can_matter(changes: dict[str, Any], types: set[str]) -> None:
    assert evaluator(ALC).types(Event.from_mapping({**USE, **changes})) == types
