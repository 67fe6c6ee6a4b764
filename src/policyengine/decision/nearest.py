"""Why not: the rules that would permit a denied event, those first of which the least is missing."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any, Final

from policyengine.calendar import shown
from policyengine.decision.explain import Part, Story
from policyengine.errors import Place, place_of
from policyengine.model.condition import NEVER
from policyengine.model.decision import Decision
from policyengine.model.event import Event
from policyengine.model.policy import Policy
from policyengine.model.rule import Head, Permit
from policyengine.text import Text

_LICENCES: Final = 2
"""How many of the rules on which one leans are shown, where none of them holds."""


@dataclass(frozen=True, slots=True)
class Near:
    """A rule that would permit an event.

    Args:
        policy: the policy's id.
        rule: the rule's id.
        clause: its clause.
        title: what people call it.
        missing: how many conditions would have to be met for it to permit every item.
        parts: what held and what did not: its conditions, what it leans on, and what stops it.
        out_of_force: since when it is no longer in force, or from when it will be; None where it is.
        place: where it stands.
    """

    policy: str
    rule: str
    clause: str
    title: Text
    missing: int
    parts: tuple[Part, ...]
    out_of_force: Text | None = None
    place: Place | None = None

    def as_dict(self) -> dict[str, Any]:
        """Return the rule as JSON data."""
        return {
            "policy": self.policy,
            "rule": self.rule,
            "clause": self.clause,
            "title": self.title.as_dict(),
            "missing": self.missing,
            "out_of_force": self.out_of_force.as_dict() if self.out_of_force else None,
            "place": str(self.place) if self.place else None,
            "conditions": [part.as_dict() for part in self.parts],
        }


def nearest(
    policies: Iterable[Policy], event: Event, decision: Decision, elsewhere: Iterable[frozenset[str]]
) -> tuple[Near, ...]:
    """Return the rules that would permit a denied event, the nearest first; for each policy that does not permit it.

    Args:
        policies: those that govern the event.
        event: the event, with the facts that were gathered.
        decision: what was decided.
        elsewhere: for each policy, the items that the others license to it.
    """
    found: list[Near] = []
    if decision.outcome == "deny":
        for policy, items in zip(policies, elsewhere, strict=True):
            story = Story(policy, event, decision, items)
            if story.trace.items & ~story.trace.permitted:
                found += _of(story)
    return tuple(sorted(found, key=lambda near: near.missing))


def _of(story: Story) -> Iterator[Near]:
    policy, event = story.policy, story.event
    for rule in policy.rules:
        if isinstance(rule, Permit) and event.operation in rule.operations:
            parts = [*_terms(story, rule), *_stopped(story, rule)]
            late = _out_of_force(rule.head, event, policy)
            missing = sum(map(_missing, parts)) + (late is not None)
            head = rule.head
            place = place_of(head.source)
            yield Near(policy.id, head.id, head.clause, head.title, max(missing, 1), tuple(parts), late, place)


def _terms(story: Story, rule: Permit) -> Iterator[Part]:
    """Yield the conditions of a permit; where none of the rules on which it leans holds, with theirs."""
    for part in story.terms(rule):
        if part.sort != "licence" or part.whole or rule.licensed_by is None:
            yield part
            continue
        leaned = [
            _licence(story, licence)
            for licence in story.rules
            if isinstance(licence, Permit) and licence.licence and licence.head.clause in rule.licensed_by
        ]
        leaned.sort(key=_missing)
        yield story.part(
            *("when", "licence", "licensed_by", "licence", part.values),
            story.trace.licensed(rule.licensed_by),
            parts=tuple(leaned[:_LICENCES]),
            say=part.say,
        )


def _licence(story: Story, rule: Permit) -> Part:
    parts = tuple(story.terms(rule))
    head = rule.head
    said = Text(ja="条項 {clause}（{rule}）", en="clause {clause} ({rule})").filled(clause=head.clause, rule=head.id)
    items = story.trace.items
    for part in parts:
        items &= sum(1 << n for n, item in enumerate(story.event.items) if item in part.items)
    return story.part(*("when", "all", head.id, "all", ()), items, parts=parts, say=lambda: said)


def _stopped(story: Story, rule: Permit) -> Iterator[Part]:
    """Yield what stops a permit, as that it does not, each with what would lift it."""
    leaned = rule.licensed_by or frozenset()
    by = [standing for standing in story.trace.standing if standing.restriction.reaches(rule)]
    by += [standing for standing in story.trace.over if not leaned.isdisjoint(standing.restriction.only or ())]
    for standing in by:
        restriction = standing.restriction
        if standing.binding:
            head = restriction.head
            said = Text(ja="条項 {clause} に止められない（{rule}）", en="clause {clause} does not stop it ({rule})")
            filled = said.filled(clause=head.clause, rule=head.id)
            parts = story.parts("unless", restriction.unless, head) if restriction.unless != NEVER else []
            yield story.part(
                *("when", "free", "clause", "free", (head.clause,)),
                story.trace.items & ~standing.binding,
                parts=tuple(parts),
                say=lambda filled=filled: filled,  # type: ignore[misc]
            )


def _missing(part: Part) -> int:
    """Return how many conditions would have to be met for one to be met for every item."""
    if part.whole:
        return 0
    if part.sort in ("any", "licence") and part.parts:
        return min(map(_missing, part.parts)) or 1
    if part.sort in ("all", "free") and part.parts:
        return sum(map(_missing, part.parts)) or 1
    return 1


def _out_of_force(head: Head, event: Event, policy: Policy) -> Text | None:
    if event.instant < head.start:
        return _FROM.filled(date=shown(head.start, policy.zone))
    return _SINCE.filled(date=shown(head.end, policy.zone)) if event.instant >= head.end else None


_FROM: Final = Text(ja="{date} に施行される", en="in force only from {date}")
_SINCE: Final = Text(ja="{date} に効力を失っている", en="out of force since {date}")
