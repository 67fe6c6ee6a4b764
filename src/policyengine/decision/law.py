"""The law: which items of an event may flow. Told once, for all items of an event, and for everybody who asks.

The value of a condition is the set of items for which it is met, as the bits of an integer, so that and, or, not are
``&``, ``|``, ``~``. An item is permitted where a clause permits it, and no restriction that binds strikes every such
permission out. What was found on the way is the trace: decisions, explanations and coverage read it, and none of them
tells the law again.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple, TypeAlias

from policyengine.model.condition import Condition
from policyengine.model.rule import Duty, Permit, Replacement, Restriction, Rule

Items: TypeAlias = int
"""A set of items of one event: bit `n` stands for the item at index `n`."""

Met: TypeAlias = Callable[[Condition, Items], Items]
"""Returns those of some items for which a condition is met by the event under decision."""


class Rules(NamedTuple):
    """The rules that can matter for an event, by what they do.

    Args:
        permits: those that permit its operation.
        licences: those on which others can lean, whatever their operation.
        restrictions: those that strike permissions out.
        replacements: those that take the place of clauses.
        duties: those that oblige whoever is permitted.
    """

    permits: Sequence[Permit]
    licences: Sequence[Permit]
    restrictions: Sequence[Restriction]
    replacements: Sequence[Replacement]
    duties: Sequence[Duty]


def sorted_out(rules: Iterable[Rule], permits_here: Callable[[Permit], bool]) -> Rules:
    """Return `rules` by what they do.

    Args:
        rules: rules in force.
        permits_here: whether a permit permits the operation of the event.
    """
    permits: list[Permit] = []
    licences: list[Permit] = []
    restrictions: list[Restriction] = []
    replacements: list[Replacement] = []
    duties: list[Duty] = []
    for rule in rules:
        match rule:
            case Permit():
                if permits_here(rule):
                    permits.append(rule)
                if rule.licence:
                    licences.append(rule)
            case Restriction():
                restrictions.append(rule)
            case Replacement():
                replacements.append(rule)
            case Duty():
                duties.append(rule)
    return Rules(permits, licences, restrictions, replacements, duties)


class Grant(NamedTuple):
    """What a permit permits, on its own terms.

    Args:
        permit: the permit.
        items: what it grants.
        leaning: the licences on which it leans, each with the items that it licenses there; empty where it needs none.
        surviving: what no restriction strikes out.
    """

    permit: Permit
    items: Items
    leaning: Sequence[tuple[Permit, Items]]
    surviving: Items


class Standing(NamedTuple):
    """A restriction that stands over some items.

    Args:
        restriction: the restriction.
        items: where it stands.
        satisfied: where it is lifted.
        exempt: where it is not lifted, and does not bind.
        binding: where it binds.
        strikes: where it binds, and strikes out something that was granted.
    """

    restriction: Restriction
    items: Items
    satisfied: Items
    exempt: Items
    binding: Items
    strikes: Items

    def in_the_way(self, trace: Trace) -> Items:
        """Return where a decision rests on it: what it strikes out, and where nothing is granted, where it binds."""
        everywhere = self.restriction.only is None
        return self.strikes | (self.binding & ~trace.allowed if everywhere else 0)


@dataclass(frozen=True, slots=True)
class Trace:
    """What the law found.

    Args:
        items: the items that were asked about.
        granted: what the permits grant, those that grant nothing left out.
        licences: the licences that hold, each with the items that it licenses.
        standing: the restrictions that stand over something.
        replaced: for each clause whose place was taken, by which rules and for which items.
        permitted: the items that may flow.
    """

    items: Items
    granted: Sequence[Grant]
    licences: Sequence[tuple[Permit, Items]]
    standing: Sequence[Standing]
    replaced: Mapping[str, Sequence[tuple[Replacement, Items]]]
    permitted: Items

    @property
    def allowed(self) -> Items:
        """The items that some permit grants, struck out or not."""
        return union(grant.items for grant in self.granted)

    def licensed(self, clauses: frozenset[str]) -> Items:
        """Return the items that a licence of one of `clauses` licenses."""
        return union(items for licence, items in self.licences if licence.head.clause in clauses)

    def gone(self, clause: str) -> Items:
        """Return the items for which another rule took the place of `clause`."""
        return union(items for _, items in self.replaced.get(clause, ()))


def law(rules: Rules, items: Items, met: Met) -> Trace:
    """Return what the rules say of some items.

    Args:
        rules: the rules that can matter.
        items: the items asked about.
        met: for which of them a condition is met.
    """
    replaced: dict[str, list[tuple[Replacement, Items]]] = defaultdict(list)
    for replacement in rules.replacements:
        if found := met(replacement.when, items):
            for clause in replacement.clauses:
                replaced[clause].append((replacement, found))

    def on_its_terms(permit: Permit) -> Items:
        left = items
        for _, taken in replaced.get(permit.head.clause, ()):
            left &= ~taken
        return met(permit.terms, met(permit.about, left)) if left else 0

    licences = [(licence, found) for licence in rules.licences if (found := on_its_terms(licence))]
    granted: list[Grant] = []
    for permit in rules.permits:
        found = on_its_terms(permit)
        leaning: list[tuple[Permit, Items]] = []
        if found and permit.licensed_by is not None:
            named = [(licence, on & found) for licence, on in licences if licence.head.clause in permit.licensed_by]
            leaning = [(licence, both) for licence, both in named if both]
            found = union(both for _, both in leaning)
        if found:
            granted.append(Grant(permit, found, leaning, found))

    standing: list[Standing] = []
    for restriction in rules.restrictions:
        if found := met(restriction.when, items):
            satisfied = met(restriction.unless, found)
            exempt = met(restriction.exempt, found & ~satisfied)
            binding = found & ~satisfied & ~exempt
            reached = union(grant.items for grant in granted if restriction.reaches(grant.permit)) if binding else 0
            standing.append(Standing(restriction, found, satisfied, exempt, binding, binding & reached))
    for number, grant in enumerate(granted):
        struck = union(s.strikes for s in standing if s.strikes and s.restriction.reaches(grant.permit))
        granted[number] = grant._replace(surviving=grant.items & ~struck)
    return Trace(items, granted, licences, standing, replaced, union(grant.surviving for grant in granted))


def union(sets: Iterable[Items]) -> Items:
    """Return the items of any of `sets`."""
    found = 0
    for items in sets:
        found |= items
    return found
