"""What changes with readings, with dates and with what an event leaves unsaid."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator

from msgspec.structs import replace

from policyengine.analysis.difference import EVERYTHING, Undecided, difference
from policyengine.analysis.near import Near
from policyengine.analysis.problems import (
    DATE_GAP,
    ESCAPED,
    IDLE_READING,
    UNDECIDED_ESCAPE,
    UNDECIDED_GAP,
    UNDECIDED_READING,
)
from policyengine.analysis.study import OUTCOME, Remark, Study
from policyengine.decision.decider import Decider
from policyengine.decision.reduce import reduced_rule
from policyengine.errors import place_of
from policyengine.model.condition import Condition, Read, all_of, leaves
from policyengine.model.event import Event
from policyengine.model.policy import Policy
from policyengine.model.rule import Permit, Restriction, Rule, conditions_of, placed
from policyengine.moment import written


def idle_readings(study: Study) -> Iterator[Remark]:
    """Yield the readings of which no value makes any event be decided otherwise, whatever the others are."""
    policy = study.in_all_readings.policy
    for document in study.pack.rules:
        for name in document.data.get("readings", {}):
            reading = study.policy.readings[name]
            by_default = Near(_read(policy, name, reading.default))
            others = (value for value in reading.values if value != reading.default)
            try:
                if all(_alike(study, by_default, _read(policy, name, value)) for value in others):
                    problem = IDLE_READING.at(document.place(("readings", name)), name=name)
                    yield Remark(replace(problem, clause=reading.clause, speaks_of=frozenset({("reading", name)})))
            except Undecided as undecided:
                problem = UNDECIDED_READING.at(document.place(("readings", name)), name=name, why=undecided)
                yield Remark(replace(problem, clause=reading.clause, speaks_of=frozenset({("reading", name)})))


def _alike(study: Study, near: Near, other: Policy) -> bool:
    change = near.change(other)
    return difference(change.before, change.after, EVERYTHING, regions=study.regions) is None


def _read(policy: Policy, name: str, value: str) -> Policy:
    """Return a policy whose readings are left open, but for one that is picked."""

    def answer(leaf: Condition) -> bool | None:
        return value in leaf.values if isinstance(leaf, Read) and leaf.reading == name else None

    def asks(rule: Rule) -> bool:
        found = (leaf for condition in conditions_of(rule) for leaf in leaves(condition))
        return any(isinstance(leaf, Read) and leaf.reading == name for leaf in found)

    rules = (reduced_rule(rule, answer) if asks(rule) else rule for rule in policy.rules)
    return replace(policy, rules=tuple(rule for rule in rules if rule is not None))


def date_gaps(study: Study) -> Iterator[Remark]:
    """Yield the spans between dates of a clause's rules in which what is decided before and after is not decided.

    A flow is permitted until a date and from a later one on, by rules of one clause, and not between; or forbidden.
    """
    policy = study.policy
    ended = [rule for rule in policy.rules if isinstance(rule, Permit | Restriction) and rule.head.end < policy.end]
    begun = [rule for rule in policy.rules if isinstance(rule, Permit | Restriction) and rule.head.start > policy.start]
    told: set[tuple[str, str]] = set()
    for before, after in itertools.product(ended, begun):
        ids = before.head.id, after.head.id
        same_sort = type(before) is type(after) and before.head.clause == after.head.clause
        if not same_sort or before.head.end >= after.head.start or ids in told:
            continue
        about = frozenset({("rule", ids[0]), ("rule", ids[1])})
        try:
            event = _in_between(study, before, after)
        except Undecided as undecided:
            told.add(ids)
            problem = UNDECIDED_GAP.at(after.head.place, before=ids[0], after=ids[1], why=undecided)
            yield Remark(replace(problem, clause=after.head.clause, speaks_of=about))
            continue
        if event is not None:
            told.add(ids)
            start, end = written(before.head.end), written(after.head.start)
            problem = DATE_GAP.at(after.head.place, before=ids[0], after=ids[1], start=start, end=end)
            yield Remark(replace(problem, clause=after.head.clause, speaks_of=about), event, {}, (before.head,))


def _in_between(study: Study, before: Rule, after: Rule) -> dict[str, object] | None:
    """Return an event that is decided alike before and after a gap, and otherwise in it; None where none was found."""
    policy = study.policy
    head = replace(before.head, start=before.head.end, end=after.head.start, id=f"{before.head.id} in between")
    if isinstance(before, Permit) and isinstance(after, Permit):
        both: Rule = replace(
            before,
            head=head,
            operations=before.operations & after.operations,
            about=all_of(before.about, after.about),
            terms=all_of(before.terms, after.terms),
        )
    elif isinstance(before, Restriction) and isinstance(after, Restriction):
        both = replace(before, head=head, when=all_of(before.when, after.when))
    else:
        return None
    change = Near(policy).change(replace(policy, rules=(*policy.rules, both)))
    found = difference(change.before, change.after, OUTCOME, regions=study.regions)
    if found is None:
        return None
    decider = Decider([policy])
    times = (before.head.end - 1, before.head.end, after.head.start)
    events = (Event.from_mapping({**found.event, "time": written(time)}) for time in times)
    said = [decider.decide(event).permitted for event in events]
    return {**found.event, "time": written(times[1])} if said[0] is said[2] is not said[1] else None


def escapes(study: Study) -> Iterator[Remark]:
    """Yield the restrictions that an event escapes by leaving open a field that passes unstated."""
    policy = study.by_default.policy
    near = Near(policy)
    tables: dict[str, list[Restriction]] = {}
    for rule in policy.rules:
        if isinstance(rule, Restriction) and rule.head.passing:
            tables.setdefault(rule.head.id, []).append(rule)
    for table, rules in tables.items():
        there = {id(rule) for rule in rules}

        def strict(found: Iterable[Rule], there: frozenset[int] = frozenset(there)) -> Iterator[Rule]:
            for rule in found:
                if id(rule) in there:
                    plain = replace(rule, head=replace(rule.head, passing=frozenset()))
                    yield placed(plain, policy.vocabulary)
                else:
                    yield rule

        change = near.change(replace(policy, rules=tuple(strict(policy.rules))))
        head = rules[0].head
        place = place_of(head.source, "pass_unstated")
        about = frozenset({("rule", table)})
        try:
            found = difference(change.before, change.after, OUTCOME, regions=study.regions)
        except Undecided as undecided:
            problem = UNDECIDED_ESCAPE.at(place, rule=table, why=undecided)
            yield Remark(replace(problem, clause=head.clause, speaks_of=about))
            continue
        if found is not None and found.left.permitted:
            fields = ", ".join(sorted(head.passing))
            problem = ESCAPED.at(place, rule=table, fields=fields)
            yield Remark(replace(problem, clause=head.clause, speaks_of=about), study.shown(found, strict))
