"""Assertions for embedding projects: a decision is what is expected, or the failure says why not."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from policyengine import Engine, Event
from policyengine.testing import assert_denies, assert_permits

ROOT = Path(__file__).parents[2]
EVENT: dict[str, Any] = {
    "id": "e-1",
    "time": "2026-11-24T09:00:00+09:00",
    "operation": "acquire",
    "subject": {"category": "customer"},
    "items": ["name", "mobile_email"],
    "purpose": "after-care",
}
UNLISTED = {**EVENT, "purpose": "publicity"}


@pytest.fixture(scope="module")
def engine() -> Engine:
    return Engine.load(ROOT / "rules" / "alc-smart-learning", installed_plugins=False)


def test_what_is_so_passes_and_returns_the_decision(engine: Engine) -> None:
    assert assert_permits(engine, EVENT).clauses == ("2-1",)
    assert_permits(engine, Event.from_mapping(EVENT), clauses=["2-1"], obligations=["inform-voluntary-provision"])
    denied = assert_denies(engine, UNLISTED, reasons={"not-permitted"}, excess_items=("mobile_email", "name"))
    assert denied.outcome == "deny"


def test_another_outcome_is_shown_with_the_event_and_why(engine: Engine) -> None:
    with pytest.raises(AssertionError) as caught:
        assert_permits(engine, UNLISTED)
    lines = str(caught.value).splitlines()
    assert lines[0] == "outcome: expected permit, actual deny"
    assert '  "purpose": "publicity"' in lines
    assert any(line.startswith("e-1  DENY  clauses: 2-1") for line in lines)


def test_every_unmet_expectation_is_shown(engine: Engine) -> None:
    with pytest.raises(AssertionError) as caught:
        assert_denies(engine, Event.from_mapping(EVENT), clauses=["5", "4"], permitted_items=["name"])
    assert str(caught.value).splitlines()[:3] == [
        "outcome: expected deny, actual permit",
        "clauses: expected [4, 5], actual [2-1]",
        "permitted items: expected [name], actual [mobile_email, name]",
    ]


def test_an_invalid_event_is_neither_permitted_nor_denied(engine: Engine) -> None:
    broken = {**EVENT, "items": []}
    for expects in (assert_permits, assert_denies):
        with pytest.raises(AssertionError, match=r"actual invalid[\s\S]*\$\.items"):
            expects(engine, broken)


def test_what_cannot_be_expected_is_told(engine: Engine) -> None:
    with pytest.raises(TypeError, match=r'"clause".*did you mean "clauses"'):
        assert_permits(engine, EVENT, clause=["2-1"])
    with pytest.raises(TypeError, match="clauses expects a list"):
        assert_permits(engine, EVENT, clauses="2-1")


BLOCKED = "import sys; sys.modules['hypothesis'] = None; "


def run(code: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)


def test_assertions_need_no_hypothesis() -> None:
    done = run(BLOCKED + "from policyengine.testing import assert_permits, assert_denies")
    assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.parametrize("name", ["events", "never", "history", "policies", "suites", "malformed"])
def test_what_needs_hypothesis_says_how_to_get_it(name: str) -> None:
    done = run(BLOCKED + f"from policyengine.testing import {name}")
    assert done.returncode == 1
    said = f"ImportError: policyengine.testing.{name} needs hypothesis; install dataflow-policyengine[testing]"
    assert said in done.stderr


def test_a_name_that_there_is_not_is_an_ordinary_error() -> None:
    done = run("from policyengine.testing import evnts")
    assert "ImportError: cannot import name 'evnts'" in done.stderr


def test_every_name_is_there() -> None:
    import policyengine.testing as public  # noqa: PLC0415

    assert list(public.__all__) == sorted(public.__all__)
    for name in public.__all__:
        assert getattr(public, name) is not None
    assert set(public.__all__) <= set(dir(public))
