"""Packs and shared files by name: what a name stands for, and what is said of one that nothing has."""

from __future__ import annotations

import json
import os
import shutil
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest

import forked
from language.marked_packs import BASE
from policyengine import Documents, Engine, PolicyError
from policyengine.engine.plugins import Plugins
from policyengine.language import offered as names
from policyengine.language.build import build_policy, check_path
from policyengine.language.find import find_packs, find_rule_files, find_suites
from policyengine.language.offered import is_name, located, offered
from policyengine.language.pack import load_pack
from policyengine.suite.load import suite_policies

ROOT = Path(__file__).parents[2]
RULES = ROOT / "rules"
KINDS = Plugins(installed=False).kinds
IMPORT = 'imports = ["policyengine:vocabulary/personal-data"]\n'
SHOP = BASE.replace('name = {ja = "氏名", en = "name"}\n', "").replace('direct = {ja = "直接", en = "direct"}\n', "")
"""A pack that has its words from elsewhere."""


def problems(pack: Path | str | Documents) -> list[tuple[str, str, str]]:
    with pytest.raises(PolicyError) as caught:
        Engine.load(pack, installed_plugins=False)
    return [(one.code, str(one.place), one.hint.en if one.hint else "") for one in caught.value.problems]


def test_everything_below_rules_has_a_name_that_leads_there() -> None:
    found = {one.name: one for one in offered()}
    packs = {f"policyengine:{pack.relative_to(RULES)}": pack for pack in find_packs(RULES)}
    files = [file for file in RULES.rglob("*.toml") if file.parent not in packs.values()]
    shared = {f"policyengine:{file.relative_to(RULES).with_suffix('')}": file for file in files}
    assert {name: (one.kind, one.path) for name, one in found.items()} == {
        **{name: ("pack", path) for name, path in packs.items()},
        **{name: ("shared", path) for name, path in shared.items()},
    }
    assert all(is_name(name) and located(name) == one.path for name, one in found.items())
    assert all(build_policy(one.path, KINDS).id == one.policy["id"] for one in found.values() if one.kind == "pack")


PATHS = ["rules/a", "./one:two", "/one:two", "C:\\rules", "C:/rules", "one:", ":two", "a:../b", "a:/b", "one:../b"]


@pytest.mark.parametrize("path", PATHS)
def test_a_path_is_no_name(path: str) -> None:
    assert not is_name(path) and located(path, Path("folder")) == Path("folder") / path


def test_a_name_stands_wherever_a_path_may(tmp_path: Path) -> None:
    name, folder = "policyengine:online-shop", RULES / "online-shop"
    assert list(find_packs(name)) == list(find_packs(folder))
    assert find_suites(name) == find_suites(folder) and find_rule_files(name) == find_rule_files(folder)
    assert check_path(name, KINDS) == check_path(folder, KINDS)
    suite, settings = tmp_path / "shop.test.toml", tmp_path / "policyengine.toml"
    suite.write_text(f'[suite]\npolicies = ["{name}"]\n', "utf-8")
    settings.write_text(f'policies = ["{name}"]\n[shadow]\npolicies = ["policyengine:appi"]\n', "utf-8")
    assert suite_policies(suite)[0] == (folder,)
    (policy,) = Engine.load(config=settings, installed_plugins=False).policies
    assert policy.digest == Engine.load(name, installed_plugins=False).policies[0].digest


def test_what_is_imported_by_name_is_what_is_imported_by_its_path(tmp_path: Path) -> None:
    for pack in ("alc-smart-learning", "online-shop", "appi"):
        copy = shutil.copytree(RULES / pack, tmp_path / pack)
        for file in find_rule_files(copy):
            text = file.read_text("utf-8")
            for target in tomllib.loads(text).get("imports", ()):
                named = target.replace("../", "policyengine:").removesuffix(".toml")
                text = text.replace(f'"{target}"', f'"{named}"')
            file.write_text(text, "utf-8")
        assert "policyengine:" in (copy / "policy.toml").read_text("utf-8")
        assert build_policy(copy, KINDS).digest == build_policy(RULES / pack, KINDS).digest
        own = {file.name: file.read_text("utf-8") for file in load_pack(copy).files if file.parent == copy}
        assert build_policy(Documents(own), KINDS).digest == build_policy(copy, KINDS).digest


@pytest.mark.parametrize(
    ("name", "code", "hint"),
    [
        (
            "policyengine:vocabulary/personal-date",
            "unknown-pack",
            'did you mean "policyengine:vocabulary/personal-data"?',
        ),
        ("policyengin:appi", "unknown-pack", 'did you mean "policyengine"?'),
        ("policyengine:appi/policy.toml", "unknown-pack", 'did you mean "policyengine:appi"?'),
    ],
)
def test_a_name_that_nothing_has_is_told_where_it_stands(name: str, code: str, hint: str, tmp_path: Path) -> None:
    def told(found: list[tuple[str, str, str]], place: str) -> None:
        assert [one[:2] for one in found] == [(code, place)] and found[0][2].startswith(hint)

    told(problems(name), name)
    pack, suite, settings = (tmp_path / file for file in ("policy.toml", "a.test.toml", "policyengine.toml"))
    text = f'imports = ["{name}"]\n{BASE}'
    pack.write_text(text, "utf-8")
    told(problems(pack), f"{pack}:1:12")
    told(problems(Documents({"shop": text})), "shop:1:12")
    settings.write_text(f'policies = ["{name}"]\n', "utf-8")
    suite.write_text(f'[suite]\npolicies = ["{name}"]\n', "utf-8")
    for read, place in (
        (lambda: Engine.load(config=settings, installed_plugins=False), f"{settings}:1:13"),
        (lambda: suite_policies(suite), f"{suite}:2:13"),
    ):
        with pytest.raises(PolicyError) as caught:
            read()
        told([(one.code, str(one.place), one.hint.en if one.hint else "") for one in caught.value.problems], place)


