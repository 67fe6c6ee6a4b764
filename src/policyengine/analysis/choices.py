"""What must be so, region by region: choices that are told in few words, and are exact."""

from __future__ import annotations

from collections.abc import Callable, Collection, Hashable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import reduce
from typing import Any, NamedTuple, TypeVar

from policyengine.analysis.cover import Prefer, Region, prime
from policyengine.analysis.diagram import NO_EVENT, Diagram
from policyengine.analysis.nodes import Below, Domains, Functions, Values, bits
from policyengine.model.condition import Field
from policyengine.model.profile import Question
from policyengine.model.space import Variable

T = TypeVar("T")


class Conditions(NamedTuple):
    """A part of a set: a region of what is asked, and what must be so of the rest for all of it to be in the set.

    Args:
        box: the region, in the variables that are asked for.
        choices: regions in the others: of each choice one.
    """

    box: Region
    choices: Sequence[Sequence[Region]]


def conditions(
    root: Below,
    wanted: Callable[[Hashable], bool],
    domains: Domains,
    asked: Collection[int],
    widened: Sequence[int],
    prefer: Prefer,
) -> list[Conditions]:
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
    """
    functions = Functions(domains)
    whole = functions.where(root, wanted, beyond=False)
    within = functions.where(root, wanted, beyond=True)
    events = functions.where(root, lambda _: True, beyond=False)
    found: list[tuple[Conditions, Below]] = []
    left = whole
    while left is not functions.never:
        cube = prime(left, within, functions, widened, prefer)
        box = {rank: values for rank, values in cube.items() if rank in asked}
        allowed = functions.everywhere(within, box, asked)
        there = functions.both(functions.somewhere(left, box, asked), allowed)
        choices = _choices(there, allowed, functions, widened, prefer)
        covered = functions.both(functions.region(box), _met(choices, functions))
        found.append((Conditions(box, choices), covered))
        left = functions.without(left, covered)
    return [_told(part, events, functions) for part in _needed(found, whole, functions)]


def _choices(
    there: Below, allowed: Below, functions: Functions, widened: Sequence[int], prefer: Prefer
) -> list[list[Region]]:
    """Return choices that together are met everywhere `there`, and nowhere but where it is allowed: few words.

    They are one choice among regions, or what must be so one by one, whichever is shorter.
    """
    denied, elsewhere = functions.contrary(allowed), functions.contrary(there)
    ways = _regions(there, allowed, functions, widened, prefer)
    bars = _regions(denied, elsewhere, functions, widened, lambda _, values: (-values.bit_count(),))
    for way, bar in zip(ways, bars, strict=False):
        if way is not None and (bar is None or _length(way) <= _length(bar)):
            return [] if way == [{}] else [way]
        if bar is not None:
            return [[{rank: functions.rest(rank, one[rank])} for rank in sorted(one)] for one in bar]
    raise AssertionError("a cover has an end")


def _regions(
    left: Below, within: Below, functions: Functions, widened: Sequence[int], prefer: Prefer
) -> Iterator[list[Region] | None]:
    """Yield None as long as more regions of `within` are needed to cover `left`, then these, again and again."""
    whole, found = left, list[tuple[Region, Below]]()
    while left is not functions.never:
        region = prime(left, within, functions, widened, prefer)
        covered = functions.region(region)
        found.append((region, covered))
        left = functions.without(left, covered)
        if left is not functions.never:
            yield None
    needed = _needed(found, whole, functions)
    while True:
        yield needed


def _length(regions: Iterable[Region]) -> int:
    return sum(map(len, regions))


def _met(choices: Iterable[Sequence[Region]], functions: Functions) -> Below:
    """Return where choices are met."""
    alternatives = [reduce(functions.either, map(functions.region, some), functions.never) for some in choices]
    return reduce(functions.both, alternatives, functions.always)


def _told(part: Conditions, events: Below, functions: Functions) -> Conditions:
    """Return a part without values with which there are no events in it."""
    choices = [[_there(one, {**part.box, **one}, events, functions) for one in some] for some in part.choices]
    box = _there(part.box, part.box, events, functions)
    return Conditions(box, [some for some in choices if {} not in some])


def _there(region: Region, whole: Region, events: Below, functions: Functions) -> Region:
    found: Region = {}
    for rank, values in region.items():
        possible = functions.widest(events, whole, rank, everywhere=False)
        if possible & ~values:
            found[rank] = values & possible
    return found


def _needed(found: list[tuple[T, Below]], whole: Below, functions: Functions) -> list[T]:
    """Return what of `found`, each with what it covers, is needed to cover a function: what came last goes first."""
    before = [whole]
    for _, covered in found:
        before.append(functions.without(before[-1], covered))
    kept: list[T] = []
    after = functions.never
    for (one, covered), left in reversed(list(zip(found, before, strict=False))):
        if functions.without(left, after) is not functions.never:
            kept.insert(0, one)
            after = functions.either(after, covered)
    return kept


Named = Mapping[Variable, tuple[Any, ...]]
"""By variable, the values that it may have; what is not there may have any."""


@dataclass(frozen=True, slots=True)
class Terms:
    """What must be so for some values of the variables that are asked for.

    Args:
        where: by asked variable, the values; what is not there is so for all.
        choices: what must be so of the other variables: of each choice one, by variable the values.
    """

    where: Named
    choices: tuple[tuple[Named, ...], ...]


def terms(diagram: Diagram, wanted: Callable[[Any], bool]) -> list[Terms]:
    """Return on which terms a diagram says what is wanted, in few rows; together they are exact.

    Args:
        diagram: the diagram; what it was asked for are the columns.
        wanted: whether something that it says is. Where there is no event, a row may go either way.
    """
    asked = {diagram.rank(variable) for variable in diagram.asked}
    others = [rank for rank in range(len(diagram.variables)) if rank not in asked]
    # What differs by the operation is told apart by it: a row of several is about what is the same for all of them.
    widened = [*reversed(others), *sorted(asked - {diagram.rank(Field.OPERATION)}, reverse=True)]

    def prefer(rank: int, values: Values) -> tuple[int, ...]:
        if isinstance(diagram.variables[rank], Question):  # what is there without any fact is told first
            return (int(all(diagram.value(rank, number) for number in bits(values))),)
        return (-values.bit_count(),)

    def named(region: Region) -> Named:
        found = {
            diagram.variables[rank]: tuple(diagram.value(rank, number) for number in bits(region[rank]))
            for rank in sorted(region)
        }
        return {of: values for of, values in found.items() if not diagram.implied(of, values, found)}

    def as_much(one: Named, other: Named) -> bool:
        """Whether one region says what another says, or more."""
        return all(one.get(of) == values or diagram.implied(of, values, one) for of, values in other.items())

    def few(some: Sequence[Named]) -> tuple[Named, ...]:
        """Return alternatives without those that say more than another."""
        return tuple(one for one in some if not any(other is not one and as_much(one, other) for other in some))

    def looked_for(says: Hashable) -> bool:
        return says is not NO_EVENT and wanted(says)

    found = conditions(diagram.root, looked_for, diagram.domain, asked, widened, prefer)
    return [Terms(named(part.box), tuple(few(list(map(named, some))) for some in part.choices)) for part in found]
