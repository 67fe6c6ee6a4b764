"""What rules are lowered to, and the policy that holds them.

Four statements are enough for every kind of rule: a clause *permits* flows, *restricts* what other clauses permit,
*replaces* the terms of other clauses, or asks a *duty* of whoever was permitted.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TypeAlias

from policyengine.errors import KeyPath, Place, Placing
from policyengine.model.condition import ALWAYS, NEVER, Condition, Field, In, all_of, conjuncts, restricting
from policyengine.moment import FOREVER
from policyengine.text import Text


@dataclass(frozen=True, slots=True)
class Head:
    """What every lowered rule knows of the table it came from.

    Args:
        id: unique in the policy.
        clause: the number of the clause that it carries out.
        kind: the name of its rule kind.
        title: what people call the rule.
        start: from when it is in force, inclusive, in microseconds since 1970 (UTC).
        end: until when, exclusive.
        obligations: ids of the obligations that it imposes on a permitted flow.
        source: the file that has the table, and where in it.
    """

    id: str
    clause: str
    kind: str
    title: Text
    start: int = -FOREVER
    end: int = FOREVER
    obligations: tuple[str, ...] = ()
    source: tuple[Placing, KeyPath] | None = field(default=None, compare=False, repr=False)

    @property
    def place(self) -> Place | None:
        """Where the rule file has the table."""
        return self.source[0].place(self.source[1]) if self.source else None


@dataclass(frozen=True, slots=True)
class Permit:
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


@dataclass(frozen=True, slots=True)
class Restriction:
    """A clause strikes permissions out: wherever `when` is met and `unless` is not.

    Args:
        head: where it comes from; its obligations fall on flows in its reach that `unless` lets through.
        code: the reason code of a denial.
        message: why a flow is denied, for people.
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

    def reaches(self, permit: Permit) -> bool:
        """Whether it can strike `permit`."""
        clause = permit.head.clause
        return clause not in self.spares and (self.only is None or clause in self.only)


@dataclass(frozen=True, slots=True)
class Replacement:
    """A clause takes the place of others: where `when` is met, the terms of `clauses` are as if not met."""

    head: Head
    clauses: frozenset[str]
    when: Condition


@dataclass(frozen=True, slots=True)
class Duty:
    """A clause asks something of whoever was permitted a flow that meets `when`, whichever clause permitted it."""

    head: Head
    when: Condition = ALWAYS


Rule: TypeAlias = Permit | Restriction | Replacement | Duty


def placed(rule: Rule) -> Rule:
    """Return `rule` with each fact marked for whether it restricts where it stands (section 2 of the contract).

    A fact permits or lifts in what a clause permits, and in what lifts a restriction; elsewhere it restricts.
    """
    match rule:
        case Permit():
            terms = restricting(rule.terms, False)
            named = [part for part in conjuncts(terms) if isinstance(part, In) and part.field is Field.RECIPIENT]
            names = all_of(*named) if named else None
            return replace(rule, about=restricting(rule.about, False), terms=terms, names=names)
        case Restriction():
            return replace(
                rule,
                when=restricting(rule.when, True),
                unless=restricting(rule.unless, False),
                exempt=restricting(rule.exempt, False),
            )
        case Replacement() | Duty():
            return replace(rule, when=restricting(rule.when, True))


def conditions_of(rule: Rule) -> tuple[Condition, ...]:
    """Return the conditions of a rule."""
    match rule:
        case Permit():
            return (rule.about, rule.terms)
        case Restriction():
            return (rule.when, rule.unless, rule.exempt)
        case Replacement() | Duty():
            return (rule.when,)


def scope_of(rule: Rule) -> Condition:
    """Return the condition that must be met for `rule` to have an effect, its operations included."""
    match rule:
        case Permit():
            operations = tuple(sorted(rule.operations))
            return all_of(In(Field.OPERATION, rule.operations, operations), rule.about, rule.terms)
        case Restriction() | Replacement() | Duty():
            return rule.when
