"""Findings: one noun for four commands, and its renderings as their readers want them."""

from __future__ import annotations

import json
import unicodedata
from pathlib import Path
from typing import Any
from urllib.parse import unquote
from xml.etree import ElementTree as ET

import pytest
from click.testing import CliRunner
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from policyengine.cli import cli
from policyengine.errors import Place, Problem
from policyengine.model.acceptance import Acceptance
from policyengine.report.findings import Detail, Finding, Trial, as_github, as_json, as_junit, as_sarif, broken
from policyengine.text import LANGUAGES, Language, Text, Words, plain_text
from suite.little_packs import ALL, DELIVERY, MIXED, POLICY, shop
from suite.shell import Ran

words = st.text(st.characters(exclude_categories=["Cs"]), max_size=5)
ids = st.from_regex(r"[a-z]+(-[a-z]+)?", fullmatch=True)
files = st.one_of(st.sampled_from(["rules/a b.toml", "規則/方針.toml", "/tmp/x,y:z%.toml"]), ids)
spoken = st.builds(Text, words, words)
places = st.one_of(
    st.builds(Place, files, st.integers(1, 99), st.integers(0, 99)), st.builds(Place, files), st.just(None)
)
details = st.lists(words.map(lambda word: (Words(word),)), max_size=2).map(tuple)
findings = st.builds(
    Finding,
    ids,
    spoken,
    places,
    st.one_of(st.none(), spoken),
    st.sampled_from(["error", "warning", "note"]),
    st.one_of(st.none(), words),
    st.frozensets(st.tuples(st.sampled_from(["rule", "term"]), words), max_size=2),
    st.one_of(st.none(), st.just("27(5)(iii)")),
    st.one_of(st.none(), st.just("2022-04-01")),
    st.builds(Detail, details, details),
    st.one_of(st.none(), st.builds(Acceptance, ids, spoken, st.just("2027-04-01"))),
)
trials = st.lists(
    st.builds(
        Trial,
        words,
        st.builds(Place, files, st.integers(0, 99)),
        st.lists(findings, max_size=2).map(tuple),
        st.floats(0, 9),
        st.booleans(),
    ),
    max_size=3,
)
languages = st.sampled_from(LANGUAGES)


def found(tried: list[Trial]) -> list[Finding]:
    return list(dict.fromkeys(finding for trial in tried for finding in trial.findings))


@given(trials)
def test_json_is_exact(tried: list[Trial]) -> None:
    document = json.loads(as_json(tried, more=[1]))
    assert document["more"] == [1] and len(document["findings"]) == len(found(tried))
    for shown, finding in zip(document["findings"], found(tried), strict=True):
        assert (shown["code"], shown["severity"], shown["clause"]) == (finding.code, finding.severity, finding.clause)
        assert shown["message"] == {"ja": finding.message.ja, "en": finding.message.en}
        assert shown["hint"] == (finding.hint.as_dict() if finding.hint else None)
        assert (shown["article"], shown["since"]) == (finding.article, finding.since)
        place = finding.place
        assert (shown["file"], shown["line"], shown["column"]) == (
            (place.file, place.line, place.column) if place else (None, None, None)
        )


def check_sarif(text: str) -> dict[str, Any]:
    """Hold a document against what SARIF 2.1.0 asks of one (sections 3.13 to 3.30), and return its run."""
    document = json.loads(text)
    assert document["version"] == "2.1.0" and document["$schema"].endswith("sarif-2.1.0.json")
    (run,) = document["runs"]
    driver = run["tool"]["driver"]
    assert driver["name"] == "policyengine"
    rules = [rule["id"] for rule in driver["rules"]]
    assert len(rules) == len(set(rules))
    assert all(rule.get("shortDescription", {"text": "-"})["text"] for rule in driver["rules"])
    assert run["columnKind"] in ("utf16CodeUnits", "unicodeCodePoints")
    for result in run["results"]:
        assert rules[result["ruleIndex"]] == result["ruleId"]
        assert result["level"] in ("none", "note", "warning", "error")
        assert isinstance(result["message"]["text"], str)
        for location in result["locations"]:
            physical = location["physicalLocation"]
            assert physical["artifactLocation"]["uri"].isascii() and " " not in physical["artifactLocation"]["uri"]
            assert min(physical["region"].values()) >= 1
    assert isinstance(run, dict)
    return run


