"""Decisions and errors are values: copied and pickled they are equal, and say what they say."""

from __future__ import annotations

import copy
import importlib
import pickle
import pkgutil
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from types import ModuleType
from typing import Any, Final

import pytest

import policyengine
import policyengine_asgi
import policyengine_records
import policyengine_telemetry
from policyengine import Decision, Engine, FlowDenied, InvalidEvent, PolicyError
from policyengine.errors import ConfigurationError, EventError, Fault, Place, PluginError, PolicyEngineError, Problem
from policyengine.model.decision import read_decision
from policyengine.suite.case import Case, Difference, Result
from policyengine.text import Text

ROOT = Path(__file__).parents[2]
WHY = Text(ja="わけ", en="why")
PERMITTED: Final[dict[str, Any]] = {
    "id": "e-1",
    "time": "2026-11-24T09:00:00+09:00",
    "operation": "use",
    "subject": {"category": "customer"},
    "items": ["name"],
    "purpose": "after-care",
}
DENIED: Final = {**PERMITTED, "id": "e-2", "purpose": "statistics", "items": ["name", "blood_type"]}
INVALID: Final = {**PERMITTED, "id": "e-3", "items": []}
OBLIGED: Final = {**PERMITTED, "id": "e-4", "operation": "disclose"}
EVENTS: Final = (PERMITTED, DENIED, INVALID, OBLIGED)


@pytest.fixture(scope="module")
def engine() -> Engine:
    return Engine.load(ROOT / "rules" / "alc-smart-learning")


def modules() -> Iterator[ModuleType]:
    """Every module of the package and of its plugins."""
    for package in (policyengine, policyengine_asgi, policyengine_records, policyengine_telemetry):
        for found in pkgutil.walk_packages(package.__path__, f"{package.__name__}."):
            if not found.name.endswith("__main__"):
                yield importlib.import_module(found.name)


def error_classes() -> list[type[Exception]]:
    found = {
        value
        for module in modules()
        for value in vars(module).values()
        if isinstance(value, type) and issubclass(value, Exception) and value.__module__ == module.__name__
    }
    return sorted(found, key=lambda error: (error.__module__, error.__name__))


CLASSES: Final = error_classes()


def denial(event: dict[str, Any] = DENIED) -> Decision:
    return Engine.load(ROOT / "rules" / "alc-smart-learning").evaluate(event)


def failed_case() -> Result:
    case = Case("name", DENIED, {"outcome": "permit"}, Place("some.test.toml", 3, 1), (Path("pack"),), {"a": "b"})
    return Result(case, denial(), (Difference("outcome", "permit", "deny"),), 0.5)


MADE: Final[dict[str, Callable[[type[Any]], Exception]]] = {
    "PolicyError": lambda error: error(
        [Problem("no-policy", WHY, Place("a.toml", 2, 1), WHY), Problem("file-missing", WHY)]
    ),
    "ConfigurationError": lambda error: error([Fault("unknown-mode", ("step", 1, "on"), WHY, WHY)]),
    "InvalidEvent": lambda error: error([EventError("$.items", WHY), EventError("$.id", WHY)], "e-1"),
    "FlowDenied": lambda error: error(denial(), "q-1"),
    "CaseFailed": lambda error: error(failed_case()),
    **dict.fromkeys(("RecordsError", "RecordsUnavailable"), lambda error: error("why", "わけ")),
}
"""How errors are made whose class takes anything but a message."""

SIGNALS: Final = {
    "CaseFailed",
    "CutOff",
    "JobFailed",
    "Problems",
    "UnreviewedCase",
    "_NoJson",
    "_NothingThere",
    "_ReaderGone",
    "_TooMuch",
}
"""What no caller of the package ever sees: they carry a result or a message from one function to another."""


def made(error: type[Exception]) -> Exception:
    return MADE.get(error.__name__, lambda some: some("why"))(error)


