"""Packs in memory: texts and mappings in place of files, which mean the same and are told of by their names."""

from __future__ import annotations

import tomllib
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from marked_packs import BASE

from policyengine import Documents, Engine, Place, PolicyError
from policyengine.engine.plugins import Plugins
from policyengine.language.build import build_policy

ROOT = Path(__file__).parents[2] / "rules"
KINDS = Plugins(installed=False).kinds
PACKS = ("alc-smart-learning", "online-shop")


def texts(pack: str) -> dict[str, str]:
    """The files of a pack and what it imports, by their paths below the folder of packs."""
    folder = ROOT / pack
    files = [file for file in folder.glob("*.toml") if not file.name.endswith(".test.toml")]
    found = {f"{pack}/{file.name}": file.read_text("utf-8") for file in sorted(files)}
    imported = {target for text in found.values() for target in tomllib.loads(text).get("imports", ())}
    shared = {target.removeprefix("../"): (folder / target).read_text("utf-8") for target in imported}
    return {**found, **shared}


@pytest.mark.parametrize("pack", PACKS)
@pytest.mark.parametrize("form", [str, tomllib.loads], ids=["texts", "mappings"])
def test_a_pack_in_memory_is_the_policy_of_its_files(pack: str, form: Any) -> None:
    expected = build_policy(ROOT / pack, KINDS)
    found = build_policy(Documents({name: form(text) for name, text in texts(pack).items()}), KINDS)
    assert found.rules == expected.rules and found.clauses == expected.clauses
    assert found.vocabulary == expected.vocabulary and found.readings == expected.readings
    assert (found.id, found.start, found.end, found.digest) == (
        expected.id,
        expected.start,
        expected.end,
        expected.digest,
    )


def problems(documents: dict[str, Any]) -> list[tuple[str, Place | None]]:
    with pytest.raises(PolicyError) as caught:
        Engine.load(Documents(documents), installed_plugins=False)
    return [(problem.code, problem.place) for problem in caught.value.problems]


RULE = "[[clause]]\nnumber = '9'\nsummary = {ja = 'x', en = 'x'}\n[[clause.prohibition]]\nitems = ['nme']\n"


def test_what_is_wrong_is_told_by_the_name_of_the_document() -> None:
    assert problems({"base": BASE, "more": RULE}) == [("unknown-term", Place("more", 5, 10))]
    assert problems({"base": BASE, "more": tomllib.loads(RULE)}) == [
        ("unknown-term", Place("more", path="clause[0].prohibition[0].items[0]"))
    ]
    assert str(Place("more", path="clause[0].number")) == "more:clause[0].number"
    assert problems({"base": BASE, "more": "x ="})[0] == ("toml-syntax", Place("more", 1, 1))


def test_documents_import_one_another_by_name_and_nothing_from_the_disk() -> None:
    words = "[vocabulary.items]\nfax = {ja = 'ファクス', en = 'fax'}\n"
    shop = "imports = ['../words.toml']\n" + BASE
    (policy,) = Engine.load(Documents({"shop/a.toml": shop, "words.toml": words}), installed_plugins=False).policies
    assert "fax" in policy.vocabulary.terms["items"]
    assert problems({"shop/a.toml": shop}) == [("file-missing", Place("shop/a.toml", 1, 12))]
    assert problems({"words.toml": words})[0][0] == "no-policy"
    assert problems({})[0] == ("no-policy", None)


@pytest.mark.parametrize("value", [None, {1}, b"x", object(), {1: "x"}, 1 << 64, 2j])
def test_what_is_no_value_of_toml_is_told_where_it_stands(value: Any) -> None:
    about = {**tomllib.loads(BASE), "readings": {"x": value}}
    ((code, place),) = problems({"shop": about})
    assert code in ("not-data", "toml-syntax") and place == Place("shop", path="readings.x")


def test_a_mapping_that_holds_itself_is_nested_too_deeply() -> None:
    about: dict[str, Any] = tomllib.loads(BASE)
    about["readings"] = about
    assert problems({"shop": about})[0][0] == "toml-syntax"


def test_the_hosts_mapping_is_not_kept_and_times_may_be_times() -> None:
    about = tomllib.loads(BASE)
    about["policy"]["from"] = datetime.fromisoformat("2026-01-01T00:00:00+09:00")
    documents = Documents({"shop": about})
    (policy,) = Engine.load(documents, installed_plugins=False).policies
    about["policy"]["id"] = "changed"
    assert policy.id == "shop" and policy.start == 1_767_193_200_000_000


def test_packs_in_memory_stand_beside_files_and_are_watched_like_them(tmp_path: Path) -> None:
    (tmp_path / "b.toml").write_text(BASE.replace('"shop"', '"b"'), "utf-8")
    documents = Documents({"shop": BASE})
    assert len(Engine.load(documents, tmp_path / "b.toml", shadow=[documents], installed_plugins=False).policies) == 2
    with Engine.watch(documents, tmp_path / "b.toml", installed_plugins=False) as watched:
        watched.look()
        assert watched.error is None and {policy.id for policy in watched.engine.policies} == {"shop", "b"}


def test_words_that_were_seen_before_are_shared_and_changed_ones_are_read_anew(tmp_path: Path) -> None:
    words = BASE[BASE.index("[vocabulary.subjects]") : BASE.index("[readings")]
    rest = BASE.replace(words, "")
    (tmp_path / "words.toml").write_text(words, "utf-8")
    for name in ("a", "b"):
        (tmp_path / f"{name}.toml").write_text(
            'imports = ["words.toml"]\n' + rest.replace('"shop"', f'"{name}"'), "utf-8"
        )
    one, other = (build_policy(tmp_path / f"{name}.toml", KINDS) for name in ("a", "b"))
    assert one.vocabulary is other.vocabulary
    (tmp_path / "words.toml").write_text(
        words.replace("[vocabulary.items]\n", "[vocabulary.items]\nfax = {ja = 'フ', en = 'fax'}\n")
    )
    again = build_policy(tmp_path / "a.toml", KINDS)
    assert "fax" in again.vocabulary.terms["items"] and "fax" not in one.vocabulary.terms["items"]
    assert again.digest != one.digest
