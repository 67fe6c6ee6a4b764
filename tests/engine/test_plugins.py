"""Plugins: a third party's kinds and sources work as the built-in ones do, and what is wrong is said at start."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest

from policyengine import Engine, FactQuery, FactSource, PluginError, RuleKind, Text, hookimpl
from policyengine.engine.plugins import Plugins
from policyengine.language.table import RuleTable
from policyengine.model.condition import Field, In
from policyengine.model.rule import Restriction, Rule

PACK = Path(__file__).parents[2] / "rules" / "alc-smart-learning"
EVENT = {
    "id": "e-1",
    "time": "2026-11-24T09:00:00+09:00",
    "operation": "entrust",
    "subject": {"category": "customer"},
    "items": ["name"],
    "purpose": "after-care",
    "recipient": {"id": "mailer-kk", "service": "after-service"},
}
CONTRACT = {"type": "contract", "kind": "confidentiality", "party": "mailer-kk"}
VETTING = {"type": "vetting", "party": "mailer-kk"}


class Register:
    """A fact source of the test's own."""

    name = "register"

    def __init__(self, facts: Any) -> None:
        self.known = facts
        self.asked: list[FactQuery] = []

    def facts(self, queries: Sequence[FactQuery]) -> Sequence[Iterable[Mapping[str, Any]]]:
        self.asked += queries
        return [self.known for _ in queries]


class Sources:
    def __init__(self, *sources: FactSource) -> None:
        self.sources = sources

    @hookimpl
    def policyengine_fact_sources(self) -> Iterable[FactSource]:
        return self.sources


class Curfew:
    """A kind of rule that no built-in one is: these items do not leave at all."""

    name = "curfew"
    title = Text(ja="持出禁止", en="curfew")
    summary = Text(ja="挙げた項目は外に出さない", en="These items do not leave.")
    properties: Mapping[str, Any] = {}
    required = frozenset({"items"})

    def lower(self, table: RuleTable) -> Iterable[Rule]:
        out = frozenset({"joint_use", "entrust", "provide"})
        written, items = table.terms("items")
        yield Restriction(
            table.head,
            code="curfew",
            message=Text(ja="外に出せない項目です", en="this does not leave"),
            when=In(Field.ITEM, items, written),
            unless=In(Field.OPERATION, frozenset({"acquire", "use", "disclose"}) - out, ("use",)),
        )


class Kinds:
    @hookimpl
    def policyengine_rule_kinds(self) -> Iterable[RuleKind]:
        return [Curfew()]


def load(*plugins: object) -> Engine:
    return Engine.load(PACK, plugins=plugins, installed_plugins=False)


def test_facts_of_a_source_count_as_those_of_the_event() -> None:
    register = Register([CONTRACT, VETTING])
    decision = load(Sources(register)).evaluate(EVENT)
    assert decision == load().evaluate({**EVENT, "facts": [CONTRACT, VETTING]})
    assert decision.permitted
    (query,) = register.asked
    assert query.event.id == "e-1"
    assert {"contract", "vetting", "consent"} <= query.types
    assert "vetting of the contractor" in decision.explain("en")


@pytest.mark.parametrize(
    "facts",
    [
        [{"type": "contract"}],
        [{"type": "gift"}],
        [{"type": "consent", "operations": []}],
        [{"type": "vetting", "party": "mailer-kk", "from": "yesterday"}],
        ["no fact"],
        [None],
    ],
)
def test_a_malformed_fact_of_a_source_denies(facts: list[Any]) -> None:
    permitted = {**EVENT, "facts": [CONTRACT, VETTING]}
    decision = load(Sources(Register(facts))).evaluate(permitted)
    assert (decision.outcome, decision.excess_items) == ("deny", ("name",))
    (reason,) = decision.reasons
    assert reason.code == "source-invalid"
    assert "register" in reason.message.ja
    assert "register" in decision.explain("en")


def test_a_source_is_not_blamed_for_the_event() -> None:
    decision = load(Sources(Register([CONTRACT]))).evaluate({**EVENT, "facts": [{"type": "gift"}]})
    assert decision.outcome == "invalid"
    assert decision.errors[0].path == "$.facts[0].type"


