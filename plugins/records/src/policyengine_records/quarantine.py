"""Quarantine: a flow that is not permitted is kept for a person, who releases or rejects it.

Flows are kept in one SQLite file. What a call acknowledged is on the disk, and what was killed on the way is not there
at all. The database itself refuses to change or delete what it holds, and an entry that does not follow from those
before it. Payloads alone may go, once a flow is settled (`Quarantine.purge`): the record stays, the data do not.

A release changes no rule, and decides nothing anew: the same event is denied as before. It hands the flow to the host
once (`Quarantine.take`), to be carried out because that person said so, and that stays on record.
"""

from __future__ import annotations

import json
import logging
import math
import os
import secrets
import threading
import time
from collections.abc import Iterable, Iterator, Mapping
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, Literal, TypeAlias, get_args

from policyengine.enforcement.flow import Flow, Reduction
from policyengine.errors import PolicyEngineError, did_you_mean
from policyengine.model.decision import Decision, read_decision
from policyengine.moment import instant, written

if TYPE_CHECKING:
    import sqlite3

State: TypeAlias = Literal["open", "released", "rejected", "taken"]
"""``open``: nobody has decided. ``taken``: released, and handed to a host that carries it out."""

STATES: Final[tuple[State, ...]] = get_args(State)

_APPLICATION: Final = int.from_bytes(b"PEq1")
_DEPTH: Final = 100

_SCHEMA: Final = (
    """CREATE TABLE kept (
        number INTEGER PRIMARY KEY AUTOINCREMENT,
        id TEXT NOT NULL UNIQUE,
        kept_at INTEGER NOT NULL,
        event_id TEXT,
        event TEXT NOT NULL,
        decision TEXT NOT NULL
    )""",
    "CREATE INDEX kept_event_id ON kept (event_id)",
    "CREATE TABLE payloads (flow TEXT PRIMARY KEY NOT NULL REFERENCES kept (id), body TEXT NOT NULL)",
    """CREATE TABLE entries (
        number INTEGER PRIMARY KEY AUTOINCREMENT,
        flow TEXT NOT NULL REFERENCES kept (id),
        what TEXT NOT NULL CHECK (what IN ('released', 'rejected', 'taken', 'purged')),
        at INTEGER NOT NULL,
        by TEXT CHECK (by IS NOT NULL OR what IN ('taken', 'purged')),
        reason TEXT CHECK (reason IS NOT NULL OR what IN ('taken', 'purged')),
        UNIQUE (flow, what)
    )""",
    *(
        f"""CREATE TRIGGER {table}_no_{deed} BEFORE {deed} ON {table}
        BEGIN SELECT RAISE(ABORT, 'a quarantine is append-only'); END"""
        for table, deed in (("kept", "UPDATE"), ("kept", "DELETE"), ("entries", "UPDATE"), ("entries", "DELETE"))
    ),
    """CREATE TRIGGER payloads_no_update BEFORE UPDATE ON payloads
    BEGIN SELECT RAISE(ABORT, 'a payload stays as it was kept'); END""",
    """CREATE TRIGGER payloads_no_delete BEFORE DELETE ON payloads
    WHEN NOT EXISTS (SELECT 1 FROM entries WHERE flow = OLD.flow AND what IN ('rejected', 'taken'))
    BEGIN SELECT RAISE(ABORT, 'the payload of a flow that is not settled stays'); END""",
    # INSERT OR REPLACE deletes without asking the triggers above: nothing may be inserted over anything.
    """CREATE TRIGGER kept_no_replace BEFORE INSERT ON kept
    WHEN EXISTS (SELECT 1 FROM kept WHERE id = NEW.id OR number = NEW.number)
    BEGIN SELECT RAISE(ABORT, 'a quarantine is append-only'); END""",
    """CREATE TRIGGER payloads_no_replace BEFORE INSERT ON payloads
    WHEN EXISTS (SELECT 1 FROM payloads WHERE flow = NEW.flow) OR EXISTS (SELECT 1 FROM entries WHERE flow = NEW.flow)
    BEGIN SELECT RAISE(ABORT, 'a payload stays as it was kept'); END""",
    """CREATE TRIGGER entries_in_order BEFORE INSERT ON entries
    WHEN EXISTS (SELECT 1 FROM entries WHERE number = NEW.number OR (flow = NEW.flow AND what = NEW.what))
    OR NOT CASE NEW.what
        WHEN 'taken' THEN EXISTS (SELECT 1 FROM entries WHERE flow = NEW.flow AND what = 'released')
        WHEN 'purged' THEN EXISTS (SELECT 1 FROM entries WHERE flow = NEW.flow AND what IN ('rejected', 'taken'))
        ELSE NOT EXISTS (SELECT 1 FROM entries WHERE flow = NEW.flow)
    END
    BEGIN SELECT RAISE(ABORT, 'the entry does not follow from those before it'); END""",
)

