"""What the lints find in the two packs, on two days, and in small texts made for one of them."""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import Path
from typing import Any, TypeAlias

import pytest

from policyengine.engine.lints import lint_problems, moment_of, new_problems
from policyengine.engine.plugins import Plugins
from policyengine.errors import Problem
from policyengine.hooks import LintQuery
from policyengine.language.build import policy_of
from policyengine.language.documents import Documents
from policyengine.language.pack import load_pack
from policyengine.model.policy import Policy
from policyengine_appi import plugin

ROOT = Path(__file__).parents[3]
PLUGINS = Plugins([plugin], installed=False)
LINTS = tuple(PLUGINS.lints.values())
LAW: Policy = policy_of(load_pack(ROOT / "rules" / "appi"), PLUGINS.kinds, {})
TODAY = "2026-11-27"


def query(pack: Any, day: str | None = TODAY, before: LintQuery | None = None) -> LintQuery:
    loaded = load_pack(pack)
    return LintQuery(loaded, policy_of(loaded, PLUGINS.kinds, {}), LAW, moment_of(LAW, day), before)


def found(pack: Any, day: str | None = TODAY) -> list[Problem]:
    return lint_problems(LINTS, query(pack, day))


def clauses(problems: Iterable[Problem], code: str) -> set[str | None]:
    return {problem.clause for problem in problems if problem.code == code}


def severe(problems: Iterable[Problem], severity: str = "error") -> set[str]:
    return {problem.code for problem in problems if problem.severity == severity}


def undeclared(name: str) -> Documents:
    """Return a pack of the repository as it was before it declared anything."""
    folder = ROOT / "rules" / name
    imported = [ROOT / "rules" / "vocabulary" / "personal-data.toml"]
    if "/appi.toml" in (folder / "policy.toml").read_text("utf-8"):
        imported.append(ROOT / "rules" / "vocabulary" / "appi.toml")
    texts = {}
    for file in [*folder.glob("*.toml"), *imported]:
        if not file.name.endswith(".test.toml"):
            text = file.read_text("utf-8").replace("ordinary = true, ", "")
            text = re.sub(r"^\[policy\.\w+\]\n(?:.+\n)*", "", text, flags=re.MULTILINE)
            texts[f"{file.parent.name}/{file.name}"] = text
    return Documents(texts)


REFERENCE = found(ROOT / "rules" / "alc-smart-learning")
SHOP = found(ROOT / "rules" / "online-shop")


def test_the_reference_policy_breaks_these_duties_on_its_face() -> None:
    assert severe(REFERENCE) == {"appi-operator", "appi-joint-use-matters", "appi-requests"}
    said = {(one.article, one.since, one.message.en.split(" (APPI")[0]) for one in REFERENCE if one.severity == "error"}
    assert said == {
        ("32(1)(i)", "2022-04-01", "the text does not tell the address of the business"),
        ("32(1)(i)", "2022-04-01", "the text does not tell the representative of the business"),
        ("27(5)(iii)", "2022-04-01", "this arrangement of joint use does not say the address of who is responsible"),
        (
            "27(5)(iii)",
            "2022-04-01",
            "this arrangement of joint use does not say the representative of who is responsible",
        ),
        ("33(5)", "2022-04-01", "the text does not grant these requests of the person: disclose records of provision"),
    }
    assert severe(found(ROOT / "rules" / "alc-smart-learning", "2017-01-01")) == set()


def test_with_nothing_declared() -> None:
    reference, shop = found(undeclared("alc-smart-learning")), found(undeclared("online-shop"))
    assert severe(reference) == {"appi-operator", "appi-joint-use-matters"}
    assert (
        severe(shop)
        == severe(SHOP)
        == {
            "appi-operator",
            "appi-joint-use-matters",
            "appi-ground",
            "appi-purpose-provision",
            "appi-opt-out",
        }
    )
    (unclassified,) = (one for one in reference if one.code == "appi-unclassified-item")
    assert len(unclassified.message.en.split(": ", 1)[1].split(", ")) == 24 + 1  # and the date since when


