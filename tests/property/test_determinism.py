"""The same policies and the same event give the same decision, whatever the order of rules, items, facts and files."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from policyengine import Decision, Engine
from policyengine.language.build import policy_of
from policyengine.language.pack import Pack
from policyengine.language.source import Document
from policyengine.model.policy import Policy
from property.decided import decided
from strategies import cases, events_of, kinds, policy_data, policy_from, standard

ROOT = Path(__file__).parents[2]
DECIDE = """
import json, sys
from policyengine import Engine
engine = Engine.load(sys.argv[1])
for line in open(sys.argv[2], encoding="utf-8"):
    decision = engine.evaluate(json.loads(line)["event"])
    print(decision.to_json().decode())
    print(decision.explain(lang="ja"))
"""


def substance(decision: Decision) -> dict[str, Any]:
    """The decision but for the digest of its policy, and with its items in no order."""
    found = decision.as_dict()
    return {
        **found,
        "permitted_items": sorted(found["permitted_items"]),
        "excess_items": sorted(found["excess_items"]),
        "policies": [],
    }


@given(policy_data(), st.data())
def test_whatever_the_order_of_rules(written: dict[str, Any], data: st.DataObject) -> None:
    policy = policy_from(written)
    shuffled = [
        {
            key: data.draw(st.permutations(value)) if isinstance(value, list) else value
            for key, value in data.draw(st.permutations(sorted(clause.items())))
        }
        for clause in data.draw(st.permutations(written["clause"]))
    ]
    other = policy_from({**written, "clause": shuffled})
    event = data.draw(events_of(policy))
    assert substance(Engine([policy]).evaluate(event)) == substance(Engine([other]).evaluate(event))


@given(policy_data(), st.integers(0, 6), st.booleans(), st.data())
def test_whatever_the_files_and_their_order(
    written: dict[str, Any], first: int, turned: bool, data: st.DataObject
) -> None:
    policy = policy_from(written)
    files = (
        Document("one.toml", "", {**written, "clause": written["clause"][:first]}),
        Document("two.toml", "", {"clause": written["clause"][first:]}),
    )
    pack = Pack(Path("generated"), files[::-1] if turned else files, (standard(),))
    other = policy_of(pack, kinds(), {}, trusted=True)
    event = data.draw(events_of(policy))
    assert substance(Engine([policy]).evaluate(event)) == substance(Engine([other]).evaluate(event))


@given(cases(), st.data())
def test_whatever_the_order_of_items_and_facts(case: tuple[Policy, dict[str, Any]], data: st.DataObject) -> None:
    policy, event = case
    known = event.get("facts", [])
    other = {
        **event,
        "items": data.draw(st.permutations(event["items"])),
        "facts": [*data.draw(st.permutations(known)), *known],
    }
    one, two = Engine([policy]).evaluate(event), Engine([policy]).evaluate(other)
    ordered = ("permitted_items", "excess_items")
    for name in ordered:
        assert set(getattr(one, name)) == set(getattr(two, name))
    assert {**decided(one), **dict.fromkeys(ordered)} == {**decided(two), **dict.fromkeys(ordered)}


@given(cases())
def test_whatever_was_asked_before(case: tuple[Policy, dict[str, Any]]) -> None:
    policy, event = case
    engine = Engine([policy])
    one, other, fresh = engine.evaluate(event), engine.evaluate(event), Engine([policy]).evaluate(event)
    assert one == other == fresh
    assert (one != other) is False
    assert hash(one) == hash(fresh)


def strange_events() -> list[dict[str, Any]]:
    """Events with more that is wrong or unknown than is ever told."""
    event: dict[str, Any] = {
        "id": "e",
        "time": "2026-11-24T09:00:00+09:00",
        "operation": "use",
        "subject": {"category": "customer"},
        "items": ["name"],
        "purpose": "after-care",
    }
    many = [f"word-{number}" for number in range(60)]
    to = {"id": "mailer-kk", "service": "communication"}
    consent = {"type": "consent", "operations": ["provide"]}
    return [
        {**event, "items": many},
        {**event, "items": ["name"], "purpose": "other", "subject": {"category": "nobody"}, "form": "paper"},
        {**event, "operation": "provide", "recipient": to, "facts": [{**consent, "items": many}]},
        {**event, "operation": "provide", "recipient": to, "facts": [{**consent, "purposes": many, "items": many}]},
        {**event, **dict.fromkeys(many, 1)},
        {**event, "facts": [{"type": word} for word in many]},
        {**event, "facts": [{**consent, **dict.fromkeys(many, 1)}]},
        {**event, "items": many, "attributes": dict.fromkeys(many, 1)},
    ]


def test_whatever_the_process(tmp_path: Path) -> None:
    """Sets of words are walked in another order by every process; no message or order may follow it."""
    vectors = tmp_path / "events.jsonl"
    told = [{"event": event} for event in strange_events()]
    lines = (ROOT / "tests" / "conformance" / "open-world.jsonl").read_text("utf-8").splitlines()[::4]
    vectors.write_text("\n".join([*lines, *map(json.dumps, told), ""]), "utf-8")
    pack = ROOT / "rules" / "alc-smart-learning"
    printed = [
        subprocess.run(
            [sys.executable, "-c", DECIDE, str(pack), str(vectors)],
            env={**os.environ, "PYTHONHASHSEED": seed, "PYTHONIOENCODING": "utf-8"},
            capture_output=True,
            check=True,
        ).stdout
        for seed in ("1", "2", "3")
    ]
    assert json.loads(printed[0].splitlines()[0])["event"] == "v-000"
    assert printed[0] == printed[1] == printed[2]
