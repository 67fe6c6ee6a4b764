"""What the Act asks of purposes: 17(1), 21(1), 32(1)(ii)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from policyengine.errors import Code
from policyengine.model.condition import Field
from policyengine.model.rule import Permit
from policyengine.text import Text
from policyengine_appi.case import Case, at, word
from policyengine_appi.lint import ArticleLint, Found
from policyengine_appi.provision import opts_out
from policyengine_appi.words import PROFILING, VAGUE

_MISSING: Final = Code(
    "appi-purpose-missing",
    ja="{what}には、利用目的がありません",
    en="there is no purpose for {what}",
    means=Text(
        ja="どの利用目的も及ばない人の区分か項目があります。その人や項目の利用目的を定めるか、言葉を消してください。",
        en="A category of people, or an item, that no purpose reaches. Give it one, or take the word out.",
    ),
)
_VAGUE: Final = Code(
    "appi-purpose-vague",
    ja="「{purpose}」は、何に使うのか具体的に分かりません",
    en='"{purpose}" does not tell for what in the end data are used',
    means=Text(
        ja="利用目的の文言が、ガイドラインが具体的でないとする例に近いものです。何のために使うのかを書いてください。",
        en="A purpose is worded much like those that the guideline finds unspecific. Say for what data are used in "
        "the end.",
    ),
    severity="warning",
)
_ANALYSIS: Final = Code(
    "appi-purpose-analysis",
    ja="「{purpose}」のために行動などを分析することを、文面が述べていません",
    en='the text does not tell that what people do is analysed for "{purpose}"',
    means=Text(
        ja="おすすめ、スコアリングなど、本人に関する分析を伴う利用目的です。分析することと、その目的を文面に書き、"
        "語彙のその目的に `analyses = true` と書いてください。",
        en="A purpose that takes an analysis of people, such as recommending or scoring. Tell in the text that "
        "there is "
        "one, and to what end, and say `analyses = true` of the purpose in the vocabulary.",
    ),
    severity="warning",
)
_PROVISION: Final = Code(
    "appi-purpose-provision",
    ja="「{purpose}」のための提供を、どの利用目的も述べていません",
    en='no purpose tells that data are provided for "{purpose}"',
    means=Text(
        ja="第三者への提供を、利用目的が述べていません。提供することを利用目的に加えるか、"
        "その目的を裏付ける条項を示してください。",
        en="Data are provided to others, and no purpose of use tells so. Make it one, or lean the provision on the "
        "clause "
        "that does.",
    ),
    severity="warning",
)


_WITHIN: Final = frozenset({"acquire", "use"})


def _missing(case: Case) -> Iterator[Found]:
    used = case.permitting(*_WITHIN)
    for dimension, field in (("subjects", Field.SUBJECT), ("items", Field.ITEM)):
        for name, place in case.own(dimension).items():
            asked = word(field, name)
            if not any(
                case.possible(permit, "use" if "use" in permit.operations else "acquire", asked) for permit in used
            ):
                yield Found(_MISSING.text(what=case.labels(dimension, [name])), place)


def _vague(case: Case) -> Iterator[Found]:
    for permit, purpose in _licensed(case):
        if case.says("purposes", purpose, VAGUE):
            label = case.labels("purposes", [purpose])
            yield Found(_VAGUE.text(purpose=label), at(permit, "purposes"), permit.head.clause, "warning")


def _analysis(case: Case) -> Iterator[Found]:
    for permit, purpose in [*_licensed(case), *_provided(case)]:
        if not case.says("purposes", purpose, PROFILING) or case.term("purposes", purpose).get("analyses"):
            continue
        operation = "use" if "use" in permit.operations else "provide"
        if case.possible(permit, operation, word(Field.PURPOSE, purpose)):
            label = case.labels("purposes", [purpose])
            yield Found(_ANALYSIS.text(purpose=label), at(permit, "purposes"), permit.head.clause, "warning")


def _provision(case: Case) -> Iterator[Found]:
    without = case.law | case.exceptions | case.succession
    for permit in case.permitting("provide"):
        if permit.licensed_by is not None or not case.possible(permit, "provide", case.personal, without=without):
            continue
        out = opts_out(case, permit)
        told = case.named(permit, Field.PURPOSE)
        if left := [name for name in told if not case.serves(name) and _gives(case, permit, name)]:
            label = case.labels("purposes", left)
        elif out and not told:
            label = case.policy.clauses[permit.head.clause].summary
        else:
            continue
        said, place = _PROVISION.text(purpose=label), at(permit, "purposes")
        if out:
            yield Found(said, place, permit.head.clause, article="27(2)(ii)")
        else:
            yield Found(said, place, permit.head.clause, "warning")


def _gives(case: Case, permit: Permit, purpose: str) -> bool:
    return case.possible(permit, "provide", case.personal, word(Field.PURPOSE, purpose))


def _licensed(case: Case) -> Iterator[tuple[Permit, str]]:
    """Yield the purposes that clauses license, each with the permit."""
    for permit in case.permitting("use"):
        if permit.licence:
            yield from ((permit, purpose) for purpose in case.named(permit, Field.PURPOSE))


def _provided(case: Case) -> Iterator[tuple[Permit, str]]:
    for permit in case.permitting("provide"):
        yield from ((permit, purpose) for purpose in case.named(permit, Field.PURPOSE))


LINTS: Final = (
    ArticleLint(_MISSING, "32(1)(ii)", _missing),
    ArticleLint(_VAGUE, "17(1)", _vague),
    ArticleLint(_ANALYSIS, "17(1)", _analysis, "2022-04-01"),
    ArticleLint(_PROVISION, "17(1)", _provision),
)
