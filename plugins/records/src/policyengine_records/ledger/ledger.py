"""The ledger: facts are added, withdrawn, corrected and answered, always by one more entry."""

from __future__ import annotations

import re
import sqlite3
import time
import uuid
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, NamedTuple

from sqlalchemy import Connection, Row, Select, and_, func, insert, select, text
from sqlalchemy.exc import DBAPIError, SQLAlchemyError

from policyengine.moment import written
from policyengine_records.ledger.connection import connected
from policyengine_records.ledger.entry import (
    ALWAYS,
    DAY,
    REQUEST,
    Entry,
    LedgerError,
    LedgerUnavailable,
    Stated,
    fact_of,
    moment,
)
from policyengine_records.ledger.policies import days_to_answer, refuse_strange
from policyengine_records.ledger.tables import entries, metadata, open_database, parties

if TYPE_CHECKING:
    from policyengine import Engine

_LOCK = 7_021_534_120
"""The number of the PostgreSQL lock under which one host writes at a time."""

_CHUNK = 1000
"""How many facts of an import go into one statement."""

_COMPARED = ("type", "subject", "start", "end", "body", "withdrawn", "due", "answered")
"""The columns by which two entries say the same."""

_IMPORTED = frozenset({"id", "fact", "withdrawn_at", "due_at", "answered_at"})


