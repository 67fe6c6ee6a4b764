"""What a report for people is made of, whatever it is written as: sections, paragraphs, rows, tables, figures."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Literal, NamedTuple, TypeAlias


class Said(NamedTuple):
    """A stretch of a line.

    Args:
        text: what it says.
        to: the id of what it leads to; empty where it leads nowhere.
        style: how it looks: ``plain``, ``strong``, ``dim``, or ``code`` for what is written in files.
        at: the id by which it is led to, if it is.
    """

    text: str
    to: str = ""
    style: Literal["plain", "strong", "dim", "code"] = "plain"
    at: str = ""


Line: TypeAlias = tuple[Said, ...]


class Entry(NamedTuple):
    """A member of a list, with the list below it."""

    line: Line
    below: tuple[Entry, ...] = ()


class Paragraph(NamedTuple):
    """A line of its own; one that is `marked` stands out, as what is open does."""

    line: Line
    marked: bool = False


class Listing(NamedTuple):
    """A list."""

    entries: tuple[Entry, ...]


class Row(NamedTuple):
    """A name and what stands beside it."""

    name: str
    entries: tuple[Entry, ...]


class Rows(NamedTuple):
    """Names, each with what stands beside it."""

    rows: tuple[Row, ...]


class Table(NamedTuple):
    """A table.

    Args:
        caption: what it shows.
        head: the names of its columns.
        rows: the cells of each row, of which the first names the row.
        narrow: whether its cells hold marks, and no sentences.
    """

    caption: str
    head: tuple[str, ...]
    rows: tuple[tuple[tuple[Entry, ...], ...], ...]
    narrow: bool = False


class Figure(NamedTuple):
    """A drawing, of which a table beside it says the same in words.

    Args:
        wide: it as SVG, for a wide window and paper.
        slim: it as SVG, for a telephone.
        caption: what it shows.
    """

    wide: str
    slim: str
    caption: str


class Section(NamedTuple):
    """A heading and what stands below it.

    Args:
        title: the heading.
        blocks: what stands below it, sections too.
        id: by which it can be led to.
        boxed: whether it stands apart from what is around it, as each rule does.
        apart: whether a contents list leads to the sections in it.
    """

    title: Line
    blocks: tuple[Block, ...]
    id: str = ""
    boxed: bool = False
    apart: bool = False


Block: TypeAlias = Paragraph | Listing | Rows | Table | Figure | Section


def plain(line: Iterable[Said]) -> str:
    """Return a line without what leads elsewhere, and without styles."""
    return "".join(said.text for said in line)


def line(text: str, style: Literal["plain", "strong", "dim", "code"] = "plain") -> Line:
    """Return a line of one stretch."""
    return (Said(text, style=style),)


def entry(text: str) -> tuple[Entry, ...]:
    """Return what a cell or a row holds that says one thing."""
    return (Entry(line(text)),)


def anchor(*names: str) -> str:
    """Return an id made of names, which may hold anything."""
    return "-".join("".join("_" if char.isspace() else char for char in name) for name in names)


def sections(block: Section) -> Iterator[Section]:
    """Yield the sections right below one."""
    return (below for below in block.blocks if isinstance(below, Section))
