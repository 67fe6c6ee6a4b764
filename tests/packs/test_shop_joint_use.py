"""Two arrangements of joint use: parties, items and purposes of one are not those of the other."""

from __future__ import annotations

from itertools import product

import pytest

from policyengine import Engine
from policyengine.model.vocabulary import Vocabulary

GROUP = (
    {"kumo-books", "kumo-logistics", "kumo-pay"},
    {"member_number", "name", "postal_address", "phone_number", "order_history"},
    {"group-membership"},
)
POINTS = (
    {"corner-cafe", "green-drugstore", "kumo-pay", "point-alliance"},
    {"member_number", "point_balance", "purchase_total"},
    {"point-programme"},
)
ARRANGEMENTS = {"3.1": GROUP, "3.2": POINTS}


@pytest.fixture(scope="module")
def vocabulary(shop: Engine) -> Vocabulary:
    return shop.policies[0].vocabulary


def flow(operation: str, subject: str, items: list[str], purpose: str, party: str | None = None) -> dict[str, object]:
    event = {"id": "e", "time": "2026-11-09T09:00:00+09:00", "operation": operation, "items": items, "purpose": purpose}
    recipient = {} if party is None else {"recipient": {"id": party}}
    return {**event, **recipient, "subject": {"category": subject}}


def test_every_party_with_every_item_for_every_purpose(shop: Engine, vocabulary: Vocabulary) -> None:
    """The classes of parties, the group's name and a stranger are asked about as well."""
    items = list(vocabulary.terms["items"])
    parties = [*vocabulary.terms["parties"], "kumo-group", "ad-partner-001", "stranger-kk"]
    met = set()
    for party, purpose in product(parties, vocabulary.terms["purposes"]):
        decision = shop.evaluate(flow("joint_use", "member", items, purpose, party))
        allowed = {
            item
            for partners, shared, purposes in ARRANGEMENTS.values()
            if party in partners and purpose in purposes
            for item in shared
        }
        assert set(decision.permitted_items) == allowed, (party, purpose)
        assert "3" in decision.clauses
        if allowed:
            met.add((party, purpose))
    assert len(met) == sum(len(partners) * len(purposes) for partners, _, purposes in ARRANGEMENTS.values())


def test_a_permit_cites_its_own_arrangement(shop: Engine) -> None:
    for clause, (partners, shared, purposes) in ARRANGEMENTS.items():
        for party, item, purpose in product(partners, shared, purposes):
            decision = shop.evaluate(flow("joint_use", "member", [item], purpose, party))
            assert (decision.outcome, decision.clauses) == ("permit", (clause,)), (party, item)


def test_nobody_elses_data_are_used_jointly(shop: Engine, vocabulary: Vocabulary) -> None:
    for subject in vocabulary.terms["subjects"].keys() - {"member"}:
        for partners, shared, purposes in ARRANGEMENTS.values():
            for party, purpose in product(partners, purposes):
                decision = shop.evaluate(flow("joint_use", subject, sorted(shared), purpose, party))
                assert decision.permitted_items == ()


def test_the_shop_is_a_joint_user_itself_within_each_arrangement(shop: Engine, vocabulary: Vocabulary) -> None:
    items = list(vocabulary.terms["items"])
    for clause, (_, shared, purposes) in ARRANGEMENTS.items():
        for operation, purpose in product(("acquire", "use"), purposes):
            assert set(shop.evaluate(flow(operation, "member", items, purpose)).permitted_items) == shared
            assert shop.evaluate(flow(operation, "member", sorted(shared), purpose)).clauses == (clause,)


@pytest.mark.parametrize(
    ("recipient", "outcome"),
    [
        ({"id": "kumo-pay", "country": "JP"}, "permit"),
        ({"id": "kumo-books", "country": "JP"}, "permit"),
        ({"id": "kumo-pay", "country": "SG"}, "deny"),
        ({"id": "kumo-pay"}, "deny"),  # not shown to be received in Japan
        ({"id": "kumo-singapore", "country": "JP"}, "deny"),
        ({"id": "kumo-california", "country": "US"}, "deny"),
        ({"id": "kumo-group-abroad", "country": "JP"}, "deny"),
        ({"id": "stranger-kk", "country": "JP"}, "deny"),
    ],
)
def test_group_companies_except_those_abroad(shop: Engine, recipient: dict[str, str], outcome: str) -> None:
    event = flow("provide", "shopper", ["name"], "fraud-prevention")
    assert shop.evaluate({**event, "recipient": recipient}).outcome == outcome
