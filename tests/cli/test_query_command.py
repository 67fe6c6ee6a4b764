"""``policyengine query``: questions as a person asks them, answers in every form, checks with an exit code."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from cli.running import PACK, run

USE = ["query", PACK, "--operation", "use", "--subject", "inquirer", "--item", "mobile_email", "--ask", "purpose"]


def test_as_text_in_both_languages() -> None:
    asked = run(*USE, "--lang", "en")
    assert asked.code == 0
    assert "the rules stand on 2013-02-01" in asked.out
    assert "improving how staff receive people" in asked.out
    assert "no request of the data subject (erasure or cease of use)" in asked.out
    assert "接客の向上" in run(*USE, "--lang", "ja").out


def test_as_json() -> None:
    found = json.loads(run(*USE, "--format", "json").out)
    assert found["asked"] == ["purpose"]
    assert {"service-improvement", "inquiry-handling", "statistics"} in [
        set(row["where"]["purpose"]["values"]) for row in found["rows"] if "purpose" in row["where"]
    ]
    assert all(need["message"].keys() == {"ja", "en"} for row in found["rows"] for need in row["needs"])


def test_as_a_table() -> None:
    lines = run(*USE, "--format", "table", "--lang", "en").out.splitlines()
    assert lines[0] == "|  | purpose | what must be in place |"
    assert {line.count(" | ") for line in lines[2:]} == {2}


def test_as_a_page() -> None:
    asked = run("query", PACK, "--operation", "use", "--ask", "subject", "--ask", "purpose", "--format", "html")
    page = asked.out
    assert "<script" not in page
    assert page.count("<table") == page.count("<caption") == 2
    numbers = set(re.findall(r'href="#row-(\d+)"', page))
    assert numbers
    assert numbers <= set(re.findall(r'id="row-(\d+)"', page))


def test_what_is_asserted() -> None:
    holds = run("query", PACK, "--operation", "disclose", "--without", "request", "--assert", "never", "--lang", "en")
    assert (holds.code, holds.out.splitlines()[0].endswith("holds")) == (0, True)
    broken = run(
        *("query", PACK, "--operation", "provide", "--item", "individual_number", "--without", "legal_basis"),
        *("--assert", "never", "--format", "json"),
    )
    assert broken.code == 1
    found = json.loads(broken.out)
    assert found["holds"] is False
    decided = run("evaluate", PACK, "--events", "-", "--format", "jsonl", stdin=json.dumps(found["event"]))
    assert json.loads(decided.out)["outcome"] == "permit"


def test_who_can() -> None:
    found = json.loads(run("query", PACK, "--who-can", "joint_use", "--format", "json").out)
    assert {"alc", "ntt-learning-systems", "alc-education"} in [
        set(row["where"]["recipient.id"].get("values", ())) for row in found["rows"] if "recipient.id" in row["where"]
    ]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--item", "mobile_emial"], 'did you mean "mobile_email"'),
        (["--ask", "purposes"], "--ask"),
        (["--with", "consents"], 'did you mean "consent"'),
        (["--at", "yesterday"], "--at"),
        (["--at", "1999-01-01"], "no policy governs"),
        (["--attribute", "age"], "NAME=VALUE"),
        (["--operation", "use", "--source", "alc", "--assert", "never"], "contradict"),
    ],
)
def test_what_is_wrong_with_a_question(options: list[str], message: str) -> None:
    asked = run("query", PACK, *options)
    assert asked.code == 2
    assert message in asked.err
    assert not asked.out


def test_what_cannot_be_decided_is_said(tmp_path: Path) -> None:
    pack = tmp_path / "policy.toml"
    pack.write_text(OTHERS, "utf-8")
    asked = run("query", str(pack), "--lang", "en")
    assert asked.code == 2
    assert "undecided" in asked.err


OTHERS = """\
[policy]
id = "shop"
version = "1"
title = {ja = "店", en = "shop"}
governs = ["shop"]

[vocabulary.subjects]
customer = {ja = "お客様", en = "customer"}
[vocabulary.items]
name = {ja = "氏名", en = "name"}
[vocabulary.purposes]
ads = {ja = "広告", en = "ads"}

[[clause]]
number = "1"
summary = {ja = "委託", en = "entrusting"}

[[clause.entrustment]]
licensed_by = "other-policies"
"""
