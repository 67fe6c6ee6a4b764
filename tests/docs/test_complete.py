"""The references have everything: every table, key, kind, code, command, hook and public name of the sources."""

from __future__ import annotations

import inspect
import re
import tomllib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import click
import pytest

import policyengine
from docs.codes import PASSED_ON, REASONS, SOURCES, emitted
from docs.pages import ROOT, blocks_of
from policyengine import cli, hooks, language, model
from policyengine.engine.plugins import Plugins
from policyengine.language.build import standard_vocabulary
from policyengine.language.definitions import DEFINITIONS
from policyengine.language.keys import MEANING, TERM_KEYS
from policyengine.language.schema import policy_schema, rule_schema
from policyengine.model.comparison import AGES, COMPARISONS
from policyengine.model.operation import OPERATIONS
from policyengine.model.reason_codes import REASON_CODES
from policyengine.model.vocabulary import DIMENSIONS

KINDS = Plugins(installed=False).kinds
SCHEMA = policy_schema(KINDS.values())


def page(name: str) -> str:
    return (ROOT / "docs" / name).read_text("utf-8")


def section(text: str, heading: str) -> str:
    """Return what stands below a heading, up to the next of its rank or above."""
    found = re.search(rf"^(#+) {re.escape(heading)}$", text, re.MULTILINE)
    assert found, f"there is no heading {heading}"
    below = text[found.end() :]
    end = re.search(rf"^#{{1,{len(found[1])}}} ", re.sub(r"```.*?```", _blank, below, flags=re.DOTALL), re.MULTILINE)
    return below[: end.start()] if end else below


def _blank(found: re.Match[str]) -> str:
    return re.sub(r"[^\n]", " ", found[0])


def rows(text: str) -> dict[str, str]:
    """Return the first column's code words of all tables of a text, each with the rest of its row."""
    found = {}
    for line in text.splitlines():
        if line.startswith("| `"):
            first, _, rest = line.strip("| ").partition("|")
            found.update(dict.fromkeys(re.findall(r"`([^`]+)`", first), rest.strip()))
    return found


def codes_in_tables(name: str) -> set[str]:
    return set(rows(page(name)))


@pytest.mark.parametrize("name", KINDS)
def test_every_key_of_every_kind_is_documented(name: str) -> None:
    kind = KINDS[name]
    found = rows(section(page("language.md"), f"`{name}`"))
    assert set(found) == set(kind.properties) | kind.required
    assert {key for key, rest in found.items() if rest.startswith("required")} == kind.required


def test_no_kind_is_documented_that_is_not_there() -> None:
    text = section(page("language.md"), "The kinds of rules")
    assert set(re.findall(r"^### `([^`]+)`$", text, re.MULTILINE)) == set(KINDS)


FIELD = SCHEMA["$defs"]["fact-type"]["properties"]["fields"]["additionalProperties"]
NAMED = SCHEMA["properties"]["conditions"]["additionalProperties"]
LABELS = {**NAMED, "properties": {key: NAMED["properties"][key] for key in NAMED["required"]}}
"""A named condition without the keys of conditions, which have their places."""

TABLES: dict[str, tuple[str, Mapping[str, Any]]] = {
    "files": ("Files", SCHEMA),
    "policy": ("`[policy]`", SCHEMA["properties"]["policy"]),
    "accepted": ("Accepted findings", SCHEMA["properties"]["policy"]["properties"]["accepted"]["items"]),
    "vocabulary": ("`[vocabulary]`", SCHEMA["properties"]["vocabulary"]),
    "readings": ("`[readings]`", SCHEMA["properties"]["readings"]["additionalProperties"]),
    "conditions": ("Named conditions", LABELS),
    "obligations": ("`[obligations]`", SCHEMA["properties"]["obligations"]["additionalProperties"]),
}


@pytest.mark.parametrize("name", TABLES)
def test_every_key_of_every_table_is_documented(name: str) -> None:
    heading, schema = TABLES[name]
    found = rows(section(page("language.md"), heading))
    assert set(found) == set(schema["properties"])
    required = set(schema.get("required", ()))
    assert {key for key, rest in found.items() if rest.startswith("required")} == required


def test_every_key_of_a_clause_is_documented() -> None:
    schema = SCHEMA["properties"]["clause"]["items"]
    found = rows(section(page("language.md"), "`[[clause]]`"))
    assert set(found) == set(schema["properties"]) - set(KINDS)
    assert {key for key, rest in found.items() if rest.startswith("required")} == set(schema["required"])


def test_every_key_of_a_rule_is_documented() -> None:
    kind = next(iter(KINDS.values()))
    shared = set(rule_schema(kind)["properties"]) - set(kind.properties)
    found = rows(section(page("language.md"), "What every rule can say"))
    assert set(found) == shared
    assert set(TERM_KEYS) <= set(found)
    comparisons = DEFINITIONS["key.attributes"]["additionalProperties"]["properties"]
    assert set(re.findall(r"`(\w+)`", found["attributes"])) == set(comparisons)
    assert set(comparisons) == {*COMPARISONS, *AGES, "one_of"}  # which is another word for `is`


