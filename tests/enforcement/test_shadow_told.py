"""A shadow policy that would decide otherwise is told of, whatever of a decision differs; and none that would not."""

from __future__ import annotations

import logging
from pathlib import Path
from typing import Any

import pytest

from policyengine import Engine, FlowDenied

POLICY = """\
[policy]
id = "shop"
version = "1"
title = {ja = "店", en = "shop"}
governs = ["shop"]

[vocabulary.subjects]
customer = {ja = "客", en = "customer"}
[vocabulary.items]
name = {ja = "氏名", en = "name"}
phone = {ja = "電話", en = "phone"}
address = {ja = "住所", en = "address"}
[vocabulary.purposes]
delivery = {ja = "配送", en = "delivery"}

[obligations.tell]
clause = "1"
ja = "知らせる"
en = "Tell them."
[obligations.note]
clause = "1"
ja = "控える"
en = "Take a note."

[[clause]]
number = "1"
summary = {ja = "配送に使う", en = "For delivery."}
[[clause.purpose-limitation]]
subjects = ["customer"]
purposes = ["delivery"]
items = ["name", "phone"]
oblige = ["tell"]
"""
EVENT: dict[str, Any] = {
    "id": "e-1",
    "time": "2026-11-24T09:00:00+09:00",
    "operation": "use",
    "subject": {"category": "customer"},
    "items": ["name"],
    "purpose": "delivery",
}


@pytest.mark.parametrize(
    ("old", "new", "items", "told"),
    [
        ('["tell"]', '["tell"]', ["name"], None),
        ('version = "1"', 'version = "2"', ["name"], None),
        (
            'oblige = ["tell"]',
            'oblige = ["tell", "note"]',
            ["name"],
            "e-1: permit [1] with tell, in the shadow policies permit [1] with note, tell",
        ),
        (
            'oblige = ["tell"]',
            "",
            ["name"],
            "e-1: permit [1] with tell, in the shadow policies permit [1]",
        ),
        (
            '"name", "phone"',
            '"phone"',
            ["name"],
            "e-1: permit [1] with tell, in the shadow policies deny [1]",
        ),
        (
            '"name", "phone"',
            '"phone"',
            ["name", "phone", "address"],
            "e-1: deny [1] but for name, phone, in the shadow policies deny [1] but for phone",
        ),
    ],
)
def test_what_differs_is_told(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, old: str, new: str, items: list[str], told: str | None
) -> None:
    assert POLICY.count(old) == 1
    for name, text in (("policy", POLICY), ("shadow", POLICY.replace(old, new))):
        (tmp_path / f"{name}.toml").write_text(text, "utf-8")
    engine = Engine.load(tmp_path / "policy.toml", shadow=[tmp_path / "shadow.toml"], installed_plugins=False)
    with caplog.at_level(logging.WARNING, "policyengine.shadow"):
        try:
            engine.enforce({**EVENT, "items": items})
        except FlowDenied as denied:
            assert len(items) > 1, denied
    assert [record.getMessage() for record in caplog.records] == ([told] if told else [])
