"""How a database is opened: an SQLite file, or a PostgreSQL that other hosts use as well."""

from __future__ import annotations

import sqlite3
from pathlib import Path
from typing import Any, Final

from sqlalchemy import Engine, QueuePool, create_engine, event
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError, InvalidatePoolError

from policyengine_records.errors import RecordsError, RecordsUnavailable
from policyengine_records.store.schema import VERSION, VERSION_TABLE
from policyengine_records.store.watch import watch_statements

APPLICATION: Final = int.from_bytes(b"PEr1")
"""What SQLite's header says a file is, so that no other program's database is taken for records."""

_UPGRADE: Final = "policyengine records upgrade"


def address_of(database: str) -> URL:
    """Return the URL of a database.

    Raises:
        RecordsError: it is of a sort that records cannot live in.
    """
    try:
        url = make_url(database)
    except ArgumentError:
        raise RecordsError(
            "no URL of a database; write sqlite:///records.db or postgresql://host/name",
            "データベースの URL ではありません。sqlite:///records.db や postgresql://host/name と書いてください",
        ) from None
    backend = url.get_backend_name()
    if backend not in ("sqlite", "postgresql"):
        raise RecordsError(
            f"records live in SQLite or PostgreSQL, not in {backend}",
            f"記録を置けるのは SQLite か PostgreSQL で、{backend} には置けません",
        )
    if backend == "sqlite" and url.database in (None, "", ":memory:"):
        raise RecordsError(
            "records in memory would be forgotten; name a file: sqlite:///records.db",
            "メモリー上の記録は何も残りません。ファイルを指定してください: sqlite:///records.db",
        )
    return url


def file_of(url: URL) -> Path | None:
    """Return the file of an SQLite database; None for another one."""
    return Path(str(url.database)).absolute() if url.get_backend_name() == "sqlite" else None


def open_database(url: URL, timeout: float, pool_size: int, *, any_version: bool = False) -> Engine:
    """Return an engine of SQLAlchemy; nothing is connected yet.

    Args:
        url: of `address_of`.
        timeout: how many seconds a connection, a lock and a query may take.
        pool_size: how many connections there may be; whoever takes more than that waits elsewhere.
        any_version: whether the tables may be other than this package knows them, as before an upgrade.

    Raises:
        RecordsError: PostgreSQL's driver is missing.
    """
    file = file_of(url)
    engine = _postgresql(url, timeout, pool_size) if file is None else _sqlite(file, timeout, pool_size)
    if not any_version:

        @event.listens_for(engine, "connect")
        def refuse_others(connection: Any, _record: Any) -> None:
            found = version_of(connection)
            if found != VERSION:
                has = "no tables yet" if found is None else f"version {found}, and this package knows {VERSION}"
                raise RecordsUnavailable(
                    f"the records' database has {has}; bring it up to date with: {_UPGRADE}",
                    f"記録のデータベースが新しくありません（{found or '表なし'}）。次で更新してください: {_UPGRADE}",
                )

    return engine


def version_of(connection: Any) -> str | None:
    """Return of which version the tables behind a driver's connection are; None where there are none.

    Raises:
        RecordsUnavailable: they are another program's.
    """
    cursor = connection.cursor()
    try:
        if isinstance(connection, sqlite3.Connection):
            found = cursor.execute("PRAGMA application_id").fetchone()[0]
            if found == 0 and cursor.execute("SELECT count(*) FROM sqlite_master").fetchone()[0] == 0:
                return None
            if found != APPLICATION:
                raise RecordsUnavailable(
                    "the file is another program's database, and holds no records",
                    "このファイルは別のプログラムのデータベースで、記録ではありません",
                )
        else:
            cursor.execute(f"SELECT to_regclass('{VERSION_TABLE}') IS NOT NULL")
            if not cursor.fetchone()[0]:
                connection.rollback()
                return None
        cursor.execute(f"SELECT version_num FROM {VERSION_TABLE}")
        row = cursor.fetchone()
        if not isinstance(connection, sqlite3.Connection):
            connection.rollback()
        return None if row is None else str(row[0])
    finally:
        cursor.close()


def _sqlite(file: Path, timeout: float, pool_size: int) -> Engine:
    address = f"{file.as_uri()}?mode=rw"  # a file that is gone is missed, and not made anew without its records

    def connect() -> sqlite3.Connection:
        if not file.exists():
            raise RecordsUnavailable(
                f"unable to open {file}: there is no such file; make it with: {_UPGRADE}",
                f"{file} を開けません: ファイルがありません。次で作れます: {_UPGRADE}",
            )
        connection = sqlite3.connect(address, timeout=timeout, isolation_level=None, uri=True, check_same_thread=False)
        try:
            for pragma in ("synchronous = FULL", "foreign_keys = ON", "secure_delete = ON"):
                connection.execute(f"PRAGMA {pragma}")
        except BaseException:
            connection.close()
            raise
        return connection

    engine = create_engine(
        "sqlite://",
        creator=connect,
        poolclass=QueuePool,
        pool_size=pool_size,
        max_overflow=0,
        pool_timeout=timeout,
        pool_reset_on_return=None,
        hide_parameters=True,
    )

    @event.listens_for(engine, "connect")
    def remember(_connection: Any, record: Any) -> None:
        record.info["file"] = _identity(file)

    @event.listens_for(engine, "checkout")
    def look(_connection: Any, record: Any, _proxy: Any) -> None:
        if record.info["file"] != _identity(file):  # moved away, or written over: what is read here may not be there
            raise InvalidatePoolError

    @event.listens_for(engine, "begin")
    def begin(connection: Any) -> None:
        writes = connection.get_execution_options().get("writes")
        connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")

    return engine


def _identity(file: Path) -> tuple[int, int] | None:
    try:
        found = file.stat()
    except OSError:
        return None
    return found.st_dev, found.st_ino


def _postgresql(url: URL, timeout: float, pool_size: int) -> Engine:
    milliseconds = max(1, int(timeout * 1000))
    given = url.query.get("options", "")
    options = [given] if isinstance(given, str) else list(given)
    # What is asked here is found by its keys: neither is it worth compiling, nor reading whole tables for.
    options += [
        f"-c lock_timeout={milliseconds}",
        f"-c statement_timeout={milliseconds}",
        "-c jit=off",
        "-c random_page_cost=1.1",
    ]
    try:
        engine = create_engine(
            url.set(drivername="postgresql+psycopg"),
            connect_args={
                "connect_timeout": max(1, round(timeout)),
                "tcp_user_timeout": milliseconds,
                "options": " ".join(options),
            },
            pool_size=pool_size,
            max_overflow=0,
            pool_timeout=timeout,
            hide_parameters=True,
        )
    except ImportError:
        raise RecordsError(
            "PostgreSQL needs psycopg: pip install 'psycopg[binary]', or this package with [postgresql]",
            "PostgreSQL には psycopg が必要です: pip install 'psycopg[binary]' か、このパッケージの [postgresql]",
        ) from None
    watch_statements(engine)
    return engine