_KEPT: Final = """SELECT kept.id, kept_at, event, decision, payloads.flow IS NOT NULL,
    coalesce((SELECT what FROM entries WHERE flow = kept.id AND what <> 'purged' ORDER BY number DESC LIMIT 1), 'open')
    AS state FROM kept LEFT JOIN payloads ON payloads.flow = kept.id"""

_creating = threading.Lock()
_log = logging.getLogger("policyengine.quarantine")


class QuarantineError(PolicyEngineError):
    """A quarantine was asked for what it cannot do: an unknown id, a second release, a payload that is no JSON data."""


class QuarantineUnavailable(QuarantineError):
    """The file could not be read or written: the disk is full, a folder is missing, another program's file is there."""


@dataclass(frozen=True, slots=True)
class Entry:
    """What was done about a kept flow.

    Args:
        what: ``released``, ``rejected``, ``taken``, or ``purged`` of its payload.
        at: when, RFC 3339 in UTC.
        by: who did it; None where that was not said, which is never so for ``released`` and ``rejected``.
        reason: why; as `by`.
    """

    what: str
    at: str
    by: str | None
    reason: str | None


@dataclass(frozen=True, slots=True)
class Kept:
    """A flow that is kept.

    Args:
        id: the id under which it is kept.
        state: what has become of it.
        kept_at: since when, RFC 3339 in UTC.
        event: the event as JSON has it.
        decision: what was decided of it then.
        has_payload: whether a payload is kept with it.
        payload: the host's data as JSON has them; None where none is kept, or a list of flows leaves them out.
        entries: what was done about it, the oldest first.
    """

    id: str
    state: State
    kept_at: str
    event: Any
    decision: Decision
    has_payload: bool
    payload: Any = None
    entries: tuple[Entry, ...] = ()


