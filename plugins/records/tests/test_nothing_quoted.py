"""What is written down of a flow quotes no value of an event or a fact, and no message of an action or a source.

Wherever a value stands, of whatever type it is, and whatever a field is called: codes, clauses and paths are told. What
was decided is in words where somebody asks for it: `Decision.explain`, and the messages of its reasons.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Iterator, Sequence
from copy import deepcopy
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from policyengine import Engine, FlowDenied, Reduction, Step, Text, hookimpl, problem_document
from policyengine_records import Outbox, Store
from policyengine_records.outbox.courier import Courier
from policyengine_records.outbox.notify import Notify
from receiver import SECRET

PACK = Path(__file__).parents[3] / "rules" / "alc-smart-learning"
PRIVATE = "yamada-hanako"
EVENTS: list[dict[str, Any]] = [
    {
        "id": "e-1",
        "time": "2026-11-24T09:00:00+09:00",
        "operation": "entrust",
        "actor": {"id": "clerk", "role": "sales"},
        "subject": {"category": "customer", "id": "c-102"},
        "items": ["name", "mobile_email"],
        "purpose": "product-information",
        "form": "identifiable",
        "origin": "direct",
        "recipient": {"id": "mailer-kk", "service": "communication", "country": "JP"},
        "attributes": {"campaign": "spring"},
        "facts": [{"type": "vetting", "party": "mailer-kk"}],
    },
    {
        "id": "e-2",
        "time": "2026-11-24T09:00:00+09:00",
        "operation": "acquire",
        "subject": {"category": "employee"},
        "items": ["name", "health_checkup_result"],
        "purpose": "health-management",
        "source": {"id": "hospital", "country": "JP"},
        "acquired": "2026-11-24T09:00:00+09:00",
    },
]
FACTS: list[dict[str, Any]] = [
    {"type": "contract", "kind": "confidentiality", "party": "mailer-kk", "from": "2026-01-01T00:00:00+09:00"},
    {"type": "consent", "subject": "c-102", "operations": ["provide"], "items": ["name"], "recipients": ["mailer-kk"]},
]
VALUES: list[Any] = [
    PRIVATE,
    [PRIVATE],
    {PRIVATE: PRIVATE},
    [{PRIVATE: 1}],
    f" {PRIVATE}",
    f"{PRIVATE}\n",
    PRIVATE * 50,
]


def places(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """Yield the ways to all that a value holds; the way to a key that is not there yet ends in `PRIVATE`."""
    if path and path != ("id",):
        yield path
    if isinstance(value, dict):
        yield (*path, PRIVATE)
    for key, inner in value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ():
        yield from places(inner, (*path, key))


def put(value: Any, path: Sequence[Any], what: Any) -> None:
    """Put something at a place, if the place is still there."""
    *way, last = path
    try:
        for key in way:
            value = value[key]
        if not isinstance(value, str):
            value[last] = what
    except (LookupError, TypeError):
        pass


@st.composite
def changed(draw: st.DrawFn, among: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """Draw one with what is private in some of its places."""
    found = deepcopy(draw(st.sampled_from(among)))
    for path in draw(st.lists(st.sampled_from(list(places(found))), min_size=1, max_size=3)):
        put(found, path, draw(st.sampled_from(VALUES)))
    return found


class Host:
    """A source and an action that say what they know wherever they can."""

    name = "host"
    stage = "tell"
    facts_known: Any = ()
    acts = "quietly"

    def facts(self, queries: Any) -> list[Any]:
        if self.facts_known is None:
            raise LookupError(PRIVATE)
        return [self.facts_known for _ in queries]

    def act(self, _: Any) -> Any:
        if self.acts == "stops":
            return Reduction(stop=Text(PRIVATE, PRIVATE))
        if self.acts == "fails":
            raise RuntimeError(PRIVATE)
        return PRIVATE if self.acts == "returns nonsense" else None


class Lines(logging.Handler):
    """Keeps what is logged, without what the errors of a plugin say: that its own log has."""

    def __init__(self) -> None:
        super().__init__()
        self.lines: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        fields = vars(record).get("policyengine", "")
        self.lines.append(f"{record.name} {record.getMessage()} {fields}")


@pytest.fixture(scope="module")
def telling(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Engine, Host, Outbox, Lines]]:
    host, lines = Host(), Lines()
    store = Store(f"sqlite:///{tmp_path_factory.mktemp('told') / 'records.db'}")
    store.upgrade()
    notify = Notify(Courier(Outbox(store), "http://127.0.0.1:9/hook", SECRET, timeout=1.0))

    class Plugin:
        @hookimpl
        def policyengine_enforcement_actions(self) -> list[Any]:
            return [notify, host]

        @hookimpl
        def policyengine_fact_sources(self) -> list[Any]:
            return [host]

    always = frozenset({"permit", "deny", "invalid"})
    steps = [Step(name, on=always, mandatory=True) for name in ("notify", "host", "log")]
    logger = logging.getLogger("policyengine")
    logger.addHandler(lines)
    try:
        with Engine.load(PACK, plugins=[Plugin()], installed_plugins=False, steps=steps) as engine:
            yield engine, host, notify.outbox, lines
    finally:
        logger.removeHandler(lines)


@settings(deadline=None)  # the first example loads what the others have
@given(
    st.sampled_from(EVENTS) | changed(EVENTS),
    st.one_of(st.none(), st.just(PRIVATE), st.lists(st.sampled_from(FACTS) | changed(FACTS), max_size=2)),
    st.sampled_from(["quietly", "stops", "fails", "returns nonsense"]),
)
def test_codes_clauses_and_paths_are_told(
    telling: tuple[Engine, Host, Outbox, Lines], event: dict[str, Any], facts: Any, acts: str
) -> None:
    engine, host, outbox, lines = telling
    host.facts_known, host.acts = facts, acts
    lines.lines.clear()
    told: list[str] = []
    try:
        decision = engine.enforce(event)
    except FlowDenied as denied:
        decision = denied.decision
        told = [str(denied), repr(denied), json.dumps(problem_document(denied, engine.policies, "ja"))]
        assert decision.outcome in told[0] and event["id"] in told[0]
        for reason in decision.reasons:
            assert reason.code in told[0] or "more" in told[0]
            if reason.code.startswith(("source-", "action-failed")):
                told.append(str(reason.message))
    *_, message = outbox.messages()
    written = message.body.decode()
    assert json.loads(written)["data"]["event"] == event["id"] and lines.lines
    for text in (*told, *lines.lines, written):
        assert PRIVATE not in text
