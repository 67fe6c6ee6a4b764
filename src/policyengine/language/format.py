"""The one layout of rule files: comments and order kept, the meaning never touched."""

from __future__ import annotations

import re
import tomllib
import unicodedata
from collections.abc import Iterator
from typing import Final

from policyengine.language.layout import Array, Comment, Header, Item, Key, Line, Pair, Scalar, Table, Value, lines
from policyengine.language.source import parse

WIDTH: Final = 120
"""How many columns an array may take before it is broken into lines; a wide East Asian character takes two."""

_INDENT: Final = 2
_BARE = re.compile(r"[A-Za-z0-9_-]+")


def formatted(text: str, name: str) -> str:
    """Return TOML 1.0 text in its canonical layout; `name` is the file that errors name.

    The result holds the same data in the same order, with the same comments, and formatting it again changes nothing.

    Raises:
        PolicyError: the text is not TOML 1.0.
    """
    text = parse(text, name).text
    result = _laid_out(list(lines(text)))
    if repr(tomllib.loads(result)) != repr(tomllib.loads(text)):
        raise AssertionError(f"{name}: formatting would change what the file says")
    return result


def _said(line: Line) -> str:
    """Return the text of a header, a pair or a comment."""
    match line.what:
        case Header(key, many):
            return f"[[{_key(key)}]]" if many else f"[{_key(key)}]"
        case Pair(key, value):
            start = f"{_key(key)} = "
            return start + _written(value, 0, _width(start), nested=False)
        case Comment(_, text):
            return text


def _key(key: Key) -> str:
    return ".".join(word.name if _BARE.fullmatch(word.name) else _string(word.text) for word in key)


def _string(token: str) -> str:
    """Return a string in double quotes, unless it would need escapes there; what is no string stays."""
    quotes = "'''" if token.startswith("'''") else "'"
    inside = token.removeprefix(quotes).removesuffix(quotes)
    if token[0] != "'" or '"' in inside or "\\" in inside:
        return token
    quotes = quotes.replace("'", '"')
    return f"{quotes}{inside}{quotes}"


def _gap(items: list[Item], number: int) -> int:
    """Return how many line ends count before what stands in an array: 2 is a blank line, which nothing has at first."""
    return min(items[number].gap, 2 if number else 1)


def _keeps_lines(array: Array) -> bool:
    """Whether the lines of an array say something: comments, groups, rows of several members, members with members."""
    items = array.items
    if any(isinstance(item.value, Comment) or _gap(items, number) > 1 for number, item in enumerate(items)):
        return True
    return any(item.gap for item in items) and (
        any(not item.gap for item in items[1:]) or any(isinstance(item.value, Array | Table) for item in items)
    )


def _arrays(value: Value | Comment) -> Iterator[Array]:
    """Yield all arrays in a value, itself included."""
    if isinstance(value, Table):
        for pair in value.pairs:
            yield from _arrays(pair.value)
    elif isinstance(value, Array):
        yield value
        for item in value.items:
            yield from _arrays(item.value)


def _written(value: Value, indent: int, column: int, after: int = 0, *, nested: bool = True) -> str:
    """Return the text of a value.

    Args:
        value: the value.
        indent: how far the line is indented on which it begins.
        column: where on that line it begins.
        after: how many characters must have room behind it.
        nested: whether it stands in another value, such as a row of a table, where only its writer breaks a line.
    """
    if isinstance(value, Scalar):
        return _string(value.text)
    if isinstance(value, Table):
        return _written_table(value, indent, column, after)
    arrays = list(_arrays(value))
    if any(_keeps_lines(array) for array in arrays):
        return _written_lines(value, indent)
    flat = _flat(value)
    fits = all(_width(line) <= WIDTH for line in f"{' ' * column}{flat}{' ' * after}".split("\n"))
    if fits or (nested and not any(item.gap for array in arrays for item in array.items)):
        return flat
    return _written_lines(value, indent)


def _flat(value: Value | Comment) -> str:
    """Return a value on one line, but for strings that have lines of their own."""
    if isinstance(value, Table):
        return "{" + ", ".join(f"{_key(key)} = {_flat(member)}" for key, member in value.pairs) + "}"
    if isinstance(value, Array):
        return "[" + ", ".join(_flat(item.value) for item in value.items) + "]"
    return _string(value.text) if isinstance(value, Scalar) else value.text


def _written_table(table: Table, indent: int, column: int, after: int) -> str:
    text = "{"
    for number, (key, value) in enumerate(table.pairs):
        text += f"{', ' if number else ''}{_key(key)} = "
        start = _width(_last_line(text)) + (0 if "\n" in text else column)
        text += _written(value, indent, start, after + 1)
    return text + "}"


def _written_lines(array: Array, indent: int) -> str:
    """Return an array with a member a line, or in the rows that its writer gave it."""
    inner = indent + _INDENT
    has_rows = any(item.gap for item in array.items)
    text = "["
    for number, item in enumerate(array.items):
        trails = not item.gap and (isinstance(item.value, Comment) or (has_rows and number > 0))
        text += " " if trails else "\n" * max(_gap(array.items, number), 1) + " " * inner
        if isinstance(item.value, Comment):
            text += item.value.text
        else:
            text += _written(item.value, inner, _width(_last_line(text)), len(",")) + ","
    return f"{text}\n{' ' * indent}]"


def _last_line(text: str) -> str:
    return text[text.rfind("\n") + 1 :]


def _width(text: str) -> int:
    """Return how many columns a line takes on a terminal."""
    return len(text) if text.isascii() else sum(1 + (unicodedata.east_asian_width(c) in "WF") for c in text)


def _laid_out(lines: list[Line]) -> str:
    """Return a document: a blank line before each header and the comments right above it, else where there was one."""
    apart = set()
    for number, line in enumerate(lines):
        if isinstance(line.what, Header):
            first = number
            while first and lines[first].gap == 1 and _is_own(lines[first - 1]):
                first -= 1
            apart.add(first)
    text = ""
    for number, line in enumerate(lines):
        if number:
            text += " " if not line.gap else "\n\n" if line.gap > 1 or number in apart else "\n"
        text += _said(line)
    return f"{text}\n" if text else ""


def _is_own(line: Line) -> bool:
    """Whether a line is a comment that has it to itself."""
    return isinstance(line.what, Comment) and line.gap > 0
