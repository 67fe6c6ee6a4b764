"""What is said of an event's fields elsewhere is what their one table says: structs, keys, what a condition sees."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from policyengine import Event
from policyengine.model.condition import Field
from policyengine.model.event import KEY_FIELDS, EventDocument
from policyengine.model.fields import EVENT, EVENT_KEYS, ROWS, EventField, put, stated
from policyengine.model.operation import OPERATIONS

WHOLE: dict[str, Any] = {
    "id": "e-1",
    "time": "2026-11-24T09:00:00Z",
    "controller": "shop",
    "acquired": "2026-11-24T18:00:00+09:00",
    "operation": "acquire",
    "subject": {"category": "customer", "id": "c-1"},
    "actor": {"id": "clerk-7", "role": "clerk"},
    "items": ["name"],
    "purpose": "delivery",
    "form": "pseudonymous",
    "origin": "direct",
    "recipient": {"id": "carrier", "service": "transport", "country": "JP"},
    "source": {"id": "broker", "country": "US"},
    "facts": [{"type": "vetting", "party": "carrier"}],
    "attributes": {"age": 20},
}


def structs() -> dict[str, msgspec.inspect.Field]:
    """Return the attributes of the structs by the dotted names of the table; an object is known by its parts."""
    found = {}
    for key in msgspec.inspect.type_info(EventDocument).fields:  # type: ignore[attr-defined]
        types = key.type.types if isinstance(key.type, msgspec.inspect.UnionType) else (key.type,)
        inner = next((kind for kind in types if isinstance(kind, msgspec.inspect.StructType)), None)
        if inner is None:
            found[key.name] = key
        else:
            found.update({f"{key.name}.{part.name}": part for part in inner.fields})
    return found


def test_the_structs_are_what_the_table_says() -> None:
    assert set(structs()) == {row.name for row in EVENT}
    assert {field.name for field in msgspec.structs.fields(EventDocument)} == set(EVENT_KEYS)


def test_the_operations_of_the_struct_are_all_that_there_are() -> None:
    assert structs()["operation"].type == msgspec.inspect.LiteralType(tuple(sorted(OPERATIONS)))


@pytest.mark.parametrize("row", EVENT, ids=lambda row: row.name)
def test_what_every_event_needs_is_no_option_of_its_struct(row: EventField) -> None:
    everywhere = row.needed_on == frozenset(OPERATIONS)
    assert structs()[row.name].required is (row.always or (everywhere and not row.part))


def test_each_field_that_a_condition_sees_has_one_row() -> None:
    assert sorted(ROWS) == sorted(Field)
    assert len(ROWS) == len([row for row in EVENT if row.field is not None])


def test_the_key_of_an_event_is_made_of_the_fields_that_it_names() -> None:
    event = Event.from_mapping(WHOLE)
    assert dict(zip(KEY_FIELDS, event.key, strict=True)) == {
        field: stated(WHOLE, ROWS[field].name) for field in KEY_FIELDS
    }


def test_an_event_tells_what_it_states_of_acquisition_actor_and_source() -> None:
    event = Event.from_mapping(WHOLE)
    assert event.acquired == event.instant
    assert (event.actor_id, event.actor_role) == ("clerk-7", "clerk")
    assert (event.source_id, event.source_country) == ("broker", "US")


def test_what_an_event_leaves_out_is_none() -> None:
    bare = {key: value for key, value in WHOLE.items() if key not in ("acquired", "actor", "source")}
    assert Event.from_mapping(bare).acquired == Event.from_mapping(bare).instant
    event = Event.from_mapping({**bare, "operation": "retain"})
    assert (event.acquired, event.actor_id, event.actor_role) == (None, None, None)
    assert (event.source_id, event.source_country) == (None, None)
    since = Event.from_mapping({**bare, "operation": "retain", "acquired": "2026-11-24T09:00:00+09:00"})
    assert since.acquired == since.instant - 9 * 3_600_000_000
    assert Event.from_mapping({**bare, "actor": {"id": "clerk-7"}, "source": {"id": "x"}}).actor_role is None


def test_an_event_is_put_together_of_what_it_states() -> None:
    again: dict[str, Any] = {}
    for row in EVENT:
        put(again, row.name, stated(WHOLE, row.name))
    assert again == WHOLE
    assert stated({"recipient": "x"}, "recipient.id") is None
