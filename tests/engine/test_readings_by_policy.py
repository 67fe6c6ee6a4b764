"""Readings are picked by name, and by policy and name where several policies have the name."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from policyengine import Engine, PolicyError
from policyengine.suite.record import recorded
from suite.shell import policyengine

POLICY = """\
[policy]
id = "{id}"
version = "1"
title = {{ja = "方針", en = "Policy"}}
governs = ["shop"]

[vocabulary.subjects]
customer = {{ja = "お客様", en = "customer"}}

[vocabulary.items]
name = {{ja = "氏名", en = "name"}}

[vocabulary.purposes]
delivery = {{ja = "配送", en = "delivery"}}

[readings.{reading}]
ja = "範囲"
en = "scope"
default = "narrow"
values.narrow = {{ja = "狭い", en = "narrow"}}
values.wide = {{ja = "広い", en = "wide"}}

[[clause]]
number = "1"
summary = {{ja = "配送に使う", en = "Data serve delivery."}}

[[clause.purpose-limitation]]
operations = ["use", {{term = "retain", under = {{{reading} = "wide"}}}}]
purposes = ["delivery"]
"""
EVENT: dict[str, Any] = {
    "id": "e-1",
    "time": "2026-01-01T00:00:00Z",
    "operation": "retain",
    "subject": {"category": "customer"},
    "items": ["name"],
    "purpose": "delivery",
}


@pytest.fixture
def packs(tmp_path: Path) -> list[Path]:
    """Two policies with a reading of one name, and a third one with a reading that is its own."""
    found = []
    for name, reading in (("one", "scope"), ("two", "scope"), ("three", "reach")):
        found.append(tmp_path / f"{name}.toml")
        found[-1].write_text(POLICY.format(id=name, reading=reading), "utf-8")
    return found


def chosen(packs: list[Path], readings: Mapping[str, str]) -> dict[str, dict[str, str]]:
    return {policy.id: dict(policy.other_readings) for policy in Engine.load(*packs, readings=readings).policies}


def test_each_policy_has_a_value_of_its_own(packs: list[Path]) -> None:
    assert chosen(packs, {"two:scope": "wide"}) == {"one": {}, "two": {"scope": "wide"}, "three": {}}
    every = {"one:scope": "wide", "two:scope": "wide", "reach": "wide"}
    wide = {"one": {"scope": "wide"}, "two": {"scope": "wide"}, "three": {"reach": "wide"}}
    assert chosen(packs, every) == wide
    assert chosen(packs, {**every, "three:reach": "wide"}) == wide
    assert chosen(packs[1:], {"scope": "wide"}) == {"two": {"scope": "wide"}, "three": {}}
    assert Engine.load(*packs, readings=every).evaluate(EVENT).permitted
    decision = Engine.load(*packs, readings={"one:scope": "wide"}).evaluate(EVENT)
    assert not decision.permitted
    assert "readings other than the default: one:scope = wide\n" in decision.explain("en")


WRONG = {
    "ambiguous": ({"scope": "wide"}, "ambiguous-reading", "name one of one:scope, two:scope"),
    "no such name": (
        {"raech": "wide"},
        "unknown-reading",
        'known: one:scope, reach, two:scope (did you mean "reach"?)',
    ),
    "no such policy": ({"tow:scope": "wide"}, "unknown-reading", 'loaded: one, three, two (did you mean "two"?)'),
    "not of that policy": ({"three:scope": "wide"}, "unknown-reading", 'has no reading "scope"; it has reach'),
    "no such value": ({"one:scope": "wid"}, "unknown-reading-value", 'it has narrow, wide (did you mean "wide"?)'),
    "no such value, by name": ({"reach": "far"}, "unknown-reading-value", "it has narrow, wide"),
}


@pytest.mark.parametrize(("readings", "code", "said"), WRONG.values(), ids=WRONG)
def test_what_is_not_there_lists_what_is(packs: list[Path], readings: dict[str, str], code: str, said: str) -> None:
    with pytest.raises(PolicyError) as caught:
        Engine.load(*packs, readings=readings)
    (problem,) = caught.value.problems
    assert (problem.code, problem.line().endswith(said)) == (code, True), problem.line()
    picked = [word for name, value in readings.items() for word in ("--reading", f"{name}={value}")]
    for command in ("evaluate", "explain"):
        ran = policyengine(command, *packs, "--events", packs[0], *picked, folder=packs[0].parent)
        assert (ran.code, ran.out, ran.err) == (2, "", problem.line() + "\n")


def test_all_that_is_wrong_in_a_configuration_is_told_at_its_place(packs: list[Path], tmp_path: Path) -> None:
    file = tmp_path / "policyengine.toml"
    names = json.dumps([pack.name for pack in packs])
    text = f'policies = {names}\n[readings]\nscope = "wide"\n"two:scope" = "wid"\n'
    file.write_text(f'{text}[shadow]\npolicies = ["one.toml"]\nreadings = {{"one:scope" = "wide"}}\n', "utf-8")
    with pytest.raises(PolicyError) as caught:
        Engine.load(config=file)
    places = [(problem.code, problem.place.line) for problem in caught.value.problems if problem.place]
    assert places == [("ambiguous-reading", 3), ("unknown-reading-value", 4)]
    text = file.read_text("utf-8").replace('scope = "wide"\n"two:scope" = "wid"', '"two:scope" = "wide"')
    file.write_text(text, "utf-8")
    assert [dict(policy.other_readings) for policy in Engine.load(config=file).policies] == [{}, {}, {"scope": "wide"}]
    file.write_text(text.replace("one:scope", "one:scpoe"), "utf-8")
    with pytest.raises(PolicyError) as caught:
        Engine.load(config=file)
    assert [(p.code, p.place.line) for p in caught.value.problems if p.place] == [("unknown-reading", 6)]


def test_suites_pick_and_are_recorded_so_that_they_pick_the_same(packs: list[Path], tmp_path: Path) -> None:
    readings = {"one:scope": "wide", "two:scope": "wide", "reach": "wide"}
    text = recorded([EVENT], Engine.load(*packs, readings=readings), [pack.name for pack in packs])
    for name in ("one:scope", "two:scope"):
        assert f'"{name}" = "wide"' in text
    (tmp_path / "all.test.toml").write_text(text, "utf-8")
    ran = policyengine("test", "all.test.toml", "--coverage", folder=tmp_path)
    assert ran.code == 0 and "1 passed, 0 failed" in ran.out
    assert "  scope = narrow: never chosen" in ran.out.splitlines()
    ran = policyengine("mutate", "one.toml", "-j", "1", "--format", "json", folder=tmp_path)
    killed = [mutant for mutant in json.loads(ran.out)["mutants"] if mutant["fate"] == "killed"]
    assert killed  # the case, under which the others are read as it says, passes on the pack as it is


def test_editions_of_one_policy_are_read_alike(packs: list[Path], tmp_path: Path) -> None:
    old, new = tmp_path / "old.toml", tmp_path / "new.toml"
    text = packs[0].read_text("utf-8")
    old.write_text(text.replace("governs", "until = 2020-01-01T00:00:00Z\ngoverns"), "utf-8")
    new.write_text(text.replace("governs", "from = 2020-01-01T00:00:00Z\ngoverns"), "utf-8")
    for name in ("scope", "one:scope"):
        engine = Engine.load(old, new, readings={name: "wide"})
        assert [policy.other_readings for policy in engine.policies] == [{"scope": "wide"}] * 2
