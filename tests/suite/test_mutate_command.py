"""``policyengine mutate`` end to end, on a pack small enough to know every slip of."""

from __future__ import annotations

import json
import re
import tomllib
from pathlib import Path

import pytest
from click.testing import CliRunner

from policyengine.cli import cli
from policyengine.language.find import find_suites
from policyengine.suite.mutate import Mutation
from policyengine.suite.run import Engines, load
from suite.little_packs import ALL, DELIVERY, NO_ADVERTISING, NO_VISITOR, POLICY, WRONG, line_of, shop
from suite.shell import policyengine

SUMMARY = re.compile(r"(\d+) killed, (\d+) equivalent, (\d+) refused, (\d+) survived")


def counts(out: str) -> list[int]:
    found = SUMMARY.fullmatch(out.splitlines()[-1])
    assert found is not None
    return [int(count) for count in found.groups()]


def test_a_suite_that_notices_everything_leaves_no_survivor(tmp_path: Path) -> None:
    shop(tmp_path, *ALL)
    ran = policyengine("mutate", "shop", folder=tmp_path)
    assert (ran.code, ran.err) == (0, "")
    killed, _, _, survived = counts(ran.out)
    assert killed > 3 and survived == 0 and len(ran.out.splitlines()) == 1


@pytest.mark.parametrize(("lang", "told"), [("en", r"mutate: 1 of \d+"), ("ja", r"mutate: \d+ 件中 1 件")])
def test_long_work_is_told_off_a_terminal_too(
    lang: str, told: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shop(tmp_path, *ALL)
    monkeypatch.setattr("policyengine.cli.mutate.EVERY", 0.0)
    ran = CliRunner().invoke(cli, ["mutate", str(tmp_path / "shop"), "-j", "1", "--lang", lang])
    lines = ran.stderr.splitlines()
    assert re.fullmatch(told, lines[0]) and len(lines) > 3 and len(set(lines)) == len(lines)
    assert len(ran.stdout.splitlines()) == 1


@pytest.mark.parametrize("named", ["shop", "link", "shop/policy.toml", "link/policy.toml", "more/../shop"])
@pytest.mark.parametrize("held", [".", "policy.toml", "../shop", "../link", "../link/policy.toml", "../more/../shop"])
def test_every_name_of_a_pack_means_its_mutants(named: str, held: str, tmp_path: Path) -> None:
    suite = shop(tmp_path, *ALL) / "cases.test.toml"
    suite.write_text(f'[suite]\npolicies = ["{held}"]\n' + suite.read_text("utf-8"), "utf-8")
    (tmp_path / "link").symlink_to(tmp_path / "shop")
    (tmp_path / "more").mkdir()
    pack = tmp_path / named
    (file,) = find_suites(pack if pack.is_dir() else pack.parent)
    mutation = Mutation(pack, load(file, Engines()).cases)
    assert {report.fate for report in mutation.run(jobs=1)} == {"killed"}


def test_a_pack_with_two_names_is_mutated_once(tmp_path: Path) -> None:
    shop(tmp_path, *ALL)
    once = policyengine("mutate", "shop", folder=tmp_path)
    twice = policyengine("mutate", "shop", "shop/policy.toml", tmp_path / "shop", folder=tmp_path)
    assert counts(twice.out) == counts(once.out)


def test_survivors_are_shown_at_their_line_with_a_case_to_paste(tmp_path: Path) -> None:
    pack = shop(tmp_path, DELIVERY, NO_ADVERTISING)
    ran = policyengine("mutate", "shop", folder=tmp_path)
    assert ran.code == 1
    line = line_of('subjects = ["customer"]', pack / "policy.toml")
    assert (
        f"shop/policy.toml:{line}:1: error: mutant-survived: widen-scope: scope widened — 1 purpose-limitation.subjects"
        in ran.out
    )
    killed, _, _, survived = counts(ran.out)
    assert survived >= 2 and ran.out.count("[[case]]") == survived
    shown = [line for line in ran.out.splitlines() if line.startswith("    ")]
    first = "\n".join(line[4:] for line in shown).split("[[case]]")[1]
    suite = pack / "cases.test.toml"
    suite.write_text(suite.read_text("utf-8") + "\n[[case]]" + first, "utf-8")
    assert policyengine("test", "shop", folder=tmp_path).code == 0
    after = counts(policyengine("mutate", "shop", folder=tmp_path).out)
    assert after[0] > killed and after[3] < survived


@pytest.mark.parametrize("suite", ["cases.test.toml", "survivors.test.toml", "more/survivors.test.toml"])
@pytest.mark.parametrize("cases", [(), (DELIVERY,), (NO_ADVERTISING, NO_VISITOR)], ids=["none", "one", "two"])
def test_write_adds_cases_and_the_next_run_has_no_survivor(cases: tuple[str, ...], suite: str, tmp_path: Path) -> None:
    pack = shop(tmp_path, *cases)
    (pack / "more").mkdir()
    file = pack / suite
    before = file.read_text("utf-8") if file.exists() else ""
    ran = policyengine("mutate", "shop", "--write", file, folder=tmp_path)
    assert ran.code == 1 and counts(ran.out)[3] > 0
    written = file.read_text("utf-8")
    assert written.startswith(before) and len(written) > len(before)
    names = [case["name"] for case in tomllib.loads(written)["case"]]
    assert len(names) == len(set(names))
    assert policyengine("test", "shop", folder=tmp_path).code == 0
    ran = policyengine("mutate", "shop", folder=tmp_path)
    assert ran.code == 0 and counts(ran.out)[3] == 0


def test_a_name_that_the_suite_has_already_gets_a_number(tmp_path: Path) -> None:
    name = "kills: rule dropped — 1 purpose-limitation"
    pack = shop(tmp_path, NO_ADVERTISING.replace("no advertising", name))
    policyengine("mutate", "shop", "--write", pack / "cases.test.toml", folder=tmp_path)
    written = tomllib.loads((pack / "cases.test.toml").read_text("utf-8"))["case"]
    assert [case["expect"] for case in written if case["name"] in (name, f"{name} (2)")] == ["deny", "permit"]
    assert policyengine("mutate", "shop", folder=tmp_path).code == 0


def test_json_has_every_mutant_with_its_fate(tmp_path: Path) -> None:
    shop(tmp_path, DELIVERY, NO_ADVERTISING)
    found = json.loads(policyengine("mutate", "shop", "--format", "json", "-j", "1", folder=tmp_path).out)["mutants"]
    assert {mutant["fate"] for mutant in found} >= {"killed", "survived"}
    for mutant in found:
        assert mutant["pack"] == "shop" and mutant["file"] == "shop/policy.toml" and mutant["line"] > 0
        assert mutant["message"]["ja"] and mutant["message"]["en"] and mutant["operator"]
        assert (mutant["killer"] is not None) is (mutant["fate"] == "killed")
        assert (mutant["event"] is not None) is (mutant["fate"] == "survived")
        if mutant["fate"] == "survived":
            assert mutant["expected"]["expect"] in ("permit", "deny") and mutant["event"]["operation"]
    dropped = next(mutant for mutant in found if mutant["operator"] == "drop-rule")
    assert dropped["killer"] == "shop/cases.test.toml::an order is delivered"


def test_any_number_of_processes_gives_the_same(tmp_path: Path) -> None:
    shop(tmp_path, DELIVERY, NO_ADVERTISING)
    one, three = (policyengine("mutate", "shop", "-j", jobs, folder=tmp_path) for jobs in ("1", "3"))
    assert one == three


def test_a_suite_that_fails_on_the_rules_as_they_are_is_told_first(tmp_path: Path) -> None:
    pack = shop(tmp_path, DELIVERY, WRONG)
    ran = policyengine("mutate", "shop", folder=tmp_path)
    line = line_of("advertising: wrong", pack / "cases.test.toml") - 1
    assert (ran.code, ran.out) == (2, "")
    assert ran.err.startswith(f"shop/cases.test.toml:{line}:") and "advertising: wrong" in ran.err


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["nowhere"], "file-missing"),
        (["broken"], "unknown-term"),
        (["shop", "--write", "elsewhere.test.toml"], "--write"),
        (["shop", "--write", "shop/new.toml"], "--write"),
        ([".", "--write", "shop/new.test.toml"], "--write"),
        (["shop", "-j", "0"], "-j"),
        ([], "PATH"),
    ],
)
def test_bad_usage_and_input(words: list[str], said: str, tmp_path: Path) -> None:
    shop(tmp_path, DELIVERY)
    broken = shop(tmp_path, DELIVERY, name="broken")
    (broken / "policy.toml").write_text(POLICY.replace('purposes = ["delivery"]', 'purposes = ["delivry"]'), "utf-8")
    ran = policyengine("mutate", *words, folder=tmp_path)
    assert ran.code == 2 and said in ran.err
    assert not (tmp_path / "elsewhere.test.toml").exists() and not (tmp_path / "shop" / "new.toml").exists()


