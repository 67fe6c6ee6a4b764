"""Policies in other languages than Japanese and English: written, checked, decided, explained and tested."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from marked_packs import problems, said, write

import forked
from policyengine import Engine, Text, language_asked_for
from policyengine.language.schema import policy_schema
from policyengine.model.decision import read_decision
from policyengine.text import listed, text_of

GERMAN = """\
[policy]
id = "laden"
version = "2026-01"
title = {de = "Datenschutzerklärung"}
governs = ["laden"]
languages = ["de"]

[vocabulary.subjects]
kunde = {de = "Kunde"}

[vocabulary.items]
name = {de = "Name"}
anschrift = {de = "Anschrift"}

[vocabulary.purposes]
lieferung = {de = "Lieferung"}
werbung = {de = "Werbung"}

[obligations.protokoll]
clause = "1"
de = "Protokoll führen"

[readings.werbung]
de = "Ist Werbung Lieferung?"
default = "nein"
values = {nein = {de = "Nein"}, ja = {de = "Ja"}}

[[clause]]
number = "1"
summary = {de = "Daten dienen der Lieferung."}
open = [{de = "Wer liefert, ist offen."}]

[[clause.purpose-limitation]]
title = {de = "Zweckbindung"}
subjects = ["kunde"]
purposes = ["lieferung", {term = "werbung", under = {werbung = "ja"}}]
items = "any"
oblige = ["protokoll"]
"""


def event(purpose: str) -> dict[str, object]:
    return {
        "id": "e-1",
        "time": "2026-04-01T00:00:00Z",
        "operation": "use",
        "subject": {"category": "kunde"},
        "items": ["name", "anschrift"],
        "purpose": purpose,
    }


def german(folder: Path, text: str = GERMAN) -> Path:
    (folder / "laden.toml").write_text(text, "utf-8")
    return folder / "laden.toml"


def command(*words: str, cwd: Path) -> tuple[int, str, str]:
    code, out, err = forked.policyengine(words, folder=cwd, environment=dict(os.environ))
    return code, out.decode(), err.decode()


def test_a_german_policy_decides_and_says_why_in_german(tmp_path: Path) -> None:
    engine = Engine.load(german(tmp_path), installed_plugins=False)
    permit = json.loads(engine.evaluate(event("lieferung")).to_json())
    assert permit["obligations"][0]["message"] == {"de": "Protokoll führen"}
    assert permit["policies"][0]["languages"] == ["de"]
    decision = engine.evaluate(event("werbung"))
    (reason,) = decision.as_dict()["reasons"]
    assert reason["message"] == {"de": "not within what clause 1 allows (Daten dienen der Lieferung.): Anschrift, Name"}
    assert "purpose is Lieferung" in decision.explain("de") and "Zweckbindung" in decision.explain("de")
    assert "目的がLieferung" in decision.explain("ja").replace("利用目的", "目的")
    assert read_decision(decision.to_json()) == decision


def test_texts_in_other_languages_than_the_policys_are_wrong_and_missing_ones_too(tmp_path: Path) -> None:
    text = GERMAN.replace(
        'name = {de = "Name"}', "name = {de = 'Name', ⟪unknown-key=de, is_a, ordinary, remainder⟫ja = 'x'}"
    )
    text = text.replace('kunde = {de = "Kunde"}', "⟪missing-key⟫kunde = {remainder = true}")
    expected = write(tmp_path, {"laden.toml": text})
    assert said(problems(tmp_path / "laden.toml")) == expected


def test_what_is_imported_may_be_in_more_languages_and_must_be_in_the_policys(tmp_path: Path) -> None:
    shared = "[vocabulary.items]\nmail = {de = 'E-Mail', en = 'mail', ja = 'メール', fr = 'courriel'}\n"
    write(tmp_path, {"laden.toml": "imports = ['shared.toml']\n" + GERMAN, "shared.toml": shared})
    (policy,) = Engine.load(tmp_path / "laden.toml", installed_plugins=False).policies
    assert policy.languages == ("de",)
    label = policy.vocabulary.terms["items"]["mail"].label
    assert [label.say(lang) for lang in ("de", "en", "fr", "it")] == ["E-Mail", "mail", "courriel", "mail"]
    expected = write(
        tmp_path,
        {
            "laden.toml": "imports = ['shared.toml']\n" + GERMAN,
            "shared.toml": "[vocabulary.items]\n⟪missing-key⟫mail = {en = 'mail'}\n",
        },
    )
    assert said(problems(tmp_path / "laden.toml")) == expected


def test_the_command_line_speaks_the_languages_of_the_policies(tmp_path: Path) -> None:
    german(tmp_path)
    (tmp_path / "events.jsonl").write_text(json.dumps(event("werbung")) + "\n", "utf-8")
    (tmp_path / "laden.test.toml").write_text(
        '[suite]\ntitle = {de = "Zwecke"}\npolicies = ["laden.toml"]\n\n[[table]]\nname = "Zwecke"\n'
        'operation = "use"\ntime = 2026-04-01T00:00:00Z\nsubject = {category = "kunde"}\nitems = ["name"]\n'
        'product = {purpose = "*"}\npermit = [{purpose = "lieferung"}]\n',
        "utf-8",
    )
    explained = command("explain", "laden.toml", "--events", "events.jsonl", "--lang", "de", cwd=tmp_path)
    assert "Daten dienen der Lieferung." in explained[1]
    assert command("test", "laden.test.toml", "--lang", "de", cwd=tmp_path)[0] == 0
    assert "Wer liefert, ist offen." in command("check", "laden.toml", "--lang", "de", cwd=tmp_path)[1]
    wrong = command("explain", "laden.toml", "--events", "events.jsonl", "--lang", "fr", cwd=tmp_path)
    assert wrong[0] == 2 and "ja, en, de" in wrong[2]


def test_the_schema_is_of_the_languages_asked_for() -> None:
    schema = policy_schema((), ("de", "pt-BR"))
    title = schema["$defs"]["text"]
    assert list(title["properties"]) == ["de", "pt-BR"] == title["required"]
    assert policy_schema((), ("ja", "en")) is policy_schema(())


@pytest.mark.parametrize(
    ("header", "expected"),
    [("de-AT, en;q=0.5", "de"), ("pt", "pt-BR"), ("fr, *;q=0.1", "en"), ("", "en"), ("de;q=0.2, ja;q=0.3", "ja")],
)
def test_a_host_answers_in_the_language_that_is_asked_for(header: str, expected: str) -> None:
    assert language_asked_for(header, "en", ("ja", "en", "de", "pt-BR")) == expected


TAGS = st.sampled_from(["ja", "en", "de", "fr", "pt-BR"])
TEXTS = st.dictionaries(TAGS, st.text("ab{}", min_size=1), min_size=1).map(text_of)


@given(st.lists(TEXTS, min_size=1, max_size=3), TAGS)
def test_what_is_put_together_says_each_part_in_the_language_asked_for(texts: list[Text], lang: str) -> None:
    comma = "、" if lang == "ja" else ", "
    assert listed(texts).say(lang) == comma.join(text.say(lang) for text in texts)
    whole = Text(ja="甲{part}", en="A {part}").filled(part=texts[0])
    assert whole.say(lang) == ("甲" if lang == "ja" else "A ") + texts[0].say(lang)
    assert text_of(whole.as_dict()) == whole


@given(st.dictionaries(TAGS, st.text(min_size=1), min_size=1), TAGS)
def test_a_text_falls_back_to_english_and_then_to_its_first_language(table: dict[str, str], lang: str) -> None:
    assert text_of(table).say(lang) == table.get(lang, table.get("en", next(iter(table.values()))))
