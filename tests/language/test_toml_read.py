"""What is read quickly is TOML 1.0, and nothing newer, as the standard library reads it."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from language.toml_texts import documents, spaced
from policyengine.language import toml
from policyengine.language.toml import data_of

ROOT = Path(__file__).parents[2]

NEWER = [
    "a = {\n  b = 1\n}",
    "a = {b = 1,}",
    "a = {b = 1, }",
    "a = {b = 1, # why\n c = 2}",
    "a = {b = '}'\n}",
    'a = {b = "}",}',
    'a = {b = "x", c = {d = 1,}}',
    'a = "\\e"',
    'a = "\\x41"',
    'a = """\\e"""',
    "a = 09:00",
    "a = [09:00]",
    "a = 2026-01-01T09:00",
    "a = 2026-01-01 09:00Z",
    "a = 2026-01-01T09:00+09:00",
]

OLD = [
    'a = "\\\\e {\\n"',
    "a = '''{\n'''",
    'a = """\n{\n""" # {',
    "a = '\\e' # \\x41 {",
    "a = {b = '''x\n''', c = [1, 2,]}",
    'a = """""""',
    "a = {b = {c = {d = {e = {f = {g = 1}}}}}}",
    "a = {b = [\n1,\n2]}",
    "a = 2026-01-01T09:00:00+09:00",
]

PIECES = st.sampled_from([*"\\ex{}[],\"'#\n =a1:", '"""', "'''", "09:00", "T09:00", ":00", "a = ", ",}", "{b = 1"])

TEXTS = documents().flatmap(lambda document: spaced(document.text))


def read(text: str, by: Any) -> Any:
    try:
        return repr(by(text))
    except ValueError:
        return None


@pytest.mark.parametrize("text", NEWER)
def test_what_is_newer_is_refused(text: str) -> None:
    assert toml.is_newer(text)
    with pytest.raises(tomllib.TOMLDecodeError):
        data_of(text)


@pytest.mark.parametrize("text", OLD)
def test_what_looks_newer_is_read(text: str) -> None:
    assert data_of(text) == tomllib.loads(text)


@given(TEXTS)
def test_drawn_documents(text: str) -> None:
    assert read(text, data_of) == read(text, tomllib.loads)


@given(st.lists(PIECES, max_size=14).map("".join))
def test_drawn_pieces(text: str) -> None:
    for whole in (text, f"a = {text}", f"a = {{b = {text}}}", f'a = "{text}"'):
        assert read(whole, data_of) == read(whole, tomllib.loads)


@given(TEXTS, st.data())
def test_drawn_documents_with_a_piece_put_in(text: str, data: st.DataObject) -> None:
    at = data.draw(st.integers(0, len(text)))
    whole = text[:at] + data.draw(PIECES) + text[at:]
    assert read(whole, data_of) == read(whole, tomllib.loads)


def test_the_shipped_files_are_read_quickly(monkeypatch: pytest.MonkeyPatch) -> None:
    files = [file for folder in ("rules", "src", "examples") for file in (ROOT / folder).rglob("*.toml")]
    expected = [tomllib.loads(file.read_text("utf-8")) for file in files]
    monkeypatch.setattr(toml.tomllib, "loads", None)
    assert [data_of(file.read_text("utf-8")) for file in files] == expected
