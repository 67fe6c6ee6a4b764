"""What can be wrong with an event or a fact, beyond what their JSON Schemas have against them."""

from __future__ import annotations

from typing import Final

from policyengine.errors import Code
from policyengine.schema.problems import BAD_TIME, EMPTY, MISSING_KEY, UNKNOWN_KEY, WRONG_TYPE
from policyengine.text import Text

NOT_JSON: Final = Code(
    "not-json",
    ja="JSON として読めません: {error}",
    en="not JSON: {error}",
    means=Text(
        ja="JSON ではありません。一行に一つの JSON オブジェクトを、UTF-8 で書いてください。"
        "NaN と無限大は JSON にありません。",
        en="It is no JSON. Write one JSON object a line, in UTF-8; JSON has neither NaN nor infinity.",
    ),
    example="""
$ echo '{"id": "e-1"' | policyengine evaluate shop.toml --events - --format text
...
  $: not JSON: …
""",
)
JSON_TOO_DEEP: Final = NOT_JSON.also(ja="JSON として読めません: 入れ子が深すぎます", en="not JSON: nested too deeply")
NO_OBJECT: Final = Code(
    "not-an-object",
    ja="JSON オブジェクト一つが必要です",
    en="expected one JSON object",
    means=Text(
        ja="イベントは一つの JSON オブジェクトです。リストや文字列ではありません。",
        en="An event is one JSON object, and no list or text.",
    ),
    example="""
$ echo '"e-1"' | policyengine evaluate shop.toml --events - --format text
...
  $: expected one JSON object
""",
)
MALFORMED: Final = Code(
    "not-an-event",
    ja="正しい形のイベントではありません",
    en="not a well-formed event",
    means=Text(
        ja="イベントの形ではありませんが、どこがどう違うかを言えません。メッセージは JSON の読み手のものです。",
        en="It has not the form of an event, and there is no better word for why; the message is that of the JSON "
        "reader.",
    ),
)
MALFORMED_BECAUSE: Final = MALFORMED.also(ja="正しい形のイベントではありません: {why}", en="{why}")
LONE_SURROGATE: Final = Code(
    "not-text",
    ja="対にならないサロゲートを含む文字列です",
    en="expected text without lone surrogates",
    means=Text(
        ja="JSON に書けない文字列かキーです。対にならないサロゲートは文字ではなく、キーは文字列だけです。",
        en="A text or a key that JSON has no way to say: half a character, or a key that is no text.",
    ),
    example=r"""
>>> from policyengine import Event
>>> Event.from_json(r'{"id": "\ud800"}')
Traceback (most recent call last):
policyengine.errors.InvalidEvent: …$.id: expected text without lone surrogates…
""",
)
KEY_IS_NO_TEXT: Final = LONE_SURROGATE.also(ja="キーは文字列です", en="expected a string as the key")

NOT_ON_OPERATION: Final = UNKNOWN_KEY.also(
    ja="{operations} のときだけ書ける項目です", en="expected on the operation {operations} alone"
)
ACQUIRED_LATER: Final = BAD_TIME.also(ja="time より後にはできません", en="expected a time not after that of the event")
NO_CONTROLLER: Final = MISSING_KEY.also(
    ja="管理者が一者に定まらないため必須です（ポリシーの管理者: {known}）",
    en="required, since the policies do not bind exactly one controller (they bind: {known})",
)
ATTRIBUTE_OF_TYPE: Final = WRONG_TYPE.also(ja="{type} 型の値", en="expected a value of type {type}")

FACT_FIELD_MISSING: Final = MISSING_KEY.also(ja="{type} に必須の項目です", en="required field of a fact of type {type}")
FACT_FIELD_UNKNOWN: Final = UNKNOWN_KEY.also(ja="{type} にない項目です", en="unknown field of a fact of type {type}")
FACT_FIELD_LIST: Final = WRONG_TYPE.also(ja="空でない文字列のリスト", en="expected a non-empty list of strings")
FACT_FIELD_STRING: Final = WRONG_TYPE.also(ja="文字列", en="expected a string")
FACT_FIELD_EMPTY: Final = EMPTY.also(ja="空でない文字列", en="expected a non-empty string")
