"""Versions of one policy that follow one another: when each is in force, and what `check` has against their periods."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from marked_packs import BASE

import forked
from policyengine import Documents, Engine, PolicyError
from policyengine.engine.plugins import Plugins
from policyengine.language.build import build_policies
from policyengine.model.succession import in_succession, succession_problems

KINDS = Plugins(installed=False).kinds


def version(name: str, about: str = "", purpose: str = "delivery") -> str:
    text = BASE.replace('version = "1"', f'version = "{name}"\n{about}')
    return text.replace('purposes = ["delivery"]', f'purposes = ["{purpose}"]')


def day(number: int) -> str:
    return f"2026-01-{number:02}T00:00:00Z"


def documents(*texts: str) -> list[Documents]:
    return [Documents({f"v{number}": text}) for number, text in enumerate(texts)]


def event(purpose: str, time: str) -> dict[str, object]:
    return {
        "id": "e",
        "time": time,
        "operation": "use",
        "subject": {"category": "customer"},
        "items": ["name"],
        "purpose": purpose,
    }


FIRST = version("1")
SECOND = version("2", f'replaces = "1"\nfrom = {day(10)}', "marketing")


def test_each_event_is_decided_by_the_version_in_force_at_its_time() -> None:
    """The one that says no end ends where its successor begins, in whatever order they are loaded."""
    for packs in (documents(FIRST, SECOND), documents(SECOND, FIRST)):
        engine = Engine.load(*packs, installed_plugins=False)
        for at, number, purpose, other in (
            (day(9), "1", "delivery", "marketing"),
            (day(10), "2", "marketing", "delivery"),
        ):
            decision = engine.evaluate(event(purpose, at))
            assert decision.permitted and [policy.version for policy in decision.policies] == [number]
            assert not engine.evaluate(event(other, at)).permitted


def test_a_third_version_ends_the_second() -> None:
    third = version("3", f'replaces = "2"\nfrom = {day(20)}')
    engine = Engine.load(*documents(FIRST, SECOND, third), installed_plugins=False)
    found = [engine.evaluate(event("delivery", day(number))).policies[0].version for number in (1, 10, 19, 20, 28)]
    assert found == ["1", "2", "2", "3", "3"]


@given(
    st.one_of(st.none(), st.integers(1, 28)),
    st.integers(2, 28),
    st.one_of(st.none(), st.integers(1, 28)),
)
def test_periods_are_held_against_each_other(begin: int | None, successor: int, end: int | None) -> None:
    if begin is not None and end is not None and begin >= end:
        return
    about = (f"from = {day(begin)}\n" if begin else "") + (f"until = {day(end)}" if end else "")
    second = version("2", f'replaces = "1"\nfrom = {day(successor)}')
    policies = build_policies(documents(version("1", about), second), KINDS, {})
    codes = [problem.code for problem in succession_problems(policies)]
    expected = []
    if begin is not None and begin >= successor:
        expected = ["version-overlap"]
    elif end is not None and end != successor:
        expected = ["version-overlap" if end > successor else "version-gap"]
    assert codes == expected
    for problem in succession_problems(policies):
        assert problem.place is not None and problem.place.file == "v1"
        assert "v0:" in problem.message.en and "v0:" in problem.message.ja
    if expected != ["version-overlap"]:
        ended = {policy.version: policy for policy in in_succession(policies)}
        assert ended["1"].end <= ended["2"].start
        both = [policy for policy in ended.values() if policy.in_force(ended["2"].start)]
        assert [policy.version for policy in both] == ["2"]


@pytest.mark.parametrize(
    ("first", "second", "code"),
    [
        (FIRST, version("2", f'replaces = "0"\nfrom = {day(10)}'), "unknown-version"),
        (FIRST, version("2", f'replaces = "2"\nfrom = {day(10)}'), "unknown-version"),
        (FIRST, version("2", 'replaces = "1"'), "missing-key"),
        (version("1", f"until = {day(11)}"), SECOND, "version-overlap"),
        (FIRST, version("2", f"from = {day(10)}"), "duplicate-policy"),
    ],
)
def test_versions_that_do_not_follow_one_another_are_not_loaded(first: str, second: str, code: str) -> None:
    with pytest.raises(PolicyError) as caught:
        Engine.load(*documents(first, second), installed_plugins=False)
    assert [problem.code for problem in caught.value.problems] == [code]


def test_a_version_alone_is_a_policy_as_any() -> None:
    (policy,) = Engine.load(*documents(SECOND), installed_plugins=False).policies
    assert policy.replaces == "1"


def test_pins_name_the_version_where_there_are_several() -> None:
    packs = documents(FIRST, SECOND)
    pins = {policy.version: policy.digest for policy in Engine.load(*packs, installed_plugins=False).policies}
    both = {"shop:1": pins["1"], "shop:2": pins["2"]}
    Engine.load(*packs, digests=both, installed_plugins=False)
    for wrong in ({"shop": pins["1"]}, {"shop": pins["2"]}, {"shop:1": pins["1"]}, {**both, "shop:3": pins["1"]}):
        with pytest.raises(PolicyError):
            Engine.load(*packs, digests=wrong, installed_plugins=False)


SUITE = """
[suite]
policies = ["v1.toml", "v2.toml"]

[[table]]
name = "before"
time = 2026-01-09T00:00:00Z
operation = "use"
subject = {category = "customer"}
items = ["name"]
product = {purpose = "*"}
permit = [{purpose = "delivery"}]

[[table]]
name = "after"
time = 2026-01-10T00:00:00Z
operation = "use"
subject = {category = "customer"}
items = ["name"]
product = {purpose = "*"}
permit = [{purpose = ["marketing", "survey"]}]
"""


def test_suites_run_and_check_speaks_against_the_version_in_force(tmp_path: Path) -> None:
    second = SECOND.replace('["marketing"]', '["marketing", "survey"]')
    second = second.replace("[vocabulary.purposes]\n", "[vocabulary.purposes]\nsurvey = {ja = '調査', en = 'survey'}\n")
    (tmp_path / "v1.toml").write_text(FIRST, "utf-8")
    (tmp_path / "v2.toml").write_text(second, "utf-8")
    (tmp_path / "both.test.toml").write_text(SUITE, "utf-8")
    run = forked.policyengine(["test", "both.test.toml"], folder=tmp_path, environment=dict(os.environ))
    assert run.code == 0, run.out + run.err
    early = FIRST.replace('version = "1"\n', f'version = "1"\nuntil = {day(5)}\n')
    (tmp_path / "v1.toml").write_text(early, "utf-8")
    told = forked.policyengine(["check", "v1.toml", "v2.toml"], folder=tmp_path, environment=dict(os.environ))
    assert told.code == 0
    assert b"v2.toml:5:1: note: version-gap" in told.out and b"v1.toml:4:1" in told.out


def test_a_flow_between_two_versions_names_the_policy_once() -> None:
    early = version("1", f"until = {day(5)}")
    decision = Engine.load(*documents(early, SECOND), installed_plugins=False).evaluate(event("delivery", day(7)))
    assert [reason.code for reason in decision.reasons] == ["no-governing-policy"]
    assert "(shop is outside its time)" in decision.reasons[0].message.en
