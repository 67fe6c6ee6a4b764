"""A notice says all that the rules of a policy say: each rule in its clause, each word by its label."""

from __future__ import annotations

import re
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path
from typing import Any
from urllib.parse import unquote
from xml.etree import ElementTree as ET

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import strategies
from policyengine import Engine
from policyengine.errors import PolicyError
from policyengine.language.pack import Pack
from policyengine.language.source import Document
from policyengine.language.tells import IN_CLAUSE, IN_POLICY, told_by
from policyengine.model.condition import And, Condition, Holds, In, NotIn, Or, leaves
from policyengine.model.policy import Policy
from policyengine.model.rule import conditions_of
from policyengine.report.drawing import wrapped
from policyengine.report.flows import flows
from policyengine.report.html import as_html
from policyengine.report.markdown import as_markdown
from policyengine.report.notice import notice
from policyengine.report.parts import Block, Entry, Figure, Listing, Paragraph, Rows, Section, Table, plain
from policyengine.suite.mutants import mutants
from strategies import policy_from, standard

ROOT = Path(__file__).parents[2]
PACKS = ["alc-smart-learning", "online-shop", "appi"]


def named_apart(data: dict[str, Any]) -> dict[str, Any]:
    """Return the data of a rule file with a label of its own for everything that has one, so that none can stand in."""

    def apart(found: Any, path: str) -> Any:
        if not isinstance(found, dict):
            return found
        labels = {lang: f"{lang}-{path}" for lang in ("ja", "en") if lang in found}
        return {**{key: apart(below, f"{path}.{key}") for key, below in found.items()}, **labels}

    return {**data, **{key: apart(data[key], key) for key in ("vocabulary", "conditions", "readings", "obligations")}}


def drawn(data: st.DataObject) -> tuple[dict[str, Any], Policy]:
    written = named_apart(data.draw(strategies.policy_data(5)))
    return written, policy_from(written)


def entries(found: tuple[Entry, ...]) -> Iterator[str]:
    for one in found:
        yield plain(one.line)
        yield from entries(one.below)


def said(block: Block) -> Iterator[str]:
    """Yield every line that a block says."""
    match block:
        case Section(title, blocks):
            yield plain(title)
            for below in blocks:
                yield from said(below)
        case Paragraph(line):
            yield plain(line)
        case Listing(found):
            yield from entries(found)
        case Rows(rows):
            for row in rows:
                yield from (row.name, *entries(row.entries)) if row.entries else ()
        case Table(caption, head, rows):
            yield from (caption, *head)
            for cells in rows:
                for cell in cells:
                    yield from entries(cell)
        case Figure(caption=caption):
            yield caption


def boxes(section: Section) -> Iterator[tuple[str, Section]]:
    """Yield the rules of a notice, each with the id of the section in which it stands."""
    for block in section.blocks:
        if isinstance(block, Section):
            if block.boxed:
                yield section.id, block
            else:
                yield from boxes(block)


def unnamed(condition: Condition) -> Iterator[Condition]:
    """Yield the leaves of a condition that stand in no named condition: the name is said in place of those."""
    match condition:
        case And(parts, called) | Or(parts, called) if parts:
            if called is not None:
                yield condition
            else:
                for part in parts:
                    yield from unnamed(part)
        case _:
            yield from leaves(condition)


