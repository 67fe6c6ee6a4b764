"""Every problem code is declared once, raised with what its text wants, and stands on its page with an example."""

from __future__ import annotations

import ast
import runpy
import string
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest

from docs.codes import SOURCES
from docs.pages import ROOT
from policyengine.errors import Code
from policyengine.text import Language

GENERATOR = runpy.run_path(str(ROOT / "docs" / "make_problems.py"))
CODES: dict[str, Code] = GENERATOR["declared"]()
NO_EXAMPLE = frozenset(
    {"line-too-long", "repeated", "not-as-documented", "unknown-time-zone", "file-unwritable", "not-an-event"}
)
"""What no built-in schema asks; a disk that root cannot write to; 64 MiB; no known cause; what stands in `[policy]`."""
MAKERS = frozenset({"Problem", "Fault", "EventError", "SchemaError"})
HAND_ON = frozenset(
    {
        "errors.py",
        "engine/configuration.py",
        "engine/plugins.py",
        "language/validate.py",
        "model/event_errors.py",
        "schema/diagnose.py",
    }
)
"""Where a problem is made of a code, or of another's problem."""


@pytest.mark.parametrize("lang", ["en", "ja"])
def test_the_committed_page_is_what_its_generator_writes(lang: Language) -> None:
    committed: Path = GENERATOR["PAGES"][lang]
    assert committed.read_text("utf-8") == GENERATOR["page"](lang), "make docs-problems"


def test_a_code_means_one_thing_however_much_is_said_of_it() -> None:
    told = {code.name: (code.means, code.severity, code.example) for code in CODES.values()}
    assert {
        name for name, code in CODES.items() if told[code.name] != (code.means, code.severity, code.example)
    } == set()


@pytest.mark.parametrize("name", CODES)
def test_both_texts_of_a_code_want_the_same(name: str) -> None:
    code = CODES[name]
    assert _wanted(code.ja) == _wanted(code.en)
    assert code.means.ja and code.means.en
    filled = code.text(**dict.fromkeys(_wanted(code.en), "<{x}>"))
    assert filled.en.count("<{x}>") == sum(1 for _ in _fields(code.en))


def test_every_code_has_an_example_that_names_it() -> None:
    """The blocks of the page are run; what a command prints of an event has no code."""
    without = {code.name for code in CODES.values() if not code.example}
    assert without == NO_EXAMPLE
    of_events = {"not-json", "not-an-object", "not-text", "csv-row"}
    typed = [code for code in CODES.values() if code.example.strip().startswith(("$", ">>>"))]
    assert {code.name for code in typed if f"{code.severity}: {code.name}: " not in code.example} == of_events


class Call(NamedTuple):
    """A call in the sources in which a code is named."""

    place: str
    name: str
    given: frozenset[str]


def _fields(text: str) -> Iterator[str]:
    return (field for _, field, _, _ in string.Formatter().parse(text) if field is not None)


def _wanted(text: str) -> frozenset[str]:
    return frozenset(_fields(text))


def _trees() -> Iterator[tuple[str, ast.Module]]:
    for file in sorted(SOURCES.rglob("*.py")):
        yield str(file.relative_to(SOURCES)), ast.parse(file.read_text("utf-8"))


def _calls() -> Iterator[Call]:
    """Yield the calls that fill the text of a code: of its methods, or of a ``problem`` with the code first."""
    for file, tree in _trees():
        for node in ast.walk(tree):
            if not isinstance(node, ast.Call) or not isinstance(node.func, ast.Attribute):
                continue
            method, of = node.func.attr, node.func.value
            if method == "problem":
                of = node.args[0]
            elif method not in ("at", "fault", "error", "text"):
                continue
            if isinstance(of, ast.Name) and of.id in CODES:
                given = frozenset(keyword.arg or "**" for keyword in node.keywords) - {"hint"}
                yield Call(f"{file}:{node.lineno}", of.id, given)


def test_every_text_is_given_what_it_wants() -> None:
    calls = list(_calls())
    assert len({call.name for call in calls}) > len(CODES) * 3 // 4
    assert [call for call in calls if call.given != _wanted(CODES[call.name].en)] == []


def test_every_code_is_raised_somewhere() -> None:
    used = {
        node.id
        for file, tree in _trees()
        for node in ast.walk(tree)
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load)
    }
    assert set(CODES) <= used


def test_nobody_makes_a_problem_without_a_code() -> None:
    strange = [
        f"{file}:{node.lineno}"
        for file, tree in _trees()
        for node in ast.walk(tree)
        if isinstance(node, ast.Call)
        and isinstance(node.func, ast.Name)
        and node.func.id in MAKERS
        and (file not in HAND_ON or isinstance(node.args[0], ast.Constant))
    ]
    assert strange == []


def test_no_code_is_spelt_where_it_could_be_named() -> None:
    """The word of a code stands in its declaration alone; reasons have words of their own."""
    names = {code.name for code in CODES.values() if "-" in code.name} - {"unknown-term"}
    spelt = [
        f"{file}:{node.lineno}: {node.value}"
        for file, tree in _trees()
        if not file.endswith("problems.py")
        for node in ast.walk(tree)
        if isinstance(node, ast.Constant) and node.value in names
    ]
    assert spelt == []
