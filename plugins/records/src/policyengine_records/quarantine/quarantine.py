"""Flows that are kept for a person, who releases or rejects them.

What a call acknowledged is on the disk, and what was killed on the way is not there at all. The database itself refuses
to change or delete what it holds, and an entry that does not follow from those before it. Payloads alone may go, once a
flow is settled (`Quarantine.purge`): the record stays, the data do not.

A release changes no rule: the same event is denied as before. It hands the flow to the host once (`Quarantine.take`),
to be carried out because that person said so, and that stays on record. What was in the way when the flow was kept,
that person has seen; so the flow is decided anew when it is released, and again when it is handed out, and what has
come in the way meanwhile, such as a request to stop, stands in the way of that too.
"""

from __future__ import annotations

import json
import logging
import secrets
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, Final, Protocol

from sqlalchemy import ColumnElement, Connection, Row, case, delete, exists, func, insert, select

from policyengine import Decision, Event, Flow
from policyengine.errors import did_you_mean
from policyengine.model.decision import read_decision
from policyengine.moment import instant, written
from policyengine_records.errors import RecordsError
from policyengine_records.quarantine.kept import STATES, Entry, Kept, State, json_of, same
from policyengine_records.store.schema import deeds, flows, payloads
from policyengine_records.store.store import Store

_log = logging.getLogger("policyengine.quarantine")

_LAST: Final = (
    select(deeds.c.what)
    .where(deeds.c.flow == flows.c.id, deeds.c.what != "purged")
    .order_by(deeds.c.number.desc())
    .limit(1)
    .scalar_subquery()
)
_STATE: Final = func.coalesce(_LAST, "open").label("state")
_KEPT: Final = select(
    flows, case((exists().where(payloads.c.flow == flows.c.id), 1), else_=0).label("has_payload"), _STATE
)
_DONE: Final = select(deeds).order_by(deeds.c.number)


_HIDES: Final = frozenset({"source-unavailable", "source-invalid", "no-governing-policy", "unknown-term"})
"""The codes of items of which no rule was asked: whoever has seen nothing else has not seen what is behind them."""


class Deciding(Protocol):
    """What decides an event by the facts and the policy of now: an engine, or one that is kept up to date."""

    def evaluate(self, event: Mapping[str, Any] | Event) -> Decision:
        """Decide one event."""
        ...


