"""Which facts began after which: the finder and the search for what no event meets know it as decisions do."""

from __future__ import annotations

import random
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

import reference_open
from policyengine import Engine
from policyengine.analysis.difference import Undecided, difference
from policyengine.decision.facts import Answers
from policyengine.language.satisfy import Events
from policyengine.model.condition import Condition, Holds, leaves
from policyengine.model.event import Event
from policyengine.model.policy import Policy
from policyengine.model.rule import Permit, conditions_of
from property.decided import says
from strategies import policy_from


def _words(*names: str) -> dict[str, Any]:
    return {name: {"ja": name, "en": name} for name in names}


def written(terms: dict[str, Any], lifted_by: dict[str, Any]) -> dict[str, Any]:
    """A policy that permits on some terms what nothing prohibits."""
    return {
        "policy": {"id": "shop", "version": "1", "title": {"ja": "店", "en": "Shop"}, "governs": ["shop"]},
        "vocabulary": {
            "subjects": _words("adult"),
            "items": {**_words("contact"), "mail": {"ja": "m", "en": "m", "is_a": "contact"}},
            "purposes": _words("care"),
        },
        "clause": [
            {
                "number": "1",
                "summary": {"ja": "一", "en": "One."},
                "permission": [{"operations": ["use"], "facts": terms}],
            },
            {
                "number": "2",
                "summary": {"ja": "二", "en": "Two."},
                "prohibition": [{"operations": ["use"], "items": ["contact"], "lifted_by": lifted_by}],
            },
        ],
    }


CONSENT: dict[str, Any] = {"type": "consent"}
ON_ITEMS = {"type": "consent", "stated": ["items"]}
STOP = {"type": "request", "kind": "stop_use"}
ERASE = {"type": "request", "kind": "erase"}
FORMS = [
    {**CONSENT, "after": STOP},
    {**CONSENT, "after": {"type": "request"}},
    {**ON_ITEMS, "after": STOP},
    {**STOP, "after": CONSENT},
    {**STOP, "after": ERASE},
    {**CONSENT, "after": ON_ITEMS},
    {**CONSENT, "after": STOP, "within": "P2D"},
    {**CONSENT, "within": "P2D"},
    CONSENT,
    STOP,
]
EXPRESSIONS = st.recursive(
    st.sampled_from(FORMS),
    lambda inner: st.one_of(
        st.lists(inner, min_size=1, max_size=2).map(lambda some: {"all": some}),
        st.lists(inner, min_size=1, max_size=2).map(lambda some: {"any": some}),
        inner.map(lambda one: {"not": one}),
    ),
    max_leaves=3,
)
POLICIES = st.builds(written, EXPRESSIONS, EXPRESSIONS)
FACTS = [
    {"type": "consent", "operations": ["use"]},
    {"type": "consent", "operations": ["use"], "items": ["mail"]},
    {"type": "consent", "operations": ["provide"]},
    {"type": "consent", "operations": ["use"], "subject": "p-1"},
    {"type": "request", "kind": "stop_use"},
    {"type": "request", "kind": "erase"},
    {"type": "request", "kind": "stop_use", "items": ["mail"]},
]
BEGAN = [None, *(f"2026-01-0{day}T00:00:00Z" for day in range(1, 6))]


def some_events(number: int, seed: int) -> Iterator[dict[str, Any]]:
    """Events with facts that began one after another, together, or nobody knows when."""
    dice = random.Random(seed)
    for _ in range(number):
        facts = [
            {**fact, **({"from": began} if began else {})}
            for fact in dice.choices(FACTS, k=dice.randint(0, 4))
            for began in [dice.choice(BEGAN)]
        ]
        person = {"id": "p-1"} if dice.random() < 0.7 else {}
        yield {
            "id": "e",
            "time": "2026-01-04T00:00:00Z",
            "controller": "shop",
            "operation": "use",
            "subject": {"category": "adult", **person},
            "items": [dice.choice(["contact", "mail"])],
            "purpose": "care",
            **({"facts": facts} if facts else {}),
        }


def decided(data: dict[str, Any], event: dict[str, Any]) -> tuple[str, tuple[str, ...]]:
    """The outcome and the clauses, on which the engine and the reference agree."""
    decision = Engine([policy_from(data)]).evaluate(event)
    assert says(decision) == reference_open.evaluate([reference_open.policy([data], {})], event)
    return decision.outcome, decision.clauses


def asked_of(*policies: Policy) -> list[Holds]:
    """What the policies ask of facts."""
    asked = [condition for policy in policies for rule in policy.rules for condition in conditions_of(rule)]
    return [leaf for condition in asked for leaf in leaves(condition) if isinstance(leaf, Holds)]


def forms(*policies: Policy) -> set[Holds]:
    """What the policies order: the forms on both sides of every ``after``."""
    found = [leaf for leaf in asked_of(*policies) if leaf.after is not None]
    return {form for leaf in found for form in (replace(leaf, after=None), leaf.after) if form is not None}


@given(POLICIES, POLICIES, st.integers(0, 1000))
def test_two_policies_that_order_facts_are_told_apart(one: dict[str, Any], other: dict[str, Any], seed: int) -> None:
    left, right = policy_from(one), policy_from(other)
    ordered = forms(left, right)
    ages = {leaf.within for leaf in asked_of(left, right) if leaf.type in {form.type for form in ordered}} - {None}
    if len(ordered) > 4 or len(ordered) * (len(ages) + 1) > 12:
        with pytest.raises(Undecided):
            difference(left, right)
        return
    found = difference(left, right)
    if found is not None:
        assert decided(one, found.event) != decided(other, found.event)
        return
    for event in some_events(60, seed):
        assert decided(one, event) == decided(other, event), event


@given(EXPRESSIONS, st.booleans(), st.integers(0, 1000))
def test_what_no_order_of_facts_meets_no_event_meets(expression: dict[str, Any], denied: bool, seed: int) -> None:
    policy = policy_from(written({"not": expression} if denied else expression, CONSENT))
    (condition,) = [rule.terms for rule in policy.rules if isinstance(rule, Permit)]
    events = Events(policy.vocabulary)
    example = events.example(condition)
    if example is not None:
        assert Answers(policy.vocabulary, Event.from_mapping(example)).met(condition)
        return
    assert not events.meet(condition)
    for event in some_events(200, seed):
        assert not Answers(policy.vocabulary, Event.from_mapping(event)).met(condition)


def test_what_began_after_itself_is_impossible() -> None:
    policy = policy_from(written({**CONSENT, "after": CONSENT}, CONSENT))
    condition: Condition = next(rule.terms for rule in policy.rules if isinstance(rule, Permit))
    assert not Events(policy.vocabulary).meet(condition)
