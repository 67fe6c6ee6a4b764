"""What differs between two policies, told whole: what is newly permitted, newly denied, or permitted on new terms.

Both are compared as if they were in force at all times, and governed the same; the dates of their rules count. The
statements are exact beside what one of the policies says: one of what is newly permitted holds for every event that it
is about **and that the new policy permits**, one of what is newly denied for those that the old one permitted, one of
new terms for those that both permit. So none repeats what a policy asks for anyway, and no event that is decided
differently is in no statement.

Of facts that state a word which one of the policies knows and the other does not, nothing is told but where the event
has such a word itself: a policy that does not know a word of a fact takes it for anything.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Mapping
from dataclasses import dataclass
from typing import Any, Final, Literal, NamedTuple, TypeAlias

from msgspec.structs import replace

from policyengine.analysis.diagram import Diagram, Partial, Row, rows
from policyengine.analysis.place import Places
from policyengine.analysis.sight import Sight
from policyengine.analysis.witness import Judge, Said, Witnesses
from policyengine.decision.court import fact_types
from policyengine.decision.ruling import Ruling
from policyengine.model.condition import Field
from policyengine.model.event import Event
from policyengine.model.fields import ROWS
from policyengine.model.policy import Policy
from policyengine.model.rule import placed
from policyengine.model.space import TIME, Variable
from policyengine.moment import FOREVER

Kind: TypeAlias = Literal["permitted", "denied", "terms"]
"""What has become of flows: they are newly permitted, newly denied, or permitted on new terms."""

KINDS: Final[tuple[Kind, ...]] = ("permitted", "denied", "terms")

REGIONS: Final = 100_000
"""So many regions of the space of events are looked at at most, where nobody says otherwise."""

_FIRST: Final = (Field.OPERATION, Field.SUBJECT, Field.ITEM, Field.PURPOSE)
_ASKED: Final[tuple[Variable, ...]] = (
    TIME,
    *_FIRST,
    *(field for field in ROWS if field not in (Field.CONTROLLER, *_FIRST)),
)

_ANY_NUMBER: Final = 1 << 30
_SOME: Final = 2
_TOLD: Final[Mapping[Variable, int]] = {
    TIME: _ANY_NUMBER,
    Field.OPERATION: _ANY_NUMBER,
    Field.SUBJECT: _ANY_NUMBER,
    **dict.fromkeys((Field.ITEM, Field.PURPOSE, Field.RECIPIENT, Field.SERVICE), _SOME),
}
"""What people want to know of a change in any case, where it is not all: when, what, whose, for what."""

Duty: TypeAlias = "tuple[str, str, str]"
"""An obligation by all that a host is told of it: its id, its clause, its parameters."""


class Told(NamedTuple):
    """What two policies say of an event.

    Args:
        permits: whether each of them permits it.
        clauses: which clauses each permit rests on; of a denial, none.
        duties: to what each of them obliges.
    """

    permits: tuple[bool, bool]
    clauses: tuple[frozenset[str], frozenset[str]]
    duties: tuple[frozenset[Duty], frozenset[Duty]]

    @property
    def kind(self) -> Kind | None:
        """What has become of the flow; None where nothing has."""
        match self.permits:
            case (False, True):
                return "permitted"
            case (True, False):
                return "denied"
            case (True, True) if self.clauses[0] != self.clauses[1] or self.duties[0] != self.duties[1]:
                return "terms"
        return None

    @property
    def group(self) -> Hashable:
        """What is told together: of new terms, those that change the same obligations."""
        if self.kind == "terms":
            return "terms", self.duties[0] - self.duties[1], self.duties[1] - self.duties[0]
        return self.kind


_ALIKE: Final = "alike"
"""Said of events that both policies permit on the same terms."""


@dataclass(frozen=True, slots=True)
class Statement:
    """One thing that has changed, for some events.

    Args:
        kind: what has become of them.
        row: the events, as far as what the policies ask for anyway does not say.
        clauses: of each policy, the clauses on which its permits of these events rest.
        lost: to what the old policy obliged and the new one does not.
        gained: to what the new one obliges in addition.
        witness: such an event, that a person believes.
        said: what each policy says of it.
    """

    kind: Kind
    row: Row
    clauses: tuple[tuple[str, ...], tuple[str, ...]]
    lost: tuple[Duty, ...]
    gained: tuple[Duty, ...]
    witness: Mapping[str, Any]
    said: tuple[Said, Said]


class Changes:
    """What differs between two policies.

    Args:
        old: the one.
        new: the other.
        at: the time for which they are compared; None for all.
        regions: how many regions of the space of events may be looked at.

    Raises:
        Undecided: `regions` were not enough, or the policies declare what cannot be held against one another.
    """

    def __init__(self, old: Policy, new: Policy, *, at: int | None = None, regions: int | None = REGIONS) -> None:
        self.policies: tuple[Policy, Policy] = comparable(old, new)
        """Both, as they are compared."""
        known = Partial({} if at is None else {TIME: (at,)}, {})
        self.diagram = Diagram(
            [Sight(policy) for policy in self.policies],
            self._told,
            known,
            [variable for variable in _ASKED if variable != TIME or at is None],
            cites=True,
            obliges=True,
            denials=False,
            alike=_ALIKE,
            common=True,
            regions=regions,
        )
        self.judges: tuple[Judge, Judge] = (Judge(self.policies[0]), Judge(self.policies[1]))
        """Decide events as the policies do that are compared."""
        self._witnesses = Witnesses([new, old])

    def statements(self) -> tuple[Statement, ...]:
        """Return all that has changed: what is newly permitted first."""
        said = {told for told in self.diagram.says() if isinstance(told, Told)}
        groups = {told.group: told.kind for told in said}
        found: list[Statement] = []
        for kind in KINDS:
            for group in sorted((group for group, of in groups.items() if of == kind), key=repr):
                found += self._of(kind, group)
        return tuple(found)

    def _of(self, kind: Kind, group: Hashable) -> list[Statement]:
        def wanted(told: Any) -> bool:
            return isinstance(told, Told) and told.group == group

        def spare(told: Any) -> bool:
            """Whether the policy that the statement stands beside denies it."""
            if not isinstance(told, Told):
                return False
            before, after = told.permits
            return not {"permitted": after, "denied": before, "terms": before and after}[kind]

        found = []
        for row in rows(self.diagram, wanted, spare, _TOLD):
            of = [told for told in self.diagram.says(row) if isinstance(told, Told) and told.group == group]
            clauses = [frozenset[str]().union(*(told.clauses[side] for told in of)) for side in (0, 1)]
            duties = [
                frozenset[Duty]().union(*(told.duties[side] - told.duties[1 - side] for told in of)) for side in (0, 1)
            ]
            shown = self._witness(row, wanted, kind)
            if shown is None:  # a row that is about no event: no operation has all that it says
                continue
            witness, said = shown
            found.append(
                Statement(
                    kind,
                    row,
                    (tuple(sorted(clauses[0])), tuple(sorted(clauses[1]))),
                    tuple(sorted(duties[0])) if kind == "terms" else (),
                    tuple(sorted(duties[1])) if kind == "terms" else (),
                    witness,
                    said,
                )
            )
        return found

    def _witness(
        self, row: Row, wanted: Callable[[Any], bool], kind: Kind
    ) -> tuple[dict[str, Any], tuple[Said, Said]] | None:
        """Return an event of a row that has changed, such that a person believes it, and what is said of it."""
        point = self.diagram.point(wanted, row)
        if point is None:
            return None
        event = self.diagram.space.event(point)
        places = Places(self.diagram, self.policies)

        def shows(event: Mapping[str, Any]) -> bool:
            return self.kind_of(event) == kind and places.among(Event.from_mapping(event), row)

        found = self._witnesses.believable(event, shows)
        before, after = (judge.says(found) for judge in self.judges)
        assert before is not None and after is not None
        return found, (before, after)

    def kind_of(self, event: Mapping[str, Any]) -> Kind | None:
        """Return what has become of an event that both policies can read."""
        said = [judge.says(event) for judge in self.judges]
        if said[0] is None or said[1] is None:
            return None
        return kind_of(said[0], said[1])

    def _told(self, *rulings: Ruling) -> Told:
        def duties(side: int) -> frozenset[Duty]:
            declared, ruling = self.policies[side].obligations, rulings[side]
            return frozenset(
                (name, declared[name].clause, repr(sorted(declared[name].parameters.items())))
                for name in ruling.obligations
            )

        permits = bool(rulings[0].permitted), bool(rulings[1].permitted)
        clauses = [frozenset(of.clauses) if of.permitted else frozenset[str]() for of in rulings]
        return Told(permits, (clauses[0], clauses[1]), (duties(0), duties(1)))


def kind_of(before: Said, after: Said) -> Kind | None:
    """Return what has become of an event of which two policies say something."""
    outcomes = before.outcome == "permit", after.outcome == "permit"
    found = Told(
        outcomes, (frozenset(before.clauses), frozenset(after.clauses)), (before.obligations, after.obligations)
    )
    return found.kind


def comparable(old: Policy, new: Policy) -> tuple[Policy, Policy]:
    """Return two policies as they are compared: in force at all times, of the same controllers, with the same facts.

    A type of fact, a field or a value of one that only one of them declares, the other can read as well: none of its
    rules asks for it.
    """
    types = fact_types((old, new))
    governs = new.governs if old.governs is None or new.governs is None else (old.governs & new.governs or new.governs)

    def beside(policy: Policy) -> Policy:
        vocabulary = replace(policy.vocabulary, facts=types)
        rules = tuple(placed(rule, vocabulary) for rule in policy.rules)
        return replace(
            policy, vocabulary=vocabulary, rules=rules, start=-FOREVER, end=FOREVER, governs=governs, layer=False
        )

    return beside(old), beside(new)
