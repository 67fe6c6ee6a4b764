"""The shop's policy against a plain reading of its text that shares no code with the engine."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import event as seen
from hypothesis import given
from hypothesis import strategies as st

from packs.shown import ROOT, json_lines
from policyengine import Engine

Data = dict[str, Any]

KIND_OF = {
    **dict.fromkeys(("member", "guest"), "shopper"),
    **dict.fromkeys(("order-delivery", "order-payment", "return-handling"), "order-handling"),
    **dict.fromkeys(("ad-selection", "ad-frequency", "ad-measurement"), "advertising"),
    **dict.fromkeys(("audience-research", "ad-personalisation", "ad-by-weakness"), "advertising"),
    **dict.fromkeys(("corner-cafe", "green-drugstore", "kumo-pay"), "point-alliance"),
    **dict.fromkeys(("kumo-singapore", "kumo-california"), "kumo-group-abroad"),
    "advertising_identifier": "device_identifier",
    "card_token": "payment_information",
    "allergy_information": "health_information",
    "health_information": "special_care",
}
GROUP_IN_JAPAN = {"kumo-books", "kumo-logistics", "kumo-pay"}
HELD = {
    "partner": "recipient",
    "party": "recipient",
    "recipients": "recipient",
    "partners": "recipient",
    "purposes": "purpose",
    "operations": "operation",
    "items": "item",
}
OBLIGATIONS = {
    "4.2": "record-emergency",
    "6.1": "pass-on-withdrawal",
    "6.2": "offer-objection",
    "7.1": "answer-request",
}


def is_a(term: str | None, *wanted: str) -> bool:
    return term in wanted or KIND_OF.get(term or "") in wanted


def may_be(term: str | None, *wanted: str) -> bool:
    """Whether what a flow calls by this word may be one of these: itself, or one of its kinds."""
    return is_a(term, *wanted) or any(is_a(kind, *wanted) for kind, parent in KIND_OF.items() if parent == term)


def knows(event: Data, item: str, fact_type: str, /, restricts: bool = False, **named: str) -> bool:
    """Whether a fact of this type is in effect and agrees with the flow of the item; where it restricts, may agree."""
    agrees = may_be if restricts else is_a
    person = event["subject"].get("id")
    values = {
        "recipient": event.get("recipient", {}).get("id"),
        "purpose": event.get("purpose"),
        "operation": event["operation"],
        "item": item,
    }
    for fact in event["facts"]:
        if fact["type"] != fact_type or any(fact.get(key) != value for key, value in named.items()):
            continue
        if not fact.get("from", "") <= event["time"] < fact.get("until", "9999"):
            continue
        stated = fact.get("subject")
        if stated is not None and stated != person and not (restricts and person is None):
            continue
        words = {key: [fact[key]] if isinstance(fact[key], str) else fact[key] for key in HELD if key in fact}
        if all(agrees(values[HELD[key]], *listed) for key, listed in words.items()):
            return True
    return False


def within(event: Data) -> Data:
    """Return the flow as a purpose is asked of it: what leaves the shop is asked as a use."""
    return event if event["operation"] in ("acquire", "use", "retain") else {**event, "operation": "use"}


def purposes_of_clause_2(event: Data, item: str) -> set[str]:
    who, purpose = event["subject"]["category"], event.get("purpose")
    age = event["attributes"].get("age")
    found = set()
    if is_a(who, "shopper") and is_a(purpose, "order-handling", "fraud-prevention"):
        found.add("2.1")
    if who == "member" and purpose in ("membership", "recommendation") and age is not None and age >= 16:
        found.add("2.2")
    if who == "member" and purpose == "membership" and age is not None and age < 16:
        found |= {"2.3"} if knows(within(event), item, "guardian_consent") else set()
    if who == "visitor" and purpose == "site-improvement" and is_a(item, "browsing_history", "device_identifier"):
        found.add("2.4")
    if who == "seller" and purpose in ("seller-screening", "seller-settlement"):
        found.add("2.5")
    return found


def joint_use(event: Data, item: str) -> dict[str, bool]:
    """For each arrangement within whose items and purposes the flow is, whether the recipient is a party to it."""
    party, purpose = event.get("recipient", {}).get("id"), event.get("purpose")
    found = {}
    if event["subject"]["category"] == "member":
        shared = ("member_number", "name", "postal_address", "phone_number", "order_history")
        if item in shared and purpose == "group-membership":
            found["3.1"] = party in GROUP_IN_JAPAN
        if item in ("member_number", "point_balance", "purchase_total") and purpose == "point-programme":
            found["3.2"] = is_a(party, "point-alliance")
    return found


def provided(event: Data, item: str) -> set[str]:
    who, purpose, recipient = event["subject"]["category"], event.get("purpose"), event["recipient"]
    found = set()
    if purpose == "lawful-request" and knows(event, item, "legal_basis"):
        found.add("4.1")
    if purpose == "life-protection" and knows(event, item, "emergency"):
        found.add("4.2")
    against_fraud = is_a(item, "name", "postal_address", "phone_number", "device_identifier", "payment_information")
    if is_a(who, "shopper") and purpose == "fraud-prevention" and against_fraud:
        found |= {"4.3"} if recipient["id"] in GROUP_IN_JAPAN and recipient.get("country") == "JP" else set()
    own = event.get("origin") in ("direct", "client_contact", "entrusted")
    shared = is_a(item, "device_identifier", "browsing_history", "purchase_total")
    if who == "member" and own and shared and KIND_OF.get(purpose or "") == "advertising":
        on_consent = knows(event, item, "partner_declaration", basis="consent")
        if on_consent and knows(event, item, "consent"):
            found.add("6.1")
        on_interest = knows(event, item, "partner_declaration", basis="legitimate_interest")
        if on_interest and not knows(event, item, "objection", restricts=True):
            found.add("6.2")
    return found


def long_gone(event: Data) -> bool:
    """Whether the seller may have left, and did not surely do so less than seven years ago."""

    def exits(*, restricts: bool) -> list[Data]:
        facts = [fact for fact in event["facts"] if fact["type"] == "seller_exit"]
        return [fact for fact in facts if knows({**event, "facts": [fact]}, "", "seller_exit", restricts=restricts)]

    def seven_years_later(time: str) -> str:
        return f"{int(time[:4]) + 7}{time[4:]}"

    of_late = [
        fact for fact in exits(restricts=False) if "from" in fact and seven_years_later(fact["from"]) > event["time"]
    ]
    return bool(exits(restricts=True)) and not of_late


def stopped(event: Data, item: str, clauses: set[str]) -> set[str]:
    """Return what is left of `clauses` after everything that the policy forbids or that was asked to stop."""
    operation, purpose = event["operation"], event.get("purpose")

    def asked(kind: str) -> bool:
        return knows(event, item, "request", restricts=True, kind=kind)

    left = set(clauses)
    if may_be(item, "health_information"):
        if operation in ("acquire", "use", "retain") and not is_a(purpose, "order-handling"):
            left = set()
        if operation in ("joint_use", "entrust", "provide") and not knows(event, item, "emergency"):
            left = set()
    seller = event["subject"]["category"] == "seller"
    if operation in ("use", "retain") and seller and long_gone(event):
        left &= left if knows(event, item, "legal_basis", kind="statute") else set()
    if operation == "provide" and may_be(purpose, "ad-by-weakness"):
        left = set()
    if operation == "provide" and may_be(purpose, "ad-personalisation"):
        left &= {"6.1"}
    if operation in ("joint_use", "entrust", "provide") and knows(event, item, "partner_suspension", restricts=True):
        left &= {"4.1", "4.2"}
    if operation == "entrust" and not all(
        knows(event, item, "contract", kind=kind) for kind in ("service", "confidentiality")
    ):
        left = set()
    age = event["attributes"].get("age")
    if age is None or age < 16:
        left -= {"6.1", "6.2"}
    if operation in ("use", "joint_use", "entrust") and asked("stop_use"):
        left = set()
    if operation in ("use", "retain", "joint_use", "entrust", "provide") and asked("erase"):
        left &= {"4.1", "4.2"}
    if operation in ("provide", "joint_use") and asked("stop_provision"):
        left &= {"4.1", "4.2"}
    return left


def read(event: Data) -> tuple[set[str], set[str], set[str]]:
    """Return the items that may flow, and for these the clauses and the obligations."""
    items, clauses, obligations = set(), set(), set()
    for item in event["items"]:
        recipient = event.get("recipient", {})
        licences: set[str] = set()
        match event["operation"]:
            case "acquire" | "use" | "retain":
                granted = purposes_of_clause_2(event, item) | joint_use(event, item).keys()
            case "joint_use":
                granted = {clause for clause, party in joint_use(event, item).items() if party}
            case "provide":
                granted = provided(event, item)
            case "entrust":
                licences = purposes_of_clause_2(event, item) - {"2.4"}
                named = recipient.get("service") in ("parcel-delivery", "card-settlement", "call-centre")
                granted = {"5.1"} if named and licences else set()
            case "disclose":
                person = event["subject"].get("id")
                himself = person is not None and person == recipient["id"]
                granted = {"7.1"} if himself and knows(event, item, "request", kind="disclose") else set()
        if left := stopped(event, item, granted):
            items.add(item)
            clauses |= left | licences
            obligations |= {OBLIGATIONS[clause] for clause in left & OBLIGATIONS.keys()}
            if event["operation"] == "entrust":
                clauses.add("5.2")
                obligations.add("check-contractor")
            if left & {"6.1", "6.2"}:
                clauses.add("6.5")
    return items, clauses, obligations


LINES = [json.loads(line) for line in (ROOT / "examples" / "shop-week.jsonl").read_text(encoding="utf-8").splitlines()]
EXPECTED = json_lines(ROOT / "examples" / "shop-week.expected.jsonl")
STARTS = [
    {"facts": [], "attributes": {}, **line}
    for line, expected in zip(LINES, EXPECTED, strict=True)
    if expected["outcome"] == "permit"
]
SHOP = Engine.load(ROOT / "rules" / "online-shop", installed_plugins=False)
TERMS = SHOP.policies[0].vocabulary.terms


PARTIES = sorted({start["recipient"]["id"] for start in STARTS if "recipient" in start} | TERMS["parties"].keys())
ADDED = [
    {"type": "seller_exit"},
    *({"type": "seller_exit", "from": f"{year}-11-15T11:21:00+09:00"} for year in (2017, 2018, 2019, 2020)),
    {"type": "objection"},
    {"type": "objection", "purposes": ["advertising"]},
    {"type": "objection", "purposes": ["ad-frequency"], "partners": ["ad-partner-012"]},
    *({"type": "partner_suspension", "partner": party} for party in PARTIES),
    *(
        {"type": "partner_declaration", "partner": "ad-partner-012", "purposes": purposes, "basis": basis}
        for purposes in (["advertising"], ["ad-personalisation"])
        for basis in ("consent", "legitimate_interest")
    ),
    {"type": "consent", "operations": ["provide"], "purposes": ["advertising"]},
    {"type": "guardian_consent", "operations": ["acquire", "use", "retain"], "purposes": ["membership"]},
    {"type": "emergency", "reference": "r", "items": ["health_information", "name"]},
    {"type": "legal_basis", "kind": "statute", "reference": "r"},
    *({"type": "request", "kind": kind} for kind in ("stop_use", "erase", "stop_provision", "disclose")),
    {"type": "request", "kind": "stop_provision", "recipients": ["ad-partner-012", "corner-cafe"]},
    {"type": "request", "kind": "erase", "items": ["payment_information", "name"]},
    {"type": "request", "kind": "erase", "items": ["card_token", "advertising_identifier"]},
    {"type": "request", "kind": "stop_use", "purposes": ["order-payment"]},
]
LATE = "2026-11-01T00:00:00+09:00"
VALUES: dict[tuple[str, ...], list[Any]] = {
    ("operation",): ["acquire", "use", "retain", "joint_use", "entrust", "provide", "disclose"],
    ("subject", "category"): sorted(TERMS["subjects"]),
    ("subject", "id"): ["u-1001", "u-1007", None],
    ("items",): [sorted(TERMS["items"])],
    ("purpose",): sorted(TERMS["purposes"]),
    ("origin",): [*sorted(TERMS["origins"]), None],
    ("recipient", "id"): PARTIES,
    ("recipient", "country"): ["JP", "SG", None],
    ("recipient", "service"): [*sorted(TERMS["services"]), None],
    ("attributes", "age"): [15, 16, None],
    ("facts",): ADDED,
}
"""For each place in an event, what may be put there instead; None leaves it out. Facts are added."""


def changed(event: Data, place: tuple[str, ...], value: Any) -> Data:
    """Return the event with one thing about it changed, and with what its operation then asks for."""
    if place == ("facts",):
        event = {**event, "facts": [*event["facts"], value]}
    elif len(place) == 1:
        event = _put(event, place[0], value)
    else:
        outer = event.get(place[0], {"id": "kumo-pay"} if place[0] == "recipient" else {})
        event = {**event, place[0]: _put(outer, place[1], value)}
    if event["operation"] not in ("acquire", "use", "retain"):
        event.setdefault("recipient", {"id": "kumo-pay"})
    event.setdefault("purpose", "membership")
    return event


def _put(table: Data, key: str, value: Any) -> Data:
    return {name: old for name, old in {**table, key: value}.items() if old is not None}


def agree(event: Data) -> None:
    items, clauses, obligations = read(event)
    decision = SHOP.evaluate(event)
    assert set(decision.permitted_items) == items, event
    assert decision.permitted is (items == set(event["items"])), event
    if decision.permitted:
        assert set(decision.clauses) == clauses, event
        assert {duty.id for duty in decision.obligations} == obligations, event


@pytest.mark.parametrize("place", VALUES, ids=".".join)
@pytest.mark.parametrize("second", [("attributes", "age"), ("items",), ("operation",)], ids=".".join)
def test_one_change_away_from_every_permitted_example_and_one_more(place: tuple[str, ...], second: Any) -> None:
    for start in STARTS:
        for value in VALUES[place]:
            once = changed(start, place, value)
            agree(once)
            for other in VALUES[second]:
                agree(changed(once, second, other))


@st.composite
def flows(draw: st.DrawFn) -> Data:
    """A permitted example with a few things about it changed, some facts taken away, and some of them over."""
    event: Data = draw(st.sampled_from(STARTS))
    for place in draw(st.lists(st.sampled_from(sorted(VALUES)), min_size=1, max_size=4)):
        event = changed(event, place, draw(st.sampled_from(VALUES[place])))
    kept = []
    for fact in event["facts"]:
        match draw(st.sampled_from(["kept", "kept", "kept", "gone", "over", "somebody's"])):
            case "kept":
                kept.append(fact)
            case "over":
                kept.append({**fact, "until": LATE})
            case "somebody's":
                kept.append({**fact, "subject": "u-1001"})
    return {**event, "facts": kept}


@given(flows())
def test_engine_and_reading_agree(event: Data) -> None:
    seen(SHOP.evaluate(event).outcome)
    agree(event)


@pytest.mark.parametrize("start", STARTS, ids=lambda start: start["id"])
def test_the_reading_permits_what_the_examples_show(start: Data) -> None:
    items, clauses, obligations = read(start)
    expected = next(line for line in EXPECTED if line["event"] == start["id"])
    assert items == set(expected["permitted_items"])
    assert (sorted(clauses), sorted(obligations)) == (expected["clauses"], expected["obligations"])
