"""Countries need no declaration, and sets of them stand in rules as sets of terms do."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from language.marked_packs import BASE, CLAUSE, problems, said, write
from policyengine import Engine

PROVISION = """\
[[clause.provision]]
countries = [{terms = ["neighbours"], under = {scope = "wide"}}, "JP"]
licensed_by = ["1"]
[[clause.prohibition]]
except.countries = ["JP", "neighbours"]
"""
SETS = "[vocabulary.sets.countries]\nneighbours = ['KR', 'TW']\n"


def provided(country: str) -> dict[str, Any]:
    return {
        "id": "e-1",
        "time": "2026-11-24T09:00:00Z",
        "operation": "provide",
        "subject": {"category": "customer"},
        "items": ["name"],
        "purpose": "delivery",
        "recipient": {"id": "carrier", "country": country},
    }


@pytest.mark.parametrize(
    ("scope", "country", "codes"),
    [
        ("narrow", "JP", set()),
        ("narrow", "KR", {"not-permitted"}),
        ("wide", "KR", set()),
        ("wide", "TW", set()),
        ("wide", "DE", {"prohibited", "not-permitted"}),
    ],
)
def test_a_set_of_countries_is_each_of_them(scope: str, country: str, codes: set[str], tmp_path: Path) -> None:
    write(tmp_path, {"base.toml": BASE, "more.toml": SETS + CLAUSE + PROVISION})
    decision = Engine.load(tmp_path, readings={"scope": scope}, installed_plugins=False).evaluate(provided(country))
    assert {reason.code for reason in decision.reasons} == codes
    assert decision.permitted is not bool(codes)


def test_a_set_that_is_named_as_a_country_is_refused(tmp_path: Path) -> None:
    more = "[vocabulary.sets.countries]\n⟪shadowed-name⟫DE = ['FR']\n"
    expected = write(tmp_path, {"base.toml": BASE, "more.toml": more})
    assert said(problems(tmp_path)) == expected
