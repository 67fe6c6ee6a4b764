"""From events and today's decisions to a suite: something to start from, to be read and then trusted."""

from __future__ import annotations

import itertools
from collections.abc import Collection, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import tomli_w

from policyengine.engine.engine import Engine
from policyengine.language.disk import put_in_place
from policyengine.language.readings import other_readings
from policyengine.language.source import read
from policyengine.model.fields import EVENT_KEYS
from policyengine.suite.case import actual
from policyengine.text import visible


def case_of(name: str, event: Mapping[str, Any], engine: Engine) -> dict[str, Any]:
    """Return a case that expects of `event` what `engine` decides: outcome, clauses, and what belongs to it.

    Args:
        name: the case's name.
        event: the event as JSON has it; what TOML cannot say of it (null) is left out.
        engine: decides it.
    """
    decision = engine.evaluate(event)
    case: dict[str, Any] = {"name": name, **{f: _toml(event[f]) for f in EVENT_KEYS if event.get(f) is not None}}
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


def sayable(event: Mapping[str, Any]) -> bool:
    """Whether a case can say this very event: a suite gives every event an id, and has no null and no other field."""
    facts = event.get("facts", [])
    return (
        "id" in event
        and set(event) <= set(EVENT_KEYS)
        and isinstance(facts, list)
        and all(isinstance(fact, Mapping) for fact in facts)
        and not _has_null(event)
    )


def recorded(events: Iterable[Mapping[str, Any]], engine: Engine, policies: Sequence[str]) -> str:
    """Return a suite, as TOML, that expects of `events` what `engine` decides today, each case unreviewed.

    Args:
        events: as JSON has them, each `sayable`; each becomes a case named after its id, with a number where ids
            repeat.
        engine: decides them.
        policies: the packs, as the suite shall name them.
    """
    about: dict[str, Any] = {"policies": list(policies)}
    if chosen := other_readings(engine.policies):
        about["readings"] = chosen
    names: set[str] = set()
    cases = []
    for number, event in enumerate(events, 1):
        name = _unused(str(event.get("id") or f"event {number}"), names)
        names.add(name)
        cases.append(table_text("case", _unreviewed(case_of(name, event, engine))))
    return table_text("suite", about, listed=False) + "".join(f"\n{case}" for case in cases)


def appended(path: Path, case: Mapping[str, Any], policies: Sequence[str] = ()) -> None:
    """Add one case, unreviewed, at the end of a suite file, and leave what stands there as it is.

    Args:
        path: the file; it is made if it is not there.
        case: the case; its name gets a number where the suite has it already.
        policies: the packs that a new suite names; by default none, and it is about the pack beside it.

    Raises:
        PolicyError: what stands there cannot be read, or nothing can be written there.
    """
    text, names = "", set[str]()
    if path.exists():
        document = read(path)
        text = document.text
        names = {table["name"] for table in document.data.get("case", ())}
    elif policies:
        text = table_text("suite", {"policies": list(policies)}, listed=False)
    added = table_text("case", _unreviewed({**case, "name": _unused(case["name"], names)}))
    put_in_place(path, (text.rstrip("\n") + "\n\n" * bool(text) + added).encode(), private=True)


def table_text(name: str, table: Mapping[str, Any], *, listed: bool = True) -> str:
    """Return a table as people write it in a suite: a key a line, what is inside of it on that line.

    What nobody could see in a string is spelt out, and is the same string to TOML.

    Args:
        name: its name.
        table: what stands in it.
        listed: whether it is one of a list of such tables.
    """
    head = f"[[{name}]]" if listed else f"[{name}]"
    lines = (head, *(f"{_key(key)} = {_value(value)}" for key, value in table.items()), "")
    return visible("\n".join(lines), keep="\n")


def _unreviewed(case: Mapping[str, Any]) -> dict[str, Any]:
    """Return a case with the mark that a person takes away who has read it."""
    return {"name": case["name"], "reviewed": False, **{key: value for key, value in case.items() if key != "name"}}


def _value(value: Any) -> str:
    if isinstance(value, Mapping):
        return f"{{{', '.join(f'{_key(key)} = {_value(member)}' for key, member in value.items())}}}"
    if isinstance(value, list | tuple):
        return f"[{', '.join(map(_value, value))}]"
    return tomli_w.dumps({"x": value}).removeprefix("x = ").removesuffix("\n")


def _key(key: str) -> str:
    return tomli_w.dumps({key: 0}).removesuffix(" = 0\n")


def _unused(name: str, names: Collection[str]) -> str:
    """Return `name`, with the first number that makes it a new one where it is not."""
    numbered = (f"{name} ({number})" for number in itertools.count(2))
    return next(found for found in itertools.chain([name], numbered) if found not in names)


def _has_null(value: Any) -> bool:
    if isinstance(value, Mapping):
        return any(_has_null(member) for member in value.values())
    return value is None or (isinstance(value, list | tuple) and any(map(_has_null, value)))


def _toml(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {str(key): _toml(member) for key, member in value.items() if member is not None}
    if isinstance(value, list | tuple):
        return [_toml(member) for member in value if member is not None]
    return value
