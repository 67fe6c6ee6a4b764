"""Which pages the site has, and from where: those of the repository as they are, with links that lead within the site.

A page is staged where it stands in the repository, for each language below a folder of its own. Where a page has a
Japanese sibling (``NAME.ja.md``), that is the Japanese page; where it has none, the Japanese site shows the English
one, and says so. What a page links to comes along: pages, and files such as schemas and rules.
"""

from __future__ import annotations

import re
import shutil
from pathlib import Path
from typing import Final
from urllib.parse import unquote

ROOT: Final = Path(__file__).parents[1]
OWN: Final = ROOT / "site" / "docs"
LANGUAGES: Final = ("en", "ja")

_LINK: Final = re.compile(r"(?<!!)\[(?P<text>(?:[^\[\]]|\[[^\]]*\])*)\]\((?P<target>[^()\s]+)\)")
_IMAGE: Final = re.compile(r"!\[[^\]]*\]\((?P<target>[^()\s]+)\)")
_FENCED: Final = re.compile(r"(^ *```.*?^ *```[^\S\n]*$)", re.MULTILINE | re.DOTALL)
_NOT_YET: Final = "\n```{{note}}\nこのページの日本語版はまだありません。英語版を表示しています。\n```\n"
_FOLDER_PAGES: Final = ("README.md", "policy.toml")


class Stage:
    """The sources of the site in one language.

    Args:
        folder: where they go.
        lang: the language.
    """

    def __init__(self, folder: Path, lang: str) -> None:
        self._folder = folder
        self._lang = lang
        self._staged: set[Path] = set()
        self.untranslated: list[str] = []

    def stage(self) -> None:
        """Write all pages and what they link to, beginning with the site's own."""
        for page in sorted(OWN.glob("*.md")):
            if not page.name.endswith(".ja.md"):
                self._page(page, self._folder / page.name)

    def _page(self, page: Path, target: Path) -> None:
        """Write a page, given as the English one, in this stage's language."""
        if target in self._staged:
            return
        self._staged.add(target)
        japanese = page.with_suffix(".ja.md")
        source = japanese if self._lang == "ja" and japanese.exists() else page
        parts = _FENCED.split(source.read_text("utf-8"))
        parts[::2] = [self._linked(part, source, page, target) for part in parts[::2]]
        text = "".join(parts)
        if self._lang == "ja" and source is page:
            self.untranslated.append(page.relative_to(ROOT).as_posix())
            head, line, rest = text.partition("\n")
            text = head + line + _NOT_YET.replace("{{", "{").replace("}}", "}") + rest
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(text, "utf-8")

    def _linked(self, text: str, source: Path, page: Path, target: Path) -> str:
        """Return prose with its links led within the site, and stage what they lead to."""

        def led(found: re.Match[str]) -> str:
            path, mark, anchor = found["target"].partition("#")
            if not path or re.match(r"[a-z]+:", path):
                return found[0]
            file = (source.parent / unquote(path)).resolve()
            if file.is_dir():
                file = next(file / name for name in _FOLDER_PAGES if (file / name).exists())
            english = file.with_name(file.name.removesuffix(".ja.md") + ".md") if file.name.endswith(".ja.md") else file
            if not english.exists():
                return found[0]  # led elsewhere by what builds the site, such as the playground
            if english == page:  # the same page in the other language
                return f'<a href="{_up(target, self._folder)}../{_other(self._lang)}/{_html(page)}">{found["text"]}</a>'
            there = self._folder / _place(english)
            if english.suffix == ".md":
                self._page(english, there)
            else:
                self._file(english, there)
            anchor = self._anchor(anchor, source, english)
            led_to = Path(_up(target, self._folder) + _place(english).as_posix()).as_posix()
            return f"[{found['text']}]({led_to}{mark}{anchor})"

        for image in _IMAGE.finditer(text):
            file = (source.parent / image["target"]).resolve()
            if file.exists():
                self._file(file, self._folder / _place(file))
        return _LINK.sub(led, text)

    def _anchor(self, anchor: str, source: Path, english: Path) -> str:
        """Return the anchor of a heading in this stage's page, for one in the page that a source leads to.

        An English page on the Japanese site leads to Japanese pages: siblings have the same headings, in one order.
        """
        japanese = english.with_suffix(".ja.md")
        if not anchor or self._lang != "ja" or source.name.endswith(".ja.md") or not japanese.exists():
            return anchor
        names = anchors(english)
        return anchors(japanese)[names.index(anchor)] if anchor in names else anchor

    def _file(self, file: Path, target: Path) -> None:
        if target not in self._staged:
            self._staged.add(target)
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(file, target)


def anchors(page: Path) -> list[str]:
    """Return the anchors of a page's headings, in order, as GitHub and MyST make them."""
    prose = "".join(_FENCED.split(page.read_text("utf-8"))[::2])
    found: list[str] = []
    for title in re.findall(r"^#{1,6} (.*)$", prose, re.MULTILINE):
        shown = re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", title).replace("`", "")
        slug = re.sub(r"[^\w\- ]", "", shown.strip().lower()).replace(" ", "-")
        found.append(slug if slug not in found else f"{slug}-{sum(one.startswith(slug) for one in found)}")
    return found


def _place(file: Path) -> Path:
    """Return where a file of the repository stands in the site; the site's own pages stand at its top."""
    return file.relative_to(OWN if file.is_relative_to(OWN) else ROOT)


def _html(page: Path) -> str:
    return _place(page).with_suffix(".html").as_posix()


def _up(target: Path, folder: Path) -> str:
    """Return the way from a page to the top of its language."""
    return "../" * (len(target.relative_to(folder).parts) - 1)


def _other(lang: str) -> str:
    return next(other for other in LANGUAGES if other != lang)
