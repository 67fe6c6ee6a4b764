"""A country can be in a set for a time: what a rule says of the set, it says of whom it has then."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from language.marked_packs import BASE, CLAUSE, problems, said, write
from policyengine import Engine
from policyengine.analysis.difference import difference
from policyengine.engine.plugins import Plugins
from policyengine.language import RuleTable, term_list
from policyengine.language.build import build_policy, check_path
from policyengine.model import ALWAYS, Field, In, Permit, Rule, Text
from policyengine.suite.mutate import Mutation

KINDS = Plugins(installed=False).kinds
SETS = """\
[vocabulary.sets.countries]
equal = [
  "DE",
  {terms = ["FR", "GB"], from = 2019-01-23T00:00:00+09:00},
  {terms = ["GB"], from = 2017-01-01T00:00:00Z, until = 2018-01-01T00:00:00Z},
]
"""
EQUAL = """{any = [
  {countries = ["DE", MORE]},
  {countries = ["FR", "GB"], during = [{from = 2019-01-23T00:00:00+09:00}]},
  {countries = ["GB"], during = [{from = 2017-01-01T00:00:00Z, until = 2018-01-01T00:00:00Z}]},
]}"""

NAMES = '[[clause.provision]]\nitems = ["name"]\n'
FROM_TIME_TO_TIME = [
    '{during = [{until = 2017-01-01T00:00:00Z}], except.countries = ["DE", "JP"]}',
    '{during = [{from = 2017-01-01T00:00:00Z, until = 2018-01-01T00:00:00Z}], except.countries = ["DE", "GB", "JP"]}',
    '{during = [{from = 2018-01-01T00:00:00Z, until = 2019-01-22T15:00:00Z}], except.countries = ["DE", "JP"]}',
    '{during = [{from = 2019-01-22T15:00:00Z}], except.countries = ["DE", "FR", "GB", "JP"]}',
]


def provided(folder: Path, rules: str) -> Path:
    folder.mkdir()
    write(folder, {"base.toml": BASE, "more.toml": SETS + CLAUSE + rules})
    return folder


@pytest.mark.parametrize(
    ("rules", "by_hand"),
    [
        (
            '[[clause.provision]]\ncountries = ["equal"]\n',
            f"[[clause.provision]]\nall = [{EQUAL.replace(', MORE', '')}]\n",
        ),
        (
            '[[clause.provision]]\ncountries = ["JP", "equal"]\nlicensed_by = ["1"]\n',
            f"""[[clause.provision]]\nlicensed_by = ["1"]\nall = [{EQUAL.replace("MORE", '"JP"')}]\n""",
        ),
        (
            f'{NAMES}[[clause.prohibition]]\nexcept.countries = ["equal", "JP"]\n',
            f"{NAMES}[[clause.prohibition]]\nany = [{', '.join(FROM_TIME_TO_TIME)}]\n",
        ),
        (
            f'{NAMES}[[clause.prohibition]]\nnot.countries = ["equal"]\n',
            f"{NAMES}[[clause.prohibition]]\nnot = {EQUAL.replace(', MORE', '')}\n",
        ),
    ],
)
def test_a_set_with_times_is_what_could_be_written_by_hand(rules: str, by_hand: str, tmp_path: Path) -> None:
    one, other = (
        build_policy(provided(tmp_path / name, text), KINDS) for name, text in (("set", rules), ("hand", by_hand))
    )
    assert difference(one, other) is None


@pytest.mark.parametrize(
    ("time", "country", "permitted"),
    [
        ("2019-01-22T14:59:59Z", "FR", False),
        ("2019-01-22T15:00:00Z", "FR", True),
        ("2017-06-01T00:00:00Z", "GB", True),
        ("2018-01-01T00:00:00Z", "GB", False),
        ("2018-01-01T00:00:00Z", "DE", True),
    ],
)
def test_a_country_is_in_the_set_for_its_time(time: str, country: str, permitted: bool, tmp_path: Path) -> None:
    engine = Engine.load(
        provided(tmp_path / "pack", '[[clause.provision]]\ncountries = ["equal"]\n'), installed_plugins=False
    )
    event = {
        "id": "e",
        "time": time,
        "operation": "provide",
        "subject": {"category": "customer"},
        "items": ["name"],
        "purpose": "delivery",
        "recipient": {"id": "carrier", "country": country},
    }
    assert engine.evaluate(event).permitted is permitted


@pytest.mark.parametrize(
    "entry",
    [
        '{terms = ["FR", ⟪unknown-term⟫"XX"], from = 2019-01-23T00:00:00Z}',
        "{terms = ['FR'], from = 2019-01-23T00:00:00Z, ⟪impossible-rule⟫until = 2018-01-01T00:00:00Z}",
    ],
)
def test_what_is_wrong_with_it_is_said_at_its_place(entry: str, tmp_path: Path) -> None:
    text = f'[vocabulary.sets.countries]\nequal = ["DE", {entry}]\n'
    expected = write(tmp_path, {"base.toml": BASE, "case.toml": text})
    found = [problem._replace(hint=None) for problem in said(problems(tmp_path))]
    assert found == [one._replace(hint=None) for one in expected]


class _Shipping:
    name = "shipping"
    title = Text(ja="発送", en="shipping")
    summary = Text(ja="発送できる", en="Things are shipped.")
    properties: Mapping[str, Mapping[str, Any]] = {"to": term_list("where to", "countries")}
    required = frozenset({"to"})

    def lower(self, table: RuleTable) -> Iterator[Rule]:
        written, countries = table.terms("to")
        yield Permit(table.head, frozenset({"provide"}), ALWAYS, In(Field.COUNTRY, countries, written))


def test_a_kind_that_reads_a_list_of_countries_itself_takes_no_set_with_times(tmp_path: Path) -> None:
    folder = provided(tmp_path / "pack", '[[clause.shipping]]\nto = ["JP", "equal"]\n')
    found = check_path(folder, {**KINDS, "shipping": _Shipping()})
    assert [(problem.code, problem.severity) for problem in found if problem.severity == "error"] == [
        ("unknown-key", "error")
    ]


def test_times_of_a_set_are_mutated(tmp_path: Path) -> None:
    folder = provided(tmp_path / "pack", '[[clause.provision]]\ncountries = ["equal"]\n')
    mutation = Mutation(folder, [])
    dates = [mutant for mutant in mutation.mutants if mutant.operator == "shift-date"]
    assert len(dates) == 6
    assert {mutation.report(number).fate for number, m in enumerate(mutation.mutants) if m in dates} == {"survived"}
