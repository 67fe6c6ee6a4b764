"""Laws of the table of comparisons."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from policyengine.language.check import impossible
from policyengine.model.comparison import COMPARISONS
from policyengine.model.condition import Compare, all_of, compares

numbers = st.integers(-3, 3) | st.sampled_from([-0.5, 0.5, 1.5])
ops = st.sampled_from(sorted(COMPARISONS))


@given(st.lists(st.tuples(ops, numbers), max_size=3))
def test_what_is_said_to_be_impossible_no_value_passes(tests: list[tuple[str, float]]) -> None:
    asked = [Compare("age", op, value) for op, value in tests]
    near = [value / 4 for value in range(-20, 21)]
    passed = [value for value in near if all(compares(value, test) for test in asked)]
    assert not (impossible(all_of(*asked)) and passed)
    if not any(test.op == "is_not" for test in asked):
        assert impossible(all_of(*asked)) is not bool(passed)


@pytest.mark.parametrize("name", COMPARISONS)
def test_a_slip_is_one_at_the_bound_alone_or_the_opposite(name: str) -> None:
    comparison, slip = COMPARISONS[name], COMPARISONS[COMPARISONS[name].slip]
    assert COMPARISONS[name].slip != name
    assert slip.bound == comparison.bound
    apart = [value for value in range(-2, 3) if comparison.passes(value, 0) is not slip.passes(value, 0)]
    assert apart == ([0] if comparison.bound else [-2, -1, 0, 1, 2])


@pytest.mark.parametrize("name", COMPARISONS)
def test_a_bound_is_where_it_says(name: str) -> None:
    comparison = COMPARISONS[name]
    passed = {comparison.passes(low, 0) for low in (-2, -1)}, {comparison.passes(high, 0) for high in (1, 2)}
    if comparison.bound == "above":
        assert passed == ({True}, {False})
    if comparison.bound == "below":
        assert passed == ({False}, {True})
