"""How remedies are told: in words, in every language of the policies, by which of them each is asked, up to where."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from policyengine import Engine
from policyengine.decision.remedy import search

ROOT = Path(__file__).parents[2]
REFERENCE = ROOT / "rules/alc-smart-learning"
EVENT: dict[str, Any] = {
    "id": "e-1",
    "time": "2026-11-24T09:00:00+09:00",
    "controller": "alc-learning-systems",
    "operation": "entrust",
    "subject": {"category": "customer", "id": "c-102"},
    "items": ["name", "mobile_email"],
    "purpose": "product-information",
    "recipient": {"id": "mailer-kk", "service": "communication"},
}
ACT = """
[policy]
id = "act"
version = "1"
governs = "anyone"
layer = true
languages = ["en", "de"]
title = {en = "Act", de = "Gesetz"}

[vocabulary.items]
name = {en = "name", de = "Name"}

[[clause]]
number = "17"
summary = {en = "Consent first.", de = "Erst die Einwilligung."}

[[clause.requirement]]
operations = ["entrust", "provide"]
require.facts = {type = "consent", stated = ["purposes"]}
"""


def test_what_it_takes_is_a_phrase_that_names_the_recipient_and_the_day() -> None:
    (remedy,) = Engine.load(REFERENCE).evaluate(EVENT).remedies
    assert remedy.message.en == (
        "contract (confidentiality) for mailer-kk and vetting of the contractor for mailer-kk, in effect on 2026-11-24"
    )
    assert "2026-11-24" in remedy.message.ja
    assert "機密保持契約" in remedy.message.ja
    assert "c-102" not in remedy.message.ja + remedy.message.en + repr(remedy.changes)


def test_what_only_law_lifts_is_no_advice() -> None:
    health = {"operation": "use", "subject": {"category": "employee"}, "purpose": "health-management"}
    event = {**EVENT, **health, "items": ["name", "stress_check_result"]}
    del event["recipient"]
    advice, law = Engine.load(REFERENCE).evaluate(event).remedies
    assert (advice.law, law.law) == (False, True)
    assert advice.message.en == "drop stress check result"
    assert law.message.en.startswith("only where law has it so: legal basis (statute)")
    assert law.message.ja.startswith("法による場合だけ")


def test_each_policy_is_named_for_what_it_asks(tmp_path: Path) -> None:
    act = tmp_path / "act.toml"
    act.write_text(ACT, "utf-8")
    decision = Engine.load(REFERENCE, act).evaluate(EVENT)
    (remedy,) = decision.remedies
    assert "(asked by act), contract (confidentiality) for mailer-kk (asked by alc-smart-learning)" in remedy.message.en
    assert set(decision.as_dict()["remedies"][0]["message"]) == {"ja", "en", "de"}


def test_a_search_that_stops_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(search, "LOOKED_AT", 2)
    decision = Engine.load(REFERENCE).evaluate({**EVENT, "recipient": {"id": "mailer-kk"}})
    assert decision.as_dict()["more_remedies"] is True
    assert "there may be others: the search stopped at its bound" in decision.explain("en")
    whole = Engine.load(REFERENCE).evaluate(EVENT)
    assert not whole.permitted


def test_the_bound_is_that_of_the_page() -> None:
    page = (ROOT / "docs/decisions.md").read_text("utf-8")
    assert (
        f"{search.LOOKED_AT} sets of changes, of {'eight' if search.LARGEST == 8 else search.LARGEST} changes" in page
    )


def test_nothing_is_said_where_nothing_helps() -> None:
    decision = Engine.load(REFERENCE).evaluate({**EVENT, "purpose": "no such purpose"})
    assert decision.as_dict()["remedies"] == []
    assert "what it would take" not in decision.explain("en")
