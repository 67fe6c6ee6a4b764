"""Everything that makes an event invalid is told at its JSON path, whether it came as a mapping or as JSON."""

from __future__ import annotations

import json
import math
import re
import unicodedata
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from model.flows import LEFT_OUT, VALID, changed, is_json, put, refused
from policyengine import Actor, Engine, Recipient, Source, Subject
from policyengine.model.countries import COUNTRIES
from policyengine.model.operation import OPERATIONS
from policyengine.schema.names import NAME, is_name

WRONG = [None, 5, 1.5, True, "", "x", [], ["x"], [1], {}, {"x": "y"}, [[]], [{}], {"type": "x"}]
"""Values of every type; each field takes some of them and refuses the others."""

TEXT = [value for value in WRONG if not isinstance(value, str)]


def wrong_types() -> dict[str, tuple[dict[str, Any], str, str]]:
    """Return, by name, (event, path, part of the message): each field with each value of a wrong type."""
    fields = {
        "id": ([*TEXT, ""], "string"),
        "time": (TEXT, "string"),
        "acquired": (TEXT, "string"),
        "controller": ([*TEXT, ""], "string"),
        "operation": (WRONG, "expected one of acquire, use, retain, joint_use, entrust, provide, disclose"),
        "subject": ([v for v in WRONG if not isinstance(v, dict)], "a table (an object)"),
        "subject.category": (TEXT, "string"),
        "subject.id": ([*TEXT, ""], "string"),
        "actor": ([v for v in WRONG if not isinstance(v, dict)], "a table (an object)"),
        "items": ([None, 5, 1.5, True, "", "x", {}, {"x": "y"}], "a list"),
        "purpose": (TEXT, "string"),
        "form": (TEXT, "string"),
        "origin": (TEXT, "string"),
        "recipient": ([v for v in WRONG if not isinstance(v, dict)], "a table (an object)"),
        "recipient.id": ([*TEXT, ""], "string"),
        "recipient.service": (TEXT, "string"),
        "recipient.country": (TEXT, "string"),
        "facts": ([None, 5, 1.5, True, "", "x", {}, {"x": "y"}], "a list"),
        "facts.0": ([None, 5, 1.5, True, "", "x", [], ["x"]], "a table (an object)"),
        "facts.0.type": (TEXT, "string"),
        "facts.0.from": (TEXT, "string"),
        "facts.0.until": (TEXT, "string"),
        "attributes": ([v for v in WRONG if not isinstance(v, dict)], "a table (an object)"),
        "attributes.campaign": ([None, [], ["x"], {}, {"x": "y"}], "true or false or a number or a string"),
    }
    found = {}
    for field, (values, message) in fields.items():
        path = "$." + field.replace(".0", "[0]")
        for value in values:
            found[f"{field} = {json.dumps(value)}"] = (changed({field: value}), path, message)
    return found


WRONG_TYPES = wrong_types()


@pytest.mark.parametrize(("event", "path", "message"), WRONG_TYPES.values(), ids=WRONG_TYPES.keys())
def test_a_wrong_type(engine: Engine, event: dict[str, Any], path: str, message: str) -> None:
    decision = refused(engine, event)
    assert [error.path for error in decision.errors] == [path]
    assert message in decision.errors[0].message.en
    assert decision.event == (None if path == "$.id" else "e-001")
    assert refused(engine, json.dumps(event)) == decision


@pytest.mark.parametrize("field", ["id", "time", "operation", "subject", "items", "purpose", "recipient"])
def test_a_missing_field(engine: Engine, field: str) -> None:
    decision = refused(engine, changed({field: LEFT_OUT}))
    assert [error.path for error in decision.errors] == [f"$.{field}"]
    assert field in decision.errors[0].message.ja and field in decision.errors[0].message.en
    assert decision.event == (None if field == "id" else "e-001")


@pytest.mark.parametrize("field", ["subject.category", "recipient.id", "facts.0.type"])
def test_a_missing_field_within(engine: Engine, field: str) -> None:
    (error,) = refused(engine, changed({field: LEFT_OUT})).errors
    assert error.path == "$." + field.replace(".0", "[0]")


