"""Law: every decision is valid under the JSON Schema of decisions, as data and as a line of JSON."""

from __future__ import annotations

import json
import logging
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from hypothesis import given
from hypothesis import strategies as st

from language.marked_packs import BASE
from model.flows import LEFT_OUT, VALID, changed
from policyengine import Decision, Engine, hookimpl
from policyengine.model.flow_schema import decision_schema

ROOT = Path(__file__).parents[2]
REFERENCE = ROOT / "rules" / "alc-smart-learning"
REASON = {
    **dict.fromkeys(("policy", "clause", "rule")),
    "code": "x",
    "items": [],
    "open": [],
    "message": {"ja": "x", "en": "x"},
}
VECTORS = [json.loads(line) for line in (ROOT / "tests/conformance/open-world.jsonl").read_text("utf-8").splitlines()]
SCHEMA = jsonschema.Draft202012Validator(decision_schema())


def hold(decision: Decision) -> dict[str, Any]:
    """Hold a decision to its schema, and return its line of JSON, read again."""
    found: dict[str, Any] = json.loads(decision.to_json())
    assert found == decision.as_dict()
    SCHEMA.validate(found)
    SCHEMA.validate(decision.as_dict())
    return found


@pytest.fixture(scope="session")
def engine() -> Engine:
    return Engine.load(REFERENCE, installed_plugins=False)


def test_the_decisions_on_all_vectors() -> None:
    engines: dict[str, Engine] = {}
    outcomes = set()
    for vector in VECTORS:
        key = json.dumps(vector["readings"], sort_keys=True)
        if key not in engines:
            engines[key] = Engine.load(REFERENCE, readings=vector["readings"], installed_plugins=False)
        found = hold(engines[key].evaluate(vector["event"]))
        for policy in found["policies"]:
            assert policy.get("readings", {}) == engines[key].policies[0].other_readings
        outcomes.add(found["outcome"])
    assert outcomes == {"permit", "deny"}


CASES: dict[str, Any] = {
    "a permit": VALID,
    "an unknown purpose": changed(purpose="unheard-of"),
    "an unknown item": changed(items=["name", "unheard-of"]),
    "unknown terms in all places": changed(
        {"subject.category": "?", "recipient.service": "?", "facts.0": {"type": "notice", "purposes": ["?"]}},
        items=["?"],
        purpose="?",
        form="?",
        origin="?",
    ),
    "an unknown controller": changed(controller="somebody"),
    "before the policy": changed(time="2000-01-01T00:00:00Z"),
    "no facts": changed(facts=[]),
    "a hundred items": changed(items=[f"item-{number}" for number in range(100)]),
    "no id": changed(id=LEFT_OUT),
    "an empty id": changed(id=""),
    "an id that cannot be written": changed(id="\ud800"),
    "a key that cannot be written": changed({"\ud800": "\udfff"}),
    "nothing right": dict.fromkeys(VALID, 5),
    "nothing": {},
    "no mapping": None,
    "no text": changed({"attributes.campaign": object()}),
    "a term with every sort of character": changed(purpose='\0\n"\\\u2028😀'),
}


@pytest.mark.parametrize("event", CASES.values(), ids=CASES.keys())
def test_odd_cases(engine: Engine, event: Any) -> None:
    hold(engine.evaluate(event))


@pytest.mark.parametrize("line", ["", "null", "[]", "{", '{"id": "e-001"}', '"\\ud800"', "[" * 100_000], ids=range(7))
def test_odd_lines(engine: Engine, line: str) -> None:
    hold(engine.evaluate_json(line))


def test_several_policies(tmp_path: Path) -> None:
    pack = tmp_path / "anybody.toml"
    text = BASE.replace('governs = ["shop"]', 'governs = "anyone"')
    pack.write_text(text, encoding="utf-8")
    layered = Engine.load(REFERENCE, pack, readings={"client-window": "direct-only"}, installed_plugins=False)
    found = hold(layered.evaluate(changed(attributes={})))
    assert [policy["id"] for policy in found["policies"]] == ["alc-smart-learning", "shop"]
    assert found["outcome"] == "deny"
    assert all(clause.startswith("shop:") for clause in found["clauses"])


class Source:
    """A fact source with a fault."""

    name = "register"

    def __init__(self, answer: Any) -> None:
        self.answer = answer

    @hookimpl
    def policyengine_fact_sources(self) -> list[Source]:
        return [self]

    def facts(self, queries: Any) -> Any:
        if isinstance(self.answer, Exception):
            raise self.answer
        return [self.answer for _ in queries]


