"""The ledger as a source of facts: one query, a bounded cache, and no permit where it fails."""

from __future__ import annotations

import threading
from typing import Any

import pytest

from ledger_scenes import CAMPAIGN, CONSENT, CONTRACT, PACK, VETTING, engine_with, unavailable
from ledger_servers import opened
from policyengine import Engine, Event, FactQuery, PluginError
from policyengine.engine.plugins import Plugins
from policyengine_records import Ledger, LedgerSource
from policyengine_records.ledger.source import CHUNK

TYPES = frozenset({"contract", "vetting", "consent", "request"})


def query(**fields: Any) -> FactQuery:
    return FactQuery(Event.from_mapping({**CAMPAIGN, **fields}), TYPES)


def test_the_engine_permits_by_the_ledgers_facts_until_one_is_withdrawn(ledger: Ledger) -> None:
    engine = engine_with(LedgerSource(ledger.store))
    contract = ledger.add(CONTRACT)
    assert not engine.evaluate(CAMPAIGN).permitted
    ledger.add(VETTING)
    assert engine.evaluate(CAMPAIGN).permitted
    before = ledger.facts()[-1].recorded_at
    ledger.withdraw(contract, CAMPAIGN["time"])
    assert not engine.evaluate(CAMPAIGN).permitted
    assert engine_with(LedgerSource(ledger.store, as_of=before)).evaluate(CAMPAIGN).permitted


def person(number: int) -> dict[str, str]:
    return {"category": "customer", "id": f"c-{number}"}


def test_a_thousand_events_are_one_query(ledger: Ledger, statements: list[str]) -> None:
    ledger.import_([CONTRACT, VETTING, *({**CONSENT, "subject": f"c-{number}"} for number in range(1000))])
    engine = engine_with(LedgerSource(ledger.store))
    queries = [query(subject=person(number)) for number in range(1000)]
    statements.clear()
    found = LedgerSource(ledger.store).facts(queries)
    assert len(statements) == 1
    assert [[fact.get("subject") for fact in one] for one in found] == [[None, None, f"c-{n}"] for n in range(1000)]
    statements.clear()
    decisions = list(engine.evaluate_all(({**CAMPAIGN, "subject": person(n)} for n in range(1000)), batch=1000))
    assert len(statements) == 1
    assert [decision.outcome for decision in decisions] == ["permit"] * 1000


def test_more_events_than_go_into_one_query_are_a_few(ledger: Ledger, statements: list[str]) -> None:
    ledger.import_({**CONSENT, "subject": f"c-{number}"} for number in range(CHUNK + 1))
    statements.clear()
    found = LedgerSource(ledger.store).facts([query(subject=person(number)) for number in range(CHUNK + 1)])
    assert len(statements) == 2
    assert [[fact["subject"] for fact in one] for one in found] == [[f"c-{n}"] for n in range(CHUNK + 1)]


def test_where_no_type_is_asked_for_nothing_is_queried(ledger: Ledger, statements: list[str]) -> None:
    ledger.add(CONTRACT)
    statements.clear()
    none = [query(subject=person(number))._replace(types=frozenset()) for number in range(10)]
    assert LedgerSource(ledger.store).facts(none) == [[]] * 10
    assert statements == []


def test_only_types_that_are_asked_for_in_their_time(ledger: Ledger) -> None:
    for fact in (CONTRACT, VETTING, {**CONSENT, "until": CAMPAIGN["time"]}, {**CONSENT, "from": CAMPAIGN["time"]}):
        ledger.add(fact)
    (found,) = LedgerSource(ledger.store).facts([query()._replace(types=frozenset({"consent", "vetting"}))])
    assert list(found) == [VETTING, {**CONSENT, "from": "2026-11-24T00:00:00Z"}]
    assert LedgerSource(ledger.store).facts([query()._replace(types=frozenset())]) == [[]]
    assert LedgerSource(ledger.store).facts([]) == []


def test_one_fact_stands_for_those_that_say_the_same_of_others(ledger: Ledger) -> None:
    ledger.import_({"type": "vetting", "party": f"vendor-{number}"} for number in range(40))
    ledger.import_({**CONSENT, "subject": f"c-{number}"} for number in range(40))
    ledger.add(VETTING)
    anybody = query(subject={"category": "customer"})
    (found,) = LedgerSource(ledger.store).facts([anybody])
    assert [fact["type"] for fact in found] == ["vetting", "consent", "vetting"]
    assert list(found)[-1] == VETTING


def test_installed_and_not_configured_it_brings_nothing() -> None:
    assert "records" in {plugin.name for plugin in Plugins().describe()}
    assert "ledger" not in Plugins().sources


def test_the_installed_plugin_answers_from_its_configuration(new_url: Any) -> None:
    url = new_url()
    engine = Engine.load(PACK, settings={"records": {"database": url, "timeout_seconds": 2}})
    assert "policyengine records upgrade" in unavailable(engine)  # nothing is there, and nothing is made by asking
    ledger = opened(url)
    ledger.import_([CONTRACT, VETTING])
    assert engine.evaluate(CAMPAIGN).permitted
    ledger.store.close()


@pytest.mark.parametrize(
    ("wrong", "says"),
    [
        ({"database": "sqlite:///a.db", "cache": 1}, "cache"),
        ({"database": "sqlite:///a.db", "timeout_seconds": 0}, "timeout_seconds"),
        ({"pool_size": 0}, "pool_size"),
        ({"database": "mysql://a/b"}, "mysql"),
        ({"database": "sqlite:///a.db", "quarantine": {"notify": True}}, "whom to tell"),
    ],
)
def test_a_wrong_setting_is_an_error_at_start(wrong: dict[str, Any], says: str) -> None:
    with pytest.raises(PluginError, match=says):
        Engine.load(PACK, settings={"records": wrong})


def test_decisions_while_facts_change_are_those_of_a_state_in_force(ledger: Ledger) -> None:
    engine = engine_with(LedgerSource(ledger.store))
    ledger.add(VETTING)  # so that the contracts alone make and unmake the permit
    done, seen, failed = threading.Event(), [], []

    def latest() -> str:
        return max(entry.recorded_at for entry in ledger.facts())

    def write(fact: dict[str, Any]) -> None:
        try:
            for _ in range(8):
                ledger.withdraw(ledger.add(fact), "2026-01-01T00:00:00Z")
        except Exception as error:
            failed.append(error)

    def ask() -> None:
        try:
            while not done.is_set():
                before = latest()
                decision = engine.evaluate(CAMPAIGN).as_dict()
                seen.append((before, latest(), decision))
        except Exception as error:
            failed.append(error)

    writers = [threading.Thread(target=write, args=(fact,)) for fact in (CONTRACT, {**CONSENT, "operations": ["use"]})]
    askers = [threading.Thread(target=ask) for _ in range(2)]
    for thread in (*askers, *writers):
        thread.start()
    for thread in writers:
        thread.join()
    done.set()
    for thread in askers:
        thread.join()
    assert not failed
    ids = [entry.id for entry in ledger.facts()]
    moments = sorted(entry.recorded_at for identifier in ids for entry in ledger.history(identifier))
    states = {one: engine_with(LedgerSource(ledger.store, as_of=one)).evaluate(CAMPAIGN).as_dict() for one in moments}
    assert len({str(state) for state in states.values()}) > 1
    assert seen
    for before, after, decision in seen:
        assert decision in [states[one] for one in moments if before <= one <= after]
