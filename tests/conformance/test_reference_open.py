"""What the contract says, sentence by sentence, of little policies: the reference evaluator is held to it by hand."""

from __future__ import annotations

from typing import Any

import pytest

import reference_open
from reference_open import Answer

Data = dict[str, Any]

WORDS: Data = {
    "subjects": {"person": {}, "member": {"is_a": "person"}, "rest": {"remainder": True}, "kid": {"is_a": "rest"}},
    "items": {"mail": {}, "health": {}, "stress": {"is_a": "health"}, "checkup": {"is_a": "health"}},
    "purposes": {"care": {}, "ads": {}},
    "origins": {"direct": {}, "public": {}},
    "services": {"hosting": {}},
    "parties": {"group": {}, "sister": {"is_a": "group"}},
    "attributes": {"age": {"type": "integer"}},
    "sets": {"countries": {"eea": ["DE", "FR"]}},
}
PEOPLE = ["person", "rest"]
CARE: Data = {"subjects": PEOPLE, "purposes": ["care"]}
ANYTHING: Data = {"purpose-limitation": [CARE], "provision": [{}], "entrustment": [{}]}


def decide(clauses: dict[str, Data], *policies: Data, **fields: Any) -> Answer:
    return decide_all([document(clauses), *policies], **fields)


def document(clauses: dict[str, Data], name: str = "p", **more: Any) -> Data:
    about = {"id": name, "governs": ["shop"], **more.pop("policy", {})}
    listed = [{"number": number, **table} for number, table in clauses.items()]
    return {"policy": about, "vocabulary": WORDS, "clause": listed, **more}


def decide_all(documents: list[Data], **fields: Any) -> Answer:
    event = {
        "time": "2026-06-01T00:00:00Z",
        "controller": "shop",
        "operation": "use",
        "subject": {"category": "person"},
    }
    event |= {"items": ["mail"], "purpose": "care", **fields}
    if event["operation"] in ("joint_use", "entrust", "provide", "disclose"):
        event.setdefault("recipient", {"id": "x"})
    return reference_open.evaluate([reference_open.policy([one]) for one in documents], event)


def reasons(answer: Answer) -> set[tuple[str, str | None]]:
    return {(reason.code, reason.clause) for reason in answer.reasons}


@pytest.mark.parametrize(
    ("narrowing", "fields", "restricts", "permits"),
    [
        ({"origins": ["direct"]}, {"origin": "direct"}, True, True),
        ({"origins": ["direct"]}, {"origin": "public"}, False, False),
        ({"origins": ["direct"]}, {}, True, False),
        ({"except": {"origins": ["direct"]}}, {"origin": "direct"}, False, False),
        ({"except": {"origins": ["direct"]}}, {"origin": "public"}, True, True),
        ({"except": {"origins": ["direct"]}}, {}, True, False),
        ({"origins": ["direct"], "pass_unstated": ["origins"]}, {}, False, True),
        ({"except": {"origins": ["direct"]}, "pass_unstated": ["origins"]}, {}, False, True),
        ({"origins": []}, {}, False, False),
        ({"items": ["stress"]}, {"items": ["stress"]}, True, True),
        ({"items": ["stress"]}, {"items": ["checkup"]}, False, False),
        ({"items": ["stress"]}, {"items": ["health"]}, True, False),
        ({"items": ["stress", "checkup"]}, {"items": ["health"]}, True, False),
        ({"items": ["health"]}, {"items": ["stress"]}, True, True),
        ({"except": {"items": ["stress"]}}, {"items": ["health"]}, True, False),
        ({"except": {"items": ["stress"]}}, {"items": ["checkup"]}, True, True),
        ({"except": {"items": ["health"]}}, {"items": ["stress"]}, False, False),
        ({"subjects": ["kid"]}, {"subject": {"category": "rest"}}, False, False),
        ({"except": {"subjects": ["kid"]}}, {"subject": {"category": "rest"}}, True, True),
        ({"subjects": ["rest"]}, {"subject": {"category": "kid"}}, True, True),
        ({"attributes": {"age": {"below": 18}}}, {"attributes": {"age": 3}}, True, True),
        ({"attributes": {"age": {"below": 18}}}, {"attributes": {"age": 30}}, False, False),
        ({"attributes": {"age": {"below": 18}}}, {"attributes": {"Age": 3}}, True, False),
        ({"attributes": {"age": {"is_not": 3}}}, {}, True, False),
        ({"attributes": {"age": {"below": 18}}, "pass_unstated": ["attributes.age"]}, {}, False, True),
        ({"countries": ["eea"]}, {"recipient": {"id": "x", "country": "DE"}}, True, True),
        ({"countries": ["eea"]}, {"recipient": {"id": "x", "country": "JP"}}, False, False),
        ({"countries": ["JP"]}, {}, True, False),
        ({"except": {"countries": ["JP"]}}, {}, True, False),
        ({"recipients": ["sister"]}, {"recipient": {"id": "group"}}, True, False),
        ({"recipients": ["group"]}, {"recipient": {"id": "sister"}}, True, True),
        ({"except": {"recipients": ["group"]}}, {"recipient": {"id": "stranger"}}, True, True),
        ({"services": ["hosting"]}, {}, False, False),
        ({"except": {"services": ["hosting"]}}, {}, False, False),
    ],
)
def test_what_restricts_may_be_met_and_what_permits_surely_is(
    narrowing: Data, fields: Data, restricts: bool, permits: bool
) -> None:
    prohibited = decide({"1": {"provision": [{}]}, "2": {"prohibition": [narrowing]}}, operation="provide", **fields)
    assert (prohibited.outcome == "deny") is restricts
    assert (decide({"1": {"provision": [narrowing]}}, operation="provide", **fields).outcome == "permit") is permits


