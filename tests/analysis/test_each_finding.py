"""Each sort of finding of `analyze`, in a policy that was made for it; and how the command tells it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner

from policyengine.analysis.words import skeleton
from policyengine.cli import cli

PACK = """\
[policy]
id = "shop"
version = "1"
title = {ja = "店", en = "Shop"}
governs = ["shop"]
ACCEPTED
[vocabulary]
WORDS
subjects.customer = {ja = "お客様", en = "customer"}
items.name = {ja = "氏名", en = "name"}
items.address = {ja = "住所", en = "address"}
purposes.delivery = {ja = "配送", en = "delivery"}
purposes.letters = {ja = "手紙", en = "letters"}
[[clause]]
number = "1"
summary = {ja = "配送に使う", en = "Data serve delivery."}
[[clause.purpose-limitation]]
id = "delivery"
subjects = ["customer"]
items = "any"
purposes = ["delivery"]
[[clause]]
number = "2"
summary = {ja = "手紙に使う", en = "Data serve letters."}
[[clause.purpose-limitation]]
id = "letters"
subjects = ["customer"]
items = "any"
purposes = ["letters"]
"""
THIRD = """\
[[clause]]
number = "3"
summary = {ja = "三", en = "three"}
"""
ORIGINS = """\
origins.direct = {ja = "直接", en = "direct"}
origins.indirect = {ja = "間接", en = "indirect"}
"""

CASES: dict[str, tuple[str, str, list[tuple[str, str, list[str]]]]] = {
    "nothing": ("", "", []),
    "a rule that says again what another says": (
        """[[clause.purpose-limitation]]
id = "again"
items = ["name"]
purposes = ["letters"]
subjects = ["customer"]
""",
        "",
        [("shadowed-rule", "again", ["letters"])],
    ),
    "a rule of another clause that says it again": (
        f"""{THIRD}[[clause.purpose-limitation]]
id = "again"
items = ["name"]
purposes = ["letters"]
subjects = ["customer"]
""",
        "",
        [("only-cited", "again", ["letters"])],
    ),
    "a permit of what is forbidden": (
        """[[clause.prohibition]]
id = "none"
purposes = ["letters"]
""",
        "",
        [("contradicted-rule", "letters", ["none"]), ("never-permitted", "letters", [])],
    ),
    "a requirement that another implies": (
        """[[clause.requirement]]
id = "one"
purposes = ["letters"]
require.facts = {type = "consent"}
[[clause.requirement]]
id = "both"
purposes = ["letters"]
require.facts.all = [{type = "consent"}, {type = "notice"}]
""",
        "",
        [("shadowed-rule", "one", ["both"])],
    ),
    "a gap between dates": (
        f"""{THIRD}[[clause.provision]]
id = "until"
items = ["name"]
purposes = ["delivery"]
until = 2026-04-01T00:00:00Z
[[clause.provision]]
id = "since"
items = ["name"]
purposes = ["delivery"]
from = 2026-04-02T00:00:00Z
""",
        "",
        [("date-gap", "since", ["until"])],
    ),
    "a prohibition with a gap": (
        f"""{THIRD}[[clause.prohibition]]
id = "until"
items = ["name"]
until = 2026-04-01T00:00:00Z
[[clause.prohibition]]
id = "since"
from = 2026-04-02T00:00:00Z
items = ["name"]
""",
        "",
        [("date-gap", "since", ["until"])],
    ),
    "a reading that nothing asks for": (
        """[readings.scope]
ja = "範囲"
en = "scope"
default = "a"
values.a = {ja = "一", en = "a"}
values.b = {ja = "二", en = "b"}
""",
        "",
        [("idle-reading", "scope", [])],
    ),
    "a word and an attribute that nobody uses": (
        "",
        """subjects.stranger = {ja = "他人", en = "stranger"}
attributes.age = {type = "integer", ja = "年齢", en = "age"}
""",
        [("unused-word", "stranger", []), ("unused-word", "age", [])],
    ),
    "words that look alike": (
        "",
        'items.nаme = {ja = "氏名", en = "name"}\n'.replace("nаme", '"nаme"'),
        [("look-alike", "name", [])],
    ),
    "what silence escapes": (
        """[[clause.prohibition]]
