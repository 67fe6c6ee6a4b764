"""A plugin as somebody outside writes one: a kind of rule with keys of every meaning, and tables within tables."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from policyengine.hooks import hookimpl
from policyengine.language import (
    RuleTable,
    clause_list,
    fact_expression,
    fact_value,
    flag,
    name_of,
    obligation_list,
    operation_list,
    term_list,
    under_readings,
)
from policyengine.model import ALWAYS, NEVER, Compare, Field, In, Permit, Restriction, Rule, Text, all_of


class Courier:
    """Couriers may be handed what they need, by a permit; what is too old, or asked back, is kept from them."""

    name = "courier"
    title = Text(ja="運送", en="courier")
    summary = Text(ja="運送会社に預けられる", en="Data may be handed to couriers.")
    properties: Mapping[str, Mapping[str, Any]] = {
        "acts": operation_list("what may be done"),
        "through": term_list("through whom", "parties"),
        "leans_on": clause_list("what must license the purpose", licences=True),
        "also_at_home": flag("whether it may be used without a courier, too", default=False),
        "staleness": {
            "type": "object",
            "properties": {
                "days": {"type": "integer", "minimum": 1},
                "counted_in": name_of("the attribute that says how old the data are", "attributes"),
                "spare": clause_list("what goes on whatever its age"),
                "instead": {
                    "type": "object",
                    "properties": {
                        "whose": term_list("for whom age does not count", "subjects"),
                        "duties": obligation_list("what is to be done then"),
                    },
                    "required": ["whose"],
                    "additionalProperties": False,
                },
            },
            "required": ["counted_in", "days"],
            "additionalProperties": False,
        },
        "recalls": {
            "type": "array",
            "minItems": 1,
            "items": {
                "type": "object",
                "properties": {
                    "asked": fact_value("the kind of request", "request", "kind", default="stop_use"),
                    "but": fact_expression("what lifts it"),
                    "what": term_list("which items are asked back", "items"),
                    "speed": {"enum": ["at-once", "never"]},
                    "under": under_readings(),
                },
                "required": ["what"],
                "additionalProperties": False,
            },
        },
    }
    required = frozenset({"acts", "through"})

    def lower(self, table: RuleTable) -> Iterable[Rule]:
        """Return the permits, and a restriction for each table within."""
        written, through = table.terms("through")
        leans = table.clauses("leans_on") if "leans_on" in table.values else None
        flows = table.condition()
        couriers = all_of(In(Field.RECIPIENT, through, written), flows)
        yield Permit(table.head, table.operations("acts"), about=ALWAYS, terms=couriers, licensed_by=leans)
        if table.value("also_at_home"):
            yield Permit(table.head, frozenset({"use"}), about=ALWAYS, terms=flows)
        if "staleness" in table.values and (age := table.name("staleness", "counted_in")):
            whose, subjects = table.terms("staleness", "instead", "whose")
            yield Restriction(
                table.head,
                "too-old",
                Text(ja="古すぎます", en="too old"),
                when=all_of(table.on("acts"), flows, Compare(age, "above", table.value("staleness", "days"))),
                spares=table.clauses("staleness", "spare"),
                exempt=In(Field.SUBJECT, subjects, whose) if whose else NEVER,
                instead=table.obligations("staleness", "instead", "duties"),
            )
        for index, recall in enumerate(table.values.get("recalls", ())):
            if not table.stands(recall.get("under"), "recalls", index, "under") or recall.get("speed") == "never":
                continue
            what, items = table.terms("recalls", index, "what")
            yield Restriction(
                table.head,
                "asked-back",
                Text(ja="返還を求められています", en="asked back"),
                when=all_of(
                    table.on("acts"),
                    In(Field.ITEM, items, what),
                    table.fact("request", "recalls", index, kind=table.value("recalls", index, "asked")),
                ),
                unless=table.facts("recalls", index, "but", default=NEVER),
            )


@hookimpl
def policyengine_rule_kinds() -> Iterable[Any]:
    """Bring the kind."""
    return [Courier()]
