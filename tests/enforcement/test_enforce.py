"""What follows a decision: the order of actions, redaction, modes, failures, and that nothing becomes a permit."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace

from policyengine import (
    EnforcementAction,
    Engine,
    FactQuery,
    Flow,
    FlowDenied,
    Observer,
    PluginError,
    Reduction,
    Step,
    hookimpl,
)

PACK = Path(__file__).parents[2] / "rules" / "alc-smart-learning"
SETTINGS = {
    "redact": {
        "fields": {"full_name": "name", "address": ["postal_address"], "checkup": "health_checkup_result"},
        "keep": ["id"],
    }
}
STAFF = {
    "id": "e-1",
    "time": "2026-11-24T09:00:00+09:00",
    "operation": "use",
    "subject": {"category": "employee", "id": "s-1"},
    "items": ["name", "health_checkup_result"],
    "purpose": "health-management",
}
PERMITTED = {**STAFF, "items": ["name"]}
RECORD = {"id": "s-1", "full_name": "A", "checkup": "B", "address": "C", "unheard_of": "D"}


class Recording:
    """An action or observer that notes what it saw, and does what it is told."""

    def __init__(self, name: str, stage: str, seen: list[str], then: Any = None) -> None:
        self.name, self.stage, self.seen, self.then = name, stage, seen, then

    def act(self, flow: Flow) -> Flow | None:
        self.seen.append(self.name)
        if isinstance(self.then, Exception):
            raise self.then
        return self.then(flow) if self.then else None

    def observe(self, flow: Flow) -> None:
        self.seen.append(f"{self.name} {flow.decision.outcome}")
        if isinstance(self.then, Exception):
            raise self.then


class Plugin:
    def __init__(self, actions: Iterable[Any] = (), observers: Iterable[Any] = ()) -> None:
        self.actions, self.observers = tuple(actions), tuple(observers)

    @hookimpl
    def policyengine_enforcement_actions(self) -> Iterable[EnforcementAction]:
        return self.actions

    @hookimpl
    def policyengine_observers(self) -> Iterable[Observer]:
        return self.observers


def engine(*steps: Step, actions: Iterable[Any] = (), observers: Iterable[Any] = (), mode: Any = "enforce") -> Engine:
    plugin = Plugin(actions, observers)
    return Engine.load(PACK, plugins=[plugin], installed_plugins=False, settings=SETTINGS, steps=steps, mode=mode)


def test_a_permit_goes_on_and_a_denial_does_not() -> None:
    plain = engine()
    assert plain.enforce(PERMITTED).permitted
    with pytest.raises(FlowDenied) as denied:
        plain.enforce(STAFF)
    assert denied.value.decision == plain.evaluate(STAFF)
    assert "2-4" in str(denied.value)
    with pytest.raises(FlowDenied):
        plain.enforce({"id": "no event"})


def test_awaited_as_called() -> None:
    plain = engine()
    assert asyncio.run(plain.enforce_async(PERMITTED)) == plain.evaluate(PERMITTED)
    with pytest.raises(FlowDenied):
        asyncio.run(plain.enforce_async(STAFF))


def test_the_order_is_that_of_stages_and_names() -> None:
    seen: list[str] = []
    actions = [
        Recording("z-tell", "tell", seen),
        Recording("a-stop", "stop", seen),
        Recording("a-tell", "tell", seen),
        Recording("m-keep", "keep", seen),
        Recording("z-reduce", "reduce", seen),
    ]
    expected = ["z-reduce", "m-keep", "a-tell", "z-tell", "a-stop", "watcher deny"]
    for order in (actions, list(reversed(actions))):
        seen.clear()
        steps = [Step(action.name) for action in order]
        with pytest.raises(FlowDenied):
            engine(*steps, actions=order, observers=[Recording("watcher", "", seen)]).enforce(STAFF)
        assert seen == expected


def test_redact_lets_the_permitted_items_go_on() -> None:
    reducing = engine(Step("redact"))
    with reducing.flow(STAFF, payload=RECORD) as flow:
        assert flow.payload == {"id": "s-1", "full_name": "A"}
        assert flow.decision.permitted
        assert flow.decision.clauses == ("2-4",)
        assert flow.event["items"] == ["name"]
    with reducing.flow(STAFF, payload=[RECORD, RECORD]) as flow:
        assert flow.payload == [{"id": "s-1", "full_name": "A"}] * 2
    with reducing.flow(PERMITTED, payload=RECORD) as flow:
        assert flow.payload == {"id": "s-1", "full_name": "A"}, "a payload may hold more than its event states"
    for event, payload in (
        ({**STAFF, "items": ["health_checkup_result"]}, RECORD),
        (STAFF, None),
        (STAFF, "a text"),
    ):
        with pytest.raises(FlowDenied), reducing.flow(event, payload=payload):
            raise AssertionError("nothing may go on")


def test_what_a_decision_hands_out_changes_no_policy(tmp_path: Path) -> None:
    file = tmp_path / "shop.toml"
    file.write_text(
        """
