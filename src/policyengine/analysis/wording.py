"""What a diagram says, in words: sets of values with the fewest words, and what must be in place."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from msgspec.structs import replace

from policyengine.analysis.choices import Named
from policyengine.analysis.diagram import Diagram, Equal
from policyengine.analysis.nodes import bits
from policyengine.model.condition import Acquired, Age, And, Clock, Compare, Condition, Field, Holds, Or, negated
from policyengine.model.fact import HELD_FIELD, VALUE, FactType
from policyengine.model.fields import ROWS
from policyengine.model.meets import aged, compares, had, strikes
from policyengine.model.operation import OPERATIONS
from policyengine.model.policy import Policy
from policyengine.model.profile import Question
from policyengine.model.space import ACQUIRED, READING, TIME, Variable
from policyengine.model.vocabulary import DIMENSION_OF
from policyengine.model.words import describe, fact_in_words
from policyengine.text import Text, echoed, listed, same


@dataclass(frozen=True, slots=True)
class Among:
    """Some values of a field of events.

    Args:
        values: the words.
        others: whether all that nobody names are among them: ids, or countries.
        but: of those that somebody names, the words that are not; where there are `others`.
        unstated: whether an event that states none is among them.
        same_as: names of fields, where the value is the one of these.
        message: the same for people, in the fewest words.
    """

    values: tuple[str, ...]
    others: bool
    but: tuple[str, ...]
    unstated: bool
    same_as: tuple[str, ...]
    message: Text

    def has(self, word: str) -> bool:
        """Whether a word is one of them."""
        return word not in self.but if self.others else word in self.values

    def to_json(self) -> dict[str, Any]:
        """Return it as JSON has it."""
        found: dict[str, Any] = {"all_but": list(self.but)} if self.others else {"values": list(self.values)}
        if self.unstated:
            found["unstated"] = True
        if self.same_as:
            found["same_as"] = list(self.same_as)
        return {**found, "message": self.message.as_dict()}


@dataclass(frozen=True, slots=True)
class Need:
    """One thing that must be so.

    Args:
        name: of what: the type of a fact, a field of events such as ``recipient.country``, ``attributes.NAME``.
        fact: whether it is a fact.
        there: of a fact, whether there must be one; else there must be none.
        where: of a fact, the values for which it is asked, by field.
        among: of a field, its values.
        message: the same for people.
    """

    name: str
    fact: bool
    there: bool
    where: tuple[tuple[str, tuple[str, ...]], ...]
    among: Among | None
    message: Text

    def to_json(self) -> dict[str, Any]:
        """Return it as JSON has it."""
        found: dict[str, Any]
        if self.fact:
            found = {"fact": self.name, "there": self.there, "where": {name: list(of) for name, of in self.where}}
        else:
            found = {"field": self.name}
            if self.among is not None:
                found |= {key: value for key, value in self.among.to_json().items() if key != "message"}
        return {**found, "message": self.message.as_dict()}


class Wording:
    """Says what the variables of a diagram are.

    Args:
        diagram: the diagram.
        policies: its policies.
    """

    def __init__(self, diagram: Diagram, policies: Sequence[Policy]) -> None:
        self._diagram = diagram
        self._policies = policies

    def name(self, variable: Variable) -> str:
        """Return the name of a variable as events have it."""
        if isinstance(variable, Field):
            return ROWS[variable].name
        assert isinstance(variable, str)
        return f"attributes.{variable[1:]}" if variable.startswith("@") else variable

    def among(self, field: Field, values: Iterable[Any]) -> Among:
        """Return some values of a field."""
        diagram, chosen = self._diagram, list(values)
        rank = diagram.rank(field)
        domain = [diagram.value(rank, number) for number in bits(diagram.domain(rank))]
        named = [word for value in chosen for word in self._words(field, value)]
        out = [word for value in domain if value not in chosen for word in self._words(field, value)]
        nameless = diagram.space.nameless(field) if field not in diagram.known.values else frozenset()
        others = not nameless.isdisjoint(named)
        named = [word for word in named if word not in nameless]
        out = [word for word in out if word not in nameless]
        unstated = any(not isinstance(value, str | Equal) for value in chosen)
        equal = next((value.fields for value in chosen if isinstance(value, Equal)), ())
        parts = []
        if others:
            parts.append(_ANY_BUT.filled(words=self._listed(field, out)) if out else _ANY)
        elif named:
            parts.append(self._fewest(field, named, out))
        parts += [_SAME.filled(field=ROWS[other].label) for other in equal]
        stated_out = any(not isinstance(value, str | Equal) for value in domain) and not unstated
        parts += [_UNSTATED] if unstated else []
        message = listed(parts, last=_OR)
        if not named and not others and not equal and not unstated:
            message = _NOTHING
        return Among(
            tuple(named) if not others else (),
            others,
            tuple(out) if others else (),
            unstated and not stated_out,
            tuple(ROWS[other].name for other in equal),
            message,
        )

    def needs(self, region: Named) -> tuple[Need, ...]:
        """Return what must be so in a region, facts that must be there first, those that must not be last."""
        found: list[Need] = []
        absent: dict[Any, list[Question]] = {}
        for variable, values in region.items():
            if isinstance(variable, Question) and values == (False,):
                where = variable.holds.where
                names = tuple(name for name, _ in where) if len(where) == 1 else where
                absent.setdefault((replace(variable.holds, where=()), names, variable[1:]), []).append(variable)
            else:
                found.append(self._need(variable, values))
        found += [self._none(some) for some in absent.values()]
        return tuple(sorted(found, key=lambda need: 2 if need.fact and not need.there else not need.fact))

    def _none(self, some: Sequence[Question]) -> Need:
        """Return that there are no facts that answer questions that differ in one value alone, or one of them."""
        question = some[0]
        if len(some) > 1:
            ((name, _),) = question.holds.where
            values = frozenset[str]().union(*(values for of in some for _, values in of.holds.where))
            question = question._replace(holds=replace(question.holds, where=((name, values),)))
        return self._fact(question, False)

    # ------------------------------------------------------------------------------------------ values

    def _words(self, field: Field, value: Any) -> tuple[str, ...]:
        return self._diagram.members(field, value) if isinstance(value, str) else ()

    def label(self, field: Field | str, word: str) -> Text:
        """Return what people call a word of a field."""
        if field == Field.OPERATION:
            return OPERATIONS.get(word, same(word))
        for policy in self._policies:
            found = policy.vocabulary.label(field, word)
            if found != same(echoed(word)):
                return found
        return same(echoed(word))

    def _listed(self, field: Field, words: Iterable[str]) -> Text:
        return listed(self._shortest(field, words), last=_OR)

    def _fewest(self, field: Field, named: Sequence[str], out: Sequence[str]) -> Text:
        """Return some words of a field, or all but those that are out, whichever is shorter."""
        short = self._shortest(field, named)
        if field not in self._diagram.known.values and len(out) < len(named):
            but = self._shortest(field, out)
            if len(but) + 1 < len(short):
                return _ANY_BUT.filled(words=listed(but, last=_OR))
        return listed(short, last=_OR)

    def _shortest(self, field: Field, words: Iterable[str]) -> list[Text]:
        """Return few words for some: one whose kinds are all among them stands for these."""
        chosen, dimension = dict.fromkeys(words), DIMENSION_OF.get(field)
        if dimension is None:
            return [self.label(field, word) for word in chosen]

        def kinds(word: str) -> frozenset[str]:
            return frozenset[str]().union(*(p.vocabulary.kinds(dimension, word) for p in self._policies))

        covered: set[str] = set()
        said: dict[str, Text] = {}
        for word in sorted(chosen, key=lambda word: -len(kinds(word))):
            if word not in covered and kinds(word) <= chosen.keys():
                covered |= kinds(word)
                said[word] = self.label(field, word)
        for word in chosen:
            if word not in covered:
                said[word] = _ALONE.filled(word=self.label(field, word))
        return [said[word] for word in chosen if word in said]

    # ------------------------------------------------------------------------------------------ needs

    def _need(self, variable: Variable, values: Sequence[Any]) -> Need:
        if isinstance(variable, Question):
            return self._fact(variable, values[0])
        if isinstance(variable, Field):
            among = self.among(variable, values)
            return Need(self.name(variable), False, True, (), among, self._said(variable, values, among))
        return Need(self.name(variable), False, True, (), None, self._scalar(variable, values))

    def _said(self, field: Field, values: Sequence[Any], among: Among) -> Text:
        """Return which values a field must have."""
        diagram, label = self._diagram, ROWS[field].label
        rank = diagram.rank(field)
        domain = [diagram.value(rank, number) for number in bits(diagram.domain(rank))]
        out = [value for value in domain if value not in values]
        nameless = diagram.space.nameless(field)
        left_out = [word for value in out for word in self._words(field, value) if word not in nameless]
        others_out = any(isinstance(value, Equal) or value in nameless for value in out)
        if among.unstated and left_out and not others_out:
            return _IS_NOT.filled(field=label, words=self._listed(field, left_out))
        if left_out or among.others or among.same_as or field in diagram.known.values:
            return _IS.filled(field=label, words=among.message)
        return _IS.filled(field=label, words=among.message) if not among.values else _IS_STATED.filled(field=label)

    def _fact(self, question: Question, there: bool) -> Need:
        holds = question.holds
        vocabulary = self._policies[question.policy].vocabulary
        where = tuple((name, tuple(sorted(values))) for name, values in holds.where)
        said = fact_in_words(replace(holds, stated=frozenset()), vocabulary)
        said = self._covering(said, holds, vocabulary.facts[holds.type])
        if question.since:
            said = _SINCE.filled(fact=said, number=str(question.since))
        return Need(holds.type, True, there, where, None, said if there else _NONE.filled(fact=said))

    def _covering(self, said: Text, holds: Holds, declared: FactType) -> Text:
        """Return a fact with what it must agree with."""
        held = [
            field
            for field in declared.fields.values()
            if field.held != VALUE and field.id not in holds.unheld and (field.required or field.id in holds.stated)
        ]
        for field in held:
            of = HELD_FIELD[field.held]
            said = _HELD.get(of, _FOR).filled(fact=said, field=ROWS[of].label)
        return said

    def _scalar(self, variable: str, values: Sequence[Any]) -> Text:
        """Return what must be so of an attribute, the age of data, the time or a reading."""
        if variable.startswith(READING):
            return same(f"{variable.removeprefix(READING)} = {' / '.join(str(value or 'default') for value in values)}")
        diagram = self._diagram
        rank = diagram.rank(variable)
        domain = [diagram.value(rank, number) for number in bits(diagram.domain(rank))]
        wanted = [value in values for value in domain]
        tests: list[tuple[list[bool], Text]] = []
        for leaf, policy in self._leaves(variable):
            both = dict.fromkeys((leaf, negated(leaf)))
            tests += [
                ([_met(one, of, diagram.time) for of in domain], describe(one, policy.vocabulary)) for one in both
            ]
        label = self._attribute(variable)
        if wanted == [value is not None for value in domain]:
            return _IS_STATED.filled(field=label)
        for answers, text in tests:
            if answers == wanted:
                return text
        for (ours, text), (theirs, other) in itertools.combinations(tests, 2):
            if [a and b for a, b in zip(ours, theirs, strict=True)] == wanted:
                return listed([text, other], last=_AND)
            if [a or b for a, b in zip(ours, theirs, strict=True)] == wanted:
                return listed([text, other], last=_OR)
        shown = [_UNSTATED if value is None else same(str(value)) for value in values]
        return _IS.filled(field=label, words=listed(shown, last=_OR))

    def _attribute(self, variable: str) -> Text:
        for policy in self._policies:
            if variable.startswith("@") and variable[1:] in policy.vocabulary.attributes:
                return policy.vocabulary.attributes[variable[1:]].label
        return same(variable)

    def _leaves(self, variable: str) -> Iterable[tuple[Condition, Policy]]:
        for sight, policy in zip(self._diagram.sights, self._policies, strict=True):
            some: Iterable[Condition]
            if variable == TIME:
                some = sight.clocks
            elif variable == ACQUIRED:
                some = sight.elapsed
            else:
                some = (*sight.comparisons.get(variable[1:], ()), *sight.ages.get(variable[1:], ()))
            for leaf in some:
                yield leaf, policy


def _met(condition: Condition, value: Any, time: int) -> bool:
    """Whether a condition on one attribute, on the age of data or on the clock is met by a value."""
    match condition:
        case And(parts):
            return all(_met(part, value, time) for part in parts)
        case Or(parts):
            return any(_met(part, value, time) for part in parts)
        case Clock():
            return strikes(value, condition)
        case Acquired():
            return had(time, value, condition)
        case Compare():
            return condition.open if value is None else compares(value, condition)
        case Age():
            return condition.open if value is None else aged(time, value, condition)
        case _:
            raise TypeError(condition)


_OR: Final = Text(ja="または", en="or")
_AND: Final = Text(ja="かつ", en="and")
_ANY: Final = Text(ja="誰でも・何でも", en="any")
_NOTHING: Final = Text(ja="（なし）", en="(none)")
_ANY_BUT: Final = Text(ja="{words}以外", en="any but {words}")
_ALONE: Final = Text(ja="{word}（下位の語を除く）", en="{word} (as such)")
_SAME: Final = Text(ja="{field}と同じ", en="the {field}")
_UNSTATED: Final = Text(ja="示さない", en="not stated")
_IS: Final = Text(ja="{field}が{words}", en="the {field} is {words}")
_IS_NOT: Final = Text(ja="{field}が{words}ではない", en="the {field} is not {words}")
_IS_STATED: Final = Text(ja="{field}が示されている", en="the {field} is stated")
_SINCE: Final = Text(ja="{number} 番目の時点より後に始まった{fact}", en="{fact}, begun since the moment {number}")
_NONE: Final = Text(ja="{fact}がない", en="no {fact}")
_HELD: Final[Mapping[Field, Text]] = {
    Field.RECIPIENT: Text(ja="提供先を相手とする{fact}", en="{fact} for the recipient"),
    Field.OPERATION: Text(ja="この取扱いへの{fact}", en="{fact} to the operation"),
    Field.PURPOSE: Text(ja="この利用目的での{fact}", en="{fact} for the purpose"),
    Field.ITEM: Text(ja="この項目についての{fact}", en="{fact} that covers the item"),
}
"""How a fact is told that must agree with a field."""
_FOR: Final = Text(ja="この{field}の{fact}", en="{fact} of the {field}")