@given(st.data())
@settings(max_examples=max(8, settings().max_examples // 4))
def test_every_rule_stands_in_its_clause_once_with_all_its_words(data: st.DataObject) -> None:
    _, policy = drawn(data)
    lang = data.draw(st.sampled_from(["ja", "en"]))
    found = {box.id: (clause, " ".join(said(box))) for clause, box in boxes(notice(policy, lang))}
    rules = {f"rule-{rule.head.clause}-{rule.head.id}" for rule in policy.rules}
    assert len(list(boxes(notice(policy, lang)))) == len(rules)
    assert set(found) == rules
    for rule in policy.rules:
        clause, text = found[f"rule-{rule.head.clause}-{rule.head.id}"]
        assert clause == f"clause-{rule.head.clause}"
        for name in (*rule.head.obligations, *getattr(rule, "instead", ())):
            assert policy.obligations[name].message.say(lang) in text
        for leaf in (leaf for condition in conditions_of(rule) for leaf in unnamed(condition)):
            for word in words(policy, leaf):
                assert word.say(lang) in text, leaf


def words(policy: Policy, leaf: Condition) -> Iterator[Any]:
    match leaf:
        case And(_, called) | Or(_, called) if called is not None:
            yield called.label
        case In(field, written=written) | NotIn(field, written=written) if field != "operation":
            yield from (policy.vocabulary.label(field, term) for term in written)
        case Holds(type):
            yield policy.vocabulary.facts[type].label
        case _:
            pass


@given(st.data())
@settings(max_examples=max(8, settings().max_examples // 4))
def test_whoever_says_something_else_is_read_otherwise(data: st.DataObject) -> None:
    """Each small change of a policy that changes a rule changes what is said."""
    written, policy = drawn(data)
    pack = Pack(Path("generated.toml"), (Document("generated.toml", "", written),), (standard(),))
    found = list(mutants(pack, policy, strategies.kinds()))
    before = text_of(policy)
    for operator in data.draw(st.permutations(sorted({mutant.operator for mutant in found})))[:4]:
        mutant = data.draw(st.sampled_from([mutant for mutant in found if mutant.operator == operator]))
        try:
            other = policy_from(mutant.data)
        except PolicyError:
            continue
        if other.rules != policy.rules:
            assert text_of(other) != before, mutant.message.en


def text_of(policy: Policy) -> str:
    return as_markdown(notice(policy, "en")).replace(policy.digest or "-", "")


class Read(HTMLParser):
    """What a page is made of, held to be well-formed on the way."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.ids: list[str] = []
        self.led_to: list[str] = []
        self.headings: list[int] = []
        self.text = ""
        self.feed(page)
        assert not self.open

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag not in ("meta", "br"):
            self.open.append(tag)
        for name, value in attrs:
            assert value is not None
            self.ids += [value] if name == "id" else []
            self.led_to += [unquote(value[1:])] if name == "href" and value.startswith("#") else []
            assert name not in ("src", "onclick") and not (name == "href" and value[:1] != "#"), (
                "nothing from elsewhere"
            )
        if re.fullmatch(r"h\d", tag):
            self.headings.append(int(tag[1]))

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.text += data


@pytest.mark.parametrize("lang", ["ja", "en"])
@pytest.mark.parametrize("pack", PACKS)
def test_a_page_is_sound_and_says_what_the_text_says(pack: str, lang: str) -> None:
    (policy,) = Engine.load(ROOT / "rules" / pack).policies
    report = notice(policy, lang)
    page = as_html(report, lang)
    assert f'<html lang="{lang}">' in page
    read = Read(page)
    assert len(read.ids) == len(set(read.ids))
    assert set(read.led_to) <= set(read.ids)
    assert read.headings[0] == 1 and read.headings.count(1) == 1
    assert all(after <= before + 1 for before, after in zip(read.headings, read.headings[1:], strict=False))
    assert all(text in read.text for text in said(report))
    for kind in (policy.clauses.values(), policy.readings.values(), policy.obligations.values()):
        for one in kind:
            assert (getattr(one, "summary", None) or getattr(one, "question", None) or one.message).say(
                lang
            ) in read.text


LITTLE = """
[policy]
id = "my-shop"
version = "1"
title = {ja = "店", en = "My shop", de = "Mein Laden"}
governs = ["my-shop"]
languages = ["ja", "en", "de"]

[vocabulary.subjects]
customer = {ja = "顧客", en = "customer", de = "Kunde"}
guest = {ja = "客", en = "guest", de = "Gast"}
[vocabulary.items]
name = {ja = "氏名", en = "name", de = "Name"}
[vocabulary.purposes]
delivery = {ja = "配送", en = "delivery", de = "Lieferung"}
[vocabulary.parties]
sister = {ja = "姉妹社", en = "sister company", de = "Schwester"}
[obligations.answer]
clause = "1"
ja = "回答する"
en = "Answer."
de = "Antworten."
parameters.by.within = "P14D"

[[clause]]
number = "1"
ground = true
summary = {ja = "要約", en = "In short", de = "Kurz"}
open = [{ja = "未定", en = "Not said", de = "Offen"}]

[[clause.joint-use]]
parties = ["sister"]
subjects = ["customer"]
items = ["name"]
purposes = ["delivery"]
responsible = [{party = "sister", stated_at = {ja = "サイト", en = "the site", de = "Seite"}}]
[[clause.prohibition]]
operations = ["use"]
except.subjects = ["customer"]
until = 2027-01-01T00:00:00Z
pass_unstated = ["origins"]
reason = {code = "no", ja = "だめ", en = "No.", de = "Nein."}
[[clause.retention]]
at_most = "P3Y"
[[clause.data-subject-request]]
request = "erase"
stops = ["use", "retain"]
[[clause.disclosure]]
items = "any"
oblige = ["answer"]
"""

ENGLISH = """These data may be used jointly.

- **Whose data**: customer
- **Which data**: name
- **For what**: delivery
- **To or with whom**: sister company
---
- **responsible for the data**: sister company
- **where its address and representative are made known**: the site
---
These data must not be used, even where a clause permits it.

- **Whose data**: any but customer
- **Reason given**: No. `no`

- **No obstacle where unstated**: origin
- **In force**: until before 2027-01-01 00:00 (+00:00)
---
When their time is over, these data must no longer be used or kept.

- **Where**: the data were acquired 3 years ago or longer
---
When the person has asked for it, these data must no longer be used or kept.

- **Where**: request of the data subject (erasure) in effect
---
- **Owed then**: Answer.
  - by: 14 days
---
> **Left open**: Not said
---
| 1 joint use | sister company | customer | name | delivery |  | responsible for the data: sister company<br>"""

JAPANESE = """次の情報の共同利用ができます。

- **誰の情報か**: 顧客
- **どの項目か**: 氏名
- **何のためか**: 配送
---
次の情報の利用はしません。認める条項があっても同じです。

- **誰の情報か**: 顧客以外
---
期間が過ぎれば、次の情報の利用または保有をやめます。

- **条件**: 取得から3年以上たっている
---
- **義務**: 回答する
  - by: 14日
"""


def little(folder: Path, text: str = LITTLE) -> Policy:
    (folder / "policy.toml").write_text(text, "utf-8")
    (policy,) = Engine.load(folder).policies
    return policy


@pytest.mark.parametrize(("lang", "wanted"), [("en", ENGLISH), ("ja", JAPANESE)])
def test_what_it_says(lang: str, wanted: str, tmp_path: Path) -> None:
    text = as_markdown(notice(little(tmp_path), lang))
    for part in wanted.split("\n---\n"):
        assert part in text


def test_in_a_language_of_its_own_what_is_not_in_it_is_said(tmp_path: Path) -> None:
    assert "日本語では" not in as_markdown(notice(little(tmp_path), "ja"))
    policy = little(tmp_path, re.sub(r'\bja = "[^"]*",?|"ja", ', "", LITTLE))
    german, japanese = as_markdown(notice(policy, "de")), as_markdown(notice(policy, "ja"))
    assert "- **Whose data**: Kunde" in german
    assert "> What stands around the words of the policy is in English" in german
    assert "> このポリシーは日本語では書かれていません" in japanese


def test_marks_of_others_are_no_marks_of_ours(tmp_path: Path) -> None:
    policy = little(tmp_path, LITTLE.replace('en = "the site"', 'en = "<script>|*x*\\u202e"'))
    page, text = as_html(notice(policy, "en"), "en"), as_markdown(notice(policy, "en"))
    assert "<script" not in page and "\u202e" not in page + text
    assert r"\<script\>\|\*x\*\\u202e" in text


@given(st.text(alphabet="a b、。情報の流れ（）Wi-x", max_size=80), st.integers(60, 400))
def test_a_wrapped_text_keeps_its_words_and_its_width(text: str, width: int) -> None:
    lines = wrapped(text, width)
    assert "".join("".join(lines).split()) == "".join(text.split())
    assert all(len(line) * 7 <= width or " " not in line for line in lines if line.isascii())
    assert all(line[0] not in "、。）" for line in lines[1:])


@pytest.mark.parametrize("pack", PACKS)
def test_the_map_has_all_to_whom_data_go_and_no_box_over_another(pack: str) -> None:
    (policy,) = Engine.load(ROOT / "rules" / pack).policies
    (section,) = flows(policy, "en")
    figure, table = section.blocks
    assert isinstance(figure, Figure) and isinstance(table, Table)
    for drawn in (figure.wide, figure.slim):
        root = ET.fromstring(drawn)
        text = "".join(root.itertext())
        shown = "".join(text.split())
        for row in table.rows:
            assert "".join(plain(row[0][0].line).split()) in shown
        boxes = [tuple(float(one.attrib[key]) for key in ("x", "y", "width", "height")) for one in root.iter("rect")]
        for one, (x, y, width, height) in enumerate(boxes):
            assert x + width <= float(root.attrib["width"]) and y + height <= float(root.attrib["height"])
            for other_x, other_y, _, other_height in boxes[one + 1 :]:
                assert other_x != x or y + height < other_y or other_y + other_height < y


TOLD = """
[policy.operator]
name = {ja = "店主", en = "The owner", de = "Der Inhaber"}
kind = "individual"
[policy.published]
manner = "accessible"
anonymised.items = {ja = "統計", en = "figures", de = "Zahlen"}
anonymised.method = {ja = "電子", en = "by wire", de = "Draht"}
[policy.safety]
clauses = ["1"]
abroad = [{country = "US", regime = {ja = "州法", en = "state law", de = "Recht"}}]
[policy.requests]
kinds = ["disclose", "erase"]
fee = "none"
"""


def test_what_the_text_tells_stands_in_the_notice(tmp_path: Path) -> None:
    policy = little(tmp_path, LITTLE.replace("\n[vocabulary.subjects]", f"{TOLD}\n[vocabulary.subjects]"))
    text = as_markdown(notice(policy, "en"))
    for told in (
        "- **Name of the controller**: The owner\n- **Legal form of the controller**: an individual\n",
        "- **Made known how**: kept where each can easily find it\n",
        "- **Published of anonymised data**: figures, by wire\n",
        "- **Clauses on measures that keep data safe**: 1\n- **Kept or handled abroad**: US (state law)\n",
        "- **People can ask for**: disclosure, erasure\n- **What it costs**: none\n",
    ):
        assert told in text


def test_every_key_that_tells_something_has_a_name() -> None:
    for keys in (IN_POLICY, IN_CLAUSE):
        for key, schema in keys.items():
            for name, value in schema["properties"].items():
                told = {"ja": "語", "en": "word"} if "$ref" in value else "word"
                ((said, _),) = told_by({key: {name: told}}, keys)
                assert said.ja != said.en
