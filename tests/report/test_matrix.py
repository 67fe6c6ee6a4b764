"""The matrix says what may be done of all that may be done, and of nothing else: what events are permitted is in it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import strategies
from policyengine import Engine
from policyengine.model.operation import NEEDS_PURPOSE
from policyengine.model.space import Undecided
from policyengine.moment import written
from policyengine.report.matrix import Matrix, matrix
from policyengine.report.parts import Paragraph, Table, plain

ROOT = Path(__file__).parents[2]


@given(st.data())
@settings(max_examples=max(6, settings().max_examples // 5))
def test_what_is_permitted_is_said_to_be_possible(data: st.DataObject) -> None:
    policy = strategies.policy_from(*data.draw(strategies.written(4)))
    try:
        found = Matrix(policy)
    except Undecided:
        return
    engine = Engine([policy])
    words = strategies.words_of(policy, [written(found.since)], ["partner", "sister", "stranger"])
    aim = data.draw(strategies.aims(policy))
    for event in data.draw(st.lists(strategies.events(words, aim=aim), min_size=10, max_size=10)):
        for facts in (event.get("facts", []), []):
            at = {"controller": "shop", "time": written(found.since)}
            one = {**event, **at, "facts": facts, "items": event["items"][:1]}
            if "purpose" in event and engine.evaluate(one).outcome == "permit":
                possible = found.possible(event["operation"], event["subject"]["category"], event["purpose"])
                assert possible.ever
                assert possible.bare or facts


POLICY = """
[policy]
id = "my-shop"
version = "1"
title = {ja = "店", en = "My shop"}
governs = ["my-shop"]
[vocabulary.subjects]
customer = {ja = "顧客", en = "customer"}
visitor = {ja = "閲覧者", en = "visitor"}
[vocabulary.items]
name = {ja = "氏名", en = "name"}
[vocabulary.purposes]
delivery = {ja = "配送", en = "delivery"}
returns = {ja = "返品", en = "returns"}
ads = {ja = "広告", en = "advertising"}
weak = {ja = "弱み", en = "weakness"}
[[clause]]
number = "1"
ground = true
summary = {ja = "要約", en = "In short"}
[[clause.purpose-limitation]]
subjects = ["customer"]
purposes = ["delivery", "returns"]
[[clause.purpose-limitation]]
operations = ["use"]
subjects = ["customer", "visitor"]
purposes = ["ads"]
facts = {type = "consent"}
[[clause.prohibition]]
purposes = ["weak"]
"""


def test_a_table_in_few_rows(tmp_path: Path) -> None:
    (tmp_path / "policy.toml").write_text(POLICY, "utf-8")
    (policy,) = Engine.load(tmp_path).policies
    assert shown(policy, "en") == [
        ["Purpose", "customer", "visitor"],
        ["delivery, returns", "acquire, use, keep", ""],
        ["advertising", "use*", "use*"],
    ]
    assert shown(policy, "ja")[1:] == [["配送、返品", "取得、利用、保有", ""], ["広告", "利用＊", "利用＊"]]


def shown(policy: Any, lang: str) -> list[list[str]]:
    (section,) = matrix(policy, lang)
    (table,) = [block for block in section.blocks if isinstance(block, Table)]
    return [list(table.head), *(["".join(plain(one.line) for one in cell) for cell in row] for row in table.rows)]


def test_what_the_reference_policy_permits_of_customers() -> None:
    (policy,) = Engine.load(ROOT / "rules" / "alc-smart-learning").policies
    found = Matrix(policy)
    said = {name: tuple(found.possible(name, "customer", "after-care")) for name in NEEDS_PURPOSE}
    bare, on_facts, never = (True, True), (True, False), (False, False)
    assert said == {
        "acquire": bare,
        "use": bare,
        "retain": bare,
        "joint_use": never,
        "entrust": on_facts,
        "provide": on_facts,
    }


def test_a_bound_that_is_hit_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("policyengine.report.matrix._REGIONS", 3)
    (tmp_path / "policy.toml").write_text(POLICY, "utf-8")
    (policy,) = Engine.load(tmp_path).policies
    (section,) = matrix(policy, "en")
    (told,) = section.blocks
    assert isinstance(told, Paragraph) and told.marked
    assert "could not be made" in plain(told.line)


def test_a_layer_has_none() -> None:
    (policy,) = Engine.load(ROOT / "rules" / "appi").policies
    assert not list(matrix(policy, "en"))
