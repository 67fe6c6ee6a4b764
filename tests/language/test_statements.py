"""A kind of a careless author: whatever its tables are lowered to that is no rule is a problem at its file and line."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from types import MappingProxyType
from typing import Any

import pytest
from msgspec.structs import replace

from policyengine import Engine, PolicyError, Text, hookimpl
from policyengine.language.statements import Statement
from policyengine.model import (
    ALWAYS,
    NEVER,
    And,
    Compare,
    Duty,
    Field,
    Holds,
    In,
    Not,
    NotIn,
    Or,
    Permit,
    Replacement,
    Restriction,
    Same,
    all_of,
)

POLICY = """
[policy]
id = "shop"
version = "1"
title = {ja = "店", en = "shop"}
governs = ["shop"]

[vocabulary.subjects]
customer = {ja = "客", en = "customer"}

[vocabulary.items]
contact = {ja = "連絡先", en = "contact"}
phone = {is_a = "contact", ja = "電話", en = "phone"}

[vocabulary.purposes]
delivery = {ja = "配送", en = "delivery"}

[vocabulary.attributes]
age = {type = "integer", ja = "年齢", en = "age"}
tier = {type = "string", ja = "等級", en = "tier"}
vip = {type = "boolean", ja = "上客", en = "VIP"}

[obligations.tell]
clause = "1"
ja = "知らせる"
en = "Tell them."

[[clause]]
number = "1"
summary = {ja = "配送に使う", en = "Data serve delivery."}
[[clause.purpose-limitation]]
purposes = ["delivery"]
items = ["contact"]

[[clause]]
number = "2"
summary = {ja = "奇", en = "Odd."}

