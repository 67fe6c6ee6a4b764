"""Laws of the table of comparisons."""

from __future__ import annotations

import pytest

from policyengine.model.comparison import COMPARISONS


@pytest.mark.parametrize("name", [name for name, comparison in COMPARISONS.items() if comparison.slip is not None])
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
