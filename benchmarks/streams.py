"""Streams of events as a user has them, drawn from a seed: JSON lines, of which no two are alike.

`realistic` is a company's day: what it does with its customers', applicants', clients', employees' and inquirers' data,
most of it permitted. Each event has its person, time and attributes, and facts with instants of their own; items are
a subset of twelve in an order of its own, recipients are 100,000.

`unlike` gives every event a shape of its own: all fields, purposes, categories, services, countries, items, and facts
in all their forms, vary at once, with a word here and there that nobody knows.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta, timezone
from itertools import islice
from random import Random
from typing import Any, Final

Data = dict[str, Any]

RECIPIENTS: Final = 100_000
PERSONS: Final = 1_000_000

_CONTROLLER = "alc-learning-systems"
_START = datetime(2026, 11, 1, tzinfo=UTC)
_JOINT = ["name", "sex", "school_name", "faculty", "grade", "student_number", "employer_name", "mobile_email"]
_PERSONAL = ["name", "sex", "mobile_email", "postal_address", "phone_number", "date_of_birth", "employer_name"]
_EMPLOYEES = [
    *("name", "postal_address", "phone_number", "date_of_birth", "salary", "bank_account", "individual_number"),
    *("family_information", "photograph", "personnel_evaluation", "monitoring_log", "health_checkup_result"),
]
_BOUGHT = ["inquiry_content", "contract_content", "payment_information", "photograph"]
_TWELVE = {
    "customer": [*_PERSONAL, *_BOUGHT, "learning_record"],
    "applicant": [*_JOINT, "learning_record", "test_score", "postal_address", "date_of_birth"],
    "client-entrusted": [*_JOINT, "learning_record", "test_score", "contract_content", "inquiry_content"],
    "business-partner": [*_PERSONAL, *_BOUGHT, "bank_account"],
    "employee": _EMPLOYEES,
    "former-employee": _EMPLOYEES,
    "inquirer": [*_PERSONAL, "inquiry_content", "contract_content", "school_name", "grade", "learning_record"],
}
"""For each category of people the twelve items that the company has of them: 4,096 subsets, in any order."""
_ITEMS = [*dict.fromkeys(item for items in _TWELVE.values() for item in items), "monitoring_video"]
_ITEMS += ["health_information", "stress_check_result", "medical_certificate"]

_PURPOSES = {
    "customer": ["proposal-fulfilment", "after-care", "customer-contact", "product-information"],
    "applicant": ["elearning-operation", "after-care", "customer-contact", "product-information"],
    "client-entrusted": ["contract-performance", "contract-management", "post-contract-management"],
    "business-partner": ["contract-management", "pre-contract-management", "post-contract-management"],
    "employee": [
        *("business-contact", "staff-directory", "statutory-procedures", "employment-management", "assignment"),
        *("personnel-selection", "compensation", "tax-processing", "social-insurance", "welfare"),
        *("safety-monitoring", "publicity", "health-management"),
    ],
    "former-employee": ["statutory-procedures"],
    "inquirer": ["service-improvement", "inquiry-handling"],
}
_ALL_PURPOSES = sorted({purpose for purposes in _PURPOSES.values() for purpose in purposes})
_ALL_PURPOSES += ["statistics", "legal-compliance"]
_SERVICES = ["system-operation", "communication", "after-service"]
_ORIGINS = ["direct", "client_contact", "entrusted", "third_party", "public"]
_FORMS = ["identifiable", "pseudonymised", "anonymised", "statistical"]
_OPERATIONS = ["acquire", "use", "retain", "joint_use", "entrust", "provide", "disclose"]
_JOINT_USERS = ["alc", "ntt-learning-systems", "alc-education"]
_REQUESTS = ["notify_purpose", "disclose", "correct", "add", "delete", "stop_use", "erase", "stop_provision"]
_COUNTRIES = [
    *("JP", "US", "DE", "FR", "GB", "KR", "CN", "TW", "SG", "TH", "VN", "IN", "AU", "NZ", "CA"),
    *("BR", "MX", "IT", "ES", "NL", "BE", "CH", "AT", "SE", "NO", "DK", "FI", "PL", "IE", "PT"),
]


def lines(stream: Callable[[Random], Iterator[Data]], count: int, seed: int = 1) -> list[bytes]:
    """Return the first `count` events of a stream, each as one JSON line."""
    encode = json.JSONEncoder(ensure_ascii=False).encode
    return [encode(event).encode() for event in islice(stream(Random(seed)), count)]


# ---------------------------------------------------------------- a company's day


def realistic(draw: Random) -> Iterator[Data]:
    """Yield events of a company's usual work, without end."""
    scenes = [_collects, _uses, _keeps, _courses, _contractor, _shares, _gives, _statistics, _answers, _slip]
    weights = [14, 32, 5, 12, 16, 8, 5, 2, 3, 3]
    number = 0
    while True:
        number += 1
        when = _START + timedelta(milliseconds=number * 130 + draw.randrange(130))
        event = {
            "id": f"flow-{number:08}",
            "time": _written(when, draw),
            "controller": _CONTROLLER,
            "subject": {"category": "customer", "id": f"person-{draw.randrange(PERSONS):07}"},
            "form": "identifiable",
        }
        facts: list[Data] = []
        draw.choices(scenes, weights)[0](draw, event, facts)
        if draw.random() < 0.15:
            facts.append(_request(draw, event, draw.choice(["correct", "add", "notify_purpose", "stop_provision"])))
        if draw.random() < 0.04:
            facts.append(_request(draw, event, draw.choice(["stop_use", "erase"])))
        if draw.random() < 0.06:
            facts.append(_notice(draw, event))
        if facts:
            draw.shuffle(facts)
            event["facts"] = facts
        event["attributes"] = {
            "campaign": draw.choice(["spring", "summer", "autumn", "winter"]),
            "channel": draw.choice(["web", "app", "desk", "batch"]),
            "ticket": draw.randrange(10**9),
            "score": round(draw.random(), 4),
        }
        yield event


