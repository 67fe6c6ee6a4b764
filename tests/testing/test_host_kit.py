"""What a host's own tests get: its engine with facts in memory, its flows, and a clock, as pytest runs them."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from policyengine import Engine, FlowDenied, PolicyError, Step, arg, moment
from policyengine.testing import FrozenClock, MemoryFacts, RecordedFlows, host_engine

pytest_plugins = ["pytester"]

PACK = Path(__file__).parents[2] / "rules" / "alc-smart-learning"
CONFIGURATION = f"""
policies = ["{PACK.as_posix()}"]

[[step]]
action = "redact"

[[step]]
action = "quarantine"
clauses = ["7"]

[plugins.redact.fields]
name = "name"

[plugins.records]
database = {{env = "NOT_SET_ANYWHERE"}}
"""
EVENT: dict[str, Any] = {
    "id": "e-1",
    "time": "2026-11-24T09:00:00+09:00",
    "operation": "use",
    "subject": {"category": "customer", "id": "c-1"},
    "items": ["name"],
    "purpose": "after-care",
}
STOP = {"type": "request", "kind": "stop_use", "subject": "c-1"}
TESTS = """
import pytest
from policyengine import FlowDenied, arg, Engine

EVENT = {
    "id": "e-1", "time": "2026-11-24T09:00:00+09:00", "operation": "use",
    "subject": {"category": "customer", "id": "c-1"}, "items": ["name"], "purpose": "after-care",
}

def test_a_request_denies(policyengine_engine, policyengine_facts, policyengine_flows):
    policyengine_facts.add(type="request", kind="stop_use", subject="c-1")
    with pytest.raises(FlowDenied):
        policyengine_engine().enforce(EVENT)
    assert policyengine_flows.only.codes == ("request-in-effect",)
    assert policyengine_flows.denied[0].clauses == ("7",)
    assert policyengine_flows.denied[0].kept is None

def test_the_next_one_begins_afresh(policyengine_engine, policyengine_flows, assert_permits):
    assert len(policyengine_flows) == 0
    with policyengine_engine().flow(EVENT, {"name": "Hanako", "other": 1}) as flow:
        assert flow.payload == policyengine_flows.only.payload == {"name": "Hanako"}
    assert_permits(EVENT, clauses=["2-1"])
    assert len(policyengine_flows) == 1

def test_guards_follow_the_clock(policyengine_engine, policyengine_flows, policyengine_clock):
    @policyengine_engine().guard(operation="use", subject={"category": "customer"}, items=["name"], purpose=arg("why"))
    def write(why):
        return why
    policyengine_clock.set("2026-11-24T09:00:00+09:00")
    write("after-care")
    policyengine_clock.forward(hours=1)
    write("after-care")
    assert [flow.event["time"][11:] for flow in policyengine_flows] == ["09:00:00+09:00", "10:00:00+09:00"]

def test_packs_are_still_packs(policyengine_engine):
    assert policyengine_engine() is policyengine_engine()
    assert policyengine_engine(PACK) is not policyengine_engine()

def test_that_fails(policyengine_engine, policyengine_flows):
    policyengine_engine().enforce(EVENT)
    policyengine_engine().enforce(EVENT)
    policyengine_flows.only
