"""The changelog lists what is decided otherwise than before, with an event each: it is decided so."""

from __future__ import annotations

import json
import re
from typing import Any

from packs.shown import ROOT, json_lines
from policyengine import Decision, Engine

FOLDER = ROOT / "examples" / "decided-otherwise"
EXPECTED = {line["event"]: line for line in json_lines(FOLDER / "expected.jsonl")}


def written() -> dict[str, str]:
    """Return the events that the changelog can name, a line each, by their ids."""
    found = {}
    for file in (FOLDER / "alc.jsonl", FOLDER / "shop.jsonl", ROOT / "examples" / "alc-month.jsonl"):
        for line in file.read_text("utf-8").splitlines():
            if name := re.search(r'"id": "([ams]-\d+)', line):
                found[name[1]] = line
    for vector in json_lines(ROOT / "tests" / "conformance" / "open-world.jsonl"):
        if str(vector["event"].get("id")).startswith("x-"):
            found[vector["event"]["id"]] = json.dumps(vector["event"])
    return found


def said(decision: Decision) -> dict[str, Any]:
    return {"outcome": decision.outcome, "clauses": list(decision.clauses)}


def test_each_event_is_decided_as_is_said_and_as_before_under_a_reading_that_keeps_that() -> None:
    lines = written()
    for name, expected in EXPECTED.items():
        pack = ROOT / expected["pack"]
        assert said(Engine.load(pack).evaluate_json(lines[name])) == expected["now"], name
        if "kept_by" in expected:
            engine = Engine.load(pack, readings=expected["kept_by"])
            assert said(engine.evaluate_json(lines[name])) == expected["was"], name


def test_the_changelog_names_these_events_and_no_others() -> None:
    text = (ROOT / "CHANGELOG.md").read_text("utf-8").split("### Changed")[1].split("\n### ")[0]
    assert set(re.findall(r"`([amsx]-\d+)", text)) == set(EXPECTED)