[[clause.odd]]
items = ["phone"]
"""
LINE = POLICY.splitlines().index("[[clause.odd]]") + 1
WHY = Text(ja="だめ", en="no")


class Odd:
    name = "odd"
    title = Text(ja="奇", en="odd")
    summary = Text(ja="奇", en="Odd.")
    properties: Any = MappingProxyType({})
    required = frozenset({"items"})

    def __init__(self, lowers: Any) -> None:
        self.lowers = lowers

    def lower(self, table: Any) -> Any:
        return self.lowers(table)

    @hookimpl
    def policyengine_rule_kinds(self) -> Any:
        return [self]


def permit(table: Any, **changes: Any) -> Permit:
    found = Permit(table.head, frozenset({"use"}), table.condition(), ALWAYS)
    return replace(found, **changes)


def restriction(table: Any, **changes: Any) -> Restriction:
    return replace(Restriction(table.head, "odd", WHY, table.condition()), **changes)


def when(condition: Any) -> Any:
    return lambda table: [restriction(table, when=condition)]


def test_a_sound_one_is_a_rule(tmp_path: Path) -> None:
    def lowers(table: Any) -> Iterator[Any]:
        words = frozenset({"contact", "phone"})
        yield permit(table, licence=True, licensed_by=frozenset({"1"}))
        yield restriction(
            table,
            when=all_of(
                In(Field.ITEM, words, ("contact",)),
                NotIn(Field.COUNTRY, frozenset({"JP"}), ("JP",)),
                In(Field.RECIPIENT, frozenset({"anybody-kk"}), ("anybody-kk",)),
                Same(Field.SUBJECT_ID, Field.RECIPIENT),
                Or((Compare("age", "below", 16), Compare("tier", "is", "gold"), Compare("vip", "is_not", True))),
            ),
            unless=Not(Holds("consent")),
            exempt=Holds("request", (("kind", frozenset({"erase"})),), frozenset({"items"}), frozenset({"purposes"})),
            only=frozenset({"1"}),
            spares=frozenset(),
            cited=True,
            instead=("tell",),
        )
        yield Replacement(table.head, frozenset({"1"}), NEVER)
        yield Duty(table.head, ALWAYS)

    seen: list[Any] = []
    load(tmp_path, lambda table: seen.extend(Statement(one, table).wrong() for one in lowers(table)) or [])
    assert [list(one) for one in seen] == [[]] * 4


def load(tmp_path: Path, lowers: Any) -> list[str]:
    file = tmp_path / "shop.toml"
    file.write_text(POLICY, "utf-8")
    try:
        Engine.load(file, plugins=[Odd(lowers)], installed_plugins=False)
    except PolicyError as error:
        return [problem.line("en").removeprefix(f"{file}:") for problem in error.problems]
    return []


NONSENSE: list[tuple[Any, str]] = [
    (lambda _: None, "lower: expected Permit, Restriction"),
    (lambda _: 7, "lower: expected Permit"),
    (lambda _: ["permit"], "str: expected Permit"),
    (lambda _: [None], "NoneType: expected Permit"),
    (lambda table: [table.condition()], "In: expected Permit"),
    (lambda table: [permit(table, head=None)], "Permit.head: expected table.head"),
    (lambda table: [permit(table, head=replace(table.head, clause="9"))], "Permit.head: expected table.head"),
    (
        lambda table: [permit(table, head=replace(table.head, obligations=("tel",)))],
        'Permit.head.obligations: expected an obligation that the policy declares (did you mean "tell"?)',
    ),
    (lambda table: [permit(table, operations={"use"})], "Permit.operations: expected a frozenset of texts"),
    (
        lambda table: [permit(table, operations=frozenset({"usee"}))],
        'seven operations (did you mean "use"?)',
    ),
    (lambda table: [permit(table, licence=1)], "Permit.licence: expected True or False"),
    (lambda table: [permit(table, licensed_by="1")], "Permit.licensed_by: expected a frozenset"),
    (lambda table: [permit(table, licensed_by=frozenset({"3"}))], "Permit.licensed_by: expected a clause"),
    (lambda table: [permit(table, about=None)], "Permit.about: expected a condition"),
    (lambda table: [permit(table, terms=lambda event: True)], "Permit.terms: expected a condition"),  # noqa: ARG005
    (lambda table: [restriction(table, code="")], "Restriction.code: expected the code of a reason"),
    (lambda table: [restriction(table, message="no")], "Restriction.message: expected a Text in both languages"),
    (lambda table: [restriction(table, message=Text(ja="", en="no"))], "expected a Text in both languages"),
    (lambda table: [restriction(table, only=["1"])], "Restriction.only: expected a frozenset"),
    (lambda table: [restriction(table, cited=None)], "Restriction.cited: expected True or False"),
    (lambda table: [restriction(table, instead=["tell"])], "Restriction.instead: expected a tuple of texts"),
    (lambda table: [restriction(table, instead=("shout",))], "Restriction.instead: expected an obligation"),
    (lambda table: [Replacement(table.head, frozenset({"9"}), ALWAYS)], "Replacement.clauses: expected a clause"),
    (lambda table: [Duty(table.head, True)], "Duty.when: expected a condition"),  # type: ignore[arg-type]
    (when("items"), "Restriction.when: expected a condition"),
    (when(And([ALWAYS])), "Restriction.when.parts: expected a tuple"),  # type: ignore[arg-type]
    (when(And((ALWAYS, Or((None,))))), "Restriction.when.parts[1].parts[0]: expected a condition"),  # type: ignore[arg-type]
    (
        when(In("items", frozenset({"phone"}), ("phone",))),
        'a Field of policyengine.model (did you mean "item"?)',
    ),  # type: ignore[arg-type]
    (when(In(Field.ITEM, {"phone"}, ("phone",))), "Restriction.when.values: expected a frozenset"),  # type: ignore[arg-type]
    (when(In(Field.ITEM, frozenset({7}), ("phone",))), "Restriction.when.values: expected a frozenset"),  # type: ignore[arg-type]
    (when(In(Field.ITEM, frozenset({"phone"}), "phone")), "Restriction.when.written: expected a tuple"),  # type: ignore[arg-type]
    (
        when(In(Field.ITEM, frozenset({"phone"}), ())),
        "written: expected the terms of which",
    ),
    (when(In(Field.ITEM, frozenset({"contact"}), ("phone",))), "Restriction.when.written: expected the terms"),
    (when(In(Field.ITEM, frozenset({"phne"}), ("phne",))), 'expected a word of the vocabulary (did you mean "phone"?)'),
    (when(NotIn(Field.PURPOSE, frozenset({"x"}), ("x",))), "Restriction.when.values: expected a word"),
    (when(In(Field.OPERATION, frozenset({"reuse"}), ("reuse",))), "Restriction.when.values: expected a word"),
    (when(In(Field.COUNTRY, frozenset({"XX"}), ("XX",))), "Restriction.when.values: expected a word"),
    (when(Same("recipient", Field.SUBJECT_ID)), "Restriction.when.left: expected a Field"),  # type: ignore[arg-type]
    (when(Not(In(Field.ITEM, frozenset({"phone"}), ("phone",)))), "of a field there is NotIn"),
    (when(Not(And((Not(Same(Field.RECIPIENT, Field.SUBJECT_ID)),)))), "of a field there is NotIn"),
    (when(Compare("agee", "below", 16)), 'expected an attribute that the vocabulary declares (did you mean "age"?)'),
    (when(Compare("age", "under", 16)), "Restriction.when.op: expected a comparison"),
    (when(Compare("age", "below", "16")), "Restriction.when.value: expected a value of type integer"),
    (when(Compare("age", "below", True)), "Restriction.when.value: expected a value of type integer"),
    (when(Compare("age", "is", "16")), "Restriction.when.value: expected a value of type integer"),
    (when(Compare("vip", "is", 1)), "Restriction.when.value: expected a value of type boolean"),
    (when(Compare("tier", "below", "gold")), "Restriction.when.op: expected is or is_not"),
    (when(Compare(None, "is", 1)), "expected an attribute"),  # type: ignore[arg-type]
    (when(Holds("consnt")), 'expected a type of fact that the vocabulary declares (did you mean "consent"?)'),
    (when(Holds("request", {"kind": "erase"})), "Restriction.when.where: expected pairs"),  # type: ignore[arg-type]
    (when(Holds("request", (("kind", "erase"),))), "Restriction.when.where: expected pairs"),  # type: ignore[arg-type]
    (when(Holds("request", (("kinds", frozenset({"erase"})),))), 'whose values rules name (did you mean "kind"?)'),
    (when(Holds("request", (("purposes", frozenset({"delivery"})),))), "whose values rules name"),
    (when(Holds("contract", (("kind", frozenset({"confidential"})),))), "expected a value of that field"),
    (
        when(Holds("consent", unheld=frozenset({"item"}))),
        'a field of that type of fact (did you mean "items"?)',
    ),
    (when(Holds("consent", stated={"items"})), "Restriction.when.stated: expected a frozenset"),  # type: ignore[arg-type]
]


@pytest.mark.parametrize(("lowers", "said"), NONSENSE, ids=[str(number) for number in range(len(NONSENSE))])
def test_what_is_no_rule_is_a_problem_with_kind_file_and_line(tmp_path: Path, lowers: Any, said: str) -> None:
    (line,) = load(tmp_path, lowers)
    assert line.startswith(f"{LINE}:")
    assert 'wrong-statement: rule kind "odd" makes no rule of this table; ' in line
    assert said in line


def test_where_a_condition_says_where_it_stands_the_problem_stands_there(tmp_path: Path) -> None:
    (line,) = load(tmp_path, when(In(Field.ITEM, frozenset({"x"}), ("x",), at=("items", 0))))
    assert line.startswith(f"{LINE + 1}:10: ")
    (line,) = load(tmp_path, when(In(Field.ITEM, frozenset({"x"}), ("x",), at=(object(),))))  # type: ignore[arg-type]
    assert line.startswith(f"{LINE}:")


async def later(_: Any) -> Any:
    raise AssertionError("nobody awaits this")


@pytest.mark.parametrize(
    ("lowers", "said"),
    [
        (lambda table: table.values["day"], "KeyError: 'day'"),
        (lambda table: (_ for _ in [table.terms("nothing")]), "KeyError"),
        (lambda _: 1 // 0, "ZeroDivisionError"),
    ],
)
def test_a_kind_that_fails_is_a_problem_with_its_own_line(tmp_path: Path, lowers: Any, said: str) -> None:
    (line,) = load(tmp_path, lowers)
    assert line.startswith(f"{LINE}:")
    assert f'kind-failed: rule kind "odd" failed: {said}' in line
    assert ".py:" in line


def test_a_coroutine_is_no_rules(tmp_path: Path) -> None:
    (line,) = load(tmp_path, later)
    assert "lower: expected Permit" in line


def test_everything_wrong_is_said_at_once(tmp_path: Path) -> None:
    lines = load(tmp_path, lambda table: [7, restriction(table, code="", message="no")])
    assert len(lines) == 3
