"""A strategy of small test suites that state what given policies decide, in every way in which a suite can say it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from hypothesis import strategies as st
from hypothesis.strategies import DrawFn, SearchStrategy

from policyengine.engine.engine import Engine
from policyengine.language.readings import other_readings
from policyengine.model.policy import Policy
from policyengine.suite.case import EXPECTATIONS
from policyengine.suite.record import case_of
from policyengine.testing.flows import EventData, engine_of, events

_WAYS: Final = ("case", "base", "table")


def suites(of: Engine | Policy, *, packs: Sequence[str] = (".",), most: int = 4) -> SearchStrategy[dict[str, Any]]:
    """Return a strategy of small suites, as TOML has them, whose cases expect what the policies decide.

    So all their cases pass. They are written as cases, as variations of named events with named sets of facts, and as
    rows of tables.

    Args:
        of: the policies.
        packs: where the policies are, as the suite shall name them.
        most: how many events a suite has at most.
    """
    return _suites(engine_of(of), tuple(packs), most)


@st.composite
def _suites(draw: DrawFn, engine: Engine, packs: tuple[str, ...], most: int) -> dict[str, Any]:
    drawn = draw(st.lists(st.tuples(st.sampled_from(_WAYS), events(engine)), min_size=1, max_size=most))
    about: dict[str, Any] = {"policies": list(packs)}
    if readings := other_readings(engine.policies):
        about["readings"] = readings
    suite: dict[str, Any] = {"suite": about}
    for number, (way, event) in enumerate(drawn, start=1):
        _write(suite, way, number, event, engine)
    return suite


def _write(suite: dict[str, Any], way: str, number: int, event: EventData, engine: Engine) -> None:
    """Add an event to `suite`, with what is decided of it.

    Args:
        suite: the suite so far.
        way: how it is written, one of `_WAYS`.
        number: of the event in the suite.
        event: the event.
        engine: decides it.
    """
    case = case_of(f"{way} {number}", event, engine)
    del case["id"]  # a case has its name for it
    if way == "case":
        suite.setdefault("case", []).append(case)
        return
    flow, known = f"flow-{number}", f"facts-{number}"
    if "facts" in case:
        suite.setdefault("facts", {})[known] = case.pop("facts")
    facts = {"facts": [known]} if known in suite.get("facts", {}) else {}
    expected = {name: case.pop(name) for name in ("expect", *EXPECTATIONS) if name in case}
    name, items = case.pop("name"), case.pop("items")
    suite.setdefault("events", {})[flow] = case
    if way == "base":
        suite.setdefault("case", []).append({"name": name, "base": flow, "items": items, **facts, **expected})
    else:
        rows = {"columns": ["items", "expect"], "rows": [[items, expected.pop("expect")]]}
        suite.setdefault("table", []).append({"name": name, "base": flow, **facts, **expected, **rows})
