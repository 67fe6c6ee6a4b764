"""A duty of one policy with which that of another is met: the host sees one."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from policyengine import Engine

POLICY = """
[policy]
id = "{name}"
version = "1"
title = {{ja = "{name}", en = "{name}"}}
governs = "anyone"
{layer}

[vocabulary]
subjects.customer = {{ja = "顧客", en = "customer"}}
items.name = {{ja = "氏名", en = "name"}}
items.address = {{ja = "住所", en = "address"}}
purposes.delivery = {{ja = "配送", en = "delivery"}}

[obligations.{duty}]
clause = "1"
ja = "監督する"
en = "Supervise."
{fulfils}

[[clause]]
number = "1"
summary = {{ja = "委託する", en = "Data are entrusted."}}

[[clause.entrustment]]
items = "any"
oblige = [{oblige}]
"""

EVENT: dict[str, Any] = {
    "id": "e",
    "time": "2026-01-01T00:00:00Z",
    "controller": "shop",
    "operation": "entrust",
    "subject": {"category": "customer"},
    "items": ["name", "address"],
    "purpose": "delivery",
    "recipient": {"id": "carrier"},
}


def text(name: str, duty: str, fulfils: str = "", *, layer: bool = False, items: str = "") -> str:
    named = f'{{obligation = "{duty}", for_items = [{items}]}}' if items else f'"{duty}"'
    says = f'fulfils = ["{fulfils}"]' if fulfils else ""
    return POLICY.format(name=name, duty=duty, fulfils=says, layer="layer = true" if layer else "", oblige=named)


def duties(*texts: str, folder: Path) -> list[tuple[str, tuple[str, ...]]]:
    files = []
    for number, found in enumerate(texts):
        file = folder / f"{number}.toml"
        file.write_text(found, encoding="utf-8")
        files.append(file)
    decision = Engine.load(*files).evaluate(EVENT)
    assert decision.permitted
    return [(duty.id, duty.items) for duty in decision.obligations]


def test_what_nobody_fulfils_is_asked_twice(tmp_path: Path) -> None:
    found = duties(text("company", "supervise"), text("law", "watch", layer=True), folder=tmp_path)
    assert found == [("supervise", ()), ("watch", ())]


@pytest.mark.parametrize("order", [1, -1])
def test_the_host_sees_one(order: int, tmp_path: Path) -> None:
    texts = [text("company", "supervise", "watch"), text("law", "watch", layer=True)][::order]
    assert duties(*texts, folder=tmp_path) == [("supervise", ())]


def test_two_that_fulfil_one_another_are_one(tmp_path: Path) -> None:
    texts = text("company", "supervise", "watch"), text("law", "watch", "supervise", layer=True)
    assert len(duties(*texts, folder=tmp_path)) == 1


def test_a_duty_for_some_items_fulfils_no_duty_of_the_whole_flow(tmp_path: Path) -> None:
    some = text("company", "supervise", "watch", items='"name"')
    assert duties(some, text("law", "watch", layer=True), folder=tmp_path) == [("supervise", ("name",)), ("watch", ())]
    law = text("law", "watch", layer=True, items='"name"')
    assert duties(some, law, folder=tmp_path) == [("supervise", ("name",))]
    more = text("law", "watch", layer=True, items='"name", "address"')
    assert len(duties(some, more, folder=tmp_path)) == 2
