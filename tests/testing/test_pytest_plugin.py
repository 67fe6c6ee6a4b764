"""The pytest plugin, as pytest runs it: in a process of its own, on a small project."""

from __future__ import annotations

import re
import subprocess
import sys
from importlib.metadata import entry_points
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest

PACK = """
[policy]
id = "shop"
version = "1"
title = {ja = "店の方針", en = "Shop policy"}
governs = ["shop"]

[vocabulary.subjects]
customer = {ja = "お客様", en = "customer"}

[vocabulary.items]
name = {ja = "氏名", en = "name"}

[vocabulary.purposes]
delivery = {ja = "配送", en = "delivery"}
marketing = {ja = "販促", en = "marketing"}

[readings.reach]
ja = "どこまで"
en = "How far?"
default = "narrow"
values.narrow = {ja = "狭い", en = "narrow"}
values.wide = {ja = "広い", en = "wide"}

[[clause]]
number = "1"
summary = {ja = "お客様の情報は配送に使う", en = "Customers' data serve delivery."}

[[clause.purpose-limitation]]
subjects = ["customer"]
purposes = ["delivery", {term = "marketing", under = {reach = "wide"}}]
"""
SUITE = """
[events.use]
time = 2026-11-24T09:00:00+09:00
operation = "use"
subject.category = "customer"
items = ["name"]
purpose = "delivery"

[[case]]
name = "use for delivery"
base = "use"
expect = "permit"
clauses = ["1"]

[[case]]
name = "販促に使う"
base = "use"
purpose = "marketing"
expect = "permit"
clauses = ["2", "1"]

[[case]]
name = "under the other reading"
base = "use"
purpose = "marketing"
readings.reach = "wide"
expect = "permit"

[[table]]
name = "by purpose"
base = "use"
product.purpose = "*"
permit = [{purpose = "delivery"}]
"""
IDS = [
    "rules/shop.test.toml::use for delivery",
    "rules/shop.test.toml::販促に使う",
    "rules/shop.test.toml::under the other reading",
    "rules/shop.test.toml::by purpose[delivery]",
    "rules/shop.test.toml::by purpose[marketing]",
]


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A project with one pack, and one suite of which one case fails."""
    write(tmp_path, "rules/policy.toml", PACK)
    write(tmp_path, "rules/shop.test.toml", SUITE)
    return tmp_path


def write(folder: Path, name: str, text: str) -> None:
    (folder / name).parent.mkdir(parents=True, exist_ok=True)
    (folder / name).write_text(text, "utf-8")


def run(project: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    left_out = ["-p", "no:cacheprovider", "-p", "no:hypothesispytest"]  # which imports hypothesis for its report
    command = [sys.executable, "-m", "pytest", *left_out, "--color=no", *arguments]
    return subprocess.run(command, cwd=project, capture_output=True, text=True, encoding="utf-8", check=False)


def test_pytest_finds_the_plugin_by_its_entry_point() -> None:
    (found,) = entry_points(group="pytest11", name="policyengine")
    assert found.value == "policyengine.pytest_plugin"


def test_pytest_starts_without_an_engine(tmp_path: Path) -> None:
    """And without what an engine brings along; a project that uses none of it does not pay for it."""
    heavy = ("policyengine.engine", "policyengine.errors", "jsonschema", "msgspec", "hypothesis", "tomli", "rich")
    write(
        tmp_path,
        "test_start.py",
        f"""
import sys

def test_start(pytestconfig):
    assert pytestconfig.pluginmanager.has_plugin("policyengine")
    assert "policyengine.pytest_plugin" in sys.modules
    assert [name for name in {heavy!r} if name in sys.modules] == []
