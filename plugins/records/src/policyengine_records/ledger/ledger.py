"""The ledger: facts are added, withdrawn, corrected and answered, always by one more entry."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from sqlalchemy import Connection, Row, Select, and_, select

from policyengine.moment import written
from policyengine_records.errors import RecordsError
from policyengine_records.ledger.bulk import export_facts, import_facts
from policyengine_records.ledger.entry import ALWAYS, DAY, REQUEST, Entry, Stated, moment
from policyengine_records.ledger.policies import days_to_answer, refuse_strange
from policyengine_records.ledger.rows import append, entry_of, follow, last_of, newest, next_moment, row_of, stated_in
from policyengine_records.ledger.withdrawal import Agreeing, Withdrawn, withdraw_agreeing
from policyengine_records.store.schema import entries
from policyengine_records.store.store import Store

if TYPE_CHECKING:
    from policyengine import Engine


class Ledger:
    """A ledger of facts in a store. Safe to share between threads.

    Args:
        store: where.
        answer_within_days: in how many days a request is to be answered where nobody else says so; None sets no date.
    """

    def __init__(self, store: Store, *, answer_within_days: float | None = None) -> None:
        self.store = store
        self.answer_within_days = answer_within_days

    def add(self, fact: Mapping[str, Any], *, days: float | None = None, engine: Engine | None = None) -> str:
        """Add a fact. A request gets a due date, so many days after its ``from``, or after now where it states none.

        Args:
            fact: a fact as events have it; its times may have any offset, and come out in UTC.
            days: in how many days a request is to be answered; None leaves it to the policies, and then to the ledger.
            engine: its policies say what form the fact must have, and in how many days a request is to be answered.

        Returns:
            The id under which the ledger has it.

        Raises:
            RecordsError: the fact is malformed, or `days` are given for something that is no request.
            RecordsUnavailable: the database did not answer. The fact was added or not: this cannot be known.
        """
        stated = Stated.of(fact)
        if engine is not None:
            refuse_strange(fact, engine.fact_types)
        if days is not None and stated.type != REQUEST:
            raise RecordsError(
                f"only a {REQUEST} has days to be answered in", f"回答までの日数は {REQUEST} だけのものです"
            )
        with self.store.writing("ledger") as connection:
            now = next_moment(self.store, connection)
            identifier = uuid.uuid4().hex
            due = self.due_of(fact, stated, now, days, engine)
            append(connection, [row_of(identifier, "add", now, stated, {"due": due})])
        return identifier

    def withdraw(self, identifier: str, at: str | None = None) -> Entry:
        """End a fact. It never counts from `at` on, whatever is recorded later; an earlier end stays.

        Args:
            identifier: of the fact.
            at: from when it does not count any more; None is now.

        Raises:
            RecordsError: there is no such fact, or `at` is no time.
            RecordsUnavailable: the database did not answer.
        """
        when = None if at is None else moment(at)
        with self._changing(identifier) as (connection, now, last):
            earliest = min(when if when is not None else now, ALWAYS if last.withdrawn is None else last.withdrawn)
            return follow(connection, last, "withdraw", now, stated_in(last), withdrawn=earliest)

    def withdraw_agreeing(
        self, which: Agreeing, at: str | None = None, *, engine: Engine | None = None, dry_run: bool = False
    ) -> Withdrawn:
        """End every fact that agrees with a person, a purpose or a recipient: all of them, or none.

        Args:
            which: the facts.
            at: from when they do not count any more; None is now.
            engine: its policies say what the kinds of a purpose are.
            dry_run: whether nothing is written, and only told what would be.

        Raises:
            RecordsError: `which` names nothing, nobody, or what no fact can name; a purpose or a type that no policy
                knows; or `at` is no time.
            RecordsUnavailable: the database did not answer. All ended or none: which, cannot be known.
        """
        return withdraw_agreeing(self.store, which, at, engine=engine, dry_run=dry_run)

    def alike(self, fact: Mapping[str, Any]) -> list[Entry]:
        """Return the facts that say the same of the same person, and are in effect for as long as `fact` will be.

        Raises:
            RecordsError: the fact is malformed.
            RecordsUnavailable: the database did not answer.
        """
        stated = Stated.of(fact)
        with self.store.reading() as connection:
            begins = max(stated.start, self.store.now(connection))
            person = entries.c.subject.is_(None) if stated.subject is None else entries.c.subject == stated.subject
            same = newest().where(
                entries.c.type == stated.type,
                person,
                entries.c.body == stated.body,
                entries.c.start <= begins,
                entries.c.effective_end >= stated.end,
                entries.c.effective_end > begins,
            )
            return [entry_of(row) for row in connection.execute(same.order_by(entries.c.entry))]

    def correct(self, identifier: str, fact: Mapping[str, Any]) -> Entry:
        """State anew what a fact says. What was recorded before stays in its history, and a withdrawal stays in force.

        Raises:
            RecordsError: there is no such fact, or the new one is malformed or of another type.
            RecordsUnavailable: the database did not answer.
        """
        stated = Stated.of(fact)
        with self._changing(identifier) as (connection, now, last):
            if stated.type != last.type:
                raise RecordsError(
                    f"fact {identifier} is a {last.type}, and cannot become a {stated.type}",
                    f"事実 {identifier} の種類は {last.type} で、{stated.type} には変えられません",
                )
            return follow(connection, last, "correct", now, stated)

    def answer(self, identifier: str, at: str | None = None) -> Entry:
        """Note that a request was answered. It stays in effect: data that a person had stopped stay stopped.

        Raises:
            RecordsError: there is no such fact, it is no request, or it was answered already.
            RecordsUnavailable: the database did not answer.
        """
        when = None if at is None else moment(at)
        with self._changing(identifier) as (connection, now, last):
            if last.type != REQUEST:
                raise RecordsError(
                    f"fact {identifier} is a {last.type}, and only a {REQUEST} is answered",
                    f"事実 {identifier} の種類は {last.type} で、回答できるのは {REQUEST} だけです",
                )
            if last.answered is not None:
                when_answered = written(last.answered)
                raise RecordsError(
                    f"fact {identifier} was answered at {when_answered} already",
                    f"事実 {identifier} には {when_answered} に回答済みです",
                )
            return follow(connection, last, "answer", now, stated_in(last), answered=when if when is not None else now)

    def facts(self, *, subject: str | None = None, type: str | None = None, as_of: str | None = None) -> list[Entry]:  # noqa: A002
        """Return the newest entry of every fact, in the order in which the facts were first recorded.

        Args:
            subject: only facts that state this person.
            type: only facts of this type.
            as_of: as the ledger was known at this moment.

        Raises:
            RecordsError: `as_of` is no time.
            RecordsUnavailable: the database did not answer.
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
            RecordsError: there is no such fact.
            RecordsUnavailable: the database did not answer.
        """
        found = self._entries(select(entries).where(entries.c.fact == identifier))
        if not found:
            raise unknown(identifier)
        return found

    def due(self, now: str | None = None, *, within: float = 0) -> list[Entry]:
        """Return the requests that are late: open after their due date, and not withdrawn. The longest late first.

        Args:
            now: at which moment; None is now.
            within: those as well that will be late in so many days.

        Raises:
            RecordsError: `now` is no time, or `within` leads out of time.
            RecordsUnavailable: the database did not answer.
        """
        given = None if now is None else moment(now)
        with self.store.reading() as connection:
            at = self.store.now(connection) if given is None else given
            question = newest().where(
                entries.c.due < checked(at + round(within * DAY)),
                entries.c.answered.is_(None),
                entries.c.withdrawn.is_(None) | and_(entries.c.withdrawn > at, entries.c.withdrawn > entries.c.due),
            )
            found = connection.execute(question).all()
        return [entry_of(row) for row in sorted(found, key=lambda row: (row.due, row.entry))]

    def export(self) -> Iterator[dict[str, Any]]:
        """Yield every fact with its id and state, as JSON objects that `import_` takes, in the order of `facts`.

        Raises:
            RecordsUnavailable: the database did not answer.
        """
        return export_facts(self)

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
            RecordsError: with the number of the object, where one is malformed, or is there already and differs.
            RecordsUnavailable: the database did not answer. All were added or none: which, cannot be known.
        """
        return import_facts(self, objects, engine, told)

    def _entries(self, question: Select[Any], *, settled: bool = False) -> list[Entry]:
        with self.store.settled("ledger") if settled else self.store.reading() as connection:
            rows = connection.execute(question).all()
            firsts = {}
            if rows and len({row.fact for row in rows}) > 1:
                firsts = dict(
                    connection.execute(select(entries.c.fact, entries.c.entry).where(entries.c.revision == 1)).all()
                )
        return [entry_of(row) for row in sorted(rows, key=lambda row: (firsts.get(row.fact, 0), row.revision))]

    @contextmanager
    def _changing(self, identifier: str) -> Iterator[tuple[Connection, int, Row[Any]]]:
        with self.store.writing("ledger") as connection:
            last = last_of(connection, identifier)
            if last is None:
                raise unknown(identifier)
            yield connection, next_moment(self.store, connection), last

    def due_of(
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
        return None if days is None else checked(begun + round(days * DAY))


def unknown(identifier: str) -> RecordsError:
    """Return what is said of an id that no fact has."""
    return RecordsError(f"there is no fact {identifier!r} in the ledger", f"台帳に事実 {identifier!r} はありません")


def checked(instant: int) -> int:
    """Return an instant that lies within the years 1 to 9999.

    Raises:
        RecordsError: it does not.
    """
    try:
        return moment(written(instant))
    except (OverflowError, RecordsError):
        raise RecordsError(
            "the due date lies outside the years 1 to 9999", "期限が西暦1年から9999年の外になります"
        ) from None