class Quarantine:
    """Flows that are kept for a person, in one SQLite file. Threads and processes may share it.

    The file is made, for its owner alone to read and write (mode 0600), when the first flow is kept; where there is
    none, nothing was kept. It is opened anew for each call, and holds personal data: events, and payloads.

    Args:
        file: the file; its folder is there.
        payload: whether payloads are kept; without them, the event and the decision are.
        timeout: how many seconds to wait for those who are writing.
    """

    def __init__(self, file: str | os.PathLike[str], *, payload: bool = True, timeout: float = 10.0) -> None:
        self.file = Path(file)
        self._payload = payload
        self._timeout = timeout

    def keep(self, flow: Flow) -> str:
        """Keep a flow, and return the id under which it is kept; it is on the disk by then.

        An event with an id that is kept again with the same decision and payload is the same flow, tried again: it
        keeps its id and its state, so nobody decides twice, and what was rejected stays so. Under another decision or
        with another payload it is something that nobody has seen yet, and is kept beside. The same goes for an event
        without an id, and for one whose payload was purged: there is nothing left to compare.

        Raises:
            QuarantineError: the event or the payload is no JSON data.
            QuarantineUnavailable: it could not be written; nothing is kept then.
        """
        event = _json(flow.event, "event")
        decision = flow.decision.to_json().decode("utf-8")
        payload = _json(flow.payload, "payload") if self._payload and flow.payload is not None else None
        named = flow.event.get("id") if isinstance(flow.event, Mapping) else None
        event_id = json.dumps(named) if isinstance(named, str) else None
        with self._connected(writes=True, create=True) as database:
            for id, *before in database.execute(  # noqa: A001
                """SELECT id, event, decision, body FROM kept LEFT JOIN payloads ON flow = id WHERE event_id = ?
                AND NOT EXISTS (SELECT 1 FROM entries WHERE entries.flow = id AND what = 'purged')""",
                (event_id,),
            ):
                if all(map(_same, before, (event, decision, payload))):
                    return str(id)
            id = f"q-{secrets.token_hex(8)}"  # noqa: A001
            database.execute(
                "INSERT INTO kept (id, kept_at, event_id, event, decision) VALUES (?, ?, ?, ?, ?)",
                (id, _now(), event_id, event, decision),
            )
            if payload is not None:
                database.execute("INSERT INTO payloads (flow, body) VALUES (?, ?)", (id, payload))
        return id

    def list(self, state: State | None = None) -> list[Kept]:
        """Return the flows that are kept, the oldest first, without their payloads.

        Args:
            state: only those in this state.

        Raises:
            QuarantineError: there is no such state.
            QuarantineUnavailable: the file could not be read.
        """
        if state is not None and state not in STATES:
            raise QuarantineError(f'there is no state "{state}"{_hint(state, STATES)}')
        if not self._there():
            return []
        with self._connected() as database:
            done: dict[str, list[Entry]] = {}
            for flow, *entry in database.execute("SELECT flow, what, at, by, reason FROM entries ORDER BY number"):
                done.setdefault(flow, []).append(_entry(entry))
            where, values = ("", ()) if state is None else (" WHERE state = ?", (state,))
            return [
                _kept(row, None, done.get(row[0], ()))
                for row in database.execute(f"{_KEPT}{where} ORDER BY kept.number", values)
            ]

    def get(self, id: str) -> Kept:  # noqa: A002
        """Return one flow, with its payload.

        Raises:
            QuarantineError: no flow is kept under this id; the nearest that there is stands in the message.
            QuarantineUnavailable: the file could not be read.
        """
        if not self._there():
            raise _unknown(id, ())
        with self._connected() as database:
            return _got(database, id)

    def release(self, id: str, by: str, reason: str, at: str | None = None) -> Kept:  # noqa: A002
        """Release an open flow: `take` hands it out from then on.

        Args:
            id: of the flow.
            by: who releases it.
            reason: why.
            at: when that was decided, strict RFC 3339; by default now.

        Returns:
            The flow as it is then.

        Raises:
            QuarantineError: the id is unknown, the flow is not open, nobody or no reason is named, or `at` is no time
                between its being kept and now.
            QuarantineUnavailable: it could not be written; the flow is open as before.
        """
        return self._settled(id, "released", by, reason, at)

    def reject(self, id: str, by: str, reason: str, at: str | None = None) -> Kept:  # noqa: A002
        """Reject an open flow for good. Arguments, result and errors are those of `release`."""
        return self._settled(id, "rejected", by, reason, at)

    def take(self, by: str | None = None) -> Iterator[Kept]:
        """Yield the flows that are released and were not taken, in the order of their releases, for being carried out.

        Each is handed out exactly once, however many take at a time: that it was taken is on the disk before it is
        yielded, and the next is taken when it is asked for. So a host that dies while it carries a flow out finds that
        flow in ``list("taken")``, and nobody gets it again.

        Args:
            by: who takes them, for the record.

        Raises:
            QuarantineUnavailable: the file could not be read or written; nothing is taken then.
        """
        last = 0
        while self._there():
            with self._connected(writes=True) as database:
                found = database.execute(
                    """SELECT number, flow FROM entries AS release WHERE what = 'released' AND number > ? AND NOT EXISTS
                    (SELECT 1 FROM entries WHERE flow = release.flow AND what = 'taken') ORDER BY number LIMIT 1""",
                    (last,),
                ).fetchone()
                if found is None:
                    return
                last, flow = found
                _write(database, flow, "taken", by)
                taken = _got(database, flow)
            yield taken

    def purge(self, settled_before: str, by: str | None = None) -> int:
        """Remove the payloads of flows that were rejected or taken before a time; the record of them stays.

        The bytes are overwritten in the file. A flow that is open, or released and not taken, keeps its payload.

        Args:
            settled_before: strict RFC 3339.
            by: who does it, for the record.

        Returns:
            How many payloads were removed.

        Raises:
            QuarantineError: `settled_before` is no time.
            QuarantineUnavailable: the file could not be written; nothing is removed then.
        """
        before = _instant(settled_before)
        if not self._there():
            return 0
        with self._connected(writes=True) as database:
            flows = [
                flow
                for (flow,) in database.execute(
                    """SELECT payloads.flow FROM payloads JOIN entries ON entries.flow = payloads.flow
                    WHERE what IN ('rejected', 'taken') AND at < ? ORDER BY number""",
                    (before,),
                )
            ]
            for flow in flows:
                database.execute("DELETE FROM payloads WHERE flow = ?", (flow,))
                _write(database, flow, "purged", by)
        with self._connected(begin=False) as database:
            (busy, *_) = database.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
        if busy:
            _log.warning("%s-wal is being read: it may hold purged payloads until the next purge", self.file)
        return len(flows)

    def _settled(self, id: str, what: str, by: str, reason: str, at: str | None) -> Kept:  # noqa: A002
        by, reason = _said(by, "who"), _said(reason, "the reason why")
        decided = None if at is None else _instant(at)
        if not self._there():
            raise _unknown(id, ())
        with self._connected(writes=True) as database:
            flow = _got(database, id)
            if flow.state != "open":
                said = ", and ".join(
                    f"{entry.what} at {entry.at}" + (f" by {entry.by}" if entry.by else "")
                    for entry in flow.entries
                    if entry.what != "purged"
                )
                raise QuarantineError(f"{id} cannot be {what}: it was {said} already")
            since, now = instant(flow.kept_at), _now()
            if decided is not None and not since <= decided <= now:
                raise QuarantineError(f"{at} does not lie between {flow.kept_at}, when {id} was kept, and now")
            # A clock that was set back in between does not make a person decide before there is anything to decide.
            _write(database, id, what, by, reason, max(since, now) if decided is None else decided)
            return _got(database, id)

    def _there(self) -> bool:
        try:
            return self.file.exists()
        except OSError as error:
            raise QuarantineUnavailable(f"{self.file}: {error}") from error

    @contextmanager
    def _connected(
        self, *, writes: bool = False, create: bool = False, begin: bool = True
    ) -> Iterator[sqlite3.Connection]:
        """Yield a connection in a transaction, committed at the end and rolled back on any error."""
        import sqlite3  # noqa: PLC0415  a host without a quarantine needs none

        try:
            with closing(self._open(create=create)) as database:
                if begin:
                    database.execute("BEGIN IMMEDIATE" if writes else "BEGIN")
                yield database
                if begin:
                    database.execute("COMMIT")
        except (sqlite3.Error, OSError) as error:
            raise QuarantineUnavailable(f"{self.file}: {error}") from error

    def _open(self, *, create: bool) -> sqlite3.Connection:
        import sqlite3  # noqa: PLC0415

        if create:
            with _creating:  # a file that we close here shall not be one that another thread has locked already
                if not self._there():
                    with suppress(FileExistsError):  # another process was quicker
                        os.close(os.open(self.file, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600))
        address = f"{self.file.absolute().as_uri()}?mode=rw"
        database = sqlite3.connect(
            address, timeout=self._timeout, isolation_level=None, uri=True, check_same_thread=False
        )
        try:
            _prepare(database, self.file)
        except BaseException:
            database.close()
            raise
        return database


