"""A map of flows as SVG: whose data come in on the left, who holds them, and to whom they go on the right.

It is drawn when the page is made, with a layout of its own: once for a wide window and paper, and once for a telephone.
Its text is text, and its colours are those of the page.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Sequence
from html import escape
from typing import Final, NamedTuple

from policyengine.text import visible


class Box(NamedTuple):
    """What stands in one box: its title, and lines below it."""

    title: str
    lines: tuple[str, ...] = ()


class Group(NamedTuple):
    """Boxes with a heading."""

    title: str
    boxes: tuple[Box, ...]


class Map(NamedTuple):
    """What a map shows.

    Args:
        title: what it is called.
        told: what it shows, in a sentence, for who does not see it.
        left: where data come from.
        middle: who holds them.
        right: where they go.
    """

    title: str
    told: str
    left: tuple[Group, ...]
    middle: Box
    right: tuple[Group, ...]


_LINE: Final = 20
_PAD: Final = 10
_GAP: Final = 12
_SIZE: Final = 14
_HEADING: Final = 26
_BOLD: Final = 1.15
"""How much wider a text is in bold letters."""


class _Placed(NamedTuple):
    x: float
    y: float
    width: float
    height: float
    drawn: str
    boxed: bool = True

    @property
    def middle(self) -> float:
        return self.y + self.height / 2


def wide(found: Map, name: str = "map") -> str:
    """Return a map in three columns.

    Args:
        found: what it shows.
        name: begins the ids in the drawing, which no other on the page has.
    """
    ends = [_column(groups, 0, width)[1] for groups, _, width in _sides(found)]
    height = max(ends)
    left, right = (
        _column(groups, x, width, (height - end) / 2)[0]
        for (groups, x, width), end in zip(_sides(found), ends, strict=True)
    )
    tall = _box(found.middle, 410, 0, 180).height
    middle = _box(found.middle, 410, (height - tall) / 2, 180)
    lines = [_curve(310, box.middle, 410, middle.middle, name) for box in _boxes(left)]
    lines += [_curve(590, middle.middle, 690, box.middle, name) for box in _boxes(right)]
    drawn = (one.drawn for one in (*left, middle, *right))
    return _svg(found, name, 1100, height, [*lines, *drawn])


def _sides(found: Map) -> tuple[tuple[tuple[Group, ...], float, float], ...]:
    """Return the columns beside the middle, each with where it begins and how wide it is."""
    return (found.left, 0, 310), (found.right, 690, 410)


def slim(found: Map, name: str = "slim-map") -> str:
    """Return a map in one column, from top to bottom along a line.

    Args:
        found: what it shows.
        name: begins the ids in the drawing, which no other on the page has.
    """
    width, indent = 380, 34
    left, bottom = _column(found.left, indent, width - indent)
    middle = _box(found.middle, 0, bottom + _GAP, width)
    right, end = _column(found.right, indent, width - indent, middle.y + middle.height + _GAP)
    arrow = f'marker-end="url(#{name}-arrow)"'
    lines = [f'<path d="M{indent} {box.middle:.0f}H12"/>' for box in _boxes(left)]
    if lines:
        lines.append(f'<path d="M12 {_boxes(left)[0].middle:.0f}V{middle.y - 2:.0f}" {arrow}/>')
    lines += [f'<path d="M12 {box.middle:.0f}H{indent - 2}" {arrow}/>' for box in _boxes(right)]
    if _boxes(right):
        lines.append(f'<path d="M12 {middle.y + middle.height:.0f}V{_boxes(right)[-1].middle:.0f}"/>')
    return _svg(found, name, width, end, [*lines, *(one.drawn for one in (*left, middle, *right))])


def _boxes(column: Sequence[_Placed]) -> list[_Placed]:
    """Return the boxes of a column, without its headings."""
    return [one for one in column if one.boxed]


def _column(groups: Iterable[Group], x: float, width: float, top: float = 0) -> tuple[list[_Placed], float]:
    """Return groups below one another, and where they end."""
    found: list[_Placed] = []
    y = top
    for title, boxes in groups:
        heading = f'<text class="head" x="{x:.0f}" y="{y + 17:.0f}">{_said(title)}</text>'
        found.append(_Placed(x, y, width, _HEADING, heading, boxed=False))
        y += _HEADING
        for box in boxes:
            found.append(_box(box, x, y, width))
            y += found[-1].height + _GAP
    return found, y


def _box(box: Box, x: float, y: float, width: float) -> _Placed:
    lines = [("title", line) for line in wrapped(box.title, (width - 2 * _PAD) / _BOLD)]
    lines += [("line", line) for text in box.lines for line in wrapped(text, width - 2 * _PAD)]
    height = len(lines) * _LINE + 2 * _PAD
    text = "".join(
        f'<text class="{kind}" x="{x + _PAD:.0f}" y="{y + _PAD + 15 + _LINE * at:.0f}">{_said(line)}</text>'
        for at, (kind, line) in enumerate(lines)
    )
    rect = f'<rect x="{x + 0.5:.1f}" y="{y + 0.5:.1f}" width="{width - 1:.0f}" height="{height - 1:.0f}" rx="6"/>'
    return _Placed(x, y, width, height, rect + text)


def _curve(x: float, y: float, to_x: float, to_y: float, name: str) -> str:
    bend = (x + to_x) / 2
    way = f"M{x:.0f} {y:.0f}C{bend:.0f} {y:.0f} {bend:.0f} {to_y:.0f} {to_x - 3:.0f} {to_y:.0f}"
    return f'<path d="{way}" marker-end="url(#{name}-arrow)"/>'


def _svg(found: Map, name: str, width: float, height: float, drawn: Iterable[str]) -> str:
    return (
        f'<svg class="map" viewBox="0 0 {width:.0f} {height:.0f}" width="{width:.0f}" height="{height:.0f}" role="img" '
        f'aria-labelledby="{name}-title {name}-told"><title id="{name}-title">{_said(found.title)}</title>'
        f'<desc id="{name}-told">{_said(found.told)}</desc><defs><marker id="{name}-arrow" viewBox="0 0 8 8" refX="7" '
        f'refY="4" markerWidth="8" markerHeight="8" orient="auto"><path class="tip" d="M0 0L8 4L0 8z"/></marker></defs>'
        f"{''.join(drawn)}</svg>"
    )


def wrapped(text: str, width: float) -> list[str]:
    """Return a text in lines that are no wider than so many pixels, as far as that can be told without its font."""
    lines = [""]
    for word in _words(text):
        if lines[-1] and _width(lines[-1] + word.rstrip()) > width:
            lines.append("")
        lines[-1] += word if lines[-1] else word.lstrip()
    return [line.rstrip() for line in lines if line.strip()]


def _words(text: str) -> list[str]:
    """Return what a line can be broken between: words with the spaces behind them, and each wide character."""
    found: list[str] = []
    for char in visible(text):
        alone = unicodedata.east_asian_width(char) in "WF" or not found or found[-1][-1] == " "
        closing = char in "、。」』）)・，．ー" and found
        if closing or not (alone or unicodedata.east_asian_width(found[-1][-1]) in "WF"):
            found[-1] += char
        else:
            found.append(char)
    return found


def _width(text: str) -> float:
    return sum(_SIZE if unicodedata.east_asian_width(char) in "WFA" else 0.56 * _SIZE for char in text)


def _said(text: str) -> str:
    return escape(visible(text))