class Ledger:
    """A ledger of facts in one database. Safe to share between threads.

    Args:
        url: ``sqlite:///PATH`` or ``postgresql://…``.
        timeout: how many seconds a connection, a lock or a query may take before the ledger counts as unavailable.
        answer_within_days: in how many days a request is to be answered where nobody else says so; None sets no date.
        create: whether tables (and an SQLite file) are made where there are none. Without it nothing is connected
            until the first question, and a ledger that is not there is unavailable.
        clock: the time of entries, in microseconds since 1970 (UTC); by default the machine's for SQLite, and the
            database's own for PostgreSQL, where many hosts write.

    Raises:
        LedgerError: the URL is of another sort.
        LedgerUnavailable: the tables cannot be made.
    """

    def __init__(
        self,
        url: str,
        *,
        timeout: float = 5.0,
        answer_within_days: float | None = None,
        create: bool = True,
        clock: Callable[[], int] | None = None,
    ) -> None:
        self.timeout = timeout
        self.answer_within_days = answer_within_days
        self._clock = clock
        self._engine = open_database(url, timeout, create=create)
        self._heard: list[Callable[[], None]] = []
        if create:
            with self._writing() as connection:
                metadata.create_all(connection)

    def add(self, fact: Mapping[str, Any], *, days: float | None = None, engine: Engine | None = None) -> str:
        """Add a fact. A request gets a due date, so many days after its ``from``, or after now where it states none.

        Args:
            fact: a fact as events have it; its times may have any offset, and come out in UTC.
            days: in how many days a request is to be answered; None leaves it to the policies, and then to the ledger.
            engine: its policies say what form the fact must have, and in how many days a request is to be answered.

        Returns:
            The id under which the ledger has it.

        Raises:
            LedgerError: the fact is malformed, or `days` are given for something that is no request.
            LedgerUnavailable: the database did not answer. The fact was added or not: this cannot be known.
        """
        stated = Stated.of(fact)
        if engine is not None:
            refuse_strange(fact, engine.fact_types)
        if days is not None and stated.type != REQUEST:
            raise LedgerError(
                f"only a {REQUEST} has days to be answered in", f"回答までの日数は {REQUEST} だけのものです"
            )
        with self._writing() as connection:
            now = self._now(connection)
            identifier = uuid.uuid4().hex
            due = self._due(fact, stated, now, days, engine)
            _append(connection, [_row(identifier, "add", now, stated, {"due": due})])
        return identifier

    def withdraw(self, identifier: str, at: str | None = None) -> Entry:
        """End a fact. It never counts from `at` on, whatever is recorded later; an earlier end stays.

        Args:
            identifier: of the fact.
            at: from when it does not count any more; None is now.

        Raises:
            LedgerError: there is no such fact, or `at` is no time.
            LedgerUnavailable: the database did not answer.
        """
        when = None if at is None else moment(at)
        with self._changing(identifier) as (connection, now, last):
            earliest = min(when if when is not None else now, ALWAYS if last.withdrawn is None else last.withdrawn)
            return _follow(connection, last, "withdraw", now, _stated(last), withdrawn=earliest)

    def correct(self, identifier: str, fact: Mapping[str, Any]) -> Entry:
        """State anew what a fact says. What was recorded before stays in its history, and a withdrawal stays in force.

        Raises:
            LedgerError: there is no such fact, or the new one is malformed or of another type.
            LedgerUnavailable: the database did not answer.
        """
        stated = Stated.of(fact)
        with self._changing(identifier) as (connection, now, last):
            if stated.type != last.type:
                raise LedgerError(
                    f"fact {identifier} is a {last.type}, and cannot become a {stated.type}",
                    f"事実 {identifier} の種類は {last.type} で、{stated.type} には変えられません",
                )
            return _follow(connection, last, "correct", now, stated)

    def answer(self, identifier: str, at: str | None = None) -> Entry:
        """Note that a request was answered. It stays in effect: data that a person had stopped stay stopped.

        Raises:
            LedgerError: there is no such fact, it is no request, or it was answered already.
            LedgerUnavailable: the database did not answer.
        """
        when = None if at is None else moment(at)
        with self._changing(identifier) as (connection, now, last):
            if last.type != REQUEST:
                raise LedgerError(
                    f"fact {identifier} is a {last.type}, and only a {REQUEST} is answered",
                    f"事実 {identifier} の種類は {last.type} で、回答できるのは {REQUEST} だけです",
                )
            if last.answered is not None:
                when_answered = written(last.answered)
                raise LedgerError(
                    f"fact {identifier} was answered at {when_answered} already",
                    f"事実 {identifier} には {when_answered} に回答済みです",
                )
            return _follow(connection, last, "answer", now, _stated(last), answered=when if when is not None else now)

    def facts(self, *, subject: str | None = None, type: str | None = None, as_of: str | None = None) -> list[Entry]:  # noqa: A002
        """Return the newest entry of every fact, in the order in which the facts were first recorded.

        Args:
            subject: only facts that state this person.
            type: only facts of this type.
            as_of: as the ledger was known at this moment.

        Raises:
            LedgerError: `as_of` is no time.
            LedgerUnavailable: the database did not answer.
        """
        until = None if as_of is None else moment(as_of)
        question = newest(until)
        if subject is not None:
            question = question.where(entries.c.subject == subject)
        if type is not None:
            question = question.where(entries.c.type == type)
        return self._entries(question, settled=until is not None)

    def history(self, identifier: str) -> list[Entry]:
        """Return all entries about one fact, the oldest first.

        Raises:
            LedgerError: there is no such fact.
            LedgerUnavailable: the database did not answer.
        """
        found = self._entries(select(entries).where(entries.c.fact == identifier))
        if not found:
            raise _unknown(identifier)
        return found

    def due(self, now: str | None = None, *, within: float = 0) -> list[Entry]:
        """Return the requests that are late: open after their due date, and not withdrawn. The longest late first.

        Args:
            now: at which moment; None is now.
            within: those as well that will be late in so many days.

        Raises:
            LedgerError: `now` is no time, or `within` leads out of time.
            LedgerUnavailable: the database did not answer.
        """
        given = None if now is None else moment(now)
        with self._reading() as connection:
            at = self._time(connection) if given is None else given
            question = newest(None).where(
                entries.c.due < _checked(at + round(within * DAY)),
                entries.c.answered.is_(None),
                entries.c.withdrawn.is_(None) | and_(entries.c.withdrawn > at, entries.c.withdrawn > entries.c.due),
            )
            found = connection.execute(question).all()
        return [_entry(row) for row in sorted(found, key=lambda row: (row.due, row.entry))]

    def export(self) -> Iterator[dict[str, Any]]:
        """Yield every fact with its id and state, as JSON objects that `import_` takes, in the order of `facts`.

        Raises:
            LedgerUnavailable: the database did not answer.
        """
        with self._reading() as connection:
            first = entries.alias("first")
            begun = and_(first.c.fact == entries.c.fact, first.c.revision == 1)
            rows = connection.execute(newest(None).join(first, begun).order_by(first.c.entry)).all()
        for row in rows:
            # The end that was stated and the withdrawal are told apart, so that a correction can move the one alone.
            found = _entry(row).as_dict()
            found["fact"] = fact_of(row.body, row.subject, row.start, row.end)
            yield {name: value for name, value in found.items() if name in _IMPORTED}

    def import_(
        self,
        objects: Iterable[Mapping[str, Any]],
        *,
        engine: Engine | None = None,
        told: Callable[[int, int], None] | None = None,
    ) -> list[str]:
        """Add facts, or what `export` yielded with its ids: all, or none where one is wrong.

        A fact that is there already under its id, and the same, is left as it is; so an import of what was exported
        can be repeated. Plain requests get due dates as by `add`; what was exported keeps what it has.

        Args:
            objects: facts, or objects of an export.
            engine: as for `add`.
            told: called with how many objects are written, and how many there are, while they are.

        Returns:
            The ids, in the order given.

        Raises:
            LedgerError: with the number of the object, where one is malformed, or is there already and differs.
            LedgerUnavailable: the database did not answer. All were added or none: which, cannot be known.
        """
        given: list[_Imported] = []
        for number, found in enumerate(objects, 1):
            with _numbered(number):
                given.append(_imported(found))
                if engine is not None:
                    refuse_strange(given[-1].fact, engine.fact_types)
        with self._writing() as connection:
            now = self._now(connection)
            for start in range(0, len(given), _CHUNK):
                chunk = given[start : start + _CHUNK]
                there = _newest_of(connection, [one.identifier for one in chunk])
                rows = []
                for number, one in enumerate(chunk, start + 1):
                    with _numbered(number):
                        state = one.state or {"due": self._due(one.fact, one.stated, now + number, None, engine)}
                        row = _row(one.identifier, "add", now + number, one.stated, state)
                        last = there.setdefault(one.identifier, row)
                        if last is row:
                            rows.append(row)
                        elif any(last[name] != row[name] for name in _COMPARED):
                            raise LedgerError(
                                f"fact {one.identifier} is there already, and differs",
                                f"事実 {one.identifier} は既にあり、内容が異なります",
                            )
                if rows:
                    _append(connection, rows)
                if told is not None:
                    told(start + len(chunk), len(given))
        return [one.identifier for one in given]

    def heard(self, listener: Callable[[], None]) -> None:
        """Have `listener` called after every entry that this object made."""
        self._heard.append(listener)

    def close(self) -> None:
        """Let go of pooled connections."""
        self._engine.dispose()

    def _entries(self, question: Select[Any], *, settled: bool = False) -> list[Entry]:
        with self._reading(settled=settled) as connection:
            rows = connection.execute(question).all()
            firsts = {}
            if rows and len({row.fact for row in rows}) > 1:
                firsts = dict(
                    connection.execute(select(entries.c.fact, entries.c.entry).where(entries.c.revision == 1)).all()
                )
        return [_entry(row) for row in sorted(rows, key=lambda row: (firsts.get(row.fact, 0), row.revision))]

    @contextmanager
    def _reading(self, *, settled: bool = False) -> Iterator[Connection]:
        """Open a transaction that reads; `settled` waits for whoever is writing, so that the past stands still."""
        with self._told(), connected(self._engine, self.timeout) as connection:
            sqlite = connection.dialect.name == "sqlite"
            with connection.execution_options(writes=settled and sqlite).begin():
                if settled and not sqlite:
                    connection.execute(select(func.pg_advisory_xact_lock_shared(_LOCK)))
                if sqlite:
                    _limit(connection, self.timeout)
                yield connection

    @contextmanager
    def _writing(self) -> Iterator[Connection]:
        """Open the one transaction that writes at a time, so that times of record follow the order of commits."""
        with (
            self._told(),
            connected(self._engine, self.timeout) as connection,
            connection.execution_options(writes=True).begin(),
        ):
            if connection.dialect.name == "postgresql":
                connection.execute(select(func.pg_advisory_xact_lock(_LOCK)))
            yield connection
        for listener in self._heard:
            listener()

    @contextmanager
    def _changing(self, identifier: str) -> Iterator[tuple[Connection, int, Row[Any]]]:
        with self._writing() as connection:
            last = _last(connection, identifier)
            if last is None:
                raise _unknown(identifier)
            yield connection, self._now(connection), last

    def _due(
        self, fact: Mapping[str, Any], stated: Stated, now: int, days: float | None, engine: Engine | None
    ) -> int | None:
        """Return until when a fact is to be answered; None where it is no request, or nobody says."""
        if stated.type != REQUEST:
            return None
        begun = now if stated.start == -ALWAYS else stated.start
        if days is None and engine is not None:
            days = days_to_answer(engine, fact["kind"], begun)
        if days is None:
            days = self.answer_within_days
        return None if days is None else _checked(begun + round(days * DAY))

    def _time(self, connection: Connection) -> int:
        if self._clock is not None:
            return self._clock()
        if connection.dialect.name == "postgresql":
            return int(
                connection.execute(
                    text("select (extract(epoch from clock_timestamp()) * 1000000)::bigint")
                ).scalar_one()
            )
        return time.time_ns() // 1000

    def _now(self, connection: Connection) -> int:
        """Return the time of a new entry: now, and after every entry before it, whatever a clock says."""
        before = connection.execute(select(func.max(entries.c.recorded))).scalar()
        now = self._time(connection)
        return now if before is None else max(now, before + 1)

    @contextmanager
    def _told(self) -> Iterator[None]:
        """Turn what a database raises into what a caller can read, without the values of a query."""
        try:
            yield
        except SQLAlchemyError as error:
            why = str(error.orig if isinstance(error, DBAPIError) and error.orig is not None else error)
            reason = re.sub(r"\s+", " ", why).strip() or type(error).__name__
            raise LedgerUnavailable(
                f"the ledger's database failed: {reason}", f"台帳のデータベースの誤り: {reason}"
            ) from error


