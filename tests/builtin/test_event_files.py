"""Files as event sources: what is in them is decided as if it had been handed over, and what cannot be read is said."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from policyengine import Engine, InvalidEvent, PolicyError
from policyengine.builtin.files import read_events
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


def test_a_broken_quotation_ends_the_stream() -> None:
    with pytest.raises(PolicyError, match=r"events\.csv:2:.*cannot be read as CSV"):
        rows('id\n"e-1"x\n')


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
