"""The results of suites as other programs read them: JSON, JUnit, GitHub's lines and SARIF."""

from __future__ import annotations

import json
from pathlib import Path
from xml.etree import ElementTree as ET

from suite.little_packs import DELIVERY, MIXED, PASSING, line_of, shop
from suite.shell import policyengine


def written(folder: Path, form: str, *words: str) -> str:
    return policyengine("test", ".", "--format", form, *words, folder=folder).out


def test_json_is_one_document_with_every_case(tmp_path: Path) -> None:
    pack = shop(tmp_path, *MIXED)
    found = json.loads(written(tmp_path, "json"))
    assert found["coverage"] == []
    cases = {case["case"]: case for case in found["cases"]}
    assert [case["passed"] for case in found["cases"]] == [True, False, True, False]
    wrong = cases["wrong <too>"]
    assert wrong["file"] == "shop/cases.test.toml"
    assert wrong["line"] == line_of("wrong <too>", pack / "cases.test.toml") - 1
    assert wrong["differences"] == [
        {"what": "outcome", "expected": "deny", "actual": "permit"},
        {"what": "excess_items", "expected": ["name"], "actual": []},
    ]
    assert wrong["decision"]["outcome"] == "permit" and wrong["decision"]["clauses"] == ["1"]
    assert cases["an order is delivered"]["differences"] == []


def test_json_with_coverage_is_still_one_document(tmp_path: Path) -> None:
    shop(tmp_path, DELIVERY)
    found = json.loads(written(tmp_path, "json", "--coverage"))
    assert [(entry["policy"], entry["clauses"]) for entry in found["coverage"]] == [("my-shop", {"1": True})]
    conditions = found["coverage"][0]["rules"][0]["conditions"]
    assert {condition["message"]["en"]: condition["false"] for condition in conditions} == {
        "operation is one of acquisition, retention, use": False,
        "subject is customer": False,
        "purpose is delivery": False,
    }


def test_junit_counts_and_places(tmp_path: Path) -> None:
    shop(tmp_path, *MIXED, name="one")
    shop(tmp_path, *PASSING, name="two")
    root = ET.fromstring(written(tmp_path, "junit"))
    assert root.tag == "testsuites"
    suites = {suite.get("name"): suite for suite in root}
    assert {name: (suite.get("tests"), suite.get("failures")) for name, suite in suites.items()} == {
        "one/cases.test.toml": ("4", "2"),
        "two/cases.test.toml": ("3", "0"),
    }
    for suite in suites.values():
        cases = suite.findall("testcase")
        assert len(cases) == int(suite.get("tests", ""))
        assert len(suite.findall("testcase/failure")) == int(suite.get("failures", ""))
        assert all(float(case.get("time", "")) >= 0 and int(case.get("line", "")) > 0 for case in cases)
    failure = suites["one/cases.test.toml"].find("testcase[@name='wrong <too>']/failure")
    assert failure is not None and failure.text is not None
    assert failure.get("type") == "rule-test-failed"
    assert failure.get("message") == (
        "wrong <too>: outcome: expected deny, actual permit; excess items: expected [name], actual []"
    )
    assert "1/purpose-limitation" in failure.text


def test_junit_holds_characters_that_xml_cannot(tmp_path: Path) -> None:
    shop(tmp_path, DELIVERY.replace("an order", "a\\u0001 \\uffff order"))
    cases = ET.fromstring(written(tmp_path, "junit")).findall("testsuite/testcase")
    assert [case.get("name") for case in cases] == ["a\ufffd \ufffd order is delivered"]


def test_github_lines_name_the_place_and_nothing_else_where_all_passed(tmp_path: Path) -> None:
    pack = shop(tmp_path, *MIXED)
    line = line_of("advertising: wrong", pack / "cases.test.toml") - 1
    lines = written(tmp_path, "github").splitlines()
    assert len(lines) == 2
    assert lines[0] == (
        f"::error file=shop/cases.test.toml,line={line},col=3,title=rule-test-failed"
        "::advertising: wrong, 100 %25: outcome: expected permit, actual deny; clauses: expected [1, 2], actual [1]"
    )
    (pack / "cases.test.toml").unlink()
    shop(tmp_path, *PASSING, name="two")
    assert written(tmp_path, "github").strip() == ""


def test_sarif_has_the_shape_that_code_scanners_ask_for(tmp_path: Path) -> None:
    pack = shop(tmp_path, *MIXED)
    found = json.loads(written(tmp_path, "sarif"))
    assert found["version"] == "2.1.0" and found["$schema"].endswith("sarif-2.1.0.json")
    (run,) = found["runs"]
    driver = run["tool"]["driver"]
    assert driver["name"] == "policyengine"
    rules = {rule["id"] for rule in driver["rules"]}
    assert len(run["results"]) == 2
    for result in run["results"]:
        assert result["ruleId"] in rules and result["level"] == "error" and result["message"]["text"]
        place = result["locations"][0]["physicalLocation"]
        assert (tmp_path / place["artifactLocation"]["uri"]).is_file()
        assert place["region"]["startLine"] >= 1 and place["region"]["startColumn"] >= 1
    first = run["results"][0]["locations"][0]["physicalLocation"]["region"]["startLine"]
    assert first == line_of("advertising: wrong", pack / "cases.test.toml") - 1


def test_sarif_of_what_passed_is_a_run_without_results(tmp_path: Path) -> None:
    shop(tmp_path, *PASSING)
    assert json.loads(written(tmp_path, "sarif"))["runs"][0]["results"] == []