def test_every_fact_type_and_field_is_documented() -> None:
    text = section(page("language.md"), "Fact types")
    described = rows(text)
    for name, declared in standard_vocabulary().facts.items():
        fields = re.findall(r"`(\w+)`( \(required[^)]*\))?", described[name])
        values = {value for field in declared.fields.values() for value in field.values or ()}
        said = {field: bool(required) for field, required in fields if field not in values}
        assert said == {field.id: field.required for field in declared.fields.values()}
        assert set(re.findall(r"`(\w+)`", described[name])) == set(declared.fields) | values
    assert set(FIELD["properties"]) <= set(described)
    for held in FIELD["properties"]["held"]["enum"]:
        assert f"`{held}`" in described["held"]


def test_every_dimension_and_operation_is_documented() -> None:
    assert set(DIMENSIONS) <= set(rows(section(page("language.md"), "`[vocabulary]`")))
    assert set(OPERATIONS) <= set(rows(page("decisions.md")))


def test_every_reason_code_is_documented() -> None:
    found = [found for found in emitted(REASONS) if not found.place.startswith("testing/")]  # wrong on purpose
    assert [one for one in found if one.code is None and one.argument not in PASSED_ON] == []
    assert set(rows(section(page("decisions.md"), "Reason codes"))) == {one.code for one in found if one.code}
    assert {one.code for one in found if one.code} == REASON_CODES


def _hooks() -> dict[str, Any]:
    return {name: getattr(hooks.Hooks, name) for name in dir(hooks.Hooks) if name.startswith("policyengine_")}


def _protocols() -> dict[str, type]:
    return {
        name: found
        for name, found in vars(hooks).items()
        if inspect.isclass(found) and found.__module__.startswith("policyengine.") and found is not hooks.Hooks
    }


def _arguments(function: Any) -> str:
    return ", ".join(name for name in inspect.signature(function).parameters if name != "self")


@pytest.mark.parametrize("name", _hooks())
def test_every_hook_is_documented(name: str) -> None:
    text = section(page("plugins.md"), f"`{name}`")
    assert f"`{name}({_arguments(_hooks()[name])})`" in text


@pytest.mark.parametrize("name", _hooks())
def test_every_hook_has_an_example_that_runs(name: str) -> None:
    """In a block of Python, all of which are run."""
    blocks = [block for block in blocks_of(ROOT / "docs" / "plugins.md") if block.language == "python"]
    assert any(re.search(rf"@hookimpl\n    def {name}\(", block.text) for block in blocks)


@pytest.mark.parametrize("name", _protocols())
def test_every_protocol_is_documented(name: str) -> None:
    """In a table of its own: each attribute, and each method with its arguments."""
    found = rows(section(page("plugins.md"), f"`{name}`"))
    protocol = _protocols()[name]
    methods = [member for member, value in vars(protocol).items() if inspect.isfunction(value) and member[0] != "_"]
    attributes = [member for member in protocol.__annotations__ if member[0] != "_"]
    assert set(found) == {*attributes, *(f"{method}({_arguments(getattr(protocol, method))})" for method in methods)}


def test_no_hook_or_protocol_is_documented_that_is_not_there() -> None:
    headings = re.findall(r"^#+ `(\w+)`$", page("plugins.md"), re.MULTILINE)
    assert sorted(headings) == sorted([*_hooks(), *_protocols()])


WORKED_OUT = ("open", "may", "asked", "passes", "names", "at", "called")
DOORS: dict[str, Any] = {"policyengine.model": model, "policyengine.language": language}


@pytest.mark.parametrize("name", DOORS)
def test_every_name_of_a_door_is_documented_and_no_other(name: str) -> None:
    """With its arguments, but for those that the engine works out where a rule stands in its policy."""
    door = DOORS[name]
    found = rows(section(page("plugins.md"), f"Reference: `{name}`").split("| `x-policyengine`")[0])
    assert {re.match(r"\w+", signature)[0] for signature in found} == set(door.__all__)  # type: ignore[index]
    for signature in found:
        called, _, arguments = signature.partition("(")
        if arguments:
            given = _call(getattr(door, called)).split(", ")
            assert [name for name in given if name not in WORKED_OUT] == arguments[:-1].split(", ")


def test_every_meaning_of_a_key_is_documented() -> None:
    """Those of the built-in kinds; and what dimensions there are stands with `term_list`."""
    text = section(page("plugins.md"), "Reference: `policyengine.language`")
    lists, names, others = set(), set(), set()
    for meaning in _meanings(SCHEMA):
        match meaning:
            case {"lists": what}:
                lists.add(what)
            case {"names": what}:
                names.add(what)
            case {"is": what}:
                others.add(what)
    assert {"items", "clauses", "obligations", "countries"} <= lists and {"facts", "value"} <= names
    assert all(f"`{what}`" in text for what in lists | names - {"value"})
    assert others == set(re.findall(r'^\| `\{"is": "(\w+)"\}` ', text, re.MULTILINE))


