"""Durations of a policy of which the longer one hangs on the date: a month and thirty days."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from msgspec.structs import replace

from policyengine.calendar import Lapse
from policyengine.errors import Problem
from policyengine.language.problems import ORDER_BY_DATE
from policyengine.model import ages
from policyengine.model.condition import Acquired, Age, Condition, Holds, leaves
from policyengine.model.rule import Rule, conditions_of
from policyengine.model.time_words import lasting


def order_notes(rules: Iterable[Rule]) -> Iterator[Problem]:
    """Yield, as notes, durations that are counted from the same time and whose order hangs on the date."""
    found: dict[tuple[str, str], dict[Lapse, tuple[Rule, Condition]]] = {}
    for rule in rules:
        for condition in conditions_of(rule):
            for leaf in leaves(condition):
                if (asked := _asked(leaf)) is not None:
                    since, lapse = asked
                    found.setdefault(since, {}).setdefault(lapse, (rule, leaf))
    for lapses in found.values():
        for shorter, longer in ages.unordered(lapses):
            rule, leaf = lapses[longer]
            document, path = rule.head.source or (None, ())
            place = document.place((*path, *(getattr(leaf, "at", None) or ()))) if document else None
            yield replace(ORDER_BY_DATE.at(place, one=lasting(shorter), other=lasting(longer)), clause=rule.head.clause)


def _asked(leaf: Condition) -> tuple[tuple[str, str], Lapse] | None:
    """Return since what a leaf counts a duration, and which."""
    match leaf:
        case Acquired(within):
            return ("acquired", ""), within
        case Age(attribute, within):
            return ("attribute", attribute), within
        case Holds(name, within=within) if within is not None:
            return ("fact", name), within
        case _:
            return None
