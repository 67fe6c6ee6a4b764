"""Where an event stands in a diagram: found by reading the event directly, with no help of the analysis."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from policyengine.analysis.choices import Terms
from policyengine.analysis.diagram import Diagram, Equal, Row
from policyengine.analysis.nodes import End, bits
from policyengine.decision.classes import leaves_of
from policyengine.decision.facts import Answers, answered
from policyengine.model.condition import Acquired, Age, Compare, Condition, Field
from policyengine.model.event import Event
from policyengine.model.policy import Policy
from policyengine.model.profile import Question
from policyengine.model.space import ACQUIRED, TIME


class Place:
    """An event with one item, as a diagram sees it.

    Args:
        diagram: the diagram.
        policies: its policies.
        event: the event.
    """

    def __init__(self, diagram: Diagram, policies: Sequence[Policy], event: Event) -> None:
        self.diagram = diagram
        self.event = event
        self.answers = [Answers(policy.vocabulary, event) for policy in policies]
        self.stated = {**self.answers[0].stated, Field.ITEM: event.items[0]}

    def says(self) -> Any:
        """What the diagram says of the event."""
        below = self.diagram.root
        while not isinstance(below, End):
            number = self.number(below.rank)
            below = next(child for values, child in below.edges if values >> number & 1)
        return below.says

    def among(self, rows: Sequence[Row | Terms]) -> bool:
        """Whether a row is about it, and the event is as one of each of its choices."""
        return any(self.meets(row.where) and all(any(map(self.meets, some)) for some in _choices(row)) for row in rows)

    def meets(self, region: Mapping[Any, Sequence[Any]]) -> bool:
        return all(self.in_one(variable, values) for variable, values in region.items())

    def in_one(self, variable: Any, values: Sequence[Any]) -> bool:
        rank = self.diagram.rank(variable)
        try:
            return self.diagram.value(rank, self.number(rank)) in values
        except LookupError:
            return False

    def number(self, rank: int) -> int:
        """The number of the value that the event has of a variable."""
        variable = self.diagram.variables[rank]
        for number in bits(self.diagram.domain(rank)):
            if self.has(variable, self.diagram.value(rank, number)):
                return number
        raise LookupError(variable)

    def has(self, variable: Any, value: Any) -> bool:
        match variable:
            case Question(holds, policy):
                return bool(self.answers[policy].leaf(holds)) is value
            case Field():
                return self.says_so(variable, value)
            case _ if variable == TIME:
                return True
            case _ if variable == ACQUIRED:
                return self.tells(Acquired, None, self.event.acquired, value)
            case _:
                name = variable.removeprefix("@")
                return self.tells(Compare | Age, name, self.event.attributes.get(name), value)

    def says_so(self, field: Field, value: Any) -> bool:
        said, space = self.stated[field], self.diagram.space
        if not isinstance(said, str):
            return value is said
        before = [
            other for other in space.compared.get(field, ()) if self.diagram.rank(other) < self.diagram.rank(field)
        ]
        equal = tuple(other for other in before if self.stated[other] == said)
        if equal:
            return isinstance(value, Equal) and set(value.fields) == set(equal)
        if not isinstance(value, str):
            return False
        named = {word for some in self.values(field) for word in self.diagram.members(field, some)}
        if said in named:
            return said in self.diagram.members(field, value)
        return not {"somebody", "source-1", "actor-1", "person-1", "unheard-of"}.isdisjoint(
            self.diagram.members(field, value)
        ) or (field in (Field.COUNTRY, Field.SOURCE_COUNTRY) and value == self.values(field)[-1])

    def values(self, field: Field) -> list[str]:
        rank = self.diagram.rank(field)
        found = [self.diagram.value(rank, number) for number in bits(self.diagram.domain(rank))]
        return [value for value in (*self.diagram.space.domain(field), *found) if isinstance(value, str)]

    def tells(self, kinds: Any, name: str | None, said: Any, value: Any) -> bool:
        """Whether no leaf tells what the event says from a value."""
        if said is None or value is None:
            return said is value
        leaves: list[Condition] = []
        for sight in self.diagram.sights:
            for rule in sight.rules:
                leaves += [leaf for leaf in leaves_of([rule]) if isinstance(leaf, kinds)]
        own = [leaf for leaf in leaves if name is None or leaf.attribute == name]  # type: ignore[union-attr]
        return all(self.met(leaf, said) == self.met(leaf, value) for leaf in own)

    def met(self, leaf: Any, value: Any) -> bool:
        if isinstance(leaf, Acquired):
            return (leaf.within.after(value) <= self.event.instant) is leaf.passed
        there = Event.from_mapping({**self.event.as_dict(), "attributes": {leaf.attribute: value}})
        return answered(leaf, {}, there)


def _choices(row: Row | Terms) -> Sequence[Sequence[Mapping[Any, Sequence[Any]]]]:
    return row.choices if isinstance(row, Terms) else [row.ways]
