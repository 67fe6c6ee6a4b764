"""Several policies as one: their verdicts on one event put together."""

from __future__ import annotations

from policyengine.decision.verdict import Verdict
from policyengine.model.decision import Outcome
from policyengine.model.event import Event


def layered(event: Event, ids: list[str], verdicts: list[Verdict]) -> Verdict:
    """Put the verdicts of several policies together: what all of them permit is permitted.

    What each of them finds in the way stays its own, and is no part of the verdict returned.

    Args:
        event: the event.
        ids: the policies that govern it.
        verdicts: theirs, in that order.
    """
    permitted = tuple(item for item in event.items if all(item in verdict.permitted_items for verdict in verdicts))
    excess = tuple(item for item in event.items if item not in permitted)
    outcome: Outcome = "deny" if excess else "permit"
    resting = [(policy, verdict) for policy, verdict in zip(ids, verdicts, strict=True) if verdict.outcome == outcome]
    return Verdict(
        outcome,
        tuple(sorted(f"{policy}:{clause}" for policy, verdict in resting for clause in verdict.clauses)),
        tuple(sorted(f"{policy}:{rule}" for policy, verdict in resting for rule in verdict.rules)),
        (),
        permitted,
        excess,
        tuple(duty for _, verdict in resting for duty in verdict.obligations),
    )
