"""The exact difference finder: an event on which two policies decide differently, or the proof that there is none.

The space of events (`policyengine.model.space`) is divided, a variable at a time, and both policies' rules are
simplified by what is known. Where what is left of the one equals what is left of the other, nothing below can differ,
and the region is done; so the search looks only where a changed rule still matters. It ends with an event that both
policies really decide differently, or with every region done, which is a proof: no region is sampled or skipped.

Two policies decide alike where they agree on outcome, clauses and obligations of every item that is an event of its
own, since nothing in a decision depends on the other items of the event. A layer is asked as if what lies below it
permitted everything.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from policyengine.analysis.sight import Seen, Sight
from policyengine.analysis.standing import Key, Left, Side
from policyengine.decision.ruling import Ruling
from policyengine.model.condition import Condition, Field, Holds, leaves
from policyengine.model.policy import Policy
from policyengine.model.space import TIME, Point, Space, Undecided, Variable

__all__ = ["EVERYTHING", "Found", "Undecided", "difference"]

Parts = frozenset[str]

EVERYTHING: Final[Parts] = frozenset({"outcome", "clauses", "obligations"})
"""What two policies can be compared in: the outcome, what it cites, and what it obliges to."""


@dataclass(frozen=True, slots=True)
class Found:
    """An event on which two policies decide differently.

    Args:
        event: the event, as JSON has it.
        readings: where the policies leave their readings open, what is picked beside the defaults.
        left: what the first policy says of its item.
        right: what the second one says.
    """

    event: dict[str, Any]
    readings: dict[str, str]
    left: Ruling
    right: Ruling


def difference(
    left: Policy | Sight, right: Policy | Sight, parts: Parts = EVERYTHING, *, regions: int | None = None
) -> Found | None:
    """Return an event that two policies decide differently, or None where there is no such event.

    Args:
        left: a policy, or what is known of one that is compared with many.
        right: another; both are asked about controllers that both govern. Where their readings are left open, the
            same are picked for both, and for one that is not picked, its default in each.
        parts: in what they are compared, some of `EVERYTHING`; the outcome always.
        regions: how many regions may be looked at; None for all that it takes.

    Raises:
        Undecided: `regions` were not enough, or the policies declare a type of fact differently.
    """
    sights = [found if isinstance(found, Sight) else Sight(found) for found in (left, right)]
    return _Search(Space(sights), (0, 1), sights, parts, regions).run()


def difference_of_parts(
    space: Space, left: Seen, right: Seen, parts: Parts = EVERYTHING, *, regions: int | None = None
) -> Found | None:
    """Return an event that two policies decide differently which have some of the rules of one, as `difference` does.

    What was worked out of the space of the one serves for all its parts.

    Args:
        space: the space of the one policy.
        left: a policy that has some of its rules.
        right: another.
        parts: in what they are compared.
        regions: how many regions may be looked at.

    Raises:
        Undecided: `regions` were not enough.
    """
    return _Search(space, (0, 0), (left, right), parts, regions).run()


class _Search:
    def __init__(
        self, space: Space, numbers: tuple[int, int], policies: Sequence[Seen], parts: Parts, regions: int | None
    ) -> None:
        self.space = space
        self.parts = parts
        self.regions = regions
        self.done: set[Any] = set()
        left, right = (
            Side(space, number, policy, cites="clauses" in parts, obliges="obligations" in parts)
            for number, policy in zip(numbers, policies, strict=True)
        )
        self.sides: tuple[Side, Side] = (left, right)

    def run(self) -> Found | None:
        left, right = self.sides
        for time in self.space.domain(TIME):
            left.go_to(time)
            right.go_to(time)
            if not left.in_force and not right.in_force:
                continue
            for operation in self.space.domain(Field.OPERATION):
                left.take_up(operation)
                right.take_up(operation)
                unread_alike = left.unread() == right.unread()
                for words in self.space.words(unheard_of=not unread_alike or self.space.odd):
                    point = {TIME: time, Field.OPERATION: operation, **words}
                    if self.space.exists(point):
                        found = self._region(point, left.read(point), right.read(point))
                        if found is not None:
                            return found
        return None

    def _region(self, point: Point, left: Left, right: Left) -> Found | None:
        left, right = self.sides[0].simplified(left, point), self.sides[1].simplified(right, point)
        ours, theirs = self.sides[0].keys(left, point), self.sides[1].keys(right, point)
        grounds = (self.sides[0].ground, self.sides[1].ground) if "clauses" in self.parts else ()
        if ours.keys() == theirs.keys() and (not grounds or grounds[0] == grounds[1]):
            return None
        asked = (
            leaf
            for keys in (ours, theirs)
            for conditions in keys.values()
            for condition in conditions
            for leaf in leaves(condition)
            if isinstance(leaf, Holds)
        )
        types = frozenset(form.type for leaf in asked for form in (leaf, leaf.after) if form is not None)
        state = (
            frozenset(ours),
            frozenset(theirs),
            grounds,
            point[Field.OPERATION],
            self.space.state(types, point),
        )
        if state in self.done:
            return None
        if self.regions is not None:
            self.regions -= 1
            if self.regions < 0:
                raise Undecided("more regions would have to be looked at")
        differing = ours.keys() ^ theirs.keys()
        variable = self._open(
            point, *({key: of[key] for key in of if key in differing} for of in (ours, theirs))
        ) or self._open(point, ours, theirs)
        if variable is None:
            verdicts = self.sides[0].verdict(left), self.sides[1].verdict(right)
            if self._same(*verdicts):
                self.done.add(state)
                return None
            return Found(self.space.event(point), self.space.readings(point), *verdicts)
        for value in self.space.values(variable, point):
            found = self._region(self.space.with_value(point, variable, value), left, right)
            if found is not None:
                return found
        self.done.add(state)
        return None

    def _open(self, point: Point, *found: Mapping[Key, tuple[Condition, ...]]) -> Variable | None:
        """Return the variable to divide by: the one that most leaves ask for, fields before facts."""
        counts: dict[Variable, int] = {}
        for side, keys in zip(self.sides, found, strict=True):
            for conditions in keys.values():
                for condition in conditions:
                    for leaf in leaves(condition):
                        for variable in self.space.hanging(leaf, side.index, point):
                            counts[variable] = counts.get(variable, 0) + 1
        if not counts:
            return None
        return min(counts, key=lambda variable: (not isinstance(variable, str), -counts[variable], str(variable)))

    def _same(self, left: Ruling, right: Ruling) -> bool:
        if left.permitted != right.permitted:
            return False
        duties = [
            {side.obligation(name) for name in ruling.obligations}
            for side, ruling in zip(self.sides, (left, right), strict=True)
        ]
        return ("clauses" not in self.parts or left.clauses.keys() == right.clauses.keys()) and (
            "obligations" not in self.parts or duties[0] == duties[1]
        )
