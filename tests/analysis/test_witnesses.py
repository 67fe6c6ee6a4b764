"""What a search finds becomes an event that a person believes: it shows the same, in few and common words."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from msgspec.structs import replace
from test_difference_finder import KINDS, edited, loadable

from policyengine.analysis.difference import EVERYTHING, difference
from policyengine.analysis.witness import Judge, Witnesses, told_apart
from policyengine.language.build import build_policy
from policyengine.language.documents import Documents
from policyengine.model.policy import Policy
from strategies import policy_data, policy_from

REFERENCE = Path(__file__).parents[2] / "rules" / "alc-smart-learning"
SHOP = REFERENCE.with_name("online-shop")


def believed(left: Policy, right: Policy, parts: frozenset[str] = EVERYTHING) -> dict[str, Any]:
    found = difference(left, right, parts)
    assert found is not None
    event: dict[str, Any] = Witnesses([left]).believable(found.event, told_apart(left, right, found.event))
    return event


def parts(event: dict[str, Any]) -> list[tuple[Any, ...]]:
    """The way to everything that an event states, its id aside."""
    found: list[tuple[Any, ...]] = []
    for key, value in event.items():
        found += [(key,)] if key != "id" else []
        for inner in value if isinstance(value, dict) else range(len(value)) if key == "facts" else ():
            found.append((key, inner))
            found += [(key, inner, name) for name in value[inner]] if key == "facts" else []
    return found


def without(event: Any, path: tuple[Any, ...]) -> Any:
    key, *rest = path
    if isinstance(event, list):
        return [without(of, tuple(rest)) if at == key else of for at, of in enumerate(event) if rest or at != key]
    return {at: without(of, tuple(rest)) if at == key else of for at, of in event.items() if rest or at != key}


@settings(max_examples=5)
@given(st.data())
def test_a_witness_shows_the_same_and_nothing_can_be_left_out(data: st.DataObject) -> None:
    drawn = data.draw(policy_data(4))
    other = data.draw(edited(drawn))
    assume(loadable(other))
    left, right = policy_from(drawn), policy_from(other)
    found = difference(left, right)
    assume(found is not None)
    assert found is not None
    event = believed(left, right)
    says = [(Judge(policy).says(event), Judge(policy).says(found.event)) for policy in (left, right)]
    assert says[0][0] != says[1][0]
    assert all(now is not None and was is not None and now.outcome == was.outcome for now, was in says)
    shows = told_apart(left, right, found.event)
    for path in parts(event):
        assert not shows(without(event, path)), path


def edited_reference(old: str, new: str) -> Policy:
    """The reference policy with one edit of its text."""
    files = (*REFERENCE.glob("*y.toml"), *REFERENCE.with_name("vocabulary").glob("*.toml"))
    texts = {f"{file.parent.name}/{file.name}": file.read_text("utf-8") for file in files}
    assert old in texts["alc-smart-learning/policy.toml"]
    texts["alc-smart-learning/policy.toml"] = texts["alc-smart-learning/policy.toml"].replace(old, new)
    return build_policy(Documents(texts), KINDS)


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        (
            'subjects = ["business-partner"]\nitems = "any"\npurposes = ["contract-management"]',
            'subjects = ["business-partner"]\nitems = "any"\npurposes = ["contract-management", "after-care"]',
            {
                "operation": "use",
                "subject": {"category": "business-partner"},
                "items": ["name"],
                "purpose": "after-care",
            },
        ),
        (
            ', {type = "vetting"}]',
            "]",
            {
                "operation": "entrust",
                "subject": {"category": "customer"},
                "items": ["name"],
                "purpose": "proposal-fulfilment",
                "recipient": {"id": "contractor-1"},
                "facts": [
                    {"type": "consent", "operations": ["entrust"]},
                    {"type": "contract", "kind": "confidentiality", "party": "contractor-1"},
                ],
            },
        ),
    ],
)
def test_witnesses_of_the_reference_policy(old: str, new: str, expected: dict[str, Any]) -> None:
    event = believed(build_policy(REFERENCE, KINDS), edited_reference(old, new), frozenset())
    assert event == {"id": "example", "time": "2013-02-01T10:00:00+09:00", **expected}


def test_a_witness_is_dated_in_a_working_hour_of_the_policy() -> None:
    policy = build_policy(SHOP, KINDS)
    event = believed(policy, replace(policy, rules=policy.rules[1:]))
    assert event["time"] == "2025-04-01T10:00:00+09:00"
