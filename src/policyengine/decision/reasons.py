"""The reasons of a denial: made when it is decided, and worded when somebody reads them."""

from __future__ import annotations

from collections.abc import Callable, Container, Iterable, Mapping, Sequence
from functools import partial
from typing import Any, Final

from policyengine.decision.admission import Admission
from policyengine.decision.agreement import Agreement
from policyengine.decision.dates import with_dates
from policyengine.decision.facts import Answers, chosen
from policyengine.decision.law import Items
from policyengine.decision.opening import Openings, with_openings
from policyengine.decision.ruling import MANY, Obstacle
from policyengine.errors import did_you_mean
from policyengine.model.condition import NEVER, Condition, Field, any_of
from policyengine.model.decision import Reason
from policyengine.model.event import Event
from policyengine.model.policy import Policy
from policyengine.model.rule import Alternative, Duty, Permit, Restriction, Rule
from policyengine.model.vocabulary import Vocabulary
from policyengine.model.words import describe
from policyengine.once import once
from policyengine.text import Text, echoed, shortened

_NOTHING: Final[Mapping[str, Any]] = {}


class Reasons:
    """Says what stands in the way of events under one policy.

    Args:
        policy: the policy.
        admission: reads the facts of an event.
        agreement: says which facts agree.
        elsewhere: returns the items of an event that other policies license.
    """

    def __init__(
        self,
        policy: Policy,
        admission: Admission,
        agreement: Agreement,
        elsewhere: Callable[[Event], Container[str]],
    ) -> None:
        self._policy = policy
        self._admission = admission
        self._agreement = agreement
        self._elsewhere = elsewhere

    def of(self, event: Event, obstacles: Iterable[tuple[Obstacle, tuple[str, ...]]]) -> list[Reason]:
        """Return the reasons of a denial: of each obstacle one. What it says is worked out when it is read."""
        told, policy = _Telling(self, event).told, self._policy.id
        return [
            Reason(obstacle.code, policy, obstacle.clause, obstacle.rule, items, telling, _handed_on(obstacle))
            for obstacle, items in obstacles
            for telling in (partial(told, obstacle, items),)
        ]

    def told(self, answers: Answers, obstacle: Obstacle, items: tuple[str, ...]) -> tuple[Text, tuple[str, ...]]:
        """Return what a reason says, and the paths of what was left open.

        Args:
            answers: of the event.
            obstacle: what stands in the way.
            items: of what.
        """
        event = answers.event
        some = chosen(event.items, frozenset(items))
        behind = self._behind(event, obstacle)
        open_things = self._openings.of(answers, [*behind, *self._unspoken(answers, behind, some)], some)
        shown = shortened(sorted(items), lambda item: self._policy.vocabulary.label(Field.ITEM, item))
        message = with_openings(self._worded(obstacle, answers), open_things)
        said = Text(ja="{message}: {items}", en="{message}: {items}").filled(message=message, items=shown)
        return said, tuple([opening.path for opening in open_things])

    def _worded(self, obstacle: Obstacle, answers: Answers) -> Text:
        """Return what stands in the way, for people."""
        policy, clause = self._policy, obstacle.clause
        if obstacle.by is not None:
            message = with_dates(obstacle.by.message, obstacle.by.when, answers, policy.zone)
            needed = any_of(obstacle.by.unless, *(way.when for way in self._ways(answers.event, obstacle.by)))
            return _struck(message, needed, policy.vocabulary)
        if obstacle.word:
            return _unknown(policy.vocabulary, *obstacle.word)
        if clause is None or obstacle.code == "no-rule":
            return Text(ja="この取扱いを認める条項がありません", en="no clause permits such a flow")
        summary = policy.clauses[clause].summary
        return Text(
            ja="条項 {clause} の定める範囲に含まれません（{summary}）",
            en="not within what clause {clause} allows ({summary})",
        ).filled(clause=clause, summary=summary)

    def answers(self, event: Event) -> Answers:
        """Return what an event says to the conditions of the policy."""
        return Answers(
            self._policy.vocabulary,
            event,
            facts=self._admission(event),
            agreement=self._agreement,
            elsewhere=self._elsewhere(event),
        )

    @once
    def _openings(self) -> Openings:
        return Openings(self._policy)

    @once
    def _by_id(self) -> dict[str, list[Rule]]:
        found: dict[str, list[Rule]] = {}
        for rule in self._policy.rules:
            found.setdefault(rule.head.id, []).append(rule)
        return found

    @once
    def _permits(self) -> dict[str | None, list[Permit]]:
        """By clause, the permits that make it speak: its own, and those of its cases."""
        found: dict[str | None, list[Permit]] = {}
        for rule in self._policy.rules:
            if isinstance(rule, Permit):
                clause = self._policy.clauses[rule.head.clause]
                for number in {clause.number, clause.case_of or clause.number}:
                    found.setdefault(number, []).append(rule)
        return found

    def _ways(self, event: Event, by: Restriction) -> list[Alternative]:
        """Return what else would meet what a restriction asks."""
        ways = (rule for rule in self._policy.rules if isinstance(rule, Alternative) and _in_force(rule, event))
        return [way for way in ways if by.head.clause in way.clauses]

    def _unspoken(self, answers: Answers, rules: Sequence[Rule], items: Items) -> Iterable[Permit]:
        """Yield the licences on which `rules` lean and that do not speak of some items, and so give no reason."""
        clauses = {number for rule in rules if isinstance(rule, Permit) for number in rule.licensed_by or ()}
        permits = (rule for rule in self._policy.rules if isinstance(rule, Permit)) if clauses else ()
        for rule in permits:
            leaned_on = rule.licence and rule.head.clause in clauses and _in_force(rule, answers.event)
            if leaned_on and answers.met(rule.about, items) != items:
                yield rule

    def _behind(self, event: Event, obstacle: Obstacle) -> Sequence[Rule]:
        """Return the rules on whose effect an obstacle rests."""
        here = event.operation
        if obstacle.rule is not None:
            ways = [] if obstacle.by is None else self._ways(event, obstacle.by)
            return ways + [
                rule
                for rule in self._by_id.get(obstacle.rule, ())
                if _in_force(rule, event)
                and not isinstance(rule, Duty)
                and (not isinstance(rule, Permit) or here in rule.operations or rule.licence)
            ]
        match obstacle.code:
            case "not-permitted":
                found: Iterable[Permit] = self._permits.get(obstacle.clause, ())
            case "no-rule":  # any of them may speak of the flow, once it says more
                found = (rule for rule in self._policy.rules if isinstance(rule, Permit))
            case _:
                found = ()
        return [rule for rule in found if _in_force(rule, event) and here in rule.operations]


