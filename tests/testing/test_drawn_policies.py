"""Policies and suites that are drawn: sound in the eyes of the real loader, of every kind, and small."""

from __future__ import annotations

import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import tomli_w
from hypothesis import Phase, find, given, settings
from hypothesis import strategies as st
from searches import found

from policyengine import Engine
from policyengine.engine.plugins import Plugins
from policyengine.errors import KeyPath, PolicyError
from policyengine.suite.changes import without
from policyengine.suite.run import Engines, load, run
from policyengine.testing import Generated, events, policies, suites
from strategies import policy_from

KINDS = set(Plugins(installed=False).kinds)


def test_policies_are_of_every_kind_of_rule() -> None:
    kinds: set[str] = set()

    @settings(max_examples=150, phases=[Phase.generate])
    @given(policies())
    def search(drawn: Generated) -> None:
        assert 1 <= len(drawn.policy.clauses) <= 4
        kinds.update(
            name for clause in drawn.data["clause"] for name, rules in clause.items() if isinstance(rules, list)
        )

    assert found(search, lambda: kinds == KINDS), KINDS - kinds


def test_a_policy_loads_from_its_file_as_it_is(tmp_path: Path) -> None:
    file = tmp_path / "policy.toml"

    @settings(max_examples=20)
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

    @settings(max_examples=40, phases=[Phase.generate])
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


DECIDING = {
    *("any", "all", "not", "condition", "during", "acquired_within", "older_than"),
    *("at_most", "ends_with", "lifted_by", "except"),
}
KEYS = {
    *DECIDING,
    *("same", "actors", "roles", "sources", "on", "between", "one_of", "stated", "younger_than"),
    *("within", "after", "about", "level", "since", "before", "unheld", "countries", "own_use", "not_binding"),
    "pass_unstated",
}
"""Keys of conditions, of attributes, of facts and of retention; the first ones decide a good part of what is drawn."""


def places(data: Any, path: KeyPath = ()) -> Iterator[KeyPath]:
    """Yield the path of every one of those keys."""
    for key, member in data.items() if isinstance(data, dict) else enumerate(data):
        if key in KEYS and (key != "about" or "type" in data):  # which permissions have as well
            yield (*path, key)
        if isinstance(member, dict | list):
            yield from places(member, (*path, key))


def decided_by(engine: Engine, event: dict[str, Any]) -> tuple[Any, ...]:
    decision = engine.evaluate(event)
    return decision.outcome, decision.permitted_items, decision.clauses, decision.obligations


def left_out(clauses: list[dict[str, Any]], path: KeyPath) -> list[dict[str, Any]]:
    """Return clauses without what stands at a path; without the whole clause, where its rule is nothing without it."""
    found: list[dict[str, Any]] = without(clauses, path[:1] if path[-1] in ("at_most", "ends_with") else path)
    return found


def test_every_key_of_conditions_is_drawn() -> None:
    there: set[str] = set()

    @settings(max_examples=100, phases=[Phase.generate])
    @given(policies())
    def search(drawn: Generated) -> None:
        there.update(str(path[-1]) for path in places(drawn.data["clause"]))

    assert found(search, lambda: there == KEYS), KEYS - there


def test_what_combines_conditions_decides_events(longer: int) -> None:
    """A key decides where the policy without it decides otherwise: most of them at least, in the long run all."""
    decided: set[str] = set()
    wanted = len(DECIDING) if longer > 1 else len(DECIDING) - 4

    @settings(max_examples=60, phases=[Phase.generate])
    @given(st.data())
    def search(data: st.DataObject) -> None:
        drawn = data.draw(policies(most=2))
        engine = Engine([drawn.policy])
        around = data.draw(st.lists(events(engine), min_size=4, max_size=4))
        for path in places(drawn.data["clause"]):
            if path[-1] not in DECIDING - decided:
                continue
            try:
                clauses = left_out(drawn.data["clause"], path)
                other = Engine([policy_from({**drawn.data, "clause": clauses}, drawn.readings)])
            except PolicyError:
                continue  # others lean on what was left out
            if any(decided_by(engine, event) != decided_by(other, event) for event in around):
                decided.add(str(path[-1]))

    assert found(search, lambda: len(decided) >= wanted), DECIDING - decided
