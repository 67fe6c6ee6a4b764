"""The exact decision diagram of some policies: what they say of every event, told whole.

The space of events (`policyengine.model.space`) is divided a variable at a time, as the difference finder does it, and
the rules of all policies are simplified by what is known. Where the same is left of them, and the same is open, the
same is said below; so a region is looked at once, and values that nothing left tells apart go on together. What comes
of it is a diagram: a node for each division, an end for what the policies say, and nothing sampled.

Variables come in one order: the time and the operation, those that are asked for, then all others, facts last. Where
no event is, the diagram has no edge.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import reduce
from typing import Any, Final, TypeAlias

from policyengine.analysis.cover import cover
from policyengine.analysis.nodes import Below, End, Functions, Nodes, Values, bits
from policyengine.analysis.sight import Sight
from policyengine.analysis.standing import Key, Left, Side
from policyengine.decision.remedy.formula import All, Builder, Some, Wanted
from policyengine.decision.remedy.formula import Node as Formula
from policyengine.decision.ruling import Ruling
from policyengine.model.condition import Condition, Field, Holds, In, NotIn, leaves
from policyengine.model.fields import ROWS
from policyengine.model.meets import says
from policyengine.model.operation import OPERATIONS
from policyengine.model.profile import Bits, Question, implies
from policyengine.model.space import TIME, Point, Space, Undecided, Variable
from policyengine.model.vocabulary import DIMENSION_OF, DIMENSIONS

Judge: TypeAlias = "Callable[..., Hashable]"
"""Makes of the rulings of the policies, in their order, what is said of an event."""

NO_EVENT: Final = None
"""What a diagram says where there is no such event, if there is none at all."""


@dataclass(frozen=True, slots=True)
class Equal:
    """In place of the value of an id: it is the same as that of other fields, which come before it."""

    fields: tuple[Field, ...]


@dataclass(frozen=True, slots=True)
class Assumed:
    """What is taken for granted of facts of one type.

    Args:
        there: facts that there are, each by its value fields; each states all else, and agrees wherever it can.
        absent: facts that there are not, likewise; where no field is named, there is none of the type.
    """

    there: tuple[Mapping[str, str], ...] = ()
    absent: tuple[Mapping[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class Partial:
    """What is known of the events that a diagram is about.

    Args:
        values: by variable, the values that it may have: words as events state them, `OPEN` or None for what states
            none. A variable that is not there may have any.
        assumed: by type of fact, what is assumed of its facts.
        newest: whether they are of the newest span of time in which no rule changes; else of any time.
    """

    values: Mapping[Variable, tuple[Any, ...]]
    assumed: Mapping[str, Assumed]
    newest: bool = False


NOTHING_KNOWN: Final = Partial({}, {})


class Diagram:
    """What some policies say of every event.

    Args:
        sights: the policies, with what they look at.
        judge: makes of their rulings what is said of an event.
        known: of which events the diagram is.
        asked: the variables that are divided first, in this order.
        cites: whether rulings tell which clauses they rest on.
        obliges: whether they tell to what they oblige.
        denials: whether those that deny tell it as well.
        odd: whether words are looked at that no policy knows; words that one of several does not know always are.
        alike: what is said where the same is left of all policies, and they permit; of what is left no more is told
            there than whether they do, and the judge is not asked about more. None to ask it everywhere.
        common: whether facts state no words that some of the policies know and others do not, but of events that have
            one themselves.
        regions: how many regions may be looked at; None for all that it takes.

    Raises:
        Undecided: `regions` were not enough, or the policies declare what cannot be held against one another.
    """

    def __init__(
        self,
        sights: Sequence[Sight],
        judge: Judge,
        known: Partial = NOTHING_KNOWN,
        asked: Sequence[Variable] = (),
        *,
        cites: bool = False,
        obliges: bool = False,
        denials: bool = True,
        odd: bool = False,
        alike: Hashable = NO_EVENT,
        common: bool = False,
        regions: int | None = None,
    ) -> None:
        self.space = Space(sights, common=common)
        self.sights = tuple(sights)
        self.known = known
        self.variables: list[Variable] = self._in_order(asked)
        """The variables, in the order of the diagram."""
        self.asked: tuple[Variable, ...] = tuple(asked)
        self._rank: dict[Variable, int] = {variable: rank for rank, variable in enumerate(self.variables)}
        self._values: list[list[Any]] = [[] for _ in self.variables]
        self._numbers: list[dict[Any, int]] = [{} for _ in self.variables]
        self._judge = judge
        self._alike = alike
        self._regions = regions
        self._nodes = Nodes()
        self._sides = [
            Side(self.space, index, sight, cites=cites, obliges=obliges, denials=denials)
            for index, sight in enumerate(sights)
        ]
        self._alone = [Side(self.space, 0, sights[0], cites=False, obliges=False)]
        self._odd = self._odd_words(odd)
        self._done: dict[Any, Below] = {}
        self._formulas = not (cites or obliges) and alike is NO_EVENT
        self._functions = Functions(self.domain, self._nodes)
        self._consistent: dict[Any, Below] = {}
        self._times: tuple[int, ...] = known.values.get(TIME) or (
            self.space.newest() if known.newest else self.space.domain(TIME)
        )
        self.root: Below = self._whole()
        """Where it begins."""

    # ------------------------------------------------------------------------------------------ what it is made of

    def rank(self, variable: Variable) -> int:
        """Return the place of a variable in the order."""
        return self._rank[variable]

    def domain(self, rank: int) -> Values:
        """Return all values of the variable of a rank that the diagram knows, as a set."""
        return (1 << len(self._values[rank])) - 1

    def value(self, rank: int, number: int) -> Any:
        """Return a value of the variable of a rank by its number: one that stands for all that nothing tells apart."""
        return self._values[rank][number]

    @property
    def time(self) -> int:
        """A time of which the diagram is."""
        return self._times[0]

    def members(self, variable: Variable, value: Any) -> tuple[Any, ...]:
        """Return the values for which a value of a field stands."""
        if variable in self.known.values or not isinstance(variable, Field) or not isinstance(value, str):
            return (value,)
        if variable is Field.OPERATION:  # the diagram divides by each of them, also where rules name no difference
            return (value,)
        return self.space.alike_with(variable, value)

    def implied(self, variable: Variable, values: tuple[Any, ...], region: Mapping[Variable, tuple[Any, ...]]) -> bool:
        """Whether what a region says of a question is so by what it says of another question."""
        if not isinstance(variable, Question):
            return False
        for other, others in region.items():
            if isinstance(other, Question) and other is not variable and others == values:
                of = self.space.types[variable.holds.type].declared
                first, second = (other, variable) if values == (True,) else (variable, other)
                alike = implies(second, first, of)
                if implies(first, second, of) and (not alike or self._rank[variable] > self._rank[other]):
                    return True
        return False

    def _in_order(self, asked: Sequence[Variable]) -> list[Variable]:
        questions = [question for found in self.space.types.values() for question in found.questions]
        order: dict[Variable, None] = {TIME: None, Field.OPERATION: None}
        for variable in (*asked, *self.space.variables):
            # INVARIANT: of ids that rules compare, each is chosen beside those that come before it.
            together = self.space.together(variable) if isinstance(variable, Field) else ()
            before = together[: together.index(variable)] if variable in together else ()
            order.update(dict.fromkeys((*before, variable)))
        order.update(dict.fromkeys(questions))
        return list(order)

    def _odd_words(self, unheard_of: bool) -> Mapping[Field, tuple[str, ...]]:
        found = {}
        for dimension, field in DIMENSIONS.items():
            if field not in self.known.values and (words := self.space.odd_words(dimension, unheard_of=unheard_of)):
                found[field] = words
        return found

    # ------------------------------------------------------------------------------------------ the whole

    def _whole(self) -> Below:
        times = []
        for time in self._times:
            for side in (*self._sides, *self._alone):
                side.go_to(time)
            operations = []
            for operation in self.known.values.get(Field.OPERATION) or OPERATIONS:
                for side in (*self._sides, *self._alone):
                    side.take_up(operation)
                self._done = {}
                below = self._from({TIME: time, Field.OPERATION: operation})
                if below is not None:
                    operations.append((self._number(Field.OPERATION, operation), below))
            if operations:
                times.append((self._number(TIME, time), self._nodes.node(self.rank(Field.OPERATION), operations)))
        return self._nodes.node(self.rank(TIME), times) if times else self._nodes.end(NO_EVENT)

    def _from(self, point: Point) -> Below | None:
        for variable in self.variables:
            some = self.known.values.get(variable, ())
            if len(some) == 1 and variable not in point:
                if isinstance(variable, Field) and not self.space.admits(variable, some[0], point):
                    return None
                point[variable] = some[0]
        if not all(field in point or field in self._odd or self.space.values(field, point) for field in Field):
            return None
        return self._region(point, [self._read(side, side.left, point) for side in self._sides])

    def _number(self, variable: Variable, value: Any) -> Values:
        """Return a value of a variable as a set of its values."""
        rank = self._rank[variable]
        number = self._numbers[rank].setdefault(value, len(self._values[rank]))
        if number == len(self._values[rank]):
            self._values[rank].append(value)
        return 1 << number

    def says(self, row: Row | None = None) -> set[Hashable]:
        """Return all that is said of events, or of those of a row."""
        found: set[Hashable] = set()
        for region in self._regions_of(row):
            waiting, seen = [self.root], set[Below]()
            while waiting:
                below = waiting.pop()
                if isinstance(below, End):
                    found.add(below.says)
                elif below not in seen:
                    seen.add(below)
                    within = region.get(below.rank, -1)
                    waiting += [child for values, child in below.edges if values & within]
        return found - {NO_EVENT}

    def point(self, wanted: Callable[[Any], bool], row: Row | None = None) -> Point | None:
        """Return a point of the space, or of a row, where the diagram says what is wanted; None where there is none."""
        for region in self._regions_of(row):
            for path in self._towards(self.root, wanted, region, set()):
                if (point := self._along({**region, **path})) is not None:
                    return point
        return None

    def _regions_of(self, row: Row | None) -> Iterable[Mapping[int, Values]]:
        for way in ({},) if row is None else row.ways:
            named = {} if row is None else {**row.where, **way}
            yield {
                self._rank[of]: sum(1 << self._numbers[self._rank[of]][value] for value in values)
                for of, values in named.items()
            }

    def _towards(
        self, below: Below, wanted: Callable[[Any], bool], region: Mapping[int, Values], dead: set[Below]
    ) -> Iterator[dict[int, Values]]:
        """Yield paths to where the diagram says what is wanted, in a region."""
        if isinstance(below, End):
            if below.says is not NO_EVENT and wanted(below.says):
                yield {}
            return
        if below in dead:
            return
        led = False
        for values, child in below.edges:
            if within := values & region.get(below.rank, -1):
                for rest in self._towards(child, wanted, region, dead):
                    led = True
                    yield {below.rank: within, **rest}
        if not led:
            dead.add(below)

    def _along(self, path: Mapping[int, Values]) -> Point | None:
        """Return a point on a path; None where there is no event with all that it says."""
        named = {variable for rank in path if isinstance(variable := self.variables[rank], Field)}
        beside = {self._rank[other] for variable in named for other in self.space.together(variable)}
        # INVARIANT: of ids that rules compare, each is chosen beside those that come before it.
        before = {rank for rank in beside if rank < max(path, default=0)}
        ranks = sorted({self._rank[TIME], self._rank[Field.OPERATION], *before, *path})

        def further(point: Point, number: int) -> Point | None:
            if number == len(ranks):
                return self._as_known(point)
            rank = ranks[number]
            variable = self.variables[rank]
            if variable in point:
                return further(point, number + 1)
            if isinstance(variable, Question) and (seed := self._assumed(variable.holds.type, point)) is not None:
                point = {**point, variable.holds.type: seed}
            allowed = [self.value(rank, of) for of in bits(path.get(rank, self.domain(rank)))]
            possible = allowed if variable in (TIME, Field.OPERATION) else self._possible(variable, point)
            for value in possible:
                if self._plain(variable, value, point) in allowed:
                    found = further(self.space.with_value(point, variable, value), number + 1)
                    if found is not None:
                        return found
            return None

        return further({of: some[0] for of, some in self.known.values.items() if len(some) == 1}, 0)

    def _as_known(self, point: Point) -> Point:
        """Return a point with what is known of its events and does not matter there."""
        for variable in self.variables:
            if variable not in point and not isinstance(variable, Question):
                point[variable] = next(iter(self._possible(variable, point)))
        for name in self.known.assumed.keys() & self.space.types.keys():
            if (seed := self._assumed(name, point)) is not None:
                answerable = self.space.types[name].answerable(self.space.options(self.space.types[name], point))
                point[name] = seed[0] & answerable, seed[1]
        return point

    # ------------------------------------------------------------------------------------------ a region

    def _region(self, point: Point, left: Sequence[Left]) -> Below | None:
        sides = self._sides_of(left)
        left = [side.simplified(found, point) for side, found in zip(sides, left, strict=True)]
        keys = [side.keys(found, point) for side, found in zip(sides, left, strict=True)]
        waiting = tuple(field for field in self._odd if field not in point)
        if self._alike is not NO_EVENT and len(left) > 1 and not waiting and self._are_alike(keys):
            return self._region(point, left[:1])
        open_leaves = [
            {leaf: None for conditions in found.values() for condition in conditions for leaf in leaves(condition)}
            for found in keys
        ]
        types = frozenset(leaf.type for found in open_leaves for leaf in found if isinstance(leaf, Holds))
        state = (
            tuple(frozenset(found) for found in keys),
            tuple(side.ground for side in sides if side.denials),
            waiting,
            self.space.state(types, point),
        )
        if state in self._done:
            return self._done[state]
        if self._regions is not None:
            self._regions -= 1
            if self._regions < 0:
                raise Undecided("the diagram has more regions than were allowed")
        variable = self._open(point, open_leaves, waiting)
        if variable is None:
            verdicts = [side.verdict(found) for side, found in zip(sides, left, strict=True)]
            below: Below | None = self._nodes.end(self._told(verdicts))
        elif isinstance(variable, Question) and self._formulas:
            below = self._of_facts(types, point, left, open_leaves)
        elif isinstance(variable, Question) and (seed := self._assumed(variable.holds.type, point)) is not None:
            return self._region({**point, variable.holds.type: seed}, left)
        else:
            below = self._divided(variable, point, left, open_leaves)
        self._done[state] = below  # type: ignore[assignment]
        return below

    def _sides_of(self, left: Sequence[Left]) -> Sequence[Side]:
        return self._sides if len(left) == len(self._sides) else self._alone

    def _told(self, verdicts: Sequence[Ruling]) -> Hashable:
        """Return what is said of an event: of one that all policies decide alike, and permit, no more than that."""
        if len(verdicts) == len(self._sides):
            return self._judge(*verdicts)
        return self._alike if verdicts[0].permitted else self._judge(*(Ruling(0) for _ in self._sides))

    def _are_alike(self, keys: Sequence[Mapping[Key, Any]]) -> bool:
        """Whether decisions of all policies can hang on the same alone, and are then the same."""
        first, *others = zip(keys, self._sides, strict=True)
        return all(
            found.keys() == first[0].keys() and (not side.denials or side.ground == first[1].ground)
            for found, side in others
        )

    def _open(
        self, point: Point, open_leaves: Sequence[Iterable[Condition]], waiting: Sequence[Field]
    ) -> Variable | None:
        """Return the variable to divide by: the first of those on which something hangs."""
        found: set[Variable] = set(waiting)
        for index, some in enumerate(open_leaves):
            for leaf in some:
                found.update(self.space.hanging(leaf, index, point))
        return min(found, key=self._rank.__getitem__) if found else None

    def _divided(
        self, variable: Variable, point: Point, left: Sequence[Left], open_leaves: Sequence[Iterable[Condition]]
    ) -> Below | None:
        edges: list[tuple[Values, Below]] = []
        alike: dict[Any, Below | None] = {}
        telling = self._telling(variable, point, open_leaves)
        for value in self._possible(variable, point):
            told = telling(value)
            if told not in alike:
                there = self.space.with_value(point, variable, value)
                alike[told] = self._region(
                    there,
                    [self._read(side, found, there) for side, found in zip(self._sides_of(left), left, strict=True)],
                )
            below = alike[told]
            if below is not None:
                edges.append((self._number(variable, self._plain(variable, value, point)), below))
        return self._nodes.node(self._rank[variable], edges) if edges else None

    def _possible(self, variable: Variable, point: Point) -> Iterable[Any]:
        """Return the values of a variable with which there are events at `point`, of those that it may have."""
        some = self.known.values.get(variable)
        if not isinstance(variable, Field):
            return self.space.values(variable, point) if some is None else some
        if some is not None:
            return [value for value in some if self.space.admits(variable, value, point)]
        odd = self._odd.get(variable, ()) if point[Field.OPERATION] in ROWS[variable].allowed_on else ()
        return (*self.space.values(variable, point), *odd)

    def _telling(
        self, variable: Variable, point: Point, open_leaves: Sequence[Iterable[Condition]]
    ) -> Callable[[Any], Hashable]:
        """Return what tells the values of a variable apart here: two of which it says the same go on together."""
        if not isinstance(variable, Field) or self.space.compared.get(variable):
            return lambda value: value
        asking = [
            leaf for some in open_leaves for leaf in some if isinstance(leaf, In | NotIn) and leaf.field is variable
        ]
        held = ROWS[variable].held
        types = {leaf.type for some in open_leaves for leaf in some if isinstance(leaf, Holds)}
        facts = any(field.held == held for name in types for field in self.space.types[name].held)
        operation = point[Field.OPERATION]
        dimension = DIMENSION_OF.get(variable)

        def told(value: Any) -> Hashable:
            stated = isinstance(value, str)
            return (
                stated or value,
                tuple(says(leaf, value) for leaf in asking),
                frozenset(self.space.ways(held, value, operation)) if facts and held is not None else None,
                tuple(known.knows(dimension, value) for known in self.space.vocabularies)
                if stated and dimension
                else (),
            )

        return told

    def _plain(self, variable: Variable, value: Any, point: Point) -> Any:
        """Return how the diagram calls a value: of an id, that it is the same as another, or its class."""
        if not isinstance(value, str) or not isinstance(variable, Field) or variable not in self.space.compared:
            return value
        equal = tuple(other for other in self.space.compared[variable] if point.get(other) == value)
        if equal:
            return Equal(equal)
        return value if variable in self.known.values else self.space.first(variable, value)

    def _read(self, side: Side, left: Left, point: Point) -> Left:
        """Return what is left of the rules of a policy at `point`, where it may have a word that it does not know."""
        return side.read(point) if any(self.space.unknown(side.index, point)) else left

    # ------------------------------------------------------------------------------------------ facts

    def _of_facts(
        self,
        types: Iterable[str],
        point: Point,
        left: Sequence[Left],
        open_leaves: Sequence[Iterable[Condition]],
    ) -> Below | None:
        """Return what is said where facts alone are open still: the law is a formula of them, and is worked out as one.

        Whether there is a fact is independent of most others: to divide by one after another would take long.
        """
        functions = self._functions
        ways = [self._where_permitted(side, found, point) for side, found in zip(self._sides, left, strict=True)]
        if self._judge is permitted:
            ways = [reduce(functions.both, ways)]
        asked: dict[str, dict[Question, None]] = {name: {} for name in sorted(types)}
        for index, some in enumerate(open_leaves):
            for leaf in some:
                for variable in self.space.hanging(leaf, index, point):
                    assert isinstance(variable, Question)
                    asked[variable.holds.type][variable] = None
        there = functions.always
        for name, questions in asked.items():
            there = functions.both(there, self._possible_facts(name, tuple(questions), point))
        return functions.told(lambda *yes: self._judge(*(Ruling(int(one)) for one in yes)), there, *ways)

    def _where_permitted(self, side: Side, left: Left, point: Point) -> Below:
        """Return where what is left of the rules of a policy permits."""
        leaves_of: list[Below] = []
        numbers: dict[Condition, int] = {}

        def settled(leaf: Condition) -> bool | None:
            return self.space.leaf(leaf, point, side.index)

        def number(leaf: Condition) -> int:
            if leaf not in numbers:
                numbers[leaf] = len(leaves_of)
                leaves_of.append(self._by_leaf(leaf, side.index, point))
            return numbers[leaf]

        return self._worked_out(Builder(settled, number).permitted(left.rules), leaves_of)

    def _worked_out(self, formula: Formula, leaves_of: Sequence[Below]) -> Below:
        functions = self._functions
        match formula:
            case All(parts):
                return reduce(functions.both, (self._worked_out(part, leaves_of) for part in parts), functions.always)
            case Some(parts):
                return reduce(functions.either, (self._worked_out(part, leaves_of) for part in parts), functions.never)
            case Wanted(leaf, met):
                return leaves_of[leaf] if met else functions.contrary(leaves_of[leaf])

    def _by_leaf(self, leaf: Condition, index: int, point: Point) -> Below:
        """Return where a leaf that asks for facts is met."""
        assert isinstance(leaf, Holds)
        if leaf.after is None:
            return self._by_question(Question(leaf, index), point)
        functions = self._functions
        found = functions.never
        for own, other in self.space.pairs(leaf, index):
            began = functions.without(self._by_question(own, point), self._by_question(other, point))
            found = functions.either(found, began)
        return found

    def _by_question(self, question: Question, point: Point) -> Below:
        known = self.space.answered(question, point)
        if known is not None:
            return self._functions.always if known else self._functions.never
        (variable,) = self.space.asking(question, point)
        return self._answered(variable, True)

    def _answered(self, variable: Variable, yes: bool) -> Below:
        """Return where a question is answered, or where it is not."""
        self._number(variable, False)
        self._number(variable, True)
        return self._functions.test(self._rank[variable], self._number(variable, yes))

    def _possible_facts(self, name: str, asked: tuple[Question, ...], point: Point) -> Below:
        """Return where there are facts of a type that answer the questions that are answered, and no others."""
        questions = self.space.types[name]
        options = self.space.options(questions, point)
        key = name, asked, options
        if key not in self._consistent:
            answers = questions.answers(options)
            assert answers is not None
            yes, no = self._assumed(name, point) or (0, 0)
            everything = sum(questions.bits[question] for question in asked)
            forms = [found for found in answers.profiles if not found & no]
            functions = self._functions
            met = functions.always
            for question, bit in questions.bits.items():
                if not bit & (everything | yes) or (bit & yes and not any(bit & found for found in answers.profiles)):
                    continue
                few = {found & everything for found in forms if found & bit}
                some = functions.never
                for found in few:
                    if not any(other != found and other & found == other for other in few):
                        needed = [self._answered(of, True) for of in asked if questions.bits[of] & found]
                        some = functions.either(some, reduce(functions.both, needed, functions.always))
                if not bit & yes:
                    some = functions.either(some, self._answered(question, False))
                met = functions.both(met, some)
            self._consistent[key] = met
        return self._consistent[key]

    def _assumed(self, name: str, point: Point) -> tuple[Bits, Bits] | None:
        """Return what is assumed of the facts of a type, if that is not said at `point` yet."""
        assumed = self.known.assumed.get(name)
        if assumed is None or name in point:
            return None
        questions = self.space.types[name]
        options = self.space.options(questions, point)
        yes = no = 0
        for said in assumed.there:
            yes |= questions.surely(options, said)
        for said in assumed.absent:
            no |= questions.without(options, said)
        return yes, no


@dataclass(frozen=True, slots=True)
class Row:
    """One line of an answer: what is so for some values of the variables that are asked for.

    Args:
        where: by asked variable, the values; what is not there is so for all.
        ways: what must be so of the other variables, in one of these ways: by variable, the values. Where nothing need
            be, there is one way without any.
    """

    where: Mapping[Variable, tuple[Any, ...]]
    ways: tuple[Mapping[Variable, tuple[Any, ...]], ...]


def rows(
    diagram: Diagram,
    wanted: Callable[[Any], bool],
    spare: Callable[[Any], bool] | None = None,
    few: Mapping[Variable, int] | None = None,
) -> list[Row]:
    """Return in few rows where a diagram says what is wanted; together they are exact.

    Args:
        diagram: the diagram; what it was asked for are the columns.
        wanted: whether something that it says is. Where there is no event, a row may go either way.
        spare: whether where it says something a row may go either way as well.
        few: then, the variables whose values are told with which something is wanted, where there are no more than so
            many, though the row need not be narrowed to them.
    """
    asked = {diagram.rank(variable) for variable in diagram.asked}
    others = [rank for rank in range(len(diagram.variables)) if rank not in asked]
    widened = [*reversed(others), *sorted(asked, reverse=True)]

    def prefer(rank: int, values: Values) -> tuple[int, ...]:
        if isinstance(diagram.variables[rank], Question):  # what is there without any fact is told first
            return (int(all(diagram.value(rank, number) for number in bits(values))),)
        return (-values.bit_count(),)

    def named(region: Mapping[int, Values]) -> Mapping[Variable, tuple[Any, ...]]:
        return {
            diagram.variables[rank]: tuple(diagram.value(rank, number) for number in bits(region[rank]))
            for rank in sorted(region)
        }

    found = cover(
        diagram.root,
        lambda says: says is not NO_EVENT and wanted(says),
        diagram.domain,
        asked,
        widened,
        prefer,
        None if spare is None else lambda says: says is NO_EVENT or spare(says),
        {diagram.rank(of): most for of, most in (few or {}).items()},
    )
    return [Row(named(part.box), tuple(map(named, part.ways))) for part in found]


def permitted(*rulings: Ruling) -> bool:
    """Whether all policies permit an event."""
    return all(ruling.permitted for ruling in rulings)
