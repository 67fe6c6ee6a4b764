"""The one layout of rule files: comments and order kept, the meaning never touched."""

from __future__ import annotations

import re
import tomllib
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final, TypeAlias

from policyengine.language.source import parse

WIDTH: Final = 120
"""How many columns an array may take before it is broken into lines; a wide East Asian character takes two."""

_INDENT: Final = 2
_BARE = re.compile(r"[A-Za-z0-9_-]+")
_STRING = re.compile(
    r'"""(?:[^"\\]|\\.|"(?!""))*+"{3,5}'
    r"|'''(?:[^']|'(?!''))*+'{3,5}"
    r'|"(?:[^"\\]|\\.)*+"'
    r"|'[^']*'",
    re.DOTALL,
)
_OTHER = re.compile(r"[^,\]}#\n]+")


def formatted(text: str, name: str) -> str:
    """Return TOML 1.0 text in its canonical layout; `name` is the file that errors name.

    The result holds the same data in the same order, with the same comments, and formatting it again changes nothing.

    Raises:
        PolicyError: the text is not TOML 1.0.
    """
    text = parse(text, name).text
    result = _laid_out(list(_Reader(text).lines()))
    if repr(tomllib.loads(result)) != repr(tomllib.loads(text)):
        raise AssertionError(f"{name}: formatting would change what the file says")
    return result


@dataclass(frozen=True)
class _Table:
    """An inline table: its keys, as they shall stand, and its values."""

    pairs: list[tuple[str, _Value]]


@dataclass(frozen=True)
class _Array:
    """An array: its members and comments."""

    items: list[_Item]

    @property
    def keeps_lines(self) -> bool:
        """Whether its lines say something: comments, groups, rows of several members, members with members."""
        if any(isinstance(item.value, _Comment) or item.gap > 1 for item in self.items):
            return True
        return any(item.gap for item in self.items) and (
            any(not item.gap for item in self.items[1:])
            or any(isinstance(item.value, _Array | _Table) for item in self.items)
        )


@dataclass(frozen=True)
class _Comment:
    text: str


@dataclass(frozen=True)
class _Item:
    """What stands in an array, and after how many line ends: 2 is a blank line, which nothing has at the beginning."""

    gap: int
    value: _Value | _Comment


_Value: TypeAlias = "str | _Table | _Array"
"""A scalar, as it shall stand, or what has values in it."""


@dataclass(frozen=True)
class _Line:
    """A header, a pair or a comment.

    Args:
        gap: the number of line ends between it and what comes before it: 0 for a comment on the line of something else.
        text: it, as it shall stand.
    """

    gap: int
    text: str
    is_header: bool = False
    is_comment: bool = False


