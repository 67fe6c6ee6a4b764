"""Histories of one person: the policies keep the laws, and an engine that does not is found out."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest
from hypothesis import Phase, settings
from hypothesis.stateful import run_state_machine_as_test

from policyengine import Decision, Engine, Event, FactQuery, FactSource, hookimpl
from policyengine.testing import History, history

ROOT = Path(__file__).parents[2]
REFERENCE = Engine.load(ROOT / "rules" / "alc-smart-learning", installed_plugins=False)
SHOP = Engine.load(ROOT / "rules" / "online-shop", installed_plugins=False)

TestReference = history(REFERENCE).TestCase
TestShop = history(SHOP, requests=("request", "objection"), consents=("consent", "guardian_consent")).TestCase


class Altering(Engine):
    """An engine that is wrong: it does not take the facts as they are."""

    def evaluate(self, event: Mapping[str, Any] | Event) -> Decision:
        given = event.as_dict() if isinstance(event, Event) else event
        return super().evaluate({**given, "facts": list(self.altered(given.get("facts", ())))})

    def altered(self, facts: Iterable[Mapping[str, Any]]) -> Iterable[Mapping[str, Any]]:
        raise NotImplementedError


class ForgetsWithdrawals(Altering):
    def altered(self, facts: Iterable[Mapping[str, Any]]) -> Iterable[Mapping[str, Any]]:
        for fact in facts:
            yield {name: v for name, v in fact.items() if name != "until"} if fact["type"] == "consent" else fact


class IsDeaf(Altering):
    def altered(self, facts: Iterable[Mapping[str, Any]]) -> Iterable[Mapping[str, Any]]:
        return (fact for fact in facts if fact.get("kind") != "stop_provision")


class NeverForgets(Altering):
    def altered(self, facts: Iterable[Mapping[str, Any]]) -> Iterable[Mapping[str, Any]]:
        for fact in facts:
            yield {name: v for name, v in fact.items() if name != "until"} if fact["type"] == "request" else fact


@pytest.mark.parametrize(
    ("wrong", "laws"),
    [
        (ForgetsWithdrawals, ("a withdrawn consent never permits later", "a fact outside its time changes nothing")),
        (IsDeaf, ("a stop request in effect stops (7/stop_provision)",)),
        (NeverForgets, ("a fact outside its time changes nothing",)),
    ],
)
def test_an_engine_that_breaks_a_law_is_found_out(wrong: type[Altering], laws: tuple[str, ...]) -> None:
    with pytest.raises(AssertionError) as caught:
        run_state_machine_as_test(history(wrong(REFERENCE.policies)), settings=settings(phases=[Phase.generate]))
    first, *rest = str(caught.value).splitlines()
    assert first.removeprefix("broken: ") in laws
    assert "event: {" in rest
    assert "  what the clauses say" in rest
    steps = "\n".join(caught.value.__notes__)
    assert "state.flows(event={" in steps


def test_a_history_can_be_of_some_flows_alone() -> None:
    seen: set[str] = set()

    class OfProvision(history(REFERENCE, when={"operation": "provide"})):  # type: ignore[misc]
        def check(self, event: dict[str, Any], decision: Decision) -> None:
            super().check(event, decision)
            seen.add(event["operation"])
            assert event["subject"]["id"] == "p-1"

    run_state_machine_as_test(OfProvision, settings=settings(max_examples=20, stateful_step_count=10))
    assert seen == {"provide"}
    assert issubclass(OfProvision, History)


class Statutes:
    """A fact source: there is a law for everything, which lifts what requests stop."""

    name = "statutes"

    def facts(self, queries: Sequence[FactQuery]) -> Sequence[Iterable[Mapping[str, Any]]]:
        return [[{"type": "legal_basis", "kind": "statute", "reference": "act"}] for _ in queries]


class Plugin:
    """What brings the source."""

    @hookimpl
    def policyengine_fact_sources(self) -> Iterable[FactSource]:
        return [Statutes()]


def test_facts_of_a_source_count_in_the_laws() -> None:
    engine = Engine.load(ROOT / "rules" / "alc-smart-learning", plugins=[Plugin()], installed_plugins=False)
    run_state_machine_as_test(history(engine), settings=settings(max_examples=30, stateful_step_count=10))


def test_a_type_that_nobody_declares_is_told() -> None:
    with pytest.raises(ValueError, match='facts of type "consnt"'):
        history(REFERENCE, consents=("consnt",))
