"""What an arrangement of joint use must tell, and what one that does not tell it permits."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from language.marked_packs import BASE, CLAUSE
from policyengine import Engine
from policyengine.engine.plugins import Plugins
from policyengine.language.build import check_path

KINDS = Plugins(installed=False).kinds
TEXT = '{ja = "ここ", en = "here"}'
SCOPE = "parties = ['carrier']\nitems = ['name']\npurposes = ['delivery']\n"
FULL = f"responsible = [{{party = 'carrier', address = {TEXT}, representative = {TEXT}}}]\n"


def arrangement(folder: Path, text: str) -> None:
    (folder / "base.toml").write_text(BASE, "utf-8")
    (folder / "rule.toml").write_text(f"{CLAUSE}[[clause.joint-use]]\nsubjects = ['customer']\n{text}", "utf-8")


def matters(folder: Path, text: str) -> list[tuple[str, str]]:
    """Return the matters that `check` misses, each with the date since when the law asks for it."""
    arrangement(folder, text)
    found = [note.message.en for note in check_path(folder, KINDS) if note.code == "joint-use-matter"]
    said = (
        message.removeprefix("the joint use does not say ") for message in found if "permits nothing" not in message
    )
    return [tuple(one.split(", for which APPI article 27(5)(iii) asks since ")) for one in said]  # type: ignore[misc]


WHO, ADDRESS, REPRESENTATIVE = (
    ("who is responsible", "2005-04-01"),
    ("the address of who is responsible", "2022-04-01"),
    ("the representative of who is responsible", "2022-04-01"),
)
ASKED = {
    "everything is said": (SCOPE + FULL, []),
    "where it is made known": (SCOPE + f"responsible = [{{party = 'carrier', stated_at = {TEXT}}}]\n", []),
    "nobody is responsible": (SCOPE, [WHO, ADDRESS, REPRESENTATIVE]),
    "a name alone": (SCOPE + "responsible = [{party = 'carrier'}]\n", [ADDRESS, REPRESENTATIVE]),
    "a name, while a name was enough": (
        SCOPE + "until = 2022-04-01T00:00:00+09:00\nresponsible = [{party = 'carrier'}]\n",
        [],
    ),
    "nobody, before the law": (SCOPE + "until = 2005-04-01T00:00:00+09:00\n", []),
    "for other items": (
        SCOPE + FULL.replace("'carrier',", "'carrier', items = ['address'],"),
        [("who is responsible for name", "2005-04-01")],
    ),
    "no items": (SCOPE.replace("items = ['name']\n", "") + FULL, [("which items", "2005-04-01")]),
    "no parties": (SCOPE.replace("parties = ['carrier']\n", "") + FULL, [("with whom", "2005-04-01")]),
    "no purposes": (
        SCOPE.replace("purposes = ['delivery']\n", "") + FULL,
        [("for which purposes", "2005-04-01")],
    ),
}


@pytest.mark.parametrize(("text", "expected"), ASKED.values(), ids=ASKED.keys())
def test_what_the_law_asks_and_nobody_says_is_noted(tmp_path: Path, text: str, expected: list[tuple[str, str]]) -> None:
    assert sorted(matters(tmp_path, text)) == sorted(expected)


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
