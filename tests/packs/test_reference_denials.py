"""Which clauses a denial under the reference policy cites: exhaustive tables, read from the policy's text."""

from __future__ import annotations

from typing import Any

import pytest

from policyengine import Decision, Engine

EMPLOYEE = (
    "business-contact staff-directory statutory-procedures employment-management personnel-selection assignment "
    "compensation tax-processing social-insurance welfare safety-monitoring publicity health-management"
)
MANAGEMENT = "contract-management pre-contract-management post-contract-management"
CUSTOMER = "proposal-fulfilment after-care customer-contact product-information"
LISTED = {
    "customer": ("2-1", CUSTOMER.split()),
    "applicant": ("2-1", CUSTOMER.split()),
    "client-entrusted": ("2-2", ["contract-performance", *MANAGEMENT.split()]),
    "business-partner": ("2-3", MANAGEMENT.split()),
    "employee": ("2-4", EMPLOYEE.split()),
    "former-employee": ("2-4", ["statutory-procedures"]),
    "inquirer": ("2-5", ["service-improvement", "inquiry-handling"]),
}
PURPOSES = sorted(
    {purpose for _, purposes in LISTED.values() for purpose in purposes}
    | {"elearning-operation", "statistics", "legal-compliance"}
)
CONTRACTOR = [
    {"type": "contract", "kind": "confidentiality", "party": "cloud-kk"},
    {"type": "vetting", "party": "cloud-kk"},
]


@pytest.fixture
def decide(alc: Engine) -> Any:
    def decided(operation: str, subject: str, **fields: Any) -> Decision:
        event = {"id": "e", "time": "2026-11-02T09:00:00+09:00", "operation": operation, "items": ["name"], **fields}
        return alc.evaluate({**event, "subject": {"category": subject, "id": "p-1"}})

    return decided


def codes(decision: Decision) -> set[str]:
    return {reason.code for reason in decision.reasons}


@pytest.mark.parametrize("operation", ["acquire", "use", "retain"])
@pytest.mark.parametrize("subject", LISTED)
def test_an_unlisted_purpose_cites_the_clause_that_lists_the_purposes_of_the_category(
    decide: Any, operation: str, subject: str
) -> None:
    clause, listed = LISTED[subject]
    for purpose in PURPOSES:
        decision = decide(operation, subject, purpose=purpose)
        if purpose in listed:
            assert (decision.outcome, decision.clauses) == ("permit", (clause,)), purpose
        elif (operation, purpose) == ("use", "statistics"):  # what 5(4) lets the company show, it may make
            assert (decision.outcome, decision.clauses) == ("permit", ("5(4)",))
        else:  # clause 4 speaks of applicants' data for the courses as well, and asks how they were acquired
            both = (subject, purpose) == ("applicant", "elearning-operation")
            assert decision.clauses == ((clause, "4") if both else (clause,)), purpose
            assert codes(decision) == {"not-permitted"}


@pytest.mark.parametrize("subject", LISTED)
def test_so_does_a_purpose_that_the_policy_does_not_know(decide: Any, subject: str) -> None:
    decision = decide("use", subject, purpose="resale")
    assert decision.clauses == (LISTED[subject][0],)
    assert codes(decision) == {"unknown-term"}


@pytest.mark.parametrize("subject", LISTED)
def test_a_provision_that_is_none_of_the_cases_cites_5(decide: Any, subject: str) -> None:
    for purpose in PURPOSES:
        decision = decide("provide", subject, purpose=purpose, recipient={"id": "anybody-kk"})
        assert decision.clauses == ("5",), purpose
        assert codes(decision) == {"not-permitted"}


@pytest.mark.parametrize("subject", LISTED)
def test_an_entrustment_that_is_none_of_the_cases_cites_5(decide: Any, subject: str) -> None:
    """Where the purpose is not licensed either, the clause that lists the purposes stands in the way as well."""
    clause, listed = LISTED[subject]
    for purpose in PURPOSES:
        decision = decide("entrust", subject, purpose=purpose, recipient={"id": "cloud-kk"}, facts=CONTRACTOR)
        wanted = {"5"} if purpose in listed else {"5", clause}
        if (subject, purpose) == ("applicant", "elearning-operation"):
            wanted.add("4")
        assert set(decision.clauses) == wanted, purpose


