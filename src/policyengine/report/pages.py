"""The page that every report in HTML is: one file that needs nothing from elsewhere, readable wherever it is looked at.

It has one style sheet, ``pages.css`` beside this file: for light and dark, for a wide window, a telephone and paper.
"""

from __future__ import annotations

from html import escape
from pathlib import Path
from typing import Final

from policyengine.text import Language, visible

_STYLE: Final = Path(__file__).with_name("pages.css")


def page(title: str, body: str, lang: Language) -> str:
    """Return a whole page.

    Args:
        title: of the window.
        body: what it shows, as HTML, headings included.
        lang: its language.
    """
    return (
        f'<!doctype html>\n<html lang="{escape(lang)}"><head><meta charset="utf-8"><title>{said(title)}</title>'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<style>{_STYLE.read_text('utf-8')}</style></head><body><main>{body}</main></body></html>\n"
    )


def said(text: str) -> str:
    """Return a text as HTML, without marks that would turn what stands around it."""
    return escape(visible(text))
