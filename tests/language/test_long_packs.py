"""Hierarchies of terms and clauses that are long: what is wrong with them is told, and time grows with their length."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from language.deep_packs import DEEP, chain
from policyengine import Engine, PolicyError
from policyengine.language.build import policy_of
from policyengine.language.pack import load_pack
from policyengine.model.policy import Policy


def test_a_circle_of_thousands_of_terms_is_told_of_each(tmp_path: Path) -> None:
    start = time.process_time()
    with pytest.raises(PolicyError) as caught:
        Engine.load(chain(tmp_path, closed=True), installed_plugins=False)
    assert [problem.code for problem in caught.value.problems] == ["cyclic-hierarchy"] * DEEP
    assert time.process_time() - start < 10


def built(folder: Path, clauses: int) -> tuple[Policy, float]:
    """Return a policy each of whose clauses is a case of the one before, and the seconds that it took to build."""
    text = "[policy]\nid = 'long'\nversion = '1'\ntitle = {ja = 'x', en = 'x'}\ngoverns = ['shop']\n"
    for number in range(clauses):
        text += f"[[clause]]\nnumber = '{number}'\nsummary = {{ja = 'x', en = 'x'}}\n"
        text += f"case_of = '{number - 1}'\n" if number else "ground = true\n"
    (folder / "policy.toml").write_text(text, "utf-8")
    pack = load_pack(folder)
    start = time.process_time()
    return policy_of(pack, {}, {}, trusted=True), time.process_time() - start


def test_the_time_that_clauses_take_grows_with_their_number(tmp_path: Path) -> None:
    few = min(built(tmp_path, 1_000)[1] for _ in range(3))
    policy, many = built(tmp_path, 10_000)
    assert len(policy.clauses) == 10_000
    assert many < 25 * few
