"""The closed algebra of conditions, to which every rule is lowered.

A condition is a finite, decidable statement about one event and one of its items. There is no code in it: every
backend (one event, a column of events, an analysis) needs one case for each class of this file, and no more.
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Sequence
from enum import Enum, StrEnum
from typing import ClassVar, Final, Literal, TypeAlias

from msgspec import Struct
from msgspec.structs import replace

from policyengine.calendar import PLAIN_ZONE, Lapse
from policyengine.errors import Source
from policyengine.model.aside import Aside
from policyengine.model.comparison import COMPARISONS
from policyengine.moment import FOREVER
from policyengine.text import Text


class Field(StrEnum):
    """The fields of an event that a condition can look at."""

    CONTROLLER = "controller"
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
    ROLE = "role"
    ACTOR = "actor"
    SOURCE = "source"
    SOURCE_COUNTRY = "source_country"


class Unstated(Enum):
    """What takes the place of a value where an event has one, and does not state which."""

    OPEN = "open"


OPEN: Final = Unstated.OPEN

Value: TypeAlias = str | Unstated | None
"""What an event says in a field: a word; `OPEN` where it leaves that open; None where there is none."""


class In(Aside, frozen=True, eq=False):
    """The event's value of `field` is one of `values`.

    Args:
        field: the field looked at.
        values: the values that meet it on the side where it stands: of what permits, the terms and all their kinds; of
            what restricts, also the more general words that may mean one of them.
        written: the terms as the rule has them, for people.
        open: whether an event that leaves the field open meets it.
        at: where in its rule's table it stands.
    """

    field: Field
    values: frozenset[str]
    written: tuple[str, ...]
    open: bool = False
    at: tuple[str | int, ...] | None = None


class NotIn(Aside, frozen=True, eq=False):
    """The event has a value of `field`, and it is none of `values`; one that has no such field does not meet this.

    Args:
        field: the field looked at.
        values: the values that do not meet it on the side where it stands: of what permits, all that may mean one of
            the terms; of what restricts, the terms and their kinds.
        written: the terms as the rule has them, for people.
        open: whether an event that leaves the field open meets it.
        at: where in its rule's table it stands.
    """

    field: Field
    values: frozenset[str]
    written: tuple[str, ...]
    open: bool = False
    at: tuple[str | int, ...] | None = None


class Same(Aside, frozen=True, eq=False):
    """The event has both fields, and they are equal, or are not.

    Args:
        left: the one field.
        right: the other.
        equal: whether they must be equal, or must differ.
        open: whether an event that leaves either open meets it.
        passes: fields that pass unstated: for an event that leaves no others open it is the other way round.
        at: where in its rule's table it stands.
    """

    left: Field
    right: Field
    equal: bool = True
    open: bool = False
    passes: frozenset[Field] = frozenset()
    at: tuple[str | int, ...] | None = None


STATED: Final = "stated"
"""The comparison that asks nothing of a value: all pass, or none, so that it hangs on whether there is one."""


class Compare(Aside, frozen=True, eq=False):
    """The attribute compares as said.

    Args:
        attribute: a name that the vocabulary declares.
        op: one of ``below`` ``at_most`` ``at_least`` ``above`` ``is`` ``is_not`` ``stated``.
        value: of the attribute's declared type; of ``stated``, whether a value passes, whatever it is.
        moment: whether the values are times, which can be written in several ways.
        open: whether an event that does not state the attribute meets it.
        at: where in its rule's table it stands.
    """

    attribute: str
    op: str
    value: bool | int | float | str
    moment: bool = False
    open: bool = False
    at: tuple[str | int, ...] | None = None


class During(Aside, frozen=True, eq=False):
    """The event's time is in one of some spans.

    Args:
        spans: from when (inclusive) until when (exclusive) each of them is, in microseconds since 1970 (UTC): apart
            from one another, in order.
        zone: the time zone in which people read them.
        at: where in its rule's table it stands.
    """

    aside: ClassVar[int] = 2

    spans: tuple[tuple[int, int], ...]
    zone: str = PLAIN_ZONE
    at: tuple[str | int, ...] | None = None


class Clock(Aside, frozen=True, eq=False):
    """The event's time is on one of these weekdays and between two minutes of the day, on the clock of a time zone.

    Args:
        days: the days of the week, from 0 (Monday).
        since: from which minute of the day on.
        until: before which minute of the day; 1440 is its end.
        zone: the time zone.
        at: where in its rule's table it stands.
    """

    days: frozenset[int]
    since: int = 0
    until: int = 1440
    zone: str = PLAIN_ZONE
    at: tuple[str | int, ...] | None = None


class Acquired(Aside, frozen=True, eq=False):
    """The controller has had the data for less long than said, or, where that is `passed`, for so long.

    Args:
        within: how long.
        passed: whether it is met as soon as that has passed.
        open: whether an event that does not say since when meets it.
        at: where in its rule's table it stands.
    """

    within: Lapse
    passed: bool = False
    open: bool = False
    at: tuple[str | int, ...] | None = None


class Age(Aside, frozen=True, eq=False):
    """The attribute, a day or a time, is less long ago than said, or, where that is `passed`, so long ago.

    Args:
        attribute: a name that the vocabulary declares.
        within: how long.
        passed: whether it is met as soon as that has passed.
        day: whether the attribute is a day, which begins at midnight in `zone`; else it is a time.
        zone: the time zone of the policy.
        open: whether an event that does not state the attribute meets it.
        at: where in its rule's table it stands.
    """

    attribute: str
    within: Lapse
    passed: bool = False
    day: bool = False
    zone: str = PLAIN_ZONE
    open: bool = False
    at: tuple[str | int, ...] | None = None


Asked: TypeAlias = Literal["stated", "use", "beside"]
"""Of which operation a fact is asked: the event's own, ``use`` in its place, or either of the two."""