@pytest.mark.parametrize(
    "field",
    ["controller", "subject.id", "form", "origin", "recipient.service", "recipient.country", "facts", "attributes"],
)
def test_every_other_field_may_be_left_out(engine: Engine, field: str) -> None:
    assert engine.evaluate(changed({field: LEFT_OUT})).outcome in ("permit", "deny")


NEEDS = {
    "acquire": {"purpose"},
    "use": {"purpose"},
    "retain": {"purpose"},
    "joint_use": {"purpose", "recipient"},
    "entrust": {"purpose", "recipient"},
    "provide": {"purpose", "recipient"},
    "disclose": {"recipient"},
}


@pytest.mark.parametrize("operation", NEEDS)
@pytest.mark.parametrize("field", ["purpose", "recipient"])
def test_the_operation_says_whether_it_needs_a_purpose_and_a_recipient(
    engine: Engine, operation: str, field: str
) -> None:
    event = changed({"operation": operation, field: LEFT_OUT})
    if field in NEEDS[operation]:
        (error,) = refused(engine, event).errors
        assert error.path == f"$.{field}"
    else:
        assert engine.evaluate(event).outcome in ("permit", "deny")


def test_an_operation_that_needs_both_says_so_of_both(engine: Engine) -> None:
    event = changed(operation="provide", purpose=LEFT_OUT, recipient=LEFT_OUT)
    assert [error.path for error in refused(engine, event).errors] == ["$.purpose", "$.recipient"]


@pytest.mark.parametrize("operation", ["acquire", "use", "retain"])
def test_a_recipient_is_allowed_where_there_is_none(engine: Engine, operation: str) -> None:
    assert engine.evaluate(changed(operation=operation)).outcome in ("permit", "deny")


NEAREST = {
    "a field": ({"purposes": "x"}, "$.purposes", "purpose"),
    "a field of the subject": ({"subject.catgory": "x"}, "$.subject.catgory", "category"),
    "a field of the recipient": ({"recipient.servce": "x"}, "$.recipient.servce", "service"),
    "a field of a fact": ({"facts.0.partys": "x"}, "$.facts[0].partys", "party"),
    "a common field of a fact": ({"facts.0.untill": "x"}, "$.facts[0].untill", "until"),
    "an operation": ({"operation": "Entrust"}, "$.operation", "entrust"),
    "an operation with a space": ({"operation": "joint use"}, "$.operation", "joint_use"),
    "a fact type": ({"facts.0.type": "contrct"}, "$.facts[0].type", "contract"),
    "a kind of fact": ({"facts.0.kind": "confidential"}, "$.facts[0].kind", "confidentiality"),
    "an operation of a fact": (
        {"facts.1": {"type": "consent", "operations": ["use", "provid"]}},
        "$.facts[1].operations[1]",
        "provide",
    ),
}


@pytest.mark.parametrize(("changes", "path", "word"), NEAREST.values(), ids=NEAREST.keys())
def test_the_nearest_known_word_is_named(engine: Engine, changes: dict[str, Any], path: str, word: str) -> None:
    decision = refused(engine, changed(changes))
    (error,) = decision.errors
    assert error.path == path
    assert f'did you mean "{word}"?' in error.message.en
    assert f"「{word}」のことですか" in error.message.ja
    assert refused(engine, json.dumps(changed(changes))) == decision


UNKNOWN = {
    "a field": ("foo", "$.foo"),
    "a field of the subject": ("subject.foo", "$.subject.foo"),
    "a field of the recipient": ("recipient.foo", "$.recipient.foo"),
    "a field in Japanese": ("住所", "$.住所"),
    "a field with a hyphen": ("x-trace", "$.x-trace"),
    "a field with a space": ("a b", '$["a b"]'),
    "a field with quotes": ('a"b', '$["a\\"b"]'),
    "a field with a bracket": ("a[0]", '$["a[0]"]'),
    "an empty field": ("", '$[""]'),
}


