"""The two packs, their examples, and what is expected of these, as the tests of packs read them."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

from policyengine import Decision, Engine

ROOT = Path(__file__).parents[2]


class Example(NamedTuple):
    """One line of an example file, and the line of its expectations that belongs to it."""

    line: str
    expected: dict[str, Any]


class Examples(NamedTuple):
    """A pack, its engine under the default readings, and the events that are shown of it."""

    pack: Path
    engine: Engine
    file: Path
    examples: tuple[Example, ...]

    def event(self, name: str) -> dict[str, Any]:
        """Return the event of that id, as JSON data."""
        line = next(example.line for example in self.examples if example.expected["event"] == name)
        found: dict[str, Any] = json.loads(line)
        return found


def read_examples(pack: str, stem: str) -> Examples:
    """Read the events of `examples/<stem>.jsonl` and what is expected of each."""
    file = ROOT / "examples" / f"{stem}.jsonl"
    lines = file.read_text(encoding="utf-8").splitlines()
    expected = json_lines(file.with_suffix(".expected.jsonl"))
    examples = tuple(Example(*pair) for pair in zip(lines, expected, strict=True))
    path = ROOT / "rules" / pack
    return Examples(path, Engine.load(path, installed_plugins=False), file, examples)


def json_lines(file: Path) -> list[dict[str, Any]]:
    """Return the objects of a JSONL file."""
    return [json.loads(line) for line in file.read_text(encoding="utf-8").splitlines()]


def summary(decision: Decision | Mapping[str, Any]) -> dict[str, Any]:
    """Return what an expectation says of a decision."""
    found = decision.as_dict() if isinstance(decision, Decision) else decision
    if found["outcome"] == "invalid":
        return {
            "event": found["event"],
            "outcome": "invalid",
            "errors": sorted({error["path"] for error in found["errors"]}),
        }
    return {
        "event": found["event"],
        "outcome": found["outcome"],
        "permitted_items": found["permitted_items"],
        "excess_items": found["excess_items"],
        "clauses": found["clauses"],
        "obligations": [duty["id"] for duty in found["obligations"]],
        "codes": sorted({reason["code"] for reason in found["reasons"]}),
    }
