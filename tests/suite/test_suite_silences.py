"""What a suite must not pass in silence: denials that no rule made, tables without a case, cases nobody has read."""

from __future__ import annotations

import json
import tomllib
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import pytest
from hypothesis import given
from hypothesis import strategies as st

from policyengine import Engine
from policyengine.errors import Place
from policyengine.hooks import hookimpl
from policyengine.model.fields import EVENT_KEYS
from policyengine.report.sentences import sentence
from policyengine.suite.case import UNREAD, Case
from policyengine.suite.record import case_of
from policyengine.suite.run import run_case
from policyengine.testing import assert_denies, events
from suite.little_packs import DELIVERY, EVENTS, NO_ADVERTISING, POLICY, line_of, shop
from suite.shell import policyengine

ROOT = Path(__file__).parents[2]
REFERENCE = Engine.load(ROOT / "rules" / "alc-smart-learning")
SLIP = """
[[case]]
name = "a slip"
base = "use"
purpose = "deliverie"
expect = "deny"
"""
ELSEWHERE = SLIP.replace('purpose = "deliverie"', 'controller = "nobody"')
ITEM = SLIP.replace('purpose = "deliverie"', 'items = ["name", "nmae"]')
UNREVIEWED = DELIVERY.replace("base", "reviewed = false\nbase")


class Register:
    """A plugin whose fact source answers what it is told to."""

    name = "register"

    def __init__(self, answer: Any) -> None:
        self.answer = answer

    def facts(self, queries: Sequence[Any]) -> Iterable[Any]:
        if isinstance(self.answer, Exception):
            raise self.answer
        return [self.answer for _ in queries]

    @hookimpl
    def policyengine_fact_sources(self) -> list[Register]:
        return [self]


@pytest.mark.parametrize(
    ("case", "reason", "word"),
    [(SLIP, "unknown-term", "deliverie"), (ITEM, "unknown-term", "nmae"), (ELSEWHERE, "no-governing-policy", "nobody")],
)
def test_a_denial_that_no_rule_made_fails_and_says_what_to_write(
    case: str, reason: str, word: str, tmp_path: Path
) -> None:
    pack = shop(tmp_path, DELIVERY, case)
    ran = policyengine("test", "shop", folder=tmp_path)
    assert (ran.code, ran.out.splitlines()[-1].split(" in ")[0]) == (1, "1 passed, 1 failed")
    (said,) = (line for line in ran.out.splitlines() if "rule-test-failed" in line)
    assert said.startswith(f"shop/cases.test.toml:{line_of('a slip', pack / 'cases.test.toml') - 1}:3: error: ")
    written = f'reasons = ["{reason}"]'
    assert f"it rests on {reason} (" in said and word in said and said.endswith(f"write {written}")
    assert written in policyengine("test", "shop", folder=tmp_path, lang="ja").out
    suite = pack / "cases.test.toml"
    suite.write_text(f"{suite.read_text('utf-8')}{written}\n", "utf-8")
    assert policyengine("test", "shop", folder=tmp_path).code == 0


def test_other_reasons_do_not_stand_for_that_one(tmp_path: Path) -> None:
    shop(tmp_path, SLIP + 'reasons = ["not-permitted"]\n')
    assert "reasons: expected [not-permitted], actual [unknown-term]" in policyengine("test", ".", folder=tmp_path).out


def test_json_has_what_it_rests_on_and_nothing_expected(tmp_path: Path) -> None:
    shop(tmp_path, SLIP)
    (case,) = json.loads(policyengine("test", ".", "--format", "json", folder=tmp_path).out)["cases"]
    assert case["differences"] == [{"what": "reasons", "expected": None, "actual": ["unknown-term"]}]


