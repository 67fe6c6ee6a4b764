"""Writes problems.md and problems.ja.md from the codes that the sources declare: ``make docs-problems``."""

from __future__ import annotations

import importlib
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

import policyengine
from policyengine.errors import Code
from policyengine.text import LANGUAGES, Language, Text

SOURCES = Path(policyengine.__file__).parent
PAGES = {"en": Path(__file__).with_name("problems.md"), "ja": Path(__file__).with_name("problems.ja.md")}

SHOP = """\
[policy]
id = "shop"
version = "1"
title = {ja = "店", en = "Shop"}
governs = ["shop"]

[vocabulary.subjects]
customer = {ja = "お客様", en = "customer"}

[vocabulary.items]
name = {ja = "氏名", en = "name"}
address = {ja = "住所", en = "address"}

[vocabulary.purposes]
delivery = {ja = "配送", en = "delivery"}

[vocabulary.attributes]
age = {type = "integer", ja = "年齢", en = "age"}

[readings.scope]
ja = "範囲"
en = "scope"
default = "narrow"
values.narrow = {ja = "狭い", en = "narrow"}
values.wide = {ja = "広い", en = "wide"}

[obligations.tell]
clause = "1"
ja = "知らせる"
en = "Tell them."

[[clause]]
number = "1"
summary = {ja = "配送に使う", en = "Data serve delivery."}

[[clause.purpose-limitation]]
id = "delivery"
subjects = ["customer"]
items = "any"
purposes = ["delivery"]
"""
"""The policy of which every example of a rule file makes something wrong."""


class Section(NamedTuple):
    """A part of the page.

    Args:
        title: its heading.
        about: what stands below that.
        fence: the language of an example that is a file, and how it is named.
        codes: the names of its codes, in order, with spaces between them.
    """

    title: Text
    about: Text
    fence: str
    codes: str


SECTIONS = (
    Section(
        Text(ja="ファイル", en="Files"),
        Text(
            ja="ルールファイル・スイート・設定ファイルを、その中身より前に、ファイルとして読むときのものです。",
            en="Of rule files, suites and configurations as files, before anything in them is read.",
        ),
        "toml",
        "file-missing file-unreadable revision-unreadable not-a-file file-too-large import-outside unknown-pack "
        "not-utf-8 toml-syntax toml-1.1 no-policy duplicate-policy imported-policy not-data not-loaded "
        "no-rule-file file-unwritable "
        "not-as-sealed",
    ),
    Section(
        Text(ja="形", en="Form"),
        Text(
            ja="JSON Schema が求めることです。スイートと設定ファイルも同じコードです。",
            en="What the JSON Schemas ask. Suites and configurations have the same codes.",
        ),
        "toml",
        "unknown-key missing-key wrong-type unknown-value unknown-kind empty too-few too-many bad-id bad-time "
        "bad-duration bad-hour reserved-name fact-expression repeated not-as-documented",
    ),
    Section(
        Text(ja="言葉", en="Words"),
        Text(ja="ルールの言葉は、すべて宣言されています。", en="Every word of a rule is declared."),
        "toml",
        "unknown-term unknown-clause unknown-obligation unknown-attribute unknown-time-zone unknown-fact-type "
        "unknown-fact-field unknown-condition cyclic-condition rewards-silence not-passing other-operation "
        "represents-nobody "
        "unknown-reading unknown-reading-value ambiguous-reading shadowed-name duplicate-id cyclic-hierarchy",
    ),
    Section(
        Text(ja="ポリシーの全体", en="The policy as a whole"),
        Text(
            ja="どの条項も実行され、どのルールも何かに当てはまり、ポリシーどうしは合います。",
            en="Every clause is carried out, every rule can match something, and policies fit together.",
        ),
        "toml",
        "idle-clause organisational-clause duplicate-ground no-licence impossible-rule unknown-rule layer-conflict "
        "contradiction open-items unused-condition open-point unknown-version version-overlap version-gap layer-reach "
        "kind-failed wrong-statement order-by-date nothing-to-meet meets-nothing joint-use-scope code-of-the-engine "
        "lint-failed no-layer no-lints",
    ),
    Section(
        Text(ja="設定", en="Configuration"),
        Text(
            ja="`policyengine.toml` と、`Engine.load` の引数のものです。引数に行はないため、パスが場所を示します。",
            en="Of `policyengine.toml`, and of the arguments of `Engine.load`. What stands in arguments has no line; "
            "the path says where it is.",
        ),
        "toml file=policyengine.toml",
        "unknown-plugin no-settings unset-variable unknown-action unknown-mode unknown-outcome unknown-reason "
        "plugin-error not-as-pinned",
    ),
    Section(
        Text(ja="イベント", en="Events"),
        Text(
            ja="不正なイベントの誤り（`InvalidEvent.errors`、決定の `errors`）は、"
            "JSON パスとメッセージを持ち、コードは持ちません。"
            "スキーマが求めることは、上の「形」と同じ言葉で言われます。",
            en="The errors of an invalid event (`InvalidEvent.errors`, `errors` of a decision) have a JSON path and a "
            "message, and no code. What the schema of events asks is said in the words of *Form* above.",
        ),
        "",
        "not-json not-an-object not-an-event not-text line-too-long csv-row",
    ),
    Section(
        Text(ja="イベントのファイル", en="Files of events"),
        Text(
            ja="CSV の見出しと引用符のものです。一行の誤りは、一つの不正なイベントです。",
            en="Of the heading and the quotation marks of CSV. What is wrong with one row is one invalid event.",
        ),
        "csv",
        "csv-syntax no-heading unknown-column duplicate-column",
    ),
    Section(
        Text(ja="テストスイート", en="Test suites"),
        Text(ja="`*.test.toml` のものです。", en="Of `*.test.toml`."),
        "toml file=shop.test.toml",
        "unknown-base unknown-fact-set table-form",
    ),
    Section(
        Text(ja="所見", en="Findings"),
        Text(
            ja="`test`・`fmt`・`mutate` が見つけることと、[受け入れた所見](language.ja.md#受け入れた所見)のことです。"
            "ファイルに問題はありません。",
            en="What `test`, `fmt` and `mutate` find where there is no problem with a file, and what is said of "
            "[accepted findings](language.md#accepted-findings).",
        ),
        "",
        "rule-test-failed unreviewed-case not-canonical mutant-survived unknown-finding idle-acceptance",
    ),
    Section(
        Text(ja="分析の所見", en="Findings of analyses"),
        Text(
            ja="[`analyze`](questions.ja.md#分析analyze) がポリシーに見つけることです。",
            en="What [`analyze`](questions.md#analyze) finds in a policy.",
        ),
        "",
        "shadowed-rule contradicted-rule idle-rule only-cited "
        "implied-requirement vacuous-clause never-permitted unused-word look-alike idle-reading date-gap "
        "escaped-by-silence unmet-clause unmet-rule undecided",
    ),
)

