"""``policyengine test --record``: a suite from events and today's decisions, which passes today."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from policyengine.suite.load import load_suite
from suite.little_packs import shop
from suite.shell import policyengine

ROOT = Path(__file__).parents[2]
EVENT: dict[str, Any] = {
    "id": "e-1",
    "time": "2026-06-01T10:00:00+09:00",
    "operation": "use",
    "subject": {"category": "customer", "id": "c-1"},
    "items": ["name", "postal_address"],
    "purpose": "delivery",
}
DENIED = {**EVENT, "id": "e-2", "purpose": "advertising"}
INVALID = {**EVENT, "id": "e-3", "items": []}
UNKNOWN = {**EVENT, "id": "e-4", "items": ["name", "shoe_size"]}


def record(folder: Path, *events: Any, name: str = "events.jsonl") -> tuple[str, str]:
    (folder / name).write_text("".join(json.dumps(event) + "\n" for event in events), "utf-8")
    ran = policyengine("test", "shop", "--record", name, "--out", "shop/new.test.toml", folder=folder)
    assert ran.code == 0 and ran.out == "", ran.err
    return (folder / "shop" / "new.test.toml").read_text("utf-8"), ran.err


def test_what_is_recorded_passes_until_the_rules_change(tmp_path: Path) -> None:
    pack = shop(tmp_path)
    text, err = record(tmp_path, EVENT, DENIED, INVALID, UNKNOWN)
    assert err == ""
    assert policyengine("test", "shop", folder=tmp_path).out.splitlines()[-1].startswith("4 passed, 0 failed")
    assert [case.event for case in load_suite(pack / "new.test.toml").cases] == [EVENT, DENIED, INVALID, UNKNOWN]
    policy = pack / "policy.toml"
    policy.write_text(policy.read_text("utf-8").replace('purposes = ["delivery"]', 'purposes = ["advertising"]'))
    assert policyengine("test", "shop", folder=tmp_path).code == 1
    assert text.startswith('[suite]\npolicies = ["."]\n\n[[case]]\nname = "e-1"\nreviewed = false\n')


def test_a_case_is_laid_out_as_people_write_it(tmp_path: Path) -> None:
    shop(tmp_path)
    text, _ = record(tmp_path, EVENT)
    assert text.split("[[case]]\n")[1] == (
        'name = "e-1"\nreviewed = false\nid = "e-1"\ntime = "2026-06-01T10:00:00+09:00"\noperation = "use"\n'
        'subject = {category = "customer", id = "c-1"}\nitems = ["name", "postal_address"]\npurpose = "delivery"\n'
        'expect = "permit"\nclauses = ["1"]\n'
    )
    assert policyengine("fmt", "--check", "shop/new.test.toml", folder=tmp_path).code == 0


def test_events_of_one_id_become_cases_of_their_own(tmp_path: Path) -> None:
    shop(tmp_path)
    same = [EVENT, {**DENIED, "id": "e-1"}, {**EVENT, "id": "e-1 (2)"}, {**EVENT, "id": "e-1"}]
    record(tmp_path, *same)
    assert policyengine("test", "shop", folder=tmp_path).out.splitlines()[-1].startswith("4 passed, 0 failed")


@pytest.mark.parametrize(
    "unsayable",
    [
        "no event",
        {**EVENT, "origin": None},
        {**EVENT, "facts": [{"type": "consent", "operations": None}]},
        {**EVENT, "facts": "consent"},
        {**EVENT, "colour": "red"},
        {key: value for key, value in EVENT.items() if key != "id"},
    ],
)
def test_what_a_case_cannot_say_is_left_out_and_counted(unsayable: Any, tmp_path: Path) -> None:
    shop(tmp_path)
    _, err = record(tmp_path, EVENT, unsayable)
    assert err.startswith("1 left out")
    assert policyengine("test", "shop", folder=tmp_path).out.splitlines()[-1].startswith("1 passed, 0 failed")


def test_names_that_toml_must_escape(tmp_path: Path) -> None:
    shop(tmp_path)
    record(tmp_path, {**EVENT, "id": 'a "b" \\ c\n\u0001 = [x]', "attributes": {"a b": 1.5, "": True, "ä": "あ"}})
    assert policyengine("test", "shop", folder=tmp_path).out.splitlines()[-1].startswith("1 passed, 0 failed")


def test_a_suite_is_never_overwritten(tmp_path: Path) -> None:
    shop(tmp_path)
    text, _ = record(tmp_path, EVENT)
    ran = policyengine("test", "shop", "--record", "events.jsonl", "--out", "shop/new.test.toml", folder=tmp_path)
    assert ran.code == 2 and "new.test.toml" in ran.err
    assert (tmp_path / "shop" / "new.test.toml").read_text("utf-8") == text


def test_bad_packs_and_missing_events_are_bad_input(tmp_path: Path) -> None:
    shop(tmp_path)
    assert policyengine("test", "shop", "--record", "nothing.jsonl", folder=tmp_path).code == 2
    (tmp_path / "events.jsonl").write_text(json.dumps(EVENT), "utf-8")
    assert policyengine("test", "nowhere", "--record", "events.jsonl", folder=tmp_path).code == 2


def test_a_month_at_the_reference_company(tmp_path: Path) -> None:
    pack = ROOT / "rules" / "alc-smart-learning"
    ran = policyengine("test", pack, "--record", ROOT / "examples" / "alc-month.jsonl", folder=tmp_path)
    assert ran.code == 0
    (tmp_path / "month.test.toml").write_text(ran.out, "utf-8")
    ran = policyengine("test", "month.test.toml", folder=tmp_path)
    events = (ROOT / "examples" / "alc-month.jsonl").read_text("utf-8").splitlines()
    assert ran.code == 0 and int(ran.out.splitlines()[-1].split()[0]) > len(events) - 10
