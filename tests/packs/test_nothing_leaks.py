"""The shop knows no word of the reference policy but those that it declares itself, and the engine none of either."""

from __future__ import annotations

import ast
import json
import tomllib
from typing import Any

import pytest

from packs.shown import ROOT, Examples, summary
from policyengine import Engine

ALC = tomllib.loads((ROOT / "rules/alc-smart-learning/vocabulary.toml").read_text(encoding="utf-8"))["vocabulary"]
SHOP = tomllib.loads((ROOT / "rules/online-shop/vocabulary.toml").read_text(encoding="utf-8"))["vocabulary"]
FLOW: dict[str, Any] = {
    "id": "e",
    "time": "2026-11-09T09:00:00+09:00",
    "operation": "use",
    "subject": {"category": "member"},
    "items": ["name"],
    "purpose": "order-handling",
}


STATED = {
    "subjects": lambda term: {"subject": {"category": term}},
    "items": lambda term: {"items": [term]},
    "purposes": lambda term: {"purpose": term},
    "services": lambda term: {"recipient": {"id": "somebody-kk", "service": term}},
}
"""For each dimension, the field of an event that states a term of it."""


@pytest.mark.parametrize("dimension", STATED)
def test_no_term_of_the_reference_policy_is_known(shop: Engine, dimension: str) -> None:
    assert shop.evaluate(FLOW).permitted
    for term in ALC[dimension].keys() - SHOP[dimension].keys():
        decision = shop.evaluate({**FLOW, **STATED[dimension](term)})
        assert decision.outcome == "deny"
        assert {reason.code for reason in decision.reasons} == {"unknown-term"}, term


@pytest.mark.parametrize("dimension", STATED)
def test_nor_is_any_of_the_shop_by_the_reference_policy(alc: Engine, dimension: str) -> None:
    known = {**FLOW, "subject": {"category": "customer"}, "purpose": "after-care"}
    assert alc.evaluate(known).permitted
    for term in SHOP[dimension].keys() - ALC[dimension].keys():
        decision = alc.evaluate({**known, **STATED[dimension](term)})
        assert decision.outcome == "deny"
        assert {reason.code for reason in decision.reasons} == {"unknown-term"}, term


def test_the_parties_of_the_reference_policy_are_strangers_to_the_shop(shop: Engine) -> None:
    for party in ALC["parties"]:
        flow = {**FLOW, "operation": "joint_use", "purpose": "group-membership", "recipient": {"id": party}}
        assert shop.evaluate({**flow, "recipient": {"id": "kumo-books"}}).permitted
        assert shop.evaluate(flow).outcome == "deny"


def test_no_words_of_either_policy_are_in_the_engine() -> None:
    """Every string constant of the source, docstrings apart, is compared with every term of the two packs."""
    words = {
        term
        for vocabulary in (ALC, SHOP)
        for dimension in ("subjects", "items", "purposes", "services", "parties", "facts", "attributes")
        for term in vocabulary.get(dimension, ())
    }
    engine = ROOT / "src" / "policyengine"
    # The testing kit draws little policies of its own invention, whose words may be anybody's, and so are those that
    # people begin with; and statistics are a ground of the law's.
    own = {engine / "testing", engine / "cli" / "beginning.py"}
    files = sorted(file for file in engine.rglob("*.py") if own.isdisjoint((file, *file.parents)))
    words.discard("statistics")
    assert len(files) > 20
    found = [
        (file.name, node.lineno, node.value)
        for file in files
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8")))
        if isinstance(node, ast.Constant) and node.value in words
    ]
    assert not found


def test_two_controllers_in_one_engine_do_not_touch_each_other(month: Examples, week: Examples) -> None:
    both = Engine.load(month.pack, week.pack, installed_plugins=False)
    for shown, controller in ((month, "alc-learning-systems"), (week, "kumo-shop")):
        for example in shown.examples:
            if example.expected["outcome"] == "invalid":
                continue
            event = {"controller": controller, **json.loads(example.line)}
            assert summary(both.evaluate(event)) == example.expected
            assert {policy.id for policy in both.evaluate(event).policies} <= {shown.engine.policies[0].id}
