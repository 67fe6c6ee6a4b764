"""What can be wrong with policies beside one another, and with what refers to something in them."""

from __future__ import annotations

from typing import Final

from policyengine.errors import Code
from policyengine.text import Text

DUPLICATE_POLICY: Final = Code(
    "duplicate-policy",
    ja="ポリシー「{name}」が二つ、同じ時に施行されています",
    en='two policies named "{name}" are in force at the same time',
    means=Text(
        ja="`[policy]` が二つのファイルにあります。または、同じ id のポリシーが二つ、同じ時に施行されています。"
        "一つを消すか、`from` と `until` で期間を分けるか、id を変えてください。",
        en="`[policy]` stands in two files; or two policies of one id are in force at one time. Take one of them out, "
        "let one end (`until`) before the other begins (`from`), or give one another id.",
    ),
    example="""
[policy]
id = "other"
version = "1"
title = {ja = "店", en = "Shop"}
governs = ["shop"]
""",
)
POLICY_TABLE_TWICE: Final = DUPLICATE_POLICY.also(
    ja="[policy] は {file} にもあります", en="[policy] stands in {file} as well"
)
CONFLICTING_FACT_TYPE: Final = Code(
    "conflicting-declaration",
    ja="事実の種類「{name}」の宣言が {first} と {second} で異なります",
    en='fact type "{name}" is declared differently by {first} and {second}',
    means=Text(
        ja="一つのエンジンの二つのポリシーが、事実の種類か属性を異なるように宣言しています。"
        "共通の語彙ファイルに一度だけ宣言し、両方で取り込んでください。",
        en="Two policies of one engine declare a fact type or an attribute differently. Declare it once, in a "
        "vocabulary that both import.",
    ),
    example="""
$ sed 's/"shop"/"other"/; s/"integer"/"string"/' shop.toml > other.toml
$ echo '{}' | policyengine evaluate shop.toml other.toml --events -
error: conflicting-declaration: attribute "age" is declared differently by other and shop
""",
)
CONFLICTING_ATTRIBUTE: Final = CONFLICTING_FACT_TYPE.also(
    ja="属性「{name}」の宣言が {first} と {second} で異なります",
    en='attribute "{name}" is declared differently by {first} and {second}',
)
UNKNOWN_CLAUSE: Final = Code(
    "unknown-clause",
    ja="条項「{number}」はありません",
    en='there is no clause "{number}"',
    means=Text(
        ja="ない条項の番号を挙げています。設定の処置の段（step）では、どのポリシーにもない番号です。",
        en="The number of a clause that is not there; in a step of a configuration, in none of the policies.",
    ),
    example="""
[[clause]]
number = "2"
summary = {ja = "二", en = "two"}
[[clause.entrustment]]
licensed_by = ["1-a"]
""",
)
UNKNOWN_OBLIGATION: Final = Code(
    "unknown-obligation",
    ja="未宣言の義務「{name}」",
    en='unknown obligation "{name}"',
    means=Text(
        ja="宣言されていない義務です。`[obligations]` に宣言するか、綴りを直してください。",
        en="An obligation that is not declared. Declare it in `[obligations]`, or mend the spelling.",
    ),
    example="""
[[clause]]
number = "2"
summary = {ja = "二", en = "two"}
[[clause.obligation]]
oblige = ["tel"]
""",
)
UNKNOWN_FACT_TYPE: Final = Code(
    "unknown-fact-type",
    ja="未宣言の事実の種類「{name}」",
    en='unknown fact type "{name}"',
    means=Text(
        ja="宣言されていない事実の種類です。標準のもの以外は `[vocabulary.facts]` に宣言してください。",
        en="A type of fact that is not declared. Those beyond the standard ones are declared in `[vocabulary.facts]`.",
    ),
    example="""
[[clause]]
number = "2"
summary = {ja = "二", en = "two"}
[[clause.provision]]
facts = {type = "consnt"}
""",
)
