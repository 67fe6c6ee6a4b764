"""The registry of advertising partners is facts, from a fact source as from the event; the rules stay few."""

from __future__ import annotations

import runpy
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from itertools import product
from typing import Any

import pytest

from packs.shown import ROOT, Examples, json_lines, summary
from policyengine import Engine, Event
from policyengine.hooks import FactQuery, FactSource, hookimpl

REGISTRY = json_lines(ROOT / "rules" / "online-shop" / "partners.jsonl")
KINDS = ["ad-selection", "ad-frequency", "ad-measurement", "audience-research", "ad-personalisation", "ad-by-weakness"]
NOW = "2026-11-12T09:00:00+09:00"

BY_PARTNER: dict[str, list[dict[str, Any]]] = defaultdict(list)
for declaration in REGISTRY:
    BY_PARTNER[declaration["partner"]].append(declaration)


class Registry:
    """A plugin that brings the registry: the declarations of the recipient, or all of them whoever it is."""

    name = "advertising partners"

    def __init__(self, *, whole: bool) -> None:
        self.whole = whole

    @hookimpl
    def policyengine_fact_sources(self) -> Iterable[FactSource]:
        return (self,)

    def facts(self, queries: Sequence[FactQuery]) -> Sequence[Iterable[Mapping[str, Any]]]:
        return [REGISTRY if self.whole else BY_PARTNER.get(query.event.recipient_id or "", []) for query in queries]


@pytest.fixture(scope="module", params=["whole registry", "recipient's declarations"])
def registered(request: pytest.FixtureRequest, week: Examples) -> Engine:
    registry = Registry(whole=request.param == "whole registry")
    return Engine.load(week.pack, plugins=[registry], installed_plugins=False)


def advertisement(partner: str, purpose: str, *facts: Mapping[str, Any], **fields: Any) -> dict[str, Any]:
    return {
        "id": "ad",
        "time": NOW,
        "operation": "provide",
        "subject": {"category": "member", "id": "u-1"},
        "items": ["advertising_identifier"],
        "purpose": purpose,
        "origin": "direct",
        "recipient": {"id": partner},
        "facts": list(facts),
        "attributes": {"age": 30},
        **fields,
    }


CONSENT = {"type": "consent", "subject": "u-1", "operations": ["provide"], "purposes": ["advertising"]}
OBJECTION = {"type": "objection", "subject": "u-1", "purposes": ["advertising"]}


def declares(partner: str, purpose: str, basis: str) -> bool:
    """Whether the registry has it at `NOW`, read line by line."""
    return any(
        line["basis"] == basis
        and line["from"] <= NOW < line.get("until", "9999")
        and bool({purpose, "advertising"} & set(line["purposes"]))
        for line in BY_PARTNER[partner]
    )


def test_376_partners_and_the_file_is_what_the_script_makes() -> None:
    made = runpy.run_path(str(ROOT / "examples" / "make_partners.py"))
    assert [fact for number in range(1, made["PARTNERS"] + 1) for fact in made["declarations"](number)] == REGISTRY
    assert len(BY_PARTNER) == 376
    assert {line["basis"] for line in REGISTRY} == {"consent", "legitimate_interest"}
    assert {purpose for line in REGISTRY for purpose in line["purposes"]} == {*KINDS, "advertising"}


def test_no_partner_is_named_in_the_rules(week: Examples) -> None:
    for file in week.pack.glob("*.toml"):
        assert "ad-partner" not in file.read_text(encoding="utf-8")


def test_what_events_carry_is_what_the_registry_has(week: Examples) -> None:
    carried = [
        fact
        for example in week.examples
        if example.expected["outcome"] != "invalid"
        for fact in week.event(example.expected["event"]).get("facts", ())
        if fact["type"] == "partner_declaration"
    ]
    assert len(carried) > 20
    assert all(fact in REGISTRY for fact in carried)


