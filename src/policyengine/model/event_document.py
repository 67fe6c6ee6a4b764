"""An event as its JSON object has it: typed, read from mappings and texts; and all that is wrong with what is none."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, Literal, TypeAlias

import msgspec
from msgspec import UNSET, Struct, UnsetType

from policyengine.errors import EventError, InvalidEvent
from policyengine.model.event_problems import JSON_TOO_DEEP, MALFORMED, MALFORMED_BECAUSE, NO_OBJECT, NOT_JSON
from policyengine.schema.names import is_name

FactData: TypeAlias = dict[str, str | tuple[str, ...]]
"""One fact as the event has it: its type, its common fields, and the fields that its type declares."""


class Subject(Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True, gc=False):
    """Whose data it is.

    Args:
        category: a term of the vocabulary, such as ``customer``.
        id: the person, where the host knows it.
    """

    category: str
    id: str | UnsetType = UNSET


class Actor(Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True, gc=False):
    """Who in the controller does it.

    Args:
        id: the person, or the system.
        role: what they are there, a term of the vocabulary.
    """

    id: str
    role: str | UnsetType = UNSET


class Recipient(Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True, gc=False):
    """To whom the data goes.

    Args:
        id: the party.
        service: what a contractor does for the controller, a term of the vocabulary.
        country: where it receives the data, as a code of ISO 3166-1.
    """

    id: str
    service: str | UnsetType = UNSET
    country: str | UnsetType = UNSET


class Source(Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True, gc=False):
    """From whom the controller gets the data.

    Args:
        id: the party.
        country: where it has them, as a code of ISO 3166-1.
    """

    id: str
    country: str | UnsetType = UNSET


class EventDocument(Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True, kw_only=True, gc=False):
    """The typed form of an event's JSON object: what `policyengine.model.fields.EVENT` says, for type checkers."""

    id: str
    time: str
    operation: Literal["acquire", "use", "retain", "joint_use", "entrust", "provide", "disclose"]
    subject: Subject
    items: tuple[str, ...]
    acquired: str | UnsetType = UNSET
    controller: str | UnsetType = UNSET
    actor: Actor | UnsetType = UNSET
    purpose: str | UnsetType = UNSET
    form: str | UnsetType = UNSET
    origin: str | UnsetType = UNSET
    recipient: Recipient | UnsetType = UNSET
    source: Source | UnsetType = UNSET
    facts: tuple[FactData, ...] | UnsetType = UNSET
    attributes: dict[str, bool | int | float | str] | UnsetType = UNSET


decode = msgspec.json.Decoder(EventDocument).decode
"""Returns the document of a JSON text; raises `msgspec.MsgspecError` where it is none."""

encode = msgspec.json.Encoder().encode
"""Writes down what an event is made of; raises where a text has a lone surrogate, which no JSON can say."""

_decode_any = msgspec.json.Decoder().decode

NO_EVENT = (msgspec.MsgspecError, RecursionError, TypeError, ValueError, OverflowError)
"""What converting and writing down an event raise when it is none."""


def document_of_json(line: bytes | str) -> EventDocument:
    """Return the document of one JSON text. Raises `InvalidEvent`."""
    try:
        return decode(line)
    except (msgspec.MsgspecError, ValueError, RecursionError):
        return document_of(_loads(_without_mark(line)))


def document_of(mapping: Mapping[str, Any]) -> EventDocument:
    """Return the document of a mapping. Raises `InvalidEvent`."""
    if not isinstance(mapping, Mapping):
        raise InvalidEvent([NO_OBJECT.error("$")])
    found = converted(mapping, EventDocument)
    if found is not None:
        return found
    try:
        document = msgspec.convert(plain(mapping), EventDocument)
        encode(document)
    except NO_EVENT as error:
        raise diagnosis(mapping, MALFORMED_BECAUSE.error("$", why=error)) from None
    return document


def converted(mapping: Mapping[str, Any], to: type[EventDocument]) -> EventDocument | None:
    """Return the document of a plain dict; None where that is none, or has to go the longer way."""
    if type(mapping) is not dict:
        return None
    try:
        document = msgspec.convert(mapping, to)
        # A struct is taken as it is, whatever it holds: it has to go the longer way.
        if (
            document.subject is mapping["subject"]
            or (document.recipient is not UNSET and document.recipient is mapping["recipient"])
            or (document.actor is not UNSET and document.actor is mapping["actor"])
            or (document.source is not UNSET and document.source is mapping["source"])
        ):
            return None
        encode(document)  # raises where a text has a lone surrogate, which no JSON can say
    except NO_EVENT:
        return None
    return document


def plain(value: Any) -> Any:
    """Return `value` with every mapping a dict and every struct its fields, as `msgspec` wants them."""
    if isinstance(value, Mapping):
        return {key: plain(member) for key, member in value.items()}
    if isinstance(value, Struct):
        return msgspec.to_builtins(value)
    if isinstance(value, list | tuple):
        return [plain(member) for member in value]
    return value


def _without_mark(line: bytes | str) -> bytes | str:
    """Return `line` without the byte order mark that some programs put before JSON."""
    if isinstance(line, str):
        return line.removeprefix("\ufeff")
    return bytes(line).removeprefix(b"\xef\xbb\xbf")


def _loads(line: bytes | str) -> Mapping[str, Any]:
    try:
        found = _decode_any(line)
    except (msgspec.MsgspecError, ValueError, RecursionError) as error:
        raise _no_json(line, error) from None
    if not isinstance(found, dict):
        raise InvalidEvent([NO_OBJECT.error("$")])
    return found


def _no_json(line: bytes | str, error: Exception) -> InvalidEvent:
    """Say what is wrong with what is no JSON, but may be near enough (NaN, a lone surrogate) to name the place."""
    problem = JSON_TOO_DEEP.error("$") if isinstance(error, RecursionError) else NOT_JSON.error("$", error=error)
    try:
        found = json.loads(line)
    except (ValueError, RecursionError):
        found = None
    return diagnosis(found, problem) if isinstance(found, dict) else InvalidEvent([problem])


def diagnosis(mapping: Mapping[str, Any], fallback: EventError | None = None) -> InvalidEvent:
    """Say everything that is wrong with a mapping that is no event, with the committed JSON Schema of events.

    Where the schema has nothing against it, `fallback` is what is wrong.
    """
    from policyengine.model.event_errors import event_errors  # noqa: PLC0415  imports jsonschema, needed only for what is wrong

    return InvalidEvent(event_errors(mapping) or [fallback or MALFORMED.error("$")], _id_of(mapping))


def _id_of(mapping: Mapping[str, Any]) -> str | None:
    """Return the id of what is no event, where it has one that can be written down."""
    identifier = mapping.get("id")
    try:
        return identifier if isinstance(identifier, str) and is_name(identifier) and identifier.encode() else None
    except UnicodeEncodeError:
        return None
