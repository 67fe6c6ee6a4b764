"""Whatever stands in an event, the decision on it can be written down, and what is no event is never permitted."""

from __future__ import annotations

import copy
import json
import math
import pickle
import unicodedata
from collections import OrderedDict, UserDict, deque
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime
from decimal import Decimal
from enum import Enum
from fractions import Fraction
from pathlib import Path
from types import MappingProxyType, SimpleNamespace
from typing import Any

import jsonschema
import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from policyengine import Decision, Engine, FlowDenied
from policyengine.model.flow_schema import event_schema
from policyengine.text import visible

ROOT = Path(__file__).parents[2]

EVENT: dict[str, Any] = {
    "id": "e-1",
    "time": "2026-11-24T09:00:00+09:00",
    "acquired": "2026-11-23T09:00:00+09:00",
    "controller": "alc-learning-systems",
    "operation": "entrust",
    "actor": {"id": "a-1"},
    "subject": {"category": "customer", "id": "c-102"},
    "items": ["name", "mobile_email"],
    "purpose": "product-information",
    "form": "identifiable",
    "origin": "direct",
    "recipient": {"id": "mailer-kk", "service": "communication", "country": "JP"},
    "facts": [
        {"type": "contract", "kind": "confidentiality", "party": "mailer-kk", "from": "2026-01-01T00:00:00+09:00"},
        {"type": "vetting", "party": "mailer-kk", "from": "2026-01-01T00:00:00+09:00"},
        {"type": "consent", "operations": ["entrust"], "items": ["name"]},
    ],
    "attributes": {"campaign": "spring", "round": 3},
}


class Wrong(Exception):
    """What hostile objects raise."""


def refuse(*_: Any, **__: Any) -> Any:
    raise Wrong("nobody may ask")


class Hostile:
    """An object that fails whatever is asked of it."""

    __eq__ = __hash__ = __len__ = __iter__ = __getitem__ = __str__ = __repr__ = __bool__ = __contains__ = refuse
    __int__ = __float__ = __index__ = __lt__ = __format__ = keys = items = encode = isoformat = refuse


class Sly(str):
    """A string that says another thing each time, or fails."""

    __slots__ = ()
    __eq__ = __hash__ = __str__ = __repr__ = __len__ = __iter__ = __getitem__ = __contains__ = __format__ = refuse
    encode = strip = lower = isascii = isprintable = startswith = refuse


class Kind(str, Enum):  # noqa: UP042  a host's own
    """An enumeration of strings, as many hosts have."""

    NAME = "name"


class Broken(Mapping[str, Any]):
    """A mapping of which everything fails, or what is stated does."""

    def __init__(self, *fails: str, inner: Mapping[str, Any] | None = None) -> None:
        self.fails, self.inner = fails, inner or EVENT

    def __getitem__(self, key: str) -> Any:
        if "get" in self.fails:
            raise Wrong(key)
        return self.inner[key]

    def __iter__(self) -> Iterator[str]:
        if "iter" in self.fails:
            raise Wrong("iter")
        yield from self.inner
        if "iter-late" in self.fails:
            raise Wrong("iter")

    def __len__(self) -> int:
        if "len" in self.fails:
            raise Wrong("len")
        return len(self.inner)

    def __eq__(self, other: object) -> bool:
        raise Wrong("eq")

    __hash__ = None  # type: ignore[assignment]


class HostileDict(dict[str, Any]):
    """A dict whose methods fail."""

    __getitem__ = get = items = keys = values = __iter__ = __len__ = __contains__ = __eq__ = refuse


class HostileList(list[Any]):
    """A list whose methods fail."""

    __getitem__ = __iter__ = __len__ = __contains__ = __eq__ = refuse


class Endless(list[Any]):
    """A list that never comes to its end."""

    def __iter__(self) -> Iterator[Any]:
        while True:
            yield "name"


class Struct(msgspec.Struct):
    """Somebody's struct, with something in it that cannot be written."""

    id: Any = "x"


def recursive_dict() -> dict[str, Any]:
    found: dict[str, Any] = {}
    found["id"] = found["subject"] = found
    return found


def recursive_list() -> list[Any]:
    found: list[Any] = ["name"]
    found.append(found)
    return found


def nested(depth: int) -> Any:
    found: Any = "name"
    for _ in range(depth):
        found = [found]
    return found


def numpy_values() -> list[Callable[[], Any]]:
    try:
        import numpy as np  # noqa: PLC0415
    except ImportError:
        return []
    return [
        lambda: np.str_("name"),
        lambda: np.int64(3),
        lambda: np.float64(math.nan),
        lambda: np.bool_(True),
        lambda: np.array(["name"]),
        lambda: np.datetime64("2026-01-01"),
    ]


