"""The page on formatting shows what the command does, and the hooks call commands that exist."""

from __future__ import annotations

import re
from pathlib import Path

from policyengine.cli import COMMANDS
from policyengine.language.format import formatted

ROOT = Path(__file__).parents[2]


def test_the_page_shows_the_form():
    before, after = re.findall(r"```toml fragment\n(.*?)```", (ROOT / "docs" / "fmt.md").read_text("utf-8"), re.DOTALL)
    assert formatted(before, "before") == after
    assert before != after


def test_the_hooks_of_the_page_are_offered_and_call_commands():
    offered = (ROOT / ".pre-commit-hooks.yaml").read_text("utf-8")
    ids = re.findall(r"(?m)^- id: (\S+)$", offered)
    assert sorted(ids) == sorted(re.findall(r"- id: (\S+)", (ROOT / "docs" / "fmt.md").read_text("utf-8")))
    entries = re.findall(r"(?m)^  entry: policyengine (\w+)$", offered)
    assert [f"policyengine-{entry}" for entry in entries] == ids
    assert set(entries) <= set(COMMANDS)
