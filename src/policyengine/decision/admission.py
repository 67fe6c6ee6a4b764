"""Facts as the policies declare their types: a fact that can be read is well-formed."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache, reduce
from operator import or_
from threading import Lock
from typing import Annotated, Any, Final, Literal, NamedTuple, TypeAlias

import msgspec
from msgspec import UNSET, Meta, Struct, UnsetType

from policyengine.errors import InvalidEvent
from policyengine.model.event import Event, PreparedFact, keep_admitted
from policyengine.model.event_document import NO_EVENT, EventDocument, encode
from policyengine.model.event_problems import MALFORMED_BECAUSE
from policyengine.model.fact import FactField, FactType
from policyengine.moment import FOREVER, instant
from policyengine.schema.names import is_name

Stated: TypeAlias = Sequence[Any]
"""What a fact states in each field: a word, a tuple of words, or `UNSET`."""


class Admitted(Struct, frozen=True, gc=False):
    """A fact that is of its type's form.

    Args:
        type: its type.
        start: from when it is in effect, inclusive.
        end: until when, exclusive.
        subject: whom it names; None where it names nobody.
        stated: what it states: the person, the times, and from `FIRST` the fields that its type declares, in order.
    """

    type: str
    start: int
    end: int
    subject: str | None
    stated: Stated


_COMMON: Final = ("subject", "from", "until")

FIRST: Final = len(_COMMON)
"""Where the fields that a type declares begin, in what a fact states."""

_one_by_one = Lock()


def _born() -> None:
    """Begin with a lock that nobody holds: in a child of the process is no thread that would let go of its parent's."""
    global _one_by_one  # noqa: PLW0603  what the process inherits has a place of its own, and no owner
    _one_by_one = Lock()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_born)


class Admission:
    """Reads facts as structs made from their types (a union, told apart by ``type``), so that to admit is to read.

    Args:
        types: the fact types, by name.
        refuse: raises `InvalidEvent` with everything that is wrong with the facts of an event; called where one cannot
            be read.
        wider: has read the facts of events already, as types of which these are some; a fact of a type that is the same
            here is not read again.
    """

    def __init__(
        self, types: Mapping[str, FactType], refuse: Callable[[Event], None], wider: Admission | None = None
    ) -> None:
        self.types = types
        self._wider = wider
        self._alike = frozenset(name for name in types if wider is not None and wider.types.get(name) == types[name])
        self._refuse = refuse
        forms = _forms(tuple((name, tuple(of.fields.values())) for name, of in types.items()))
        self._told = forms.told
        self._form = forms.facts
        self.document = forms.document
        self.decode = forms.decode

    def __call__(self, event: Event) -> Sequence[Admitted]:
        """Return the facts of an event, in order.

        Raises:
            InvalidEvent: one of them is malformed.
        """
        if event.document.facts is UNSET:
            return ()
        by, found = event.admitted
        if by is self:
            return found
        if by is not None and by is self._wider and all(fact.type in self._alike for fact in found):
            return found
        found = self._read(event)
        keep_admitted(event, self, found)
        return found

    def facts(self, document: EventDocument) -> Sequence[Admitted] | None:
        """Return the facts of an event of the form of `document`; None where one of them is malformed."""
        if document.facts is UNSET:
            return ()
        try:
            return [self._admitted(fact, document) for fact in document.facts]  # type: ignore[arg-type]
        except ValueError:
            return None

    def more(
        self, document: EventDocument, facts: Sequence[Mapping[str, Any]]
    ) -> tuple[Sequence[Struct], Sequence[Admitted]] | None:
        """Return more facts for an event in the form of the others, and what they state; None as `facts` does."""
        if not all(type(fact) is dict for fact in facts):
            return None  # a struct is taken as it is, whatever it holds: it has to go the longer way
        try:
            found = msgspec.convert({"facts": facts}, self._form).facts
            encode(found)  # raises where a text has a lone surrogate, which no JSON can say
            return found, [self._admitted(fact, document) for fact in found]
        except NO_EVENT:
            return None

    def _read(self, event: Event) -> Sequence[Admitted]:
        facts = [fact.data for fact in event.known]
        try:
            return [
                self._admitted(fact, event.document) for fact in msgspec.convert({"facts": facts}, self._form).facts
            ]
        except ValueError as error:
            self._refuse(event)
            raise InvalidEvent([MALFORMED_BECAUSE.error("$.facts", why=error)], event.id) from None

    def _admitted(self, struct: Struct, document: EventDocument) -> Admitted:
        """Return what a fact states. Raises `ValueError` where it has an id or a time that is none."""
        stated = msgspec.structs.astuple(struct)
        subject, start, end = stated[0], stated[1], stated[2]
        if subject is not UNSET and subject != document.subject.id and not is_name(subject):
            raise ValueError("subject")
        name, ids = self._told[type(struct)]
        if ids:
            party = UNSET if document.recipient is UNSET else document.recipient.id
            for position in ids:
                found = stated[position]
                if found is not UNSET and found != party:
                    for one in (found,) if isinstance(found, str) else found:
                        if one != party and not is_name(one):
                            raise ValueError("id")
        return Admitted(
            name,
            -FOREVER if start is UNSET else instant(start),
            FOREVER if end is UNSET else instant(end),
            None if subject is UNSET else subject,
            stated,
        )


