"""How conditions combine, where they permit and where they restrict, with all that an event can leave open."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, TypeAlias

from hypothesis import given, settings
from hypothesis import strategies as st

from policyengine import Engine
from policyengine.model.decision import Decision
from strategies import CONDITIONS, OPERATIONS, READINGS, VOCABULARY, events_of, policy_from, tables

Table: TypeAlias = dict[str, Any]
_T = {"ja": "語", "en": "word"}
SIDES = ("permission", "prohibition")


def policy_with(rules: Iterable[tuple[str, Table]], named: Table | None = None) -> Table:
    """The data of a rule file in which some rules stand; where none permits anything, everything is permitted."""
    clause: dict[str, Any] = {"number": "1", "summary": _T, "ground": True}
    for number, (kind, table) in enumerate(rules):
        clause.setdefault(kind, []).append({"id": f"rule-{number}", **table})
    if "permission" not in clause:
        clause["permission"] = [{"id": "all", "operations": OPERATIONS, "items": "any"}]
    return {
        "policy": {"id": "generated", "version": "1", "title": _T, "governs": ["shop"]},
        "vocabulary": VOCABULARY,
        "readings": READINGS,
        "conditions": {**CONDITIONS, **(named or {})},
        "clause": [clause],
    }


def rule(kind: str, table: Table) -> tuple[str, Table]:
    return kind, {"all": [table], **({"operations": OPERATIONS} if kind == "permission" else {})}


def decided(data: Table, readings: dict[str, str], event: Table) -> Decision:
    return Engine([policy_from(data, readings)]).evaluate(event)


def alike(data: st.DataObject, one: Table, other: Table) -> None:
    """Hold two tables of a condition to mean the same, on either side."""
    readings = {"wide": data.draw(st.sampled_from(["no", "yes"]))}
    for kind in SIDES:
        first, second = policy_with([rule(kind, one)]), policy_with([rule(kind, other)])
        event = data.draw(events_of(policy_from(first, readings)))
        assert same(decided(first, readings, event), decided(second, readings, event))


def same(first: Decision, second: Decision) -> bool:
    """Whether two decisions are the same but for the words in which what is needed is said."""
    return (first.outcome, first.clauses, first.rules, first.excess_items) == (
        second.outcome,
        second.clauses,
        second.rules,
        second.excess_items,
    ) and [(r.code, r.rule, r.items, r.open) for r in first.reasons] == [
        (r.code, r.rule, r.items, r.open) for r in second.reasons
    ]


@given(st.data(), tables())
def test_not_twice_is_once_nothing(data: st.DataObject, table: Table) -> None:
    alike(data, {"not": {"not": table}}, table)


@given(st.data(), tables(), tables())
def test_not_any_is_all_not(data: st.DataObject, one: Table, other: Table) -> None:
    alike(data, {"not": {"any": [one, other]}}, {"all": [{"not": one}, {"not": other}]})


@given(st.data(), tables(), tables())
def test_not_all_is_any_not(data: st.DataObject, one: Table, other: Table) -> None:
    alike(data, {"not": {"all": [one, other]}}, {"any": [{"not": one}, {"not": other}]})


@given(st.data(), tables().filter(lambda table: "type" not in table))
def test_a_named_condition_is_what_it_says(data: st.DataObject, table: Table) -> None:
    readings = {"wide": data.draw(st.sampled_from(["no", "yes"]))}
    for kind in SIDES:
        for used, written in (({"condition": "drawn"}, table), ({"not": {"condition": "drawn"}}, {"not": table})):
            plain = policy_with([rule(kind, written)])
            event = data.draw(events_of(policy_from(plain, readings)))
            called = policy_with([rule(kind, used)], {"drawn": {**_T, **table}})
            assert same(decided(called, readings, event), decided(plain, readings, event))


@settings(max_examples=2 * settings().max_examples)
@given(st.data(), st.lists(tables(), min_size=1, max_size=3))
def test_any_is_a_rule_for_each(data: st.DataObject, members: list[Table]) -> None:
    readings = {"wide": data.draw(st.sampled_from(["no", "yes"]))}
    for kind in SIDES:
        one = policy_with([rule(kind, {"any": members})])
        several = policy_with([rule(kind, member) for member in members])
        event = data.draw(events_of(policy_from(one, readings)))
        first, second = decided(one, readings, event), decided(several, readings, event)
        assert (first.outcome, first.permitted_items) == (second.outcome, second.permitted_items)


@given(st.data(), st.sampled_from(["age", "vip", "tier", "born", "seen"]))
def test_stated_is_whether_an_event_states_it(data: st.DataObject, attribute: str) -> None:
    permits = policy_with([rule("permission", {"attributes": {attribute: {"stated": True}}})])
    turned = policy_with([rule("permission", {"not": {"attributes": {attribute: {"stated": False}}}})])
    restricts = policy_with([rule("prohibition", {"attributes": {attribute: {"stated": False}}})])
    event = data.draw(events_of(policy_from(restricts, {})))
    known = decided(policy_with([]), {}, event).permitted
    for policy in (permits, turned, restricts):
        assert decided(policy, {}, event).permitted is (known and attribute in event.get("attributes", {}))
