"""Invariants: what holds is proved or searched, and what does not is shown with the event and the explanation."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace

from policyengine import Decision, Engine
from policyengine.model.rule import Restriction
from policyengine.testing import invariant, never

ROOT = Path(__file__).parents[2]
LEAVING = ["provide", "joint_use", "entrust"]
BAN = """
[policy]
id = "ban"
version = "1"
title = {ja = "禁止", en = "ban"}
governs = ["alc-learning-systems"]

[vocabulary.subjects]
customer = {ja = "お客様", en = "customer"}
[vocabulary.items]
name = {ja = "氏名", en = "name"}
individual_number = {ja = "個人番号", en = "individual number"}
[vocabulary.purposes]
after-care = {ja = "アフタケア", en = "after-care"}

[[clause]]
number = "1"
summary = {ja = "個人番号は渡さない", en = "Individual numbers stay."}
[[clause.permission]]
operations = ["acquire", "use", "joint_use", "entrust", "provide"]
subjects = ["customer"]
purposes = ["after-care"]
[[clause.prohibition]]
operations = ["joint_use", "entrust", "provide"]
items = ["individual_number"]
"""


@pytest.fixture(scope="module")
def engine() -> Engine:
    return Engine.load(ROOT / "rules" / "alc-smart-learning", installed_plugins=False)


@pytest.fixture(scope="module")
def shop() -> Engine:
    return Engine.load(ROOT / "rules" / "online-shop", installed_plugins=False)


def test_what_holds_is_proved(engine: Engine, shop: Engine) -> None:
    assert never(engine, when={"items": "individual_number", "operation": "joint_use"})
    assert never(engine, when={"operation": "disclose", "subject.category": "client-entrusted"})
    assert never(shop, when={"operation": "provide", "purpose": "ad-by-weakness"})
    assert never(shop, when={"operation": "joint_use", "recipient.id": "kumo-group-abroad"})
    assert never(shop, when={"operation": "provide", "purpose": "fraud-prevention", "recipient.country": ["US", "SG"]})


def test_what_does_not_hold_is_shown(engine: Engine) -> None:
    with pytest.raises(AssertionError) as caught:
        never(engine, when={"items": "individual_number", "operation": LEAVING})
    message = str(caught.value)
    assert message.startswith("never permitted: items individual_number; operation provide or joint_use or entrust\n")
    assert '"items": ["individual_number"]' in message
    assert "PERMIT  clauses: " in message
    assert "rules considered" in message
    for unneeded in ("difference", "controller", "form", "person-1"):
        assert unneeded not in message.split("}\n", maxsplit=1)[0]


def test_a_term_stands_for_its_kinds(engine: Engine) -> None:
    with pytest.raises(AssertionError, match='"category": "applicant"'):
        never(engine, when={"subject.category": "customer", "operation": "joint_use"})


def test_a_rule_that_is_left_out_is_noticed(engine: Engine) -> None:
    """The health prohibition, say: without it, workers' health data leave on consent."""
    law = {"items": "health_information", "subject.category": "employee", "operation": "joint_use"}
    sort = {**law, "operation": ["provide"], "purpose": "publicity"}
    (policy,) = engine.policies
    unguarded = replace(
        policy, rules=tuple(r for r in policy.rules if not isinstance(r, Restriction) or "health" not in r.head.id)
    )
    assert never(engine, when=law)
    with pytest.raises(AssertionError, match="consent"):
        never(unguarded, when=sort)


def test_several_policies_are_searched_together(tmp_path: Path) -> None:
    """What one policy would permit and another denies cannot be proved policy by policy: it is searched for."""
    (tmp_path / "ban.toml").write_text(BAN, "utf-8")
    both = Engine.load(ROOT / "rules" / "alc-smart-learning", tmp_path / "ban.toml", installed_plugins=False)
    assert never(both, when={"items": "individual_number", "operation": LEAVING}, examples=200) is False
    with pytest.raises(AssertionError, match='"items": \\["name"\\]'):
        never(both, when={"items": "name", "operation": LEAVING})


def test_an_invariant_is_a_test_of_no_arguments(engine: Engine) -> None:
    seen: list[str] = []

    @invariant(engine, when={"operation": "entrust"}, examples=100)
    def test_contractors_are_supervised(event: Mapping[str, Any], decision: Decision) -> None:
        """Clause 6."""
        seen.append(event["operation"])
        if decision.permitted:
            assert "supervise-contractor" in {duty.id for duty in decision.obligations}

    assert test_contractors_are_supervised.__name__ == "test_contractors_are_supervised"
    assert test_contractors_are_supervised.__doc__ == "Clause 6."
    test_contractors_are_supervised()
    assert len(seen) >= 50
    assert set(seen) == {"entrust"}


def test_an_invariant_that_fails_shows_the_event_and_why(engine: Engine) -> None:
    @invariant(engine)
    def only_on_consent(event: Mapping[str, Any], decision: Decision) -> None:
        consented = any(fact["type"] == "consent" for fact in event.get("facts", ()))
        assert not decision.permitted or event["operation"] != "provide" or consented

    with pytest.raises(AssertionError) as caught:
        only_on_consent()
    notes = "\n".join(caught.value.__notes__)
    assert '"operation": "provide"' in notes
    assert "e-1  PERMIT  clauses: 5(" in notes
    assert "what the clauses say" in notes


def test_any_error_of_an_invariant_is_shown_with_its_event(engine: Engine) -> None:
    @invariant(engine)
    def wrong(event: Mapping[str, Any], decision: Decision) -> None:
        raise KeyError(event["operation"], decision.outcome)

    with pytest.raises(KeyError) as caught:
        wrong()
    assert 'event: {\n  "id": "e-1"' in "\n".join(caught.value.__notes__)


def test_what_makes_no_sense_is_told(engine: Engine) -> None:
    with pytest.raises(ValueError, match="say which flows"):
        never(engine, when={})
    with pytest.raises(ValueError, match='did you mean "items"'):
        never(engine, when={"item": "name"})
    with pytest.raises(ValueError, match='did you mean "joint_use"'):
        invariant(engine, when={"operation": "jointuse"})
