"""Assertions for the tests of a project that embeds an engine."""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping
from typing import Any

from policyengine.engine.engine import Engine
from policyengine.errors import did_you_mean
from policyengine.model.decision import Decision
from policyengine.model.event import Event
from policyengine.suite.case import EXPECTATIONS, differences
from policyengine.text import visible


def assert_permits(engine: Engine, event: Mapping[str, Any] | Event, **expected: Collection[str]) -> Decision:
    """Assert that a flow is permitted, and return the decision.

    Args:
        engine: decides it.
        event: the flow.
        expected: what else is expected, as a suite's case says it: ``clauses``, ``obligations``, ``rules``; lists are
            compared without regard to order.
    """
    __tracebackhide__ = True
    return _assert(engine, event, "permit", expected)


def assert_denies(engine: Engine, event: Mapping[str, Any] | Event, **expected: Collection[str]) -> Decision:
    """Assert that a flow is denied, which an invalid event is not, and return the decision.

    A denial for which the rules were not read (``unknown-term``, ``no-governing-policy``, a fact source that failed)
    is none, unless ``reasons`` lists it.

    Args:
        engine: decides it.
        event: the flow.
        expected: what else is expected, as a suite's case says it: ``clauses``, ``reasons`` (their codes),
            ``excess_items``, ``permitted_items``, ``rules``; lists are compared without regard to order.
    """
    __tracebackhide__ = True
    return _assert(engine, event, "deny", expected)


def _assert(
    engine: Engine, event: Mapping[str, Any] | Event, outcome: str, expected: Mapping[str, Collection[str]]
) -> Decision:
    __tracebackhide__ = True
    for what, names in expected.items():
        if what not in EXPECTATIONS[1:]:
            hint = did_you_mean(what, EXPECTATIONS[1:])
            raise TypeError(f'nothing that can be expected is named "{what}"' + (f"; {hint.en}" if hint else ""))
        if isinstance(names, str):
            raise TypeError(f"{what} expects a list, not one string")
    decision = engine.evaluate(event)
    wanted: dict[str, Any] = {"outcome": outcome, **{what: sorted(names) for what, names in expected.items()}}
    if unmet := [visible(difference.text(decision).en) for difference in differences(wanted, decision)]:
        given = event.as_dict() if isinstance(event, Event) else event
        raise AssertionError("\n".join([*unmet, *told(given, decision)]))
    return decision


def told(event: Mapping[str, Any], decision: Decision) -> list[str]:
    """Return an event, a field a line, and the explanation of what was decided of it, as lines for people."""
    fields = [
        visible(f"  {json.dumps(name)}: {json.dumps(value, ensure_ascii=False, default=str)}")
        for name, value in event.items()
    ]
    return ["event: {", ",\n".join(fields), "}", decision.explain()]
