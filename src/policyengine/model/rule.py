"""What rules are lowered to, and the policy that holds them.

Five statements are enough for every kind of rule: a clause *permits* flows, *restricts* what other clauses permit,
*meets* what other clauses ask, *replaces* the terms of other clauses, or asks a *duty* of whoever was permitted.
"""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from typing import Any, Final, TypeAlias, TypeVar

from msgspec import Struct
from msgspec.structs import replace

from policyengine.errors import Place, Source, place_of
from policyengine.model.aside import Aside
from policyengine.model.condition import (
    ALWAYS,
    NEVER,
    Acquired,
    Age,
    And,
    Asked,
    Clock,
    Compare,
    Condition,
    During,
    Elsewhere,
    Field,
    Holds,
    In,
    Not,
    NotIn,
    Or,
    Same,
    all_of,
    conjuncts,
    mapped,
)
from policyengine.model.fact import HELD_FIELD
from policyengine.model.fields import ROWS
from policyengine.model.vocabulary import Vocabulary
from policyengine.moment import FOREVER
from policyengine.text import Text, same


class Head(Aside, frozen=True, eq=False):
    """What every lowered rule knows of the table it came from.

    Args:
        id: unique in the policy.
        clause: the number of the clause that it carries out.
        kind: the name of its rule kind.
        title: what people call the rule.
        start: from when it is in force, inclusive, in microseconds since 1970 (UTC).
        end: until when, exclusive.
        obligations: ids of the obligations that it imposes on a permitted flow.
        passing: the fields that pass unstated: in this rule, an event that leaves one open is judged as if its value
            were the one that lets the flow through. An attribute is named ``attributes.NAME``.
        told: what people must be told beside what is decided: each a name and what is said of it.
        source: the file that has the table, and where in it.
    """

    id: str
    clause: str
    kind: str
    title: Text
    start: int = -FOREVER
    end: int = FOREVER
    obligations: tuple[str, ...] = ()
    passing: frozenset[str] = frozenset()
    told: tuple[tuple[Text, Text], ...] = ()
    source: Source | None = None

    @property
    def place(self) -> Place | None:
        """Where the rule file has the table."""
        return place_of(self.source)


Parameters: TypeAlias = tuple[tuple[str, bool | int | float | str | tuple[bool | int | float | str, ...]], ...]
"""What is handed on as it is: names, each with a scalar or a list of them."""


def parameters_of(table: Mapping[str, Any]) -> Parameters:
    """Return the parameters that a table has, as a value that nobody can change."""
    return tuple((name, tuple(value) if isinstance(value, list) else value) for name, value in sorted(table.items()))


class Permit(Struct, frozen=True):
    """A clause permits a flow: its operation is listed, and `about` and `terms` are met.

    Args:
        head: where it comes from.
        operations: the operations that it permits.
        about: which flows the clause speaks of. One that it speaks of and does not permit is denied citing it.
        terms: on what terms it permits them.
        licence: whether other clauses may lean on its `about` and `terms`, for operations of their own.
        licensed_by: clauses of which one must license the flow as well; None where none need.
        names: that the flow goes to a recipient whom it names; None where it names none. A denial cites those that
            name other recipients only where nothing names this one.
    """

    head: Head
    operations: frozenset[str]
    about: Condition
    terms: Condition
    licence: bool = False
    licensed_by: frozenset[str] | None = None
    names: Condition | None = None

    @property
    def elsewhere(self) -> bool:
        """Whether another policy must license the flow as well."""
        return any(isinstance(part, Elsewhere) for part in conjuncts(self.terms))


LEAVE: Final = Permit(Head("", "", "", same("")), frozenset(), ALWAYS, ALWAYS)
"""What a layer says of an operation that none of its permits names: it leaves it to the policies below."""


class Restriction(Struct, frozen=True):
    """A clause strikes permissions out: wherever `when` is met and `unless` is not.

    Args:
        head: where it comes from; its obligations fall on flows in its reach that `unless` lets through.
        code: the reason code of a denial.
        message: why a flow is denied, for people.
        parameters: what a denial hands on beside them.
        when: which flows it stands over.
        unless: what lifts it.
        only: the clauses whose permissions it can strike; None for all.
        spares: clauses whose permissions it leaves alone.
        cited: whether a permit cites it where it stood over the flow and was satisfied.
        exempt: flows that it does not bind.
        instead: obligations that fall on an exempt flow that it would have denied.
    """

    head: Head
    code: str
    message: Text
    when: Condition
    unless: Condition = NEVER
    only: frozenset[str] | None = None
    spares: frozenset[str] = frozenset()
    cited: bool = False
    exempt: Condition = NEVER
    instead: tuple[str, ...] = ()
    parameters: Parameters = ()

    def reaches(self, permit: Permit) -> bool:
        """Whether it can strike `permit`."""
        clause = permit.head.clause
        return clause not in self.spares and (self.only is None or clause in self.only)


