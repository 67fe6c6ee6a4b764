"""Attributes that are days or times, as far as conditions tell them apart at one time, and when that changes.

A condition compares such an attribute with fixed values, or asks how long ago it is. At one time, its values fall into
regions between those values and the edges of ages; which regions there are changes where a fixed value, or one beside
it, reaches an age.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import date, timedelta
from itertools import pairwise

from policyengine.calendar import DAY, shown
from policyengine.model.condition import STATED, Age, Compare
from policyengine.model.meets import began
from policyengine.moment import instant, is_day, written


def beside(value: str) -> tuple[str, ...]:
    """Return the value before, `value` itself and the one after; fewer at the ends of the calendar."""
    found: list[str] = []
    for step in (-1, 0, 1):
        try:
            if is_day(value):
                found.append((date.fromisoformat(value) + timedelta(days=step)).isoformat())
            else:
                found.append(written(instant(value) + step))
        except OverflowError:
            continue
    return tuple(found)


def turning(tests: Iterable[Compare], ages: Sequence[Age]) -> Iterator[int]:
    """Yield when the regions change: values of tests, and those beside them, reach an age."""
    for test in tests:
        for value in beside(str(test.value)) if test.op != STATED else ():
            for age in ages:
                yield age.within.after(began(value, age))


def decided(tests: Sequence[Compare], ages: Sequence[Age]) -> bool:
    """Whether the regions are known.

    The order of ages hangs on no date, they are far enough apart, and what began after a value of a test reaches each
    of them after it.
    """
    if not ages:
        return True
    if len({(age.day, age.zone) for age in ages}) > 1:
        return False
    first = ages[0]
    marks = () if first.day else [str(test.value) for test in tests if test.op != STATED]
    if not all(age.within.steady(began(mark, age)) for mark in marks for age in ages):
        return False
    lapses = sorted({age.within for age in ages}, key=lambda lapse: lapse.shortest)
    apart = 2 * DAY if first.day else 0
    if first.day and lapses[0].shortest < apart:
        return False
    return all(ours.longest + apart < theirs.shortest for ours, theirs in pairwise(lapses))


def values(tests: Sequence[Compare], ages: Sequence[Age], now: int) -> tuple[str, ...]:
    """Return values of an attribute, one or more of each region at the time `now`."""
    found = [value for test in tests if test.op != STATED for value in beside(str(test.value))]
    for age in ages:
        found += _edge(age, now)
    if ages:
        found.append(_value(ages[0], now))
    if tests and not found:  # whatever the value, it is one
        found.append(written(now) if tests[0].moment else written(now)[:10])
    return tuple(dict.fromkeys(found))


def _edge(age: Age, now: int) -> Iterator[str]:
    """Yield the latest value that is as old as `age` asks, and the one after it."""
    unit = DAY if age.day else 1
    old, young = now - age.within.longest - DAY, now - age.within.shortest + 2 * DAY
    while young - old > unit:
        middle = (old + young) // 2
        if age.within.after(began(_value(age, middle), age)) <= now:
            old = middle
        else:
            young = middle
    yield from dict.fromkeys((_value(age, old), _value(age, young)))


def _value(age: Age, at: int) -> str:
    return shown(at, age.zone)[:10] if age.day else written(at)
