"""Bounds of an attribute that contradict one another are refused, and none that some value meets."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from policyengine.language.check import impossible
from policyengine.model.condition import Compare, all_of, compares

NUMBERS = range(-1, 6)
VALUES = [number / 2 for number in range(-5, 14)]
"""Every bound, and something between any two of them and beyond."""


def comparisons(*ops: str) -> st.SearchStrategy[list[Compare]]:
    return st.lists(st.builds(Compare, st.just("age"), st.sampled_from(ops), st.sampled_from(NUMBERS)), max_size=4)


def met(tests: list[Compare]) -> bool:
    return any(all(compares(value, test) for test in tests) for value in VALUES)


@given(comparisons("below", "at_most", "at_least", "above", "is"))
def test_bounds_are_refused_where_no_number_is_within_them(tests: list[Compare]) -> None:
    assert impossible(all_of(*tests)) is not met(tests)


@given(comparisons("below", "at_most", "at_least", "above", "is", "is_not"))
def test_what_some_number_meets_is_never_refused(tests: list[Compare]) -> None:
    assert not (met(tests) and impossible(all_of(*tests)))
