"""A store: transactions on one database, for whoever keeps records there."""

from __future__ import annotations

import os
import re
import sqlite3
import threading
import time
import weakref
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from typing import Any, Final

from sqlalchemy import Connection, Engine, func, select, text
from sqlalchemy.exc import DBAPIError, SQLAlchemyError

from policyengine_records.errors import RecordsUnavailable
from policyengine_records.store.opening import address_of, file_of, open_database
from policyengine_records.store.seats import Seats
from policyengine_records.store.watch import connected

_STEPS: Final = 10_000
"""After how many steps of its virtual machine SQLite looks whether the time is up."""

_ABANDONED: Final[list[Engine]] = []
"""Engines of a parent process whose connections were in use when it forked. Nothing may close them here."""


class Store:
    """One database with records. Safe between threads, between processes, and over a fork; opened when it is needed.

    Args:
        database: ``sqlite:///PATH`` or ``postgresql://…``.
        timeout: how many seconds a connection, a lock or a query may take.
        pool_size: how many connections there may be at a time; whoever wants one more waits for its turn.
        clock: the time, in microseconds since 1970 (UTC); by default the machine's for SQLite, and the database's own
            for PostgreSQL, where many hosts write.

    Raises:
        RecordsError: the URL is of another sort, or a driver is missing.
    """

    def __init__(
        self, database: str, *, timeout: float = 5.0, pool_size: int = 5, clock: Callable[[], int] | None = None
    ) -> None:
        self.url = address_of(database)
        self.file = file_of(self.url)
        self.timeout = timeout
        self._pool_size = pool_size
        self._clock = clock
        self._engine = open_database(self.url, timeout, pool_size)
        self._fresh()
        _stores.add(self)

    def __repr__(self) -> str:
        return f"Store({self.url.render_as_string()!r})"

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        """Open a transaction that reads: what it sees is of one moment. Within another one, that goes on.

        Raises:
            RecordsUnavailable: the database did not answer.
        """
        with self._transaction(writes=False) as connection:
            yield connection

    @contextmanager
    def writing(self, what: str) -> Iterator[Connection]:
        """Open a transaction that writes, one at a time for each `what`, over all hosts; or go on with the one around.

        All of it is on the disk when the outermost block has ended, or nothing of it.

        Args:
            what: who writes: ``ledger``, ``quarantine`` or ``outbox``.

        Raises:
            RecordsUnavailable: the database did not answer. All was written or nothing: which, cannot always be known.
        """
        with self._transaction(writes=True) as connection:
            if connection.dialect.name == "postgresql":
                connection.execute(select(func.pg_advisory_xact_lock(_lock(what))))
            yield connection

    @contextmanager
    def settled(self, what: str) -> Iterator[Connection]:
        """Read once whoever writes `what` has finished, so that the past stands still."""
        sqlite = self.file is not None
        with self._transaction(writes=sqlite) as connection:
            if not sqlite:
                connection.execute(select(func.pg_advisory_xact_lock_shared(_lock(what))))
            yield connection

    def now(self, connection: Connection) -> int:
        """Return the time, in microseconds since 1970 (UTC)."""
        if self._clock is not None:
            return self._clock()
        if connection.dialect.name == "postgresql":
            return int(connection.scalar(text("SELECT (extract(epoch FROM clock_timestamp()) * 1000000)::bigint")))
        return time.time_ns() // 1000

    def emptied(self) -> bool:
        """Have SQLite write its log into the file and empty it; return whether it could: nobody is reading."""
        if self.file is None:
            return True
        with self._told(), self._seats.taken(self.timeout), connected(self._engine, self.timeout) as connection:
            driver: Any = connection.connection.driver_connection
            return not driver.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()[0]

    def upgrade(self) -> tuple[str | None, str]:
        """Make the tables, or bring them up to date; see `policyengine_records.store.upkeep.upgrade`."""
        from policyengine_records.store.upkeep import upgrade  # noqa: PLC0415  imports Alembic

        return upgrade(self)

    def close(self) -> None:
        """Close all connections; they are opened again when they are needed."""
        self._engine.dispose()

    def __enter__(self) -> Store:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    @contextmanager
    def _transaction(self, *, writes: bool) -> Iterator[Connection]:
        standing: Connection | None = getattr(self._local, "connection", None)
        if standing is not None:
            yield standing
            return
        turn = self._writer.taken(self.timeout) if writes and self.file is not None else nullcontext()
        with (
            turn,
            self._seats.taken(self.timeout),
            self._told(),
            connected(self._engine, self.timeout) as connection,
            connection.execution_options(writes=writes).begin(),
            nullcontext() if writes else self._limited(connection),
        ):
            self._local.connection = connection
            try:
                yield connection
            finally:
                self._local.connection = None

    @contextmanager
    def _limited(self, connection: Connection) -> Iterator[None]:
        """Have SQLite give up a query that takes too long; PostgreSQL keeps a limit of its own."""
        driver = connection.connection.driver_connection
        if not isinstance(driver, sqlite3.Connection):
            yield
            return
        end = time.monotonic() + self.timeout
        driver.set_progress_handler(lambda: time.monotonic() > end, _STEPS)
        try:
            yield
        finally:
            driver.set_progress_handler(None, 0)

    @contextmanager
    def _told(self) -> Iterator[None]:
        """Turn what a database raises into what a caller can read, without the values of a query."""
        try:
            yield
        except (SQLAlchemyError, sqlite3.Error, OSError) as error:
            why = str(error.orig if isinstance(error, DBAPIError) and error.orig is not None else error)
            reason = re.sub(r"\s+", " ", why).strip() or type(error).__name__
            raise RecordsUnavailable(
                f"the records' database failed: {reason}", f"記録のデータベースの誤り: {reason}"
            ) from error

    def _fresh(self) -> None:
        self._local = threading.local()
        self._seats = Seats(self._pool_size)
        self._writer = Seats(1)
        self._gathered = 0

    def _before_fork(self) -> None:
        """Wait until nobody uses a connection of SQLite, and close them: none must be known to two processes."""
        if self.file is None or getattr(self._local, "connection", None) is not None:
            return
        end = time.monotonic() + self.timeout
        while self._gathered < self._pool_size and self._seats.take(end - time.monotonic()):
            self._gathered += 1
        if self._gathered == self._pool_size:
            self._engine.dispose()

    def _after_fork_here(self) -> None:
        while self._gathered:
            self._gathered -= 1
            self._seats.give()

    def _after_fork_in_child(self) -> None:
        if self._gathered < self._pool_size:
            _ABANDONED.append(self._engine)
            self._engine = open_database(self.url, self.timeout, self._pool_size)
        self._fresh()


_stores: Final[weakref.WeakSet[Store]] = weakref.WeakSet()
_forking: Final = threading.Lock()


def _before_fork() -> None:
    _forking.acquire()
    for store in list(_stores):
        store._before_fork()


def _after_fork_here() -> None:
    for store in list(_stores):
        store._after_fork_here()
    _forking.release()


def _after_fork_in_child() -> None:
    for store in list(_stores):
        store._after_fork_in_child()
    _forking.release()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(before=_before_fork, after_in_parent=_after_fork_here, after_in_child=_after_fork_in_child)


def _lock(what: str) -> int:
    """Return the number of the PostgreSQL lock under which one host writes `what` at a time."""
    return 7_021_534_120 + zlib.crc32(what.encode())