@pytest.mark.parametrize(("field", "path"), UNKNOWN.values(), ids=UNKNOWN.keys())
@pytest.mark.parametrize("value", [None, "x", {}, [1]], ids=repr)
def test_an_unknown_field(engine: Engine, field: str, path: str, value: Any) -> None:
    decision = refused(engine, changed({field: value}))
    assert [error.path for error in decision.errors] == [path]
    assert refused(engine, json.dumps(changed({field: value}))) == decision


ITEMS = {
    "none": ([], ["$.items"]),
    "one that is no text": (["name", 5], ["$.items[1]"]),
    "several that are no text": ([None, "name", []], ["$.items[0]", "$.items[2]"]),
    "one twice": (["name", "mobile_email", "name"], ["$.items[2]"]),
    "eleven that are no text": ([1] * 11, [f"$.items[{n}]" for n in range(11)]),
}


@pytest.mark.parametrize(("items", "paths"), ITEMS.values(), ids=ITEMS.keys())
def test_items(engine: Engine, items: list[Any], paths: list[str]) -> None:
    found = [error.path for error in refused(engine, changed(items=items)).errors]
    assert list(dict.fromkeys(path for path in found if path in paths)) == paths


def test_everything_wrong_is_told_at_once_in_the_order_of_paths(engine: Engine) -> None:
    event = changed(
        {"time": "yesterday", "operation": "entrst", "subject.category": LEFT_OUT, "items.1": 5, "facts.1.until": "x"},
        foo=1,
    )
    assert [error.path for error in refused(engine, event).errors] == [
        "$.facts[1].until",
        "$.foo",
        "$.items[1]",
        "$.operation",
        "$.subject.category",
        "$.time",
    ]


def test_of_very_many_errors_the_first_twenty_are_told(engine: Engine) -> None:
    assert len(refused(engine, changed({f"f{n}": n for n in range(1000)})).errors) == 20


