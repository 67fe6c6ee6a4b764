"""A policy of very many rules loads in the time of its rules, and decides as one of few."""

from __future__ import annotations

import gc
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from policyengine import Engine
from policyengine.errors import Place
from policyengine.language.source import Document

HEAD = """\
[policy]
id = "large"
version = "1"
title = {ja = "大きい方針", en = "A large policy"}
governs = "anyone"

[vocabulary]
subjects.people = {ja = "人", en = "people"}
purposes.sharing = {ja = "共有", en = "sharing"}
purposes.resale = {ja = "転売", en = "resale"}
items.name = {ja = "氏名", en = "name"}
PARTIES

[[clause]]
number = "1"
summary = {ja = "共有する", en = "Data are shared."}

[[clause.provision]]
purposes = ["sharing"]
items = "any"
recipients = ["party-0"]

[[clause]]
number = "2"
summary = {ja = "先ごとに定める", en = "For each recipient."}
"""


def provisions(number: int) -> str:
    return f'\n[[clause.provision]]\nrecipients = ["party-{number}"]\npurposes = ["sharing"]\nitems = "any"\n'


def prohibitions(number: int) -> str:
    return f'\n[[clause.prohibition]]\noperations = ["provide"]\nrecipients = ["party-{number}"]\n'


def on_the_word_of_a_court(number: int) -> str:
    """Every rule speaks of every event."""
    facts = f'facts = {{type = "legal_basis", reference = "order-{number}"}}'
    return f'\n[[clause.provision]]\npurposes = ["sharing"]\nitems = "any"\n{facts}\n'


def on_a_contract(number: int) -> str:
    facts = '{all = [{type = "contract", kind = "confidentiality"}, {type = "vetting"}]}'
    return (
        f'\n[[clause.requirement]]\noperations = ["provide"]\nrecipients = ["party-{number}"]\n'
        f'except.purposes = ["resale"]\nrequire.facts = {facts}\n'
    )


def of_every_sort(number: int) -> str:
    """Times, facts that must be there and that must not, and several ways to meet the same."""
    year = 2000 + number % 30
    return (
        f'\n[[clause.provision]]\nrecipients = ["party-{number}"]\npurposes = ["sharing"]\nitems = "any"\n'
        f'any = [{{countries = ["JP"], on = ["mon"], between = ["09:{number % 60:02d}", "17:00"]}}, '
        '{type = "vetting"}]\n'
        f"during = [{{from = {year}-01-01T00:00:00Z, until = {year + 1}-01-01T00:00:00Z}}]\n"
        'facts = {all = [{type = "request", kind = "disclose"}, {not = {type = "request", kind = "erase"}}]}\n'
    )


def loaded(rules: int, made: Callable[[int], str], folder: Path) -> tuple[Engine, float]:
    file = folder / f"{rules}.toml"
    parties = "\n".join(f'parties.party-{number} = {{ja = "{number}", en = "{number}"}}' for number in range(rules))
    file.write_text(HEAD.replace("PARTIES", parties) + "".join(map(made, range(rules))), "utf-8")
    began = time.process_time()
    return Engine.load(file, installed_plugins=False), time.process_time() - began


def test_rules_of_every_sort_take_little_longer_than_plain_ones(tmp_path: Path) -> None:
    loaded(10, of_every_sort, tmp_path)
    _, plain = loaded(500, provisions, tmp_path)
    _, rich = loaded(500, of_every_sort, tmp_path)
    assert rich < 8 * plain, "no search for whether an event can meet each of them"


@pytest.mark.parametrize("made", [provisions, prohibitions, on_the_word_of_a_court, on_a_contract])
def test_twice_the_rules_take_twice_the_time(made: Callable[[int], str], tmp_path: Path) -> None:
    loaded(10, made, tmp_path)
    _, half = loaded(500, made, tmp_path)
    engine, whole = loaded(2_000, made, tmp_path)
    assert whole < 4 * half * 2, "not with the square of their number"
    assert len(engine.policies[0].rules) > 2_000


@pytest.mark.parametrize("made", [provisions, prohibitions])
def test_the_last_of_many_rules_decides(made: Callable[[int], str], tmp_path: Path) -> None:
    engine, _ = loaded(2_000, made, tmp_path)
    event = {
        "id": "e",
        "time": "2026-06-01T12:00:00Z",
        "controller": "shop",
        "operation": "provide",
        "subject": {"category": "people"},
        "items": ["name"],
        "purpose": "sharing",
        "recipient": {"id": "party-1999"},
    }
    decision = engine.evaluate(event)
    assert (decision.permitted, decision.clauses) == ((True, ("2",)) if made is provisions else (False, ("1", "2")))
    last = engine.evaluate({**event, "recipient": {"id": "party-0"}})
    assert (last.permitted, last.clauses) == ((True, ("1", "2")) if made is provisions else (False, ("2",)))


def test_what_was_read_is_let_go_once_it_is_a_policy(tmp_path: Path) -> None:
    engine, _ = loaded(10, provisions, tmp_path)
    gc.collect()
    assert not [found for found in gc.get_objects() if isinstance(found, Document) and str(tmp_path) in found.path]
    rule = engine.policies[0].rules[-1]
    assert rule.head.place == Place(str(tmp_path / "10.toml"), HEAD.count("\n") + 10 + 5 * 9 + 1, 10), (
        "it has its place"
    )
