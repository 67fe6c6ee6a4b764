"""The difference finder is exact: what it finds is decided differently, and where it finds nothing, nothing is."""

from __future__ import annotations

import copy
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import Any, TypeAlias

import pytest
from dense_events import dense_events
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

import reference_open
import strategies
from policyengine import Engine, Event
from policyengine.analysis.difference import EVERYTHING, difference
from policyengine.decision.court import Court
from policyengine.decision.memory import Memory
from policyengine.engine.plugins import Plugins
from policyengine.errors import PolicyError
from policyengine.language.find import STANDARD
from policyengine.language.pack import Pack
from policyengine.language.source import Document, read
from policyengine.model.policy import Policy
from policyengine.suite.mutants import mutants
from reference_open.law import judge
from strategies import GENERATED_WORDS_PARTIES, TIMES, policy_data, policy_from

KINDS = Plugins(installed=False).kinds

WORD = {"ja": "語", "en": "word"}
Written: TypeAlias = tuple[dict[str, Any], dict[str, str]]
"""The data of one rule file, and the readings under which they are read."""


class Judge:
    """One policy, in the engine and in the reference that shares no code with it.

    A layer is asked alone, as if what lies below it permitted everything.
    """

    def __init__(self, written: Written) -> None:
        self.policy = policy = policy_from(*written)
        self.engine = Engine([replace(policy, layer=False)])
        self.evaluator = Court([policy], Memory()).evaluators[0]
        self.reference = reference_open.policy([written[0]], written[1])

    def says(self, event: dict[str, Any]) -> tuple[Any, ...]:
        """What the policy decides of an event, in all that the finder compares: the engine, and the reference."""
        assert self.engine.evaluate(event).outcome != "invalid", self.engine.evaluate(event).errors
        outcome, clauses, duties = said = self.quickly(event)
        assert (outcome, set(clauses), {name for name, *_ in duties}) == self._refers(event), event
        return said

    def quickly(self, event: dict[str, Any]) -> tuple[Any, ...]:
        """The same, of the engine alone, of an event that is a valid one."""
        ready = Event.from_mapping(event)
        if not self.policy.in_force(ready.instant):
            return "deny", (), set()
        verdict = self.evaluator.verdict(ready)
        duties = {(duty.id, duty.clause, repr(sorted(duty.parameters.items()))) for duty in verdict.obligations}
        return verdict.outcome, verdict.clauses, duties

    def _refers(self, event: dict[str, Any]) -> tuple[Any, ...]:
        policy = self.reference
        if not policy.span[0] <= datetime.fromisoformat(event["time"]) < policy.span[1]:
            return "deny", set(), set()
        answers = judge(policy, [policy], event).values()
        if all(answer.permitted for answer in answers):
            clauses = {clause for answer in answers for clause in answer.clauses}
            return "permit", clauses, {name for answer in answers for name in answer.obligations | answer.for_this_item}
        named = {clause for answer in answers for _, clause, _ in answer.reasons}
        return "deny", named - {None}, set()


def judges(*written: Written) -> list[Judge]:
    return [Judge(found) for found in written]


def some_events(data: st.DataObject, *policies: Policy) -> list[dict[str, Any]]:
    """Events around the rules of the policies, and some over all their words."""
    each = [strategies.words_of(policy, TIMES, GENERATED_WORDS_PARTIES) for policy in policies]
    words = {key: sorted({word for found in each for word in found[key]}) for key in each[0]}
    aims = [data.draw(strategies.aims(policy)) for policy in policies]
    return [data.draw(strategies.events(words, aim=aim)) for aim in (None, *aims)]


