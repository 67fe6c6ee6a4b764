"""How the space of events divides: which events no rule of a policy tells apart, whatever their items and facts."""

from __future__ import annotations

from bisect import bisect
from collections.abc import Iterable, Mapping, Sequence
from typing import Final, TypeAlias

from policyengine.decision.facts import Values
from policyengine.model.condition import OPEN, Condition, Field, In, NotIn, Value, leaves
from policyengine.model.rule import Permit, Rule, conditions_of
from policyengine.model.view import divided
from policyengine.model.vocabulary import DIMENSIONS, Vocabulary
from policyengine.moment import FOREVER

Key: TypeAlias = tuple[int | None, ...]
"""A class of events: a number for each of `CLASS_FIELDS`, and one for the time."""

CLASS_FIELDS: Final = tuple(field for field in Field if field not in (Field.ITEM, Field.SUBJECT_ID))
"""The fields of an event that are part of its class. Items, persons, facts and attributes are none of it."""


def leaves_of(rules: Iterable[Rule]) -> Iterable[Condition]:
    """Yield every leaf of every condition of `rules`."""
    for rule in rules:
        for condition in conditions_of(rule):
            yield from leaves(condition)


_UNSTATED: Final[Mapping[Value, int | None]] = {OPEN: -1, None: None}


class Classes:
    """The classes of events under one policy.

    Args:
        rules: its rules.
        vocabulary: its words.
    """

    def __init__(self, rules: Sequence[Rule], vocabulary: Vocabulary) -> None:
        declared = {field: vocabulary.terms[dimension] for dimension, field in DIMENSIONS.items()}
        lists: dict[Field, list[frozenset[str]]] = {field: [] for field in CLASS_FIELDS}
        for leaf in leaves_of(rules):
            if isinstance(leaf, In | NotIn) and leaf.field in lists:
                lists[leaf.field].append(leaf.values)
        # INVARIANT: a permit tells operations apart without any condition that says so.
        lists[Field.OPERATION] += (rule.operations for rule in rules if isinstance(rule, Permit))
        self._numbers: Mapping[Field, Mapping[str, int]] = {
            field: divided(found, declared.get(field, ())) for field, found in lists.items()
        }
        self._dates = sorted({date for rule in rules for date in span(rule)} - {-FOREVER, FOREVER})

    def key(self, values: Values, instant: int) -> Key:
        """Return the class of an event.

        Args:
            values: what rules see of it; a value that no rule and no vocabulary knows is as any other such.
            instant: its time.
        """
        numbers: list[int | None] = []
        for field in CLASS_FIELDS:
            value = values[field]
            numbers.append(self._numbers[field].get(value, 0) if isinstance(value, str) else _UNSTATED[value])
        numbers.append(self.epoch(instant))
        return tuple(numbers)

    def epoch(self, instant: int) -> int:
        """Return the number of the span of time around `instant` in which the same rules are in force."""
        return bisect(self._dates, instant)


def span(rule: Rule) -> tuple[int, int]:
    """Return from when (inclusive) until when (exclusive) a rule is in force."""
    return rule.head.start, rule.head.end