def test_a_seal_names_what_lies_elsewhere_on_every_machine(tmp_path: Path) -> None:
    pack = tmp_path / "shop"
    pack.mkdir()
    (pack / "policy.toml").write_text(IMPORT + SHOP, "utf-8")
    code, out, _ = forked.policyengine(["seal", "shop"], folder=tmp_path, environment=os.environ)
    assert code == 0, out.decode()
    lock = pack / "policy.lock"
    assert list(tomllib.loads(lock.read_text("utf-8"))["files"]) == [
        "policy.toml",
        "policyengine:vocabulary/personal-data",
    ]
    assert load_pack(pack).problems == ()
    lock.write_text(lock.read_text("utf-8").replace('personal-data" = "sha256:', 'personal-data" = "sha256:0'), "utf-8")
    assert [problem.code for problem in load_pack(pack).problems] == ["not-as-sealed"]


@pytest.fixture
def acme(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """An installed package that offers a pack and a file, with a file of its own that is no rule file."""
    package, about = tmp_path / "site" / "acme_policies", tmp_path / "site" / "acme_policies-1.dist-info"
    (package / "words").mkdir(parents=True)
    (package / "shop").mkdir()
    about.mkdir()
    (package / "__init__.py").write_text("raise RuntimeError('nothing of it is run')\n", "utf-8")
    (package / "settings.toml").write_text("[tool]\nname = 1\n", "utf-8")
    (package / "words" / "base.toml").write_text("[vocabulary.items]\nname = {ja = '氏名', en = 'name'}\n", "utf-8")
    (package / "words" / "shop.toml").write_text("imports = ['base.toml']\n", "utf-8")
    (package / "shop" / "policy.toml").write_text(f"imports = ['../words/shop.toml']\n{SHOP}", "utf-8")
    (about / "METADATA").write_text("Metadata-Version: 2.1\nName: acme-policies\nVersion: 1\n", "utf-8")
    (about / "entry_points.txt").write_text("[policyengine.packs]\nacme = acme_policies\n", "utf-8")
    monkeypatch.syspath_prepend(tmp_path / "site")
    for kept in (names._home, names._packages):
        kept.cache_clear()
    yield package
    for kept in (names._home, names._packages):
        kept.cache_clear()
    sys.modules.pop("acme_policies", None)


def test_a_package_offers_packs_and_nothing_of_it_is_run(acme: Path, tmp_path: Path) -> None:
    theirs = {one.name: (one.kind, one.path) for one in offered() if one.name.startswith("acme:")}
    assert theirs == {
        "acme:shop": ("pack", acme / "shop"),
        "acme:words/base": ("shared", acme / "words" / "base.toml"),
        "acme:words/shop": ("shared", acme / "words" / "shop.toml"),
    }
    (policy,) = Engine.load("acme:shop", installed_plugins=False).policies
    ours = tmp_path / "ours" / "policy.toml"
    ours.parent.mkdir()
    ours.write_text(f"imports = ['acme:words/shop']\n{SHOP}", "utf-8")
    assert Engine.load(ours, installed_plugins=False).policies[0].digest == policy.digest
    assert "name" in build_policy(ours, KINDS).vocabulary.terms["items"], "what is named imports what lies beside it"


def test_what_a_name_leads_to_opens_no_other_way(tmp_path: Path) -> None:
    (tmp_path / "else.toml").write_text("[vocabulary.items]\n", "utf-8")
    pack = tmp_path / "here" / "shop"
    pack.mkdir(parents=True)
    imports = 'imports = ["policyengine:vocabulary/personal-data", "../../else.toml"]'
    (pack / "policy.toml").write_text(f"{imports}\n{SHOP}", "utf-8")
    assert [one[:2] for one in problems(pack)] == [("import-outside", f"{pack / 'policy.toml'}:1:53")]


def test_the_command_lists_them_for_people_and_programs(tmp_path: Path) -> None:
    def ran(*words: str) -> str:
        code, out, err = forked.policyengine(["packs", *words], folder=tmp_path, environment=os.environ)
        assert (code, err) == (0, b"")
        return out.decode()

    listed = {one["name"]: one for one in json.loads(ran("--format", "json"))}
    assert listed["policyengine:appi"]["policy"]["version"] == "2026-11"
    assert listed["policyengine:vocabulary/appi"] == {
        "name": "policyengine:vocabulary/appi",
        "kind": "shared",
        "path": str(RULES / "vocabulary" / "appi.toml"),
        "policy": None,
    }
    assert [line.split()[0] for line in ran("--lang", "en").splitlines()] == list(listed)
    assert "個人情報の保護に関する法律" in ran("--lang", "ja")


def test_a_name_is_no_revision_of_git() -> None:
    words = ["diff", "policyengine:online-shop", "rules/online-shop", "--lang", "en"]
    code, out, err = forked.policyengine(words, folder=ROOT, environment=os.environ)
    assert (code, err) == (0, b""), out