TITLE = Text(ja="問題", en="Problems")
SIBLING = Text(ja="[English](problems.md)", en="[日本語](problems.ja.md)")
INTRO = Text(
    ja="""\
`policyengine check` と `Engine.load` が見つけられるもののすべてです。パックの問題は一度にすべて、それぞれ場所
（`file:line:column`）、下のコードの一つ、何が必要だったか、あれば最も近い正しいものとともに出ます。誤りが一つでもある
パックは、まったく使われません。コードは安定していますが、言葉は変わることがあります。`{term}` などには、その場の値が
入ります。
""",
    en="""\
All that `policyengine check` and `Engine.load` can find. All problems of a pack come in one go, each with its place
(`file:line:column`), one of the codes below, what was expected, and where there is one, the nearest valid thing.
Nothing of a pack with an error is ever used. The codes are stable; the wording is not. `{term}` and its like stand for
what was found.
""",
)
BESIDE = Text(
    ja="ルールファイルの例は、どれもこのポリシーの隣の二つ目のファイルで、ちょうどそのコードになります。",
    en="Each example of a rule file below stands in a second file beside this policy, and gives exactly its code.",
)


def declared() -> dict[str, Code]:
    """Return every code that a module of problems declares, by the name of its constant, each wording by itself."""
    found: dict[str, Code] = {}
    for file in sorted(SOURCES.rglob("*problems.py")):
        module = importlib.import_module(".".join(("policyengine", *file.relative_to(SOURCES).with_suffix("").parts)))
        for name, value in vars(module).items():
            if isinstance(value, Code) and found.setdefault(name, value) is not value:
                raise ValueError(f"two codes are called {name}")
    return found


def page(lang: Language) -> str:
    """Return the page in one language."""
    wordings: dict[str, list[Code]] = {}
    for code in declared().values():
        wordings.setdefault(code.name, []).append(code)
    parts = [
        f"# {TITLE.say(lang)}",
        SIBLING.say(lang),
        INTRO.say(lang).strip(),
        BESIDE.say(lang),
        f"```toml file=shop.toml\n{SHOP}```",
    ]
    for section in SECTIONS:
        parts += [f"## {section.title.say(lang)}", section.about.say(lang)]
        for name in section.codes.split():
            parts += _entry(wordings.pop(name), section.fence, lang)
    if wordings:
        raise ValueError(f"in no section: {', '.join(wordings)}")
    return "\n\n".join(parts) + "\n"


def _entry(codes: Sequence[Code], fence: str, lang: Language) -> Iterator[str]:
    """Yield the paragraphs on a code: what it means, what is said, an example."""
    code = codes[0]
    yield f"### `{code.name}`"
    yield code.means.say(lang)
    said = dict.fromkeys(one.ja if lang == "ja" else one.en for one in codes)
    yield "\n".join(f"* `{text}`" for text in said)
    example = code.example.strip("\n")
    if example.startswith("$ "):
        yield f"```console\n{example}\n```"
    elif example.startswith(">>> "):
        yield f"```pycon\n{example}\n```"
    elif example:
        yield f"```{fence} problem={code.name}\n{example}\n```"


if __name__ == "__main__":
    for language in LANGUAGES:
        PAGES[language].write_text(page(language), "utf-8")
