"""Decisions in counters: by what they are told apart, exact under threads, and across reloads of an engine."""

from __future__ import annotations

import logging
import threading
from pathlib import Path
from typing import Any

import pytest

from policyengine import Step, hookimpl
from policyengine.errors import ConfigurationError
from telemetry_scenes import (
    COMMON,
    DENIED,
    EXCESSIVE,
    GOVERNED,
    INVALID,
    PERMITTED,
    STRICT,
    STRICTLY_DENIED,
    Telemetry,
    enforce,
    engine_with,
    in_order,
)

PERMITS = {**GOVERNED, "policyengine.outcome": "permit"}
DENIES = {**GOVERNED, "policyengine.outcome": "deny"}


def test_decisions_are_counted_by_outcome_mode_operation_and_controller(telemetry: Telemetry) -> None:
    engine = engine_with("count")
    using = {**PERMITTED, "operation": "use"}
    for event in (PERMITTED, PERMITTED, DENIED, INVALID, using):
        enforce(engine, event)
    enforce(engine_with("count", mode="warn"), DENIED)
    assert telemetry.counts("policyengine.decisions") == in_order(
        [
            (PERMITS, 2),
            (DENIES, 1),
            ({**COMMON, "policyengine.outcome": "invalid"}, 1),
            ({**PERMITS, "policyengine.operation": "use"}, 1),
            ({**DENIES, "policyengine.mode": "warn"}, 1),
        ]
    )


def test_a_controller_is_told_only_where_a_policy_governs_it(telemetry: Telemetry) -> None:
    engine = engine_with("count")
    unstated = {name: value for name, value in PERMITTED.items() if name != "controller"}
    for number in range(50):
        enforce(engine, {**PERMITTED, "controller": f"unknown-{number}"})
    engine.enforce(unstated)
    assert telemetry.counts("policyengine.decisions") == in_order(
        [({**COMMON, "policyengine.outcome": "deny"}, 50), ({**COMMON, "policyengine.outcome": "permit"}, 1)]
    )


def test_obligations_are_counted_by_their_ids(telemetry: Telemetry) -> None:
    engine = engine_with("count")
    for event in (PERMITTED, PERMITTED, DENIED):
        enforce(engine, event)
    assert telemetry.counts("policyengine.obligations") == [
        ({**PERMITS, "policyengine.obligation": "supervise-contractor"}, 2)
    ]


def test_clauses_are_told_only_when_asked_for(telemetry: Telemetry) -> None:
    engine = engine_with("count", settings={"metric_attributes": ["outcome", "clauses"]})
    for event in (PERMITTED, DENIED):
        enforce(engine, event)
    assert telemetry.counts("policyengine.decisions") == in_order(
        [
            ({"policyengine.outcome": "permit", "policyengine.clauses": ("2-1", "5(2)", "6")}, 1),
            ({"policyengine.outcome": "deny", "policyengine.clauses": ("6",)}, 1),
        ]
    )


def test_flows_that_shadow_policies_see_otherwise_are_counted(telemetry: Telemetry) -> None:
    engine = engine_with("count", **STRICT)
    for event in (PERMITTED, DENIED, INVALID, STRICTLY_DENIED, STRICTLY_DENIED):
        enforce(engine, event)
    assert telemetry.counts("policyengine.shadow.differences") == [
        ({**PERMITS, "policyengine.shadow.outcome": "deny"}, 2)
    ]


NUMBERED = """
[policy]
id = "numbered"
version = "1"
title = {ja = "番号", en = "Numbers"}
governs = ["alc-learning-systems"]

[vocabulary.attributes]
campaign = {type = "integer", ja = "番号", en = "a number"}
"""


def test_an_event_that_is_invalid_to_shadow_policies_alone_is_a_difference(
    telemetry: Telemetry, tmp_path: Path
) -> None:
    pack = tmp_path / "numbered.toml"
    pack.write_text(NUMBERED, "utf-8")
    engine_with("count", shadow=[pack]).enforce(PERMITTED)
    assert telemetry.counts("policyengine.shadow.differences") == [
        ({**PERMITS, "policyengine.shadow.outcome": "invalid"}, 1)
    ]


class Late:
    """An action that fails, after those that tell."""

    name = "late"
    stage = "tell"

    @hookimpl
    def policyengine_enforcement_actions(self) -> list[Any]:
        return [self]

    def act(self, flow: Any) -> None:
        raise RuntimeError(flow.decision.outcome)


