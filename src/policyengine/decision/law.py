"""The law: which items of an event may flow. Told once, for all items of an event, and for everybody who asks.

The value of a condition is the set of items for which it is met, as the bits of an integer, so that and, or, not are
``&``, ``|``, ``~``. An item is permitted where a clause permits it, and no restriction that binds strikes every such
permission out. What was found on the way is the trace: decisions, explanations and coverage read it, and none of them
tells the law again.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import NamedTuple, TypeAlias

from policyengine.model.condition import Condition
from policyengine.model.rule import Alternative, Duty, Permit, Replacement, Restriction, Rule, as_use, beside_use

Items: TypeAlias = int
"""A set of items of one event: bit `n` stands for the item at index `n`."""

Met: TypeAlias = Callable[[Condition, Items], Items]
"""Returns those of some items for which a condition is met by the event under decision."""


class Rules(NamedTuple):
    """The rules that can matter for an event, by what they do.

    Args:
        permits: those that permit its operation.
        licences: those on which others can lean, whatever their operation, as they are asked of `use`.
        restrictions: those that strike permissions out.
        over: of those laid over clauses, how they are asked of licences: the restriction, and what is asked.
        ways: those that meet what restrictions ask.
        ways_over: the same, as they are asked of licences.
        replacements: those that take the place of clauses.
        duties: those that oblige whoever is permitted.
    """

    permits: Sequence[Permit]
    licences: Sequence[Permit]
    restrictions: Sequence[Restriction]
    over: Sequence[Restriction]
    ways: Sequence[Alternative]
    ways_over: Sequence[Alternative]
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
    over: list[Restriction] = []
    ways: list[Alternative] = []
    replacements: list[Replacement] = []
    duties: list[Duty] = []
    for rule in rules:
        match rule:
            case Permit():
                if permits_here(rule):
                    permits.append(rule)
                if rule.licence:
                    licences.append(as_use(rule))
            case Restriction():
                restrictions.append(rule)
                if rule.only is not None:
                    over.append(beside_use(rule))
            case Alternative():
                ways.append(rule)
            case Replacement():
                replacements.append(rule)
            case Duty():
                duties.append(rule)
    beside = [beside_use(way) for way in ways] if over else []
    return Rules(permits, licences, restrictions, over, ways, beside, replacements, duties)


class Grant(NamedTuple):
    """What a permit permits, on its own terms.

    Args:
        permit: the permit.
        items: what it grants.
        leaning: the licences on which it leans, each with the items that it licenses there; empty where it needs none.
        surviving: what no restriction strikes out.
        carrying: of the licences, what no restriction strikes out either.
    """

    permit: Permit
    items: Items
    leaning: Sequence[tuple[Permit, Items]]
    surviving: Items
    carrying: Sequence[tuple[Permit, Items]]


class Standing(NamedTuple):
    """A restriction that stands over some items.

    Args:
        restriction: the restriction.
        items: where it stands.
        satisfied: where it is lifted.
        itself: where what it asks itself is met.
        ways: what else meets it, each with the items.
        exempt: where it is not lifted, and does not bind.
        binding: where it binds.
        strikes: where it binds, and strikes out something that was granted.
    """

    restriction: Restriction
    items: Items
    satisfied: Items
    itself: Items
    ways: Sequence[tuple[Alternative, Items]]
    exempt: Items
    binding: Items
    strikes: Items

    def in_the_way(self, trace: Trace) -> Items:
        """Return where a decision rests on it: what it strikes out, and where nothing is granted, where it binds."""
        everywhere = self.restriction.only is None
        return (self.strikes | (self.binding & ~trace.allowed if everywhere else 0)) & ~trace.permitted


@dataclass(frozen=True, slots=True)
class Trace:
    """What the law found.

    Args:
        items: the items that were asked about.
        granted: what the permits grant, those that grant nothing left out.
        licences: the licences that hold, each with the items that it licenses.
        standing: the restrictions that stand over something.
        over: those that stand over licences, as they are asked of these.
        taking: the rules that take the place of clauses, each with the items for which it does.
        permitted: the items that may flow.
    """

    items: Items
    granted: Sequence[Grant]
    licences: Sequence[tuple[Permit, Items]]
    standing: Sequence[Standing]
    over: Sequence[Standing]
    taking: Sequence[tuple[Replacement, Items]]
    permitted: Items

    @property
    def allowed(self) -> Items:
        """The items that some permit grants, struck out or not."""
        return union(grant.items for grant in self.granted)

    def licensed(self, clauses: frozenset[str]) -> Items:
        """Return the items that a licence of one of `clauses` licenses."""
        return union(items for licence, items in self.licences if licence.head.clause in clauses)

    def replaced(self, clause: str) -> Iterable[tuple[Replacement, Items]]:
        """Yield the rules that took the place of `clause`, each with the items for which it did."""
        return ((rule, items) for rule, items in self.taking if rule.takes(clause))

    def taken(self, clause: str, by: str) -> Items:
        """Return the items for which the rule `by` took the place of `clause`."""
        return union(items for rule, items in self.replaced(clause) if rule.head.id == by)

    def holds(self, rule: str | None, *, licence: bool) -> Items:
        """Return the items that `rule` permits; as a `licence`, those that it licenses."""
        if licence:
            return union(items for permit, items in self.licences if permit.head.id == rule)
        return union(grant.items for grant in self.granted if grant.permit.head.id == rule)

    def gone(self, clause: str) -> Items:
        """Return the items for which another rule took the place of `clause`."""
        return _gone(clause, self.taking)

    def silenced(self, clause: str) -> Items:
        """Return the items for which another rule wholly took the place of `clause`, and it says nothing."""
        return _gone(clause, _wholly(self.taking))


def law(rules: Rules, items: Items, met: Met) -> Trace:
    """Return what the rules say of some items.

    Args:
        rules: the rules that can matter.
        items: the items asked about.
        met: for which of them a condition is met.
    """
    taking = [(rule, found) for rule in rules.replacements if (found := met(rule.when, items))]
    licences = _on_their_terms(rules.licences, items, met, taking)
    grants: list[tuple[Permit, Items, list[tuple[Permit, Items]]]] = []
    for permit, on_its_terms in _on_their_terms(rules.permits, items, met, taking):
        found = on_its_terms
        leaning: list[tuple[Permit, Items]] = []
        if permit.licensed_by is not None:
            for licence, on in licences:
                if on & found and licence.head.clause in permit.licensed_by:
                    leaning.append((licence, on & found))
            found = union(on for _, on in leaning)
        if found:
            grants.append((permit, found, leaning))

    def reached(restriction: Restriction) -> Items:
        return union(found for permit, found, _ in grants if restriction.reaches(permit))

    def reached_in_licences(restriction: Restriction) -> Items:
        return union(on for _, _, leaning in grants for licence, on in leaning if restriction.reaches(licence))

    wholly = _wholly(taking)
    standing = _standing(rules.restrictions, rules.ways, items, wholly, met, reached)
    over = []
    if rules.over and any(leaning for _, _, leaning in grants):
        over = _standing(rules.over, rules.ways_over, items, wholly, met, reached_in_licences)
    granted = [Grant(*grant, *_surviving(*grant, standing, over)) for grant in grants]
    return Trace(items, granted, licences, standing, over, taking, union(grant.surviving for grant in granted))


def licensed(rules: Rules, items: Items, met: Met) -> list[tuple[Permit, Items]]:
    """Return the licences of some items on which another policy can lean: those that no restriction laid over strikes.

    Args:
        rules: the rules that can matter.
        items: the items asked about.
        met: for which of them a condition is met.
    """
    taking = [(rule, found) for rule in rules.replacements if (found := met(rule.when, items))]
    licences = _on_their_terms(rules.licences, items, met, taking)
    over = _standing(rules.over, rules.ways_over, items, _wholly(taking), met, lambda _: 0) if licences else []
    return [(licence, left) for licence, on in licences if (left := on & ~_struck(over, licence, False))]


def _on_their_terms(
    permits: Iterable[Permit], items: Items, met: Met, taking: Sequence[tuple[Replacement, Items]]
) -> list[tuple[Permit, Items]]:
    """Return those of some permits that are met, restrictions aside, each with the items for which it is."""
    found = []
    for permit in permits:
        left = items & ~_gone(permit.head.clause, taking) if taking else items
        if left and (on := met(permit.terms, met(permit.about, left))):
            found.append((permit, on))
    return found


def _gone(clause: str, taking: Iterable[tuple[Replacement, Items]]) -> Items:
    """Return the items for which a rule of `taking` takes the place of `clause`."""
    return union(items for rule, items in taking if rule.takes(clause))


def _wholly(taking: Iterable[tuple[Replacement, Items]]) -> Sequence[tuple[Replacement, Items]]:
    """Return those of `taking` that leave nothing of what they replace."""
    return [(rule, items) for rule, items in taking if rule.wholly]


def _standing(
    restrictions: Iterable[Restriction],
    ways: Sequence[Alternative],
    items: Items,
    wholly: Sequence[tuple[Replacement, Items]],
    met: Met,
    reached: Callable[[Restriction], Items],
) -> list[Standing]:
    """Return the restrictions that stand over some of `items`.

    Args:
        restrictions: all that may.
        ways: what meets what they ask, beside what they say themselves.
        items: the items.
        wholly: the rules that leave nothing of the clauses that they replace.
        met: for which of them a condition is met.
        reached: says what of the granted a restriction can strike.
    """
    found = []
    for restriction in restrictions:
        left = items & ~_gone(restriction.head.clause, wholly) if wholly else items
        if over := met(restriction.when, left):
            satisfied = itself = met(restriction.unless, over)
            others: list[tuple[Alternative, Items]] = []
            for way in ways:
                if restriction.head.clause in way.clauses:
                    open_to = over & ~_gone(way.head.clause, wholly) if wholly else over
                    if also := met(way.when, open_to):
                        others.append((way, also))
                        satisfied |= also
            exempt = met(restriction.exempt, over & ~satisfied)
            binding = over & ~satisfied & ~exempt
            strikes = binding & reached(restriction) if binding else 0
            found.append(Standing(restriction, over, satisfied, itself, others, exempt, binding, strikes))
    return found


def _surviving(
    permit: Permit,
    items: Items,
    leaning: Sequence[tuple[Permit, Items]],
    standing: Iterable[Standing],
    over: Iterable[Standing],
    exempt: bool = False,
) -> tuple[Items, Sequence[tuple[Permit, Items]]]:
    """Return what no restriction strikes out of what a permit grants; and of what carries it, the same.

    A restriction laid over a clause strikes what leans on it, licence by licence; what another licence carries stands.

    Args:
        permit: the permit.
        items: what it grants.
        leaning: the licences on which it leans.
        standing: the restrictions that stand over the event.
        over: those that stand over licences.
        exempt: whether those strike as well that do not bind.
    """
    left = items & ~_struck(standing, permit, exempt)
    if permit.licensed_by is None:
        return left, leaning
    carrying = [(licence, found) for licence, on in leaning if (found := on & left & ~_struck(over, licence, exempt))]
    return union(on for _, on in carrying), carrying


def _struck(by: Iterable[Standing], permit: Permit, exempt: bool) -> Items:
    found = 0
    for standing in by:
        if standing.restriction.reaches(permit):
            found |= standing.binding | (standing.exempt if exempt else 0)
    return found


def bound(trace: Trace) -> Items:
    """Return what would be permitted if the restrictions bound those, too, whom they exempt."""
    if not any(standing.exempt for standing in (*trace.standing, *trace.over)):
        return trace.permitted
    return union(
        _surviving(grant.permit, grant.items, grant.leaning, trace.standing, trace.over, exempt=True)[0]
        for grant in trace.granted
    )


def union(sets: Iterable[Items]) -> Items:
    """Return the items of any of `sets`."""
    found = 0
    for items in sets:
        found |= items
    return found