IN_THE_REFERENCE = {
    "appi-operator": {None},
    "appi-joint-use-matters": {"4"},
    "appi-joint-use-range": set(),
    "appi-joint-use-contractor": set(),
    "appi-purpose-missing": set(),
    "appi-purpose-vague": {"2-5"},
    "appi-purpose-analysis": set(),
    "appi-purpose-provision": set(),
    "appi-ground": set(),
    "appi-bare-demand": {"5(5)"},
    "appi-emergency": set(),
    "appi-opt-out": set(),
    "appi-entrust-purpose": set(),
    "appi-entrust-supervision": set(),
    "appi-abroad": {"4", "5(1)", "5(2)", "5(3)", "5(5)", "5(6)"},
    "appi-special-care": {"2-1", "2-2", "2-3", "2-5", "2-note-1"},
    "appi-unclassified-item": {None},
    "appi-referable": set(),
    "appi-records": {"5(6)"},
    "appi-requests": {None},
    "appi-requests-narrow": set(),
    "appi-not-disclosable": {"3"},
    "appi-safety": {"P-2", "1"},
    "appi-safety-abroad": {None},
    "appi-complaints": set(),
    "appi-retention": {"P-1"},
    "appi-children": {"5(6)"},
    "appi-pseudonymised": {"5(5)", "5(6)"},
    "appi-anonymised": set(),
    "appi-law-before": {None},
}
IN_THE_SHOP = {
    "appi-operator": {None},
    "appi-joint-use-matters": {"3.1", "3.2"},
    "appi-joint-use-range": {"3.2"},
    "appi-joint-use-contractor": set(),
    "appi-purpose-missing": set(),
    "appi-purpose-vague": {"2.4"},
    "appi-purpose-analysis": {"2.2", "6.1", "6.2"},
    "appi-purpose-provision": {"6.1", "6.2"},
    "appi-ground": {"4.3", "6.2"},
    "appi-bare-demand": {"4.1"},
    "appi-emergency": {"4.2"},
    "appi-opt-out": {"6.2"},
    "appi-entrust-purpose": set(),
    "appi-entrust-supervision": {"5.1"},
    "appi-abroad": {"3.1", "3.2", "4.1", "4.2", "5.1", "6.1", "6.2"},
    "appi-special-care": {"2.1"},
    "appi-unclassified-item": {None},
    "appi-referable": {"4.3", "6.1", "6.2"},
    "appi-requests": {None},
    "appi-requests-narrow": {"7.2"},
    "appi-not-disclosable": set(),
    "appi-safety": {"1.2"},
    "appi-safety-abroad": {None},
    "appi-complaints": set(),
    "appi-retention": {None},
    "appi-children": set(),
    "appi-pseudonymised": {"4.1", "4.2", "4.3", "6.1", "6.2"},
    "appi-anonymised": set(),
    "appi-law-before": set(),
}


@pytest.mark.parametrize("code", IN_THE_REFERENCE)
def test_what_is_found_in_the_reference_policy(code: str) -> None:
    assert clauses(REFERENCE, code) == IN_THE_REFERENCE[code]


@pytest.mark.parametrize("code", IN_THE_SHOP)
def test_what_is_found_in_the_shop(code: str) -> None:
    assert clauses(SHOP, code) == IN_THE_SHOP[code]


def test_every_lint_is_in_the_tables_or_compares_versions() -> None:
    changes = {"appi-joint-use-widened", "appi-joint-use-announce", "appi-purpose-changed", "appi-opt-out-changed"}
    assert {lint.name for lint in LINTS} == set(IN_THE_REFERENCE) | changes


def test_every_finding_says_where_since_when_and_by_which_article() -> None:
    for one in (*REFERENCE, *SHOP):
        assert one.place is not None and one.place.line > 0
        assert one.article is not None and one.since is not None
        assert one.article in one.message.en and one.since in one.message.en and one.since in one.message.ja
    assert "27条5項3号" in next(one.message.ja for one in REFERENCE if one.code == "appi-joint-use-matters")


def test_severities() -> None:
    assert severe(REFERENCE, "note") == {
        "appi-requests",
        "appi-safety-abroad",
        "appi-law-before",
        "appi-retention",
        "appi-not-disclosable",
        "appi-records",
        "appi-children",
    }
    provision = {one.clause: one.severity for one in SHOP if one.code == "appi-purpose-provision"}
    assert provision == {"6.1": "warning", "6.2": "error"}


def test_words_in_the_shop_that_analyse() -> None:
    said = {(one.clause, one.message.en.split('"')[1]) for one in SHOP if one.code == "appi-purpose-analysis"}
    of_both = {
        (clause, name) for clause in ("6.1", "6.2") for name in ("selecting advertisements", "audience research")
    }
    assert said == of_both | {
        ("2.2", "recommendations"),
        ("6.1", "personalised advertising"),
    }  # not on 6.2: 6.3 forbids it


def test_before_the_law_nothing_is_asked() -> None:
    assert found(ROOT / "rules" / "alc-smart-learning", "2005-03-31") == []


# ---------------------------------------------------------------- one text, made worse and better

