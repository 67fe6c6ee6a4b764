"""Files as event sources: what is in them is decided as if it had been handed over, and what cannot be read is said."""

from __future__ import annotations

import csv
import io
import json
import os
import threading
import time
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from policyengine import Engine, InvalidEvent, PolicyError
from policyengine.builtin.files import read_blocks, read_events
from policyengine.builtin.files.jsonl import event_texts
from policyengine.testing import events

ROOT = Path(__file__).parents[2]
ENGINE = Engine.load(ROOT / "rules" / "alc-smart-learning", installed_plugins=False)
HEADING = "id,time,operation,subject.category,subject.id,items,purpose,recipient.id,attributes.campaign"
ROW = "e-1,2026-11-24T09:00:00+09:00,use,customer,c-1,name;mobile_email,after-care,,"


def rows(text: str, **options: Any) -> list[Any]:
    return list(read_events(io.BytesIO(text.encode("utf-8", "surrogateescape")), "events.csv", **options))


def test_a_row_is_an_event() -> None:
    assert rows(f"{HEADING}\n{ROW}\n\n") == [
        {
            "id": "e-1",
            "time": "2026-11-24T09:00:00+09:00",
            "operation": "use",
            "subject": {"category": "customer", "id": "c-1"},
            "items": ["name", "mobile_email"],
            "purpose": "after-care",
        }
    ]


def test_a_row_says_since_when_by_whom_and_from_whom() -> None:
    parts = {"acquired": "2026-11-20T09:00:00Z", "actor.id": "c-7", "actor.role": "clerk", "source.id": "b"}
    found = rows(f"{','.join([*parts, 'source.country'])}\n{','.join(parts.values())},US\n")
    actor, source = {"id": "c-7", "role": "clerk"}, {"id": "b", "country": "US"}
    assert found == [{"acquired": parts["acquired"], "actor": actor, "source": source}]


def test_headings_of_ones_own() -> None:
    columns = {"会員": "subject.id", "メモ": ""}
    found = rows("\ufeffid,会員,メモ\r\ne-1,c-1,何か\r\n", columns=columns)
    assert found == [{"id": "e-1", "subject": {"id": "c-1"}}]


@pytest.mark.parametrize(
    ("cell", "value"),
    [
        ("spring", "spring"),
        ("42", 42),
        ("1.5", 1.5),
        ("true", True),
        ('"""4"""', "4"),
        ("NaN", "NaN"),
        ("null", "null"),
    ],
)
def test_the_type_of_an_attribute(cell: str, value: object) -> None:
    (event,) = rows(f"attributes.x\n{cell}\n")
    assert event == {"attributes": {"x": value}}
    assert type(event["attributes"]["x"]) is type(value)


@pytest.mark.parametrize(
    ("heading", "said"),
    [
        ("", "no line of headings"),
        ("id,subjct.id", 'column "subjct.id" is no field of an event (did you mean "subject.id"?)'),
        ("id,attributes.", "is no field"),
        ("id,items,items", 'column "items" stands twice'),
    ],
)
def test_a_wrong_heading_is_an_error(heading: str, said: str) -> None:
    with pytest.raises(PolicyError) as caught:
        rows(f"{heading}\nx\n")
    assert said in str(caught.value)
    assert "events.csv:1" in str(caught.value)


def test_what_cannot_be_read_is_invalid_and_the_rest_goes_on() -> None:
    text = f"{HEADING},facts\n{ROW}\n{ROW},[\n{ROW},\ne-3,x\n{ROW},\n"
    decisions = list(ENGINE.evaluate_all(rows(text)))
    assert [decision.outcome for decision in decisions] == ["invalid", "invalid", "permit", "invalid", "permit"]
    errors = [(error.path, error.message.en) for decision in decisions for error in decision.errors]
    assert errors[0] == ("$", "line 2: expected 10 cells, as in the heading, found 9")
    assert errors[1][0] == "$.facts"
    assert decisions[3].event == "e-3"


def test_bytes_that_are_no_utf_8_make_an_invalid_event() -> None:
    text = f"{HEADING}\n{ROW}\n".replace("after-care", "after@").encode().replace(b"@", b"\xff")
    (event,) = read_events(io.BytesIO(text), "events.csv")
    assert not isinstance(event, InvalidEvent)
    (decision,) = ENGINE.evaluate_all([event])
    assert decision.outcome == "invalid"


def test_a_heading_that_cannot_be_read_is_an_error() -> None:
    with pytest.raises(PolicyError, match=r"events\.csv:1:.*cannot be read as CSV"):
        rows('"id"x\ne-1\n')


