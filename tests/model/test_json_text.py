"""What is read from a line of JSON, and what is said of one that is no event."""

from __future__ import annotations

import json
from collections.abc import Callable

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from model.flows import VALID, changed, refused
from policyengine import Engine

LINE = json.dumps(VALID)
AT = LINE.index("{") + 1


NO_OBJECT = {
    "nothing": "",
    "blanks": " \t\n",
    "null": "null",
    "a number": "5",
    "a string": '"x"',
    "a list": "[]",
    "an event in a list": f"[{LINE}]",
    "half an event": LINE[:-9],
    "two events": LINE + LINE,
    "something behind it": LINE + " x",
    "a null character behind it": LINE + "\0",
    "a comma too many": LINE[:-1] + ",}",
    "single quotes": "{'id': 'e-001'}",
    "a comment": LINE + "// x",
    "a line end in a string": LINE.replace("spring", "spr\ning"),
    "Python": "{'id': None}",
    "a hundred thousand lists": "[" * 100_000 + "]" * 100_000,
    "a hundred thousand objects": '{"a":' * 100_000 + "1" + "}" * 100_000,
    "deep in a field": '{"id": "e-001", "foo": ' + "[" * 100_000 + "]" * 100_000 + "}",
    "a number of five thousand digits": LINE.replace('"spring"', "9" * 5000),
}


@pytest.mark.parametrize("line", NO_OBJECT.values(), ids=NO_OBJECT.keys())
def test_a_line_that_is_no_json_object(engine: Engine, line: str) -> None:
    decision = refused(engine, line)
    assert decision.event is None
    assert [error.path for error in decision.errors] == ["$"]
    assert refused(engine, line.encode()) == decision


@pytest.mark.parametrize(
    "raw",
    [LINE.encode().replace(b"spring", b"\xff"), b"\xff", b"\x00", b"\xef\xbb\xbf", LINE.encode("shift_jis") + b"\x81"],
)
def test_bytes_that_are_no_text(engine: Engine, raw: bytes) -> None:
    assert [error.path for error in refused(engine, raw).errors] == ["$"]


@pytest.mark.parametrize("number", ["NaN", "Infinity", "-Infinity", "1e400", "-1e400", "1" + "0" * 400])
def test_a_number_that_is_none_is_told_at_its_place(engine: Engine, number: str) -> None:
    decision = refused(engine, LINE.replace('"spring"', number))
    assert [error.path for error in decision.errors] == ["$.attributes.campaign"]
    assert decision.event == "e-001"


@pytest.mark.parametrize("number", ["0", "-0", "1.5e3", "1e308", "1E-400", "1" + "0" * 30])
def test_a_number_that_is_one(engine: Engine, number: str) -> None:
    assert engine.evaluate_json(LINE.replace('"spring"', number)).permitted


@pytest.mark.parametrize("escape", ["\\ud800", "\\udc00", "\\ud800\\ud800", "\\udc00\\ud800", "\\ud800x"])
def test_a_lone_surrogate_is_told_at_its_place(engine: Engine, escape: str) -> None:
    decision = refused(engine, LINE.replace("spring", escape))
    assert [error.path for error in decision.errors] == ["$.attributes.campaign"]
    assert decision.event == "e-001"


def test_not_json_is_never_an_event_whatever_comes_behind(engine: Engine) -> None:
    line = '{"attributes": {"campaign": NaN}, ' + LINE[AT:]
    decision = refused(engine, line)
    assert (decision.event, [error.path for error in decision.errors]) == ("e-001", ["$"])


@pytest.mark.parametrize(
    ("line", "identifier"),
    [
        (LINE[:-1] + ', "id": "e-002"}', "e-002"),
        ('{"id": 5, ' + LINE[AT:], "e-001"),
        ('{"id": "e-000", ' + LINE[AT:], "e-001"),
        (LINE.replace('"category": "customer"', '"category": "employee", "category": "customer"'), "e-001"),
        (LINE.replace('"category": "customer"', '"category": null, "category": "customer"'), "e-001"),
        (LINE.replace('"type": "vetting"', '"type": "nonsense", "type": "vetting"'), "e-001"),
        (LINE.replace('"campaign"', '"campaign": [], "campaign"'), "e-001"),
        ('{"foo": 1, ' + LINE[AT:].replace('"id"', '"i\\u0064"'), None),
    ],
)
def test_of_a_repeated_key_the_last_value_counts(engine: Engine, line: str, identifier: str | None) -> None:
    decision = engine.evaluate_json(line)
    if identifier is None:
        assert [error.path for error in decision.errors] == ["$.foo"]
    else:
        assert (decision.event, decision.outcome) == (identifier, "permit")