"""


def test_the_fixtures_of_a_project_with_a_configuration(pytester: pytest.Pytester) -> None:
    pytester.makefile(".toml", policyengine=CONFIGURATION)
    pytester.makeini("[pytest]\npolicyengine_config = policyengine.toml\npolicyengine_without = records quarantine\n")
    pytester.makepyfile(f"PACK = {str(PACK)!r}\n{TESTS}")
    done = pytester.runpytest("-p", "no:cacheprovider", "-p", "no:randomly")
    done.assert_outcomes(passed=4, failed=1)
    done.stdout.fnmatch_lines(["*AssertionError: 2 flows were enforced", "*permit use [[]2-1]", "*permit use [[]2-1]"])
    assert moment.now.__module__ == "policyengine.moment"


@pytest.fixture
def configuration(tmp_path: Path) -> Path:
    (tmp_path / "policyengine.toml").write_text(CONFIGURATION, "utf-8")
    return tmp_path / "policyengine.toml"


@pytest.fixture
def clock() -> Iterator[FrozenClock]:
    with FrozenClock(EVENT["time"]) as clock:
        yield clock


def test_what_tests_do_without_is_named_rightly(configuration: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(PolicyError, match="NOT_SET_ANYWHERE"):
        host_engine(configuration)
    with pytest.raises(PolicyError, match="quarantine"):  # a step whose action has gone with its plugin
        host_engine(configuration, without=["records"])
    monkeypatch.setenv("NOT_SET_ANYWHERE", f"sqlite:///{configuration.parent}/records.db")
    with pytest.raises(PolicyError, match='did you mean "records"'):
        host_engine(configuration, without=["quarantine", "record"])
    assert host_engine(configuration, without=["records", "quarantine"]).evaluate(EVENT).permitted


def test_facts_are_added_and_withdrawn(clock: FrozenClock) -> None:
    facts = MemoryFacts()
    engine = Engine.load(PACK, plugins=[facts], installed_plugins=False)
    assert engine.evaluate(EVENT).permitted
    facts.add(STOP)
    other = facts.add({**STOP, "subject": "c-2"})
    assert not engine.evaluate(EVENT).permitted
    clock.forward(hours=1)
    (ended,) = facts.withdraw(subject="c-1", kind="stop_use")
    assert ended["until"] == "2026-11-24T10:00:00+09:00" and "until" not in other
    assert not engine.evaluate(EVENT).permitted
    assert engine.evaluate({**EVENT, "time": clock.now()}).permitted
    with pytest.raises(LookupError, match="kind, subject") as raised:
        facts.withdraw(subject="c-1", kind="stop_use")
    assert "c-1" not in str(raised.value)


def test_a_malformed_fact_denies_as_that_of_any_source() -> None:
    facts = MemoryFacts()
    engine = Engine.load(PACK, plugins=[facts], installed_plugins=False)
    facts.add({**STOP, "kind": "stop_us"})
    assert [reason.code for reason in engine.evaluate(EVENT).reasons] == ["source-invalid"]


def test_flows_are_recorded_as_they_were_stated_and_as_they_ended() -> None:
    flows = RecordedFlows()
    settings = {"redact": {"fields": {"n": "name", "checkup": "health_checkup_result"}}}
    engine = Engine.load(PACK, plugins=[flows], installed_plugins=False, steps=[Step("redact")], settings=settings)
    employee = {
        **EVENT,
        "subject": {"category": "employee"},
        "purpose": "welfare",
        "items": [*settings["redact"]["fields"].values()],
    }
    with engine.flow(employee, {"n": "Hanako", "checkup": "B"}):
        pass
    for event in ({**EVENT, "purpose": "publicity"}, {**EVENT, "items": []}):
        with pytest.raises(FlowDenied):
            engine.enforce(event)
    (reduced,), (denied,), (invalid,) = flows.permitted, flows.denied, flows.invalid
    assert reduced.event["items"] == employee["items"] and reduced.payload == {"n": "Hanako"}
    assert (denied.codes, denied.clauses, denied.obligations) == (("not-permitted",), ("2-1",), ())
    assert (str(invalid), invalid.codes) == ("invalid use []", ())
    assert [flow.outcome for flow in flows] == ["permit", "deny", "invalid"]
    engine.evaluate(EVENT)
    assert len(flows) == 3
    flows.clear()
    with pytest.raises(AssertionError, match="0 flows"):
        _ = flows.only


def test_the_clock_is_set_back_when_it_ends() -> None:
    before = moment.now()
    with pytest.raises(RuntimeError), FrozenClock("2000-01-01T00:00:00Z"):
        assert moment.now() == "2000-01-01T00:00:00+00:00"
        raise RuntimeError
    assert moment.now() >= before
    with pytest.raises(ValueError, match="offset"):
        FrozenClock("2000-01-01T00:00:00")


@pytest.mark.usefixtures("clock")
def test_guards_have_the_time_of_the_clock() -> None:
    flows = RecordedFlows()
    engine = Engine.load(PACK, plugins=[flows], installed_plugins=False)

    @engine.guard(operation="use", subject={"category": "customer"}, items=["name"], purpose=arg("why"))
    def write(why: str) -> str:
        return why

    assert write("after-care") == "after-care"
    assert flows.only.event["time"] == EVENT["time"]