FACTS: dict[str, tuple[Any, list[str]]] = {
    "no type": ({"party": "mailer-kk"}, ["type"]),
    "an empty type": ({"type": ""}, ["type"]),
    "an unknown type": ({"type": "promise"}, ["type"]),
    "an empty subject": ({"type": "vetting", "party": "x", "subject": ""}, ["subject"]),
    "a list of subjects": ({"type": "vetting", "party": "x", "subject": ["p-1"]}, ["subject"]),
    "a time without an offset": ({"type": "vetting", "party": "x", "from": "2026-01-01T00:00:00"}, ["from"]),
    "an empty time": ({"type": "vetting", "party": "x", "until": ""}, ["until"]),
    "a list of times": ({"type": "vetting", "party": "x", "until": ["2026-01-01T00:00:00Z"]}, ["until"]),
    "no party": ({"type": "vetting"}, ["party"]),
    "an empty party": ({"type": "vetting", "party": ""}, ["party"]),
    "a list of parties": ({"type": "vetting", "party": ["mailer-kk"]}, ["party"]),
    "parties": ({"type": "vetting", "party": "x", "parties": ["x"]}, ["parties"]),
    "a null": ({"type": "vetting", "party": "x", "until": None}, ["until"]),
    "a null in a field of its own": ({"type": "vetting", "party": None}, ["party"]),
    "a number": ({"type": "vetting", "party": 5}, ["party"]),
    "an object": ({"type": "vetting", "party": {"id": "x"}}, ["party"]),
    "no kind": ({"type": "contract", "party": "x"}, ["kind"]),
    "no kind and no party": ({"type": "contract"}, ["kind", "party"]),
    "an unknown kind": ({"type": "contract", "party": "x", "kind": "lease"}, ["kind"]),
    "an empty kind": ({"type": "contract", "party": "x", "kind": ""}, ["kind"]),
    "a list of kinds": ({"type": "contract", "party": "x", "kind": ["service"]}, ["kind"]),
    "no operations": ({"type": "consent"}, ["operations"]),
    "an empty list of operations": ({"type": "consent", "operations": []}, ["operations"]),
    "an operation outside the seven": ({"type": "consent", "operations": ["use", "sell"]}, ["operations[1]"]),
    "an empty operation": ({"type": "consent", "operations": [""]}, ["operations[0]"]),
    "an operation that is no list": ({"type": "consent", "operations": "use"}, ["operations"]),
    "an empty list of recipients": ({"type": "consent", "operations": ["use"], "recipients": []}, ["recipients"]),
    "an empty recipient": ({"type": "consent", "operations": ["use"], "recipients": ["x", ""]}, ["recipients[1]"]),
    "an empty list of purposes": ({"type": "consent", "operations": ["use"], "purposes": []}, ["purposes"]),
    "an empty list of items": ({"type": "consent", "operations": ["use"], "items": []}, ["items"]),
    "items that are no list": ({"type": "consent", "operations": ["use"], "items": "name"}, ["items"]),
    "an item that is no text": ({"type": "consent", "operations": ["use"], "items": ["name", 5]}, ["items[1]"]),
    "a list in a list": ({"type": "consent", "operations": [["use"]]}, ["operations[0]"]),
    "a party of a consent": ({"type": "consent", "operations": ["use"], "party": "x"}, ["party"]),
    "no reference": ({"type": "legal_basis", "kind": "statute"}, ["reference"]),
    "an empty reference": ({"type": "legal_basis", "kind": "statute", "reference": ""}, ["reference"]),
    "an unknown legal basis": ({"type": "legal_basis", "kind": "custom", "reference": "x"}, ["kind"]),
    "a legal basis without both": ({"type": "legal_basis"}, ["kind", "reference"]),
    "a notice without purposes": ({"type": "notice", "items": ["name"]}, ["purposes"]),
    "a notice of no purposes": ({"type": "notice", "purposes": []}, ["purposes"]),
    "a request without a kind": ({"type": "request"}, ["kind"]),
    "an unknown request": ({"type": "request", "kind": "forget"}, ["kind"]),
    "recipients of a request that are none": (
        {"type": "request", "kind": "erase", "recipients": [""]},
        ["recipients[0]"],
    ),
    "an unknown field": ({"type": "request", "kind": "erase", "reason": "x"}, ["reason"]),
}


@pytest.mark.parametrize(("fact", "fields"), FACTS.values(), ids=FACTS.keys())
def test_a_malformed_fact(engine: Engine, fact: dict[str, Any], fields: list[str]) -> None:
    event = changed({"facts.1": fact})
    decision = refused(engine, event)
    assert sorted(error.path for error in decision.errors) == [f"$.facts[1].{field}" for field in fields]
    assert decision.event == "e-001"
    assert refused(engine, json.dumps(event)) == decision


def test_a_malformed_fact_is_invalid_where_no_policy_governs_and_where_a_term_is_unknown(engine: Engine) -> None:
    malformed = {"facts.0": {"type": "vetting"}}
    for more in ({"controller": "somebody-else"}, {"time": "1999-01-01T00:00:00Z"}, {"purpose": "?"}, {"items": ["?"]}):
        assert [error.path for error in refused(engine, changed(malformed, **more)).errors] == ["$.facts[0].party"]


@pytest.mark.parametrize(
    "fact",
    [
        {"type": "consent", "operations": ["use", "use"], "items": ["name", "name"]},
        {"type": "vetting", "party": "x", "from": "2027-01-01T00:00:00Z", "until": "2026-01-01T00:00:00Z"},
        {"type": "vetting", "party": "x", "from": "2026-01-01T00:00:00Z", "until": "2026-01-01T00:00:00Z"},
        {"type": "request", "kind": "correct", "subject": "c-102"},
    ],
    ids=["repeats", "it ends before it begins", "it ends as it begins", "a subject"],
)
def test_what_is_odd_and_not_malformed(engine: Engine, fact: dict[str, Any]) -> None:
    assert engine.evaluate(changed(facts=[*VALID["facts"], fact])).permitted