def test_a_pack_without_a_suite_has_survivors_alone(tmp_path: Path) -> None:
    shop(tmp_path)
    killed, _, _, survived = counts(policyengine("mutate", "shop", folder=tmp_path).out)
    assert killed == 0 and survived > 3


VERSION = """\
[policy]
id = "company"
version = "%s"
title = {ja = "会社", en = "Company"}
governs = ["shop"]
%s

[vocabulary]
subjects.customer = {ja = "顧客", en = "customer"}
items.name = {ja = "氏名", en = "name"}
items.address = {ja = "住所", en = "address"}
purposes.delivery = {ja = "配送", en = "delivery"}

[[clause]]
number = "1"
summary = {ja = "配送に使う", en = "Used for delivery."}

[[clause.purpose-limitation]]
subjects = ["customer"]
items = %s
purposes = ["delivery"]
"""


def test_a_suite_beside_two_versions_is_a_suite_of_each(tmp_path: Path) -> None:
    for folder, text in (
        ("one", VERSION % ("1", "from = 2020-01-01T00:00:00Z", '["name"]')),
        ("two", VERSION % ("2", 'from = 2025-01-01T00:00:00Z\nreplaces = "1"', '["name", "address"]')),
    ):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "policy.toml").write_text(text, "utf-8")
    (tmp_path / "both.test.toml").write_text(
        """\
[suite]
policies = ["one", "two"]

[events.used]
controller = "shop"
operation = "use"
subject = {category = "customer"}
purpose = "delivery"

[[table]]
name = "used"
base = "used"
columns = ["time", "items", "expect"]
rows = [
  ["2024-12-31T23:59:59Z", ["name"], "permit"],
  ["2024-12-31T23:59:59Z", ["address"], "deny"],
  ["2025-01-01T00:00:00Z", ["address"], "permit"],
]
""",
        "utf-8",
    )
    ran = policyengine("mutate", ".", "--format", "json", folder=tmp_path)
    fates = {
        (Path(mutant["file"]).parts[-2], mutant["message"]["en"]): mutant["fate"]
        for mutant in json.loads(ran.out)["mutants"]
    }
    assert fates["one", "term added: address — 1 purpose-limitation.items"] == "killed"
    assert fates["two", "term dropped: address — 1 purpose-limitation.items"] == "killed"
    assert fates["two", "date shifted to 2025-01-02T00:00:00+00:00 — policy.from"] == "killed"
