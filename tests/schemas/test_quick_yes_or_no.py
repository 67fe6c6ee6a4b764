"""A quick yes or no says what jsonschema says, of every schema here and of any other."""

from __future__ import annotations

import copy
import json
import subprocess
import sys
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

import jsonschema
from hypothesis import example, given
from hypothesis import strategies as st

from policyengine.engine.configuration import configuration_schema
from policyengine.engine.plugins import Plugins
from policyengine.language.definitions import condition_properties
from policyengine.language.find import find_packs, find_suites
from policyengine.language.keys import term_list
from policyengine.language.pack import load_pack
from policyengine.language.schema import policy_schema
from policyengine.language.source import read
from policyengine.model.flow_schema import event_schema
from policyengine.schema.diagnose import allows, diagnosed
from policyengine.schema.plain import PLAIN
from policyengine.schema.validate import accepts, errors_of
from policyengine.suite.schema import suite_schema
from policyengine.text import same

ROOT = Path(__file__).parents[2]

SCALARS = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-3, 3),
    st.sampled_from([0.0, 1.0, 1.5, float("inf"), float("nan"), 10**400, "", "a", "ab", "a b", "é", " a", "any"]),
)
KEYS = st.sampled_from(["a", "b", "c", "under", "x y"])
DATA = st.recursive(SCALARS, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS, inner, max_size=3))

TYPES = ["object", "array", "string", "boolean", "null", "number", "integer"]
SIZES = st.integers(0, 3)


