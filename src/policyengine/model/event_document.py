"""An event as its JSON object has it: typed, read from mappings and texts; and all that is wrong with what is none."""

from __future__ import annotations

import json
from collections.abc import Mapping, Set
from itertools import islice
from typing import Any, Final, Literal, TypeAlias

import msgspec
from msgspec import UNSET, Struct, UnsetType

from policyengine.errors import EventError, InvalidEvent
from policyengine.model.event_problems import JSON_TOO_DEEP, MALFORMED, MALFORMED_BECAUSE, NO_OBJECT, NOT_JSON

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
    """Return the document of a mapping. Raises `InvalidEvent`, and nothing else, whatever it was given."""
    found = converted(mapping, EventDocument)
    if found is not None:
        return found
    try:
        if not isinstance(mapping, Mapping):
            raise InvalidEvent([NO_OBJECT.error("$")])
        document = msgspec.convert(plain(mapping), EventDocument)
        encode(document)
    except InvalidEvent:
        raise
    except Exception as error:  # what reading somebody's objects raises may be anything
        why = str(error) if isinstance(error, msgspec.MsgspecError) else type(error).__name__
        raise diagnosis(mapping, MALFORMED_BECAUSE.error("$", why=why)) from None
    return document


def converted(mapping: Mapping[str, Any], to: type[EventDocument]) -> EventDocument | None:
    """Return the document of a dict, of which all that matters is plain; None where it is none, or must be made plain.

    What is like a dict or a list would be taken for one, and then not be held against all that an event is: a struct as
    it is, a mapping with fields that no event has, a set in whatever order.
    """
    if type(mapping) is not dict:
        return None
    try:
        document = msgspec.convert(mapping, to)
        if (
            type(mapping["subject"]) is not dict
            or type(mapping["items"]) not in _LISTS
            or (document.recipient is not UNSET and type(mapping["recipient"]) is not dict)
            or (document.facts is not UNSET and not _are_plain(mapping["facts"]))
            or (document.attributes is not UNSET and type(mapping["attributes"]) is not dict)
            or (document.actor is not UNSET and type(mapping["actor"]) is not dict)
            or (document.source is not UNSET and type(mapping["source"]) is not dict)
        ):
            return None
        encode(document)  # raises where a text has a lone surrogate, which no JSON can say, or is of another class
    except Exception:
        return None
    return document


_LISTS: Final = frozenset((list, tuple))

_DICTS: Final = frozenset((dict,))


def _are_plain(facts: Any) -> bool:
    return (
        type(facts) in _LISTS
        and _DICTS.issuperset(map(type, facts))
        and all([_MEMBERS.issuperset(map(type, fact.values())) for fact in facts])  # noqa: C419  a list is made sooner
    )


_MEMBERS: Final = frozenset((str, list, tuple))
"""Of what classes the fields of a fact are."""

MOST_MEMBERS: Final = 100_000
"""So many members of a mapping that is no dict are looked at: it may have no end."""


DEEPEST: Final = 16
"""How deep what may be an event is followed; an event is not half as deep."""


def plain(value: Any, depth: int = DEEPEST) -> Any:
    """Return `value` with every mapping a dict, every struct its fields, and each text, number and list of no subclass.

    Of dicts, lists, texts and numbers that is what they hold, whatever a class of somebody's says about it.

    Raises:
        TypeError: there is a set in it, which has no order.
        RecursionError: it is deeper than `depth`.
        Exception: whatever a mapping of somebody's raises.
    """
    if isinstance(value, str):
        return str.__str__(value)
    if value is None or isinstance(value, bool):
        return value
    if not depth:
        raise RecursionError
    if isinstance(value, dict):
        return {_key(key): plain(member, depth - 1) for key, member in dict.items(value)}
    if isinstance(value, list):
        return [plain(member, depth - 1) for member in list.__iter__(value)]
    if isinstance(value, tuple):
        return [plain(member, depth - 1) for member in tuple.__iter__(value)]
    if isinstance(value, Struct):
        return plain(msgspec.to_builtins(value), depth)
    if isinstance(value, Mapping):
        return {_key(key): plain(value[key], depth - 1) for key in islice(value, MOST_MEMBERS)}
    if isinstance(value, int):
        return int.__int__(value)
    if isinstance(value, float):
        return float.__float__(value)
    if isinstance(value, Set):
        raise TypeError("a set has no order")
    return value


def _key(key: Any) -> Any:
    return str.__str__(key) if isinstance(key, str) else key


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


def diagnosis(mapping: Any, fallback: EventError | None = None) -> InvalidEvent:
    """Say everything that is wrong with what is no event, with the committed JSON Schema of events.

    Where the schema has nothing against it, `fallback` is what is wrong.
    """
    from policyengine.model.event_errors import event_errors  # noqa: PLC0415  imports jsonschema, needed only for what is wrong

    errors, identifier = event_errors(mapping)
    return InvalidEvent(errors or [fallback or MALFORMED.error("$")], identifier)
