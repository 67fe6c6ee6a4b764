"""What stands in a ledger: entries and their facts, with times read strictly and written in UTC."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from policyengine import Event, InvalidEvent
from policyengine.moment import written
from policyengine_records.errors import RecordsError

ALWAYS: Final = 1 << 62
"""After every moment; its negative is before every moment. Both fit a column of 64 bits."""

DAY: Final = 86_400_000_000
"""Microseconds."""

REQUEST: Final = "request"
"""The type of the facts that are to be answered."""

RECIPIENT_FIELDS: Final = {
    "consent": "recipients",
    "contract": "party",
    "legal_basis": "recipients",
    "request": "recipients",
    "vetting": "party",
}
"""The fields of the standard fact types that are held against the recipient, and nothing else."""

_FIRST, _LAST = -62_135_596_800_000_000, 253_402_300_799_999_999
_PROBE: Final = {"id": "-", "operation": "acquire", "subject": {"category": "-"}, "items": ["-"], "purpose": "-"}


def moment(time: str) -> int:
    """Return a strict RFC 3339 time as microseconds since 1970-01-01T00:00:00Z.

    Raises:
        RecordsError: it is none, or lies outside the years 1 to 9999 in UTC.
    """
    try:
        found = Event.from_mapping({**_PROBE, "time": time}).instant
    except InvalidEvent:
        raise RecordsError(
            f"{time!r} is no RFC 3339 time, such as 2026-11-24T09:00:00+09:00",
            f"{time!r} は RFC 3339 の日時ではありません（例: 2026-11-24T09:00:00+09:00）",
        ) from None
    if not _FIRST <= found <= _LAST:
        raise RecordsError(
            f"{time!r} lies outside the years 1 to 9999 (UTC)", f"{time!r} は西暦1年から9999年（UTC）の外です"
        )
    return found


@dataclass(frozen=True, slots=True)
class Stated:
    """A well-formed fact, taken apart as the ledger's columns have it.

    Args:
        type: its type.
        subject: the person, where it states one.
        start: from when it is in effect, inclusive.
        end: until when, exclusive.
        parties: the recipients that it names in a standard field; None where it names none there.
        body: all that it states but for the person and the times, as JSON with sorted keys.
        shape: known by this, what it says but for whose it is, of which recipients and when; two facts of one shape
            tell whoever is neither one and the same thing.
    """

    type: str
    subject: str | None
    start: int
    end: int
    parties: tuple[str, ...] | None
    body: str
    shape: str

    @classmethod
    def of(cls, fact: Mapping[str, Any]) -> Stated:
        """Take a fact apart.

        Raises:
            RecordsError: it is malformed, with the JSON path of what is wrong.
        """
        try:
            (known,) = Event.from_mapping({**_PROBE, "time": "2000-01-01T00:00:00Z", "facts": [fact]}).facts
        except InvalidEvent as error:
            found = [(one.path.replace("$.facts[0]", "$"), one.message) for one in error.errors]
            raise RecordsError(
                "no fact: " + "; ".join(f"{path}: {message.en}" for path, message in found),
                "事実ではありません: " + "、".join(f"{path}: {message.ja}" for path, message in found),
            ) from None
        body: dict[str, Any] = {**known}
        if "\x00" in json.dumps(body, ensure_ascii=False) or "\\u0000" in json.dumps(body):
            raise RecordsError(
                "no fact: $: a text with the character U+0000", "事実ではありません: $: 文字 U+0000 を含んでいます"
            )
        start, end, subject = body.pop("from", None), body.pop("until", None), body.pop("subject", None)
        named = body.get(RECIPIENT_FIELDS.get(body["type"], ""))
        rest = {name: value for name, value in body.items() if name != RECIPIENT_FIELDS.get(body["type"])}
        return cls(
            body["type"],
            subject,
            -ALWAYS if start is None else moment(start),
            ALWAYS if end is None else moment(end),
            None if named is None else (named,) if isinstance(named, str) else tuple(dict.fromkeys(named)),
            _json(body),
            hashlib.sha256(f"{subject is not None} {named is not None} {_json(rest)}".encode()).hexdigest(),
        )


def fact_of(body: str, subject: str | None, start: int, end: int) -> dict[str, Any]:
    """Return the fact with these parts, as JSON has it."""
    fact: dict[str, Any] = json.loads(body)
    if subject is not None:
        fact["subject"] = subject
    if start != -ALWAYS:
        fact["from"] = written(start)
    if end != ALWAYS:
        fact["until"] = written(end)
    return fact


@dataclass(frozen=True, slots=True)
class Entry:
    """One entry: what became known of one fact, and when. Entries are never changed.

    Args:
        id: of the fact; all entries about it have the same.
        revision: 1 for the first entry about the fact, 2 for the next.
        change: ``add``, ``withdraw``, ``correct`` or ``answer``.
        recorded_at: when the ledger took it in (UTC).
        fact: the fact as of this entry, its ``until`` no later than the withdrawal.
        withdrawn_at: from when it is withdrawn.
        due_at: until when a request is to be answered.
        answered_at: when it was answered.
    """

    id: str
    revision: int
    change: str
    recorded_at: str
    fact: Mapping[str, Any]
    withdrawn_at: str | None = None
    due_at: str | None = None
    answered_at: str | None = None

    @property
    def state(self) -> str | None:
        """Of a request: ``open`` or ``answered``."""
        if self.fact["type"] != REQUEST:
            return None
        return "open" if self.answered_at is None else "answered"

    def as_dict(self) -> dict[str, Any]:
        """Return the entry as a JSON object; what it does not have is left out."""
        found = {
            "id": self.id,
            "revision": self.revision,
            "change": self.change,
            "recorded_at": self.recorded_at,
            "fact": dict(self.fact),
            "withdrawn_at": self.withdrawn_at,
            "state": self.state,
            "due_at": self.due_at,
            "answered_at": self.answered_at,
        }
        return {name: value for name, value in found.items() if value is not None}


def _json(value: Mapping[str, Any]) -> str:
    return json.dumps(value, sort_keys=True, ensure_ascii=False, separators=(",", ":"))
