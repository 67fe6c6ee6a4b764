"""What may ever be: which recipients, purposes, items and operations some policies permit, and what must be in place.

A question fixes some of what events say and asks for the rest. Its answer is exact: it is read off the decision diagram
of the policies (`analysis.diagram`), in few rows.
"""

from __future__ import annotations

from collections.abc import Callable, Container, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from policyengine.analysis.choices import Terms, terms
from policyengine.analysis.diagram import Assumed, Diagram, Partial, permitted
from policyengine.analysis.sight import Sight
from policyengine.analysis.witness import Witnesses, zone_of
from policyengine.analysis.wording import Among, Need, Wording
from policyengine.calendar import PLAIN_ZONE, shown
from policyengine.decision.classes import leaves_of
from policyengine.errors import InvalidEvent, did_you_mean
from policyengine.model.condition import Elsewhere, Field
from policyengine.model.countries import COUNTRIES
from policyengine.model.event import Event
from policyengine.model.fact import VALUE, FactType
from policyengine.model.fields import EVENT, IDENTIFIABLE, ROWS, EventField, stated
from policyengine.model.operation import NEEDS_RECIPIENT, OPERATIONS
from policyengine.model.policy import Policy
from policyengine.model.space import TIME, Undecided, Variable
from policyengine.model.vocabulary import CLOSED, DIMENSION_OF
from policyengine.moment import instant, written
from policyengine.once import once
from policyengine.text import Text, listed, same

DEFAULT_ASKED: Final = ("operation", "subject.category", "items", "purpose", "recipient.id")
"""What is asked for where a question does not say, as far as it is not fixed."""

ASKABLE: Final[Mapping[str, Field]] = {
    row.name: of for of, row in ROWS.items() if row.listable and of is not Field.CONTROLLER
}
"""What can be asked for, by the name that events have for it."""


_DEFAULTS: Final = {Field.FORM: IDENTIFIABLE}
"""What an event says that states nothing."""


@dataclass(frozen=True, slots=True)
class Permitted:
    """One row of an answer: some events that are permitted.

    Args:
        where: by name of an event field that was asked for, its values; what is not there can be anything.
        needs: what must be so beside.
        either: what else must be so: of each choice one of the ways, which is all that it says.
    """

    where: Mapping[str, Among]
    needs: tuple[Need, ...]
    either: tuple[tuple[tuple[Need, ...], ...], ...]

    def to_json(self) -> dict[str, Any]:
        """Return it as JSON has it."""
        return {
            "where": {name: among.to_json() for name, among in self.where.items()},
            "needs": [need.to_json() for need in self.needs],
            "either": [[[need.to_json() for need in way] for way in some] for some in self.either],
        }


