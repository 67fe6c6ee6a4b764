"""Data-subject request: what a person asked to stop, stops."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from policyengine.language import (
    RuleTable,
    condition_table,
    fact_value,
    obligation_list,
    operation_list,
    spared_list,
    term_list,
)
from policyengine.model import NEVER, Field, In, Restriction, Rule, Text, all_of


class DataSubjectRequest:
    """A request in effect denies the operations that it stops (APPI articles 34 and 35)."""

    name = "data-subject-request"
    title = Text(ja="本人の求め", en="data-subject request")
    summary = Text(
        ja="本人の求めがあれば、挙げた取扱いをやめる",
        en="A request of the data subject stops these operations.",
    )
    properties: Mapping[str, Mapping[str, Any]] = {
        "request": fact_value("The kind of request, a value of the field `kind` of the fact.", "request", "kind"),
        "stops": operation_list("which operations it stops"),
        "spares": spared_list("What these clauses permit goes on."),
        "lifted_by": condition_table("Where this is met, the flow goes on."),
        "not_binding": {
            "type": "object",
            "description": "People whose requests do not bind, and what is to be done with them instead.",
            "properties": {
                "subjects": term_list("whose requests do not bind", "subjects"),
                "oblige": obligation_list("Obligations on a permit that the request would have denied."),
            },
            "required": ["subjects"],
            "additionalProperties": False,
        },
    }
    required = frozenset({"request", "stops"})

    def lower(self, table: RuleTable) -> Iterable[Rule]:
        """Return one restriction."""
        asked = table.fact("request", "request", kind=table.values["request"])
        exempt, subjects = table.terms("not_binding", "subjects")
        yield Restriction(
            table.head,
            code="request-in-effect",
            message=Text(ja="本人の求めにより停止している取扱いです", en="the data subject asked that this stop"),
            when=all_of(table.on("stops"), table.condition(), asked),
            unless=table.condition("lifted_by", default=NEVER),
            spares=table.spared(),
            exempt=In(Field.SUBJECT, subjects, exempt) if exempt else NEVER,
            instead=table.obligations("not_binding", "oblige"),
        )
