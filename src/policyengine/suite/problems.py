"""What can be wrong with test suites beyond their form: what they refer to, and their tables."""

from __future__ import annotations

from typing import Final

from policyengine.errors import Code
from policyengine.language.problems import DUPLICATE_RULE
from policyengine.schema.problems import EMPTY, MISSING_KEY, UNKNOWN_KEY, UNKNOWN_VALUE
from policyengine.text import Text

UNKNOWN_BASE: Final = Code(
    "unknown-base",
    ja="もとになるイベント「{name}」がありません",
    en='there is no event named "{name}" to start from',
    means=Text(
        ja="事例のもとになるイベントが、スイートの `[events]` にありません。または、自分自身をもとにしています。",
        en="A case starts from an event that the suite does not name in `[events]`, or that starts from itself.",
    ),
    example="""
[[case]]
name = "an order is delivered"
base = "order"
expect = "permit"
""",
)
UNKNOWN_FACT_SET: Final = Code(
    "unknown-fact-set",
    ja="事実の組「{name}」がありません",
    en='there is no fact set named "{name}"',
    means=Text(
        ja="事例が挙げる事実の組が、スイートの `[facts]` にありません。",
        en="A case names a set of facts that the suite does not have in `[facts]`.",
    ),
    example="""
[[case]]
name = "an order is delivered"
facts = ["consented"]
expect = "permit"
""",
)
TABLE_FORM: Final = Code(
    "table-form",
    ja="columns と rows か、product のどちらかを書きます",
    en="expected columns with rows, or a product",
    means=Text(
        ja="表に `columns` と `rows` も `product` もないか、その両方があるか、行の長さが列の数と違います。",
        en="A table has neither columns and rows nor a product, or both; or a row is of another "
        "length than the columns.",
    ),
    example="""
[[table]]
name = "every purpose"
columns = ["purpose", "expect"]
rows = [["delivery"]]
""",
)
ROW_LENGTH: Final = TABLE_FORM.also(ja="{columns} 列の表に {values} 個の値", en="{values} values for {columns} columns")
DUPLICATE_CASE: Final = DUPLICATE_RULE.also(ja="事例「{name}」が二つあります", en='case "{name}" stands twice')
NO_ROWS: Final = EMPTY.also(
    ja="語彙が {dimension} の語を一つも宣言していないので、表に事例がありません",
    en="the vocabulary declares no {dimension}, so that the table has no case",
)
NO_EXPECTATION: Final = MISSING_KEY.also(ja="expect がありません", en='"expect" is missing')
UNKNOWN_CASE_COLUMN: Final = UNKNOWN_KEY.also(ja="未知の列「{column}」", en='unknown column "{column}"')
NO_TERMS_FOR_STAR: Final = UNKNOWN_VALUE.also(
    ja='"*" を使える列: {known}', en='"*" can stand in these columns: {known}'
)
