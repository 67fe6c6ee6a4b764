"""Several policies as one: which of them fit together, and their verdicts on one event put together."""

from __future__ import annotations

from policyengine.decision.verdict import Verdict
from policyengine.errors import PolicyError, Problem
from policyengine.model.decision import Outcome
from policyengine.model.event import Event
from policyengine.model.policy import Policy
from policyengine.model.problems import CONFLICTING_ATTRIBUTE, CONFLICTING_FACT_TYPE, DUPLICATE_POLICY


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


def refuse_conflicts(policies: tuple[Policy, ...]) -> None:
    """Raise `PolicyError` where two policies of one name are in force at once, or declare one thing differently."""
    problems: list[Problem] = []
    for first, second in ((a, b) for index, a in enumerate(policies) for b in policies[index + 1 :]):
        if first.id == second.id and max(first.start, second.start) < min(first.end, second.end):
            problems.append(DUPLICATE_POLICY.at(None, name=first.id))
        for code, ours, theirs in (
            (CONFLICTING_FACT_TYPE, first.vocabulary.facts, second.vocabulary.facts),
            (CONFLICTING_ATTRIBUTE, first.vocabulary.attributes, second.vocabulary.attributes),
        ):
            problems.extend(
                code.at(None, name=name, first=first.id, second=second.id)
                for name in sorted(ours.keys() & theirs.keys())
                if ours[name] != theirs[name]
            )
    if problems:
        raise PolicyError(problems)
