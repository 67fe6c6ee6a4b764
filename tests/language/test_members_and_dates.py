"""Tables of `any` and `all` that stand under a reading, and facts that began before a date."""

from __future__ import annotations

from typing import Any

import pytest

from policyengine import Decision, Documents, Engine
from policyengine.analysis.difference import difference

PACK = """
[policy]
id = "p"
version = "1"
title = {ja = "p", en = "p"}
governs = ["shop"]

[vocabulary.subjects]
person = {ja = "人", en = "person"}
[vocabulary.items]
mail = {ja = "メール", en = "mail"}
[vocabulary.purposes]
care = {ja = "手入れ", en = "care"}

[readings.how]
ja = "どう"
en = "how"
default = "plain"
values.plain = {ja = "平たく", en = "plainly"}
values.wide = {ja = "広く", en = "widely"}

[[clause]]
number = "1"
summary = {ja = "1", en = "1"}
[[clause.permission]]
operations = ["use"]
items = "any"
"""


def decide(condition: str, *facts: dict[str, Any], reading: str = "plain", **fields: Any) -> Decision:
    engine = Engine.load(Documents({"p.toml": PACK + condition}), readings={"how": reading}, installed_plugins=False)
    event = {"id": "e", "time": "2026-06-01T00:00:00Z", "operation": "use", "subject": {"category": "person"}}
    return engine.evaluate({**event, "items": ["mail"], "purpose": "care", "facts": list(facts), **fields})


CONSENT = {"type": "consent", "operations": ["use"]}
NOTICE = {"type": "notice", "purposes": ["care"]}


@pytest.mark.parametrize(
    ("condition", "facts", "plain", "wide"),
    [
        ("any = [{type = 'consent'}, {facts = {type = 'notice'}, under = {how = 'wide'}}]", [NOTICE], False, True),
        ("any = [{type = 'consent'}, {facts = {type = 'notice'}, under = {how = 'wide'}}]", [CONSENT], True, True),
        ("all = [{type = 'consent'}, {facts = {type = 'notice'}, under = {how = 'wide'}}]", [CONSENT], True, False),
        ("any = [{facts = {type = 'notice'}, under = {how = 'wide'}}]", [NOTICE], False, True),
        ("all = [{facts = {type = 'notice'}, under = {how = 'wide'}}]", [], True, False),
    ],
)
def test_a_table_stands_under_its_reading_alone(
    condition: str, facts: list[dict[str, Any]], plain: bool, wide: bool
) -> None:
    assert decide(condition, *facts).permitted is plain
    assert decide(condition, *facts, reading="wide").permitted is wide


BEFORE = "facts = {type = 'consent', before = 2022-04-01T00:00:00+09:00}"


@pytest.mark.parametrize(
    ("began", "counts"),
    [({}, True), ({"from": "2022-03-31T14:59:59Z"}, True), ({"from": "2022-03-31T15:00:00Z"}, False)],
)
def test_a_fact_began_before_a_date_or_does_not_say_when(began: dict[str, str], counts: bool) -> None:
    assert decide(BEFORE, {**CONSENT, **began}).permitted is counts


def test_an_analysis_finds_the_fact_on_which_two_dates_differ() -> None:
    def policy(date: str) -> Any:
        text = PACK + BEFORE.replace("2022-04-01", date)
        return Engine.load(Documents({"p.toml": text}), installed_plugins=False).policies[0]

    found = difference(policy("2022-04-01"), policy("2023-04-01"))
    assert found is not None
    (fact,) = found.event["facts"]
    assert "2022-03-31T15" <= fact["from"] < "2023-03-31T15"
    assert difference(policy("2022-04-01"), policy("2022-04-01")) is None
