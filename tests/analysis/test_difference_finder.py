"""The difference finder is exact: what it finds is decided differently, and where it finds nothing, nothing is."""

from __future__ import annotations

import copy
import itertools
from pathlib import Path
from typing import Any

from dense_events import dense_events
from hypothesis import given
from hypothesis import strategies as st

import strategies
from policyengine import Engine
from policyengine.analysis.difference import difference
from policyengine.engine.plugins import Plugins
from policyengine.errors import PolicyError
from policyengine.language.find import STANDARD
from policyengine.language.pack import Pack
from policyengine.language.source import Document, read
from policyengine.model.policy import Policy
from policyengine.suite.mutants import mutants
from strategies import GENERATED_WORDS_PARTIES, TIMES, policy_data, policy_from

KINDS = Plugins(installed=False).kinds


def says(policy: Policy, event: dict[str, Any]) -> tuple[Any, ...]:
    """What a policy decides of an event, in all that the finder compares."""
    return said(Engine([policy]), event)


def said(engine: Engine, event: dict[str, Any]) -> tuple[Any, ...]:
    decision = engine.evaluate(event)
    assert decision.outcome != "invalid", decision.errors
    duties = {(duty.id, duty.clause, repr(sorted(duty.parameters.items()))) for duty in decision.obligations}
    return decision.outcome, decision.clauses, duties


def some_events(data: st.DataObject, *policies: Policy) -> list[dict[str, Any]]:
    """Events about what the policies look at, and some over all their words, unknown ones among them."""
    each = [strategies.words_of(policy, TIMES, GENERATED_WORDS_PARTIES) for policy in policies]
    words = {key: sorted({word for found in each for word in found[key]}) for key in each[0]}
    drawn = data.draw(st.lists(strategies.events(words), min_size=3, max_size=3))
    return [*drawn, *dense_events(list(policies), 400)]


def exact(data: st.DataObject, left: Policy, right: Policy) -> None:
    """Hold what the finder says of two policies against both engines."""
    found = difference(left, right)
    if found is not None:
        assert says(left, found.event) != says(right, found.event)
        assert bool(found.left.permitted) is (says(left, found.event)[0] == "permit")
        assert bool(found.right.permitted) is (says(right, found.event)[0] == "permit")
        return
    engines = Engine([left]), Engine([right])
    for event in some_events(data, left, right):
        ours, theirs = (said(engine, event) for engine in engines)
        assert ours == theirs, event


@st.composite
def edited(draw: st.DrawFn, data: dict[str, Any]) -> dict[str, Any]:
    """The same policy with one rule dropped, added or moved to another clause, or with nothing but other names."""
    other = copy.deepcopy(data)
    rules = [(clause, kind, table) for clause in other["clause"] for kind in KINDS for table in clause.get(kind, ())]
    change = draw(st.sampled_from(["drop", "add", "move", "rename", "shuffle", "case", "ground", "dates"]))
    clause, kind, table = draw(st.sampled_from(rules))
    if change in ("drop", "move"):
        clause[kind].remove(table)
    if change in ("add", "move"):
        kind, table = draw(strategies.rules()) if change == "add" else (kind, table)
        draw(st.sampled_from(other["clause"])).setdefault(kind, []).append({**table, "id": "another"})
    if change == "rename":
        for number, (_, _, table) in enumerate(rules):
            table["id"] = f"renamed-{number}"
    if change == "shuffle":
        clause[kind].reverse()
    if change == "case":
        other["clause"][4].pop("case_of")
    if change == "ground":
        other["clause"][0].pop("ground")
    if change == "dates":
        other["policy"]["until"] = TIMES[4]
    return other


@given(st.data())
def test_on_any_two_policies(data: st.DataObject) -> None:
    exact(data, data.draw(strategies.policies(4)), data.draw(strategies.policies(4)))


@given(st.data())
def test_on_a_policy_and_an_edited_one(data: st.DataObject) -> None:
    drawn = data.draw(policy_data(5))
    other = data.draw(edited(drawn))
    try:
        pair = [policy_from(found, {"wide": data.draw(st.sampled_from(["no", "yes"]))}) for found in (drawn, other)]
    except PolicyError:
        return
    exact(data, *pair)


@given(st.data())
def test_on_the_mutants_of_a_policy(data: st.DataObject) -> None:
    drawn = data.draw(policy_data(4))
    original = policy_from(drawn)
    pack = Pack(Path("generated.toml"), (Document("generated.toml", "", drawn),), (read(STANDARD),))
    found = list(mutants(pack, original, KINDS))
    operator = data.draw(st.sampled_from(sorted({mutant.operator for mutant in found})))
    mutant = data.draw(st.sampled_from([mutant for mutant in found if mutant.operator == operator]))
    exact(data, original, policy_from(mutant.data))


@given(st.data())
def test_on_policies_of_different_words(data: st.DataObject) -> None:
    """Words that only one knows, and words of which one makes a kind of what the other does not."""
    drawn = data.draw(policy_data(4))
    other = copy.deepcopy(drawn)
    vocabulary = other["vocabulary"]
    dimension = data.draw(st.sampled_from(["subjects", "items", "purposes", "parties", "services", "origins", "forms"]))
    declared = vocabulary[dimension]
    parents = sorted(word for word, term in declared.items() if "is_a" in term)
    change = data.draw(st.sampled_from(["new", "kind", "free"] if parents else ["new", "kind"]))
    if change == "free":
        del declared[data.draw(st.sampled_from(parents))]["is_a"]
    else:
        word = {"ja": "語", "en": "word"}
        declared["new-word"] = {**word, "is_a": min(declared)} if change == "kind" else word
    pair = [policy_from(drawn), policy_from(other)]
    if data.draw(st.booleans()):
        pair.reverse()
    exact(data, *pair)


ROLES = st.lists(st.sampled_from(["clerk", "nurse", "doctor"]), unique=True)


@given(st.data())
def test_on_policies_of_different_roles(data: st.DataObject) -> None:
    """A policy that declares no roles ignores them, so that even a role that nobody declares can make a difference."""
    drawn = data.draw(policy_data(4))
    other = copy.deepcopy(drawn)
    for found in (drawn, other):
        found["vocabulary"]["roles"] = {role: {"ja": "役", "en": "role"} for role in data.draw(ROLES)}
    left, right = policy_from(drawn), policy_from(other)
    exact(data, left, right)
    events = dense_events([left, right], 40)
    for event, role in itertools.product(events, ["clerk", "nurse", "doctor", "guard"]):
        told = {**event, "actor": {"id": "a-1", "role": role}}
        if says(left, told) != says(right, told):
            assert difference(left, right) is not None
            break


@given(strategies.policies())
def test_a_policy_does_not_differ_from_itself(policy: Policy) -> None:
    assert difference(policy, policy) is None


@given(st.data())
def test_asked_about_the_outcome_alone(data: st.DataObject) -> None:
    drawn = data.draw(policy_data(4))
    try:
        left, right = policy_from(drawn), policy_from(data.draw(edited(drawn)))
    except PolicyError:
        return
    found = difference(left, right, frozenset({"outcome"}))
    if found is not None:
        assert says(left, found.event)[0] != says(right, found.event)[0]
        return
    engines = Engine([left]), Engine([right])
    for event in some_events(data, left, right):
        ours, theirs = (said(engine, event)[0] for engine in engines)
        assert ours == theirs, event
