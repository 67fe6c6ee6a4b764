"""Obligations that are for some items alone, and parameters that are times."""

from __future__ import annotations

import json
import pickle
from typing import Any

import pytest

from language.marked_packs import BASE, CLAUSE
from policyengine import Documents, Engine, PolicyError
from policyengine.analysis.difference import difference
from policyengine.model.decision import read_decision

DUTIES = """
[obligations.encrypt]
clause = "1"
ja = "暗号化する"
en = "Encrypt it."

[obligations.answer]
clause = "1"
ja = "答える"
en = "Answer."
parameters = {answer_by = {within = "P1M"}, desk = ["a", "b"]}
"""
PROVISION = """
[[clause.provision]]
subjects = ["customer"]
items = "any"
"""
EVENT: dict[str, Any] = {
    "id": "e",
    "time": "2026-01-31T09:00:00+09:00",
    "operation": "provide",
    "subject": {"category": "customer"},
    "items": ["name", "home_address"],
    "purpose": "delivery",
    "recipient": {"id": "carrier"},
}


def engine(rules: str, base: str = BASE) -> Engine:
    documents = Documents({"base.toml": base, "rules.toml": CLAUSE + rules + DUTIES})
    return Engine.load(documents, installed_plugins=False)


def obligations(rules: str, **changes: Any) -> dict[str, tuple[str, ...]]:
    decision = engine(rules).evaluate({**EVENT, **changes})
    assert decision.permitted, decision.explain(lang="en")
    return {duty.id: duty.items for duty in decision.obligations}


FOR_ADDRESSES = PROVISION + 'oblige = ["tell", {obligation = "encrypt", for_items = ["address"]}]'


def test_the_obligation_says_for_which_items_it_is() -> None:
    assert obligations(FOR_ADDRESSES) == {"encrypt": ("home_address",), "tell": ()}
    assert obligations(FOR_ADDRESSES, items=["name"]) == {"tell": ()}
    assert obligations(FOR_ADDRESSES, items=["address", "name"]) == {"encrypt": ("address",), "tell": ()}


def test_a_general_word_may_be_one_of_the_items() -> None:
    assert obligations(FOR_ADDRESSES.replace('["address"]', '["home_address"]'), items=["address"]) == {
        "encrypt": ("address",),
        "tell": (),
    }


def test_what_another_rule_asks_of_the_whole_flow_is_of_the_whole_flow() -> None:
    everything = FOR_ADDRESSES + '\n[[clause.obligation]]\noblige = ["encrypt"]'
    assert obligations(everything) == {"encrypt": (), "tell": ()}


def test_it_is_asked_where_its_own_rule_permitted_alone() -> None:
    other = PROVISION + 'purposes = ["marketing"]\noblige = [{obligation = "encrypt", for_items = ["address"]}]'
    assert obligations(PROVISION + other) == {}
    assert obligations(PROVISION + other, purpose="marketing") == {"encrypt": ("home_address",)}


def test_a_requirement_asks_it_where_it_was_met() -> None:
    required = (
        PROVISION
        + """
[[clause.requirement]]
operations = ["provide"]
items = ["name", "home_address"]
silent = true
require.facts = {type = "consent"}
oblige = [{obligation = "encrypt", for_items = ["home_address"]}]
"""
    )
    consent = [{"type": "consent", "operations": ["provide"]}]
    assert obligations(required, facts=consent) == {"encrypt": ("home_address",)}
    denied = engine(required).evaluate(EVENT)
    assert [reason.open for reason in denied.reasons] == [()]


def test_a_time_comes_so_long_after_the_event_in_the_time_zone_of_the_policy() -> None:
    rules = PROVISION + 'oblige = ["answer"]'
    (duty,) = engine(rules).evaluate(EVENT).obligations
    assert duty.parameters == {"answer_by": "2026-02-28T00:00:00+00:00", "desk": ["a", "b"]}
    tokyo = BASE.replace("governs =", 'time_zone = "Asia/Tokyo"\ngoverns =', 1)
    decision = engine(rules, tokyo).evaluate(EVENT)
    assert decision.obligations[0].parameters["answer_by"] == "2026-02-28T09:00:00+09:00"
    assert decision.policies[0].tzdata is not None
    with pytest.raises(TypeError):
        decision.obligations[0].parameters["answer_by"] = "never"  # type: ignore[index]


def test_decisions_are_written_read_and_pickled_with_both() -> None:
    rules = PROVISION + 'oblige = ["answer", {obligation = "encrypt", for_items = ["address"]}]'
    decision = engine(rules).evaluate(EVENT)
    written = json.loads(decision.to_json())
    assert [duty.get("items") for duty in written["obligations"]] == [None, ["home_address"]]
    assert read_decision(decision.to_json()) == decision == pickle.loads(pickle.dumps(decision))
    assert "Encrypt it.: home_address" in decision.explain(lang="en")


@pytest.mark.parametrize(
    ("wrong", "code"),
    [
        ('{obligation = "encrpt", for_items = ["address"]}', "unknown-obligation"),
        ('{obligation = "encrypt", for_items = ["adress"]}', "unknown-term"),
        ('{obligation = "encrypt"}', "missing-key"),
    ],
)
def test_what_is_wrong_is_told(wrong: str, code: str) -> None:
    with pytest.raises(PolicyError) as refused:
        engine(PROVISION + f"oblige = [{wrong}]")
    assert code in {problem.code for problem in refused.value.problems}


def test_a_duration_that_is_none_is_told() -> None:
    with pytest.raises(PolicyError) as refused:
        Engine.load(
            Documents({"base.toml": BASE, "more.toml": DUTIES.replace("P1M", "month")}), installed_plugins=False
        )
    assert {problem.code for problem in refused.value.problems} == {"bad-duration"}


def test_the_difference_finder_tells_for_which_items_it_is() -> None:
    (one,) = engine(FOR_ADDRESSES).policies
    (same,) = engine(FOR_ADDRESSES.replace('["address"]', '["home_address", "address"]')).policies
    (other,) = engine(FOR_ADDRESSES.replace('["address"]', '["name"]')).policies
    assert difference(one, same) is None
    found = difference(one, other)
    assert found is not None