@pytest.mark.parametrize("operation", ["acquire", "use", "retain"])
@pytest.mark.parametrize("narrowing", [{"countries": ["JP"]}, {"except": {"countries": ["US"]}}])
def test_what_is_not_there_meets_nothing(operation: str, narrowing: Data) -> None:
    fields = {"operation": operation, "recipient": {"id": "x", "country": "JP"}}
    assert decide({"1": ANYTHING, "2": {"prohibition": [narrowing]}}, **fields).outcome == "permit"
    assert decide({"1": {"purpose-limitation": [{**CARE, **narrowing}]}}, **fields).outcome == "deny"


def test_the_service_of_an_entrustment_is_open_and_of_nothing_else() -> None:
    clauses = {"1": ANYTHING, "2": {"prohibition": [{"services": ["hosting"]}]}}
    assert decide(clauses, operation="entrust").outcome == "deny"
    assert decide(clauses, operation="provide").outcome == "permit"


STOP: Data = {"request": "stop_use", "stops": ["use", "entrust"]}


@pytest.mark.parametrize(
    ("fact", "fields", "restricts", "permits"),
    [
        ({}, {}, True, True),
        ({"items": ["stress"]}, {"items": ["health"]}, True, False),
        ({"items": ["stress"]}, {"items": ["checkup"]}, False, False),
        ({"items": ["strses"]}, {}, True, False),
        ({"items": ["strses", "mail"]}, {}, True, True),
        ({"items": ["strses"], "until": "2026-05-01T00:00:00Z"}, {}, False, False),
        ({"items": ["strses"], "subject": "p-2"}, {"subject": {"category": "person", "id": "p-1"}}, False, False),
        ({"items": ["strses"], "recipients": ["y"]}, {"recipient": {"id": "x"}}, False, False),
        ({"subject": "p-1"}, {"subject": {"category": "person", "id": "p-1"}}, True, True),
        ({"subject": "p-1"}, {}, True, False),
        ({"recipients": ["x"]}, {}, False, False),
        ({"recipients": ["x"]}, {"recipient": {"id": "x"}}, True, True),
        ({"recipients": ["sister"]}, {"recipient": {"id": "group"}}, True, False),
    ],
)
def test_a_fact_counts_where_it_may_restrict_and_where_it_surely_permits(
    fact: Data, fields: Data, restricts: bool, permits: bool
) -> None:
    asked = {"facts": [{"type": "request", "kind": "stop_use", **fact}], **fields}
    stopped = decide({"1": ANYTHING, "2": {"data-subject-request": [STOP]}}, **asked)
    assert (stopped.outcome == "deny") is restricts
    form = {"type": "request", "kind": "stop_use"}
    assert (decide({"1": {"purpose-limitation": [{**CARE, "facts": form}]}}, **asked).outcome == "permit") is permits
    none = decide({"1": {"purpose-limitation": [{**CARE, "facts": {"not": form}}]}}, **asked)
    assert (none.outcome == "deny") is restricts


