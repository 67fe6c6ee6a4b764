"""What the Act asks of a change between two versions of a text: 17(2), 27(3), 27(6)."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Any, Final

from policyengine.errors import Code
from policyengine.model.condition import Field
from policyengine.text import Text, listed
from policyengine_appi.case import Case, Table, at
from policyengine_appi.joint_use import arrangements
from policyengine_appi.lint import ArticleLint, Found
from policyengine_appi.provision import MATTERS

_WIDENED: Final = Code(
    "appi-joint-use-widened",
    ja="共同利用が {added} に広がります。知らせるだけでは広げられません",
    en="the joint use is widened to {added}: no notice does that",
    means=Text(
        ja="共同利用の項目と範囲は、原則として変更できません。同意を得るか、"
        "新しく取得するものについて新しい取決めとしてください。",
        en="Items and parties of a joint use cannot be added by a notice. Get consent, or make a new arrangement "
        "for what is "
        "acquired from then on.",
    ),
)
_ANNOUNCE: Final = Code(
    "appi-joint-use-announce",
    ja="共同利用の{what}が変わります。{day}より前に知らせる必要があります",
    en="{what} of the joint use changes: it is to be made known before {day}",
    means=Text(
        ja="利用目的と責任を有する者の変更はあらかじめ、その名称・住所・代表者の変更は遅滞なく、"
        "知らせる必要があります。",
        en="A change of the purposes or of who is responsible is made known before; of their name, address or "
        "representative, "
        "without delay.",
    ),
    severity="warning",
)
_ANNOUNCE_AFTER: Final = _ANNOUNCE.also(
    ja="共同利用の{what}が変わります。{day}から遅滞なく知らせる必要があります",
    en="{what} of the joint use changes: it is to be made known without delay from {day} on",
)
_PURPOSE: Final = Code(
    "appi-purpose-changed",
    ja="利用目的「{purpose}」が加わります",
    en='the purpose "{purpose}" is added',
    means=Text(
        ja="すでに持つデータに使えるのは、変更前の目的と合理的に関連する範囲だけで、公表か通知が要ります。"
        "それを超えるなら同意が要ります。",
        en="For data already held it must be reasonably related to the earlier purposes, and be announced; beyond "
        "that it takes "
        "consent.",
    ),
    severity="warning",
)
_OPT_OUT: Final = Code(
    "appi-opt-out-changed",
    ja="オプトアウトの{what}が変わりますが、新しい届出がありません",
    en="{what} of the opt-out changes, and there is no new filing",
    means=Text(
        ja="オプトアウトの事項の変更は、あらかじめ知らせ、届け出なければなりません。新しい届出の日を `filed` "
        "に書いてください。",
        en="A change of what is told of an opt-out is made known and filed before. Say the new `filed`.",
    ),
)

_RESPONSIBLE: Final = Text(ja="責任を有する者", en="who is responsible")
_PURPOSES: Final = Text(ja="利用目的", en="the purposes")
_WHERE: Final = Text(
    ja="責任を有する者の名称・住所・代表者", en="name, address or representative of who is responsible"
)


def _widened(case: Case) -> Iterator[Found]:
    for new, old, before in _pairs(case, arrangements):
        for key in ("items", "parties"):
            added = [word for word in _meant(case, key, new) if word not in _meant(before, key, old)]
            if added:
                yield Found(_WIDENED.text(added=case.labels(key, added)), new.place(key), new.clause)


def _announce(case: Case) -> Iterator[Found]:
    day = case.first_day
    for new, old, before in _pairs(case, arrangements):
        if set(_meant(case, "purposes", new)) != set(_meant(before, "purposes", old)):
            yield Found(_ANNOUNCE.text(what=_PURPOSES, day=day), new.place("purposes"), new.clause, "warning")
        mine, theirs = (_responsible(table) for table in (new, old))
        if mine.keys() != theirs.keys():
            yield Found(_ANNOUNCE.text(what=_RESPONSIBLE, day=day), new.place("responsible"), new.clause, "warning")
        elif mine != theirs:
            yield Found(_ANNOUNCE_AFTER.text(what=_WHERE, day=day), new.place("responsible"), new.clause, "warning")


def _purpose(case: Case) -> Iterator[Found]:
    before = case.before
    if before is None:
        return
    for permit in case.permitting("use"):
        if permit.licence:
            for purpose in case.named(permit, Field.PURPOSE):
                if not before.serves(purpose):
                    label = case.labels("purposes", [purpose])
                    yield Found(_PURPOSE.text(purpose=label), at(permit, "purposes"), permit.head.clause, "warning")


def _opt_out(case: Case) -> Iterator[Found]:
    for new, old, _ in _pairs(case, lambda one: one.tables("opt_out")):
        changed = [label for key, (label, _) in MATTERS.items() if new.values.get(key) != old.values.get(key)]
        if changed and new.values.get("filed") in (None, old.values.get("filed")):
            yield Found(_OPT_OUT.text(what=listed(changed)), new.place("filed"), new.clause)


def _pairs(case: Case, tables: Callable[[Case], Iterable[Table]]) -> Iterator[tuple[Table, Table, Case]]:
    """Yield what stands in both versions, by the clause and its place there, with the earlier version."""
    before = case.before
    if before is None:
        return
    old = _numbered(tables(before))
    for key, table in _numbered(tables(case)).items():
        if key in old:
            yield table, old[key], before


def _numbered(tables: Iterable[Table]) -> dict[tuple[str, int], Table]:
    found: dict[tuple[str, int], Table] = {}
    for table in tables:
        number = sum(clause == table.clause for clause, _ in found)
        found[table.clause, number] = table
    return found


def _meant(case: Case, key: str, table: Table) -> list[str]:
    words = case.words(key, table.values.get(key))
    return [kind for word in words for kind in sorted(case.vocabulary.kinds(key, word))]


def _responsible(table: Table) -> dict[str, Any]:
    return {who["party"]: who for who in table.values.get("responsible", ())}


LINTS: Final = (
    ArticleLint(_WIDENED, "27(6)", _widened),
    ArticleLint(_ANNOUNCE, "27(6)", _announce),
    ArticleLint(_PURPOSE, "17(2)", _purpose),
    ArticleLint(_OPT_OUT, "27(3)", _opt_out),
)
