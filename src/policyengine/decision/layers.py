"""Several policies as one: their verdicts on one event put together."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from policyengine.decision.verdict import Verdict
from policyengine.model.decision import Obligation, Outcome
from policyengine.model.event import Event
from policyengine.model.rule import Head

Licences = Sequence[tuple[Head, Sequence[str]]]
"""Licences of one policy, each with the items that it licenses."""

Fulfils = Mapping[str, Sequence[str]]
"""Obligations of one policy, each with those of others that are met with it."""


def layered(
    event: Event,
    ids: list[str],
    verdicts: list[Verdict],
    licences: Sequence[Licences] = (),
    fulfils: Sequence[Fulfils] = (),
) -> Verdict:
    """Put the verdicts of several policies together: what all of them permit is permitted.

    What each of them finds in the way stays its own, and is no part of the verdict returned.

    Args:
        event: the event.
        ids: the policies that govern it.
        verdicts: theirs, in that order.
        licences: what each of them licenses to the others, where one leans on others; a permit cites it.
        fulfils: for each of them, by obligation, those of others that are met with it; where any has such.
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
    duties = [(number, duty) for number, (_, verdict) in enumerate(resting) for duty in verdict.obligations]
    return Verdict(
        outcome,
        tuple(sorted(clauses)),
        tuple(sorted(rules)),
        (),
        permitted,
        excess,
        _once(duties, fulfils) if fulfils and outcome == "permit" else tuple(duty for _, duty in duties),
    )


def _once(duties: Sequence[tuple[int, Obligation]], fulfils: Sequence[Fulfils]) -> tuple[Obligation, ...]:
    """Return the duties of a permit, without those that are met with one of another policy."""
    left = [*duties]
    for one in duties:
        number, duty = one
        if any(
            other != number
            and duty.id in fulfils[other].get(by.id, ())
            and (not by.items or (bool(duty.items) and set(duty.items) <= set(by.items)))
            for other, by in left
        ):
            left.remove(one)
    return tuple(duty for _, duty in left)
