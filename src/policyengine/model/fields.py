"""The fields of an event: one table, from which everything that has to know them follows.

What a field is called, which form its value has, when it must be there, when it is open, which dimension declares its
terms, what a condition and a fact call it, and its name for people: each stands here and nowhere else.
`model.event_document` alone writes the fields out once more, as the attributes of its structs, so that readers and type
checkers see them; a test holds the structs against this table.
"""

from __future__ import annotations

import re
from collections.abc import Container, Mapping
from typing import Any, Final, Literal, TypeAlias

from msgspec import Struct

from policyengine.model.condition import Field
from policyengine.model.operation import NEEDS_PURPOSE, NEEDS_RECIPIENT, OPERATIONS
from policyengine.text import Text

Form: TypeAlias = Literal["id", "time", "operation", "term", "terms", "country", "facts", "attributes"]
"""What the value of a field is: a name, a time, a word or a list of words that a policy declares, ..."""


class EventField(Struct, frozen=True):
    """One field of an event.

    Args:
        name: its name in an event's JSON; ``subject.id`` is the part ``id`` of the object ``subject``.
        form: what its value is.
        label: what people call it.
        about: what it says, as schemas tell it.
        needed_on: the operations whose events must state it.
        always: whether its object, wherever that stands, must have it.
        allowed_on: the operations whose events may state it.
        open_on: the operations whose events leave it open where they do not state it; elsewhere it is then not there.
        field: what a condition calls it.
        dimension: the dimension that declares its terms.
        held: what a field of a fact that is held against it is said to be held against.
    """

    name: str
    form: Form
    label: Text
    about: str
    needed_on: frozenset[str] = frozenset()
    always: bool = False
    allowed_on: frozenset[str] = frozenset(OPERATIONS)
    open_on: frozenset[str] = frozenset()
    field: Field | None = None
    dimension: str | None = None
    held: str | None = None

    @property
    def key(self) -> str:
        """The key of the event under which the field, or its object, stands."""
        return self.name.partition(".")[0]

    @property
    def part(self) -> str:
        """The key of its object under which the field stands; empty where it stands in the event itself."""
        return self.name.partition(".")[2]

    @property
    def listable(self) -> bool:
        """Whether the values that the field can have can be listed: words, and parties."""
        return self.dimension is not None or self.form in ("operation", "country")


_EVERY: Final = frozenset(OPERATIONS)
_ACQUIRE: Final = frozenset({"acquire"})

EVENT: Final = (
    EventField(
        "id",
        "id",
        Text(ja="イベントの id", en="id of the event"),
        "What the event is called: one handling of one person's data.",
        _EVERY,
    ),
    EventField("time", "time", Text(ja="日時", en="time"), "When the data are handled, with an offset.", _EVERY),
    EventField(
        "acquired",
        "time",
        Text(ja="取得の日時", en="time of acquisition"),
        "Since when the controller has had the data; not after the time.",
    ),
    EventField(
        "controller",
        "id",
        Text(ja="管理者", en="controller"),
        "Who decides what is done with the data; may be left out where the engine holds policies of one.",
        field=Field.CONTROLLER,
        held="controller",
    ),
    EventField(
        "operation",
        "operation",
        Text(ja="取扱い", en="operation"),
        "What is done with the data.",
        _EVERY,
        field=Field.OPERATION,
        held="operation",
    ),
    EventField(
        "subject.category",
        "term",
        Text(ja="本人の区分", en="subject"),
        "What sort of person the data are about.",
        _EVERY,
        always=True,
        field=Field.SUBJECT,
        dimension="subjects",
        held="category",
    ),
    EventField(
        "subject.id",
        "id",
        Text(ja="本人", en="data subject"),
        "Whose data they are.",
        open_on=_EVERY,
        field=Field.SUBJECT_ID,
        held="subject",
    ),
    EventField(
        "actor.id",
        "id",
        Text(ja="担当者", en="actor"),
        "Who in the controller does it.",
        always=True,
        open_on=_EVERY,
        field=Field.ACTOR,
        held="actor",
    ),
    EventField(
        "actor.role",
        "term",
        Text(ja="担当者の役割", en="role of the actor"),
        "As what the actor does it.",
        open_on=_EVERY,
        field=Field.ROLE,
        dimension="roles",
        held="role",
    ),
    EventField(
        "items",
        "terms",
        Text(ja="項目", en="item"),
        "Which items of data are handled.",
        _EVERY,
        field=Field.ITEM,
        dimension="items",
        held="item",
    ),
    EventField(
        "purpose",
        "term",
        Text(ja="利用目的", en="purpose"),
        "What for; only a disclosure may leave it out.",
        NEEDS_PURPOSE,
        field=Field.PURPOSE,
        dimension="purposes",
        held="purpose",
    ),
    EventField(
        "form",
        "term",
        Text(ja="情報の形態", en="form"),
        "Whether the data identify the person; by default they do.",
        field=Field.FORM,
        dimension="forms",
        held="form",
    ),
    EventField(
        "origin",
        "term",
        Text(ja="取得方法", en="origin"),
        "How the controller got the data.",
        open_on=_EVERY,
        field=Field.ORIGIN,
        dimension="origins",
        held="origin",
    ),
    EventField(
        "recipient.id",
        "id",
        Text(ja="提供先", en="recipient"),
        "Who gets the data.",
        NEEDS_RECIPIENT,
        always=True,
        field=Field.RECIPIENT,
        dimension="parties",
        held="recipient",
    ),
    EventField(
        "recipient.service",
        "term",
        Text(ja="委託する業務", en="service"),
        "What the recipient is to do with the data for the controller.",
        open_on=frozenset({"entrust"}),
        field=Field.SERVICE,
        dimension="services",
        held="service",
    ),
    EventField(
        "recipient.country",
        "country",
        Text(ja="提供先の国", en="country of the recipient"),
        "Where the recipient is.",
        open_on=frozenset(NEEDS_RECIPIENT),
        field=Field.COUNTRY,
        held="country",
    ),
    EventField(
        "source.id",
        "id",
        Text(ja="取得元", en="source"),
        "From whom the data are acquired.",
        always=True,
        allowed_on=_ACQUIRE,
        open_on=_ACQUIRE,
        field=Field.SOURCE,
        dimension="parties",
        held="source",
    ),
    EventField(
        "source.country",
        "country",
        Text(ja="取得元の国", en="country of the source"),
        "Where the source is.",
        allowed_on=_ACQUIRE,
        open_on=_ACQUIRE,
        field=Field.SOURCE_COUNTRY,
        held="source_country",
    ),
    EventField(
        "facts",
        "facts",
        Text(ja="事実", en="facts"),
        "What is known of the person, the recipient or the law: consents, contracts, requests.",
    ),
    EventField("attributes", "attributes", Text(ja="属性", en="attributes"), "What the host says besides, by name."),
)
"""Every field of an event, in the order of section 1 of the contract."""