class Answer:
    """What some policies permit of the events of a question.

    Args:
        policies: the policies.
        question: the question.
        diagram: what they say of its events.
        outcome: decides an event.
    """

    def __init__(
        self, policies: Sequence[Policy], question: Question, diagram: Diagram, outcome: Callable[[Event], str]
    ) -> None:
        self.policies: tuple[tuple[str, str], ...] = tuple((policy.id, policy.version) for policy in policies)
        """The policies, each with its version."""
        self.time: str = written(diagram.time)
        """The time for which the answer holds."""
        zone = policies[0].zone if policies[0].zone != PLAIN_ZONE else zone_of([diagram.time])
        self.day: str = shown(diagram.time, zone).partition("T00:00:00")[0]
        """The same by the calendar of the first policy: a day, where that is when it begins."""
        self.asked: tuple[str, ...] = tuple(ROWS[of].name for of in question.asked)
        """The names of the event fields that were asked for."""
        self._all = policies
        self._question = question
        self._diagram = diagram
        self._outcome = outcome

    @once
    def rows(self) -> tuple[Permitted, ...]:
        """What is permitted: the rows are together exact, and none of them is said by the others."""
        wording = Wording(self._diagram, self._all)
        return tuple(_row(row, wording) for row in _sorted(terms(self._diagram, bool), self._diagram))

    @once
    def everything(self) -> bool:
        """Whether every event of the question is permitted, and there are some."""
        return self._says(True) and not self._says(False)

    @once
    def nothing(self) -> bool:
        """Whether no event of the question is permitted."""
        return not self._says(True)

    @once
    def no_event(self) -> bool:
        """Whether there is no event of the question at all."""
        return not self._says(True) and not self._says(False)

    @once
    def about(self) -> tuple[Text, ...]:
        """What is known of the events of the question, for people."""
        return tuple(self._question.told(Wording(self._diagram, self._all), self._all))

    def words(self, name: str) -> tuple[tuple[str, Text], ...]:
        """Return the words that a field that was asked for can have, as far as they have names, each with its label.

        Args:
            name: the name of the field.
        """
        field = ASKABLE[name]
        words = dict.fromkeys(self._question.words(field, self._all))
        for row in self.rows:
            if name in row.where:
                words.update(dict.fromkeys((*row.where[name].values, *row.where[name].but)))
        wording = Wording(self._diagram, self._all)
        return tuple((word, wording.label(field, word)) for word in words)

    def witness(self, *, permitted: bool) -> dict[str, Any] | None:
        """Return an event of the question that is permitted, or one that is not; None where there is none."""
        point = self._diagram.point(lambda says: says is permitted)
        if point is None:
            return None
        wanted = "permit" if permitted else "deny"

        def shows(event: Mapping[str, Any]) -> bool:
            try:
                ready = Event.from_mapping(event)
                return self._question.fits(event, self._diagram.space.types) and self._outcome(ready) == wanted
            except InvalidEvent:
                return False

        return Witnesses(self._all).believable(self._diagram.space.event(point), shows)

    def to_json(self) -> dict[str, Any]:
        """Return the answer as JSON has it."""
        return {
            "policies": [{"id": name, "version": version} for name, version in self.policies],
            "time": self.time,
            "asked": list(self.asked),
            "everything": self.everything,
            "rows": [row.to_json() for row in self.rows],
        }

    def _says(self, permitted: bool) -> bool:
        return permitted in self._diagram.says()


