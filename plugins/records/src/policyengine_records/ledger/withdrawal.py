"""Withdrawal of all that agrees: a person, a purpose or a recipient is named, and every fact about it ends at once."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any, Final

from sqlalchemy import Connection, Row, Select

from policyengine.errors import did_you_mean
from policyengine.schema.names import is_name
from policyengine_records.errors import RecordsError
from policyengine_records.ledger.entry import RECIPIENT_FIELDS, Entry, Stated, fact_of, moment
from policyengine_records.ledger.policies import declared_type
from policyengine_records.ledger.rows import append, entry_of, newest, next_moment, row_of
from policyengine_records.store.schema import entries
from policyengine_records.store.store import Store

if TYPE_CHECKING:
    from policyengine import Engine

PERMITTING: Final = frozenset({"consent", "legal_basis"})
"""The standard types of facts that permit."""

_CHUNK: Final = 500


@dataclass(frozen=True, slots=True)
class Agreeing:
    """Which facts end. What is None leaves that open, and at least one is not.

    Args:
        subjects: whose they are.
        purpose: a purpose that they are for; facts that name none are for all. A word agrees with its kinds, where
            policies say which those are.
        recipient: to whom they let data go; facts that name nobody let them go to all.
        types: of which types; a person's requests to stop are not ended by taking back a consent.
    """

    subjects: Collection[str] | None = None
    purpose: str | None = None
    recipient: str | None = None
    types: Collection[str] = frozenset({"consent"})


@dataclass(frozen=True, slots=True)
class Withdrawn:
    """What became of a withdrawal.

    Args:
        ended: the facts that end by it, as they are then.
        left: what still permits: facts in effect after it that agree as well, of the persons or of nobody in
            particular.
    """

    ended: Sequence[Entry]
    left: Sequence[Entry]


def withdraw_agreeing(
    store: Store, which: Agreeing, at: str | None = None, *, engine: Engine | None = None, dry_run: bool = False
) -> Withdrawn:
    """End every fact that agrees: all of them, or none.

    Args:
        store: where the ledger is.
        which: the facts.
        at: from when they do not count any more; None is now.
        engine: its policies say what the kinds of a purpose are.
        dry_run: whether nothing is written, and only told what would be.

    Raises:
        RecordsError: `which` names nothing, nobody, or what no fact can name; a purpose or a type that no policy knows;
            or `at` is no time.
        RecordsUnavailable: the database did not answer. All ended or none: which, cannot be known.
    """
    if which.subjects is None and which.purpose is None and which.recipient is None:
        raise RecordsError(
            "say whose facts end, or for which purpose or recipient",
            "誰の、どの目的の、またはどの受領者の事実かを指定してください",
        )
    _refuse_nobody(which)
    if engine is not None:
        for one in which.types:
            declared_type(one, engine.fact_types)
    when = None if at is None else moment(at)
    agrees = _agreement(which, engine)
    with store.writing("ledger") as connection:
        now = next_moment(store, connection)
        end = now if when is None else when
        ended: list[dict[str, Any]] = []
        left: list[Entry] = []
        for row in _candidates(connection, which, end):
            if not agrees(fact_of(row.body, None, row.start, row.end)):
                continue
            if row.type in which.types and (which.subjects is None or row.subject in which.subjects):
                state = {"withdrawn": end, "due": row.due, "answered": row.answered}
                stated = Stated.of(fact_of(row.body, row.subject, row.start, row.end))
                ended.append(row_of(row.fact, "withdraw", now + len(ended), stated, state, row.revision + 1))
            else:
                left.append(entry_of(row))
        if ended and not dry_run:
            append(connection, ended)
    return Withdrawn([entry_of(SimpleNamespace(**row)) for row in ended], left)


def _refuse_nobody(which: Agreeing) -> None:
    """Refuse what no fact can agree with: an empty list of persons, an id that is none."""
    if which.subjects is not None and not which.subjects:
        raise RecordsError("no person is named", "本人が一人も指定されていません")
    named = {"person": which.subjects or (), "recipient": () if which.recipient is None else (which.recipient,)}
    for (what, ids), ja in zip(named.items(), ("本人", "受領者"), strict=True):
        if not all(map(is_name, ids)):
            raise RecordsError(
                f"an id of a {what} is none: it is not empty, in Unicode NFC, and without control characters",
                f"{ja}の ID が正しくありません: 空でなく、Unicode NFC で、制御文字を含まないものです",
            )
    if which.purpose == "":
        raise RecordsError("no purpose is named", "目的が指定されていません")


def _candidates(connection: Connection, which: Agreeing, end: int) -> Iterator[Row[Any]]:
    """Yield what stands after `end`: of the persons and of nobody in particular, or of all where no person is named."""
    types = PERMITTING | frozenset(which.types)
    standing = newest().where(entries.c.type.in_(types), entries.c.effective_end > end).order_by(entries.c.entry)
    questions: list[Select[Any]] = [standing]
    if which.subjects is not None:
        questions = [standing.where(entries.c.subject.is_(None))]
        questions += (standing.where(entries.c.subject.in_(some)) for some in _chunks(sorted(set(which.subjects))))
    for question in questions:
        yield from connection.execute(question).all()


def _chunks(values: Iterable[str]) -> Iterator[list[str]]:
    waiting = iter(values)
    while some := list(islice(waiting, _CHUNK)):
        yield some


def _agreement(which: Agreeing, engine: Engine | None) -> Callable[[Mapping[str, Any]], bool]:
    """Return whether a fact agrees with the purpose and the recipient."""
    purposes = set() if which.purpose is None else _purposes(which.purpose, engine)
    recipients = set() if which.recipient is None else {which.recipient}
    return lambda fact: (
        _meets(fact.get("purposes"), purposes) and _meets(fact.get(RECIPIENT_FIELDS.get(fact["type"], "")), recipients)
    )


def _purposes(purpose: str, engine: Engine | None) -> set[str]:
    """Return the words of facts that may mean a purpose: itself, its kinds, and what it is a kind of."""
    if engine is None:
        return {purpose}
    vocabularies = [policy.vocabulary for policy in engine.policies]
    known = {term for vocabulary in vocabularies for term in vocabulary.terms["purposes"]}
    if purpose not in known:
        hint = did_you_mean(purpose, known)
        en, ja = (f"; {hint.en}", f"。{hint.ja}") if hint else ("", "")
        raise RecordsError(
            f'no policy knows the purpose "{purpose}"{en}', f"目的「{purpose}」はどのポリシーにもありません{ja}"
        )
    return {
        word for vocabulary in vocabularies for word in vocabulary.meant.agreeing("purposes", purpose, may=True)
    } | {purpose}


def _meets(stated: Any, wanted: set[str]) -> bool:
    if stated is None or not wanted:
        return True
    return not wanted.isdisjoint([stated] if isinstance(stated, str) else stated)
