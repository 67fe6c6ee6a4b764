"""Whether an event is one of those that a row of a diagram is about: read off the event, a variable at a time."""

from __future__ import annotations

from bisect import bisect
from collections.abc import Iterable, Sequence
from typing import Any

from policyengine.analysis.diagram import Diagram, Equal, Row
from policyengine.analysis.nodes import bits
from policyengine.decision.facts import Answers
from policyengine.model.condition import Field
from policyengine.model.event import Event
from policyengine.model.fields import ROWS
from policyengine.model.meets import aged, compares, strikes
from policyengine.model.policy import Policy
from policyengine.model.profile import Question
from policyengine.model.space import ACQUIRED, TIME, Variable


class Places:
    """Tells where events stand.

    Args:
        diagram: the diagram.
        policies: its policies.
    """

    def __init__(self, diagram: Diagram, policies: Sequence[Policy]) -> None:
        self._diagram = diagram
        self._policies = policies
        self._views = diagram.space.views
        self._dates = sorted({date for view in self._views for date in view.dates})
        self._nameless = {field: self._without_name(field) for field in Field}

    def among(self, event: Event, row: Row) -> bool:
        """Whether an event with one item is one that a row is about."""
        answers = [Answers(policy.vocabulary, event) for policy in self._policies]

        def in_one(variable: Variable, values: Iterable[Any]) -> bool:
            return any(self._has(event, answers, variable, value) for value in values)

        return all(in_one(*pair) for pair in row.where.items()) and any(
            all(in_one(*pair) for pair in way.items()) for way in row.ways
        )

    def _has(self, event: Event, answers: Sequence[Answers], variable: Variable, value: Any) -> bool:
        """Whether what an event says of a variable is a value of it, or nothing tells it from that."""
        match variable:
            case Question(holds, policy):
                return bool(bool(answers[policy].leaf(holds)) is value)
            case Field():
                said = event.items[0] if variable is Field.ITEM else answers[0].stated[variable]
                return self._says(variable, said, value, answers[0])
            case _ if variable == TIME:
                return self._at(event.instant) == self._at(value)
            case _ if variable == ACQUIRED:
                return self._since(event, event.acquired) == self._since(event, value)
            case _:
                name = variable.removeprefix("@")
                return self._tested(event, name, event.attributes.get(name)) == self._tested(event, name, value)

    def _says(self, field: Field, said: Any, value: Any, answers: Answers) -> bool:
        diagram = self._diagram
        if not isinstance(said, str):
            return bool(value is said)
        before = [of for of in diagram.space.compared.get(field, ()) if diagram.rank(of) < diagram.rank(field)]
        equal = {of for of in before if answers.stated[of] == said}
        if equal or isinstance(value, Equal):
            return isinstance(value, Equal) and set(value.fields) == equal
        if not isinstance(value, str):
            return False
        members = diagram.members(field, value)
        return said in members or (said not in self._named(field) and not self._nameless[field].isdisjoint(members))

    def _named(self, field: Field) -> frozenset[str]:
        """Return the values of a field that somebody names."""
        return (
            frozenset(word for value in self._values(field) for word in self._diagram.members(field, value))
            - (self._nameless[field])
        )

    def _values(self, field: Field) -> list[str]:
        diagram, rank = self._diagram, self._diagram.rank(field)
        found = (*diagram.space.domain(field), *(diagram.value(rank, number) for number in bits(diagram.domain(rank))))
        return [value for value in found if isinstance(value, str)]

    def _without_name(self, field: Field) -> frozenset[str]:
        """Return the values of a field that stand for those that nobody names."""
        known = {"somebody", "source-1", "actor-1", "person-1", "unheard-of"}
        if ROWS[field].form == "country":
            known |= set(self._values(field)[-1:])
        return frozenset(known)

    def _at(self, time: int) -> tuple[object, ...]:
        return bisect(self._dates, time), [strikes(time, clock) for view in self._views for clock in view.clocks]

    def _since(self, event: Event, since: int | None) -> tuple[bool, ...] | None:
        if since is None:
            return None
        return tuple(lapse.after(since) <= event.instant for view in self._views for lapse in view.acquired)

    def _tested(self, event: Event, name: str, value: Any) -> tuple[object, ...] | None:
        if value is None:
            return None
        compared = [compares(value, leaf) for view in self._views for leaf in view.comparisons.get(name, ())]
        return compared, [aged(event.instant, value, leaf) for view in self._views for leaf in view.ages.get(name, ())]
