"""Several policies: the flow is permitted when each that governs it permits it, item by item."""

from __future__ import annotations

from typing import Any

from hypothesis import given, settings, target
from hypothesis import strategies as st
from msgspec.structs import replace

import reference_open
from policyengine import Engine
from policyengine.model.policy import Policy
from policyengine.suite.run import judged_alone
from property.decided import says
from reference_open.kinds import permitted_anywhere
from remedied import with_changes
from strategies import (
    GENERATED_WORDS_PARTIES,
    TIMES,
    VOCABULARY,
    aims,
    events,
    events_of,
    policies,
    policy_from,
    words_of,
    written,
)


@st.composite
def second_policies(draw: st.DrawFn) -> Policy:
    """A policy of other controllers, perhaps, and perhaps of fewer words."""
    policy = draw(policies())
    terms = policy.vocabulary.terms
    dimension = draw(st.sampled_from(sorted(terms)))
    gone = draw(st.sampled_from([None, *sorted(terms[dimension])]))
    fewer = {**terms, dimension: {name: term for name, term in terms[dimension].items() if name != gone}}
    governs = draw(st.sampled_from([frozenset({"shop"}), None, frozenset({"shop", "branch"}), frozenset({"branch"})]))
    return replace(policy, id="other", governs=governs, vocabulary=replace(policy.vocabulary, terms=fewer))


@given(policies(), second_policies(), st.data())
def test_what_all_permit_is_permitted(one: Policy, other: Policy, data: st.DataObject) -> None:
    event: dict[str, Any] = data.draw(events_of(data.draw(st.sampled_from([one, other]))))
    event["controller"] = "shop"
    both = Engine([one, other]).evaluate(event)
    single = [Engine([policy]).evaluate(event) for policy in (one, other)]
    governing = [decision for decision in single if decision.policies]
    assert [ref.id for ref in both.policies] == [ref.id for decision in governing for ref in decision.policies]
    if not governing:
        assert both.outcome == "deny"
        assert [reason.code for reason in both.reasons] == ["no-governing-policy"]
        return
    agreed = set.intersection(*(set(decision.permitted_items) for decision in governing))
    assert set(both.permitted_items) == agreed
    assert set(both.excess_items) == set(event["items"]) - agreed
    assert both.permitted is (agreed == set(event["items"]))
    named = {
        f"{ref.id}:" if len(governing) > 1 else "": decision
        for decision in governing
        for ref in decision.policies
        if decision.outcome == both.outcome
    }
    assert set(both.clauses) == {name + clause for name, found in named.items() for clause in found.clauses}
    assert sorted((duty.id, duty.clause) for duty in both.obligations) == sorted(
        (duty.id, duty.clause) for found in named.values() for duty in found.obligations
    )
    assert {reason.code for reason in both.reasons} == {r.code for found in named.values() for r in found.reasons}
    assert Engine([other, one]).evaluate(event) == both


# ------------------------------------------------------------------------------------------------ layers


def _kinds(**parents: str | list[str]) -> dict[str, Any]:
    return {name: {"ja": name, "en": name, "is_a": parent} for name, parent in parents.items()}


MORE: dict[str, dict[str, Any]] = {
    "subjects": _kinds(child="member", guest="adult"),
    "items": _kinds(blood="health", mail=["contact", "health"]),
    "purposes": _kinds(newsletter="ads"),
    "services": _kinds(printing="mailing"),
    "parties": _kinds(cousin="group"),
    "origins": _kinds(counter="direct"),
    "forms": _kinds(hashed="identifiable"),
}
"""Words of a company, kinds of those of the statute; and other kinds of the statute's own words."""

BELOW = {**VOCABULARY, **{dimension: {**VOCABULARY[dimension], **terms} for dimension, terms in MORE.items()}}
RESTRICTING = {"prohibition", "requirement", "data-subject-request", "obligation"}

Written = tuple[dict[str, Any], dict[str, str]]


