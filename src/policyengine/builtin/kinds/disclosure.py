"""Disclosure: a person gets the data about themselves, on request."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from policyengine.language import RuleTable, fact_value
from policyengine.model import ALWAYS, Field, Permit, Rule, Same, Text, all_of


class Disclosure:
    """Disclosure to the data subject alone, on a request to disclose in effect (APPI article 33)."""

    name = "disclosure"
    title = Text(ja="本人への開示", en="disclosure")
    summary = Text(
        ja="本人の求めがあれば、本人に限って開示する",
        en="On the data subject's request, data is disclosed to them and to nobody else.",
    )
    properties: Mapping[str, Mapping[str, Any]] = {
        "request": fact_value("The kind of request, by default `disclose`.", "request", "kind", default="disclose"),
    }
    required: frozenset[str] = frozenset()

    def lower(self, table: RuleTable) -> Iterable[Rule]:
        """Return one permit, for a recipient who is the data subject."""
        asked = table.fact("request", "request", kind=table.value("request"))
        yield Permit(
            table.head,
            frozenset({"disclose"}),
            about=ALWAYS,
            terms=all_of(Same(Field.RECIPIENT, Field.SUBJECT_ID), table.condition(), asked),
        )
