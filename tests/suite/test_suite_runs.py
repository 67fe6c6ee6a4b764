"""``policyengine test`` end to end: which cases run, how failures are shown, and what the shell is told."""

from __future__ import annotations

import itertools
import json
import re
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from suite.little_packs import DELIVERY, EVENTS, MIXED, NO_ADVERTISING, PASSING, WRONG, WRONG_TOO, line_of, shop
from suite.shell import policyengine


def results(folder: Path, *words: str) -> dict[str, bool]:
    """Return which cases ran, and whether each passed."""
    ran = policyengine("test", *words, "--format", "json", folder=folder)
    return {result["case"]: result["passed"] for result in json.loads(ran.out)["cases"]}


def test_suites_are_found_in_every_folder_below_and_each_runs_once(tmp_path: Path) -> None:
    shop(tmp_path, DELIVERY, name="one")
    deep = tmp_path / "more"
    deep.mkdir()
    pack = shop(deep, NO_ADVERTISING, name="two")
    (pack / "notes.txt").write_text("no suite", "utf-8")
    assert policyengine("test", ".", "one", "one/cases.test.toml", folder=tmp_path).out.startswith("2 passed, 0 failed")
    assert results(tmp_path, "one") == {"an order is delivered": True}
    assert results(tmp_path, "more/two/cases.test.toml") == {"no advertising": True}


ROLES = """
[vocabulary.roles]
clerk = {ja = "担当", en = "clerk"}
auditor = {ja = "監査", en = "auditor"}

[[clause]]
number = "2"
summary = {ja = "担当だけが使う", en = "Clerks alone."}

[[clause.prohibition]]
except.roles = ["clerk"]
"""
BY_WHOM = """
[[table]]
name = "who"
base = "use"
actor = {id = "e-7"}
product = {"actor.role" = "*", acquired = ["2026-05-01T10:00:00+09:00"]}
permit = [{"actor.role" = "clerk"}]

[[table]]
name = "from whom"
base = "use"
operation = "acquire"
columns = ["actor.id", "actor.role", "source.id", "source.country", "expect"]
rows = [
  ["e-7", "clerk", "broker", "US", "permit"],
  ["e-7", "auditor", "broker", "US", "deny"],
  ["e-7", "clerk", "broker", "USA", "invalid"],
]
"""


def test_tables_have_columns_for_since_when_by_whom_and_from_whom(tmp_path: Path) -> None:
    pack = shop(tmp_path, BY_WHOM)
    policy = pack / "policy.toml"
    policy.write_text(policy.read_text("utf-8") + ROLES, "utf-8")
    found = results(tmp_path, ".")
    assert len(found) == 5 and all(found.values()), found


def test_k_takes_the_cases_whose_file_and_name_have_all_words(tmp_path: Path) -> None:
    shop(tmp_path, *PASSING, name="one")
    shop(tmp_path, *PASSING, name="two")
    assert set(results(tmp_path, ".", "-k", "ORDER")) == {"an order is delivered"}
    ran = policyengine("test", ".", "-k", "two no", folder=tmp_path)
    assert ran.out.startswith("2 passed, 0 failed") and ran.code == 0


def test_fail_fast_stops_at_the_first_failure(tmp_path: Path) -> None:
    shop(tmp_path, *MIXED)
    assert results(tmp_path, ".", "--fail-fast") == {"an order is delivered": True, "advertising: wrong, 100 %": False}
    assert results(tmp_path, ".").keys() > results(tmp_path, ".", "--fail-fast").keys()


def test_a_failure_shows_expected_beside_actual_the_place_and_why(tmp_path: Path) -> None:
    pack = shop(tmp_path, *MIXED)
    ran = policyengine("test", "shop", folder=tmp_path)
    assert ran.code == 1
    lines = ran.out.splitlines()
    place = line_of(WRONG.splitlines()[2], pack / "cases.test.toml") - 1
    start = next(number for number, line in enumerate(lines) if "error: rule-test-failed: advertising" in line)
    assert lines[start] == (
        f"shop/cases.test.toml:{place}:3: error: rule-test-failed: advertising: wrong, 100 %: "
        "outcome: expected permit, actual deny; clauses: expected [1, 2], actual [1]"
    )
    shown = "\n".join(lines[start:])
    assert "✗ purpose is delivery" in shown
    assert "Customers' data serve delivery." in shown
    assert lines[-1].startswith("2 passed, 2 failed in ")


def test_a_failure_is_shown_in_japanese_where_that_is_spoken(tmp_path: Path) -> None:
    shop(tmp_path, WRONG)
    ran = policyengine("test", ".", folder=tmp_path, lang="ja")
    assert "結果: 期待 permit、実際 deny" in ran.out and "お客様の情報は配送のために使う" in ran.out


def test_the_place_of_a_row_is_its_own_line(tmp_path: Path) -> None:
    rows = (
        '\n[[table]]\nname = "rows"\nbase = "use"\ncolumns = ["purpose", "expect"]\nrows = [\n'
        '  ["delivery", "permit"],\n  ["advertising", "permit"],\n]\n'
    )
    pack = shop(tmp_path, rows)
    ran = policyengine("test", ".", folder=tmp_path)
    line = line_of('["advertising", "permit"]', pack / "cases.test.toml")
    assert re.search(
        rf"^shop/cases\.test\.toml:{line}:\d+: error: rule-test-failed: rows\[2\]: ", ran.out, re.MULTILINE
    )