def newest(until: int | None) -> Select[Any]:
    """Return the query for the newest entry of every fact, as known at `until`, or now."""
    later = entries.alias("later")
    follows = and_(later.c.fact == entries.c.fact, later.c.revision == entries.c.revision + 1)
    if until is not None:
        follows = and_(follows, later.c.recorded <= until)
    question = select(entries).where(~select(later.c.entry).where(follows).exists())
    return question if until is None else question.where(entries.c.recorded <= until)


def _limit(connection: Connection, timeout: float) -> None:
    """Have SQLite give up a query that takes too long; the connection ends with its transaction."""
    driver = connection.connection.driver_connection
    assert isinstance(driver, sqlite3.Connection)
    end = time.monotonic() + timeout
    driver.set_progress_handler(lambda: time.monotonic() > end, 1_000)


def _row(
    identifier: str, change: str, now: int, stated: Stated, state: Mapping[str, int | None], revision: int = 1
) -> dict[str, Any]:
    """Return one entry, by the columns of its table, and the parties that it names.

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
        "named": int(stated.parties is not None),
        "body": stated.body,
        "rest": stated.rest,
        "withdrawn": withdrawn,
        "due": state.get("due"),
        "answered": state.get("answered"),
        "parties": stated.parties or (),
    }


def _append(connection: Connection, rows: Sequence[Mapping[str, Any]]) -> None:
    """Write entries that `_row` made, in their order."""
    columns = [{name: value for name, value in row.items() if name != "parties"} for row in rows]
    written_as = connection.scalars(
        insert(entries).returning(entries.c.entry, sort_by_parameter_order=True), columns
    ).all()
    named = [
        {"entry": entry, "party": party}
        for entry, row in zip(written_as, rows, strict=True)
        for party in row["parties"]
    ]
    if named:
        connection.execute(insert(parties), named)


def _follow(connection: Connection, last: Row[Any], change: str, now: int, stated: Stated, **changes: int) -> Entry:
    state = {"withdrawn": last.withdrawn, "due": last.due, "answered": last.answered, **changes}
    _append(connection, [_row(last.fact, change, now, stated, state, last.revision + 1)])
    found = _last(connection, last.fact)
    assert found is not None
    return _entry(found)


def _newest_of(connection: Connection, identifiers: Sequence[str]) -> dict[str, Mapping[str, Any]]:
    """Return the newest entry of each of these facts that is there."""
    found = connection.execute(newest(None).where(entries.c.fact.in_(identifiers))).mappings()
    return {row["fact"]: dict(row) for row in found}


def _last(connection: Connection, identifier: str) -> Row[Any] | None:
    question = select(entries).where(entries.c.fact == identifier).order_by(entries.c.revision.desc()).limit(1)
    return connection.execute(question).one_or_none()


def _stated(row: Row[Any]) -> Stated:
    return Stated.of(fact_of(row.body, row.subject, row.start, row.end))


def _entry(row: Row[Any]) -> Entry:
    times: Sequence[int | None] = (row.withdrawn, row.due, row.answered)
    return Entry(
        row.fact,
        row.revision,
        row.change,
        written(row.recorded),
        fact_of(row.body, row.subject, row.start, row.effective_end),
        *(None if one is None else written(one) for one in times),
    )


class _Imported(NamedTuple):
    """One object of an import: its id, its fact, and its state where it was exported."""

    identifier: str
    fact: Mapping[str, Any]
    stated: Stated
    state: dict[str, int | None] | None = None


@contextmanager
def _numbered(number: int) -> Iterator[None]:
    """Have an error name the object of an import that it is about."""
    try:
        yield
    except LedgerError as error:
        raise LedgerError(f"object {number}: {error.text.en}", f"{number} 件目: {error.text.ja}") from None


def _imported(one: Mapping[str, Any]) -> _Imported:
    if not isinstance(one, Mapping):
        raise LedgerError("expected a JSON object", "JSON のオブジェクトではありません")
    if "fact" not in one:
        return _Imported(uuid.uuid4().hex, one, Stated.of(one))
    if strange := sorted(one.keys() - _IMPORTED):
        known = ", ".join(sorted(_IMPORTED))
        raise LedgerError(
            f"unknown field {strange[0]!r}; known: {known}", f"未知の項目 {strange[0]!r}。使えるもの: {known}"
        )
    identifier = one.get("id", uuid.uuid4().hex)
    if not isinstance(identifier, str) or not identifier or "\x00" in identifier:
        raise LedgerError("$.id: expected a non-empty string", "$.id: 空でない文字列でなければなりません")
    state = {
        name: moment(one[f"{name}_at"]) if f"{name}_at" in one else None for name in ("withdrawn", "due", "answered")
    }
    stated = Stated.of(one["fact"])
    for name in ("due", "answered"):
        if state[name] is not None and stated.type != REQUEST:
            raise LedgerError(f"$.{name}_at: only a {REQUEST} has one", f"$.{name}_at: {REQUEST} だけの項目です")
    return _Imported(identifier, one["fact"], stated, state)


def _checked(instant: int) -> int:
    try:
        return moment(written(instant))
    except (OverflowError, LedgerError):
        raise LedgerError(
            "the due date lies outside the years 1 to 9999", "期限が西暦1年から9999年の外になります"
        ) from None


def _unknown(identifier: str) -> LedgerError:
    return LedgerError(f"there is no fact {identifier!r} in the ledger", f"台帳に事実 {identifier!r} はありません")
