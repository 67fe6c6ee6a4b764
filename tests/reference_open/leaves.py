"""Whether an event meets a condition: surely, or as it may be (section 1, "What an event leaves open never helps").

A condition that permits, licenses or lifts must *surely* be met; one that restricts, replaces or obliges is met when it
*may* be. Below a `not` the two change places.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import Enum
from typing import Any, TypeAlias
from zoneinfo import ZoneInfo

from reference_open.packs import ALWAYS, DIMENSION_OF, Data, Words, moment
from reference_open.times import plus


class Side(Enum):
    SURELY = "surely"
    MAY = "may"

    def other(self) -> Side:
        return Side.MAY if self is Side.SURELY else Side.SURELY


SURELY, MAY = Side.SURELY, Side.MAY


class Unstated(Enum):
    """What is to be said of a field that an event does not state."""

    OPEN = "a matter of fact on this operation: it has a value, and nobody said which"
    NOT_THERE = "on this operation there is none"


OPEN, NOT_THERE = Unstated.OPEN, Unstated.NOT_THERE

# ------------------------------------------------------------------------------------------------ conditions


@dataclass(frozen=True)
class OneOf:
    """The event's word in the field that `key` lists is one of `words`, or one of their kinds."""

    key: str
    words: tuple[str, ...]


@dataclass(frozen=True)
class NoneOf:
    """The event has that field, and its word is none of `words` and none of their kinds."""

    key: str
    words: tuple[str, ...]


@dataclass(frozen=True)
class OnOperation:
    """The operation is one of these."""

    operations: tuple[str, ...]


@dataclass(frozen=True)
class OnOther:
    """The operation is another one than these."""

    operations: tuple[str, ...]


@dataclass(frozen=True)
class SameIds:
    """The event has two ids, of the recipient, the subject, the actor or the source, and they are the same, or not."""

    left: str
    right: str
    same: bool = True


@dataclass(frozen=True)
class Compare:
    """The attribute compares so."""

    attribute: str
    how: str
    value: Any


@dataclass(frozen=True)
class WithinSpans:
    """The event's time is in one of these spans."""

    spans: tuple[tuple[datetime, datetime], ...]


@dataclass(frozen=True)
class OnClock:
    """On the clock of the policy, it is one of these days of the week, and between these times of the day."""

    days: tuple[str, ...]
    since: str
    until: str


@dataclass(frozen=True)
class Aged:
    """The attribute, a day or a time, is so long ago; or, where that is not `over`, less long."""

    attribute: str
    duration: str
    over: bool


@dataclass(frozen=True)
class Had:
    """The data were acquired less than this long ago; or, where that is `over`, so long ago or longer."""

    duration: str
    over: bool = False


@dataclass(frozen=True)
class Known:
    """A fact of this type is in effect, and agrees with the event and with what the rule names.

    Args:
        type: the fact type.
        named: the fields that the rule names, each with the accepted values.
        stated: the fields that the fact must state.
        unheld: the fields that need not agree.
        within: it began less long ago; for one that does not say when, that is open.
        after: it says when it began, and that is after every such fact that counts for the item on the other side.
        before: if it says when it began, that is before this time.
    """

    type: str
    named: tuple[tuple[str, tuple[str, ...]], ...] = ()
    stated: tuple[str, ...] = ()
    unheld: tuple[str, ...] = ()
    within: str | None = None
    after: Known | None = None
    before: str | None = None


@dataclass(frozen=True)
class All:
    parts: tuple[Condition, ...]


@dataclass(frozen=True)
class AnyOf:
    parts: tuple[Condition, ...]


@dataclass(frozen=True)
class Not:
    part: Condition


Condition: TypeAlias = (
    OneOf
    | NoneOf
    | OnOperation
    | OnOther
    | SameIds
    | Compare
    | WithinSpans
    | OnClock
    | Aged
    | Had
    | Known
    | All
    | AnyOf
    | Not
)

TRUE = All(())
FALSE = AnyOf(())


def turned(condition: Condition) -> Condition:
    """Return what `not` says of a condition: it is carried down to the fields, so that what is not there meets neither.

    Facts and attributes are simply not as asked.
    """
    match condition:
        case All(parts):
            return AnyOf(tuple(turned(part) for part in parts))
        case AnyOf(parts):
            return All(tuple(turned(part) for part in parts))
        case OneOf(key, words):
            return NoneOf(key, words)
        case NoneOf(key, words):
            return OneOf(key, words)
        case OnOperation(operations):
            return OnOther(operations)
        case OnOther(operations):
            return OnOperation(operations)
        case SameIds(left, right, same):
            return SameIds(left, right, not same)
        case Not(part):
            return part
        case _:
            return Not(condition)


def without(condition: Condition, keys: Collection[str]) -> Condition:
    """Return a condition without what it asks of the fields of some keys; a way that asks nothing else is none."""
    match condition:
        case All(parts):
            return All(tuple(without(part, keys) for part in parts))
        case AnyOf(parts):
            left = tuple(way for part in parts for way in (without(part, keys),) if way != TRUE)
            return AnyOf(left) if left else TRUE
        case OneOf(key) | NoneOf(key) if key in keys:
            return TRUE
        case SameIds(left, right) if "recipients" in keys and "recipient" in (left, right):
            return TRUE
        case _:
            return condition


