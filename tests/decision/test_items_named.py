"""How many items a message names: all of a few, and how many more of many."""

from __future__ import annotations

import pytest

from policyengine import Engine

POLICY = """\
[policy]
id = "shop"
version = "1"
title = {ja = "店", en = "shop"}
governs = ["shop"]
[vocabulary.subjects]
customer = {ja = "客", en = "customer"}
[vocabulary.purposes]
delivery = {ja = "配送", en = "delivery"}
[[clause]]
number = "1"
summary = {ja = "何にも使わない", en = "For nothing."}
[[clause.prohibition]]
operations = ["use"]
[vocabulary.items]
"""
ITEMS = [f"i{number:02}" for number in range(12)]


@pytest.fixture(scope="module")
def engine(tmp_path_factory: pytest.TempPathFactory) -> Engine:
    file = tmp_path_factory.mktemp("items") / "policy.toml"
    file.write_text(
        POLICY + "".join(f"{item} = {{ja = '{item}の品', en = 'item {item}'}}\n" for item in ITEMS), "utf-8"
    )
    return Engine.load(file, installed_plugins=False)


@pytest.mark.parametrize("count", range(1, 13))
def test_eight_items_are_named_and_more_are_counted(engine: Engine, count: int) -> None:
    decision = engine.evaluate(
        {
            "id": "e-1",
            "time": "2026-11-24T09:00:00+09:00",
            "operation": "use",
            "subject": {"category": "customer"},
            "items": ITEMS[:count][::-1],
            "purpose": "delivery",
        }
    )
    (message,) = {reason.message for reason in decision.reasons if reason.code == "prohibited"}
    shown, more = ITEMS[: min(count, 8)], max(count - 8, 0)
    assert message.en.endswith(
        ": " + ", ".join(f"item {item}" for item in shown) + (f" and {more} more" if more else "")
    )
    assert message.ja.endswith(
        ": " + "、".join(f"{item}の品" for item in shown) + (f"、ほか {more} 件" if more else "")
    )
