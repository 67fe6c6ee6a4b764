"""The rule files of this project: they are in their canonical form, and it does not touch what they decide."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

import pytest

from policyengine.language.find import STANDARD, find_rule_files
from policyengine.language.format import formatted
from policyengine.language.pack import load_pack

RULES = Path(__file__).parents[2] / "rules"
FILES = [*find_rule_files(RULES), STANDARD]
PACKS = ["alc-smart-learning", "online-shop"]


def untidy(text: str) -> str:
    """Return the text of a rule file with layout changed wherever a line alone shows that it may be."""
    text = re.sub(r"(?m)^([\w.-]+) = ", r"  \1=", text)
    text = re.sub(r"(?m)^(\[+)([\w.-]+)(\]+)$", r"\1 \2\t\3 ", text)
    text = re.sub(r'(?m)^(  \w+=)"([^"\\\'\n]*)"$', r"\1'\2'", text)
    text = re.sub(r"\n\n", "\n\t\n\n\n", text)
    text = re.sub(r"(?m),\n\]", "\n\n ]", text)
    return text.replace("\n", "\r\n")


@pytest.mark.parametrize("file", FILES, ids=lambda file: f"{file.parent.name}/{file.name}")
def test_every_rule_file_is_in_its_canonical_form(file):
    assert formatted(file.read_text("utf-8"), str(file)) == file.read_text("utf-8")


@pytest.mark.parametrize("file", FILES, ids=lambda file: f"{file.parent.name}/{file.name}")
def test_an_untidy_rule_file_comes_back_to_it(file):
    text = file.read_text("utf-8")
    assert untidy(text) != text
    assert formatted(untidy(text), str(file)) == formatted(text, str(file))


@pytest.mark.parametrize("pack", PACKS)
def test_the_digest_of_a_pack_stays(tmp_path, pack):
    copy = Path(shutil.copytree(RULES, tmp_path / "rules"))
    for file in find_rule_files(copy):
        file.write_text(untidy(file.read_text("utf-8")), "utf-8", newline="")
    digest = load_pack(RULES / pack).digest
    assert load_pack(copy / pack).digest == digest
    for file in find_rule_files(copy):
        file.write_text(formatted(file.read_text("utf-8"), str(file)), "utf-8")
    assert load_pack(copy / pack).digest == digest