BASE = """
[policy]
id = "shop"
version = "1"
title = {ja = "店", en = "Shop"}
governs = ["shop"]
from = 2023-04-01T00:00:00+09:00
contact = "desk@shop.example"

[policy.operator]
name = {ja = "店", en = "Shop"}
address = {ja = "東京", en = "Tokyo"}
kind = "individual"

[policy.requests]
kinds = [
  "notify_purpose", "disclose", "disclose_records", "correct", "add", "delete", "stop_use", "erase", "stop_provision",
]
how = {ja = "窓口に", en = "at the desk"}
fee = "none"

[policy.safety]
clauses = ["1"]
abroad = []

[vocabulary.subjects]
customer = {ja = "お客様", en = "customer"}

[vocabulary.forms]
pseudonymised = {ja = "仮名加工", en = "pseudonymised"}

[vocabulary.origins]
direct = {ja = "本人から", en = "from the person"}
third_party = {ja = "第三者から", en = "from a third party"}

[vocabulary.items]
special_care = {ja = "要配慮個人情報", en = "special care"}
illness = {is_a = "special_care", ja = "病歴", en = "illness"}
name = {ordinary = true, ja = "氏名", en = "name"}
address = {ordinary = true, ja = "住所", en = "address"}

[vocabulary.purposes]
delivery = {ja = "配送", en = "delivery"}

[vocabulary.parties]
carrier = {ja = "運送会社", en = "Carrier KK"}
sister = {ja = "姉妹会社", en = "Sister KK"}

[[clause]]
number = "1"
summary = {ja = "配送に使い、五年で消す", en = "Data serve delivery, and are deleted after five years."}

[[clause.purpose-limitation]]
subjects = ["customer"]
items = ["name", "address"]
purposes = ["delivery"]

[[clause.purpose-limitation]]
id = "illness"
subjects = ["customer"]
items = ["illness", "special_care"]
purposes = ["delivery"]
facts = {type = "consent"}
attributes.age.at_least = 16

[[clause.prohibition]]
operations = ["retain"]
not = {acquired_within = "P5Y"}

[vocabulary.attributes]
age = {type = "integer", ja = "年齢", en = "age"}
"""
CLAUSE = '\n[[clause]]\nnumber = "2"\nsummary = {ja = "二", en = "two"}\n'


def of_text(more: str = "", *changes: tuple[str, str], day: str = TODAY) -> list[Problem]:
    return found(Documents({"shop.toml": _changed(more, *changes)}), day)


def _changed(more: str = "", *changes: tuple[str, str]) -> str:
    text = BASE
    for old, new in changes:
        assert old in text
        text = text.replace(old, new)
    return text + more


def test_a_text_that_tells_everything_lacks_nothing() -> None:
    assert of_text() == []


PROVISION = (
    CLAUSE
    + '[[clause.provision]]\nrecipients = ["carrier"]\nitems = ["name"]\ncountries = ["JP"]\nforms = ["identifiable"]\n'
)
JOINT = (
    CLAUSE + '[[clause.joint-use]]\nparties = ["carrier"]\nsubjects = ["customer"]\nitems = ["name"]\n'
    'purposes = ["delivery"]\ncountries = ["JP"]\n'
)
Case: TypeAlias = tuple[str, tuple[tuple[str, str], ...], set[tuple[str, str]]]
"""What is added to the text, what is changed in it, and what is found then."""

CUSTOMER = 'customer = {ja = "お客様", en = "customer"}'
TEXT = '{ja = "ここ", en = "here"}'
WHO = f"responsible = [{{party = 'carrier', address = {TEXT}, representative = {TEXT}}}]\n"
MATTERS = "".join(
    f"{name} = {TEXT}\n" for name in ("operator", "purpose", "items", "sources", "method", "stop", "how", "others")
)
OPT_OUT = (
    PROVISION
    + 'purposes = ["delivery"]\nground = "opt_out"\nexcept.origins = ["third_party"]\n[clause.opt_out]\n'
    + MATTERS
)

FILED = "filed = 2024-01-01T00:00:00+09:00\n"