class Replacement(Struct, frozen=True):
    """A clause takes the place of others: where `when` is met, the terms of `clauses` are as if not met.

    Args:
        head: where it comes from.
        clauses: the clauses whose place it takes; None for all others.
        when: where it takes it.
        wholly: whether these clauses restrict and oblige no more, either. As that lifts, `when` must surely be met.
    """

    head: Head
    clauses: frozenset[str] | None
    when: Condition
    wholly: bool = False

    def takes(self, clause: str) -> bool:
        """Whether it takes the place of `clause`; what a layer leaves to others (`LEAVE`) is no clause."""
        return clause not in ("", self.head.clause) if self.clauses is None else clause in self.clauses


class Alternative(Struct, frozen=True):
    """A clause meets what others ask: where `when` is met, the restrictions of `clauses` are satisfied."""

    head: Head
    clauses: frozenset[str]
    when: Condition


class Duty(Struct, frozen=True):
    """A clause asks something of whoever was permitted a flow that meets `when`.

    Args:
        head: where it comes from; its obligations are what is asked.
        when: of which flows it is asked.
        beside: whether it stands beside the obligations of the rule of the same id, and falls on the items on which
            they fall; else it is asked whichever clause permitted the flow.
    """

    head: Head
    when: Condition = ALWAYS
    beside: bool = False


Rule: TypeAlias = Permit | Restriction | Alternative | Replacement | Duty

R = TypeVar("R", bound=Rule)
L = TypeVar("L", bound=Restriction | Alternative)


class Sides:
    """Puts conditions on the side on which they stand: what an event leaves open never helps.

    A condition that permits, licenses or lifts must surely be met; one that restricts, replaces or obliges is met when
    it may be. Below a `Not` the two change places. (Section 1 of the contract.) Leaves that are alike become one.

    Args:
        vocabulary: the words, with their kinds.
    """

    def __init__(self, vocabulary: Vocabulary) -> None:
        self._vocabulary = vocabulary
        self._found: dict[Hashable, Condition] = {}
        self._operations: dict[frozenset[str], frozenset[str]] = {}

    def sided(self, condition: Condition, may: bool, passing: frozenset[str] = frozenset()) -> Condition:
        """Return `condition` with every leaf on its side.

        Args:
            condition: any condition; on which side it stood before does not matter.
            may: whether it is met when it may be.
            passing: the fields that pass unstated.
        """
        match condition:
            case And(parts) | Or(parts):
                if not parts:
                    return condition
                return type(condition)(tuple([self.sided(part, may, passing) for part in parts]), condition.called)
            case Not(part):
                return Not(self.sided(part, not may, passing))
            case _:
                key = (condition, getattr(condition, "at", None), may, passing)
                known = self._found.get(key)
                if known is None:
                    known = self._found[key] = self._leaf(condition, may, passing)
                return known

    def placed(self, rule: R) -> R:
        """Return `rule` with every condition on the side on which it stands."""
        passing = rule.head.passing
        match rule:
            case Permit(head, operations, about, terms, licence, licensed_by):
                operations = self._operations.setdefault(operations, operations)
                about, terms = self.sided(about, False, passing), self.sided(terms, False, passing)
                named = [part for part in conjuncts(terms) if isinstance(part, In) and part.field is Field.RECIPIENT]
                licence = licence and "use" in operations  # a licence is a permit to use
                names = all_of(*named) if named else None
                return type(rule)(head, operations, about, terms, licence, licensed_by, names)
            case Restriction():
                return replace(
                    rule,
                    when=self.sided(rule.when, True, passing),
                    unless=self.sided(rule.unless, False, passing),
                    exempt=self.sided(rule.exempt, False, passing),
                )
            case Alternative():
                return replace(rule, when=self.sided(rule.when, False, passing))
            case Replacement():
                return replace(rule, when=self.sided(rule.when, not rule.wholly, passing))
            case Duty():
                return replace(rule, when=self.sided(rule.when, True, passing))

    def _leaf(self, found: Condition, side: bool, passing: frozenset[str]) -> Condition:
        vocabulary = self._vocabulary
        match found:
            case In(of, values, written):
                dimension = ROWS[of].dimension
                values = vocabulary.closure(dimension, written) if dimension else values
                wide = vocabulary.above(dimension, values) if dimension and side else values
                return replace(found, values=wide, open=bool(values) and side is not (of.value in passing))
            case NotIn(of, values, written):
                dimension = ROWS[of].dimension
                values = vocabulary.closure(dimension, written) if dimension else values
                wide = values if side or not dimension else vocabulary.above(dimension, values)
                # Whatever value it is that an event leaves open, it is none of no words.
                return replace(found, values=wide, open=not values or side is not (of.value in passing))
            case Same(left, right):
                passes = frozenset(field for field in (left, right) if field.value in passing)
                return replace(found, open=side, passes=passes)
            case Compare(op="stated"):
                return replace(found, open=side)  # what passes unstated is not stated
            case Compare(attribute) | Age(attribute):
                return replace(found, open=side is not (f"attributes.{attribute}" in passing))
            case Acquired():
                return replace(found, open=side is not ("acquired" in passing))
            case During() | Clock() | Elsewhere():
                return found
            case Holds(name, after=after):
                declared = vocabulary.facts[name].fields.values() if passing else ()
                held = {HELD_FIELD[field.held] for field in declared if field.held in HELD_FIELD}
                passes = frozenset(field for field in held if field.value in passing)
                later = None if after is None else self._leaf(after, not side, passing)
                return replace(found, may=side, passes=passes, after=later)
            case _:
                raise TypeError(found)