def test_the_last_value_of_a_repeated_key_may_be_the_wrong_one(engine: Engine) -> None:
    assert [e.path for e in refused(engine, LINE[:-1] + ', "id": 5}').errors] == ["$.id"]
    assert [e.path for e in refused(engine, LINE[:-1] + ', "items": []}').errors] == ["$.items"]
    assert engine.evaluate_json(LINE[:-1] + ', "purpose": "unheard-of"}').outcome == "deny"


def test_a_byte_order_mark_is_passed_over(engine: Engine) -> None:
    for line in ("\ufeff" + LINE, b"\xef\xbb\xbf" + LINE.encode(), bytearray(b"\xef\xbb\xbf" + LINE.encode())):
        assert engine.evaluate_json(line) == engine.evaluate_json(LINE)
    assert [error.path for error in refused(engine, "\ufeff\ufeff" + LINE).errors] == ["$"]


def test_escapes_and_layout_do_not_matter(engine: Engine) -> None:
    escaped = "".join(f"\\u{ord(c):04x}" for c in "spring")
    for line in (LINE.replace("spring", escaped), json.dumps(VALID, indent=8), LINE.replace('"id"', '"i\\u0064"')):
        assert engine.evaluate_json(line) == engine.evaluate_json(LINE)


@pytest.mark.parametrize("depth", [10, 100, 400, 900])
def test_what_is_deep_and_readable_keeps_its_id(engine: Engine, depth: int) -> None:
    for opening, closing in (("[", "]"), ('{"a":', "}")):
        decision = engine.evaluate_json(LINE[:-1] + f', "foo": {opening * depth}1{closing * depth}}}')
        assert (decision.event, [e.path for e in decision.errors]) in (("e-001", ["$.foo"]), (None, ["$"]))


LARGE: dict[str, tuple[Callable[[int], str], str]] = {
    "blanks": (lambda mega: LINE + " " * 50 * mega, "permit"),
    "one text": (lambda mega: json.dumps(changed(attributes={"campaign": "x" * 50 * mega})), "permit"),
    "one id": (lambda mega: json.dumps(changed(id="x" * 50 * mega)), "permit"),
    "one operation": (lambda mega: json.dumps(changed(operation="x" * 50 * mega)), "invalid"),
    "one item over and over": (lambda mega: json.dumps(changed(items=["mobile_email"] * 3 * mega)), "invalid"),
    "facts that are none": (lambda mega: json.dumps(changed(facts=["vetting"] * 4 * mega)), "invalid"),
    "fields without end": (lambda mega: json.dumps(changed({f"f{n}": "x" * 30 for n in range(mega)})), "invalid"),
    "facts without end": (lambda mega: json.dumps(changed(facts=[*VALID["facts"] * (mega // 4)])), "permit"),
    "no json": (lambda mega: "x" * 50 * mega, "invalid"),
}


@pytest.mark.parametrize(("make", "outcome"), LARGE.values(), ids=LARGE.keys())
def test_a_line_of_ten_megabytes(engine: Engine, make: Callable[[int], str], outcome: str, longer: int) -> None:
    mega = 200_000 * longer
    line = make(mega)
    assert len(line) > 40 * mega
    assert engine.evaluate_json(line).outcome == outcome


@given(st.binary() | st.text(st.characters(codec=None)) | st.text('{}[]":,\\ud800eNaN'))
@example(b"\xef\xbb\xbf\xef\xbb\xbf{}")
@example("\ud800")
def test_law_any_line_is_decided(engine: Engine, line: bytes | str) -> None:
    refused(engine, line)


@given(st.data())
def test_law_a_damaged_line_is_decided_and_as_python_reads_it_if_it_is_json(
    engine: Engine, data: st.DataObject
) -> None:
    start = data.draw(st.integers(0, len(LINE)))
    end = data.draw(st.integers(start, min(len(LINE), start + 3)))
    line = (
        LINE[:start]
        + data.draw(st.text(max_size=3) | st.sampled_from(['"', "{", "}", "\\", "null", "1e999"]))
        + LINE[end:]
    )
    decision = engine.evaluate_json(line)
    assert decision.to_json()
    try:
        found = json.loads(line)
    except ValueError:
        assert decision.outcome == "invalid"
    else:
        assert decision.outcome == engine.evaluate(found).outcome
        assert decision.event == engine.evaluate(found).event