class Holds(Aside, frozen=True, eq=False):
    """A fact of this type is in effect at the event's time, and everything it states agrees with the event.

    Args:
        type: the fact type.
        where: fields whose values the rule names, each with the accepted values.
        unheld: fields that the fact may state without agreeing with the event.
        stated: fields that the fact must state.
        may: it stands where it restricts; then a fact counts that may agree, and else one that surely does.
        asked: of which operation it is asked.
        within: how long ago it began at most: that has not passed; of a fact that does not say when, it is open.
        after: facts that count for the same items, on the other side, and that must all have begun before.
        before: it began before this instant, or does not say when.
        passes: fields that pass unstated: a fact that names one agrees with an event that leaves it open where it
            stands for what permits, and does not where it stands for what restricts.
        counted: a time is counted since the fact, so that another one is no remedy for whatever hangs on it.
        at: where in its rule's table it stands.
    """

    type: str
    where: tuple[tuple[str, frozenset[str]], ...] = ()
    unheld: frozenset[str] = frozenset()
    stated: frozenset[str] = frozenset()
    may: bool = False
    asked: Asked = "stated"
    within: Lapse | None = None
    after: Holds | None = None
    before: int | None = None
    passes: frozenset[Field] = frozenset()
    counted: bool = False
    at: tuple[str | int, ...] | None = None


class Elsewhere(Aside, frozen=True, eq=False):
    """Another of the policies that govern the event, no layer, licenses the item; asked of one policy alone, it is met.

    Args:
        at: where in its rule's table it stands.
    """

    at: tuple[str | int, ...] | None = None


class Read(Struct, frozen=True):
    """The policy is read in one of some ways; only where its readings are left open does a rule still ask for that.

    Args:
        reading: the name of a reading.
        values: the values under which it is met.
    """

    reading: str
    values: frozenset[str]


class Name(Aside, frozen=True, eq=False):
    """What a policy calls a condition that it has declared by name.

    Args:
        id: the name.
        label: what people call it.
        turned: whether it is said that the condition is not met.
        source: the file that declares it, and where in it.
    """

    id: str
    label: Text
    turned: bool = False
    source: Source | None = None


class And(Struct, frozen=True):
    """Every part is met; with no parts, always met. Where a policy has given it a name, it is `called` so."""

    parts: tuple[Condition, ...]
    called: Name | None = None


class Or(Struct, frozen=True):
    """At least one part is met; with no parts, never met. It may be `called` likewise."""

    parts: tuple[Condition, ...]
    called: Name | None = None


class Not(Struct, frozen=True):
    """The part, a `Holds` or a combination of them, is not met."""

    part: Condition


Condition: TypeAlias = (
    In | NotIn | Same | Compare | During | Clock | Acquired | Age | Holds | Elsewhere | Read | And | Or | Not
)

ALWAYS = And(())
NEVER = Or(())


def all_of(*parts: Condition) -> Condition:
    """Return the conjunction of `parts`, flattened but for what has a name."""
    flat: list[Condition] = []
    for part in parts:
        if isinstance(part, And) and part.called is None:
            flat += part.parts
        else:
            flat.append(part)
    return flat[0] if len(flat) == 1 else And(tuple(flat))


