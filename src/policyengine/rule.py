"""What rules are lowered to, and the policy that holds them.

Four statements are enough for every kind of rule: a clause *permits* flows, *restricts* what other clauses permit,
*replaces* the terms of other clauses, or asks a *duty* of whoever was permitted.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any, TypeAlias

from policyengine.condition import ALWAYS, NEVER, Condition, restricting
from policyengine.errors import Place, Problem
from policyengine.moment import FOREVER
from policyengine.source import Document, KeyPath
from policyengine.text import Text
from policyengine.vocabulary import Vocabulary


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
    source: tuple[Document, KeyPath] | None = field(default=None, compare=False, repr=False)

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
    """

    head: Head
    operations: frozenset[str]
    about: Condition
    terms: Condition
    licence: bool = False
    licensed_by: frozenset[str] | None = None


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
            return replace(rule, about=restricting(rule.about, False), terms=restricting(rule.terms, False))
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


@dataclass(frozen=True, slots=True)
class Clause:
    """One numbered clause of the policy's text.

    Args:
        number: as the text numbers it.
        summary: what it says, in the policy officer's own words.
        title: its heading, if it has one.
        organisational: why no flow can be decided by it.
        ground: it denies what no clause permits.
        case_of: the clause of which it is one case; a denial cites that clause.
        defines: terms of the vocabulary that carry it out, by dimension.
    """

    number: str
    summary: Text
    title: Text | None = None
    organisational: Text | None = None
    ground: bool = False
    case_of: str | None = None
    defines: Mapping[str, tuple[str, ...]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class ObligationText:
    """A declared obligation: what the host must do, and which clause asks it."""

    id: str
    clause: str
    message: Text
    parameters: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Reading:
    """A named ambiguity of the text, with the values that can be defended."""

    name: str
    question: Text
    default: str
    values: Mapping[str, Text]
    clause: str | None = None


@dataclass(frozen=True)
class Policy:
    """One policy under chosen readings: its words, its clauses, and its rules, lowered.

    Args:
        id: the policy's id.
        version: its version, as its authors name it.
        title: what people call it.
        digest: ``sha256:`` and the hash of its content; comments and layout do not count.
        governs: controllers that it governs; None for every one.
        start: from when it is in force, inclusive, in microseconds since 1970 (UTC).
        end: until when, exclusive.
        contact: where people turn to.
        vocabulary: its words.
        clauses: by number, in the order of the text.
        obligations: by id.
        readings: by name.
        chosen: the value of each reading.
        rules: the lowered rules that stand under the chosen readings.
        notes: what `check` has to say beside errors.
    """

    id: str
    version: str
    title: Text
    digest: str
    governs: frozenset[str] | None
    start: int
    end: int
    contact: str | None
    vocabulary: Vocabulary
    clauses: Mapping[str, Clause]
    obligations: Mapping[str, ObligationText]
    readings: Mapping[str, Reading]
    chosen: Mapping[str, str]
    rules: tuple[Rule, ...]
    notes: tuple[Problem, ...] = ()

    def governs_controller(self, controller: str) -> bool:
        """Whether the policy binds `controller`."""
        return self.governs is None or controller in self.governs

    def in_force(self, instant: int) -> bool:
        """Whether the policy is in force at `instant` (microseconds since 1970, UTC)."""
        return self.start <= instant < self.end

    @property
    def other_readings(self) -> dict[str, str]:
        """The readings whose chosen value is not their default."""
        return {name: value for name, value in self.chosen.items() if value != self.readings[name].default}
