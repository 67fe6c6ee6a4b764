"""Joint use: named companies use the same data together, within listed items and purposes."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from policyengine.language import RuleTable, about_table, flag, licence_list, term_list
from policyengine.model import (
    ALWAYS,
    WITHIN,
    And,
    Condition,
    Field,
    In,
    NotIn,
    Or,
    Permit,
    Rule,
    Same,
    Text,
    all_of,
    any_of,
)


class JointUse:
    """One arrangement of joint use (APPI article 27(5)(iii)): its parties, items and purposes belong together."""

    name = "joint-use"
    title = Text(ja="共同利用", en="joint use")
    summary = Text(
        ja="挙げた会社と、挙げた項目を、挙げた目的のために共同して利用できる",
        en="These items may be used jointly with these parties for these purposes.",
    )
    properties: Mapping[str, Mapping[str, Any]] = {
        "parties": term_list("jointly with whom", "parties"),
        "own_use": flag(
            "Whether the controller, a joint user itself, may acquire and use it too; by default yes.", default=True
        ),
        "licensed_by": licence_list(),
        "about": about_table(),
    }
    required = frozenset({"parties", "subjects", "items", "purposes"})

    def lower(self, table: RuleTable) -> Iterable[Rule]:
        """Return the permit of joint use, and that of the controller's own use, on which other clauses may lean."""
        written, parties = table.terms("parties")
        flows = table.condition()
        yield Permit(
            table.head,
            frozenset({"joint_use"}),
            about=table.about(),
            terms=all_of(In(Field.RECIPIENT, parties, written), flows),
            licensed_by=table.licences(),
        )
        if table.value("own_use"):
            subject, subjects = table.terms("subjects")
            purpose, purposes = table.terms("purposes")
            yield Permit(
                table.head,
                WITHIN,
                about=all_of(In(Field.SUBJECT, subjects, subject), In(Field.PURPOSE, purposes, purpose)),
                terms=_of_its_own(table.condition(leave_out=("subjects", "purposes"))),
                licence=True,
            )


def _of_its_own(terms: Condition) -> Condition:
    """Return `terms` without what they ask of a recipient: the controller's own use has none."""
    match terms:
        case In(Field.RECIPIENT | Field.SERVICE | Field.COUNTRY) | NotIn(
            Field.RECIPIENT | Field.SERVICE | Field.COUNTRY
        ):
            return ALWAYS
        case Same(left, right) if Field.RECIPIENT in (left, right):
            return ALWAYS
        case And(parts):
            return all_of(*map(_of_its_own, parts))
        case Or(parts):
            ways = [_of_its_own(part) for part in parts]
            return ALWAYS if ALWAYS in ways else any_of(*ways)
        case _:
            return terms
