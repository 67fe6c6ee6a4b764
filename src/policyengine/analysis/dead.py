"""Rules that never decide: nothing that is decided of any event hangs on them; and which other rules make it so.

A rule table is taken away, and the policy held against itself. Where nothing differs, the other rules whose sort can
make it so are taken away as well, and put back one after the other, as long as the table still decides without those
that are left out: what stays out, as few as can be, is the reason.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from typing import Any, Final

from msgspec.structs import replace

from policyengine.analysis.difference import EVERYTHING, Found, Parts, Undecided
from policyengine.analysis.problems import (
    CONTRADICTED_RULE,
    IDLE_RULE,
    IMPLIED_RULE,
    ONLY_CITED,
    SHADOWED_RULE,
    UNDECIDED,
    VACUOUS_CLAUSE,
)
from policyengine.analysis.study import OUTCOME, Remark, Study, label_of
from policyengine.errors import Code, Problem
from policyengine.model.condition import NEVER
from policyengine.model.rule import Alternative, Duty, Permit, Replacement, Restriction

_OBLIGED: Final[Parts] = frozenset({"outcome", "obligations"})


def dead_rules(study: Study) -> Iterator[Remark]:
    """Yield the rules on which nothing hangs, or only what is cited, and the clauses of which no rule decides."""
    dead: set[str] = set()
    for table in study.tables:
        try:
            remark = _remark(study, table)
        except Undecided as undecided:
            yield Remark(_problem(study, UNDECIDED, table, why=undecided))
            continue
        if remark is not None:
            yield remark
            if remark.problem.severity == "warning":
                dead.add(table)
    yield from _vacuous(study, dead)


def _remark(study: Study, table: str) -> Remark | None:
    rules = study.tables[table]
    obliges = all(isinstance(rule, Duty) for rule in rules)
    if not obliges and study.decides(table, OUTCOME) is not None:
        return None
    found = study.decides(table, EVERYTHING)
    if found is not None and _obliges_otherwise(found):
        return None  # it obliges, and that is what it is for
    if (causes := _contradicting(study, table)) is not None:
        return _told(study, CONTRADICTED_RULE, table, causes)
    if found is not None:
        if study.decides(table, _OBLIGED) is not None:
            return None
        return _only_cited(study, table, found)
    causes = _causes(study, table, EVERYTHING)
    return _told(study, IDLE_RULE if causes is None else SHADOWED_RULE, table, causes or ())


def _obliges_otherwise(found: Found) -> bool:
    return found.left.obligations.keys() != found.right.obligations.keys()


def _only_cited(study: Study, table: str, found: Found) -> Remark:
    """Return the note on a rule that changes no outcome; a requirement that others imply."""
    causes = _causes(study, table, OUTCOME) or ()
    asks = any(isinstance(rule, Restriction) and rule.unless != NEVER for rule in study.tables[table])
    code = IMPLIED_RULE if asks and causes else ONLY_CITED
    heads = tuple(map(study.head, causes))
    problem = _problem(study, code, table, others=label_of(heads))
    event = study.shown(found, lambda rules: (rule for rule in rules if rule.head.id != table))
    return Remark(problem, event, found.readings, heads)


def _contradicting(study: Study, table: str) -> Sequence[str] | None:
    """Return the restrictions and replacements for which a permit permits nothing; None where that is not why."""
    if not any(isinstance(rule, Permit) for rule in study.tables[table]):
        return None
    against = [other for other in study.near(table) if not _sorts(study, [other]) & {"permits"}]
    return _shrunk(study, table, against, OUTCOME)


def _causes(study: Study, table: str, parts: Parts) -> Sequence[str] | None:
    """Return as few other tables as can be without which a table decides; None where it does not without any."""
    near = study.near(table)
    kept = _leaned_on(study, table)
    return _shrunk(study, table, [other for other in near if other not in kept], parts)


def _leaned_on(study: Study, table: str) -> Collection[str]:
    """Return the tables without which a table could not decide at all."""
    sorts = _sorts(study, [table])
    clauses = {clause for rule in study.tables[table] if isinstance(rule, Permit) for clause in rule.licensed_by or ()}
    met = {clause for rule in study.tables[table] if isinstance(rule, Alternative) for clause in rule.clauses}
    return {
        other
        for other, rules in study.tables.items()
        for rule in rules
        if (isinstance(rule, Permit) and (sorts != {"permits"} or rule.head.clause in clauses))
        or (isinstance(rule, Restriction) and rule.head.clause in met)
        or (isinstance(rule, Restriction) and sorts == {"replaces"})
    }


def _shrunk(study: Study, table: str, others: Sequence[str], parts: Parts) -> Sequence[str] | None:
    """Return few of `others`, without which `table` decides; None where it does not without them all.

    They are as few as can be, unless the search for that was given up: then some of them may not be needed.
    """

    def decides(out: Collection[str]) -> bool:
        return study.decides(table, parts, out) is not None

    try:
        if not others or not decides(others):
            return None
    except Undecided:
        return None
    needed: list[str] = []
    waiting = list(others)
    size = max(1, len(waiting) // 2)
    tries = _TRIES
    while waiting and tries:
        tries -= 1
        some, rest = waiting[:size], waiting[size:]
        try:
            spare = decides([*needed, *rest])
        except Undecided:
            spare = False
        if spare:
            waiting = rest
        elif size == 1:
            needed += some
            waiting = rest
        else:
            size //= 2
    return [*needed, *waiting]


_TRIES: Final = 40
"""So many sets of rules are tried at most in search of the smallest."""


def _sorts(study: Study, tables: Collection[str]) -> set[str]:
    """Return what some tables do: permit, restrict, meet, replace, oblige."""
    names = {
        Permit: "permits",
        Restriction: "restricts",
        Alternative: "meets",
        Replacement: "replaces",
        Duty: "obliges",
    }
    return {names[type(rule)] for table in tables for rule in study.tables[table]}


def _told(study: Study, code: Code, table: str, causes: Sequence[str]) -> Remark:
    heads = tuple(map(study.head, causes))
    return Remark(_problem(study, code, table, others=label_of(heads)), because=heads)


def _problem(study: Study, code: Code, table: str, **parameters: Any) -> Problem:
    head = study.head(table)
    found = code.at(head.place, rule=table, **parameters)
    return replace(found, clause=head.clause, speaks_of=frozenset({("rule", table)}))


def _vacuous(study: Study, dead: Collection[str]) -> Iterator[Remark]:
    """Yield the clauses of which no rule decides anything."""
    policy = study.policy
    parents = {clause.case_of for clause in policy.clauses.values()}
    of: dict[str, list[str]] = {}
    for table in study.tables:
        of.setdefault(study.head(table).clause, []).append(table)
    for number, tables in of.items():
        clause = policy.clauses[number]
        if len(tables) > 1 and set(tables) <= set(dead) and number not in parents and not clause.ground:
            heads = tuple(map(study.head, tables))
            problem = VACUOUS_CLAUSE.at(heads[0].place, number=number, rules=label_of(heads))
            yield Remark(replace(problem, clause=number), because=heads)