def _collects(draw: Random, event: Data, facts: list[Data]) -> None:
    category = _people(draw, event)
    event |= {"operation": "acquire", "purpose": draw.choice(_PURPOSES[category])}
    event["source"] = {"id": f"source-{draw.randrange(5_000)}", "country": draw.choice(_COUNTRIES)}
    _consented(draw, event, facts, 0.3)


def _uses(draw: Random, event: Data, facts: list[Data]) -> None:
    category = _people(draw, event)
    event |= {"operation": "use", "purpose": draw.choice(_PURPOSES[category])}
    event["actor"] = {"id": f"staff-{draw.randrange(400)}", "role": draw.choice(["support", "sales", "payroll"])}
    _consented(draw, event, facts, 0.4)
    if category == "employee" and draw.random() < 0.5:
        facts.append(_basis(draw, event, "statute"))


def _keeps(draw: Random, event: Data, facts: list[Data]) -> None:
    category = _people(draw, event)
    event |= {"operation": "retain", "purpose": draw.choice(_PURPOSES[category])}
    event["acquired"] = _written(_START - timedelta(seconds=draw.randrange(10**8)), draw)
    _consented(draw, event, facts, 0.3)


def _courses(draw: Random, event: Data, facts: list[Data]) -> None:
    _people(draw, event, "applicant", of=_JOINT if draw.random() < 0.9 else None)
    event |= {"operation": draw.choice(["use", "use", "acquire", "retain"]), "purpose": "elearning-operation"}
    event["origin"] = draw.choice(["direct", "direct", "client_contact"])
    _consented(draw, event, facts, 0.3)


