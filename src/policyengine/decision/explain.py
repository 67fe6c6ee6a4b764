"""Why: the rules that were considered for an event, with what held and what did not, read off the trace of the law."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any, Final, Literal, TypeAlias

from policyengine.calendar import WEEKDAYS, shown
from policyengine.decision.dates import passing
from policyengine.decision.facts import Answers, as_stated
from policyengine.decision.law import Items, Trace, law, sorted_out, union
from policyengine.decision.ruling import owing
from policyengine.decision.uncounted import uncounted
from policyengine.decision.verdict import those
from policyengine.errors import Place, place_of
from policyengine.model.condition import (
    NEVER,
    Acquired,
    Age,
    And,
    Clock,
    Compare,
    Condition,
    During,
    Elsewhere,
    Field,
    Holds,
    In,
    Not,
    NotIn,
    Or,
    Same,
    all_of,
    conjuncts,
)
from policyengine.model.decision import Decision
from policyengine.model.event import Event
from policyengine.model.policy import Policy
from policyengine.model.rule import LEAVE, Alternative, Duty, Head, Permit, Replacement, Restriction, Rule, sided
from policyengine.model.time_words import written_hour
from policyengine.model.words import describe
from policyengine.moment import FOREVER
from policyengine.text import Language, Text, same

Effect: TypeAlias = Literal[
    "permits", "struck", "licenses", "silent", "stops", "spares", "satisfied", "exempt", "replaces", "obliges"
]
"""What a rule does with an item. ``silent``: a clause that speaks of the flow and does not permit it; ``struck``: one
that permits it, and is stopped; ``licenses``: one that clauses lean on, and that holds; ``spares``: a restriction in
effect on which the decision does not rest."""

Role: TypeAlias = Literal["when", "unless"]
"""Where a condition stands: ``when`` must be met for the rule to apply, ``unless`` lifts or satisfies it."""


@dataclass(frozen=True, slots=True)
class Part:
    """One condition of a rule, and whether it is met.

    Args:
        role: where it stands.
        sort: ``in`` ``not-in`` ``same`` ``compare`` ``time`` ``elapsed`` ``fact`` for what looks at the event; ``all``
            ``any`` ``not`` for what combines others; ``licence`` and ``replacement`` for what other rules must do.
        looks_at: what it looks at: a field of the event, an attribute, a type of fact; where it combines others, the
            name that the policy gave it, if it gave it one.
        comparison: how it compares: an operator of attributes, else `sort` again.
        values: what it compares with: terms as the rule has them, a value, clauses.
        items: the items of the event for which it is met.
        whole: whether it is met for all of them.
        parts: what it combines.
        place: where the rule file has it, if it stands there.
        open: the items for which what the event leaves open decides whether it is met.
        say: says it, for people, as a phrase that is true where the condition is met.
        beside: works out `uncounted`.
    """

    role: Role
    sort: str
    looks_at: str
    comparison: str
    values: tuple[Any, ...]
    items: tuple[str, ...]
    whole: bool
    parts: tuple[Part, ...] = ()
    place: Place | None = None
    open: tuple[str, ...] = ()
    say: Callable[[], Text] = field(default=lambda: same(""), compare=False, repr=False)
    beside: Callable[[], tuple[Text, ...]] = field(default=tuple, compare=False, repr=False)

    @property
    def uncounted(self) -> tuple[Text, ...]:
        """Of a fact that is not there: why those of its type that are there do not count."""
        return self.beside()

    @property
    def text(self) -> Text:
        """The condition in words."""
        return self.say()

    def as_dict(self, languages: Iterable[Language] = ()) -> dict[str, Any]:
        """Return the condition as JSON data, said in some languages, by default in all that its words have."""
        found: dict[str, Any] = {
            "role": self.role,
            "sort": self.sort,
            "field": self.looks_at,
            "comparison": self.comparison,
            "values": list(self.values),
            "met_for": list(self.items),
            "open_for": list(self.open),
            "place": str(self.place) if self.place else None,
            "message": self.text.as_dict(languages),
        }
        if not self.items and (uncounted := self.uncounted):
            found["uncounted"] = [text.as_dict() for text in uncounted]
        if self.parts:
            found["parts"] = [part.as_dict(languages) for part in self.parts]
        return found


@dataclass(frozen=True, slots=True)
class Considered:
    """One rule that was considered.

    Args:
        policy: the policy's id.
        rule: the rule's id.
        clause: its clause.
        title: what people call it.
        parts: its conditions.
        effects: what it does with each item on which it has an effect.
        place: where it stands.
    """

    policy: str
    rule: str
    clause: str
    title: Text
    parts: tuple[Part, ...]
    effects: dict[str, Effect]
    place: Place | None = None

    @property
    def missing(self) -> int:
        """How many of its conditions are met for no item at all."""
        return sum(1 for part in self.parts if part.role == "when" and not part.items)


@dataclass(frozen=True, slots=True)
class Explanation:
    """A decision with everything that led to it.

    Args:
        event: the event, with the facts that were gathered.
        decision: the decision.
        considered: the rules, in the order of their policies' texts.
        clauses: (policy id, number, summary) of each clause that a considered rule carries out.
        labels: what people call the event's items and its other terms.
    """

    event: Event
    decision: Decision
    considered: tuple[Considered, ...]
    clauses: tuple[tuple[str, str, Text], ...]
    labels: dict[str, Text]

    def as_dict(self) -> dict[str, Any]:
        """Return the explanation as JSON data, what a policy says in the languages that it has."""
        spoken = {ref.id: ref.spoken for ref in self.decision.policies}
        return {
            "decision": self.decision.as_dict(),
            "considered": [
                {
                    "policy": rule.policy,
                    "rule": rule.rule,
                    "clause": rule.clause,
                    "title": rule.title.as_dict(spoken.get(rule.policy, ())),
                    "place": str(rule.place) if rule.place else None,
                    "conditions": [part.as_dict(spoken.get(rule.policy, ())) for part in rule.parts],
                    "effects": rule.effects,
                }
                for rule in self.considered
            ],
            "clauses": [
                {"policy": policy, "clause": number, "summary": summary.as_dict(spoken.get(policy, ()))}
                for policy, number, summary in self.clauses
            ],
        }


def explanation(
    policies: Iterable[Policy], event: Event, decision: Decision, elsewhere: Iterable[frozenset[str]]
) -> Explanation:
    """Explain `decision` by the trace of all rules in force, with no index in between that could hide one.

    Args:
        policies: those that govern the event.
        event: the event, with the facts that were gathered.
        decision: what was decided.
        elsewhere: for each policy, the items that the others license to it.
    """
    considered: list[Considered] = []
    clauses: list[tuple[str, str, Text]] = []
    labels: dict[str, Text] = {}
    for policy, items in zip(policies, elsewhere, strict=True):
        found = list(Story(policy, event, decision, items).considered())
        considered.extend(found)
        shown = {rule.clause for rule in found}
        clauses.extend(
            (policy.id, clause.number, clause.summary) for clause in policy.clauses.values() if clause.number in shown
        )
        for of, value in (*as_stated(event).items(), *((Field.ITEM, item) for item in event.items)):
            if isinstance(value, str):
                labels.setdefault(value, policy.vocabulary.label(of, value))
    return Explanation(event, decision, tuple(considered), tuple(clauses), labels)


class Story:
    """What one policy's rules do with one event; `elsewhere` are the items that others license to it."""

    def __init__(self, policy: Policy, event: Event, decision: Decision, elsewhere: frozenset[str]) -> None:
        self.policy = policy
        self.event = event
        self.permitted = decision.permitted
        self.answers = Answers(policy.vocabulary, event, elsewhere=elsewhere)
        self.rules = [rule for rule in policy.rules if rule.head.start <= event.instant < rule.head.end]
        asked = _readable(policy, event)
        sorts = sorted_out(self.rules, lambda permit: event.operation in permit.operations)
        if event.operation not in policy.decides:
            sorts = sorts._replace(permits=[LEAVE])
        self.trace: Trace = law(sorts, asked, self.answers.met)
        self._owing = owing(sorts, self.trace, self.answers.met)

    def considered(self) -> Iterator[Considered]:
        """Yield the rules that speak of the event, or stand over flows of its sort, in the order of the text."""
        if not self.trace.items:
            return
        spoken = {
            id(rule)
            for rule in self.rules
            if isinstance(rule, Permit) and self.event.operation in rule.operations and self._met(rule.about)
        }
        leaned_on = {
            clause
            for rule in self.rules
            if isinstance(rule, Permit) and id(rule) in spoken
            for clause in rule.licensed_by or ()
        }
        for rule in self.rules:
            match rule:
                case Permit():
                    if id(rule) in spoken:
                        yield self._permit(rule)
                    elif rule.licence and rule.head.clause in leaned_on and self._met(rule.about):
                        yield self._licence(rule)
                case Restriction():
                    if self._in_scope(rule.when):
                        yield self._restriction(rule)
                case Alternative():
                    met = [
                        (standing, items)
                        for standing in (*self.trace.standing, *self.trace.over)
                        for items in (union(on for way, on in standing.ways if way.head is rule.head),)
                        if standing.restriction.head.clause in rule.clauses
                    ]
                    if met:
                        effects = self._effects(("satisfied", union(items for _, items in met)))
                        yield self._told(rule, self.parts("when", rule.when, rule.head), effects)
                case Replacement():
                    if self._in_scope(rule.when):
                        effects = self._effects(("replaces", self._met(rule.when)))
                        yield self._told(rule, self.parts("when", rule.when, rule.head), effects)
                case Duty(beside=True):
                    obliged = self._met(rule.when) & self._owing.get(rule.head.id, 0) if self.permitted else 0
                    if obliged:
                        parts = self.parts("when", rule.when, rule.head)
                        yield self._told(rule, parts, self._effects(("obliges", obliged)))
                case Duty():
                    if self._in_scope(rule.when):
                        where = self._met(rule.when) & self.trace.permitted if self.permitted else 0
                        parts = [*self.parts("when", rule.when, rule.head), *self._in_its_place(rule, wholly=True)]
                        obliged = where & ~self.trace.silenced(rule.head.clause)
                        yield self._told(rule, parts, self._effects(("obliges", obliged)))

    def _permit(self, rule: Permit) -> Considered:
        operation = In(Field.OPERATION, rule.operations, tuple(sorted(rule.operations)))
        parts = [*self.parts("when", operation, rule.head), *self.terms(rule)]
        granted = surviving = 0
        for grant in self.trace.granted:
            if grant.permit is rule:
                granted, surviving = grant.items, grant.surviving
        return self._told(
            rule,
            parts,
            self._effects(
                ("permits", surviving), ("struck", granted & ~surviving), ("silent", self._met(rule.about) & ~granted)
            ),
        )

    def _licence(self, rule: Permit) -> Considered:
        holds = next((items for licence, items in self.trace.licences if licence.head is rule.head), 0)
        return self._told(
            rule, self.terms(rule), self._effects(("licenses", holds), ("silent", self._met(rule.about) & ~holds))
        )

    def _restriction(self, rule: Restriction) -> Considered:
        parts = self.parts("when", rule.when, rule.head)
        if rule.unless != NEVER:
            parts += self.parts("unless", rule.unless, rule.head)
        parts += self._in_its_place(rule, wholly=True)
        as_asked = [s for s in (*self.trace.standing, *self.trace.over) if s.restriction.head is rule.head]
        stops = union(standing.in_the_way(self.trace) for standing in as_asked)
        effects = self._effects(
            ("satisfied", union(standing.satisfied for standing in as_asked)),
            ("exempt", union(standing.exempt for standing in as_asked)),
            ("spares", union(standing.binding for standing in as_asked) & ~stops),
            ("stops", stops),
        )
        return self._told(rule, parts, effects)

    def terms(self, rule: Permit) -> list[Part]:
        """Return the conditions of a permit, what it leans on, and that nothing has taken its place."""
        parts = [*self.parts("when", rule.about, rule.head), *self.parts("when", rule.terms, rule.head)]
        if rule.licensed_by is not None:
            clauses = tuple(sorted(rule.licensed_by))
            shown = ", ".join(clauses)
            parts.append(
                self.part(
                    *("when", "licence", "licensed_by", "licence", clauses),
                    self.trace.licensed(rule.licensed_by),
                    open_for=self._open_licence(rule.licensed_by),
                    say=lambda: Text(
                        ja=f"利用目的が条項 {shown} のいずれかで認められる",
                        en=f"the purpose is licensed by one of {shown}",
                    ),
                )
            )
        return [*parts, *self._in_its_place(rule)]

    def _in_its_place(self, rule: Rule, *, wholly: bool = False) -> Iterator[Part]:
        """Yield that no other rule has taken the place of the clause of `rule`, where some rule could have."""
        clause = rule.head.clause
        if gone := self.trace.silenced(clause) if wholly else self.trace.gone(clause):
            taken = [taking for taking, _ in self.trace.replaced(clause) if taking.wholly or not wholly]
            by = tuple(sorted({taking.head.id for taking in taken}))
            yield self.part(
                *("when", "replacement", "clause", "replacement", by),
                self.trace.items & ~gone,
                say=lambda: Text(
                    ja=f"{'、'.join(by)} に置き換えられていない", en=f"{', '.join(by)} has not taken its place"
                ),
            )

    def _told(self, rule: Rule, parts: Iterable[Part], effects: dict[str, Effect]) -> Considered:
        head = rule.head
        places = head.source
        parts = tuple(parts)
        place = places[0].place(places[1]) if places else None
        return Considered(self.policy.id, head.id, head.clause, head.title, parts, effects, place)

    def _effects(self, *found: tuple[Effect, Items]) -> dict[str, Effect]:
        by_item: dict[str, Effect] = {}
        for number, item in enumerate(self.event.items):
            for effect, items in found:
                if items >> number & 1 and self.trace.items >> number & 1:
                    by_item[item] = effect
        return by_item

    def parts(self, role: Role, condition: Condition, head: Head) -> list[Part]:
        """Return what must all be met for a condition of a rule to be."""
        return [self._tree(role, part, head) for part in _shown(condition)]

    def _tree(self, role: Role, condition: Condition, head: Head) -> Part:
        parts: tuple[Part, ...] = ()
        values: tuple[Any, ...] = ()
        match condition:
            case In(of, _, written, _):
                sort, looks_at, comparison, values = "in", of.value, "in", written
            case NotIn(of, _, written, _):
                sort, looks_at, comparison, values = "not-in", of.value, "not-in", written
            case Same(left, right, equal):
                sort, looks_at, comparison = "same", left.value, "same" if equal else "not-same"
                values = (right.value,)
            case Compare(attribute, op, value):
                sort, looks_at, comparison, values = "compare", attribute, op, (value,)
            case During(spans, zone):
                sort, looks_at, comparison = "time", "time", "during"
                values = tuple(f"{_edge(start, zone)}/{_edge(end, zone)}" for start, end in spans)
            case Clock(days, since, until):
                sort, looks_at, comparison = "time", "time", "clock"
                shown_days = ",".join(WEEKDAYS[day] for day in sorted(days))
                values = (shown_days, f"{written_hour(since)}/{written_hour(until)}")
            case Acquired(within, passed):
                sort, looks_at, comparison = "elapsed", "acquired", "passed" if passed else "within"
                values = (str(within),)
            case Age(attribute, within, passed):
                sort, looks_at, comparison = "elapsed", attribute, "older_than" if passed else "younger_than"
                values = (str(within),)
            case Holds(fact_type, where):
                named = (f"{name}={value}" for name, accepted in where for value in sorted(accepted))
                sort, looks_at, comparison, values = "fact", fact_type, "fact", tuple(named)
            case Elsewhere():
                sort, looks_at, comparison, values = "licence", "licensed_by", "licence", ("other-policies",)
            case And() | Or():
                sort = "all" if isinstance(condition, And) else "any"
                looks_at, comparison = condition.called.id if condition.called else "", sort
                parts = tuple(self._tree(role, part, head) for part in condition.parts)
            case Not(inner):
                sort, looks_at, comparison = "not", "", "not"
                parts = (self._tree(role, inner, head),)
        return self.part(
            *(role, sort, looks_at, comparison, values),
            self._met(condition),
            parts=parts,
            place=_place(condition, head),
            open_for=0 if sort in _COMBINED else self._open(condition, head),
            say=lambda: self._said(condition),
            beside=lambda: uncounted(condition, self.answers, self.policy) if isinstance(condition, Holds) else (),
        )

    def _said(self, condition: Condition) -> Text:
        """Return a condition in words, with the date on which the time for which it asks has passed."""
        said = describe(condition, self.policy.vocabulary)
        date = passing(condition, self.answers)
        if date is None:
            return said
        over = date <= self.event.instant
        return (_PASSED if over else _PASSES).filled(said=said, date=shown(date, self.policy.zone))

    def part(
        self,
        role: Role,
        sort: str,
        looks_at: str,
        comparison: str,
        values: tuple[Any, ...],
        items: Items,
        *,
        parts: tuple[Part, ...] = (),
        place: Place | None = None,
        open_for: Items = 0,
        say: Callable[[], Text],
        beside: Callable[[], tuple[Text, ...]] = tuple,
    ) -> Part:
        """Return a condition that is met for some items; the other arguments are those of a `Part`."""
        whole = items & self.trace.items == self.trace.items
        met = those(self.event.items, items & self.trace.items)
        left_open = those(self.event.items, open_for & self.trace.items)
        return Part(role, sort, looks_at, comparison, values, met, whole, parts, place, left_open, say, beside)

    def _open(self, leaf: Condition, head: Head) -> Items:
        """Return the items for which a leaf is met on the one side and not on the other."""
        surely, maybe = (sided(leaf, may, self.policy.vocabulary, head.passing) for may in (False, True))
        return self.answers.leaf(surely) ^ self.answers.leaf(maybe)

    def _open_licence(self, clauses: frozenset[str]) -> Items:
        """Return the items that one of `clauses` would license if all that is left open were otherwise."""
        found = 0
        for rule in self.rules:
            if isinstance(rule, Permit) and rule.licence and rule.head.clause in clauses:
                about, terms = (
                    sided(condition, True, self.policy.vocabulary, rule.head.passing)
                    for condition in (rule.about, rule.terms)
                )
                found |= self._met(about) & self._met(terms)
        return found & ~self.trace.licensed(clauses)

    def _met(self, condition: Condition) -> Items:
        return self.answers.met(condition, self.trace.items)

    def _in_scope(self, condition: Condition) -> bool:
        """Whether the event is one that a rule is about: of its operations and of its people."""
        about = (Field.OPERATION, Field.SUBJECT)
        return bool(self._met(all_of(*(p for p in conjuncts(condition) if isinstance(p, In) and p.field in about))))