# ------------------------------------------------------------------------------------------------ what an event says


@dataclass(frozen=True)
class View:
    """One item of one event, as some question about it is asked.

    Args:
        words: what the policy knows.
        event: the event.
        item: the item.
        operations: what counts as its operation; `use` where a licence is asked, for instance.
        strangers_count: whether a word of a fact that the policy does not know may mean what the event states. It is
            False only to find out what would be decided without such words.
    """

    words: Words
    event: Data
    item: str
    operations: Sequence[str]
    strangers_count: bool = True


def says(view: View, field: str, *, to_facts: bool) -> str | Unstated:
    """Return what the event says in a field, to rules or to facts.

    On `acquire`, `use` and `retain` a recipient is there for facts alone, and as far as the event names it.
    """
    event = view.event
    operation, recipient = event["operation"], event.get("recipient", {})
    own = operation in ("acquire", "use", "retain")
    if own and not to_facts:
        recipient = {}
    match field:
        case "item" | "items":
            return view.item
        case "category" | "subjects":
            return event["subject"]["category"]
        case "subject":
            return event["subject"].get("id", OPEN)
        case "purpose" | "purposes":
            return event.get("purpose", NOT_THERE)
        case "form" | "forms":
            return event.get("form", "identifiable")
        case "origin" | "origins":
            return event.get("origin", OPEN)
        case "role" | "roles":
            return event.get("actor", {}).get("role", OPEN)
        case "actor" | "actors":
            return event.get("actor", {}).get("id", OPEN)
        case "source" | "sources":
            return event.get("source", {}).get("id", OPEN if operation == "acquire" else NOT_THERE)
        case "source_country" | "source_countries":
            return event.get("source", {}).get("country", OPEN if operation == "acquire" else NOT_THERE)
        case "controller":
            return event.get("controller", NOT_THERE)
        case "recipient" | "recipients":
            return recipient.get("id", NOT_THERE)
        case "country" | "countries":
            return recipient.get("country", NOT_THERE if own else OPEN)
        case "service" | "services":
            return recipient.get("service", OPEN if operation == "entrust" else NOT_THERE)
    raise AssertionError(field)


# ------------------------------------------------------------------------------------------------ whether it is met


def met(view: View, condition: Condition, side: Side, passing: set[str]) -> bool:
    """Whether the event meets a condition of a rule for the item.

    Args:
        view: the event and the item.
        condition: the condition.
        side: whether it must surely be met, or may be.
        passing: the keys that the rule lets pass unstated.
    """
    words = view.words

    def left_open(key: str) -> bool:
        """Whether an open field counts as met: where it restricts, and the other way round where the rule passes it."""
        return (side is MAY) is not (key in passing)

    match condition:
        case All(parts):
            return all(met(view, part, side, passing) for part in parts)
        case AnyOf(parts):
            return any(met(view, part, side, passing) for part in parts)
        case Not(part):
            return not met(view, part, side.other(), passing)
        case OnOperation(operations):
            return any(operation in operations for operation in view.operations)
        case OnOther(operations):
            return any(operation not in operations for operation in view.operations)
        case OneOf(key, listed) | NoneOf(key, listed):
            value = says(view, key, to_facts=False)
            if value is NOT_THERE:
                return False
            if not listed:
                return isinstance(condition, NoneOf)  # no value whatever is one of no words
            if value is OPEN:
                return left_open(key)
            dimension = DIMENSION_OF[key]
            certain = words.covers(dimension, listed, value)
            possible = any(words.covers(dimension, listed, meant) for meant in words.meanings(dimension, value))
            if isinstance(condition, OneOf):
                return certain if side is SURELY else possible
            return not possible if side is SURELY else not certain
        case SameIds(left, right, same):
            said = {name: says(view, name, to_facts=False) for name in (left, right)}
            if NOT_THERE in said.values():
                return False
            unsaid = {name for name, value in said.items() if value is OPEN}
            if unsaid:
                return (side is MAY) is not all(KEY_OF.get(name) in passing for name in unsaid)
            return (said[left] == said[right]) is same
        case Compare(attribute, how, wanted):
            if attribute not in view.event.get("attributes", {}):
                return side is MAY if how == "stated" else left_open(f"attributes.{attribute}")
            return _compares(view.event["attributes"][attribute], how, wanted)
        case WithinSpans(spans):
            return any(start <= moment(view.event["time"], ALWAYS[0]) < end for start, end in spans)
        case OnClock(days, since, until):
            here = moment(view.event["time"], ALWAYS[0]).astimezone(ZoneInfo(view.words.zone))
            return f"{here:%a}".lower() in days and since <= f"{here:%H:%M}" < until
        case Aged(attribute, duration, over):
            if attribute not in view.event.get("attributes", {}):
                return left_open(f"attributes.{attribute}")
            stated = view.event["attributes"][attribute]
            if len(stated) == 10:
                since = datetime.fromisoformat(stated).replace(tzinfo=ZoneInfo(view.words.zone))
            else:
                since = datetime.fromisoformat(stated)
            return (plus(since, duration, view.words.zone) <= moment(view.event["time"], ALWAYS[0])) is over
        case Had(duration, over):
            now = moment(view.event["time"], ALWAYS[0])
            if view.event["operation"] == "acquire":
                since = now
            elif "acquired" in view.event:
                since = moment(view.event["acquired"], now)
            else:
                return left_open("acquired")
            return (plus(since, duration, view.words.zone) <= now) is over
        case Known():
            return any(counts(view, condition, fact, side, passing) for fact in view.event.get("facts", []))
    raise AssertionError(condition)


