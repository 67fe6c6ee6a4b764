"""Hierarchies: what stands below what, and circles, as slow rules find them."""

from __future__ import annotations

import pickle

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from policyengine.model.hierarchy import Hierarchy

NAMES = [*"abcdefg"]
hierarchies = st.dictionaries(st.sampled_from(NAMES), st.lists(st.sampled_from([*NAMES, "x"]), max_size=3), max_size=7)


def steps(above: dict[str, list[str]]) -> set[tuple[str, str]]:
    """Return which name leads up to which in one step or more, by Warshall's rule, slowly and plainly."""
    found = {(one, other) for one, names in above.items() for other in names if other in above}
    for middle in above:
        found |= {(a, d) for a, b in found for c, d in found if b == c == middle}
    return found


@given(hierarchies, st.lists(st.sampled_from([*NAMES, "x"]), max_size=3))
@example({"a": ["b"], "b": ["a"], "c": ["a", "d"], "d": ["d", "x"]}, ["a", "x"])
def test_what_stands_below_is_what_the_slow_rule_says(above: dict[str, list[str]], asked: list[str]) -> None:
    leads = steps(above)
    below = {name: {name, *(one for one in above if (one, name) in leads)} for name in above}
    hierarchy = Hierarchy(above)
    assert hierarchy.closure(asked) == {one for name in asked for one in below.get(name, {name})}
    assert hierarchy.circular() == {name for name in above if (name, name) in leads}
    for _ in range(2):
        assert dict(hierarchy) == below == dict(pickle.loads(pickle.dumps(hierarchy)))
    assert hierarchy.get("x") is None and "x" not in hierarchy
    with pytest.raises(KeyError):
        hierarchy["x"]


def test_the_deepest_hierarchy_knows_what_was_asked_alone() -> None:
    deep = Hierarchy({str(number): [str(number - 1)] for number in range(20_000)})
    assert len(deep["0"]) == len(deep) == 20_000
    assert deep["19998"] == {"19998", "19999"}
    assert deep.circular() == set()
    assert Hierarchy({str(number): [str((number - 1) % 20_000)] for number in range(20_000)}).circular() == set(deep)
