"""The closed algebra of conditions, to which every rule is lowered.

A condition is a finite, decidable statement about one event and one of its items. There is no code in it: every
backend (one event, a column of events, an analysis) needs one case for each class of this file, and no more.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TypeAlias

from policyengine.model.comparison import COMPARISONS


class Field(StrEnum):
    """The fields of an event that a condition can look at."""

    OPERATION = "operation"
    SUBJECT = "subject"
    ITEM = "item"
    PURPOSE = "purpose"
    FORM = "form"
    ORIGIN = "origin"
    RECIPIENT = "recipient"
    SERVICE = "service"
    COUNTRY = "country"
    SUBJECT_ID = "subject_id"


@dataclass(frozen=True, slots=True)
class In:
    """The event states `field`, and its value is one of `values`.

    Args:
        field: the field looked at.
        values: the accepted values, closed under the kinds of each term.
        written: the terms as the rule has them, for people.
    """

    field: Field
    values: frozenset[str]
    written: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class NotIn:
    """The event states `field`, and its value is none of `values`; an event that leaves it out does not meet this."""

    field: Field
    values: frozenset[str]
    written: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Same:
    """The event states both fields, and they are equal."""

    left: Field
    right: Field


@dataclass(frozen=True, slots=True)
class Compare:
    """The event states the attribute, and it compares as said.

    Args:
        attribute: a name that the vocabulary declares.
        op: one of `policyengine.model.comparison.COMPARISONS`.
        value: of the attribute's declared type.
    """

    attribute: str
    op: str
    value: bool | int | float | str


@dataclass(frozen=True, slots=True)
class Holds:
    """A fact of this type is in effect at the event's time, and everything it states agrees with the event.

    Args:
        type: the fact type.
        where: fields whose values the rule names, each with the accepted values.
        unheld: fields that the fact may state without agreeing with the event.
        restricts: it stands where it restricts; then a fact that names a subject counts for an event that names none.
    """

    type: str
    where: tuple[tuple[str, frozenset[str]], ...] = ()
    unheld: frozenset[str] = frozenset()
    restricts: bool = False


@dataclass(frozen=True, slots=True)
class And:
    """Every part is met; with no parts, always met."""

    parts: tuple[Condition, ...]


@dataclass(frozen=True, slots=True)
class Or:
    """At least one part is met; with no parts, never met."""

    parts: tuple[Condition, ...]


@dataclass(frozen=True, slots=True)
class Not:
    """The part, a `Holds` or a combination of them, is not met."""

    part: Condition


Condition: TypeAlias = In | NotIn | Same | Compare | Holds | And | Or | Not

ALWAYS = And(())
NEVER = Or(())


def all_of(*parts: Condition) -> Condition:
    """Return the conjunction of `parts`, flattened."""
    flat: list[Condition] = []
    for part in parts:
        flat.extend(part.parts if isinstance(part, And) else (part,))
    return flat[0] if len(flat) == 1 else And(tuple(flat))


def any_of(*parts: Condition) -> Condition:
    """Return the disjunction of `parts`, flattened."""
    flat: list[Condition] = []
    for part in parts:
        flat.extend(part.parts if isinstance(part, Or) else (part,))
    return flat[0] if len(flat) == 1 else Or(tuple(flat))


def restricting(condition: Condition, restricts: bool) -> Condition:
    """Return `condition` with each fact marked for where it stands; below a `Not` a fact works the other way round.

    Args:
        condition: any condition.
        restricts: whether the condition, when met, restricts a flow (True) or permits or lifts (False).
    """
    match condition:
        case Holds():
            return Holds(condition.type, condition.where, condition.unheld, restricts)
        case And():
            return And(tuple(restricting(part, restricts) for part in condition.parts))
        case Or():
            return Or(tuple(restricting(part, restricts) for part in condition.parts))
        case Not():
            return Not(restricting(condition.part, not restricts))
        case _:
            return condition


def leaves(condition: Condition) -> list[Condition]:
    """Return the leaves of `condition` in order: everything that is neither `And`, `Or` nor `Not`."""
    match condition:
        case And() | Or():
            return [leaf for part in condition.parts for leaf in leaves(part)]
        case Not():
            return leaves(condition.part)
        case _:
            return [condition]


def conjuncts(condition: Condition) -> tuple[Condition, ...]:
    """Return the parts that must all be met for `condition` to be met."""
    if isinstance(condition, And):
        return tuple(inner for part in condition.parts for inner in conjuncts(part))
    return (condition,)


def compares(value: bool | int | float | str, test: Compare) -> bool:
    """Whether `value`, of the attribute's declared type, passes `test`."""
    return COMPARISONS[test.op].passes(value, test.value)
