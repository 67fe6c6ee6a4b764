"""Where the events of a search take place: one controller at one time, and what can be said there."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from functools import cached_property
from typing import Final

from msgspec.structs import replace

from policyengine.calendar import Lapse
from policyengine.engine.engine import Engine
from policyengine.errors import did_you_mean
from policyengine.model import dated
from policyengine.model.condition import (
    STATED,
    Acquired,
    Age,
    Clock,
    Compare,
    Condition,
    During,
    Field,
    Holds,
    In,
    NotIn,
    leaves,
)
from policyengine.model.countries import COUNTRIES, another_country
from policyengine.model.fact import FactType
from policyengine.model.fields import LISTABLE
from policyengine.model.hours import moments
from policyengine.model.operation import OPERATIONS
from policyengine.model.policy import Policy
from policyengine.model.rule import LEAVE, Permit, Replacement, Restriction, Rule, conditions_of
from policyengine.model.vocabulary import DIMENSION_OF, Attribute
from policyengine.moment import FOREVER, written

DAY: Final = 86_400_000_000
SOMEBODY: Final = "somebody"
"""A recipient whom no rule names."""

PERSON: Final = "p-1"
"""The data subject of an event that names one."""

_IDS: Final[Mapping[Field, tuple[str, ...]]] = {
    Field.SUBJECT_ID: (PERSON, "p-2"),
    Field.ACTOR: ("actor-1",),
    Field.RECIPIENT: (SOMEBODY,),
    Field.SOURCE: ("source-1",),
}
"""Ids that no rule names."""

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_FIRST = (datetime(1, 1, 2, tzinfo=UTC) - _EPOCH) // timedelta(microseconds=1)
_LAST = (datetime(9999, 12, 30, tzinfo=UTC) - _EPOCH) // timedelta(microseconds=1)


class Scene:
    """One controller at one time.

    Args:
        policies: those that govern it then.
        controller: its id; None where an event can leave it out.
        instant: the time.
        dates: at which what is decided there can change, in microseconds since 1970 (UTC).
    """

    def __init__(
        self, policies: tuple[Policy, ...], controller: str | None, instant: int, dates: Iterable[int]
    ) -> None:
        self.policies = policies
        self.controller = controller
        self.instant = instant
        self.dates = tuple(dates)
        self.rules: tuple[tuple[Rule, ...], ...] = tuple(
            tuple(rule for rule in policy.rules if rule.head.start <= instant < rule.head.end) for policy in policies
        )

    @cached_property
    def permits(self) -> tuple[tuple[Permit, ...], ...]:
        """For each policy, its permits; of a layer also that it leaves the other operations to those below."""
        found: list[tuple[Permit, ...]] = []
        for policy, rules in zip(self.policies, self.rules, strict=True):
            left = OPERATIONS.keys() - policy.decides
            leaves = [replace(LEAVE, operations=frozenset(left))] if left else []
            found.append((*(rule for rule in rules if isinstance(rule, Permit)), *leaves))
        return tuple(found)

    @cached_property
    def restrictions(self) -> tuple[tuple[Restriction, ...], ...]:
        """For each policy, its restrictions."""
        return tuple(tuple(rule for rule in rules if isinstance(rule, Restriction)) for rules in self.rules)

    @cached_property
    def over(self) -> tuple[Restriction | Replacement, ...]:
        """Every rule that can take a permission away."""
        return tuple(rule for rules in self.rules for rule in rules if isinstance(rule, Restriction | Replacement))

    @cached_property
    def values(self) -> Mapping[Field, tuple[str, ...]]:
        """The values that a field can have, the plainest first: terms that all the policies know."""
        found: dict[Field, tuple[str, ...]] = {Field.OPERATION: tuple(OPERATIONS)}
        words = [policy.vocabulary for policy in self.policies]
        for field, dimension in DIMENSION_OF.items():
            declared = dict.fromkeys(term for of in words for term in of.terms[dimension])
            shared = tuple(term for term in declared if all(of.knows(dimension, term) for of in words))
            found[Field(field)] = shared or tuple(words[0].terms[dimension])
        for of, ids in _IDS.items():
            found[of] = tuple(dict.fromkeys((*ids, *found.get(of, ()), *sorted(self._named(of)))))
        for of in (Field.COUNTRY, Field.SOURCE_COUNTRY):
            named = sorted(self._named(of) or {"JP"})
            found[of] = (*named, *another_country(named))
        governs = [policy.governs for policy in self.policies if policy.governs is not None]
        found[Field.CONTROLLER] = tuple(sorted(governs[0]) if governs else [self.controller or "anybody"])
        return found

    @cached_property
    def attributes(self) -> Mapping[str, tuple[bool | int | float | str, ...]]:
        """For each attribute, values on either side of everything that it is compared with."""
        declared = {name: a for policy in self.policies for name, a in policy.vocabulary.attributes.items()}
        return {
            name: tuple(self._dated(name) if attribute.dated else _values(attribute, self._tests(name)))
            for name, attribute in declared.items()
        }

    def _dated(self, name: str) -> tuple[str, ...]:
        """Return days or times on either side of all that an attribute is compared with now."""
        tests = [leaf for leaf in self._leaves if isinstance(leaf, Compare) and leaf.attribute == name]
        ages = [leaf for leaf in self._leaves if isinstance(leaf, Age) and leaf.attribute == name]
        moment = text(self.instant)
        of = next(attribute for policy in self.policies if (attribute := policy.vocabulary.attributes.get(name)))
        return dated.values(tests, ages, self.instant) or (moment[:10] if of.type == "date" else moment,)

    @cached_property
    def acquired(self) -> tuple[int, ...]:
        """Times at which the data can have been acquired, on either side of all that rules ask, the last one first."""
        lapses = {leaf.within for leaf in self._leaves if isinstance(leaf, Acquired)}
        ago = {ago for lapse in lapses for ago in (lapse.shortest - DAY, lapse.longest, lapse.longest + DAY)}
        return (self.instant, *(self.instant - time for time in sorted(ago) if 0 < time < self.instant - _FIRST))

    @cached_property
    def fact_types(self) -> Mapping[str, FactType]:
        """The types of fact that the policies know, those that rules ask for first."""
        asked = dict.fromkeys(leaf.type for leaf in self._leaves if isinstance(leaf, Holds))
        declared = {name: kind for policy in self.policies for name, kind in policy.vocabulary.facts.items()}
        return {name: declared[name] for name in (*asked, *(name for name in declared if name not in asked))}

    def lapses(self, fact_type: str) -> tuple[Lapse, ...]:
        """Return how long ago facts of a type may have begun, as rules ask."""
        return self._lapses.get(fact_type, ())

    @cached_property
    def _lapses(self) -> Mapping[str, tuple[Lapse, ...]]:
        found: dict[str, dict[Lapse, None]] = {}
        for asked in self._leaves:
            if isinstance(asked, Holds) and asked.within is not None:
                found.setdefault(asked.type, {})[asked.within] = None
        return {name: tuple(lapses) for name, lapses in found.items()}

    def named_values(self, fact_type: str, field: str) -> tuple[str, ...]:
        """Return the values of a field of facts that rules ask for by name."""
        return self._named_values.get((fact_type, field), ())

    @cached_property
    def _named_values(self) -> Mapping[tuple[str, str], tuple[str, ...]]:
        found: dict[tuple[str, str], set[str]] = {}
        for asked in (leaf for leaf in self._leaves if isinstance(leaf, Holds)):
            for name, values in asked.where:
                found.setdefault((asked.type, name), set()).update(values)
        return {key: tuple(sorted(values)) for key, values in found.items()}

    @cached_property
    def _leaves(self) -> list[Condition]:
        return [
            leaf
            for rules in self.rules
            for rule in rules
            for condition in conditions_of(rule)
            for leaf in leaves(condition)
        ]

    def _named(self, field: Field) -> set[str]:
        return {
            value
            for leaf in self._leaves
            if isinstance(leaf, In | NotIn) and leaf.field is field
            for value in leaf.values
        }

    def _tests(self, attribute: str) -> list[bool | int | float | str]:
        tests = (leaf for leaf in self._leaves if isinstance(leaf, Compare) and leaf.attribute == attribute)
        return [leaf.value for leaf in tests if leaf.op != STATED]


class Stage:
    """The scenes of an engine, each made when it is first played on.

    Args:
        engine: whose policies they are.
    """

    def __init__(self, engine: Engine) -> None:
        self.engine = engine
        named = sorted({controller for policy in engine.policies for controller in policy.governs or ()})
        self.controllers = tuple(named) or ("anybody",)
        self._optional = len(named) == 1
        self.openings = [
            (controller, instant)
            for controller in self.controllers
            for instant in _instants([p for p in engine.policies if p.governs_controller(controller)])
        ]
        self._scenes: dict[tuple[str, int], Scene] = {}

    def scene(self, controller: str, instant: int) -> Scene:
        """Return the scene of a controller at a time."""
        key = controller, instant
        if key not in self._scenes:
            bound = [p for p in self.engine.policies if p.governs_controller(controller)]
            policies = tuple(policy for policy in bound if policy.in_force(instant))
            self._scenes[key] = Scene(policies, None if self._optional else controller, instant, _dates(bound))
        return self._scenes[key]

    def wanted(self, when: Mapping[str, str | Iterable[str]]) -> dict[Field, frozenset[str]]:
        """Return the values that `when` lists, by field, closed under the kinds of each term.

        Raises:
            ValueError: it names a field that there is not, or a term that no policy knows.
        """
        found: dict[Field, frozenset[str]] = {}
        for name, listed in when.items():
            field = LISTABLE.get(name)
            if field is None:
                hint = did_you_mean(name, LISTABLE)
                raise ValueError(f'an event has no field "{name}" to list values of' + (f"; {hint.en}" if hint else ""))
            terms = [listed] if isinstance(listed, str) else list(listed)
            dimension = DIMENSION_OF.get(field)
            known: Collection[str] = OPERATIONS if field is Field.OPERATION else COUNTRIES
            if dimension:
                known = {t for policy in self.engine.policies for t in policy.vocabulary.terms[dimension]}
            for term in terms:
                if term not in known and dimension != "parties":
                    hint = did_you_mean(term, known)
                    raise ValueError(f'no policy knows "{term}" as {name}' + (f"; {hint.en}" if hint else ""))
            if not terms:
                raise ValueError(f"no value is listed for {name}")
            found[field] = frozenset(
                kind
                for term in terms
                for policy in self.engine.policies
                for kind in (policy.vocabulary.kinds(dimension, term) if dimension else (term,))
            )
        return found


def text(instant: int) -> str:
    """Return a time as an event has it."""
    return written(min(max(instant, _FIRST), _LAST))


def _dates(policies: Sequence[Policy]) -> list[int]:
    spans = [
        span
        for policy in policies
        for span in ((policy.start, policy.end), *((rule.head.start, rule.head.end) for rule in policy.rules))
    ]
    spans += [span for leaf in _leaves_of(policies) if isinstance(leaf, During) for span in leaf.spans]
    return sorted({date for span in spans for date in span if abs(date) < FOREVER})


def _instants(policies: list[Policy]) -> Iterator[int]:
    """Yield times in each span between dates in which a policy governs, the newest first: a plain one, and hours."""
    governing = [policy for policy in policies if not policy.layer] or policies
    marks = [-FOREVER, *_dates(policies), FOREVER]
    clocks = tuple(dict.fromkeys(leaf for leaf in _leaves_of(policies) if isinstance(leaf, Clock)))
    for start, end in zip(reversed(marks[:-1]), reversed(marks[1:]), strict=True):
        plain = _plain(start, end)
        for instant in (plain, *(moments(plain, end, clocks)[1:] if clocks else ())):
            if any(policy.in_force(instant) for policy in governing):
                yield instant


def _leaves_of(policies: Iterable[Policy]) -> Iterator[Condition]:
    return (leaf for policy in policies for rule in policy.rules for c in conditions_of(rule) for leaf in leaves(c))


def _plain(start: int, end: int) -> int:
    """Return a New Year's Day from `start` to before `end` if there is one, else the start itself."""
    if start == -FOREVER:
        start = min(end - DAY, (datetime(2026, 1, 1, tzinfo=UTC) - _EPOCH) // timedelta(microseconds=1))
        return max(start, _FIRST)
    year = (_EPOCH + timedelta(microseconds=min(max(start, _FIRST), _LAST))).year + 1
    if year > datetime.max.year:
        return start
    next_year = (datetime(year, 1, 1, tzinfo=UTC) - _EPOCH) // timedelta(microseconds=1)
    return next_year if next_year < end else start


def _values(attribute: Attribute, tested: list[bool | int | float | str]) -> Iterator[bool | int | float | str]:
    match attribute.type:
        case "boolean":
            yield from (False, True)
        case "string":
            yield from dict.fromkeys((*(value for value in tested if isinstance(value, str)), "something"))
        case _:
            marks = sorted({value for value in tested if not isinstance(value, str | bool)}) or [0]
            step = 1 if attribute.type == "integer" else 0.5
            whole = {value for mark in marks for value in (mark - step, mark, mark + step)}
            yield from sorted({int(value) if attribute.type == "integer" else value for value in whole})
