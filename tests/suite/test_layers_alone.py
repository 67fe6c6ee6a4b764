"""A layer alone is judged in suites, coverage and mutation as if a policy that permits everything lay below."""

from __future__ import annotations

import json
from pathlib import Path

from policyengine.model.operation import OPERATIONS
from suite.shell import policyengine

STATUTE = """\
[policy]
id = "statute"
version = "1"
title = {ja = "法律", en = "Statute"}
governs = "anyone"
layer = true

[vocabulary.subjects]
person = {ja = "個人", en = "person"}

[vocabulary.items]
address = {ja = "住所", en = "address"}
name = {ja = "氏名", en = "name"}

[vocabulary.purposes]
delivery = {ja = "配送", en = "delivery"}

[readings.kept]
ja = "保有も要るか"
en = "Does retention take a permit?"
default = "no"
values.no = {ja = "いいえ", en = "no"}
values.yes = {ja = "はい", en = "yes"}

[[clause]]
number = "17"
summary = {ja = "住所は同意なく取得しない", en = "No address is acquired without consent."}

[[clause.prohibition]]
operations = ["acquire"]
items = ["address"]
lifted_by = {type = "consent"}

[[clause]]
number = "18"
summary = {ja = "配送のために利用できる", en = "Data may be used for delivery."}

[[clause.purpose-limitation]]
operations = ["use", {term = "retain", under = {kept = "yes"}}]
purposes = ["delivery"]
"""

CASES = """\
[events.acquired]
time = "2026-01-01T00:00:00Z"
controller = "anybody"
operation = "acquire"
subject = {category = "person", id = "p-1"}
items = ["address"]
purpose = "delivery"

[[case]]
name = "no address"
base = "acquired"
expect = "deny"
clauses = ["17"]

[[case]]
name = "an address, by consent"
base = "acquired"
facts = [{type = "consent", operations = ["acquire"]}]
expect = "permit"
clauses = []

[[case]]
name = "other data are left to those below"
base = "acquired"
items = ["name"]
expect = "permit"
clauses = []

[[table]]
name = "operations that are left to those below"
base = "acquired"
items = ["address"]
columns = ["operation", "recipient.id", "without", "expect"]
rows = [
  ["joint_use", "r", [], "permit"],
  ["entrust", "r", [], "permit"],
  ["provide", "r", [], "permit"],
  ["disclose", "r", ["purpose"], "permit"],
]

[[case]]
name = "used"
base = "acquired"
operation = "use"
expect = "permit"
clauses = ["18"]

[[case]]
name = "kept, where a permit names it under another reading only"
base = "acquired"
operation = "retain"
expect = "deny"
reasons = ["no-rule"]

[[case]]
name = "kept, under that reading"
base = "acquired"
operation = "retain"
readings = {kept = "yes"}
expect = "permit"
clauses = ["18"]
"""

EVENT = {
    "id": "e",
    "time": "2026-01-01T00:00:00Z",
    "controller": "shop",
    "operation": "use",
    "subject": {"category": "person"},
    "items": ["name"],
    "purpose": "delivery",
}

COMPANY = """\
[policy]
id = "company"
version = "1"
title = {ja = "会社", en = "Company"}
governs = ["shop"]

[vocabulary.subjects]
person = {ja = "個人", en = "person"}

[vocabulary.items]
address = {ja = "住所", en = "address"}
home = {is_a = "address", ja = "自宅", en = "home"}
name = {ja = "氏名", en = "name"}

[vocabulary.purposes]
delivery = {ja = "配送", en = "delivery"}

[[clause]]
number = "1"
summary = {ja = "配送に使う", en = "Data serve delivery."}

[[clause.purpose-limitation]]
purposes = ["delivery"]
"""

ABOVE = """\
[suite]
policies = ["company.toml", "statute.toml"]

[[case]]
name = "a kind that the company declares falls under the statute"
time = "2026-01-01T00:00:00Z"
controller = "shop"
operation = "acquire"
subject = {category = "person", id = "p-1"}
items = ["home"]
purpose = "delivery"
expect = "deny"
clauses = ["statute:17"]
"""


def statute(folder: Path, text: str = STATUTE) -> Path:
    folder.mkdir(exist_ok=True)
    (folder / "policy.toml").write_text(text, "utf-8")
    (folder / "cases.test.toml").write_text(CASES, "utf-8")
    return folder


