"""The space of all one-item events, as far as some policies can tell them apart: finite, and small.

A policy looks at an event through the leaves of its conditions alone. So the values of every field fall into classes
that no leaf tells apart, times into the spans between the dates of rules, attributes into the regions between the
values that they are compared with; and of facts, no more matters than which leaves they answer. One representative of
each class stands for all, and a point of the space is an event that really exists.

Words come first: a policy denies what has a word that it does not know, whatever its rules say. So `words` divides
the space by the words that not all policies know, and everything else goes on inside one such division.
"""

from __future__ import annotations

import itertools
from collections import Counter
from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping, Sequence
from typing import Any, Final, NamedTuple, TypeAlias

import msgspec

from policyengine.calendar import Lapse
from policyengine.errors import PolicyEngineError
from policyengine.model import ages, dated
from policyengine.model.condition import (
    OPEN,
    STATED,
    Acquired,
    Age,
    Clock,
    Compare,
    Condition,
    During,
    Elsewhere,
    Field,
    Holds,
    In,
    NotIn,
    Read,
    Same,
    Value,
)
from policyengine.model.countries import another_country
from policyengine.model.fact import HELD_FIELD
from policyengine.model.fields import EVENT, HELD, IDENTIFIABLE, ROWS, put
from policyengine.model.hours import moments
from policyengine.model.meets import aged, alike, compares, during, had, says, strikes
from policyengine.model.operation import OPERATIONS, WITHIN
from policyengine.model.profile import ASKED, SUBJECT, Answers, Options, Profile, Question, Questions
from policyengine.model.terms import NO, SURELY, UNSAID, Levels, Terms
from policyengine.model.view import View
from policyengine.model.vocabulary import CLOSED, DIMENSIONS, Attribute
from policyengine.moment import FOREVER, instant, written

Variable: TypeAlias = "Field | str | Question"
"""What a point gives a value to: an event field, ``time``, an ``@attribute``, a reading that the policies leave open,
a question that facts answer or not."""

Point: TypeAlias = "dict[Any, Any]"
"""Values of variables; and for each type of fact, the questions that are answered and those that are not."""

TIME: Final = "time"
ACQUIRED: Final = "acquired"
"""Since when the controller has had the data; None where the event leaves that open."""

READING: Final = "reading "
"""Before the name of a reading, what stands for it among the variables. It has no value where nobody has picked one."""

_SOMEBODY: Final = "somebody"
_ANYBODY: Final[Mapping[Field, str]] = {
    Field.RECIPIENT: _SOMEBODY,
    Field.SOURCE: "source-1",
    Field.ACTOR: "actor-1",
    Field.SUBJECT_ID: "person-1",
}
"""The ids that a rule can hold against one another, in the order in which they get their values; and for each one that
nobody names."""

_NOT_THERE: Final[tuple[Value, ...]] = (None,)
_DAY: Final = 86_400_000_000

MOST_ORDERED: Final = 4
"""Of so many forms of facts it is looked into which began after which."""

MOST_MOMENTS: Final = 12
"""And for so many moments at most, of all the ages together that rules tell apart."""


class Undecided(PolicyEngineError):
    """The search was given up: it was not allowed to look any further, or cannot tell what events there are."""


class Unknown(NamedTuple):
    """What a policy does not know of an event: the item, the purpose, or another word."""

    item: bool
    purpose: bool
    other: bool


