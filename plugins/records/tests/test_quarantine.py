"""What is kept for a person: nothing lost, nothing twice, nothing changed; and the action that keeps it."""

from __future__ import annotations

import json
import logging
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import msgspec
import pytest

from policyengine import EnforcementAction, Engine, FlowDenied, PolicyError, Step
from policyengine_records import Outbox, Quarantine, RecordsError, Store
from policyengine_records import plugin as module
from policyengine_records.outbox.courier import Courier
from policyengine_records.outbox.notify import Notify
from policyengine_records.quarantine.keeping import Keeping
from quarantine_scenes import (
    ENGINE,
    LATER,
    PACK,
    PERMITTED,
    RECORD,
    STAFF,
    bytes_of,
    denied,
    keeping,
)
from receiver import SECRET


@pytest.fixture
def store(new_store: Callable[..., Store]) -> Quarantine:
    return Quarantine(new_store(timeout=60))


def test_a_denied_flow_is_kept_and_comes_back_as_it_was(store: Quarantine) -> None:
    with pytest.raises(FlowDenied) as stopped, keeping(store).flow(STAFF, [RECORD]):
        pass
    (listed,) = store.list()
    assert listed.id == stopped.value.kept
    assert (listed.state, listed.entries, listed.has_payload, listed.payload) == ("open", (), True, None)
    kept = store.get(listed.id)
    assert kept == replace(listed, payload=[RECORD])
    assert kept.event == STAFF
    assert kept.decision == stopped.value.decision == ENGINE.evaluate(STAFF)


def test_what_is_kept_is_on_the_disk_before_the_host_is_told(
    in_file: Quarantine, settings_of: Callable[[str], set[Any]]
) -> None:
    with pytest.raises(FlowDenied), keeping(in_file).flow({**STAFF, "id": "e-1"}, RECORD):
        pass
    assert settings_of("synchronous") == {2}  # FULL
    assert settings_of("foreign_keys") == settings_of("secure_delete") == {1}


def test_what_is_permitted_is_not_kept(store: Quarantine) -> None:
    with keeping(store, Step("quarantine", on=frozenset({"permit", "deny"}))).flow(PERMITTED, RECORD) as flow:
        assert flow.kept is None
    settings = {"redact": {"fields": {"full_name": "name"}}}
    reducing = keeping(store, Step("redact"), Step("quarantine"), settings=settings)
    with reducing.flow(STAFF, payload=RECORD) as flow:
        assert flow.payload == {"full_name": "山田花子"}
        assert flow.kept is None
    assert store.list() == list(store.take(engine=ENGINE)) == []


def test_an_invalid_event_is_kept_each_time(store: Quarantine) -> None:
    for _ in range(2):
        with pytest.raises(FlowDenied):
            keeping(store).enforce({"operation": "use"})
    one, other = store.list()
    assert one.decision.outcome == "invalid"
    assert one.decision.errors
    assert one.event == other.event == {"operation": "use"}


def test_a_flow_that_is_tried_again_is_the_same(store: Quarantine) -> None:
    first = store.keep(denied(1, {"a": 1, "b": [1.5, None, True]}))
    assert store.keep(denied(1, {"b": (1.5, None, True), "a": 1})) == first, "the order of members says nothing"
    others = [
        denied(1, {"a": True, "b": [1.5, None, True]}),
        denied(1, {"a": 1.0, "b": [1.5, None, True]}),
        denied(1),
        denied(2, {"a": 1, "b": [1.5, None, True]}),
        denied(1, {"a": 1, "b": [1.5, None, True]}, items=["health_checkup_result"]),
        msgspec.structs.replace(denied(1, {"a": 1, "b": [1.5, None, True]}), decision=denied(2).decision),
    ]
    ids = {first, *map(store.keep, others)}
    assert len(ids) == len(others) + 1
    assert ids == {first, *map(store.keep, others)}
    store.reject(first, "A", "no")
    assert store.keep(denied(1, {"a": 1, "b": [1.5, None, True]})) == first, "what was rejected stays so"
    assert store.get(first).state == "rejected"
    assert len(store.list()) == len(ids)
    store.purge(LATER)
    assert store.keep(denied(1, {"a": 1, "b": [1.5, None, True]})) not in ids, "with nothing to compare, it is new"
    assert store.keep(denied(1)) in ids


@pytest.mark.parametrize(
    ("payload", "said"),
    [
        ({"born": date(2000, 1, 1)}, "there is a value of type date in it"),
        ([{1: "x"}], "a key is a value of type int, and no text"),
        ({"a": float("nan")}, "a number is not finite"),
        (b"secret", "there is a value of type bytes in it"),
        ({"secret", "other"}, "there is a value of type set in it"),
        (10**5000, "a number is too long"),
    ],
    ids=["date", "key", "nan", "bytes", "set", "number"],
)
def test_a_payload_that_is_no_json_data(
    store: Quarantine, payload: Any, said: str, caplog: pytest.LogCaptureFixture
) -> None:
    with pytest.raises(RecordsError, match=f"the payload is no JSON data, and cannot be kept: {said}"):
        store.keep(denied(1, payload))
    with pytest.raises(FlowDenied) as stopped, keeping(store).flow(STAFF, payload):
        pass
    assert stopped.value.kept is None
    assert "enforcement action quarantine failed" in caplog.text
    assert "secret" not in caplog.text
    with pytest.raises(FlowDenied) as stopped, keeping(store, Step("quarantine", mandatory=True)).flow(STAFF, payload):
        pass
    assert stopped.value.decision.reasons[-1].code == "action-failed"
    assert store.list() == []


