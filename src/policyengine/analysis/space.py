"""The space of all one-item events, as far as some policies can tell them apart: finite, and small.

A policy looks at an event through the leaves of its conditions alone. So the values of every field fall into classes
that no leaf tells apart, times into the spans between the dates of rules, attributes into the regions between the
values that they are compared with, and facts into profiles: what a fact of one type states that some leaf asks for.
One representative of each class stands for all, and a point of the space is an event that really exists.

Words come first: a policy denies what has a word that it does not know, whatever its rules say. So `words` divides
the space by the words that not all policies know, and everything else goes on inside one such division.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Hashable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple, TypeAlias, TypeVar, cast

from policyengine.analysis.profile import ELSEWHERE, Profile, fact_of, must_state, profiles_of
from policyengine.analysis.terms import Each, Terms
from policyengine.model.condition import Compare, Condition, Field, Holds, In, NotIn, compares, leaves
from policyengine.model.countries import another_country
from policyengine.model.fact import HELD_DIMENSION, HELD_FIELD, VALUE, FactType
from policyengine.model.fields import HELD, IDENTIFIABLE, ROWS, put, stated
from policyengine.model.operation import NEEDS_PURPOSE, NEEDS_RECIPIENT, OPERATIONS, WITHIN
from policyengine.model.policy import Policy
from policyengine.model.rule import conditions_of
from policyengine.model.vocabulary import CLOSED, DIMENSIONS, IGNORABLE
from policyengine.moment import FOREVER, instant, written

Variable: TypeAlias = "Field | str | Profile"
"""What a point gives a value to: an event field, ``time``, ``person``, an ``@attribute``, a profile of facts."""

Point: TypeAlias = "dict[Variable, Any]"

Kept: TypeAlias = "dict[Hashable, Any]"
"""Parts of spaces by what they are made of."""

_Part = TypeVar("_Part")

TIME = "time"
PERSON = "person"
ABSENT, OTHER, SAME = "absent", "other", "same"
"""The values of `PERSON`: the event names no person, some person, or the very recipient."""

_FACT_WORDS: Mapping[str, str] = {"fact:items": "items", "fact:purposes": "purposes"}
"""Variables for a fact, of no effect, with a word that not all policies know; and the dimension of the word."""

_PERSON_ID = "person-1"
_ACTOR_ID = "actor-1"
_HELD_FIELD = {held: HELD_FIELD[held] for held in HELD_DIMENSION}
"""What a word in a fact can be held against."""


class Unknown(NamedTuple):
    """What a policy does not know of an event: the item, a purpose (in the event or in a fact), or another word."""

    item: bool
    purpose: bool
    other: bool


class Space:
    """The variables of some policies and the values of each.

    Args:
        policies: those that are to be told apart.
        kept: parts of other spaces by what they are made of. What this space has in common with them is taken from
            there, and what it has not is added: of many spaces that differ in little, little is made anew.
    """

    def __init__(self, policies: Sequence[Policy], kept: Kept | None = None) -> None:
        self.policies = tuple(policies)
        self._kept = {} if kept is None else kept
        # Whose words they are: `Terms` keeps the vocabularies, so no other object will ever have these ids.
        self._words = tuple(id(policy.vocabulary) for policy in policies)
        self.asked: tuple[tuple[int, Condition], ...] = tuple(
            dict.fromkeys(
                (index, leaf)
                for index, policy in enumerate(policies)
                for rule in policy.rules
                for condition in conditions_of(rule)
                for leaf in leaves(condition)
            )
        )
        self.leaves: tuple[Condition, ...] = tuple(dict.fromkeys(leaf for _, leaf in self.asked))
        self.domains: dict[Variable, tuple[Any, ...]] = {Field.OPERATION: tuple(OPERATIONS)}
        self.domains[TIME] = self._times()
        self.odd: dict[Variable, tuple[str, ...]] = {}
        self.terms = {dimension: self._terms(dimension, field) for dimension, field in DIMENSIONS.items()}
        self.nowhere = self._nowhere()
        for dimension, field in DIMENSIONS.items():
            self.domains[field], self.odd[field] = self._divided(dimension, field)
        self.domains[Field.COUNTRY] = self._countries()
        self.domains[PERSON] = (OTHER, ABSENT, SAME)
        self.attributes = {leaf.attribute for leaf in self.leaves if isinstance(leaf, Compare)}
        for name in sorted(self.attributes):
            self.domains[f"@{name}"] = self._regions(name)
        self.types: dict[str, FactType] = {
            name: declared for policy in policies for name, declared in policy.vocabulary.facts.items()
        }
        for variable, dimension in _FACT_WORDS.items():
            self.odd[variable] = self._odd_in_facts(dimension)
        self.wide_fields = tuple(
            field for held, field in _HELD_FIELD.items() if self._splits(held)
        )  # where a word in a fact can mean more to one policy than to another
        self.profiles: tuple[Profile, ...] = tuple(
            profile
            for name in sorted({leaf.type for leaf in self.leaves if isinstance(leaf, Holds)})
            for profile in self._profiles(name)
        )
        for profile in self.profiles:
            self.domains[profile] = (False, True)

    def words(self, *, nowhere: bool) -> Iterator[Point]:
        """Yield what an event can have of words that not all policies know, first none at all.

        Args:
            nowhere: whether words that no policy knows are asked for as well.
        """
        options: list[list[tuple[Variable, str] | None]] = []
        for variable, words in self.odd.items():
            unheard = nowhere and (variable is Field.PURPOSE or variable in _FACT_WORDS)
            found = [*words, self.nowhere] if unheard else words
            options.append([None, *((variable, word) for word in found)])
        for chosen in itertools.product(*options):
            yield dict(pair for pair in chosen if pair is not None)

    def exists(self, point: Point) -> bool:
        """Whether there is an event at `point`: every field that it leaves open has a value that it can take."""
        return all(
            variable in point or any(True for _ in self.values(variable, point))
            for variable in self.domains
            if isinstance(variable, Field)
        )

    def unknown(self, index: int, point: Point) -> Unknown:
        """Return which of the words at `point` the policy with the number `index` does not know."""
        knows = self.policies[index].vocabulary.knows
        missing = {
            variable
            for variable, dimension in _ODD.items()
            if point.get(variable) is not None and not knows(dimension, point[variable])
        }
        purposes: set[Variable] = {Field.PURPOSE, "fact:purposes"}
        return Unknown(Field.ITEM in missing, bool(missing & purposes), bool(missing - purposes))

    def values(self, variable: Variable, point: Point) -> Iterator[Any]:
        """Yield the values that `variable` can take beside what `point` says already."""
        operation = point.get(Field.OPERATION)
        nobody = point.get(Field.RECIPIENT, "") is None
        for value in self.domains[variable]:
            if variable is Field.PURPOSE and value is None and operation in NEEDS_PURPOSE:
                continue
            if (
                variable is Field.RECIPIENT
                and value is None
                and (operation in NEEDS_RECIPIENT or point.get(Field.SERVICE) is not None)
            ):
                continue
            if variable in (Field.SERVICE, Field.COUNTRY) and value is not None and nobody:
                continue
            if variable == PERSON and value == SAME and nobody:
                continue
            if isinstance(variable, Profile) and value and not self._possible(variable, point):
                continue
            yield value

    def leaf(self, leaf: Condition, point: Point, index: int) -> bool | None:
        """Return whether a leaf of the policy with the number `index` is met at `point`; None where that is open."""
        match leaf:
            case In(field, accepted):
                known, value = self._ruled(field, point)
                return (value in accepted) if known else None
            case NotIn(field, excluded):
                known, value = self._ruled(field, point)
                return (value is not None and value not in excluded) if known else None
            case Compare():
                name = f"@{leaf.attribute}"
                if name not in point:
                    return None
                return point[name] is not None and compares(point[name], leaf)
            case Holds():
                return self._holds(leaf, point, index)
            case _:
                return self._same(point)

    def variables(self, leaf: Condition, index: int) -> Iterator[Variable]:
        """Yield the variables on which a leaf of the policy with the number `index` may depend."""
        match leaf:
            case In(field, _, _) | NotIn(field, _, _):
                yield field
            case Compare():
                yield f"@{leaf.attribute}"
            case Holds():
                yield from self._needed(leaf)
                if leaf.may:
                    yield PERSON
                for profile in self.profiles:
                    if profile.satisfies(leaf, index):
                        yield from self._held_wide(profile)
                        yield profile
            case _:
                yield Field.RECIPIENT
                yield PERSON

    def event(self, point: Point) -> dict[str, Any]:
        """Return an event, as JSON has it, at `point`; what the point leaves open takes the plainest value."""
        whole: Point = dict(point)
        for variable in self.domains:
            if variable not in whole:
                whole[variable] = False if isinstance(variable, Profile) else next(self.values(variable, whole))
        found: dict[str, Any] = {"id": "difference", "time": written(whole[TIME]), "controller": self._controller()}
        for field, row in ROWS.items():
            value = self._person(whole) if field is Field.SUBJECT_ID else whole[field]
            if value is not None:
                put(found, row.name, [value] if row.form == "terms" else value)
        if "actor" in found:
            found["actor"]["id"] = _ACTOR_ID
        facts = [self._fact(profile, found) for profile in self.profiles if whole[profile]]
        facts += [
            self._fact_with(dimension, point[variable], found)
            for variable, dimension in _FACT_WORDS.items()
            if variable in point
        ]
        if facts:
            found["facts"] = facts
        attributes = {name: whole[f"@{name}"] for name in sorted(self.attributes) if whole[f"@{name}"] is not None}
        if attributes:
            found["attributes"] = attributes
        return found

    def _person(self, point: Point) -> str | None:
        """Return whom an event at `point` names as the data subject."""
        persons: dict[str, str | None] = {ABSENT: None, SAME: point[Field.RECIPIENT], OTHER: _PERSON_ID}
        return persons[point[PERSON]]

    def _controller(self) -> str:
        """Return a controller whom all the policies govern."""
        governed = [policy.governs for policy in self.policies if policy.governs is not None]
        common = frozenset.intersection(*governed) if governed else frozenset({"anyone"})
        return min(common or governed[0])

    def _ruled(self, field: Field, point: Point) -> tuple[bool, Any]:
        """Return (known, value) of a field as rules see it: within the controller there is no recipient for them."""
        if field in (Field.RECIPIENT, Field.SERVICE, Field.COUNTRY):
            operation = point.get(Field.OPERATION)
            if operation in WITHIN:
                return True, None
            if operation is None:
                return False, None
        return field in point, point.get(field)

    def _same(self, point: Point) -> bool | None:
        known, recipient = self._ruled(Field.RECIPIENT, point)
        if (known and recipient is None) or point.get(PERSON) in (ABSENT, OTHER):
            return False
        return True if known and PERSON in point else None

    def _holds(self, asked: Holds, point: Point, index: int) -> bool | None:
        needed = list(self._needed(asked))
        if any(point[variable] in (None, ABSENT) for variable in needed if variable in point):
            return False
        settled = all(variable in point for variable in needed)
        person = point.get(PERSON)
        answer: bool | None = False
        for profile in self.profiles:
            if not profile.satisfies(asked, index) or not self._possible(profile, point):
                continue
            present = point.get(profile)
            wide = self._held_wide(profile)
            if present and settled and (person is not None or not profile.named) and all(v in point for v in wide):
                return True
            if present is not False:
                answer = None
        return answer

    def _needed(self, asked: Holds) -> Iterator[Variable]:
        """Yield the variables of what an event must state for any fact of the asked type to agree with it."""
        declared = self.types[asked.type]
        if must_state(declared, asked, "recipient"):
            yield Field.RECIPIENT
        if must_state(declared, asked, "purpose"):
            yield Field.PURPOSE
        if must_state(declared, asked, "subject") and not asked.may:
            yield PERSON

    def _possible(self, profile: Profile, point: Point) -> bool:
        """Whether an event at `point` can come with a fact of this profile, as far as the point says."""
        if profile.named and point.get(PERSON) not in (None, ABSENT):
            return False
        held = {field.id: field.held for field in self.types[profile.type].fields.values()}
        for name, means in profile.wide:
            field = _HELD_FIELD[held[name]]
            if field in point and (
                point[field] is None or means not in self._words_above(HELD_DIMENSION[held[name]], point[field])
            ):
                return False
        return True

    def _held_wide(self, profile: Profile) -> list[Variable]:
        fields = self.types[profile.type].fields
        return [_HELD_FIELD[fields[name].held] for name, _ in profile.wide]

    def _words_above(self, dimension: str, term: str) -> Mapping[Each, str]:
        return self.terms[dimension].wider(term)

    def _splits(self, held: str) -> tuple[Each, ...]:
        """Return how the policies can differ on whether a word in a fact means what the event states."""
        dimension = HELD_DIMENSION.get(held)
        if dimension is None:
            return ()
        return tuple(
            sorted({m for value in self.terms[dimension].declared for m in self._words_above(dimension, value)})
        )

    def _times(self) -> tuple[int, ...]:
        first = instant("2000-01-01T00:00:00Z")
        dates = sorted(
            {
                date
                for policy in self.policies
                for date in (
                    policy.start,
                    policy.end,
                    *(d for rule in policy.rules for d in (rule.head.start, rule.head.end)),
                )
                if abs(date) < FOREVER
            }
        )
        if not dates:
            return (first,)
        # The newest span first: what is found is then an event of today's policy where there is one.
        return (*reversed(dates), dates[0] - 86_400_000_000)

    def _terms(self, dimension: str, field: Field) -> Terms:
        """Return the words of one dimension."""
        named = tuple(self._named(field)) if field is Field.RECIPIENT else ()
        return self._keeping(("terms", dimension, self._words, named), lambda: Terms(self.policies, dimension, named))

    def _profiles(self, name: str) -> tuple[Profile, ...]:
        """Return the profiles of the facts of one type."""
        asked = tuple((index, leaf) for index, leaf in self.asked if isinstance(leaf, Holds) and leaf.type == name)
        return self._keeping(
            ("profiles", name, self._words, asked),
            lambda: tuple(profiles_of(self.types[name], asked, self._splits)),
        )

    def _divided(self, dimension: str, field: Field) -> tuple[tuple[Any, ...], tuple[str, ...]]:
        """Return a field's values, one of each class, and apart from them words that not all policies know."""
        lists = frozenset(leaf.values for leaf in self._of(field))
        return self._keeping(
            ("values", field, self._words, lists), lambda: self._divide(self.terms[dimension], field, lists)
        )

    def _divide(
        self, known_words: Terms, field: Field, lists: frozenset[frozenset[str]]
    ) -> tuple[tuple[Any, ...], tuple[str, ...]]:
        terms: list[str] = list(known_words.declared)
        if field is Field.RECIPIENT:
            terms.append("somebody")
        if known_words.dimension in IGNORABLE and not all(known_words.known(self.nowhere)):
            terms.append(self.nowhere)
        found: dict[tuple[Any, ...], str] = {}
        for term in sorted(terms, key=lambda term: term not in ("somebody", IDENTIFIABLE)):
            known = known_words.known(term)
            in_facts = known_words.dimension in HELD_DIMENSION.values()
            wider = frozenset(known_words.wider(term)) if in_facts else None
            found.setdefault((known, wider, *(term in values for values in lists)), term)
        plain: tuple[str | None, ...] = tuple(term for (known, *_), term in found.items() if all(known))
        if field is Field.PURPOSE:
            plain = (*plain, None)
        elif field in (Field.ORIGIN, Field.SERVICE, Field.RECIPIENT, Field.ROLE):
            plain = (None, *plain)
        return plain, tuple(term for (known, *_), term in found.items() if any(known) and not all(known))

    def _keeping(self, key: Hashable, make: Callable[[], _Part]) -> _Part:
        """Return a part of this space; `key` says all that it is made of."""
        if key not in self._kept:
            self._kept[key] = make()
        return cast("_Part", self._kept[key])

    def _odd_in_facts(self, dimension: str) -> tuple[str, ...]:
        """Return one word for each division of the policies into those that know it and those that do not."""
        if self._type_with(dimension) is None:
            return ()
        terms = self.terms[dimension]
        found: dict[Each, str] = {}
        for term in terms.declared:
            if not all(terms.known(term)):
                found.setdefault(terms.known(term), term)
        return tuple(found.values())

    def _type_with(self, dimension: str) -> tuple[FactType, str] | None:
        """Return a type of fact, known to all policies alike, with a field that words of a dimension stand in."""
        for name, declared in self.types.items():
            if all(policy.vocabulary.facts.get(name) == declared for policy in self.policies):
                for field in declared.fields.values():
                    if HELD_DIMENSION.get(field.held) == dimension:
                        return declared, field.id
        return None

    def _nowhere(self) -> str:
        """Return a word that no policy knows."""
        known = {term for dimension in CLOSED for term in self.terms[dimension].declared}
        return next(word for word in itertools.chain(["unheard-of"], map(str, itertools.count())) if word not in known)

    def _countries(self) -> tuple[Any, ...]:
        named = self._named(Field.COUNTRY)
        return (None, *named, *another_country(named)) if named else (None,)

    def _named(self, field: Field) -> list[str]:
        return sorted({value for leaf in self._of(field) for value in leaf.values})

    def _of(self, field: Field) -> list[In | NotIn]:
        return [leaf for leaf in self.leaves if isinstance(leaf, In | NotIn) and leaf.field is field]

    def _regions(self, name: str) -> tuple[Any, ...]:
        declared = next(p.vocabulary.attributes[name] for p in self.policies if name in p.vocabulary.attributes)
        if declared.type == "boolean":
            return (None, False, True)
        tested = [leaf.value for leaf in self.leaves if isinstance(leaf, Compare) and leaf.attribute == name]
        if declared.type == "string":
            return (None, *sorted({str(value) for value in tested}), ELSEWHERE)
        marks = sorted({value for value in tested if not isinstance(value, str)})
        between = {(low + high) / 2 for low, high in itertools.pairwise(marks)}
        values: set[int | float] = {marks[0] - 1, *marks, *between, marks[-1] + 1}
        if declared.type == "integer":
            values = {
                int(value)
                for value in (*marks, *(m + 1 for m in marks), *(m - 1 for m in marks))
                if value == int(value)
            }
        return (None, *sorted(values))

    def _fact(self, profile: Profile, event: Mapping[str, Any]) -> dict[str, Any]:
        """Return a fact of a profile, in an event."""
        here = {held: stated(event, row.name) for held, row in HELD.items()}
        here["item"] = event["items"][0]
        here["subject"] = here["subject"] or _PERSON_ID

        def wider(held: str, means: Each) -> str:
            return self._words_above(HELD_DIMENSION[held], here[held])[means]

        found = fact_of(self.types[profile.type], profile, here, self._another, wider)
        if profile.named:
            found["subject"] = _PERSON_ID
        return found

    def _fact_with(self, dimension: str, word: str, event: Mapping[str, Any]) -> dict[str, Any]:
        """Return a fact that is never in effect, with a word that not all policies know."""
        found = self._type_with(dimension)
        assert found is not None
        declared, name = found
        values = tuple(
            (field.id, min(field.values or {ELSEWHERE}))
            for field in declared.fields.values()
            if field.held == VALUE and field.required
        )
        fact = self._fact(Profile(declared.id, values, frozenset(), False), event)
        fact[name] = [word] if declared.fields[name].list else word
        return {**fact, "from": event["time"], "until": event["time"]}

    def _another(self, held: str, value: Any) -> str:
        """Return a value that does not agree with `value`."""
        if held == "operation":
            return next(operation for operation in OPERATIONS if operation != value)
        dimension = HELD_DIMENSION.get(held)
        if dimension is None or dimension == "parties":
            return "somebody-else"
        terms = self.terms[dimension]
        return next(
            term
            for term in sorted(terms.declared)
            if all(terms.known(term)) and not any(value in v.kinds(dimension, term) for v in terms.vocabularies)
        )


_ODD: dict[Variable, str] = dict([*((DIMENSIONS[name], name) for name in CLOSED), *_FACT_WORDS.items()])
"""The variables whose words a policy may not know, and the dimension of each."""
