"""Queries: what the rows say is so of every event, and what is asserted is shown by an event."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from policyengine import Engine
from policyengine.analysis.query import Answer
from policyengine.model.fields import stated
from policyengine.model.space import Undecided
from strategies import policies

ALC = Engine.load("rules/alc-smart-learning")
LAYERED = Engine.load("rules/appi", "rules/alc-smart-learning")


def said(answer: Answer) -> list[str]:
    """The rows of an answer as one line each."""
    return [
        " / ".join(among.message.en for among in row.where.values())
        + ": "
        + "; ".join(need.message.en for need in row.needs)
        + "".join(" | ".join("; ".join(n.message.en for n in way) for way in some) for some in row.either)
        for row in answer.rows
    ]


def test_for_which_purposes_an_inquirers_address_may_be_used() -> None:
    answer = ALC.query(
        {"operation": "use", "subject": {"category": "inquirer"}, "items": ["mobile_email"]}, ["purpose"]
    )
    words = {word for row in answer.rows if "purpose" in row.where for word in row.where["purpose"].values}
    assert words == {"service-improvement", "inquiry-handling", "statistics"}
    notified = next(row for row in answer.rows if not row.where)
    assert ("notice", True) in [(need.name, need.there) for need in notified.needs]


def test_what_must_be_in_place_before_salaries_are_entrusted() -> None:
    answer = ALC.query({"operation": "entrust", "items": ["salary"]}, ["purpose", "subject.category"])
    for row in answer.rows:
        needed = {need.name for need in row.needs if need.there}
        assert {"contract", "vetting"} <= needed


def test_nothing_is_disclosed_without_a_request() -> None:
    answer = ALC.query({"operation": "disclose"}, without=["request"])
    assert answer.nothing
    assert answer.rows == ()
    assert answer.witness(permitted=True) is None
    assert not ALC.query({"operation": "disclose"}, without=["request=erase"]).nothing


def test_what_the_law_demands_is_permitted_whatever_else() -> None:
    known = {"operation": "provide", "purpose": "legal-compliance", "subject": {"category": "client-entrusted"}}
    assert not ALC.query(known).everything
    answer = ALC.query(known, having=["legal_basis"])
    assert answer.everything
    assert answer.witness(permitted=False) is None
    assert [(row.where, row.needs, row.either) for row in answer.rows] == [({}, (), ())]


def test_a_witness_is_an_event_of_the_question() -> None:
    known = {"operation": "provide", "items": ["individual_number"], "recipient": {"id": "tax-office"}}
    answer = ALC.query(known, ["purpose"], having=["consent"])
    for outcome in (True, False):
        event = answer.witness(permitted=outcome)
        assert event is not None
        assert ALC.evaluate(event).permitted is outcome
        assert (event["recipient"]["id"], event["items"]) == ("tax-office", ["individual_number"])
        assert "consent" in [fact["type"] for fact in event["facts"]]


def test_layers_must_all_permit() -> None:
    known = {"operation": "use", "items": ["name"], "subject": {"category": "customer"}}
    answer = LAYERED.query(known, ["purpose"])
    assert [name for name, _ in answer.policies] == ["alc-smart-learning", "appi"]
    event = answer.witness(permitted=True)
    assert event is not None
    assert LAYERED.evaluate(event).permitted


def test_at_another_time() -> None:
    before = {"time": "2012-01-01T00:00:00Z"}
    with pytest.raises(ValueError, match="no policy governs"):
        ALC.query(before)
    assert ALC.query({"time": "2020-01-01T00:00:00Z", "operation": "acquire"}).time == "2020-01-01T00:00:00Z"


@pytest.mark.parametrize(
    ("partial", "more", "message"),
    [
        ({"operation": "sell"}, {}, "no word"),
        ({"purpose": "after-cares"}, {}, 'did you mean "after-care"'),
        ({"purpos": "after-care"}, {}, 'did you mean "purpose"'),
        ({"recipient": {"id": "alc", "country": "XX"}}, {}, "recipient.country"),
        ({"attributes": {"agee": 3}}, {}, "no attribute"),
        ({}, {"ask": ["purposes"]}, "asked for"),
        ({}, {"having": ["consents"]}, 'did you mean "consent"'),
        ({}, {"without": ["request=eraze"]}, 'did you mean "erase"'),
        ({"controller": "nobody"}, {}, "no policy governs"),
    ],
)
def test_what_is_not_known_is_said(partial: dict[str, Any], more: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        ALC.query(partial, **more)


def test_what_contradicts_itself_is_no_event() -> None:
    answer = ALC.query({"operation": "use", "source": {"id": "alc"}})
    assert answer.no_event
    assert not answer.everything


def test_an_answer_is_json() -> None:
    found = ALC.query({"operation": "disclose"}).to_json()
    assert found["rows"][0]["needs"][0]["fact"] == "request"
    assert found["asked"] == ["subject.category", "items", "purpose", "recipient.id"]


FACTS = ["consent", "vetting", "contract", "contract=confidentiality", "request", "request=erase", "legal_basis"]


@given(st.data())
@settings(max_examples=max(10, settings().max_examples // 2))
def test_a_witness_shows_what_is_asserted(data: st.DataObject) -> None:
    engine = Engine([data.draw(policies(5))])
    known: dict[str, Any] = {"controller": "shop"}
    some = {"operation": ["use", "provide", "entrust"], "items": [["contact"], ["mail", "voice"]]}
    known |= data.draw(st.fixed_dictionaries({}, optional={key: st.sampled_from(of) for key, of in some.items()}))
    having, without = (data.draw(st.lists(st.sampled_from(FACTS), max_size=2, unique=True)) for _ in range(2))
    try:
        answer = engine.query(known, having=having, without=without)
        rows = answer.rows
    except Undecided:
        return
    assert bool(rows) is not (answer.nothing or answer.no_event)
    for outcome in (True, False):
        event = answer.witness(permitted=outcome)
        if event is not None:
            decision = engine.evaluate(event)
            assert decision.outcome == ("permit" if outcome else "deny"), event
            for name in ("operation", "items"):
                assert name not in known or stated(event, name) in (known[name], [known[name][0]], known[name][-1:])
    assert answer.everything is (answer.witness(permitted=False) is None and bool(rows))
