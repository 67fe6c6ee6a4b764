"""Where decisions are logged, with which fields, and that no personal value is among them."""

from __future__ import annotations

import io
import json
import logging
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import structlog
from msgspec.structs import replace

from policyengine import Engine, Flow, FlowDenied, PluginError, Step
from policyengine.builtin.actions.log import Log

PACK = Path(__file__).parents[2] / "rules" / "alc-smart-learning"
STAFF: dict[str, Any] = {
    "id": "e-1",
    "time": "2026-11-24T09:00:00+09:00",
    "operation": "use",
    "subject": {"category": "employee", "id": "subject-of-it"},
    "items": ["name", "health_checkup_result"],
    "purpose": "health-management",
}
RECORD = {"id": "subject-of-it", "full_name": "Hanako Yamada", "checkup": "personal-value"}
FIELDS = {
    "outcome": "deny",
    "clauses": ["2-4"],
    "reasons": ["prohibited"],
    "obligations": [],
    "mode": "enforce",
    "kept": None,
    "shadow": None,
    "first": None,
}


def engine(mode: Any = "enforce", **settings: Any) -> Engine:
    steps = [Step("log", on=frozenset({"permit", "deny", "invalid"}))]
    return Engine.load(PACK, installed_plugins=False, settings={"log": settings}, steps=steps, mode=mode)


@pytest.fixture
def written() -> Iterator[io.StringIO]:
    """What structlog writes, configured as a host would."""
    text = io.StringIO()
    structlog.configure(
        processors=[structlog.processors.add_log_level, structlog.processors.JSONRenderer()],
        logger_factory=structlog.WriteLoggerFactory(text),
    )
    yield text
    structlog.reset_defaults()


def test_a_flow_that_goes_on_redacted_is_told_with_what_had_been_decided(caplog: pytest.LogCaptureFixture) -> None:
    steps = [Step("log", on=frozenset({"permit", "deny"})), Step("redact")]
    redact = {"redact": {"fields": {"full_name": "name", "checkup": "health_checkup_result"}}}
    redacting = Engine.load(PACK, installed_plugins=False, settings=redact, steps=steps)
    with caplog.at_level("INFO", "policyengine.decisions"), redacting.flow(STAFF, RECORD) as flow:
        assert flow.payload == {"full_name": "Hanako Yamada"}
    (record,) = caplog.records
    fields = record.policyengine  # type: ignore[attr-defined]
    assert (fields["outcome"], fields["first"]) == ("permit", {"outcome": "deny", "clauses": ["2-4"]})


def lines(text: io.StringIO) -> list[dict[str, Any]]:
    return [json.loads(line) for line in text.getvalue().splitlines()]


@pytest.fixture(autouse=True)
def unconfigured() -> Iterator[None]:
    structlog.reset_defaults()
    yield
    structlog.reset_defaults()


def deny(one: Engine) -> None:
    with pytest.raises(FlowDenied), one.flow(STAFF, RECORD):
        pass


def test_records_of_logging(caplog: pytest.LogCaptureFixture) -> None:
    """structlog is there, but nobody has configured it."""
    with caplog.at_level(logging.INFO, "policyengine.decisions"):
        deny(engine())
        with engine().flow({**STAFF, "items": ["name"]}, RECORD):
            pass
        with pytest.raises(FlowDenied):
            engine().enforce({"id": "e-2"})
    denied, permitted, invalid = caplog.records
    assert [record.name for record in caplog.records] == ["policyengine.decisions"] * 3
    assert [record.levelno for record in caplog.records] == [logging.WARNING, logging.INFO, logging.WARNING]
    assert denied.getMessage() == "deny e-1 [2-4]"
    assert denied.policyengine == {"event": "e-1", **FIELDS}  # type: ignore[attr-defined]
    assert permitted.policyengine["outcome"] == "permit"  # type: ignore[attr-defined]
    assert invalid.policyengine["event"] == "e-2"  # type: ignore[attr-defined]


