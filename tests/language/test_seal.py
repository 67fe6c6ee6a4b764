"""A sealed pack is loaded as it was sealed, and in no other way."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import tomllib
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

import forked
from language.marked_packs import BASE
from policyengine import Engine, PolicyError
from policyengine.engine.plugins import Plugins
from policyengine.language.build import build_policy
from policyengine.language.find import STANDARD
from policyengine.language.pack import load_pack, standard
from policyengine.language.seal import digests, lock_text

ROOT = Path(__file__).parents[2]
SHOP = "rules/online-shop"
KINDS = Plugins(installed=False).kinds


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    shutil.copytree(ROOT / "rules", tmp_path / "rules")
    return tmp_path


def run(folder: Path, *words: str, lang: str = "en") -> tuple[int, str, str]:
    code, out, err = forked.policyengine([*words, "--lang", lang], folder=folder, environment=os.environ)
    return code, out.decode(), err.decode()


def sealed(folder: Path) -> Path:
    assert run(folder, "seal", SHOP)[0] == 0
    return folder / SHOP


def said(pack: Path) -> list[tuple[str, str]]:
    """Return what is wrong with loading a pack: code, place in the folder above it."""
    with pytest.raises(PolicyError) as caught:
        Engine.load(pack, installed_plugins=False)
    return [(problem.code, os.path.relpath(str(problem.place), pack.parent)) for problem in caught.value.problems]


def test_a_seal_has_every_rule_file_and_every_import_and_no_suite(folder: Path) -> None:
    code, out, err = run(folder, "seal", SHOP)
    (policy,) = Engine.load(folder / SHOP, installed_plugins=False).policies
    assert (code, out, err) == (0, f"{SHOP}: sealed 4 files, {policy.id} {policy.version} {policy.digest}\n", "")
    lock = (folder / SHOP / "policy.lock").read_text("utf-8")
    files = tomllib.loads(lock)["files"]
    shared = ["../vocabulary/appi.toml", "../vocabulary/personal-data.toml"]
    assert list(files) == [*shared, "policy.toml", "vocabulary.toml"]
    assert all(
        files[name] == "sha256:" + hashlib.sha256((folder / SHOP / name).read_bytes()).hexdigest() for name in files
    )
    assert run(folder, "seal", SHOP)[0] == 0
    assert (folder / SHOP / "policy.lock").read_text("utf-8") == lock


def test_it_is_the_same_from_wherever_it_is_sealed(folder: Path) -> None:
    lock = sealed(folder) / "policy.lock"
    before = lock.read_bytes()
    for where, name in ((folder / SHOP, "."), (folder / "rules", "online-shop"), (Path("/"), str(folder / SHOP))):
        assert run(where, "seal", name)[0] == 0
        assert lock.read_bytes() == before
        assert run(where, "seal", "--check", name)[0] == 0


CHANGES = {
    "a comment more": ("policy.toml", "online-shop/policy.lock:5:1"),
    "an import": ("../vocabulary/personal-data.toml", "online-shop/policy.lock:4:1"),
}


@pytest.mark.parametrize(("file", "place"), CHANGES.values(), ids=CHANGES.keys())
def test_what_has_changed_is_not_loaded(folder: Path, file: str, place: str) -> None:
    pack = sealed(folder)
    Engine.load(pack, installed_plugins=False)
    with (pack / file).open("a", encoding="utf-8") as text:
        text.write("# more\n")
    assert said(pack) == [("not-as-sealed", place)]
    assert run(folder, "check", SHOP)[0] == 1
    assert run(folder, "seal", "--check", SHOP)[0] == 1
    assert run(folder, "seal", SHOP)[0] == 0
    Engine.load(pack, installed_plugins=False)


def test_what_came_in_is_not_loaded_and_a_suite_is_no_part_of_it(folder: Path) -> None:
    pack = sealed(folder)
    shutil.rmtree(pack / "tests", ignore_errors=True)
    (pack / "more.test.toml").write_text("", "utf-8")
    Engine.load(pack, installed_plugins=False)
    (pack / "more.toml").write_text("", "utf-8")
    assert said(pack) == [("not-as-sealed", "online-shop/more.toml")]


def test_what_went_away_is_told_even_where_nothing_is_left(folder: Path) -> None:
    pack = sealed(folder)
    (pack / "vocabulary.toml").unlink()
    assert said(pack) == [("not-as-sealed", "online-shop/policy.lock:6:1")]
    (pack / "policy.toml").unlink()
    code, out, _ = run(folder, "check", "rules")
    assert (code, f"{SHOP}: error: no-policy" in out) == (1, True)


def test_one_file_of_a_sealed_folder_is_held_to_the_whole(folder: Path) -> None:
    pack = sealed(folder)
    assert ("not-as-sealed", "policy.lock:6:1") in said(pack / "policy.toml")


def test_other_names_of_the_same_pack_are_as_sealed(folder: Path) -> None:
    sealed(folder)
    (folder / "deployed").symlink_to(folder / "rules", target_is_directory=True)
    Engine.load(folder / "deployed" / "online-shop", installed_plugins=False)
    Engine.load(folder / SHOP / ".." / "online-shop", installed_plugins=False)


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("", "not-as-sealed"),
        ("files = 1\n", "not-as-sealed"),
        ("[files]\n[more]\n", "not-as-sealed"),
        ("[files\n", "toml-syntax"),
        ('[files]\n"policy.toml" = 1\n', "not-as-sealed"),
    ],
)
def test_a_seal_that_is_none_lets_nothing_through(folder: Path, text: str, code: str) -> None:
    pack = sealed(folder)
    (pack / "policy.lock").write_text(text, "utf-8")
    assert {found for found, _ in said(pack)} == {code}


def test_a_link_that_leads_nowhere_is_no_missing_seal(folder: Path) -> None:
    (folder / SHOP / "policy.lock").symlink_to(folder / "nowhere")
    assert said(folder / SHOP) == [("file-missing", "online-shop/policy.lock")]


def test_a_pack_without_a_seal_fails_the_check_alone(folder: Path) -> None:
    code, out, err = run(folder, "seal", "--check", SHOP)
    assert (code, err) == (1, "0 as sealed, 1 not\n")
    assert out.startswith(f"{SHOP}/policy.lock: error: not-as-sealed: there is no seal (after review: ")
    code, out, err = run(folder, "seal", "--check", SHOP, lang="ja")
    assert ("封印されていません" in out, err) == (True, "0 件は封印のまま、1 件は違う\n")


def test_a_broken_pack_is_not_sealed(folder: Path) -> None:
    (folder / SHOP / "more.toml").write_text("[[clause]]\n", "utf-8")
    code, out, _ = run(folder, "seal", SHOP)
    assert (code, "more.toml:1:3: error: missing-key" in out) == (2, True)
    assert not (folder / SHOP / "policy.lock").exists()


def test_what_cannot_be_written_is_told(folder: Path) -> None:
    (folder / SHOP / "policy.lock").mkdir()
    code, out, _ = run(folder, "seal", SHOP)
    assert (code, "error: file-unwritable" in out) == (2, True)


def test_programs_read_what_was_sealed(folder: Path) -> None:
    code, out, err = run(folder, "seal", SHOP, "--format", "json")
    found = json.loads(out)
    pack = load_pack(folder / SHOP)
    assert (code, err, found["findings"]) == (0, "", [])
    assert [packed["files"] for packed in found["packs"]] == [digests(pack.lock, pack.own)]
    assert found["packs"][0]["policy"]["digest"] == pack.digest
    (folder / SHOP / "more.toml").write_text("", "utf-8")
    found = json.loads(run(folder, "seal", "--check", SHOP, "--format", "json")[1])
    assert ([finding["code"] for finding in found["findings"]], found["packs"]) == (["not-as-sealed"], [])


def test_a_change_is_not_swapped_in_until_it_is_sealed(folder: Path) -> None:
    pack = sealed(folder)
    with Engine.watch(pack, installed_plugins=False, interval=60) as watched:
        before = watched.engine
        with (pack / "policy.toml").open("a", encoding="utf-8") as text:
            text.write("# more\n")
        assert not watched.look()
        assert isinstance(watched.error, PolicyError)
        assert watched.engine is before
        run(folder, "seal", SHOP)
        assert watched.look()
        assert (watched.error, watched.engine is before) == (None, False)


def test_the_standard_vocabulary_is_no_part_of_the_digest(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = build_policy(folder / SHOP, KINDS).digest
    newer = tmp_path / "standard.toml"
    more = "[vocabulary.facts.newer]\nja = '新'\nen = 'newer'\n"
    newer.write_text(STANDARD.read_text("utf-8") + more, "utf-8")
    monkeypatch.setattr("policyengine.language.pack.STANDARD", newer)
    monkeypatch.setattr("policyengine.language.pack.standard", standard.__wrapped__)
    after = build_policy(folder / SHOP, KINDS)
    assert "newer" in after.vocabulary.facts
    assert after.digest == before


NAMES = st.lists(st.sampled_from(["a", "b", "c", "z"]), unique=True, max_size=3)


@given(sealed_names=NAMES, now=NAMES, changed=NAMES)
def test_a_pack_loads_just_where_it_is_as_sealed(
    tmp_path_factory: pytest.TempPathFactory, sealed_names: list[str], now: list[str], changed: list[str]
) -> None:
    folder = tmp_path_factory.mktemp("pack")
    (folder / "policy.toml").write_bytes(BASE.encode())
    for name in sealed_names:
        (folder / f"{name}.toml").write_text(f"# {name}\n", "utf-8")
    pack = load_pack(folder)
    pack.lock.write_text(lock_text(digests(pack.lock, pack.own)), "utf-8")
    for name in {*sealed_names, *now}:
        file = folder / f"{name}.toml"
        file.unlink(missing_ok=True)
        if name in now:
            file.write_text(f"# {name}{' other' if name in changed else ''}\n", "utf-8")
    differing = {*sealed_names} ^ {*now} | {*sealed_names} & {*now} & {*changed}
    found = load_pack(folder).problems
    assert {problem.code for problem in found} == ({"not-as-sealed"} if differing else set())
    assert len(found) == len(differing)