@pytest.mark.parametrize("field", ["purposes", "items"])
@pytest.mark.parametrize("word", ["", "unheard-of", "Name"])
def test_an_unknown_term_in_a_fact_restricts_what_the_fact_is_about_and_nothing_else(
    engine: Engine, field: str, word: str
) -> None:
    consent = {"type": "consent", "operations": ["use"], field: [word]}
    assert engine.evaluate(changed(facts=[*VALID["facts"], consent])).permitted
    request = {"type": "request", "kind": "stop_use", field: [word]}
    decision = engine.evaluate(changed(facts=[*VALID["facts"], request]))
    assert decision.outcome == "deny"
    assert {reason.code for reason in decision.reasons} == {"unknown-term"}
    elsewhere = {**request, "subject": "somebody-else"}
    assert engine.evaluate(changed(facts=[*VALID["facts"], elsewhere])).permitted


BAD_NAMES = {
    "white space alone": " ",
    "white space before": "\u3000p-1",
    "white space after": "p-1 ",
    "a line end": "p-1\n",
    "a control character": "p\x00-1",
    "a zero-width space": "p\u200b1",
    "a mark that turns text round": "p\u202e1",
    "a separator of lines": "p\u20281",
    "a tag": "p\U000e0041",
    "a letter and its accent apart": "e\u0301va",
    "a letter of another block": "\u212bsa",
}
NAMES = [
    "id",
    "controller",
    "subject.id",
    "recipient.id",
    "actor",
    "source",
    "facts.1.party",
    "facts.1.subject",
    "consent",
]


@pytest.mark.parametrize("field", NAMES)
@pytest.mark.parametrize("name", BAD_NAMES.values(), ids=BAD_NAMES.keys())
def test_an_id_is_spelt_in_one_way(engine: Engine, field: str, name: str) -> None:
    match field:
        case "actor":
            event, path = changed(actor={"id": name}), "$.actor.id"
        case "source":
            event, path = changed(source={"id": name}, operation="acquire"), "$.source.id"
        case "consent":
            consent = {"type": "consent", "operations": ["use"], "recipients": ["x", name]}
            event, path = changed(facts=[consent]), "$.facts[0].recipients[1]"
        case _:
            event, path = changed({field: name}), "$." + field.replace(".1", "[1]")
    (error,) = refused(engine, event).errors
    assert error.path == path
    assert "Unicode NFC" in error.message.en and "NFC" in error.message.ja
    assert name == " " or name not in error.message.en + error.message.ja
    assert refused(engine, json.dumps(event)).errors == (error,)


@pytest.mark.parametrize("name", ["p-1", "山田 花子", "\u00c5sa", "a:b c", "\u00a0".join("ab"), "😀"])
def test_an_id_may_be_any_other_text(engine: Engine, name: str) -> None:
    named = changed({"subject.id": name}, actor={"id": name})
    assert engine.evaluate(named).permitted


@given(st.text(st.characters(exclude_categories=["Cs"]), max_size=4))
def test_law_what_the_pattern_refuses_is_no_id(name: str) -> None:
    by_pattern = bool(re.search(NAME["pattern"], name))
    unseen = {unicodedata.category(char) for char in name} & {"Cc", "Cf", "Zl", "Zp"}
    expected = bool(name) and name == name.strip() and not unseen and unicodedata.normalize("NFC", name) == name
    assert is_name(name) is expected
    assert by_pattern or not is_name(name)


def test_the_pattern_refuses_every_unseen_character_of_the_basic_plane() -> None:
    for code in (*range(0xD800), *range(0xE000, 0x10000)):
        name = f"p{chr(code)}1"
        unseen = unicodedata.category(chr(code)) in {"Cc", "Cf", "Zl", "Zp"}
        assert bool(re.search(NAME["pattern"], name)) is not unseen, hex(code)