@pytest.mark.parametrize("service", ["system-operation", "communication", "after-service"])
@pytest.mark.parametrize("subject", LISTED)
def test_an_unlisted_purpose_goes_to_no_contractor_whatever_the_service(
    decide: Any, subject: str, service: str
) -> None:
    clause, listed = LISTED[subject]
    case = {"system-operation": "5(1)", "communication": "5(2)", "after-service": "5(3)"}[service]
    for purpose in PURPOSES:
        recipient = {"id": "cloud-kk", "service": service}
        decision = decide("entrust", subject, purpose=purpose, recipient=recipient, facts=CONTRACTOR)
        if purpose in listed:
            assert decision.clauses == tuple(sorted((clause, case, "6"))), purpose
        else:
            assert {"5", clause} <= set(decision.clauses), purpose
            assert decision.outcome == "deny"


@pytest.mark.parametrize("missing", [0, 1])
def test_a_contractor_who_lacks_one_of_the_two_cites_6_alone(decide: Any, missing: int) -> None:
    recipient = {"id": "cloud-kk", "service": "after-service"}
    facts = [CONTRACTOR[1 - missing]]
    decision = decide("entrust", "customer", purpose="after-care", recipient=recipient, facts=facts)
    assert decision.clauses == ("6",)
    assert codes(decision) == {"requirement-unmet"}


def test_everything_that_stands_in_the_way_is_cited(decide: Any) -> None:
    stop = {"type": "request", "kind": "stop_use", "subject": "p-1"}
    recipient = {"id": "cloud-kk", "service": "communication"}
    decision = decide("entrust", "inquirer", purpose="product-information", recipient=recipient, facts=[stop])
    assert decision.clauses == ("2-5", "5", "6", "7")
    assert codes(decision) == {"not-permitted", "requirement-unmet", "request-in-effect"}


@pytest.mark.parametrize("operation", ["acquire", "use", "retain", "joint_use", "entrust", "provide"])
@pytest.mark.parametrize("subject", ["employee", "former-employee"])
def test_health_information_of_workers_cites_2_4_and_only_the_law_lifts_it(
    decide: Any, operation: str, subject: str
) -> None:
    items = ["health_information", "health_checkup_result", "stress_check_result", "medical_certificate"]
    facts = [*CONTRACTOR, {"type": "consent", "operations": [operation]}]
    fields = {"purpose": "statutory-procedures", "recipient": {"id": "cloud-kk"}, "items": items}
    denied = decide(operation, subject, **fields, facts=facts)
    assert "2-4" in denied.clauses
    assert set(denied.excess_items) == set(items)
    assert "prohibited" in codes(denied)
    law = {"type": "legal_basis", "kind": "statute", "reference": "a statute", "purposes": ["statutory-procedures"]}
    assert "prohibited" not in codes(decide(operation, subject, **fields, facts=[*facts, law]))
    vague = {key: value for key, value in law.items() if key != "purposes"}
    assert "prohibited" in codes(decide(operation, subject, **fields, facts=[*facts, vague]))
    for kind in ("court", "government"):
        order = {**law, "kind": kind}
        assert "prohibited" in codes(decide(operation, subject, **fields, facts=[*facts, order]))


def test_joint_use_outside_the_arrangement_cites_4(decide: Any) -> None:
    inside = {"purpose": "elearning-operation", "origin": "direct", "recipient": {"id": "alc"}}
    assert decide("joint_use", "applicant", **inside).clauses == ("4",)
    outside = [
        ("customer", inside),
        ("applicant", {**inside, "purpose": "after-care"}),
        ("applicant", {**inside, "origin": "third_party"}),
        ("applicant", {**inside, "recipient": {"id": "alc-learning-systems"}}),
        ("applicant", {**inside, "items": ["phone_number"]}),
    ]
    for subject, fields in outside:
        decision = decide("joint_use", subject, **fields)
        assert (decision.outcome, decision.clauses) == ("deny", ("4",)), fields


def test_a_disclosure_to_somebody_else_cites_7_and_of_entrusted_data_3(decide: Any) -> None:
    asked = [{"type": "request", "kind": "disclose", "subject": "p-1"}]
    assert decide("disclose", "customer", recipient={"id": "p-2"}, facts=asked).clauses == ("7",)
    assert decide("disclose", "client-entrusted", recipient={"id": "p-1"}, facts=asked).clauses == ("3",)
    assert decide("disclose", "client-entrusted", recipient={"id": "p-2"}, facts=asked).clauses == ("3", "7")


def test_before_the_policy_was_enacted_no_clause_is_cited(decide: Any) -> None:
    last = decide("use", "customer", purpose="after-care", time="2013-01-31T23:59:59.999999+09:00")
    assert (last.outcome, last.clauses, codes(last)) == ("deny", (), {"no-governing-policy"})
    first = decide("use", "customer", purpose="after-care", time="2013-01-31T15:00:00Z")
    assert first.outcome == "permit"
