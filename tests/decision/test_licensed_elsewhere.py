"""A statute that asks the company's own policy for the purpose (`licensed_by = "other-policies"`)."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from policyengine import Engine
from policyengine.analysis.difference import difference
from policyengine.engine.plugins import Plugins
from policyengine.language.build import build_policies
from suite.shell import policyengine

WORDS = """
[vocabulary.subjects]
customer = {ja = "顧客", en = "customer"}

[vocabulary.items]
name = {ja = "氏名", en = "name"}
address = {ja = "住所", en = "address"}

[vocabulary.purposes]
delivery = {ja = "配送", en = "delivery"}
"""

STATUTE = (
    """
[policy]
id = "statute"
version = "1"
title = {ja = "法律", en = "Statute"}
governs = "anyone"
layer = true
"""
    + WORDS
    + """
[[clause]]
number = "27"
summary = {ja = "特定した目的の範囲で委託できる", en = "Data are entrusted within the purposes that were specified."}

[[clause.entrustment]]
items = "any"
licensed_by = "other-policies"
"""
)

COMPANY = (
    """
[policy]
id = "company"
version = "1"
title = {ja = "会社", en = "Company"}
governs = ["shop"]
"""
    + WORDS
    + """
[[clause]]
number = "1"
summary = {ja = "配送に使う", en = "Names are used for delivery."}

[[clause.purpose-limitation]]
subjects = ["customer"]
items = ["name"]
purposes = ["delivery"]

[[clause]]
number = "1-b"
summary = {ja = "同意があれば住所も", en = "With consent, addresses as well."}

[[clause.purpose-limitation]]
subjects = ["customer"]
items = ["address"]
purposes = ["delivery"]
facts = {type = "consent"}

[[clause]]
number = "2"
summary = {ja = "委託する", en = "Data are entrusted."}

[[clause.entrustment]]
items = "any"
"""
)

EVENT: dict[str, Any] = {
    "id": "e",
    "time": "2026-01-01T00:00:00Z",
    "controller": "shop",
    "operation": "entrust",
    "subject": {"category": "customer", "id": "c-1"},
    "items": ["name"],
    "purpose": "delivery",
    "recipient": {"id": "carrier", "country": "JP"},
}


@pytest.fixture
def packs(tmp_path: Path) -> tuple[Path, Path]:
    for name, text in (("statute", STATUTE), ("company", COMPANY)):
        (tmp_path / f"{name}.toml").write_text(text, encoding="utf-8")
    return tmp_path / "company.toml", tmp_path / "statute.toml"


def test_a_permit_cites_what_licenses_it_in_the_other_policy(packs: tuple[Path, Path]) -> None:
    decision = Engine.load(*packs).evaluate(EVENT)
    assert decision.permitted
    assert decision.clauses == ("company:1", "company:2", "statute:27")
    assert "company:1/purpose-limitation" in decision.rules
    assert "another policy licenses the purpose" in decision.explain(lang="en")
    assert "ほかのポリシーの条項が利用目的を認めている" in decision.explain(lang="ja")


def test_what_no_other_policy_licenses_is_denied_by_the_clause_that_leans_on_it(packs: tuple[Path, Path]) -> None:
    decision = Engine.load(*packs).evaluate({**EVENT, "items": ["name", "address"]})
    assert decision.permitted_items == ("name",)
    (reason,) = decision.reasons
    assert (reason.code, reason.policy, reason.clause, reason.items) == (
        "not-permitted",
        "statute",
        "27",
        ("address",),
    )
    drop, consent = decision.as_dict()["remedies"]
    assert drop["changes"] == [{"op": "drop-items", "items": ["address"]}]
    (change,) = consent["changes"]
    assert (change["fact"]["type"], change["fact"]["operations"]) == ("consent", ["use"])
    mended = {**EVENT, "items": ["name", "address"], "facts": [change["fact"]]}
    assert Engine.load(*packs).evaluate(mended).permitted


def test_nobody_licenses_where_only_the_policy_itself_governs(tmp_path: Path) -> None:
    alone = tmp_path / "alone.toml"
    text = STATUTE.replace("layer = true", "")
    alone.write_text(text, encoding="utf-8")
    assert not Engine.load(alone).evaluate(EVENT).permitted


def test_a_layer_does_not_license_to_others(packs: tuple[Path, Path], tmp_path: Path) -> None:
    company, _ = packs
    leaning = COMPANY.replace('entrustment]]\nitems = "any"', 'entrustment]]\nlicensed_by = "other-policies"')
    company.write_text(leaning, encoding="utf-8")
    above = tmp_path / "above.toml"
    above.write_text(COMPANY.replace('"company"', '"above"', 1).replace("[policy]", "[policy]\nlayer = true"), "utf-8")
    assert not Engine.load(company, above).evaluate(EVENT).permitted


def test_the_analysis_of_one_policy_takes_it_as_met(tmp_path: Path) -> None:
    asking, free, law = tmp_path / "asking.toml", tmp_path / "free.toml", tmp_path / "law"
    asking.write_text(STATUTE, encoding="utf-8")
    free.write_text(STATUTE.replace('licensed_by = "other-policies"\n', ""), encoding="utf-8")
    plugins = Plugins()
    one, other = (build_policies([path], plugins.kinds, {})[0] for path in (asking, free))
    assert difference(one, other) is None
    law.mkdir()
    (law / "statute.toml").write_text(STATUTE, encoding="utf-8")
    (law / "statute.test.toml").write_text(
        """
[events.entrusted]
time = "2026-01-01T00:00:00Z"
controller = "shop"
operation = "entrust"
subject = {category = "customer"}
items = ["name"]
purpose = "delivery"
recipient = {id = "carrier"}

[[case]]
name = "entrusted"
base = "entrusted"
expect = "permit"
clauses = ["27"]
""",
        encoding="utf-8",
    )
    ran = policyengine("test", "statute.test.toml", folder=law)
    assert ran.code == 0, ran
