"""Facts are read as structs of their types: what can be read is what the types have nothing against, and no more."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from policyengine import Event, InvalidEvent
from policyengine.decision.admission import Admission
from policyengine.decision.agreement import Agreement, Plan
from policyengine.decision.classes import leaves_of
from policyengine.decision.court import Court
from policyengine.decision.facts import Answers
from policyengine.decision.memory import Memory
from policyengine.model.condition import Holds
from policyengine.model.event import event_from_json, event_from_mapping
from policyengine.model.policy import Policy
from strategies import cases

ODD: list[Any] = ["", " ", "p-1 ", "é", "unheard-of", [], [""], ["p\u200b1"], ["use"], "use", ["name", "name"]]


@st.composite
def broken(draw: st.DrawFn) -> tuple[Policy, dict[str, Any]]:
    """An event of a policy, of whose facts one has been changed, perhaps into one that is none."""
    policy, event = draw(cases().filter(lambda case: case[1].get("facts")))
    number = draw(st.integers(0, len(event["facts"]) - 1))
    fact = dict(event["facts"][number])
    fields = policy.vocabulary.facts[fact["type"]].fields
    key = draw(st.sampled_from([*fields, "subject", "from", "until", "type", "unheard-of"]))
    match draw(st.sampled_from(["as it is", "gone", "odd", "of another field"])):
        case "gone":
            fact.pop(key, None)
        case "odd":
            fact[key] = draw(st.sampled_from(ODD))
        case "of another field":
            fact[key] = fact[draw(st.sampled_from(sorted(fact)))]
    return policy, {**event, "facts": [*event["facts"][:number], fact, *event["facts"][number + 1 :]]}


def admission(policy: Policy) -> Admission:
    return Court([policy], Memory()).admission


def refused(policy: Policy, event: dict[str, Any]) -> bool:
    """Whether an event is malformed, or a fact of it is not of its type's form: the slow way."""
    try:
        known = Event.from_mapping(event).facts
    except InvalidEvent:
        return True
    types = policy.vocabulary.facts
    return any(fact["type"] not in types or [*types[str(fact["type"])].errors(fact, "$")] for fact in known)


@settings(max_examples=2 * settings().max_examples)
@given(broken())
def test_what_can_be_read_is_what_the_types_have_nothing_against(case: tuple[Policy, dict[str, Any]]) -> None:
    policy, event = case
    reader = admission(policy)
    line = msgspec.json.encode(event)
    wrong = refused(policy, event)
    for read in (lambda: event_from_mapping(event, reader), lambda: event_from_json(line, reader)):
        try:
            found = read()
            reader(found)
        except InvalidEvent:
            assert wrong
        else:
            assert not wrong
            assert found.admitted[0] is reader
            assert found.facts == Event.from_mapping(event).facts
            assert found == Event.from_mapping(event)


@settings(max_examples=2 * settings().max_examples)
@given(cases())
def test_read_at_once_or_later_or_from_a_source_they_state_the_same(case: tuple[Policy, dict[str, Any]]) -> None:
    policy, event = case
    reader = admission(policy)
    facts = event.get("facts", [])
    at_once = reader(event_from_mapping(event, reader))
    assert [*reader(Event.from_mapping(event))] == [*at_once]
    for own in range(len(facts) + 1):
        some = event_from_mapping({**event, "facts": facts[:own]}, reader)
        assert [*reader(some.with_facts(facts[own:]))] == [*at_once]
        assert some.with_facts(facts[own:]) == Event.from_mapping({**event, "facts": facts})


@settings(max_examples=2 * settings().max_examples)
@given(cases())
def test_the_fast_answers_are_the_slow_ones(case: tuple[Policy, dict[str, Any]]) -> None:
    """Every question that a rule asks of facts, by the bits of the policy's items and by those of the event's."""
    policy, mapping = case
    event = Event.from_mapping(mapping)
    vocabulary = policy.vocabulary
    agreement, bits = Agreement(vocabulary), vocabulary.meant.bits
    questions = [leaf for leaf in leaves_of(policy.rules) if isinstance(leaf, Holds)]
    asked: dict[str, list[tuple[int, Plan]]] = {}
    for number, leaf in enumerate(questions):
        asked.setdefault(leaf.type, []).append((number, agreement.plan(leaf)))
    silent = (0,) * len(questions)
    answers, without = agreement.answers(asked, admission(policy)(event), event, silent)
    for strangers, found in ((True, answers), (False, without)):
        slow = Answers(vocabulary, event, strangers=strangers)
        for leaf, answer in zip(questions, found, strict=True):
            expected = slow.leaf(leaf)
            for position, item in enumerate(event.items):
                if item in bits:
                    assert bool(answer & bits[item]) is bool(expected >> position & 1), (leaf, item)


def test_no_types_admit_no_fact() -> None:
    def refuse(event: Event) -> None:
        raise InvalidEvent([], event.id)

    event = {
        "id": "e",
        "time": "2026-11-24T09:00:00Z",
        "operation": "use",
        "subject": {"category": "customer"},
        "items": ["name"],
        "purpose": "delivery",
    }
    none = Admission({}, refuse)
    assert none(event_from_mapping(event, none)) == ()
    with pytest.raises(InvalidEvent):
        none(event_from_mapping({**event, "facts": [{"type": "consent"}]}, none))
