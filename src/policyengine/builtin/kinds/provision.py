"""Provision to a third party, and entrustment to a contractor: the cases in which data may leave."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Final

from policyengine.language import RuleTable, about_table, licence_list, told
from policyengine.model import Permit, Rule, Text, all_of

GROUNDS: Final = (
    "consent",
    "law",
    "life_body_property",
    "public_health",
    "state_cooperation",
    "academic",
    "opt_out",
    "succession",
    "statistics",
)
"""On what grounds data can be provided to others."""


class _Transfer:
    """What provision and entrustment have in common: one case in which one operation is permitted."""

    operation: str
    properties: Mapping[str, Mapping[str, Any]] = {
        "licensed_by": licence_list(),
        "about": about_table(),
    }
    required: frozenset[str] = frozenset()

    def lower(self, table: RuleTable) -> Iterable[Rule]:
        """Return one permit of the operation."""
        yield Permit(
            table.head,
            frozenset({self.operation}),
            about=table.about(),
            terms=all_of(table.condition(), table.elsewhere()),
            licensed_by=table.licences(),
        )


class Provision(_Transfer):
    """A case in which data may be provided to a third party (APPI article 27(1))."""

    name = "provision"
    title = Text(ja="第三者提供", en="provision")
    summary = Text(ja="この場合に、第三者に提供できる", en="In this case, data may be provided to a third party.")
    operation = "provide"
    properties: Mapping[str, Mapping[str, Any]] = {
        **_Transfer.properties,
        "ground": told("On what ground, as the text tells it; a lint infers it where it can.", {"enum": [*GROUNDS]}),
    }


class Entrustment(_Transfer):
    """A case in which data may be entrusted to a contractor (APPI articles 25 and 27(5)(i))."""

    name = "entrustment"
    title = Text(ja="委託・預託", en="entrustment")
    summary = Text(ja="この場合に、委託先に預けられる", en="In this case, data may be entrusted to a contractor.")
    operation = "entrust"