def test_a_word_that_nobody_knows_is_the_reason_only_where_the_fact_would_not_have_counted_without_it() -> None:
    clauses = {"1": ANYTHING, "2": {"data-subject-request": [STOP]}, "3": {"individual-notice": [{"replaces": ["1"]}]}}
    request = {"type": "request", "kind": "stop_use"}
    assert reasons(decide(clauses, facts=[{**request, "items": ["mial"]}])) == {("unknown-term", "2")}
    assert reasons(decide(clauses, facts=[{**request, "items": ["mial", "mail"]}])) == {("request-in-effect", "2")}
    assert reasons(decide(clauses, facts=[{**request, "items": ["mial"]}, request])) == {("request-in-effect", "2")}
    notice = {"type": "notice", "purposes": ["ads"]}
    assert reasons(decide(clauses, facts=[{**notice, "items": ["mial"]}])) == {("unknown-term", "3")}
    assert reasons(decide(clauses, facts=[notice])) == {("not-permitted", "3")}


def test_a_fact_form_may_ask_that_a_field_is_stated() -> None:
    form = {"type": "legal_basis", "kind": ["statute"], "stated": ["purposes"]}
    clauses = {"1": {"purpose-limitation": [{**CARE, "facts": form}]}}
    fact = {"type": "legal_basis", "kind": "statute", "reference": "r"}
    assert decide(clauses, facts=[fact]).outcome == "deny"
    assert decide(clauses, facts=[{**fact, "purposes": ["care"]}]).outcome == "permit"
    assert decide(clauses, facts=[{**fact, "purposes": ["ads"]}]).outcome == "deny"


LEANING: Data = {
    "1": {"purpose-limitation": [{**CARE, "oblige": ["tell"]}]},
    "2": {"purpose-limitation": [CARE]},
    "3": {"entrustment": [{"licensed_by": ["1", "2"]}]},
}


def test_a_restriction_over_a_licence_strikes_that_licence_alone() -> None:
    both = decide(LEANING, operation="entrust")
    assert (both.outcome, both.clauses, both.obligations) == ("permit", {"1", "2", "3"}, {"tell"})
    consent = {"type": "consent", "operations": ["use"]}
    over = {"requirement": [{"over": ["1"], "operations": ["use"], "require": {"facts": {"type": "consent"}}}]}
    one = decide({**LEANING, "4": over}, operation="entrust")
    assert (one.outcome, one.clauses, one.obligations) == ("permit", {"2", "3"}, set())
    met = decide({**LEANING, "4": over}, operation="entrust", facts=[consent])
    assert (met.outcome, met.clauses, met.obligations) == ("permit", {"1", "2", "3", "4"}, {"tell"})
    neither = {**LEANING, "4": over, "5": {"requirement": [{"over": ["2"], "require": {"purposes": ["ads"]}}]}}
    assert reasons(decide(neither, operation="entrust")) == {("requirement-unmet", "4"), ("requirement-unmet", "5")}


def test_a_licence_is_a_permit_to_use_and_its_facts_are_held_against_that() -> None:
    acquiring = {"1": {"purpose-limitation": [{**CARE, "operations": ["acquire"]}]}}
    leaning = {"3": {"entrustment": [{"licensed_by": ["1"]}]}}
    assert decide({**acquiring, **leaning}, operation="entrust").outcome == "deny"
    asking = {"1": {"purpose-limitation": [{**CARE, "facts": {"type": "consent"}}]}, **leaning}
    for operation, outcome in (("use", "permit"), ("entrust", "deny")):
        facts = [{"type": "consent", "operations": [operation]}]
        assert decide(asking, operation="entrust", facts=facts).outcome == outcome


def test_spares_does_not_pass_from_a_licence_to_what_leans_on_it() -> None:
    clauses = {**LEANING, "4": {"prohibition": [{"spares": ["1", "2"]}]}}
    assert decide(clauses).outcome == "permit"
    assert reasons(decide(clauses, operation="entrust")) == {("prohibited", "4")}


def test_naming_a_clause_means_its_cases_at_any_depth() -> None:
    clauses = {"1": {}, "1.1": {"case_of": "1"}, "1.1.1": {"case_of": "1.1", **ANYTHING}}
    over = {"2": {"requirement": [{"over": ["1"], "require": {"purposes": ["ads"]}}]}}
    assert reasons(decide({**clauses, **over})) == {("requirement-unmet", "2")}