def test_a_payload_that_holds_itself(store: Quarantine) -> None:
    endless: list[Any] = []
    endless.append(endless)
    with pytest.raises(RecordsError, match="nested more than 100 deep"):
        store.keep(denied(1, endless))


@pytest.mark.parametrize("text", ["\ud800", "a\0b", "\x1b[31m", "𠮷野家"])
def test_every_text_comes_back(store: Quarantine, text: str) -> None:
    flow = msgspec.structs.replace(denied(), event={**STAFF, "id": text}, payload={text: text})
    kept = store.get(store.keep(flow))
    assert (kept.event["id"], kept.payload) == (text, {text: text})
    assert store.keep(flow) == kept.id


def test_without_payloads(in_file: Quarantine, file: Path) -> None:
    store = Quarantine(in_file.store, payload=False)
    first = store.keep(denied(1, RECORD))
    assert store.keep(denied(1, b"no JSON at all")) == first
    assert not store.get(first).has_payload
    assert b"full_name" not in bytes_of(file)


def test_a_release_is_on_record_and_changes_no_rule(store: Quarantine) -> None:
    enforcing = keeping(store)
    with pytest.raises(FlowDenied) as stopped, enforcing.flow(STAFF, RECORD):
        pass
    kept = stopped.value.kept
    assert kept is not None
    assert list(store.take(engine=ENGINE)) == []
    released = store.release(kept, " S. Abe ", "asked for by the person", engine=ENGINE)
    assert released.state == "released"
    (taken,) = store.take("mailer", engine=ENGINE)
    assert (taken.id, taken.state, taken.event, taken.payload) == (kept, "taken", STAFF, RECORD)
    assert [(entry.what, entry.by, entry.reason) for entry in taken.entries] == [
        ("released", "S. Abe", "asked for by the person"),
        ("taken", "mailer", None),
    ]
    assert list(store.take(engine=ENGINE)) == []
    with pytest.raises(FlowDenied) as again, enforcing.flow(STAFF, RECORD):
        pass
    assert again.value.kept == kept
    assert list(store.take(engine=ENGINE)) == [], "a flow that was carried out is not released by being tried again"


def test_states_are_told_apart(store: Quarantine) -> None:
    ids = [store.keep(denied(number)) for number in range(4)]
    store.release(ids[1], "A", "yes", engine=ENGINE)
    assert [taken.id for taken in store.take(engine=ENGINE)] == [ids[1]]
    store.release(ids[2], "A", "yes", engine=ENGINE)
    store.reject(ids[3], "A", "no")
    assert [kept.id for kept in store.list()] == ids
    assert [kept.state for kept in store.list()] == ["open", "taken", "released", "rejected"]
    for state, id_ in zip(("open", "taken", "released", "rejected"), ids, strict=True):
        assert [kept.id for kept in store.list(state)] == [id_]  # type: ignore[arg-type]
    assert store.list() == [store.get(id_) for id_ in ids]
    with pytest.raises(RecordsError, match='there is no state "opne"; did you mean "open"'):
        store.list("opne")  # type: ignore[arg-type]


def test_taking_stops_where_the_host_stops(store: Quarantine) -> None:
    ids = [store.keep(denied(number)) for number in range(3)]
    for id_ in reversed(ids):
        store.release(id_, "A", "yes", engine=ENGINE)
    assert next(store.take(engine=ENGINE)).id == ids[2], "in the order of releases"
    assert [kept.id for kept in store.list("released")] == ids[:2]
    assert [taken.id for taken in store.take(engine=ENGINE)] == [ids[1], ids[0]]


