"""What one policy says of a whole event: a decision but for the event's id and the policy's."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from msgspec import Struct
from msgspec.structs import replace

from policyengine.calendar import Lapse, lapse, shown
from policyengine.decision.law import Items
from policyengine.decision.ruling import Obstacle, Ruling
from policyengine.model.decision import Obligation, Outcome
from policyengine.model.event import Event
from policyengine.model.frozen import frozen
from policyengine.model.policy import Policy


class Verdict(Struct, frozen=True, eq=False, gc=False):
    """What one policy says of one event."""

    outcome: Outcome
    clauses: tuple[str, ...] = ()
    rules: tuple[str, ...] = ()
    obstacles: tuple[tuple[Obstacle, tuple[str, ...]], ...] = ()
    permitted_items: tuple[str, ...] = ()
    excess_items: tuple[str, ...] = ()
    obligations: tuple[Obligation, ...] = ()
    leaning: tuple[str, ...] = ()
    """The permitted items for which a permit leans on other policies."""


class Owed(Struct, frozen=True, eq=False, gc=False):
    """An obligation that hangs on the time of an event, or on its items.

    Args:
        obligation: what is the same of all events.
        due: its parameters that are times: how long after the event.
        zone: in whose time zone they are told.
        where: the kinds of items that it is for; None where it is for the whole flow.
    """

    obligation: Obligation
    due: tuple[tuple[str, Lapse], ...]
    zone: str
    where: Items | None

    def of(self, event: Event, bits: Sequence[Items], parts: Sequence[Items]) -> Obligation:
        """Return the obligation of an event."""
        times = {name: shown(lapse.after(event.instant), self.zone) for name, lapse in self.due}
        items = () if self.where is None else marked(event.items, bits, joined(parts, self.where))
        return replace(self.obligation, parameters=frozen({**self.obligation.parameters, **times}), items=items)


class Finding(Struct, frozen=True, eq=False, gc=False):
    """What is found of the kinds of items that an event has, to be read for its items.

    Bit `n` of a set of items stands for the kind at index `n`.

    Args:
        excess: what may not flow.
        clauses: what that rests on, or where everything may flow, what the permit does.
        rules: the same of rules.
        duties: what a permit obliges to, the same for all of them.
        owed: what else it obliges to.
        in_the_way: what stands in the way of excess.
        leaning: for what a permit leans on other policies.
    """

    excess: Items
    clauses: tuple[str, ...]
    rules: tuple[str, ...]
    duties: tuple[Obligation, ...]
    owed: tuple[Owed, ...]
    in_the_way: tuple[tuple[Obstacle, Items], ...]
    leaning: Items = 0

    @property
    def weight(self) -> int:
        """How many bytes it takes, about."""
        return 800 + 150 * (
            len(self.clauses) + len(self.rules) + len(self.duties) + 2 * len(self.owed) + len(self.in_the_way)
        )

    def verdict(self, event: Event, bits: Sequence[Items], parts: Sequence[Items]) -> Verdict:
        """Return what the policy says of an event.

        A permit rests on what permitted each item; a denial on what stands in the way of each excess item.

        Args:
            event: the event.
            bits: which bit stands for each of them.
            parts: which of the bits are of each kind.
        """
        items = event.items
        if not self.excess:
            duties = self.duties
            if self.owed:
                more = [owed.of(event, bits, parts) for owed in self.owed]
                duties = tuple(sorted((*duties, *more), key=lambda duty: duty.id))
            leaning = marked(items, bits, joined(parts, self.leaning)) if self.leaning else ()
            return Verdict("permit", self.clauses, self.rules, (), items, (), duties, leaning)
        if len(parts) == 1:  # all items are excess, and each obstacle is in the way of all
            obstacles = tuple([(obstacle, items) for obstacle, _ in self.in_the_way])
            return Verdict("deny", self.clauses, self.rules, obstacles, (), items)
        excess = joined(parts, self.excess)
        obstacles = tuple(
            [(obstacle, marked(items, bits, joined(parts, where))) for obstacle, where in self.in_the_way]
        )
        left = tuple([item for item, bit in zip(items, bits, strict=True) if not bit & excess])
        return Verdict("deny", self.clauses, self.rules, obstacles, left, marked(items, bits, excess))


def finding(policy: Policy, ruling: Ruling, count: int) -> Finding:
    """Return what is found of `count` kinds of items."""
    excess = (1 << count) - 1 & ~ruling.permitted
    resting = excess or ruling.permitted
    duties: list[Obligation] = []
    owed: list[Owed] = []
    for name in () if excess else sorted({*ruling.obligations, *ruling.for_items}):
        declared = policy.obligations[name]
        obligation = Obligation(declared.id, declared.clause, declared.parameters, declared.message)
        due = tuple([(key, lapse(within, policy.zone)) for key, within in declared.due])
        where = None if name in ruling.obligations else ruling.for_items[name]
        if due or where is not None:
            owed.append(Owed(obligation, due, policy.zone, where))
        else:
            duties.append(obligation)
    in_the_way = _merged(ruling.obstacles, excess) if excess else ()
    clauses, rules = _where(ruling.clauses, resting), _where(ruling.rules, resting)
    return Finding(excess, clauses, rules, tuple(duties), tuple(owed), in_the_way, ruling.leaning)


def joined(parts: Sequence[Items], kinds: Items) -> Items:
    """Return the items of any of some kinds."""
    return sum([part for number, part in enumerate(parts) if kinds >> number & 1])


def _merged(obstacles: Iterable[tuple[Obstacle, Items]], excess: Items) -> tuple[tuple[Obstacle, Items], ...]:
    """Return what stands in the way of any of `excess`, each thing once, in the order in which it is told."""
    found: dict[tuple[str, str, str, tuple[str, ...]], tuple[Obstacle, Items]] = {}
    for obstacle, where in obstacles:
        if among := where & excess:
            key = (obstacle.code, obstacle.clause or "", obstacle.rule or "", obstacle.word)
            found[key] = (obstacle, among | (found[key][1] if key in found else 0))
    return tuple([found[key] for key in sorted(found)])


def _where(found: Mapping[str, Items], items: Items) -> tuple[str, ...]:
    """Return, sorted, what is found for any of `items`."""
    return tuple(sorted([name for name, where in found.items() if where & items]))


def marked(items: Sequence[str], bits: Sequence[Items], which: Items) -> tuple[str, ...]:
    """Return the items whose bits are among `which`, in their order."""
    return tuple([item for item, bit in zip(items, bits, strict=True) if bit & which])


def those(items: Sequence[str], which: Items) -> tuple[str, ...]:
    """Return the items that are meant, in their order, where bit `n` stands for the item at index `n`."""
    return marked(items, [1 << number for number in range(len(items))], which)
