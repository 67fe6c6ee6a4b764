"""What is told of two policies is exact: every event that is decided differently is in a statement, and no other."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from dense_events import dense_events
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace
from points import Place
from test_difference_finder import KINDS, edited, loadable, of_other_words, some_events

from policyengine import Engine, Event
from policyengine.analysis.changes import Changes, Kind, Statement
from policyengine.language.build import policy_of
from policyengine.language.pack import load_pack
from policyengine.model.decision import Decision
from policyengine.model.policy import Policy
from policyengine.model.space import Undecided
from policyengine.moment import FOREVER, instant
from policyengine.suite.load import load_suite
from policyengine.suite.mutants import mutants
from strategies import policy_data, policy_from

REFERENCE = Path(__file__).parents[2] / "rules" / "alc-smart-learning"


def engine(policy: Policy) -> Engine:
    return Engine([replace(policy, layer=False, start=-FOREVER, end=FOREVER)])


def become(before: Decision, after: Decision) -> Kind | None:
    """What has become of a flow, as two engines say."""
    if before.permitted is not after.permitted:
        return "permitted" if after.permitted else "denied"
    owed = [{(d.id, d.clause, repr(sorted(d.parameters.items()))) for d in of.obligations} for of in (before, after)]
    return "terms" if before.permitted and (before.clauses != after.clauses or owed[0] != owed[1]) else None


def told(changes: Changes, statements: tuple[Statement, ...], event: Event, decisions: list[Decision]) -> set[Kind]:
    """What the statements say of an event, read as they are meant: beside what the policies say of it."""
    permits = [decision.permitted for decision in decisions]
    place = Place(changes.diagram, changes.policies, event)
    beside = {"permitted": permits[1], "denied": permits[0], "terms": all(permits)}
    return {of.kind for of in statements if beside[of.kind] and place.among([of.row])}


def names_a_word_of_one(event: dict[str, Any], policies: tuple[Policy, Policy]) -> bool:
    """Whether a fact states a word that one of the policies knows and the other does not."""
    ours, theirs = ({word for terms in of.vocabulary.terms.values() for word in terms} for of in policies)
    said = {
        word
        for fact in event.get("facts", ())
        for value in fact.values()
        for word in (value if isinstance(value, list) else [value])
    }
    return not said.isdisjoint(ours ^ theirs)


def exact(data: st.DataObject, old: Policy, new: Policy) -> None:
    events = [*some_events(data, old, new), *dense_events([old, new], 60, data.draw(st.integers(0, 1000)))]
    time = data.draw(st.sampled_from(sorted({event["time"] for event in events})))
    try:
        changes = Changes(old, new, at=instant(time), regions=4000)
    except Undecided:
        return
    statements = changes.statements()
    engines = [engine(policy) for policy in changes.policies]
    for statement in statements:
        decisions = [of.evaluate(dict(statement.witness)) for of in engines]
        assert become(*decisions) == statement.kind, statement.witness
        assert statement.kind in told(changes, statements, Event.from_mapping(dict(statement.witness)), decisions)
    for event in events:
        if event["time"] != time or names_a_word_of_one(event, changes.policies):
            continue
        for item in event["items"]:
            one = {"controller": "shop", **event, "items": [item]}
            decisions = [of.evaluate(one) for of in engines]
            if "invalid" in {decision.outcome for decision in decisions}:
                continue
            kind = become(*decisions)
            found = told(changes, statements, Event.from_mapping(one), decisions)
            assert found == ({kind} if kind else set()), one


@settings(max_examples=max(8, settings().max_examples // 4))
@given(st.data())
def test_of_a_policy_and_an_edited_one(data: st.DataObject) -> None:
    drawn = data.draw(policy_data(4))
    other = data.draw(edited(drawn))
    if loadable(other):
        exact(data, policy_from(drawn), policy_from(other))


@settings(max_examples=max(5, settings().max_examples // 6))
@given(st.data())
def test_of_policies_of_different_words(data: st.DataObject) -> None:
    drawn = data.draw(policy_data(3))
    other = data.draw(of_other_words(drawn))
    if loadable(other):
        exact(data, policy_from(drawn), policy_from(other))


MUTANTS = (
    "term added: disclose — 6 requirement.operations",
    "scope narrowed to name — 2-1 purpose-limitation.items",
    "set to the contrary: own_use false — 4 joint-use.own_use",
)


@pytest.mark.parametrize("change", MUTANTS)
def test_of_the_reference_policy_and_a_mutant(change: str) -> None:
    """Held against the events of its suites; where a statement leaves out what a policy asks anyway, that is read."""
    pack = load_pack(REFERENCE)
    original = policy_of(pack, KINDS, {})
    mutant = next(one for one in mutants(pack, original, KINDS) if one.message.en == change)
    changes = Changes(original, policy_of(mutant.applied(pack), KINDS, {}, trusted=True))
    statements = changes.statements()
    engines = [engine(policy) for policy in changes.policies]
    flipped = 0
    for case in (
        load_suite(REFERENCE / "purposes.test.toml", [original]).cases[::3]
        + load_suite(REFERENCE / "requests.test.toml", [original]).cases
    ):
        one = {**case.event, "items": case.event["items"][:1], "controller": "alc-learning-systems"}
        decisions = [of.evaluate(one) for of in engines]
        if "invalid" not in {decision.outcome for decision in decisions}:
            kind = become(*decisions)
            flipped += kind is not None
            assert told(changes, statements, Event.from_mapping(one), decisions) == ({kind} if kind else set()), one
    assert flipped and statements


def test_of_policies_that_have_no_word_in_common() -> None:
    """What the one permits is newly denied, and what the other permits newly permitted: it is never nothing."""

    def policy(subject: str, item: str, purpose: str) -> Policy:
        text = {"ja": "語", "en": "word"}
        clause = {
            "number": "1",
            "summary": text,
            "purpose-limitation": [{"subjects": [subject], "items": [item], "purposes": [purpose]}],
        }
        words = {"subjects": {subject: text}, "items": {item: text}, "purposes": {purpose: text}}
        about = {"id": "p", "version": "1", "title": text, "governs": ["shop"]}
        return policy_from({"policy": about, "vocabulary": words, "clause": [clause]})

    found = Changes(policy("customer", "name", "delivery"), policy("seller", "licence", "checks")).statements()
    assert [statement.kind for statement in found] == ["permitted", "denied"]
    assert [(one.witness["subject"]["category"], one.witness["items"]) for one in found] == [
        ("seller", ["licence"]),
        ("customer", ["name"]),
    ]
