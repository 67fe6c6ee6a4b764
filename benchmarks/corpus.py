"""The events that are decided, and the check that both sides answer them alike."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import handwritten

from policyengine import Decision, Engine, Event

ROOT = Path(__file__).parent.parent
PACK = ROOT / "rules" / "alc-smart-learning"
SHOP = ROOT / "rules" / "online-shop"


@dataclass(frozen=True)
class Case:
    """One event in each of its forms, and what kind of decision it gets."""

    mapping: dict[str, Any]
    line: bytes
    event: Event
    ready: handwritten.Ready
    group: str


def cases(engine: Engine) -> list[Case]:
    """Return every well-formed event of the conformance vectors (default readings) and of the month's examples."""
    return [
        Case(mapping, line, Event.from_mapping(mapping), ready, _group(decision, mapping))
        for mapping, line, ready, decision in _agreed(engine, _mappings())
    ]


def stream(engine: Engine, found: list[Case], count: int, recipients: int) -> list[Case]:
    """Return `count` events made of `found` in turn, no two with the same person, second or recipient.

    Parties that the policy names stay themselves.

    Args:
        engine: decides them, for the check.
        found: what they are made of.
        count: how many.
        recipients: how many other recipients there are; `count` where each event has one of its own.
    """
    made = []
    for number in range(count):
        source = found[number % len(found)].mapping
        made.append(_varied(source, f"{number:06}", f"{number % recipients:06}", number // len(found)))
    return [
        Case(mapping, line, Event.from_mapping(mapping), ready, _group(decision, mapping))
        for mapping, line, ready, decision in _agreed(engine, made)
    ]


def _mappings() -> Iterator[dict[str, Any]]:
    for file in sorted((ROOT / "tests" / "conformance").glob("*.jsonl")):
        for line in file.read_text(encoding="utf-8").splitlines():
            vector = json.loads(line)
            if not vector["readings"]:
                yield vector["event"]
    for line in (ROOT / "examples" / "alc-month.jsonl").read_bytes().splitlines():
        try:
            found = json.loads(line)
        except ValueError:  # some of the month's events are malformed on purpose
            continue
        if isinstance(found, dict):
            yield found


def _agreed(
    engine: Engine, mappings: Iterator[dict[str, Any]] | list[dict[str, Any]]
) -> Iterator[tuple[dict[str, Any], bytes, handwritten.Ready, Decision]]:
    """Yield the well-formed events, each after the check that all forms of both sides give one answer."""
    for mapping in mappings:
        decision = engine.evaluate(mapping)
        if decision.outcome == "invalid":
            continue
        line = json.dumps(mapping, ensure_ascii=False).encode()
        expected = said(decision)
        if said(engine.evaluate_json(line)) != expected:
            raise SystemExit(f"the engine decides a dict and its JSON differently: {line.decode()}")
        ready = handwritten.from_mapping(mapping)
        for form in (ready, handwritten.from_json(line)):
            if (answer := said_by_hand(form)) != expected:
                raise SystemExit(
                    f"engine and hand-written function differ on {line.decode()}\n"
                    f"  engine:       {expected}\n  hand-written: {answer}"
                )
        yield mapping, line, ready, decision


def said(decision: Decision) -> tuple[object, ...]:
    """Return what both sides say: outcome, clauses, obligations, permitted and excess items."""
    return (
        decision.outcome,
        decision.clauses,
        tuple(obligation.id for obligation in decision.obligations),
        decision.permitted_items,
        decision.excess_items,
    )


def said_by_hand(event: handwritten.Ready) -> tuple[object, ...]:
    """Return the same, as the hand-written function says it."""
    ruling, permitted, excess = handwritten.decide(event)
    return (ruling.outcome, ruling.clauses, ruling.obligations, permitted, excess)


def _group(decision: Decision, mapping: Mapping[str, Any]) -> str:
    codes = {reason.code for reason in decision.reasons}
    if "no-governing-policy" in codes:
        return "denied: no policy governs"
    if "unknown-term" in codes:
        return "denied: unknown term"
    facts = "with facts" if mapping.get("facts") else "without facts"
    return f"{'permitted' if decision.permitted else 'denied'}, {facts}"


def _varied(source: Mapping[str, Any], person: str, party: str, seconds: int) -> dict[str, Any]:
    """Return the event of `source` with its persons and other parties renamed alike, `seconds` later."""
    names = {*_named(source, "subject", "id"), *(str(fact.get("subject", "")) for fact in source.get("facts", ()))}
    parties = {*_named(source, "recipient", "id")}
    for fact in source.get("facts", ()):
        parties.update(fact.get("recipients", ()), (fact.get("party", ""),))
    renamed = {name: f"{name}-{person}" for name in names}
    renamed.update({name: f"{name}-{party}" for name in parties - names - {"", *_JOINT_USERS}})
    made = json.loads(json.dumps(source))
    made["id"] = f"{source['id']}-{person}"
    made["time"] = (datetime.fromisoformat(source["time"]) + timedelta(seconds=seconds)).isoformat()
    for holder, key in ((made["subject"], "id"), (made.get("recipient", {}), "id")):
        if key in holder:
            holder[key] = renamed.get(holder[key], holder[key])
    for fact in made.get("facts", ()):
        for key in ("subject", "party"):
            if key in fact:
                fact[key] = renamed.get(fact[key], fact[key])
        if "recipients" in fact:
            fact["recipients"] = [renamed.get(name, name) for name in fact["recipients"]]
    return made


def _named(source: Mapping[str, Any], holder: str, key: str) -> list[str]:
    found = source.get(holder, {}).get(key)
    return [found] if found else []


_JOINT_USERS = ("alc-learning-systems", "alc", "ntt-learning-systems", "alc-education")
