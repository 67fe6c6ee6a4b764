"""What an arrangement of joint use permits."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from language.marked_packs import BASE, CLAUSE
from policyengine import Engine
from policyengine.engine.plugins import Plugins
from policyengine.language.build import check_path

KINDS = Plugins(installed=False).kinds
SCOPE = "parties = ['carrier']\nitems = ['name']\npurposes = ['delivery']\n"


def arrangement(folder: Path, text: str) -> None:
    (folder / "base.toml").write_text(BASE, "utf-8")
    (folder / "rule.toml").write_text(f"{CLAUSE}[[clause.joint-use]]\nsubjects = ['customer']\n{text}", "utf-8")


@pytest.mark.parametrize("key", ["parties", "items", "purposes"])
def test_an_arrangement_without_scope_permits_nothing_and_says_so(tmp_path: Path, key: str) -> None:
    lines = [line for line in SCOPE.splitlines(keepends=True) if not line.startswith(key)]
    arrangement(tmp_path, "".join(lines))
    assert any("permits nothing" in note.message.en for note in check_path(tmp_path, KINDS))
    engine = Engine.load(tmp_path, installed_plugins=False)
    event: dict[str, Any] = {
        "id": "e",
        "time": "2026-06-01T12:00:00+09:00",
        "operation": "joint_use",
        "subject": {"category": "customer"},
        "items": ["name"],
        "purpose": "delivery",
        "recipient": {"id": "carrier"},
    }
    decision = engine.evaluate(event)
    assert (decision.outcome, decision.clauses) == ("deny", ("9",))
    assert "✗ never" in decision.explain("en")
    arrangement(tmp_path, SCOPE)
    assert Engine.load(tmp_path, installed_plugins=False).evaluate(event).permitted


def test_an_unknown_party_is_reported(tmp_path: Path) -> None:
    arrangement(tmp_path, SCOPE + "responsible = [{party = 'carier'}]\n")
    (problem,) = check_path(tmp_path, KINDS)
    assert problem.code == "unknown-term"


WAYS = {
    "alone": ("countries = ['JP']\n", True),
    "each of them asks of a recipient": ("any = [{countries = ['JP']}, {recipients = ['carrier']}]\n", True),
    "one asks something else": ("any = [{countries = ['JP']}, {attributes.age.at_least = 18}]\n", False),
    "one asks both": ("any = [{countries = ['JP'], attributes.age.at_least = 18}]\n", False),
    "not both": ("not = {countries = ['US'], attributes.age.below = 18}\n", False),
}


@pytest.mark.parametrize(("text", "free"), WAYS.values(), ids=WAYS.keys())
def test_what_is_asked_of_a_recipient_is_no_way_to_the_controllers_own_use(
    tmp_path: Path, text: str, free: bool
) -> None:
    arrangement(tmp_path, SCOPE + text)
    engine = Engine.load(tmp_path, installed_plugins=False)
    event: dict[str, Any] = {
        "id": "e",
        "time": "2026-06-01T12:00:00+09:00",
        "operation": "use",
        "subject": {"category": "customer"},
        "items": ["name"],
        "purpose": "delivery",
    }

    def permits(**more: Any) -> bool:
        return "9" in engine.evaluate({**event, **more}).clauses

    assert (permits(), permits(attributes={"age": 17}), permits(attributes={"age": 18})) == (free, free, True)
