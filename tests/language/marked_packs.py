"""Packs in which the places of the expected problems are marked, written down without the marks.

A mark stands just before the key or value that a problem points at: ``⟪code⟫`` for a problem without a hint,
``⟪code→word⟫`` for one whose hint is the nearest word, ``⟪code=a, b⟫`` for one whose hint lists what is known.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import NamedTuple

import pytest

from policyengine import Engine, PolicyError, Problem

MARK = re.compile(r"⟪([a-z0-9.-]+)(?:([→=])([^⟫]*))?⟫")

BASE = """\
[policy]
id = "shop"
version = "1"
title = {ja = "店の方針", en = "Shop policy"}
governs = ["shop"]

[vocabulary.subjects]
customer = {ja = "お客様", en = "customer"}
member = {is_a = "customer", ja = "会員", en = "member"}

[vocabulary.items]
name = {ja = "氏名", en = "name"}
address = {ja = "住所", en = "address"}
home_address = {is_a = "address", ja = "自宅住所", en = "home address"}

[vocabulary.purposes]
delivery = {ja = "配送", en = "delivery"}
marketing = {ja = "販促", en = "marketing"}

[vocabulary.origins]
direct = {ja = "直接", en = "direct"}

[vocabulary.parties]
carrier = {ja = "運送会社", en = "carrier"}

[vocabulary.services]
shipping = {ja = "発送", en = "shipping"}

[vocabulary.attributes]
age = {type = "integer", ja = "年齢", en = "age"}
guest = {type = "boolean", ja = "ゲスト", en = "guest"}

[vocabulary.sets.items]
contact = ["name", "address"]

[readings.scope]
ja = "範囲"
en = "scope"
default = "narrow"
values.narrow = {ja = "狭い", en = "narrow"}
values.wide = {ja = "広い", en = "wide"}

[obligations.tell]
clause = "1"
ja = "知らせる"
en = "Tell them."

[[clause]]
number = "1"
summary = {ja = "お客様の情報は配送に使う", en = "Customers' data serve delivery."}

[[clause.purpose-limitation]]
id = "delivery"
subjects = ["customer"]
purposes = ["delivery"]

[[clause]]
number = "2"
summary = {ja = "窓口を置く", en = "There is a desk."}
organisational = {ja = "取扱いを決めない", en = "It decides no flow."}
"""

CLAUSE = """\
[[clause]]
number = "9"
summary = {ja = "九つ目", en = "the ninth"}
"""


class Found(NamedTuple):
    """What a problem says, but for its message."""

    file: str
    line: int
    column: int
    code: str
    hint: str | None


def unmarked(text: str, file: str) -> tuple[str, list[Found]]:
    """Return `text` without its marks, and the problems that they announce."""
    lines, found = [], []
    for number, line in enumerate(text.split("\n"), start=1):
        clean = ""
        position = 0
        for mark in MARK.finditer(line):
            clean += line[position : mark.start()]
            position = mark.end()
            found.append(Found(file, number, len(clean) + 1, mark[1], _hint(mark[2], mark[3])))
        lines.append(clean + line[position:])
    return "\n".join(lines), found


def write(folder: Path, files: Mapping[str, str | bytes]) -> list[Found]:
    """Write `files` into `folder`, and return the problems that their marks announce, in order."""
    expected = []
    for name, content in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        if isinstance(content, bytes):
            path.write_bytes(content)
        else:
            clean, found = unmarked(content, str(path))
            path.write_bytes(clean.encode())
            expected += found
    return sorted(expected)


def problems(*paths: Path, **options: object) -> tuple[Problem, ...]:
    """Return the problems for which loading fails; that it does not fail is a failure of the test."""
    with pytest.raises(PolicyError) as caught:
        Engine.load(*paths, installed_plugins=False, **options)  # type: ignore[arg-type]
    assert caught.value.problems
    return caught.value.problems


def said(found: Iterable[Problem]) -> list[Found]:
    """Return what problems say, in order; a problem that stands nowhere has an empty file."""
    return sorted(
        Found(p.place.file, p.place.line, p.place.column, p.code, p.hint.en if p.hint else None)
        if p.place
        else Found("", 0, 0, p.code, p.hint.en if p.hint else None)
        for p in found
    )


def _hint(sign: str | None, words: str) -> str | None:
    if sign is None:
        return None
    return f'did you mean "{words}"?' if sign == "→" else f"known: {words}"