def _compares(value: Any, how: str, wanted: Any) -> bool:
    if isinstance(wanted, str) and "T" in wanted:
        value, wanted = datetime.fromisoformat(value), datetime.fromisoformat(wanted)
    match how:
        case "is":
            return value == wanted
        case "is_not":
            return value != wanted
        case "below":
            return value < wanted
        case "at_most":
            return value <= wanted
        case "at_least":
            return value >= wanted
        case "above":
            return value > wanted
    raise AssertionError(how)


HELD_IN = {
    "recipient": "parties",
    "purpose": "purposes",
    "item": "items",
    "category": "subjects",
    "form": "forms",
    "origin": "origins",
    "service": "services",
    "role": "roles",
    "source": "parties",
}
"""What a field of a fact can be held against, where that is a word: the dimension that declares it."""

KEY_OF = {
    "country": "countries",
    "service": "services",
    "origin": "origins",
    "role": "roles",
    "actor": "actors",
    "source": "sources",
    "source_country": "source_countries",
}
"""The key by which a rule narrows the same field, and so can let it pass unstated."""


def counts(view: View, asked: Known, fact: Data, side: Side, passing: set[str]) -> bool:
    """Whether a fact counts for the item, where it must surely, or where it may (section 2)."""
    if fact["type"] != asked.type:
        return False
    now = moment(view.event["time"], ALWAYS[0])
    if not moment(fact.get("from"), ALWAYS[0]) <= now < moment(fact.get("until"), ALWAYS[1]):
        return False
    if not all(name in fact for name in asked.stated):
        return False
    if not all(name in fact and _as_named(view, fact, name, accepted, side) for name, accepted in asked.named):
        return False
    if asked.within is not None:
        recent = plus(moment(fact["from"], now), asked.within, view.words.zone) > now if "from" in fact else side is MAY
        if not recent:
            return False
    if asked.before is not None and "from" in fact and moment(fact["from"], now) >= moment(asked.before, now):
        return False
    if asked.after is not None:
        if "from" not in fact:
            return False
        for other in view.event.get("facts", []):
            earlier = moment(other["from"], now) < moment(fact["from"], now) if "from" in other else side is MAY
            if not earlier and counts(view, asked.after, other, side.other(), passing):
                return False
    if "subject" in fact and not _agrees(view, "subject", [fact["subject"]], side, passing):
        return False
    for name, held in view.words.facts[asked.type].items():
        if held == "value" or name not in fact or name in asked.unheld:
            continue
        if not _agrees(view, held, _list(fact[name]), side, passing):
            return False
    return True


def _as_named(view: View, fact: Data, name: str, accepted: Sequence[str], side: Side) -> bool:
    """Whether a fact states one of the values that a rule names, surely or perhaps."""
    words, key, stated = view.words, (fact["type"], name), _list(fact[name])
    dimension = words.values_of.get(key)
    if dimension is None:
        new = key in words.open and any(value not in words.listed[key] for value in stated)
        return bool(set(stated) & set(accepted)) or (new and side is MAY and view.strangers_count)
    if any(words.covers(dimension, accepted, value) for value in stated):
        return True
    kinds = {term for value in stated for term in words.terms[dimension] if words.is_kind(dimension, term, value)}
    if side is SURELY:
        return False
    new = dimension != "parties" and any(not words.knows(dimension, value) for value in stated)
    return any(words.covers(dimension, accepted, kind) for kind in kinds) or (new and view.strangers_count)


def _list(value: Any) -> list[str]:
    return value if isinstance(value, list) else [value]


def _agrees(view: View, held: str, listed: list[str], side: Side, passing: set[str]) -> bool:
    """Whether what a fact states in a field agrees with what the event says there."""
    if held == "operation":
        return any(operation in listed for operation in view.operations)
    value = says(view, held, to_facts=True)
    if value is NOT_THERE:
        return False
    if value is OPEN:
        return (side is MAY) is not (KEY_OF.get(held) in passing)
    if held not in HELD_IN:
        return value in listed
    words, dimension = view.words, HELD_IN[held]
    strangers = [word for word in listed if not words.knows(dimension, word)] if dimension != "parties" else []
    known = [word for word in listed if word not in strangers]
    if side is SURELY:
        return words.covers(dimension, known, value)
    if strangers and view.strangers_count:
        return True
    return any(words.covers(dimension, known, meant) for meant in words.meanings(dimension, value))
