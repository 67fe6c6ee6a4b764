"""What a run of ``evaluate`` comes to: each flow counted once, on standard error, in both languages."""

from __future__ import annotations

import json
import re
from collections import Counter
from pathlib import Path
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from cli.running import DENIED, INVALID, PACK, PERMITTED, ROOT, evaluate, lines, run
from policyengine import Engine
from policyengine.cli.summary import Tally
from policyengine.testing import events

ENGINE = Engine.load(PACK)
ABROAD = """\
[policy]
id = "shop"
version = "1"
title = {ja = "店", en = "Shop"}
governs = ["shop"]
[vocabulary.subjects]
customer = {ja = "お客様", en = "customer"}
[vocabulary.items]
name = {ja = "氏名", en = "name"}
[vocabulary.purposes]
delivery = {ja = "配送", en = "delivery"}
[vocabulary.attributes]
age = {type = "integer", ja = "年齢", en = "age"}
[[clause]]
number = "1"
summary = {ja = "一", en = "one"}
[[clause.permission]]
operations = ["use", "provide"]
subjects = ["customer"]
purposes = ["delivery"]
[[clause.prohibition]]
operations = ["provide"]
except.countries = ["JP"]
[[clause.prohibition]]
attributes.age.below = 16
"""
PROVIDED: dict[str, Any] = {
    "id": "e-1",
    "time": "2026-11-24T09:00:00+09:00",
    "operation": "provide",
    "subject": {"category": "customer"},
    "items": ["name"],
    "purpose": "delivery",
    "recipient": {"id": "partner"},
}


def test_the_lines_in_both_languages_and_the_decisions_as_they_are() -> None:
    ran = evaluate(lines(PERMITTED, DENIED, INVALID, DENIED), "--summary")
    assert ran.err == "4 events: 1 permitted, 2 denied, 1 invalid\n  denied for (flows):\n         2  not-permitted\n"
    assert ran.out == evaluate(lines(PERMITTED, DENIED, INVALID, DENIED)).out and ran.code == 2
    ran = evaluate(lines(PERMITTED), "--summary", "--lang", "ja")
    assert ran.err == "イベント 1 件: 許可 1、拒否 0、不正 0\n"


def test_which_silence_cost_how_many_flows(tmp_path: Path) -> None:
    pack = tmp_path / "policy.toml"
    pack.write_text(ABROAD, "utf-8")
    spelt = {**PROVIDED, "attributes": {"Age": 12}}
    told = {**PROVIDED, "recipient": {"id": "partner", "country": "JP"}, "attributes": {"age": 30}}
    ran = evaluate(lines(PROVIDED, PROVIDED, spelt, {**told, "attributes": {}}, told), "--summary", pack=str(pack))
    assert ran.outcomes == ["deny"] * 4 + ["permit"]
    assert ran.err.splitlines()[-3:] == [
        "  not stated, where that stood in the way (flows):",
        "         4  attributes.age",
        "         3  recipient.country",
    ]


def test_a_denial_by_what_is_open_says_what_to_state_in_every_text(tmp_path: Path) -> None:
    pack = tmp_path / "policy.toml"
    pack.write_text(ABROAD, "utf-8")
    event = lines({**PROVIDED, "attributes": {"Age": 12}})
    for command in (["evaluate", "--format", "text"], ["explain"]):
        en, ja = (
            run(command[0], str(pack), "--events", "-", *command[1:], "--lang", lang, stdin=event).out
            for lang in ("en", "ja")
        )
        assert "(the country of the recipient is not stated)" in en
        assert '(the age is not stated; "Age" is stated: did you mean "age"?)' in en
        assert "（提供先の国が示されていません）" in ja
        assert "（年齢が示されていません。「Age」は「age」のことですか）" in ja
    assert (
        "✓ country of the recipient is not JP  (left open)"
        in run("explain", str(pack), "--events", "-", stdin=event).out
    )


@given(st.lists(events(ENGINE), max_size=8))
def test_each_flow_counts_once_for_each_reason_and_each_field(flows: list[dict[str, Any]]) -> None:
    decisions = [ENGINE.evaluate(flow) for flow in flows]
    tally = Tally()
    for decision in decisions:
        tally.add(decision)
    shown = list(tally.lines("en"))
    outcomes = Counter(decision.outcome for decision in decisions)
    assert shown[0].endswith(f": {outcomes['permit']} permitted, {outcomes['deny']} denied, 0 invalid")
    counted = {name: int(count) for count, name in re.findall(r"^ +(\d+)  (\S+)$", "\n".join(shown), re.MULTILINE)}
    assert all(1 <= count <= outcomes["deny"] for count in counted.values())
    for decision in decisions:
        for reason in decision.reasons:
            assert reason.code in counted
            assert all(re.sub(r"\[\d+\]", "[*]", path) in counted for path in reason.open)


def test_the_month_of_the_reference_company() -> None:
    file = ROOT / "examples" / "alc-month.jsonl"
    ran = run("evaluate", PACK, "--events", str(file), "--summary")
    open_ = Counter(
        path
        for line in ran.out.splitlines()
        for path in {path for reason in json.loads(line)["reasons"] for path in reason["open"]}
    )
    assert f"{open_['origin']:>10}  origin" in ran.err.splitlines()
