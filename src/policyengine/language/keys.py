"""What the keys of a rule's table mean, said in their JSON Schemas: mutation, coverage, docs and editors read it there.

A schema says what form a value has. What it *means* (terms of which dimension, clauses, a requirement of facts) stands
beside that, as an annotation of its own (`MEANING`), so that whoever reads rules need know no kind and no key by name:

- ``{"lists": D}``: a list of terms of the dimension ``D``, of ``operations``, of ``countries``, or of ``words`` that
  nothing declares; of operations, ``"among"`` lists those of which the kind can speak, where that is not all;
- ``{"lists": "clauses"}``, ``"licences"``, ``"obligations"``: of clauses, of clauses that license, of obligations;
- ``{"names": "attributes"}``, ``"facts"``, or a dimension: one attribute, type of fact, or term;
- ``{"names": "value", "fact": T, "field": F}``: one value of the field ``F`` of facts of type ``T``;
- ``{"is": "condition"}``: a table of a condition; ``{"lists": "conditions"}``: some of them;
- ``{"lists": "named-conditions"}``: conditions that the policy has named, or one of them;
- ``{"is": "told"}``: what is there for people and checks, and decides nothing;
- ``{"is": "facts"}``: a requirement of facts; ``"fact"``: a form of one; ``"time"``: a time; ``"duration"``: how long;
  ``"hour"``: when in a day; ``"readings"``: under which readings a table stands; ``"comparisons"``: tests of
  attributes; ``"exceptions"``: lists of terms that are left out of those beside it.

Everything else that there is to know, JSON Schema can say itself: ``"type": "boolean"`` is a flag, ``enum`` lists the
words that can stand there, ``default`` is what counts where a key is left out, and a table within a table is an object.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Final, NamedTuple

from policyengine.calendar import DURATION_PATTERN
from policyengine.errors import did_you_mean
from policyengine.model.condition import Field
from policyengine.model.countries import meant
from policyengine.model.fields import ROWS
from policyengine.model.operation import OPERATIONS
from policyengine.model.vocabulary import DIMENSIONS
from policyengine.schema.pieces import ABOVE_IT, OTHERS, Schema
from policyengine.text import Text

MEANING: Final = "x-policyengine"
"""The keyword of a JSON Schema under which stands what the value means."""

COUNTRY_CODES: Final = "countries"
"""In place of a dimension: the countries of ISO 3166-1, which no vocabulary needs to declare."""

WORDS: Final = "words"
"""In place of a dimension: words that no vocabulary declares."""


class TermKey(NamedTuple):
    """A key by which a table of any kind can say which flows it means.

    Args:
        field: the event field that it looks at.
        description: what it says.
    """

    field: Field
    description: str

    @property
    def dimension(self) -> str:
        """What declares its terms."""
        row = ROWS[self.field]
        return row.dimension or (COUNTRY_CODES if row.form == "country" else WORDS)


TERM_KEYS: Mapping[str, TermKey] = {
    "subjects": TermKey(Field.SUBJECT, "whose data: categories of people"),
    "items": TermKey(Field.ITEM, "which items of personal data"),
    "purposes": TermKey(Field.PURPOSE, "for which purposes"),
    "forms": TermKey(Field.FORM, "in which form"),
    "origins": TermKey(Field.ORIGIN, "how the data was acquired"),
    "recipients": TermKey(Field.RECIPIENT, "to which parties"),
    "services": TermKey(Field.SERVICE, "for which entrusted service"),
    "countries": TermKey(Field.COUNTRY, "received in which country"),
    "actors": TermKey(Field.ACTOR, "done by whom in the controller: their ids"),
    "roles": TermKey(Field.ROLE, "done by people in which role"),
    "sources": TermKey(Field.SOURCE, "acquired from which parties"),
    "source_countries": TermKey(Field.SOURCE_COUNTRY, "acquired from which country"),
}
"""The lists of terms that any table can have."""

ABOVE: Final = "above"
"""In place of a list of clauses: those above, in the same file."""

OTHER_POLICIES: Final = "other-policies"
"""In place of a list of clauses: those of the other policies that govern an event and are no layers."""

ANY: Final = "any"
"""In place of a list of items: all of them, said on purpose."""

SHARED: Final = "#/$defs/"
"""What a reference to a shared schema begins with."""

GATED: Final[Schema] = {"$ref": f"{SHARED}entry"}
"""The schema of a member of a list: a word, or one or several that stand under a reading."""

FORM_KEYS: Final = ("type", "unheld", "stated", "within", "after", "before")
"""The keys of a form of facts that are no fields of theirs."""

PASSING: Final = ("origins", "services", "countries", "actors", "roles", "sources", "source_countries", "acquired")
"""The keys whose fields an event may leave open; attributes beside them."""


def term_hint(dimension: str, word: str, known: Iterable[str]) -> Text | None:
    """Return what was most likely meant by a word that is none of the `known` terms of a dimension."""
    country = meant(word) if dimension == COUNTRY_CODES else None
    return did_you_mean(country or word, known)


def meaning_of(schema: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return what a value means, as its schema says; empty where it says nothing."""
    found: Mapping[str, Any] = schema.get(MEANING, {})
    return found


def referring(name: str, description: str | None = None) -> Schema:
    """Return the schema that refers to a shared one (`definitions`), and may say of it what it is for there."""
    schema: Schema = {"$ref": f"{SHARED}{name}"}
    return schema if description is None else {**schema, "description": description}


def term_list(description: str, dimension: str) -> Schema:
    """Return the schema of a list of terms, of which each may stand under a reading.

    Args:
        description: what the list says.
        dimension: what declares the terms: a table of the vocabulary, ``operations``, ``countries``,
            or ``words`` for any words.

    Raises:
        ValueError: there is no such dimension.
    """
    _must_be_dimension(dimension)
    return {
        "type": "array",
        "description": description,
        MEANING: {"lists": dimension},
        "minItems": 1,
        "items": GATED,
    }