_COMBINED: Final = ("all", "any", "not")
"""The sorts of conditions that are made of others, or of none: what no flow meets is an *or* of nothing."""

_PASSED: Final = Text(ja="{said}（{date} に経過）", en="{said} (passed on {date})")
_PASSES: Final = Text(ja="{said}（{date} に経過する）", en="{said} (passes on {date})")


def _edge(instant: int, zone: str) -> str:
    """Return an edge of a span of time as ISO 8601 has it in an interval: two dots where there is none."""
    return shown(instant, zone) if abs(instant) < FOREVER else ".."


def _shown(condition: Condition) -> Iterator[Condition]:
    """Yield the parts that must all be met; what has a name stays whole."""
    if isinstance(condition, And) and condition.called is None:
        for part in condition.parts:
            yield from _shown(part)
    else:
        yield condition


def _place(condition: Condition, head: Head) -> Place | None:
    """Return where a rule file has a leaf, or a condition that has a name, if it stands there."""
    if isinstance(condition, And | Or) and condition.called is not None:
        return place_of(condition.called.source)
    at = getattr(condition, "at", None)
    if head.source is None or at is None:
        return None
    document, path = head.source
    return document.place((*path, *at))


def _readable(policy: Policy, event: Event) -> Items:
    """Return the items that the policy's rules are asked about: none where the event has another unknown word."""
    terms = policy.vocabulary.terms
    if policy.vocabulary.strangers(as_stated(event)):
        return 0
    return sum(1 << number for number, item in enumerate(event.items) if item in terms["items"])
