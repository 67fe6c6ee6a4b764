"""Law: what the engine takes for an event is what the JSON Schema of events says, and nothing else.

Two things no JSON Schema can say, and they are said here: that an id is in Unicode NFC without characters that nobody
sees, its format, and that data are not acquired after the event.
"""

from __future__ import annotations

import json
import unicodedata
from datetime import datetime
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from hypothesis import event as seen
from hypothesis import example, given
from hypothesis import strategies as st

from language.marked_packs import BASE
from model.flows import LEFT_OUT, VALID, put
from policyengine import Engine, Event, InvalidEvent
from policyengine.language.build import standard_vocabulary
from policyengine.model.flow_schema import event_schema

OPERATIONS = ["acquire", "use", "retain", "joint_use", "entrust", "provide", "disclose"]
FORMATS = jsonschema.FormatChecker(formats=())


@FORMATS.checks("id")
def is_id(value: Any) -> bool:
    return not isinstance(value, str) or (
        unicodedata.normalize("NFC", value) == value.strip() == value != ""
        and {unicodedata.category(char) for char in value}.isdisjoint({"Cc", "Cf", "Zl", "Zp"})
    )


def validator(schema: dict[str, Any]) -> jsonschema.Draft202012Validator:
    return jsonschema.Draft202012Validator(schema, format_checker=FORMATS)


def timely(document: Any) -> bool:
    """Whether a document that is as the schema asks was acquired in time."""
    if "acquired" not in document:
        return True
    acquired, time = (datetime.fromisoformat(document[name]) for name in ("acquired", "time"))
    return acquired <= time


KNOWN = validator(event_schema(standard_vocabulary().facts.values()))
SHARED = validator(event_schema())

words = st.sampled_from(["name", "address", "delivery", "customer", "x", ""]) | st.text(max_size=3)
names = st.sampled_from(["c-1", "carrier", "x", "顧客"])
times = st.sampled_from(
    ["2026-11-24T09:00:00+09:00", "2024-02-29T23:59:59.999999Z", "2026-01-01T00:00:00-00:00", "0001-01-01T00:00:00Z"]
)
bad_times = st.sampled_from(
    [
        "2023-02-29T00:00:00Z",
        "2026-11-24 09:00:00Z",
        "2026-11-24T09:00:60Z",
        "2026-11-24T09:00:00Z\n",
        "0000-01-01T00:00:00Z",
    ]
)
lists = st.lists(words, min_size=1, max_size=3)
COMMON = {"subject": names, "from": times, "until": times}


def facts(kind: str, required: dict[str, Any], optional: dict[str, Any]) -> st.SearchStrategy[dict[str, Any]]:
    return st.fixed_dictionaries({"type": st.just(kind), **required}, optional={**COMMON, **optional})


operations = st.lists(st.sampled_from(OPERATIONS), min_size=1, max_size=3)
recipients = st.lists(names, min_size=1, max_size=2)
valid_facts = st.one_of(
    facts("consent", {"operations": operations}, {"recipients": recipients, "purposes": lists, "items": lists}),
    facts("contract", {"kind": st.sampled_from(["confidentiality", "service"]), "party": names}, {}),
    facts("vetting", {"party": names}, {}),
    facts(
        "legal_basis",
        {"kind": st.sampled_from(["statute", "court", "government"]), "reference": names},
        {"operations": operations, "items": lists, "purposes": lists, "recipients": recipients},
    ),
    facts("notice", {"purposes": lists}, {"items": lists}),
    facts(
        "request", {"kind": st.sampled_from(["erase", "stop_use", "add"])}, {"items": lists, "recipients": recipients}
    ),
)
countries = st.sampled_from(["JP", "US"])
fixed_events = st.fixed_dictionaries(
    {
        "id": names,
        "time": times,
        "operation": st.sampled_from(OPERATIONS),
        "subject": st.fixed_dictionaries({"category": words}, optional={"id": names}),
        "items": st.lists(words, min_size=1, max_size=3, unique=True),
        "purpose": words,
        "recipient": st.fixed_dictionaries({"id": names}, optional={"service": words, "country": countries}),
    },
    optional={
        "controller": names,
        "acquired": times,
        "actor": st.fixed_dictionaries({"id": names}, optional={"role": words}),
        "source": st.fixed_dictionaries({"id": names}, optional={"country": countries}),
        "form": words,
        "origin": words,
        "facts": st.lists(valid_facts, max_size=3),
        "attributes": st.dictionaries(
            st.text(max_size=3),
            st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(max_size=3),
            max_size=3,
        ),
    },
)


def sound(event: dict[str, Any]) -> dict[str, Any]:
    """Return an event without what its own operation and time rule out."""
    without = ("source",) if event["operation"] != "acquire" else ()
    without += () if timely(event) else ("acquired",)
    return {key: value for key, value in event.items() if key not in without}


