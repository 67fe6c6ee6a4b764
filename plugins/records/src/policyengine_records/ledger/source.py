"""The ledger as a fact source: one query for a batch of events, for what their decisions can depend on."""

from __future__ import annotations

import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, NamedTuple

from sqlalchemy import Integer, String, and_, case, column, func, literal, select, union_all, values

from policyengine import FactQuery
from policyengine_records.ledger.entry import fact_of, moment
from policyengine_records.ledger.ledger import Ledger, newest
from policyengine_records.ledger.tables import entries, parties

CHUNK = 2000
"""How many events go into one query; SQLite takes no more than some 32,000 values."""

KEPT = 10_000
"""How many answers a cache keeps."""


class Asked(NamedTuple):
    """What an answer depends on, but for time."""

    subject: str | None
    recipient: str | None
    types: frozenset[str]


class Known(NamedTuple):
    """A fact of an answer, with its time taken apart."""

    start: int
    end: int
    type: str
    fact: Mapping[str, Any]


class LedgerSource:
    """Answers an engine's questions from a ledger.

    Facts of one type that differ only in a person or recipient whom the event does not concern tell a decision one
    and the same thing, so one of them stands for all (section 2 of the contract: a rule may leave a recipient unheld;
    an event without `subject.id` might be about anybody). So an answer is as long as the different things that facts
    say, not as the register.

    Args:
        ledger: the ledger.
        cache: for how many seconds an answer may be used again; 0 asks every time. What is written through `ledger`
            itself is seen at once, and what another host writes after this time at the latest.
        kept: how many answers the cache keeps; those looked up last.
        as_of: answer as the ledger was known at this moment; None is now.
        clock: seconds that never go back, for the age of answers.
    """

    name = "ledger"

    def __init__(
        self,
        ledger: Ledger,
        *,
        cache: float = 0.0,
        kept: int = KEPT,
        as_of: str | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._ledger = ledger
        self._age = cache
        self._kept = kept
        self._as_of = None if as_of is None else moment(as_of)
        self._clock = clock
        self._answers: OrderedDict[Asked, tuple[float, list[Known]]] = OrderedDict()
        self._writes = 0
        self._lock = threading.Lock()
        ledger.heard(self._forget)

    def facts(self, queries: Sequence[FactQuery]) -> Sequence[Iterable[Mapping[str, Any]]]:
        """Return the facts that count at the time of each event.

        Raises:
            LedgerUnavailable: the database did not answer in time.
        """
        asked = [Asked(query.event.subject_id, query.event.recipient_id, query.types) for query in queries]
        instants = [query.event.instant for query in queries]
        known = self._cached(asked) if self._age > 0 else self._looked_up(list(zip(asked, instants, strict=True)))
        return [
            [one.fact for one in answer if one.start <= instant < one.end]
            for answer, instant in zip(known, instants, strict=True)
        ]

    def _forget(self) -> None:
        with self._lock:
            self._writes += 1
            self._answers.clear()

    def _cached(self, asked: Sequence[Asked]) -> list[list[Known]]:
        now = self._clock()
        found: dict[Asked, list[Known]] = {}
        with self._lock:
            writes = self._writes
            for one in dict.fromkeys(asked):
                stamp, answer = self._answers.get(one, (0.0, None))
                if answer is not None and now - stamp < self._age:
                    found[one] = answer
        missing = [one for one in dict.fromkeys(asked) if one not in found]
        answers = dict(zip(missing, self._looked_up([(one, None) for one in missing]), strict=True))
        with self._lock:
            if writes == self._writes:  # else something was written meanwhile, perhaps after it was looked up
                for one, answer in answers.items():
                    self._answers[one] = (now, answer)
                    self._answers.move_to_end(one)
                while len(self._answers) > self._kept:
                    self._answers.popitem(last=False)
        found.update(answers)
        return [found[one] for one in asked]

    def _looked_up(self, asked: Sequence[tuple[Asked, int | None]]) -> list[list[Known]]:
        """Look up answers, each at an instant, or for all times where that is None."""
        distinct = list(dict.fromkeys(one for one in asked if one[0].types))
        answers: dict[tuple[Asked, int | None], list[Known]] = {one: [] for one in asked}
        for start in range(0, len(distinct), CHUNK):
            chunk = distinct[start : start + CHUNK]
            with self._ledger._reading(settled=self._as_of is not None) as connection:
                rows = connection.execute(_question(chunk, self._as_of)).all()
            for row in rows:
                one = chunk[row.number]
                if row.type in one[0].types:
                    fact = fact_of(row.body, row.subject, row.start, row.effective_end)
                    answers[one].append(Known(row.start, row.effective_end, row.type, fact))
        return [answers[one] for one in asked]


def _question(chunk: Sequence[tuple[Asked, int | None]], as_of: int | None) -> Any:
    """Return the one query for a chunk: for each event, one fact of each different thing that facts say to it."""
    timed = any(instant is not None for _, instant in chunk)
    asked = (
        values(
            column("number", Integer),
            column("subject", String),
            column("recipient", String),
            column("instant", entries.c.start.type),
            name="asked_values",
        )
        .data([(number, one.subject, one.recipient, instant or 0) for number, (one, instant) in enumerate(chunk)])
        .cte("asked")
    )
    types = sorted(frozenset[str]().union(*(one.types for one, _ in chunk)))
    standing = newest(as_of).where(entries.c.type.in_(types)).subquery("standing")
    matters = [standing.c.subject.is_(None), standing.c.subject == asked.c.subject]
    if any(one.subject is None for one, _ in chunk):
        matters.append(and_(standing.c.subject.is_not(None), asked.c.subject.is_(None)))
    meets = select(parties.c.entry).where(parties.c.entry == standing.c.entry, parties.c.party == asked.c.recipient)
    whose = case((standing.c.named == 0, 0), (meets.exists(), 1), else_=2)
    branches = []
    for about in matters:
        joined = and_(about, standing.c.start < standing.c.effective_end)
        if timed:
            joined = and_(joined, standing.c.start <= asked.c.instant, asked.c.instant < standing.c.effective_end)
        found = select(
            asked.c.number,
            standing.c.entry,
            standing.c.rest,
            standing.c.subject.is_not(None).label("personal"),
            whose.label("whose"),
            (literal(0) if timed else standing.c.start).label("start"),
            (literal(0) if timed else standing.c.effective_end).label("end"),
        ).select_from(asked.join(standing, joined))
        branches.append(found)
    every = union_all(*branches).subquery("every")
    chosen = (
        select(every.c.number, func.min(every.c.entry).label("entry"))
        .group_by(every.c.number, every.c.rest, every.c.personal, every.c.whose, every.c.start, every.c.end)
        .subquery("chosen")
    )
    columns = (entries.c.type, entries.c.subject, entries.c.start, entries.c.effective_end, entries.c.body)
    return (
        select(chosen.c.number, *columns)
        .join(entries, entries.c.entry == chosen.c.entry)
        .order_by(chosen.c.number, chosen.c.entry)
    )
