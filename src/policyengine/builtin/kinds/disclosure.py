"""Disclosure: a person gets the data about themselves, on request."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from policyengine.language import RuleTable, about_table, fact_value, to_the_person
from policyengine.model import Permit, Rule, Text, all_of


class Disclosure:
    """Disclosure to the data subject alone, on a request to disclose in effect (APPI article 33)."""

    name = "disclosure"
    title = Text(ja="本人への開示", en="disclosure")
    summary = Text(
        ja="本人の求めがあれば、本人か、その代理人に限って開示する",
        en="On the data subject's request, data is disclosed to them or to who represents them, and to nobody else.",
    )
    properties: Mapping[str, Mapping[str, Any]] = {
        "request": fact_value("The kind of request, by default `disclose`.", "request", "kind", default="disclose"),
        "about": about_table(),
    }
    required: frozenset[str] = frozenset()

    def lower(self, table: RuleTable) -> Iterable[Rule]:
        """Return one permit, for a recipient who is the data subject or represents them."""
        asked = table.fact("request", "request", kind=table.value("request"))
        yield Permit(
            table.head,
            frozenset({"disclose"}),
            about=table.about(),
            terms=all_of(to_the_person(table.scope.vocabulary), table.condition(), asked),
        )