def exact(
    data: st.DataObject, pair: Sequence[Judge], parts: frozenset[str] = EVERYTHING, take: slice = slice(None)
) -> None:
    """Hold what the finder says of two policies against both engines, and against the reference.

    Args:
        data: hypothesis's.
        pair: the policies.
        parts: in what they are compared.
        take: what of their answers that is.
    """
    left, right = pair
    found = difference(left.policy, right.policy, parts)
    if found is not None:
        ours, theirs = left.says(found.event), right.says(found.event)
        assert ours[take] != theirs[take], found.event
        assert bool(found.left.permitted) is (ours[0] == "permit")
        assert bool(found.right.permitted) is (theirs[0] == "permit")
        return
    for event in some_events(data, left.policy, right.policy):
        assert left.says(event)[take] == right.says(event)[take], event
    for event in dense_events([left.policy, right.policy], 300, data.draw(st.integers(0, 1000))):
        assert left.quickly(event)[take] == right.quickly(event)[take], event


CHANGES = ("drop", "add", "move", "rename", "shuffle", "case", "ground", "dates", "passing", "layer")


@st.composite
def edited(draw: st.DrawFn, data: dict[str, Any]) -> dict[str, Any]:
    """The same policy with one rule dropped, added or moved to another clause, or with nothing but other names."""
    other = copy.deepcopy(data)
    rules = [(clause, kind, table) for clause in other["clause"] for kind in KINDS for table in clause.get(kind, ())]
    change = draw(
        st.sampled_from(["drop", "add", "move", "rename", "shuffle", "case", "ground", "dates", "passing", "layer"])
    )
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
    if change == "passing":
        table["pass_unstated"] = draw(st.sampled_from([["origins"], ["services", "countries"], ["attributes.age"]]))
    if change == "layer":
        other["policy"]["layer"] = True
    return other


READINGS = st.sampled_from([{"wide": "no"}, {"wide": "yes"}])


def loadable(*data: dict[str, Any]) -> bool:
    """Whether an edited policy is one still."""
    try:
        for found in data:
            policy_from(found)
    except PolicyError:
        return False
    return True


@given(st.data())
def test_on_any_two_policies(data: st.DataObject) -> None:
    exact(data, judges(data.draw(strategies.written(4)), data.draw(strategies.written(4))))


@given(st.data())
def test_on_a_policy_and_an_edited_one(data: st.DataObject) -> None:
    drawn = data.draw(policy_data(5))
    other = data.draw(edited(drawn))
    if loadable(other):
        exact(data, judges((drawn, data.draw(READINGS)), (other, data.draw(READINGS))))


@given(st.data())
def test_on_two_layers(data: st.DataObject) -> None:
    drawn = data.draw(policy_data(4))
    drawn["policy"]["layer"] = True
    other = data.draw(edited(drawn))
    if loadable(drawn, other):
        exact(data, judges((drawn, {}), (other, {})))


@given(st.data())
def test_on_the_mutants_of_a_policy(data: st.DataObject) -> None:
    drawn = data.draw(policy_data(4))
    original = policy_from(drawn)
    pack = Pack(Path("generated.toml"), (Document("generated.toml", "", drawn),), (read(STANDARD),))
    found = list(mutants(pack, original, KINDS))
    operator = data.draw(st.sampled_from(sorted({mutant.operator for mutant in found})))
    mutant = data.draw(st.sampled_from([mutant for mutant in found if mutant.operator == operator]))
    exact(data, judges((drawn, {}), (mutant.data, {})))


@st.composite
def of_other_words(draw: st.DrawFn, data: dict[str, Any]) -> dict[str, Any]:
    """The same policy with a word that the other does not know, or with another hierarchy."""
    other = copy.deepcopy(data)
    dimension = draw(st.sampled_from(["subjects", "items", "purposes", "parties", "services", "origins", "forms"]))
    declared = other["vocabulary"][dimension]
    parents = sorted(word for word, term in declared.items() if "is_a" in term)
    change = draw(st.sampled_from(["free"] * bool(parents) + ["new", "kind", "above", "beside", "remainder"]))
    word = {"ja": "語", "en": "word"}
    named = draw(st.sampled_from(sorted(declared)))
    if change == "free":
        del declared[draw(st.sampled_from(parents))]["is_a"]
    elif change == "remainder":
        declared[named]["remainder"] = not declared[named].get("remainder", False)
    elif change == "beside":
        of = draw(st.sampled_from(sorted(set(declared) - {named}) or [named]))
        if "is_a" not in declared[of]:
            declared[named]["is_a"] = of
    else:
        declared["new-word"] = {**word, "is_a": named} if change == "kind" else word
        if change == "above":
            declared[named]["is_a"] = ["new-word", *([] if "is_a" not in declared[named] else _list(declared[named]))]
    return other