def _prepare(database: sqlite3.Connection, file: Path) -> None:
    """Set a connection up, and make the tables where the file is empty."""
    import sqlite3  # noqa: PLC0415

    for pragma in ("synchronous = FULL", "foreign_keys = ON", "secure_delete = ON"):
        database.execute(f"PRAGMA {pragma}")
    if _application(database) == 0:
        database.execute("BEGIN IMMEDIATE")
        if _application(database) == 0 and database.execute("SELECT 1 FROM sqlite_master").fetchone() is None:
            for statement in _SCHEMA:
                database.execute(statement)
            database.execute(f"PRAGMA application_id = {_APPLICATION}")
        database.execute("COMMIT")
    if _application(database) != _APPLICATION:
        raise QuarantineUnavailable(f"{file} is another program's database, and no quarantine")
    with suppress(sqlite3.OperationalError):  # several are opening a new file: safe without, and one of them succeeds
        database.execute("PRAGMA journal_mode = WAL")


def _application(database: sqlite3.Connection) -> int:
    (found,) = database.execute("PRAGMA application_id").fetchone()
    return int(found)


def _got(database: sqlite3.Connection, id: str) -> Kept:  # noqa: A002
    row = database.execute(f"{_KEPT} WHERE kept.id = ?", (id,)).fetchone() if id.isascii() else None
    if row is None:
        raise _unknown(id, (known for (known,) in database.execute("SELECT id FROM kept")))
    body = database.execute("SELECT body FROM payloads WHERE flow = ?", (id,)).fetchone()
    done = database.execute("SELECT what, at, by, reason FROM entries WHERE flow = ? ORDER BY number", (id,))
    return _kept(row, body and body[0], map(_entry, done))


