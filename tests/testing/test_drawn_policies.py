"""Policies and suites that are drawn: sound in the eyes of the real loader, of every kind, and small."""

from __future__ import annotations

import tomllib
from pathlib import Path

import tomli_w
from hypothesis import Phase, find, given, settings
from hypothesis import strategies as st
from searches import found

from policyengine import Engine
from policyengine.engine.plugins import Plugins
from policyengine.suite.run import Engines, load, run
from policyengine.testing import Generated, policies, suites

KINDS = set(Plugins(installed=False).kinds)


def test_policies_are_of_every_kind_of_rule() -> None:
    kinds: set[str] = set()

    @settings(max_examples=400, phases=[Phase.generate])
    @given(policies())
    def search(drawn: Generated) -> None:
        assert 1 <= len(drawn.policy.clauses) <= 4
        kinds.update(
            name for clause in drawn.data["clause"] for name, rules in clause.items() if isinstance(rules, list)
        )

    assert found(search, lambda: kinds == KINDS), KINDS - kinds


def test_a_policy_loads_from_its_file_as_it_is(tmp_path: Path) -> None:
    file = tmp_path / "policy.toml"

    @settings(max_examples=50)
    @given(policies(most=2))
    def search(drawn: Generated) -> None:
        assert tomllib.loads(drawn.toml) == drawn.data
        file.write_text(drawn.toml, "utf-8")
        (loaded,) = Engine.load(file, readings=drawn.readings, installed_plugins=False).policies
        assert loaded == drawn.policy
        assert len(loaded.clauses) <= 2

    search()


def test_a_policy_shrinks_to_few_clauses() -> None:
    drawn = find(policies(most=3), lambda drawn: "licensed_by" in drawn.toml, settings=settings(max_examples=1000))
    assert [[kind for kind in clause if kind not in ("number", "summary")] for clause in drawn.data["clause"]] in (
        [["purpose-limitation"], ["entrustment"]],
        [["entrustment"], ["purpose-limitation"]],
    )
    assert "purpose-limitation" in repr(drawn)


def test_the_cases_of_a_suite_pass_however_they_are_written(tmp_path: Path) -> None:
    """The drawn pack and the drawn suite are written down, and go through the real loader and runner."""
    ways: set[str] = set()

    @settings(max_examples=80, phases=[Phase.generate])
    @given(st.data())
    def search(data: st.DataObject) -> None:
        drawn = data.draw(policies())
        suite = data.draw(suites(Engine([drawn.policy]), packs=["policy.toml"]))
        (tmp_path / "policy.toml").write_text(drawn.toml, "utf-8")
        (tmp_path / "drawn.test.toml").write_text(tomli_w.dumps(suite), "utf-8")
        engines = Engines()
        loaded = load(tmp_path / "drawn.test.toml", engines)
        assert len(loaded.cases) == len(suite.get("case", ())) + len(suite.get("table", ()))
        assert all(result.passed for result in run(loaded.cases, engines))
        ways.update(suite)

    search()
    assert ways >= {"case", "table", "events", "facts"}
