"""A report for people as Markdown, as code hosts show it."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import Final

from policyengine.report.parts import Block, Entry, Figure, Line, Listing, Paragraph, Rows, Said, Section, Table, plain
from policyengine.text import visible

_MARKS: Final = re.compile(r"([\\`*_\[\]<>|#~])")
_DEEPEST: Final = 6


def as_markdown(report: Section) -> str:
    """Return a report as Markdown. Drawings are left out: what they show stands in a table as well."""
    return "\n\n".join(_blocks(report, 1)) + "\n"


def _blocks(block: Block, depth: int, above: str = "") -> Iterator[str]:
    match block:
        case Section(title, blocks):
            yield f"{'#' * min(depth, _DEEPEST)} {_line(title)}"
            for below in blocks:
                yield from _blocks(below, depth + 1, plain(title))
        case Paragraph(line, marked):
            yield f"> {_line(line)}" if marked else _line(line)
        case Listing(entries):
            yield "\n".join(_entries(entries))
        case Rows(rows):
            named = [_named(row.name, row.entries) for row in rows if row.entries]
            if named:
                yield "\n".join(_entries(named))
        case Table(caption, head, rows):
            lines = [head, ("---",) * len(head), *([_cell(cell) for cell in row] for row in rows)]
            if caption != above:
                yield f"**{_text(caption)}**"
            yield "\n".join(f"| {' | '.join(_text(cell) if one is head else cell for cell in one)} |" for one in lines)
        case Figure():
            pass


def _named(name: str, entries: tuple[Entry, ...]) -> Entry:
    """Return a row as a member of a list: what there is one of stands on its line, and several below it."""
    title = (Said(name, style="strong"), Said(": "))
    if len(entries) == 1:
        return Entry((*title, *entries[0].line), entries[0].below)
    return Entry(title, entries)


def _entries(entries: Iterable[Entry], indent: str = "") -> Iterator[str]:
    for line, below in entries:
        yield f"{indent}- {_line(line)}".rstrip()
        yield from _entries(below, f"{indent}  ")


def _cell(entries: Iterable[Entry], before: str = "") -> str:
    return "<br>".join(
        before + _line(line) + (f"<br>{_cell(below, before + '– ')}" if below else "") for line, below in entries
    )


def _line(line: Line) -> str:
    return "".join(map(_said, line))


def _said(said: Said) -> str:
    text = visible(said.text)
    match said.style:
        case "code":
            return f"`{text.replace('`', ' ')}`"
        case "strong":
            return f"**{_text(said.text)}**"
        case _:
            return _text(said.text)


def _text(text: str) -> str:
    return _MARKS.sub(r"\\\1", visible(text))
