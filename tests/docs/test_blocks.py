"""Every code block of the documentation is tried: rules load, Python runs, commands print what is shown."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from docs.pages import PAGES, ROOT, Reader, agrees, blocks_of, commands_of, known, same_output

NAMES = [str(page.relative_to(ROOT)) for page in PAGES]


def shown(page: Path) -> list[tuple[str, str]]:
    return [(block.language, block.text) for block in blocks_of(page)]


def tried_already(page: Path) -> bool:
    """Whether it is the Japanese sibling of a page and shows just the same."""
    return page.name.endswith(".ja.md") and shown(page) == shown(page.with_name(page.name.replace(".ja.md", ".md")))


SHOWING = [page for page in PAGES if not tried_already(page)]


@pytest.mark.parametrize("page", SHOWING, ids=[str(page.relative_to(ROOT)) for page in SHOWING])
def test_what_a_page_shows_is_so(page: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    reader = Reader(tmp_path)
    for block in blocks_of(page):
        reader.read(block)


@pytest.mark.parametrize("page", PAGES, ids=NAMES)
def test_commands_and_options_exist(page: Path) -> None:
    for block, words in commands_of(page):
        assert known(words), f"{block}: policyengine {' '.join(words)}"
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text("utf-8"), re.MULTILINE))
    asked = set(re.findall(r"(?:`|\$ )make ([a-z-]+)", page.read_text("utf-8")))
    assert asked <= targets


@pytest.mark.parametrize("page", PAGES, ids=NAMES)
def test_links_lead_somewhere(page: Path) -> None:
    text = re.sub(r"```.*?```", "", page.read_text("utf-8"), flags=re.DOTALL)
    for target in re.findall(r"\]\(([^)\s]+)\)", text):
        if re.match(r"[a-z]+:", target):
            continue
        path, _, part = target.partition("#")
        file = (page.parent / path).resolve() if path else page
        assert file.exists(), target
        if part:
            assert part in anchors(file), target


def anchors(page: Path) -> set[str]:
    """Return the anchors of a page's headings, as they are made for Markdown."""
    text = re.sub(r"```.*?```", "", page.read_text("utf-8"), flags=re.DOTALL)
    headings = re.findall(r"^#+ (.*)$", text, re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).strip().replace(" ", "-") for heading in headings}


def test_nobody_is_told_to_install_another_project() -> None:
    """The name `policyengine` belongs to somebody else in the package index."""
    for page in PAGES:
        for command in re.findall(r"pip install[^\n`]*", page.read_text("utf-8")):
            assert not re.search(r"(?<!dataflow-)\bpolicyengine\b", command), f"{page}: {command}"


def test_an_ellipsis_hides_only_what_it_stands_for() -> None:
    assert agrees({"a": [1, {"b": "x…"}]}, {"a": [1, {"b": "xyz", "c": 2}], "d": 3})
    assert not agrees({"a": [1]}, {"a": [1, 2]})
    assert not agrees({"a": "x…"}, {"a": "y"})
    assert not agrees({"a": 1}, {})
    assert same_output("a\n...\nz\n", "a\nb\nc\nz")
    assert same_output("...\nb\n...", "a\nb")
    assert same_output("a … z\n", "a b z\n")
    assert not same_output("a\n...\nz", "a\nb\ny")
    assert not same_output("a", "a\nb")
    assert not same_output("", "a")