class Quarantine:
    """Flows that are kept for a person, in a store. Threads, processes and hosts may share it.

    It holds personal data: events, and payloads.

    Args:
        store: where.
        payload: whether payloads are kept; without them, the event and the decision are.
    """

    def __init__(self, store: Store, *, payload: bool = True) -> None:
        self.store = store
        self._payload = payload

    def keep(self, flow: Flow) -> str:
        """Keep a flow, and return the id under which it is kept; it is on the disk by then.

        An event with an id that is kept again with the same decision and payload is the same flow, tried again: it
        keeps its id and its state, so nobody decides twice, and what was rejected stays so. Under another decision or
        with another payload it is something that nobody has seen yet, and is kept beside. The same goes for an event
        without an id, and for one whose payload was purged: there is nothing left to compare.

        Raises:
            RecordsError: the event or the payload is no JSON data.
            RecordsUnavailable: it could not be written; nothing is kept then.
        """
        id, _ = self.kept(flow)  # noqa: A001
        return id

    def kept(self, flow: Flow) -> tuple[str, bool]:
        """Keep a flow as `keep` does, and return as well whether it is there for the first time."""
        event = json_of(flow.event, "event")
        decision = flow.decision.to_json().decode("utf-8")
        payload = json_of(flow.payload, "payload") if self._payload and flow.payload is not None else None
        named = flow.event.get("id") if isinstance(flow.event, Mapping) else None
        event_id = json.dumps(named) if isinstance(named, str) else None
        named_so: ColumnElement[bool] = flows.c.event_id == event_id
        purged = exists().where(deeds.c.flow == flows.c.id, deeds.c.what == "purged")
        before = (
            select(flows.c.id, flows.c.event, flows.c.decision, payloads.c.body)
            .outerjoin(payloads, payloads.c.flow == flows.c.id)
            .where(named_so, ~purged)
        )
        with self.store.writing("quarantine") as connection:
            if event_id is not None:
                for id, *there in connection.execute(before):  # noqa: A001
                    if all(map(same, there, (event, decision, payload))):
                        return str(id), False
            id = f"q-{secrets.token_hex(8)}"  # noqa: A001
            connection.execute(
                insert(flows),
                {
                    "id": id,
                    "kept_at": self.store.now(connection),
                    "event_id": event_id,
                    "event": event,
                    "decision": decision,
                },
            )
            if payload is not None:
                connection.execute(insert(payloads), {"flow": id, "body": payload})
        return id, True

    def list(self, state: State | None = None) -> list[Kept]:
        """Return the flows that are kept, the oldest first, without their payloads.

        Args:
            state: only those in this state.

        Raises:
            RecordsError: there is no such state.
            RecordsUnavailable: the database did not answer.
        """
        if state is not None and state not in STATES:
            en, ja = _hints(state, STATES)
            raise RecordsError(f'there is no state "{state}"{en}', f"状態「{state}」はありません{ja}")
        question = _KEPT.order_by(flows.c.number)
        with self.store.reading() as connection:
            done: dict[str, list[Entry]] = {}
            for row in connection.execute(_DONE):
                done.setdefault(row.flow, []).append(_entry(row))
            return [
                _kept(row, None, done.get(row.id, ()))
                for row in connection.execute(question if state is None else question.where(_STATE.in_([state])))
            ]

    def changed(self, engine: Deciding) -> Sequence[tuple[Kept, Decision]]:
        """Return the flows that are not settled and would be permitted now, each with what would be decided of it.

        Args:
            engine: decides them anew.

        Raises:
            RecordsUnavailable: the database did not answer.
        """
        found = []
        for kept in self.list():
            if kept.state in ("open", "released"):
                decision = self._anew(engine, kept)
                if decision.permitted:
                    found.append((kept, decision))
        return found

    def get(self, id: str) -> Kept:  # noqa: A002
        """Return one flow, with its payload.

        Raises:
            RecordsError: no flow is kept under this id; the nearest that there is stands in the message.
            RecordsUnavailable: the database did not answer.
        """
        with self.store.reading() as connection:
            return _got(connection, id)

    def release(
        self,
        id: str,  # noqa: A002
        by: str,
        reason: str,
        at: str | None = None,
        *,
        engine: Deciding,
        despite: str | None = None,
    ) -> Kept:
        """Release a flow: `take` hands it out from then on. It is decided anew first, as of now.

        Args:
            id: of the flow; it is open, or was released and something has come in the way of its being handed out.
            by: who releases it.
            reason: why.
            at: when that was decided, strict RFC 3339; by default now.
            engine: decides by the facts and the policy of now.
            despite: why it is released in spite of what has come in the way since it was kept; None where nothing may.

        Returns:
            The flow as it is then.

        Raises:
            RecordsError: the id is unknown, the flow is not open, nobody or no reason is named, `at` is no time between
                its being kept and now; or something has come in the way, and `despite` does not say why all the same.
            RecordsUnavailable: it could not be written; the flow is open as before.
        """
        if despite is not None:
            despite = _said(despite, "why all the same", "それでも解放する理由")
        return self._settled(id, "released", by, reason, at, engine, despite)

    def reject(self, id: str, by: str, reason: str, at: str | None = None) -> Kept:  # noqa: A002
        """Reject a flow for good that is open, or was released and not taken yet.

        Arguments, result and errors are those of `release`.
        """
        return self._settled(id, "rejected", by, reason, at)

    def in_the_way(self, engine: Deciding, kept: Kept) -> tuple[Decision, Sequence[str]]:
        """Return what is decided of a flow now, and the codes of what is in its way and nobody has seen.

        Seen are the reasons of the decision under which it was kept, and of that under which it was released. What lets
        no rule be asked, such as a source that does not answer, a word that the policy does not know of the whole flow,
        or an event that is none, hides what else may have come, and counts as not seen until somebody has released the
        flow in spite of it.

        Args:
            engine: decides.
            kept: the flow.
        """
        now = self._anew(engine, kept)
        everything = {*now.permitted_items, *now.excess_items}
        seen = {
            _reason(reason)
            for reason in kept.decision.reasons
            if reason.code not in _HIDES or not everything.issubset(reason.items)
        }
        released = [entry.decision for entry in kept.entries if entry.what == "released" and entry.decision is not None]
        if released:
            seen |= {_reason(reason) for reason in released[-1].reasons}
        codes = [reason.code for reason in now.reasons if _reason(reason) not in seen]
        if now.outcome == "invalid" and not (released and released[-1].outcome == "invalid"):
            codes.append("invalid")
        return now, list(dict.fromkeys(codes))

    def take(self, by: str | None = None, *, engine: Deciding) -> Iterator[Kept]:
        """Yield the flows that are released and were not taken, in the order of their releases, for being carried out.

        Each is handed out exactly once, however many take at a time: that it was taken is on the disk before it is
        yielded, and the next is taken when it is asked for. So a host that dies while it carries a flow out finds that
        flow in ``list("taken")``, and nobody gets it again. A flow that something has come in the way of since its
        release is not handed out; it is logged, and waits for a person who rejects it, or releases it in spite of that.

        Args:
            by: who takes them, for the record.
            engine: decides by the facts and the policy of now.

        Raises:
            RecordsUnavailable: the database did not answer; nothing is taken then.
        """
        last = 0
        newest = (
            select(func.max(deeds.c.number).label("number"), deeds.c.flow)
            .where(deeds.c.what == "released")
            .group_by(deeds.c.flow)
            .subquery()
        )
        settled = exists().where(deeds.c.flow == newest.c.flow, deeds.c.what.in_(["taken", "rejected"]))
        waiting = select(newest).where(~settled).order_by(newest.c.number).limit(1)
        while True:
            with self.store.reading() as connection:
                found = connection.execute(waiting.where(newest.c.number > last)).one_or_none()
                if found is None:
                    return
                last, kept = found.number, _got(connection, found.flow)
            _, codes = self.in_the_way(engine, kept)
            if codes:
                _log.warning("%s is not handed out: %s", kept.id, ", ".join(codes))
                continue
            with self.store.writing("quarantine") as connection:
                if _got(connection, kept.id).state != "released":  # somebody was quicker
                    continue
                self._write(connection, kept.id, "taken", by)
                taken = _got(connection, kept.id)
            yield taken

    def purge(self, settled_before: str, by: str | None = None) -> int:
        """Remove the payloads of flows that were rejected or taken before a time; the record of them stays.

        In SQLite the bytes are overwritten in the file. A flow that is open, or released and not taken, keeps its
        payload.

        Args:
            settled_before: strict RFC 3339.
            by: who does it, for the record.

        Returns:
            How many payloads were removed.

        Raises:
            RecordsError: `settled_before` is no time.
            RecordsUnavailable: the database did not answer; nothing is removed then.
        """
        before = _instant(settled_before)
        settled = (
            select(payloads.c.flow)
            .join(deeds, deeds.c.flow == payloads.c.flow)
            .where(deeds.c.what.in_(["rejected", "taken"]), deeds.c.at < before)
            .order_by(deeds.c.number)
        )
        with self.store.writing("quarantine") as connection:
            found = connection.scalars(settled).all()
            for flow in found:
                connection.execute(delete(payloads).where(payloads.c.flow == flow))
                self._write(connection, flow, "purged", by)
        if not self.store.emptied():
            _log.warning("%s-wal is being read: it may hold purged payloads until the next purge", self.store.file)
        return len(found)

    def _anew(self, engine: Deciding, kept: Kept) -> Decision:
        """Decide a kept flow as if it were asked for now."""
        with self.store.reading() as connection:
            now = written(self.store.now(connection))
        event = {**kept.event, "time": now} if isinstance(kept.event, Mapping) else kept.event
        return engine.evaluate(event)

    def _settled(
        self,
        id: str,  # noqa: A002
        what: str,
        by: str,
        reason: str,
        at: str | None,
        engine: Deciding | None = None,
        despite: str | None = None,
    ) -> Kept:
        by, reason = _said(by, "who", "誰か"), _said(reason, "the reason why", "理由")
        decided = None if at is None else _instant(at)
        kept = self.get(id)
        decision, codes = (None, []) if engine is None else self.in_the_way(engine, kept)
        again = what == "released" and kept.state == "released" and bool(codes)
        if (kept.state == "open" or again) and codes and despite is None:
            said = ", ".join(codes)
            raise RecordsError(
                f"{id} cannot be released: this is in the way, and nobody has seen it yet, or what it hides: {said};"
                " look at it, and say in despite why, where it shall go out all the same",
                f"{id} は解放できません。まだ誰も確かめていない妨げ、または他の妨げを隠すものがあります: {said}。"
                "内容を確かめ、それでも出すなら despite に理由を書いてください",
            )
        with self.store.writing("quarantine") as connection:
            flow = _got(connection, id)
            rejecting = what == "rejected" and flow.state == "released"
            if flow.state != "open" and not rejecting and not (again and flow.state == "released"):
                raise _settled_already(flow, what)
            since, now = instant(flow.kept_at), self.store.now(connection)
            if decided is not None and not since <= decided <= now:
                raise RecordsError(
                    f"{at} does not lie between {flow.kept_at}, when {id} was kept, and now",
                    f"{at} は、{id} が保留された {flow.kept_at} から今までの間にありません",
                )
            # A clock that was set back in between does not make a person decide before there is anything to decide.
            moment = max(since, now) if decided is None else decided
            self._write(connection, id, what, by, reason, moment, despite if codes else None, decision)
            return _got(connection, id)

    def _write(
        self,
        connection: Connection,
        flow: str,
        what: str,
        who: str | None = None,
        reason: str | None = None,
        at: int | None = None,
        despite: str | None = None,
        decision: Decision | None = None,
    ) -> None:
        connection.execute(
            insert(deeds),
            {
                "flow": flow,
                "what": what,
                "at": self.store.now(connection) if at is None else at,
                "who": who,
                "reason": reason,
                "despite": despite,
                "decision": None if decision is None else decision.to_json().decode("utf-8"),
            },
        )


