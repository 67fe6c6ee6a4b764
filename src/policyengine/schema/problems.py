"""What a JSON Schema can have against some data: a rule file, a suite, a configuration, an event."""

from __future__ import annotations

from typing import Final

from policyengine.errors import Code
from policyengine.text import Text

UNKNOWN_KEY: Final = Code(
    "unknown-key",
    ja="未知のキー「{key}」",
    en='unknown key "{key}"',
    means=Text(
        ja="その表にないキーです。綴りを直すか、消してください。`values` を書けるのは、値と照らす事実の項目だけです。",
        en="A key that the table does not have. Mend the spelling, or take it out. Only a fact field that is held "
        "against a value has `values`.",
    ),
    example="""
[vocabulary.items]
fax = {ja = "ファクス", en = "fax", isa = "name"}
""",
)
NOT_HERE: Final = UNKNOWN_KEY.also(ja="ここには書けません", en="cannot stand here")
MISSING_KEY: Final = Code(
    "missing-key",
    ja="必須の「{key}」がありません",
    en='required "{key}" is missing',
    means=Text(ja="必須のキーがありません。書き足してください。", en="A required key is missing. Add it."),
    example="""
[vocabulary.items]
fax = {en = "fax"}
""",
)
WRONG_TYPE: Final = Code(
    "wrong-type",
    ja="{expected}が必要です（{found}でした）",
    en="expected {expected}, found {found}",
    means=Text(
        ja="値の型が違います。属性は、宣言した型の値としか比べられません。",
        en="A value of another type. An attribute is compared with values of the type that it is declared with.",
    ),
    example="""
[vocabulary.items]
fax = "fax"
""",
)
UNKNOWN_VALUE: Final = Code(
    "unknown-value",
    ja="次のいずれか: {known}",
    en="expected one of {known}",
    means=Text(
        ja="受け付ける値のどれでもありません。メッセージにあるものから選んでください。",
        en="None of the accepted values. Take one of those in the message.",
    ),
    example="""
[vocabulary.attributes]
guest = {type = "bool", ja = "ゲスト", en = "guest"}
""",
)
NOT_ANY_ITEM: Final = UNKNOWN_VALUE.also(ja='項目のリストか "any"', en='expected a list of items or "any"')
NOT_ANYONE: Final = UNKNOWN_VALUE.also(ja='管理者のリストか "anyone"', en='expected a list of controllers or "anyone"')
NO_LANGUAGE: Final = UNKNOWN_VALUE.also(
    ja="言語のタグ（例 ja、en、pt-BR）が必要です", en="expected the tag of a language, such as ja, en or pt-BR"
)
NOT_EVERY_TERM: Final = UNKNOWN_VALUE.also(
    ja='値のリスト（一つでも ["…"]）か、すべての語を表す "*"',
    en='expected a list of values (a single one as ["…"]), or "*" for every declared term',
)
NOT_OTHERS: Final = UNKNOWN_VALUE.also(
    ja='条項のリスト（一つでも ["…"]）か "other-policies"',
    en='expected a list of clauses (a single one as ["…"]), or "other-policies"',
)
NOT_ABOVE: Final = UNKNOWN_VALUE.also(
    ja='条項のリスト（一つでも ["…"]）か "above"', en='expected a list of clauses (a single one as ["…"]), or "above"'
)
NO_COUNTRY: Final = UNKNOWN_VALUE.also(
    ja="ISO 3166-1 の国コード（英大文字二つ、例 JP）が必要です",
    en="expected the code of a country (ISO 3166-1, two capital letters), such as JP",
)
EMPTY: Final = Code(
    "empty",
    ja="空にはできません",
    en="must not be empty",
    means=Text(
        ja="空の文字列・リスト・表です。何か書くか、キーごと消してください。",
        en="An empty text, list or table. Put something into it, or leave the key out.",
    ),
    example="""
[vocabulary.sets.items]
contact = []
""",
)
EMPTY_CONDITION: Final = EMPTY.also(
    ja="何も求めない条件は常に満たされます。何を求めるかを書いてください",
    en="a condition that asks nothing is always met: say what it asks",
)
EMPTY_TEXT: Final = EMPTY.also(ja="空でない文字列が必要です", en="expected a non-empty string")
TOO_FEW: Final = Code(
    "too-few",
    ja="二つ以上必要です",
    en="expected at least two",
    means=Text(
        ja="二つ以上ないと意味がありません。読み方（reading）の値が一つなら、選ぶ余地がありません。",
        en="One alone has no meaning there: a reading with a single value leaves nothing to choose.",
    ),
    example="""
[readings.reach]
ja = "及ぶか"
en = "Does it reach?"
default = "yes"
values.yes = {ja = "はい", en = "yes"}
""",
)
TOO_MANY: Final = Code(
    "too-many",
    ja="多すぎます。{most} つまでです",
    en="too many: expected at most {most}",
    means=Text(
        ja="リストが長すぎます。`same` も `between` も、二つの間のことです。",
        en="A list that is too long. Both `same` and `between` are of two.",
    ),
    example="""
[[clause]]
number = "2"
summary = {ja = "二", en = "two"}
[[clause.prohibition]]
items = ["name"]
between = ["09:00", "12:00", "17:00"]
""",
)
BAD_ID: Final = Code(
    "bad-id",
    ja="空白とコロンを含まない、空でない名前",
    en="expected a name without white space or colons",
    means=Text(
        ja="id に空白やコロンがあります。ハイフンでつないでください。表示する言葉は `ja` と `en` に書きます。",
        en="An id with white space or a colon. Join its words with hyphens; what people read stands in `ja` and `en`.",
    ),
    example="""
[vocabulary.items]
"home address" = {ja = "自宅住所", en = "home address"}
""",
)
BAD_NAME: Final = BAD_ID.also(
    ja="前後に空白がなく、制御文字・書式文字を含まない、NFC の空でない文字列が必要です",
    en="expected a non-empty string in Unicode NFC, without control or format characters, and without white space "
    "at its ends",
)
BAD_TIME: Final = Code(
    "bad-time",
    ja="時刻は RFC 3339 で、秒とオフセットまで（例 2026-11-24T09:00:00+09:00）",
    en="expected an RFC 3339 time with seconds and an offset, such as 2026-11-24T09:00:00+09:00",
    means=Text(
        ja="秒かオフセットのない時刻です。日付だけでは、どの地域のいつからか定まりません。",
        en="A time without seconds or an offset. A bare date leaves open where, and so when, it begins.",
    ),
    example="""
[[clause]]
number = "2"
summary = {ja = "二", en = "two"}
[[clause.prohibition]]
items = ["name"]
from = 2026-04-01
""",
)
BAD_DAY: Final = BAD_TIME.also(
    ja="日付が必要です（例 2026-11-24）",
    en="expected a day, such as 2026-11-24",
)
BAD_DURATION: Final = Code(
    "bad-duration",
    ja="期間は ISO 8601 で、整数で（例 P5Y、P30D、PT12H）",
    en="expected a duration of ISO 8601 in whole numbers, such as P5Y, P30D or PT12H",
    means=Text(
        ja="期間の形ではありません。年 `Y`、月 `M`、週 `W`、日 `D`、`T` のあとに時 `H`、分 `M`、秒 `S` を、"
        "この順に書きます。",
        en="No duration. Its parts stand in this order: years `Y`, months `M`, weeks `W`, days `D`, and after a `T` "
        "hours `H`, minutes `M` and seconds `S`.",
    ),
    example="""
[[clause]]
number = "2"
summary = {ja = "二", en = "two"}
[[clause.prohibition]]
items = ["name"]
acquired_within = "5 years"
""",
)
BAD_HOUR: Final = Code(
    "bad-hour",
    ja="時刻は 00:00 から 24:00 まで（例 09:30）",
    en="expected a time of day from 00:00 to 24:00, such as 09:30",
    means=Text(
        ja="一日の時刻の形ではありません。時と分を、二桁ずつ書きます。",
        en="No time of day. It has two digits for the hour and two for the minute.",
    ),
    example="""
[[clause]]
number = "2"
summary = {ja = "二", en = "two"}
[[clause.prohibition]]
items = ["name"]
between = ["9:00", "17:00"]
""",
)
RESERVED_NAME: Final = Code(
    "reserved-name",
    ja="予約された名前です",
    en="this name is reserved",
    means=Text(
        ja="どの事実にもある名前や、事実の式が使う名前は、項目の名前にできません。別の名前にしてください。",
        en="A fact field with a name that every fact has, or that expressions use. Give it another.",
    ),
    example="""
[vocabulary.facts.survey]
ja = "調査"
en = "survey"
fields.until = {held = "value"}
""",
)
REPEATED: Final = Code(
    "repeated",
    ja="同じものが繰り返されています",
    en="repeats an earlier member",
    means=Text(
        ja="リストに同じものが二度あります。プラグインのルールの種類が、そう求めることがあります。",
        en="Members of a list are the same, and shall not be. A plugin's kind of rule may ask so of its keys.",
    ),
)
NOT_AS_DOCUMENTED: Final = Code(
    "not-as-documented",
    ja="{message}",
    en="{message}",
    means=Text(
        ja="プラグインのルールの種類や設定のスキーマが、ほかに求めていることに反します。",
        en="Whatever else the schema of a plugin's kind of rule, or of its settings, asks.",
    ),
)
