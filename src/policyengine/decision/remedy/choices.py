"""Which changes there are to choose from: values of fields that an event leaves open, and facts that rules ask for.

Of values that no leaf tells apart one is tried, and stands for the others.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Container, Hashable, Iterable, Iterator, Mapping, Sequence
from typing import Any, Final, Protocol, TypeAlias

from msgspec import UNSET

from policyengine.calendar import DAY, Lapse
from policyengine.decision.facts import as_stated
from policyengine.decision.remedy.changes import ACQUIRED, ATTRIBUTE, Change, Drop, Fact, Looks, State, chain_of
from policyengine.model import dated
from policyengine.model.condition import STATED, Acquired, Age, Asked, Compare, Condition, Field, Holds, In, NotIn, Same
from policyengine.model.countries import another_country
from policyengine.model.event import Event
from policyengine.model.fact import HELD_FIELD, VALUE, FactField, FactType
from policyengine.model.fields import EVENT, EventField
from policyengine.model.meets import aged, compares, had, says
from policyengine.model.policy import Policy
from policyengine.model.remedy import UNKNOWN
from policyengine.model.space import region
from policyengine.moment import instant, written

ALIKE: Final = 8
"""So many values that no rule tells apart are told one by one; of more, the first stands for all."""

Scalar: TypeAlias = "bool | int | float | str"

_BY_NAME: Final[Mapping[str, EventField]] = {row.name: row for row in EVENT}


class Reached(Protocol):
    """A leaf that changes can reach, and what decides whether it is met."""

    @property
    def leaf(self) -> Condition:
        """The leaf."""
        ...

    @property
    def looks(self) -> Looks:
        """What decides whether it is met."""
        ...


class Choices:
    """The changes of one event from which remedies are put together.

    Args:
        policies: the policies.
        event: the event.
        asked: the leaves that changes can reach.
        types: the types of fact that there are.
    """

    def __init__(
        self, policies: Sequence[Policy], event: Event, asked: Sequence[Reached], types: Mapping[str, FactType]
    ) -> None:
        self._policies = policies
        self._event = event
        self._types = types
        self._asked = asked
        self._alike: dict[tuple[str, ...], dict[Any, list[Any]]] = {}
        self._states: dict[str, Sequence[State]] = {}
        self._facts: dict[tuple[str, int], Sequence[Fact]] = {}
        self._order: dict[tuple[str, Any], int] = {}
        self.named = frozenset(
            (leaf.type, name)
            for one in asked
            if isinstance(one.leaf, Holds)
            for leaf in chain_of(one.leaf)
            for name in leaf.stated
        )
        """The fields that rules want a fact to state."""

    def rank(self, change: Change) -> tuple[Any, ...]:
        """Return the place of a change among all: what is dropped, what is stated, facts."""
        match change:
            case Drop(group):
                return (0, group)
            case State(field, value):
                return (1, field, self._order.get((field, value), 0), str(value))
            case Fact(of, values, operation, group):
                return (2, of, values, operation or "", -1 if group is None else group)

    # ------------------------------------------------------------------------------------------ fields

    def states(self, field: str) -> Sequence[State]:
        """Return what could be stated in a field."""
        found = self._states.get(field)
        if found is None:
            found = self._states[field] = [State(field, value) for value in self._groups_of(field)]
        return found

    def whole(self, stated: frozenset[State]) -> frozenset[State]:
        """Return what of some fields an event can state: a part of an object, only with what the object must have."""
        fields = {state.field for state in stated}
        return frozenset(state for state in stated if fields.issuperset(self.needed(state.field)))

    def needed(self, field: str) -> Iterator[str]:
        """Yield the fields that an event must state, and does not, where it states `field`."""
        row = _BY_NAME.get(field)
        if row is not None and row.part and getattr(self._event.document, row.key) is UNSET:
            yield from (other.name for other in EVENT if other.key == row.key and other.always and other is not row)

    def _groups_of(self, field: str) -> dict[Any, list[Any]]:
        key = (field,)
        found = self._alike.get(key)
        if found is None:
            values = list(self._values(field))
            self._order.update({(field, value): number for number, value in enumerate(values)})
            found = self._alike[key] = _alike(values, self._telling(field))
        return found

    def _telling(self, field: str) -> Callable[[Any], Hashable]:
        """Return what tells the values of a field apart."""
        here = [one.leaf for one in self._asked if field in one.looks.fields]
        now = self._event.instant
        plain = [leaf for leaf in here if isinstance(leaf, In | NotIn | Compare | Acquired | Age)]
        if len(plain) != len(here):
            return lambda value: value  # what else is held against it may look at the very value
        return lambda value: tuple([_tells(leaf, value, now) for leaf in plain])

    def _values(self, field: str) -> Iterable[Scalar]:
        here = [one.leaf for one in self._asked if field in one.looks.fields]
        if field.startswith(ATTRIBUTE):
            name = field.removeprefix(ATTRIBUTE)
            declared = [p.vocabulary.attributes[name] for p in self._policies if name in p.vocabulary.attributes]
            if declared[0].dated:
                tests = [leaf for leaf in here if isinstance(leaf, Compare)]
                ages = [leaf for leaf in here if isinstance(leaf, Age)]
                days = dated.values(tests, ages, self._event.instant)
                return [day for day in days if all(one.accepts(day) for one in declared)]
            tested = [leaf.value for leaf in here if isinstance(leaf, Compare) and leaf.op != STATED]
            found: Iterable[Scalar] = dict.fromkeys(value for one in declared for value in region(one, tested))
            if declared[0].type == "string":
                found = [*sorted({value for value in tested if isinstance(value, str)}), UNKNOWN]
            return [value for value in found if all(one.accepts(value) for one in declared)]
        if field == ACQUIRED:
            now = self._event.instant
            latest = {_latest(leaf.within, now) for leaf in here if isinstance(leaf, Acquired)}
            return [self._event.document.time, *map(written, sorted(latest, reverse=True))]
        row = _BY_NAME[field]
        if row.dimension is not None and row.dimension != "parties":
            known = [policy.vocabulary for policy in self._policies]
            words = dict.fromkeys(word for vocabulary in known for word in vocabulary.terms[row.dimension])
            return [word for word in words if all(vocabulary.knows(row.dimension, word) for vocabulary in known)]
        named = dict.fromkeys(
            word for leaf in here if isinstance(leaf, In | NotIn) for word in (*leaf.written, *sorted(leaf.values))
        )
        others = {leaf.left: leaf.right for leaf in here if isinstance(leaf, Same)}
        others |= {leaf.right: leaf.left for leaf in here if isinstance(leaf, Same)}
        said = as_stated(self._event)
        same = (said[other] for mine, other in others.items() if mine is row.field)
        named |= dict.fromkeys(word for word in same if isinstance(word, str))
        return [*named, *(_country_beside(named) if row.form == "country" else [UNKNOWN])]

    def _measured(self, field: str, value: Scalar) -> bool:
        """Whether a value is a number or a time, of which there are always more that do as well."""
        if isinstance(value, str):
            name = field.removeprefix(ATTRIBUTE) if field.startswith(ATTRIBUTE) else None
            declared = (policy.vocabulary.attributes.get(name) for policy in self._policies) if name else ()
            return field == ACQUIRED or any(one is not None and one.dated for one in declared)
        return not isinstance(value, bool)

    def stands_for_others(self, state: State) -> bool:
        """Whether what is stated is only one value of many that would do as well."""
        field, value = state
        if self._measured(field, value):
            return True
        row = _BY_NAME.get(field)
        named = self._groups_of(field)
        few = any(value in group and len(group) <= ALIKE for group in named.values())
        return not few or (row is not None and row.form == "country" and self._other(state))

    def _other(self, state: State) -> bool:
        """Whether no rule names a country."""
        leaves = [one.leaf for one in self._asked if state.field in one.looks.fields]
        return not any(state.value in leaf.values for leaf in leaves if isinstance(leaf, In | NotIn))

    # ------------------------------------------------------------------------------------------ facts

    def facts(self, of: str, group: int) -> Sequence[Fact]:
        """Return the facts of a type that could be added for a group of items."""
        found = self._facts.get((of, group))
        if found is None:
            made = dict.fromkeys(fact for leaf in self._holds(of) for fact in self._facts_for(leaf, group))
            found = self._facts[of, group] = list(made)
        return found

    def _holds(self, of: str) -> Iterator[Holds]:
        """Yield what is asked of facts of a type."""
        for one in self._asked:
            if isinstance(one.leaf, Holds):
                yield from (asked for asked in chain_of(one.leaf) if asked.type == of)

    def _facts_for(self, leaf: Holds, group: int) -> Iterator[Fact]:
        """Yield the facts that a leaf may ask for."""
        fields, where = self._types[leaf.type].fields, dict(leaf.where)
        options: list[list[tuple[str, str]]] = []
        for name, declared in fields.items():
            if declared.held == VALUE and (declared.required or name in where or name in leaf.stated):
                accepted = where.get(name)
                groups = self._values_of(leaf.type, declared)
                options.append([(name, value) for value in groups if accepted is None or value in accepted])
        held = {HELD_FIELD[declared.held] for declared in fields.values() if declared.held != VALUE}
        operations: Sequence[str | None] = (None,)
        if Field.OPERATION in held:
            operations = _OPERATIONS[leaf.asked](self._event.operation)
        for values in itertools.product(*options):
            for operation in operations:
                yield Fact(leaf.type, values, operation, group if Field.ITEM in held else None)

    def _values_of(self, of: str, field: FactField) -> dict[Any, list[Any]]:
        """Return the values of a field of a type, each that stands for others with these."""
        key = (of, field.id)
        found = self._alike.get(key)
        if found is None:
            lists = [accepted for leaf in self._holds(of) for name, accepted in leaf.where if name == field.id]
            values = self._domain(field, lists)
            found = self._alike[key] = _alike(values, lambda value: tuple([value in among for among in lists]))
        return found

    def _domain(self, field: FactField, named: Iterable[frozenset[str]]) -> Sequence[str]:
        """Return the values that a fact could state in a field; where any will do, those that rules name first."""
        if field.of is not None:
            known = [policy.vocabulary.terms[field.of] for policy in self._policies]
            return [*dict.fromkeys(word for terms in known for word in terms)]
        if field.known is not None:
            return sorted(field.known)
        return [*sorted({*(field.values or ()), *(word for words in named for word in words)}), UNKNOWN]

    # ------------------------------------------------------------------------------------------ all of a sort

    def alike(self, changes: Iterable[Change]) -> Iterator[frozenset[Change]]:
        """Yield sets of changes that no leaf tells apart from some changes, these first."""
        options: list[list[Change]] = []
        fixed: list[Change] = []
        facts: dict[Fact, list[Fact]] = {}
        for change in sorted(changes, key=self.rank):
            match change:
                case State(field, value):
                    others = (value,) if self._measured(field, value) else _few(self._groups_of(field)[value])
                    options.append([State(field, other) for other in others])
                case Fact():
                    facts.setdefault(change._replace(group=None), []).append(change)
                case _:
                    fixed.append(change)
        forms: list[list[list[Fact]]] = []
        for fact, each in facts.items():  # one fact for several groups stays one
            declared = self._types[fact.type].fields
            values = [
                [(name, other) for other in _few(self._values_of(fact.type, declared[name])[value])]
                for name, value in fact.values
            ]
            forms.append([[one._replace(values=chosen) for one in each] for chosen in itertools.product(*values)])
        for states in itertools.product(*options):
            for chosen in itertools.product(*forms):
                yield frozenset((*fixed, *states, *(fact for each in chosen for fact in each)))


_OPERATIONS: Final[Mapping[Asked, Callable[[str], Sequence[str]]]] = {
    "stated": lambda stated: (stated,),
    "use": lambda _: ("use",),
    "beside": lambda stated: tuple(dict.fromkeys((stated, "use"))),
}
"""Which operations a fact can name, by that of which it is asked."""


def _country_beside(named: Container[str]) -> Sequence[str]:
    """Return a country that is none of `named`, if there is one."""
    return ["JP"] if "JP" not in named else another_country(named)


def _tells(leaf: In | NotIn | Compare | Acquired | Age, value: Any, now: int) -> bool:
    """Return whether a leaf is met at a time where its field has a value."""
    match leaf:
        case Acquired():
            return had(now, instant(value), leaf)
        case Age():
            return aged(now, value, leaf)
        case _:
            return tells(leaf, value)


def _latest(lapse: Lapse, now: int) -> int:
    """Return the latest instant since which a lapse has passed."""
    early, late = now - (lapse.months * 31 + lapse.days + 3) * DAY - lapse.rest, now
    while early < late:
        middle = (early + late + 1) // 2
        early, late = (middle, late) if lapse.after(middle) <= now else (early, middle - 1)
    return early


def tells(leaf: In | NotIn | Compare, value: Any) -> bool:
    """Return whether a leaf is met where its field has a value."""
    return compares(value, leaf) if isinstance(leaf, Compare) else says(leaf, value)


def _alike(values: Iterable[Any], telling: Callable[[Any], Hashable]) -> dict[Any, list[Any]]:
    """Return values in groups that nothing tells apart, each by the first of them."""
    groups: dict[Hashable, list[Any]] = {}
    for value in values:
        groups.setdefault(telling(value), []).append(value)
    return {group[0]: group for group in groups.values()}


def _few(values: Sequence[Any]) -> Sequence[Any]:
    return values if len(values) <= ALIKE else values[:1]