class _Reader:
    """Reads TOML that is known to be sound, so that every next character says what it begins."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.at = 0

    def lines(self) -> Iterator[_Line]:
        gap = 1
        while self.at < len(self.text):
            match self.text[self.at]:
                case "\n":
                    gap += 1
                    self.at += 1
                    continue
                case " " | "\t":
                    self.at += 1
                    continue
                case "#":
                    yield _Line(gap, self._comment().text, is_comment=True)
                case "[":
                    yield _Line(gap, self._header(), is_header=True)
                case _:
                    key, value = self._pair()
                    start = f"{key} = "
                    yield _Line(gap, start + _written(value, 0, _width(start), nested=False))
            gap = 0

    def _blank(self) -> None:
        while self.text[self.at] in " \t":
            self.at += 1

    def _matched(self, pattern: re.Pattern[str]) -> str:
        match = pattern.match(self.text, self.at)
        assert match is not None
        self.at = match.end()
        return match[0]

    def _comment(self) -> _Comment:
        end = self.text.find("\n", self.at)
        start, self.at = self.at, end if end >= 0 else len(self.text)
        return _Comment(self.text[start : self.at].rstrip())

    def _header(self) -> str:
        brackets = 2 if self.text.startswith("[[", self.at) else 1
        self.at += brackets
        key = self._key()
        self.at += brackets
        return "[" * brackets + key + "]" * brackets

    def _pair(self) -> tuple[str, _Value]:
        key = self._key()
        self.at += len("=")
        self._blank()
        return key, self._value()

    def _key(self) -> str:
        words = []
        while True:
            self._blank()
            words.append(self._word())
            self._blank()
            if self.text[self.at] != ".":
                return ".".join(words)
            self.at += 1

    def _word(self) -> str:
        if self.text[self.at] not in "\"'":
            return self._matched(_BARE)
        quoted = self._matched(_STRING)
        (word,) = tomllib.loads(f"{quoted} = 0")
        return word if _BARE.fullmatch(word) else _string(quoted)

    def _value(self) -> _Value:
        match self.text[self.at]:
            case "[":
                return self._array()
            case "{":
                return self._table()
            case '"' | "'":
                return _string(self._matched(_STRING))
        return self._matched(_OTHER).rstrip(" \t")

    def _table(self) -> _Table:
        pairs = []
        while self.text[self.at] != "}":
            self.at += 1  # the bracket or a comma
            self._blank()
            if self.text[self.at] != "}":
                pairs.append(self._pair())
                self._blank()
        self.at += 1
        return _Table(pairs)

    def _array(self) -> _Array:
        self.at += 1
        items: list[_Item] = []
        gap = 0
        while (character := self.text[self.at]) != "]":
            if character in " \t\n,":
                gap += character == "\n"
                self.at += 1
            else:
                items.append(_Item(min(gap, 2 if items else 1), self._comment() if character == "#" else self._value()))
                gap = 0
        self.at += 1
        return _Array(items)


def _string(token: str) -> str:
    """Return a string in double quotes, unless it would need escapes there."""
    quotes = "'''" if token.startswith("'''") else "'"
    inside = token.removeprefix(quotes).removesuffix(quotes)
    if token[0] == '"' or '"' in inside or "\\" in inside:
        return token
    quotes = quotes.replace("'", '"')
    return f"{quotes}{inside}{quotes}"


def _arrays(value: _Value | _Comment) -> Iterator[_Array]:
    """Yield all arrays in a value, itself included."""
    if isinstance(value, _Table):
        for _, member in value.pairs:
            yield from _arrays(member)
    elif isinstance(value, _Array):
        yield value
        for item in value.items:
            yield from _arrays(item.value)


def _written(value: _Value, indent: int, column: int, after: int = 0, *, nested: bool = True) -> str:
    """Return the text of a value.

    Args:
        value: the value.
        indent: how far the line is indented on which it begins.
        column: where on that line it begins.
        after: how many characters must have room behind it.
        nested: whether it stands in another value, such as a row of a table, where only its writer breaks a line.
    """
    if isinstance(value, str):
        return value
    if isinstance(value, _Table):
        return _written_table(value, indent, column, after)
    arrays = list(_arrays(value))
    if any(array.keeps_lines for array in arrays):
        return _written_lines(value, indent)
    flat = _flat(value)
    fits = all(_width(line) <= WIDTH for line in f"{' ' * column}{flat}{' ' * after}".split("\n"))
    if fits or (nested and not any(item.gap for array in arrays for item in array.items)):
        return flat
    return _written_lines(value, indent)


def _flat(value: _Value | _Comment) -> str:
    """Return a value on one line, but for strings that have lines of their own."""
    if isinstance(value, _Table):
        return "{" + ", ".join(f"{key} = {_flat(member)}" for key, member in value.pairs) + "}"
    if isinstance(value, _Array):
        return "[" + ", ".join(_flat(item.value) for item in value.items) + "]"
    return value if isinstance(value, str) else value.text


def _written_table(table: _Table, indent: int, column: int, after: int) -> str:
    text = "{"
    for number, (key, value) in enumerate(table.pairs):
        text += f"{', ' if number else ''}{key} = "
        start = _width(_last_line(text)) + (0 if "\n" in text else column)
        text += _written(value, indent, start, after + 1)
    return text + "}"


def _written_lines(array: _Array, indent: int) -> str:
    """Return an array with a member a line, or in the rows that its writer gave it."""
    inner = indent + _INDENT
    has_rows = any(item.gap for item in array.items)
    text = "["
    for number, item in enumerate(array.items):
        trails = not item.gap and (isinstance(item.value, _Comment) or (has_rows and number > 0))
        text += " " if trails else "\n" * max(item.gap, 1) + " " * inner
        if isinstance(item.value, _Comment):
            text += item.value.text
        else:
            text += _written(item.value, inner, _width(_last_line(text)), len(",")) + ","
    return f"{text}\n{' ' * indent}]"


def _last_line(text: str) -> str:
    return text[text.rfind("\n") + 1 :]


def _width(text: str) -> int:
    """Return how many columns a line takes on a terminal."""
    return len(text) if text.isascii() else sum(1 + (unicodedata.east_asian_width(c) in "WF") for c in text)


def _laid_out(lines: list[_Line]) -> str:
    """Return a document: a blank line before each header and the comments right above it, else where there was one."""
    apart = set()
    for number, line in enumerate(lines):
        if line.is_header:
            first = number
            while first and lines[first].gap == 1 and lines[first - 1].is_comment and lines[first - 1].gap:
                first -= 1
            apart.add(first)
    text = ""
    for number, line in enumerate(lines):
        if number:
            text += " " if not line.gap else "\n\n" if line.gap > 1 or number in apart else "\n"
        text += line.text
    return f"{text}\n" if text else ""