def test_a_denial_names_no_restriction_that_spares_all_that_was_granted() -> None:
    clauses = {"1": ANYTHING, "2": {"prohibition": [{"spares": ["1"]}]}, "3": {"prohibition": [{}]}}
    assert reasons(decide(clauses)) == {("prohibited", "3")}
    assert reasons(decide(clauses, purpose="ads")) == {
        ("prohibited", "2"),
        ("prohibited", "3"),
        ("not-permitted", "1"),
    }


def test_an_obligation_falls_on_what_it_may_mean() -> None:
    clauses = {"1": ANYTHING, "2": {"obligation": [{"oblige": ["tell"], "subjects": ["member"]}]}}
    assert decide(clauses).obligations == {"tell"}
    assert decide(clauses, subject={"category": "rest"}).obligations == set()


def test_readings_choose_the_values_of_a_fact_and_what_passes_unstated() -> None:
    readings = {"reach": {"default": "narrow", "values": {"narrow": {}, "wide": {}}}}
    wide = {"reach": "wide"}
    form = {"type": "legal_basis", "kind": ["statute", {"terms": ["court"], "under": wide}]}
    table = {**CARE, "origins": ["direct"], "pass_unstated": [{"term": "origins", "under": wide}], "facts": form}
    data = document({"1": {"purpose-limitation": [table]}}, readings=readings)
    event = {"time": "2026-06-01T00:00:00Z", "controller": "shop", "operation": "use"}
    event |= {"subject": {"category": "person"}, "items": ["mail"], "purpose": "care"}
    event |= {"facts": [{"type": "legal_basis", "kind": "court", "reference": "r"}]}
    outcomes = {
        value: [
            reference_open.evaluate([reference_open.policy([data], {"reach": value})], {**event, **more}).outcome
            for more in ({"origin": "direct"}, {})
        ]
        for value in ("narrow", "wide")
    }
    assert outcomes == {"narrow": ["deny", "deny"], "wide": ["permit", "permit"]}


# ------------------------------------------------------------------------------------------------ layers


def layer(clauses: dict[str, Data], vocabulary: Data = WORDS) -> Data:
    return {**document(clauses, "law", policy={"layer": True, "governs": "anyone"}), "vocabulary": vocabulary}


def test_a_layer_governs_nothing_by_itself() -> None:
    assert reasons(decide_all([layer({"1": ANYTHING})])) == {("no-governing-policy", None)}


def test_a_layer_must_permit_what_it_has_permits_for_and_leaves_the_rest() -> None:
    below = document({"1": ANYTHING})
    law = layer({"a": {"provision": [{"purposes": ["ads"], "until": "2020-01-01T00:00:00Z"}]}})
    assert {(r.code, r.policy) for r in decide_all([below, law], operation="provide").reasons} == {("no-rule", "law")}
    used = decide_all([below, law])
    assert (used.outcome, used.clauses) == ("permit", {"p:1"})


def test_the_restrictions_and_duties_of_a_layer_count_on_every_operation() -> None:
    below = document({"1": ANYTHING})
    rules = {"requirement": [{"require": {"facts": {"type": "vetting"}}}], "obligation": [{"oblige": ["tell"]}]}
    law = layer({"a": rules, "b": {"requirement": [{"over": ["a"], "require": {"purposes": ["ads"]}}]}})
    denied = decide_all([below, law], operation="provide")
    assert reasons(denied) == {("requirement-unmet", "a")}
    assert {reason.policy for reason in denied.reasons} == {"law"}
    permitted = decide_all([below, law], operation="provide", facts=[{"type": "vetting", "party": "x"}])
    assert (permitted.clauses, permitted.obligations) == ({"p:1", "law:a"}, {"tell"})


def test_a_layer_knows_the_words_of_what_it_lies_above_and_the_other_way_round_not() -> None:
    statute: Data = {"items": {"sensitive": {}, "secret": {}}}
    own = {**WORDS, "items": {**WORDS["items"], "sensitive": {}, "diary": {"is_a": "sensitive"}}}
    below = {**document({"1": ANYTHING}), "vocabulary": own}
    law = layer({"a": {"prohibition": [{"items": ["sensitive"]}]}}, statute)
    assert decide_all([below, law]).outcome == "permit"
    assert reasons(decide_all([below, law], items=["diary"])) == {("prohibited", "a")}
    assert {(r.code, r.policy) for r in decide_all([below, law], items=["secret"]).reasons} == {("unknown-term", "p")}
