"""The upkeep of a store: its tables made and brought up to date, what is in it, and a copy of all of it."""

from __future__ import annotations

import base64
import json
import os
import sqlite3
import time
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any, Final

from sqlalchemy import Connection, LargeBinary, func, insert, select

from policyengine_records.errors import RecordsError, RecordsUnavailable
from policyengine_records.store.opening import APPLICATION, open_database, version_of
from policyengine_records.store.schema import TABLES, VERSION, flows, messages, standing
from policyengine_records.store.store import Store

_MIGRATIONS: Final = Path(__file__).with_name("migrations")
_CHUNK: Final = 1000


def upgrade(store: Store) -> tuple[str | None, str]:
    """Make the tables of a store, or bring them up to date: all of it, or nothing. An SQLite file is made as well.

    Returns:
        Of which version they were, None where there were none, and of which they are.

    Raises:
        RecordsUnavailable: the database does not answer, or is another program's.
    """
    if store.file is not None:
        _make(store.file)
    engine = open_database(store.url, store.timeout, 1, any_version=True)
    try:
        with store._told(), engine.connect() as connection:
            driver: Any = connection.connection.driver_connection
            before = version_of(driver)
            if store.file is not None:
                _write_ahead(driver, store.timeout)
            with connection.execution_options(writes=True).begin():
                if store.file is None:
                    connection.execute(select(func.pg_advisory_xact_lock(7_021_534_119)))
                _migrate(connection)
                if store.file is not None:
                    connection.exec_driver_sql(f"PRAGMA application_id = {APPLICATION}")
    finally:
        engine.dispose()
    return before, VERSION


def status(store: Store) -> dict[str, Any]:
    """Return what is in a store: of which version it is, and how many of what.

    Raises:
        RecordsUnavailable: the database does not answer, or is another program's.
    """
    engine = open_database(store.url, store.timeout, 1, any_version=True)
    try:
        with store._told(), engine.connect() as connection:
            version = version_of(connection.connection.driver_connection)
    finally:
        engine.dispose()
    found: dict[str, Any] = {
        "database": store.url.render_as_string(),
        "version": version,
        "known_version": VERSION,
    }
    if version == VERSION:
        with store.reading() as connection:
            found["facts"] = connection.scalar(select(func.count(standing.c.fact.distinct())))
            found["flows"] = connection.scalar(select(func.count()).select_from(flows))
            found["messages"] = {
                str(state): count
                for state, count in connection.execute(
                    select(messages.c.state, func.count()).group_by(messages.c.state).order_by(messages.c.state)
                )
            }
    return found


def export(store: Store) -> Iterator[Mapping[str, Any]]:
    """Yield all rows of all tables, of one moment, as JSON objects that `restore` takes, on either database.

    Raises:
        RecordsUnavailable: the database does not answer.
    """
    with store.reading() as connection:
        if store.file is None:
            connection.exec_driver_sql("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")
        yield {"records": VERSION}
        for table in TABLES:
            binary = [column.name for column in table.columns if isinstance(column.type, LargeBinary)]
            for row in connection.execute(select(table).order_by(*table.primary_key.columns)).mappings():
                found = dict(row)
                for name in binary:
                    found[name] = base64.b64encode(found[name]).decode()
                yield {"table": table.name, "row": found}


def restore(store: Store, objects: Iterable[Mapping[str, Any]]) -> int:
    """Write what `export` yielded into a store that has nothing in it yet: all of it, or nothing.

    Returns:
        How many rows were written.

    Raises:
        RecordsError: there is something in the store, or the objects are no export of this version.
        RecordsUnavailable: the database does not answer.
    """
    waiting = iter(objects)
    head = next(waiting, {})
    if head.get("records") != VERSION:
        raise RecordsError(
            f"this is no export of records of version {VERSION}", f"バージョン {VERSION} の記録の書き出しではありません"
        )
    count = 0
    tables = {table.name: table for table in TABLES}
    with store.writing("ledger"), store.writing("quarantine"), store.writing("outbox") as connection:
        for table in tables.values():
            if connection.scalar(select(func.count()).select_from(table)):
                raise RecordsError("there are records already", "既に記録があります")
        gathered: list[dict[str, Any]] = []
        current = None
        for one in waiting:
            table = tables[one["table"]]
            if table is not current or len(gathered) == _CHUNK:
                count += _written(connection, current, gathered)
                current, gathered = table, []
            row = dict(one["row"])
            for column in table.columns:
                if isinstance(column.type, LargeBinary):
                    row[column.name] = base64.b64decode(row[column.name])
            gathered.append(row)
        count += _written(connection, current, gathered)
        if store.file is None:  # numbers go on after those that were given
            for table in tables.values():
                for column in table.primary_key.columns:
                    if column is table.autoincrement_column:
                        connection.exec_driver_sql(
                            f"SELECT setval(pg_get_serial_sequence('{table.name}', '{column.name}'),"
                            f" coalesce((SELECT max({column.name}) FROM {table.name}), 0) + 1, false)"
                        )
    return count


def write_export(store: Store, file: Path) -> int:
    """Write an export to a new file, for its owner alone to read; return how many rows it has.

    Raises:
        RecordsError: the file is there already, or cannot be written.
        RecordsUnavailable: the database does not answer; there is no file then.
    """
    try:
        handle = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except OSError as error:
        raise RecordsError(f"{file}: {error.strerror}", f"{file}: {error.strerror}") from None
    count = -1
    try:
        with os.fdopen(handle, "w", encoding="utf-8", newline="\n") as out:
            for one in export(store):
                out.write(json.dumps(one) + "\n")
                count += 1
            out.flush()
            os.fsync(out.fileno())
    except BaseException:
        file.unlink(missing_ok=True)
        raise
    return count


def _written(connection: Connection, table: Any, rows: list[dict[str, Any]]) -> int:
    if rows:
        connection.execute(insert(table), rows)
    return len(rows)


def _make(file: Path) -> None:
    """Make an empty file for its owner alone, where there is none."""
    try:
        with suppress(FileExistsError):  # to close one that is there would end the locks of this process on it
            os.close(os.open(file, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600))
    except OSError as error:
        why = error.strerror or str(error)
        raise RecordsUnavailable(f"{file} cannot be made: {why}", f"{file} を作れません: {why}") from error


def _write_ahead(database: sqlite3.Connection, patience: float) -> None:
    """Switch to the write-ahead log; two that open a new file at once get in each other's way, without waiting."""
    deadline = time.monotonic() + patience
    while database.execute("PRAGMA journal_mode").fetchone()[0] != "wal":
        try:
            database.execute("PRAGMA journal_mode = WAL").fetchone()
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode != sqlite3.SQLITE_BUSY or time.monotonic() > deadline:
                raise
            time.sleep(0.01)


def _migrate(connection: Connection) -> None:
    """Run the migrations that are missing, in the transaction of `connection`."""
    from alembic import command  # noqa: PLC0415  slow, and needed here alone
    from alembic.config import Config  # noqa: PLC0415
    from alembic.util import CommandError  # noqa: PLC0415

    config = Config()
    config.set_main_option("script_location", str(_MIGRATIONS).replace("%", "%%"))
    config.attributes["connection"] = connection
    try:
        command.upgrade(config, "head")
    except CommandError as error:
        raise RecordsUnavailable(
            f"the records' database is of a version that this package does not know: {error}",
            f"記録のデータベースは、このパッケージの知らないバージョンです: {error}",
        ) from error
