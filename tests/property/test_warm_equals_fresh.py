"""What an engine remembers of events it has decided changes no later decision."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from policyengine import Engine
from policyengine.decision import memory as remembered
from policyengine.model.operation import NEEDS_PURPOSE, NEEDS_RECIPIENT, OPERATIONS
from policyengine.model.policy import Policy
from strategies import TIMES, events_of, facts, policies, words_of

Stream = tuple[Policy, list[dict[str, Any]]]


def without(event: dict[str, Any], *keys: str) -> dict[str, Any]:
    return {key: value for key, value in event.items() if key not in keys}


@st.composite
def near_copies(draw: st.DrawFn, policy: Policy, event: dict[str, Any]) -> dict[str, Any]:
    """The same flow of another moment, person, party, word, attribute or fact: little that a memory is kept under."""
    changes = ["time", "recipient", "subject", "attributes", "a fact more", "another fact", "fewer facts"]
    change = draw(st.sampled_from(["operation", "purpose", "items", "form", "category", *changes]))
    known = event.get("facts", [])
    words = words_of(policy, TIMES, ["stranger", "p-1", "p-2"])
    if change == "time":
        return {**event, "time": draw(st.sampled_from(TIMES))}
    if change == "operation":
        needs = [(NEEDS_PURPOSE, "purpose"), (NEEDS_RECIPIENT, "recipient")]
        can = [name for name in OPERATIONS if all(field in event for needing, field in needs if name in needing)]
        return {**event, "operation": draw(st.sampled_from(can))}
    if change == "category":
        return {**event, "subject": {**event["subject"], "category": draw(st.sampled_from(words["subjects"]))}}
    if change in ("purpose", "form"):
        return {**event, change: draw(st.sampled_from(words[f"{change}s"]))}
    if change == "items":
        return {**event, "items": draw(st.lists(st.sampled_from(words["items"]), min_size=1, max_size=3, unique=True))}
    if change == "subject":
        person = draw(st.sampled_from([{}, {"id": "p-1"}, {"id": "p-2"}]))
        return {**event, "subject": {"category": event["subject"]["category"], **person}}
    if change == "recipient" and "recipient" in event:
        return {**event, "recipient": {**event["recipient"], "id": draw(st.sampled_from(words["parties"]))}}
    if change == "attributes":
        found = draw(st.sampled_from([None, {"age": 3}, {"age": 40}, {"vip": True, "age": 16}, {"tier": "gold"}]))
        return {**without(event, "attributes"), **({"attributes": found} if found else {})}
    if change == "a fact more":
        return {**event, "facts": [*known, draw(facts(words, near=event))]}
    if change == "another fact" and known:
        index = draw(st.integers(0, len(known) - 1))
        other = draw(
            st.fixed_dictionaries(
                {},
                optional={
                    "from": st.sampled_from(TIMES),
                    "until": st.sampled_from(TIMES),
                    "subject": st.sampled_from(["p-1", "p-2"]),
                },
            )
        )
        changed = {**without(known[index], "from", "until", "subject"), **other}
        return {**event, "facts": [*known[:index], changed, *known[index + 1 :]]}
    kept = [fact for fact in known if draw(st.booleans())]
    return {**without(event, "facts"), **({"facts": kept} if kept else {})}


@st.composite
def streams(draw: st.DrawFn, most: int = 12) -> Stream:
    """Events of one policy, many of them near copies of an earlier one."""
    policy = draw(policies())
    stream = [draw(events_of(policy))]
    for _ in range(draw(st.integers(1, most - 1))):
        event = draw(st.sampled_from(stream))
        for _ in range(draw(st.integers(0, 2))):
            event = draw(near_copies(policy, event))
        stream.append(event if event not in stream else draw(events_of(policy)))
    return policy, stream


def check(policy: Policy, stream: list[dict[str, Any]]) -> None:
    engine = Engine([policy])
    fresh = [Engine([policy]).evaluate(event) for event in stream]
    assert [engine.evaluate(event) for event in stream] == fresh
    assert [engine.evaluate(event) for event in reversed(stream)] == fresh[::-1]


@settings(max_examples=2 * settings().max_examples)
@given(streams())
def test_whatever_it_has_seen(case: Stream) -> None:
    check(*case)


@pytest.mark.parametrize("memory", [0, 5_000, 20_000])
def test_whatever_it_has_forgotten(memory: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(remembered, "BYTES", memory)

    @given(streams(6))
    def forgetting(case: Stream) -> None:
        check(*case)

    forgetting()


@given(streams(4), st.integers(60, 70))
def test_whatever_the_number_of_items(case: Stream, number: int) -> None:
    """Unknown items stand beside known ones, and so many that not all are told."""
    policy, stream = case
    more = [f"unlisted-{index}" for index in range(number)]
    check(policy, [{**event, "items": [*event["items"], *more]} for event in stream])
