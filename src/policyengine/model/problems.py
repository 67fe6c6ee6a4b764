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
CONFLICTING_ATTRIBUTE: Final = Code(
    "layer-conflict",
    ja="属性「{name}」は {first} では {ours}、{second} では {theirs} です",
    en='attribute "{name}" is of type {ours} in {first}, and of type {theirs} in {second}',
    means=Text(
        ja="一人の管理者を同時に対象とし得る二つのポリシーが、一つの名前を異なるように宣言しています。"
        "属性の型か、事実の項目の形が違うか、レイヤー（`layer`）とその下のポリシーで、"
        "言葉の次元か `remainder` が違います。"
        "共通のファイルに一度だけ宣言して両方で取り込むか、一方の名前を変えてください。"
        "管理者か施行期間の異なるポリシーどうしは、何をどう宣言しても構いません。",
        en="Two policies that can govern one controller at one time declare one name in unlike ways: an attribute or a "
        "field of facts of another shape; or, where one of them is a `layer`, or a layer lies above both, a term in "
        "another dimension or with another `remainder` mark. Declare it once, in a vocabulary that both import, or "
        "rename one. Policies of other controllers, or of other times, may declare what they like.",
    ),
    example="""
$ sed 's/id = "shop"/id = "other"/; s/"integer"/"string"/' shop.toml > other.toml
$ echo '{}' | policyengine evaluate shop.toml other.toml --events -
shop.toml:…: error: layer-conflict: attribute "age" is of type string in other, and of type integer in shop
""",
)
CONFLICTING_FACT_FIELD: Final = CONFLICTING_ATTRIBUTE.also(
    ja="事実の種類「{name}」の項目「{field}」の形が {first} と {second} で異なります",
    en='field "{field}" of fact type "{name}" has another shape in {first} than in {second}',
)
CONFLICTING_DIMENSION: Final = CONFLICTING_ATTRIBUTE.also(
    ja="「{name}」は {first} では {ours}、{second} では {theirs} の言葉です",
    en='"{name}" is one of the {ours} in {first}, and one of the {theirs} in {second}',
)
CONFLICTING_REMAINDER: Final = CONFLICTING_ATTRIBUTE.also(
    ja="{dimension} の「{name}」は {first} では remainder ですが、{second} ではそうではありません",
    en='"{name}" of {dimension} is a remainder in {first}, and none in {second}',
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
