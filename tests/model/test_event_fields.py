"""What is said of an event's fields elsewhere is what their one table says: structs, keys, what a condition sees."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from policyengine import Event
from policyengine.model.condition import Field
from policyengine.model.event import KEY_FIELDS, EventDocument
from policyengine.model.fields import EVENT, EVENT_KEYS, ROWS, EventField, put, stated

WHOLE: dict[str, Any] = {
    "id": "e-1",
    "time": "2026-11-24T09:00:00Z",
    "controller": "shop",
    "operation": "entrust",
    "subject": {"category": "customer", "id": "c-1"},
    "items": ["name"],
    "purpose": "delivery",
    "form": "pseudonymous",
    "origin": "direct",
    "recipient": {"id": "carrier", "service": "transport", "country": "JP"},
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


@pytest.mark.parametrize("row", EVENT, ids=lambda row: row.name)
def test_what_every_event_needs_is_no_option_of_its_struct(row: EventField) -> None:
    everywhere = all(operation in row.needed_on for operation in ROWS[Field.OPERATION].needed_on)
    assert structs()[row.name].required is (row.always or (everywhere and not row.part))


def test_each_field_that_a_condition_sees_has_one_row() -> None:
    assert sorted(ROWS) == sorted(Field)
    assert len(ROWS) == len([row for row in EVENT if row.field is not None])


def test_the_key_of_an_event_is_made_of_the_fields_that_it_names() -> None:
    event = Event.from_mapping(WHOLE)
    assert dict(zip(KEY_FIELDS, event.key, strict=False)) == {
        field: stated(WHOLE, ROWS[field].name) for field in KEY_FIELDS
    }
    assert event.key[len(KEY_FIELDS) :] == (event.items,)


def test_an_event_is_put_together_of_what_it_states() -> None:
    again: dict[str, Any] = {}
    for row in EVENT:
        put(again, row.name, stated(WHOLE, row.name))
    assert again == WHOLE
    assert stated({"recipient": "x"}, "recipient.id") is None