def _contractor(draw: Random, event: Data, facts: list[Data]) -> None:
    category = draw.choice(["customer", "customer", "applicant", "client-entrusted", "inquirer"])
    _people(draw, event, category, of=_JOINT if category == "applicant" and draw.random() < 0.8 else None)
    event |= {"operation": "entrust", "purpose": draw.choice(_PURPOSES[category])}
    event["recipient"] = {**_party(draw), "service": draw.choice(_SERVICES)}
    party = event["recipient"]["id"]
    if draw.random() < 0.93:
        facts.append({"type": "contract", "kind": "confidentiality", "party": party, **_span(draw)})
    if draw.random() < 0.93:
        facts.append({"type": "vetting", "party": party, **_span(draw)})
    if draw.random() < 0.3:
        facts.append({"type": "contract", "kind": "service", "party": party, **_span(draw)})
    _consented(draw, event, facts, 0.3)


def _shares(draw: Random, event: Data, facts: list[Data]) -> None:
    _people(draw, event, "applicant", of=_JOINT if draw.random() < 0.85 else None)
    event |= {"operation": "joint_use", "purpose": "elearning-operation"}
    event["origin"] = draw.choice(["direct", "direct", "client_contact"])
    event["recipient"] = {"id": draw.choice(_JOINT_USERS), "country": "JP"}
    _consented(draw, event, facts, 0.3)


def _gives(draw: Random, event: Data, facts: list[Data]) -> None:
    category = _people(draw, event)
    event |= {"operation": "provide", "purpose": draw.choice(_PURPOSES[category]), "recipient": _party(draw)}
    if draw.random() < 0.2:
        event["purpose"] = "legal-compliance"
        facts.append(_basis(draw, event, draw.choice(["statute", "court", "government"])))
    else:
        _consented(draw, event, facts, 0.9)


def _statistics(draw: Random, event: Data, facts: list[Data]) -> None:
    _people(draw, event)
    event |= {"operation": draw.choice(["use", "provide"]), "purpose": "statistics", "form": "statistical"}
    if event["operation"] == "provide":
        event["recipient"] = _party(draw)
    _consented(draw, event, facts, 0.1)


def _answers(draw: Random, event: Data, facts: list[Data]) -> None:
    _people(draw, event)
    event |= {"operation": "disclose", "recipient": {"id": event["subject"]["id"]}}
    request = _request(draw, event, "disclose")
    facts.append({key: value for key, value in request.items() if key not in ("purposes", "recipients")})


def _slip(draw: Random, event: Data, facts: list[Data]) -> None:
    """Plan something that the policy never meant: another purpose, or one that nobody knows."""
    _people(draw, event)
    event |= {"operation": "use", "purpose": draw.choice([*_ALL_PURPOSES, "profiling", "resale"])}
    _consented(draw, event, facts, 0.5)


def _people(draw: Random, event: Data, category: str | None = None, of: list[str] | None = None) -> str:
    """Choose whose data it is, how it was acquired, and which items."""
    if category is None:
        chances = [38, 24, 14, 5, 12, 1, 6]
        category = draw.choices(list(_PURPOSES), chances)[0]
    event["subject"]["category"] = category
    if category == "client-entrusted":
        event["origin"] = "entrusted"
    elif draw.random() < 0.8:
        event["origin"] = draw.choice(["direct", "direct", "direct", "client_contact", "third_party", "public"])
    pool = _TWELVE[category] if of is None else of
    event["items"] = draw.sample(pool, draw.randint(1, len(pool)))
    if category == "employee" and draw.random() < 0.7:
        event["items"] = [item for item in event["items"] if item != "health_checkup_result"] or ["name"]
    return category


def _party(draw: Random) -> Data:
    return {"id": f"party-{draw.randrange(RECIPIENTS):06}", "country": draw.choice(_COUNTRIES)}


def _consented(draw: Random, event: Data, facts: list[Data], chance: float) -> None:
    if draw.random() < chance:
        fact = {"type": "consent", "operations": [event["operation"]], "subject": event["subject"]["id"]}
        if draw.random() < 0.3:
            fact["operations"] = draw.sample(_OPERATIONS, draw.randint(1, 4))
        if "recipient" in event and draw.random() < 0.6:
            fact["recipients"] = [event["recipient"]["id"], *(_party(draw)["id"] for _ in range(draw.randrange(3)))]
        if draw.random() < 0.5:
            fact["purposes"] = [event["purpose"]]
        if draw.random() < 0.5:
            missing = draw.sample(event["items"], draw.choice([0, 0, 0, 1]))
            fact["items"] = [item for item in event["items"] if item not in missing] or event["items"]
        facts.append(fact | _span(draw))


