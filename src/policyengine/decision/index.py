"""An index of rules by what they ask of an event, so that deciding looks only at those that can matter."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Generic, TypeVar

from policyengine.decision.facts import Values
from policyengine.model.condition import Condition, Field, In, conjuncts

R = TypeVar("R")


class RuleIndex(Generic[R]):
    """Rules, each with a scope; selecting by an event's values leaves out rules whose scope it cannot meet.

    For every field, each value is mapped to the set of rules that accept it, as the bits of one integer; a selection
    is one conjunction for each field, whatever the number of rules.

    Args:
        rules: in the order in which selections return them.
        scope_of: the condition that must be met for a rule to matter.
        spans: from when (inclusive) until when (exclusive) a rule is in force.
    """

    def __init__(
        self,
        rules: Iterable[R],
        scope_of: Callable[[R], Condition],
        spans: Callable[[R], tuple[int, int]] | None = None,
    ) -> None:
        self.rules: Sequence[R] = tuple(rules)
        self._all = (1 << len(self.rules)) - 1
        self._spans = [spans(rule) for rule in self.rules] if spans is not None else []
        accepted: dict[Field, dict[str, int]] = {}
        asking: dict[Field, int] = {}
        for number, rule in enumerate(self.rules):
            bit = 1 << number
            for part in conjuncts(scope_of(rule)):
                if isinstance(part, In) and not asking.get(part.field, 0) & bit:
                    asking[part.field] = asking.get(part.field, 0) | bit
                    values = accepted.setdefault(part.field, {})
                    for value in part.values:
                        values[value] = values.get(value, 0) | bit
        self._tables = [
            (
                field,
                {value: bits | (self._all & ~asking[field]) for value, bits in values.items()},
                self._all & ~asking[field],
            )
            for field, values in accepted.items()
        ]

    def select(self, values: Values, instant: int, leave_out: Iterable[Field] = ()) -> list[R]:
        """Return the rules in force whose scope the values may meet.

        Args:
            values: what the event states; fields of `leave_out` may be missing.
            instant: the event's time.
            leave_out: fields that the scopes of this selection are not held against.
        """
        found = self._all
        for field, table, others in self._tables:
            if field not in leave_out:
                value = values[field]
                found &= table.get(value, others) if value is not None else others
        selected = []
        while found:
            low = found & -found
            number = low.bit_length() - 1
            found ^= low
            if not self._spans or self._spans[number][0] <= instant < self._spans[number][1]:
                selected.append(self.rules[number])
        return selected
