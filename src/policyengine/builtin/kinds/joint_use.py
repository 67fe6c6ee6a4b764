"""Joint use: named companies use the same data together, within listed items and purposes."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Final

from msgspec.structs import replace

from policyengine.builtin.kinds.problems import JOINT_USE_PERMITS_NOTHING
from policyengine.language import RuleTable, about_table, flag, licence_list, name_of, term_list, told
from policyengine.model import (
    ALWAYS,
    NEVER,
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
    listed,
    text_of,
)

_TEXT: Final[Mapping[str, Any]] = {"$ref": "#/$defs/text"}

_SCOPE: Final = frozenset({"items", "parties", "purposes"})
"""The keys without which an arrangement has no scope."""

_RESPONSIBLE: Final = Text(ja="管理について責任を有する者", en="responsible for the data")
_RESPONSIBLE_FOR: Final = Text(ja="{items}の管理について責任を有する者", en="responsible for {items}")
_SAID_OF: Final[Mapping[str, Text]] = {
    "address": Text(ja="その住所", en="its address"),
    "representative": Text(ja="その代表者", en="its representative"),
    "stated_at": Text(ja="その住所と代表者の公表先", en="where its address and representative are made known"),
}


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
        "responsible": told(
            "Who is responsible for the data, and where they can be found.",
            {
                "type": "array",
                "minItems": 1,
                "items": {
                    "type": "object",
                    "properties": {
                        "party": name_of("Who is responsible: one of the parties, or the controller.", "parties"),
                        "items": term_list("for which items, by default all", "items"),
                        "address": _TEXT,
                        "representative": _TEXT,
                        "stated_at": {**_TEXT, "description": "Where address and representative are made known."},
                    },
                    "required": ["party"],
                    "additionalProperties": False,
                },
            },
        ),
    }
    required = frozenset({"subjects"})

    def lower(self, table: RuleTable) -> Iterable[Rule]:
        """Return the permit of joint use, and that of the controller's own use, on which other clauses may lean.

        An arrangement that does not say with whom, which items or for what permits nothing.
        """
        head = replace(table.head, told=tuple(_responsible(table)))
        flows = table.condition()
        if not table.values.keys() >= _SCOPE:
            table.problem(JOINT_USE_PERMITS_NOTHING)
            yield Permit(head, frozenset({"joint_use"}), about=table.about(), terms=NEVER)
            return
        written, parties = table.terms("parties")
        yield Permit(
            head,
            frozenset({"joint_use"}),
            about=table.about(),
            terms=all_of(In(Field.RECIPIENT, parties, written), flows, table.elsewhere()),
            licensed_by=table.licences(),
        )
        if table.value("own_use"):
            subject, subjects = table.terms("subjects")
            purpose, purposes = table.terms("purposes")
            yield Permit(
                head,
                WITHIN,
                about=all_of(In(Field.SUBJECT, subjects, subject), In(Field.PURPOSE, purposes, purpose)),
                terms=_of_its_own(table.condition(leave_out=("subjects", "purposes", "countries"))),
                licence=True,
            )


def _responsible(table: RuleTable) -> Iterator[tuple[Text, Text]]:
    """Yield who is responsible, and where they can be found, as people are told it."""
    vocabulary = table.scope.vocabulary
    for index, who in enumerate(table.value("responsible") or ()):
        items = listed(vocabulary.label(Field.ITEM, item) for item in table.terms("responsible", index, "items")[0])
        name = _RESPONSIBLE_FOR.filled(items=items) if items.ja else _RESPONSIBLE
        table.name("responsible", index, "party")
        yield name, vocabulary.label(Field.RECIPIENT, who["party"])
        yield from ((said, text_of(who[key])) for key, said in _SAID_OF.items() if key in who)


def _of_its_own(terms: Condition) -> Condition:
    """Return `terms` without what they ask of a recipient: the controller's own use has none.

    Of several ways, one that asks nothing else is no way to it: what the others ask stays.
    """
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
            ways = [way for way in map(_of_its_own, parts) if way != ALWAYS]
            return any_of(*ways) if ways else ALWAYS
        case _:
            return terms