def twins(value: Any) -> Iterator[Any]:
    if isinstance(value, Decision):
        yield read_decision(value.to_json())
    yield copy.copy(value)
    yield copy.deepcopy(value)
    for protocol in range(2, pickle.HIGHEST_PROTOCOL + 1):
        yield pickle.loads(pickle.dumps(value, protocol))


def test_the_search_finds_the_errors() -> None:
    assert {PolicyError, PluginError, ConfigurationError, InvalidEvent, FlowDenied} <= set(CLASSES)
    assert {error.__name__ for error in CLASSES} >= SIGNALS | set(MADE)


@pytest.mark.parametrize("error", CLASSES, ids=lambda error: error.__name__)
def test_an_error_is_a_value(error: type[Exception]) -> None:
    """Of every class there is: who adds one and gives it arguments of its own says in `MADE` how it is made."""
    one = made(error)
    one.add_note("where it was")
    for twin in twins(one):
        assert type(twin) is error and twin is not one
        assert (twin.args, twin.__notes__) == (one.args, one.__notes__)
        assert isinstance(one, FlowDenied) or str(twin) == str(one)
        if error.__name__ not in SIGNALS:
            assert twin == one and hash(twin) == hash(one)
            assert {one, twin} == {one}


@pytest.mark.parametrize("error", CLASSES, ids=lambda error: error.__name__)
def test_what_callers_see_is_of_the_one_tree(error: type[Exception]) -> None:
    assert (error.__name__ in SIGNALS) is not issubclass(error, PolicyEngineError)


def test_errors_that_hold_something_else_are_others() -> None:
    assert PluginError("a") != PluginError("b")
    assert PluginError("a") != PolicyEngineError("a")
    assert PluginError("a") != "a"
    assert FlowDenied(denial(), "q-1") != FlowDenied(denial(), "q-2")
    assert FlowDenied(denial()) != FlowDenied(denial({**DENIED, "items": ["name"]}))
    alike = [PolicyError([Problem("code", Text(ja=ja, en="why"))]) for ja in ("わけ", "他")]
    assert str(alike[0]) == str(alike[1]) and alike[0] != alike[1]
    assert InvalidEvent([EventError("$", WHY)], "e-1") != InvalidEvent([EventError("$", WHY)], "e-2")


@pytest.mark.parametrize("event", EVENTS, ids=lambda event: event["id"])
def test_a_decision_is_a_value(event: dict[str, Any], engine: Engine) -> None:
    one = engine.evaluate(event)
    for twin in twins(one):
        assert twin == one and hash(twin) == hash(one)
        assert twin.as_dict() == one.as_dict() and twin.to_json() == one.to_json()
    assert one == engine.evaluate(event)
    for other in EVENTS:
        assert (engine.evaluate(other) == one) is (other is event)


def test_a_copy_explains_as_before_and_a_pickle_says_what_it_holds(engine: Engine) -> None:
    for event in EVENTS:
        one = engine.evaluate(event)
        for lang in ("ja", "en"):
            assert copy.copy(one).explain(lang) == copy.deepcopy(one).explain(lang) == one.explain(lang)
            said = pickle.loads(pickle.dumps(one)).explain(lang).splitlines()
            assert set(said) <= set(one.explain(lang).splitlines()), "what a pickle says is a part of the explanation"
            for word in (event["id"], *one.clauses, *one.excess_items, *(error.path for error in one.errors)):
                assert any(word in line for line in said)
            for text in (
                *(reason.message for reason in one.reasons),
                *(duty.message for duty in one.obligations),
                *(error.message for error in one.errors),
            ):
                assert any(text.say(lang) in line for line in said)


def _enforced(event: dict[str, Any]) -> None:
    Engine.load(ROOT / "rules" / "alc-smart-learning").enforce(event)


def test_a_denial_comes_out_of_another_process(engine: Engine) -> None:
    with ProcessPoolExecutor(1) as pool:
        error = pool.submit(_enforced, DENIED).exception()
    assert error == FlowDenied(engine.evaluate(DENIED))
    assert str(error).startswith("e-2: deny: ")