def any_of(*parts: Condition) -> Condition:
    """Return the disjunction of `parts`, flattened but for what has a name."""
    flat: list[Condition] = []
    for part in parts:
        if isinstance(part, Or) and part.called is None:
            flat += part.parts
        else:
            flat.append(part)
    return flat[0] if len(flat) == 1 else Or(tuple(flat))


def named(condition: Condition, name: Name) -> Condition:
    """Return `condition` with a name; what is always met, or never, needs none."""
    if condition in (ALWAYS, NEVER):
        return condition
    if isinstance(condition, And | Or) and condition.called is None:
        return replace(condition, called=name)
    return And((condition,), name)


def negated(condition: Condition) -> Condition:
    """Return the condition that is met where `condition` is not, but for what is not there: that meets neither.

    `Not` stands before facts alone; below it, lists of words, attributes and what combines them are turned.
    """
    match condition:
        case And(()):
            return NEVER
        case Or(()):
            return ALWAYS
        case And(parts, name) | Or(parts, name) if name is not None or not only_facts(condition):
            other = Or if isinstance(condition, And) else And
            found = other(tuple([negated(part) for part in parts]))
            return found if name is None else replace(found, called=replace(name, turned=not name.turned))
        case In(field, values, written, open, at):
            return NotIn(field, values, written, open, at)
        case NotIn(field, values, written, open, at):
            return In(field, values, written, open, at)
        case Compare():
            value = not condition.value if condition.op == STATED else condition.value
            return replace(condition, op=COMPARISONS[condition.op].contrary, value=value)
        case Same():
            return replace(condition, equal=not condition.equal)
        case During() | Clock() | Acquired() | Age():
            return turned_time(condition)
        case Not(part):
            return part
        case _:
            return Not(condition)


def only_facts(condition: Condition) -> bool:
    """Whether `condition` looks at facts and at nothing else."""
    return all(isinstance(leaf, Holds) for leaf in leaves(condition))


def mapped(condition: Condition, leaf: Callable[[Condition, bool], Condition], turned: bool = False) -> Condition:
    """Return `condition` with every leaf replaced.

    Args:
        condition: the condition.
        leaf: returns what takes the place of a leaf, and is told whether it stands below an odd number of `Not`.
        turned: whether `condition` itself does.
    """
    match condition:
        case And(parts):
            return And(tuple([mapped(part, leaf, turned) for part in parts]), condition.called) if parts else condition
        case Or(parts):
            return Or(tuple([mapped(part, leaf, turned) for part in parts]), condition.called) if parts else condition
        case Not(part):
            return Not(mapped(part, leaf, not turned))
        case _:
            return leaf(condition, turned)


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


def turned_time(leaf: During | Clock | Acquired | Age) -> Condition:
    """Return the condition on times that is met where `leaf` is not; on which side it stands is left to `Sides`."""
    match leaf:
        case During(spans):
            edges = (-FOREVER, *(edge for span in spans for edge in span), FOREVER)
            between = zip(edges[::2], edges[1::2], strict=True)
            return During(tuple((start, end) for start, end in between if start < end), leaf.zone, leaf.at)
        case Clock(days, since, until):
            parts = [(_WEEK - days, 0, _MINUTES), (days, 0, since), (days, until, _MINUTES)]
            found = [
                replace(leaf, days=days, since=start, until=end) for days, start, end in parts if days and start < end
            ]
            return any_of(*found)
        case Acquired() | Age():
            return replace(leaf, passed=not leaf.passed)


_WEEK: Final = frozenset(range(7))
_MINUTES: Final = 1440


Answer: TypeAlias = Callable[[Condition], bool | None]
"""Whether a leaf is met; None where that is open."""


def reduced(condition: Condition, answer: Answer) -> Condition:
    """Return what is left of `condition` when the leaves that have an answer have got it."""
    match condition:
        case And(parts):
            done: list[Condition] = []
            for part in parts:
                left = reduced(part, answer)
                if left == NEVER:
                    return NEVER
                if left != ALWAYS:
                    done.append(left)
            return condition if _same(done, parts) else all_of(*done)
        case Or(parts):
            done = []
            for part in parts:
                left = reduced(part, answer)
                if left == ALWAYS:
                    return ALWAYS
                if left != NEVER:
                    done.append(left)
            return condition if _same(done, parts) else any_of(*done)
        case Not(part):
            inner = reduced(part, answer)
            if inner in (ALWAYS, NEVER):
                return NEVER if inner == ALWAYS else ALWAYS
            return condition if inner is part else Not(inner)
        case _:
            met = answer(condition)
            return condition if met is None else ALWAYS if met else NEVER


def _same(left: Sequence[Condition], right: Sequence[Condition]) -> bool:
    return len(left) == len(right) and all(map(operator.is_, left, right))
