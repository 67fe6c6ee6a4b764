"""What meets a requirement may be clauses of their own: each is cited, with its obligations, where it was met."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from language.marked_packs import BASE, CLAUSE
from policyengine import Engine
from policyengine.analysis.difference import difference
from policyengine.engine.plugins import Plugins
from policyengine.language.build import build_policy, check_path

KINDS = Plugins(installed=False).kinds
CASES = """\
[[clause.requirement]]
operations = ["use"]
require.facts = {type = "vetting"}

[[clause]]
number = "9.1"
case_of = "9"
summary = {ja = "一", en = "one"}
[[clause.alternative]]
facts = {type = "consent"}
oblige = ["tell"]

[[clause]]
number = "9.2"
case_of = "9"
summary = {ja = "二", en = "two"}
[[clause.alternative]]
from = 2026-01-01T00:00:00+09:00
facts = {type = "legal_basis", kind = "statute"}
"""
CONSENT = {"type": "consent", "operations": ["use"]}
STATUTE = {"type": "legal_basis", "kind": "statute", "reference": "act"}


def written(folder: Path, text: str) -> Path:
    folder.mkdir(exist_ok=True)
    (folder / "base.toml").write_text(BASE, "utf-8")
    (folder / "rule.toml").write_text(CLAUSE + text, "utf-8")
    return folder


def decided(folder: Path, facts: list[Any], **stated: Any) -> Any:
    event = {
        "id": "e",
        "time": "2026-06-01T12:00:00+09:00",
        "operation": "use",
        "subject": {"category": "customer"},
        "items": ["name"],
        "purpose": "delivery",
        "facts": facts,
        **stated,
    }
    return Engine.load(folder, installed_plugins=False).evaluate(event)


@pytest.mark.parametrize(
    ("facts", "clauses", "obligations"),
    [
        ([], None, []),
        ([CONSENT], {"9.1"}, ["tell"]),
        ([STATUTE], {"9.2"}, []),
        ([CONSENT, STATUTE], {"9.1", "9.2"}, ["tell"]),
    ],
    ids=["none", "the first", "the second", "both"],
)
def test_each_way_that_was_met_is_cited_with_its_obligations(
    tmp_path: Path, facts: list[Any], clauses: set[str] | None, obligations: list[str]
) -> None:
    decision = decided(written(tmp_path / "p", CASES), facts)
    if clauses is None:
        assert (decision.outcome, decision.clauses) == ("deny", ("9",))
        assert all(word in decision.reasons[0].message.en for word in ("vetting", "consent", "legal basis"))
    else:
        assert decision.permitted
        assert {clause for clause in decision.clauses if clause.startswith("9")} == clauses
        assert [duty.id for duty in decision.obligations] == obligations


def test_a_way_counts_while_it_is_in_force(tmp_path: Path) -> None:
    assert not decided(written(tmp_path / "p", CASES), [STATUTE], time="2025-12-31T12:00:00+09:00").permitted


def test_a_prohibition_is_lifted_by_a_clause_of_its_own(tmp_path: Path) -> None:
    text = CASES.replace("requirement", "prohibition").replace('require.facts = {type = "vetting"}\n', "")
    pack = written(tmp_path / "p", text)
    assert not decided(pack, []).permitted
    assert "9.1" in decided(pack, [CONSENT]).clauses
    explained = decided(pack, [CONSENT]).explain("en")
    assert "9.1/alternative" in explained and "is satisfied" in explained


def test_the_difference_finder_sees_what_a_clause_meets(tmp_path: Path) -> None:
    one = build_policy(written(tmp_path / "one", CASES), KINDS)
    other = build_policy(written(tmp_path / "other", CASES.replace('kind = "statute"', 'kind = "court"')), KINDS)
    assert difference(one, one) is None
    found = difference(one, other)
    assert found is not None and found.left.clauses.keys() != found.right.clauses.keys()


def test_each_way_is_a_remedy(tmp_path: Path) -> None:
    decision = decided(written(tmp_path / "p", CASES), [])
    added = [[change["fact"]["type"] for change in one["changes"]] for one in decision.as_dict()["remedies"]]
    assert sorted(added) == [["consent"], ["legal_basis"]], "nobody receives, so nobody can be vetted"


def test_one_that_meets_nothing_is_an_error(tmp_path: Path) -> None:
    pack = written(tmp_path / "p", "[[clause.alternative]]\nfacts = {type = 'consent'}\n")
    assert [problem.code for problem in check_path(pack, KINDS)] == ["nothing-to-meet"]


def test_what_has_nothing_to_meet_is_a_note(tmp_path: Path) -> None:
    text = '[[clause.alternative]]\nmeets = ["1"]\nfacts = {type = "consent"}\n'
    found = check_path(written(tmp_path / "pack", text), KINDS)
    (note,) = [problem for problem in found if problem.code == "meets-nothing"]
    assert note.severity == "note"
    assert "clause 1" in note.message.en
    sound = check_path(written(tmp_path / "other", CASES), KINDS)
    assert "meets-nothing" not in {problem.code for problem in sound}
