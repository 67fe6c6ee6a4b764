"""Where everything in a TOML file stands."""

from __future__ import annotations

import zlib
from bisect import bisect_right

from policyengine.errors import KeyPath, Place
from policyengine.language.layout import Array, Comment, CutOff, Header, Key, Pair, Table, Value, lines
from policyengine.once import once


class Places:
    """The line and the column of every key and value of a text, worked out once the first is asked for.

    What was made of a file keeps them for as long as it lives, and nothing else of the file; few ever ask.

    Args:
        text: TOML 1.0 text; a line feed ends its lines.
        file: the file that has it, as errors shall name it.
    """

    def __init__(self, text: str, file: str = "") -> None:
        self._packed = zlib.compress(text.encode("utf-8", "surrogatepass"), 1)
        self.file = file

    @property
    def text(self) -> str:
        """The text."""
        return zlib.decompress(self._packed).decode("utf-8", "surrogatepass")

    def place(self, path: KeyPath) -> Place:
        """Return where the key or value at `path` stands; for a path that is not there, its nearest ancestor."""
        return Place(self.file, *self.of(path))

    def of(self, path: KeyPath) -> tuple[int, int]:
        """Return where the key or value at `path` stands; for a path that is not there, its nearest ancestor."""
        for length in range(len(path), 0, -1):
            if path[:length] in self._offsets:
                return self._position(self._offsets[path[:length]])
        return 1, 1

    def unended(self) -> tuple[int, int]:
        """Return where the header or the pair begins that the end of the text cuts off; the end where none is."""
        try:
            for _ in lines(self.text):
                pass
        except CutOff as cut:
            return self._position(cut.at)
        return self._position(len(self.text))

    @once
    def _line_starts(self) -> list[int]:
        return [0, *(at + 1 for at, character in enumerate(self.text) if character == "\n")]

    @once
    def _offsets(self) -> dict[KeyPath, int]:
        return _Walk(self.text).found

    def _position(self, offset: int) -> tuple[int, int]:
        line = bisect_right(self._line_starts, offset)
        return line, offset - self._line_starts[line - 1] + 1


class _Walk:
    """Notes at which offset every key path stands."""

    def __init__(self, text: str) -> None:
        self.found: dict[KeyPath, int] = {}
        self.newest: dict[KeyPath, int] = {}
        base: KeyPath = ()
        for line in lines(text):
            match line.what:
                case Header():
                    base = self._header(line.what)
                case Pair():
                    self._pair(base, line.what)
                case Comment():
                    pass

    def _header(self, header: Header) -> KeyPath:
        """Return the path of the table that a header begins."""
        *above, last = header.key
        path: KeyPath = ()
        for word in above:
            path = (*path, word.name)
            if path in self.newest:
                path = (*path, self.newest[path])
            self.found.setdefault(path, word.at)
        path = (*path, last.name)
        if header.many:
            self.found.setdefault(path, last.at)
            index = self.newest[path] = self.newest.get(path, -1) + 1
            path = (*path, index)
        self.found[path] = last.at  # it may have stood above another table, or in its header
        return path

    def _pair(self, base: KeyPath, pair: Pair) -> None:
        self._value(self._key(base, pair.key), pair.value)

    def _key(self, path: KeyPath, key: Key) -> KeyPath:
        for word in key:
            path = (*path, word.name)
            self.found.setdefault(path, word.at)
        return path

    def _value(self, path: KeyPath, value: Value) -> None:
        if isinstance(value, Array):
            members = (item.value for item in value.items if not isinstance(item.value, Comment))
            for index, member in enumerate(members):
                self.found[*path, index] = member.at
                self._value((*path, index), member)
        elif isinstance(value, Table):
            for pair in value.pairs:
                self._pair(path, pair)
