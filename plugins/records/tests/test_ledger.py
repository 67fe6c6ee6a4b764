"""The ledger: what is added, withdrawn, corrected, answered, and what was known before."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from sqlalchemy import NullPool, create_engine, delete, update
from sqlalchemy.exc import DBAPIError

from ledger_scenes import CONSENT, CONTRACT, REQUEST
from ledger_servers import opened
from policyengine_records import Ledger, RecordsError
from policyengine_records.store.schema import entries, parties


def test_times_come_in_with_any_offset_and_go_out_in_utc(ledger: Ledger) -> None:
    ledger.add({**CONTRACT, "from": "2026-01-01T00:00:00+09:00", "until": "2027-01-01T00:00:00.5Z"})
    (entry,) = ledger.facts()
    assert entry.fact == {**CONTRACT, "from": "2025-12-31T15:00:00Z", "until": "2027-01-01T00:00:00.500000Z"}


@pytest.mark.parametrize(
    ("fact", "path"),
    [
        ({"type": "vetting", "party": None}, "$.party"),
        ({"party": "mailer-kk"}, "$.type"),
        ({**CONTRACT, "from": "2026-01-01"}, "$.from"),
        ({**CONTRACT, "until": "2026-02-30T00:00:00Z"}, "$.until"),
        ({**CONTRACT, "subject": ""}, "$.subject"),
        ({**CONTRACT, "from": "0001-01-01T00:00:00+09:00"}, "0001"),
        ({**CONTRACT, "party": "a\x00b"}, "U+0000"),
    ],
)
def test_a_malformed_fact_is_refused_and_leaves_nothing(ledger: Ledger, fact: dict[str, object], path: str) -> None:
    with pytest.raises(RecordsError) as error:
        ledger.add(fact)
    assert path in str(error.value)
    assert ledger.facts() == []


def test_a_withdrawal_is_an_entry_more(ledger: Ledger) -> None:
    identifier = ledger.add(CONTRACT)
    before = ledger.history(identifier)
    entry = ledger.withdraw(identifier, "2026-06-01T00:00:00+09:00")
    assert entry.fact["until"] == entry.withdrawn_at == "2026-05-31T15:00:00Z"
    assert ledger.history(identifier) == [*before, entry]
    assert ledger.facts(as_of=before[0].recorded_at) == before
    assert ledger.facts() == [entry]


def test_a_second_withdrawal_and_a_correction_do_not_lift_the_first(ledger: Ledger) -> None:
    identifier = ledger.add(CONTRACT)
    ledger.withdraw(identifier, "2026-06-01T00:00:00Z")
    assert ledger.withdraw(identifier, "2026-07-01T00:00:00Z").fact["until"] == "2026-06-01T00:00:00Z"
    corrected = ledger.correct(identifier, {**CONTRACT, "until": "2030-01-01T00:00:00Z"})
    assert corrected.fact["until"] == "2026-06-01T00:00:00Z"
    assert ledger.correct(identifier, {**CONTRACT, "until": "2026-03-01T00:00:00Z"}).fact["until"].startswith("2026-03")


def test_an_earlier_end_stays(ledger: Ledger) -> None:
    identifier = ledger.add({**CONTRACT, "until": "2026-03-01T00:00:00Z"})
    assert ledger.withdraw(identifier, "2026-06-01T00:00:00Z").fact["until"] == "2026-03-01T00:00:00Z"


def test_a_correction_moves_a_fact_to_another_person(ledger: Ledger) -> None:
    identifier = ledger.add(CONSENT)
    ledger.correct(identifier, {**CONSENT, "subject": "c-103"})
    assert ledger.facts(subject="c-102") == []
    assert [entry.change for entry in ledger.history(identifier)] == ["add", "correct"]
    assert ledger.facts(subject="c-102", as_of=ledger.history(identifier)[0].recorded_at) != []
    with pytest.raises(RecordsError, match="cannot become a contract"):
        ledger.correct(identifier, CONTRACT)


def test_facts_by_person_and_type(ledger: Ledger) -> None:
    for fact in (CONSENT, CONTRACT, REQUEST):
        ledger.add(fact)
    assert [entry.fact["type"] for entry in ledger.facts(subject="c-102")] == ["consent", "request"]
    assert [entry.fact["type"] for entry in ledger.facts(type="contract")] == ["contract"]
    assert [entry.fact["type"] for entry in ledger.facts()] == ["consent", "contract", "request"]


def test_a_request_is_late_after_its_days_until_it_is_answered(ledger: Ledger) -> None:
    identifier = ledger.add(REQUEST, days=14)
    ledger.add({**REQUEST, "subject": "c-103"})
    withdrawn = ledger.add({**REQUEST, "subject": "c-104"}, days=1)
    ledger.withdraw(withdrawn, "2026-11-02T00:00:00Z")
    assert ledger.due("2026-11-14T15:00:00Z") == []
    (late,) = ledger.due("2026-11-14T15:00:00.000001Z")
    assert (late.id, late.state, late.due_at) == (identifier, "open", "2026-11-14T15:00:00Z")
    answered = ledger.answer(identifier, "2026-11-20T00:00:00Z")
    assert answered.state == "answered"
    assert "until" not in answered.fact
    assert ledger.due("2026-12-01T00:00:00Z") == []
    with pytest.raises(RecordsError, match="answered at 2026-11-20"):
        ledger.answer(identifier)


def test_days_without_a_start_count_from_the_record(fresh: object) -> None:
    ledger = fresh(clock=lambda: 0)  # type: ignore[operator]
    ledger.add({"type": "request", "kind": "delete", "subject": "c-1"}, days=1)
    assert ledger.facts()[0].due_at == "1970-01-02T00:00:00Z"


def test_times_of_record_grow_whatever_the_clock_says(fresh: object) -> None:
    times = iter([50, 40, 40, 60])
    ledger = fresh(clock=lambda: next(times))  # type: ignore[operator]
    for _ in range(4):
        ledger.add(CONTRACT)
    assert [entry.recorded_at[-8:-1] for entry in ledger.facts()] == [f".0000{end}" for end in (50, 51, 52, 60)]


def test_what_is_not_there(ledger: Ledger) -> None:
    for call in (ledger.withdraw, ledger.answer, ledger.history):
        with pytest.raises(RecordsError, match="no fact 'nobody'"):
            call("nobody")
    with pytest.raises(RecordsError, match="RFC 3339"):
        ledger.facts(as_of="yesterday")


def test_an_import_is_all_or_nothing_and_can_be_repeated(fresh: object) -> None:
    ledger, other = fresh(), fresh()  # type: ignore[operator]
    with pytest.raises(RecordsError, match=r"object 2: .*\$\.type"):
        ledger.import_([CONTRACT, {"party": "mailer-kk"}])
    assert ledger.facts() == []
    ledger.import_([CONTRACT, CONSENT])
    exported = list(ledger.export())
    assert other.import_(exported) == other.import_(exported) == [one["id"] for one in exported]
    assert list(other.export()) == exported
    other.withdraw(exported[0]["id"])
    with pytest.raises(RecordsError, match=r"object 1: fact .* differs"):
        other.import_(exported)


def test_the_database_itself_changes_and_deletes_no_entry(new_url: Callable[[], str]) -> None:
    url = new_url()
    ledger = opened(url)
    ledger.add(CONTRACT)
    before = ledger.facts()
    database = create_engine(url.replace("postgresql:", "postgresql+psycopg:"), poolclass=NullPool)
    for table in (entries, parties):
        for deed in (delete(table), update(table).values(entry=7)):
            with pytest.raises(DBAPIError, match="append-only"), database.begin() as connection:
                connection.execute(deed)
    assert ledger.facts() == before
    ledger.store.close()


@pytest.mark.parametrize("url", ["sqlite://", "sqlite:///:memory:", "mysql://host/facts", "facts.db"])
def test_a_ledger_lives_in_a_file_or_in_postgresql(url: str) -> None:
    with pytest.raises(RecordsError):
        opened(url)