def laughing() -> Any:
    """Return a list that is small, and has more members than anybody can count."""
    found: Any = ["name"]
    for _ in range(100):
        found = [found, found]
    return found


VALUES: list[Callable[[], Any]] = [
    Hostile,
    lambda: Hostile,
    lambda: Sly("name"),
    lambda: Kind.NAME,
    lambda: Kind,
    lambda: Broken("get"),
    lambda: Broken("iter"),
    lambda: Broken("iter-late"),
    lambda: Broken("len"),
    lambda: Broken("get", "iter", "len"),
    lambda: Broken(inner={"id": Hostile()}),
    lambda: HostileDict(id="x"),
    lambda: HostileList(["name"]),
    Endless,
    lambda: Struct(Hostile()),
    lambda: Struct(list),
    recursive_dict,
    recursive_list,
    laughing,
    lambda: nested(5_000),
    lambda: {1: "x"},
    lambda: {None: "x", (1, 2): "y"},
    lambda: {"\ud800": "x"},
    lambda: {"": ""},
    lambda: {"a" * 100_000: 1},
    lambda: {"\x1b[2J": 1},
    lambda: UserDict(id="x"),
    lambda: OrderedDict(id="x"),
    lambda: MappingProxyType({"id": "x"}),
    lambda: SimpleNamespace(id="x"),
    lambda: range(3),
    lambda: range(10**18),
    lambda: (one for one in ["name"]),
    lambda: iter(["name"]),
    lambda: deque(["name"]),
    lambda: {"name"},
    lambda: frozenset({"name"}),
    lambda: b"name",
    lambda: bytearray(b"name"),
    lambda: memoryview(b"name"),
    lambda: memoryview(b"name" * 2).cast("I"),
    lambda: 10**5000,
    lambda: -(10**5000),
    lambda: 1 << 64,
    lambda: math.nan,
    lambda: math.inf,
    lambda: 1e308 * 10,
    lambda: True,
    lambda: None,
    lambda: 0,
    lambda: 1j,
    lambda: Decimal("NaN"),
    lambda: Fraction(1, 3),
    lambda: datetime(2026, 1, 1, tzinfo=UTC),
    lambda: datetime(2026, 1, 1),
    lambda: "\ud800",
    lambda: "",
    lambda: "\x1b]0;owned\x07",
    lambda: "x\n\x00\u202e",
    lambda: "x" * 200_000,
    lambda: "Zoë".encode("utf-16").decode("latin-1"),
    lambda: unicodedata.normalize("NFD", "が"),
    object,
    lambda: object,
    lambda: NotImplemented,
    lambda: ...,
    lambda: print,
    lambda: lambda: None,
    lambda: __import__("sys").modules[__name__],
    lambda: Exception("x"),
    lambda: Path("/etc/passwd"),
    list,
    lambda: [[]],
    lambda: [{}],
    lambda: [None] * 1000,
    lambda: [{"type": "consent", "operations": HostileList(["use"])}],
    lambda: ["name"] * 5_000,
    lambda: tuple("name"),
    lambda: msgspec.Raw(b'"name"'),
    lambda: msgspec.UNSET,
    lambda: msgspec.NODEFAULT,
    *numpy_values(),
]


