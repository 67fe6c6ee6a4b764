"""What is left of a policy's rules in a region of the space of events: all that its decisions there can hang on."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple, TypeAlias, TypeVar

from msgspec.structs import replace

from policyengine.analysis.sight import Seen
from policyengine.decision.law import Rules, sorted_out
from policyengine.decision.ready import Question
from policyengine.decision.reduce import reduced_rule
from policyengine.decision.ruling import Ruling, Spoken, ground, ruling, topics_of
from policyengine.model.condition import ALWAYS, NEVER, Condition, Holds, all_of, leaves, reduced
from policyengine.model.rule import LEAVE, Alternative, Duty, Head, Permit, Replacement, Restriction, Rule, as_use
from policyengine.model.space import Point, Space
from policyengine.text import same

R = TypeVar("R", bound=Rule)

Key: TypeAlias = "tuple[Any, ...]"
"""One thing that a decision can hang on, with all that can matter of it: ids, titles and words do not."""

_NOTHING = Ruling(0)
"""What a policy says when it is not in force."""


class Left(NamedTuple):
    """What is left of some rules.

    Args:
        rules: what they do.
        speaking: the permits by what their clauses speak of; those that license once more, as licences of no operation.
    """

    rules: Rules
    speaking: Sequence[Permit]


class Side:
    """One of the policies, at one time and for one operation.

    Args:
        space: the space of events.
        index: the number of the policy there.
        sight: the policy, and its rules.
        cites: whether it matters which clauses a decision cites.
        obliges: whether it matters to what it obliges.
        denials: whether it matters which clauses a denial cites, where it does of decisions.
    """

    def __init__(
        self, space: Space, index: int, sight: Seen, *, cites: bool, obliges: bool, denials: bool = True
    ) -> None:
        self.space = space
        self.index = index
        self.sight = sight
        self.policy = sight.policy
        self.cites = cites
        self.obliges = obliges
        self.denials = cites and denials
        self.in_force = False
        self.ground: str | None = None
        self.rules: list[Rule] = []
        self.left = Left(sorted_out((), lambda _: False), ())

    def go_to(self, time: int) -> None:
        """Take the rules in force at `time`."""
        self.in_force = self.policy.in_force(time)
        self.ground = ground(self.policy) if self.in_force else None
        self.rules = [r for r in self.sight.rules if self.in_force and r.head.start <= time < r.head.end]

    def take_up(self, operation: str) -> None:
        """Take the rules for one operation."""
        rules = sorted_out(self.rules, lambda permit: operation in permit.operations)
        if self.in_force and operation not in self.policy.decides:
            rules = rules._replace(permits=[LEAVE])
        permits = [rule for rule in self.rules if isinstance(rule, Permit)]
        here = [
            replace(p, operations=frozenset({operation}), licence=False) for p in permits if operation in p.operations
        ]
        licences = [replace(as_use(p), operations=frozenset()) for p in permits if p.licence]
        self.left = Left(rules, [*here, *licences])

    def unread(self) -> Any:
        """Return what a denial of an event that cannot be read depends on."""
        topics = frozenset((self._shown(p), p.about, p.names) for p in self._unread_topics())
        return (self.in_force, self.ground, topics) if self.denials else None

    def read(self, point: Point) -> Left:
        """Return the rules as they stand for an event with the words at `point`: those for what cannot be read.

        An unknown purpose is denied by the clauses that speak of such a flow, any other word by the ground.
        """
        unknown = self.space.unknown(self.index, point)
        if not any(unknown):
            return self.left
        if not self.denials:
            return _NONE
        found: list[Rule] = []
        if self.ground is not None and (unknown.item or unknown.other):
            head = Head("unknown-term", self.ground, "unknown-term", same("unknown-term"))
            found.append(Restriction(head, "unknown-term", same("unknown-term"), ALWAYS))
        topics = self._unread_topics() if unknown.purpose and not unknown.item else []
        return Left(sorted_out(found, lambda _: False), topics)

    def _unread_topics(self) -> list[Permit]:
        """Return what the clauses speak of, whatever facts, attributes and persons there are."""

        def answer(leaf: Condition) -> bool | None:
            return False if isinstance(leaf, Question) else None

        here = [permit for permit in self.left.speaking if permit.operations]
        return [replace(permit, about=reduced(permit.about, answer), licensed_by=None) for permit in here]

    # ------------------------------------------------------------------------------------------ a region

    def simplified(self, left: Left, point: Point) -> Left:
        """Return what is left at `point` of what was `left` around it, without what can have no effect.

        The item is known there: what is asked for some items alone is asked of this one, or it is not.
        """

        def answer(leaf: Condition) -> bool | None:
            return self.space.leaf(leaf, point, self.index)

        def as_left(rules: Iterable[R]) -> list[R]:
            found = (rule if rule is LEAVE else reduced_rule(rule, answer) for rule in rules)
            return [rule for rule in found if rule is not None]

        asked = as_left(left.rules.duties) if self.obliges else []
        beside = [duty for duty in asked if duty.beside]
        more: dict[str, tuple[str, ...]] = {}
        for duty in beside:
            if duty.when == ALWAYS:
                more[duty.head.id] = (*more.get(duty.head.id, ()), *duty.head.obligations)

        def at(rules: Iterable[R]) -> list[R]:
            return [_obliging(rule, more[rule.head.id]) if rule.head.id in more else rule for rule in as_left(rules)]

        replacements = at(left.rules.replacements)
        gone = [rule for rule in replacements if rule.when == ALWAYS]
        licences = [p for p in map(_on_its_terms, at(left.rules.licences)) if _can_grant(p, gone)]
        licensing = frozenset(licence.head.clause for licence in licences)
        permits = [
            permit if permit.licensed_by is None else replace(permit, licensed_by=permit.licensed_by & licensing)
            for permit in map(_on_its_terms, at(left.rules.permits))
            if _can_grant(permit, gone) and (permit.licensed_by is None or permit.licensed_by & licensing)
        ]
        granted = any(
            p.terms == ALWAYS and p.licensed_by is None and not _taken(p.head.clause, replacements) for p in permits
        )
        speaking: list[Permit] = []
        if self.denials and not granted:
            for permit in left.speaking:
                about = reduced(permit.about, answer)
                names = None if permit.names is None else reduced(permit.names, answer)
                if about != NEVER:
                    speaking.append(replace(permit, about=about, terms=ALWAYS, names=names))
        here = [*permits, *(permit for permit in speaking if permit.operations)]
        leaned = frozenset[str]().union(*(permit.licensed_by or () for permit in here))
        speaking = [permit for permit in speaking if permit.operations or permit.head.clause in leaned]
        licences = [licence for licence in licences if licence.head.clause in leaned]
        wholly = [rule for rule in gone if rule.wholly]
        ways, ways_over = _heard_of(at(left.rules.ways), wholly), _heard_of(at(left.rules.ways_over), wholly)
        pending = [duty for duty in beside if duty.when != ALWAYS]
        restrictions = self._binding(
            _heard_of(at(left.rules.restrictions), wholly), ways, permits, pending, bars=self.denials and not granted
        )
        leaned_on = licences if permits else ()
        over = self._binding(_heard_of(at(left.rules.over), wholly), ways_over, leaned_on, pending, bars=False)
        duties = _heard_of([*at(duty for duty in asked if not duty.beside), *pending], wholly) if permits else []
        used = {permit.head.clause for permit in (*permits, *licences, *speaking)}
        said = used.union(rule.head.clause for rules in (restrictions, over, ways, ways_over, duties) for rule in rules)
        replacing = [rule for rule in replacements if any(map(rule.takes, said if rule.wholly else used))]
        rules = Rules(permits, licences, restrictions, over, ways, ways_over, replacing, duties)
        if self.denials:
            return Left(rules, speaking)
        return _permitting(rules) if self.cites or self.obliges else _outcome(rules)

    def _binding(
        self,
        restrictions: Iterable[Restriction],
        ways: Iterable[Alternative],
        reached: Sequence[Permit],
        pending: Sequence[Duty],
        *,
        bars: bool,
    ) -> list[Restriction]:
        """Return the restrictions that can matter to those whom they reach, or be cited where nothing is granted."""
        met = frozenset[str]().union(*(way.clauses for way in ways if self.cites or self._duties(way, pending)))

        def heard(rule: Restriction) -> bool:
            return self._heard(rule, pending) or rule.head.clause in met

        return [
            rule
            for rule in restrictions
            if (rule.unless != ALWAYS or heard(rule))
            and (rule.exempt != ALWAYS or heard(rule) or (rule.instead and self.obliges))
            and (
                any(map(rule.reaches, reached))
                or (bars and rule.only is None and ALWAYS not in (rule.unless, rule.exempt))
            )
        ]

    def keys(self, left: Left, point: Point) -> Mapping[Key, tuple[Condition, ...]]:
        """Return what a decision can hang on, each thing with its conditions."""
        rules = left.rules
        pending = [duty for duty in rules.duties if duty.beside]
        found: dict[Key, tuple[Condition, ...]] = {}

        def note(*key: Any, conditions: tuple[Condition, ...]) -> None:
            found[(*key, conditions, self._own(conditions, point))] = conditions

        used = {p.head.clause for p in (*rules.permits, *rules.licences, *left.speaking)}
        for permit in left.speaking:
            asked = (permit.licensed_by or frozenset()) & used
            named = () if permit.names is None else (permit.names,)
            as_what = (permit.licence, self._shown(permit), asked)
            note("speaks", permit.head.clause, *as_what, conditions=(permit.about, *named))
        for permit in rules.permits:
            note(
                "permits",
                permit.head.clause,
                permit.licensed_by,
                self._duties(permit, pending),
                conditions=(permit.terms,),
            )
        for licence in rules.licences:
            note("licenses", licence.head.clause, self._duties(licence, pending), conditions=(licence.terms,))
        met = frozenset[str]().union(*(way.clauses for way in (*rules.ways, *rules.ways_over)))
        for what, restrictions, permits in (
            ("restricts", rules.restrictions, rules.permits),
            ("is laid over", rules.over, rules.licences),
        ):
            for rule in restrictions:
                reached = frozenset(permit.head.clause for permit in permits if rule.reaches(permit))
                cited = (rule.head.clause, rule.only is None) if self.cites else ()
                heard = (rule.cited and self.cites, self._duties(rule, pending), self._named(rule.instead))
                silent = _silencing(rule.head.clause, rules.replacements)
                of = rule.head.clause if rule.head.clause in met else None  # what meets it knows it by its clause
                note(what, of, cited, reached, *heard, conditions=(rule.when, rule.unless, rule.exempt, *silent))
        for what, restrictions, some in (
            ("meets", rules.restrictions, rules.ways),
            ("meets what is laid over", rules.over, rules.ways_over),
        ):
            stand = {rule.head.clause for rule in restrictions}
            for way in some:
                if asked := way.clauses & stand:
                    by = way.head.clause if self.cites else None
                    silent = _silencing(way.head.clause, rules.replacements)
                    note(what, by, asked, self._duties(way, pending), conditions=(way.when, *silent))
        for replacement in rules.replacements:
            by = replacement.head.clause if self.cites else None
            note("replaces", by, frozenset(filter(replacement.takes, used)), conditions=(replacement.when,))
        for duty in rules.duties:
            silent = _silencing(duty.head.clause, rules.replacements)
            obliged = self._duties(duty, () if duty.beside else pending)
            note("obliges", duty.beside, obliged, conditions=(duty.when, *silent))
        return found

    def verdict(self, left: Left) -> Ruling:
        """Decide an item when every condition has become `ALWAYS` or `NEVER`."""
        if not self.in_force:
            return _NOTHING
        spoken = [
            Spoken(topic, permit.head.id, permit.names == ALWAYS)
            for permit in left.speaking
            for topic in topics_of(self.policy, permit, bool(permit.operations))
        ]
        return ruling(self.policy, left.rules, 1, lambda c, items: items if c == ALWAYS else 0, lambda: spoken)

    def obligation(self, name: str) -> tuple[str, str, str]:
        """Return an obligation by all that a host is told of it."""
        declared = self.policy.obligations[name]
        return name, declared.clause, repr(sorted(declared.parameters.items()))

    def _own(self, conditions: Iterable[Condition], point: Point) -> int | None:
        """Return the number of the policy where facts can answer `conditions` of it and not the same of another."""
        if self.space.alike:
            return None
        asked = (leaf for condition in conditions for leaf in leaves(condition) if isinstance(leaf, Holds))
        return self.index if any(self.space.differs(leaf, point) for leaf in asked) else None

    def _named(self, names: Iterable[str]) -> tuple[Any, ...]:
        return tuple(sorted({self.obligation(name) for name in names})) if self.obliges else ()

    def _duties(self, rule: Rule, pending: Iterable[Duty]) -> tuple[Any, ...]:
        """Return to what a rule obliges, and to what it may, by what stands beside it and is not decided yet."""
        beside = {(self._named(duty.head.obligations), duty.when) for duty in pending if duty.head.id == rule.head.id}
        return (
            (*self._named(rule.head.obligations), frozenset(beside)) if beside else self._named(rule.head.obligations)
        )

    def _heard(self, rule: Restriction, pending: Iterable[Duty]) -> bool:
        """Whether a permit shows that it satisfied the restriction."""
        return (rule.cited and self.cites) or bool(self._duties(rule, pending))

    def _shown(self, permit: Permit) -> str:
        return self.policy.clauses[permit.head.clause].case_of or permit.head.clause


def _obliging(rule: R, more: tuple[str, ...]) -> R:
    """Return `rule` with more that it obliges to."""
    return replace(rule, head=replace(rule.head, obligations=(*rule.head.obligations, *more)))


def _on_its_terms(permit: Permit) -> Permit:
    """Return `permit` with all that it asks for as its terms."""
    return permit if permit.about == ALWAYS else replace(permit, about=ALWAYS, terms=all_of(permit.about, permit.terms))


def _outcome(rules: Rules) -> Left:
    """Return what is left where the outcome alone matters: nothing more, once it is certain."""
    left = _permitting(rules)
    certain = any(
        permit.terms == ALWAYS
        and permit.licensed_by is None
        and not _taken(permit.head.clause, rules.replacements)
        and not any(rule.reaches(permit) for rule in rules.restrictions)
        for permit in left.rules.permits
    )
    return _CERTAIN if certain else left


def _permitting(rules: Rules) -> Left:
    """Return what is left where it does not matter why an event is denied: nothing, once that is certain."""
    lifted = frozenset[str]().union(*(way.clauses for way in rules.ways))
    binding = [
        rule
        for rule in rules.restrictions
        if rule.when == ALWAYS
        and rule.unless == NEVER
        and rule.exempt == NEVER
        and rule.head.clause not in lifted
        and not any(other.wholly and other.takes(rule.head.clause) for other in rules.replacements)
    ]
    permits = [permit for permit in rules.permits if not any(rule.reaches(permit) for rule in binding)]
    if not permits:
        return _NONE
    restrictions = [rule for rule in rules.restrictions if any(map(rule.reaches, permits))]
    return Left(rules._replace(permits=permits, restrictions=restrictions), ())


_NONE = Left(sorted_out((), lambda _: False), ())
"""Nothing: an event is denied."""

_CERTAIN = Left(_NONE.rules._replace(permits=[LEAVE]), ())
"""What permits an event, whatever else."""


def _can_grant(permit: Permit, gone: Iterable[Replacement]) -> bool:
    return permit.terms != NEVER and not _taken(permit.head.clause, gone)


def _taken(clause: str, by: Iterable[Replacement]) -> bool:
    return any(rule.takes(clause) for rule in by)


def _heard_of(rules: Iterable[R], wholly: Sequence[Replacement]) -> list[R]:
    """Return those of `rules` whose clauses are not wholly replaced."""
    return [rule for rule in rules if not _taken(rule.head.clause, wholly)]


def _silencing(clause: str, replacements: Iterable[Replacement]) -> tuple[Condition, ...]:
    """Return where other rules wholly take the place of a clause."""
    return tuple([rule.when for rule in replacements if rule.wholly and rule.takes(clause)])
