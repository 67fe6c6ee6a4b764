"""The data-flow event: one handling of personal data, valid by construction."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime
from operator import attrgetter
from types import MappingProxyType
from typing import Any, Final, Protocol

import msgspec
from msgspec import UNSET, Struct, UnsetType

from policyengine.model.condition import Field
from policyengine.model.countries import COUNTRIES
from policyengine.model.event_document import (
    NO_EVENT,
    EventDocument,
    FactData,
    Source,
    converted,
    diagnosis,
    document_of,
    document_of_json,
    encode,
    plain,
)
from policyengine.model.fields import IDENTIFIABLE
from policyengine.model.operation import NEEDS_PURPOSE, NEEDS_RECIPIENT
from policyengine.moment import FOREVER, instant
from policyengine.schema.names import is_name

KEY_FIELDS: Final = (
    Field.OPERATION,
    Field.SUBJECT,
    Field.PURPOSE,
    Field.FORM,
    Field.ORIGIN,
    Field.SERVICE,
    Field.COUNTRY,
    Field.ROLE,
    Field.RECIPIENT,
)
"""What stands in `Event.key`, in its order."""


class FactReader(Protocol):
    """Reads the facts of events as the types of some policies have them.

    Args:
        document: the form of an event whose facts are of these types.
        decode: returns the event in one JSON text in that form; raises `msgspec.MsgspecError` where it is not of it.
    """

    document: type[EventDocument]
    decode: Callable[[bytes | str], EventDocument]

    def facts(self, document: EventDocument) -> Sequence[Any] | None:
        """Return what the facts of an event of that form state; None where one of them is malformed."""
        ...

    def more(
        self, document: EventDocument, facts: Sequence[Mapping[str, Any]]
    ) -> tuple[Sequence[Any], Sequence[Any]] | None:
        """Return more facts for an event in the form of the others, and what they state; None as `facts` does."""
        ...


class PreparedFact(Struct, frozen=True, gc=False):
    """A fact with its times parsed once."""

    start: int
    end: int
    subject: str | None
    data: FactData


class Event:
    """One handling of personal data. An `Event` that exists is well-formed; whether its words are known, a policy says.

    Args:
        fields: the fields of section 1 of the contract, as in JSON; `time` and `acquired` may be an aware `datetime`,
            and a field that is None counts as left out.

    Raises:
        InvalidEvent: with the JSON path of what is wrong.
    """

    __slots__ = (
        "_known",
        "admitted",
        "attributes",
        "controller",
        "document",
        "id",
        "instant",
        "items",
        "key",
        "recipient_id",
        "ruled",
        "subject_id",
    )

    id: str
    instant: int
    controller: str | None
    key: tuple[str | None, ...]
    """The values of `KEY_FIELDS`, None where one is not stated."""
    items: tuple[str, ...]
    """The items of personal data, in the order given."""
    admitted: tuple[object, Sequence[Any]]
    """Who has admitted its facts, and what they found them to state: no fact is read twice."""
    ruled: tuple[object, Any]
    """Who has decided it, and what came of that: the same policies say the same of the same event."""
    subject_id: str | None
    recipient_id: str | None
    attributes: Mapping[str, bool | int | float | str]
    document: EventDocument

    def __init__(self, **fields: Any) -> None:
        given = {name: value for name, value in fields.items() if value is not None}
        for name in ("time", "acquired"):
            if isinstance(given.get(name), datetime):
                given[name] = given[name].isoformat()
        _prepare(self, document_of(given))

    @classmethod
    def from_mapping(cls, mapping: Mapping[str, Any]) -> Event:
        """Return the event that `mapping` (section 1 of the contract) describes. Raises `InvalidEvent`."""
        return _prepare(cls.__new__(cls), document_of(mapping))

    @classmethod
    def from_json(cls, line: bytes | str) -> Event:
        """Return the event in one JSON text; of a repeated key the last value counts. Raises `InvalidEvent`."""
        return _prepare(cls.__new__(cls), document_of_json(line))

    @property
    def operation(self) -> str:
        """One of the seven operations."""
        return self.document.operation

    @property
    def acquired(self) -> int | None:
        """Since when the controller has had the data, as `instant`; None where the event leaves that open."""
        if self.document.operation == "acquire":
            return self.instant
        return None if self.document.acquired is UNSET else instant(self.document.acquired)

    @property
    def actor_id(self) -> str | None:
        """Who in the controller does it, if the event says so."""
        return None if self.document.actor is UNSET else self.document.actor.id

    @property
    def actor_role(self) -> str | None:
        """In which role, if the event says so."""
        actor = self.document.actor
        return None if actor is UNSET or actor.role is UNSET else actor.role

    @property
    def source_id(self) -> str | None:
        """From whom the controller gets the data, if the event says so."""
        return None if self.document.source is UNSET else self.document.source.id

    @property
    def source_country(self) -> str | None:
        """From which country, if the event says so."""
        source = self.document.source
        return None if source is UNSET or source.country is UNSET else source.country

    @property
    def known(self) -> tuple[PreparedFact, ...]:
        """The facts that the event carries, in the order given, each with its times."""
        found: tuple[PreparedFact, ...] | None = self._known  # type: ignore[attr-defined]
        if found is None:
            facts = msgspec.convert(msgspec.to_builtins(self.document.facts), tuple[FactData, ...])
            found = tuple([_prepared_fact(fact, self.document.subject.id) for fact in facts])
            _set_known(self, found)
        return found

    @property
    def facts(self) -> tuple[FactData, ...]:
        """The facts that the event carries: copies, with which nothing of the event changes."""
        return tuple(dict(fact.data) for fact in self.known)

    def as_dict(self) -> dict[str, Any]:
        """Return the event as the JSON object that it was given as."""
        return plain(msgspec.to_builtins(self.document))  # type: ignore[no-any-return]

    def with_facts(self, facts: Iterable[Mapping[str, Any]]) -> Event:
        """Return the same event with more facts. Raises `InvalidEvent` where one is malformed."""
        facts = [fact if type(fact) is dict else plain(fact) for fact in facts]
        if not facts:
            return self
        try:
            more = msgspec.convert(facts, tuple[FactData, ...])
            encode(more)  # raises where a text has a lone surrogate, which no JSON can say
            for fact in more:
                _prepared_fact(fact, self.document.subject.id)
        except (*NO_EVENT, KeyError, AttributeError):
            whole = self.as_dict()
            whole["facts"] = [*whole.get("facts", ()), *facts]
            return Event.from_mapping(whole)
        own = () if self.document.facts is UNSET else self.document.facts
        document = msgspec.structs.replace(self.document, facts=(*own, *more))
        return _filled(Event.__new__(Event), document, self.instant, _NOBODY)

    def with_items(self, items: Iterable[str]) -> Event:
        """Return the same event with these of its items, at least one."""
        kept = frozenset(items)
        left = tuple(item for item in self.items if item in kept)
        if not left or len(left) != len(kept):
            raise ValueError("an event is narrowed to some of its own items")
        document = msgspec.structs.replace(self.document, items=left)
        return _filled(Event.__new__(Event), document, self.instant, self.admitted)

    def __setattr__(self, name: str, value: Any) -> None:
        raise AttributeError(f"an Event is frozen; cannot set {name!r}")

    def __delattr__(self, name: str) -> None:
        raise AttributeError(f"an Event is frozen; cannot delete {name!r}")

    def __reduce__(self) -> tuple[Any, ...]:
        return (Event.from_mapping, (self.as_dict(),))

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Event):
            return NotImplemented
        return self.document == other.document or (
            self.document.facts is not UNSET and self.as_dict() == other.as_dict()  # read by unlike readers, perhaps
        )

    def __hash__(self) -> int:
        return hash((self.id, self.instant, self.key, self.items))

    def __repr__(self) -> str:
        return f"Event({', '.join(f'{name}={value!r}' for name, value in self.as_dict().items())})"


def event_from_mapping(mapping: Mapping[str, Any], reader: FactReader | None) -> Event:
    """Return the event of a mapping, as `Event.from_mapping` does; its facts are read by `reader` if it can."""
    if reader is not None and type(mapping) is dict and "facts" in mapping:
        found = converted(mapping, reader.document)
        if found is not None and (read := reader.facts(found)) is not None:
            return _prepare(Event.__new__(Event), found, (reader, read))
    return Event.from_mapping(mapping)


def event_from_json(line: bytes | str, reader: FactReader | None) -> Event:
    """Return the event in one JSON text, as `Event.from_json` does; its facts are read by `reader` if it can."""
    if reader is not None:
        try:
            found = reader.decode(line)
        except (msgspec.MsgspecError, ValueError, RecursionError):
            return Event.from_json(line)
        read = reader.facts(found)
        if read is not None:
            return _prepare(Event.__new__(Event), found, (reader, read))
    return Event.from_json(line)


def event_with_facts(event: Event, facts: Sequence[Mapping[str, Any]], reader: FactReader) -> Event:
    """Return the same event with more facts, as `Event.with_facts` does; they are read by `reader` if it can."""
    document = event.document
    own = () if document.facts is UNSET else document.facts
    by, known = event.admitted
    if (own and by is not reader) or (found := reader.more(document, facts)) is None:
        return event.with_facts(facts)
    more, admitted = found
    joined = msgspec.structs.replace(document, facts=(*own, *more))
    return _filled(Event.__new__(Event), joined, event.instant, (reader, [*known, *admitted]))


def event_of(event: Event, controller: str) -> Event:
    """Return the same event, saying who the controller is."""
    document = msgspec.structs.replace(event.document, controller=controller)
    return _filled(Event.__new__(Event), document, event.instant, event.admitted)


def keep_admitted(event: Event, by: object, found: Sequence[Any]) -> None:
    """Keep with an event what `by` found its facts to state; it changes nothing about the event."""
    _set_admitted(event, (by, found))


def keep_ruled(event: Event, by: object, found: Any) -> None:
    """Keep with an event what `by` found it to come to; it changes nothing about the event."""
    _set_ruled(event, (by, found))


BESIDE: Final[Mapping[Field, Callable[[Event], str | None]]] = {
    Field.CONTROLLER: attrgetter("controller"),
    Field.SUBJECT_ID: attrgetter("subject_id"),
    Field.ACTOR: attrgetter("actor_id"),
    Field.SOURCE: attrgetter("source_id"),
    Field.SOURCE_COUNTRY: attrgetter("source_country"),
}
"""How an event says what is not in its key: few rules ask for it, and no other event pays for it."""


_set_id = Event.__dict__["id"].__set__
_set_instant = Event.__dict__["instant"].__set__
_set_controller = Event.__dict__["controller"].__set__
_set_key = Event.__dict__["key"].__set__
_set_known = Event.__dict__["_known"].__set__
_set_items = Event.__dict__["items"].__set__
_set_admitted = Event.__dict__["admitted"].__set__
_set_ruled = Event.__dict__["ruled"].__set__
_set_subject_id = Event.__dict__["subject_id"].__set__
_set_recipient_id = Event.__dict__["recipient_id"].__set__
_set_attributes = Event.__dict__["attributes"].__set__
_set_document = Event.__dict__["document"].__set__


def _prepare(event: Event, document: EventDocument, admitted: tuple[object, Sequence[Any]] | None = None) -> Event:
    """Fill a blank event from its document, checking what types alone cannot; `admitted` says that its facts are."""
    recipient, facts, items, operation = document.recipient, document.facts, document.items, document.operation
    controller, actor, source, person = document.controller, document.actor, document.source, document.subject.id
    # Nearly all ids are plain, so they are looked at together first, and one by one where something is unusual. What is
    # not stated is written as a word, which is plain.
    party, by = recipient if recipient is UNSET else recipient.id, actor if actor is UNSET else actor.id
    names = f".{document.id}.{controller}.{person}.{party}.{by}."
    plain = names.isascii() and names.isprintable() and " " not in names and ".." not in names
    if (
        (document.purpose is UNSET and operation in NEEDS_PURPOSE)
        or (recipient is UNSET and operation in NEEDS_RECIPIENT)
        or not items
        or len(set(items)) != len(items)
        or not (plain or _are_names(document))
        or (recipient is not UNSET and recipient.country is not UNSET and recipient.country not in COUNTRIES)
        or (source is not UNSET and not _is_source(source, operation))
    ):
        raise diagnosis(msgspec.to_builtins(document))
    try:
        when = instant(document.time)
        if document.acquired is not UNSET and instant(document.acquired) > when:
            raise ValueError("acquired")
        if admitted is None and facts is not UNSET:
            for fact in facts:
                _prepared_fact(fact, person)
        if document.attributes is not UNSET:
            for value in document.attributes.values():
                if not (isinstance(value, str) or -_MOST <= value <= _MOST):
                    raise ValueError("attributes")
    except (ValueError, KeyError, TypeError, AttributeError, OverflowError):
        raise diagnosis(msgspec.to_builtins(document)) from None
    return _filled(event, document, when, admitted or _NOBODY)


def _filled(event: Event, document: EventDocument, when: int, admitted: tuple[object, Sequence[Any]]) -> Event:
    """Fill a blank event from a document that is known to be sound."""
    recipient, person, attributes, controller = (
        document.recipient,
        document.subject.id,
        document.attributes,
        document.controller,
    )
    recipient_id = service = country = None
    if recipient is not UNSET:
        recipient_id = recipient.id
        service = None if recipient.service is UNSET else recipient.service
        country = None if recipient.country is UNSET else recipient.country
    _set_id(event, document.id)
    _set_instant(event, when)
    _set_controller(event, None if controller is UNSET else controller)
    _set_key(
        event,
        (
            document.operation,
            document.subject.category,
            None if document.purpose is UNSET else document.purpose,
            IDENTIFIABLE if document.form is UNSET else document.form,
            None if document.origin is UNSET else document.origin,
            service,
            country,
            None if document.actor is UNSET or document.actor.role is UNSET else document.actor.role,
            recipient_id,
        ),
    )
    _set_items(event, document.items)
    _set_known(event, () if document.facts is UNSET else None)
    _set_admitted(event, admitted)
    _set_ruled(event, _NOBODY)
    _set_subject_id(event, None if person is UNSET else person)
    _set_recipient_id(event, recipient_id)
    _set_attributes(event, _NO_ATTRIBUTES if attributes is UNSET else MappingProxyType(attributes))
    _set_document(event, document)
    return event


_MOST: Final = sys.float_info.max
"""No number of an attribute is greater, which leaves out infinity, nor is any that is none at all."""

_NOBODY: Final[tuple[object, Sequence[Any]]] = (None, ())
_NO_ATTRIBUTES: Final[Mapping[str, bool | int | float | str]] = MappingProxyType({})


def _are_names(document: EventDocument) -> bool:
    """Whether every id of an event can be one; its source's aside."""
    recipient, actor = document.recipient, document.actor
    return all(
        name is UNSET or is_name(name)
        for name in (
            document.id,
            document.controller,
            document.subject.id,
            UNSET if recipient is UNSET else recipient.id,
            UNSET if actor is UNSET else actor.id,
        )
    )


def _is_source(source: Source, operation: str) -> bool:
    known = source.country is UNSET or source.country in COUNTRIES
    return operation == "acquire" and is_name(source.id) and known


def _prepared_fact(fact: FactData, person: str | UnsetType) -> PreparedFact:
    """Return a fact with its times. Raises `ValueError`, `KeyError` or `TypeError` where it is malformed."""
    start, end, subject = fact.get("from"), fact.get("until"), fact.get("subject")
    if type(fact["type"]) is not str:
        raise TypeError("type")
    if subject is not None and subject != person and not is_name(subject):  # type: ignore[arg-type]
        raise ValueError("subject")
    since = -FOREVER if start is None else instant(start)  # type: ignore[arg-type]
    return PreparedFact(since, FOREVER if end is None else instant(end), subject, fact)  # type: ignore[arg-type]