def as_it_is(fact: PreparedFact, of: FactType) -> Admitted:
    """Return what a well-formed fact of a type states, read without its struct."""
    data = fact.data
    stated = tuple([data.get(name, UNSET) for name in (*_COMMON, *of.fields)])
    return Admitted(of.id, fact.start, fact.end, fact.subject, stated)


class _Forms(NamedTuple):
    """The structs of some types of fact.

    Args:
        told: for each struct of a fact, the name of its type, and where its ids are.
        facts: a struct whose field ``facts`` has a list of facts.
        document: the form of an event whose facts are of these types.
        decode: returns the event in one JSON text in that form.
    """

    told: Mapping[type[Struct], tuple[str, Sequence[int]]]
    facts: Any
    document: type[EventDocument]
    decode: Callable[[bytes | str], EventDocument]


@lru_cache(maxsize=64)
def _forms(types: tuple[tuple[str, tuple[FactField, ...]], ...]) -> _Forms:
    """Return the structs of some types; nearly all policies have the same, and making them takes long."""
    structs = [_struct(name, fields) for name, fields in types]
    facts: Any = tuple[reduce(or_, structs), ...] if structs else tuple[Literal["no fact"], ...]  # type: ignore[misc]
    document: Any = msgspec.defstruct(
        "EventDocument",
        [("facts", facts | UnsetType, UNSET)],
        bases=(EventDocument,),
        frozen=True,
        forbid_unknown_fields=True,
        omit_defaults=True,
        kw_only=True,
        gc=False,
    )
    form = msgspec.defstruct("Facts", [("facts", facts)], gc=False)
    with _one_by_one:  # what a struct consists of is worked out when it is used first, and not for two threads
        decode = msgspec.json.Decoder(document).decode
        msgspec.convert({"facts": ()}, form)
    told = {
        struct: (name, [FIRST + number for number, field in enumerate(fields) if field.form == "id"])
        for struct, (name, fields) in zip(structs, types, strict=True)
    }
    return _Forms(told, form, document, decode)


def _struct(name: str, fields: Sequence[FactField]) -> type[Struct]:
    """Return the struct of the facts of a type."""
    return msgspec.defstruct(
        "Fact",
        [
            *((f"_{key}", str | UnsetType, UNSET) for key in _COMMON),
            *((f"f{number}", *_type_of(declared)) for number, declared in enumerate(fields)),
        ],
        tag_field="type",
        tag=name,
        rename={f"_{key}": key for key in _COMMON} | {f"f{number}": of.id for number, of in enumerate(fields)},
        forbid_unknown_fields=True,
        frozen=True,
        kw_only=True,
        gc=False,
    )


def _type_of(declared: FactField) -> tuple[Any] | tuple[Any, Any]:
    known = declared.known
    one: Any
    if known is not None:
        one = Literal[tuple(sorted(known))] if known else Literal["no such value"]
    else:
        one = str if declared.form in ("id", "word") else Annotated[str, Meta(min_length=1)]
    whole = Annotated[tuple[one, ...], Meta(min_length=1)] if declared.list else one
    return (whole,) if declared.required else (whole | UnsetType, UNSET)