@pytest.mark.parametrize(
    ("answer", "reason"), [(OSError("down"), "source-unavailable"), ([{"type": "consent"}], "source-invalid")]
)
def test_a_source_that_fails_is_no_rule_either(answer: Any, reason: str, tmp_path: Path) -> None:
    pack = shop(tmp_path)
    policy = pack / "policy.toml"
    require = '\n[[clause.requirement]]\nrequire.facts = {type = "consent"}\n'
    policy.write_text(policy.read_text("utf-8") + require, "utf-8")
    engine = Engine.load(pack, plugins=[Register(answer)], installed_plugins=False)
    event = {**tomllib.loads(EVENTS)["events"]["use"], "id": "e"}
    case = Case("a", event, {"outcome": "deny"}, Place("a"), (pack,))
    (difference,) = run_case(case, engine).differences
    assert (difference.what, difference.expected, difference.actual) == ("reasons", None, [reason])
    with pytest.raises(AssertionError, match=f"it rests on {reason}"):
        assert_denies(engine, event)
    assert_denies(engine, event, reasons=[reason])


@given(data=st.data())
def test_what_is_recorded_passes_and_without_its_reasons_only_where_rules_deny(data: st.DataObject) -> None:
    event = data.draw(events(REFERENCE))
    if data.draw(st.booleans()):
        event = {**event, "purpose": "no such purpose"}
    written = case_of("a", event, REFERENCE)
    expected = {"outcome": written["expect"]} | {key: written[key] for key in ("reasons",) if key in written}
    case = Case("a", event, expected, Place("a"), ())
    assert run_case(case, REFERENCE).passed
    alone = Case("a", event, {"outcome": written["expect"]}, Place("a"), ())
    assert run_case(alone, REFERENCE).passed is UNREAD.isdisjoint(written.get("reasons", ()))


@pytest.mark.parametrize(
    ("table", "place"),
    [
        ('columns = ["expect"]\nrows = []\n', "rows = []"),
        ("product = {purpose = []}\n", "product"),
        ('product = {"recipient.service" = "*"}\n', "product"),
    ],
)
def test_a_table_without_a_case_is_an_error_at_its_place(table: str, place: str, tmp_path: Path) -> None:
    pack = shop(tmp_path, DELIVERY, f'\n[[table]]\nname = "none"\nbase = "use"\n{table}')
    ran = policyengine("test", "shop", folder=tmp_path)
    assert (ran.code, ran.out) == (2, "")
    assert ran.err.startswith(f"shop/cases.test.toml:{line_of(place, pack / 'cases.test.toml')}:")
    assert ": error: empty: " in ran.err and len(ran.err.splitlines()) == 1


def test_what_nobody_has_read_is_told_permits_first_and_counted(tmp_path: Path) -> None:
    no = NO_ADVERTISING.replace("base", "reviewed = false\nbase")
    shop(tmp_path, no, UNREVIEWED, NO_ADVERTISING.replace("no adv", "read: no adv"))
    ran = policyengine("test", "shop", folder=tmp_path)
    first, second, summary = ran.out.splitlines()
    time = "2026-06-01T10:00:00+09:00"
    assert first.partition(": note: ")[2] == (
        f"unreviewed-case: an order is delivered: The use of name of customer (time: {time}, data subject: stated, "
        "purpose: delivery) is permitted (clauses: [1])."
    )
    assert second.endswith("purpose: advertising) is denied.") and "no advertising" in second
    assert summary.startswith("3 passed, 0 failed, 2 not reviewed in ") and ran.code == 0
    ran = policyengine("test", "shop", "--fail-unreviewed", folder=tmp_path, lang="ja")
    assert ran.code == 1 and ran.out.count(": error: unreviewed-case: ") == 2
    said = f"お客様の氏名の利用（日時: {time}、本人: 明示、利用目的: 配送）は許可される（根拠条項: [1]）。"
    assert ran.out.splitlines()[0].endswith(said)
    assert ran.out.splitlines()[-1].startswith("成功 3 件、失敗 0 件、未確認 2 件（")
    assert policyengine("test", "shop", "-k", "read:", "--fail-unreviewed", folder=tmp_path).code == 0


