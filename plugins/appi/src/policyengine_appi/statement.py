"""What the Act asks a text to tell of the business itself: 32, 33 to 35, 22, 23, 40; and how old the text is."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Final

from policyengine.errors import Code
from policyengine.language.tells import REQUESTS
from policyengine.model.condition import Acquired, Age, Field, Holds, leaves
from policyengine.model.operation import OPERATIONS
from policyengine.model.rule import Restriction, conditions_of
from policyengine.moment import instant
from policyengine.text import Text, listed
from policyengine_appi.case import Case, at, word
from policyengine_appi.lint import ArticleLint, Found
from policyengine_appi.words import KEPT, MEASURES

_IN_FULL: Final = "2022-04-01"

_OPERATOR: Final = Code(
    "appi-operator",
    ja="文面は、事業者の{what}を述べていません",
    en="the text does not tell {what} of the business",
    means=Text(
        ja="事業者の名称、住所、法人の代表者の氏名を、本人が知り得るようにしなければなりません。"
        "`[policy.operator]` に書いてください。",
        en="The name of the business, its address and, of a corporation, its representative are to be made known. "
        "Tell them in "
        "`[policy.operator]`.",
    ),
)
_WHAT: Final[Mapping[str, tuple[Text, str]]] = {
    "name": (Text(ja="名称", en="the name"), ""),
    "address": (Text(ja="住所", en="the address"), _IN_FULL),
    "representative": (Text(ja="代表者の氏名", en="the representative"), _IN_FULL),
}
_REQUESTS: Final = Code(
    "appi-requests",
    ja="本人の{requests}に応じるルールがなく、文面が応じるのかどうかを `[policy.requests]` が述べていません",
    en="no rule answers these requests of the person, and `[policy.requests]` does not tell whether the text does: "
    "{requests}",
    means=Text(
        ja="法の認める求めの種類が、文面にありません。応じるものを `[policy.requests]` の `kinds` に書いてください。"
        "手続き（`how`）と手数料（`fee`）も述べます。",
        en="A request that the Act gives a person is not in the text. Tell in `kinds` of `[policy.requests]` which "
        "are granted, "
        "and the procedure (`how`) and the `fee`.",
    ),
    severity="warning",
)
_REQUESTS_LEFT_OUT: Final = _REQUESTS.also(
    ja="本人の求めのうち、{requests}を文面が認めていません",
    en="the text does not grant these requests of the person: {requests}",
)
_REQUESTS_HOW: Final = _REQUESTS.also(
    ja="求めの{what}が述べられておらず、確かめられません", en="could not be checked: {what} of requests is not told"
)
_NARROW: Final = Code(
    "appi-requests-narrow",
    ja="「{request}」の求めが止めるのは、法が止めるものより狭く、{operations}が残ります",
    en='a request to "{request}" leaves what the Act would stop: {operations}',
    means=Text(
        ja="求めによって止まる取扱いが、法の定めと異なります。狭ければ操作を加え、法令による場合も止めるなら "
        "`lifted_by` を検討してください。",
        en="What a request stops is not what the Act stops. Add the operations that are left; where it stops what "
        "a law demands "
        "too, consider `lifted_by`.",
    ),
    severity="note",
)
_STRICTER: Final = _NARROW.also(
    ja="「{request}」の求めは、法令による場合も止めます（法より厳しい）",
    en='a request to "{request}" stops even what a law demands: stricter than the Act',
)
_NOT_DISCLOSABLE: Final = Code(
    "appi-not-disclosable",
    ja="「{subject}」のデータは、決して開示されません",
    en='data of "{subject}" are never disclosed',
    means=Text(
        ja="自ら開示や停止の権限を持たないデータについてだけ正しいことです。そうであることを確かめてください。",
        en="That is right only of data over which the business has no authority. See that it is so.",
    ),
    severity="note",
)
_SAFETY: Final = Code(
    "appi-safety",
    ja="どの条項も、どのような安全管理措置を講じるかを述べていません",
    en="no clause tells which security measures are taken",
    means=Text(
        ja="講じている措置の内容を本人が知り得るようにしなければなりません。措置をとるという約束では足りません。"
        "述べている条項を `[policy.safety]` の `clauses` に書いてください。",
        en="Which measures are taken is to be made known, and a promise to take some is none. Name the clauses "
        "that tell it in "
        "`clauses` of `[policy.safety]`.",
    ),
    severity="warning",
)
_SAFETY_PROMISED: Final = _SAFETY.also(
    ja="この条項は安全管理措置を約束しますが、その内容を述べていません",
    en="this clause promises security measures, and does not tell which",
)
_SAFETY_ABROAD: Final = Code(
    "appi-safety-abroad",
    ja="外国でデータを置くか扱うかが述べられておらず、確かめられません（`[policy.safety]` の `abroad`）",
    en="could not be checked: nothing tells whether data are kept or handled abroad (`abroad` of `[policy.safety]`)",
    means=Text(
        ja="外国で個人データを扱うなら、その国と制度を本人が知り得るようにします。`[policy.safety]` の `abroad` "
        "に書き、なければ `[]` としてください。",
        en="Where data are handled abroad, the country and its legal regime are to be made known. Tell them in "
        "`abroad` of "
        "`[policy.safety]`, or `[]` for nowhere.",
    ),
    severity="note",
)
_COMPLAINTS: Final = Code(
    "appi-complaints",
    ja="苦情の申出先がありません",
    en="there is no place for complaints",
    means=Text(
        ja="苦情の申出先を、`[policy]` の `contact` か `[policy.requests]` の `complaints` に書いてください。",
        en="Say where people complain: `contact` of `[policy]`, or `complaints` of `[policy.requests]`.",
    ),
)
_RETENTION: Final = Code(
    "appi-retention",
    ja="{subjects}のデータをいつまで保存するかが、どこにも定められていません",
    en="nothing says how long these people's data are kept: {subjects}",
    means=Text(
        ja="利用する必要がなくなったデータは消去するよう努めます。保存期間を `retention` のルールで定めてください。",
        en="What is no longer needed is to be erased, as far as possible. Say by a `retention` rule how long data "
        "are kept.",
    ),
    severity="note",
)
_LAW_BEFORE: Final = Code(
    "appi-law-before",
    ja="この版の後、法律は {dates} に変わりました",
    en="since this version the law has changed on {dates}",
    means=Text(
        ja="2022年4月1日より前から改められていない文面です。その後の改正を、ほかの所見とともに確かめてください。",
        en="The text has not been revised since before 2022-04-01. Look through what has changed, with the other "
        "findings.",
    ),
    severity="note",
)

_KINDS: Final[Mapping[str, Text]] = {
    "notify_purpose": Text(ja="利用目的の通知", en="notify the purpose"),
    "disclose": Text(ja="開示", en="disclose"),
    "disclose_records": Text(ja="提供の記録の開示", en="disclose records of provision"),
    "correct": Text(ja="訂正", en="correct"),
    "add": Text(ja="追加", en="add"),
    "delete": Text(ja="削除", en="delete"),
    "stop_use": Text(ja="利用停止", en="stop use"),
    "erase": Text(ja="消去", en="erase"),
    "stop_provision": Text(ja="第三者提供の停止", en="stop provision"),
}
_STOPPED: Final[Mapping[str, tuple[str, ...]]] = {
    "stop_use": ("use", "joint_use", "entrust"),
    "erase": ("use", "retain", "joint_use", "entrust", "provide"),
    "stop_provision": ("provide",),
}
"""What the Act stops on a request that is upheld: article 35, as the layer reads it."""


def _operator(case: Case) -> Iterator[Found]:
    alone = case.about("operator", "kind") == "individual"
    for key, (what, since) in _WHAT.items():
        if case.about("operator", key) is None and not (key == "representative" and alone):
            yield Found(_OPERATOR.text(what=what), case.place("operator"), since=since)


def _requests(case: Case) -> Iterator[Found]:
    declared = case.about("requests", "kinds")
    shown = {value for _, leaf in case.holds() if leaf.type == "request" for value in dict(leaf.where).get("kind", ())}
    for since in ("", _IN_FULL):
        some = [name for name in REQUESTS if (name == "disclose_records") == bool(since)]
        if declared is not None:
            severity, code, left = "error", _REQUESTS_LEFT_OUT, [name for name in some if name not in declared]
        else:
            severity, code, left = "warning", _REQUESTS, [name for name in some if name not in shown]
        if left:
            said = code.text(requests=listed([_KINDS[name] for name in left]))
            article = "33(5)" if since else "32(1)(iii)"
            yield Found(said, case.place("requests"), severity=severity, article=article, since=since)  # type: ignore[arg-type]
    for key, what in (("how", Text(ja="手続き", en="the procedure")), ("fee", Text(ja="手数料", en="the fee"))):
        if case.about("requests", key) is None:
            article = "37(1)" if key == "how" else "38"
            yield Found(_REQUESTS_HOW.text(what=what), case.place("requests"), severity="note", article=article)


def _narrow(case: Case) -> Iterator[Found]:
    for kind, operations in _STOPPED.items():
        rules = [rule for rule in case.restrictions if _stops(rule, kind)]
        if not rules:
            continue
        left = [name for name in operations if not any(case.speaks_of(rule, name) for rule in rules)]
        label, first = _KINDS[kind], rules[0]
        if left:
            said = _NARROW.text(request=label, operations=listed([OPERATIONS[name] for name in left]))
            yield Found(said, at(first), first.head.clause, "note")
        if not any(_spares_law(case, rule) for rule in rules):
            yield Found(_STRICTER.text(request=label), at(first), first.head.clause, "note")


def _stops(rule: Restriction, kind: str) -> bool:
    asked = [leaf for leaf in leaves(rule.when) if isinstance(leaf, Holds) and leaf.type == "request"]
    return any(kind in dict(leaf.where).get("kind", ()) for leaf in asked)


def _spares_law(case: Case, rule: Restriction) -> bool:
    spared = [permit for permit in case.permits if permit.head.clause in rule.spares]
    conditions = [rule.unless, rule.exempt, *(found for permit in spared for found in conditions_of(permit))]
    return any(isinstance(leaf, Holds) and leaf.type in case.law for one in conditions for leaf in leaves(one))


def _not_disclosable(case: Case) -> Iterator[Found]:
    permits = case.permitting("disclose")
    for subject in case.own("subjects") if permits else ():
        asked = word(Field.SUBJECT, subject)
        if any(case.possible(permit, "disclose", asked) for permit in permits):
            continue
        rules = [rule for rule in case.restrictions if case.speaks_of(rule, "disclose") and case.means(rule, subject)]
        place, clause = (at(rules[0]), rules[0].head.clause) if rules else (case.own("subjects")[subject], None)
        yield Found(_NOT_DISCLOSABLE.text(subject=case.labels("subjects", [subject])), place, clause, "note")


def _safety(case: Case) -> Iterator[Found]:
    if case.about("safety", "clauses"):
        return
    promising = [
        (number, document.place(path))
        for number, document, path, clause in case.clauses()
        if "organisational" in clause and MEASURES.search(" ".join(clause["summary"].values()))
    ]
    for number, place in promising:
        yield Found(_SAFETY_PROMISED.text(), place, number, "warning")
    if not promising:
        yield Found(_SAFETY.text(), case.place(), severity="warning")


def _safety_abroad(case: Case) -> Iterator[Found]:
    if case.about("safety", "abroad") is None:
        yield Found(_SAFETY_ABROAD.text(), case.place("safety"), severity="note")


def _complaints(case: Case) -> Iterator[Found]:
    if case.about("contact") is None and case.about("requests", "complaints") is None:
        yield Found(_COMPLAINTS.text(), case.place())


def _retention(case: Case) -> Iterator[Found]:
    ending = [
        rule
        for rule in case.restrictions
        if case.speaks_of(rule, "retain")
        and any(
            isinstance(leaf, Acquired | Age) or (isinstance(leaf, Holds) and leaf.within is not None)
            for condition in conditions_of(rule)
            for leaf in leaves(condition)
        )
    ]
    left = [name for name in case.own("subjects") if not any(case.means(rule, name) for rule in ending)]
    if left:
        opened = [
            (document.place((*path, "open")), number)
            for number, document, path, clause in case.clauses()
            if any(KEPT.search(" ".join(point.values())) for point in clause.get("open", ()))
        ]
        place, clause = opened[0] if opened else (case.place(), None)
        yield Found(_RETENTION.text(subjects=case.labels("subjects", left)), place, clause, "note")


CHANGES: Final = ("2005-04-01", "2017-05-30", "2019-01-23", "2022-04-01", "2023-04-01")
"""The days on which the Act changed, or came into force."""


def _law_before(case: Case) -> Iterator[Found]:
    since = [day for day in CHANGES if case.asked(day) and instant(f"{day}T00:00:00+09:00") > case.policy.start]
    if _IN_FULL in since:
        yield Found(_LAW_BEFORE.text(dates=", ".join(since)), case.place("from"), severity="note")


LINTS: Final = (
    ArticleLint(_OPERATOR, "32(1)(i)", _operator),
    ArticleLint(_REQUESTS, "32(1)(iii)", _requests),
    ArticleLint(_NARROW, "35", _narrow),
    ArticleLint(_NOT_DISCLOSABLE, "16(4)", _not_disclosable),
    ArticleLint(_SAFETY, "32(1)(iv)", _safety, _IN_FULL),
    ArticleLint(_SAFETY_ABROAD, "23", _safety_abroad, _IN_FULL),
    ArticleLint(_COMPLAINTS, "32(1)(iv)", _complaints),
    ArticleLint(_RETENTION, "22", _retention),
    ArticleLint(_LAW_BEFORE, "21(3)", _law_before, _IN_FULL),
)
