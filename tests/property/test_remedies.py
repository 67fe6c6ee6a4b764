"""A denied flow's remedies are all smallest sets of changes that make it permitted, and no others.

The reference below tries every set of changes up to a size, by deciding each: no formula, no search.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, TypeAlias

import pytest
from hypothesis import given, settings, target

from policyengine import Engine, moment
from policyengine.calendar import DAY
from policyengine.decision.decider import Decider
from policyengine.decision.facts import OPEN_ON
from policyengine.decision.remedy import search
from policyengine.decision.remedy.changes import chain_of
from policyengine.errors import InvalidEvent
from policyengine.model.condition import Acquired, Age, Compare, Field, Holds, In, NotIn, Same, leaves
from policyengine.model.decision import Decision
from policyengine.model.event import Event
from policyengine.model.fact import HELD_FIELD
from policyengine.model.fields import HELD, IDENTIFIABLE, ROWS, put, stated
from policyengine.model.policy import Policy
from policyengine.model.rule import conditions_of
from strategies import policy_from, written, written_cases

Change: TypeAlias = tuple[Any, ...]
"""``("drop", item)``, ``("state", field, value)``, ``("fact", type, values, operation, item)``."""


def applied(event: Mapping[str, Any], changes: Iterable[Change], policy: Policy) -> dict[str, Any] | None:
    """The event with the changes; None where there can be no such event."""
    dropped = {change[1] for change in changes if change[0] == "drop"}
    made: dict[str, Any] = {**event, "items": [item for item in event["items"] if item not in dropped]}
    for key in ("recipient", "attributes", "actor", "source"):
        if key in made:
            made[key] = dict(made[key])
    if not made["items"]:
        return None
    for change in changes:
        if change[0] == "state":
            if stated(made, change[1]) is not None:
                return None
            put(made, change[1], change[2])
    added = [fact_of(made, change, policy) for change in changes if change[0] == "fact"]
    return None if None in added else {**made, "facts": [*made.get("facts", ()), *added]}


def fact_of(event: Mapping[str, Any], change: Change, policy: Policy) -> dict[str, Any] | None:
    """The fact that is no wider than the event: it says all that the event says, but for whose the data are."""
    _, of, values, operation, item = change
    fact: dict[str, Any] = {"type": of, "from": event["time"]}
    for name, field in policy.vocabulary.facts[of].fields.items():
        if field.held == "value":
            word = dict(values).get(name)
        elif field.held == "item":
            word = item
        elif field.held == "operation":
            word = operation
        elif field.held == "subject" and not field.required:
            word = None
        else:
            word = stated(event, HELD[field.held].name)
            word = IDENTIFIABLE if field.held == "form" and word is None else word
        if word is not None:
            fact[name] = [word] if field.list else word
        elif field.required:
            return None
    return fact


def universe(event: Mapping[str, Any], decider: Decider, groups: Sequence[frozenset[str]]) -> list[tuple[Change, ...]]:
    """What can be done to an event; what is done to items is done to all of a group."""
    policy = decider.policies[0]
    rules = [rule for each in decider.policies for rule in each.rules]
    asked = [leaf for rule in rules for condition in conditions_of(rule) for leaf in leaves(condition)]
    found: list[tuple[Change, ...]] = [tuple(("drop", item) for item in sorted(group)) for group in groups]
    types = sorted({one.type for leaf in asked if isinstance(leaf, Holds) for one in chain_of(leaf)})
    fields = {leaf.field for leaf in asked if isinstance(leaf, In | NotIn)}
    fields |= {field for leaf in asked if isinstance(leaf, Same) for field in (leaf.left, leaf.right)}
    fields |= {
        HELD_FIELD[field.held]
        for of in types
        for field in policy.vocabulary.facts[of].fields.values()
        if field.held != "value"
    }
    if not fields.isdisjoint((Field.ROLE, Field.SOURCE_COUNTRY)):
        fields |= {Field.ACTOR, Field.SOURCE}
    ids = [stated(event, name) for name in ("subject.id", "recipient.id", "actor.id", "source.id")]
    for field, operations in OPEN_ON.items():
        name = ROWS[field].name
        if event["operation"] not in operations or stated(event, name) is not None or field not in fields:
            continue
        if ROWS[field].form == "country":
            words: Iterable[str] = ("JP", "US", "AD")
        elif ROWS[field].form == "id":
            words = dict.fromkeys([*PEOPLE, *policy.vocabulary.terms["parties"], *filter(None, ids), "?"])
        else:
            words = policy.vocabulary.terms[ROWS[field].dimension]
        if field is not Field.SUBJECT_ID:
            found += [(("state", name, word),) for word in words]
    now = moment.instant(event["time"])
    ago = [moment.written(now - days * DAY) for days in AGES]
    seen = [*ago, "2025-12-31T00:00:00Z", "2026-01-01T00:00:00Z", "2030-01-01T00:00:00Z"]
    born = [*dict.fromkeys(time[:10] for time in seen), "2025-03-30", "2025-03-31"]
    if any(isinstance(leaf, Acquired) for leaf in asked) and Event.from_mapping(event).acquired is None:
        found += [(("state", "acquired", time),) for time in ago]
    values = {"age": range(1, 21), "vip": [True, False], "tier": ["gold", "?"], "born": born, "seen": seen}
    for name in sorted({leaf.attribute for leaf in asked if isinstance(leaf, Compare | Age)}):
        if name not in event.get("attributes", {}):
            found += [(("state", f"attributes.{name}", value),) for value in values[name]]
    for of in types:
        declared = policy.vocabulary.facts[of].fields
        options = [
            [(name, value) for value in sorted(field.values or {"?"})]
            for name, field in declared.items()
            if field.held == "value"
        ]
        names_operation = any(field.held == "operation" for field in declared.values())
        for operation in dict.fromkeys([event["operation"], "use"] if names_operation else [None]):
            for chosen in itertools.product(*options):
                if any(field.held == "item" for field in declared.values()):
                    found += [tuple(("fact", of, chosen, operation, item) for item in sorted(g)) for g in groups]
                else:
                    found.append((("fact", of, chosen, operation, None),))
    return found


def smallest(
    event: Mapping[str, Any], decider: Decider, changes: Sequence[tuple[Change, ...]], most: int
) -> Iterator[frozenset[Change]]:
    """Every set of changes that permits, and no proper part of which does."""
    found: list[frozenset[tuple[Change, ...]]] = []
    for size in range(most + 1):
        for some in itertools.combinations(changes, size):
            if any(reached <= set(some) for reached in found):
                continue
            made = applied(event, [one for change in some for one in change], decider.policies[0])
            if made is not None and permitted(decider, made):
                found.append(frozenset(some))
                yield named_once(frozenset(one for change in some for one in change), decider.policies[0])


def permitted(decider: Decider, event: Mapping[str, Any]) -> bool:
    try:
        return decider.decide(Event.from_mapping(event)).permitted
    except InvalidEvent:  # what an object must have is not stated
        return False


def named_once(changes: frozenset[Change], policy: Policy) -> frozenset[Change]:
    """Changes without the facts on kinds of an item on which there is the same fact."""
    kinds = policy.vocabulary.kinds
    return frozenset(
        change
        for change in changes
        if change[0] != "fact"
        or not any(
            other[:-1] == change[:-1] and other != change and change[-1] in kinds("items", other[-1])
            for other in changes
            if other[0] == "fact" and other[-1] is not None
        )
    )


def alike(event: Mapping[str, Any], decider: Decider, most: int) -> list[frozenset[str]]:
    """Items in groups that the same changes permit."""
    groups: dict[Any, set[str]] = {}
    for item in event["items"]:
        alone = {**event, "items": [item]}
        changes = [c for c in universe(alone, decider, [frozenset([item])]) if c[0][0] != "drop"]
        found = smallest(alone, decider, changes, most)
        key = frozenset(
            frozenset((*change[:-1], None) if change[0] == "fact" else change for change in some) for some in found
        )
        groups.setdefault(key, set()).add(item)
    return [frozenset(group) for group in groups.values()]


def told(decision: Decision) -> Iterator[frozenset[Change]]:
    """The remedies of a decision as the reference has them."""
    for remedy in decision.as_dict()["remedies"]:
        changes: list[Change] = []
        for change in remedy["changes"]:
            if change["op"] == "drop-items":
                changes += [("drop", item) for item in change["items"]]
            elif change["op"] == "state":
                changes.append(("state", change["field"], change["value"]))
            else:
                changes += _told_fact(change["fact"])
        yield frozenset(changes)


def _told_fact(fact: Mapping[str, Any]) -> Iterator[Change]:
    values = tuple((name, fact[name]) for name in ("kind", "basis", "reference") if name in fact)
    operations = fact.get("operations") or [fact.get("operation")]
    for operation in operations:
        for item in fact.get("items") or [fact.get("item")]:
            yield ("fact", fact["type"], values, operation, item)


def shape(changes: frozenset[Change]) -> frozenset[Change]:
    """What a remedy is, but for values of which one stands for others that no rule tells apart."""
    standing = (*MEASURED, "recipient.country", "actor.id", "source.id", "source.country")
    return frozenset(c[:2] if c[0] == "state" and c[1] in standing else c for c in changes)


PEOPLE = ["p-1", "p-2"]
AGES = [0, 1, 10, 29, 30, 31, 59, 60, 61, 89, 90, 91, 100, 364, 365, 366, 400, 1000, 2000, 4000]
"""So many days ago data may have been acquired: before and after whatever a rule says of that."""

MEASURED = ("attributes.age", "attributes.born", "attributes.seen", "acquired")
"""The fields of which there are too many values to try them all."""

MOST = 3
"""How many changes are tried together at most, and two where there are many."""


SEARCHED = settings(max_examples=max(20, settings.default.max_examples // 3))  # each decides thousands of events


@SEARCHED
@given(written_cases(most=5))
def test_remedies_are_the_smallest_sets_of_changes_that_permit(case: tuple[Any, Any, dict[str, Any]]) -> None:
    data, readings, event = case
    held_against_the_reference(Decider([policy_from(data, readings)]), event)


@SEARCHED
@given(written_cases(most=4), written(most=3))
def test_remedies_make_every_policy_permit(
    case: tuple[Any, Any, dict[str, Any]], other: tuple[dict[str, Any], dict[str, str]]
) -> None:
    data, readings, event = case
    second, others = other
    second = {**second, "policy": {**second["policy"], "id": "another", "layer": True}}
    held_against_the_reference(Decider([policy_from(data, readings), policy_from(second, others)]), event)


def asks_what_may_be_left_out(decider: Decider) -> bool:
    return any(
        field.held == "value" and not field.required
        for policy in decider.policies
        for rule in policy.rules
        for condition in conditions_of(rule)
        for leaf in leaves(condition)
        if isinstance(leaf, Holds)
        for one in chain_of(leaf)
        for field in policy.vocabulary.facts[one.type].fields.values()
    )


def counted(decider: Decider, of: str) -> bool:
    """Whether a rule counts a time since facts of a type."""
    rules = [rule for policy in decider.policies for rule in policy.rules]
    asked = [leaf for rule in rules for condition in conditions_of(rule) for leaf in leaves(condition)]
    return any(isinstance(leaf, Holds) and leaf.counted and leaf.type == of for leaf in asked)


def held_against_the_reference(decider: Decider, event: dict[str, Any]) -> None:
    try:
        decision = decider.decide(Event.from_mapping(event))
    except InvalidEvent:
        return
    if decision.outcome != "deny" or not decision.policies:
        assert not decision.remedies
        return
    if asks_what_may_be_left_out(decider):
        return  # which of its values a fact states then hangs on which rules can matter: the reference tries them all
    single = [frozenset([item]) for item in event["items"]]
    most = MOST if len(universe(event, decider, single)) < 30 else MOST - 1
    groups = alike(event, decider, most)
    expected = set(smallest(event, decider, universe(event, decider, groups), most))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(search, "LARGEST", most)
        found = list(told(decision))
    target(float(len(found)))
    assert len(found) == len(set(found))
    assert {one for one in found if not any(c[1] in MEASURED for c in one)} <= expected
    if any(counted(decider, of) for one in expected for kind, of, *_ in one if kind == "fact"):
        return  # the end of a retention is counted since such a fact, and nobody is told to bring another
    assert {shape(one) for one in found} == {shape(one) for one in expected}


@settings(max_examples=60)
@given(written_cases())
def test_where_no_clause_speaks_what_would_have_to_be_stated_is_said_to_be_open(
    case: tuple[dict[str, Any], dict[str, str], dict[str, Any]],
) -> None:
    data, readings, event = case
    decision = Engine([policy_from(data, readings)]).evaluate(event)
    if {reason.code for reason in decision.reasons} != {"no-rule"}:
        return
    left_open = {path for reason in decision.reasons for path in reason.open}
    for remedy in decision.as_dict()["remedies"]:
        for change in remedy["changes"]:
            if change["op"] == "state" and change["field"] != "actor.id":
                assert change["field"] in left_open
