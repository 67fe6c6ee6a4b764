"""A report for people as a page of HTML, with a list of its contents."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final
from urllib.parse import quote

from policyengine.report.pages import page, said
from policyengine.report.parts import (
    Block,
    Entry,
    Figure,
    Line,
    Listing,
    Paragraph,
    Rows,
    Said,
    Section,
    Table,
    plain,
    sections,
)
from policyengine.text import Language, Text

_CONTENTS: Final = Text(ja="目次", en="Contents")
_DEEPEST: Final = 6


def as_html(report: Section, lang: Language) -> str:
    """Return a report as a whole page."""
    first = next((at for at, block in enumerate(report.blocks) if isinstance(block, Section)), len(report.blocks))
    about, rest = report.blocks[:first], report.blocks[first:]
    body = "".join(
        (
            f"<h1>{_line(report.title)}</h1>",
            *(_block(block, 2) for block in about),
            _contents(report, lang),
            *(_block(block, 2) for block in rest),
        )
    )
    return page(plain(report.title), body, lang)


def _contents(report: Section, lang: Language) -> str:
    def links(section: Section) -> str:
        below = "".join(f"<li>{_lead(one)}</li>" for one in sections(section)) if section.apart else ""
        return f"<li>{_lead(section)}{f'<ul>{below}</ul>' if below else ''}</li>"

    listed = "".join(links(section) for section in sections(report))
    title = said(_CONTENTS.say(lang))
    return f'<nav class="contents" aria-labelledby="contents"><h2 id="contents">{title}</h2><ul>{listed}</ul></nav>'


def _lead(section: Section) -> str:
    return f'<a href="#{quote(section.id)}">{said(plain(section.title))}</a>'


def _block(block: Block, depth: int, above: str = "") -> str:
    match block:
        case Section(title, blocks, id, boxed):
            word, rank = ("article" if boxed else "section"), min(depth, _DEEPEST)
            named = f' id="{said(id)}"' if id else ""
            below = "".join(_block(one, depth + 1, plain(title)) for one in blocks)
            return f"<{word}{named}><h{rank}>{_line(title)}</h{rank}>{below}</{word}>"
        case Paragraph(line, marked):
            return f"<p{' class=marked' if marked else ''}>{_line(line)}</p>"
        case Listing(entries):
            return _list(entries)
        case Rows(rows):
            shown = "".join(
                f"<div><dt>{said(row.name)}</dt><dd>{_cell(row.entries)}</dd></div>" for row in rows if row.entries
            )
            return f'<dl class="rows">{shown}</dl>' if shown else ""
        case Table():
            return _table(block, hidden=block.caption == above)
        case Figure(wide, slim, caption):
            drawn = f'<div class="wide">{wide}</div><div class="slim">{slim}</div>'
            return f"<figure>{drawn}<figcaption>{said(caption)}</figcaption></figure>"


def _table(table: Table, *, hidden: bool) -> str:
    """Return a table; the caption of one that says what stands above it is there for who does not see that."""
    head = "".join(f'<th scope="col">{said(name)}</th>' for name in table.head)
    rows = "".join(
        f'<tr><th scope="row">{_cell(row[0])}</th>{"".join(f"<td>{_cell(cell)}</td>" for cell in row[1:])}</tr>'
        for row in table.rows
    )
    caption = said(table.caption)
    narrow, unseen = " class=narrow" if table.narrow else "", " class=unseen" if hidden else ""
    return (  # one that is wider than the window is moved, by keyboard too, and the page with it is not
        f'<div class="moved" role="region" aria-label="{caption}" tabindex="0">'
        f"<table{narrow}><caption{unseen}>{caption}</caption>"
        f"<thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table></div>"
    )


def _list(entries: Iterable[Entry]) -> str:
    shown = "".join(f"<li>{_entry(entry)}</li>" for entry in entries)
    return f"<ul>{shown}</ul>"


def _cell(entries: tuple[Entry, ...]) -> str:
    return _entry(entries[0]) if len(entries) == 1 else _list(entries) if entries else ""


def _entry(entry: Entry) -> str:
    return _line(entry.line) + (_list(entry.below) if entry.below else "")


def _line(line: Line) -> str:
    return "".join(map(_said, line))


def _said(stretch: Said) -> str:
    text = said(stretch.text)
    match stretch.style:
        case "code":
            text = f"<code>{text}</code>"
        case "strong":
            text = f"<strong>{text}</strong>"
        case "dim":
            text = f'<span class="dim">{text}</span>'
        case _:
            pass
    if stretch.to:
        text = f'<a href="#{quote(stretch.to)}">{text}</a>'
    return f'<span id="{said(stretch.at)}">{text}</span>' if stretch.at else text
