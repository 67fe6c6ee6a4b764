"""What rules say of events of one class as one formula of what is left to ask: leaves, and, or.

What all events of the class answer alike has its answer already. Each leaf that is left is wanted met or wanted not
met; the formula is met for the items that may flow, as the law (`policyengine.decision.law`) finds them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Final, TypeAlias

from msgspec import Struct

from policyengine.decision.law import Items, Rules
from policyengine.model.condition import And, Condition, Elsewhere, Not, Or
from policyengine.model.rule import Alternative, Permit, Replacement, Restriction


class Wanted(Struct, frozen=True, gc=False):
    """A leaf that is to be met, or not to be met.

    Args:
        leaf: its number.
        met: which of the two.
    """

    leaf: int
    met: bool


class All(Struct, frozen=True, gc=False):
    """Met where every part is; without parts everywhere."""

    every: tuple[Node, ...]


class Some(Struct, frozen=True, gc=False):
    """Met where a part is; without parts nowhere."""

    some: tuple[Node, ...]


Node: TypeAlias = Wanted | All | Some

Told: TypeAlias = Callable[[int], Items]
"""Returns for which items the leaf of a number is met."""

EVERYWHERE: Final = All(())
NOWHERE: Final = Some(())


def all_of(parts: Iterable[Node]) -> Node:
    """Return what is met where all of `parts` are."""
    left: dict[Node, None] = {}
    for part in parts:
        if type(part) is All:
            left.update(dict.fromkeys(part.every))
        elif part == NOWHERE:
            return NOWHERE
        else:
            left[part] = None
    return next(iter(left)) if len(left) == 1 else All(tuple(left))


def some_of(parts: Iterable[Node]) -> Node:
    """Return what is met where any of `parts` is."""
    left: dict[Node, None] = {}
    for part in parts:
        if type(part) is Some:
            left.update(dict.fromkeys(part.some))
        elif part == EVERYWHERE:
            return EVERYWHERE
        else:
            left[part] = None
    return next(iter(left)) if len(left) == 1 else Some(tuple(left))


Replacing: TypeAlias = Sequence[tuple[Replacement, Node]]
"""Rules that take the place of clauses, each with where it does."""


class Builder:
    """Makes formulas.

    Args:
        settled: returns whether a leaf is met by all events of the class, or by none; None where they differ.
        number: returns the number of a leaf in which they differ.
        elsewhere: returns where other policies license.
    """

    def __init__(
        self,
        settled: Callable[[Condition], bool | None],
        number: Callable[[Condition], int],
        elsewhere: Callable[[], Node] = lambda: NOWHERE,
    ) -> None:
        self._settled = settled
        self._number = number
        self._elsewhere = elsewhere

    def condition(self, condition: Condition, met: bool = True) -> Node:
        """Return where a condition is `met`, or is not."""
        match condition:
            case And(parts) | Or(parts):
                every = isinstance(condition, And) is met
                inner: list[Node] = []
                for part in parts:
                    node = self.condition(part, met)
                    if node == (NOWHERE if every else EVERYWHERE):
                        return node
                    inner.append(node)
                return all_of(inner) if every else some_of(inner)
            case Not(part):
                return self.condition(part, not met)
            case Elsewhere() if met:  # it never stands where it would have to be unmet
                return self._elsewhere()
            case _:
                known = self._settled(condition)
                if known is None:
                    return Wanted(self._number(condition), met)
                return EVERYWHERE if known is met else NOWHERE

    def permitted(self, rules: Rules) -> Node:
        """Return where the rules of one policy permit."""
        replacing, wholly = self._replacing(rules)
        free = self._free(rules.restrictions, rules.ways, wholly)
        licences = self._licences(rules)
        found = []
        for permit in rules.permits:
            node = self._on_its_terms(permit, free, replacing)
            if node != NOWHERE and permit.licensed_by is not None:
                node = all_of([node, some_of(one for clause, one in licences if clause in permit.licensed_by)])
            found.append(node)
        return some_of(found)

    def licensed(self, rules: Rules) -> Node:
        """Return where the rules of one policy license what others lean on."""
        return some_of(node for _, node in self._licences(rules))

    def _licences(self, rules: Rules) -> list[tuple[str, Node]]:
        """Return the clauses of licences, each with where it licenses."""
        replacing, wholly = self._replacing(rules)
        free = self._free(rules.over, rules.ways_over, wholly)
        return [(licence.head.clause, self._on_its_terms(licence, free, replacing)) for licence in rules.licences]

    def _replacing(self, rules: Rules) -> tuple[Replacing, Replacing]:
        """Return the rules that take the place of clauses, with where they do; and of these those that do wholly."""
        replacing = [(rule, self.condition(rule.when)) for rule in rules.replacements]
        replacing = [(rule, where) for rule, where in replacing if where != NOWHERE]
        return replacing, [(rule, where) for rule, where in replacing if rule.wholly]

    def _on_its_terms(
        self, permit: Permit, restrictions: Sequence[tuple[Restriction, Node]], replacing: Replacing
    ) -> Node:
        """Return where a permit is met, and no restriction strikes it."""
        about = self.condition(permit.about)
        if about == NOWHERE:
            return NOWHERE
        terms = self.condition(permit.terms)
        if terms == NOWHERE:
            return NOWHERE
        clause = permit.head.clause
        stays = [self.condition(rule.when, met=False) for rule, _ in replacing if rule.takes(clause)]
        spared = [node for restriction, node in restrictions if restriction.reaches(permit)]
        return all_of([about, terms, *stays, *spared])

    def _free(
        self,
        restrictions: Iterable[Restriction],
        ways: Iterable[Alternative],
        wholly: Sequence[tuple[Replacement, Node]],
    ) -> list[tuple[Restriction, Node]]:
        """Return restrictions, each with where it does not bind; those that bind nowhere are left out.

        Args:
            restrictions: the restrictions.
            ways: what else meets what they ask.
            wholly: the rules that leave nothing of the clauses that they replace, each with where it does.
        """
        found = []
        for restriction in restrictions:
            over = self.condition(restriction.when, met=False)
            if over != EVERYWHERE:
                lifted = self.condition(restriction.unless), self.condition(restriction.exempt)
                clause = restriction.head.clause
                silent = [where for rule, where in wholly if rule.takes(clause)]
                others = [self._way(way, wholly) for way in ways if clause in way.clauses]
                found.append((restriction, some_of([over, *lifted, *silent, *others])))
        return found

    def _way(self, way: Alternative, wholly: Iterable[tuple[Replacement, Node]]) -> Node:
        """Return where a way to meet what others ask is met, and its clause is not wholly replaced."""
        stays = [self.condition(rule.when, met=False) for rule, _ in wholly if rule.takes(way.head.clause)]
        return all_of([self.condition(way.when), *stays])


def met(node: Node, told: Told, items: Items) -> Items:
    """Return those of `items` for which a formula is met."""
    if type(node) is Wanted:
        return items & told(node.leaf) if node.met else items & ~told(node.leaf)
    if type(node) is All:
        for part in node.every:
            items = met(part, told, items)
            if not items:
                break
        return items
    found = 0
    for part in node.some:  # type: ignore[union-attr]
        found |= met(part, told, items & ~found)
        if found == items:
            break
    return found