valid_events = fixed_events.map(sound)
scalars = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | words
    | names
    | times
    | bad_times
    | st.sampled_from(["JP", "jp", "c-1 ", "e\u0301", "x\u200b"])
    | st.sampled_from([*OPERATIONS, "consent", "erase", "statute", 10**309, -(10**309), 10**308])
)
MORE = ["acquired", "actor", "source", "id", "country", "role"]
keys = st.sampled_from(
    [*VALID, *MORE, "type", "kind", "party", "category", "service", "until", "operations", "foo"]
) | st.text(max_size=2)
json_values = st.recursive(
    scalars, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(keys, inner, max_size=4), max_leaves=12
)


@pytest.fixture(scope="session")
def engine(tmp_path_factory: pytest.TempPathFactory) -> Engine:
    """An engine that knows the standard fact types and no others."""
    path = tmp_path_factory.mktemp("shop") / "shop.toml"
    attributes = BASE[BASE.index("[vocabulary.attributes]") : BASE.index("[vocabulary.sets.items]")]
    path.write_text(BASE.replace(attributes, ""), encoding="utf-8")
    return Engine.load(path, installed_plugins=False)


def paths_of(value: Any, path: str = "") -> list[str]:
    """Return the paths of everything in `value`."""
    members = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    found = []
    for key, member in members:
        if isinstance(key, int) or (key and "." not in key):
            found.append(f"{path}{key}")
            found += paths_of(member, f"{path}{key}.")
    return found


@st.composite
def nearly_valid_events(draw: st.DrawFn) -> dict[str, Any]:
    """Valid events of which a few values are left out, exchanged or put in."""
    event: dict[str, Any] = json.loads(json.dumps(draw(valid_events)))
    for _ in range(draw(st.integers(0, 2))):
        path = draw(st.sampled_from(paths_of(event)))
        way = path.rpartition(".")[0]
        match draw(st.sampled_from(["put", "put", "take", "add"])):
            case "put":
                put(event, path, draw(json_values))
            case "take":
                put(event, path, LEFT_OUT)
            case _:
                parent = event
                for key in way.split(".") if way else ():
                    parent = parent[int(key)] if isinstance(parent, list) else parent[key]
                if isinstance(parent, dict):
                    parent[draw(keys)] = draw(json_values)
                elif isinstance(parent, list):
                    parent.append(draw(json_values))
        if not event:
            break
    return event


def agree(engine: Engine, document: Any) -> None:
    """Hold the engine and the schemas against each other."""
    valid = KNOWN.is_valid(document) and timely(document)
    seen("valid" if valid else "invalid")
    decision = engine.evaluate(document)
    assert (decision.outcome != "invalid") is valid
    assert engine.evaluate_json(json.dumps(document)) == decision
    try:
        Event.from_mapping(document)
    except InvalidEvent:
        assert not (SHARED.is_valid(document) and timely(document))
        assert not valid
    else:
        assert SHARED.is_valid(document) and timely(document)


@given(valid_events)
@example(VALID)
def test_what_is_made_to_be_valid_is_taken(engine: Engine, document: dict[str, Any]) -> None:
    assert KNOWN.is_valid(document) and timely(document)
    agree(engine, document)


@given(nearly_valid_events())
def test_what_is_nearly_valid(engine: Engine, document: dict[str, Any]) -> None:
    agree(engine, document)


@given(json_values)
def test_any_json(engine: Engine, document: Any) -> None:
    agree(engine, document)


@pytest.mark.parametrize("fact_type", sorted(standard_vocabulary().facts))
@given(data=st.data())
def test_facts_of_each_type_with_anything_in_their_fields(engine: Engine, fact_type: str, data: st.DataObject) -> None:
    fields = [*standard_vocabulary().facts[fact_type].fields, *COMMON, "foo"]
    fact = data.draw(
        st.dictionaries(st.sampled_from(fields), lists | operations | recipients | json_values, max_size=5)
    )
    event = {**VALID, "facts": [{"type": fact_type, **fact}]}
    agree(engine, json.loads(json.dumps(event)))


TIMES = r"""(?x)
    [0-2][0-9]{3}-[01][0-9]-[0-3][0-9] [Tt_] [0-2][0-9]:[0-6][0-9]:[0-6][0-9] (\.[0-9]{0,8})?
    ([Zz] | [+-][0-3][0-9]:[0-6][0-9])?
"""


@pytest.mark.parametrize("field", ["time", "facts.0.from"])
@given(time=st.from_regex(TIMES, fullmatch=True))
def test_times(engine: Engine, field: str, time: str) -> None:
    event = json.loads(json.dumps(VALID))
    put(event, field, time)
    agree(engine, event)


def test_the_committed_examples_are_valid_where_the_engine_takes_them() -> None:
    root = Path(__file__).parents[2]
    engine = Engine.load(root / "rules" / "alc-smart-learning", installed_plugins=False)
    schema = validator(event_schema(engine.fact_types.values()))
    lines = (root / "examples" / "alc-month.jsonl").read_text(encoding="utf-8").splitlines()
    outcomes = set()
    for line in filter(None, lines):
        try:
            document = json.loads(line)
        except ValueError:
            continue
        outcome = engine.evaluate(document).outcome
        assert (outcome != "invalid") is schema.is_valid(document)
        outcomes.add(outcome)
    assert outcomes == {"permit", "deny", "invalid"}
