"""Events in, decisions out: every form of input that a file or a pipe may have, in order, one decision an event."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from cli.running import DENIED, INVALID, PACK, PERMITTED, evaluate, lines, run
from policyengine import Engine

ALL = [PERMITTED, DENIED, INVALID]
DECIDED = ["permit", "deny", "invalid"]

NOTHING = "no events: nothing was decided\n"


@pytest.mark.parametrize("name", ["events.jsonl", "events.ndjson", "events", "-"])
def test_decisions_come_one_a_line_in_the_order_of_the_events(name: str, tmp_path: Path) -> None:
    events = [{**event, "id": f"{number}-{event['id']}"} for number in range(50) for event in ALL]
    file = tmp_path / name
    if name == "-":
        ran = evaluate(lines(*events))
    else:
        file.write_text(lines(*events))
        ran = run("evaluate", PACK, "--events", str(file))
    assert ran.ids == [event["id"] for event in events]
    assert ran.outcomes == DECIDED * 50
    assert (ran.code, ran.err) == (2, "")


def test_a_decision_is_what_the_engine_gives() -> None:
    engine = Engine.load(PACK, installed_plugins=False)
    ran = evaluate(lines(*ALL))
    assert ran.decisions == [engine.evaluate(event).as_dict() for event in ALL]
    assert json.loads(evaluate(lines(*ALL), "--format", "json").out) == ran.decisions


ONE = json.dumps(PERMITTED)
PRETTY = json.dumps(PERMITTED, indent=2)
LIST = json.dumps(ALL)
PRETTY_LIST = json.dumps(ALL, indent=2)

DOCUMENTS = {
    "an object on one line": (ONE, ["permit"]),
    "an object over several lines": (PRETTY, ["permit"]),
    "an object that begins with a key": (PRETTY.replace("{\n", "{", 1), ["permit"]),
    "a list on one line": (LIST, DECIDED),
    "a list over several lines": (PRETTY_LIST, DECIDED),
    "a list with an event a line": (LIST.replace("}, {", "},\n{"), DECIDED),
    "a list after blank lines": ("\n \n\t\n" + PRETTY_LIST + "\n\n", DECIDED),
    "a list with what is no event": (json.dumps([PERMITTED, 5, None], indent=1), ["permit", "invalid", "invalid"]),
    "JSONL with Windows line ends": (lines(*ALL).replace("\n", "\r\n"), DECIDED),
    "JSONL without a last line end": (lines(*ALL).rstrip("\n"), DECIDED),
    "JSONL with blank lines": ("\n" + lines(*ALL).replace("\n", "\n\n   \n\r\n"), DECIDED),
    "JSONL with a list as its first line": ("[1, 2]\n" + ONE, ["invalid", "permit"]),
    "JSONL whose first line is cut off": (ONE[:40] + "\n" + ONE, ["invalid", "permit"]),
    "JSONL whose first line is a lone brace": ("{\n" + ONE, ["invalid", "permit"]),
    "JSONL whose first line ends in a comma": (ONE[:-1] + ",\n" + ONE, ["invalid", "permit"]),
}


@pytest.mark.parametrize(("text", "outcomes"), DOCUMENTS.values(), ids=DOCUMENTS.keys())
def test_a_pipe_may_carry_jsonl_or_one_json_document(text: str, outcomes: list[str]) -> None:
    assert evaluate(text).outcomes == outcomes
    assert evaluate(b"\xef\xbb\xbf" + text.encode()).outcomes == outcomes


@pytest.mark.parametrize("text", [ONE, PRETTY, LIST, PRETTY_LIST, lines(*ALL)])
def test_a_json_file_may_hold_a_document_or_lines(text: str, tmp_path: Path) -> None:
    file = tmp_path / "events.json"
    file.write_text(text)
    expected = ["permit"] if text in (ONE, PRETTY) else DECIDED
    assert run("evaluate", PACK, "--events", str(file)).outcomes == expected


def test_a_file_of_lines_is_read_as_lines_whatever_they_are(tmp_path: Path) -> None:
    file = tmp_path / "events.jsonl"
    file.write_text(PRETTY)
    ran = run("evaluate", PACK, "--events", str(file))
    assert ran.outcomes == ["invalid"] * len(PRETTY.splitlines())


@pytest.mark.parametrize("text", ["", "\n", " \n\t\n", "\ufeff", "\ufeff\n"], ids=repr)
def test_of_nothing_nothing_is_decided_and_that_is_said(text: str, tmp_path: Path) -> None:
    file = tmp_path / "empty.jsonl"
    file.write_text(text, "utf-8")
    for ran in (evaluate(text), run("evaluate", PACK, "--events", str(file))):
        assert ran == (0, "", NOTHING)
    assert evaluate(text, "--format", "json") == (0, "[]\n", NOTHING)
    assert run("explain", PACK, "--events", "-", stdin=text) == (0, "", NOTHING)
    assert evaluate(text, "--expect-events", "--summary", "--lang", "ja") == (
        2,
        "",
        "イベントがありません。何も判断していません\n",
    )


def test_where_events_are_expected_any_will_do() -> None:
    assert evaluate(lines(PERMITTED), "--expect-events")[::2] == (0, "")
    assert evaluate("no event", "--expect-events")[::2] == (2, "")


def test_an_event_may_come_twice() -> None:
    again = {**DENIED, "id": PERMITTED["id"]}
    ran = evaluate(lines(PERMITTED, again, PERMITTED))
    assert ran.ids == ["e-1", "e-1", "e-1"]
    assert ran.outcomes == ["permit", "deny", "permit"]


def test_of_a_repeated_key_the_last_value_counts() -> None:
    twice = ONE[:-1] + ', "purpose": "statistics"}'
    assert evaluate(twice).decisions == evaluate(ONE.replace("after-care", "statistics")).decisions
    assert evaluate(ONE[:-1] + ', "items": [], "items": ["name"]}').outcomes == ["permit"]


@pytest.mark.parametrize("number", ["NaN", "Infinity", "-Infinity", "1e999"])
def test_a_number_that_json_does_not_have_is_invalid_at_its_place(number: str) -> None:
    ran = evaluate(f'{ONE[:-1]}, "attributes": {{"age": {number}}}}}\n{ONE}')
    assert ran.outcomes == ["invalid", "permit"]
    assert ran.code == 2
    assert [error["path"] for error in ran.decisions[0]["errors"]] == ["$.attributes.age"]


@pytest.mark.parametrize(
    "line",
    [
        "[" * 100_000 + "]" * 100_000,
        '{"a":' * 100_000 + "1" + "}" * 100_000,
        ONE[:-1] + ', "attributes": ' + '{"a":' * 100_000 + "1" + "}" * 100_001,
        "[" * 100_000,
    ],
    ids=["lists", "objects", "in an event", "unclosed"],
)
def test_deep_nesting_is_one_invalid_event(line: str) -> None:
    ran = evaluate(ONE + "\n" + line + "\n" + ONE)
    assert ran.outcomes == ["permit", "invalid", "permit"]
    assert ran.code == 2


@pytest.mark.parametrize(
    "line",
    [b"\xff\xfe", b'{"id": "\xff"}', b"\x00", b'{"id": "\\ud800"}', b"nonsense", b'"text"', b"null", b"5", b"[]", b"{"],
    ids=repr,
)
def test_what_is_no_object_is_one_invalid_decision(line: bytes) -> None:
    ran = evaluate(ONE.encode() + b"\n" + line + b"\n" + ONE.encode())
    assert ran.outcomes == ["permit", "invalid", "permit"]
    assert ran.ids == ["e-1", None, "e-1"]
    assert ran.code == 2


def test_a_line_of_fifty_megabytes_is_one_event() -> None:
    size = 50_000_000
    long_event = ONE[:-1] + ', "attributes": {"note": "' + "x" * size + '"}}'
    ran = evaluate(f"{long_event}\n{ONE}\n{'x' * size}\n{ONE}\n")
    assert ran.outcomes == ["permit", "permit", "invalid", "permit"]
    assert ran.code == 2


def test_texts_of_any_language_come_back_as_they_went_in() -> None:
    event = {**PERMITTED, "id": "お客様-🖷-é", "attributes": {"note": "\u2028"}}
    assert evaluate(lines(event)).ids == [event["id"]]
    assert evaluate(json.dumps(event, ensure_ascii=False)).ids == [event["id"]]
