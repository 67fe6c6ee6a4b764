"""`policyengine diff --against`: what the law has against a change of the text."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from policyengine.cli import cli

ROOT = Path(__file__).parents[3]
LAW = str(ROOT / "rules" / "appi")


@pytest.fixture
def wider(tmp_path: Path) -> Path:
    """The shop, with an item more in its joint use with the point alliance."""
    for name in ("online-shop", "vocabulary"):
        shutil.copytree(ROOT / "rules" / name, tmp_path / name)
    words = tmp_path / "online-shop" / "vocabulary.toml"
    text = words.read_text("utf-8")
    items = 'point-items = ["member_number", '
    assert items in text
    words.write_text(text.replace(items, f'{items}"name", '), "utf-8")
    return tmp_path / "online-shop"


def diff(*arguments: str) -> Result:
    return CliRunner().invoke(cli, ["diff", *arguments, "--lang", "en"])


def test_a_joint_use_that_is_widened_breaks_the_law_whoever_allows_it(wider: Path) -> None:
    old, new = str(ROOT / "rules" / "online-shop"), str(wider)
    result = diff(old, new, "--allow-wider", "--against", LAW, "--format", "json")
    (found,) = json.loads(result.stdout)["lacking"]
    assert (found["code"], found["clause"], found["article"]) == ("appi-joint-use-widened", "3.2", "27(6)")
    assert result.exit_code == 1
    assert diff(old, new, "--allow-wider").exit_code == 0
    assert (
        "error: appi-joint-use-widened: [3.2] the joint use is widened to name"
        in diff(old, new, "--against", LAW).stdout
    )
    assert "appi-joint-use-widened" in diff(old, new, "--against", LAW, "--format", "md").stdout


def test_a_narrower_joint_use_breaks_nothing(wider: Path) -> None:
    result = diff(str(wider), str(ROOT / "rules" / "online-shop"), "--against", LAW, "--format", "json")
    assert json.loads(result.stdout)["lacking"] == [] and result.exit_code == 0
