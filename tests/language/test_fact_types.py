"""Types of fact: what a vocabulary adds to one, what their values mean, and what is wrong with a declaration."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from policyengine import Decision, Engine, PolicyError

BASE = """
[policy]
id = "shop"
version = "1"
title = {ja = "店", en = "shop"}
governs = ["shop"]

[vocabulary.subjects]
customer = {ja = "客", en = "customer"}
[vocabulary.items]
contact = {ja = "連絡先", en = "contact"}
mail = {ja = "メール", en = "mail", is_a = "contact"}
health = {ja = "健康", en = "health"}
[vocabulary.purposes]
care = {ja = "世話", en = "care"}
[vocabulary.sets.items]
sensitive = ["health"]

[vocabulary.facts.contract]
fields.kind.values.dpa = {ja = "処理委託契約", en = "data processing agreement"}
fields.countries = {held = "country", list = true}

[vocabulary.facts.assessment]
ja = "評価"
en = "assessment"
fields.about = {held = "value", of = "items", list = true, required = true}
fields.result = {held = "value", open = true, values.high = {ja = "高", en = "high"}}

[[clause]]
number = "1"
summary = {ja = "一", en = "one"}
[[clause.purpose-limitation]]
subjects = ["customer"]
purposes = ["care"]
items = "any"

[[clause]]
number = "2"
summary = {ja = "二", en = "two"}
[[clause.entrustment]]
licensed_by = ["1"]
facts = {type = "contract", kind = "dpa"}

[[clause]]
number = "3"
summary = {ja = "三", en = "three"}
[[clause.prohibition]]
operations = ["entrust"]
facts = {type = "assessment", about = "mail", result = "high"}

