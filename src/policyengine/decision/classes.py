"""How the space of events divides: which events no rule of a policy tells apart, whatever their items and facts."""

from __future__ import annotations

import itertools
from bisect import bisect
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, Final, TypeAlias

from policyengine.model.condition import Condition, During, Field, In, NotIn, leaves
from policyengine.model.event import BESIDE, KEY_FIELDS, Event
from policyengine.model.fields import ROWS
from policyengine.model.operation import OPERATIONS, WITHIN
from policyengine.model.rule import Permit, Rule, conditions_of
from policyengine.model.view import divided
from policyengine.model.vocabulary import Vocabulary
from policyengine.moment import FOREVER

Key: TypeAlias = tuple[Any, ...]
"""A class of events: under what, its operation, a number for the time, and one for each field that rules tell apart."""

STRANGE: Final = -1
"""The number of a word that the policy does not know, where it has to know it."""

_UNSTATED: Final = -2
"""The number of a value that is not stated: the operation says whether it is open, or not there."""

CLASS_FIELDS: Final = tuple(field for field in Field if field is not Field.ITEM)
"""The fields of an event that are part of its class, where rules list words of them. Items, facts and attributes are
none of it."""


def leaves_of(rules: Iterable[Rule]) -> Iterable[Condition]:
    """Yield every leaf of every condition of `rules`."""
    for rule in rules:
        for condition in conditions_of(rule):
            yield from leaves(condition)


class Classes:
    """The classes of events under one policy.

    Args:
        rules: its rules.
        vocabulary: its words.
    """

    def __init__(self, rules: Sequence[Rule], vocabulary: Vocabulary) -> None:
        lists: dict[Field, list[frozenset[str]]] = {field: [] for field in CLASS_FIELDS}
        for leaf in leaves_of(rules):
            if isinstance(leaf, In | NotIn) and leaf.field in lists:
                lists[leaf.field].append(leaf.values)
        # INVARIANT: a permit tells operations apart without any condition that says so.
        lists[Field.OPERATION] += (rule.operations for rule in rules if isinstance(rule, Permit))
        dates = {date for rule in rules for date in span(rule)}
        dates |= {
            date for leaf in leaves_of(rules) if isinstance(leaf, During) for edges in leaf.spans for date in edges
        }
        self._dates = sorted(dates - {-FOREVER, FOREVER})
        everywhere: list[dict[str | None, int]] = []
        within: list[dict[str | None, int]] = []
        others: list[int] = []
        for field in KEY_FIELDS:
            dimension = ROWS[field].dimension
            known = vocabulary.terms[dimension] if dimension else {}
            closed = dimension is not None and not vocabulary.knows(dimension, "")
            others.append(STRANGE if closed else 0)
            # INVARIANT: within the controller no recipient is there for rules (`facts.as_rules_see`).
            unseen = ROWS[field].key == "recipient"
            for tables, told in ((everywhere, lists[field]), (within, [] if unseen else lists[field])):
                numbers: dict[str | None, int] = {}
                if told or closed:
                    numbers[None] = _UNSTATED if told else 0
                    numbers.update(divided(told, known))
                tables.append(numbers)
        self._others = others
        self._beside: Final = [(said, dict(divided(lists[field]))) for field, said in BESIDE.items() if lists[field]]
        self.number = next(_NUMBERS)
        self._tables = {operation: within if operation in WITHIN else everywhere for operation in OPERATIONS}

    def key(self, event: Event) -> Key:
        """Return the class of an event, with `STRANGE` in it where it states a word that the policy does not know."""
        stated = event.key
        operation = event.document.operation
        numbers = map(_number, self._tables[operation], stated, self._others)
        key = (self.number, operation, bisect(self._dates, event.instant), *numbers)
        return (*key, *[_told(said(event), known) for said, known in self._beside]) if self._beside else key


_NUMBERS: Final = itertools.count()


def _told(value: str | None, known: Mapping[str, int]) -> int:
    return _UNSTATED if value is None else known.get(value, 0)


_number: Final[Callable[[dict[str | None, int], str | None, int], int]] = dict.get


def span(rule: Rule) -> tuple[int, int]:
    """Return from when (inclusive) until when (exclusive) a rule is in force."""
    return rule.head.start, rule.head.end
