"""Events of a policy: valid, near the edge of what is permitted, or malformed, and readable once they are shrunk."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from hypothesis import Phase, find, given, settings
from hypothesis import strategies as st
from searches import found

from policyengine import Engine
from policyengine.model.flow_schema import event_schema
from policyengine.moment import instant
from policyengine.schema.names import is_name
from policyengine.testing import NearMiss, events, facts, malformed, near_misses, permitted, policies

ROOT = Path(__file__).parents[2]
PACKS = ("alc-smart-learning", "online-shop")
PHASES = [Phase.generate]
STATUTE = """
[policy]
id = "statute"
version = "1"
title = {ja = "法令", en = "statute"}
governs = "anyone"
from = 2020-01-01T00:00:00Z

[vocabulary.subjects]
member = {ja = "会員", en = "member"}
[vocabulary.items]
name = {ja = "氏名", en = "name"}
member_number = {ja = "会員番号", en = "member number"}
[vocabulary.purposes]
membership = {ja = "会員サービス", en = "member services"}
point-programme = {ja = "ポイント", en = "points"}
[vocabulary.attributes]
age = {type = "integer", ja = "本人の年齢", en = "age of the person"}

[[clause]]
number = "1"
summary = {ja = "会員の情報は会員のために使う", en = "Members' data serve members."}
[[clause.purpose-limitation]]
subjects = ["member"]
purposes = ["membership", "point-programme"]
attributes.age.at_least = 20
"""


@cache
def engine_of(pack: str) -> Engine:
    return Engine.load(ROOT / "rules" / pack, installed_plugins=False)


@cache
def schema_of(pack: str) -> jsonschema.Draft202012Validator:
    formats = jsonschema.FormatChecker(())
    formats.checks("id")(lambda value: not isinstance(value, str) or is_name(value))  # no pattern says NFC
    return jsonschema.Draft202012Validator(event_schema(engine_of(pack).fact_types.values()), format_checker=formats)


@pytest.fixture(scope="module")
def layered(tmp_path_factory: pytest.TempPathFactory) -> Engine:
    """The shop's policy under a statute that binds anyone."""
    statute = tmp_path_factory.mktemp("statute") / "policy.toml"
    statute.write_text(STATUTE, "utf-8")
    return Engine.load(ROOT / "rules" / "online-shop", statute, installed_plugins=False)


def in_time(fact: Mapping[str, Any], event: Mapping[str, Any]) -> bool:
    now = instant(event["time"])
    return ("from" not in fact or instant(fact["from"]) <= now) and (
        "until" not in fact or now < instant(fact["until"])
    )


@pytest.mark.parametrize("pack", PACKS)
def test_events_are_valid_and_in_the_vocabulary(pack: str) -> None:
    engine, schema = engine_of(pack), schema_of(pack)

    @given(events(engine))
    def search(event: dict[str, Any]) -> None:
        schema.validate(event)
        decision = engine.evaluate(event)
        assert decision.outcome != "invalid"
        assert "unknown-term" not in {reason.code for reason in decision.reasons}

    search()


@pytest.mark.parametrize("pack", PACKS)
def test_events_come_to_every_rule_on_both_sides(pack: str) -> None:
    engine = engine_of(pack)
    outcomes: set[str] = set()
    rules: set[str] = set()
    obligations: set[str] = set()
    times: set[bool] = set()

    @settings(max_examples=500, phases=PHASES)
    @given(events(engine))
    def search(event: dict[str, Any]) -> None:
        decision = engine.evaluate(event)
        outcomes.add(decision.outcome)
        rules.update(decision.rules)
        obligations.update(duty.id for duty in decision.obligations)
        times.update(in_time(fact, event) for fact in event.get("facts", ()))

    (policy,) = engine.policies
    written = {rule.head.id for rule in policy.rules} - {"2-1/obligation"}
    assert found(search, lambda: rules >= written and obligations == set(policy.obligations)), written - rules
    assert outcomes == {"permit", "deny"}
    assert times == {True, False}


