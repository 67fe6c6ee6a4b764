"""Facts are gathered in batches and only where a rule can ask for one; what cannot be gathered denies."""

from __future__ import annotations

import subprocess
import sys
import threading
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest

from policyengine import Engine, Event, hookimpl
from policyengine.hooks import FactQuery, FactSource

ROOT = Path(__file__).parents[2]
PACK = ROOT / "rules" / "alc-smart-learning"
ENTRUST = {
    "id": "e-1",
    "time": "2026-11-24T09:00:00+09:00",
    "operation": "entrust",
    "subject": {"category": "customer"},
    "items": ["name"],
    "purpose": "product-information",
    "recipient": {"id": "mailer-kk", "service": "communication"},
}
FACTS = [
    {"type": "contract", "kind": "confidentiality", "party": "mailer-kk"},
    {"type": "vetting", "party": "mailer-kk"},
]


class Register:
    """A source that notes what it is asked, and does what it is told."""

    def __init__(self, name: str, answer: Any) -> None:
        self.name = name
        self.answer = answer
        self.asked: list[list[FactQuery]] = []

    @hookimpl
    def policyengine_fact_sources(self) -> Iterable[FactSource]:
        return [self]

    def facts(self, queries: Sequence[FactQuery]) -> Sequence[Iterable[Mapping[str, Any]]]:
        self.asked.append(list(queries))
        found = self.answer(queries) if callable(self.answer) else [self.answer for _ in queries]
        return found  # type: ignore[no-any-return]


def loaded(*sources: Register, **options: Any) -> Engine:
    return Engine.load(PACK, plugins=sources, installed_plugins=False, **options)


def batch(number: int) -> list[dict[str, Any]]:
    return [{**ENTRUST, "id": f"e-{n}"} for n in range(number)]


def test_one_question_for_many_events() -> None:
    one, two = Register("one", FACTS[:1]), Register("two", FACTS[1:])
    decisions = list(loaded(one, two).evaluate_all(batch(1200), batch=500))
    assert all(decision.permitted for decision in decisions)
    assert [len(asked) for asked in one.asked] == [500, 500, 200]
    assert [len(asked) for asked in two.asked] == [500, 500, 200]


def test_many_are_decided_as_each_alone() -> None:
    lines = [line for line in (ROOT / "examples" / "alc-month.jsonl").read_bytes().splitlines() if line.strip()]
    engine = loaded(Register("one", FACTS))
    assert list(engine.evaluate_all(lines, batch=7)) == [engine.evaluate_json(line) for line in lines]


def test_nothing_is_asked_where_no_rule_can_ask() -> None:
    source = Register("one", FACTS)
    engine = loaded(source)
    unlisted = {**ENTRUST, "purpose": "no-such-purpose"}
    malformed = {**ENTRUST, "items": []}
    ungoverned = {**ENTRUST, "controller": "somebody-kk"}
    assert [engine.evaluate(event).outcome for event in (unlisted, malformed, ungoverned)] == [
        "deny",
        "invalid",
        "deny",
    ]
    assert source.asked == []


def test_only_what_rules_can_ask_for_is_asked() -> None:
    source = Register("one", FACTS)
    engine = loaded(source)
    assert engine.evaluate(ENTRUST).permitted
    ((query,),) = source.asked
    assert {"contract", "vetting"} <= query.types
    assert engine.evaluate({**ENTRUST, "operation": "use", "recipient": {"id": "mailer-kk"}}).event == "e-1"
    asked = {name for queries in source.asked[1:] for query in queries for name in query.types}
    assert not {"contract", "vetting"} & asked


def failing(_queries: Sequence[FactQuery]) -> Any:
    raise ConnectionError("the register is away")