@pytest.mark.parametrize("country", ["", "jp", "JPN", "Japan", "ZZ", "UK", "JP ", "ＪＰ", "J"])
@pytest.mark.parametrize("key", ["recipient", "source"])
def test_a_country_is_a_code(engine: Engine, key: str, country: str) -> None:
    event = changed({key: {"id": "x", "country": country}}, operation="acquire")
    (error,) = refused(engine, event).errors
    assert error.path == f"$.{key}.country"
    assert "such as JP" in error.message.en and "JP" in error.message.ja
    assert refused(engine, json.dumps(event)).errors == (error,)


def test_every_country_is_taken(engine: Engine) -> None:
    assert len(COUNTRIES) == 249
    for code in COUNTRIES:
        assert engine.evaluate(changed({"recipient.country": code})).permitted


@pytest.mark.parametrize("operation", [name for name in OPERATIONS if name != "acquire"])
def test_a_source_is_stated_on_acquire_alone(engine: Engine, operation: str) -> None:
    event = changed(operation=operation, source={"id": "broker"})
    (error,) = refused(engine, event).errors
    assert error.path == "$.source"
    assert error.message.en == "expected on the operation acquire alone"
    assert refused(engine, json.dumps(event)).errors == (error,)


ACQUIRED = {
    "the same": ("2026-11-24T09:00:00+09:00", True),
    "the same elsewhere": ("2026-11-24T00:00:00Z", True),
    "before": ("2026-11-24T08:59:59.999999+09:00", True),
    "after": ("2026-11-24T09:00:00.000001+09:00", False),
    "a date": ("2026-11-24", False),
}


@pytest.mark.parametrize(("acquired", "valid"), ACQUIRED.values(), ids=ACQUIRED.keys())
def test_data_are_acquired_at_the_latest_by_then(engine: Engine, acquired: str, valid: bool) -> None:
    for operation in OPERATIONS:
        event = changed(operation=operation, acquired=acquired)
        if valid:
            assert engine.evaluate(event).outcome in ("permit", "deny")
        else:
            (error,) = refused(engine, event).errors
            assert error.path == "$.acquired"
            assert refused(engine, json.dumps(event)).errors == (error,)


@pytest.mark.parametrize("value", [v for v in WRONG if not isinstance(v, dict)], ids=json.dumps)
def test_a_source_is_an_object(engine: Engine, value: Any) -> None:
    (error,) = refused(engine, changed(source=value, operation="acquire")).errors
    assert error.path == "$.source"


@pytest.mark.parametrize("key", ["actor", "source"])
def test_actor_and_source_have_an_id_and_no_other_field(engine: Engine, key: str) -> None:
    (missing,) = refused(engine, changed({key: {}}, operation="acquire")).errors
    assert missing.path == f"$.{key}.id"
    (unknown,) = refused(engine, changed({key: {"id": "x", "name": "y"}}, operation="acquire")).errors
    assert unknown.path == f"$.{key}.name"


ATTRIBUTES: dict[str, list[Any]] = {
    "age": [16, 0, -1, 3.0, 10**30, 1e300],
    "score": [1, 1.5, -0.0, 10**300, 5e-324],
    "guest": [True, False],
    "region": ["", "x", "関東", "5", "null"],
}
OTHERS: dict[str, list[Any]] = {
    "age": [1.5, "16", True, ""],
    "score": ["1.5", False, "NaN"],
    "guest": [0, 1, "true", ""],
    "region": [5, 1.5, True],
}


@pytest.mark.parametrize(("name", "value"), [(name, v) for name, values in ATTRIBUTES.items() for v in values])
def test_a_declared_attribute_of_its_type(club: Engine, name: str, value: Any) -> None:
    event = {**club_event(), "attributes": {name: value, "age": 16} | {name: value}}
    assert club.evaluate(event).outcome in ("permit", "deny")
    assert club.evaluate_json(json.dumps(event)) == club.evaluate(event)


