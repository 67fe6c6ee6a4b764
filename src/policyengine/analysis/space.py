"""The space of all one-item events, as far as some policies can tell them apart: finite, and small.

A policy looks at an event through the leaves of its conditions alone. So the values of every field fall into classes
that no leaf tells apart, times into the spans between the dates of rules, attributes into the regions between the
values that they are compared with, and facts into profiles: what a fact of one type states that some leaf asks for.
One representative of each class stands for all, and a point of the space is an event that really exists.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, TypeAlias

from policyengine.condition import Compare, Condition, Field, Holds, In, NotIn, compares, leaves
from policyengine.moment import FOREVER
from policyengine.rule import Policy, conditions_of
from policyengine.vocabulary import DIMENSIONS, HELD_DIMENSION, NEEDS_PURPOSE, NEEDS_RECIPIENT, OPERATIONS, FactType

Variable: TypeAlias = "Field | str | Profile"
"""What a point gives a value to: an event field, ``time``, ``person``, an ``@attribute``, a profile of facts."""

Point: TypeAlias = "dict[Variable, Any]"

TIME = "time"
PERSON = "person"
ABSENT, OTHER, SAME = "absent", "other", "same"
"""The values of `PERSON`: the event names no person, some person, or the very recipient."""

_PERSON_ID = "person-1"
_ELSEWHERE = "elsewhere"


@dataclass(frozen=True, slots=True)
class Profile:
    """What one fact states, as far as leaves can tell: its presence is a variable of the space.

    Args:
        type: the fact type.
        values: the value fields that it states, with one representative value each.
        astray: fields in which it does not agree with the event.
        named: whether it names a person though the event names none.
    """

    type: str
    values: tuple[tuple[str, str], ...]
    astray: frozenset[str]
    named: bool

    def satisfies(self, asked: Holds) -> bool:
        """Whether a fact of this profile makes `asked` hold, where the event states what the fact must state."""
        stated = dict(self.values)
        return (
            asked.type == self.type
            and self.astray <= asked.unheld
            and (asked.restricts or not self.named)
            and all(field in stated and stated[field] in accepted for field, accepted in asked.where)
        )


class Space:
    """The variables of some policies and the values of each.

    Args:
        policies: those that are to be told apart.
    """

    def __init__(self, policies: Sequence[Policy]) -> None:
        self.policies = tuple(policies)
        self.leaves: tuple[Condition, ...] = tuple(
            dict.fromkeys(
                leaf
                for policy in policies
                for rule in policy.rules
                for condition in conditions_of(rule)
                for leaf in leaves(condition)
            )
        )
        self.domains: dict[Variable, tuple[Any, ...]] = {Field.OPERATION: tuple(OPERATIONS)}
        self.domains[TIME] = self._times()
        for dimension, field in DIMENSIONS.items():
            self.domains[field] = self._classes(dimension, field)
        self.domains[Field.COUNTRY] = self._countries()
        self.domains[PERSON] = (OTHER, ABSENT, SAME)
        self.attributes = {leaf.attribute for leaf in self.leaves if isinstance(leaf, Compare)}
        for name in sorted(self.attributes):
            self.domains[f"@{name}"] = self._regions(name)
        self.types: dict[str, FactType] = {
            name: declared for policy in policies for name, declared in policy.vocabulary.facts.items()
        }
        self.profiles: tuple[Profile, ...] = tuple(
            profile
            for name in sorted({leaf.type for leaf in self.leaves if isinstance(leaf, Holds)})
            for profile in self._profiles(name)
        )
        for profile in self.profiles:
            self.domains[profile] = (False, True)

    def values(self, variable: Variable, point: Point) -> Iterator[Any]:
        """Yield the values that `variable` can take beside what `point` says already."""
        operation = point.get(Field.OPERATION)
        for value in self.domains[variable]:
            if variable is Field.PURPOSE and value is None and operation in NEEDS_PURPOSE:
                continue
            if variable is Field.RECIPIENT and value is None and operation in NEEDS_RECIPIENT:
                continue
            if (
                variable in (Field.SERVICE, Field.COUNTRY)
                and value is not None
                and point.get(Field.RECIPIENT, "") is None
            ):
                continue
            if variable == PERSON and value == SAME and point.get(Field.RECIPIENT, "") is None:
                continue
            if isinstance(variable, Profile) and value and variable.named and point.get(PERSON) not in (None, ABSENT):
                continue
            yield value

    def leaf(self, leaf: Condition, point: Point) -> bool | None:
        """Return whether a leaf is met at `point`; None where that is still open."""
        match leaf:
            case In(field, accepted):
                known, value = self._ruled(field, point)
                return (value in accepted) if known else None
            case NotIn(field, excluded):
                known, value = self._ruled(field, point)
                return (value is not None and value not in excluded) if known else None
            case Compare():
                name = f"@{leaf.attribute}"
                if name not in point:
                    return None
                return point[name] is not None and compares(point[name], leaf)
            case Holds():
                return self._holds(leaf, point)
            case _:
                return self._same(point)

    def variables(self, leaf: Condition) -> Iterator[Variable]:
        """Yield the variables on which a leaf may depend."""
        match leaf:
            case In(field, _, _) | NotIn(field, _, _):
                yield field
            case Compare():
                yield f"@{leaf.attribute}"
            case Holds():
                for held, variable in (("recipient", Field.RECIPIENT), ("purpose", Field.PURPOSE)):
                    if self._must_state(leaf, held):
                        yield variable
                if leaf.restricts:
                    yield PERSON
                for profile in self.profiles:
                    if profile.satisfies(leaf):
                        yield profile
            case _:
                yield Field.RECIPIENT
                yield PERSON

    def event(self, point: Point) -> dict[str, Any]:
        """Return an event, as JSON has it, at `point`; what the point leaves open takes the plainest value."""
        whole: Point = dict(point)
        for variable in self.domains:
            if variable not in whole:
                whole[variable] = False if isinstance(variable, Profile) else next(self.values(variable, whole))
        operation, recipient = whole[Field.OPERATION], whole[Field.RECIPIENT]
        found: dict[str, Any] = {
            "id": "difference",
            "time": _time(whole[TIME]),
            "controller": next(iter(sorted(self.policies[0].governs or {"anyone"}))),
            "operation": operation,
            "subject": {"category": whole[Field.SUBJECT]},
            "items": [whole[Field.ITEM]],
        }
        if whole[PERSON] != ABSENT:
            found["subject"]["id"] = recipient if whole[PERSON] == SAME else _PERSON_ID
        for field in (Field.PURPOSE, Field.FORM, Field.ORIGIN):
            if whole[field] is not None:
                found[field.value] = whole[field]
        if recipient is not None:
            found["recipient"] = {"id": recipient}
            for field in (Field.SERVICE, Field.COUNTRY):
                if whole[field] is not None:
                    found["recipient"][field.value] = whole[field]
        facts = [self._fact(profile, found) for profile in self.profiles if whole[profile]]
        if facts:
            found["facts"] = facts
        attributes = {name: whole[f"@{name}"] for name in sorted(self.attributes) if whole[f"@{name}"] is not None}
        if attributes:
            found["attributes"] = attributes
        return found

    def _ruled(self, field: Field, point: Point) -> tuple[bool, Any]:
        """Return (known, value) of a field as rules see it: on acquire and use there is no recipient for them."""
        if field in (Field.RECIPIENT, Field.SERVICE, Field.COUNTRY):
            operation = point.get(Field.OPERATION)
            if operation in ("acquire", "use"):
                return True, None
            if operation is None:
                return False, None
        return field in point, point.get(field)

    def _same(self, point: Point) -> bool | None:
        known, recipient = self._ruled(Field.RECIPIENT, point)
        if (known and recipient is None) or point.get(PERSON) in (ABSENT, OTHER):
            return False
        return True if known and PERSON in point else None

    def _holds(self, asked: Holds, point: Point) -> bool | None:
        needed = [
            variable
            for held, variable in (("recipient", Field.RECIPIENT), ("purpose", Field.PURPOSE))
            if self._must_state(asked, held)
        ]
        if any(variable in point and point[variable] is None for variable in needed):
            return False
        settled = all(variable in point for variable in needed)
        person = point.get(PERSON)
        answer: bool | None = False
        for profile in self.profiles:
            if not profile.satisfies(asked) or (profile.named and person not in (None, ABSENT)):
                continue
            present = point.get(profile)
            if present and settled and (person is not None or not profile.named):
                return True
            if present is not False:
                answer = None
        return answer

    def _must_state(self, asked: Holds, held: str) -> bool:
        """Whether every fact of the asked type states a field held against `held`, and the rule holds it."""
        return any(
            field.required and field.held == held and field.id not in asked.unheld
            for field in self.types[asked.type].fields.values()
        )

    def _times(self) -> tuple[int, ...]:
        first = (datetime(2000, 1, 1, tzinfo=UTC) - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(microseconds=1)
        dates = sorted(
            {
                date
                for policy in self.policies
                for date in (
                    policy.start,
                    policy.end,
                    *(d for rule in policy.rules for d in (rule.head.start, rule.head.end)),
                )
                if abs(date) < FOREVER
            }
        )
        if not dates:
            return (first,)
        # The newest span first: what is found is then an event of today's policy where there is one.
        return (*reversed(dates), dates[0] - 86_400_000_000)

    def _classes(self, dimension: str, field: Field) -> tuple[Any, ...]:
        terms = list(dict.fromkeys(term for policy in self.policies for term in policy.vocabulary.terms[dimension]))
        named = sorted({value for leaf in self._of(field) for value in leaf.values})
        if field is Field.RECIPIENT:
            terms = list(dict.fromkeys((*named, *terms, "somebody")))
        found: dict[tuple[Any, ...], str] = {}
        for term in sorted(terms, key=lambda term: term not in ("somebody", "identifiable")):
            known = [
                term in policy.vocabulary.terms[dimension] for policy in self.policies if field is not Field.RECIPIENT
            ]
            found.setdefault((*known, *(term in leaf.values for leaf in self._of(field))), term)
        plain = tuple(found.values())
        if field is Field.PURPOSE:
            return (*plain, None)
        return (None, *plain) if field in (Field.ORIGIN, Field.SERVICE, Field.RECIPIENT) else plain

    def _countries(self) -> tuple[Any, ...]:
        named = {value for leaf in self._of(Field.COUNTRY) for value in leaf.values}
        return (None, *sorted(named), "ZZ") if named else (None,)

    def _of(self, field: Field) -> list[In | NotIn]:
        return [leaf for leaf in self.leaves if isinstance(leaf, In | NotIn) and leaf.field is field]

    def _regions(self, name: str) -> tuple[Any, ...]:
        declared = next(p.vocabulary.attributes[name] for p in self.policies if name in p.vocabulary.attributes)
        if declared.type == "boolean":
            return (None, False, True)
        tested = [leaf.value for leaf in self.leaves if isinstance(leaf, Compare) and leaf.attribute == name]
        if declared.type == "string":
            return (None, *sorted({str(value) for value in tested}), _ELSEWHERE)
        marks = sorted({value for value in tested if not isinstance(value, str)})
        between = {(low + high) / 2 for low, high in itertools.pairwise(marks)}
        values: set[int | float] = {marks[0] - 1, *marks, *between, marks[-1] + 1}
        if declared.type == "integer":
            values = {
                int(value)
                for value in (*marks, *(m + 1 for m in marks), *(m - 1 for m in marks))
                if value == int(value)
            }
        return (None, *sorted(values))

    def _profiles(self, name: str) -> Iterator[Profile]:
        declared = self.types[name]
        asked = [leaf for leaf in self.leaves if isinstance(leaf, Holds) and leaf.type == name]
        choices: list[list[tuple[str, str] | None]] = []
        for field in declared.fields.values():
            if field.held != "value":
                continue
            named = {value for leaf in asked for key, accepted in leaf.where if key == field.id for value in accepted}
            others = [_ELSEWHERE] if field.values is None else sorted(field.values - named)[:1]
            stated: list[tuple[str, str] | None] = [(field.id, value) for value in (*sorted(named), *others)]
            choices.append(stated if field.required else [*stated, None])
        astray = {frozenset[str](), *(leaf.unheld for leaf in asked)}
        seen: set[tuple[bool, ...]] = set()
        for values in itertools.product(*choices):
            pairs = tuple(pair for pair in values if pair is not None)
            for away in sorted(astray, key=sorted):
                for naming in (False, True):
                    profile = Profile(name, pairs, away, naming)
                    # Two profiles that the same leaves are satisfied by are one; one that satisfies none is nothing.
                    signature = (*(profile.satisfies(leaf) for leaf in asked), naming)
                    if any(signature[:-1]) and signature not in seen:
                        seen.add(signature)
                        yield profile

    def _fact(self, profile: Profile, event: Mapping[str, Any]) -> dict[str, Any]:
        """Return a fact of this profile: it states what it must, and agrees with `event` but where it is astray."""
        found: dict[str, Any] = {"type": profile.type, **dict(profile.values)}
        recipient = event.get("recipient", {}).get("id")
        here = {
            "recipient": recipient,
            "purpose": event.get("purpose"),
            "item": event["items"][0],
            "operation": event["operation"],
            "subject": event["subject"].get("id", _PERSON_ID),
        }
        for field in self.types[profile.type].fields.values():
            if field.held == "value" or not (field.required or field.id in profile.astray):
                continue
            value = here[field.held]
            if field.id in profile.astray or value is None:
                value = self._another(field.held, value)
            found[field.id] = [value] if field.list else value
        if profile.named:
            found["subject"] = _PERSON_ID
        return found

    def _another(self, held: str, value: Any) -> str:
        """Return a value that does not agree with `value`."""
        if held == "operation":
            return next(operation for operation in OPERATIONS if operation != value)
        dimension = HELD_DIMENSION.get(held)
        if dimension is None or dimension == "parties":
            return "somebody-else"
        vocabulary = self.policies[0].vocabulary
        return next(
            term for term in sorted(vocabulary.terms[dimension]) if value not in vocabulary.kinds(dimension, term)
        )


def _time(instant: int) -> str:
    return (datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=instant)).isoformat().replace("+00:00", "Z")
