"""What holds of every ledger, and of every decision that rests on one."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledger_scenes import PACK, engine_with
from ledger_servers import LAWS, Fresh
from policyengine import Event, FactQuery
from policyengine_records import LedgerSource

PERSONS, PARTIES, HOURS = (
    ["c-1", "c-2"],
    ["mailer-kk", "postcard-kk"],
    [f"2026-11-24T0{hour}:00:00Z" for hour in range(6)],
)
UNHELD = """
[policy]
id = "green-studio"
version = "1"
title = {ja = "みどりスタジオ", en = "Green Studio"}
governs = ["green-studio"]

[vocabulary.subjects]
customer = {ja = "顧客", en = "customer"}

[vocabulary.items]
name = {ja = "氏名", en = "name"}

[vocabulary.purposes]
product-information = {ja = "案内", en = "information"}

[[clause]]
number = "1"
summary = {ja = "案内に使う", en = "Data serve information."}

[[clause.purpose-limitation]]
subjects = ["customer"]
purposes = ["product-information"]

[[clause.provision]]
subjects = ["customer"]
purposes = ["product-information"]

[[clause]]
number = "2"
summary = {ja = "停止の求めは、相手を問わず", en = "A request to stop stops all, whomever it names."}

[[clause.prohibition]]
facts = {any = [
  {type = "request", kind = "stop_provision", unheld = ["recipients"]},
  {not = {type = "vetting", unheld = ["party"]}},
]}
"""

times = st.fixed_dictionaries({}, optional={"from": st.sampled_from(HOURS), "until": st.sampled_from(HOURS)})
whose = st.fixed_dictionaries({}, optional={"subject": st.sampled_from(PERSONS)})
named = st.fixed_dictionaries({}, optional={"recipients": st.lists(st.sampled_from(PARTIES), min_size=1, max_size=2)})
bodies = st.one_of(
    st.builds(lambda party: {"type": "vetting", "party": party}, st.sampled_from(PARTIES)),
    st.builds(lambda party: {"type": "contract", "kind": "confidentiality", "party": party}, st.sampled_from(PARTIES)),
    st.builds(lambda more: {"type": "consent", "operations": ["provide", "entrust"], **more}, named),
    st.builds(
        lambda kind, more: {"type": "request", "kind": kind, **more},
        st.sampled_from(["stop_use", "stop_provision"]),
        named,
    ),
)
facts = st.builds(lambda body, about, when: {**body, **about, **when}, bodies, whose, times)
deeds = st.lists(
    st.one_of(
        st.tuples(st.just("add"), facts),
        st.tuples(st.just("withdraw"), st.integers(0, 9), st.sampled_from(HOURS)),
        st.tuples(st.just("correct"), st.integers(0, 9), times),
    ),
    max_size=10,
)
events = st.builds(
    lambda operation, subject, party, time: {
        "id": "e-1",
        "time": time,
        "operation": operation,
        "subject": {"category": "customer", **subject},
        "items": ["name"],
        "purpose": "product-information",
        **({"recipient": {"id": party}} if party or operation != "use" else {}),
    },
    st.sampled_from(["use", "entrust", "provide"]),
    st.fixed_dictionaries({}, optional={"id": st.sampled_from(PERSONS)}),
    st.sampled_from([*PARTIES, "printer-kk"]),
    st.sampled_from(HOURS),
)


def perform(ledger: Any, deed: tuple[Any, ...], ids: list[str]) -> None:
    """Do one thing to a ledger; one that needs a fact is left out where there is none."""
    if deed[0] == "add":
        ids.append(ledger.add(deed[1]))
    elif ids and deed[0] == "withdraw":
        ledger.withdraw(ids[deed[1] % len(ids)], deed[2])
    elif ids:
        identifier = ids[deed[1] % len(ids)]
        fact = {
            name: value for name, value in ledger.history(identifier)[0].fact.items() if name not in ("from", "until")
        }
        ledger.correct(identifier, {**fact, **deed[2]})


@LAWS
@given(deeds)
def test_history_never_shrinks_and_the_past_stands_still(fresh: Fresh, done: list[Any]) -> None:
    ledger = fresh()
    ids: list[str] = []
    seen: list[tuple[str, Any]] = []
    for deed in done:
        before = {identifier: ledger.history(identifier) for identifier in ids}
        perform(ledger, deed, ids)
        for identifier, history in before.items():
            assert ledger.history(identifier)[: len(history)] == history
        if ids:
            latest = max(entry.recorded_at for entry in ledger.facts())
            seen.append((latest, ledger.facts()))
    for moment, known in seen:
        assert ledger.facts(as_of=moment) == known
    if seen:
        first = ledger.history(ids[0])[0].recorded_at
        assert ledger.facts(as_of="1970-01-01T00:00:00Z") == []
        assert [entry.id for entry in ledger.facts(as_of=first)] == ids[:1]


@LAWS
@given(deeds, events)
def test_a_withdrawn_fact_never_counts_after_its_withdrawal(fresh: Fresh, done: list[Any], event: Any) -> None:
    ledger = fresh()
    source = LedgerSource(ledger.store)
    ids: list[str] = []
    withdrawn: dict[str, str] = {}
    for deed in done:
        perform(ledger, deed, ids)
        if deed[0] == "withdraw" and ids:
            identifier = ids[deed[1] % len(ids)]
            withdrawn[identifier] = min(deed[2], withdrawn.get(identifier, deed[2]))
    left = [one for one in ledger.facts() if not withdrawn.get(one.id, "9999") <= event["time"]]
    types = frozenset({"vetting", "contract", "consent", "request"})
    (handed,) = source.facts([FactQuery(Event.from_mapping(event), types)])
    assert all(fact in [one.fact for one in left] for fact in handed)


@LAWS
@given(deeds)
def test_an_export_imported_gives_the_same_facts(fresh: Fresh, done: list[Any]) -> None:
    ledger, other = fresh(), fresh()
    ids: list[str] = []
    for deed in done:
        perform(ledger, deed, ids)
    other.import_(ledger.export())
    assert list(other.export()) == list(ledger.export())
    assert [entry.fact for entry in other.facts()] == [entry.fact for entry in ledger.facts()]


@pytest.mark.parametrize("pack", ["reference", "unheld"])
@LAWS
@given(st.lists(facts, max_size=10), st.lists(events, min_size=1, max_size=6))
def test_what_the_ledger_hands_over_decides_as_all_its_facts_would(
    fresh: Fresh, tmp_path: Path, pack: str, known: list[Any], asked: list[Any]
) -> None:
    studio = tmp_path / "studio.toml"
    studio.write_text(UNHELD, "utf-8")
    path = PACK if pack == "reference" else studio
    ledger = fresh()
    ledger.import_(known)
    asking, plain = engine_with(LedgerSource(ledger.store), path), engine_with(None, path)
    for event in asked:
        decision = asking.evaluate(event).as_dict()
        assert decision == plain.evaluate({**event, "facts": known}).as_dict()
        assert "source-unavailable" not in str(decision)
    queries = [FactQuery(Event.from_mapping(event), frozenset(asking.fact_types)) for event in asked]
    together = LedgerSource(ledger.store).facts(queries)
    assert [list(one) for one in together] == [list(LedgerSource(ledger.store).facts([query])[0]) for query in queries]