@pytest.mark.parametrize(("name", "value"), [(name, v) for name, values in OTHERS.items() for v in values])
def test_a_declared_attribute_of_another_type(club: Engine, name: str, value: Any) -> None:
    event = {**club_event(), "attributes": {"age": 16} | {name: value}}
    decision = refused(club, event)
    assert [error.path for error in decision.errors] == [f"$.attributes.{name}"]
    assert refused(club, json.dumps(event)) == decision


@pytest.mark.parametrize("value", [5, 1.5, True, "", "x", 10**300])
def test_an_undeclared_attribute_is_ignored(club: Engine, value: Any) -> None:
    event = club_event()
    plain = club.evaluate(event)
    assert plain.permitted
    event["attributes"]["shoe size"] = value
    assert club.evaluate(event) == plain


BAD_NUMBERS = [math.nan, math.inf, -math.inf, 10**309, -(10**309), 10**5000]


@pytest.mark.parametrize(
    "value", [*BAD_NUMBERS, None, [], {}, [1], b"x", {1}, object(), datetime.now(UTC)], ids=lambda v: type(v).__name__
)
@pytest.mark.parametrize("name", ["age", "shoe-size", "靴"])
def test_an_attribute_that_is_no_scalar_of_json(club: Engine, name: str, value: Any) -> None:
    event = club_event()
    event["attributes"][name] = value
    assert [error.path for error in refused(club, event).errors] == [f"$.attributes.{name}"]


def club_event() -> dict[str, Any]:
    return {
        "id": "e-001",
        "time": "2026-11-24T09:00:00+09:00",
        "controller": "anybody",
        "operation": "use",
        "subject": {"category": "member"},
        "items": ["name"],
        "purpose": "letter",
        "attributes": {"age": 16},
    }


def test_a_controller_is_required_where_the_policies_do_not_settle_it(club: Engine) -> None:
    event = club_event()
    del event["controller"]
    (error,) = refused(club, event).errors
    assert error.path == "$.controller"


SURROGATES = {
    "the id": ({"id": "\ud800"}, "$.id", None),
    "the category": ({"subject.category": "x\udfff"}, "$.subject.category", "e-001"),
    "the person": ({"subject.id": "\ud800"}, "$.subject.id", "e-001"),
    "an item": ({"items.1": "\ud800"}, "$.items[1]", "e-001"),
    "the purpose": ({"purpose": "\ud800"}, "$.purpose", "e-001"),
    "the form": ({"form": "\ud800"}, "$.form", "e-001"),
    "the origin": ({"origin": "\ud800"}, "$.origin", "e-001"),
    "the controller": ({"controller": "\ud800"}, "$.controller", "e-001"),
    "the recipient": ({"recipient.id": "\ud800"}, "$.recipient.id", "e-001"),
    "the service": ({"recipient.service": "\ud800"}, "$.recipient.service", "e-001"),
    "the country": ({"recipient.country": "\ud800"}, "$.recipient.country", "e-001"),
    "a party": ({"facts.1.party": "\ud800"}, "$.facts[1].party", "e-001"),
    "a person in a fact": ({"facts.1.subject": "\ud800"}, "$.facts[1].subject", "e-001"),
    "a fact type": ({"facts.1.type": "\ud800"}, "$.facts[1].type", "e-001"),
    "an attribute": ({"attributes.campaign": "\ud800"}, "$.attributes.campaign", "e-001"),
    "an attribute's name": ({"attributes.\ud800": "x"}, '$.attributes["\\\\ud800"]', "e-001"),
}


@pytest.mark.parametrize(("changes", "path", "identifier"), SURROGATES.values(), ids=SURROGATES.keys())
def test_lone_surrogates(engine: Engine, changes: dict[str, Any], path: str, identifier: str | None) -> None:
    event = changed(changes)
    for form in (event, json.dumps(event), json.dumps(event, ensure_ascii=False)):
        decision = refused(engine, form)
        assert path in [error.path for error in decision.errors]
        assert decision.event == identifier


def test_surrogates_in_pairs_are_text(engine: Engine) -> None:
    assert engine.evaluate_json(json.dumps(changed(attributes={"mood": "😀"}))).permitted


