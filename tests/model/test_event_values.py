"""An `Event` is a value: frozen, comparable, and the same whatever it was made from."""

from __future__ import annotations

import copy
import json
import pickle
from collections import ChainMap, OrderedDict, UserDict
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from types import MappingProxyType
from typing import Any

import pytest

from model.flows import VALID, changed
from policyengine import Engine, Event, InvalidEvent, Recipient, Subject


class Lazy(Mapping[str, Any]):
    """A mapping that is no dict at all."""

    def __init__(self, content: Mapping[str, Any]) -> None:
        self._content = content

    def __getitem__(self, key: str) -> Any:
        return self._content[key]

    def __iter__(self) -> Iterator[str]:
        return iter(self._content)

    def __len__(self) -> int:
        return len(self._content)


class Subdict(dict[str, Any]):
    """A dict of one's own."""


MAPPINGS = [dict, OrderedDict, Subdict, MappingProxyType, UserDict, ChainMap, Lazy]


def test_its_parts_are_read_by_name() -> None:
    event = Event.from_mapping(VALID)
    assert (event.id, event.operation, event.items) == ("e-001", "entrust", ("name", "mobile_email"))
    assert (event.controller, event.subject_id, event.recipient_id) == ("alc-learning-systems", "c-102", "mailer-kk")
    assert event.facts == tuple(VALID["facts"])
    assert event.attributes == {"campaign": "spring"}


def test_as_dict_is_the_json_object_that_it_was_given_as() -> None:
    event = Event.from_mapping(VALID)
    assert event.as_dict() == VALID
    assert json.loads(json.dumps(event.as_dict())) == VALID
    bare = {name: VALID[name] for name in ("id", "time", "operation", "subject", "items", "purpose", "recipient")}
    assert Event.from_mapping(bare).as_dict() == bare


@pytest.mark.parametrize("outer", MAPPINGS, ids=lambda kind: kind.__name__)
@pytest.mark.parametrize("inner", MAPPINGS, ids=lambda kind: kind.__name__)
def test_any_mapping_will_do(engine: Engine, outer: Any, inner: Any) -> None:
    event = changed()
    event["facts"] = tuple(inner(fact) for fact in event["facts"])
    for name in ("subject", "recipient", "attributes"):
        event[name] = inner(event[name])
    event["items"] = tuple(event["items"])
    assert Event.from_mapping(outer(event)) == Event.from_mapping(VALID)
    assert engine.evaluate(outer(event)) == engine.evaluate(VALID)


def test_a_dict_a_struct_and_json_make_the_same_event(engine: Engine) -> None:
    text = json.dumps(VALID)
    forms = [
        Event.from_mapping(VALID),
        Event(**VALID),
        Event(**{**VALID, "subject": Subject("customer", "c-102")}),
        Event(**{**VALID, "recipient": Recipient("mailer-kk", "communication", "JP")}),
        Event.from_json(text),
        Event.from_json(text.encode()),
        Event.from_json(bytearray(text.encode())),
        Event.from_json(json.dumps(VALID, indent=4)),
    ]
    assert len(set(forms)) == 1
    decisions = [engine.evaluate(VALID), engine.evaluate_json(text), *map(engine.evaluate, forms)]
    assert all(decision == decisions[0] for decision in decisions)
    assert decisions[0].permitted


def test_keywords_of_none_count_as_left_out() -> None:
    optional = ("form", "origin", "attributes", "controller")
    event = Event(**{**VALID, **dict.fromkeys(optional)})
    assert event == Event.from_mapping({name: value for name, value in VALID.items() if name not in optional})
    assert event.controller is None
    assert event.attributes == {}


def test_its_time_may_be_a_datetime_with_an_offset() -> None:
    event = Event(**{**VALID, "time": datetime(2026, 11, 24, tzinfo=UTC)})
    assert event == Event.from_mapping(changed(time="2026-11-24T00:00:00+00:00"))
    with pytest.raises(InvalidEvent) as caught:
        Event(**{**VALID, "time": datetime(2026, 11, 24)})
    assert [error.path for error in caught.value.errors] == ["$.time"]


def test_an_event_that_is_none_is_refused_with_every_error_and_its_id() -> None:
    with pytest.raises(InvalidEvent) as caught:
        Event.from_mapping(changed({"items": [], "recipient.id": ""}))
    assert [error.path for error in caught.value.errors] == ["$.items", "$.recipient.id"]
    assert caught.value.event == "e-001"
    assert "$.items" in str(caught.value) and "$.recipient.id" in str(caught.value)
    assert isinstance(caught.value, ValueError)


@pytest.mark.parametrize("name", ["id", "instant", "key", "attributes", "document", "operation", "another"])
def test_it_is_frozen(name: str) -> None:
    event = Event.from_mapping(VALID)
    with pytest.raises(AttributeError):
        setattr(event, name, "x")
    with pytest.raises(AttributeError):
        delattr(event, name)
    assert event.as_dict() == VALID


def test_changing_what_it_was_made_from_changes_nothing(engine: Engine) -> None:
    given = changed()
    event = Event.from_mapping(given)
    given["items"].append("health_information")
    given["facts"].clear()
    given["subject"]["category"] = "employee"
    given["attributes"]["campaign"] = "autumn"
    event.as_dict()["items"].clear()
    assert event == Event.from_mapping(VALID)
    assert engine.evaluate(event).permitted


def test_equal_events_have_one_hash_and_others_are_unequal() -> None:
    event = Event.from_mapping(VALID)
    assert event == Event.from_mapping(changed()) and hash(event) == hash(Event.from_mapping(changed()))
    assert event != VALID
    changes: list[dict[str, Any]] = [
        {"id": "e-002"},
        {"time": "2026-11-24T00:00:00Z"},
        {"items": ["mobile_email", "name"]},
        {"subject.id": "c-103"},
        {"recipient.country": "KR"},
        {"facts": []},
        {"attributes": {}},
        {"controller": "another"},
    ]
    assert len({event, *(Event.from_mapping(changed(change)) for change in changes)}) == 1 + len(changes)


def test_it_survives_pickling_and_copying(engine: Engine) -> None:
    event = Event.from_mapping(VALID)
    for twin in (pickle.loads(pickle.dumps(event)), copy.copy(event), copy.deepcopy(event)):
        assert twin == event and hash(twin) == hash(event)
        assert engine.evaluate(twin) == engine.evaluate(event)


def test_repr_makes_it_again() -> None:
    event = Event.from_mapping(VALID)
    assert eval(repr(event), {"Event": Event}) == event


def test_more_facts_make_another_event() -> None:
    event = Event.from_mapping(changed(facts=[]))
    more = event.with_facts(VALID["facts"])
    assert more == Event.from_mapping(VALID)
    assert event.facts == ()
    with pytest.raises(InvalidEvent) as caught:
        more.with_facts([{"type": "vetting", "until": "never"}])
    assert [error.path for error in caught.value.errors] == ["$.facts[2].until"]
