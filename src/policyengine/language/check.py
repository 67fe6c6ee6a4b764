"""What must be true of a whole policy: every clause is carried out, every rule can match something."""

from __future__ import annotations

from collections.abc import Container, Iterable, Iterator, Mapping
from dataclasses import replace

from policyengine.errors import KeyPath, Problem, did_you_mean
from policyengine.language.problems import (
    DUPLICATE_GROUND,
    IDLE_CLAUSE,
    IMPOSSIBLE_RULE,
    NEVER_IN_FORCE,
    NO_LICENCE,
    ORGANISATIONAL_CLAUSE,
    UNMEETABLE_RULE,
)
from policyengine.language.source import Document
from policyengine.model.comparison import COMPARISONS
from policyengine.model.condition import (
    NEVER,
    Compare,
    Condition,
    Field,
    Holds,
    In,
    Not,
    NotIn,
    Or,
    Same,
    all_of,
    compares,
    conjuncts,
)
from policyengine.model.operation import OPERATIONS, WITHIN
from policyengine.model.policy import Clause
from policyengine.model.rule import Permit, Restriction, Rule, scope_of

_RECIPIENT = frozenset({Field.RECIPIENT, Field.SERVICE, Field.COUNTRY})


def clause_problems(
    clauses: Mapping[str, Clause], ruled: set[str], places: Mapping[str, tuple[Document, KeyPath]]
) -> Iterator[Problem]:
    """Yield the clauses that nobody carries out, and those that claim to be organisational and carry out rules.

    Args:
        clauses: by number.
        ruled: the clauses that have rules.
        places: where each clause stands.
    """
    parents = {clause.case_of for clause in clauses.values()}
    for number, clause in clauses.items():
        document, path = places[number]
        carried = number in ruled or number in parents or clause.ground or bool(clause.defines)
        if not carried and clause.organisational is None:
            yield IDLE_CLAUSE.at(document.place(path), number=number)
        elif carried and clause.organisational is not None:
            yield ORGANISATIONAL_CLAUSE.at(document.place((*path, "organisational")), number=number)
    grounds = [number for number, clause in clauses.items() if clause.ground]
    for number in grounds[1:]:
        document, path = places[number]
        yield DUPLICATE_GROUND.at(document.place((*path, "ground")), number=grounds[0])


def rule_problems(tables: Iterable[tuple[Rule, ...]], span: tuple[int, int]) -> Iterator[Problem]:
    """Yield the rules that nothing can match, or that ask what nothing can meet.

    Args:
        tables: for each rule table, what it was lowered to.
        span: from when (inclusive) until when (exclusive) the policy is in force.
    """
    for rules in tables:
        why = None
        if rules and all(impossible(scope_of(rule)) for rule in rules):
            why = IMPOSSIBLE_RULE
        elif any(_unmeetable(rule) for rule in rules):
            why = UNMEETABLE_RULE
        elif any(rule.head.start >= span[1] or rule.head.end <= span[0] for rule in rules):
            why = NEVER_IN_FORCE
        if why is not None:
            yield why.at(rules[0].head.place)


def licence_problems(rules: Iterable[Rule], unsure: Container[str]) -> Iterator[Problem]:
    """Yield the rules that lean on clauses that license nothing.

    Args:
        rules: the lowered rules.
        unsure: clauses of which it is not known whether they license anything, since something in them is wrong.
    """
    permits = [rule for rule in rules if isinstance(rule, Permit)]
    licensing = {permit.head.clause for permit in permits if permit.licence}
    for permit in permits:
        leaned_on = permit.licensed_by
        if leaned_on is not None and not any(clause in licensing or clause in unsure for clause in leaned_on):
            document, path = permit.head.source or (None, ())
            place = document.place((*path, "licensed_by")) if document else None
            yield NO_LICENCE.at(place, hint=did_you_mean("", licensing))


def impossible(condition: Condition) -> bool:
    """Whether `condition` contradicts itself, so that no event meets it."""
    parts = conjuncts(condition)
    accepted: dict[Field, frozenset[str]] = {}
    bounds: dict[str, list[Compare]] = {}
    looks_at_recipient = False
    for part in parts:
        match part:
            case In(field, values):
                accepted[field] = accepted.get(field, values) & values
            case Compare():
                bounds.setdefault(part.attribute, []).append(part)
            case Or(branches) if all(impossible(branch) for branch in branches):
                return True
            case Not(Holds() as denied) if any(_implies(other, denied) for other in parts):
                return True
            case _:
                pass
        looks_at_recipient |= (isinstance(part, In | NotIn) and part.field in _RECIPIENT) or (
            isinstance(part, Same) and Field.RECIPIENT in (part.left, part.right)
        )
    for part in parts:
        if isinstance(part, NotIn) and part.field in accepted:
            accepted[part.field] -= part.values
    if looks_at_recipient and accepted.get(Field.OPERATION, frozenset(OPERATIONS)) <= WITHIN:
        return True
    return any(not values for values in accepted.values()) or any(_empty(tests) for tests in bounds.values())


def _unmeetable(rule: Rule) -> bool:
    """Whether a restriction can be lifted by something, and by nothing that can be."""
    if not isinstance(rule, Restriction) or rule.unless == NEVER:
        return False
    return impossible(all_of(rule.when, rule.unless))


def _implies(condition: Condition, fact: Holds) -> bool:
    """Whether `fact` holds wherever `condition` does. A fact that restricts counts for persons unknown as well."""
    return isinstance(condition, Holds) and condition in (fact, replace(fact, may=False))


def _empty(tests: Iterable[Compare]) -> bool:
    """Whether no value passes all tests of one attribute."""
    tests = list(tests)
    exact = [test.value for test in tests if test.op == "is"]
    if exact:
        return not all(compares(exact[0], test) for test in tests)
    bounds = [(COMPARISONS[test.op], test.value) for test in tests]
    lows = [(value, comparison.strict) for comparison, value in bounds if comparison.bound == "below"]
    highs = [(value, comparison.strict) for comparison, value in bounds if comparison.bound == "above"]
    return any(low > high or (low == high and (a or b)) for low, a in lows for high, b in highs)  # type: ignore[operator]