SMALL: dict[str, Case] = {
    "no operator": (
        "",
        (("[policy.operator]\n", "[policy.published]\nmanner = 'published'\n[policy.operator]\n"),),
        set(),
    ),
    "a corporation": ("", (('kind = "individual"\n', ""),), {("appi-operator", "error")}),
    "no desk": ("", (('contact = "desk@shop.example"\n', ""),), {("appi-complaints", "error")}),
    "a desk for complaints": (
        "",
        (('contact = "desk@shop.example"\n', ""), ('fee = "none"', 'fee = "none"\ncomplaints = "a@b.example"')),
        set(),
    ),
    "no records": ("", (('"disclose_records", ', ""),), {("appi-requests", "error")}),
    "no fee": ("", (('fee = "none"\n', ""),), {("appi-requests", "note")}),
    "no measures": ("", (('clauses = ["1"]\n', ""),), {("appi-safety", "warning")}),
    "nowhere abroad is not said": ("", (("abroad = []\n", ""),), {("appi-safety-abroad", "note")}),
    "kept for ever": (
        "",
        (('[[clause.prohibition]]\noperations = ["retain"]\nnot = {acquired_within = "P5Y"}\n', ""),),
        {("appi-retention", "note")},
    ),
    "an item of which nobody says": (
        "",
        (("address = {ordinary = true, ", "address = {"),),
        {("appi-unclassified-item", "warning")},
    ),
    "a category without a purpose": (
        "",
        ((CUSTOMER, f"{CUSTOMER}\nvisitor = {{ja = '訪問者', en = 'visitor'}}"),),
        {("appi-purpose-missing", "error")},
    ),
    "illness from anybody": ("", (('facts = {type = "consent"}\n', ""),), {("appi-special-care", "warning")}),
    "illness from the person": (
        "",
        (('facts = {type = "consent"}\n', 'origins = ["direct"]\n'),),
        set(),
    ),
    "no age": ("", (("attributes.age.at_least = 16\n", ""),), {("appi-children", "note")}),
    "analysed": (
        "",
        (('delivery = {ja = "配送", en = "delivery"}', 'delivery = {ja = "スコアリング", en = "scoring"}'),),
        {("appi-purpose-analysis", "warning")},
    ),
    "analysed, and told": (
        "",
        (
            (
                'delivery = {ja = "配送", en = "delivery"}',
                'delivery = {analyses = true, ja = "スコアリング", en = "scoring"}',
            ),
        ),
        set(),
    ),
    "no ground": (PROVISION, (), {("appi-ground", "error")}),
    "a ground that is said": (PROVISION + 'ground = "public_health"\n', (), set()),
    "a ground that is said and not asked for": (PROVISION + 'ground = "consent"\n', (), {("appi-ground", "error")}),
    "on consent": (PROVISION + 'facts = {type = "consent"}\n', (), {("appi-records", "note")}),
    "on a statute": (PROVISION + 'facts = {type = "legal_basis", kind = "statute"}\n', (), set()),
    "on a demand": (PROVISION + 'facts = {type = "legal_basis"}\n', (), {("appi-bare-demand", "warning")}),
    "an opt-out": (OPT_OUT + FILED, (), {("appi-records", "note")}),
    "not filed": (OPT_OUT, (), {("appi-opt-out", "error"), ("appi-records", "note")}),
    "filed later": (
        OPT_OUT + "filed = 2027-01-01T00:00:00+09:00\n",
        (),
        {("appi-opt-out", "error"), ("appi-records", "note")},
    ),
    "a matter lacks": (
        OPT_OUT.replace(f"sources = {TEXT}\n", "") + FILED,
        (),
        {("appi-opt-out", "error"), ("appi-records", "note")},
    ),
    "opt-out of illness": (
        OPT_OUT.replace('items = ["name"]', 'items = ["name", "illness"]') + FILED,
        (),
        {("appi-opt-out", "error"), ("appi-records", "note")},
    ),
    "opt-out of what others gave": (
        OPT_OUT.replace('except.origins = ["third_party"]\n', "") + FILED,
        (),
        {("appi-opt-out", "warning"), ("appi-records", "note")},
    ),
    "joint use": (JOINT + WHO, (), set()),
    "nobody is responsible": (JOINT, (), {("appi-joint-use-matters", "error")}),
    "made known elsewhere": (JOINT + f"responsible = [{{party = 'carrier', stated_at = {TEXT}}}]\n", (), set()),
    "responsible for other items": (
        JOINT + WHO.replace("'carrier',", "'carrier', items = ['address'],"),
        (),
        {("appi-joint-use-matters", "error")},
    ),
    "with whom": (JOINT.replace('parties = ["carrier"]\n', "") + WHO, (), {("appi-joint-use-matters", "error")}),
    "whoever they are": (
        JOINT + WHO,
        (('en = "Carrier KK"', 'en = "companies of the group"'),),
        {("appi-joint-use-range", "warning")},
    ),
    "a joint user who works for us": (
        JOINT
        + WHO
        + CLAUSE.replace('"2"', '"3"')
        + '[[clause.entrustment]]\nrecipients = ["carrier"]\nlicensed_by = ["1"]\ncountries = ["JP"]\n',
        (),
        {("appi-joint-use-contractor", "warning"), ("appi-entrust-supervision", "warning")},
    ),
    "entrusted for nothing": (
        CLAUSE + '[[clause.entrustment]]\nitems = ["name"]\ncountries = ["JP"]\n',
        (),
        {("appi-entrust-purpose", "error"), ("appi-entrust-supervision", "warning")},
    ),
    "anywhere": (JOINT.replace('countries = ["JP"]\n', "") + WHO, (), {("appi-abroad", "warning")}),
    "to a country of equal standing": (JOINT.replace('["JP"]', '["JP", "FR"]') + WHO, (), set()),
    "with a system": (
        JOINT.replace('countries = ["JP"]\n', 'facts = {type = "equivalent_system"}\n')
        + WHO
        + "\n[vocabulary.facts.equivalent_system]\nja = '体制'\nen = 'system'\nfields.party = {held = 'recipient'}\n",
        (),
        set(),
    ),
    "pseudonymised too": (
        PROVISION.replace('forms = ["identifiable"]\n', "") + 'facts = {type = "consent"}\n',
        (),
        {("appi-pseudonymised", "warning"), ("appi-records", "note")},
    ),
}


