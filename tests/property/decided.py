"""What a decision decides, apart from how it is told."""

from __future__ import annotations

from typing import Any

from policyengine import Decision
from reference_open import Answer, Reason


def decided(decision: Decision) -> dict[str, Any]:
    """Return all of a decision but the texts of its reasons, the places of what the event left open, and the remedies.

    These name items and facts by where they stand in the event, and a remedy says again what the event says; which
    reasons there are does not hang on that.
    """
    found = decision.as_dict()
    found.pop("remedies", None)
    found["reasons"] = sorted(
        ({**reason, "items": sorted(reason["items"]), "open": None, "message": None} for reason in found["reasons"]),
        key=repr,
    )
    return found


def says(decision: Decision) -> Answer:
    """A decision on a valid event as the reference evaluator gives one."""
    assert not decision.errors
    return Answer(
        decision.outcome,
        set(decision.permitted_items),
        set(decision.excess_items),
        set(decision.clauses),
        set(decision.rules),
        {duty.id for duty in decision.obligations},
        {Reason(r.code, r.clause, r.rule, frozenset(r.items), r.policy) for r in decision.reasons},
        {(duty.id, frozenset(duty.items)) for duty in decision.obligations if duty.items},
    )
