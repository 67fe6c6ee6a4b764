"""What does not fit together is told at its place: below a layer, where it is to be mended."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from policyengine import Engine, PolicyError

HEAD = '[policy]\nid = "{id}"\nversion = "1"\ntitle = {{ja = "題", en = "title"}}\ngoverns = {governs}\n{more}\n'
CLAUSE = '[[clause]]\nnumber = "1"\nsummary = {ja = "一", en = "one"}\norganisational = {ja = "なし", en = "None."}\n'
FACT = "[vocabulary.facts.survey]\nja = '調査'\nen = 'survey'\nfields.by = {held = 'recipient'}\n"
PAIRS = {
    "a type": ('[vocabulary.attributes]\nage = {type = "integer", ja = "齢", en = "age"}\n', "integer", "number"),
    "a field": (FACT, "'recipient'", "'purpose'"),
    "a dimension": ('[vocabulary.items]\ncare = {ja = "ケア", en = "care"}\n', "items", "purposes"),
    "a mark": (
        '[vocabulary.items]\ncare = {ja = "ケア", en = "care", remainder = true}\n',
        "remainder = true",
        "remainder = false",
    ),
}
EVENT: dict[str, Any] = {
    "id": "e",
    "time": "2026-01-01T00:00:00Z",
    "operation": "use",
    "subject": {"category": "customer"},
    "items": ["name"],
    "purpose": "delivery",
}


def written(folder: Path, name: str, words: str, *, governs: str = '["shop"]', more: str = "") -> Path:
    file = folder / f"{name}.toml"
    file.write_text(HEAD.format(id=name, governs=governs, more=more) + words + CLAUSE, "utf-8")
    return file


def conflicts(*files: Path) -> list[tuple[str, str, int]]:
    try:
        Engine.load(*files, installed_plugins=False)
    except PolicyError as error:
        assert all(problem.place for problem in error.problems)
        return [(p.code, Path(p.place.file).name, p.place.line) for p in error.problems if p.place]
    return []


@pytest.mark.parametrize(("words", "ours", "theirs"), PAIRS.values(), ids=PAIRS)
@pytest.mark.parametrize("names", [("a", "z"), ("z", "a")])
def test_a_conflict_stands_below_the_layer(
    words: str, ours: str, theirs: str, names: tuple[str, str], tmp_path: Path
) -> None:
    law = written(tmp_path, names[0], words, governs='"anyone"', more="layer = true")
    company = written(tmp_path, names[1], words.replace(ours, theirs))
    assert [found[:2] for found in conflicts(law, company)] == [("layer-conflict", company.name)]
    assert conflicts(law, company) == conflicts(company, law)
    (found,) = conflicts(law, company)
    assert company.read_text("utf-8").splitlines()[found[2] - 1].startswith(("age", "fields.by", "care"))
    assert conflicts(law, written(tmp_path, names[1], words)) == []


@pytest.mark.parametrize(("words", "ours", "theirs"), PAIRS.values(), ids=PAIRS)
def test_tenants_and_editions_declare_what_they_like(words: str, ours: str, theirs: str, tmp_path: Path) -> None:
    first = written(tmp_path, "first", words, more="until = 2020-01-01T00:00:00Z")
    second = written(tmp_path, "second", words.replace(ours, theirs), more="from = 2020-01-01T00:00:00Z")
    third = written(tmp_path, "third", words.replace(ours, theirs), governs='["branch"]')
    assert conflicts(first, second, third) == []


def test_more_values_and_fields_of_one_are_accepted_by_all(tmp_path: Path) -> None:
    fewer = FACT + "fields.kind = {held = 'value', values.a = {ja = 'a', en = 'a'}}\n"
    more = FACT + "fields.kind = {held = 'value', values.b = {ja = 'b', en = 'b'}}\nfields.note = {held = 'value'}\n"
    files = written(tmp_path, "fewer", fewer), written(tmp_path, "more", more)
    engine = Engine.load(*files, installed_plugins=False)
    for kind in "ab":
        fact = {"type": "survey", "kind": kind, "note": "x"}
        assert engine.evaluate({**EVENT, "facts": [fact]}).outcome == "deny"
    assert engine.evaluate({**EVENT, "facts": [{"type": "survey", "kind": "c"}]}).outcome == "invalid"


def test_an_event_that_nobody_governs_is_held_against_what_all_declare_alike(tmp_path: Path) -> None:
    one = written(tmp_path, "one", FACT)
    other = written(tmp_path, "other", FACT.replace("'recipient'", "'recipient', list = true"), governs='["branch"]')
    engine = Engine.load(one, other, installed_plugins=False)
    elsewhere = {**EVENT, "controller": "elsewhere"}
    for by in ("r", ["r"]):
        decision = engine.evaluate({**elsewhere, "facts": [{"type": "survey", "by": by}]})
        assert [reason.code for reason in decision.reasons] == ["no-governing-policy"]
    assert engine.evaluate({**elsewhere, "facts": [{"type": "vetting"}]}).outcome == "invalid"
    assert engine.evaluate({**elsewhere, "facts": [{"type": "poll"}]}).outcome == "invalid"


def test_what_stands_in_the_way_names_its_policy_to_people_too(tmp_path: Path) -> None:
    engine = Engine.load(written(tmp_path, "one", ""), written(tmp_path, "two", ""), installed_plugins=False)
    decision = engine.evaluate(EVENT)
    codes = [f"{reason.code} [{reason.policy}]" for reason in decision.reasons]
    assert "unknown-term [one]" in codes and "unknown-term [two]" in codes
    said = ["".join(words.text for words in line) for line in decision.lines("en")]
    assert [line.split("] ")[0].strip() + "]" for line in said if "unknown-term" in line] == codes
