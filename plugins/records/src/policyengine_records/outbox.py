"""The outbox: messages that wait in a file until they are delivered, whatever becomes of the process that wrote them.

One SQLite file, which any number of threads and processes of one machine may share. A message is in it for good once
`Outbox.add` has returned, and is never deleted before it was delivered.
"""

from __future__ import annotations

import os
import sqlite3
import threading
import time
import uuid
import weakref
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Literal, TypeAlias, get_args

from policyengine.errors import PolicyEngineError

State: TypeAlias = Literal["pending", "delivered", "failed"]
"""``pending``: is or will be attempted. ``delivered``: was accepted. ``failed``: given up, until somebody asks anew."""

STATES: Final[tuple[State, ...]] = get_args(State)

_VERSION: Final = 1

_APPLICATION: Final = int.from_bytes(b"PEo1")
"""What SQLite's header says a file is, so that no other database is taken for an outbox."""

_SCHEMA: Final = (
    """CREATE TABLE outbox (
        number INTEGER PRIMARY KEY AUTOINCREMENT,
        id TEXT NOT NULL UNIQUE,
        body BLOB NOT NULL,
        state TEXT NOT NULL CHECK (state IN ('pending', 'delivered', 'failed')),
        created REAL NOT NULL,
        since REAL NOT NULL,
        attempts INTEGER NOT NULL DEFAULT 0,
        next_attempt REAL,
        ended REAL,
        last_error TEXT,
        holder TEXT
    )""",
    "CREATE INDEX outbox_due ON outbox (next_attempt, number) WHERE state = 'pending'",
    "CREATE INDEX outbox_failed ON outbox (number) WHERE state = 'failed'",
    "CREATE INDEX outbox_delivered ON outbox (ended) WHERE state = 'delivered'",
    """CREATE TRIGGER outbox_keeps BEFORE DELETE ON outbox WHEN old.state <> 'delivered'
        BEGIN SELECT RAISE(ABORT, 'a message stays until it was delivered'); END""",
    f"PRAGMA application_id = {_APPLICATION}",
    f"PRAGMA user_version = {_VERSION}",
)

_COLUMNS: Final = "id, body, state, created, since, attempts, next_attempt, ended, last_error, holder"


class OutboxError(PolicyEngineError):
    """An outbox could not be read or written: no space, no permission, locked for too long, full."""


@dataclass(frozen=True, slots=True)
class Message:
    """One message as the outbox has it; moments are seconds since 1970.

    Args:
        id: stays the same however often it is sent.
        body: what is sent.
        state: what has become of it.
        created: when it was written.
        since: when it was last made pending: its age counts from then.
        attempts: how often it was attempted since then; an attempt that was cut off counts.
        next_attempt: when it is due. While it is being sent, this is when it is taken for abandoned.
        ended: when it was delivered or given up.
        last_error: why the last attempt failed.
        holder: who is sending it, or was the last to.
    """

    id: str
    body: bytes
    state: State
    created: float
    since: float
    attempts: int
    next_attempt: float | None
    ended: float | None
    last_error: str | None
    holder: str | None