class Space:
    """The variables of some policies and the values of each.

    Args:
        views: what the policies that are to be told apart look at.
        members: how many words that are named alike are looked at for how facts agree with them; None for all.
        common: whether facts state no words that some of the policies know and others do not, but of events that have
            one themselves.

    Raises:
        Undecided: the policies declare a type of fact so differently that no event with such a fact is one for both,
            or which of two durations is longer hangs on when they are counted.
    """

    def __init__(self, views: Sequence[View], members: int | None = None, *, common: bool = False) -> None:
        self.views = tuple(views)
        self.vocabularies = tuple(view.vocabulary for view in views)
        self.members = members
        self._common = common
        ordered = {form for view in views for leaf in view.holds if leaf.after is not None for form in _both(leaf)}
        types = {form.type for form in ordered}
        self.lapses = _in_order(
            form.within for view in views for form in _forms(view) if form.type in types and form.within is not None
        )
        """The durations of which rules ask of facts that they order as well."""
        self.ranks = len(ordered)
        self.moments = self.ranks * (len(self.lapses) + 1)
        """In how many moments facts can follow one another, as far as rules ask for that: `ranks` for each age."""
        if self.ranks > MOST_ORDERED or self.moments > MOST_MOMENTS:
            raise Undecided("rules hold the times of too many sorts of facts against one another")
        self._own_terms: dict[Hashable, Terms] = {}
        self.partial = False
        """Whether more words would have had to be looked at, so that there may be events of which nothing is known."""
        self.types: Mapping[str, Questions] = {
            name: self._questions(name) for name in dict.fromkeys(form.type for view in views for form in _forms(view))
        }
        held = {field.held for found in self.types.values() for field in found.held}
        self.dimensions: Mapping[str, Terms] = {
            name: self._terms(row.dimension) for name, row in HELD.items() if row.dimension and name in held
        }
        """What facts are held against, where that is a word."""
        valued = {field.of for found in self.types.values() for field in found.declared.fields.values()} - {None}
        self.alike = all(terms.alike for terms in (*self.dimensions.values(), *map(self._terms, filter(None, valued))))
        """Whether a fact that answers a question of one policy answers the same one of all."""
        attributes = sorted({name for view in views for name in (*view.comparisons, *view.ages)})
        self._dated = self._dates_of(attributes)
        readings = sorted(frozenset[str]().union(*(view.reads for view in views)))
        self.acquired = _in_order(lapse for view in views for lapse in view.acquired)
        self.variables: Sequence[Variable] = (
            *(TIME, Field.CONTROLLER, Field.OPERATION, *_ANYBODY),
            *(field for field in ROWS if field not in (Field.CONTROLLER, Field.OPERATION, *_ANYBODY)),
            *([ACQUIRED] if self.acquired else ()),
            *(f"@{name}" for name in attributes),
            *(f"{READING}{name}" for name in readings),
        )
        self._domains: dict[Variable, tuple[Any, ...]] = {}
        self._divided: dict[Field, tuple[tuple[tuple[str, ...], ...], tuple[tuple[str, ...], ...]]] = {}
        self._members: dict[Field, Mapping[str, tuple[str, ...]]] = {}
        self._values: dict[tuple[Any, ...], tuple[Any, ...]] = {}
        self._held = frozenset(field for name in held for field in ROWS if _asked_with(field, HELD_FIELD[name]))
        """What facts are held against, and what must be stated with it."""
        pairs = {(leaf.left, leaf.right) for view in views for leaf in view.sames}
        self.compared: Mapping[Field, tuple[Field, ...]] = {
            field: tuple(other for other in _ANYBODY if other != field and {(field, other), (other, field)} & pairs)
            for field in _ANYBODY
        }
        """For each id, those with which a rule compares it."""
        self._open_ways: dict[tuple[Any, ...], frozenset[frozenset[Levels]]] = {}
        self._last: Point = {}
        self._last_options: dict[str, Options] = {}

    # ------------------------------------------------------------------------------------------ words of events

    def words(self, *, unheard_of: bool) -> Iterator[Point]:
        """Yield what an event can have of words that not all policies know, first none at all.

        Args:
            unheard_of: whether words that no policy knows are asked for as well.
        """
        options: list[list[tuple[Variable, str] | None]] = []
        for dimension, field in DIMENSIONS.items():
            words = self.odd_words(dimension, unheard_of=unheard_of)
            options.append([None, *((field, word) for word in words)])
        for chosen in itertools.product(*options):
            yield dict(pair for pair in chosen if pair is not None)

    def odd_words(self, dimension: str, *, unheard_of: bool) -> tuple[str, ...]:
        """Return words of a dimension that not all policies know, one of each class.

        Args:
            dimension: a name of `DIMENSIONS`.
            unheard_of: whether a word that no policy knows is asked for as well; of items and purposes there is one.
        """
        field = DIMENSIONS[dimension]
        more = unheard_of and field in (Field.ITEM, Field.PURPOSE)
        return (*(first for first, *_ in self._classes(field)[1]), *([self._terms(dimension).unheard_of] * more))

    def exists(self, point: Point) -> bool:
        """Whether there is an event at `point`: every field that it leaves open has a value that it can take."""
        return all(field in point or self.values(field, point) for field in Field)

    def admits(self, field: Field, value: Value, point: Point) -> bool:
        """Whether there is an event at `point` that says `value` in a field, a word or what stands for none."""
        row, operation = ROWS[field], point[Field.OPERATION]
        if operation not in row.allowed_on:
            return value is None
        _, _, needed, gone, _ = self._hangs_on(field, point)
        if isinstance(value, str):
            return not gone
        needed = needed or operation in row.needed_on or field in (Field.FORM, Field.CONTROLLER)
        return not needed and value is (OPEN if operation in row.open_on else None)

    def unknown(self, index: int, point: Point) -> Unknown:
        """Return which of the words at `point` the policy with the number `index` does not know."""
        vocabulary = self.vocabularies[index]
        missing = {
            field
            for dimension, field in DIMENSIONS.items()
            if isinstance(value := point.get(field), str) and not vocabulary.knows(dimension, value)
        }
        return Unknown(Field.ITEM in missing, Field.PURPOSE in missing, bool(missing - {Field.ITEM, Field.PURPOSE}))

    # ------------------------------------------------------------------------------------------ values

    def domain(self, variable: Variable) -> tuple[Any, ...]:
        """Return all values of a variable, whatever else is said; it is worked out when it is asked for."""
        if variable not in self._domains:
            self._domains[variable] = self._domain(variable)
        return self._domains[variable]

    def _domain(self, variable: Variable) -> tuple[Any, ...]:
        match variable:
            case Field.OPERATION:
                return tuple(OPERATIONS)
            case Field.CONTROLLER:
                return (self._controller(),)
            case Field() if ROWS[variable].form == "country":
                named = self._named(variable)
                return (*named, *(another_country(named) if named or variable in self._held else ()))
            case Field():
                return tuple(first for first, *_ in self._classes(variable)[0])
            case str() if variable.startswith("@"):
                return self._regions(variable.removeprefix("@"))
            case str() if variable.startswith(READING):
                return self._picks(variable.removeprefix(READING))
            case _:
                return self._times()

    def values(self, variable: Variable, point: Point) -> Sequence[Any]:
        """Return the values that `variable` can take beside what `point` says already."""
        match variable:
            case Question():
                answers = self._answers(variable, point)
                assert answers is not None
                bit = self.types[variable.holds.type].bits[variable]
                return answers.possible(bit, *point.get(variable.holds.type, (0, 0)))
            case Field() if variable is not Field.OPERATION:
                key = self._hangs_on(variable, point)
                if key not in self._values:
                    self._values[key] = tuple(self._field_values(*key))
                return self._values[key]
            case str() if variable.removeprefix("@") in self._dated and variable.startswith("@"):
                tests, asked = self._dated[variable.removeprefix("@")]
                return (None, *dated.values(tests, asked, point[TIME]))
            case str() if variable == ACQUIRED:
                if point[Field.OPERATION] == "acquire":
                    return (point[TIME],)
                return (*ages.moments(self.acquired, point[TIME]), None)
            case _:
                return self.domain(variable)

    def _hangs_on(self, field: Field, point: Point) -> tuple[Field, str, bool, bool, tuple[str, ...]]:
        """Return on what the values hang that a field can take at `point`.

        Returns:
            The field, the operation, whether the field must be stated, whether it cannot be, and the ids that were
            chosen already of those with which rules compare it.
        """
        row, operation, needed, gone = ROWS[field], point[Field.OPERATION], False, False
        for other in _PARTS.get(row.key, ()):  # whoever states a country states a recipient
            if other is not field and other in point:
                stated_there = isinstance(point[other], str)
                needed = needed or (row.always and stated_there)
                gone = gone or (ROWS[other].always and not stated_there)
        chosen = (point.get(other) for other in self.compared.get(field, ()) if self._seen(other, operation))
        return field, operation, needed, gone, tuple(sorted({value for value in chosen if isinstance(value, str)}))

    def _field_values(
        self, field: Field, operation: str, needed: bool, gone: bool, chosen: tuple[str, ...]
    ) -> Iterator[Any]:
        row = ROWS[field]
        needed = needed or operation in row.needed_on or field in (Field.FORM, Field.CONTROLLER)
        if operation not in row.allowed_on or not (needed or self._seen(field, operation) or field in self._held):
            yield from _NOT_THERE  # whatever it is, nobody sees it
            return
        unstated = OPEN if operation in row.open_on else None
        if not needed and field is not Field.SUBJECT_ID:
            yield unstated
        if not gone:
            if field in _ANYBODY:
                among = chosen if self._seen(field, operation) else ()
                fresh = (next((one for one in some if one not in among), None) for some in self._classes(field)[0])
                yield from dict.fromkeys((*filter(None, fresh), *among))
            else:
                yield from self.domain(field)
        if not needed and field is Field.SUBJECT_ID:
            yield unstated

    def _seen(self, field: Field, operation: str) -> bool:
        """Whether rules see what an event of an operation says in a field; facts do in any case."""
        return ROWS[field].key != "recipient" or operation not in WITHIN

    def with_value(self, point: Point, variable: Variable, value: Any) -> Point:
        """Return `point` with a value of one more variable."""
        if not isinstance(variable, Question):
            return {**point, variable: value}
        of = variable.holds.type
        bit = self.types[of].bits[variable]
        yes, no = point.get(of, (0, 0))
        return {**point, of: (yes | bit, no) if value else (yes, no | bit)}

    # ------------------------------------------------------------------------------------------ leaves

    def leaf(self, leaf: Condition, point: Point, index: int) -> bool | None:
        """Return whether a leaf of the policy with the number `index` is met at `point`; None where that is open."""
        match leaf:
            case In(field) | NotIn(field):
                if not self._seen(field, point[Field.OPERATION]):
                    return False
                return says(leaf, point[field]) if field in point else None
            case Compare(attribute) | Age(attribute):
                value = point.get(f"@{attribute}", OPEN)
                if value is OPEN:
                    return None
                if value is None:
                    return leaf.open
                return compares(value, leaf) if isinstance(leaf, Compare) else aged(point[TIME], value, leaf)
            case Same(left, right):
                if not all(self._seen(field, point[Field.OPERATION]) for field in (left, right)):
                    return False
                if left in point and right in point:
                    return alike(leaf, point[left], point[right])
                return False if point.get(left, OPEN) is None or point.get(right, OPEN) is None else None
            case During():
                return during(point[TIME], leaf)
            case Clock():
                return strikes(point[TIME], leaf)
            case Acquired():
                if point[Field.OPERATION] == "acquire":
                    return had(point[TIME], point[TIME], leaf)
                return had(point[TIME], point[ACQUIRED], leaf) if ACQUIRED in point else None
            case Holds(after=None):
                return self.answered(Question(leaf, index), point)
            case Holds():
                return self._later(leaf, point, index)
            case Elsewhere():
                return True
            case Read(reading, values):
                variable = f"{READING}{reading}"
                if variable not in point:
                    return None
                picked = point[variable]
                return (self.views[index].readings[reading].default if picked is None else picked) in values
            case _:
                raise TypeError(leaf)

    def answered(self, question: Question, point: Point) -> bool | None:
        """Return whether facts answer a question at `point`; None where that is open."""
        questions = self.types[question.holds.type]
        answers = self._answers(question, point)
        bit = questions.bits[question]
        if answers is None:
            return None if questions.answerable(self.options(questions, point)) & bit else False
        possible = answers.possible(bit, *point.get(question.holds.type, (0, 0)))
        return possible[0] if len(possible) == 1 else None

    def _later(self, leaf: Holds, point: Point, index: int) -> bool | None:
        """Return whether the latest fact as asked for began after the latest of those of which that is asked."""
        found: bool | None = False
        for own, other in self.pairs(leaf, index):
            began, none_since = self.answered(own, point), self.answered(other, point)
            if began is True and none_since is False:
                return True
            if began is not False and none_since is not True:
                found = None
        return found

    def pairs(self, leaf: Holds, index: int) -> Iterator[tuple[Question, Question]]:
        """Yield for each moment what is asked: is there such a fact since then, and one of those that came before?"""
        own, other = _both(leaf)
        for since in range(1, self.moments + 1):
            yield Question(own, index, since), Question(other, index, since, open=other.may)

    def hanging(self, leaf: Condition, index: int, point: Point) -> Iterator[Variable]:
        """Yield the variables on which a leaf of the policy with the number `index` depends at `point`."""
        for variable in self._hanging(leaf, index, point):
            if isinstance(variable, Field) and variable in _ANYBODY:
                # INVARIANT: of ids that rules compare, each is chosen beside those that come before it (`_divide`).
                yield next(other for other in self.together(variable) if other not in point)
            else:
                yield variable

    def _hanging(self, leaf: Condition, index: int, point: Point) -> Iterator[Variable]:
        match leaf:
            case In(field) | NotIn(field):
                yield field
            case Compare(attribute) | Age(attribute):
                yield f"@{attribute}"
            case Same(left, right):
                yield left if left not in point else right
            case Acquired():
                yield ACQUIRED
            case Read(reading):
                yield f"{READING}{reading}"
            case Holds(after=None):
                yield from self.asking(Question(leaf, index), point)
            case Holds():
                for question in (question for both in self.pairs(leaf, index) for question in both):
                    if self.answered(question, point) is None:
                        yield from self.asking(question, point)

    def asking(self, question: Question, point: Point) -> Iterator[Variable]:
        """Yield the variables on which hangs whether a question is answered at `point`."""
        questions = self.types[question.holds.type]
        options = self.options(questions, point)
        if questions.answers(options) is None:
            fields = zip(questions.held, options[: len(questions.held)], strict=True)
            yield from (HELD_FIELD[field.held] for field, ways in fields if len(ways) > 1)
            return
        common = question._replace(policy=0)
        yield common if common in questions.bits and not self.differs(question.holds, point) else question

    def differs(self, leaf: Holds, point: Point) -> bool:
        """Whether facts at `point` can answer a question of one policy and not the same one of another."""
        if self.alike:
            return False
        questions = self.types[leaf.type]
        bits = sum(bit for question, bit in questions.bits.items() if question.holds == leaf)
        return bool(questions.differing(self.options(questions, point)) & bits)

    def state(self, types: frozenset[str], point: Point) -> tuple[Any, ...]:
        """Return all that fields, and facts of some types, still hang on at `point`, whatever rules are left."""
        facts = [(name, self.options(self.types[name], point), point.get(name)) for name in sorted(types)]
        ids = [
            (field, point[field])
            for field in _ANYBODY
            if field in point and any(other not in point for other in self.together(field))
        ]
        return (*facts, *ids, *(self._there(fields, point) for fields in _PARTS.values()))

    def _there(self, fields: Sequence[Field], point: Point) -> bool | None:
        """Return whether an event at `point` has an object; None where nothing that is open yet hangs on that."""
        first = next(field for field in fields if ROWS[field].always)
        if point[Field.OPERATION] in ROWS[first].needed_on or all(field in point for field in fields):
            return None
        stated_there = any(isinstance(point.get(field), str) for field in fields)
        return True if stated_there else False if first in point else None

    def options(self, questions: Questions, point: Point) -> Options:
        """Return in which ways facts can agree with an event at `point`, field by field."""
        if point is not self._last:  # a point is asked about often, and is never changed
            self._last, self._last_options = point, {}
        found = self._last_options.get(questions.declared.id)
        if found is None:
            opened = [self._open(field.held, point) for field in questions.held]
            found = self._last_options[questions.declared.id] = (*opened, *questions.passed(point[TIME]))
        return found

    def _answers(self, question: Question, point: Point) -> Answers | None:
        questions = self.types[question.holds.type]
        return questions.answers(self.options(questions, point))

    def _open(self, held: str, point: Point) -> frozenset[frozenset[Levels]]:
        field, operation = HELD_FIELD[held], point[Field.OPERATION]
        if field in point:
            key: tuple[Any, ...] = (held, operation, point[field])
        else:
            key = (held, *self._hangs_on(field, point))
        if key not in self._open_ways:
            values = [point[field]] if field in point else self.values(field, point)
            self._open_ways[key] = frozenset(frozenset(self.ways(held, value, operation)) for value in values)
        return self._open_ways[key]

    def ways(self, held: str, value: Any, operation: str) -> Mapping[Levels, str]:
        """Return how a word of a fact can agree with the value of a field, each with the plainest such word."""
        if held == "operation":
            found: dict[Levels, str] = {}
            for word in (operation, "use", *OPERATIONS):
                by = {"stated": word == operation, "use": word == "use", "beside": word in (operation, "use")}
                found.setdefault(tuple(SURELY if by[asked] else NO for asked in ASKED), word)
            return found
        if held in self.dimensions and value is not OPEN:
            return self.dimensions[held].levels(value)
        everybody = len(self.views)
        if HELD[held].form == "country":
            another = next(iter(another_country([value])))
        elif held in self.dimensions:
            terms = self.dimensions[held]
            another = next(iter(terms.declared), terms.unheard_of)
        else:
            another = next(one for one in ("somebody-else", _SOMEBODY) if one != value)
        if not isinstance(value, str):
            return {(UNSAID if value is OPEN else NO,) * everybody: another}
        return {(SURELY,) * everybody: value, (NO,) * everybody: another}

    # ------------------------------------------------------------------------------------------ events

    def event(self, point: Point) -> dict[str, Any]:
        """Return an event, as JSON has it, at `point`; what the point leaves open takes the plainest value."""
        whole: Point = dict(point)
        for variable in self.variables:
            if variable not in whole:
                whole[variable] = self.values(variable, whole)[0]
        found: dict[str, Any] = {"id": "difference", "time": written(whole[TIME])}
        for field, row in ROWS.items():
            value = whole[field]
            if isinstance(value, str) and (field, value) != (Field.FORM, IDENTIFIABLE):
                put(found, row.name, [value] if row.form == "terms" else value)
        if whole.get(ACQUIRED) is not None and whole[Field.OPERATION] != "acquire":
            found["acquired"] = written(whole[ACQUIRED])
        facts = [
            self._fact(questions, profile, whole)
            for name, questions in self.types.items()
            if name in point
            for profile in self._profiles(questions, point, whole)
        ]
        if facts:
            found["facts"] = facts
        attributes = {
            name[1:]: value
            for name, value in whole.items()
            if isinstance(name, str) and name[0] == "@" and value is not None
        }
        if attributes:
            found["attributes"] = attributes
        return found

    def readings(self, point: Point) -> dict[str, str]:
        """Return the readings that are picked at `point`, where that is not their default."""
        return {
            name[len(READING) :]: value
            for name, value in point.items()
            if isinstance(name, str) and name.startswith(READING) and value is not None
        }

    def _profiles(self, questions: Questions, point: Point, whole: Point) -> Iterator[Profile]:
        answers = questions.answers(self.options(questions, whole))
        assert answers is not None
        return answers.facts(*point[questions.declared.id])

    def _fact(self, questions: Questions, profile: Profile, event: Point) -> dict[str, Any]:
        """Return a fact of a profile, in an event."""
        declared = questions.declared
        found: dict[str, Any] = {"type": declared.id}
        if profile.age is not None:
            found["from"] = written(ages.moments(questions.lapses, event[TIME])[profile.age])
        elif profile.rank is not None:
            age, later = divmod(self.moments - profile.rank, self.ranks)
            found["from"] = written(ages.moments(self.lapses, event[TIME])[age] - later)
        elif profile.began is not None:
            found["from"] = written(questions.dates[profile.began - 1] if profile.began else questions.dates[0] - 1)
        words = dict(profile.values)
        for field, levels in profile.held:
            words[field.id] = self.ways(field.held, event[HELD_FIELD[field.held]], event[Field.OPERATION])[levels]
        for field in (*declared.fields.values(), SUBJECT):
            if field.id in words:
                found[field.id] = [words[field.id]] if field.list else words[field.id]
        return found

    def _controller(self) -> str:
        """Return a controller whom all the policies govern."""
        governed = [view.governs for view in self.views if view.governs is not None]
        common = frozenset.intersection(*governed) if governed else frozenset({"anyone"})
        return min(common or governed[0])

    # ------------------------------------------------------------------------------------------ how it divides

    def edges(self) -> list[int]:
        """Return the times at which something about the policies changes, in order."""
        turning = (date for tests, asked in self._dated.values() for date in dated.turning(tests, asked))
        return sorted(frozenset(turning).union(*(view.dates for view in self.views)))

    def newest(self) -> tuple[int, ...]:
        """Return the times of the newest span in which nothing about the policies changes but what clocks show."""
        edges = self.edges()
        return tuple(time for time in self.domain(TIME) if not edges or time >= edges[-1])

    def _times(self) -> tuple[int, ...]:
        dates = self.edges()
        clocks = tuple(dict.fromkeys(clock for view in self.views for clock in view.clocks))
        if len({clock.zone for clock in clocks}) > 1:
            raise Undecided("the clocks of two time zones do not show the same times apart on all days")
        if clocks:
            edges = [-FOREVER, *(dates or [instant("2000-01-01T00:00:00Z")]), FOREVER]
            spans = zip(reversed(edges[:-1]), reversed(edges[1:]), strict=True)
            return tuple(moment for start, end in spans for moment in moments(start, end, clocks))
        if not dates:
            return (instant("2000-01-01T00:00:00Z"),)
        # The newest span first: what is found is then an event of today's policy where there is one.
        return (*reversed(dates), dates[0] - _DAY)

    @property
    def odd(self) -> bool:
        """Whether there are words that not all policies know."""
        return any(self._classes(field)[1] for field in DIMENSIONS.values())

    def _classes(self, field: Field) -> tuple[tuple[tuple[str, ...], ...], tuple[tuple[str, ...], ...]]:
        """Return the classes of the values of a field: of those that all policies know, and of the others.

        Of each there are as many members as ids can have to differ from one another.
        """
        if field not in self._divided:
            self._divided[field] = self._divide(field)
        return self._divided[field]

    def alike_with(self, field: Field, value: str) -> tuple[str, ...]:
        """Return the words that nothing tells apart from one that stands for them, as far as they have names."""
        self._classes(field)
        return self._members.get(field, {}).get(value, (value,))

    def nameless(self, field: Field) -> frozenset[str]:
        """Return the values of a field that stand for all that nobody names, where any id or country can be one."""
        if ROWS[field].form == "country":
            return frozenset(another_country(self._named(field)))
        if field not in _ANYBODY:
            return frozenset()
        terms = self._terms_of(field)
        return frozenset(_ANYBODY.values()) | ({terms.unheard_of} if terms is not None else set())

    def first(self, field: Field, value: str) -> str:
        """Return the word that stands for a class, for any of its members that can be a value."""
        for some in self._classes(field):
            for members in some:
                if value in members:
                    return members[0]
        return value

    def _divide(self, field: Field) -> tuple[tuple[tuple[str, ...], ...], tuple[tuple[str, ...], ...]]:
        together = self.together(field)
        fields = together[together.index(field) :]  # those that come later can have the same value
        most = len(together)
        parties = next((terms for of in fields if (terms := self._terms_of(of)) is not None), None)
        helds = [held for of in fields if (held := self.dimensions.get(ROWS[of].held or "")) is not None]
        plainest = [_ANYBODY[of] for of in fields] if field in _ANYBODY else []
        plainest += [_ANYBODY[of] for of in together if of not in fields]
        if field is Field.FORM:
            plainest = [IDENTIFIABLE]
        more: Iterable[str] = ()
        if parties is not None and any(parties.known(parties.unheard_of)):  # some look at no such words
            more = [parties.unheard_of]
        found: dict[tuple[Any, ...], list[str]] = {}
        counts: Counter[tuple[Any, ...]] = Counter()
        full: set[tuple[Any, ...]] = set()
        for term in dict.fromkeys((*plainest, *self._looked_at(fields, parties), *more)):
            known = (True,) if parties is None else parties.known(term)
            named = (known, tuple(view.numbers[of].get(term, 0) for of in fields for view in self.views))
            counts[named] += 1
            if not helds:
                found.setdefault(named, []).append(term)
            elif self.members is None or counts[named] <= self.members:
                ways = tuple(frozenset(held.levels(term)) for held in helds)
                found.setdefault((*named, ways), []).append(term)
                if all(len(way) == held.most_ways for way, held in zip(ways, helds, strict=True)):
                    full.add(named)  # what facts can say of another such word, they can say of this one
            elif named not in full:
                self.partial = True
        self._members[field] = {some[0]: tuple(some) for some in found.values()}
        return (
            tuple(tuple(some[:most]) for (known, *_), some in found.items() if all(known)),
            tuple(tuple(some[:most]) for (known, *_), some in found.items() if not all(known)),
        )

    def together(self, field: Field) -> Sequence[Field]:
        """Return the ids that rules compare with one another, directly or by others, in the order of their choice."""
        found, waiting = {field}, [field]
        while waiting:
            more = set(self.compared.get(waiting.pop(), ())) - found
            found |= more
            waiting += more
        return [other for other in _ANYBODY if other in found] or [field]

    def _terms_of(self, field: Field) -> Terms | None:
        dimension = ROWS[field].dimension
        return None if dimension is None else self._terms(dimension)

    def _looked_at(self, fields: Sequence[Field], terms: Terms | None) -> Iterable[str]:
        named = dict.fromkeys(value for of in fields for view in self.views for value in view.numbers[of])
        if terms is None:
            return named
        if self.members is None:
            return (*terms.declared, *named)
        # Why not all: a large vocabulary would be gone through for each condition. One more shows that there are more.
        others = itertools.islice((term for term in terms.declared if term not in named), self.members + 1)
        return (*named, *others)

    def _named(self, *fields: Field) -> list[str]:
        return sorted({value for view in self.views for field in fields for value in view.numbers[field]})

    def _terms(self, dimension: str) -> Terms:
        """Return the words of a dimension, worked out once where all policies have the same."""
        fields = [field for field, row in ROWS.items() if row.dimension == dimension]
        named = tuple(self._named(*fields)) if dimension not in CLOSED else ()
        first, *others = (vocabulary.terms[dimension] for vocabulary in self.vocabularies)
        found = self._told_apart if any(other != first for other in others) else self.views[0].once
        key = dimension, named, len(self.views), self._common
        return found(key, lambda: Terms(self.vocabularies, dimension, named, common=self._common))

    def _told_apart(self, key: Hashable, make: Callable[[], Terms]) -> Terms:
        if key not in self._own_terms:
            self._own_terms[key] = make()
        return self._own_terms[key]

    def _questions(self, name: str) -> Questions:
        """Return what is asked of facts of one type."""
        first, *others = (vocabulary.facts.get(name) for vocabulary in self.vocabularies)
        if first is None or any(other != first for other in others):
            raise Undecided(f"the policies declare facts of type {name} differently")
        declared = first
        leaves = [(index, leaf) for index, view in enumerate(self.views) for leaf in view.holds]
        asked = tuple(
            dict.fromkeys(
                question
                for index, leaf in leaves
                for question in (
                    [Question(leaf, index)] if leaf.after is None else itertools.chain(*self.pairs(leaf, index))
                )
                if question.holds.type == name
            )
        )
        lapses = _in_order(question.holds.within for question in asked if question.holds.within is not None)
        dates = tuple(sorted({question.holds.before for question in asked if question.holds.before is not None}))
        ranks = self.ranks if any(question.since for question in asked) else 0
        lapses = self.lapses if ranks else lapses
        if dates and (lapses or ranks):
            raise Undecided("rules ask how long ago facts began, or after which, and before which date")
        told = (lapses, dates, ranks)
        if any(field.of is not None for field in declared.fields.values()) and len(self.views) > 1:
            return Questions(declared, asked, self.vocabularies, *told)  # it hangs on the words of them all
        return self.views[0].once((name, asked), lambda: Questions(declared, asked, self.vocabularies, *told))

    def _picks(self, name: str) -> tuple[str | None, ...]:
        """Return the values of a reading, but for its default what stands for none picked."""
        declared = [view.readings[name] for view in self.views if name in view.readings]
        return (None, *(value for value in declared[0].values if value != declared[0].default))

    def _dates_of(self, attributes: Iterable[str]) -> Mapping[str, tuple[Sequence[Compare], Sequence[Age]]]:
        """Return what is asked of attributes that are days or times."""
        found: dict[str, tuple[Sequence[Compare], Sequence[Age]]] = {}
        for name in attributes:
            types = {known.attributes[name].type for known in self.vocabularies if name in known.attributes}
            if types.isdisjoint(("date", "datetime")):
                continue
            tests = tuple(leaf for view in self.views for leaf in view.comparisons.get(name, ()))
            asked = tuple(leaf for view in self.views for leaf in view.ages.get(name, ()))
            if len(types) > 1 or not dated.decided(tests, asked):
                raise Undecided(f"how the ages of attribute {name} are ordered hangs on the date")
            found[name] = tests, asked
        return found

    def _regions(self, name: str) -> tuple[Any, ...]:
        """Return values of an attribute on either side of all that it is compared with; None for none."""
        declared = [known.attributes[name] for known in self.vocabularies if name in known.attributes]
        tested = [leaf.value for view in self.views for leaf in view.comparisons.get(name, ()) if leaf.op != STATED]
        found = dict.fromkeys(value for attribute in declared for value in region(attribute, tested))
        return (None, *(value for value in found if all(attribute.accepts(value) for attribute in declared)))


