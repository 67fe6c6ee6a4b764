"""What a decision pays for facts from a ledger, by how many facts there are, on both databases."""

from __future__ import annotations

import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from timing import Figures, progress

from policyengine import Event, FactQuery
from policyengine_records import Ledger, LedgerSource, Store

TITLE = "facts from a ledger by their number: milliseconds an event"
NUMBERS = (1_000, 20_000, 200_000)
BATCH = 500
EVENT: dict[str, Any] = {
    "id": "e-1",
    "time": "2026-11-24T09:00:00+09:00",
    "operation": "entrust",
    "subject": {"category": "customer", "id": "c-1"},
    "items": ["name"],
    "purpose": "product-information",
    "recipient": {"id": "v-1", "service": "communication"},
}
TYPES = frozenset({"consent", "contract", "legal_basis", "request", "vetting"})


def _contract(number: int) -> Mapping[str, Any]:
    since = f"20{number % 26:02}-0{number % 9 + 1}-01T00:00:00Z"
    return {"type": "contract", "kind": "confidentiality", "party": f"v-{number}", "from": since}


def _consent(number: int) -> Mapping[str, Any]:
    return {"type": "consent", "operations": ["provide"], "subject": f"c-{number}", "purposes": ["publicity"]}


KINDS: Mapping[str, Callable[[int], Mapping[str, Any]]] = {
    "contracts without a person": _contract,
    "consents of persons": _consent,
}


def rows(*, quick: bool) -> Iterator[Figures]:
    """Yield the rows of this section."""
    with tempfile.TemporaryDirectory() as folder, _postgresql() as another:
        places: dict[str, Callable[[str], str]] = {"SQLite": lambda name: f"sqlite:///{folder}/{name}.db"}
        if another is not None:
            places["PostgreSQL"] = lambda _name: another()
        for database, new in places.items():
            clock = time.process_time if database == "SQLite" else time.perf_counter
            note = "" if database == "SQLite" else "elapsed time, the server's work and others' included"
            for what, fact in KINDS.items():
                for number in NUMBERS[: 2 if quick else 3]:
                    progress(f"ledger: {database}, {number:,} {what}")
                    store = Store(new(f"{what}{number}"), timeout=600)
                    store.upgrade()
                    Ledger(store).import_(map(fact, range(number)))
                    figures = _figures(LedgerSource(store), number, clock, 300 if quick else 2_000)
                    store.close()
                    yield Figures(f"{TITLE}, {database}", f"{number:,} {what}", figures, note)


def _figures(source: LedgerSource, number: int, clock: Callable[[], float], times: int) -> Mapping[str, float]:
    def query(index: int) -> FactQuery:
        one = index * 7919 % number
        subject = {"category": "customer", "id": f"c-{one}"}
        return FactQuery(Event.from_mapping({**EVENT, "subject": subject, "recipient": {"id": f"v-{one}"}}), TYPES)

    alone = [[query(index)] for index in range(times)]
    batches = [[query(start + index) for index in range(BATCH)] for start in range(0, times, BATCH // 10)]
    figures: dict[str, float] = {}
    for name, asked in (("alone", alone), (f"batches of {BATCH}", batches)):
        source.facts(asked[0])
        samples = sorted(_timed(source, queries, clock) / len(queries) * 1_000 for queries in asked)
        figures |= {
            f"{name}: p50": samples[len(samples) // 2],
            f"{name}: p99": samples[len(samples) * 99 // 100],
            f"{name}: max": samples[-1],
        }
    return figures


def _timed(source: LedgerSource, queries: Sequence[FactQuery], clock: Callable[[], float]) -> float:
    began = clock()
    source.facts(queries)
    return clock() - began


@contextmanager
def _postgresql() -> Iterator[Callable[[], str] | None]:
    """Start a PostgreSQL as the tests do; yield what makes a new, empty place in it, or None where there is none."""
    root = Path(__file__).parents[1]
    sys.path += [str(root / "tests"), str(root / "plugins" / "records" / "tests")]
    from _pytest.outcomes import Skipped  # noqa: PLC0415

    from ledger_servers import Server, programs_or_skip  # noqa: PLC0415

    try:
        programs = programs_or_skip()
    except Skipped:
        progress("  PostgreSQL is left out: it is not installed")
        yield None
        return
    server = Server(programs)
    try:
        yield server.new
    finally:
        server.remove()