class Outbox:
    """The messages of one file. Safe between threads and processes, and over a fork.

    Args:
        file: where they are; made when the first is added, readable by its owner alone.
        most: how many messages may wait or have failed; beyond that none can be added.
        lease: for how many seconds a claimed message is left to whoever claimed it.
        patience: for how many seconds to wait for other threads or processes that write.
        clock: says how late it is, in seconds since 1970.
    """

    def __init__(
        self,
        file: str | Path,
        *,
        most: int = 100_000,
        lease: float = 60.0,
        patience: float = 5.0,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self.file = Path(file)
        self.most = most
        self.clock = clock
        self._lease = lease
        self._patience = patience
        self._lock = threading.Lock()
        self._connection: sqlite3.Connection | None = None
        self._identity: tuple[int, int] | None = None
        self._forking = False
        _mind_forks(self)

    def __repr__(self) -> str:
        return f"Outbox({str(self.file)!r})"

    def exists(self) -> bool:
        """Whether anything was ever added. What only reads or delivers does not make the file."""
        return self.file.exists()

    def add(self, body: bytes) -> str:
        """Write a message, pending and due at once; it is on the disk when this returns.

        Returns:
            Its id.

        Raises:
            OutboxError: it could not be written, and is not in the outbox.
        """
        identifier = f"msg_{uuid.uuid4().hex}"
        now = self.clock()
        with self._writing(create=True) as database:
            undelivered = database.execute(
                "SELECT (SELECT count(*) FROM outbox WHERE state = 'pending')"
                " + (SELECT count(*) FROM outbox WHERE state = 'failed')"
            ).fetchone()[0]
            if undelivered >= self.most:
                raise OutboxError(f"outbox {self.file} is full: {undelivered} messages are not delivered")
            database.execute(
                "INSERT INTO outbox (id, body, state, created, since, next_attempt) VALUES (?, ?, 'pending', ?, ?, ?)",
                (identifier, body, now, now, now),
            )
        return identifier

    def claim(self) -> Message | None:
        """Take the message that has been due for longest, for as long as the lease lasts; None where none is due.

        Raises:
            OutboxError: the claim could not be noted.
        """
        if not self.exists():
            return None
        now = self.clock()
        with self._writing() as database:
            due = database.execute(
                "SELECT number FROM outbox WHERE state = 'pending' AND next_attempt <= ?"
                " ORDER BY next_attempt, number LIMIT 1",
                (now,),
            ).fetchone()
            if due is None:
                return None
            database.execute(
                "UPDATE outbox SET attempts = attempts + 1, next_attempt = ?, holder = ? WHERE number = ?",
                (now + self._lease, uuid.uuid4().hex, due[0]),
            )
            found = database.execute(f"SELECT {_COLUMNS} FROM outbox WHERE number = ?", due).fetchone()
        return Message(*found)

    def delivered(self, message: Message) -> None:
        """Note that a claimed message was accepted, even if the lease has ended meanwhile."""
        with self._writing() as database:
            database.execute(
                "UPDATE outbox SET state = 'delivered', ended = ?, next_attempt = NULL, last_error = NULL"
                " WHERE id = ? AND state <> 'delivered'",
                (self.clock(), message.id),
            )

    def postpone(self, message: Message, until: float, why: str) -> None:
        """Note that an attempt at a claimed message failed, and when the next is due; nothing if the lease was lost."""
        with self._writing() as database:
            database.execute(
                "UPDATE outbox SET next_attempt = ?, last_error = ? WHERE id = ? AND holder = ? AND state = 'pending'",
                (until, why, message.id, message.holder),
            )

    def give_up(self, message: Message, why: str) -> None:
        """Note that a claimed message is not attempted again; it stays, as failed. Nothing if the lease was lost."""
        with self._writing() as database:
            database.execute(
                "UPDATE outbox SET state = 'failed', ended = ?, next_attempt = NULL, last_error = ?"
                " WHERE id = ? AND holder = ? AND state = 'pending'",
                (self.clock(), why, message.id, message.holder),
            )

    def retry(self, ids: Iterable[str] | None = None) -> list[str]:
        """Make failed messages pending again, due at once, with age and attempts counted anew.

        Args:
            ids: which ones; None means all that have failed.

        Returns:
            The ids of those that were failed.
        """
        if not self.exists():
            return []
        now = self.clock()
        renewed = []
        with self._writing() as database:
            if ids is None:
                ids = [
                    row[0] for row in database.execute("SELECT id FROM outbox WHERE state = 'failed' ORDER BY number")
                ]
            for identifier in ids:
                changed = database.execute(
                    "UPDATE outbox SET state = 'pending', since = ?, attempts = 0, next_attempt = ?, ended = NULL,"
                    " holder = NULL WHERE id = ? AND state = 'failed'",
                    (now, now, identifier),
                )
                if changed.rowcount:
                    renewed.append(identifier)
        return renewed

    def sweep(self, keep: float) -> int:
        """Remove messages that were delivered more than `keep` seconds ago, and return how many."""
        if not self.exists():
            return 0
        with self._writing() as database:
            swept = database.execute(
                "DELETE FROM outbox WHERE state = 'delivered' AND ended < ?", (self.clock() - keep,)
            )
            return swept.rowcount

    def next_due(self) -> float | None:
        """Return when the next message is due; None where none is pending."""
        rows = self._read("SELECT min(next_attempt) FROM outbox WHERE state = 'pending'")
        return rows[0][0] if rows else None

    def due(self) -> int:
        """Return how many messages are due now."""
        rows = self._read("SELECT count(*) FROM outbox WHERE state = 'pending' AND next_attempt <= ?", self.clock())
        return int(rows[0][0]) if rows else 0

    def counts(self) -> dict[State, int]:
        """Return how many messages there are in each state."""
        found = dict(self._read("SELECT state, count(*) FROM outbox GROUP BY state"))
        return {state: found.get(state, 0) for state in STATES}

    def message(self, identifier: str) -> Message | None:
        """Return a message by its id; None where there is none."""
        rows = self._read(f"SELECT {_COLUMNS} FROM outbox WHERE id = ?", identifier)
        return Message(*rows[0]) if rows else None

    def messages(self, state: State | None = None) -> Iterator[Message]:
        """Yield the messages, or those in `state`, in the order in which they were written."""
        last = 0
        while True:
            rows = self._read(
                f"SELECT number, {_COLUMNS} FROM outbox WHERE number > ? AND (? IS NULL OR state = ?)"
                " ORDER BY number LIMIT 500",
                last,
                state,
                state,
            )
            if not rows:
                return
            yield from (Message(*row[1:]) for row in rows)
            last = rows[-1][0]

    def close(self) -> None:
        """Close the file; it is opened again when it is needed."""
        with self._held():
            self._shut()

    def _read(self, query: str, *parameters: Any) -> list[Any]:
        """Return the rows of a query; none where there is no file."""
        if not self.exists():
            return []
        with self._held(), self._told():
            return self._opened().execute(query, parameters).fetchall()

    @contextmanager
    def _writing(self, *, create: bool = False) -> Iterator[sqlite3.Connection]:
        """Hold the file for one change: it is all on the disk afterwards, or nothing of it."""
        with self._held(), self._told():
            database = self._opened(create=create)
            database.execute("BEGIN IMMEDIATE")
            try:
                yield database
                database.execute("COMMIT")
            except BaseException:
                if database.in_transaction:  # SQLite may have rolled back of itself, as where the disk is full
                    database.execute("ROLLBACK")
                raise

    @contextmanager
    def _held(self) -> Iterator[None]:
        """Hold the connection, which all threads share."""
        if not self._lock.acquire(timeout=2 * self._patience):
            raise OutboxError(f"outbox {self.file}: other threads held it for {2 * self._patience:g} s")
        try:
            yield
        finally:
            self._lock.release()

    @contextmanager
    def _told(self) -> Iterator[None]:
        """Say which file it is that SQLite complains of."""
        try:
            yield
        except (sqlite3.Error, OSError) as error:
            why = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
            raise OutboxError(f"outbox {self.file}: {why}") from error

    def _opened(self, *, create: bool = False) -> sqlite3.Connection:
        if self._connection is not None and self._identity != self._on_disk():
            self._shut()  # somebody moved the file away: what is written to it now might never be found
        if self._connection is not None:
            return self._connection
        if create:
            with suppress(FileExistsError):  # to close one that is there would end the locks of this process on it
                os.close(os.open(self.file, os.O_CREAT | os.O_EXCL | os.O_RDWR | os.O_CLOEXEC, 0o600))
        identity = self._on_disk()
        database = sqlite3.connect(
            f"{self.file.absolute().as_uri()}?mode=rw",
            uri=True,
            timeout=self._patience,
            isolation_level=None,
            check_same_thread=False,
        )
        try:
            self._prepare(database)
        except BaseException:
            database.close()
            raise
        self._connection, self._identity = database, identity
        return database

    def _on_disk(self) -> tuple[int, int] | None:
        try:
            found = self.file.stat()
        except FileNotFoundError:
            return None
        return found.st_dev, found.st_ino

    def _prepare(self, database: sqlite3.Connection) -> None:
        database.execute("BEGIN")  # what is read here is of one moment: somebody else may be making the tables
        ours = self._is_ours(database)
        database.execute("COMMIT")
        if not ours:
            _become_wal(database, time.monotonic() + self._patience)
            database.execute("BEGIN IMMEDIATE")
            if not self._is_ours(database):  # nor has anybody made it meanwhile
                for statement in _SCHEMA:
                    database.execute(statement)
            database.execute("COMMIT")
        database.execute("PRAGMA synchronous = FULL")

    def _is_ours(self, database: sqlite3.Connection) -> bool:
        """Whether the file is an outbox; false where it is empty as yet. Raises `OutboxError` for anything else."""
        application = database.execute("PRAGMA application_id").fetchone()[0]
        version = database.execute("PRAGMA user_version").fetchone()[0]
        if application == _APPLICATION:
            if version != _VERSION:
                raise OutboxError(f"outbox {self.file} is of version {version}; this one knows {_VERSION}")
            return True
        if application or version or database.execute("SELECT count(*) FROM sqlite_master").fetchone()[0]:
            raise OutboxError(f"{self.file} is another database, and no outbox")
        return False

    def _shut(self) -> None:
        if self._connection is not None:
            with suppress(sqlite3.Error):
                self._connection.close()
            self._connection = None


def _become_wal(database: sqlite3.Connection, deadline: float) -> None:
    """Switch to the write-ahead log; two that open a new file at once get in each other's way, without waiting."""
    while database.execute("PRAGMA journal_mode").fetchone()[0] != "wal":
        try:
            database.execute("PRAGMA journal_mode = WAL").fetchone()
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode != sqlite3.SQLITE_BUSY or time.monotonic() > deadline:
                raise
            time.sleep(0.01)


def _mind_forks(outbox: Outbox) -> None:
    """Close an outbox before every fork: a connection of SQLite must not be known to two processes."""
    known = weakref.ref(outbox)

    def before() -> None:
        if (found := known()) is not None:
            found._lock.acquire()
            found._shut()
            found._forking = True

    def after() -> None:
        if (found := known()) is not None and found._forking:
            found._forking = False
            found._lock.release()

    if hasattr(os, "register_at_fork"):
        os.register_at_fork(before=before, after_in_parent=after, after_in_child=after)