@pytest.mark.parametrize("observed", [True, False])
def test_what_an_action_did_is_no_difference_of_policies(telemetry: Telemetry, observed: bool) -> None:
    fields = {"redact": {"fields": {"name": "name"}}}
    late = Step("late", on=frozenset({"permit"}), mandatory=True)
    steps, settings = ([], {"observe": ["count"]}) if observed else (["count"], {})
    reducing = engine_with(Step("redact"), *steps, settings=settings, others=fields, **STRICT)
    assert enforce(reducing, EXCESSIVE, {"name": "Hanako", "postal_address": "Tokyo"}) == "permit"
    failing = engine_with(late, *steps, plugins=(Late(),), settings=settings, **STRICT)
    assert enforce(failing, PERMITTED) == "stopped"
    assert sum(number for _, number in telemetry.counts("policyengine.decisions")) == 2
    assert telemetry.counts("policyengine.shadow.differences") == []


def test_an_action_counts_what_it_sees_and_an_observer_what_is_decided_in_the_end(telemetry: Telemetry) -> None:
    late = Step("late", on=frozenset({"permit"}), mandatory=True)
    for steps, settings, counted in ((["count"], {}, PERMITS), ([], {"observe": ["count"]}, DENIES)):
        engine = engine_with(*steps, late, plugins=(Late(),), settings=settings)
        assert enforce(engine, PERMITTED) == "stopped"
        assert telemetry.counts("policyengine.decisions") == [(counted, 1)]
        telemetry.clear()


def test_observers_are_told_of_every_enforced_decision_without_a_step(telemetry: Telemetry) -> None:
    engine = engine_with(settings={"observe": ["count", "trace"]})
    for event in (PERMITTED, DENIED, INVALID):
        enforce(engine, event)
        engine.evaluate(event)
    assert sum(number for _, number in telemetry.counts("policyengine.decisions")) == 3
    assert len(telemetry.spans()) == 3


def test_what_observes_is_no_action_as_well() -> None:
    with pytest.raises(ConfigurationError, match="count"):
        engine_with("count", settings={"observe": ["count"]})
    engine_with("trace", settings={"observe": ["count"]})


def test_installed_and_not_configured_it_tells_nothing(telemetry: Telemetry) -> None:
    enforce(engine_with(), PERMITTED)
    assert telemetry.spans() == []
    assert telemetry.metrics() == []


def test_threads_lose_no_count(telemetry: Telemetry) -> None:
    engine = engine_with("count", **STRICT)
    events = [PERMITTED, DENIED, STRICTLY_DENIED, INVALID]
    start = threading.Barrier(8)

    def handle() -> None:
        start.wait()
        for _ in range(50):
            for event in events:
                enforce(engine, event)

    threads = [threading.Thread(target=handle) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    found = {metric.name: metric.data.data_points for _, metric in telemetry.metrics()}
    decisions = {(point.attributes["policyengine.outcome"]): point.value for point in found["policyengine.decisions"]}
    assert decisions == {"permit": 800, "deny": 400, "invalid": 400}
    assert [point.value for point in found["policyengine.obligations"]] == [800]
    assert [point.value for point in found["policyengine.shadow.differences"]] == [400]


def test_engines_share_counters_and_one_from_before_the_sdk_counts(
    telemetry: Telemetry, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.WARNING, "opentelemetry"):
        for engine in (telemetry.early, engine_with("count", "trace"), engine_with("count", "trace")):
            engine.enforce(PERMITTED)
    assert telemetry.counts("policyengine.decisions") == [(PERMITS, 3)]
    assert len(telemetry.spans()) == 3
    assert not caplog.records


def test_counters_have_units_and_the_scope_of_the_settings(telemetry: Telemetry) -> None:
    engine_with("count", settings={"scope": "shop.privacy"}, **STRICT).enforce(STRICTLY_DENIED)
    assert sorted((scope, metric.name, metric.unit) for scope, metric in telemetry.metrics()) == [
        ("shop.privacy", "policyengine.decisions", "{decision}"),
        ("shop.privacy", "policyengine.obligations", "{obligation}"),
        ("shop.privacy", "policyengine.shadow.differences", "{decision}"),
    ]


@pytest.mark.parametrize(
    ("wrong", "says"),
    [
        ({"metric_attributes": ["event.id"]}, "metric_attributes.0"),
        ({"span_attributes": ["subject"]}, "span_attributes.0"),
        ({"observe": ["log"]}, "observe.0"),
        ({"scope": ""}, "scope"),
        ({"meter": "shop"}, "meter"),
    ],
)
def test_a_wrong_setting_is_an_error_at_start(wrong: dict[str, Any], says: str) -> None:
    with pytest.raises(ConfigurationError, match=says):
        engine_with(settings=wrong)
