"""The tutorial, followed line by line in an empty folder by somebody who types what it says."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from docs.pages import Block, blocks_of
from suite.shell import Ran, policyengine

DOCS = Path(__file__).parents[2] / "docs"
PAGES = sorted(DOCS.glob("tutorial*.md"))


def steps(block: Block) -> list[tuple[str, list[str]]]:
    """Return each command of a console block with the lines that the page shows below it."""
    parts = re.split(r"^\$ ", block.text, flags=re.MULTILINE)
    assert parts[0] == "", f"{block}: begins with no command"
    return [(command, shown.splitlines()) for command, _, shown in (part.partition("\n") for part in parts[1:])]


def missing(shown: list[str], output: str) -> str | None:
    """Return the first shown line that does not come in `output` after those before it; … stands for anything."""
    lines = iter(output.splitlines())
    for line in shown:
        pattern = re.compile(re.escape(line.rstrip()).replace("…", ".*"))
        if line.strip() not in ("", "...") and not any(pattern.fullmatch(real.rstrip()) for real in lines):
            return line
    return None


def follow(page: Path, folder: Path) -> list[tuple[str, Ran]]:
    """Do what a page says in `folder`; return its commands and how they went."""
    done = []
    for block in blocks_of(page):
        if name := block.named.get("file") or block.named.get("more"):
            file = folder / name
            file.parent.mkdir(parents=True, exist_ok=True)
            before = file.read_text("utf-8") + "\n" if "more" in block.named else ""
            file.write_text(before + block.text, "utf-8")
        elif block.language == "console":
            for command, shown in steps(block):
                program, *words = command.split()
                assert program == "policyengine", f"{block}: {command}"
                ran = policyengine(*words, folder=folder)
                unseen = missing(shown, ran.out + ran.err)
                assert unseen is None, f"{block}: $ {command}\nshown: {unseen}\nreal:\n{ran.out}{ran.err}"
                done.append((command, ran))
    return done


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_whoever_follows_the_tutorial_sees_what_it_shows_and_ends_with_tested_rules(page: Path, tmp_path: Path) -> None:
    done = follow(page, tmp_path)
    codes = [ran.code for command, ran in done if command.startswith("policyengine test")]
    assert codes.count(1) == 1, "one failure is shown, and mended"
    assert done[-1][1].code == 0
    assert policyengine("test", "my-shop", "--fail-under", "100", folder=tmp_path).code == 0
    assert policyengine("mutate", "my-shop", folder=tmp_path).code == 0


def test_the_pages_are_there_and_say_the_same_with_the_same_files() -> None:
    assert [page.name for page in PAGES if page.name == "tutorial.md"]
    rules = {page.name: [block.text for block in blocks_of(page) if block.language == "toml"] for page in PAGES}
    assert all(texts == rules["tutorial.md"] for texts in rules.values())


def test_lines_are_sought_in_order() -> None:
    assert missing(["a", "...", "c…"], "a\nb\ncd\n") is None
    assert missing(["b", "a"], "a\nb\n") == "a"
    assert missing(["cd"], "c\n") == "cd"
