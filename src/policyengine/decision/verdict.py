"""What one policy says of a whole event: a decision but for the event's id and the policy's."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from policyengine.decision.law import Items
from policyengine.decision.ruling import Obstacle, Ruling
from policyengine.model.decision import Obligation, Outcome
from policyengine.model.policy import ObligationText, Policy


@dataclass(frozen=True, slots=True, eq=False)
class Verdict:
    """What one policy says of one event."""

    outcome: Outcome
    clauses: tuple[str, ...] = ()
    rules: tuple[str, ...] = ()
    obstacles: tuple[tuple[Obstacle, tuple[str, ...]], ...] = ()
    permitted_items: tuple[str, ...] = ()
    excess_items: tuple[str, ...] = ()
    obligations: tuple[Obligation, ...] = ()


def verdict(policy: Policy, items: Sequence[str], ruling: Ruling) -> Verdict:
    """Return what a policy says of an event whose items are `items`, from what it says of each.

    A permit rests on what permitted each item; a denial on what stands in the way of each excess item.
    """
    everything = (1 << len(items)) - 1
    permitted = ruling.permitted & everything
    excess = everything & ~permitted
    where = excess or everything
    in_the_way: dict[tuple[str, str, str, tuple[str, ...]], tuple[Obstacle, Items]] = {}
    for obstacle, found in ruling.obstacles:
        key = (obstacle.code, obstacle.clause or "", obstacle.rule or "", obstacle.order)
        in_the_way[key] = (obstacle, found | (in_the_way[key][1] if key in in_the_way else 0))
    told = tuple((obstacle, those(items, found)) for _, (obstacle, found) in sorted(in_the_way.items()))
    duties = [] if excess else [_obligation(policy.obligations[name]) for name in sorted(ruling.obligations)]
    return Verdict(
        "deny" if excess else "permit",
        tuple(sorted(clause for clause, found in ruling.clauses.items() if found & where)),
        tuple(sorted(rule for rule, found in ruling.rules.items() if found & where)),
        told,
        those(items, permitted),
        those(items, excess),
        tuple(duties),
    )


def _obligation(declared: ObligationText) -> Obligation:
    return Obligation(declared.id, declared.clause, declared.parameters, declared.message)


def those(items: Iterable[str], which: Items) -> tuple[str, ...]:
    """Return the items that are meant, in their order."""
    found, number = [], which
    for item in items:
        if number & 1:
            found.append(item)
        number >>= 1
    return tuple(found)
