"""The rows of a ledger: entries are appended, and what stands by now is written beside them in the same transaction."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import SimpleNamespace
from typing import Any, Final

from sqlalchemy import Connection, Row, Select, and_, bindparam, delete, func, insert, select, text

from policyengine.moment import written
from policyengine_records.ledger.entry import Entry, Stated, fact_of
from policyengine_records.store.schema import entries, parties, standing
from policyengine_records.store.store import Store

NOBODY: Final = ""
"""Stands for the recipient of a fact that names none; no id is empty."""

_SHAPE: Final = text(
    "INSERT INTO ledger_shapes (shape, type, personal, named) VALUES (:shape, :type, :personal, :named)"
    " ON CONFLICT DO NOTHING"
)
_STAND_NO_MORE: Final = delete(standing).where(standing.c.fact == bindparam("gone"))
_APPEND: Final = insert(entries).returning(entries.c.entry, sort_by_parameter_order=True)
_LAST: Final = select(entries).where(entries.c.fact == bindparam("id")).order_by(entries.c.revision.desc()).limit(1)


def row_of(
    identifier: str, change: str, now: int, stated: Stated, state: Mapping[str, int | None], revision: int = 1
) -> dict[str, Any]:
    """Return one entry by the columns of its table, and the ``parties`` that it names.

    Args:
        identifier: of the fact.
        change: what happened to it.
        now: when.
        stated: the fact.
        state: its columns ``withdrawn``, ``due`` and ``answered``; one that is left out is null.
        revision: 1 for the first entry about the fact, 2 for the next.
    """
    withdrawn = state.get("withdrawn")
    return {
        "fact": identifier,
        "revision": revision,
        "change": change,
        "recorded": now,
        "type": stated.type,
        "subject": stated.subject,
        "start": stated.start,
        "end": stated.end,
        "effective_end": stated.end if withdrawn is None else min(stated.end, withdrawn),
        "shape": stated.shape,
        "body": stated.body,
        "withdrawn": withdrawn,
        "due": state.get("due"),
        "answered": state.get("answered"),
        "parties": stated.parties or (),
    }


def append(connection: Connection, rows: Sequence[Mapping[str, Any]]) -> None:
    """Write entries that `row_of` made, in their order; each stands in the place of the one before it."""
    shapes = {
        row["shape"]: {
            "shape": row["shape"],
            "type": row["type"],
            "personal": int(row["subject"] is not None),
            "named": int(bool(row["parties"])),
        }
        for row in rows
    }
    connection.execute(_SHAPE, list(shapes.values()))
    columns = [{name: value for name, value in row.items() if name != "parties"} for row in rows]
    numbers = connection.scalars(_APPEND, columns).all()
    named = [
        {"entry": entry, "party": party} for entry, row in zip(numbers, rows, strict=True) for party in row["parties"]
    ]
    if named:
        connection.execute(insert(parties), named)
    if old := [{"gone": row["fact"]} for row in rows if row["revision"] > 1]:
        connection.execute(_STAND_NO_MORE, old)
    connection.execute(
        insert(standing),
        [
            {
                "fact": row["fact"],
                "party": party,
                "entry": entry,
                "shape": row["shape"],
                "type": row["type"],
                "subject": row["subject"],
                "start": row["start"],
                "end": row["effective_end"],
            }
            for entry, row in zip(numbers, rows, strict=True)
            for party in row["parties"] or (NOBODY,)
        ],
    )


def follow(connection: Connection, last: Row[Any], change: str, now: int, stated: Stated, **changes: int) -> Entry:
    """Append the next entry about a fact, and return it.

    Args:
        connection: of the transaction.
        last: the newest entry about it.
        change: what happens to it.
        now: when.
        stated: the fact as it is from now on.
        changes: of its state.
    """
    state = {"withdrawn": last.withdrawn, "due": last.due, "answered": last.answered, **changes}
    append(connection, [row_of(last.fact, change, now, stated, state, last.revision + 1)])
    found = last_of(connection, last.fact)
    assert found is not None
    return entry_of(found)


def last_of(connection: Connection, identifier: str) -> Row[Any] | None:
    """Return the newest entry about a fact; None where there is no such fact."""
    return connection.execute(_LAST, {"id": identifier}).one_or_none()


def stated_in(row: Row[Any]) -> Stated:
    """Return what an entry says, without its withdrawal."""
    return Stated.of(fact_of(row.body, row.subject, row.start, row.end))


def entry_of(row: Row[Any] | SimpleNamespace) -> Entry:
    """Return an entry as callers see it."""
    times: Sequence[int | None] = (row.withdrawn, row.due, row.answered)
    return Entry(
        row.fact,
        row.revision,
        row.change,
        written(row.recorded),
        fact_of(row.body, row.subject, row.start, row.effective_end),
        *(None if one is None else written(one) for one in times),
    )


def newest(until: int | None = None) -> Select[Any]:
    """Return the query for the newest entry of every fact, as known at `until`, or now."""
    if until is None:
        now = select(standing.c.entry).where(standing.c.fact == entries.c.fact, standing.c.entry == entries.c.entry)
        return select(entries).where(now.exists())
    later = entries.alias("later")
    follows = and_(
        later.c.fact == entries.c.fact, later.c.revision == entries.c.revision + 1, later.c.recorded <= until
    )
    return select(entries).where(~select(later.c.entry).where(follows).exists(), entries.c.recorded <= until)


def next_moment(store: Store, connection: Connection) -> int:
    """Return the time of a new entry: now, and after every entry before it, whatever a clock says."""
    before = connection.scalar(select(func.max(entries.c.recorded)))
    now = store.now(connection)
    return now if before is None else max(now, before + 1)