@given(trials, languages)
def test_sarif_has_the_structure_that_the_standard_asks_for(tried: list[Trial], lang: Language) -> None:
    run = check_sarif(as_sarif(tried, lang))
    for result, finding in zip(run["results"], found(tried), strict=True):
        assert (result["ruleId"], result["level"]) == (finding.code, finding.severity)
        assert all(unicodedata.category(char) not in ("Cf", "Zl") for char in result["message"]["text"]) or (
            finding.said(lang) in result["message"]["text"]
        )
        places = [location["physicalLocation"] for location in result["locations"]]
        assert len(places) == (finding.place is not None)
        if finding.place:
            uri = places[0]["artifactLocation"]["uri"]
            assert unquote(uri).removeprefix("file://") == finding.place.file
            assert places[0]["region"]["startLine"] == max(finding.place.line, 1)


@given(trials, languages)
def test_junit_counts_what_it_holds(tried: list[Trial], lang: Language) -> None:
    root = ET.fromstring(as_junit(tried, lang))
    assert root.tag == "testsuites"
    suites = root.findall("testsuite")
    assert [suite.get("name") for suite in suites] == list(dict.fromkeys(trial.place.file for trial in tried))
    for suite in suites:
        members = [trial for trial in tried if trial.place.file == suite.get("name")]
        cases = suite.findall("testcase")
        assert int(suite.get("tests", "")) == len(cases) == len(members)
        assert int(suite.get("failures", "")) == len(suite.findall("testcase/failure"))
        assert int(suite.get("errors", "")) == len(suite.findall("testcase/error"))
        for case, trial in zip(cases, members, strict=True):
            told = [*case.findall("failure"), *case.findall("error")]
            assert len(told) == bool(trial.errors)
            assert all((one.tag == "error") is trial.broken and one.get("type") for one in told)
            assert (case.find("system-out") is not None) is (len(trial.errors) < len(trial.findings))


@given(trials, languages)
def test_github_has_a_line_a_finding_that_nothing_in_it_can_leave(tried: list[Trial], lang: Language) -> None:
    text = as_github(tried, lang)
    lines = text.split("\n") if text else []
    assert len(lines) == len(text.splitlines()) == len(found(tried))
    for line, finding in zip(lines, found(tried), strict=True):
        _, command, _ = line.split("::", 2)
        word, _, properties = command.partition(" ")
        assert word == (finding.severity if finding.counts else "notice")
        stated = dict(pair.split("=", 1) for pair in properties.split(","))
        assert stated["title"] == finding.code
        place = finding.place
        assert unquote(stated.get("file", "")) == (place.file if place else "")
        assert stated.get("line", "0") == str(place.line if place else 0)


@given(findings, languages)
def test_text_is_a_line_as_compilers_write_it_with_the_rest_below(finding: Finding, lang: Language) -> None:
    first, *below = plain_text(finding.lines(lang)).split("\n")
    assert first == finding.line(lang)
    severity = "accepted" if finding.accepted else finding.severity
    assert f"{severity}: {finding.code}:" in first
    assert first.startswith(f"{finding.place}: " if finding.place else severity)
    assert len(below) == len(finding.detail.say(lang)) + bool(finding.accepted)
    assert all(line[:4] in ("    ", "") for line in below)