class Question:
    """Of which events is asked, and for what.

    Args:
        policies: the policies that are asked, whose words these are.
        partial: what is known of the events, in the form of an event: a word, or a list of some.
        ask: the names of the event fields that are asked for; by default `DEFAULT_ASKED`, but for what is fixed.
        having: facts that there are, each as ``TYPE`` or ``TYPE=VALUE``; each agrees wherever it can.
        without: facts that there are not, likewise.

    Raises:
        ValueError: a field, a word, a type of fact or one of its values is not known; it says what is near.
    """

    def __init__(
        self,
        policies: Sequence[Policy],
        partial: Mapping[str, Any],
        ask: Iterable[str] = (),
        having: Iterable[str] = (),
        without: Iterable[str] = (),
    ) -> None:
        self._values = _known(policies, partial)
        types = {name: of for policy in policies for name, of in policy.vocabulary.facts.items()}
        self._having = [_fact(said, types) for said in having]
        self._without = [_fact(said, types) for said in without]
        self.asked: Sequence[Field] = _asked(ask, self._values)

    @property
    def known(self) -> Partial:
        """Of which events is asked."""
        assumed: dict[str, Assumed] = {}
        for name, said in self._having:
            before = assumed.get(name, Assumed())
            assumed[name] = Assumed((*before.there, said), before.absent)
        for name, said in self._without:
            before = assumed.get(name, Assumed())
            assumed[name] = Assumed(before.there, (*before.absent, said))
        return Partial(self._values, assumed, newest=TIME not in self._values)

    def told(self, wording: Wording, policies: Sequence[Policy]) -> Iterator[Text]:
        """Yield what is known of the events, for people."""
        for variable, values in self._values.items():
            if isinstance(variable, Field):
                shown = listed((wording.label(variable, word) for word in values), last=_OR)
                yield _PAIR.filled(name=ROWS[variable].label, value=shown)
            elif variable != TIME:
                yield _PAIR.filled(name=str(variable)[1:], value=", ".join(map(str, values)))
        types = {name: of for policy in policies for name, of in policy.vocabulary.facts.items()}
        for form, facts in ((_WITH, self._having), (_WITHOUT, self._without)):
            for name, said in facts:
                of = types[name]
                fact = of.label
                if said:
                    labels = listed(of.labels.get(value, same(value)) for value in said.values())
                    fact = _VALUED.filled(fact=fact, values=labels)
                yield form.filled(fact=fact)

    def words(self, field: Field, policies: Sequence[Policy]) -> Iterable[str]:
        """Return the words that a field can have, as far as the question or a vocabulary names them."""
        if field in self._values:
            return self._values[field]
        if field is Field.OPERATION:
            return OPERATIONS
        dimension = DIMENSION_OF.get(field)
        return [word for policy in policies for word in policy.vocabulary.terms[dimension]] if dimension else []

    def fits(self, event: Mapping[str, Any], types: Container[str]) -> bool:
        """Whether an event, as JSON has it, is one of which is asked.

        Args:
            event: the event.
            types: the types of fact for which rules ask; whether there are others shows nowhere.
        """
        facts = event.get("facts", ())

        def there(name: str, said: Mapping[str, str]) -> bool:
            return any(fact["type"] == name and said.items() <= fact.items() for fact in facts)

        for variable, values in self._values.items():
            if isinstance(variable, Field):
                found = stated(event, ROWS[variable].name)
                if (found[0] if isinstance(found, list) else found or _DEFAULTS.get(variable)) not in values:
                    return False
            elif variable != TIME and event.get("attributes", {}).get(str(variable)[1:]) not in values:
                return False
        return all(there(*fact) for fact in self._having if fact[0] in types) and not any(
            there(*fact) for fact in self._without
        )


def answer(
    policies: Sequence[Policy], question: Question, outcome: Callable[[Event], str], regions: int | None = None
) -> Answer:
    """Return what some policies permit.

    Args:
        policies: the policies, all of which must permit.
        question: the question.
        outcome: decides an event, for witnesses.
        regions: how many regions may be looked at; None for all that it takes.

    Raises:
        Undecided: `regions` were not enough, or the policies declare what cannot be held against one another.
    """
    sights = [Sight(policy) for policy in policies]
    if any(isinstance(leaf, Elsewhere) for sight in sights for leaf in leaves_of(sight.rules)):
        raise Undecided("a rule is licensed by other policies, and an answer is made of each policy by itself")
    diagram = Diagram(sights, permitted, question.known, question.asked, regions=regions)
    return Answer(policies, question, diagram, outcome)


def _row(row: Terms, wording: Wording) -> Permitted:
    where = {ROWS[of].name: wording.among(of, values) for of, values in row.where.items() if isinstance(of, Field)}
    needed: dict[Variable, tuple[Any, ...]] = {}
    either: list[tuple[tuple[Need, ...], ...]] = []
    for some in row.choices:
        first, *others = some
        common = {of: values for of, values in first.items() if all(way.get(of) == values for way in others)}
        needed |= common
        rest = [{of: values for of, values in way.items() if of not in common} for way in some]
        if others and {} not in rest:
            either.append(tuple(wording.needs(way) for way in rest))
    return Permitted(where, wording.needs(needed), tuple(either))


def _sorted(found: Sequence[Terms], diagram: Diagram) -> list[Terms]:
    """Return rows in the order of what they are about: of each column, all first, then its values in their order."""

    def place(row: Terms) -> list[list[int]]:
        order = []
        for of in diagram.asked:
            known = [diagram.value(diagram.rank(of), n) for n in range(diagram.domain(diagram.rank(of)).bit_length())]
            order.append([known.index(value) for value in row.where[of]] if of in row.where else [-1])
        return order

    return sorted(found, key=place)


# ---------------------------------------------------------------------------------------------- reading a question