def places(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    yield path
    members = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, member in members:
        yield from places(member, (*path, key))


PLACES = [*places(EVENT), ("unheard-of",), ("subject", "name"), ("facts", 0, "subject"), ("attributes", "age")]


def holds(event: Any, path: tuple[Any, ...]) -> bool:
    """Whether there is something, plain, to put a value into at a path."""
    for key in path[:-1]:
        if type(event) not in (dict, list) or (key not in event if type(event) is dict else key >= len(event)):
            return False
        event = event[key]
    return type(event) is dict or (type(event) is list and bool(path) and path[-1] < len(event)) or not path


def put(event: dict[str, Any], path: tuple[Any, ...], value: Any, outer: Callable[[dict[str, Any]], Any]) -> Any:
    """Return the event with a value at a path."""
    if not path:
        return value
    at: Any = event
    for key in path[:-1]:
        at = at[key]
    at[path[-1]] = value
    return outer(event)


OUTER: list[Callable[[dict[str, Any]], Any]] = [
    lambda event: event,
    MappingProxyType,
    OrderedDict,
    UserDict,
    lambda event: Broken(inner=event),
]

VALID = jsonschema.Draft202012Validator(event_schema())


@pytest.fixture(scope="module")
def engines() -> list[Engine]:
    packs = [ROOT / "rules" / name for name in ("alc-smart-learning", "online-shop")]
    return [Engine.load(packs[0], installed_plugins=False), Engine.load(*packs, installed_plugins=False)]


def written(decision: Decision) -> dict[str, Any]:
    """Return a decision as JSON has it; whatever can be made of one can be made of it."""
    text = decision.to_json()
    found: dict[str, Any] = json.loads(text)
    assert json.loads(json.dumps(decision.as_dict())) == found
    assert repr(decision)
    for lang in ("ja", "en"):
        decision.explain(lang).encode()
    copied = pickle.loads(pickle.dumps(decision))
    assert copied == decision == copy.deepcopy(decision)
    assert copied.to_json() == text
    return found


def honest(value: Any) -> Any:
    """Return what a value holds, whatever its class says about it; raise where JSON could not say it."""
    if isinstance(value, str):
        return str.__str__(value)
    if isinstance(value, dict):
        return {honest(key): honest(member) for key, member in dict.items(value)}
    if isinstance(value, list):
        return [honest(member) for member in list.__iter__(value)]
    if isinstance(value, tuple):
        return [honest(member) for member in tuple.__iter__(value)]
    if isinstance(value, Mapping):
        return {honest(key): honest(value[key]) for key in value}
    if isinstance(value, msgspec.Struct):
        return honest(msgspec.to_builtins(value))
    if isinstance(value, bool) or value is None:
        return value
    if isinstance(value, int):
        return int.__int__(value)
    if isinstance(value, float) and math.isfinite(value):
        return float.__float__(value)
    raise TypeError("JSON has no way to say it")


def is_an_event(value: Any) -> bool:
    """Whether JSON says the value, and it is an event by its schema."""
    try:
        return VALID.is_valid(honest(value))
    except Exception:
        return False


WHAT = st.tuples(st.sampled_from(PLACES), st.sampled_from(VALUES), st.sampled_from(OUTER))


@given(st.lists(WHAT, min_size=1, max_size=3), st.integers(0, 1))
def test_a_decision_can_be_written_whatever_it_is_about(engines: list[Engine], drawn: list[Any], number: int) -> None:
    engine = engines[number]

    def event() -> Any:
        found: Any = copy.deepcopy(EVENT)
        for path, made, outer in drawn:
            if type(found) is dict and holds(found, path):
                found = put(found, path, made(), outer)
        return found

    decision = written(engine.evaluate(event()))
    if decision["outcome"] != "invalid":
        assert is_an_event(event()), "what is no event is nothing but invalid"
    assert written(next(engine.evaluate_all([event()]))) == decision
    try:
        enforced = engine.enforce(event())
    except FlowDenied as denied:
        assert str(denied)
        assert pickle.loads(pickle.dumps(denied)).decision == denied.decision
        enforced = denied.decision
    assert written(enforced)["outcome"] == decision["outcome"]


@pytest.mark.parametrize("number", range(len(VALUES)))
def test_every_value_at_every_place(engines: list[Engine], number: int) -> None:
    for path in PLACES:
        event = put(copy.deepcopy(EVENT), path, VALUES[number](), lambda event: event)
        decision = engines[0].evaluate(event)
        json.loads(decision.to_json())
        if decision.outcome != "invalid":
            assert is_an_event(put(copy.deepcopy(EVENT), path, VALUES[number](), lambda event: event)), path


@pytest.mark.parametrize("length", [30, 20_000])
def test_what_is_echoed_is_short_and_steers_nothing(engines: list[Engine], length: int) -> None:
    """What programs read of the event stays exact, such as its items; what is said about it does not grow with it."""
    for word in ("\x1b[2J" * length, "x" * length, "\u202e" * length):
        for path in PLACES:
            for value in (word, {word: 1}):
                decision = engines[0].evaluate(put(copy.deepcopy(EVENT), path, value, lambda event: event))
                said = [*decision.errors, *decision.reasons]
                for text in (text for one in said for text in (one.message.ja, one.message.en)):
                    assert len(text) < 4000
                    assert visible(text) == text
                for error in decision.errors:
                    assert len(error.path) < 1000
                    assert visible(error.path) == error.path


def test_a_set_has_no_order_and_an_unknown_field_is_one_in_any_mapping(engines: list[Engine]) -> None:
    for wrong in (
        {"items": {"name"}},
        {"actor": MappingProxyType({"id": "a-1", "unheard": 1})},
        {"facts": [MappingProxyType({**EVENT["facts"][0], "unheard": 1})]},
    ):
        assert engines[0].evaluate({**EVENT, **wrong}).outcome == "invalid", wrong
    for right in ({"items": ("name",)}, {"actor": MappingProxyType({"id": "a-1"})}, {"id": Kind.NAME}):
        decision = engines[0].evaluate({**EVENT, **right})
        assert decision.permitted, right