WHOLE = ["e-{},name", '"e-{}","name\n"', "e-{},\r", '"e-{}",",;""name"""']
BROKEN = ['"e-x"x', "e-x", "e-x,name,", "e-x," + "y" * 200_000]
UNCLOSED = ['"e-x\n,"y', 'e-x,"', '"']


def dripped(lines: list[str], size: int) -> list[Any]:
    """Return what is read of lines in small pieces; it is what is read of them in one."""
    data = "\n".join(["id,attributes.x", *lines]).encode()
    found = list(read_events(Dripping(data, size * 1000 if len(data) > 10_000 else size), "events.csv"))
    assert found == list(read_events(io.BytesIO(data), "events.csv"))
    return found


@given(st.lists(st.sampled_from([*WHOLE * 2, *BROKEN]), max_size=12), st.integers(1, 40))
def test_a_row_that_cannot_be_read_is_one_invalid_event_and_no_other_is(drawn: list[str], size: int) -> None:
    found = dripped([row.replace("{}", str(number)) for number, row in enumerate(drawn)], size)
    read = ["broken" if isinstance(event, InvalidEvent) else event["id"] for event in found]
    assert read == [f"e-{number}" if row in WHOLE else "broken" for number, row in enumerate(drawn)]


@given(
    st.lists(st.sampled_from([*WHOLE, *BROKEN]), max_size=5),
    st.sampled_from(UNCLOSED),
    st.lists(st.sampled_from([WHOLE[0], WHOLE[2], BROKEN[1]]), max_size=5),
    st.integers(1, 40),
)
def test_what_a_quotation_that_is_never_closed_would_swallow_is_read_all_the_same(
    before: list[str], unclosed: str, after: list[str], size: int
) -> None:
    drawn = [*before, unclosed, *after]
    found = dripped([row.replace("{}", str(number)) for number, row in enumerate(drawn)], size)
    read = [event["id"] for event in found if not isinstance(event, InvalidEvent)]
    assert read == [f"e-{number}" for number, row in enumerate(drawn) if row in WHOLE]
    assert len(found) > len(read)


def test_where_a_quotation_is_never_closed_the_line_is_said() -> None:
    other = ROW.replace("e-1", "e-2")
    found = rows(f'{HEADING}\n{ROW}\n"{ROW}\n{other}\n{other}\n')
    decisions = list(ENGINE.evaluate_all(found))
    assert [(decision.event, decision.outcome) for decision in decisions] == [
        ("e-1", "permit"),
        (None, "invalid"),
        ("e-2", "permit"),
        ("e-2", "permit"),
    ]
    (error,) = decisions[1].errors
    assert error.message.en == "line 3: cannot be read as CSV: unexpected end of data"


def test_a_cell_and_a_row_have_bounds() -> None:
    with pytest.MonkeyPatch.context() as patched:
        for module in ("lines", "table"):
            patched.setattr(f"policyengine.builtin.files.{module}.MOST", 1000)
        found = rows('id\ne-1\n"' + '\n","'.join(["x"] * 300) + '"\ne-2\n' + "y" * 300_000 + "\ne-3\n")
    assert [event["id"] for event in found if not isinstance(event, InvalidEvent)] == ["e-1", "e-2", "e-3"]
    errors = [event.errors[0].message.en for event in found if isinstance(event, InvalidEvent)]
    assert "longer" in errors[0] and "longer" in errors[-1]
    (first, _, second) = rows("id,items\ne-1," + "x" * 200_000 + "\nshort\ne-2,name\n")
    assert "field limit" in first.errors[0].message.en
    assert second["id"] == "e-2"


def test_rows_are_handed_on_before_more_is_waited_for() -> None:
    begun, waiting = os.pipe()
    with os.fdopen(begun, "rb", buffering=0) as stream, os.fdopen(waiting, "wb", buffering=0) as end:
        end.write(b'id\ne-1\ne-2\n"e-')
        blocks = read_blocks(stream, "events.csv")
        assert next(blocks) == [{"id": "e-1"}, {"id": "e-2"}]
        end.write(b'3"\n')
        assert next(blocks) == [{"id": "e-3"}]
        end.close()
        assert list(blocks) == []