@given(findings)
def test_a_problem_is_a_finding(finding: Finding) -> None:
    problem = Problem(*(getattr(finding, name) for name in Problem.__struct_fields__))
    assert replace(Finding.of(problem, finding.detail), accepted=finding.accepted) == finding
    assert finding.accepted or problem.line() == finding.line()
    (trial,) = broken([problem])
    assert trial.broken and trial.findings == (Finding.of(problem),)


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A shop whose suite has failures, one whose suite misses something, and files that are broken or untidy."""
    shop(tmp_path, *MIXED)
    shop(tmp_path, *ALL, name="well")
    (shop(tmp_path, *ALL, name="meant") / "policy.toml").write_text(f'{POLICY}items = "any"\n', "utf-8")
    shop(tmp_path, DELIVERY, name="thin")
    bad = tmp_path / "bad"
    bad.mkdir()
    (bad / "policy.toml").write_text(POLICY.replace('purposes = ["delivery"]', 'purposes = ["delivry"]'), "utf-8")
    (bad / "cases.test.toml").write_text('[[case]]\nname = "none"\nexpct = "permit"\n', "utf-8")
    (bad / "untidy.toml").write_text(POLICY.replace('version = "1"', 'version="1"'), "utf-8")
    (bad / "broken.toml").write_text("[policy", "utf-8")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def call(*words: str) -> Ran:
    """Call the command in this process: there are many calls, and none of them is about processes."""
    ran = CliRunner().invoke(cli, words, env={"LANG": "C.UTF-8", "LC_ALL": None, "LC_MESSAGES": None, "NO_COLOR": "1"})
    assert ran.exception is None or isinstance(ran.exception, SystemExit), ran.exception
    return Ran(ran.exit_code, ran.stdout, ran.stderr)


CALLS: dict[str, tuple[tuple[str, ...], int, set[str], str]] = {
    "check": (("check", "bad/policy.toml"), 1, {"unknown-term"}, "checked"),
    "check, nothing there": (("check", "nowhere"), 2, {"file-missing"}, "checked"),
    "check, nothing found": (("check", "meant"), 0, set(), "checked"),
    "test": (("test", "shop"), 1, {"rule-test-failed"}, "cases"),
    "test, a broken suite": (("test", "bad"), 2, {"unknown-key"}, "cases"),
    "test, nothing found": (("test", "well"), 0, set(), "cases"),
    "fmt": (("fmt", "--check", "bad/untidy.toml"), 1, {"not-canonical"}, "files"),
    "fmt --diff": (("fmt", "--diff", "bad/untidy.toml"), 1, {"not-canonical"}, "files"),
    "fmt, a broken file": (("fmt", "--check", "bad/broken.toml"), 2, {"toml-syntax"}, "files"),
    "fmt, formatted": (("fmt", "bad/untidy.toml"), 0, set(), "files"),
    "mutate": (("mutate", "thin", "-j", "1"), 1, {"mutant-survived"}, "mutants"),
    "mutate, a suite that fails": (("mutate", "shop", "-j", "1"), 2, {"rule-test-failed"}, "mutants"),
    "mutate, a broken pack": (("mutate", "bad/broken.toml", "-j", "1"), 2, {"unknown-key"}, "mutants"),
    "mutate, nothing found": (("mutate", "well", "-j", "1"), 0, set(), "mutants"),
}


@pytest.mark.parametrize("name", CALLS)
def test_every_command_tells_the_same_in_every_form(name: str, place: Path) -> None:
    """The same codes at the same places, whatever the form, and the same exit code."""
    arguments, code, codes, own = CALLS[name]

    def told(form: str) -> Ran:
        ran = call(*arguments, "--format", form)
        if "fmt" in arguments and code == 0:
            (place / "bad" / "untidy.toml").write_text(POLICY.replace('version = "1"', 'version="1"'), "utf-8")
        assert ran.code == code
        assert form == "text" or ran.err == ""
        return ran

    document = json.loads(told("json").out)
    assert own in document
    assert {finding["code"] for finding in document["findings"]} >= codes
    assert bool(document["findings"]) is bool(codes)
    places = sorted((one["file"], max(one["line"], 1), one["code"]) for one in document["findings"])
    sarif = check_sarif(told("sarif").out)
    assert places == sorted(
        (
            unquote(result["locations"][0]["physicalLocation"]["artifactLocation"]["uri"]),
            result["locations"][0]["physicalLocation"]["region"]["startLine"],
            result["ruleId"],
        )
        for result in sarif["results"]
    )
    lines = told("github").out.splitlines()
    assert len(lines) == len(places)
    assert {line.partition("title=")[2].partition("::")[0] for line in lines} == {one[2] for one in places}
    root = ET.fromstring(told("junit").out)
    assert {one.get("type") for one in root.iter() if one.tag in ("failure", "error")} == {one[2] for one in places}
    assert bool(root.findall(".//error")) is (code == 2)
    shown = told("text")
    if name != "fmt --diff":
        for _, _, one in places:
            assert f": error: {one}: " in shown.out + shown.err


@pytest.mark.usefixtures("place")
def test_junit_has_what_passed_as_well() -> None:
    root = ET.fromstring(call("check", ".", "--format", "junit").out)
    passed = {case.get("name") for case in root.iter("testcase") if not list(case)}
    assert passed == {"meant"}, "the others have something to note"


@pytest.mark.usefixtures("place")
def test_what_people_read_is_in_their_language() -> None:
    for form in ("junit", "sarif", "github", "text"):
        said = call("test", "shop", "--format", form, "--lang", "ja").out
        assert "期待 permit、実際 deny" in said
