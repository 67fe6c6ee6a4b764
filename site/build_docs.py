"""Builds the documentation in both languages, and the page that leads to it: static files, with their own search."""

from __future__ import annotations

import inspect
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Final

from staging import LANGUAGES, OWN, ROOT, Stage

import policyengine

_DOOR: Final = ROOT / "site" / "door.html"

_MENDED: Final = (
    ('<p class="caption" role="heading">', '<p class="caption" role="heading" aria-level="2">'),
    ('<th class="head"><p></p></th>', "<td></td>"),
    ('<div class="highlight"><pre>', '<div class="highlight"><pre tabindex="0">'),
    ('<div class="table-wrapper', '<div tabindex="0" class="table-wrapper'),
)
_SEARCH: Final = {"ja": "検索", "en": "Search"}
_DRAWERS: Final = {
    "sidebar-drawer": {"ja": "すべてのページ", "en": "All pages"},
    "toc-drawer": {"ja": "このページの内容", "en": "On this page"},
}


def build(out: Path) -> None:
    """Write the documentation below a folder, anew.

    Args:
        out: the folder; of it, the languages' folders and the first page are written.
    """
    out.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(_DOOR, out / "index.html")
    for lang in LANGUAGES:
        shutil.rmtree(out / lang, ignore_errors=True)
        with tempfile.TemporaryDirectory() as scratch:
            sources = Path(scratch, "sources")
            stage = Stage(sources, lang)
            stage.stage()
            if stage.untranslated:
                sys.stdout.write(f"{lang}: shown in English: {', '.join(stage.untranslated)}\n")
            api = sources / "api.md"
            api.write_text(api.read_text("utf-8").replace("\nNAMES\n", f"\n{_names()}\n"), "utf-8")
            index = sources / "index.md"
            index.write_text(_listed(index.read_text("utf-8"), sources), "utf-8")
            sphinx = [sys.executable, "-m", "sphinx", "--quiet", "--fail-on-warning", "--keep-going", "--jobs=2"]
            where = [f"--conf-dir={OWN}", f"--doctree-dir={scratch}/doctrees", f"--define=language={lang}"]
            subprocess.run([*sphinx, *where, str(sources), str(out / lang)], check=True)
        for page in (out / lang).rglob("*.html"):
            page.write_text(_mended(page.read_text("utf-8"), lang), "utf-8")


def _listed(index: str, sources: Path) -> str:
    """Return the first page with the pages that it does not name, which others link to, at the end of its lists."""
    pages = (page.relative_to(sources).with_suffix("").as_posix() for page in sources.rglob("*.md"))
    more = sorted({*pages} - {*index.splitlines(), "index"})
    return index.replace("\nMORE\n", "\n" + "".join(f"{page}\n" for page in more))


def _mended(html: str, lang: str) -> str:
    """Return a page of Furo as screen readers and keyboards need it: what axe-core has against it, mended."""
    for found, mended in _MENDED:
        html = html.replace(found, mended)
    html = html.replace('<div id="search-results">', f'<h1>{_SEARCH[lang]}</h1><div id="search-results">')
    for drawer, name in _DRAWERS.items():
        html = html.replace(f'<aside class="{drawer}"', f'<aside aria-label="{name[lang]}" class="{drawer}"')
    return html


def _names() -> str:
    """Return directives for every public name: classes with what they have, functions, and what they are else."""
    lines = ["```{eval-rst}"]
    for name in policyengine.__all__:
        value = getattr(policyengine, name)
        if inspect.isclass(value):
            lines += [f".. autoclass:: policyengine.{name}", "   :members:", "   :show-inheritance:", ""]
        elif callable(value):
            lines += [f".. autofunction:: policyengine.{name}", ""]
    return "\n".join([*lines, "```"])


if __name__ == "__main__":
    build(Path(sys.argv[1]))