def _kept(row: Iterable[Any], body: str | None, entries: Iterable[Entry]) -> Kept:
    id, kept_at, event, decision, has_payload, state = row  # noqa: A001
    return Kept(
        id=id,
        state=state,
        kept_at=written(kept_at),
        event=json.loads(event),
        decision=read_decision(decision),
        has_payload=bool(has_payload),
        payload=None if body is None else json.loads(body),
        entries=tuple(entries),
    )


def _entry(row: Iterable[Any]) -> Entry:
    what, at, by, reason = row
    return Entry(what, written(at), by, reason)


def _write(
    database: sqlite3.Connection,
    flow: str,
    what: str,
    by: str | None = None,
    reason: str | None = None,
    at: int | None = None,
) -> None:
    database.execute(
        "INSERT INTO entries (flow, what, at, by, reason) VALUES (?, ?, ?, ?, ?)",
        (flow, what, _now() if at is None else at, by, reason),
    )


def _unknown(id: str, known: Iterable[str]) -> QuarantineError:  # noqa: A002
    return QuarantineError(f'no flow is kept as "{id}"{_hint(id, known)}')


def _hint(word: str, known: Iterable[str]) -> str:
    hint = did_you_mean(word, known)
    return f"; {hint.en}" if hint else ""


def _said(text: str, what: str) -> str:
    """Return `text` without space around it; refuse one that says nothing, or that cannot be written."""
    said = text.strip()
    try:
        said.encode()
    except UnicodeEncodeError:
        said = ""
    if not said:
        raise QuarantineError(f"say {what}: a record needs it")
    return said


def _json(value: Any, what: str) -> str:
    """Return `value` as JSON text.

    Raises:
        QuarantineError: it is no JSON data. No value and no key is told, for they might be personal data.
    """
    try:
        return json.dumps(_plain(value, _DEPTH), separators=(",", ":"))
    except _NoJson as error:
        raise QuarantineError(f"the {what} is no JSON data, and cannot be kept: {error}") from None
    except ValueError:
        raise QuarantineError(f"the {what} is no JSON data, and cannot be kept: a number is too long") from None


class _NoJson(Exception):
    pass


def _plain(value: Any, depth: int) -> Any:
    """Return `value` with every mapping as a dict and every tuple as a list."""
    if depth == 0:
        raise _NoJson(f"it is nested more than {_DEPTH} deep")
    if isinstance(value, Mapping):
        for key in value:
            if not isinstance(key, str):
                raise _NoJson(f"a key is {_named(key)}, and no text")
        return {key: _plain(member, depth - 1) for key, member in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(member, depth - 1) for member in value]
    if isinstance(value, float) and not math.isfinite(value):
        raise _NoJson("a number is not finite")
    if value is None or isinstance(value, str | int | float):
        return value
    raise _NoJson(f"there is {_named(value)} in it")


def _named(value: Any) -> str:
    return f"a value of type {type(value).__name__}"


def _same(before: str | None, now: str | None) -> bool:
    """Whether two JSON texts say the same; the order of members says nothing."""
    if before == now:
        return True
    if before is None or now is None:
        return False
    return json.dumps(json.loads(before), sort_keys=True) == json.dumps(json.loads(now), sort_keys=True)


def _now() -> int:
    return time.time_ns() // 1000


def _instant(text: str) -> int:
    try:
        return instant(text)
    except ValueError:
        raise QuarantineError(f'"{text}" is no RFC 3339 time, such as 2026-11-24T09:00:00+09:00') from None


class Keeping:
    """The action: keeps every flow that it follows and that is not permitted by then.

    Args:
        quarantine: where.
    """

    name = "quarantine"
    stage = "keep"

    def __init__(self, quarantine: Quarantine) -> None:
        self.quarantine = quarantine

    def act(self, flow: Flow) -> Reduction | None:
        """Return the id under which it is kept; None where it is permitted, and nothing is kept.

        Raises:
            QuarantineError: the event or the payload is no JSON data, or could not be written. The flow is denied all
                the same.
        """
        if flow.decision.permitted:
            return None
        return Reduction(kept=self.quarantine.keep(flow))