def _request(draw: Random, event: Data, kind: str) -> Data:
    fact = {"type": "request", "kind": kind, "subject": event["subject"]["id"], **_span(draw)}
    if draw.random() < 0.4:
        fact["items"] = draw.sample(_TWELVE[event["subject"]["category"]], draw.randint(1, 6))
    if draw.random() < 0.2:
        fact["purposes"] = draw.sample(_PURPOSES[event["subject"]["category"]], 1)
    return fact


def _notice(draw: Random, event: Data) -> Data:
    category = event["subject"]["category"]
    purposes = [draw.choice(_ALL_PURPOSES), event.get("purpose", "statistics")]
    fact = {"type": "notice", "subject": event["subject"]["id"], "purposes": sorted(set(purposes)), **_span(draw)}
    if draw.random() < 0.5:
        fact["items"] = draw.sample(_TWELVE[category], draw.randint(1, 6))
    return fact


def _basis(draw: Random, event: Data, kind: str) -> Data:
    fact = {"type": "legal_basis", "kind": kind, "reference": f"order-{draw.randrange(10**6)}", **_span(draw)}
    if draw.random() < 0.7:
        fact["purposes"] = [event["purpose"]]
    return fact


def _span(draw: Random) -> Data:
    """Return when a fact is in effect: at the time of the event nearly always, from and until moments of its own."""
    start = _START - timedelta(seconds=draw.randrange(10**8), milliseconds=draw.randrange(1_000))
    fact = {"from": _written(start, draw)}
    if draw.random() < 0.6:
        length = draw.randrange(10**8, 2 * 10**8) if draw.random() < 0.97 else draw.randrange(10**6)
        fact["until"] = _written(start + timedelta(seconds=length), draw)
    return fact


_TOKYO = timezone(timedelta(hours=9))


def _written(moment: datetime, draw: Random) -> str:
    if draw.random() < 0.7:
        return moment.astimezone(_TOKYO).isoformat(timespec="milliseconds")
    return moment.isoformat(timespec="seconds").replace("+00:00", "Z")


# ---------------------------------------------------------------- every event of its own shape


def unlike(draw: Random) -> Iterator[Data]:
    """Yield events of which no two share their fields, words and items, without end."""
    seen: set[tuple[object, ...]] = set()
    number = 0
    while True:
        number += 1
        event = _any_event(draw, number)
        recipient = event.get("recipient", {})
        fields = (event.get(key) for key in ("operation", "purpose", "form", "origin"))
        words = (event["subject"]["category"], recipient.get("service"), recipient.get("country"))
        shape = (*fields, *words, frozenset(event["items"]))
        if shape not in seen:
            seen.add(shape)
            yield event


