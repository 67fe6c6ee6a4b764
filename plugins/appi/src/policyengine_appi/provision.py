"""What the Act asks of provision to third parties: 27(1) and (2), 29, 31, and consents of children."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Final

from policyengine.errors import Code
from policyengine.model.condition import And, Compare, Condition, Field, Holds, Not, Or, leaves
from policyengine.model.rule import Permit, conditions_of
from policyengine.moment import instant
from policyengine.text import Text, listed
from policyengine_appi.case import Case, Table, at, by_clause, word
from policyengine_appi.lint import ArticleLint, Found
from policyengine_appi.words import AGE, GUARDIAN, HARD_TO_GET, OBJECTION, RECORD, REFERABLE

_GROUND: Final = Code(
    "appi-ground",
    ja="第三者に提供する根拠（同意、法令、例外、オプトアウトの届出、事業の承継）を、この条項は求めていません",
    en="this clause asks for none of the grounds on which data can be provided to a third party: consent, law, an "
    "exception, "
    "a filed opt-out, a succession",
    means=Text(
        ja="提供のルールが、27条の根拠なしに許し得ます。根拠になる事実を求めるか、`ground` に根拠を書いてください。"
        "グループの会社も第三者です。",
        en="A rule on provision can permit without any ground of article 27. Have it ask for the fact that is one, "
        "or say in "
        "`ground` which it is. A company of the same group is a third party.",
    ),
)
_GROUND_NOT_ASKED: Final = _GROUND.also(
    ja="根拠は「{ground}」だと述べていますが、この条項はそれを求めていません",
    en='it is said to rest on "{ground}", for which this clause does not ask',
)
_BARE_DEMAND: Final = Code(
    "appi-bare-demand",
    ja="行政機関の求めだけでも提供できます",
    en="a bare demand of an authority is enough to provide the data",
    means=Text(
        ja="`legal_basis` の種類を問わないので、`government`（求めだけ）でも許します。法令（`statute`、`court`）か、"
        "協力の必要の判断（`statutory_exception` の `state_cooperation`）を求めてください。",
        en="Any kind of `legal_basis` will do, a bare demand (`government`) among them. Ask for a law (`statute`, "
        "`court`), or "
        "for the finding that the state must be helped (`statutory_exception`, `state_cooperation`).",
    ),
    severity="warning",
)
_EMERGENCY: Final = Code(
    "appi-emergency",
    ja="同意を得ることが困難かどうかを、この条項は求めていません",
    en="this clause does not ask whether consent was hard to get",
    means=Text(
        ja="生命・身体・財産の保護のための提供は、同意を得ることが困難な場合に限られます。それを判断した事実"
        "（`statutory_exception` の `life_body_property`）を求めてください。",
        en="Life, body or property is a ground only where consent is hard to get. Ask for the fact that says that "
        "this was "
        "found (`statutory_exception`, `life_body_property`).",
    ),
    severity="warning",
)
_OPT_OUT: Final = Code(
    "appi-opt-out",
    ja="本人が求めるまで提供しますが、オプトアウトの事項も届出も述べていません",
    en="data are provided unless the person objects, and neither the matters of an opt-out nor a filing are told",
    means=Text(
        ja="オプトアウトによる提供には、決まった事項を知らせ、個人情報保護委員会に届け出ることが要ります。条項の "
        "`opt_out` に"
        "書いてください。要配慮個人情報は提供できません。",
        en="To provide data unless the person objects takes matters to be made known, and a filing with the "
        "Commission; tell "
        "them in `opt_out` of the clause. Data that need special care can never go this way.",
    ),
)
_OPT_OUT_MATTERS: Final = _OPT_OUT.also(
    ja="オプトアウトの事項のうち、{matters}がありません", en="of the matters of an opt-out these lack: {matters}"
)
_OPT_OUT_FILED: Final = _OPT_OUT.also(
    ja="オプトアウトを届け出ていません", en="the opt-out is not filed with the Commission"
)
_OPT_OUT_SPECIAL: Final = _OPT_OUT.also(
    ja="要配慮個人情報（{items}）も、本人が求めるまで提供します",
    en="data that need special care ({items}) are provided unless the person objects",
)
_OPT_OUT_AGAIN: Final = _OPT_OUT.also(
    ja="第三者から取得したものも、その取得の経緯を問わずに提供します",
    en="what came from third parties is provided too, however they had it",
)
_REFERABLE: Final = Code(
    "appi-referable",
    ja="{items}を、提供先が個人データと結び付けるかどうかを確かめずに渡します",
    en="{items}: given away without asking whether the recipient ties them to a person",
    means=Text(
        ja="個人関連情報になり得る項目（Cookie、端末識別子、閲覧履歴など）の提供です。結び付けない約束（"
        "`no_linkage`）か、"
        "本人の同意の確認（`linkage_consent`）を求めてください。",
        en="Items that may be referable data (cookies, identifiers of devices, browsing history). Ask for the "
        "promise not to "
        "tie them to a person (`no_linkage`), or for the confirmed consent (`linkage_consent`).",
    ),
    severity="warning",
)
_RECORDS: Final = Code(
    "appi-records",
    ja="提供の記録を作る義務がありません（法律のレイヤーとともに読み込めば、そちらが課します）",
    en="nothing obliges to record the provision (loaded with the layer of the law, that does)",
    means=Text(
        ja="同意やオプトアウトによる提供には、記録が要ります。レイヤー `appi` が `record_provision` を課します。",
        en="A provision on consent or opt-out is to be recorded. The layer `appi` obliges to it (`record_provision`).",
    ),
    severity="note",
)
_CHILDREN: Final = Code(
    "appi-children",
    ja="同意を根拠としますが、年齢や法定代理人について何も定めていません",
    en="it rests on consent, and no rule speaks of age or guardians",
    means=Text(
        ja="子どもの同意は、法定代理人が代わります。何歳からかを定め、それより下では法定代理人の同意を求めてください。",
        en="For children the guardian consents. Say from which age on people consent themselves, and ask for the "
        "guardian's "
        "consent below it.",
    ),
    severity="note",
)


def _ground(case: Case) -> Iterator[Found]:
    for permit in case.permitting("provide"):
        said = case.table(permit).get("ground")
        if not case.possible(permit, "provide", case.personal, without=case.grounds):
            continue
        if said is None:
            yield Found(_GROUND.text(), at(permit), permit.head.clause)
        elif said in ("consent", "law", "statistics"):
            yield Found(_GROUND_NOT_ASKED.text(ground=said), at(permit, "ground"), permit.head.clause)


def _bare_demand(case: Case) -> Iterator[Found]:
    for permit in case.permitting("provide"):
        if case.possible(permit, "provide", case.personal, without=case.grounds):
            continue
        if case.possible(permit, "provide", case.personal, without=case.grounds - case.law, facts=bare):
            yield Found(_BARE_DEMAND.text(), at(permit), permit.head.clause, "warning")


def _emergency(case: Case) -> Iterator[Found]:
    own = case.exceptions - {"statutory_exception"}
    for permit in case.permitting("provide"):
        if not own or case.possible(permit, "provide", case.personal, without=case.grounds):
            continue
        if not case.possible(permit, "provide", case.personal, without=case.grounds - own):
            continue
        asked = [leaf for condition in conditions_of(permit) for leaf in leaves(condition)]
        facts = any(isinstance(leaf, Holds) and case.fact(leaf.type, HARD_TO_GET) for leaf in asked)
        attributes = any(isinstance(leaf, Compare) and case.attribute(leaf.attribute, HARD_TO_GET) for leaf in asked)
        if not facts and not attributes:
            yield Found(_EMERGENCY.text(), at(permit), permit.head.clause, "warning")


MATTERS: Final[Mapping[str, tuple[Text, str]]] = {
    "operator": (
        Text(ja="提供者の名称・住所・代表者", en="who provides, with address and representative"),
        "2022-04-01",
    ),
    "purpose": (Text(ja="提供を利用目的とすること", en="that to provide is a purpose"), "2005-04-01"),
    "items": (Text(ja="提供する項目", en="which items"), "2005-04-01"),
    "sources": (Text(ja="取得の方法", en="how they are acquired"), "2022-04-01"),
    "method": (Text(ja="提供の方法", en="how they are provided"), "2005-04-01"),
    "stop": (Text(ja="求めに応じて停止すること", en="that it stops on request"), "2005-04-01"),
    "how": (Text(ja="求めを受け付ける方法", en="how the person asks"), "2017-05-30"),
    "others": (Text(ja="規則の定める事項", en="what the Rule adds"), "2022-04-01"),
}
"""The matters of 27(2), each with the day since when it is asked for."""


def _opt_out(case: Case) -> Iterator[Found]:
    declared: dict[str, Table] = {table.clause: table for table in case.tables("opt_out")}
    for clause, permits in by_clause(case.permitting("provide")).items():
        out = [permit for permit in permits if clause in declared or opts_out(case, permit)]
        if not out:
            continue
        place = at(out[0])
        if clause not in declared:
            since = "2017-05-30" if case.asked("2017-05-30") else ""
            yield Found(_OPT_OUT.text(), place, clause, since=since)
        else:
            yield from _told(case, declared[clause])
        for permit in out:
            if items := reached(case, permit):
                label = case.labels("items", items)
                yield Found(_OPT_OUT_SPECIAL.text(items=label), at(permit), clause, since="2017-05-30")
            from_others = word(Field.ORIGIN, "third_party")
            if "third_party" in case.vocabulary.terms["origins"] and case.possible(
                permit, "provide", case.personal, from_others, without=case.grounds | {"provenance"}
            ):
                yield Found(_OPT_OUT_AGAIN.text(), at(permit), clause, "warning", since="2022-04-01")


def _told(case: Case, table: Table) -> Iterator[Found]:
    for since in sorted({since for _, since in MATTERS.values()}):
        lacking = [label for key, (label, begun) in MATTERS.items() if begun == since and key not in table.values]
        if lacking:
            yield Found(_OPT_OUT_MATTERS.text(matters=listed(lacking)), table.place(), table.clause, since=since)
    filed = table.values.get("filed")
    if filed is None or instant(filed) > case.day:
        yield Found(_OPT_OUT_FILED.text(), table.place("filed"), table.clause, since="2017-05-30")


def reached(case: Case, permit: Permit) -> list[str]:
    """Return the items of the pack's own that need special care and that a permit provides without a ground."""
    return [
        item
        for item in case.own("items")
        if item in case.special
        and case.possible(permit, "provide", case.personal, word(Field.ITEM, item), without=case.grounds)
    ]


