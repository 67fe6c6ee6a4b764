"""A diagram says of every event what the policies decide, and its rows are told where they permit, and nowhere else."""

from __future__ import annotations

import copy
from typing import Any

import pytest
from dense_events import dense_events
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace
from points import Place

import strategies
from policyengine import Engine, Event
from policyengine.analysis.choices import terms
from policyengine.analysis.diagram import Diagram, Partial, permitted, rows
from policyengine.analysis.difference import difference
from policyengine.analysis.sight import Sight
from policyengine.errors import PolicyError
from policyengine.model.condition import Field
from policyengine.model.policy import Policy
from policyengine.model.space import TIME, Undecided
from policyengine.moment import instant
from strategies import GENERATED_WORDS_PARTIES, TIMES, policy_data, policy_from

ASKED = [Field.OPERATION, Field.SUBJECT, Field.ITEM, Field.PURPOSE, Field.RECIPIENT, Field.SERVICE, Field.ORIGIN]


def some_events(data: st.DataObject, policies: list[Policy]) -> list[dict[str, Any]]:
    """Events around the rules of the policies, and some over all that they look at."""
    each = [strategies.words_of(policy, TIMES, GENERATED_WORDS_PARTIES) for policy in policies]
    words = {key: sorted({word for found in each for word in found[key]}) for key in each[0]}
    aims = [data.draw(strategies.aims(policy)) for policy in policies]
    drawn = [data.draw(strategies.events(words, aim=aim)) for aim in (None, *aims)]
    return [*drawn, *dense_events(policies, 60, data.draw(st.integers(0, 1000)))]


def exact(data: st.DataObject, policies: list[Policy]) -> None:
    """Hold a diagram of some policies against what the engine says of each."""
    policies = [replace(policy, layer=False) for policy in policies]
    engines = [Engine([policy]) for policy in policies]
    asked = data.draw(st.lists(st.sampled_from(ASKED), unique=True, max_size=4))
    events = some_events(data, policies)
    time = data.draw(st.sampled_from(sorted({event["time"] for event in events})))
    known = Partial({TIME: (instant(time),)}, {})
    try:
        diagram = Diagram([Sight(policy) for policy in policies], permitted, known, asked)
    except Undecided:
        return
    found, told = rows(diagram, bool), terms(diagram, bool)
    for event in events:
        if event["time"] != time or any(e.evaluate(event).outcome == "invalid" for e in engines):
            continue
        for item in event["items"]:
            one = Event.from_mapping({"controller": "shop", **event, "items": [item]})
            decisions = [engine.evaluate(one) for engine in engines]
            if all(reason.code == "unknown-term" for d in decisions for reason in d.reasons) and decisions[0].reasons:
                continue  # of words that nobody knows the diagram says nothing
            if any(reason.code == "no-governing-policy" for d in decisions for reason in d.reasons):
                continue
            place = Place(diagram, policies, one)
            whole = all(decision.permitted for decision in decisions)
            assert place.says() is whole, one
            assert place.among(found) is whole, one
            assert place.among(told) is whole, one


@given(st.data())
@settings(max_examples=max(6, settings().max_examples // 4))
def test_of_one_policy(data: st.DataObject) -> None:
    exact(data, [policy_from(*data.draw(strategies.written(5)))])


@given(st.data())
@settings(max_examples=max(5, settings().max_examples // 5))
def test_of_two_policies(data: st.DataObject) -> None:
    exact(data, [policy_from(*data.draw(strategies.written(4))) for _ in range(2)])


@given(st.data())
@settings(max_examples=max(5, settings().max_examples // 5))
def test_of_two_policies_of_different_words(data: st.DataObject) -> None:
    drawn = data.draw(policy_data(4))
    other = copy.deepcopy(drawn)
    dimension = data.draw(st.sampled_from(["items", "purposes", "services", "subjects"]))
    other["vocabulary"][dimension]["new-word"] = {"ja": "語", "en": "word"}
    try:
        pair = [policy_from(drawn), policy_from(other)]
    except PolicyError:
        return
    exact(data, pair)


@given(st.data())
@settings(max_examples=max(6, settings().max_examples // 4))
def test_it_finds_a_difference_where_the_finder_does(data: st.DataObject) -> None:
    left, right = (policy_from(*data.draw(strategies.written(4))) for _ in range(2))
    try:
        found = difference(left, right, frozenset({"outcome"}))
        diagram = Diagram(
            [Sight(left), Sight(right)], lambda ours, theirs: bool(ours.permitted) is not bool(theirs.permitted)
        )
    except Undecided:
        return
    assert bool(rows(diagram, bool)) is (found is not None)


def test_a_bound_that_is_hit_is_said() -> None:
    policy = Engine.load("rules/alc-smart-learning").policies[0]
    with pytest.raises(Undecided, match="regions"):
        Diagram([Sight(policy)], permitted, regions=5)