""",
    )
    done = run(tmp_path, "-q")
    assert done.returncode == 0, done.stdout


def test_cases_are_items_with_readable_ids(project: Path) -> None:
    assert run(project, "--collect-only", "-q").stdout.splitlines()[: len(IDS)] == IDS
    chosen = run(project, "--collect-only", "-q", "rules/shop.test.toml::by purpose")
    assert chosen.stdout.splitlines()[:2] == IDS[3:]
    assert run(project, "-q", IDS[4]).stdout.splitlines()[-1].startswith("1 passed")
    assert run(project, "-q", "-k", "purpose and not marketing").stdout.splitlines()[-1].startswith("1 passed, 4 des")


def test_a_failure_shows_what_was_expected_and_why_and_where(project: Path) -> None:
    done = run(project)
    assert done.returncode == 1
    start, end = (done.stdout.index(word) for word in ("rules/shop.test.toml:15:3", "short test summary"))
    shown = done.stdout[start:end].splitlines()
    assert shown[0] == (
        "rules/shop.test.toml:15:3: error: rule-test-failed: 販促に使う: "
        "outcome: expected permit, actual deny; clauses: expected [1, 2], actual [1]"
    )
    assert "        – 1/purpose-limitation  purpose limitation  does not permit" in shown
    assert "      what the clauses say" in shown
    assert "Traceback" not in done.stdout
    assert "runtest" not in done.stdout
    assert "1 failed, 4 passed" in done.stdout


def test_a_failure_is_shown_in_japanese_if_the_project_says_so(project: Path) -> None:
    write(project, "pytest.ini", "[pytest]\npolicyengine_lang = ja\n")
    done = run(project)
    assert "販促に使う: 結果: 期待 permit、実際 deny" in done.stdout


def test_junit_names_the_case_its_file_and_its_line(project: Path) -> None:
    done = run(project, "--junitxml=report.xml", "-o", "junit_family=xunit1")
    assert done.returncode == 1
    cases = list(ET.parse(project / "report.xml").iter("testcase"))
    assert [case.get("name") for case in cases] == [name.partition("::")[2] for name in IDS]
    assert {case.get("file") for case in cases} == {"rules/shop.test.toml"}
    (failed,) = (case for case in cases if case.find("failure") is not None)
    assert failed.get("line") == "14"  # counted from 0, as pytest counts
    assert "outcome: expected permit, actual deny" in (failed.find("failure").text or "")  # type: ignore[union-attr]


def test_workers_share_the_cases(project: Path) -> None:
    done = run(project, "-n", "2", "-q")
    assert done.returncode == 1
    assert "rules/shop.test.toml:15:3: error: rule-test-failed: 販促に使う" in done.stdout
    assert done.stdout.splitlines()[-1].startswith("1 failed, 4 passed")


BROKEN = {
    "an unknown key": ('expct = "permit"', "rules/broken.test.toml:5:1: error: unknown-key: "),
    "a base that there is not": ('base = "usee"', "rules/broken.test.toml:5:1: error: unknown-base: "),
    "a reading that there is not": ('readings.rich = "wide"', "rules/broken.test.toml:2:3: error: unknown-reading: "),
    "a list that is none": ("[suite]\npolicies = 3", "rules/broken.test.toml:6:1: error: wrong-type: "),
    "broken TOML": ("name = ", "rules/broken.test.toml:5:8: error: toml-syntax: "),
}


@pytest.mark.parametrize(("line", "said"), BROKEN.values(), ids=BROKEN)
def test_a_broken_suite_is_an_error_of_collection_at_its_place(project: Path, line: str, said: str) -> None:
    write(project, "rules/broken.test.toml", f'\n[[case]]\nname = "x"\nexpect = "deny"\n{line}\n')
    done = run(project)
    assert done.returncode == 2
    assert any(shown.startswith(said) for shown in done.stdout.splitlines()), done.stdout
    assert "ERROR rules/broken.test.toml" in done.stdout.splitlines()
    assert "Traceback" not in done.stdout


def test_a_broken_pack_is_an_error_of_collection_at_its_place(project: Path) -> None:
    write(project, "rules/policy.toml", PACK.replace('subjects = ["customer"]', 'subjects = ["custmer"]'))
    done = run(project)
    assert done.returncode == 2
    assert any(line.startswith("rules/policy.toml:30:13: error: unknown-term: ") for line in done.stdout.splitlines())


def test_only_what_pytest_is_asked_for_is_collected(project: Path) -> None:
    write(project, "tests/test_nothing.py", "def test_nothing(): pass\n")
    assert run(project, "tests", "-q").stdout.splitlines()[-1].startswith("1 passed")
    write(project, "pytest.ini", "[pytest]\npolicyengine_suites = false\n")
    assert run(project, "-q").stdout.splitlines()[-1].startswith("1 passed")
    assert run(project, "rules", "-q").returncode == 5  # nothing is collected


def test_fixtures_give_an_embedding_project_its_engine(project: Path) -> None:
    write(project, "pytest.ini", "[pytest]\npolicyengine_packs = rules\ntestpaths = tests\n")
    write(
        project,
        "tests/test_embedding.py",
        """
import pytest

EVENT = {
    "id": "e-1", "time": "2026-11-24T09:00:00+09:00", "operation": "use",
    "subject": {"category": "customer"}, "items": ["name"], "purpose": "delivery",
}
MARKETING = {**EVENT, "purpose": "marketing"}

def test_permits(assert_permits):
    assert assert_permits(EVENT, clauses=["1"]).permitted

def test_denies(assert_denies, monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    assert_denies(MARKETING, clauses=["1"], reasons=["not-permitted"])

def test_engine(policyengine_engine):
    assert policyengine_engine() is policyengine_engine("rules")
    assert policyengine_engine(readings={"reach": "wide"}).evaluate(MARKETING).permitted

def test_fails(assert_permits):
    assert_permits(MARKETING)
""",
    )
    done = run(project)
    assert "1 failed, 3 passed" in done.stdout
    assert re.search(r"^tests/test_embedding.py:\d+: AssertionError$", done.stdout, re.MULTILINE)  # not in the fixture
    assert "E       AssertionError: outcome: expected permit, actual deny" in done.stdout.splitlines()
    assert ">       assert_permits(MARKETING)" in done.stdout.splitlines()


def test_fixtures_say_what_they_need(project: Path) -> None:
    write(project, "tests/test_embedding.py", "def test_permits(assert_permits): pass\n")
    done = run(project, "tests")
    assert "name a pack, or set policyengine_packs or policyengine_config in the ini file" in done.stdout
    assert done.returncode == 1


def test_an_engine_of_the_project_s_own_takes_the_place_of_the_packs(project: Path) -> None:
    """With a plugin, say, or readings: the assertions follow the fixture."""
    write(
        project,
        "tests/conftest.py",
        """
import pytest
from policyengine import Engine

@pytest.fixture(scope="session")
def policyengine_engine(pytestconfig):
    engine = Engine.load(pytestconfig.rootpath / "rules", readings={"reach": "wide"})
    return lambda: engine
""",
    )
    write(
        project,
        "tests/test_embedding.py",
        """
def test_permits(assert_permits):
    event = {
        "id": "e-1", "time": "2026-11-24T09:00:00+09:00", "operation": "use",
        "subject": {"category": "customer"}, "items": ["name"], "purpose": "marketing",
    }
    assert_permits(event)
""",
    )
    assert run(project, "tests", "-q").stdout.splitlines()[-1].startswith("1 passed")