def sided(condition: Condition, may: bool, vocabulary: Vocabulary, passing: frozenset[str] = frozenset()) -> Condition:
    """Return `condition` with every leaf on the side on which it stands (`Sides`)."""
    return Sides(vocabulary).sided(condition, may, passing)


def placed(rule: R, vocabulary: Vocabulary) -> R:
    """Return `rule` with every condition on the side on which it stands (`Sides`)."""
    return Sides(vocabulary).placed(rule)


def only_where(rule: R, condition: Condition) -> R:
    """Return `rule` as one that has an effect only where `condition` is met as well."""
    match rule:
        case Permit():
            return replace(rule, about=all_of(condition, rule.about))
        case Restriction() | Alternative() | Replacement() | Duty():
            return replace(rule, when=all_of(condition, rule.when))


def licensed_everywhere(rule: Rule) -> Rule:
    """Return `rule` as it is where other policies license everything."""
    if not isinstance(rule, Permit) or not rule.elsewhere:
        return rule
    return replace(rule, terms=all_of(*(part for part in conjuncts(rule.terms) if not isinstance(part, Elsewhere))))


def as_use(licence: Permit) -> Permit:
    """Return a licence as it is asked: it is a permit to `use`, and its facts are held against that."""
    return replace(licence, about=_asked(licence.about, "use"), terms=_asked(licence.terms, "use"))


def beside_use(over: L) -> L:
    """Return a restriction, or what meets one, as it is asked of licences: `use` counts as the operation too."""
    if isinstance(over, Alternative):
        return replace(over, when=_asked(over.when, "beside"))
    return replace(
        over,
        when=_asked(over.when, "beside"),
        unless=_asked(over.unless, "beside"),
        exempt=_asked(over.exempt, "beside"),
    )


def _asked(condition: Condition, asked: Asked) -> Condition:
    def leaf(found: Condition, _: bool) -> Condition:
        match found:
            case In(Field.OPERATION, values) if "use" in values:
                return ALWAYS
            case In(Field.OPERATION) if asked == "use":
                return NEVER
            case NotIn(Field.OPERATION, values) if "use" not in values:
                return ALWAYS
            case NotIn(Field.OPERATION) if asked == "use":
                return NEVER
            case Elsewhere() if asked == "use":
                return ALWAYS  # whoever leans on a licence does not ask on what that leans
            case Holds(after=after):
                return replace(found, asked=asked, after=None if after is None else replace(after, asked=asked))
            case _:
                return found

    return mapped(condition, leaf)


def conditions_of(rule: Rule) -> tuple[Condition, ...]:
    """Return the conditions of a rule."""
    match rule:
        case Permit():
            return (rule.about, rule.terms)
        case Restriction():
            return (rule.when, rule.unless, rule.exempt)
        case Alternative() | Replacement() | Duty():
            return (rule.when,)


def scope_of(rule: Rule) -> Condition:
    """Return the condition that must be met for `rule` to have an effect, its operations included."""
    match rule:
        case Permit():
            operations = tuple(sorted(rule.operations))
            return all_of(In(Field.OPERATION, rule.operations, operations), rule.about, rule.terms)
        case Restriction() | Alternative() | Replacement() | Duty():
            return rule.when
