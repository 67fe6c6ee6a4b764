"""What policies say of facts that are added: their form, and when a request is to be answered."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from ledger_scenes import CONSENT, CONTRACT, REQUEST, SHOP, engine_with
from ledger_servers import Fresh
from policyengine import Engine
from policyengine_records import Ledger, RecordsError

STUDIO = """
[policy]
id = "green-studio"
version = "1"
title = {ja = "みどりスタジオ", en = "Green Studio"}
governs = ["green-studio"]
from = 2026-01-01T00:00:00Z

[vocabulary.subjects]
customer = {ja = "顧客", en = "customer"}

[vocabulary.items]
name = {ja = "氏名", en = "name"}

[vocabulary.purposes]
news = {ja = "案内", en = "news"}

[obligations.answer]
clause = "2"
ja = "回答する"
en = "Answer."
parameters = {days = 14}

[obligations.answer-at-once]
clause = "3"
ja = "急いで回答する"
en = "Answer soon."
parameters = {days = 2.5}

[obligations.tell-partners]
clause = "1"
ja = "提供先に知らせる"
en = "Tell the partners."
parameters = {days = 1}

[[clause]]
number = "1"
summary = {ja = "止めていない人に", en = "Data of those who asked for nothing."}

[[clause.provision]]
subjects = ["customer"]
purposes = ["news"]
facts = {not = {type = "request", kind = "stop_provision"}}
oblige = ["tell-partners"]

[[clause]]
number = "2"
summary = {ja = "求めに応じる", en = "Requests are met."}

[[clause.disclosure]]
oblige = ["answer"]

[[clause.data-subject-request]]
request = "stop_provision"
stops = ["provide"]
oblige = ["answer"]

[[clause]]
number = "3"
summary = {ja = "2026年7月からは、急いで開示する", en = "From July 2026 on, data are disclosed soon."}

[[clause.disclosure]]
from = 2026-07-01T00:00:00Z
oblige = ["answer-at-once"]
"""


@pytest.fixture
def studio(tmp_path: Path) -> Callable[..., Engine]:
    def load(*packs: Path, days: str = "14") -> Engine:
        file = tmp_path / "studio.toml"
        file.write_text(STUDIO.replace("days = 14", f"days = {days}"), "utf-8")
        return Engine.load(file, *packs, installed_plugins=False)

    return load


def due(ledger: Ledger, engine: Engine | None, **fields: Any) -> str | None:
    identifier = ledger.add({**REQUEST, **fields}, engine=engine)
    return ledger.history(identifier)[-1].due_at


def test_the_smallest_number_of_days_of_the_rules_about_such_a_request(
    ledger: Ledger, studio: Callable[..., Engine]
) -> None:
    engine = studio()
    march, july, before = "2026-03-01T00:00:00Z", "2026-07-01T00:00:00Z", "2025-12-31T23:59:59Z"
    assert due(ledger, engine, **{"from": march}) == "2026-03-15T00:00:00Z"
    assert due(ledger, engine, **{"from": july}) == "2026-07-03T12:00:00Z"  # clause 3 is in force
    assert due(ledger, engine, **{"from": march, "kind": "stop_provision"}) == "2026-03-15T00:00:00Z"  # not clause 1
    assert due(ledger, engine, **{"from": march, "kind": "erase"}) is None
    assert due(ledger, engine, **{"from": before}) is None  # no policy is in force
    assert due(ledger, studio(SHOP, days="30"), **{"from": march}) == "2026-03-15T00:00:00Z"  # of two policies
    assert due(ledger, None, **{"from": march}) is None


def test_days_come_from_the_call_then_the_policies_then_the_ledger(fresh: Fresh, studio: Callable[..., Engine]) -> None:
    ledger, engine = fresh(answer_within_days=30, clock=lambda: 1_772_323_200_000_000), studio()
    request = {"type": "request", "kind": "disclose", "from": "2026-03-01T00:00:00Z"}
    undated = {"type": "request", "kind": "disclose"}
    assert ledger.history(ledger.add(request, engine=engine, days=7))[0].due_at == "2026-03-08T00:00:00Z"
    ids = ledger.import_([request, {**request, "kind": "erase"}, CONTRACT, undated, {"fact": request}], engine=engine)
    assert [ledger.history(identifier)[0].due_at for identifier in ids] == [
        "2026-03-15T00:00:00Z",
        "2026-03-31T00:00:00Z",
        None,
        "2026-03-15T00:00:00.000005Z",  # from when it was recorded
        None,  # as it was exported
    ]


@pytest.mark.parametrize("days", ["0", "-1", "true", '"soon"'])
def test_days_that_are_no_number_are_refused(ledger: Ledger, studio: Callable[..., Engine], days: str) -> None:
    with pytest.raises(RecordsError, match=r"green-studio: obligations\.answer\.parameters\.days: expected a positive"):
        ledger.add(REQUEST, engine=studio(days=days))
    assert ledger.facts() == []


def test_a_fact_must_be_of_a_form_that_the_policies_declare(ledger: Ledger) -> None:
    engine = engine_with(None, SHOP)
    suspension = {"type": "partner_suspension", "partner": "mailer-kk"}
    for fact, said in (
        ({"type": "partner_suspensions"}, 'did you mean "partner_suspension"'),
        ({"type": "partner_suspension"}, r"\$\.partner: required"),
        ({**CONSENT, "operations": ["give"]}, r"\$\.operations\[0\]: expected one of"),
        ({"type": "request"}, r"\$\.kind: required"),
    ):
        with pytest.raises(RecordsError, match=said):
            ledger.add(fact, engine=engine)
        with pytest.raises(RecordsError, match=f"object 2: .*{said}"):
            ledger.import_([suspension, fact], engine=engine)
    assert ledger.facts() == []
    ledger.add(suspension, engine=engine)
    assert [entry.fact for entry in ledger.facts()] == [suspension]


def test_only_requests_are_answered(ledger: Ledger) -> None:
    contract = ledger.add(CONTRACT)
    for wrong in (
        lambda: ledger.add(CONTRACT, days=3),
        lambda: ledger.answer(contract),
        lambda: ledger.import_([{"fact": CONTRACT, "due_at": "2026-03-01T00:00:00Z"}]),
    ):
        with pytest.raises(RecordsError, match="only a request"):
            wrong()
    assert len(ledger.history(contract)) == 1
    undated = ledger.add(REQUEST)
    assert ledger.history(undated)[0].state == "open"
    assert ledger.answer(undated).state == "answered"


def test_what_is_withdrawn_before_it_is_late_is_not_late_soon(ledger: Ledger) -> None:
    soon, withdrawn = ledger.add(REQUEST, days=14), ledger.add(REQUEST, days=14)
    ledger.withdraw(withdrawn, "2026-11-14T15:00:00Z")
    assert ledger.due("2026-11-13T00:00:00Z") == []
    assert [entry.id for entry in ledger.due("2026-11-13T00:00:00Z", within=2)] == [soon]
