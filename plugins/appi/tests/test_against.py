"""`policyengine check --against`: which lints look, in which forms it is told, and what a policy accepts of it."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from policyengine.cli import cli

ROOT = Path(__file__).parents[3]
LAW = str(ROOT / "rules" / "appi")
ACCEPTED = """accepted = [
  {code = "appi-operator", until = 2027-04-01, reason = {ja = "改訂する", en = "It is being revised."}},
  {code = "appi-complaints", until = 2027-04-01, reason = {ja = "ない", en = "There is none."}},
]
"""


def check(*arguments: str) -> Result:
    return CliRunner().invoke(cli, ["check", *arguments, "--lang", "en"])


def told(*arguments: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = json.loads(check(*arguments, "--format", "json").stdout)["findings"]
    return found


def findings(*arguments: str) -> list[dict[str, Any]]:
    return [one for one in told(*arguments) if one["code"].startswith("appi-")]


@pytest.fixture
def shop(tmp_path: Path) -> Path:
    shutil.copytree(ROOT / "rules" / "online-shop", tmp_path / "online-shop")
    shutil.copytree(ROOT / "rules" / "vocabulary", tmp_path / "vocabulary")
    return tmp_path / "online-shop"


def test_it_is_told_by_article_and_date(shop: Path) -> None:
    assert findings(str(shop)) == []
    (emergency,) = [one for one in findings(str(shop), "--against", LAW) if one["code"] == "appi-emergency"]
    assert (emergency["article"], emergency["since"]) == ("27(1)(ii)", "2005-04-01")
    assert (emergency["severity"], emergency["clause"]) == ("warning", "4.2")
    assert emergency["file"].endswith("policy.toml") and emergency["line"] > 100
    assert check(str(shop), "--against", LAW).exit_code == 1


def test_on_the_day_that_is_asked(shop: Path) -> None:
    codes = {one["code"] for one in findings(str(shop), "--against", LAW, "--as-of", "2016-01-01")}
    assert "appi-ground" in codes and not codes & {"appi-abroad", "appi-referable", "appi-unclassified-item"}
    assert findings(str(shop), "--against", LAW, "--as-of", "2026-11-27") == findings(str(shop), "--against", LAW)


def test_as_sarif_each_finding_has_its_article(shop: Path) -> None:
    (run,) = json.loads(check(str(shop), "--against", LAW, "--format", "sarif").stdout)["runs"]
    said = {run["tool"]["driver"]["rules"][one["ruleIndex"]]["id"]: one for one in run["results"]}
    assert said["appi-ground"]["properties"] == {"article": "27(1)", "since": "2005-04-01"}
    assert said["appi-ground"]["level"] == "error"
    rules = {rule["id"]: rule for rule in run["tool"]["driver"]["rules"]}
    assert "third party" in rules["appi-ground"]["shortDescription"]["text"]


def test_an_error_of_the_law_can_be_accepted_and_an_acceptance_that_fits_nothing_is_told(shop: Path) -> None:
    policy = shop / "policy.toml"
    policy.write_text(policy.read_text("utf-8").replace("contact =", f"{ACCEPTED}contact =", 1), "utf-8")
    found = json.loads(check(str(shop), "--against", LAW, "--format", "json", "--as-of", "2026-11-27").stdout)[
        "findings"
    ]
    accepted = [one for one in found if one["accepted"]]
    assert {one["code"] for one in accepted} == {"appi-operator"} and len(accepted) == 3
    (idle,) = [one for one in found if "acceptance" in one["code"]]
    assert "appi-complaints" in idle["message"]["en"]
    # Where nobody asked the law, nothing is said of either.
    assert check(str(shop)).exit_code == 0
    later = json.loads(check(str(shop), "--against", LAW, "--format", "json", "--as-of", "2027-04-01").stdout)[
        "findings"
    ]
    assert not any(one["accepted"] for one in later)


@pytest.mark.usefixtures("shop")
def test_a_configuration_that_loads_the_law_is_held_to_it(tmp_path: Path) -> None:
    shutil.copytree(LAW, tmp_path / "appi")
    file = tmp_path / "policyengine.toml"
    file.write_text('policies = ["online-shop", "appi"]\n', "utf-8")
    found = told(str(file))
    assert {one["code"] for one in found if one["severity"] == "error"} == {
        "appi-operator",
        "appi-joint-use-matters",
        "appi-ground",
        "appi-purpose-provision",
        "appi-opt-out",
    }
    file.write_text('policies = ["online-shop"]\n', "utf-8")
    assert told(str(file)) == []


def test_what_is_no_layer_or_has_no_lints(shop: Path, tmp_path: Path) -> None:
    assert check(str(shop), "--against", str(shop)).exit_code == 2
    assert '"kumo-shop" is no layer' in check(str(shop), "--against", str(shop)).stdout
    house = tmp_path / "house.toml"
    house.write_text(
        '[policy]\nid = "house"\nversion = "1"\nlayer = true\ntitle = {ja = "規程", en = "House"}\ngoverns = "anyone"\n'
        '[[clause]]\nnumber = "1"\nsummary = {ja = "一", en = "one"}\norganisational = {ja = "文", en = "text"}\n',
        "utf-8",
    )
    result = check(str(shop), "--against", str(house))
    assert result.exit_code == 2 and 'no plugin that is installed brings lints for the layer "house"' in result.stdout