class _Telling:
    """One event for all of its reasons, read when the first of them is."""

    __slots__ = ("_answers", "_event", "_reasons")

    def __init__(self, reasons: Reasons, event: Event) -> None:
        self._reasons = reasons
        self._event = event
        self._answers: Answers | None = None

    def told(self, obstacle: Obstacle, items: tuple[str, ...]) -> tuple[Text, tuple[str, ...]]:
        if self._answers is None:
            self._answers = self._reasons.answers(self._event)
        return self._reasons.told(self._answers, obstacle, items)


def _handed_on(obstacle: Obstacle) -> Mapping[str, Any]:
    """Return the parameters of the author's own reason; a word that nobody knows is none."""
    by = obstacle.by
    return dict(by.parameters) if by is not None and by.parameters and obstacle.code == by.code else _NOTHING


def _in_force(rule: Rule, event: Event) -> bool:
    return rule.head.start <= event.instant < rule.head.end


def _struck(message: Text, asked: Condition, vocabulary: Vocabulary) -> Text:
    if asked == NEVER:
        return message
    needed = describe(asked, vocabulary)
    return Text(ja="{message}（必要: {needed}）", en="{message} (needed: {needed})").filled(
        message=message, needed=needed
    )


def _unknown(vocabulary: Vocabulary, dimension: str, word: str) -> Text:
    if word == MANY:
        return Text(
            ja=f"{dimension} にこのような語はありません", en=f"the policy has no such terms among its {dimension}"
        )
    hint, shown = did_you_mean(word, vocabulary.terms[dimension]), echoed(word)
    return Text(
        ja=f"{dimension} に「{shown}」という語はありません" + (f"（{hint.ja}）" if hint else ""),
        en=f'the policy has no term "{shown}" among its {dimension}' + (f" ({hint.en})" if hint else ""),
    )
