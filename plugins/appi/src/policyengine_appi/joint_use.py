"""What the Act asks of an arrangement of joint use: 27(5)(iii)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Final

from policyengine.errors import Code
from policyengine.model.condition import Field
from policyengine.text import Text
from policyengine_appi.case import Case, Table
from policyengine_appi.lint import ArticleLint, Found
from policyengine_appi.words import CLASS_OF_PARTIES

FULL: Final = "2022-04-01"
"""Since when the address and the representative are asked for."""

SCOPE: Final[Mapping[str, Text]] = {
    "items": Text(ja="共同して利用する項目", en="which items"),
    "parties": Text(ja="共同して利用する者の範囲", en="with whom"),
    "purposes": Text(ja="利用する者の利用目的", en="for which purposes"),
}
_NAME: Final = Text(ja="管理について責任を有する者の名称", en="who is responsible for the data")
_WHO: Final[Mapping[str, Text]] = {
    "address": Text(ja="責任を有する者の住所", en="the address of who is responsible"),
    "representative": Text(ja="責任を有する法人の代表者の氏名", en="the representative of who is responsible"),
}
_FOR_ITEMS: Final = Text(ja="{items}について責任を有する者", en="who is responsible for {items}")

_MATTERS: Final = Code(
    "appi-joint-use-matters",
    ja="共同利用の取決めに「{matter}」がありません",
    en="this arrangement of joint use does not say {matter}",
    means=Text(
        ja="共同利用について本人に知らせるべき五つの事項のどれかがありません。責任を有する者は `responsible` "
        "に書きます。",
        en="One of the five matters of which people must be told of a joint use lacks. Who is responsible, with "
        "address "
        "and representative, stands in `responsible`.",
    ),
)
_RANGE: Final = Code(
    "appi-joint-use-range",
    ja="「{party}」が誰を指すのか、読んでも分かりません",
    en='nobody can tell who is meant by "{party}"',
    means=Text(
        ja="共同利用の相手に、会社を挙げていない集まりの名前があります。語彙に、その種類として会社を書いてください。",
        en="A party of a joint use is a class that names no companies. Declare them as kinds of it.",
    ),
    severity="warning",
)
_MAY_GROW: Final = _RANGE.also(
    ja="「{party}」の会社は、条項を変えずに増やせます",
    en='companies can be added to "{party}" without a change of the clause',
)
_CONTRACTOR: Final = Code(
    "appi-joint-use-contractor",
    ja="共同利用の相手「{party}」には、委託もしています",
    en='data are also entrusted to "{party}", a party of this joint use',
    means=Text(
        ja="委託先の監督（25条）を、共同利用とすることで免れることはできません。委託と共同利用を分けて書いてください。",
        en="Calling a contractor a joint user does not lift the duty to supervise it (25). Say what is entrusted to it "
        "and what is used jointly.",
    ),
    severity="warning",
)


def _matters(case: Case) -> Iterator[Found]:
    for table in arrangements(case):
        for key, matter in SCOPE.items():
            if key not in table.values:
                yield Found(_MATTERS.text(matter=matter), table.place(), table.clause)
        everybody = table.values.get("responsible", ())
        if not everybody:
            for matter, since in ((_NAME, ""), *((matter, FULL) for matter in _WHO.values())):
                yield Found(_MATTERS.text(matter=matter), table.place(), table.clause, since=since)
        for index, who in enumerate(everybody):
            for key, matter in _WHO.items():
                if key not in who and "stated_at" not in who:
                    place = table.place("responsible", index)
                    yield Found(_MATTERS.text(matter=matter), place, table.clause, since=FULL)
        if everybody and all("items" in who for who in everybody):
            covered = {item for who in everybody for item in _items(case, who["items"])}
            if left := [item for item in _items(case, table.values.get("items")) if item not in covered]:
                matter = _FOR_ITEMS.filled(items=case.labels("items", left))
                yield Found(_MATTERS.text(matter=matter), table.place("responsible"), table.clause)


def _range(case: Case) -> Iterator[Found]:
    for table in arrangements(case):
        for party in case.words("parties", table.values.get("parties")):
            place, label = table.place("parties"), case.labels("parties", [party])
            if len(case.vocabulary.kinds("parties", party)) > 1:
                yield Found(_MAY_GROW.text(party=label), place, table.clause, "note")
            elif case.says("parties", party, CLASS_OF_PARTIES):
                yield Found(_RANGE.text(party=label), place, table.clause, "warning")


def _contractor(case: Case) -> Iterator[Found]:
    entrusted = {
        kind
        for permit in case.permitting("entrust")
        for party in case.named(permit, Field.RECIPIENT)
        for kind in case.vocabulary.kinds("parties", party)
    }
    for table in arrangements(case):
        for party in case.words("parties", table.values.get("parties")):
            for kind in sorted(case.vocabulary.kinds("parties", party) & entrusted):
                label = case.labels("parties", [kind])
                yield Found(_CONTRACTOR.text(party=label), table.place("parties"), table.clause, "warning")


def arrangements(case: Case) -> Iterable[Table]:
    """Return the arrangements of joint use that have not ended."""
    return [table for table in case.tables("joint-use") if not case.ended(table.values)]


def _items(case: Case, listed: Any) -> Iterator[str]:
    for word in case.words("items", listed):
        yield from sorted(case.vocabulary.kinds("items", word))


LINTS: Final = (
    ArticleLint(_MATTERS, "27(5)(iii)", _matters),
    ArticleLint(_RANGE, "27(5)(iii)", _range),
    ArticleLint(_CONTRACTOR, "27(5)(iii)", _contractor),
)