def _got(connection: Connection, id: str) -> Kept:  # noqa: A002
    row = connection.execute(_KEPT.where(flows.c.id == id)).one_or_none() if id.isascii() and "\0" not in id else None
    if row is None:
        en, ja = _hints(id, connection.scalars(select(flows.c.id)))
        raise RecordsError(f'no flow is kept as "{id}"{en}', f"「{id}」として保留されたフローはありません{ja}")
    body = connection.scalar(select(payloads.c.body).where(payloads.c.flow == id))
    return _kept(row, body, [_entry(done) for done in connection.execute(_DONE.where(deeds.c.flow == id))])


def _kept(row: Row[Any], body: str | None, entries: Iterable[Entry]) -> Kept:
    return Kept(
        id=row.id,
        state=row.state,
        kept_at=written(row.kept_at),
        event=json.loads(row.event),
        decision=read_decision(row.decision),
        has_payload=bool(row.has_payload),
        payload=None if body is None else json.loads(body),
        entries=tuple(entries),
    )


def _entry(row: Row[Any]) -> Entry:
    decision = None if row.decision is None else read_decision(row.decision)
    return Entry(row.what, written(row.at), row.who, row.reason, row.despite, decision)


def _reason(reason: Any) -> tuple[Any, ...]:
    """Return what makes a reason the same one at two times."""
    return (reason.code, reason.policy, reason.clause, reason.rule, frozenset(reason.items))


