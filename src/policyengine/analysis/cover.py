"""Few regions that together are all points of a set: the rows in which an answer is told."""

from __future__ import annotations

from collections.abc import Callable, Collection, Hashable, Mapping, Sequence
from typing import NamedTuple, TypeAlias, TypeVar

from policyengine.analysis.nodes import Below, Domains, End, Functions, Node, Values, bits

P = TypeVar("P")

Prefer: TypeAlias = "Callable[[int, Values], tuple[int, ...]]"
"""How gladly some values of the variable of a rank are taken, the smallest first."""

Region: TypeAlias = "dict[int, Values]"
"""By the rank of each variable that is narrowed, the values that it may have."""


class Part(NamedTuple):
    """A part of a set: a region of what is asked, and ways in which all of it is in the set.

    Args:
        box: the region, in the variables that are asked for.
        ways: regions in the others.
    """

    box: Region
    ways: Sequence[Region]


def cover(
    root: Below,
    wanted: Callable[[Hashable], bool],
    domains: Domains,
    asked: Collection[int],
    widened: Sequence[int],
    prefer: Prefer,
    spare: Callable[[Hashable], bool] | None = None,
    few: Mapping[int, int] | None = None,
) -> list[Part]:
    """Return parts that together are where a diagram says what is wanted: none can be widened, or be left out.

    A region reaches beyond what the diagram has where there are no such events, if it has fewer words then.

    Args:
        root: the diagram.
        wanted: whether something that it says is.
        domains: the values of its variables.
        asked: the ranks of the variables that are asked for.
        widened: the ranks of all variables, in the order in which a region is widened: what comes first is narrowed
            least.
        prefer: which values are taken where there is a choice.
        spare: whether a region may reach as well where the diagram says something; it has no value then with which it
            would do nothing else.
        few: of such a region, ranks of variables whose values with which it does something are told though it need not
            be narrowed to them, each with how many there may be of these.
    """
    functions = Functions(domains)
    whole = functions.where(root, wanted, beyond=False)
    within = functions.where(root, lambda says: wanted(says) or (spare is not None and spare(says)), beyond=True)
    found: list[Part] = []
    left = whole
    while left is not functions.never:
        cube = prime(left, within, functions, widened, prefer)
        box = {rank: values for rank, values in cube.items() if rank in asked}
        allowed = functions.everywhere(within, box, asked)
        there = functions.both(functions.somewhere(left, box, asked), allowed)
        ways: list[Region] = []
        waiting = there
        while waiting is not functions.never:
            ways.append(prime(waiting, allowed, functions, widened, prefer))
            waiting = functions.without(waiting, functions.region(ways[-1]))
        part = Part(box, _needed(ways, lambda way: [way], there, functions))
        found.append(part)
        for region in _regions(part):
            left = functions.without(left, functions.region(region))
    kept = _needed(found, _regions, whole, functions)
    return kept if spare is None else [_touched(part, whole, functions, few or {}) for part in kept]


def _touched(part: Part, whole: Below, functions: Functions, few: Mapping[int, int]) -> Part:
    """Return a part without values with which nothing of it is in the set."""

    def touched(rank: int, values: Values, region: Region) -> Values:
        there = (1 << number for number in bits(values))
        cubes = ((one, functions.region({**region, rank: one})) for one in there)
        return sum(one for one, cube in cubes if functions.both(whole, cube) is not functions.never)

    box = {rank: touched(rank, values, part.box) for rank, values in part.box.items()}
    for rank, most in few.items():
        if rank not in box:
            everything = functions.values(rank)
            found = touched(rank, everything, box)
            if found != everything and found.bit_count() <= most:
                box[rank] = found
    ways = [{rank: touched(rank, values, {**part.box, **way}) for rank, values in way.items()} for way in part.ways]
    return Part(dict(sorted(box.items())), ways)


def _regions(part: Part) -> list[Region]:
    return [{**part.box, **way} for way in part.ways]


def prime(left: Below, within: Below, functions: Functions, widened: Sequence[int], prefer: Prefer) -> Region:
    """Return a region of `within` that has something of `left`, and cannot be widened."""
    cube = _path(left, functions, prefer)
    for rank in widened:
        if rank in cube:
            values = functions.widest(within, cube, rank)
            if functions.rest(rank, values):
                cube[rank] = values
            else:
                del cube[rank]
    return cube


def _path(function: Below, functions: Functions, prefer: Prefer) -> Region:
    """Return one path to where a function is met."""
    found: Region = {}
    while isinstance(function, Node):
        rank = function.rank
        edges = [edge for edge in function.edges if edge[1] is not functions.never]
        values, below = min(edges, key=lambda edge: prefer(rank, edge[0]))
        found[rank] = values
        function = below
    assert isinstance(function, End)
    return found


def _needed(found: list[P], regions: Callable[[P], Sequence[Region]], whole: Below, functions: Functions) -> list[P]:
    """Return what of `found` is needed to cover a function, the narrowest left out first."""
    kept = list(found)
    for one in sorted(found, key=lambda one: -max(map(len, regions(one)))):
        left = whole
        for other in kept:
            for region in regions(other) if other is not one else ():
                left = functions.without(left, functions.region(region))
        if left is functions.never:
            kept = [other for other in kept if other is not one]
    return kept
