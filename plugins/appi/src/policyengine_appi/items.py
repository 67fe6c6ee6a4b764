"""What the Act asks of items that need special care: 2(3), 20(2)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from policyengine.errors import Code
from policyengine.model.condition import Field, NotIn
from policyengine.text import Text
from policyengine_appi.case import Case, at, by_clause, word
from policyengine_appi.lint import ArticleLint, Found

_SPECIAL: Final = Code(
    "appi-special-care",
    ja="要配慮個人情報（{items}）を、本人以外から、同意も法令も例外もなしに取得できます",
    en="data that need special care ({items}) can be acquired from others than the person with neither consent, "
    "law nor an "
    "exception",
    means=Text(
        ja="要配慮個人情報の取得には、本人の同意か、20条2項の各号の場合であることが要ります。取得の方法を限るか、"
        "同意か根拠を求めてください。",
        en="To acquire such data takes consent, or one of the cases of 20(2). Limit the origins, or ask for "
        "consent or a ground.",
    ),
    severity="warning",
)
_NOT_CLASSED: Final = _SPECIAL.also(
    ja="要配慮個人情報の語がなく、確かめられません（`rules/vocabulary/appi.toml` を読み込み、項目を `is_a` "
    "で分類してください）",
    en="could not be checked: the pack has no word for what needs special care (import rules/vocabulary/appi.toml, "
    "and class "
    "the items with `is_a`)",
)
_UNCLASSIFIED: Final = Code(
    "appi-unclassified-item",
    ja="要配慮個人情報かどうかが述べられていない項目: {items}",
    en="items of which nobody says whether they need special care: {items}",
    means=Text(
        ja='項目が要配慮個人情報なら `is_a = "special_care"`（またはその種類）、そうでないと確かめたなら `ordinary '
        "= true` と"
        "語彙に書いてください。",
        en='Say in the vocabulary of each item `is_a = "special_care"`, or one of its kinds; or `ordinary = true` '
        "where "
        "somebody has looked, and it is none.",
    ),
    severity="warning",
)

_OTHERWISE_FREE: Final = ("direct", "entrusted", "shared", "succession")
"""Origins at which 20(2) is met: the person gave the data, or Order 9."""


def _special(case: Case) -> Iterator[Found]:
    if not case.classed:
        yield Found(_NOT_CLASSED.text(), case.place(), severity="note")
        return
    own = [item for item in case.own("items") if item in case.special]
    origins = tuple(name for name in _OTHERWISE_FREE if name in case.vocabulary.terms["origins"])
    from_others = NotIn(Field.ORIGIN, frozenset(origins), origins, open=True)
    without = case.grounds | {"provenance"}
    for clause, permits in by_clause(case.permitting("acquire")).items():
        for permit in permits:
            items = [
                item
                for item in own
                if case.possible(permit, "acquire", case.personal, from_others, word(Field.ITEM, item), without=without)
            ]
            if items:
                yield Found(_SPECIAL.text(items=case.labels("items", items)), at(permit), clause, "warning")
                break


def _unclassified(case: Case) -> Iterator[Found]:
    ordinary = {item for item in case.vocabulary.terms["items"] if case.term("items", item).get("ordinary")}
    looked_at = case.vocabulary.closure("items", ordinary) | case.special
    general = case.vocabulary.above("items", case.special) if case.classed else frozenset()
    left = [item for item in case.vocabulary.terms["items"] if item not in looked_at and item not in general]
    if left:
        own = case.own("items")
        place = next((own[item] for item in left if item in own), None) or case.place()
        yield Found(_UNCLASSIFIED.text(items=case.labels("items", left)), place, severity="warning")


LINTS: Final = (
    ArticleLint(_SPECIAL, "20(2)", _special, "2017-05-30"),
    ArticleLint(_UNCLASSIFIED, "2(3)", _unclassified, "2017-05-30"),
)