EVENT_KEYS: Final = tuple(dict.fromkeys(row.key for row in EVENT))
"""The keys of an event's JSON object."""

ROWS: Final[Mapping[Field, EventField]] = {row.field: row for row in EVENT if row.field is not None}
"""The fields that a condition can look at."""

LISTABLE: Final[Mapping[str, Field]] = {row.name: field for field, row in ROWS.items() if row.listable}
"""The fields whose values can be listed, by name, and what a condition calls each."""

HELD: Final[Mapping[str, EventField]] = {row.held: row for row in EVENT if row.held}
"""What a field of a fact can be held against, by what it is then said to be held against."""

IDS: Final[Mapping[str, Field]] = {
    "recipient": Field.RECIPIENT,
    "subject": Field.SUBJECT_ID,
    "actor": Field.ACTOR,
    "source": Field.SOURCE,
}
"""The ids that a rule can ask to be the same, and what a condition calls each."""

COMMON_FACT_FIELDS: Final = ("type", "subject", "from", "until")
"""The fields that facts of every type may have."""

IDENTIFIABLE: Final = "identifiable"
"""The form of an event that states none."""


def needed_on(key: str) -> frozenset[str]:
    """Return the operations whose events must have a key."""
    return frozenset().union(*(row.needed_on for row in EVENT if row.key == key))


def allowed_on(key: str) -> frozenset[str]:
    """Return the operations whose events may have a key."""
    return frozenset().union(*(row.allowed_on for row in EVENT if row.key == key))


def stated(event: Mapping[str, Any], name: str) -> Any:
    """Return what an event's JSON states at a name such as ``recipient.country``; None where it states nothing."""
    found: Any = event
    for key in name.split("."):
        found = found.get(key) if isinstance(found, Mapping) else None
    return found


def put(event: dict[str, Any], name: str, value: Any) -> None:
    """Make an event's JSON state `value` at a name such as ``recipient.country``."""
    key, _, part = name.partition(".")
    if part:
        event.setdefault(key, {})[part] = value
    else:
        event[key] = value


def known_path(path: str, names: Container[str] = ()) -> str:
    """Return a JSON path as far as it names fields that are known: what somebody else calls one could be anything.

    Args:
        path: into an event.
        names: fields that are known beside those of events.
    """
    known = ""
    for part in _PARTS.findall(path):
        if part.startswith(".") and part[1:] not in _NAMES and part[1:] not in names:
            break
        known += part
    return known or "$"


_PARTS: Final = re.compile(r"^\$|\.[^.\[\]]+|\[\d+\]")
_NAMES: Final = frozenset(part for row in EVENT for part in (row.key, row.part)).union(COMMON_FACT_FIELDS)