def test_records_of_structlog(written: io.StringIO, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.INFO):
        deny(engine())
        with engine(mode="warn").flow({**STAFF, "items": ["name"]}, RECORD):
            pass
    denied, permitted = lines(written)
    assert denied == {"event": "decision", "event_id": "e-1", "level": "warning", **FIELDS}
    assert (permitted["level"], permitted["outcome"], permitted["mode"]) == ("info", "permit", "warn")
    assert not caplog.records


@pytest.mark.parametrize(
    "wrapper", [structlog.BoundLogger, structlog.stdlib.BoundLogger, structlog.make_filtering_bound_logger(30)]
)
def test_every_structlog_logger_will_do(wrapper: Any, caplog: pytest.LogCaptureFixture) -> None:
    structlog.configure(
        processors=[structlog.stdlib.add_logger_name, structlog.processors.JSONRenderer()],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=wrapper,
    )
    deny(engine(logger="office.decisions"))
    (record,) = caplog.records
    assert (record.name, record.levelno) == ("office.decisions", logging.WARNING)
    assert json.loads(record.getMessage()) == {
        "event": "decision",
        "logger": "office.decisions",
        "event_id": "e-1",
        **FIELDS,
    }


def test_a_host_may_configure_structlog_after_the_engine(
    written: io.StringIO, caplog: pytest.LogCaptureFixture
) -> None:
    structlog.reset_defaults()
    one = engine()
    deny(one)
    assert (len(caplog.records), lines(written)) == (1, [])
    structlog.configure(
        processors=[structlog.processors.JSONRenderer()], logger_factory=structlog.WriteLoggerFactory(written)
    )
    deny(one)
    assert (len(caplog.records), len(lines(written))) == (1, 1)


def test_a_host_may_say_which(written: io.StringIO, caplog: pytest.LogCaptureFixture) -> None:
    deny(engine(through="logging"))
    assert (len(caplog.records), lines(written)) == (1, [])
    caplog.clear()
    deny(engine(through="structlog"))
    assert (len(caplog.records), len(lines(written))) == (0, 1)
    with pytest.raises(PluginError, match=r"log\.through: .*structlog"):
        engine(through="stdout")


def test_structlog_goes_without_being_configured_where_it_is_asked_for(
    capsys: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
) -> None:
    deny(engine(through="structlog"))
    assert "decision" in capsys.readouterr().out
    assert not caplog.records


WITHOUT = """
import logging, sys

class Absent:  # what an import finds where structlog is not installed
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] == "structlog":
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)

sys.meta_path.insert(0, Absent())
from policyengine import Engine, FlowDenied, PluginError, Step

logging.basicConfig(stream=sys.stdout, format="%(message)s")
steps = [Step("log")]
try:
    Engine.load(sys.argv[1], installed_plugins=False, steps=steps).enforce({"id": "e-1"})
except FlowDenied:
    pass
try:
    Engine.load(sys.argv[1], installed_plugins=False, steps=steps, settings={"log": {"through": "structlog"}})
except PluginError as error:
    print(error)
"""


def test_where_structlog_is_not_installed() -> None:
    done = subprocess.run(
        [sys.executable, "-c", WITHOUT, str(PACK)], capture_output=True, text=True, check=True, encoding="utf-8"
    )
    first, second = done.stdout.splitlines()
    assert first == "invalid e-1 []"
    assert "structlog is not installed" in second


@pytest.mark.parametrize("through", ["logging", "structlog"])
def test_what_became_of_a_flow_is_told_and_nothing_personal(
    through: Any, written: io.StringIO, caplog: pytest.LogCaptureFixture
) -> None:
    decision = engine().evaluate(STAFF)
    shadow = engine().evaluate({**STAFF, "items": ["name"]})
    flow = Flow(STAFF, decision, [RECORD], "enforce", "q-1", shadow)
    Log("policyengine.decisions", through).act(flow)
    Log("policyengine.decisions", through).act(replace(flow, shadow=decision))
    told = lines(written) if through == "structlog" else [record.__dict__["policyengine"] for record in caplog.records]
    assert [(fields["kept"], fields["shadow"]) for fields in told] == [("q-1", "permit"), ("q-1", "deny")]
    everything = written.getvalue() + repr([record.__dict__ for record in caplog.records])
    assert "e-1" in everything
    for value in (*RECORD.values(), "employee", "health"):
        assert value not in everything
