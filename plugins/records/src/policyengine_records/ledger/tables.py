"""The tables of a ledger, and how a database is opened. The database itself refuses to change or delete an entry."""

from __future__ import annotations

import sqlite3
from pathlib import Path
from typing import Any

from sqlalchemy import (
    DDL,
    BigInteger,
    Column,
    Engine,
    ForeignKey,
    Index,
    Integer,
    MetaData,
    NullPool,
    Table,
    Text,
    UniqueConstraint,
    create_engine,
    event,
)
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError

from policyengine_records.ledger.connection import watch_statements
from policyengine_records.ledger.entry import LedgerError, LedgerUnavailable

metadata = MetaData()

_NUMBER = BigInteger().with_variant(Integer, "sqlite")

entries = Table(
    "ledger_entries",
    metadata,
    Column("entry", _NUMBER, primary_key=True, autoincrement=True),
    Column("fact", Text, nullable=False),
    Column("revision", Integer, nullable=False),
    Column("change", Text, nullable=False),
    Column("recorded", BigInteger, nullable=False, index=True),
    Column("type", Text, nullable=False),
    Column("subject", Text),
    Column("start", BigInteger, nullable=False),
    Column("end", BigInteger, nullable=False),
    Column("effective_end", BigInteger, nullable=False),
    Column("named", Integer, nullable=False),
    Column("body", Text, nullable=False),
    Column("rest", Text, nullable=False),
    Column("withdrawn", BigInteger),
    Column("due", BigInteger),
    Column("answered", BigInteger),
    UniqueConstraint("fact", "revision"),
    Index("ledger_entries_lookup", "subject", "type"),
    Index("ledger_entries_due", "due"),
)

parties = Table(
    "ledger_parties",
    metadata,
    Column("entry", _NUMBER, ForeignKey("ledger_entries.entry"), primary_key=True),
    Column("party", Text, primary_key=True),
)


def _append_only(table: Table) -> None:
    """Have the database refuse to change or delete a row of `table`."""
    refuse, name = f"{table.name}_refuse", table.name
    body = "BEGIN SELECT RAISE(ABORT, 'a ledger is append-only'); END"
    sqlite = [f"CREATE TRIGGER {name}_no_{deed} BEFORE {deed} ON {name} {body}" for deed in ("UPDATE", "DELETE")]
    body = "$$ BEGIN RAISE EXCEPTION 'a ledger is append-only'; END $$"
    deeds = "UPDATE OR DELETE OR TRUNCATE"
    postgresql = [
        f"CREATE OR REPLACE FUNCTION {refuse}() RETURNS trigger LANGUAGE plpgsql AS {body}",
        f"CREATE TRIGGER {name}_kept BEFORE {deeds} ON {name} FOR EACH STATEMENT EXECUTE FUNCTION {refuse}()",
    ]
    for dialect, statements in (("sqlite", sqlite), ("postgresql", postgresql)):
        for statement in statements:
            ddl = DDL(statement)  # type: ignore[no-untyped-call]
            event.listen(table, "after_create", ddl.execute_if(dialect=dialect))


_append_only(entries)
_append_only(parties)


def open_database(url: str, timeout: float, *, create: bool) -> Engine:
    """Return an engine of SQLAlchemy for a ledger; nothing is connected yet.

    Args:
        url: ``sqlite:///PATH`` or ``postgresql://…``.
        timeout: how many seconds a connection, a lock and a query may take.
        create: whether an SQLite file may be made where there is none.

    Raises:
        LedgerError: the URL is of another sort.
        LedgerUnavailable: the SQLite file cannot be made.
    """
    try:
        parsed = make_url(url)
    except ArgumentError:
        raise LedgerError(
            "no URL of a database; write sqlite:///facts.db or postgresql://host/name",
            "データベースの URL ではありません。sqlite:///facts.db や postgresql://host/name と書いてください",
        ) from None
    match parsed.get_backend_name():
        case "sqlite":
            return _sqlite(parsed, timeout, create=create)
        case "postgresql":
            return _postgresql(parsed, timeout)
        case other:
            raise LedgerError(
                f"a ledger lives in SQLite or PostgreSQL, not in {other}",
                f"台帳を置けるのは SQLite か PostgreSQL で、{other} には置けません",
            )


def _sqlite(url: URL, timeout: float, *, create: bool) -> Engine:
    if url.database in (None, "", ":memory:"):
        raise LedgerError(
            "a ledger in memory would forget everything; name a file: sqlite:///facts.db",
            "メモリー上の台帳は何も残りません。ファイルを指定してください: sqlite:///facts.db",
        )
    file = Path(str(url.database)).absolute()
    if create:
        try:
            file.touch()
        except OSError as error:
            raise LedgerUnavailable(
                f"the ledger's file cannot be made: {error}", f"台帳のファイルを作れません: {error}"
            ) from error
    address = f"{file.as_uri()}?mode=rw"  # a file that is gone is missed, and not made anew without its facts

    def connect() -> sqlite3.Connection:
        return sqlite3.connect(address, timeout=timeout, isolation_level=None, uri=True, check_same_thread=False)

    # A file is opened anew each time: a connection that is kept would go on reading a file that is gone.
    engine = create_engine("sqlite://", creator=connect, poolclass=NullPool, hide_parameters=True)

    @event.listens_for(engine, "begin")
    def begin(connection: Any) -> None:
        writes = connection.get_execution_options().get("writes")
        connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")

    return engine


def _postgresql(url: URL, timeout: float) -> Engine:
    milliseconds = max(1, int(timeout * 1000))
    given = url.query.get("options", "")
    options = [given] if isinstance(given, str) else list(given)
    options += [f"-c lock_timeout={milliseconds}", f"-c statement_timeout={milliseconds}"]
    try:
        engine = create_engine(
            url.set(drivername="postgresql+psycopg"),
            connect_args={
                "connect_timeout": max(1, round(timeout)),
                "tcp_user_timeout": milliseconds,
                "options": " ".join(options),
            },
            pool_timeout=timeout,
            hide_parameters=True,
        )
    except ImportError:
        raise LedgerError(
            "PostgreSQL needs psycopg: pip install 'psycopg[binary]', or this package with [postgresql]",
            "PostgreSQL には psycopg が必要です: pip install 'psycopg[binary]' か、このパッケージの [postgresql]",
        ) from None
    watch_statements(engine)
    return engine