[[clause]]
number = "4"
summary = {ja = "四", en = "four"}
[[clause.provision]]
facts = {type = "assessment", about = ["contact", "sensitive"]}
"""
EVENT: dict[str, Any] = {
    "id": "e",
    "time": "2026-06-01T00:00:00Z",
    "operation": "entrust",
    "subject": {"category": "customer"},
    "items": ["mail"],
    "purpose": "care",
    "recipient": {"id": "x", "country": "JP"},
}
CONTRACT = {"type": "contract", "kind": "dpa", "party": "x"}


@pytest.fixture(scope="module")
def engine(tmp_path_factory: pytest.TempPathFactory) -> Engine:
    path = tmp_path_factory.mktemp("pack") / "shop.toml"
    path.write_text(BASE, "utf-8")
    return Engine.load(path, installed_plugins=False)


def decided(engine: Engine, *facts: dict[str, Any], **more: Any) -> Decision:
    return engine.evaluate({**EVENT, **more, "facts": list(facts)})


def test_a_vocabulary_adds_kinds_and_fields_to_a_type_of_every_policy(engine: Engine) -> None:
    assert decided(engine, CONTRACT).permitted
    assert decided(engine, {**CONTRACT, "countries": ["US", "JP"]}).permitted
    assert not decided(engine, {**CONTRACT, "countries": ["US"]}).permitted
    assert not decided(engine, {**CONTRACT, "kind": "confidentiality"}).permitted
    (error,) = decided(engine, {**CONTRACT, "countries": ["Japan"]}).errors
    assert error.path == "$.facts[0].countries[0]" and "ISO 3166-1" in error.message.en
    (error,) = decided(engine, {**CONTRACT, "kind": "dpo"}).errors
    assert error.path == "$.facts[0].kind" and 'did you mean "dpa"?' in error.message.en


def assessment(about: list[str], result: str = "high") -> dict[str, Any]:
    return {"type": "assessment", "about": about, "result": result}


@pytest.mark.parametrize(
    ("fact", "reasons"),
    [
        (assessment(["mail"]), [("prohibited", ())]),
        (assessment(["health"]), []),
        (assessment(["health", "mail"]), [("prohibited", ())]),
        (assessment(["contact"]), [("prohibited", ("facts[1].about[0]",))]),
        (assessment(["unheard"]), [("unknown-term", ("facts[1].about[0]",))]),
        (assessment(["mail"], "perhaps"), [("unknown-term", ("facts[1].result",))]),
        (assessment(["health"], "perhaps"), []),
        ({"type": "assessment", "about": ["mail"]}, []),
    ],
)
def test_a_value_that_restricts_counts_where_it_may(
    engine: Engine, fact: dict[str, Any], reasons: list[tuple[str, tuple[str, ...]]]
) -> None:
    found = decided(engine, CONTRACT, fact)
    assert [(reason.code, reason.open) for reason in found.reasons] == reasons
    assert found.permitted is (not reasons)


@pytest.mark.parametrize(
    ("about", "permitted"),
    [(["contact"], True), (["mail"], True), (["health"], True), (["unheard"], False), (["unheard", "mail"], True)],
)
def test_a_value_that_permits_counts_where_it_surely_does(engine: Engine, about: list[str], permitted: bool) -> None:
    assert decided(engine, assessment(about, "perhaps"), operation="provide").permitted is permitted


@pytest.mark.parametrize(
    ("table", "code", "key"),
    [
        ("[vocabulary.facts.contrakt]\nfields.kind.values.x = {ja = 'x', en = 'x'}", "missing-key", "contrakt"),
        ("[vocabulary.facts.vetting]\nfields.party.required = false", "shadowed-name", "required"),
        ("[vocabulary.facts.vetting]\nfields.party.values.x = {ja = 'x', en = 'x'}", "unknown-key", "values"),
        ("[vocabulary.facts.request]\nfields.kind.values.erase = {ja = 'x', en = 'x'}", "shadowed-name", "erase"),
        ("[vocabulary.facts.vetting]\nfields.more = {list = true}", "missing-key", "more"),
        ("[vocabulary.facts.vetting]\nfields.more = {held = 'form', of = 'items'}", "unknown-key", "of"),
        ("[vocabulary.facts.vetting]\nfields.more = {held = 'value', open = true}", "unknown-key", "open"),
        (
            "[vocabulary.facts.vetting]\nfields.more = {held = 'value', of = 'items', values.a = {ja = 'a', en = 'a'}}",
            "unknown-key",
            "of",
        ),
    ],
)
def test_what_is_wrong_with_a_declaration_is_told(table: str, code: str, key: str, tmp_path: Path) -> None:
    (tmp_path / "shop.toml").write_text(BASE, "utf-8")
    (tmp_path / "more.toml").write_text(table + "\n", "utf-8")
    with pytest.raises(PolicyError) as refused:
        Engine.load(tmp_path, installed_plugins=False)
    found = refused.value.problems
    assert {problem.code for problem in found} == {code}
    places = [problem.place for problem in found if problem.place is not None]
    assert len(places) == len(found) and all(place.file.endswith("more.toml") for place in places)
    assert all(key in table.splitlines()[place.line - 1][place.column - 1 :] for place in places if place.line)


def test_a_value_that_no_fact_can_have_is_told_with_the_nearest(tmp_path: Path) -> None:
    (tmp_path / "shop.toml").write_text(BASE.replace('about = "mail"', 'about = "mial"'), "utf-8")
    with pytest.raises(PolicyError) as refused:
        Engine.load(tmp_path, installed_plugins=False)
    (problem,) = refused.value.problems
    assert problem.hint is not None and problem.hint.en == 'did you mean "mail"?'


MANDATE = """
[vocabulary.facts.mandate]
ja = "委任"
en = "mandate"
fields.party = {held = "recipient", required = true}

[[clause]]
number = "9"
summary = {ja = "開示", en = "disclosure"}
[[clause.permission]]
operations = ["disclose"]
items = "any"
"""


@pytest.mark.parametrize("says_so", [False, True])
def test_a_type_names_who_represents_a_person_only_where_a_policy_says_so(says_so: bool, tmp_path: Path) -> None:
    (tmp_path / "shared.toml").write_text(MANDATE.partition("[[clause]]")[0], "utf-8")
    more = "[vocabulary.facts.mandate]\nrepresents = true\n" if says_so else ""
    clause = "[[clause]]" + MANDATE.partition("[[clause]]")[2]
    head, _, rest = BASE.partition("[vocabulary.subjects]")
    words = "[vocabulary.subjects]" + rest.partition("[[clause]]")[0]
    text = f'imports = ["shared.toml"]\n{head}{words}{more}{clause}'
    (tmp_path / "shop.toml").write_text(text, "utf-8")
    engine = Engine.load(tmp_path / "shop.toml", installed_plugins=False)
    event = {
        "id": "e",
        "time": "2026-06-01T00:00:00Z",
        "operation": "disclose",
        "subject": {"category": "customer", "id": "p-1"},
        "items": ["mail"],
        "recipient": {"id": "p-2"},
        "facts": [{"type": "mandate", "party": "p-2", "subject": "p-1"}],
    }
    assert engine.evaluate(event).permitted is says_so
    assert engine.evaluate({**event, "recipient": {"id": "p-1"}, "facts": []}).permitted
    assert not engine.evaluate({**event, "facts": []}).permitted
