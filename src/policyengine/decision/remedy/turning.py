"""Which changes turn what is in the way of an event, where some changes are made already."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence, Set
from typing import NamedTuple

from policyengine.decision.law import Items
from policyengine.decision.remedy.changes import Change, Changed, Drop, Fact, Looks, State
from policyengine.decision.remedy.choices import Choices, tells
from policyengine.decision.remedy.formula import Node, Some, Wanted, met
from policyengine.model.condition import Compare, Condition, Holds, In, NotIn


class Leaf(NamedTuple):
    """A leaf that is left to ask.

    Args:
        policy: the number of its policy.
        leaf: the leaf.
        looks: what decides whether it is met, of what can be changed.
    """

    policy: int
    leaf: Condition
    looks: Looks


class Turning:
    """Says of sets of changes whether they make an event permitted, and else what it takes.

    Args:
        node: where the event is permitted.
        leaves: what that asks, by number.
        choices: what can be changed.
        changed: returns the event with some fields stated.
        groups: the items that are dropped, or covered, together.
        alone: whether nothing is dropped, and whatever is in no group does not matter.
    """

    def __init__(
        self,
        node: Node,
        leaves: Sequence[Leaf],
        choices: Choices,
        changed: Callable[[frozenset[State]], Changed],
        groups: Sequence[Items],
        *,
        alone: bool = False,
    ) -> None:
        self._node = node
        self._leaves = leaves
        self._choices = choices
        self._changed = changed
        self._groups = groups
        self._alone = alone

    def wanted(self, changes: frozenset[Change]) -> Iterable[Change] | None:
        """Return changes of which it takes at least one more; None where the event is permitted."""
        dropped = {change.group for change in changes if isinstance(change, Drop)}
        left = {number: items for number, items in enumerate(self._groups) if number not in dropped}
        step = _Step(self, changes)
        asked = 0
        for items in left.values():
            asked |= items
        failing = asked & ~met(self._node, step.told, asked)
        if not failing:
            return None
        best: frozenset[Change] | None = None
        for group, items in left.items():
            if among := items & failing:
                found = step.turning(self._node, among & -among, group)
                if not self._alone and len(left) > 1:
                    found |= {Drop(group)}
                if best is None or len(found) < len(best):
                    best = found
        return best

    def asking(self, nodes: Sequence[Node], changes: frozenset[Change], part: Set[Change]) -> list[int]:
        """Return which of some formulas are met with some changes, and not without a part of them, by number."""
        less = changes - part
        dropped = {change.group for change in less if isinstance(change, Drop)}
        items = 0
        for group, among in enumerate(self._groups):
            if group not in dropped:
                items |= among
        step = _Step(self, less)
        return [number for number, node in enumerate(nodes) if items & ~met(node, step.told, items)]

    def step(self, changes: frozenset[Change]) -> tuple[Sequence[Leaf], Choices, Changed, Mapping[str, Sequence[Fact]]]:
        """Return what is asked, what can be changed, the event with its fields stated, and the facts that are added."""
        facts: dict[str, list[Fact]] = {}
        stated = []
        for change in changes:
            if isinstance(change, Fact):
                facts.setdefault(change.type, []).append(change)
            elif isinstance(change, State):
                stated.append(change)
        return self._leaves, self._choices, self._changed(frozenset(stated)), facts


_NONE: frozenset[Change] = frozenset()


class _Step:
    """An event with some changes."""

    def __init__(self, of: Turning, changes: frozenset[Change]) -> None:
        self._leaves, self._choices, self._event, self._facts = of.step(changes)
        self._changes = changes
        self._stated = {change.field for change in changes if isinstance(change, State)}
        self._known: dict[int, Items] = {}

    def told(self, number: int) -> Items:
        """Return for which items a leaf is met."""
        found = self._known.get(number)
        if found is None:
            policy, leaf, _ = self._leaves[number]
            if isinstance(leaf, Holds):
                found = self._event.met(policy, leaf, self._facts)
            else:
                found = self._event.answers[policy].leaf(leaf)
            self._known[number] = found
        return found

    def turning(self, node: Node, item: Items, group: int) -> frozenset[Change]:
        """Return changes of which it takes at least one for a formula to be met for an item, for which it is not.

        There are none where no change helps.
        """
        if type(node) is Wanted:
            return self._turning_leaf(node, item, group)
        if type(node) is Some:
            return _NONE.union(*[self.turning(part, item, group) for part in node.some])
        best: frozenset[Change] | None = None
        for part in node.every:  # type: ignore[union-attr]
            if not met(part, self.told, item):
                found = self.turning(part, item, group)
                if not found:
                    return found
                if best is None or len(found) < len(best):
                    best = found
        return best or _NONE

    def _turning_leaf(self, node: Wanted, item: Items, group: int) -> frozenset[Change]:
        policy, leaf, looks = self._leaves[node.leaf]
        choices = self._choices
        found: list[Change] = []
        for field in looks.fields:
            if field not in self._stated:
                found += [state for state in choices.states(field) if _may_turn(leaf, state, node.met)]
            for other in choices.needed(field):
                if other not in self._stated:
                    found += choices.states(other)
        if isinstance(leaf, Holds):
            own, *earlier = looks.types
            if node.met and not leaf.counted:
                for fact in choices.facts(own, group):
                    if fact not in self._changes and (looks.fields or self._event.where(policy, leaf, fact) & item):
                        found.append(fact)
            # A fact that must have begun before takes the effect of others away.
            for of in earlier[1:] if node.met else earlier:
                found += [fact for fact in choices.facts(of, group) if fact not in self._changes]
        return frozenset(found)


def _may_turn(leaf: Condition, state: State, met: bool) -> bool:
    """Whether to state a field may make a leaf met, or not met."""
    return not isinstance(leaf, In | NotIn | Compare) or tells(leaf, state.value) is met
