"""The outbox: messages that wait in a store until they are delivered, whatever becomes of the process that wrote them.

A message is there for good once `Outbox.add` has returned, or once the transaction that it stands in is committed, and
is never deleted before it was delivered.
"""

from __future__ import annotations

import time
import uuid
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Any, Final, Literal, TypeAlias, get_args

from sqlalchemy import Row, delete, func, insert, select, update

from policyengine_records.errors import RecordsError
from policyengine_records.store.schema import messages
from policyengine_records.store.store import Store

State: TypeAlias = Literal["pending", "delivered", "failed"]
"""``pending``: is or will be attempted. ``delivered``: was accepted. ``failed``: given up, until somebody asks anew."""

STATES: Final[tuple[State, ...]] = get_args(State)

_PAGE: Final = 500


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
    """The messages of a store. Safe between threads, processes and hosts, and over a fork.

    Args:
        store: where they are.
        most: how many messages may wait or have failed; beyond that none can be added.
        lease: for how many seconds a claimed message is left to whoever claimed it.
        clock: says how late it is, in seconds since 1970.
    """

    def __init__(
        self, store: Store, *, most: int = 100_000, lease: float = 60.0, clock: Callable[[], float] = time.time
    ) -> None:
        self.store = store
        self.most = most
        self.clock = clock
        self._lease = lease

    def add(self, body: bytes) -> str:
        """Write a message, pending and due at once; it is on the disk when the transaction ends that it stands in.

        Returns:
            Its id.

        Raises:
            RecordsError: so many wait that it is full.
            RecordsUnavailable: it could not be written, and is not in the outbox.
        """
        identifier = f"msg_{uuid.uuid4().hex}"
        now = self.clock()
        undelivered = select(func.count()).select_from(messages).where(messages.c.state.in_(["pending", "failed"]))
        with self.store.writing("outbox") as connection:
            count = connection.scalar(undelivered) or 0
            if count >= self.most:
                raise RecordsError(
                    f"the outbox is full: {count} messages are not delivered",
                    f"送信箱が一杯です: {count} 件が未配信です",
                )
            connection.execute(
                insert(messages),
                {
                    "id": identifier,
                    "body": body,
                    "state": "pending",
                    "created": now,
                    "since": now,
                    "attempts": 0,
                    "next_attempt": now,
                },
            )
        return identifier

    def claim(self) -> Message | None:
        """Take the message that has been due for longest, for as long as the lease lasts; None where none is due.

        Raises:
            RecordsUnavailable: the claim could not be noted.
        """
        now = self.clock()
        waiting = (
            select(messages.c.number)
            .where(messages.c.state == "pending", messages.c.next_attempt <= now)
            .order_by(messages.c.next_attempt, messages.c.number)
            .limit(1)
        )
        with self.store.reading() as connection:  # writers are not disturbed by somebody who finds nothing
            if connection.scalar(waiting) is None:
                return None
        with self.store.writing("outbox") as connection:
            number = connection.scalar(waiting)
            if number is None:
                return None
            claimed = update(messages).where(messages.c.number == number)
            changes = {"attempts": messages.c.attempts + 1, "next_attempt": now + self._lease}
            connection.execute(claimed.values(changes | {"holder": uuid.uuid4().hex}))
            return _message(connection.execute(select(messages).where(messages.c.number == number)).one())

    def delivered(self, message: Message) -> None:
        """Note that a claimed message was accepted, even if the lease has ended meanwhile."""
        self._note(
            (messages.c.id == message.id) & (messages.c.state != "delivered"),
            state="delivered",
            ended=self.clock(),
            next_attempt=None,
            last_error=None,
        )

    def postpone(self, message: Message, until: float, why: str) -> None:
        """Note that an attempt at a claimed message failed, and when the next is due; nothing if the lease was lost."""
        self._note(_held(message), next_attempt=until, last_error=why)

    def give_up(self, message: Message, why: str) -> None:
        """Note that a claimed message is not attempted again; it stays, as failed. Nothing if the lease was lost."""
        self._note(_held(message), state="failed", ended=self.clock(), next_attempt=None, last_error=why)

    def retry(self, ids: Iterable[str] | None = None) -> list[str]:
        """Make failed messages pending again, due at once, with age and attempts counted anew.

        Args:
            ids: which ones; None means all that have failed.

        Returns:
            The ids of those that were failed.
        """
        now = self.clock()
        failed = select(messages.c.id).where(messages.c.state == "failed").order_by(messages.c.number)
        anew = {"state": "pending", "since": now, "attempts": 0, "next_attempt": now, "ended": None, "holder": None}
        with self.store.writing("outbox") as connection:
            there = connection.scalars(failed).all()
            renewed = list(there) if ids is None else [one for one in dict.fromkeys(ids) if one in set(there)]
            for identifier in renewed:
                connection.execute(update(messages).where(messages.c.id == identifier).values(anew))
        return renewed

    def sweep(self, keep: float) -> int:
        """Remove messages that were delivered more than `keep` seconds ago, and return how many."""
        old = delete(messages).where(messages.c.state == "delivered", messages.c.ended < self.clock() - keep)
        with self.store.writing("outbox") as connection:
            return connection.execute(old).rowcount

    def next_due(self) -> float | None:
        """Return when the next message is due; None where none is pending."""
        with self.store.reading() as connection:
            earliest = select(func.min(messages.c.next_attempt)).where(messages.c.state == "pending")
            found: float | None = connection.scalar(earliest)
        return found

    def due(self) -> int:
        """Return how many messages are due now."""
        question = select(func.count()).where(messages.c.state == "pending", messages.c.next_attempt <= self.clock())
        with self.store.reading() as connection:
            return connection.scalar(question) or 0

    def counts(self) -> dict[State, int]:
        """Return how many messages there are in each state."""
        with self.store.reading() as connection:
            rows = connection.execute(select(messages.c.state, func.count()).group_by(messages.c.state)).all()
        found: dict[str, int] = dict(map(tuple, rows))
        return {state: found.get(state, 0) for state in STATES}

    def message(self, identifier: str) -> Message | None:
        """Return a message by its id; None where there is none."""
        with self.store.reading() as connection:
            row = connection.execute(select(messages).where(messages.c.id == identifier)).one_or_none()
        return None if row is None else _message(row)

    def messages(self, state: State | None = None) -> Iterator[Message]:
        """Yield the messages, or those in `state`, in the order in which they were written."""
        last = 0
        question = select(messages).order_by(messages.c.number).limit(_PAGE)
        if state is not None:
            question = question.where(messages.c.state == state)
        while True:
            with self.store.reading() as connection:
                rows = connection.execute(question.where(messages.c.number > last)).all()
            if not rows:
                return
            yield from map(_message, rows)
            last = rows[-1].number

    def _note(self, where: Any, **changes: Any) -> None:
        with self.store.writing("outbox") as connection:
            connection.execute(update(messages).where(where).values(changes))


def _held(message: Message) -> Any:
    return (messages.c.id == message.id) & (messages.c.holder == message.holder) & (messages.c.state == "pending")


def _message(row: Row[Any]) -> Message:
    return Message(
        row.id,
        bytes(row.body),
        row.state,
        row.created,
        row.since,
        row.attempts,
        row.next_attempt,
        row.ended,
        row.last_error,
        row.holder,
    )
