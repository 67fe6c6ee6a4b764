"""What `check` says of rules that work, and hardly mean what they say."""

from __future__ import annotations

from pathlib import Path

import pytest

from language.marked_packs import BASE, CLAUSE
from policyengine import Engine, Problem
from policyengine.engine.plugins import Plugins
from policyengine.language.build import check_path

KINDS = Plugins(installed=False).kinds
RULES = Path(__file__).parents[2] / "rules"
MEANT = BASE.replace('id = "delivery"\n', 'id = "delivery"\nitems = "any"\n')


def notes(folder: Path, text: str, base: str = MEANT) -> list[Problem]:
    (folder / "base.toml").write_text(base, "utf-8")
    (folder / "rule.toml").write_text(f"{CLAUSE}{text}", "utf-8")
    found = check_path(folder, KINDS)
    assert all(problem.severity == "note" for problem in found), found
    Engine.load(folder, installed_plugins=False)
    return found


CONTRADICTIONS = {
    "a fact that lifts by being there and not": (
        """[[clause.prohibition]]
items = ['name']
lifted_by.all = [{type = 'consent'}, {not = {type = 'consent'}}]
""",
        [(6, 18), (6, 39)],
    ),
    "a fact that lifts by being there after others, and not": (
        """[[clause.prohibition]]
items = ['name']
lifted_by.all = [{type = 'consent', after = {type = 'request'}}, {not = {type = 'consent'}}]
""",
        [(6, 18), (6, 67)],
    ),
    "one of two ways": (
        """[[clause.prohibition]]
items = ['name']
lifted_by.any = [{type = 'vetting'}, {all = [{type = 'consent'}, {not = {type = 'consent'}}]}]
""",
        [(6, 46), (6, 67)],
    ),
    "what is required of other items": (
        "[[clause.requirement]]\nitems = ['name']\nrequire.items = ['address']\n",
        [(5, 1), (6, 9)],
    ),
    "what is required of a use": (
        "[[clause.requirement]]\noperations = ['use']\nrequire.countries = ['JP']\n",
        [(5, 1), (6, 9)],
    ),
    "a country that is and is not": (
        "[[clause.prohibition]]\ncountries = ['JP']\nexcept.countries = ['JP']\n",
        [(5, 1), (6, 8)],
    ),
    "no number but one that is not stated": (
        "[[clause.prohibition]]\npurposes = ['delivery']\nattributes.age = {below = 16, at_least = 16}\n",
        [(6, 19), (6, 31)],
    ),
}


@pytest.mark.parametrize(("text", "places"), CONTRADICTIONS.values(), ids=CONTRADICTIONS.keys())
def test_parts_that_contradict_one_another_are_told_with_their_places(
    tmp_path: Path, text: str, places: list[tuple[int, int]]
) -> None:
    (note,) = notes(tmp_path, text)
    file = tmp_path / "rule.toml"
    assert (note.code, note.clause, str(note.place)) == ("contradiction", "9", "{}:{}:{}".format(file, *places[-1]))
    for said in (note.message.en, note.message.ja):
        assert all(f"{file}:{line}:{column})" in said.replace("）", ")") for line, column in places)
        assert said.count(str(file)) == len(places), "nothing is named that has no part in it"


SOUND = {
    "a fact that restricts and one that does not lift": (
        "[[clause.prohibition]]\nfacts.all = [{type = 'request', kind = 'erase'}, {not = {type = 'consent'}}]\n"
    ),
    "equal bounds": "[[clause.prohibition]]\nattributes.age = {at_least = 18, at_most = 18}\n",
    "what the other side of a country lifts": (
        "[[clause.requirement]]\nexcept.countries = ['JP']\nrequire.facts = {type = 'consent'}\n"
    ),
    "what is laid over a licence, and asked of a use": (
        "[[clause.requirement]]\nover = ['1']\noperations = ['use']\nrequire.recipients = ['carrier']\n"
    ),
    "a licence for what is shipped": (
        "[[clause.purpose-limitation]]\nitems = ['name']\npurposes = ['delivery']\nservices = ['shipping']\n"
    ),
    "what readings may empty": (
        "[[clause.prohibition]]\nitems = ['name']\nexcept.items = [{term = 'name', under.scope = 'wide'}]\n"
    ),
}


@pytest.mark.parametrize("text", SOUND.values(), ids=SOUND.keys())
def test_of_what_can_be_meant_nothing_is_told(tmp_path: Path, text: str) -> None:
    assert notes(tmp_path, text) == []


OPEN = {
    "a licence": "[[clause.purpose-limitation]]\nsubjects = ['customer']\npurposes = ['delivery']\n",
    "a disclosure": "[[clause.disclosure]]\n",
    "all but some": "[[clause.provision]]\nexcept.items = ['name']\nfacts = {type = 'consent'}\n",
    "several of one clause": "[[clause.provision]]\n[[clause.disclosure]]\n",
}


@pytest.mark.parametrize("text", OPEN.values(), ids=OPEN.keys())
def test_a_permit_that_lists_no_items_is_told_once_a_clause(tmp_path: Path, text: str) -> None:
    (note,) = notes(tmp_path, text)
    assert (note.code, note.clause, note.place and note.place.line) == ("open-items", "9", 4)
    meant = text.replace("]]\n", ']]\nitems = "any"\n')
    assert notes(tmp_path, meant) == []


@pytest.mark.parametrize(
    "text",
    [
        "[[clause.provision]]\nitems = ['name']\n",
        "[[clause.provision]]\nitems = ['name']\nfacts = {type = 'consent', after = {type = 'request'}}\n",
        "[[clause.entrustment]]\nlicensed_by = ['1']\n",  # the licence lists them, or is told of
        "[[clause.prohibition]]\npurposes = ['marketing']\n",
    ],
)
def test_what_opens_nothing_is_not_told_of(tmp_path: Path, text: str) -> None:
    assert notes(tmp_path, text) == []


@pytest.mark.parametrize("pack", ["alc-smart-learning", "online-shop"])
def test_the_packs_mean_what_they_say(pack: str) -> None:
    assert {note.code for note in check_path(RULES / pack, KINDS)} <= {"open-point"}
