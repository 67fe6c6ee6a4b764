"""Every example is decided as expected, and together they meet every clause of their pack both ways."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections import Counter, defaultdict

import pytest

from packs.shown import ROOT, Examples, json_lines, summary
from policyengine import Engine
from policyengine.model.condition import ALWAYS, NEVER
from policyengine.model.rule import Duty, Permit, Replacement, Restriction


def test_every_event_is_decided_as_expected(shown: Examples) -> None:
    wrong = [
        (example.expected, found)
        for example in shown.examples
        if (found := summary(shown.engine.evaluate_json(example.line))) != example.expected
    ]
    assert not wrong


def test_the_command_line_decides_the_same_in_the_same_order(shown: Examples) -> None:
    command = [sys.executable, "-m", "policyengine", "evaluate", str(shown.pack), "--events", str(shown.file)]
    run = subprocess.run([*command, "--format", "jsonl"], capture_output=True, text=True, encoding="utf-8", check=False)
    assert run.returncode == 2, run.stderr
    decided = [summary(json.loads(line)) for line in run.stdout.splitlines()]
    assert decided == [example.expected for example in shown.examples]


def test_a_believable_number_of_events_of_every_outcome(month: Examples, week: Examples) -> None:
    for shown, least in ((month, 60), (week, 25)):
        outcomes = Counter(example.expected["outcome"] for example in shown.examples)
        assert outcomes.total() >= least
        assert min(outcomes["permit"], outcomes["deny"]) >= least // 3
        assert outcomes["invalid"] >= 4


def test_other_readings_change_these_events_and_no_others(month: Examples) -> None:
    changed: dict[str, dict[str, dict[str, object]]] = defaultdict(dict)
    for line in json_lines(month.file.with_suffix(".readings.jsonl")):
        readings = line.pop("readings")
        changed[json.dumps(readings)][line["event"]] = line
    (policy,) = month.engine.policies
    others = {
        json.dumps({name: value})
        for name, reading in policy.readings.items()
        for value in reading.values
        if value != reading.default
    }
    assert set(changed) == others
    for readings, expected in changed.items():
        engine = Engine.load(month.pack, readings=json.loads(readings), installed_plugins=False)
        for example in month.examples:
            found = summary(engine.evaluate_json(example.line))
            assert found == expected.get(found["event"], example.expected), readings


Way = tuple[str, bool]


@pytest.fixture(scope="module")
def effects(shown: Examples) -> dict[str, dict[Way, set[str]]]:
    """For each rule, and each effect it had on an item that was (or was not) permitted, the events where it had it."""
    found: dict[str, dict[Way, set[str]]] = defaultdict(lambda: defaultdict(set))
    for example in shown.examples:
        expected = example.expected
        if expected["outcome"] == "invalid" or {"unknown-term", "no-governing-policy"} & set(expected["codes"]):
            continue
        for rule in shown.engine.explanation(json.loads(example.line)).considered:
            for item, effect in rule.effects.items():
                found[rule.rule][effect, item in expected["permitted_items"]].add(expected["event"])
    return found


def test_every_rule_is_met_both_ways(shown: Examples, effects: dict[str, dict[Way, set[str]]]) -> None:
    """What both ways are depends on what a rule does.

    One that permits: an item that it permitted went, and one that it is about and did not permit stayed; where it
    permits all that it is about, one that it permitted was stopped. One that restricts: it stopped an item, and, where
    anything lifts, satisfies or escapes it, that let one go over which it stood. One that replaces: under it one went
    and one stayed. A duty: it fell on an item that went.
    """
    unmet = []
    (policy,) = shown.engine.policies
    for rule in policy.rules:
        ways = effects[rule.head.id].keys()
        match rule:
            case Permit():
                stayed = "struck" if rule.terms == ALWAYS else "silent"
                met = {("permits", True), (stayed, False)} <= ways
            case Restriction():
                escapes = rule.unless != NEVER or rule.exempt != NEVER or rule.spares
                let_go = [effect for effect, went in ways if went]
                met = ("stops", False) in ways and bool(let_go or not escapes)
            case Replacement():
                met = {("replaces", True), ("replaces", False)} <= ways
            case Duty():
                met = ("obliges", True) in ways
        if not met:
            unmet.append((rule.head.id, sorted(ways)))
    assert not unmet


def readme_rows(events: str) -> dict[str, tuple[list[str], list[str]]]:
    """The README's table of events of this letter: for each clause, those permitted and those denied."""
    text = (ROOT / "examples" / "README.md").read_text(encoding="utf-8")
    rows = re.findall(
        rf"^\| `([^`]+)` \| ((?:{events}-\d{{3}} ?)*)\| ((?:{events}-\d{{3}} ?)+)\|$", text, flags=re.MULTILINE
    )
    return {clause: (permitted.split(), denied.split()) for clause, permitted, denied in rows}


def test_the_readme_shows_every_clause_both_ways(shown: Examples, effects: dict[str, dict[Way, set[str]]]) -> None:
    """What shows a clause.

    An event that cites it (a denial cites the clause of which it is a case), or that has an obligation that it asks,
    or a purpose that it defines; and a permitted one over which one of its restrictions stood, to no avail.
    """
    (policy,) = shown.engine.policies
    expected = {example.expected["event"]: example.expected for example in shown.examples}
    rows = readme_rows(shown.examples[0].expected["event"][0])
    for number, clause in policy.clauses.items():
        if clause.organisational is not None:
            assert number not in rows
            continue
        permitted, denied = rows[number]
        cases = {case.number for case in policy.clauses.values() if case.case_of == number}
        duties = {duty.id for duty in policy.obligations.values() if duty.clause == number}
        escaped = {
            event
            for rule in policy.rules
            if rule.head.clause == number and isinstance(rule, Restriction)
            for (_, went), events in effects[rule.head.id].items()
            if went
            for event in events
        }
        assert bool(permitted) is not clause.ground
        for event in permitted:
            found = expected[event]
            assert found["outcome"] == "permit", event
            assert (
                {number, *cases} & set(found["clauses"])
                or duties & set(found["obligations"])
                or shown.event(event).get("purpose") in clause.defines.get("purposes", ())
                or event in escaped
            ), (number, event)
        assert denied
        for event in denied:
            found = expected[event]
            assert found["outcome"] == "deny", event
            cited = {number, clause.case_of} & set(found["clauses"])
            assert cited or shown.event(event).get("purpose") in clause.defines.get("purposes", ()), (number, event)