def test_every_form_tells_what_nobody_has_read(tmp_path: Path) -> None:
    shop(tmp_path, UNREVIEWED, NO_ADVERTISING)

    def told(form: str, *words: str) -> str:
        return policyengine("test", "shop", "--format", form, *words, folder=tmp_path).out

    found = json.loads(told("json"))
    assert [(one["code"], one["severity"]) for one in found["findings"]] == [("unreviewed-case", "note")]
    assert [(case["passed"], case["reviewed"]) for case in found["cases"]] == [(True, False), (True, True)]
    assert told("github").startswith("::notice file=shop/cases.test.toml,line=")
    assert told("github", "--fail-unreviewed").startswith("::error file=shop/cases.test.toml,line=")
    (result,) = json.loads(told("sarif"))["runs"][0]["results"]
    assert (result["ruleId"], result["level"]) == ("unreviewed-case", "note")
    suites = [ET.fromstring(told("junit", *words))[0] for words in ([], ["--fail-unreviewed"])]
    assert [suite.get("failures") for suite in suites] == ["0", "1"]
    assert "is permitted" in (suites[0].findtext("testcase/system-out") or "")


def test_fmt_keeps_the_mark(tmp_path: Path) -> None:
    pack = shop(tmp_path, UNREVIEWED.replace("reviewed = false", "reviewed=false"))
    assert policyengine("fmt", "shop", folder=tmp_path).code == 0
    assert "\nreviewed = false\n" in (pack / "cases.test.toml").read_text("utf-8")


def test_what_mutate_writes_has_the_mark_and_passes(tmp_path: Path) -> None:
    """Also where a policy of today was not in force, which is no matter of its rules."""
    pack = shop(tmp_path, DELIVERY)
    policy = pack / "policy.toml"
    policy.write_text(POLICY.replace('version = "1"', 'version = "1"\nfrom = 2020-04-01T00:00:00Z'), "utf-8")
    suite = pack / "new.test.toml"
    policyengine("mutate", "shop", "--write", suite, folder=tmp_path)
    cases = tomllib.loads(suite.read_text("utf-8"))["case"]
    assert cases and all(case["reviewed"] is False for case in cases)
    assert ["no-governing-policy"] in [case.get("reasons") for case in cases]
    ran = policyengine("test", "shop", folder=tmp_path)
    assert ran.code == 0 and f", {len(cases)} not reviewed in" in ran.out


SECRET = "c-7777"
"""Stands wherever an event names a person or states a value of the host's own."""


@given(data=st.data())
def test_a_sentence_quotes_no_person_and_no_attribute(data: st.DataObject) -> None:
    event = data.draw(events(REFERENCE))
    event["subject"] = {**event["subject"], "id": SECRET}
    event["actor"] = {"id": SECRET}
    event["attributes"] = {"age": SECRET, "seat": SECRET}
    event["facts"] = [{**fact, "subject": SECRET} for fact in event.get("facts", ())]
    for text in said(event):
        assert SECRET not in text and "seat" in text


values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=6,
)
malformed = st.fixed_dictionaries({}, optional=dict.fromkeys(EVENT_KEYS, values))
facts = st.fixed_dictionaries(
    {"type": st.sampled_from(["consent", "legal_basis", "request"]) | values},
    optional=dict.fromkeys(("kind", "operations", "items", "subject", "from", "reference"), values),
)


@given(malformed, st.lists(facts, max_size=2))
def test_there_is_a_sentence_of_every_event(event: Mapping[str, Any], facts: list[Any]) -> None:
    assert all(said({**event, "facts": facts}))
    assert all(said(event))


def said(event: Mapping[str, Any]) -> tuple[str, str]:
    case = Case("a", event, {"outcome": REFERENCE.evaluate(event).outcome}, Place("a"), ())
    text = sentence(case, REFERENCE.policies)
    return text.ja, text.en