def test_a_stream_that_does_not_wait_is_waited_for() -> None:
    begun, waiting = os.pipe()
    os.set_blocking(begun, False)

    def write() -> None:
        with os.fdopen(waiting, "wb", buffering=0) as end:
            for part in (b'{"id": "e', b'-1"}\n{"id"', b': "e-2"}\n'):
                time.sleep(0.05)
                end.write(part)

    writer = threading.Thread(target=write)
    writer.start()
    with os.fdopen(begun, "rb", buffering=0) as stream:
        assert list(read_events(stream, "-")) == [b'{"id": "e-1"}', b'{"id": "e-2"}']
    writer.join()


def in_cells(event: dict[str, Any]) -> dict[str, str]:
    cells: dict[str, str] = {}
    for name, value in event.items():
        if isinstance(value, dict) and name != "attributes":
            cells |= {f"{name}.{part}": text for part, text in value.items()}
        elif name == "attributes":
            cells |= {f"attributes.{part}": json.dumps(scalar) for part, scalar in value.items()}
        elif name == "facts":
            cells[name] = json.dumps(value)
        else:
            cells[name] = ";".join(value) if name == "items" else value
    return cells


@given(st.lists(events(ENGINE), min_size=1, max_size=5))
def test_csv_decides_as_jsonl_and_as_mappings(found: list[dict[str, Any]]) -> None:
    cells = [in_cells(event) for event in found]
    table = io.StringIO()
    writer = csv.DictWriter(table, sorted({name for row in cells for name in row}))
    writer.writeheader()
    writer.writerows(cells)
    lines = "\n".join(json.dumps(event) for event in found)
    as_jsonl = list(ENGINE.evaluate_all(read_events(io.BytesIO(lines.encode()), "events.jsonl")))
    as_csv = list(ENGINE.evaluate_all(read_events(io.BytesIO(table.getvalue().encode()), "events.csv")))
    assert as_csv == as_jsonl == [ENGINE.evaluate(event) for event in found]


def test_the_reference_month_as_an_event_source() -> None:
    month = ROOT / "examples" / "alc-month.jsonl"
    engine = Engine.load(
        ROOT / "rules" / "alc-smart-learning",
        installed_plugins=False,
        settings={"files": {"month": {"file": str(month)}}},
    )
    decisions = list(engine.evaluate_all(engine.event_sources["month"].events()))
    lines = [line for line in month.read_bytes().splitlines() if line.strip()]
    assert decisions == [engine.evaluate_json(line) for line in lines]
    assert len(decisions) > 60


class Dripping(io.RawIOBase):
    """A stream that gives a few bytes at a time, and says how much was asked of it."""

    def __init__(self, data: bytes, size: int) -> None:
        self._data = io.BytesIO(data)
        self._size = size

    def readable(self) -> bool:
        return True

    def read(self, size: int = -1) -> bytes:
        return self._data.read(min(size, self._size) if size > 0 else self._size)


LINES = [b"", b" ", b"{}", b'{"id": "e-1"}', b"x" * 9, b"y" * 10, b"z" * 11, b"\xef\xbb\xbf{}", b"\x00", b"w" * 40]


@given(st.lists(st.sampled_from(LINES), max_size=8), st.integers(1, 30), st.booleans())
def test_a_line_that_is_too_long_is_one_invalid_event_and_no_other_is(
    lines: list[bytes], size: int, ended: bool
) -> None:
    """Whatever is read together: each line is what it is by itself, in its place."""
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr("policyengine.builtin.files.lines.MOST", 10)
        stream = Dripping(b"\n".join([*lines, b""] if ended else lines), size)
        found = [text for texts in event_texts(stream, "events.jsonl") for text in texts]
    if lines:
        lines = [lines[0].removeprefix(b"\xef\xbb\xbf"), *lines[1:]] if len(lines[0]) <= 10 else lines
    # within one reading a line is as long as the reading at most, and need not be held to the bound
    longest = max(10, size)
    expected = [line.strip() for line in lines if line.strip()]
    assert len(found) == len(expected)
    for text, line in zip(found, expected, strict=True):
        if isinstance(text, InvalidEvent):
            assert len(line) > 10
        else:
            assert text == line
            assert len(line) <= longest


def test_a_line_of_a_hundred_megabytes_is_refused_and_the_next_is_decided() -> None:
    line = json.dumps(json.loads((ROOT / "examples/alc-month.jsonl").read_bytes().splitlines()[0])).encode()
    data = line + b"\n{" + b" " * (100 << 20) + b"}\n" + line + b"\n"
    outcomes = [decision.outcome for decision in ENGINE.evaluate_all(read_events(io.BytesIO(data), "-"))]
    assert outcomes[1] == "invalid"
    assert outcomes[0] == outcomes[2] != "invalid"