def test_its_cases_see_all_of_it(tmp_path: Path) -> None:
    statute(tmp_path / "statute")
    ran = policyengine("test", "statute", "--coverage", folder=tmp_path)
    assert ran.code == 0, ran.out
    passed, coverage, *gaps = ran.out.splitlines()
    assert passed.startswith("10 passed, 0 failed")
    assert (coverage.split(" (")[0], gaps) == ("coverage statute: 100.0 %", [])


def test_its_mutants_are_noticed(tmp_path: Path) -> None:
    statute(tmp_path / "statute")
    ran = policyengine("mutate", "statute", "-j", "1", "--format", "json", folder=tmp_path)
    mutants = json.loads(ran.out)["mutants"]
    assert {mutant["fate"] for mutant in mutants} <= {"killed", "equivalent", "survived"}
    assert sum(mutant["fate"] == "killed" for mutant in mutants) > len(mutants) // 2
    policyengine("mutate", "statute", "-j", "1", "--write", "statute/more.test.toml", folder=tmp_path)
    ran = policyengine("mutate", "statute", "-j", "1", folder=tmp_path)
    assert (ran.code, ran.err) == (0, ""), ran.out
    assert policyengine("test", "statute", folder=tmp_path).code == 0


def test_what_is_recorded_of_it_passes(tmp_path: Path) -> None:
    statute(tmp_path / "statute")
    (tmp_path / "events.jsonl").write_text(
        json.dumps({**EVENT, "operation": "provide", "recipient": {"id": "r"}}), "utf-8"
    )
    ran = policyengine("test", "statute", "--record", "events.jsonl", "--out", "statute/e.test.toml", folder=tmp_path)
    assert ran.code == 0, ran.err
    assert 'expect = "permit"\nclauses = []\n' in (tmp_path / "statute" / "e.test.toml").read_text("utf-8")
    assert policyengine("test", "statute/e.test.toml", folder=tmp_path).code == 0


def test_check_says_for_which_operations_it_must_permit(tmp_path: Path) -> None:
    pack = statute(tmp_path / "statute")
    ran = policyengine("check", "statute", folder=tmp_path)
    (said,) = (line for line in ran.out.splitlines() if "layer-reach" in line)
    assert said == (
        "statute/policy.toml:6:1: note: layer-reach: a layer: for use, retain one of its clauses must permit as well; "
        "acquire, joint_use, entrust, provide, disclose it leaves to the policies below"
    )
    text = STATUTE[: STATUTE.index('[[clause]]\nnumber = "18"')]
    (pack / "policy.toml").write_text(text, "utf-8")
    assert "leaves every operation to the policies below" in policyengine("check", "statute", folder=tmp_path).out
    everything = "[" + ", ".join(f'"{name}"' for name in OPERATIONS) + "]"
    (pack / "policy.toml").write_text(
        STATUTE.replace("clause.purpose-limitation", "clause.permission").replace(
            '["use", {term = "retain", under = {kept = "yes"}}]', everything
        ),
        "utf-8",
    )
    assert "for every operation one of its clauses must permit" in policyengine("check", "statute", folder=tmp_path).out


def test_above_a_company_it_is_covered_with_the_words_of_that(tmp_path: Path) -> None:
    (tmp_path / "statute.toml").write_text(STATUTE, "utf-8")
    (tmp_path / "company.toml").write_text(COMPANY, "utf-8")
    (tmp_path / "above.test.toml").write_text(ABOVE, "utf-8")
    ran = policyengine("test", "above.test.toml", "--coverage", "--format", "json", folder=tmp_path)
    assert ran.code == 0, ran.out
    found = {coverage["policy"]: coverage for coverage in json.loads(ran.out)["coverage"]}
    (prohibition,) = (rule for rule in found["statute"]["rules"] if rule["rule"] == "17/prohibition")
    assert prohibition["applied"] and found["statute"]["clauses"]["17"]
    (item,) = (one for one in prohibition["conditions"] if one["message"]["en"] == "item is address")
    assert (item["true"], item["decides"], item["terms"]) == (True, True, {"address": True})


def test_outside_of_suites_it_governs_nothing_alone(tmp_path: Path) -> None:
    statute(tmp_path / "statute")
    (tmp_path / "e.jsonl").write_text(json.dumps(EVENT), "utf-8")
    ran = policyengine("evaluate", "statute", "--events", "e.jsonl", folder=tmp_path)
    (reason,) = json.loads(ran.out)["reasons"]
    assert (ran.code, reason["code"], reason["policy"]) == (1, "no-governing-policy", None)
    assert reason["message"]["en"] == "only layers are there (statute), and a layer governs nothing alone"
