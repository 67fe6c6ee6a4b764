"""The JSON Schemas under schemas/ are valid, current, and what editors and other programs can rely on."""

from __future__ import annotations

import json
import tomllib
from collections.abc import Iterator
from datetime import date, datetime, time
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from language.marked_packs import BASE
from policyengine.engine.configuration import configuration_schema
from policyengine.engine.plugins import Plugins
from policyengine.language.build import standard_vocabulary
from policyengine.language.schema import policy_schema
from policyengine.model.flow_schema import decision_schema, event_schema
from policyengine.suite.schema import suite_schema

ROOT = Path(__file__).parents[2]
SCHEMAS = {
    "policy": lambda: policy_schema(Plugins(installed=False).kinds.values()),
    "event": lambda: event_schema(standard_vocabulary().facts.values()),
    "decision": decision_schema,
    "configuration": lambda: configuration_schema(Plugins(installed=False).schemas),
    "suite": suite_schema,
}
RULE_FILES = sorted(path for path in (ROOT / "rules").rglob("*.toml") if not path.name.endswith(".test.toml"))


def committed(name: str) -> str:
    return (ROOT / "schemas" / f"{name}.schema.json").read_text(encoding="utf-8")


def as_json(value: Any) -> Any:
    """Return TOML data as an editor holds it against a JSON Schema: a time is its text."""
    if isinstance(value, dict):
        return {key: as_json(member) for key, member in value.items()}
    if isinstance(value, list):
        return [as_json(member) for member in value]
    return value.isoformat() if isinstance(value, datetime | date | time) else value


@pytest.mark.parametrize("name", SCHEMAS)
def test_the_committed_file_is_current(name: str) -> None:
    """Write it anew with: make schemas."""
    assert committed(name) == json.dumps(SCHEMAS[name](), indent=2, ensure_ascii=False) + "\n"


@pytest.mark.parametrize("name", SCHEMAS)
def test_it_is_a_schema_of_the_draft_that_it_names(name: str) -> None:
    schema = json.loads(committed(name))
    assert schema["$schema"] == "https://json-schema.org/draft/2020-12/schema"
    jsonschema.Draft202012Validator.check_schema(schema)
    assert list(references(schema)) == [] or all(
        resolve(schema, reference) is not None for reference in references(schema)
    )


def references(schema: Any) -> list[str]:
    """Return every reference in `schema`."""
    if isinstance(schema, dict):
        own = [schema["$ref"]] if isinstance(schema.get("$ref"), str) else []
        return own + [found for member in schema.values() for found in references(member)]
    return [found for member in schema for found in references(member)] if isinstance(schema, list) else []


def resolve(schema: Any, reference: str) -> Any:
    assert reference.startswith("#/")
    for key in reference[2:].split("/"):
        schema = schema[key]
    return schema


def test_every_key_of_a_rule_file_is_described_or_named_by_its_schema() -> None:
    clause = json.loads(committed("policy"))["properties"]["clause"]["items"]["properties"]
    for kind in Plugins(installed=False).kinds.values():
        assert clause[kind.name]["items"] == {"$ref": f"#/$defs/rule.{kind.name}"}
        definition = json.loads(committed("policy"))["$defs"][f"rule.{kind.name}"]
        assert definition["title"] and definition["description"]
        for key in kind.properties:
            assert key in definition["properties"]


def declared(schema: Any, *path: str) -> Iterator[tuple[str, Any]]:
    """Yield every property that a schema declares, with its path."""
    for key, member in schema.items() if isinstance(schema, dict) else enumerate(schema):
        if key == "properties":
            yield from (("/".join((*path, name)), found) for name, found in member.items())
        if isinstance(member, dict | list):
            yield from declared(member, *path, str(key))


def described(schema: Any, one: Any) -> bool:
    """Whether a property, or what it refers to, says what it is for."""
    return bool(one.get("description")) or ("$ref" in one and described(schema, resolve(schema, one["$ref"])))


def test_the_schema_says_of_every_property_what_it_is_for() -> None:
    schema = json.loads(committed("policy"))
    found = dict(declared(schema))
    assert {"policy/id", "$defs/rule.prohibition/lifted_by"} <= {path.replace("properties/", "") for path in found}
    silent = [path for path, one in found.items() if not described(schema, one)]
    assert silent == []


def test_what_all_kinds_of_rules_share_is_said_once() -> None:
    """Every line of it would be changed by as many people at once as there are kinds of rules."""
    schema = json.loads(committed("policy"))
    for name in Plugins(installed=False).kinds:
        rule = schema["$defs"][f"rule.{name}"]["properties"]
        own = Plugins(installed=False).kinds[name].properties
        assert all(rule[key] == {"$ref": f"#/$defs/key.{key}"} for key in rule.keys() - own.keys())


@pytest.mark.parametrize("path", RULE_FILES, ids=lambda path: path.relative_to(ROOT).as_posix())
def test_the_rule_files_are_valid_and_name_their_schema(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    first = text.splitlines()[0]
    assert first.startswith("#:schema ")
    assert (path.parent / first.removeprefix("#:schema ")).resolve() == (ROOT / "schemas" / "policy.schema.json")
    jsonschema.validate(as_json(tomllib.loads(text)), json.loads(committed("policy")))


def test_there_are_rule_files_to_hold_against_the_schema() -> None:
    assert len(RULE_FILES) >= 3


def test_a_rule_file_that_the_engine_reads_is_valid() -> None:
    jsonschema.validate(as_json(tomllib.loads(BASE)), json.loads(committed("policy")))


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ('governs = ["shop"]', "governs = 3"),
        ('governs = ["shop"]', 'governs = "someone"'),
        ('governs = ["shop"]', 'governs = "anyone\\n"'),
        ('version = "1"', "version = 1"),
        ('version = "1"', 'version = "1"\nfrom = 2021-01-01T00:00:00'),
        ('id = "delivery"', 'id = "a b"'),
        ('id = "delivery"', 'id = "delivery\\n"'),
        ('id = "delivery"', "colour = 1"),
        ('subjects = ["customer"]', 'subjects = "customer"'),
        ('purposes = ["delivery"]', ""),
        ('is_a = "customer", ja', "is_a = 5, ja"),
        ('type = "integer"', 'type = "int"'),
        ("[[clause.purpose-limitation]]", "[[clause.purposes]]"),
    ],
)
def test_a_rule_file_that_the_engine_refuses_for_its_form_is_invalid(old: str, new: str) -> None:
    assert BASE.count(old) == 1
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(as_json(tomllib.loads(BASE.replace(old, new))), json.loads(committed("policy")))


COMBINING = ("oneOf", "allOf", "anyOf", "if", "then", "else", "not")
"""What narrows what is described elsewhere."""


def undescribed(schema: Any, at: str = "$") -> Iterator[str]:
    """Yield the way to every property of which a schema does not say what it is for."""
    if isinstance(schema, list):
        for index, member in enumerate(schema):
            yield from undescribed(member, f"{at}[{index}]")
    elif isinstance(schema, dict):
        properties = schema.get("properties")
        for name, property_ in properties.items() if isinstance(properties, dict) else ():
            if not {"description", "$ref"} & set(property_):
                yield f"{at}.{name}"
        for key, member in schema.items():
            if key not in COMBINING:
                yield from undescribed(member, f"{at}/{key}")


@pytest.mark.parametrize("name", SCHEMAS)
def test_it_has_a_name_of_its_own_and_says_what_every_property_is_for(name: str) -> None:
    schema = json.loads(committed(name))
    assert schema["$id"] == f"urn:dataflow-policyengine:schema:{name}"
    assert list(undescribed(schema)) == []
