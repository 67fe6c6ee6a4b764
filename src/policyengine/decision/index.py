"""An index of rules by what they ask of an event, so that deciding looks only at those that can matter."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from typing import Generic, TypeVar

from policyengine.decision.facts import Values
from policyengine.model.condition import OPEN, Condition, Field, In, Value, conjuncts

R = TypeVar("R")


class RuleIndex(Generic[R]):
    """Rules, each found by one value that its scope asks for.

    Every rule is entered under the values of one of the lists in its scope: that whose values the fewest rules share.
    So the index is linear in what the rules list, and a selection finds few rules that do not matter.

    Args:
        rules: in the order in which selections return them.
        scope_of: the condition that must be met for a rule to matter.
    """

    def __init__(self, rules: Iterable[R], scope_of: Callable[[R], Condition]) -> None:
        self.rules: Sequence[R] = tuple(rules)
        lists = [
            [part for part in conjuncts(scope_of(rule)) if isinstance(part, In) and part.field is not Field.ITEM]
            for rule in self.rules
        ]
        shared = Counter((part.field, value) for parts in lists for part in parts for value in part.values)
        self._found: dict[Field, dict[Value, list[int]]] = {}
        keys: tuple[Value, ...]
        self._everywhere: list[int] = []
        for number, parts in enumerate(lists):
            if not parts:
                self._everywhere.append(number)
                continue
            rarest = min(parts, key=lambda part: max((shared[part.field, value] for value in part.values), default=0))
            of = self._found.setdefault(rarest.field, {})
            keys = (*rarest.values, OPEN) if rarest.open else tuple(rarest.values)
            for value in keys:
                of.setdefault(value, []).append(number)

    def select(self, values: Values) -> list[R]:
        """Return the rules whose scope an event may meet.

        Args:
            values: what rules see of the event.
        """
        numbers = list(self._everywhere)
        for field, found in self._found.items():
            numbers += found.get(values[field], ())
        return [self.rules[number] for number in sorted(numbers)]
