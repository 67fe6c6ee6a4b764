"""Hierarchies of terms: kinds of kinds, circles, and what they cost."""

from __future__ import annotations

import pickle
import sys
import time
from collections.abc import Mapping
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from policyengine import Engine, PolicyError
from policyengine.model.vocabulary import DIMENSIONS, Term, Vocabulary, circular
from policyengine.text import same

DEEP = 5_000
NAMES = [*"abcdefg"]
hierarchies = st.dictionaries(
    st.sampled_from(NAMES), st.lists(st.sampled_from([*NAMES, "undeclared"]), max_size=3), max_size=len(NAMES)
)


def declared(parents: Mapping[str, list[str]]) -> dict[str, Term]:
    return {name: Term(name, same(name), tuple(above)) for name, above in parents.items()}


def vocabulary(parents: Mapping[str, list[str]]) -> Vocabulary:
    return Vocabulary({**{dimension: {} for dimension in DIMENSIONS}, "items": declared(parents)})


def leads(parents: Mapping[str, list[str]], name: str, above: str) -> bool:
    """Whether one step or more lead up from a term to another, by Warshall's rule, slowly and plainly."""
    steps = {(one, other) for one in parents for other in parents[one] if other in parents}
    for middle in parents:
        steps |= {(a, d) for a, b in steps for c, d in steps if b == c == middle}
    return (name, above) in steps


@given(hierarchies, st.lists(st.sampled_from([*NAMES, "undeclared"]), max_size=3))
@example({"a": ["b"], "b": ["a"], "c": ["a"], "d": ["d"]}, ["a", "c"])
def test_kinds_and_circles_are_what_the_slow_rule_says(parents: dict[str, list[str]], asked: list[str]) -> None:
    words = vocabulary(parents)
    kinds = {term: {term, *(name for name in parents if leads(parents, name, term))} for term in [*NAMES, "undeclared"]}
    assert words.closure("items", asked) == {kind for term in asked for kind in kinds[term]}
    for term in (*asked, *asked):
        assert words.kinds("items", term) == kinds[term]
    assert circular(declared(parents)) == {name for name in parents if leads(parents, name, name)}
    assert words.kinds("purposes", "a") == {"a"}


def test_a_vocabulary_that_was_asked_is_equal_to_one_that_was_not() -> None:
    asked = vocabulary({"a": [], "b": ["a"]})
    asked.kinds("items", "a")
    assert asked == vocabulary({"a": [], "b": ["a"]}) == pickle.loads(pickle.dumps(asked))


def chain(tmp_path: Path, *, closed: bool = False) -> Path:
    above = f", is_a = 't{DEEP - 1}'" if closed else ""
    first = f"t0 = {{ja = 'x', en = 'x'{above}}}\n"
    terms = "".join(f"t{number} = {{ja = 'x', en = 'x', is_a = 't{number - 1}'}}\n" for number in range(1, DEEP))
    (tmp_path / "policy.toml").write_text(
        "[policy]\nid = 'deep'\nversion = '1'\ntitle = {ja = 'x', en = 'x'}\ngoverns = ['shop']\n"
        "[vocabulary.purposes]\nuse = {ja = 'x', en = 'x'}\n"
        "[vocabulary.subjects]\ncustomer = {ja = 'x', en = 'x'}\n"
        f"[vocabulary.items]\n{first}{terms}"
        "[[clause]]\nnumber = '1'\nsummary = {ja = 'x', en = 'x'}\n"
        "[[clause.purpose-limitation]]\nsubjects = ['customer']\npurposes = ['use']\nitems = ['t0']\n",
        "utf-8",
    )
    return tmp_path


def test_a_hierarchy_of_thousands_of_steps_loads_and_decides(tmp_path: Path) -> None:
    assert sys.getrecursionlimit() < DEEP
    start = time.process_time()
    engine = Engine.load(chain(tmp_path), installed_plugins=False)
    event = {"id": "1", "time": "2026-01-01T00:00:00Z", "controller": "shop", "operation": "use", "purpose": "use"}
    decision = engine.evaluate({**event, "subject": {"category": "customer"}, "items": [f"t{DEEP - 1}"]})
    assert decision.outcome == "permit"
    assert time.process_time() - start < 5
    sets = engine.policies[0].vocabulary._kinds.values()
    assert sum(map(len, sets)) <= 2 * DEEP


def test_a_circle_of_thousands_of_terms_is_told_of_each(tmp_path: Path) -> None:
    start = time.process_time()
    with pytest.raises(PolicyError) as caught:
        Engine.load(chain(tmp_path, closed=True), installed_plugins=False)
    assert [problem.code for problem in caught.value.problems] == ["cyclic-hierarchy"] * DEEP
    assert time.process_time() - start < 10
