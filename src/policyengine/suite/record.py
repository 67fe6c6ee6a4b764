"""From events and today's decisions to a suite: something to start from, to be read and then trusted."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import tomli_w

from policyengine.engine import Engine
from policyengine.suite.case import actual
from policyengine.suite.schema import EVENT_FIELDS


def case_of(name: str, event: Mapping[str, Any], engine: Engine) -> dict[str, Any]:
    """Return a case that expects of `event` what `engine` decides: outcome, clauses, and what belongs to it.

    Args:
        name: the case's name.
        event: the event as JSON has it; what TOML cannot say of it (null) is left out.
        engine: decides it.
    """
    decision = engine.evaluate(event)
    case: dict[str, Any] = {"name": name, **{f: _toml(event[f]) for f in EVENT_FIELDS if event.get(f) is not None}}
    case["expect"] = decision.outcome
    if decision.outcome == "invalid":
        case["errors"] = actual(decision, "errors")
        return case
    case["clauses"] = actual(decision, "clauses")
    if decision.outcome == "deny":
        case["reasons"] = actual(decision, "reasons")
        if decision.permitted_items:
            case["permitted_items"] = actual(decision, "permitted_items")
    elif decision.obligations:
        case["obligations"] = actual(decision, "obligations")
    return case


def recorded(events: Iterable[Mapping[str, Any]], engine: Engine, policies: Sequence[str]) -> str:
    """Return a suite, as TOML, that expects of `events` what `engine` decides today.

    Args:
        events: as JSON has them; each becomes a case named after its id, with a number where ids repeat.
        engine: decides them.
        policies: the packs, as the suite shall name them.
    """
    cases: list[dict[str, Any]] = []
    names: dict[str, int] = {}
    for number, event in enumerate(events, 1):
        base = str(event.get("id") or f"event {number}")
        names[base] = names.get(base, 0) + 1
        name = base if names[base] == 1 else f"{base} ({names[base]})"
        cases.append(case_of(name, event, engine))
    about: dict[str, Any] = {"policies": list(policies)}
    chosen = {name: value for policy in engine.policies for name, value in policy.other_readings.items()}
    if chosen:
        about["readings"] = chosen
    return tomli_w.dumps({"suite": about, "case": cases})


def appended(path: Path, case: Mapping[str, Any]) -> None:
    """Add one case at the end of a suite file, and leave what stands there as it is."""
    text = path.read_text("utf-8") if path.exists() else ""
    path.write_text(text.rstrip("\n") + "\n\n" * bool(text) + tomli_w.dumps({"case": [dict(case)]}), "utf-8")


def _toml(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {str(key): _toml(member) for key, member in value.items() if member is not None}
    if isinstance(value, list | tuple):
        return [_toml(member) for member in value if member is not None]
    return value