@st.composite
def layered_cases(draw: st.DrawFn) -> tuple[Written, Written, dict[str, Any]]:
    """A statute, a company below it that has more words, and an event in the words of the company."""
    (statute, chosen), (company, picked) = draw(written(5)), draw(written(5))
    statute["policy"] |= {"id": "statute", "governs": "anyone", "layer": True}
    company = {**company, "vocabulary": BELOW}
    policies = policy_from(statute, chosen), policy_from(company, picked)
    words = words_of(policies[1], TIMES, GENERATED_WORDS_PARTIES)
    event = draw(events(words, aim=draw(aims(draw(st.sampled_from(policies))))))
    return (statute, chosen), (company, picked), event


@settings(max_examples=2 * settings().max_examples)
@given(layered_cases())
def test_a_layer_and_what_lies_below_decide_as_the_reference_does(
    case: tuple[Written, Written, dict[str, Any]],
) -> None:
    *both, event = case
    decided = Engine([policy_from(*one) for one in both]).evaluate(event)
    assert says(decided) == reference_open.evaluate([reference_open.policy([data], read) for data, read in both], event)


@given(layered_cases())
def test_the_kinds_that_a_layer_and_those_below_give_a_word_add_up(
    case: tuple[Written, Written, dict[str, Any]],
) -> None:
    (statute, chosen), company, event = case
    both = Engine([policy_from(statute, chosen), policy_from(*company)]).evaluate(event)
    of_all_words = policy_from({**statute, "vocabulary": BELOW}, chosen)
    alone = [Engine(judged_alone([policy])).evaluate(event) for policy in (of_all_words, policy_from(*company))]
    agreed = [item for item in event["items"] if all(item in decision.permitted_items for decision in alone)]
    if all(decision.policies for decision in alone):
        assert list(both.permitted_items) == agreed
        assert {(reason.policy, reason.code, reason.items) for reason in both.reasons} == {
            (reason.policy, reason.code, reason.items) for decision in alone for reason in decision.reasons
        }
    else:  # one of them is out of its time
        assert not both.permitted or len(both.policies) == 1


@given(layered_cases())
def test_an_operation_that_a_layer_names_in_no_permit_is_left_to_those_below(
    case: tuple[Written, Written, dict[str, Any]],
) -> None:
    (statute, chosen), company, event = case
    clauses = [{key: rules for key, rules in clause.items() if key not in RESTRICTING} for clause in statute["clause"]]
    permits = {**statute, "clause": clauses}
    both = Engine([policy_from(permits, chosen), policy_from(*company)]).evaluate(event)
    below = Engine([policy_from(*company)]).evaluate(event)
    if event["operation"] not in permitted_anywhere(reference_open.policy([permits], chosen)):
        assert (both.outcome, both.permitted_items, both.obligations) == (
            below.outcome,
            below.permitted_items,
            below.obligations,
        )
        assert [decision for decision in both.reasons if decision.policy == "statute"] == []
    else:
        assert set(both.permitted_items) <= set(below.permitted_items)


def leaning(case: tuple[Written, Written, dict[str, Any]]) -> tuple[Written, Written, dict[str, Any]]:
    """The case with a statute whose permits lean on other policies."""
    (statute, chosen), company, event = case
    kinds = ("entrustment", "provision", "permission", "joint-use")
    clauses = [
        {
            key: [{**table, "licensed_by": "other-policies"} for table in tables] if key in kinds else tables
            for key, tables in clause.items()
        }
        for clause in statute["clause"]
    ]
    return ({**statute, "clause": clauses}, chosen), company, event


@settings(max_examples=2 * settings().max_examples)
@given(layered_cases().map(leaning))
def test_what_leans_on_other_policies_is_decided_as_the_reference_does(
    case: tuple[Written, Written, dict[str, Any]],
) -> None:
    *both, event = case
    decided = Engine([policy_from(*one) for one in both]).evaluate(event)
    assert says(decided) == reference_open.evaluate([reference_open.policy([data], read) for data, read in both], event)
    target(float(len(decided.remedies)))
    for remedy in decided.remedies:
        mended = with_changes(event, remedy.as_dict()["changes"])
        assert Engine([policy_from(*one) for one in both]).evaluate(mended).permitted


@given(layered_cases())
def test_a_layer_governs_nothing_alone(case: tuple[Written, Written, dict[str, Any]]) -> None:
    statute, _, event = case
    decision = Engine([policy_from(*statute)]).evaluate(event)
    assert [(reason.code, reason.policy) for reason in decision.reasons] == [("no-governing-policy", None)]