def _in_order(lapses: Iterable[Lapse]) -> tuple[Lapse, ...]:
    found = ages.in_order(lapses)
    if found is None:
        raise Undecided("which of two durations is longer hangs on the date")
    return found


def _both(leaf: Holds) -> tuple[Holds, Holds]:
    """Return what a leaf asks of a fact, whenever it began, and what of those after which it must have begun."""
    assert leaf.after is not None
    return msgspec.structs.replace(leaf, after=None), leaf.after


def _forms(view: View) -> Iterator[Holds]:
    """Yield everything that a policy asks of facts, each form by itself."""
    for leaf in view.holds:
        yield from (leaf,) if leaf.after is None else _both(leaf)


def _asked_with(field: Field, held: Field) -> bool:
    return field is held or (ROWS[field].always and field in _PARTS.get(ROWS[held].key, ()))


_PARTS: Final[Mapping[str, tuple[Field, ...]]] = {
    row.key: tuple(field for field, other in ROWS.items() if other.key == row.key) for row in EVENT if row.part
}
"""The fields of each object in an event."""


def region(declared: Attribute, tested: Sequence[bool | int | float | str]) -> Sequence[bool | int | float | str]:
    """Return values of an attribute on either side of all that it is compared with."""
    texts = sorted(value for value in tested if isinstance(value, str))
    marks = sorted({value for value in tested if not isinstance(value, str | bool)}) or [0]
    match declared.type:
        case "boolean":
            return (False, True)
        case "string":
            return (*texts, next(text for n in itertools.count() if (text := "elsewhere" + "'" * n) not in texts))
        case "integer":
            return sorted({int(mark) + step for mark in marks for step in (-1, 0, 1, 2)})
        case _:
            between = {(low + high) / 2 for low, high in itertools.pairwise(marks)}
            return sorted({marks[0] - 1, *marks, *between, marks[-1] + 1})
