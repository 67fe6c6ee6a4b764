"""A clause that takes the place of others: their permissions, and wholly, all that they say."""

from __future__ import annotations

from typing import Any

import pytest

from policyengine import Documents, Engine

HEAD = """
[policy]
id = "p"
version = "1"
title = {ja = "p", en = "p"}
governs = ["shop"]

[vocabulary.subjects]
person = {ja = "人", en = "person"}
[vocabulary.items]
mail = {ja = "メール", en = "mail"}
health = {ja = "健康", en = "health"}
[vocabulary.purposes]
care = {ja = "手入れ", en = "care"}

[obligations.tell]
clause = "3"
ja = "知らせる"
en = "Tell the person."

[[clause]]
number = "1"
summary = {ja = "1", en = "1"}
[[clause.permission]]
operations = ["use"]
items = "any"

[[clause]]
number = "2"
summary = {ja = "2", en = "2"}
[[clause.prohibition]]
items = ["health"]

[[clause]]
number = "3"
summary = {ja = "3", en = "3"}
[[clause.obligation]]
operations = ["use"]
oblige = ["tell"]

[[clause]]
number = "4"
summary = {ja = "4", en = "4"}
[[clause.permission]]
operations = ["use"]
items = "any"
facts = {type = "legal_basis"}
[[clause.replacement]]
facts = {type = "legal_basis"}
"""
LAW = {"type": "legal_basis", "kind": "statute", "reference": "act"}


def decide(replacing: str, *facts: dict[str, Any], subject: str | None = "p-1") -> Any:
    engine = Engine.load(Documents({"p.toml": HEAD + replacing}), installed_plugins=False)
    event = {
        "id": "e",
        "time": "2026-06-01T00:00:00Z",
        "operation": "use",
        "subject": {"category": "person", **({"id": subject} if subject else {})},
        "items": ["mail", "health"],
        "purpose": "care",
        "facts": list(facts),
    }
    return engine.evaluate(event)


def said(decision: Any) -> tuple[Any, ...]:
    duties = tuple(duty.id for duty in decision.obligations)
    return decision.permitted_items, decision.clauses, duties


def test_nothing_is_replaced_where_it_is_not_met() -> None:
    assert said(decide("wholly = true")) == (("mail",), ("2",), ())


@pytest.mark.parametrize(
    ("replacing", "expected"),
    [
        ("", (("mail",), ("2",), ())),
        ("wholly = true", (("mail", "health"), ("4",), ())),
        ("wholly = true\nreplaces = ['2']", (("mail", "health"), ("1", "4"), ("tell",))),
        ("wholly = true\nreplaces = ['1', '3']", (("mail",), ("2",), ())),
        ("wholly = true\nreplaces = ['1', '2']\noperations = ['retain']", (("mail",), ("2",), ())),
    ],
)
def test_what_is_left_of_the_others(replacing: str, expected: tuple[Any, ...]) -> None:
    assert said(decide(replacing, LAW)) == expected


def test_that_nothing_of_others_is_left_must_be_sure() -> None:
    about_somebody = {**LAW, "subject": "p-1"}
    assert said(decide("wholly = true", about_somebody)) == (("mail", "health"), ("4",), ())
    assert said(decide("wholly = true", about_somebody, subject=None)) == (("mail",), ("2",), ())
    # What merely takes a permission away counts where it may.
    assert said(decide("replaces = ['1']", about_somebody, subject=None))[0] == ()


def test_an_explanation_says_what_took_the_place() -> None:
    text = decide("wholly = true", LAW).explain(lang="en")
    assert "4/replacement has not taken its place" in text


def test_a_requirement_stands_in_the_way_of_nothing_that_it_spares() -> None:
    sparing = """
[[clause]]
number = "5"
summary = {ja = "5", en = "5"}
[[clause.requirement]]
require.items = ["mail"]
spares = ["4"]
"""
    assert said(decide("replaces = ['1']\n" + sparing, {**LAW, "items": ["mail"]})) == (("mail",), ("2", "5"), ())
    assert [reason.clause for reason in decide("replaces = ['1']\n" + sparing, LAW).reasons] == ["2"]
