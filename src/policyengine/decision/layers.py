"""Several policies as one: their verdicts on one event put together."""

from __future__ import annotations

from collections.abc import Sequence

from policyengine.decision.verdict import Verdict
from policyengine.model.decision import Outcome
from policyengine.model.event import Event
from policyengine.model.rule import Head

Licences = Sequence[tuple[Head, Sequence[str]]]
"""Licences of one policy, each with the items that it licenses."""


def layered(event: Event, ids: list[str], verdicts: list[Verdict], licences: Sequence[Licences] = ()) -> Verdict:
    """Put the verdicts of several policies together: what all of them permit is permitted.

    What each of them finds in the way stays its own, and is no part of the verdict returned.

    Args:
        event: the event.
        ids: the policies that govern it.
        verdicts: theirs, in that order.
        licences: what each of them licenses to the others, where one leans on others; a permit cites it.
    """
    permitted = tuple(item for item in event.items if all(item in verdict.permitted_items for verdict in verdicts))
    excess = tuple(item for item in event.items if item not in permitted)
    outcome: Outcome = "deny" if excess else "permit"
    resting = [(policy, verdict) for policy, verdict in zip(ids, verdicts, strict=True) if verdict.outcome == outcome]
    clauses = {f"{policy}:{clause}" for policy, verdict in resting for clause in verdict.clauses}
    rules = {f"{policy}:{rule}" for policy, verdict in resting for rule in verdict.rules}
    for number, (_, verdict) in enumerate(resting if licences and outcome == "permit" else ()):
        for other, found in enumerate(licences):
            for head, items in found if other != number else ():
                if not set(items).isdisjoint(verdict.leaning):
                    clauses.add(f"{ids[other]}:{head.clause}")
                    rules.add(f"{ids[other]}:{head.id}")
    return Verdict(
        outcome,
        tuple(sorted(clauses)),
        tuple(sorted(rules)),
        (),
        permitted,
        excess,
        tuple(duty for _, verdict in resting for duty in verdict.obligations),
    )
