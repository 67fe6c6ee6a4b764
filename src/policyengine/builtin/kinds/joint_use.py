"""Joint use: named companies use the same data together, within listed items and purposes."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from typing import Any, Final

from msgspec.structs import replace

from policyengine.builtin.kinds.problems import JOINT_USE_MATTER, JOINT_USE_PERMITS_NOTHING
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

_SCOPE: Final[Mapping[str, Text]] = {
    "items": Text(ja="項目", en="which items"),
    "parties": Text(ja="共同して利用する者の範囲", en="with whom"),
    "purposes": Text(ja="利用目的", en="for which purposes"),
}
"""The matters without which an arrangement has no scope, by the key that says them."""

_NAME: Final = Text(ja="責任を有する者の名前", en="who is responsible")
_ADDRESS: Final = Text(ja="責任を有する者の住所", en="the address of who is responsible")
_REPRESENTATIVE: Final = Text(ja="責任を有する法人の代表者の名前", en="the representative of who is responsible")
_FOR_ITEMS: Final = Text(ja="{items}について責任を有する者の名前", en="who is responsible for {items}")

_RESPONSIBLE: Final = Text(ja="管理について責任を有する者", en="responsible for the data")
_RESPONSIBLE_FOR: Final = Text(ja="{items}の管理について責任を有する者", en="responsible for {items}")
_SAID_OF: Final[Mapping[str, Text]] = {
    "address": Text(ja="その住所", en="its address"),
    "representative": Text(ja="その代表者", en="its representative"),
    "stated_at": Text(ja="その住所と代表者の公表先", en="where its address and representative are made known"),
}

_FROM_THE_FIRST: Final = "2005-04-01"
_IN_FULL: Final = "2022-04-01"
"""Since when the law asks for address and representative; for all else it has asked from the first."""


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
        _note_what_is_missing(table)
        head = replace(table.head, told=tuple(_responsible(table)))
        flows = table.condition()
        if not table.values.keys() >= _SCOPE.keys():
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
                terms=_of_its_own(table.condition(leave_out=("subjects", "purposes"))),
                licence=True,
            )


def _responsible(table: RuleTable) -> Iterator[tuple[Text, Text]]:
    """Yield who is responsible, and where they can be found, as people are told it."""
    vocabulary = table.scope.vocabulary
    for index, who in enumerate(table.value("responsible") or ()):
        items = listed(vocabulary.label(Field.ITEM, item) for item in table.terms("responsible", index, "items")[0])
        name = _RESPONSIBLE_FOR.filled(items=items) if items.ja else _RESPONSIBLE
        yield name, vocabulary.label(Field.RECIPIENT, who["party"])
        yield from ((said, text_of(who[key])) for key, said in _SAID_OF.items() if key in who)


def _note_what_is_missing(table: RuleTable) -> None:
    """Report each matter of which people must be told and that the table does not say, while the law asks for it."""

    def missing(matter: Text, since: str, *path: str | int) -> None:
        if table.head.end > datetime.fromisoformat(f"{since}T00:00:00+09:00").timestamp() * 1_000_000:
            table.problem(JOINT_USE_MATTER, *path, matter=matter, since=since)

    for key, matter in _SCOPE.items():
        if key not in table.values:
            missing(matter, _FROM_THE_FIRST)
    everybody = table.value("responsible") or ()
    if not everybody:
        for matter, since in ((_NAME, _FROM_THE_FIRST), (_ADDRESS, _IN_FULL), (_REPRESENTATIVE, _IN_FULL)):
            missing(matter, since)
        return
    covered: set[str] = set()
    for index, who in enumerate(everybody):
        here = ("responsible", index)
        table.name(*here, "party")
        if "items" in who:
            covered |= table.terms(*here, "items")[1]
        for key, matter in (("address", _ADDRESS), ("representative", _REPRESENTATIVE)):
            if key not in who and "stated_at" not in who:
                missing(matter, _IN_FULL, *here)
    if all("items" in who for who in everybody) and table.value("items") not in (None, "any"):
        left = [item for item in table.terms("items")[0] if item not in covered]
        if left:
            items = listed(table.scope.vocabulary.label(Field.ITEM, item) for item in left)
            missing(_FOR_ITEMS.filled(items=items), _FROM_THE_FIRST, "responsible")


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
