"""Decision diagrams: nodes that are shared, over variables whose values are the bits of an integer.

A node divides by one variable, and has for each set of its values the node below; variables come in one order on every
path. Equal nodes are one object, and no node has equal children alone, so that two functions are equal where their
nodes are the same object.
"""

from __future__ import annotations

from collections.abc import Callable, Container, Hashable, Iterable, Iterator, Mapping, Sequence
from functools import reduce
from operator import and_
from typing import Final, TypeAlias

Values: TypeAlias = int
"""A set of values of one variable: bit `n` stands for the one with the number `n`."""

Cube: TypeAlias = "Mapping[int, Values]"
"""A region of the space, by the rank of each variable that it narrows: where each has one of these values."""


class End:
    """Where a path ends: what is said there."""

    __slots__ = ("says",)

    def __init__(self, says: Hashable) -> None:
        self.says: Final = says


class Node:
    """A division by one variable.

    Args:
        rank: the place of the variable in the order.
        edges: sets of its values, apart from one another, each with what is below; no two with the same.
    """

    __slots__ = ("edges", "rank")

    def __init__(self, rank: int, edges: tuple[tuple[Values, Below], ...]) -> None:
        self.rank: Final = rank
        self.edges: Final = edges


Below: TypeAlias = End | Node

Domains: TypeAlias = "Callable[[int], Values]"
"""Returns all values of the variable of a rank."""


class Nodes:
    """Makes nodes, each once."""

    def __init__(self) -> None:
        self._ends: dict[Hashable, End] = {}
        self._nodes: dict[tuple[int, frozenset[tuple[Values, Below]]], Node] = {}

    def __len__(self) -> int:
        return len(self._nodes)

    def end(self, says: Hashable) -> End:
        """Return the end that says this."""
        return self._ends.setdefault(says, End(says))

    def node(self, rank: int, edges: Iterable[tuple[Values, Below]]) -> Below:
        """Return the division by the variable of a rank; where all is the same below, that itself."""
        by_child: dict[Below, Values] = {}
        for values, child in edges:
            by_child[child] = by_child.get(child, 0) | values
        if len(by_child) == 1:
            return next(iter(by_child))
        found = tuple((values, child) for child, values in by_child.items())
        return self._nodes.setdefault((rank, frozenset(found)), Node(rank, found))


