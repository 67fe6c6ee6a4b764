"""Whether a leaf of a condition is met by the values that it looks at."""

from __future__ import annotations

from policyengine.calendar import PLAIN_ZONE, hour, midnight
from policyengine.model.comparison import COMPARISONS
from policyengine.model.condition import (
    OPEN,
    STATED,
    Acquired,
    Age,
    Clock,
    Compare,
    Condition,
    During,
    Holds,
    In,
    NotIn,
    Same,
    Value,
)
from policyengine.moment import instant


def says(leaf: In | NotIn, value: Value) -> bool:
    """Return whether an event that says `value` in the field of `leaf` meets it."""
    if value is None:
        return False
    if value is OPEN:
        return leaf.open
    return (value in leaf.values) is isinstance(leaf, In)


def alike(leaf: Same, left: Value, right: Value) -> bool:
    """Return whether an event that says `left` and `right` in the fields of `leaf` meets it."""
    if left is None or right is None:
        return False
    if left is OPEN or right is OPEN:
        left_open = {field for field, value in ((leaf.left, left), (leaf.right, right)) if value is OPEN}
        return leaf.open is not (left_open <= leaf.passes)
    return (left == right) is leaf.equal


def compares(value: bool | int | float | str, test: Compare) -> bool:
    """Whether `value`, of the attribute's declared type, passes `test`."""
    passes = COMPARISONS[test.op].passes
    if test.moment and test.op != STATED:
        return passes(instant(str(value)), instant(str(test.value)))
    return passes(value, test.value)


def during(now: int, leaf: During) -> bool:
    """Whether an instant is in one of the spans of `leaf`."""
    return any(start <= now < end for start, end in leaf.spans)


def strikes(now: int, leaf: Clock) -> bool:
    """Whether an instant is on the days and in the hours of `leaf`."""
    day, minute = hour(now, leaf.zone)
    return day in leaf.days and leaf.since <= minute < leaf.until


def had(now: int, acquired: int | None, leaf: Acquired) -> bool:
    """Whether the data of an event, had since `acquired` where it says so, meet `leaf` at its time."""
    if acquired is None:
        return leaf.open
    return (leaf.within.after(acquired) <= now) is leaf.passed


def began(value: bool | int | float | str, leaf: Age) -> int:
    """Return when an attribute was, a day or a time of the declared form."""
    return midnight(str(value), leaf.zone) if leaf.day else instant(str(value))


def aged(now: int, value: bool | int | float | str, leaf: Age) -> bool:
    """Whether an attribute that an event states meets `leaf` at the time `now`."""
    return (leaf.within.after(began(value, leaf)) <= now) is leaf.passed


def zone_of(leaf: Condition) -> str:
    """Return by whose calendar and clock a leaf counts."""
    match leaf:
        case Acquired(within):
            return within.zone
        case Age(within=within, day=day, zone=zone):
            return zone if day else within.zone
        case Clock(zone=zone):
            return zone
        case Holds(within=within, after=after):
            own = PLAIN_ZONE if within is None else within.zone
            return zone_of(after) if own == PLAIN_ZONE and after is not None else own
        case _:
            return PLAIN_ZONE