def _known(policies: Sequence[Policy], partial: Mapping[str, Any]) -> dict[Variable, tuple[Any, ...]]:
    keys = {row.key for row in EVENT} - {"id", "facts", "acquired"}
    for key in partial:
        if key not in keys:
            raise ValueError(f"{key}: no field of a question{_hint(key, keys)}")
    found: dict[Variable, tuple[Any, ...]] = {}
    if "time" in partial:
        found[TIME] = (instant(partial["time"]),)
    for of, row in ROWS.items():
        said = stated(partial, row.name)
        if said is not None:
            words = (said,) if isinstance(said, str) else tuple(dict.fromkeys(said))
            for word in words:
                _check(of, row, word, policies)
            found[of] = words
    for name, value in partial.get("attributes", {}).items():
        _attribute(name, value, policies)
        found[f"@{name}"] = (value,)
    for key, operations in (("recipient", NEEDS_RECIPIENT), ("source", frozenset({"acquire"}))):
        if Field.OPERATION not in found and any(isinstance(of, Field) and ROWS[of].key == key for of in found):
            found[Field.OPERATION] = tuple(name for name in OPERATIONS if name in operations)
    return found


def _check(of: Field, row: EventField, word: Any, policies: Sequence[Policy]) -> None:
    dimension = DIMENSION_OF.get(of)
    words: Iterable[str]
    if of is Field.OPERATION:
        words = OPERATIONS
    elif row.form == "country":
        words = COUNTRIES
    elif dimension in CLOSED:
        words = {word for policy in policies for word in policy.vocabulary.terms[dimension]}
    else:
        return
    if word not in words:
        raise ValueError(f'{row.name}: no word "{word}"{_hint(str(word), words)}')


def _attribute(name: str, value: Any, policies: Sequence[Policy]) -> None:
    declared = {of: known for policy in policies for of, known in policy.vocabulary.attributes.items()}
    if name not in declared:
        raise ValueError(f'attributes: no attribute "{name}"{_hint(name, declared)}')
    if not declared[name].accepts(value):
        raise ValueError(f"attributes.{name}: expected a value of type {declared[name].type}")


def _asked(ask: Iterable[str], known: Mapping[Variable, tuple[Any, ...]]) -> list[Field]:
    names = tuple(ask) or DEFAULT_ASKED
    for name in names:
        if name not in ASKABLE:
            raise ValueError(f'"{name}" is nothing that can be asked for{_hint(name, ASKABLE)}')
    several = [of for of, values in known.items() if isinstance(of, Field) and len(values) > 1]
    wanted = dict.fromkeys((*(ASKABLE[name] for name in names), *several))
    if Field.OPERATION not in known:
        wanted = {Field.OPERATION: None, **wanted}
    return [of for of in wanted if len(known.get(of, ())) != 1]


def _fact(said: str, types: Mapping[str, FactType]) -> tuple[str, dict[str, str]]:
    name, equals, value = said.partition("=")
    if name not in types:
        raise ValueError(f'no type of fact "{name}"{_hint(name, types)}')
    if not equals:
        return name, {}
    fields = [of for of in types[name].fields.values() if of.held == VALUE and of.values is not None]
    for of in fields:
        if of.values is not None and value in of.values:
            return name, {of.id: value}
    known = {one for of in fields for one in of.values or ()}
    raise ValueError(f'{name}: no value "{value}"{_hint(value, known)}')


def _hint(word: str, known: Iterable[str]) -> str:
    hint: Text | None = did_you_mean(word, known)
    return f"; {hint.en}" if hint else ""


_OR: Final = Text(ja="または", en="or")
_PAIR: Final = Text(ja="{name}: {value}", en="{name}: {value}")
_WITH: Final = Text(ja="{fact}があるとき", en="with {fact}")
_WITHOUT: Final = Text(ja="{fact}がないとき", en="without {fact}")
_VALUED: Final = Text(ja="{fact}（{values}）", en="{fact} ({values})")
