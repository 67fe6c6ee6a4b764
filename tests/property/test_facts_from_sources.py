"""A fact counts the same whether it arrives in the event or from a fact source."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from policyengine import Engine, hookimpl
from policyengine.engine.plugins import Plugins
from policyengine.hooks import FactQuery, FactSource
from policyengine.model.condition import Holds, leaves
from policyengine.model.policy import Policy
from policyengine.model.rule import conditions_of
from property.decided import decided
from strategies import cases


class Register:
    """Knows some facts, and tells those of which the rules ask."""

    def __init__(self, name: str, known: list[dict[str, Any]]) -> None:
        self.name = name
        self.known = known

    def facts(self, queries: Sequence[FactQuery]) -> Sequence[Iterable[Mapping[str, Any]]]:
        return [[fact for fact in self.known if fact["type"] in query.types] for query in queries]


class Registers:
    def __init__(self, *registers: Register) -> None:
        self.registers = registers

    @hookimpl
    def policyengine_fact_sources(self) -> Iterable[FactSource]:
        return self.registers


@given(cases(), st.data())
def test_wherever_it_comes_from(case: tuple[Policy, dict[str, Any]], data: st.DataObject) -> None:
    policy, event = case
    # A source may leave out the types of which no rule asks, so the law is about the others.
    types = {
        leaf.type for rule in policy.rules for c in conditions_of(rule) for leaf in leaves(c) if type(leaf) is Holds
    }
    known = [fact for fact in event.get("facts", []) if fact["type"] in types]
    places = [data.draw(st.sampled_from(["event", "one", "two"])) for _ in known]
    there = {
        place: [fact for fact, its in zip(known, places, strict=True) if its == place]
        for place in ("event", "one", "two")
    }
    plugins = Plugins([Registers(Register("one", there["one"]), Register("two", there["two"]))], installed=False)
    found = Engine([policy], plugins).evaluate({**event, "facts": there["event"]})
    assert decided(found) == decided(Engine([policy]).evaluate({**event, "facts": known}))