def schemas(**more: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    return st.recursive(
        st.booleans(),
        lambda inner: st.fixed_dictionaries(
            {},
            optional={
                "type": st.sampled_from(TYPES) | st.lists(st.sampled_from(TYPES), min_size=1, max_size=3, unique=True),
                "enum": st.lists(SCALARS, min_size=1, max_size=3) | st.lists(DATA, min_size=1, max_size=2),
                "const": DATA,
                "not": inner,
                "allOf": st.lists(inner, min_size=1, max_size=2),
                "anyOf": st.lists(inner, min_size=1, max_size=2),
                "oneOf": st.lists(inner, min_size=1, max_size=2),
                "properties": st.dictionaries(KEYS, inner, max_size=3),
                "required": st.lists(KEYS, max_size=2, unique=True),
                "additionalProperties": inner,
                "propertyNames": inner,
                "minProperties": SIZES,
                "maxProperties": SIZES,
                "items": inner,
                "minItems": SIZES,
                "maxItems": SIZES,
                "uniqueItems": st.booleans(),
                "minLength": SIZES,
                "maxLength": SIZES,
                "pattern": st.sampled_from(["^a", "b$", r"^\S+$"]),
                "format": st.sampled_from(["id", "country"]),
                "minimum": SIZES,
                "maximum": SIZES | st.just(1.5),
                "exclusiveMinimum": SIZES,
                "exclusiveMaximum": SIZES,
                "description": st.just("any text"),
                # what is not known to the quick way
                "multipleOf": st.integers(1, 3),
                "prefixItems": st.lists(inner, min_size=1, max_size=2),
                "patternProperties": st.dictionaries(st.just("^a"), inner, min_size=1),
                "contains": inner,
                "dependentRequired": st.just({"a": ["b"]}),
                "if": inner,
                "then": inner,
                **more,
            },
        ),
        max_leaves=6,
    )


@given(schemas(**{"$ref": st.just("#/$defs/a")}), schemas(), DATA)
@example({"type": "integer"}, True, 10**400)
@example({"type": "number"}, True, 10**400)
@example({"enum": [1]}, True, True)
@example({"const": [1]}, True, [True])
def test_any_schema(schema: Any, defined: Any, data: Any) -> None:
    whole = {"allOf": [schema], "$defs": {"a": defined}}
    assert accepts(whole, data) is allows(whole, whole, data)


class Odd:
    """A kind of rule with keywords that no other kind has."""

    name = "odd"
    title = summary = same("odd")
    properties: Mapping[str, Mapping[str, Any]] = {
        "words": {**term_list("Words.", "words"), "contains": {"type": "string"}, "uniqueItems": True},
        "steps": {"type": "integer", "multipleOf": 3, "exclusiveMaximum": 30},
        "flows": {
            "type": "array",
            "prefixItems": [{"$ref": "#/$defs/under"}],
            "items": {"properties": condition_properties(), "dependentRequired": {"items": ["facts"]}},
        },
    }
    required = frozenset({"words"})

    def lower(self, _table: Any) -> tuple[()]:
        return ()


RULE = {"words": ["a"], "steps": 6, "flows": [{"reach": "no"}, {"items": ["a"], "facts": {"type": "consent"}}]}

PLUGINS = {"redact": {"keep": ["name"], "fields": {"mail": "name"}}, "log": {"logger": "flows", "through": "auto"}}
EVENTS = ROOT / "examples" / "alc-month.jsonl"


@cache
def documents() -> list[tuple[Mapping[str, Any], Any]]:
    """Return schemas of this house, each with data that it allows."""
    kinds = {**Plugins().kinds, "odd": Odd()}
    policies, suites = policy_schema(kinds.values()), suite_schema()
    found: list[tuple[Mapping[str, Any], Any]] = []
    for pack in find_packs(ROOT / "rules"):
        found += ((policies, document.data) for document in load_pack(pack).documents)
        for suite in find_suites(pack):
            found.append((suites, read(suite).data))
    found += ((event_schema(), json.loads(line)) for line in EVENTS.read_text("utf-8").splitlines()[:5])
    odd = {"number": "1", "summary": {"ja": "一", "en": "one"}, "odd": [RULE]}
    found.append((policies, {"clause": [odd]}))
    settings = configuration_schema(Plugins().schemas)
    found.append((settings, {"policies": ["rules"], "step": [{"on": ["deny"], "action": "log"}], "plugins": PLUGINS}))
    assert all(accepts(schema, data) for schema, data in found)
    return found


def paths(data: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    inner = data.items() if isinstance(data, dict) else enumerate(data) if isinstance(data, list) else ()
    return [path, *(found for key, member in inner for found in paths(member, (*path, key)))]


@st.composite
def broken(draw: st.DrawFn) -> tuple[Mapping[str, Any], Any]:
    """Draw a schema of this house, and data that it allows with a few things changed."""
    schema, data = draw(st.sampled_from(documents()))
    data = copy.deepcopy(data)
    for _ in range(draw(st.integers(0, 2))):
        if not (places := [path for path in paths(data) if path]):
            break
        *above, last = draw(st.sampled_from(places))
        holder = data
        for key in above:
            holder = holder[key]
        match draw(st.sampled_from(["drop", "put", "again", "another"])):
            case "drop":
                del holder[last]
            case "put":
                holder[last] = draw(DATA)
            case "again" if isinstance(holder, list):
                holder.append(holder[last])
            case _ if isinstance(holder, dict):
                holder[draw(KEYS)] = holder[last]
    return schema, data


@given(broken())
def test_the_schemas_of_this_house(drawn: tuple[Mapping[str, Any], Any]) -> None:
    schema, data = drawn
    expected = allows(schema, schema, data)
    assert accepts(schema, data) is expected
    assert [*errors_of(data, schema)] == [*diagnosed(data, schema)], "and of a no, all that is wrong is told"


def test_jsonschema_is_not_imported_for_what_is_sound() -> None:
    code = (
        "import sys; from policyengine import Engine; "
        "Engine.load('rules/alc-smart-learning', installed_plugins=False); "
        "sys.exit('jsonschema' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code], cwd=ROOT, check=False).returncode == 0


ODD_VALUES = st.sampled_from([0, -1, 1.5, "", "a", "string", [], ["a", "a"], [1], {}, {"a": 1}, True, None])


@given(
    schemas(pattern=st.sampled_from(["^a", "("])),
    st.sampled_from(sorted(PLAIN["$defs"]["part"]["properties"])),
    ODD_VALUES,
    st.booleans(),
)
def test_a_plain_schema_is_one(schema: Any, keyword: str, value: Any, changed: bool) -> None:
    if changed and isinstance(schema, dict):
        schema = {**schema, keyword: value}
    if accepts(PLAIN, schema):
        jsonschema.Draft202012Validator.check_schema(schema)


def test_the_schemas_here_are_plain_but_for_their_patterns() -> None:
    def bare(part: Any) -> Any:
        if isinstance(part, dict):
            return {key: bare(value) for key, value in part.items() if key not in ("pattern", "$schema", "$id")}
        return [bare(value) for value in part] if isinstance(part, list) else part

    for schema in (policy_schema(Plugins(installed=False).kinds.values()), suite_schema()):
        assert accepts(PLAIN, bare(schema))