id = "indirect"
origins = ["indirect"]
purposes = ["letters"]
pass_unstated = ["origins"]
""",
        ORIGINS,
        [("escaped-by-silence", "indirect", [])],
    ),
}


def analyze(folder: Path, more: str, words: str, *options: str, accepted: str = "") -> tuple[int, str]:
    file = folder / "shop.toml"
    file.write_text(PACK.replace("WORDS\n", words).replace("ACCEPTED\n", accepted) + more, "utf-8")
    ran = CliRunner().invoke(cli, ["analyze", str(file), "--lang", "en", *options])
    assert ran.exception is None or isinstance(ran.exception, SystemExit), ran.output
    return ran.exit_code, ran.stdout


@pytest.mark.parametrize("name", CASES)
def test_each_sort_of_finding_is_found(name: str, tmp_path: Path) -> None:
    more, words, expected = CASES[name]
    code, said = analyze(tmp_path, more, words, "--format", "json")
    told = json.loads(said)["findings"]
    assert all(finding["line"] for finding in told)
    operations = {"retain", "joint_use", "entrust", "provide", "disclose"}
    kept = []
    for finding in told:
        names = [name for pair in finding["about"] for key, name in pair.items() if key != "clause"]
        if not operations & set(names):
            kept.append((finding["code"], names, finding["severity"], finding["because"], finding["witness"]))
    assert [code for code, *_ in kept] == [code for code, *_ in expected]
    for (_, names, _, because, _), (_, of, rules) in zip(kept, expected, strict=True):
        assert of in names
        assert [rule["rule"] for rule in because] == rules
    assert code == any(severity == "warning" for _, _, severity, _, _ in kept)
    witnessed = {"only-cited", "date-gap", "escaped-by-silence"}
    assert all((witness is not None) is (code in witnessed) for code, _, _, _, witness in kept)


def test_a_finding_can_be_accepted(tmp_path: Path) -> None:
    more, words, _ = CASES["a permit of what is forbidden"]
    line = (
        'accepted = [{code = "contradicted-rule", rule = "letters", until = 2027-01-01, '
        'reason = {ja = "再開まで", en = "until we write again"}}]\n'
    )
    code, said = analyze(tmp_path, more, words, "--as-of", "2026-12-31", accepted=line)
    assert code == 0 and "accepted: contradicted-rule" in said and "until we write again" in said
    assert analyze(tmp_path, more, words, "--as-of", "2027-01-01", accepted=line)[0] == 1
    code, said = analyze(tmp_path, "", "", "--as-of", "2026-12-31", accepted=line)
    assert code == 1 and "idle-acceptance" in said


def test_what_no_event_meets_is_told(tmp_path: Path) -> None:
    event = {
        "id": "e",
        "time": "2026-11-24T09:00:00Z",
        "operation": "use",
        "subject": {"category": "customer"},
        "items": ["name"],
        "purpose": "delivery",
    }
    events = tmp_path / "events.jsonl"
    events.write_text(json.dumps(event) + "\nnot an event\n", "utf-8")
    code, said = analyze(tmp_path, "", "", "--used", str(events))
    assert code == 0
    told = [line for line in said.splitlines() if "unmet" in line]
    assert len(told) == 1 and 'none of the decisions on 1 events rests on a rule of clause "2"' in told[0]


def test_a_bound_that_is_hit_is_said(tmp_path: Path) -> None:
    code, said = analyze(tmp_path, CASES["a requirement that another implies"][0], "", "--regions", "1")
    assert code == 0 and "undecided" in said


def test_a_broken_pack_is_no_finding(tmp_path: Path) -> None:
    assert analyze(tmp_path, '[[clause.prohibition]]\nitems = ["nam"]\n', "")[0] == 2


@pytest.mark.parametrize(("word", "other"), [("nаme", "name"), ("ニ", "二"), ("a1", "al"), ("カード", "力ード")])
def test_what_looks_alike_has_one_skeleton(word: str, other: str) -> None:
    assert word != other and skeleton(word) == skeleton(other)


def test_what_does_not_look_alike_has_several() -> None:
    words = ["name", "address", "氏名", "住所"]
    assert len({skeleton(word) for word in words}) == len(words)
