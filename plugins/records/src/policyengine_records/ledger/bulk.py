"""Many facts at once: a ledger is written out, and facts are taken in, all of them or none."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from sqlalchemy import Connection, and_

from policyengine_records.errors import RecordsError
from policyengine_records.ledger.entry import REQUEST, Stated, fact_of, moment
from policyengine_records.ledger.policies import refuse_strange
from policyengine_records.ledger.rows import append, entry_of, newest, next_moment, row_of
from policyengine_records.store.schema import entries, shapes, standing

if TYPE_CHECKING:
    from policyengine import Engine
    from policyengine_records.ledger.ledger import Ledger

_CHUNK: Final = 1000
"""How many facts of an import go into one statement."""

_COMPARED: Final = ("type", "subject", "start", "end", "body", "withdrawn", "due", "answered")
"""The columns by which two entries say the same."""

_IMPORTED: Final = frozenset({"id", "fact", "withdrawn_at", "due_at", "answered_at"})


class _Imported(NamedTuple):
    """One object of an import: its id, its fact, and its state where it was exported."""

    identifier: str
    fact: Mapping[str, Any]
    stated: Stated
    state: dict[str, int | None] | None = None


def export_facts(ledger: Ledger) -> Iterator[dict[str, Any]]:
    """Yield what `Ledger.export` yields."""
    with ledger.store.reading() as connection:
        first = entries.alias("first")
        begun = and_(first.c.fact == entries.c.fact, first.c.revision == 1)
        rows = connection.execute(newest().join(first, begun).order_by(first.c.entry)).all()
    for row in rows:
        # The end that was stated and the withdrawal are told apart, so that a correction can move the one alone.
        found = entry_of(row).as_dict()
        found["fact"] = fact_of(row.body, row.subject, row.start, row.end)
        yield {name: value for name, value in found.items() if name in _IMPORTED}


def import_facts(
    ledger: Ledger,
    objects: Iterable[Mapping[str, Any]],
    engine: Engine | None,
    told: Callable[[int, int], None] | None,
) -> list[str]:
    """Do what `Ledger.import_` does."""
    given: list[_Imported] = []
    for number, found in enumerate(objects, 1):
        with _numbered(number):
            given.append(_imported(found))
            if engine is not None:
                refuse_strange(given[-1].fact, engine.fact_types)
    with ledger.store.writing("ledger") as connection:
        now = next_moment(ledger.store, connection)
        for start in range(0, len(given), _CHUNK):
            chunk = given[start : start + _CHUNK]
            there = _newest_of(connection, [one.identifier for one in chunk])
            rows = []
            for number, one in enumerate(chunk, start + 1):
                with _numbered(number):
                    state = one.state or {"due": ledger.due_of(one.fact, one.stated, now + number, None, engine)}
                    row = row_of(one.identifier, "add", now + number, one.stated, state)
                    last = there.setdefault(one.identifier, row)
                    if last is row:
                        rows.append(row)
                    elif any(last[name] != row[name] for name in _COMPARED):
                        raise RecordsError(
                            f"fact {one.identifier} is there already, and differs",
                            f"事実 {one.identifier} は既にあり、内容が異なります",
                        )
            if rows:
                append(connection, rows)
            if told is not None:
                told(start + len(chunk), len(given))
        if ledger.store.file is None and len(given) >= _CHUNK:  # PostgreSQL would guess for a while what is there
            for table in (entries, standing, shapes):
                connection.exec_driver_sql(f"ANALYZE {table.name}")
    return [one.identifier for one in given]


def _newest_of(connection: Connection, identifiers: Sequence[str]) -> dict[str, Mapping[str, Any]]:
    """Return the newest entry of each of these facts that is there."""
    found = connection.execute(newest().where(entries.c.fact.in_(identifiers))).mappings()
    return {row["fact"]: dict(row) for row in found}


@contextmanager
def _numbered(number: int) -> Iterator[None]:
    """Have an error name the object of an import that it is about."""
    try:
        yield
    except RecordsError as error:
        raise RecordsError(f"object {number}: {error.text.en}", f"{number} 件目: {error.text.ja}") from None


def _imported(one: Mapping[str, Any]) -> _Imported:
    if not isinstance(one, Mapping):
        raise RecordsError("expected a JSON object", "JSON のオブジェクトではありません")
    if "fact" not in one:
        return _Imported(uuid.uuid4().hex, one, Stated.of(one))
    if strange := sorted(one.keys() - _IMPORTED):
        known = ", ".join(sorted(_IMPORTED))
        raise RecordsError(
            f"unknown field {strange[0]!r}; known: {known}", f"未知の項目 {strange[0]!r}。使えるもの: {known}"
        )
    identifier = one.get("id", uuid.uuid4().hex)
    if not isinstance(identifier, str) or not identifier or "\x00" in identifier:
        raise RecordsError("$.id: expected a non-empty string", "$.id: 空でない文字列でなければなりません")
    state = {
        name: moment(one[f"{name}_at"]) if f"{name}_at" in one else None for name in ("withdrawn", "due", "answered")
    }
    stated = Stated.of(one["fact"])
    for name in ("due", "answered"):
        if state[name] is not None and stated.type != REQUEST:
            raise RecordsError(f"$.{name}_at: only a {REQUEST} has one", f"$.{name}_at: {REQUEST} だけの項目です")
    return _Imported(identifier, one["fact"], stated, state)