def test_a_fact_source_decides_as_the_event_does(week: Examples, registered: Engine) -> None:
    taken = 0
    for example in week.examples:
        if example.expected["outcome"] == "invalid":
            continue
        event = week.event(example.expected["event"])
        facts = event.get("facts", [])
        event["facts"] = [fact for fact in facts if fact["type"] != "partner_declaration"]
        taken += len(event["facts"]) < len(facts)
        assert registered.evaluate(event) == week.engine.evaluate_json(example.line)
        assert summary(registered.evaluate(event)) == example.expected
    assert taken > 15


def test_the_registry_beside_the_same_facts_in_the_event_changes_nothing(shop: Engine, registered: Engine) -> None:
    for partner in list(BY_PARTNER)[::60]:
        event = advertisement(partner, "ad-measurement", CONSENT, *BY_PARTNER[partner])
        assert registered.evaluate(event) == shop.evaluate(event)


def test_every_partner_for_every_purpose_on_either_basis(week: Examples) -> None:
    """Against a reading of the registry that shares nothing with the rules, over all 376 partners and one stranger."""
    engine = Engine.load(week.pack, plugins=[Registry(whole=False)], installed_plugins=False)
    bases = set()
    for partner, purpose in product([*BY_PARTNER, "stranger-kk"], [*KINDS, "advertising"]):
        for consents, objects in product((False, True), repeat=2):
            facts = [fact for fact, stated in ((CONSENT, consents), (OBJECTION, objects)) if stated]
            on_consent = consents and declares(partner, purpose, "consent")
            on_interest = not objects and declares(partner, purpose, "legitimate_interest")
            if purpose in ("ad-by-weakness", "advertising"):
                on_consent = on_interest = False
            if purpose == "ad-personalisation":
                on_interest = False
            wanted = {"6.1"} if on_consent else set()
            if on_interest:
                wanted.add("6.2")
            decision = engine.evaluate(advertisement(partner, purpose, *facts))
            assert decision.permitted is bool(wanted), (partner, purpose, consents, objects)
            if wanted:
                assert set(decision.clauses) == {*wanted, "6.5"}
                bases.add(frozenset(wanted))
    assert bases == {frozenset({"6.1"}), frozenset({"6.2"}), frozenset({"6.1", "6.2"})}


SUSPENDED = {"type": "partner_suspension", "partner": "ad-partner-012"}
STOPPED = {"type": "request", "kind": "stop_provision", "subject": "u-1"}


@pytest.mark.parametrize(
    ("facts", "fields", "clause"),
    [
        ([SUSPENDED], {}, "6.4"),
        ([], {"attributes": {"age": 15}}, "6.5"),
        ([], {"attributes": {}}, "6.5"),
        (
            [{"type": "guardian_consent", "operations": ["acquire", "use", "retain"], "subject": "u-1"}],
            {"attributes": {"age": 15}},
            "6.5",
        ),
        ([STOPPED], {}, "7.2"),
    ],
    ids=["suspended", "minor", "age unknown", "minor with a guardian's consent", "request to stop"],
)
def test_the_shops_own_restrictions_override_both_bases(
    registered: Engine, facts: list[dict[str, Any]], fields: dict[str, Any], clause: str
) -> None:
    """The partner declares measurement on either basis, the person consents and does not object."""
    free = registered.evaluate(advertisement("ad-partner-012", "ad-measurement", CONSENT))
    assert (free.outcome, free.clauses) == ("permit", ("6.1", "6.2", "6.5"))
    held = registered.evaluate(advertisement("ad-partner-012", "ad-measurement", CONSENT, *facts, **fields))
    assert (held.outcome, held.clauses) == ("deny", (clause,))


