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
ONE_FOLDER_EACH: Final = Text(
    ja="フォルダのファイルは全部で一つのポリシーになります。別のポリシーなら、それぞれのフォルダに置くか、ファイルを一つずつ挙げてください",
    en="the files of a folder are one policy: give two of them a folder each, or name the files one by one",
)
UNKNOWN_VERSION: Final = Code(
    "unknown-version",
    ja="ポリシー「{name}」に、置き換える版「{version}」はありません",
    en='policy "{name}" has no version "{version}" to replace',
    means=Text(
        ja="`replaces` が、一緒に読み込む（または `check` する）同じポリシーのどの版でもないか、その版自身です。"
        "置き換える版の `version` を書いてください。",
        en="`replaces` names none of the versions of the policy that are loaded or checked together, or the version "
        "itself. Write the `version` of the one that it follows.",
    ),
    example=r"""
$ sed 's/^version = .*/version = "2"\nreplaces = "0"\nfrom = 2026-04-01T00:00:00Z/' shop.toml > next.toml
$ policyengine check shop.toml next.toml
next.toml:…: error: unknown-version: policy "shop" has no version "0" to replace (known: 1)
…
""",
)
REPLACES_ITSELF: Final = UNKNOWN_VERSION.also(
    ja="版が自分自身を置き換えています", en="a version does not replace itself"
)
VERSION_OVERLAP: Final = Code(
    "version-overlap",
    ja="{begins} に始まりますが、置き換えられる版「{version}」は {until} まで施行されています（{place}）",
    en='it begins at {begins}, and version "{version}", which it replaces, is in force until {until} ({place})',
    means=Text(
        ja="一つのポリシーの、続く二つの版の期間が重なっています。先の版の `until` を後の版の `from` に合わせるか、"
        "`until` を消してください。`until` のない版は、それを置き換える版が始まるときに終わります。",
        en="The periods of two versions of a policy that follow one another overlap. Let the earlier one end where the "
        "later begins, or take its `until` out: a version without one ends where the version that replaces it begins.",
    ),
    example=r"""
$ sed 's/^version = .*/version = "1"\nuntil = 2026-05-01T00:00:00Z/' shop.toml > first.toml
$ sed 's/^version = .*/version = "2"\nreplaces = "1"\nfrom = 2026-04-01T00:00:00Z/' shop.toml > next.toml
$ policyengine check first.toml next.toml
next.toml:…: error: version-overlap: it begins at 2026-04-01T00:00:00Z, and version "1", which it replaces, …
…
""",
)
BEGINS_BEFORE_REPLACED: Final = VERSION_OVERLAP.also(
    ja="置き換えられる版「{version}」より前か、同時に始まっています（{place}）",
    en='it does not begin after version "{version}", which it replaces ({place})',
)
END_WHERE_REPLACED: Final = Text(
    ja="その until を後の版の始まりに合わせるか、消してください", en="let its until be that time, or take it out"
)
"""The hint of `VERSION_OVERLAP` and `VERSION_GAP`."""

VERSION_GAP: Final = Code(
    "version-gap",
    ja="{begins} に始まりますが、置き換えられる版「{version}」は {until} に終わっています（{place}）",
    en='it begins at {begins}, and version "{version}", which it replaces, ends at {until} ({place})',
    means=Text(
        ja="誤りではなく注記です。一つのポリシーの、続く二つの版の間に、どの版も施行されていない期間があります。"
        "その間の取扱いは、他に許可するポリシーがなければ `no-governing-policy` として拒否されます。",
        en="A note, no error: between two versions of a policy that follow one another, neither is in force, and flows "
        "that nothing else governs are denied with `no-governing-policy`.",
    ),
    severity="note",
    example=r"""
$ sed 's/^version = .*/version = "1"\nuntil = 2026-03-01T00:00:00Z/' shop.toml > first.toml
$ sed 's/^version = .*/version = "2"\nreplaces = "1"\nfrom = 2026-04-01T00:00:00Z/' shop.toml > next.toml
$ policyengine check first.toml next.toml
next.toml:…: note: version-gap: it begins at 2026-04-01T00:00:00Z, and version "1", which it replaces, ends …
…
""",
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
