"""A small pack with its suite, in a folder of its own."""

from __future__ import annotations

from pathlib import Path

POLICY = """\
[policy]
id = "my-shop"
version = "1"
title = {ja = "方針", en = "Policy"}
governs = ["shop"]

[vocabulary.subjects]
customer = {ja = "お客様", en = "customer"}
visitor = {ja = "サイトを訪れた人", en = "visitor"}

[vocabulary.items]
name = {ja = "氏名", en = "name"}
postal_address = {ja = "住所", en = "postal address"}

[vocabulary.purposes]
delivery = {ja = "配送", en = "delivery"}
advertising = {ja = "広告", en = "advertising"}

[[clause]]
number = "1"
summary = {ja = "お客様の情報は配送のために使う", en = "Customers' data serve delivery."}

[[clause.purpose-limitation]]
subjects = ["customer"]
purposes = ["delivery"]
"""

EVENTS = """\
[events.use]
time = "2026-06-01T10:00:00+09:00"
operation = "use"
subject = {category = "customer", id = "c-1"}
items = ["name"]
purpose = "delivery"
"""

DELIVERY = """
[[case]]
name = "an order is delivered"
base = "use"
expect = "permit"
clauses = ["1"]
"""

NO_ADVERTISING = """
[[case]]
name = "no advertising"
base = "use"
purpose = "advertising"
expect = "deny"
"""

NO_VISITOR = """
[[case]]
name = "no visitor, 100 %"
base = "use"
subject.category = "visitor"
expect = "deny"
"""

WRONG = """
[[case]]
name = "advertising: wrong, 100 %"
base = "use"
purpose = "advertising"
expect = "permit"
clauses = ["1", "2"]
"""

WRONG_TOO = """
[[case]]
name = "wrong <too>"
base = "use"
items = ["name", "postal_address"]
expect = "deny"
excess_items = ["name"]
"""

ACQUIRED = DELIVERY.replace("an order is delivered", "acquired").replace("expect", 'operation = "acquire"\nexpect')
KEPT = DELIVERY.replace("an order is delivered", "kept").replace("expect", 'operation = "retain"\nexpect')
ENTRUSTED = """
[[case]]
name = "nothing is entrusted"
base = "use"
operation = "entrust"
recipient.id = "mailer-kk"
expect = "deny"
"""

PASSING = (DELIVERY, NO_ADVERTISING, NO_VISITOR)
ALL = (*PASSING, ACQUIRED, KEPT, ENTRUSTED)
MIXED = (DELIVERY, WRONG, NO_VISITOR, WRONG_TOO)


def shop(folder: Path, *cases: str, name: str = "shop") -> Path:
    """Write the pack and a suite with `cases` into a new folder of `folder`, and return it."""
    pack = folder / name
    pack.mkdir()
    (pack / "policy.toml").write_text(POLICY, "utf-8")
    if cases:
        (pack / "cases.test.toml").write_text(EVENTS + "".join(cases), "utf-8")
    return pack


def line_of(text: str, file: Path) -> int:
    """Return the line of `file` that has `text`, counted from one."""
    return next(number for number, line in enumerate(file.read_text("utf-8").splitlines(), 1) if text in line)