@given(st.data())
def test_events_of_any_policy_are_valid(data: st.DataObject) -> None:
    engine = Engine([data.draw(policies()).policy])
    event = data.draw(events(engine))
    assert engine.evaluate(event).outcome != "invalid", event


def test_events_take_place_where_a_policy_governs(layered: Engine) -> None:
    """Two policies of one controller, one of them only from a date on: events are permitted by what governs then."""
    seen: set[tuple[str, ...]] = set()

    @settings(max_examples=300, phases=PHASES)
    @given(permitted(layered))
    def search(event: dict[str, Any]) -> None:
        seen.add(tuple(policy.id for policy in layered.evaluate(event).policies))

    both = {("kumo-shop", "statute"), ("statute",)}  # the statute is the older one
    assert found(search, lambda: seen == both), seen


def test_events_of_several_controllers_name_theirs() -> None:
    both = Engine([*engine_of(PACKS[0]).policies, *engine_of(PACKS[1]).policies])
    governed: set[str] = set()

    @given(permitted(both))
    def search(event: dict[str, Any]) -> None:
        governed.add(event["controller"])

    assert found(search, lambda: governed == {"alc-learning-systems", "kumo-shop"}), governed


def test_a_wish_is_kept_with_the_kinds_of_its_terms() -> None:
    engine = engine_of("alc-smart-learning")
    wish = {"operation": ["use", "entrust"], "items": "health_information", "subject.category": "customer"}
    items: set[str] = set()

    @given(events(engine, when=wish))
    def search(event: dict[str, Any]) -> None:
        assert event["operation"] in ("use", "entrust")
        assert event["subject"]["category"] in ("customer", "applicant")
        items.update(event["items"])

    every = {"health_information", "health_checkup_result", "stress_check_result", "medical_certificate"}
    assert found(search, lambda: items == every), items


def test_a_wish_that_makes_no_sense_is_told() -> None:
    engine = engine_of("alc-smart-learning")
    with pytest.raises(ValueError, match=r'no field "item".*did you mean "items"'):
        events(engine, when={"item": "name"})
    with pytest.raises(ValueError, match=r'no policy knows "individual_numer".*did you mean "individual_number"'):
        permitted(engine, when={"items": ["individual_numer"]})
    with pytest.raises(ValueError, match="no value is listed for purpose"):
        near_misses(engine, when={"purpose": []})
    with pytest.raises(ValueError, match='facts of type "consnt"'):
        facts(engine, types=["consnt"])


@pytest.mark.parametrize("pack", PACKS)
def test_permitted_events_are_permitted_by_every_permit(pack: str) -> None:
    engine = engine_of(pack)
    clauses: set[str] = set()

    @settings(max_examples=250, phases=PHASES)
    @given(permitted(engine))
    def search(event: dict[str, Any]) -> None:
        decision = engine.evaluate(event)
        assert decision.permitted
        clauses.update(decision.clauses)

    (policy,) = engine.policies
    permitting = {rule.head.clause for rule in policy.rules if hasattr(rule, "licence")}
    assert found(search, lambda: clauses >= permitting), permitting - clauses


@pytest.mark.parametrize("pack", PACKS)
def test_a_near_miss_is_one_field_off_a_permitted_flow(pack: str) -> None:
    engine, schema = engine_of(pack), schema_of(pack)
    fields: set[str] = set()

    @settings(max_examples=200, phases=PHASES)
    @given(near_misses(engine))
    def search(miss: NearMiss) -> None:
        schema.validate(miss.event)
        assert engine.evaluate(miss.event).outcome == "deny"
        assert engine.evaluate(miss.permitted).permitted
        changed = {name for name in {*miss.event, *miss.permitted} if miss.event.get(name) != miss.permitted.get(name)}
        # Another operation may need a recipient or a purpose that the old one did without.
        assert changed - ({"recipient", "purpose"} if miss.field == "operation" else set()) == {
            miss.field.split(".")[0]
        }
        fields.add(miss.field)

    every = {"operation", "subject.category", "items", "purpose", "recipient.id", "facts", "time"}
    assert found(search, lambda: fields >= every), every - fields


