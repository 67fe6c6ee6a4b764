"""Laws of places: they are where tree-sitter finds them; what is cut off is where it begins; none is asked in vain."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import assume, example, given
from hypothesis import strategies as st

from language.toml_oracle import Oracle
from language.toml_texts import documents, spaced
from policyengine import Engine
from policyengine.errors import KeyPath
from policyengine.language.build import check_path
from policyengine.language.find import STANDARD
from policyengine.language.layout import Line, lines
from policyengine.language.places import Places
from policyengine.language.source import parse

ROOT = Path(__file__).parents[2]
FOLDERS = ("rules", "examples", "plugins", "docs", "benchmarks", "tests", "src")
FILES = [*sorted(file for folder in FOLDERS for file in (ROOT / folder).rglob("*.toml")), ROOT / "pyproject.toml"]

KEYS = ["a", "b", '"a"', "'b'", "a.b", "b . 'a'", "a.b.c", "c"]
heads = st.sampled_from([f"{before}{key}{after}" for key in KEYS for before, after in (("[", "]"), ("[[", "]]"))])
pairs = st.sampled_from([f"{key} = {value}" for key in (*KEYS, "d.e") for value in ("1", "[{a = 1}, {b.c = []}]")])
nested = st.lists(heads | heads | pairs, max_size=7).map("\n".join)
"""Documents whose tables stand in one another, before and behind one another, and in arrays."""


def paths_of(value: Any, path: KeyPath = ()) -> Iterator[KeyPath]:
    members = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, member in members:
        yield (*path, key)
        yield from paths_of(member, (*path, key))


def check_places(text: str) -> None:
    oracle, places = Oracle(text), Places(text)
    assert oracle.is_sound
    paths = set(paths_of(tomllib.loads(text)))
    assert oracle.found.keys() == paths
    assert {path: places.of(path) for path in paths} == oracle.found


def is_toml(text: str) -> bool:
    try:
        tomllib.loads(text)
    except tomllib.TOMLDecodeError:
        return False
    return True


@pytest.mark.parametrize("file", FILES, ids=lambda file: str(file.relative_to(ROOT)))
def test_the_places_of_every_shipped_file_are_those_of_the_oracle(file: Path) -> None:
    check_places(file.read_text("utf-8"))


def test_the_shipped_files_are_many() -> None:
    assert STANDARD in FILES
    assert sum(len(Oracle(file.read_text("utf-8")).found) for file in FILES) > 5000


@given(documents().flatmap(lambda document: spaced(document.text)))
def test_the_places_of_drawn_documents_are_those_of_the_oracle(text: str) -> None:
    assume(Oracle(text).is_sound)
    check_places(text)


@given(nested)
@example("[a.b]\n[a]\nc = 1")
@example("[[a]]\n[[a.b]]\n[a.b.c]\n[[a]]\n[a.b]")
def test_the_places_of_tables_in_tables_are_those_of_the_oracle(text: str) -> None:
    assume(is_toml(text))
    check_places(text)


@given(documents().flatmap(lambda document: spaced(document.text)), st.data())
def test_a_path_that_is_not_there_is_placed_where_the_nearest_above_it_is(text: str, data: st.DataObject) -> None:
    places = Places(text)
    assert places.of(("nowhere", 3)) == (1, 1)
    paths = sorted(paths_of(tomllib.loads(text)), key=repr)
    if paths:
        path = data.draw(st.sampled_from(paths))
        assert places.of((*path, "nowhere", 3)) == places.of(path)


@given(documents().flatmap(lambda document: spaced(document.text)), st.data())
def test_what_the_end_cuts_off_is_placed_where_its_line_begins(text: str, data: st.DataObject) -> None:
    text = text[: data.draw(st.integers(0, len(text)))]
    try:
        tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        assume(str(error).endswith("(at end of document)"))
        line, column = Places(text).unended()
        rows = text.split("\n")
        before, after = "\n".join([*rows[: line - 1], rows[line - 1][: column - 1]]), rows[line - 1][column - 1 :]
        assert is_toml(before)
        assert not before.rpartition("\n")[2].strip(" \t")
        assert after[:1] not in ("", " ", "\t", "#")
        assert not any(is_toml(before + after[: end.start()]) for end in re.finditer("\n", after))


def test_a_sound_pack_is_loaded_and_decides_without_a_place(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object) -> None:
        raise AssertionError("a place was asked for")

    monkeypatch.setattr("policyengine.language.places.lines", fail)
    Engine.load(ROOT / "rules" / "online-shop")
    engine = Engine.load(ROOT / "rules" / "alc-smart-learning")
    for line in (ROOT / "examples" / "alc-month.jsonl").read_text("utf-8").splitlines():
        assert engine.evaluate_json(line)
    monkeypatch.undo()
    assert {problem.code for problem in check_path(ROOT / "rules" / "alc-smart-learning", {})} >= {"unknown-kind"}


def test_a_changed_document_shares_its_places(monkeypatch: pytest.MonkeyPatch) -> None:
    """Hundreds of mutants of one file work them out once."""
    walks: list[str] = []

    def counted(text: str) -> Iterator[Line]:
        walks.append(text)
        return lines(text)

    monkeypatch.setattr("policyengine.language.places.lines", counted)
    document = parse("a = 1\nb = 2\n", "x.toml")
    others = [document.with_data({"b": number}) for number in range(3)]
    assert [other.place(("b",)).line for other in (*others, document)] == [2, 2, 2, 2]
    assert len(walks) == 1
