"""Clauses that several policies import: each decides by them as by its own; problems stand in the shared file."""

from __future__ import annotations

from pathlib import Path

import pytest
from marked_packs import BASE, problems, said, write

from policyengine import Engine
from policyengine.engine.plugins import Plugins
from policyengine.language.build import policy_of
from policyengine.language.format import formatted
from policyengine.language.pack import Pack, load_pack
from policyengine.suite.mutants import mutants

REFERENCE = Path(__file__).parents[2] / "rules" / "alc-smart-learning"

GROUNDS = """\
[readings.basis]
ja = "根拠"
en = "What is a ground?"
default = "narrow"
values.narrow = {ja = "狭く", en = "narrow"}
values.wide = {ja = "広く", en = "wide"}

[obligations.note-ground]
clause = "law"
ja = "根拠を記録する"
en = "Note the ground."

[[clause]]
number = "law"
summary = {ja = "法律が認める場合", en = "Where the law allows it."}

[[clause.provision]]
items = "any"
facts = {type = "legal_basis"}
oblige = ["note-ground"]

[[clause.provision]]
items = "any"
under = {basis = "wide"}
facts = {type = "consent"}
"""


def event(controller: str, fact: dict[str, object]) -> dict[str, object]:
    return {
        "id": "e-1",
        "time": "2026-04-01T00:00:00Z",
        "controller": controller,
        "operation": "provide",
        "subject": {"category": "customer"},
        "items": ["name"],
        "purpose": "delivery",
        "recipient": {"id": "office"},
        "facts": [fact],
    }


LAW = {"type": "legal_basis", "kind": "statute", "reference": "x"}
CONSENT = {"type": "consent", "operations": ["provide"]}


def companies(folder: Path, grounds: str = GROUNDS) -> list[Path]:
    write(folder, {"grounds.toml": grounds})
    found = []
    for name in ("east", "west"):
        text = "imports = ['../grounds.toml']\n" + BASE.replace('"shop"', f'"{name}"')
        write(folder, {f"{name}/policy.toml": text})
        found.append(folder / name)
    return found


def test_each_policy_decides_by_an_imported_clause_as_by_its_own(tmp_path: Path) -> None:
    engine = Engine.load(*companies(tmp_path), readings={"west:basis": "wide"}, installed_plugins=False)
    for name in ("east", "west"):
        decision = engine.evaluate(event(name, LAW))
        assert decision.permitted and decision.clauses == ("law",)
        assert [obligation.id for obligation in decision.obligations] == ["note-ground"]
    assert engine.evaluate(event("west", CONSENT)).permitted
    assert not engine.evaluate(event("east", CONSENT)).permitted


def test_what_is_wrong_with_a_shared_clause_is_told_in_the_shared_file(tmp_path: Path) -> None:
    grounds = (
        GROUNDS + "\n[[clause]]\nnumber = 'x'\nsummary = {ja = 'x', en = 'x'}\n[[clause.provision]]\nitems = ['nme']\n"
    )
    (east, _) = companies(tmp_path, grounds)
    (problem,) = problems(east)
    assert problem.code == "unknown-term" and problem.place is not None
    assert Path(problem.place.file).resolve() == (tmp_path / "grounds.toml").resolve()
    assert problem.place.line == grounds[: grounds.index("'nme'")].count("\n") + 1


def test_a_clause_stands_once_in_the_pack_and_what_it_imports(tmp_path: Path) -> None:
    shop = BASE + "\n[[clause]]\nnumber = ⟪duplicate-id⟫'law'\nsummary = {ja = 'x', en = 'x'}\nground = true\n"
    shop = shop.replace("number = ⟪duplicate-id⟫", "⟪duplicate-id⟫number = ")
    expected = write(tmp_path, {"shop.toml": "imports = ['grounds.toml']\n" + shop, "grounds.toml": GROUNDS})
    assert said(problems(tmp_path / "shop.toml")) == expected


def test_the_digest_covers_what_is_imported(tmp_path: Path) -> None:
    east, west = companies(tmp_path)
    before = load_pack(east).digest, load_pack(west).digest
    (tmp_path / "grounds.toml").write_text("# two grounds\n\n" + GROUNDS, "utf-8")
    assert (load_pack(east).digest, load_pack(west).digest) == before, "layout does not count"
    (tmp_path / "grounds.toml").write_text(GROUNDS.replace('facts = {type = "legal_basis"}\n', ""))
    assert all(load_pack(path).digest != digest for path, digest in zip((east, west), before, strict=True))


def test_imported_clauses_are_mutated(tmp_path: Path) -> None:
    east, _ = companies(tmp_path)
    kinds = Plugins(installed=False).kinds
    pack = load_pack(east)
    found = {Path(mutant.document).name for mutant in mutants(pack, policy_of(pack, kinds, {}), kinds)}
    assert "grounds.toml" in found


@pytest.mark.parametrize("moved", ["clause", "readings", "obligations", "vocabulary"])
def test_what_is_moved_into_an_imported_file_means_the_same(moved: str) -> None:
    """The reference policy with some of its tables in a file of their own is the very same policy."""
    kinds = Plugins(installed=False).kinds
    pack = load_pack(REFERENCE)
    rules = tuple(d.with_data({key: value for key, value in d.data.items() if key != moved}) for d in pack.rules)
    shared = tuple(d.with_data({moved: d.data[moved]}) for d in pack.rules if moved in d.data)
    assert shared
    expected = policy_of(pack, kinds, {})
    found = policy_of(Pack(pack.path, rules, (*pack.imported, *shared)), kinds, {})
    assert set(found.rules) == set(expected.rules) and len(found.rules) == len(expected.rules)
    assert found.clauses == expected.clauses and found.vocabulary == expected.vocabulary
    assert found.readings == expected.readings and found.obligations == expected.obligations


def test_a_shared_file_of_clauses_is_formatted_as_any(tmp_path: Path) -> None:
    companies(tmp_path)
    assert "[[clause.provision]]" in formatted((tmp_path / "grounds.toml").read_text("utf-8"), "grounds.toml")