def opts_out(case: Case, permit: Permit) -> bool:
    """Whether data are provided unless the person objects: it is said, or that is all for which a permit asks."""
    said = case.table(permit).get("ground")
    if said is not None:
        return bool(said == "opt_out")
    if not case.possible(permit, "provide", case.personal, without=case.grounds):
        return False
    return any(case.fact(leaf.type, OBJECTION) for condition in conditions_of(permit) for leaf in _refused(condition))


def _refused(condition: Condition, turned: bool = False) -> Iterator[Holds]:
    """Yield the facts that a condition asks not to be there."""
    match condition:
        case And(parts) | Or(parts):
            for part in parts:
                yield from _refused(part, turned)
        case Not(part):
            yield from _refused(part, not turned)
        case Holds() if turned:
            yield condition


def _referable(case: Case) -> Iterator[Found]:
    items = [item for item in case.vocabulary.terms["items"] if case.says("items", item, REFERABLE)]
    without = case.law | case.exceptions | {"linkage_consent", "no_linkage"}
    for permit in case.permitting("provide", "joint_use"):
        for operation in sorted(permit.operations & {"provide", "joint_use"}):
            given = [
                item
                for item in items
                if case.possible(permit, operation, case.personal, word(Field.ITEM, item), without=without)
            ]
            if given:
                label = case.labels("items", given)
                yield Found(_REFERABLE.text(items=label), at(permit), permit.head.clause, "warning")