def about_table() -> Schema:
    """Return the schema of ``about``: which flows the clause of a permit speaks of."""
    return condition_table("Which flows it speaks of: those that it does not permit are denied citing its clause.")


def operation_list(description: str, *, among: Iterable[str] = OPERATIONS) -> Schema:
    """Return the schema of a list of operations, of which each may stand under a reading.

    Args:
        description: what the list says.
        among: those of which the kind can speak; by default all.
    """
    some = [operation for operation in OPERATIONS if operation in among]
    schema = term_list(f"{description}: {', '.join(some)}", "operations")
    return schema if len(some) == len(OPERATIONS) else {**schema, MEANING: {**schema[MEANING], "among": some}}


def clause_list(description: str, *, licences: bool = False) -> Schema:
    """Return the schema of a list of clause numbers.

    Args:
        description: what the list says.
        licences: whether only clauses that license something make sense in it.
    """
    return _names(description, "licences" if licences else "clauses")


def licence_list() -> Schema:
    """Return the schema of ``licensed_by``: the clauses on which a permit leans; `RuleTable.licences` reads it."""
    schema = clause_list(
        "The purpose must be licensed by one of these clauses as well; a permit cites it too. "
        f'"{OTHER_POLICIES}": by a clause of another policy that governs the flow and is no layer.',
        licences=True,
    )
    return {**schema, "type": ["array", "string"], **OTHERS}


def obligation_list(description: str, *, for_items: bool = False) -> Schema:
    """Return the schema of a list of obligations.

    Args:
        description: what the list says.
        for_items: whether one may be for some items alone.
    """
    schema = _names(description, "obligations")
    if not for_items:
        return schema
    member: Schema = {
        "type": ["string", "object"],
        "properties": {
            "obligation": {"type": "string", "description": "The obligation."},
            "for_items": _names("The items for which alone it is; each stands for its kinds too.", "items"),
        },
        "required": ["obligation", "for_items"],
        "additionalProperties": False,
    }
    return {**schema, "items": member}


def fact_expression(description: str) -> Schema:
    """Return the schema of a requirement of facts: one fact, or ``all`` / ``any`` / ``not`` of others."""
    return referring("facts", description)


def condition_table(description: str) -> Schema:
    """Return the schema of a condition: one fact (``type``), or a table of the keys that narrow flows."""
    return referring("condition", description)


def fact_form(description: str) -> Schema:
    """Return the schema of a form of one fact, which says nothing of when it began."""
    return referring("fact", description)


def fact_value(description: str, fact: str, field: str, *, default: str | None = None) -> Schema:
    """Return the schema of one value of a field of facts.

    Args:
        description: what the value says.
        fact: the type of the facts.
        field: their field.
        default: the value that counts where the key is left out.
    """
    return _name(description, {"names": "value", "fact": fact, "field": field}, default)


def name_of(description: str, what: str, *, default: str | None = None) -> Schema:
    """Return the schema of one name that the vocabulary declares.

    Args:
        description: what it says.
        what: what has the name: an attribute, a type of fact, or a term of a dimension.
        default: the name that counts where the key is left out.

    Raises:
        ValueError: there is no such thing to name.
    """
    if what not in ("attributes", "facts"):
        _must_be_dimension(what)
    return _name(description, {"names": what}, default)


def flag(description: str, *, default: bool) -> Schema:
    """Return the schema of a key that is true or false.

    Args:
        description: what it says when it is true.
        default: what counts where the key is left out.
    """
    return {"type": "boolean", "description": description, "default": default}


def spared_list(description: str) -> Schema:
    """Return the schema of ``spares``: clauses, or ``"above"``; `RuleTable.spared` reads it.

    Args:
        description: what the list says.
    """
    schema = clause_list(f'{description} "{ABOVE}": every clause above, in the same file.')
    return {**schema, "type": ["array", "string"], **ABOVE_IT}


def reason_table() -> Schema:
    """Return the schema of ``reason``: what a denial says, in the author's words; `RuleTable.reason` reads it."""
    return told("What a denial says in place of the code and the message of the kind.", referring("reason"))


def told(description: str, schema: Schema) -> Schema:
    """Return the schema of a key that is there for people and checks: nothing is decided by it.

    Args:
        description: what it says.
        schema: the form of its value.
    """
    return {**schema, "description": description, MEANING: {"is": "told"}}


def time(description: str) -> Schema:
    """Return the schema of a time with an offset."""
    return referring("when", description)


def duration(description: str) -> Schema:
    """Return the schema of a duration of ISO 8601, such as ``P5Y``."""
    return {"type": "string", "description": description, MEANING: {"is": "duration"}, "pattern": DURATION_PATTERN}


def under_readings() -> Schema:
    """Return the schema of ``under``: under which value of which reading a table stands."""
    return referring("under")


def _must_be_dimension(name: str) -> None:
    known = (*DIMENSIONS, "operations", COUNTRY_CODES, WORDS)
    if name not in known:
        raise ValueError(f"there is no dimension {name!r}; expected one of {', '.join(known)}")


def _names(description: str, what: str) -> Schema:
    return {
        "type": "array",
        "description": description,
        MEANING: {"lists": what},
        "minItems": 1,
        "items": {"type": "string"},
    }


def _name(description: str, meaning: Mapping[str, str], default: str | None) -> Schema:
    schema: Schema = {"type": "string", "description": description, MEANING: dict(meaning)}
    return schema if default is None else {**schema, "default": default}
