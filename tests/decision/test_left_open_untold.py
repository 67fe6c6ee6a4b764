"""What an event leaves open is told also where, for that, no clause speaks of it."""

from __future__ import annotations

from typing import Any

import pytest

from policyengine import Documents, Engine

PACK = """
[policy]
id = "p"
version = "1"
languages = ["en"]
title = {en = "p"}
governs = ["c"]

[vocabulary.subjects]
person = {en = "person"}
adult = {is_a = "person", en = "adult"}

[vocabulary.items]
name = {en = "name"}

[vocabulary.purposes]
care = {en = "care"}

[vocabulary.origins]
direct = {en = "direct"}

[[clause]]
number = "1"
summary = {en = "Data of adults serve care."}

[[clause.purpose-limitation]]
operations = ["use"]
subjects = ["adult"]
purposes = ["care"]
items = "any"

[[clause]]
number = "2"
summary = {en = "They are provided for what clause 1 licenses."}

[[clause.permission]]
operations = ["provide"]
licensed_by = ["1"]
items = "any"

[[clause]]
number = "3"
summary = {en = "What the person gave is kept."}

[[clause.permission]]
operations = ["retain"]
about.origins = ["direct"]
items = "any"
"""
EVENT: dict[str, Any] = {
    "id": "e",
    "time": "2026-06-01T12:00:00+09:00",
    "subject": {"category": "person"},
    "items": ["name"],
    "purpose": "care",
}
CASES = {
    "whom the clause is about": ({"operation": "use"}, [("no-rule", None, ("subject.category",))]),
    "what it is about": ({"operation": "retain"}, [("no-rule", None, ("origin",))]),
    "whom the clause is about on which another leans": (
        {"operation": "provide", "recipient": {"id": "x"}},
        [("not-permitted", "2", ("subject.category",))],
    ),
    "nothing": ({"operation": "acquire"}, [("no-rule", None, ())]),
}


@pytest.mark.parametrize(("more", "expected"), CASES.values(), ids=CASES.keys())
def test_what_is_left_open_is_told_where_no_clause_speaks(
    more: dict[str, Any], expected: list[tuple[str, str | None, tuple[str, ...]]]
) -> None:
    engine = Engine.load(Documents({"policy.toml": PACK}), installed_plugins=False)
    decision = engine.evaluate({**EVENT, **more})
    assert [(reason.code, reason.clause, tuple(reason.open)) for reason in decision.reasons] == expected
    if any(paths for _, clause, paths in expected if clause is not None):
        assert "(left open)" in decision.explain("en")