def _records(case: Case) -> Iterator[Found]:
    if any(case.obliges(name, RECORD) for name in case.obliged("provide")):
        return
    for clause, permits in by_clause(case.permitting("provide")).items():
        for permit in permits:
            if on_consent(case, permit, "provide") or opts_out(case, permit):
                yield Found(_RECORDS.text(), at(permit), clause, "note")
                break


def on_consent(case: Case, permit: Permit, operation: str) -> bool:
    """Whether a permit can rest on consent, and on nothing less."""
    return not case.possible(permit, operation, case.personal, without=case.grounds) and case.possible(
        permit, operation, case.personal, without=case.grounds - case.consent
    )


def _children(case: Case) -> Iterator[Found]:
    aware = any(case.fact(leaf.type, GUARDIAN) for _, leaf in case.holds())
    compared = (
        leaf.attribute
        for rule in case.rules
        for condition in conditions_of(rule)
        for leaf in leaves(condition)
        if isinstance(leaf, Compare)
    )
    if aware or any(case.attribute(name, AGE) for name in compared):
        return
    operations = ("acquire", "use", "joint_use", "entrust", "provide")
    for clause, permits in by_clause(case.permitting(*operations)).items():
        for permit in permits:
            if any(on_consent(case, permit, name) for name in operations if name in permit.operations):
                yield Found(_CHILDREN.text(), at(permit), clause, "note")
                break


def bare(leaf: Holds) -> bool | None:
    """Whether a fact of law can be there that is a bare demand."""
    if leaf.type != "legal_basis":
        return None
    kinds = dict(leaf.where).get("kind")
    return None if kinds is None or "government" in kinds else False


LINTS: Final = (
    ArticleLint(_GROUND, "27(1)", _ground),
    ArticleLint(_BARE_DEMAND, "27(1)(iv)", _bare_demand),
    ArticleLint(_EMERGENCY, "27(1)(ii)", _emergency),
    ArticleLint(_OPT_OUT, "27(2)", _opt_out),
    ArticleLint(_REFERABLE, "31(1)", _referable, "2022-04-01"),
    ArticleLint(_RECORDS, "29(1)", _records, "2017-05-30"),
    ArticleLint(_CHILDREN, "27(1)", _children),
)