def _list(term: dict[str, Any]) -> list[str]:
    return [term["is_a"]] if isinstance(term["is_a"], str) else term["is_a"]


@given(st.data())
def test_on_policies_of_different_words(data: st.DataObject) -> None:
    drawn = data.draw(policy_data(4))
    other = data.draw(of_other_words(drawn))
    if data.draw(st.booleans()):
        other = data.draw(of_other_words(other))
    if not loadable(other):
        return
    pair = judges((drawn, {}), (other, {}))
    if data.draw(st.booleans()):
        pair.reverse()
    exact(data, pair)


ROLES = st.lists(st.sampled_from(["clerk", "nurse", "doctor"]), unique=True)


@given(st.data())
def test_on_policies_of_different_roles(data: st.DataObject) -> None:
    """A policy that declares no roles ignores them, so that even a role that nobody declares can make a difference."""
    drawn = data.draw(policy_data(4))
    written: list[Written] = []
    for roles in (data.draw(ROLES), data.draw(ROLES)):
        declared = {role: {"ja": "役", "en": "role"} for role in roles}
        written.append(({**drawn, "vocabulary": {**drawn["vocabulary"], "roles": declared}}, {}))
    if not all(loadable(of) for of, _ in written):  # a rule names a role that is not there
        return
    left, right = pair = judges(*written)
    exact(data, pair)
    if difference(left.policy, right.policy) is None:
        for event in dense_events([left.policy, right.policy], 40, data.draw(st.integers(0, 1000))):
            for role in ("clerk", "nurse", "doctor", "guard"):
                told = {**event, "actor": {"id": "a-1", "role": role}}
                assert left.quickly(told) == right.quickly(told), told


@given(strategies.policies())
def test_a_policy_does_not_differ_from_itself(policy: Policy) -> None:
    assert difference(policy, policy) is None


@given(st.data())
def test_asked_about_the_outcome_alone(data: st.DataObject) -> None:
    drawn = data.draw(policy_data(4))
    other = data.draw(edited(drawn))
    if loadable(other):
        exact(data, judges((drawn, {}), (other, {})), frozenset({"outcome"}), slice(1))


@pytest.mark.parametrize("kind", ["prohibition", "requirement", "provision"])
def test_facts_held_against_what_passes_unstated(kind: str) -> None:
    """A fact that names a country agrees with a flow that states none where that passes, and else does not."""
    register = {"type": "register", "stated": ["country"]}
    rule: dict[str, Any] = {
        "prohibition": {"operations": ["provide"], "lifted_by": register},
        "requirement": {"operations": ["provide"], "require": {"facts": register}},
        "provision": {"facts": register},
    }[kind]

    def policy(more: dict[str, Any]) -> Policy:
        clauses = [{"number": "1", "summary": WORD, "ground": True}, {"number": "2", "summary": WORD}]
        if kind != "provision":
            clauses[0]["permission"] = [{"id": "all", "operations": ["provide"]}]
        clauses[1][kind] = [{"id": "one", **rule, **more}]
        about = {"id": "p", "version": "1", "title": WORD, "governs": ["shop"]}
        return policy_from({"policy": about, "vocabulary": strategies.VOCABULARY, "clause": clauses})

    strict, passing = policy({}), policy({"pass_unstated": ["countries"]})
    found = difference(strict, passing, frozenset({"outcome"}))
    assert found is not None
    assert "country" not in found.event["recipient"]
    assert [Engine([one]).evaluate(found.event).permitted for one in (strict, passing)] == [False, True]
