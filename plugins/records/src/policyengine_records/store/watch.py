"""Connections that end in time: a server that is frozen keeps none of the limits that it was given."""

from __future__ import annotations

import os
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Final

from sqlalchemy import Connection, Engine, event
from sqlalchemy.exc import SQLAlchemyError

from policyengine_records.errors import RecordsUnavailable

GRACE: Final = 1.0
"""How many seconds longer than its own limit a server may take; when it keeps the limit, it can say what happened."""

_WATCH: Final = "policyengine_records_watch"


class _Watch:
    """Shuts a socket down when a statement has taken too long, so that whoever waits for its answer gets an error.

    Args:
        fileno: of the socket.
        seconds: how long one statement may take.
    """

    def __init__(self, fileno: int, seconds: float) -> None:
        self._socket = socket.socket(fileno=os.dup(fileno))
        self._seconds = seconds
        self._done = threading.Event()
        self.ended = False
        self.begin()
        threading.Thread(target=self._run, name="policyengine-records-watch", daemon=True).start()

    def begin(self) -> None:
        """Begin to count: a statement is sent."""
        self._ends = time.monotonic() + self._seconds

    def close(self) -> None:
        """Watch no longer."""
        self._done.set()

    def _run(self) -> None:
        with self._socket:
            while not self._done.wait(max(0.0, self._ends - time.monotonic())):
                if time.monotonic() >= self._ends:
                    self.ended = True
                    self._socket.shutdown(socket.SHUT_RDWR)
                    return


def watch_statements(engine: Engine) -> None:
    """Have every statement and every commit of `engine` begin the time of its connection's watch anew."""

    def begin(connection: Connection, *_: Any) -> None:
        watch = connection.info.get(_WATCH)
        if watch is not None:
            watch.begin()

    event.listen(engine, "before_cursor_execute", begin)
    event.listen(engine, "commit", begin)


@contextmanager
def connected(engine: Engine, seconds: float) -> Iterator[Connection]:
    """Open a connection, of PostgreSQL one that is alive, and on which nothing takes longer than it may.

    Args:
        engine: the database.
        seconds: how long a statement may take.

    Raises:
        RecordsUnavailable: the server said nothing in time.
    """
    if engine.dialect.name != "postgresql":
        with engine.connect() as connection:
            yield connection
        return
    with engine.connect() as connection:
        with _watched(connection, seconds) as watch:
            alive = _alive(connection)
            if alive:
                yield connection
                return
        if watch.ended:
            raise _silent(seconds)
    engine.dispose()  # the server went away: no connection of the pool is any better
    with engine.connect() as connection, _watched(connection, seconds):
        yield connection


def _alive(connection: Connection) -> bool:
    """Whether the server still knows of a connection; one that it does not is let go of."""
    driver: Any = connection.connection.dbapi_connection
    try:
        return bool(connection.dialect.do_ping(driver))
    except connection.dialect.loaded_dbapi.Error:
        connection.invalidate()
        return False


@contextmanager
def _watched(connection: Connection, seconds: float) -> Iterator[_Watch]:
    driver: Any = connection.connection.dbapi_connection
    watch = _Watch(driver.fileno(), seconds + GRACE)
    info = connection.info
    info[_WATCH] = watch
    try:
        yield watch
    except SQLAlchemyError as error:
        if watch.ended:
            raise _silent(seconds) from error
        raise
    finally:
        info.pop(_WATCH, None)
        watch.close()


def _silent(seconds: float) -> RecordsUnavailable:
    return RecordsUnavailable(
        f"the records' database failed: no answer within {seconds:g} s",
        f"記録のデータベースの誤り: {seconds:g} 秒以内に応答がありません",
    )