@pytest.mark.parametrize(
    ("answer", "code", "said"),
    [
        (failing, "source-unavailable", "did not answer: ConnectionError"),
        (lambda _: [], "source-unavailable", "1 queries, 0 answers"),
        (lambda _: 7, "source-unavailable", "did not answer: TypeError"),
        ([{"type": "vetting"}], "source-invalid", "$.facts[0].party"),
        ([7], "source-invalid", "register"),
        ({}, "source-unavailable", "dict in place of a list"),
        ("", "source-unavailable", "str in place of a list"),
        ({"facts": []}, "source-unavailable", "dict in place of a list"),
        (lambda _: {"": []}, "source-unavailable", "dict in place of a list"),
        (lambda _: "", "source-unavailable", "str in place of a list"),
    ],
)
def test_what_a_source_cannot_say_denies(answer: Any, code: str, said: str) -> None:
    decision = loaded(Register("register", answer)).evaluate(ENTRUST)
    (reason,) = decision.reasons
    assert (decision.outcome, reason.code, decision.excess_items) == ("deny", code, ("name",))
    assert "register" in reason.message.en
    assert said in reason.message.en


def test_a_source_changes_nothing_about_the_event() -> None:
    event = {**ENTRUST, "attributes": {"campaign": "spring"}, "facts": FACTS}

    def careless(queries: Sequence[FactQuery]) -> list[list[dict[str, Any]]]:
        for query in queries:
            with pytest.raises(TypeError):
                query.event.attributes["campaign"] = "autumn"  # type: ignore[index]
            for fact in query.event.facts:
                fact["party"] = "nobody"  # type: ignore[index]
                fact["until"] = "2000-01-01T00:00:00Z"  # type: ignore[index]
        return [[] for _ in queries]

    source = Register("register", careless)
    assert loaded(source).evaluate(event).permitted
    assert loaded(source).evaluate(Event.from_mapping(event)).permitted
    assert source.asked[0][0].event.as_dict() == event


def test_a_malformed_fact_about_one_event_leaves_the_others_alone() -> None:
    def answer(queries: Sequence[FactQuery]) -> list[list[dict[str, Any]]]:
        return [[{"type": "vetting"}] if query.event.id == "e-1" else FACTS for query in queries]

    decisions = list(loaded(Register("one", answer)).evaluate_all(batch(3)))
    assert [decision.outcome for decision in decisions] == ["permit", "deny", "permit"]


def test_a_source_that_takes_too_long_denies() -> None:
    waiting = threading.Event()

    def answer(queries: Sequence[FactQuery]) -> list[Any]:
        waiting.wait(60)
        return [FACTS for _ in queries]

    try:
        decision = loaded(Register("slow", answer), source_timeout=0.05).evaluate(ENTRUST)
        (reason,) = decision.reasons
        assert reason.code == "source-unavailable"
        assert reason.message.en == 'fact source "slow" did not answer: no answer within 0.05 s'
    finally:
        waiting.set()


def test_a_source_within_its_time_is_heard() -> None:
    assert loaded(Register("one", FACTS), source_timeout=60).evaluate(ENTRUST).permitted


def test_a_timeout_of_the_sources_own_is_told_as_that() -> None:
    def answer(_queries: Sequence[FactQuery]) -> Any:
        raise TimeoutError

    for options in ({}, {"source_timeout": 60}):
        (reason,) = loaded(Register("one", answer), **options).evaluate(ENTRUST).reasons
        assert reason.message.en == 'fact source "one" did not answer: TimeoutError'


HUNG = """
import sys, threading
sys.path[:0] = sys.argv[1:]
from engine.test_gather import ENTRUST, Register, loaded
hung = Register("hung", lambda queries: threading.Event().wait())
for _ in range(3):
    print(loaded(hung, source_timeout=0.01).evaluate(ENTRUST).reasons[0].code)
engine = loaded(hung, source_timeout=0.01)
print(*{engine.evaluate(ENTRUST).reasons[0].code for _ in range(40)})  # more than may be under way
"""


def test_a_source_that_never_comes_back_holds_up_no_process() -> None:
    done = subprocess.run(
        [sys.executable, "-c", HUNG, str(ROOT / "tests")], capture_output=True, text=True, check=True, timeout=120
    )
    assert set(done.stdout.split()) == {"source-unavailable"}
