"""A page and its Japanese sibling have one structure, the same blocks, and the same words of code in their tables."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from docs.pages import FENCE, PAGES, ROOT, Block, blocks_of

JAPANESE = [page for page in PAGES if page.name.endswith(".ja.md")]
LANGUAGE = re.compile(r" --lang (ja|en)\b")
COMMENT = re.compile(r" +# .*")
MESSAGE = re.compile(r'"message": \{[^}]*\}')


def english(page: Path) -> Path:
    """Return the page whose Japanese sibling `page` is."""
    return page.with_name(page.name.replace(".ja.md", ".md"))


def prose(page: Path) -> str:
    """Return a page without its blocks."""
    return FENCE.sub("", page.read_text("utf-8"))


def tried(block: Block) -> str:
    """Return what is tried of a block, without what is said in the language of its page."""
    match block.language:
        case "text":
            return ""
        case "console":
            typed = [line for line in block.text.splitlines() if line.startswith("$ ")]
            return COMMENT.sub("", LANGUAGE.sub("", "\n".join(typed)))
        case "python":
            return COMMENT.sub("", block.text)
        case "json":
            return MESSAGE.sub("", block.text)
        case _:
            return block.text


def rows(page: Path) -> Iterator[set[str]]:
    """Yield the words of code in each row of a page's tables."""
    for line in prose(page).splitlines():
        if line.startswith("|"):
            yield set(re.findall(r"`[^`]+`", line))


def headings(page: Path) -> list[str]:
    return re.findall(r"^#+(?= )", prose(page), re.MULTILINE)


@pytest.mark.parametrize("page", JAPANESE, ids=lambda page: str(page.relative_to(ROOT)))
def test_both_languages_have_the_same_headings(page: Path) -> None:
    assert headings(page) == headings(english(page))


@pytest.mark.parametrize("page", JAPANESE, ids=lambda page: str(page.relative_to(ROOT)))
def test_both_languages_show_the_same_blocks(page: Path) -> None:
    here, there = (
        [(block.language, block.words, block.named, tried(block)) for block in blocks_of(one)]
        for one in (english(page), page)
    )
    assert here == there


@pytest.mark.parametrize("page", JAPANESE, ids=lambda page: str(page.relative_to(ROOT)))
def test_both_languages_have_the_same_words_of_code_in_tables(page: Path) -> None:
    assert list(rows(page)) == list(rows(english(page)))


@pytest.mark.parametrize("page", JAPANESE, ids=lambda page: str(page.relative_to(ROOT)))
def test_siblings_link_one_another(page: Path) -> None:
    assert f"[English]({english(page).name})" in page.read_text("utf-8")
    assert f"[日本語]({page.name})" in english(page).read_text("utf-8")
