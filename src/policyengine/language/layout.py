"""The layout of TOML text: its headers, keys, values and comments in the order of the text, each with its place.

What a file says is for `tomllib`; this reads how it is written.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator
from typing import NamedTuple, TypeAlias

_BARE = re.compile(r"[A-Za-z0-9_-]+")
_BLANK = re.compile(r"[ \t]*")
_COMMENT = re.compile(r"#[^\n]*")
_STRING = re.compile(
    r'"""(?:[^"\\]|\\.|"(?!""))*+"{3,5}'
    r"|'''(?:[^']|'(?!''))*+'{3,5}"
    r'|"(?!"")(?:[^"\\\n]|\\.)*+"'
    r"|'(?!'')[^'\n]*'",
    re.DOTALL,
)
_OTHER = re.compile(r"[^,\]}#\n]+")


class Word(NamedTuple):
    """One word of a key.

    Args:
        at: where it begins, as an offset in the text.
        text: how it is written.
        name: what it says.
    """

    at: int
    text: str
    name: str


Key: TypeAlias = list[Word]
"""A key, dotted where it has more than one word."""


class Scalar(NamedTuple):
    """A string, a number, a time, true or false, as it is written."""

    at: int
    text: str


class Comment(NamedTuple):
    """A comment, as it is written, without the white space at its end."""

    at: int
    text: str


class Pair(NamedTuple):
    """A key and its value."""

    key: Key
    value: Value


class Table(NamedTuple):
    """An inline table."""

    at: int
    pairs: list[Pair]


class Item(NamedTuple):
    """What stands in an array, and after how many line ends."""

    gap: int
    value: Value | Comment


class Array(NamedTuple):
    """An array: its members and comments."""

    at: int
    items: list[Item]


class Header(NamedTuple):
    """The header of a table, or (`many`) of the next table of an array."""

    key: Key
    many: bool


Value: TypeAlias = Scalar | Table | Array


class Line(NamedTuple):
    """A header, a pair or a comment.

    Args:
        at: where it begins, as an offset in the text.
        gap: the number of line ends between it and what comes before it: 0 for a comment on the line of something else.
        what: it.
    """

    at: int
    gap: int
    what: Header | Pair | Comment


class CutOff(Exception):
    """The text ends within something.

    Args:
        at: where the header or the pair begins that has no end.
    """

    def __init__(self, at: int) -> None:
        super().__init__(at)
        self.at = at


def lines(text: str) -> Iterator[Line]:
    """Yield the headers, pairs and comments of TOML 1.0 text.

    Args:
        text: the text, sound but for its end, which may be cut off; a line feed ends its lines.

    Raises:
        CutOff: the text ends within something.
    """
    reader = _Reader(text)
    try:
        yield from reader.lines()
    except RecursionError:  # the end comes hundreds of brackets deep: nothing sound is nested like that
        raise CutOff(reader.begun) from None


class _Reader:
    """Reads TOML that is sound as far as it goes, so that every next character says what it begins."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.at = 0
        self.begun = 0

    def lines(self) -> Iterator[Line]:
        gap = 1
        while self.at < len(self.text):
            self.begun = self.at
            match self.text[self.at]:
                case "\n":
                    gap += 1
                    self.at += 1
                    continue
                case " " | "\t":
                    self._blank()
                    continue
                case "#":
                    yield Line(self.begun, gap, self._comment())
                case "[":
                    yield Line(self.begun, gap, self._header())
                case _:
                    yield Line(self.begun, gap, self._pair())
            gap = 0

    def _next(self) -> str:
        """Return the next character."""
        if self.at >= len(self.text):
            raise CutOff(self.begun)
        return self.text[self.at]

    def _take(self, pattern: re.Pattern[str]) -> str:
        """Return what comes next, which is of a pattern."""
        match = pattern.match(self.text, self.at)
        if match is None:
            raise CutOff(self.begun)
        self.at = match.end()
        return match[0]

    def _blank(self) -> None:
        self._take(_BLANK)

    def _comment(self) -> Comment:
        return Comment(self.at, self._take(_COMMENT).rstrip())

    def _header(self) -> Header:
        many = self.text.startswith("[[", self.at)
        self.at += 1 + many
        key = self._key()
        self.at += 1 + many
        return Header(key, many)

    def _pair(self) -> Pair:
        key = self._key()
        self.at += len("=")
        self._blank()
        return Pair(key, self._value())

    def _key(self) -> Key:
        words = []
        while True:
            self._blank()
            words.append(self._word())
            self._blank()
            if self._next() != ".":
                return words
            self.at += 1

    def _word(self) -> Word:
        at = self.at
        if self._next() not in "\"'":
            text = self._take(_BARE)
            return Word(at, text, text)
        text = self._take(_STRING)
        (name,) = tomllib.loads(f"{text} = 0")
        return Word(at, text, name)

    def _value(self) -> Value:
        match self._next():
            case "[":
                return self._array()
            case "{":
                return self._table()
            case '"' | "'":
                return Scalar(self.at, self._take(_STRING))
        return Scalar(self.at, self._take(_OTHER).rstrip(" \t"))

    def _table(self) -> Table:
        at, pairs = self.at, []
        while self._next() != "}":
            self.at += 1  # the bracket or a comma
            self._blank()
            if self._next() != "}":
                pairs.append(self._pair())
                self._blank()
        self.at += 1
        return Table(at, pairs)

    def _array(self) -> Array:
        at, items, gap = self.at, list[Item](), 0
        self.at += 1
        while (character := self._next()) != "]":
            if character in " \t\n,":
                gap += character == "\n"
                self.at += 1
            else:
                items.append(Item(gap, self._comment() if character == "#" else self._value()))
                gap = 0
        self.at += 1
        return Array(at, items)
