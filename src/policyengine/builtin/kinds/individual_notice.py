"""Individual notice: a purpose notified to a person governs in place of the published ones."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from msgspec.structs import replace

from policyengine.language import RuleTable, about_table, clause_list, name_of
from policyengine.model import WITHIN, Holds, Permit, Replacement, Rule, Text, all_of


class IndividualNotice:
    """Where a notice is in effect for a person's items, its purposes hold, and those of ``replaces`` do not."""

    name = "individual-notice"
    title = Text(ja="個別の利用目的の通知", en="individual notice")
    summary = Text(
        ja="個別に通知した利用目的があれば、公表した目的に代わってそれによる",
        en="Where a purpose was notified individually, it governs in place of the published ones.",
    )
    properties: Mapping[str, Mapping[str, Any]] = {
        "replaces": clause_list("The clauses whose purposes give way to a notice."),
        "notice": name_of(
            "The fact type of the notice, by default `notice`; it has a field `purposes`.", "facts", default="notice"
        ),
        "about": about_table(),
    }
    required = frozenset({"replaces"})

    def lower(self, table: RuleTable) -> Iterable[Rule]:
        """Return the permit of what is notified, and the replacement of what is not."""
        named = table.fact(table.value("notice"), "notice")
        # Whatever its purposes: the clause speaks of every flow of items on which the person had a notice.
        given = replace(named, unheld=frozenset({"purposes"})) if isinstance(named, Holds) else named
        flows = table.condition()
        yield Permit(
            table.head,
            WITHIN,
            about=table.about(all_of(flows, given)),
            terms=all_of(flows, named) if "about" in table.values else named,
            licence=True,
        )
        yield Replacement(table.head, table.clauses("replaces"), all_of(flows, given))
