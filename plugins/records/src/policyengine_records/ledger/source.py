"""The ledger as a fact source: one query for a batch of events, for what their decisions can depend on.

The query finds facts by what binds them: a person, a recipient, or neither. Its cost grows with the different things
that facts say, not with how many facts there are.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from functools import cache, lru_cache
from typing import Any, Final

from sqlalchemy import TextClause, bindparam, text

from policyengine import FactQuery
from policyengine_records.ledger.entry import ALWAYS, fact_of, moment
from policyengine_records.ledger.rows import NOBODY
from policyengine_records.store.store import Store

CHUNK: Final = 2000
"""How many events go into one query."""

_KEPT: Final = 10_000
"""How many entries are kept as facts; an entry never changes."""

_ASKED: Final = {
    "sqlite": (
        "SELECT json_extract(value, '$[0]') AS number, json_extract(value, '$[1]') AS subject,"
        " json_extract(value, '$[2]') AS recipient, json_extract(value, '$[3]') AS instant FROM json_each(:asked)"
    ),
    "postgresql": (
        "SELECT number, subject, recipient, instant FROM json_to_recordset(CAST(:asked AS json))"
        " AS asked(number integer, subject text, recipient text, instant bigint)"
    ),
}
_TYPES: Final = {
    "sqlite": "SELECT value FROM json_each(:types)",
    "postgresql": "SELECT json_array_elements_text(CAST(:types AS json))",
}
_THEN: Final = (
    "SELECT entries.fact, coalesce(parties.party, '') AS party, entries.entry, entries.shape, entries.type,"
    ' entries.subject, entries.start, entries.effective_end AS "end" FROM ledger_entries AS entries'
    " LEFT JOIN ledger_parties AS parties ON parties.entry = entries.entry WHERE entries.recorded <= :until"
    " AND NOT EXISTS (SELECT 1 FROM ledger_entries AS later WHERE later.fact = entries.fact"
    " AND later.revision = entries.revision + 1 AND later.recorded <= :until)"
)
"""The facts as they stood at a moment, in the columns of ``ledger_standing``."""

_WHOSE: Final = {
    f"f.party = '{NOBODY}'": "TRUE",
    "f.party = a.recipient": "w.named = 1 AND a.recipient IS NOT NULL",
    "f.party <> coalesce(a.recipient, '') AND f.fact NOT IN"
    " (SELECT o.fact FROM {standing} AS o WHERE o.shape = w.shape AND o.party = a.recipient)": "w.named = 1",
}
"""Facts that name no recipient, the event's, or others alone; and which shapes and events there are such for."""


_LATEST: Final = "f.start <= a.instant"
_OPEN: Final = "f.start = :open"
_LASTS: Final = 'f."end" > a.instant'


class LedgerSource:
    """Answers an engine's questions from a ledger.

    Facts that differ only in a person or recipient whom the event does not concern tell a decision one and the same
    thing (section 2 of the contract: a rule may leave a recipient unheld; an event without `subject.id` might be about
    anybody). Of those, two stand for all: the one that began last, and one whose beginning is open.

    Args:
        store: where the ledger is.
        as_of: answer as the ledger was known at this moment; None is now.
    """

    name = "ledger"

    def __init__(self, store: Store, *, as_of: str | None = None) -> None:
        self._store = store
        self._as_of = None if as_of is None else moment(as_of)

    def facts(self, queries: Sequence[FactQuery]) -> Sequence[Iterable[Mapping[str, Any]]]:
        """Return the facts that count at the time of each event.

        Raises:
            RecordsUnavailable: the database did not answer in time.
        """
        answers: list[list[Mapping[str, Any]]] = [[] for _ in queries]
        asking = [number for number, query in enumerate(queries) if query.types]
        for start in range(0, len(asking), CHUNK):
            chunk = asking[start : start + CHUNK]
            for number, *known in self._rows(queries, chunk):
                if known[1] in queries[number].types:
                    answers[number].append(_fact(*known))
        return answers

    def close(self) -> None:
        """Close the connections; they are opened again when they are needed."""
        self._store.close()

    def _rows(self, queries: Sequence[FactQuery], chunk: Sequence[int]) -> Sequence[Any]:
        events = [(number, queries[number].event) for number in chunk]
        types = sorted(frozenset[str]().union(*(queries[number].types for number in chunk)))
        values: dict[str, Any] = {"types": json.dumps(types), "open": -ALWAYS}
        dialect = "sqlite"
        if self._store.file is None:
            dialect = "postgresql"
            asked: list[Any] = [
                {
                    "number": number,
                    "subject": event.subject_id,
                    "recipient": event.recipient_id,
                    "instant": event.instant,
                }
                for number, event in events
            ]
        else:
            asked = [(number, event.subject_id, event.recipient_id, event.instant) for number, event in events]
        values["asked"] = json.dumps(asked)
        question = _question(dialect, self._as_of is not None)
        if self._as_of is None:
            with self._store.reading() as connection:
                return connection.execute(question, values).all()
        with self._store.settled("ledger") as connection:
            return connection.execute(question, {**values, "until": self._as_of}).all()


@lru_cache(_KEPT)
def _fact(entry: int, _type: str, subject: str | None, start: int, end: int, body: str) -> Mapping[str, Any]:  # noqa: ARG001
    return fact_of(body, subject, start, end)


@cache
def _question(dialect: str, past: bool) -> TextClause:
    """Return the one query for a chunk of events: which entries matter to which."""
    standing = "standing" if past else "ledger_standing"
    then = f" standing AS MATERIALIZED ({_THEN})," if past else ""
    lookup = dialect == "postgresql" and not past
    own = f"f.subject = a.subject AND f.type IN (SELECT type FROM wanted) AND {_LATEST} AND {_LASTS}"
    branches = [f"SELECT a.number, f.entry FROM asked AS a {_joined(standing, 'f', own, lookup)}"]
    for which, there in _WHOSE.items():
        for begun in (f"{_LATEST} AND {_LASTS} ORDER BY f.start DESC", f"{_OPEN} AND {_LASTS} ORDER BY f.shape"):
            whose = which.format(standing=standing)
            one = f"SELECT f.entry FROM {standing} AS f WHERE f.shape = w.shape AND {whose} AND {begun}"
            branches.append(
                f"SELECT a.number, ({one}, f.entry DESC LIMIT 1) AS entry FROM asked AS a JOIN wanted AS w"
                f" ON (w.personal = 0 OR a.subject IS NULL) AND {there}"
            )
    query = (
        f"WITH asked AS MATERIALIZED ({_ASKED[dialect]}),"
        " wanted AS MATERIALIZED (SELECT shape, type, personal, named FROM ledger_shapes"
        f" WHERE type IN ({_TYPES[dialect]})),"
        f"{then} found AS ({' UNION '.join(branches)})"
        " SELECT found.number, e.entry, e.type, e.subject, e.start, e.effective_end, e.body FROM found"
        f" {_joined('ledger_entries', 'e', 'e.entry = found.entry', lookup)} ORDER BY found.number, e.entry"
    )
    return text(query).bindparams(bindparam("asked"), bindparam("types"), bindparam("open"))


def _joined(table: str, alias: str, on: str, lookup: bool) -> str:
    """Return a join: where `lookup`, as one that PostgreSQL has to make by looking up each row, however it guesses."""
    if lookup:  # it cannot know how few events a question has, and would rather read all facts
        return f"CROSS JOIN LATERAL (SELECT * FROM {table} AS {alias} WHERE {on} OFFSET 0) AS {alias}"
    return f"JOIN {table} AS {alias} ON {on}"
