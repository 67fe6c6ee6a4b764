"""A denial says its author's code, and a step follows it."""

from __future__ import annotations

import pickle
from pathlib import Path
from typing import Any

import pytest

from language.marked_packs import BASE, CLAUSE
from policyengine import Engine, FlowDenied, Step, hookimpl
from policyengine.enforcement.flow import Flow
from policyengine.errors import ConfigurationError, PolicyError
from policyengine.model.decision import read_decision
from policyengine.model.reason_codes import REASON_CODES

RULES = """\
[[clause.prohibition]]
operations = ["use"]
items = ["home_address"]
reason = {code = "look-at-it", ja = "要確認", en = "Look at it.", parameters = {desk = ["a", "b"], days = 3}}

[[clause.prohibition]]
operations = ["use"]
items = ["name"]
"""
EVENT: dict[str, Any] = {
    "id": "e",
    "time": "2026-06-01T12:00:00+09:00",
    "operation": "use",
    "subject": {"category": "customer"},
    "items": ["home_address"],
    "purpose": "delivery",
}


class Tell:
    name = "tell-desk"
    stage = "tell"

    def __init__(self) -> None:
        self.seen: list[str] = []

    def act(self, flow: Flow) -> None:
        self.seen.append(flow.decision.event or "")

    @hookimpl
    def policyengine_enforcement_actions(self) -> list[Any]:
        return [self]


@pytest.fixture
def engine_and_desk(tmp_path: Path) -> tuple[Engine, Tell]:
    (tmp_path / "base.toml").write_text(BASE, "utf-8")
    (tmp_path / "rule.toml").write_text(CLAUSE + RULES, "utf-8")
    desk = Tell()
    step = Step("tell-desk", reasons=frozenset({"look-at-it"}))
    return Engine.load(tmp_path, plugins=[desk], steps=[step], installed_plugins=False), desk


def test_the_code_and_what_goes_with_it_are_handed_on(engine_and_desk: tuple[Engine, Tell]) -> None:
    decision = engine_and_desk[0].evaluate(EVENT)
    (reason,) = decision.as_dict()["reasons"]
    assert (reason["code"], reason["parameters"]) == ("look-at-it", {"days": 3, "desk": ["a", "b"]})
    assert reason["message"]["en"].startswith("Look at it.")
    assert read_decision(decision.to_json()) == decision == pickle.loads(pickle.dumps(decision))
    plain = engine_and_desk[0].evaluate({**EVENT, "items": ["name"]}).as_dict()["reasons"][0]
    assert plain["code"] == "prohibited" and "parameters" not in plain


def test_a_step_follows_the_code_and_no_other_denial(engine_and_desk: tuple[Engine, Tell]) -> None:
    engine, desk = engine_and_desk
    for number, items in enumerate((["name"], ["home_address"])):
        with pytest.raises(FlowDenied):
            engine.enforce({**EVENT, "id": f"e-{number}", "items": items})
    assert desk.seen == ["e-1"]


def test_a_step_follows_codes_alone_that_a_decision_can_give(tmp_path: Path) -> None:
    (tmp_path / "base.toml").write_text(BASE, "utf-8")
    (tmp_path / "rule.toml").write_text(CLAUSE + RULES, "utf-8")

    def load(*codes: str) -> None:
        step = Step("tell-desk", reasons=frozenset(codes))
        Engine.load(tmp_path, plugins=[Tell()], steps=[step], installed_plugins=False).close()

    load("look-at-it", "no-rule", "source-invalid", "action-failed")
    with pytest.raises(ConfigurationError, match=r"unknown-reason: .*did you mean \"look-at-it\"") as refused:
        load("look-at-at")
    assert [fault.path for fault in refused.value.faults] == [("step", 0, "reasons")]


@pytest.mark.parametrize("code", sorted(REASON_CODES))
def test_no_rule_has_a_code_of_the_engine_for_its_own(tmp_path: Path, code: str) -> None:
    (tmp_path / "base.toml").write_text(BASE, "utf-8")
    (tmp_path / "rule.toml").write_text(CLAUSE + RULES.replace('code = "look-at-it"', f'code = "{code}"'), "utf-8")
    with pytest.raises(PolicyError) as refused:
        Engine.load(tmp_path, installed_plugins=False)
    assert {problem.code for problem in refused.value.problems} == {"code-of-the-engine"}
