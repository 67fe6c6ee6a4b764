"""Several policies as one: which of them fit together, and their verdicts on one event put together."""

from __future__ import annotations

from policyengine.decision.verdict import Verdict
from policyengine.errors import PolicyError, Problem
from policyengine.model.decision import Reason
from policyengine.model.event import Event
from policyengine.model.policy import Policy
from policyengine.text import Text


def layered(event: Event, ids: list[str], verdicts: list[Verdict]) -> Verdict:
    """Put the verdicts of several policies together: what all of them permit is permitted.

    Args:
        event: the event.
        ids: the policies that govern it.
        verdicts: theirs, in that order.
    """
    permitted = tuple(item for item in event.items if all(item in verdict.permitted_items for verdict in verdicts))
    excess = tuple(item for item in event.items if item not in permitted)
    outcome = "deny" if excess else "permit"
    resting = [(policy, verdict) for policy, verdict in zip(ids, verdicts, strict=True) if verdict.outcome == outcome]
    return Verdict(
        outcome,  # type: ignore[arg-type]
        tuple(sorted(f"{policy}:{clause}" for policy, verdict in resting for clause in verdict.clauses)),
        tuple(sorted(f"{policy}:{rule}" for policy, verdict in resting for rule in verdict.rules)),
        tuple(
            Reason(
                reason.code,
                reason.clause and f"{policy}:{reason.clause}",
                reason.rule and f"{policy}:{reason.rule}",
                reason.say,
            )
            for policy, verdict in resting
            for reason in verdict.reasons
        ),
        permitted,
        excess,
        tuple(
            type(duty)(duty.id, f"{policy}:{duty.clause}", duty.parameters, duty.message)
            for policy, verdict in resting
            for duty in verdict.obligations
        ),
    )


def refuse_conflicts(policies: tuple[Policy, ...]) -> None:
    """Raise `PolicyError` where two policies of one name are in force at once, or declare one thing differently."""
    problems: list[Problem] = []
    for first, second in ((a, b) for index, a in enumerate(policies) for b in policies[index + 1 :]):
        if first.id == second.id and max(first.start, second.start) < min(first.end, second.end):
            message = Text(
                ja=f"ポリシー「{first.id}」が二つ、同じ時に施行されています",
                en=f'two policies named "{first.id}" are in force at the same time',
            )
            problems.append(Problem("duplicate-policy", message))
        for what, ours, theirs in (
            ("fact type", first.vocabulary.facts, second.vocabulary.facts),
            ("attribute", first.vocabulary.attributes, second.vocabulary.attributes),
        ):
            for name in sorted(ours.keys() & theirs.keys()):
                if ours[name] != theirs[name]:
                    message = Text(
                        ja=f"「{name}」の宣言が {first.id} と {second.id} で異なります",
                        en=f'{what} "{name}" is declared differently by {first.id} and {second.id}',
                    )
                    problems.append(Problem("conflicting-declaration", message))
    if problems:
        raise PolicyError(problems)
