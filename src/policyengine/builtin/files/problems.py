"""What can be wrong with a CSV file of events, and with a row of it."""

from __future__ import annotations

from typing import Final

from policyengine.errors import Code
from policyengine.model.event_problems import NOT_JSON
from policyengine.text import Text

LINE_TOO_LONG: Final = Code(
    "line-too-long",
    ja="行が {most} MiB を超えています",
    en="the line is longer than {most} MiB",
    means=Text(
        ja="イベント一件の行が長すぎます。どの行も、決められた長さまでしか読まれません。",
        en="The line of one event is too long. So much of a line is read, and no more.",
    ),
)
CSV_SYNTAX: Final = Code(
    "csv-syntax",
    ja="CSV として読めません: {error}",
    en="cannot be read as CSV: {error}",
    means=Text(
        ja="行を CSV として読めません。引用符を見てください。値の中の引用符は二つ重ねます。"
        "その行だけが不正なイベントになり、次の行から読み続けます。見出しの行であれば、ファイルは使えません。",
        en="A row cannot be read as CSV. Look at the quotation marks: one inside a value is written twice. "
        "That row is an invalid event, and reading goes on with the next line; where it is the heading, "
        "the file cannot be used.",
    ),
    example="""
"id"x
e-1
""",
)
CSV_BROKEN: Final = CSV_SYNTAX.also(
    ja="{line} 行目: CSV として読めません: {error}", en="line {line}: cannot be read as CSV: {error}"
)
NO_HEADING: Final = Code(
    "no-heading",
    ja="見出しの行がありません",
    en="no line of headings",
    means=Text(
        ja="最初の行に見出しがありません。列がイベントのどの項目かを、一行目に書いてください。",
        en="The first line has no headings. It says which field of an event each column holds.",
    ),
    example="""
,,
e-1,customer,name
""",
)
UNKNOWN_COLUMN: Final = Code(
    "unknown-column",
    ja="列「{column}」はイベントの項目ではありません",
    en='column "{column}" is no field of an event',
    means=Text(
        ja="イベントの項目でない列です。見出しが別の言葉なら、`columns` で項目に結び付けられます。",
        en="A column is no field of an event. Where the heading is another word, `columns` says which field it means.",
    ),
    example="""
id,subject.di
""",
)
DUPLICATE_COLUMN: Final = Code(
    "duplicate-column",
    ja="列「{column}」が二つあります",
    en='column "{column}" stands twice',
    means=Text(ja="二つの列が同じ項目を持っています。", en="Two columns hold the same field."),
    example="""
id,id
""",
)
CSV_ROW: Final = Code(
    "csv-row",
    ja="{line} 行目: 見出しは {headings} 列ですが、{cells} 列あります",
    en="line {line}: expected {headings} cells, as in the heading, found {cells}",
    means=Text(
        ja="行の長さが見出しと違います。その行だけが不正なイベントになります。値の中のカンマは引用符で囲んでください。",
        en="A row is of another length than the heading; that row alone is an invalid event. A comma inside a value "
        "wants quotation marks around it.",
    ),
    example=r"""
$ printf 'id,purpose\ne-1\n' > rows.csv; policyengine evaluate shop.toml --events rows.csv --format text
...
  $: line 2: expected 2 cells, as in the heading, found 1
""",
)
CELL_NO_JSON: Final = NOT_JSON.also(ja="{line} 行目: JSON ではありません: {error}", en="line {line}: no JSON: {error}")