@pytest.mark.parametrize(
    ("words", "code"),
    [
        (["shop"], 0),
        (["shop", "-k", "order"], 0),
        (["shop", "-k", "no such case"], 1),
        (["shop", "empty"], 0),
        (["wrong"], 1),
        (["wrong", "shop"], 1),
        (["wrong", "-k", "order"], 0),
        (["empty"], 2),
        (["nowhere"], 2),
        (["shop", "nowhere"], 2),
        (["wrong", "nowhere"], 2),
        (["shop", "--format", "verse"], 2),
        (["shop", "--fail-under", "101"], 2),
        ([], 2),
    ],
)
def test_exit_codes(words: list[str], code: int, tmp_path: Path) -> None:
    shop(tmp_path, *PASSING)
    shop(tmp_path, *MIXED, name="wrong")
    shop(tmp_path, name="empty")
    ran = policyengine("test", *words, folder=tmp_path)
    assert ran.code == code
    assert bool(ran.err) is (code == 2 or "no such case" in words)


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ('[[case]]\nname = "x"\nexpect = "perhaps"\n', "unknown-value"),
        ('[[case]]\nname = "x"\n', "missing-key"),
        ('[[case]]\nname = "x"\nexpect = "deny"\nbase = "uses"\n', "unknown-base"),
        ('[[case]]\nname = "x"\nexpect = "deny"\nfacts = ["consents"]\n', "unknown-fact-set"),
        ('[[case]]\nname = "x"\nexpect = \n', "toml-syntax"),
        ('[[case]]\nname = "an order is delivered"\nbase = "use"\nexpect = "permit"\n', "duplicate-id"),
        ('[suite]\npolicies = ["../elsewhere"]\n', "file-missing"),
    ],
)
def test_a_broken_suite_says_where_and_nothing_runs(text: str, code: str, tmp_path: Path) -> None:
    pack = shop(tmp_path, DELIVERY)
    file = pack / "cases.test.toml"
    before = file.read_text("utf-8").count("\n")
    file.write_text(file.read_text("utf-8") + text if "[suite]" not in text else text + file.read_text("utf-8"))
    ran = policyengine("test", ".", folder=tmp_path)
    assert (ran.code, ran.out) == (2, "")
    assert f": error: {code}: " in ran.err
    if code != "file-missing":
        found = re.match(r"shop/cases\.test\.toml:(\d+):(\d+): ", ran.err)
        assert found is not None and int(found[1]) > before


def test_an_unknown_name_has_the_nearest_one_as_a_hint(tmp_path: Path) -> None:
    shop(tmp_path, '\n[[case]]\nname = "x"\nexpect = "deny"\nbase = "usr"\n')
    assert '"use"' in policyengine("test", ".", folder=tmp_path).err


def test_a_broken_pack_says_where_and_nothing_runs(tmp_path: Path) -> None:
    pack = shop(tmp_path, *PASSING)
    policy = pack / "policy.toml"
    policy.write_text(policy.read_text("utf-8").replace('purposes = ["delivery"]', 'purposes = ["delivry"]'), "utf-8")
    ran = policyengine("test", ".", folder=tmp_path)
    assert (ran.code, ran.out) == (2, "")
    line = line_of("delivry", policy)
    assert re.match(rf'shop/policy\.toml:{line}:13: error: unknown-term: .*"delivery"', ran.err)


def test_problems_of_several_suites_are_told_together(tmp_path: Path) -> None:
    for name in ("one", "two"):
        shop(tmp_path, '\n[[case]]\nname = "x"\n', name=name)
    err = policyengine("test", ".", folder=tmp_path).err
    assert "one/cases.test.toml" in err and "two/cases.test.toml" in err


def test_any_order_of_cases_and_runs_side_by_side_give_the_same(tmp_path: Path) -> None:
    orders = list(itertools.permutations((DELIVERY, WRONG, NO_ADVERTISING, WRONG_TOO)))[::5]
    for number, order in enumerate(orders):
        shop(tmp_path, *order, name=f"order-{number}")
    with ThreadPoolExecutor(2) as pool:
        found = list(pool.map(lambda number: results(tmp_path, f"order-{number}"), range(len(orders))))
    expected = {
        "an order is delivered": True,
        "advertising: wrong, 100 %": False,
        "no advertising": True,
        "wrong <too>": False,
    }
    assert found == [expected] * len(orders)


def test_a_suite_elsewhere_names_its_packs_and_readings(tmp_path: Path) -> None:
    pack = shop(tmp_path)
    policy = pack / "policy.toml"
    reading = (
        '\n[readings.wide]\nclause = "1"\nja = "広いか"\nen = "Wide?"\ndefault = "no"\n'
        'values.no = {ja = "いいえ", en = "no"}\nvalues.yes = {ja = "はい", en = "yes"}\n\n[[clause]]'
    )
    text = policy.read_text("utf-8").replace("\n[[clause]]", reading, 1)
    policy.write_text(text.replace('["delivery"]', '["delivery", {term = "advertising", under = {wide = "yes"}}]'))
    tests = tmp_path / "tests"
    tests.mkdir()
    (tests / "wide.test.toml").write_text(
        '[suite]\npolicies = ["../shop"]\nreadings = {wide = "yes"}\n\n'
        + EVENTS
        + NO_ADVERTISING.replace('"deny"', '"permit"')
        + NO_ADVERTISING.replace("no adv", "narrow: no adv").replace("base", 'readings = {wide = "no"}\nbase')
    )
    assert results(tmp_path, "tests") == {"no advertising": True, "narrow: no advertising": True}


def test_a_text_in_place_of_a_list_of_values_is_told_as_one(tmp_path: Path) -> None:
    shop(tmp_path, '\n[[table]]\nname = "x"\nproduct = {purpose = "delivery"}\n')
    err = policyengine("test", ".", folder=tmp_path).err
    assert 'unknown-value: expected a list of values (a single one as ["…"]), or "*" for every declared term' in err
