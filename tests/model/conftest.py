from __future__ import annotations

from pathlib import Path

import pytest

from policyengine import Engine

RULES = Path(__file__).parents[2] / "rules"

ATTRIBUTES = """\
[policy]
id = "club"
version = "1"
title = {ja = "会の方針", en = "Club policy"}
governs = "anyone"

[vocabulary.subjects]
member = {ja = "会員", en = "member"}
[vocabulary.items]
name = {ja = "氏名", en = "name"}
[vocabulary.purposes]
letter = {ja = "会報", en = "letter"}

[vocabulary.attributes]
age = {type = "integer", ja = "年齢", en = "age"}
score = {type = "number", ja = "得点", en = "score"}
guest = {type = "boolean", ja = "ゲスト", en = "guest"}
region = {type = "string", ja = "地域", en = "region"}

[[clause]]
number = "1"
summary = {ja = "会員の情報は会報に使う", en = "Members' data serve the letter."}
[[clause.purpose-limitation]]
subjects = ["member"]
purposes = ["letter"]
attributes.age.at_least = 16
"""


@pytest.fixture(scope="session")
def engine() -> Engine:
    """The reference policy."""
    return Engine.load(RULES / "alc-smart-learning", installed_plugins=False)


@pytest.fixture(scope="session")
def club(tmp_path_factory: pytest.TempPathFactory) -> Engine:
    """A policy of anyone's that declares an attribute of each type."""
    path = tmp_path_factory.mktemp("club") / "club.toml"
    path.write_text(ATTRIBUTES, encoding="utf-8")
    return Engine.load(path, installed_plugins=False)