def _settled_already(flow: Kept, what: str) -> RecordsError:
    done = [entry for entry in flow.entries if entry.what != "purged"]
    en = ", and ".join(f"{entry.what} at {entry.at}" + (f" by {entry.by}" if entry.by else "") for entry in done)
    ja = "、".join(f"{entry.at} {entry.what}" + (f"（{entry.by}）" if entry.by else "") for entry in done)
    return RecordsError(f"{flow.id} cannot be {what}: it was {en} already", f"{flow.id} は既に決着しています: {ja}")


def _hints(word: str, known: Iterable[str]) -> tuple[str, str]:
    hint = did_you_mean(word, known)
    return (f"; {hint.en}", f"。{hint.ja}") if hint else ("", "")


def _said(text: str, what: str, ja: str) -> str:
    """Return `text` without space around it; refuse one that says nothing, or that cannot be written."""
    said = text.strip()
    try:
        said.encode()
    except UnicodeEncodeError:
        said = ""
    if not said or "\0" in said:
        raise RecordsError(f"say {what}: a record needs it", f"{ja}を書いてください。記録に必要です")
    return said


def _instant(text: str) -> int:
    try:
        return instant(text)
    except ValueError:
        raise RecordsError(
            f'"{text}" is no RFC 3339 time, such as 2026-11-24T09:00:00+09:00',
            f"「{text}」は RFC 3339 の日時ではありません（例: 2026-11-24T09:00:00+09:00）",
        ) from None