def test_a_kind_of_ones_own(tmp_path: Path) -> None:
    file = tmp_path / "policy.toml"
    file.write_text(
        """
[policy]
id = "tiny"
version = "1"
title = {ja = "小さな方針", en = "tiny"}
governs = ["tiny-kk"]

[vocabulary.subjects]
member = {ja = "会員", en = "member"}
[vocabulary.purposes]
care = {ja = "世話", en = "care"}
[vocabulary.items]
diary = {ja = "日記", en = "diary"}
page = {is_a = "diary", ja = "頁", en = "page"}
name = {ja = "氏名", en = "name"}

[[clause]]
number = "1"
summary = {ja = "世話のために預ける", en = "Entrusted for care."}
[[clause.entrustment]]
purposes = ["care"]
[[clause]]
number = "2"
summary = {ja = "日記は外に出さない", en = "Diaries do not leave."}
[[clause.curfew]]
items = ["diary"]
""",
        "utf-8",
    )
    with pytest.raises(Exception, match="unknown-kind"):
        Engine.load(file, installed_plugins=False)
    engine = Engine.load(file, plugins=[Kinds()], installed_plugins=False)
    event = {
        "id": "e",
        "time": "2026-01-01T00:00:00Z",
        "operation": "entrust",
        "subject": {"category": "member"},
        "items": ["name", "page"],
        "purpose": "care",
        "recipient": {"id": "mailer-kk"},
    }
    decision = engine.evaluate(event)
    assert (decision.permitted_items, decision.excess_items) == (("name",), ("page",))
    assert [(reason.code, reason.clause) for reason in decision.reasons] == [("curfew", "2")]
    assert "持出禁止" in decision.explain("ja")


class Misspelt:
    @hookimpl
    def policyengine_fact_source(self) -> Iterable[FactSource]:
        return []


class WrongArgument:
    @hookimpl
    def policyengine_fact_sources(self, engine: Any) -> Iterable[FactSource]:  # noqa: ARG002
        return []


class MisspeltArgument:
    @hookimpl
    def policyengine_fact_sources(self, setings: Any) -> Iterable[FactSource]:  # noqa: ARG002
        return []


class Redact:
    name = "redact"

    @hookimpl
    def policyengine_fact_sources(self) -> Iterable[FactSource]:
        return []


class WrongObject:
    @hookimpl
    def policyengine_fact_sources(self) -> Iterable[Any]:
        return [object()]


class Raising:
    @hookimpl
    def policyengine_rule_kinds(self) -> Iterable[RuleKind]:
        raise RuntimeError("no kinds today")


class Again:
    @hookimpl
    def policyengine_rule_kinds(self) -> Iterable[RuleKind]:
        found = Plugins(installed=False).kinds["prohibition"]
        return [found]


@pytest.mark.parametrize(
    ("plugin", "said"),
    [
        (Misspelt(), 'did you mean "policyengine_fact_sources"'),
        (WrongArgument(), "engine"),
        (MisspeltArgument(), "unknown argument 'setings': did you mean \"settings\""),
        (Redact(), 'there is a plugin named "redact" already$'),
        (WrongObject(), "which is no fact source: it has no name and no facts"),
        (Raising(), "no kinds today"),
        (Again(), 'rule kind "prohibition"; there is one of that name already, of plugin "kinds"'),
    ],
    ids=lambda value: type(value).__name__,
)
def test_what_is_wrong_is_said_at_start(plugin: object, said: str) -> None:
    with pytest.raises(PluginError, match=said):
        load(plugin)


def test_engines_share_no_plugins() -> None:
    assert load(Sources(Register([CONTRACT, VETTING]))).evaluate(EVENT).permitted
    assert not load().evaluate(EVENT).permitted


def test_the_built_in_ones_are_described() -> None:
    found = {plugin.name: plugin.hooks for plugin in Plugins(installed=False).describe()}
    assert found["kinds"] == ("policyengine_rule_kinds",)
    assert "policyengine_enforcement_actions" in found["redact"]