def _any_event(draw: Random, number: int) -> Data:
    operation = draw.choice(_OPERATIONS)
    category = draw.choice(list(_PURPOSES)) if draw.random() < 0.99 else f"people-{number}"
    event: Data = {"id": f"flow-{number:08}", "time": _written(_START + timedelta(seconds=number), draw)}
    event |= {"controller": _CONTROLLER, "operation": operation, "subject": {"category": category}}
    if draw.random() < 0.9:
        event["subject"]["id"] = f"person-{draw.randrange(PERSONS)}"
    event["items"] = draw.sample(_ITEMS, draw.randint(1, 8))
    if draw.random() < 0.02:
        event["items"].insert(draw.randrange(len(event["items"]) + 1), f"item-{number}")
    if operation != "disclose" or draw.random() < 0.5:
        event["purpose"] = draw.choice(_PURPOSES.get(category, _ALL_PURPOSES) if draw.random() < 0.7 else _ALL_PURPOSES)
        if draw.random() < 0.01:
            event["purpose"] = f"purpose-{number}"
    for key, words, chance in (("origin", _ORIGINS, 0.8), ("form", _FORMS, 0.4)):
        if draw.random() < chance:
            event[key] = draw.choice(words)
    if operation in ("joint_use", "entrust", "provide", "disclose") or draw.random() < 0.2:
        event["recipient"] = _any_recipient(draw, event)
    if operation == "acquire" and draw.random() < 0.5:
        event["source"] = {"id": f"source-{number}"}
    if draw.random() < 0.3:
        event["actor"] = {"id": f"staff-{draw.randrange(1_000)}"}
    if draw.random() < 0.3:
        event["attributes"] = {f"a{draw.randrange(50)}": draw.choice([True, number, "text", 0.5]) for _ in range(3)}
    if draw.random() < 0.85:
        event["facts"] = [_any_fact(draw, event) for _ in range(draw.randint(1, 5))]
        if operation == "entrust" and draw.random() < 0.7:
            party = {"party": event["recipient"]["id"]}
            event["facts"].append({"type": "contract", "kind": "confidentiality", **party, **_span(draw)})
            event["facts"].append({"type": "vetting", **party, **_span(draw)})
    return event


def _any_recipient(draw: Random, event: Data) -> Data:
    found: Data = _party(draw)
    if draw.random() < 0.3:
        del found["country"]
    if event["operation"] == "joint_use":
        found["id"] = draw.choice([*_JOINT_USERS, found["id"]])
    elif event["operation"] == "disclose" and draw.random() < 0.7:
        found["id"] = event["subject"].get("id", "somebody")
    if draw.random() < (0.9 if event["operation"] == "entrust" else 0.2):
        found["service"] = draw.choice(_SERVICES)
    return found


def _any_fact(draw: Random, event: Data) -> Data:
    """Return a fact of any type, of which each field may be there, and agrees with the event more often than not."""
    kind = draw.choice(["consent", "contract", "vetting", "legal_basis", "notice", "request"])
    recipient = event.get("recipient", {}).get("id", "somebody")
    fact: Data = {"type": kind}
    if draw.random() < 0.6:
        fact["subject"] = event["subject"].get("id", "somebody") if draw.random() < 0.9 else "another"
    if draw.random() < 0.9:
        fact |= _span(draw)
    if kind in ("contract", "vetting"):
        fact["party"] = recipient if draw.random() < 0.8 else "another"
    if kind == "contract":
        fact["kind"] = draw.choice(["confidentiality", "service"])
    elif kind == "request":
        fact["kind"] = draw.choice(_REQUESTS)
    elif kind == "legal_basis":
        fact |= {"kind": draw.choice(["statute", "court", "government"]), "reference": f"order-{draw.randrange(10**6)}"}
    if kind == "consent" or (kind == "legal_basis" and draw.random() < 0.3):
        fact["operations"] = sorted({draw.choice(_OPERATIONS), *([event["operation"]] if draw.random() < 0.7 else [])})
    if kind == "notice" or (kind in ("consent", "request", "legal_basis") and draw.random() < 0.5):
        fact["purposes"] = [draw.choice(_ALL_PURPOSES)]
        if draw.random() < 0.6:
            fact["purposes"].append(event.get("purpose", "statistics"))
        if draw.random() < 0.02:
            fact["purposes"].append("a-purpose-of-others")
    if kind in ("consent", "request", "legal_basis", "notice") and draw.random() < 0.5:
        fact["items"] = draw.sample(_ITEMS, draw.randint(1, 5))
        if draw.random() < 0.5:
            fact["items"] += event["items"]
        if draw.random() < 0.03:
            fact["items"].append("an_item_of_others")
    if kind in ("consent", "request", "legal_basis") and draw.random() < 0.3:
        fact["recipients"] = [f"party-{draw.randrange(RECIPIENTS)}", recipient][: draw.randint(1, 2)]
    return fact
