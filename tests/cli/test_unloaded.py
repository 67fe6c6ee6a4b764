"""No rule file lies about unread without `check` saying so."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from cli.running import run
from language.marked_packs import BASE

CLAUSES = '[[clause]]\nnumber = "9"\nsummary = {ja = "九", en = "nine"}\n[[clause.prohibition]]\nitems = ["name"]\n'
WORDS = '[vocabulary.items]\nfax = {ja = "ファクス", en = "fax"}\n'


def put(folder: Path, files: dict[str, str]) -> Path:
    for name, text in files.items():
        file = folder / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, "utf-8")
    return folder


def idle(folder: Path) -> list[tuple[str, str | None]]:
    """Return the files and folders that are told of, with what is to be done."""
    ran = run("check", str(folder), "--format", "json")
    assert ran.code == 0, ran
    found = [finding for finding in json.loads(ran.out)["findings"] if finding["code"] == "not-loaded"]
    assert all(finding["severity"] == "note" and finding["hint"] for finding in found)
    return [(Path(finding["file"]).relative_to(folder).as_posix(), finding["hint"]["en"]) for finding in found]


@pytest.mark.parametrize(
    ("file", "place", "mend"),
    [
        ("shop/more/clauses.toml", "shop/more/clauses.toml", "move it to"),
        ("shop/a/b/words.toml", "shop/a/b/words.toml", "move it to"),
        ("shop/later.TOML", "shop/later.TOML", "call it later.toml"),
        ("shop/later.Toml", "shop/later.Toml", "call it later.toml"),
        ("shop/more/later.TOML", "shop/more/later.TOML", "move it to"),
        ("lost/clauses.toml", "lost", "give it a [policy]"),
        ("words/a.toml", "words", "give it a [policy]"),
        ("lost/policy.TOML", "lost/policy.TOML", "call it policy.toml"),
    ],
)
def test_a_rule_file_that_nothing_loads_is_told_with_what_to_do(
    tmp_path: Path, file: str, place: str, mend: str
) -> None:
    put(tmp_path, {"shop/policy.toml": BASE, file: WORDS if "words" in file else CLAUSES})
    ((told, hint),) = idle(tmp_path)
    assert (told, hint is not None and hint.startswith(mend)) == (place, True)


def test_what_is_loaded_or_is_no_rule_file_is_not_told(tmp_path: Path) -> None:
    put(
        tmp_path,
        {
            "shop/policy.toml": 'imports = ["../words/a.toml", "more/b.toml"]\n' + BASE,
            "shop/tests/shop.test.toml": '[[case]]\nname = "x"\n',
            "shop/more/b.toml": WORDS,
            "shop/pyproject.toml": "",
            "shop/more/tool.toml": "[tool]\n",
            "words/a.toml": WORDS.replace("fax", "telex"),
            "build/c.toml": CLAUSES,
            "other/pyproject.toml": "[project]\n",
        },
    )
    assert idle(tmp_path) == []


def test_of_a_folder_from_which_something_is_loaded_each_idle_file_is_told(tmp_path: Path) -> None:
    put(
        tmp_path,
        {
            "shop/policy.toml": 'imports = ["../words/a.toml"]\n' + BASE,
            "words/a.toml": WORDS,
            "words/b.toml": WORDS,
        },
    )
    assert idle(tmp_path) == [("words/b.toml", "list it in `imports` of a pack")]


def test_what_a_configuration_names_is_loaded(tmp_path: Path) -> None:
    put(tmp_path, {"rules/POLICY.TOML": BASE, "policyengine.toml": 'policies = ["rules/POLICY.TOML"]\n'})
    assert idle(tmp_path) == []


def test_a_broken_file_of_a_pack_is_broken_and_nothing_else(tmp_path: Path) -> None:
    put(tmp_path, {"shop/policy.toml": BASE, "shop/more.toml": CLAUSES + "[[clause\n"})
    ran = run("check", str(tmp_path), "--lang", "en")
    assert (ran.code, "toml-syntax" in ran.out, "not-loaded" in ran.out) == (1, True, False)


def test_it_is_told_in_japanese_too(tmp_path: Path) -> None:
    put(tmp_path, {"shop/policy.toml": BASE, "lost/clauses.toml": CLAUSES})
    ran = run("check", str(tmp_path), "--lang", "ja")
    assert (
        f"{tmp_path / 'lost'}: note: not-loaded: [policy] がないので、このフォルダは読み込まれません: clauses.toml"
        in ran.out
    )