[policy]
id = "shop"
version = "1"
title = {ja = "店", en = "shop"}
governs = ["shop"]
[vocabulary.subjects]
customer = {ja = "客", en = "customer"}
[vocabulary.items]
name = {ja = "氏名", en = "name"}
[vocabulary.purposes]
delivery = {ja = "配送", en = "delivery"}
[obligations.tell]
clause = "1"
ja = "知らせる"
en = "Tell them."
parameters = {days = 30}
[[clause]]
number = "1"
summary = {ja = "配送に使う", en = "Data serve delivery."}
[[clause.purpose-limitation]]
purposes = ["delivery"]
oblige = ["tell"]
""",
        "utf-8",
    )
    event = {**PERMITTED, "subject": {"category": "customer"}, "purpose": "delivery"}

    def meddle(flow: Flow) -> None:
        flow.decision.obligations[0].parameters["days"] = 0  # type: ignore[index]

    steps = [Step("meddle", on=frozenset({"permit"}), mandatory=True)]
    plugin = Plugin([Recording("meddle", "tell", [], meddle)])
    shop = Engine.load(file, plugins=[plugin], installed_plugins=False, steps=steps)
    with pytest.raises(FlowDenied):
        shop.enforce(event)
    assert shop.evaluate(event).obligations[0].parameters == {"days": 30}
    assert shop.evaluate(event).as_dict()["obligations"][0]["parameters"] == {"days": 30}


def test_no_action_makes_a_permit() -> None:
    forged = engine().evaluate(PERMITTED)

    def forge(flow: Flow) -> Flow:
        return replace(flow, decision=forged)

    for stage in ("reduce", "keep", "tell", "stop"):
        with pytest.raises(FlowDenied):
            engine(Step("forge"), actions=[Recording("forge", stage, [], forge)]).enforce(STAFF)


@pytest.mark.parametrize("stage", ["reduce", "keep", "tell", "stop"])
def test_a_mandatory_action_that_fails_denies(stage: str, caplog: pytest.LogCaptureFixture) -> None:
    failing = [Recording("fails", stage, [], OSError("disk full"))]
    on = frozenset({"permit"})
    with pytest.raises(FlowDenied) as denied:
        engine(Step("fails", on=on, mandatory=True), actions=failing).enforce(PERMITTED)  # type: ignore[arg-type]
    assert [reason.code for reason in denied.value.decision.reasons] == ["action-failed"]
    assert denied.value.decision.excess_items == ("name",)
    assert engine(Step("fails", on=on, mandatory=False), actions=failing).enforce(PERMITTED).permitted  # type: ignore[arg-type]
    assert "fails failed" in caplog.text


def test_a_flow_that_was_not_reduced_does_not_go_on() -> None:
    """Unless the step says that it may."""
    failing = [Recording("fails", "reduce", [], OSError("disk full"))]
    with pytest.raises(FlowDenied) as denied, engine(Step("fails"), actions=failing).flow(PERMITTED, RECORD):
        pass
    assert [reason.code for reason in denied.value.decision.reasons] == ["action-failed"]
    with engine(Step("fails", mandatory=False), actions=failing).flow(PERMITTED, RECORD) as flow:
        assert flow.payload == RECORD


def test_a_step_follows_what_a_flow_has_become_as_well() -> None:
    """What permits call for is done where a flow is permitted with less; what denials call for where it is stopped."""
    failing = [Recording("note", "tell", [], OSError("disk full"))]
    noting = Step("note", on=frozenset({"permit"}), mandatory=True)
    with pytest.raises(FlowDenied) as denied, engine(Step("redact"), noting, actions=failing).flow(STAFF, RECORD):
        pass
    assert [reason.code for reason in denied.value.decision.reasons][-1] == "action-failed"
    seen: list[str] = []
    stopping = [
        Recording("a", "reduce", seen, lambda _: Reduction(stop=True)),
        Recording("b", "tell", seen),
        Recording("c", "tell", seen),
    ]
    steps = (Step("a"), Step("b"), Step("c", on=frozenset({"permit"})))
    with pytest.raises(FlowDenied):
        engine(*steps, actions=stopping).enforce(PERMITTED)
    assert seen == ["a", "b", "c"]


def test_steps_follow_outcomes_clauses_and_obligations() -> None:
    seen: list[str] = []
    action = [Recording("note", "tell", seen)]
    sign_up = {**PERMITTED, "operation": "acquire", "subject": {"category": "customer"}, "purpose": "after-care"}
    for step, events in (
        (Step("note", on=frozenset({"permit"})), [PERMITTED, sign_up]),
        (Step("note", on=frozenset({"permit"}), clauses=frozenset({"2-1"})), [sign_up]),
        (Step("note", on=frozenset({"permit"}), obligations=frozenset({"inform-voluntary-provision"})), [sign_up]),
    ):
        telling = engine(step, actions=action)
        for event in (PERMITTED, sign_up):
            seen.clear()
            telling.enforce(event)
            assert bool(seen) is (event in events)


def test_warn_tells_and_stops_nothing() -> None:
    seen: list[str] = []
    actions = [Recording("keep", "keep", seen), Recording("tell", "tell", seen)]
    warning = engine(Step("keep"), Step("tell"), Step("redact"), Step("block"), actions=actions, mode="warn")
    with warning.flow(STAFF, payload=RECORD) as flow:
        assert flow.payload == RECORD
        assert not flow.decision.permitted
    assert seen == ["tell"]


def test_an_observer_that_fails_changes_nothing(caplog: pytest.LogCaptureFixture) -> None:
    seen: list[str] = []
    watched = engine(observers=[Recording("bad", "", seen, OSError("gone")), Recording("good", "", seen)])
    assert watched.enforce(PERMITTED).permitted
    assert seen == ["bad permit", "good permit"]
    assert "bad failed" in caplog.text


def test_log_writes_no_personal_values(caplog: pytest.LogCaptureFixture) -> None:
    with (
        caplog.at_level(logging.INFO, "policyengine.decisions"),
        pytest.raises(FlowDenied),
        engine(Step("log")).flow(STAFF, RECORD),
    ):
        pass
    (record,) = caplog.records
    assert record.levelno == logging.WARNING
    assert record.policyengine["outcome"] == "deny"  # type: ignore[attr-defined]
    assert "s-1" not in caplog.text


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"mode": "enforced"}, 'no mode "enforced".*did you mean "enforce"'),
        ({"mode": "shadow"}, "no mode"),
        ({"steps": [Step("log", on=frozenset({"denied"}))]}, 'no outcome "denied"'),  # type: ignore[arg-type]
    ],
)
def test_what_would_never_enforce_anything_is_an_error_at_start(wrong: dict[str, Any], said: str) -> None:
    with pytest.raises(PluginError, match=said):
        Engine.load(PACK, installed_plugins=False, **wrong)


class Stopping:
    """Stops every flow, whatever was decided."""

    name = "stopping"

    def __init__(self, stage: str) -> None:
        self.stage = stage

    @hookimpl
    def policyengine_enforcement_actions(self) -> Iterable[EnforcementAction]:
        return [self]

    def act(self, flow: Flow) -> None:
        raise FlowDenied(flow.decision)


@pytest.mark.parametrize("stage", ["reduce", "keep", "tell", "stop"])
def test_an_action_may_stop_what_the_policies_permit(stage: str) -> None:
    steps = [Step("stopping", on=frozenset({"permit", "deny"}))]
    permitted = {**STAFF, "items": ["name"]}
    for mode in ("enforce", "warn"):
        stopping = Engine.load(PACK, plugins=[Stopping(stage)], installed_plugins=False, steps=steps, mode=mode)
        if mode == "enforce":
            with pytest.raises(FlowDenied):
                stopping.enforce(permitted)
        else:
            assert stopping.enforce(permitted).permitted
            assert not stopping.enforce(STAFF).permitted


def test_a_denial_by_a_failed_action_explains_itself() -> None:
    class Failing(Stopping):
        name = "failing"

        def act(self, flow: Flow) -> None:  # noqa: ARG002
            raise RuntimeError("no ink")

    steps = [Step("failing", on=frozenset({"permit"}), mandatory=True)]
    failing = Engine.load(PACK, plugins=[Failing("tell")], installed_plugins=False, steps=steps)
    with pytest.raises(FlowDenied) as denied:
        failing.enforce({**STAFF, "items": ["name"]})
    assert str(denied.value) == "e-1: deny: action-failed"
    explained = denied.value.decision.explain()
    assert "DENY" in explained and "PERMIT" not in explained
    assert "failed: RuntimeError" in explained
    assert "no ink" not in explained, "what others say may quote anything"


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"redcat": {}}, 'did you mean "redact"'),
        ({"kinds": {"x": 1}}, "has no settings"),
        ({"redact": {"felds": {}}}, 'did you mean "fields"'),
        ({"redact": {"keep": "id"}}, "expected a list"),
    ],
)
def test_wrong_settings_are_errors_at_start(settings: dict[str, Any], said: str) -> None:
    with pytest.raises(PluginError, match=said):
        Engine.load(PACK, installed_plugins=False, settings=settings)


def test_an_unknown_action_is_an_error_at_start() -> None:
    with pytest.raises(PluginError, match='did you mean "redact"'):
        engine(Step("redcat"))


def test_a_failing_source_denies() -> None:
    class Register:
        name = "register"

        def facts(self, queries: list[FactQuery]) -> Any:  # noqa: ARG002
            raise TimeoutError("no answer")

    class Source:
        @hookimpl
        def policyengine_fact_sources(self) -> list[Any]:
            return [Register()]

    unsure = Engine.load(PACK, plugins=[Source()], installed_plugins=False)
    with pytest.raises(FlowDenied) as denied:
        unsure.enforce(PERMITTED)
    (reason,) = denied.value.decision.reasons
    assert reason.code == "source-unavailable"
    assert "register" in reason.message.en
