"""Where everything in a TOML file stands."""

from __future__ import annotations

import tomllib
from typing import TYPE_CHECKING

from policyengine.errors import KeyPath

if TYPE_CHECKING:
    import tree_sitter


def _tree(text: str) -> tree_sitter.Node:
    """Return the syntax tree of TOML text."""
    import tree_sitter  # noqa: PLC0415  needed only once something has to be pointed at
    import tree_sitter_toml  # noqa: PLC0415

    parser = tree_sitter.Parser(tree_sitter.Language(tree_sitter_toml.language()))
    return parser.parse(text.encode("utf-8")).root_node


def _position(lines: list[str], node: tree_sitter.Node) -> tuple[int, int]:
    """Return the line and the column, in characters, where `node` begins."""
    row, column = node.start_point
    line = lines[row]
    if not line.isascii():
        column = len(line.encode("utf-8")[:column].decode("utf-8", "replace"))
    return row + 1, column + 1


class _Places:
    """Walks a syntax tree and notes the place of every key path (line and column from 1, columns in characters)."""

    def __init__(self, text: str) -> None:
        self.lines = text.split("\n")
        self.found: dict[KeyPath, tuple[int, int]] = {}
        self.arrays: dict[KeyPath, int] = {}
        for node in _tree(text).named_children:
            if node.type == "pair":
                self._pair((), node)
            elif node.type in ("table", "table_array_element"):
                self._table(node)

    def _table(self, node: tree_sitter.Node) -> None:
        header, *pairs = (child for child in node.named_children if child.type != "comment")
        path: KeyPath = ()
        *above, (last, named) = _keys(header)
        for word, key in above:
            path = self._current((*path, word))
            self._note(path, key)
        path = (*path, last)
        if node.type == "table_array_element":
            index = self.arrays[path] = self.arrays.get(path, -1) + 1
            self._note(path, named)
            path = (*path, index)
        self.found[path] = _position(self.lines, named)
        for pair in pairs:
            if pair.type == "pair":
                self._pair(path, pair)

    def _current(self, path: KeyPath) -> KeyPath:
        """Step into the newest element where `path` is an array of tables."""
        return (*path, self.arrays[path]) if path in self.arrays else path

    def _pair(self, base: KeyPath, node: tree_sitter.Node) -> None:
        key, value = (child for child in node.named_children if child.type != "comment")
        path = base
        for word, part in _keys(key):
            path = (*path, word)
            self._note(path, part)
        self._value(path, value)

    def _value(self, path: KeyPath, node: tree_sitter.Node) -> None:
        if node.type == "array":
            members = (member for member in node.named_children if member.type != "comment")
            for index, member in enumerate(members):
                self._note((*path, index), member)
                self._value((*path, index), member)
        elif node.type == "inline_table":
            for pair in node.named_children:
                if pair.type == "pair":
                    self._pair(path, pair)

    def _note(self, path: KeyPath, node: tree_sitter.Node) -> None:
        self.found.setdefault(path, _position(self.lines, node))


def _keys(node: tree_sitter.Node) -> list[tuple[str, tree_sitter.Node]]:
    """Return the words of a key, dotted or not, each with the node that spells it."""
    if node.type == "dotted_key":
        return [found for child in node.named_children for found in _keys(child)]
    text = (node.text or b"").decode("utf-8")
    if node.type == "quoted_key":
        (text,) = tomllib.loads(f"{text} = 0")
    return [(text, node)]
