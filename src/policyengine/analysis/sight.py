"""What one policy looks at in events: worked out once, however many others it is compared with."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Mapping
from dataclasses import replace
from typing import Any, TypeVar

from policyengine.decision.classes import divided, leaves_of, span
from policyengine.model.condition import Compare, Condition, Field, Holds, In, NotIn, Read, mapped
from policyengine.model.policy import Policy
from policyengine.model.rule import Duty, Permit, Replacement, Restriction, Rule, as_use, beside_use
from policyengine.moment import FOREVER

T = TypeVar("T")


class Sight:
    """A policy, and what its rules look at.

    Args:
        policy: the policy.
    """

    def __init__(self, policy: Policy) -> None:
        self.policy = policy
        self.rules: tuple[Rule, ...] = tuple(map(_plain, policy.rules))
        """Its rules, without the words in which they are written."""
        licences = [as_use(rule) for rule in self.rules if isinstance(rule, Permit) and rule.licence]
        over = [beside_use(rule) for rule in self.rules if isinstance(rule, Restriction) and rule.only is not None]
        leaves = dict.fromkeys(leaves_of((*self.rules, *licences, *over)))
        lists: dict[Field, list[frozenset[str]]] = {field: [] for field in Field}
        for leaf in leaves:
            if isinstance(leaf, In | NotIn):
                lists[leaf.field].append(leaf.values)
        self.numbers: Mapping[Field, Mapping[str, int]] = {field: divided(found) for field, found in lists.items()}
        """For each field, the values that rules name, with a number that is the same where no rule tells them apart."""
        self.comparisons: Mapping[str, tuple[Compare, ...]] = {
            name: tuple(leaf for leaf in leaves if isinstance(leaf, Compare) and leaf.attribute == name)
            for name in {leaf.attribute: None for leaf in leaves if isinstance(leaf, Compare)}
        }
        self.readings: frozenset[str] = frozenset(leaf.reading for leaf in leaves if isinstance(leaf, Read))
        """The readings that are left open, of those for which rules ask."""
        self.holds: tuple[Holds, ...] = tuple(leaf for leaf in leaves if isinstance(leaf, Holds))
        times = {policy.start, policy.end, *(date for rule in policy.rules for date in span(rule))}
        self.dates: frozenset[int] = frozenset(times - {-FOREVER, FOREVER})
        self._found: dict[Hashable, Any] = {}

    def once(self, key: Hashable, make: Callable[[], T]) -> T:
        """Return what hangs on this policy and `key` alone: it is made once, for all with which it is compared."""
        if key not in self._found:
            self._found[key] = make()
        return self._found[key]  # type: ignore[no-any-return]


def _plain(rule: Rule) -> Rule:
    """Return `rule` with no more in its conditions than what decides."""

    def plain(condition: Condition) -> Condition:
        return mapped(condition, lambda leaf, _: replace(leaf, written=()) if isinstance(leaf, In | NotIn) else leaf)

    match rule:
        case Permit():
            names = None if rule.names is None else plain(rule.names)
            return replace(rule, about=plain(rule.about), terms=plain(rule.terms), names=names)
        case Restriction():
            return replace(rule, when=plain(rule.when), unless=plain(rule.unless), exempt=plain(rule.exempt))
        case Replacement() | Duty():
            return replace(rule, when=plain(rule.when))
