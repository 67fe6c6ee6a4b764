"""Types of fact, and the form of facts."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, ClassVar, Final, Literal

from msgspec import Struct, field
from msgspec.structs import replace

from policyengine.errors import EventError, Source, did_you_mean, json_path
from policyengine.model.aside import Aside
from policyengine.model.condition import Field
from policyengine.model.countries import COUNTRIES
from policyengine.model.event_problems import (
    FACT_FIELD_EMPTY,
    FACT_FIELD_LIST,
    FACT_FIELD_MISSING,
    FACT_FIELD_STRING,
    FACT_FIELD_UNKNOWN,
)
from policyengine.model.fields import COMMON_FACT_FIELDS, HELD, ROWS
from policyengine.model.operation import OPERATIONS
from policyengine.schema.names import is_name
from policyengine.schema.problems import BAD_NAME, NO_COUNTRY, UNKNOWN_VALUE
from policyengine.text import Text

HELD_DIMENSION: Mapping[str, str] = {held: row.dimension for held, row in HELD.items() if row.dimension}
"""Where the terms of a held field are declared."""


HELD_FIELD: Mapping[str, Field] = {row.held: field for field, row in ROWS.items() if row.held}
"""The event field that a field of a fact is held against, by what it is said to be held against."""


VALUE: Final[Literal["value"]] = "value"
"""Said of a field of a fact that is held against values that a rule names."""


class FactField(Struct, frozen=True):
    """One field of a fact type.

    Args:
        id: the key in a fact.
        held: what it is held against: one of `policyengine.model.fields.HELD`, or `VALUE`.
        list: whether it holds a list, which agrees when one of its members does.
        required: whether every fact of the type must have it.
        values: the values that are declared of a field held against `VALUE`; None where any text is one.
        of: the dimension whose terms are its values; None where they are no terms.
        open: whether a fact may state a value that is not declared.
    """

    id: str
    held: str
    list: bool = False
    required: bool = False
    values: frozenset[str] | None = None
    of: str | None = None
    open: bool = False

    @property
    def form(self) -> Literal["id", "word", "value"]:
        """What its members are: an id, a word of a dimension, or a value of which there may be a list (`known`)."""
        return "id" if self.held in _NAMES else "word" if self.held in _WORDS or self.of is not None else VALUE

    @property
    def known(self) -> frozenset[str] | None:
        """The values that a fact may state; None where any will do that is of its form."""
        if self.held == VALUE:
            return None if self.open else self.values
        return _KNOWN.get(HELD[self.held].form)


class FactType(Aside, frozen=True, eq=False):
    """A declared type of fact: consent, contract, request, or one of a policy's own.

    Args:
        id: its name.
        label: what people call it.
        fields: its fields by key.
        represents: whether its facts name who may be given a person's data in their place.
        law: whether it is law: what demands or allows something, whoever wants it.
        labels: what people call the values of its ``value`` fields.
        source: where it is declared.
    """

    aside: ClassVar[int] = 2

    id: str
    label: Text
    fields: Mapping[str, FactField]
    represents: bool = False
    law: bool = False
    labels: Mapping[str, Text] = field(default_factory=dict)
    source: Source | None = None

    def joined(self, other: FactType) -> FactType:
        """Return the type with the fields and the values of another declaration of it as well."""
        fields = dict(self.fields)
        for name, theirs in other.fields.items():
            ours = fields.get(name)
            if ours is None or ours.values is None:
                fields[name] = ours or theirs
            else:
                values = ours.values | theirs.values if theirs.values is not None else None
                fields[name] = replace(ours, values=values, open=ours.open or theirs.open)
        labels = {**other.labels, **self.labels}
        law = self.law or other.law
        return FactType(self.id, self.label, fields, self.represents, law, labels, self.source)

    def unlike(self, other: FactType) -> Iterator[str]:
        """Yield the fields that another declaration of the type has too, in a shape that no fact can have as well.

        A field or a value that one of them has alone is none of these: the type then has it (`joined`).
        """
        for name in sorted(self.fields.keys() & other.fields.keys()):
            ours, theirs = self.fields[name], other.fields[name]
            if (ours.held, ours.list, ours.required, ours.of) != (theirs.held, theirs.list, theirs.required, theirs.of):
                yield name

    def errors(self, fact: Mapping[str, Any], path: str) -> Iterator[EventError]:
        """Yield what is wrong with the form of `fact`, which stands at the JSON path `path` of its event."""
        for name, declared in self.fields.items():
            if name not in fact:
                if declared.required:
                    yield FACT_FIELD_MISSING.error(_at(path, name), type=self.id)
                continue
            yield from _field_errors(declared, fact[name], path)
        for name in fact:
            if name not in self.fields and name not in COMMON_FACT_FIELDS:
                hint = did_you_mean(name, (*self.fields, *COMMON_FACT_FIELDS))
                yield FACT_FIELD_UNKNOWN.error(_at(path, name), hint=hint, type=self.id)


def _field_errors(declared: FactField, value: Any, path: str) -> Iterator[EventError]:
    """Yield what is wrong with the value of a field. Facts are held to this all the time: a sound one costs little."""
    if declared.list:
        if isinstance(value, str) or not value:
            yield FACT_FIELD_LIST.error(_at(path, declared.id))
            return
        members = value
    elif not isinstance(value, str):
        yield FACT_FIELD_STRING.error(_at(path, declared.id))
        return
    else:
        members = (value,)
    form, known = declared.form, declared.known
    for index, member in enumerate(members):
        where = (declared.id, index) if declared.list else (declared.id,)
        if known is not None:
            if member not in known and declared.held != VALUE and HELD[declared.held].form == "country":
                yield NO_COUNTRY.error(_at(path, *where))
            elif member not in known:
                hint = did_you_mean(member, known)
                yield UNKNOWN_VALUE.error(_at(path, *where), hint=hint, known=", ".join(sorted(known)))
        elif form == "id":
            if not is_name(member):
                yield BAD_NAME.error(_at(path, *where))
        elif not member and form == "value":
            yield FACT_FIELD_EMPTY.error(_at(path, *where))


def _at(path: str, *keys: str | int) -> str:
    return path + json_path(keys)[1:]


_KNOWN: Final[Mapping[str, frozenset[str]]] = {"operation": frozenset(OPERATIONS), "country": frozenset(COUNTRIES)}
"""What a fact may state of what has a form that lists all values."""

_NAMES = frozenset(held for held, row in HELD.items() if row.form == "id")
"""What is held against ids."""

_WORDS = frozenset(held for held, row in HELD.items() if row.form in ("term", "terms"))
"""What is held against words: any text can be one, known to a policy or not."""
