"""The JSON Schema of suites: committed, current, printed by the command, and true of every suite under rules/."""

from __future__ import annotations

import json
import tomllib
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from suite.little_packs import ALL, EVENTS
from suite.shell import policyengine

ROOT = Path(__file__).parents[2]
COMMITTED = ROOT / "schemas" / "suite.schema.json"
SUITES = sorted((ROOT / "rules").rglob("*.test.toml"))


def as_json(value: Any) -> Any:
    """Return TOML data as an editor holds it against a JSON Schema: a time is its text."""
    return json.loads(json.dumps(value, default=str))


def validate(text: str) -> None:
    schema = json.loads(COMMITTED.read_text("utf-8"))
    jsonschema.Draft202012Validator(schema).validate(as_json(tomllib.loads(text)))


def test_the_committed_file_is_what_the_command_prints() -> None:
    """Write it anew with: make schemas."""
    ran = policyengine("schema", "suite", folder=ROOT)
    assert ran.code == 0
    assert ran.out == COMMITTED.read_text("utf-8")
    jsonschema.Draft202012Validator.check_schema(json.loads(ran.out))


def test_there_are_suites_to_hold_against_it() -> None:
    assert SUITES


@pytest.mark.parametrize("path", SUITES, ids=lambda path: path.name)
def test_the_suites_are_valid_and_name_it(path: Path) -> None:
    text = path.read_text("utf-8")
    assert (path.parent / text.splitlines()[0].removeprefix("#:schema ")).resolve() == COMMITTED
    validate(text)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ('expect = "permit"', 'expect = "maybe"'),
        ('expect = "permit"\n', ""),
        ('name = "an order is delivered"\n', ""),
        ('clauses = ["1"]', 'clauses = "1"'),
        ("[events.use]", "[event.use]"),
        ('purpose = "delivery"', 'purposes = ["delivery"]'),
    ],
)
def test_a_suite_of_another_form_is_invalid(old: str, new: str) -> None:
    text = EVENTS + "".join(ALL)
    validate(text)
    assert old in text
    with pytest.raises(jsonschema.ValidationError):
        validate(text.replace(old, new, 1))