@pytest.mark.parametrize("pack", PACKS)
def test_malformed_events_are_invalid_for_the_engine_and_the_schema(pack: str) -> None:
    engine, schema = engine_of(pack), schema_of(pack)
    declared = {name for name, attribute in engine.attributes.items() if attribute}
    paths: set[str] = set()

    @settings(max_examples=150, phases=PHASES)
    @given(malformed(engine))
    def search(event: dict[str, Any]) -> None:
        decision = engine.evaluate(event)
        assert decision.outcome == "invalid"
        # The schema of events knows no attributes that a policy declares; the engine does.
        # Nor can a schema hold one time of an event against another.
        late = any(error.path == "$.acquired" for error in decision.errors)
        assert late or not schema.is_valid(event) or declared & set(event["attributes"])
        paths.update(error.path.split("[")[0] for error in decision.errors)

    every = {"$.id", "$.time", "$.operation", "$.subject", "$.items", "$.purpose", "$.facts", "$.attributes"}
    assert found(search, lambda: paths >= every), every - paths


@pytest.mark.parametrize("pack", PACKS)
def test_facts_are_well_formed_and_of_every_type(pack: str) -> None:
    engine = engine_of(pack)
    types: set[str] = set()

    @given(facts(engine))
    def search(fact: dict[str, Any]) -> None:
        assert not list(engine.fact_types[fact["type"]].errors(fact, "$"))
        types.add(fact["type"])

    assert found(search, lambda: types == set(engine.fact_types)), types


def test_facts_of_some_types_agree_with_an_event() -> None:
    engine = engine_of("alc-smart-learning")
    event = {
        "id": "e-1",
        "time": "2026-11-24T09:00:00+09:00",
        "operation": "provide",
        "subject": {"category": "inquirer"},
        "items": ["inquiry_content"],
        "purpose": "statistics",
        "recipient": {"id": "research-kk"},
    }
    fact = find(
        facts(engine, types=["consent"], event=event),
        lambda fact: engine.evaluate({**event, "facts": [fact]}).permitted and {"recipients", "from"} <= fact.keys(),
        settings=settings(max_examples=1000),
    )
    assert fact["recipients"] == ["research-kk"]
    assert fact["from"] <= "2026-11-24T00:00:00Z"


def shrunk(wanted: Any) -> dict[str, Any]:
    return find(events(engine_of("alc-smart-learning")), wanted, settings=settings(max_examples=3000))


def test_an_event_shrinks_to_few_fields_and_short_ids() -> None:
    engine = engine_of("alc-smart-learning")
    event = shrunk(lambda event: event["operation"] == "entrust" and engine.evaluate(event).permitted)
    assert event.keys() == {"id", "time", "operation", "subject", "items", "purpose", "recipient", "facts"}
    assert event["id"] == "e-1"
    assert event["time"] == "2014-01-01T00:00:00Z"
    assert event["subject"].keys() == {"category"}
    assert event["items"] == ["name"]
    assert event["recipient"]["id"] == "somebody"
    assert {"type": "vetting", "party": "somebody"} in event["facts"]
    assert len(event["facts"]) <= 3


def test_a_fact_out_of_its_time_shrinks_to_that() -> None:
    engine = engine_of("alc-smart-learning")

    def lapsed(event: dict[str, Any]) -> bool:
        """Denied, and permitted if only the vetting were in effect."""
        facts = event.get("facts", [])
        timeless = [{name: v for name, v in fact.items() if name not in ("from", "until")} for fact in facts]
        return (
            any(fact["type"] == "vetting" and not in_time(fact, event) for fact in facts)
            and engine.evaluate(event).outcome == "deny"
            and engine.evaluate({**event, "facts": timeless}).permitted
        )

    event = shrunk(lapsed)
    assert len(event["items"]) == 1
    assert len(event["facts"]) <= 3
    (vetting,) = (fact for fact in event["facts"] if fact["type"] == "vetting")
    assert len({"from", "until"} & vetting.keys()) == 1
