"""The law about what an event leaves open stands in a table in each language: the engine is held to every cell."""

from __future__ import annotations

from typing import Any

import pytest

from docs.pages import ROOT
from policyengine import Engine
from policyengine.engine.plugins import Plugins
from policyengine.language.build import policy_of
from policyengine.language.pack import load_pack

PAGES = {"language.md": "## What an event leaves open", "language.ja.md": "## イベントが述べないこと"}
WORDS = {"met": True, "not met": False, "満たす": True, "満たさない": False, "denied": None, "拒否": None}
USE: dict[str, Any] = {
    "id": "e",
    "time": "2026-11-24T09:00:00+09:00",
    "operation": "use",
    "subject": {"category": "customer"},
    "items": ["name"],
    "purpose": "delivery",
}
TERMS = 'items = ["health_check"]'
ROWS: list[tuple[str, dict[str, Any]]] = [
    (TERMS, {"items": ["health_check"]}),
    (TERMS, {"items": ["blood_test"]}),
    (TERMS, {"items": ["health_information"]}),
    (TERMS, {"items": ["rest"]}),
    (TERMS, {"items": ["x_ray"]}),
    (TERMS, {"items": ["no_such_item"]}),
    ('origins = ["direct"]', {}),
    ('countries = ["JP"]', {}),
]
"""For each row of the tables what the rule lists, and what the event says."""


def cells(page: str) -> list[list[bool | None]]:
    """Return what the table of a page says: whether the condition is met, by row and column."""
    text = (ROOT / "docs" / page).read_text("utf-8").split(PAGES[page] + "\n")[1].split("\n## ")[0]
    rows = [line.strip("|").split(" | ") for line in text.splitlines() if line.startswith("|")][2:]
    return [[WORDS[cell.split(":")[0].split(",")[0].split("（")[0].strip()] for cell in row[1:]] for row in rows]


def decided(listed: str, event: dict[str, Any], *, restricts: bool, except_: bool, folder: Any) -> bool | None:
    """Return whether the condition of a rule is met, seen from the decision; None where a word is unknown."""
    condition = f"except.{listed}" if except_ else listed
    rule = f"[[clause.prohibition]]\n{condition}" if restricts else ""
    permit = "" if restricts else condition
    file = folder / "policy.toml"
    file.write_text(
        f"""
[policy]
id = "p"
version = "1"
title = {{ja = "方針", en = "Policy"}}
governs = ["shop"]
[vocabulary]
subjects.customer = {{ja = "客", en = "customer"}}
purposes.delivery = {{ja = "配送", en = "delivery"}}
origins.direct = {{ja = "本人", en = "direct"}}
origins.public = {{ja = "公開情報", en = "public"}}
[vocabulary.items]
name = {{ja = "氏名", en = "name"}}
health_information = {{ja = "健康", en = "health"}}
rest = {{ja = "ほか", en = "rest", remainder = true}}
health_check = {{is_a = ["health_information", "rest"], ja = "健診", en = "check"}}
blood_test = {{is_a = "health_check", ja = "血液", en = "blood"}}
x_ray = {{is_a = "health_information", ja = "X 線", en = "x-ray"}}
[[clause]]
number = "1"
summary = {{ja = "一", en = "one"}}
[[clause.permission]]
operations = ["use", "provide"]
subjects = ["customer"]
purposes = ["delivery"]
{permit}
{rule}
""",
        "utf-8",
    )
    engine = Engine([policy_of(load_pack(file), Plugins(installed=False).kinds, {})])
    decision = engine.evaluate({**USE, **event})
    if any(reason.code == "unknown-term" for reason in decision.reasons):
        return None
    return decision.permitted is not restricts


@pytest.mark.parametrize("page", PAGES)
def test_the_table_says_what_is_decided(page: str, tmp_path: Any) -> None:
    found = [
        [
            decided(listed, event, restricts=restricts, except_=except_, folder=tmp_path)
            for except_ in (False, True)
            for restricts in (False, True)
        ]
        for listed, event in ROWS
    ]
    assert cells(page) == found