@pytest.mark.parametrize("name", SMALL)
def test_what_one_text_lacks(name: str) -> None:
    more, changes, expected = SMALL[name]
    assert {(one.code, one.severity) for one in of_text(more, *changes)} == expected


@pytest.mark.parametrize(
    ("day", "asked"), [("2004-12-31", 0), ("2005-04-01", 1), ("2022-03-31", 1), ("2022-04-01", 3), (None, 3)]
)
def test_the_matters_of_joint_use_by_day(day: str, asked: int) -> None:
    text = _changed(JOINT, ("from = 2023-04-01T00:00:00+09:00\n", ""))
    problems = [one for one in found(Documents({"shop.toml": text}), day) if one.code == "appi-joint-use-matters"]
    assert len(problems) == asked


# ---------------------------------------------------------------- two versions


def changed(old: str, new: str) -> set[tuple[str, str]]:
    before = query(Documents({"shop.toml": old}))
    later = query(Documents({"shop.toml": new}), before=before)
    return {(one.code, one.severity) for one in new_problems(LINTS, later)}


VERSIONS: dict[str, Case] = {
    "nothing": (JOINT + WHO, (), set()),
    "an item more": (
        JOINT + WHO,
        (('["name"]\npurposes', '["name", "address"]\npurposes'),),
        {("appi-joint-use-widened", "error")},
    ),
    "an item less": (
        JOINT.replace('["name"]', '["name", "address"]') + WHO,
        (('["name", "address"]\npurposes = ["delivery"]\ncountries', '["name"]\npurposes = ["delivery"]\ncountries'),),
        set(),
    ),
    "a party more": (JOINT + WHO, (('["carrier"]', '["carrier", "sister"]'),), {("appi-joint-use-widened", "error")}),
    "somebody else is responsible": (
        JOINT + WHO,
        (("party = 'carrier'", "party = 'sister'"),),
        {("appi-joint-use-announce", "warning")},
    ),
    "they have moved": (
        JOINT + WHO,
        ((f"address = {TEXT}", 'address = {ja = "あちら", en = "there"}'),),
        {("appi-joint-use-announce", "warning")},
    ),
    "a purpose more": (
        "",
        (
            ("[vocabulary.purposes]\n", "[vocabulary.purposes]\nbilling = {ja = '請求', en = 'billing'}\n"),
            (
                'items = ["name", "address"]\npurposes = ["delivery"]',
                'items = ["name", "address"]\npurposes = ["delivery", "billing"]',
            ),
        ),
        {("appi-purpose-changed", "warning")},
    ),
    "another way to opt out": (
        OPT_OUT + FILED,
        ((f"how = {TEXT}", 'how = {ja = "電話", en = "by phone"}'),),
        {("appi-opt-out-changed", "error")},
    ),
    "another way to opt out, filed": (
        OPT_OUT + FILED,
        ((f"how = {TEXT}", 'how = {ja = "電話", en = "by phone"}'), ("filed = 2024", "filed = 2025")),
        set(),
    ),
    "worse than it was": ("", (('fee = "none"\n', ""),), {("appi-requests", "note")}),
}


@pytest.mark.parametrize("name", VERSIONS)
def test_what_a_change_asks(name: str) -> None:
    more, changes, expected = VERSIONS[name]
    old = new = _changed(more)
    for before, after in changes:
        assert before in new
        new = new.replace(before, after)
    assert changed(old, new) == expected