def test_what_cannot_be_done_says_why(store: Quarantine) -> None:
    with pytest.raises(RecordsError, match=r'no flow is kept as "q-1"$'):
        store.get("q-1")
    with pytest.raises(RecordsError, match=r'no flow is kept as "q-1"$'):
        store.release("q-1", "A", "yes", engine=ENGINE)
    one, two = store.keep(denied(1)), store.keep(denied(2))
    for ask in (
        store.get,
        lambda id_: store.release(id_, "A", "yes", engine=ENGINE),
        lambda id_: store.reject(id_, "A", "no"),
    ):
        with pytest.raises(RecordsError, match=f'no flow is kept as "{one[:-2]}"; did you mean "{one}"'):
            ask(one[:-2])
    with pytest.raises(RecordsError, match="no flow is kept"):
        store.get("\udc80é")
    store.release(one, "A", "yes", engine=ENGINE)
    store.reject(two, "B", "no")
    for id_, said in ((one, "released at .* by A already"), (two, "rejected at .* by B already")):
        with pytest.raises(RecordsError, match=f"{id_} cannot be released: it was {said}"):
            store.release(id_, "C", "again", engine=ENGINE)
    with pytest.raises(RecordsError, match=f"{two} cannot be rejected: it was rejected at .* by B already"):
        store.reject(two, "C", "again")
    assert len(list(store.take(engine=ENGINE))) == 1
    with pytest.raises(RecordsError, match=r"it was released at .* by A, and taken at .* already"):
        store.reject(one, "C", "too late")
    three = store.keep(denied(3))
    for by, reason in (("", "yes"), ("A", " "), ("\udc80", "yes")):
        with pytest.raises(RecordsError, match="a record needs it"):
            store.release(three, by, reason, engine=ENGINE)
    for at, said in (("yesterday", "no RFC 3339 time"), (LATER, "and now"), ("2000-01-01T00:00:00Z", "was kept")):
        with pytest.raises(RecordsError, match=said):
            store.release(three, "A", "yes", at, engine=ENGINE)
    with pytest.raises(RecordsError, match="no RFC 3339 time"):
        store.purge("2026-11-24")
    assert store.get(three).state == "open"


def test_a_decision_may_be_dated_back(store: Quarantine) -> None:
    kept = store.get(store.keep(denied()))
    assert store.reject(kept.id, "A", "no", kept.kept_at).entries[0].at == kept.kept_at


# As a plugin


def test_the_action_comes_where_records_are_configured(in_file: Quarantine, file: Path) -> None:
    assert list(module.policyengine_enforcement_actions({})) == []
    settings = {"database": f"sqlite:///{file}", "quarantine": {"payload": False}}
    (action,) = module.policyengine_enforcement_actions(settings)
    assert isinstance(action, EnforcementAction)
    assert (action.name, action.stage) == ("quarantine", "keep")
    flow = action.act(denied(1, RECORD))
    assert flow is not None and flow.kept is not None
    assert not in_file.get(flow.kept).has_payload


def test_configured_by_file(tmp_path: Path) -> None:
    configuration = tmp_path / "policyengine.toml"
    configuration.write_text(
        f"""
policies = [{json.dumps(str(PACK))}]

[plugins.records]
database = "sqlite:///kept.db"

[[step]]
action = "quarantine"
mandatory = true
""",
        "utf-8",
    )
    store = Quarantine(Store(f"sqlite:///{tmp_path}/kept.db"))
    engine = Engine.load(config=configuration)
    with pytest.raises(FlowDenied) as stopped, engine.flow(STAFF, RECORD):
        pass
    assert stopped.value.decision.reasons[-1].code == "action-failed"
    assert not (tmp_path / "kept.db").exists(), "a database that is gone is missed, and not made anew"
    store.store.upgrade()
    with pytest.raises(FlowDenied) as stopped, engine.flow(STAFF, RECORD):
        pass
    (kept,) = store.list()
    assert kept.id == stopped.value.kept
    configuration.write_text(configuration.read_text("utf-8").replace("database =", "databse ="), "utf-8")
    with pytest.raises(PolicyError, match='unknown key "databse"'):
        Engine.load(config=configuration)


def test_warning_keeps_nothing(store: Quarantine, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.ERROR):
        assert not keeping(store, mode="warn").enforce(STAFF).permitted
    assert store.list() == []
    assert not caplog.records


def test_a_host_without_records_imports_no_database() -> None:
    code = "import sys, policyengine; policyengine.Engine.load(sys.argv[1]); sys.exit('sqlalchemy' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code, str(PACK)], check=False).returncode == 0


# A flow, and the message about it


def telling(store: Quarantine, most: int = 10) -> Notify:
    courier = Courier(Outbox(store.store, most=most), "http://127.0.0.1:9/", SECRET)
    notify = Notify(courier, told=True)
    notify.stop()
    return notify


def test_a_kept_flow_and_its_message_are_there_together_or_not_at_all(store: Quarantine) -> None:
    notify = telling(store, most=2)
    keeping = Keeping(store, notify)
    ids = []
    for number in (1, 1, 2):
        flow = denied(number, RECORD)
        reduction = keeping.act(flow)
        assert reduction is not None and reduction.kept is not None
        ids.append(reduction.kept)
        notify.act(msgspec.structs.replace(flow, kept=reduction.kept))
    told = [json.loads(message.body)["data"]["kept"] for message in notify.outbox.messages()]
    assert told == [kept.id for kept in store.list()] == ids[1:], "once, however often it was tried"
    with pytest.raises(RecordsError, match="the outbox is full"):
        keeping.act(denied(3, RECORD))
    assert len(store.list()) == 2, "what cannot be told is not kept"
    with pytest.raises(RecordsError, match="the outbox is full"):  # what is not kept is told of by the step, as ever
        notify.act(denied(4))