def test_who_says_advertising_and_no_more_has_not_said_which(shop: Engine) -> None:
    """A partner may declare all of it at once; a flow must say which kind: it may mean a prohibited one."""
    for basis in ("consent", "legitimate_interest"):
        declared = {"type": "partner_declaration", "partner": "p", "purposes": ["advertising"], "basis": basis}
        kinds = [shop.evaluate(advertisement("p", kind, CONSENT, declared)).permitted for kind in KINDS]
        assert kinds == [True, True, True, True, basis == "consent", False]
        assert shop.evaluate(advertisement("p", "advertising", CONSENT, declared)).clauses == ("4", "6", "6.3")


def test_sixteen_is_old_enough_and_fifteen_is_not(shop: Engine) -> None:
    declared = BY_PARTNER["ad-partner-012"]
    outcomes = [
        shop.evaluate(advertisement("ad-partner-012", "ad-selection", *declared, attributes={"age": age})).outcome
        for age in (0, 15, 16, 17, 120)
    ]
    assert outcomes == ["deny", "deny", "permit", "permit", "permit"]


def test_a_member_below_sixteen_needs_the_guardian_and_a_member_of_unknown_age_is_not_served(shop: Engine) -> None:
    base = {"id": "e", "time": NOW, "operation": "use", "subject": {"category": "member", "id": "u-1"}}
    event = {**base, "items": ["name"], "purpose": "membership"}
    consent = {"facts": [{"type": "guardian_consent", "operations": ["acquire", "use", "retain"], "subject": "u-1"}]}
    for age, facts, clauses in (
        (15, consent, ("2.3",)),
        (16, {}, ("2.2",)),
        (16, consent, ("2.2",)),
        (15, {}, None),
        (None, {}, None),
        (None, consent, None),
    ):
        decision = shop.evaluate({**event, **facts, "attributes": {} if age is None else {"age": age}})
        assert (decision.clauses if decision.permitted else None) == clauses, age


def test_an_emergency_lifts_what_nothing_else_lifts(shop: Engine) -> None:
    emergency = {"type": "emergency", "reference": "ambulance call", "until": "2026-11-12T12:00:00+09:00"}
    event = advertisement("harbour-hospital", "life-protection", items=["name", "allergy_information"])
    consent = {"type": "consent", "subject": "u-1", "operations": ["provide"]}
    law = {"type": "legal_basis", "kind": "statute", "reference": "a statute"}
    assert shop.evaluate({**event, "facts": [consent, law]}).excess_items == ("name", "allergy_information")
    stopped = {"type": "request", "kind": "erase", "subject": "u-1"}
    saved = shop.evaluate({**event, "facts": [emergency, stopped]})
    assert (saved.outcome, saved.clauses) == ("permit", ("4.2",))
    assert [(duty.id, duty.parameters) for duty in saved.obligations] == [
        ("record-emergency", {"tell_within_days": 30})
    ]
    over = shop.evaluate({**event, "facts": [emergency], "time": "2026-11-12T12:00:00+09:00"})
    assert over.outcome == "deny"
    another = shop.evaluate({**event, "facts": [{**emergency, "recipients": ["another-hospital"]}]})
    assert another.outcome == "deny"
    unrelated = shop.evaluate({**event, "purpose": "ad-selection", "facts": [emergency]})
    assert unrelated.outcome == "deny"


def test_a_source_is_asked_for_the_types_that_rules_ask_for(week: Examples) -> None:
    asked: list[FactQuery] = []

    class Listening(Registry):
        def facts(self, queries: Sequence[FactQuery]) -> Sequence[Iterable[Mapping[str, Any]]]:
            asked.extend(queries)
            return super().facts(queries)

    engine = Engine.load(week.pack, plugins=[Listening(whole=True)], installed_plugins=False)
    engine.evaluate(Event.from_mapping(advertisement("ad-partner-012", "ad-selection")))
    (query,) = asked
    assert {"partner_declaration", "partner_suspension", "objection", "consent"} <= query.types
    assert query.types.isdisjoint({"notice", "emergency"})  # of an emergency, rules ask about other items and purposes