def _meanings(schema: Any) -> Iterator[Mapping[str, str]]:
    if isinstance(schema, dict):
        if MEANING in schema:
            yield schema[MEANING]
        for member in schema.values():
            yield from _meanings(member)
    elif isinstance(schema, list):
        for member in schema:
            yield from _meanings(member)


def test_everything_that_a_kind_can_read_a_table_with_is_documented() -> None:
    found = rows(section(page("plugins.md"), "What a `RuleTable` reads"))
    methods = {
        f"{name}({_call(method)})"
        for name, method in _public(language.RuleTable).items()
        if name not in ("listed", "gated")
    }
    assert set(found) == {"head", "clause", "values", *methods}


@pytest.mark.parametrize("name", policyengine.__all__)
def test_every_public_name_is_documented(name: str) -> None:
    assert re.search(rf"`{name}\b", page("python.md"))


def _public(owner: Any) -> dict[str, Any]:
    return {
        name: getattr(owner, name)
        for kind in reversed(owner.__mro__)
        for name, value in vars(kind).items()
        if name[0] != "_" and (inspect.isfunction(value) or isinstance(value, classmethod))
    }


@pytest.mark.parametrize("owner", ["Engine", "Event", "Decision"])
def test_every_public_method_is_documented_with_its_arguments(owner: str) -> None:
    described = rows(page("python.md"))
    for name, method in _public(getattr(policyengine, owner)).items():
        signature = f"{owner}.{name}({_call(method)})"
        assert signature in described, signature


def _call(function: Any) -> str:
    parameters = [p for p in inspect.signature(function).parameters.values() if p.name not in ("self", "cls")]
    return ", ".join({p.VAR_POSITIONAL: "*", p.VAR_KEYWORD: "**"}.get(p.kind, "") + p.name for p in parameters)


@pytest.mark.parametrize("name", cli.COMMANDS)
def test_every_command_and_option_is_documented(name: str) -> None:
    text = section(page("cli.md"), f"`{name}`")
    command = cli.cli.get_command(click.Context(cli.cli), name)
    assert command is not None
    for parameter in command.params:
        if isinstance(parameter, click.Option):
            assert f"`{parameter.opts[-1]}" in text or f"`{parameter.opts[0]}" in text, parameter.opts
    assert re.search(r"^\$ (.*\| )?policyengine " + name, text, re.MULTILINE)


def _modules(folder: Path) -> set[str]:
    """Return what lies in a folder of the sources: files as ``name.py``, folders as ``name/``."""
    files = {path.name for path in folder.glob("*.py") if not path.name.startswith("__")}
    return files | {f"{path.parent.name}/" for path in folder.glob("*/__init__.py")}


ROOMS = {f"`{room}`": SOURCES / room for room in sorted(_modules(SOURCES)) if room.endswith("/")}


def test_every_room_of_the_house_is_on_the_map() -> None:
    text = section(page("architecture.md"), "The rooms")
    assert set(re.findall(r"^### (`.*/`)$", text, re.MULTILINE)) == set(ROOMS)


@pytest.mark.parametrize("heading", [*ROOMS, "Files of their own"])
def test_every_module_is_in_its_room_on_the_map(heading: str) -> None:
    named = set(re.findall(r"`(\w+(?:\.py|/))`", section(page("architecture.md"), heading)))
    there = _modules(ROOMS.get(heading, SOURCES))
    assert named == (there if heading in ROOMS else there - {room.strip("`") for room in ROOMS})


def test_a_module_that_is_named_is_there() -> None:
    """With its room before it, as `decision/law.py`, in any page."""
    for path in [*(ROOT / "docs").glob("*.md"), *ROOT.glob("*.md")]:
        for room, module in re.findall(r"`(\w+)/([\w/]+\.py)`", path.read_text("utf-8")):
            if path.name != "CHANGELOG.md" and f"`{room}/`" in ROOMS:
                assert (SOURCES / room / module).is_file(), f"{path.name}: {room}/{module}"


def test_the_floors_are_those_of_the_contract() -> None:
    contracts = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["tool"]["importlinter"]["contracts"]
    picture = re.search(r"```text\n(.*?)```", section(page("architecture.md"), "The floors"), re.DOTALL)
    assert picture
    floors = [re.split(r" {2,}", line.strip())[0] for line in picture[1].splitlines()]
    assert floors == contracts[0]["layers"]


def test_every_page_is_linked() -> None:
    linked = set(re.findall(r"\(docs/([\w.]+)\)", (ROOT / "README.md").read_text("utf-8")))
    for name in (ROOT / "docs").glob("*.md"):
        linked |= {Path(target).name for target in re.findall(r"\]\(([\w.]+\.md)", name.read_text("utf-8"))}
    assert {name.name for name in (ROOT / "docs").glob("*.md")} <= linked
