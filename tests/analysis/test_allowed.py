"""What may be done with what is stated is what the engine permits of every completion, and nothing else."""

from __future__ import annotations

import itertools
import time
from typing import Any

import pytest

from policyengine import Engine, InvalidEvent

ALC = Engine.load("rules/alc-smart-learning")
LAYERED = Engine.load("rules/appi", "rules/alc-smart-learning")
AT = {"time": "2026-11-24T09:00:00+09:00"}
TERMS = ALC.policies[0].vocabulary.terms


def one_by_one(engine: Engine, partial: dict[str, Any], subject: str) -> set[tuple[str, str]]:
    """What is permitted, found by deciding every event by itself."""
    found = set()
    for purpose, item in itertools.product(TERMS["purposes"], TERMS["items"]):
        event = {"id": "e", **partial, "subject": {"category": subject}, "purpose": purpose, "items": [item]}
        if engine.evaluate(event).permitted:
            found.add((purpose, item))
    return found


@pytest.mark.parametrize("engine", [ALC, LAYERED])
@pytest.mark.parametrize("subject", ["inquirer", "employee"])
def test_it_is_what_is_decided_one_by_one(engine: Engine, subject: str) -> None:
    facts = [{"type": "notice", "purposes": ["publicity"], "items": ["name"]}]
    partial = {**AT, "operation": "use", "facts": facts}
    allowed = engine.permitted({**partial, "subject": {"category": subject}})
    found = {(one.where["purpose"], item) for one in allowed for item in one.items}
    assert found == one_by_one(engine, partial, subject)
    assert found


def test_for_which_purposes() -> None:
    found = ALC.permitted({**AT, "operation": "use", "subject": {"category": "inquirer"}, "items": ["mobile_email"]})
    assert [one.where["purpose"] for one in found] == ["service-improvement", "inquiry-handling", "statistics"]
    assert {one.items for one in found} == {("mobile_email",)}
    assert found[0].to_json() == {"where": {"purpose": "service-improvement"}, "items": ["mobile_email"]}


def test_what_may_be_done_with_data() -> None:
    known = {**AT, "subject": {"category": "inquirer"}, "items": ["name"], "purpose": "inquiry-handling"}
    found = {one.where["operation"] for one in ALC.permitted(known, ["operation"])}
    assert found == {"acquire", "use", "retain"}


def test_to_whom() -> None:
    event = {**AT, "operation": "joint_use", "subject": {"category": "applicant"}, "items": ["name", "salary"]}
    found = ALC.permitted({**event, "purpose": "elearning-operation", "origin": "direct"}, ["recipient.id"])
    assert {one.where["recipient.id"] for one in found} == {"alc", "ntt-learning-systems", "alc-education"}
    assert {one.items for one in found} == {("name",)}


def test_what_is_wrong_is_said() -> None:
    with pytest.raises(InvalidEvent, match="recipient"):
        ALC.permitted({**AT, "operation": "provide", "purpose": "statistics"})
    with pytest.raises(ValueError, match="asked for"):
        ALC.permitted({**AT, "operation": "use"}, ["purposes"])


def test_it_is_quick() -> None:
    known = {**AT, "operation": "use", "subject": {"category": "employee"}}
    ALC.permitted(known)
    spent = []
    for _ in range(5):
        start = time.process_time()
        ALC.permitted(known)
        spent.append(time.process_time() - start)
    assert min(spent) < 0.02
