"""What each part of enforcement costs over a bare decision: actions, observers, fact sources, ways of calling."""

from __future__ import annotations

import asyncio
import logging
import tempfile
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from corpus import PACK
from timing import Row, over, progress, turn_about

from policyengine import Engine, FactQuery, FactSource, FlowDenied, Step, hookimpl
from policyengine_records import Ledger, Outbox, Store
from policyengine_records import plugin as records

TITLE = "one flow enforced, to the bare decision on it"
TIME = "2026-11-24T09:00:00+09:00"
PERMITTED: dict[str, Any] = {
    "id": "e-1",
    "time": TIME,
    "operation": "use",
    "subject": {"category": "customer", "id": "c-102"},
    "items": ["name", "mobile_email"],
    "purpose": "after-care",
}
DENIED: dict[str, Any] = {
    **PERMITTED,
    "subject": {"category": "employee", "id": "s-7"},
    "items": ["name", "health_checkup_result"],
    "purpose": "welfare",
}
ENTRUSTED: dict[str, Any] = {
    **PERMITTED,
    "operation": "entrust",
    "recipient": {"id": "mailer-kk", "service": "after-service"},
}
FACTS = [
    {"type": "contract", "kind": "confidentiality", "party": "mailer-kk"},
    {"type": "vetting", "party": "mailer-kk"},
]
RECORD = {"number": 7, "full_name": "Hanako", "checkup": "B"}
REDACT = {"redact": {"fields": {"full_name": "name", "checkup": "health_checkup_result"}, "keep": ["number"]}}
EVERY = frozenset({"permit", "deny", "invalid"})
BATCH = 500


class Register:
    """A fact source in memory."""

    name = "register"

    @hookimpl
    def policyengine_fact_sources(self) -> Iterable[FactSource]:
        """Bring itself."""
        return [self]

    def facts(self, queries: Sequence[FactQuery]) -> Sequence[Iterable[Mapping[str, Any]]]:
        """Return the facts about the contractor."""
        return [FACTS for _ in queries]


def _engine(*steps: Step, **options: Any) -> Engine:
    return Engine.load(PACK, installed_plugins=False, steps=steps, **options)


def _enforcing(engine: Engine, payload: Any = None) -> Callable[[object], object]:
    def enforce(event: object) -> object:
        try:
            with engine.flow(event, payload) as flow:  # type: ignore[arg-type]
                return flow
        except FlowDenied:
            return None

    return enforce


def rows(*, quick: bool) -> Iterator[Row]:
    """Yield the rows of this section."""
    repeats = 9 if quick else 41
    _silence()
    bare = _engine()
    with tempfile.TemporaryDirectory() as folder:
        for what, event, measured, note in _parts(Path(folder)):
            progress(f"embedding: {what}")
            events = [event] * 20
            yield Row(TITLE, what, *turn_about(over(bare.evaluate, events), over(measured, events), 20, repeats), note)
    yield from _many(bare, repeats)


def measured(folder: Path) -> Iterator[tuple[str, dict[str, Any], Callable[[object], object], str]]:
    """Yield a bare decision, and each part of enforcement."""
    _silence()
    yield "a bare decision", PERMITTED, _engine().evaluate, ""
    yield from _parts(folder)


def _silence() -> None:
    for name in ("policyengine.decisions", "policyengine.shadow"):
        logging.getLogger(name).addHandler(logging.NullHandler())
        logging.getLogger(name).propagate = False
    logging.getLogger("policyengine.decisions").setLevel(logging.INFO)


def _parts(folder: Path) -> Iterator[tuple[str, dict[str, Any], Callable[[object], object], str]]:
    """Yield what is measured: its name, the event, how it is enforced, and what a reader has to know."""
    yield "enforce, no steps: a permit", PERMITTED, _enforcing(_engine()), ""
    yield (
        "enforce, no steps: a denial, raised and caught",
        DENIED,
        _enforcing(_engine()),
        "",
    )
    yield "log", PERMITTED, _enforcing(_engine(Step("log", on=EVERY))), "the record goes nowhere"
    yield (
        "redact, and the decision on what is left",
        DENIED,
        _enforcing(_engine(Step("redact"), settings=REDACT), RECORD),
        "",
    )
    shadow = _engine(shadow=[PACK], shadow_readings={"stages-of-2-2": "excluded"})
    yield "shadow policies", PERMITTED, _enforcing(shadow), ""
    guarded = _engine().guard(
        operation="use",
        subject={"category": "customer", "id": "c-102"},
        items=["name", "mobile_email"],
        purpose="after-care",
    )(lambda _event: None)
    yield "guard", PERMITTED, guarded, "a fresh id and the time of the call with it"
    loop = asyncio.new_event_loop()
    awaiting = _engine()
    yield (
        "enforce_async",
        PERMITTED,
        lambda event: loop.run_until_complete(awaiting.enforce_async(event)),  # type: ignore[arg-type]
        "the loop begins and ends for each call",
    )
    loop.run_until_complete(loop.shutdown_default_executor())
    loop.close()
    register = _engine(plugins=[Register()])
    yield "a fact source in memory", ENTRUSTED, _enforcing(register), "the bare decision has no facts, and denies"
    timed = _engine(plugins=[Register()], source_timeout=5.0)
    yield "the same within source_timeout", ENTRUSTED, _enforcing(timed), "a thread is asked each time"
    store = Store(f"sqlite:///{folder}/records.db")
    store.upgrade()
    settings = {"records": {"database": f"sqlite:///{folder}/records.db", "ledger": {"source": False}}}
    keeping = _engine(Step("quarantine"), plugins=[records], settings=settings)
    yield "quarantine: the same flow again", DENIED, _enforcing(keeping, RECORD), "it is kept once; processor time"
    outbox = Outbox(store, most=10**9)
    yield (
        "notify: a message into the outbox",
        PERMITTED,
        lambda _event: outbox.add(b"{}"),
        "processor time, not the disk's",
    )
    if find_spec("policyengine_telemetry") is not None:
        from policyengine_telemetry import plugin  # noqa: PLC0415

        for name in ("trace", "count"):
            telling = _engine(Step(name, on=EVERY), plugins=[plugin])
            yield name, PERMITTED, _enforcing(telling), "no SDK is configured: what every host pays"


def _many(bare: Engine, repeats: int) -> Iterator[Row]:
    """Yield the cost of facts from a ledger, one event at a time and in batches."""
    with tempfile.TemporaryDirectory() as folder:
        url = f"sqlite:///{folder}/facts.db"
        store = Store(url)
        store.upgrade()
        ledger = Ledger(store)
        for fact in FACTS:
            ledger.add(fact)
        events = [
            {**ENTRUSTED, "id": f"e-{number}", "subject": {"category": "customer", "id": f"c-{number}"}}
            for number in range(BATCH)
        ]
        settings = {"records": {"database": url}}
        engine = Engine.load(PACK, plugins=[records], installed_plugins=False, settings=settings)
        base = over(bare.evaluate, events)
        title = "facts from a ledger of two facts in SQLite, to the bare decision"
        for what, batch in (("one event at a time", 1), (f"a batch of {BATCH}", BATCH)):
            progress(f"embedding: ledger, {what}")
            assert all(decision.permitted for decision in engine.evaluate_all(events, batch))

            def measured(batch: int = batch) -> object:
                return list(engine.evaluate_all(events, batch))

            yield Row(title, what, *turn_about(base, lambda run=measured: run, BATCH, max(3, repeats // 8)))
