"""What no event is said to meet, no event meets; and where some event is, there is one."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from analysis.dense_events import dense_events
from policyengine.decision.facts import Answers, as_stated
from policyengine.language.satisfy import Events
from policyengine.model.condition import (
    And,
    Compare,
    Condition,
    Field,
    Holds,
    In,
    Not,
    NotIn,
    Or,
    all_of,
    conjuncts,
    leaves,
)
from policyengine.model.event import Event
from policyengine.model.meets import compares
from policyengine.model.policy import Policy
from policyengine.model.rule import Duty, Head, conditions_of, scope_of
from policyengine.text import same
from strategies import policies, policy_from

HEAD = Head("r", "1", "duty", same("duty"))
DENSE = 150
EMPTY = {
    "policy": {"id": "shop", "version": "1", "title": {"ja": "店", "en": "Shop"}, "governs": ["shop"]},
    "vocabulary": {
        "subjects": {"adult": {"ja": "大人", "en": "adult"}},
        "items": {"name": {"ja": "名", "en": "name"}},
        "purposes": {"care": {"ja": "世話", "en": "care"}},
        "attributes": {
            "age": {"type": "integer", "ja": "年", "en": "age"},
            "share": {"type": "number", "ja": "割合", "en": "share"},
        },
    },
}


@st.composite
def asked(draw: st.DrawFn) -> tuple[Policy, Condition]:
    """A policy, and parts of its rules put together anew, some of them denied: few of such conditions are met."""
    policy = draw(policies(6))
    conditions = [*(c for rule in policy.rules for c in conditions_of(rule)), *map(scope_of, policy.rules)]
    parts = [part for condition in conditions for part in (*conjuncts(condition), *leaves(condition))]
    if not parts:
        return policy, And(())
    piece = st.sampled_from(parts)
    denied = piece.map(Not)
    either = st.lists(piece | denied, min_size=2, max_size=2).map(lambda some: Or(tuple(some)))
    return policy, all_of(*draw(st.lists(st.one_of(piece, piece, denied, either), min_size=1, max_size=4)))


def met(policy: Policy, condition: Condition, event: Event) -> bool:
    return bool(Answers(policy.vocabulary, event).met(condition))


def known(policy: Policy, event: Event) -> bool:
    """Whether rules are asked about an event: the policy knows its words."""
    vocabulary = policy.vocabulary
    return not vocabulary.strangers(as_stated(event)) and all(vocabulary.knows("items", item) for item in event.items)


@given(asked())
def test_no_event_meets_what_is_impossible_and_some_event_all_else(drawn: tuple[Policy, Condition]) -> None:
    policy, condition = drawn
    events = Events(policy.vocabulary)
    example = events.example(condition)
    assert events.meet(condition) is (example is not None), "nothing so small stays undecided"
    if example is not None:
        event = Event.from_mapping(example)
        assert known(policy, event)
        assert met(policy, condition, event)
        return
    asking = replace(policy, rules=(Duty(HEAD, condition),))
    for found in dense_events([asking], DENSE):
        event = Event.from_mapping(found)
        assert not (known(policy, event) and met(policy, condition, event))


@given(asked())
def test_whatever_a_layer_is_asked_is_impossible_for_a_policy_too(drawn: tuple[Policy, Condition]) -> None:
    policy, condition = drawn
    if not Events(policy.vocabulary, layer=True).meet(condition):
        assert not Events(policy.vocabulary).meet(condition)


@given(st.data())
def test_parts_that_are_met_together_are_met_apart(data: st.DataObject) -> None:
    policy, condition = data.draw(asked())
    events = Events(policy.vocabulary)
    if events.meet(condition):
        assert all(events.meet(part) for part in conjuncts(condition))


OPS = st.sampled_from(["below", "at_most", "at_least", "above", "is", "is_not"])


@given(st.lists(st.tuples(OPS, st.integers(-1, 4)), max_size=4), st.booleans())
def test_bounds_are_met_where_a_number_is_within_them(tests: list[tuple[str, int]], whole: bool) -> None:
    name = "age" if whole else "share"
    leaves_ = [Compare(name, op, value) for op, value in tests]
    numbers = range(-3, 7) if whole else [number / 4 for number in range(-12, 28)]
    within = any(all(compares(number, leaf) for leaf in leaves_) for number in numbers)
    events = Events(policy_from(EMPTY).vocabulary)
    assert events.meet(*leaves_) is (within or not leaves_)
    assert events.meet(*(replace(leaf, open=True) for leaf in leaves_)), "an event that does not state it"


def test_equal_bounds_are_one_number() -> None:
    events = Events(policy_from(EMPTY).vocabulary)
    bounds = Compare("age", "at_least", 18), Compare("age", "at_most", 18)
    assert (events.example(*bounds) or {})["attributes"] == {"age": 18}
    assert not events.meet(*bounds, Compare("age", "is_not", 18))


def test_a_word_that_a_policy_below_may_declare_is_no_contradiction_of_a_layer() -> None:
    vocabulary = policy_from(EMPTY).vocabulary
    none = NotIn(Field.ITEM, frozenset({"name"}), ("name",))
    assert not Events(vocabulary).meet(none)
    assert Events(vocabulary, layer=True).meet(none)
    assert not Events(vocabulary, layer=True).meet(
        In(Field.OPERATION, frozenset({"use"}), ()), In(Field.COUNTRY, frozenset({"JP"}), ())
    )


def test_a_large_vocabulary_hides_no_contradiction() -> None:
    """Of words that are named alike a few stand for all, where facts can say of them all that they can say of any."""
    word = {"ja": "語", "en": "word"}
    many = {f"w{number}": {**word, **({"is_a": f"w{number // 5}"} if number > 9 else {})} for number in range(500)}
    data = {**EMPTY, "vocabulary": {**EMPTY["vocabulary"], "items": many, "purposes": many, "parties": many}}
    events = Events(policy_from(data).vocabulary)
    consent, contract = Holds("consent"), Holds("contract")
    assert events.meet(consent, Not(contract))
    for fact in (consent, contract):
        assert not events.meet(fact, Not(replace(fact, may=True)))
        assert events.meet(replace(fact, may=True), Not(fact))