@pytest.mark.parametrize("key", [5, None, True, 1.5, (1,), 10**5000], ids=lambda key: type(key).__name__)
@pytest.mark.parametrize("where", ["", "subject", "recipient", "attributes", "facts.0"])
def test_a_key_that_is_no_text(engine: Engine, where: str, key: Any) -> None:
    event = changed()
    parent = event
    for step in where.split(".") if where else ():
        parent = parent[0] if isinstance(parent, list) else parent[step]
    parent[key] = "x"
    assert any("string as the key" in error.message.en for error in refused(engine, event).errors)


@pytest.mark.parametrize(
    "whole",
    [None, 5, "x", b"x", [], [VALID], (), object(), Subject("customer"), dict],
    ids=lambda whole: type(whole).__name__,
)
def test_what_is_no_mapping(engine: Engine, whole: Any) -> None:
    decision = engine.evaluate(whole)
    assert (decision.event, decision.outcome) == (None, "invalid")
    assert [error.path for error in decision.errors] == ["$"]


def test_structs_are_held_to_what_they_should_hold(engine: Engine) -> None:
    wrong = changed(subject=Subject(5), recipient=Recipient("mailer-kk", service=[]))  # type: ignore[arg-type]
    assert [error.path for error in refused(engine, wrong).errors] == ["$.recipient.service", "$.subject.category"]
    wrong = changed(operation="acquire", actor=Actor(5), source=Source(" "))  # type: ignore[arg-type]
    assert [error.path for error in refused(engine, wrong).errors] == ["$.actor.id", "$.source.id"]
    right = changed(subject=Subject("customer", "c-102"), recipient=Recipient("mailer-kk", service="communication"))
    assert engine.evaluate(right).permitted


def test_a_mapping_that_contains_itself(engine: Engine) -> None:
    event = changed()
    event["attributes"]["self"] = event
    event["facts"].append(event["facts"])
    paths = {error.path for error in refused(engine, event).errors}
    assert paths == {"$.attributes.self", "$.facts[2]"}


def test_deep_nesting(engine: Engine) -> None:
    deep: Any = "x"
    for _ in range(100_000):
        deep = [deep]
    for field in ("foo", "items", "subject", "attributes", "attributes.campaign", "facts"):
        decision = refused(engine, changed({field: deep}))
        assert decision.event == "e-001"
        assert decision.errors[0].path.startswith(f"$.{field}")


anything = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text()
    | st.text(st.characters(codec=None), max_size=3)
    | st.binary(max_size=2)
    | st.sampled_from(["customer", "name", "use", "consent", "mailer-kk", "2026-11-24T09:00:00+09:00"]),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.tuples(inner)
        | st.sets(st.integers(), max_size=2)
        | st.dictionaries(
            st.text(max_size=3) | st.integers() | st.sampled_from(["type", "id", "category"]), inner, max_size=3
        )
    ),
    max_leaves=8,
)
fields = st.sampled_from(
    [*VALID, "subject.category", "subject.id", "recipient.id", "items.0", "facts.0", "facts.1.party", "foo"]
)


@given(st.dictionaries(fields, anything | st.just(LEFT_OUT), max_size=4))
def test_law_whatever_is_given_is_decided_and_what_json_can_say_is_decided_alike(
    engine: Engine, changes: dict[str, Any]
) -> None:
    event = changed()
    for field, value in changes.items():
        try:
            put(event, field, value)
        except (KeyError, IndexError, TypeError, ValueError):
            continue  # an earlier change took away what this one would change
    decision = engine.evaluate(event)
    assert decision.outcome in ("permit", "deny", "invalid")
    assert json.loads(decision.to_json()) == decision.as_dict()
    if decision.outcome == "invalid":
        refused(engine, event)
    if is_json(event):
        assert engine.evaluate_json(json.dumps(event)) == decision


@given(anything)
def test_law_anything_at_all_is_decided(engine: Engine, whole: Any) -> None:
    decision = engine.evaluate(whole)
    assert decision.outcome == "invalid"
    assert decision.to_json()