@pytest.mark.parametrize(
    ("answer", "code"),
    [
        (OSError("\ud800 gone"), "source-unavailable"),
        ([{"type": "vetting"}], "source-invalid"),
        ([{"type": "vetting", "party": "\ud800"}], "source-invalid"),
        ([5], "source-invalid"),
        (5, "source-unavailable"),
    ],
    ids=["it fails", "a malformed fact", "a fact that cannot be written", "no fact", "no list"],
)
def test_a_fact_source_that_fails(answer: Any, code: str, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.CRITICAL, logger="policyengine.gather")  # a worker of pytest cannot hand on such a text
    engine = Engine.load(REFERENCE, plugins=[Source(answer)], installed_plugins=False)
    found = hold(engine.evaluate(VALID))
    assert found["outcome"] == "deny"
    assert [reason["code"] for reason in found["reasons"]] == [code]


PARAMETERS = """\
ja = "知らせる"
en = "Tell them."
parameters = {days = 30, by = 2026-11-24T09:00:00+09:00, how = "mail", paid = 1.5, due = true}"""


def test_an_obligation_with_parameters_of_every_type(tmp_path: Path) -> None:
    pack = tmp_path / "shop.toml"
    text = BASE.replace('ja = "知らせる"\nen = "Tell them."', PARAMETERS)
    pack.write_text(
        text.replace('purposes = ["delivery"]', 'purposes = ["delivery"]\noblige = ["tell"]'), encoding="utf-8"
    )
    event = changed(controller="shop", operation="use", items=["name"], purpose="delivery", recipient=LEFT_OUT)
    found = hold(Engine.load(pack, installed_plugins=False).evaluate(event))
    assert found["obligations"][0]["parameters"] == {
        "days": 30,
        "by": "2026-11-24T09:00:00+09:00",
        "how": "mail",
        "paid": 1.5,
        "due": True,
    }


@given(st.data())
def test_law_whatever_an_event_says(engine: Engine, data: st.DataObject) -> None:
    vector = data.draw(st.sampled_from(VECTORS))["event"]
    field = data.draw(
        st.sampled_from(["operation", "purpose", "items", "subject", "recipient", "facts", "time", "origin"])
    )
    other = data.draw(st.sampled_from(VECTORS))["event"]
    event = {**vector, field: other[field]} if field in other else {k: v for k, v in vector.items() if k != field}
    hold(engine.evaluate(event))


WRONG: dict[str, Any] = {
    "a permit with excess": ("permit", {"excess_items": ["name"]}),
    "a permit with reasons": (
        "permit",
        {
            "reasons": [
                {
                    "code": "x",
                    "policy": None,
                    "clause": None,
                    "rule": None,
                    "items": [],
                    "open": [],
                    "message": {"ja": "x", "en": "x"},
                }
            ]
        },
    ),
    "a permit of nothing": ("permit", {"permitted_items": []}),
    "a permit without a clause": ("permit", {"clauses": []}),
    "a permit with errors": ("permit", {"errors": [{"path": "$", "message": {"ja": "x", "en": "x"}}]}),
    "a permit of no event": ("permit", {"event": None}),
    "a denial without excess": ("deny", {"excess_items": []}),
    "a denial without a reason": ("deny", {"reasons": []}),
    "a denial with an obligation": (
        "deny",
        {"obligations": [{"id": "x", "clause": "1", "parameters": {}, "message": {"ja": "x", "en": "x"}}]},
    ),
    "an invalid event without errors": ("invalid", {"errors": []}),
    "an invalid event that is permitted": ("invalid", {"permitted_items": ["name"]}),
    "another outcome": ("permit", {"outcome": "maybe"}),
    "an unknown field": ("permit", {"because": "x"}),
    "an outcome of another sort": ("deny", {"outcome": "permit"}),
    "a path that is none": ("invalid", {"errors": [{"path": "items", "message": {"ja": "x", "en": "x"}}]}),
    "one language": ("invalid", {"errors": [{"path": "$", "message": {"ja": "x", "en": ""}}]}),
    "an item twice": ("permit", {"permitted_items": ["name", "name"]}),
}


@pytest.mark.parametrize(("outcome", "changes"), WRONG.values(), ids=WRONG.keys())
def test_the_schema_refuses_what_is_no_decision(engine: Engine, outcome: str, changes: dict[str, Any]) -> None:
    events = {"permit": VALID, "deny": changed(facts=[]), "invalid": {}}
    found = hold(engine.evaluate(events[outcome]))
    assert found["outcome"] == outcome
    assert not SCHEMA.is_valid({**found, **changes})
    for name in found:
        assert not SCHEMA.is_valid({key: value for key, value in found.items() if key != name})
