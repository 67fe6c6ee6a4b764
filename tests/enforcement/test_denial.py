"""What a host answers when a flow was stopped: the words of the policies, and nothing of anybody."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from policyengine import (
    Engine,
    FactQuery,
    Flow,
    FlowDenied,
    Reduction,
    Step,
    Text,
    hookimpl,
    language_asked_for,
    problem_document,
)

PACK = Path(__file__).parents[2] / "rules" / "alc-smart-learning"
GROUP = """
[policy]
id = "group"
version = "1"
title = {ja = "グループの規則", en = "Rules of the group"}
layer = true
governs = "anyone"

[[clause]]
number = "1"
summary = {ja = "委託しない", en = "Nothing is entrusted."}

[[clause.prohibition]]
operations = ["entrust"]
"""
SECRET = "hanako-yamada"
OTHER = """
[policy]
id = "other"
version = "1"
title = {ja = "別の会社", en = "Another company"}
governs = ["other"]

[vocabulary.items]
shoe_size = {ja = "靴のサイズ", en = "shoe size"}

[[clause]]
number = "1"
summary = {ja = "何も委託しない", en = "Nothing is entrusted."}

[[clause.prohibition]]
operations = ["entrust"]
"""
EVENT: dict[str, Any] = {
    "id": f"e-{SECRET}",
    "time": "2026-11-24T09:00:00+09:00",
    "operation": "entrust",
    "subject": {"category": "customer", "id": SECRET},
    "actor": {"id": SECRET},
    "items": ["name", "mobile_email"],
    "purpose": "product-information",
    "recipient": {"id": SECRET, "service": "communication"},
    "attributes": {"campaign": SECRET},
}
FACTS = [
    {"type": "contract", "kind": "confidentiality", "party": SECRET},
    {"type": "vetting", "party": SECRET},
]


class Host:
    """Says what it knows wherever it can say something."""

    name = "host"

    def __init__(self, facts: Iterable[Mapping[str, Any]] | None = (), stage: str = "tell") -> None:
        self._facts = facts
        self.stage = stage

    def facts(self, queries: Iterable[FactQuery]) -> list[Any]:
        if self._facts is None:
            raise RuntimeError(SECRET)
        return [self._facts for _ in queries]

    def act(self, _: Flow) -> Reduction:
        if self.stage == "keep":
            return Reduction(kept=SECRET)
        return Reduction(stop=Text(SECRET, SECRET))

    @hookimpl
    def policyengine_fact_sources(self) -> list[Host]:
        return [self]

    @hookimpl
    def policyengine_enforcement_actions(self) -> list[Host]:
        return [self]


def document(event: Any, host: Host, lang: Any = "en", *, step: bool = False) -> dict[str, Any]:
    steps = [Step("host", on=frozenset({"permit", "deny", "invalid"}))] if step else []
    engine = Engine.load(PACK, plugins=[host], installed_plugins=False, steps=steps)
    with pytest.raises(FlowDenied) as raised:
        engine.enforce(event)
    return problem_document(raised.value, engine.policies, lang)


CASES = {
    "a denial by a clause": (EVENT, Host(), 403, ["requirement-unmet"]),
    "an unknown item": ({**EVENT, "items": ["name", SECRET]}, Host(FACTS), 403, ["unknown-term"]),
    "an unknown purpose": ({**EVENT, "purpose": SECRET}, Host(FACTS), 403, ["unknown-term"]),
    "nobody governs": ({**EVENT, "controller": SECRET}, Host(), 403, ["no-governing-policy"]),
    "a source that fails": (EVENT, Host(None), 503, ["source-unavailable"]),
    "a malformed fact": (EVENT, Host([{"type": SECRET}]), 503, ["source-invalid"]),
    "no event": ({**EVENT, SECRET: SECRET, "items": [SECRET, SECRET]}, Host(), 500, []),
    "nothing like one": (SECRET, Host(), 500, []),
}


@pytest.mark.parametrize(("event", "host", "status", "codes"), CASES.values(), ids=CASES)
@pytest.mark.parametrize("lang", ["ja", "en"])
def test_it_says_why_and_nothing_of_anybody(event: Any, host: Host, status: int, codes: list[str], lang: str) -> None:
    found = document(event, host, lang)
    assert (found["status"], found["codes"]) == (status, codes)
    assert SECRET not in json.dumps(found, ensure_ascii=False)
    assert found["title"] and not found["kept"]


def test_it_says_what_the_clause_and_its_items_are_called() -> None:
    found = document(EVENT, Host())
    assert found == {
        "type": "urn:dataflow-policyengine:flow-denied",
        "title": "The privacy policy does not permit this",
        "status": 403,
        "detail": "Clause 6: Contractors are selected on having a protection regime, and sign a confidentiality "
        "agreement.\nItems: name, mobile e-mail address",
        "codes": ["requirement-unmet"],
        "clauses": ["6"],
        "items": ["name", "mobile_email"],
        "kept": False,
    }
    assert document(EVENT, Host(), "ja")["detail"].startswith("条項 6: 委託先は")


def test_what_an_action_says_is_not_told() -> None:
    stopped = document(EVENT, Host(FACTS), step=True)
    assert (stopped["codes"], stopped["clauses"]) == (["action-stopped"], [])
    assert stopped["detail"] == "It was stopped.\nItems: name, mobile e-mail address"
    assert SECRET not in json.dumps(stopped)
    kept = document(EVENT, Host(stage="keep"), step=True)
    assert kept["kept"] is True and SECRET not in json.dumps(kept)


def test_without_the_policies_there_are_no_words_of_theirs() -> None:
    engine = Engine.load(PACK, installed_plugins=False)
    with pytest.raises(FlowDenied) as raised:
        engine.enforce(EVENT)
    found = problem_document(raised.value)
    assert (found["items"], found["clauses"]) == ([], ["6"])
    assert "detail" not in found


def test_several_policies_are_told_apart(tmp_path: Path) -> None:
    """Clauses are cited as the decision cites them."""
    (tmp_path / "group.toml").write_text(GROUP, "utf-8")
    engine = Engine.load(PACK, tmp_path / "group.toml", installed_plugins=False)
    with pytest.raises(FlowDenied) as raised:
        engine.enforce({**EVENT, "controller": "alc-learning-systems"})
    found = problem_document(raised.value, engine.policies)
    assert found["clauses"] == list(raised.value.decision.clauses) == ["alc-smart-learning:6", "group:1"]
    assert "Clause alc-smart-learning:6: Contractors" in found["detail"]
    assert "Clause group:1: Nothing is entrusted." in found["detail"]


def test_a_tenant_is_told_nothing_of_another(tmp_path: Path) -> None:
    (tmp_path / "other.toml").write_text(OTHER, "utf-8")
    engine = Engine.load(PACK, tmp_path / "other.toml", installed_plugins=False)
    with pytest.raises(FlowDenied) as raised:
        engine.enforce({**EVENT, "controller": "alc-learning-systems", "items": ["name", "shoe_size"]})
    found = problem_document(raised.value, engine.policies)
    assert (found["codes"], found["items"]) == (["requirement-unmet", "unknown-term"], ["name"])
    assert "shoe" not in json.dumps(found)


@pytest.mark.parametrize(
    ("header", "asked"),
    [
        ("", "en"),
        ("ja", "ja"),
        ("ja-JP, en;q=0.8", "ja"),
        ("en-GB,ja;q=0.9", "en"),
        ("fr, ja;q=0.3", "ja"),
        ("*", "en"),
        ("en;q=0, *", "ja"),
        ("ja;q=0", "en"),
        ("ja;q=nan, en;q=0.1", "en"),
        ("JA;Q=1.0, en;q=0.999", "ja"),
    ],
)
def test_the_language_that_is_liked_best(header: str, asked: str) -> None:
    assert language_asked_for(header) == asked


def test_a_host_has_a_language_of_its_own() -> None:
    assert language_asked_for("fr", "ja") == language_asked_for("", "ja") == "ja"
    assert language_asked_for("en", "ja") == "en"


@given(st.text() | st.text("jaen-;q=0.,* ", max_size=40))
def test_any_header_has_a_language(header: str) -> None:
    assert language_asked_for(header) in ("ja", "en")
