"""Where everything in TOML text stands, as tree-sitter's grammar has it: what our own reader is held against."""

from __future__ import annotations

import tomllib

import tree_sitter
import tree_sitter_toml

from policyengine.errors import KeyPath

_PARSER = tree_sitter.Parser(tree_sitter.Language(tree_sitter_toml.language()))


class Oracle:
    """Walks a syntax tree and notes the place of every key path (line and column from 1, columns in characters)."""

    def __init__(self, text: str) -> None:
        self.lines = text.split("\n")
        self.found: dict[KeyPath, tuple[int, int]] = {}
        self.arrays: dict[KeyPath, int] = {}
        root = _PARSER.parse(text.encode("utf-8")).root_node
        self.is_sound = not root.has_error
        for node in root.named_children:
            if node.type == "pair":
                self._pair((), node)
            elif node.type in ("table", "table_array_element"):
                self._table(node)

    def _table(self, node: tree_sitter.Node) -> None:
        header, *pairs = (child for child in node.named_children if child.type != "comment")
        path: KeyPath = ()
        *above, (last, named) = _keys(header)
        for word, key in above:
            path = (*path, word)
            path = (*path, self.arrays[path]) if path in self.arrays else path
            self._note(path, key)
        path = (*path, last)
        if node.type == "table_array_element":
            index = self.arrays[path] = self.arrays.get(path, -1) + 1
            self._note(path, named)
            path = (*path, index)
        self.found[path] = self._position(named)
        for pair in pairs:
            if pair.type == "pair":
                self._pair(path, pair)

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
        self.found.setdefault(path, self._position(node))

    def _position(self, node: tree_sitter.Node) -> tuple[int, int]:
        row, column = node.start_point
        return row + 1, len(self.lines[row].encode("utf-8")[:column].decode("utf-8")) + 1


def _keys(node: tree_sitter.Node) -> list[tuple[str, tree_sitter.Node]]:
    """Return the words of a key, dotted or not, each with the node that spells it."""
    if node.type == "dotted_key":
        return [found for child in node.named_children for found in _keys(child)]
    text = (node.text or b"").decode("utf-8")
    if node.type == "quoted_key":
        (text,) = tomllib.loads(f"{text} = 0")
    return [(text, node)]
