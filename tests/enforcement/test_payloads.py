"""What `redact` lets through of payloads of every form, and what can be what is left of a payload."""

from __future__ import annotations

import dataclasses
from collections import UserDict, namedtuple
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any, NamedTuple

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from policyengine import Engine, FlowDenied, Step
from policyengine.builtin.actions.redact import Redact
from policyengine.enforcement.payload import is_less

PACK = Path(__file__).parents[2] / "rules" / "alc-smart-learning"
STAFF = {
    "id": "e-1",
    "time": "2026-11-24T09:00:00+09:00",
    "operation": "use",
    "subject": {"category": "employee", "id": "s-1"},
    "items": ["name", "postal_address"],
    "purpose": "health-management",
}
FIELDS = {
    "who": frozenset({"name"}),
    "address": frozenset({"postal_address"}),
    "address.owner": frozenset({"name"}),
    "address.note": frozenset[str](),
    "checkup": frozenset({"health_checkup_result"}),
    "checkup.name": frozenset({"name"}),
    "both": frozenset({"name", "health_checkup_result"}),
}
REDACT = Redact(FIELDS, frozenset({"id", "meta"}))


@dataclasses.dataclass
class Person:
    id: int
    who: str
    checkup: str = "B"
    address: Any = None

    @property
    def secret(self) -> str:
        return self.checkup


class Tuple(NamedTuple):
    id: int
    who: str
    checkup: str


class Packed(msgspec.Struct):
    id: int
    who: str
    checkup: str


Bare = namedtuple("Bare", "id who checkup")


def model() -> Any:
    pydantic = pytest.importorskip("pydantic")

    class Model(pydantic.BaseModel):  # type: ignore[misc, name-defined]
        model_config = pydantic.ConfigDict(extra="allow")
        id: int
        who: str
        checkup: str

        @pydantic.computed_field  # type: ignore[prop-decorator]
        @property
        def both(self) -> str:
            return self.who + self.checkup

    return Model(id=7, who="A", checkup="B", extra="C")


@pytest.mark.parametrize(
    "made",
    [
        lambda: {"id": 7, "who": "A", "checkup": "B", "unheard_of": 1, 9: "A"},
        lambda: UserDict(id=7, who="A", checkup="B"),
        lambda: Person(7, "A"),
        lambda: Tuple(7, "A", "B"),
        lambda: Bare(7, "A", "B"),
        lambda: Packed(7, "A", "B"),
        model,
    ],
)
def test_records_of_every_form(made: Any) -> None:
    one = made()
    left = {"id": 7, "who": "A"}
    if isinstance(one, Person):
        del one.address  # a field that was never filled
    assert REDACT.reduced(one, {"name"}) == left
    assert REDACT.reduced([one, one], {"name"}) == [left, left]
    assert is_less(left, one)


@pytest.mark.parametrize(
    ("payload", "left"),
    [
        ({"address": "C"}, {"address": "C"}),
        (
            {"address": {"city": "C", "owner": "A", "note": "D", "tags": {"x"}}},
            {"address": {"city": "C", "owner": "A", "tags": {"x"}}},
        ),
        ({"checkup": {"name": "A", "result": "B"}}, {"checkup": {"name": "A"}}),
        ({"checkup": {"result": "B"}}, {}),
        ({"checkup": [{"name": "A", "result": "B"}, {"result": "B"}, "B"]}, {"checkup": [{"name": "A"}]}),
        ({"both": "AB", "unheard_of": {"who": "A"}}, {}),
        (
            {"address": [date(2026, 1, 1), Decimal(1), None, object(), b"x"]},
            {"address": [date(2026, 1, 1), Decimal(1), None, b"x"]},
        ),
        ({"address": {object()}}, {}),
        ({"address": lambda: "B"}, {}),
        ({"address": Person(1, "A", "B", None)}, {"address": {"id": 1, "who": "A", "checkup": "B", "address": None}}),
        ([{"who": "A"}, "B", {"checkup": "B"}], [{"who": "A"}, {}]),
        ({"address.owner": "A", "address.note": "B"}, {"address.owner": "A"}),
    ],
)
def test_what_is_nested(payload: Any, left: Any) -> None:
    found = REDACT.reduced(payload, {"name", "postal_address"})
    assert found == left
    assert is_less(found, payload)


def _endless() -> dict[str, Any]:
    found: dict[str, Any] = {}
    found["address"] = found
    return found


class Raising(dict[str, Any]):
    def items(self) -> Any:
        raise KeyError("no")


@pytest.mark.parametrize("payload", ["a text", 7, b"x", object(), {1, 2}, iter([{}]), Person, _endless(), Raising(a=1)])
def test_a_payload_that_cannot_be_read_does_not_go_on(payload: Any) -> None:
    """Though the flow is permitted, and the step is not mandatory."""
    settings = {"redact": {"fields": {"who": "name", "address": "postal_address"}}}
    engine = Engine.load(PACK, installed_plugins=False, steps=[Step("redact")], settings=settings)
    with pytest.raises(FlowDenied) as denied, engine.flow(STAFF, payload):
        raise AssertionError("it went on")
    assert [reason.code for reason in denied.value.decision.reasons] == ["action-stopped"]


single = st.sampled_from(["A", 1, None, b"x", date(2026, 1, 1)])
names = st.sampled_from(["who", "address", "owner", "note", "checkup", "name", "both", "id", "meta", "else"])
payloads = st.recursive(
    single, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(names, inner, max_size=4), max_leaves=12
)


@given(
    payload=st.lists(st.dictionaries(names, payloads, max_size=4), max_size=3),
    permitted=st.sets(st.sampled_from(["name", "postal_address", "health_checkup_result"])),
    more=st.sets(st.sampled_from(["name", "postal_address", "health_checkup_result"])),
)
def test_what_passes_is_less_and_more_passes_where_more_is_permitted(
    payload: Any, permitted: set[str], more: set[str]
) -> None:
    left = REDACT.reduced(payload, permitted)
    assert is_less(left, payload)
    assert is_less(left, REDACT.reduced(payload, permitted | more))
    assert REDACT.reduced(left, permitted) == left, "what was reduced is not reduced again"


@pytest.mark.parametrize(
    ("reduced", "whole", "less"),
    [
        ({"a": "x…"}, {"a": "xyz", "b": 1}, True),
        ({"a": None}, {"a": "xyz"}, True),
        ({"a": 1, "c": 1}, {"a": 1, "b": 1}, False),
        ({"a": {"c": 1}}, {"a": {"b": 1}}, False),
        ({"a": {"b": 1}}, {"a": "xyz"}, False),
        ([1, 3], [1, 2, 3], True),
        ([{"a": 1}], [{"b": 1}, {"a": 2}], True),
        ([1, 1], [1], False),
        ({}, None, False),
        ("x", None, False),
        (None, {"a": 1}, True),
        ([], {"a": 1}, False),
        ({"a": 1}, [1], False),
        ({"a": 1}, Person(1, "A"), False),
        ({"who": "A…"}, Person(1, "A"), True),
        (Person(1, "A…"), {"id": 1, "who": "A", "checkup": "B", "address": None}, True),
    ],
)
def test_what_can_be_left_of_a_payload(reduced: Any, whole: Any, less: bool) -> None:
    assert is_less(reduced, whole) is less