class Functions:
    """Boolean functions as diagrams: whether a point is in a set. Every value of a variable has an edge.

    Args:
        domains: the values of the variables.
        nodes: makes the nodes.
    """

    def __init__(self, domains: Domains, nodes: Nodes | None = None) -> None:
        self._domains = domains
        self._nodes = nodes or Nodes()
        self.never: Below = self._nodes.end(False)
        self.always: Below = self._nodes.end(True)
        self._done: dict[tuple[str, Below, Below], Below] = {}

    def where(self, root: Below, wanted: Callable[[Hashable], bool], *, beyond: bool) -> Below:
        """Return where a diagram says what is wanted.

        Args:
            root: the diagram.
            wanted: whether something that it says is.
            beyond: whether points that the diagram does not have, as there are no such events, count.
        """
        rest = self.always if beyond else self.never
        done: dict[Below, Below] = {}

        def turned(below: Below) -> Below:
            if below not in done:
                if isinstance(below, End):
                    done[below] = self.always if wanted(below.says) else self.never
                else:
                    left = self._domains(below.rank)
                    edges = []
                    for values, child in below.edges:
                        left &= ~values
                        edges.append((values, turned(child)))
                    done[below] = self._nodes.node(below.rank, [*edges, (left, rest)] if left else edges)
            return done[below]

        return turned(root)

    def told(self, says: Callable[..., Hashable], there: Below, *functions: Below) -> Below | None:
        """Return what several functions together say, as a diagram that has no more than is there; None for nothing.

        Args:
            says: makes of the values of the functions what is said.
            there: where there is something.
            functions: the functions.
        """
        done: dict[tuple[Below, ...], Below | None] = {}

        def found(some: tuple[Below, ...]) -> Below | None:
            if some[0] is self.never:
                return None
            if some not in done:
                ranks = [below.rank for below in some if isinstance(below, Node)]
                if not ranks:
                    done[some] = self._nodes.end(says(*(below is self.always for below in some[1:])))
                else:
                    rank = min(ranks)
                    edges: list[tuple[Values, Below]] = []
                    for values, below in self._together(some, rank):
                        child = found(below)
                        if child is not None:
                            edges.append((values, child))
                    done[some] = self._nodes.node(rank, edges) if edges else None
            return done[some]

        return found((there, *functions))

    def _together(self, some: Sequence[Below], rank: int) -> Iterable[tuple[Values, tuple[Below, ...]]]:
        """Return the edges of several functions as one: sets of values with what is below each function."""
        found: list[tuple[Values, tuple[Below, ...]]] = [(self._domains(rank), ())]
        for below in some:
            found = [
                (both, (*before, child))
                for values, before in found
                for others, child in _edges(below, rank, self._domains)
                if (both := values & others)
            ]
        return found

    def test(self, rank: int, values: Values) -> Below:
        """Return where the variable of a rank has one of some values."""
        rest = self._domains(rank) & ~values
        edges = [(values, self.always), (rest, self.never)]
        return self._nodes.node(rank, [(some, below) for some, below in edges if some])

    def contrary(self, function: Below) -> Below:
        """Return where a function is not met."""
        return self.without(self.always, function)

    def region(self, cube: Cube) -> Below:
        """Return a region as a function."""
        found: Below = self.always
        for rank in sorted(cube, reverse=True):
            rest = self._domains(rank) & ~cube[rank]
            found = self._nodes.node(rank, [(cube[rank], found), (rest, self.never)] if rest else [(cube[rank], found)])
        return found

    def values(self, rank: int) -> Values:
        """Return all values of the variable of a rank."""
        return self._domains(rank)

    def rest(self, rank: int, values: Values) -> Values:
        """Return the other values of the variable of a rank."""
        return self._domains(rank) & ~values

    def without(self, left: Below, right: Below) -> Below:
        """Return where `left` is met and `right` is not."""
        if left is self.never or right is self.always or left is right:
            return self.never
        if right is self.never:
            return left
        return self._joined(self.without, left, right)

    def both(self, left: Below, right: Below) -> Below:
        """Return where two functions are met."""
        if left is self.never or right is self.never:
            return self.never
        if left is self.always or left is right:
            return right
        return left if right is self.always else self._joined(self.both, left, right)

    def either(self, left: Below, right: Below) -> Below:
        """Return where one of two functions is met."""
        if left is self.always or right is self.always:
            return self.always
        if left is self.never or left is right:
            return right
        return left if right is self.never else self._joined(self.either, left, right)

    def everywhere(self, function: Below, cube: Cube, ranks: Container[int]) -> Below:
        """Return where a function is met with all values that some variables have in a region."""
        return self._folded(function, cube, ranks, self.both)

    def somewhere(self, function: Below, cube: Cube, ranks: Container[int]) -> Below:
        """Return where a function is met with any values that some variables have in a region."""
        return self._folded(function, cube, ranks, self.either)

    def _folded(
        self, function: Below, cube: Cube, ranks: Container[int], join: Callable[[Below, Below], Below]
    ) -> Below:
        done: dict[Below, Below] = {}

        def folded(below: Below) -> Below:
            if isinstance(below, End):
                return below
            if below not in done:
                if below.rank in ranks:
                    within = cube.get(below.rank, -1)
                    done[below] = reduce(join, (folded(child) for values, child in below.edges if values & within))
                else:
                    done[below] = self._nodes.node(
                        below.rank, [(values, folded(child)) for values, child in below.edges]
                    )
            return done[below]

        return folded(function)

    def _joined(self, join: Callable[[Below, Below], Below], left: Below, right: Below) -> Below:
        key = join.__name__, left, right
        if key not in self._done:
            rank = min(below.rank for below in (left, right) if isinstance(below, Node))
            edges = []
            for values, ours in _edges(left, rank, self._domains):
                for others, theirs in _edges(right, rank, self._domains):
                    if common := values & others:
                        edges.append((common, join(ours, theirs)))
            self._done[key] = self._nodes.node(rank, edges)
        return self._done[key]

    def widest(self, function: Below, cube: Cube, rank: int, *, everywhere: bool = True) -> Values:
        """Return the values of one variable for which a function is met everywhere in a region, otherwise as it is.

        Args:
            function: the function.
            cube: the region.
            rank: the rank of the variable; what the region says of it does not matter.
            everywhere: whether it must be met everywhere; else somewhere will do.
        """
        everything = self._domains(rank)
        met: dict[Below, bool] = {self.always: True, self.never: False}
        done: dict[Below, Values] = {self.always: everything, self.never: 0}
        both: Callable[[Iterable[bool]], bool] = all if everywhere else any

        def is_met(below: Below) -> bool:
            if below not in met:
                assert isinstance(below, Node)
                within = cube.get(below.rank, -1)
                met[below] = both(is_met(child) for values, child in below.edges if values & within)
            return met[below]

        def found(below: Below) -> Values:
            if below not in done:
                assert isinstance(below, Node)
                if below.rank > rank:
                    done[below] = everything if is_met(below) else 0
                elif below.rank == rank:
                    done[below] = _union(values for values, child in below.edges if is_met(child))
                else:
                    within = cube.get(below.rank, -1)
                    some = [found(child) for values, child in below.edges if values & within]
                    done[below] = reduce(and_, some, everything) if everywhere else _union(some)
            return done[below]

        return found(function)


def _edges(below: Below, rank: int, domains: Domains) -> Iterable[tuple[Values, Below]]:
    return below.edges if isinstance(below, Node) and below.rank == rank else ((domains(rank), below),)


def _union(sets: Iterable[Values]) -> Values:
    found = 0
    for values in sets:
        found |= values
    return found


def bits(values: Values) -> Iterator[int]:
    """Yield the numbers of the values of a set."""
    while values:
        low = values & -values
        yield low.bit_length() - 1
        values ^= low
