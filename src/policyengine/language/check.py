"""What must be true of a whole policy: every clause is carried out, every rule can match something."""

from __future__ import annotations

from collections.abc import Container, Iterable, Iterator, Mapping, Sequence

import msgspec
from msgspec.structs import replace

from policyengine.errors import Code, KeyPath, Place, Problem, did_you_mean
from policyengine.language.problems import (
    DUPLICATE_GROUND,
    IDLE_CLAUSE,
    IMPOSSIBLE_RULE,
    MEETS_NOTHING,
    MET_BY_SILENCE,
    NEVER_IN_FORCE,
    NEVER_LIFTED,
    NO_LICENCE,
    OPEN_ITEMS,
    ORGANISATIONAL_CLAUSE,
)
from policyengine.language.satisfy import Events
from policyengine.language.source import Document
from policyengine.language.table import RuleTable
from policyengine.model.condition import (
    ALWAYS,
    NEVER,
    Acquired,
    Age,
    Compare,
    Condition,
    Field,
    In,
    Not,
    NotIn,
    Or,
    Same,
    conjuncts,
    leaves,
    mapped,
)
from policyengine.model.operation import OPERATIONS
from policyengine.model.policy import Clause
from policyengine.model.rule import (
    Alternative,
    Duty,
    Permit,
    Replacement,
    Restriction,
    Rule,
    as_use,
    beside_use,
    scope_of,
)
from policyengine.model.words import describe
from policyengine.text import Text, listed


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


def rule_problems(tables: Iterable[tuple[Rule, ...]], span: tuple[int, int], events: Events) -> Iterator[Problem]:
    """Yield the rules that could never do what they say: no event meets them, or they are never in force.

    Args:
        tables: for each rule table, what it was lowered to.
        span: from when (inclusive) until when (exclusive) the policy is in force.
        events: all that could meet them.
    """
    for rules in tables:
        if rules and not all(map(_says_nothing, rules)) and not any(_acts(rule, events) for rule in rules):
            core = _core(_unmet(rules[0], events), events)
            yield IMPOSSIBLE_RULE.at(rules[0].head.place, parts=_shown(rules[0], core, events))
        elif any(rule.head.start >= span[1] or rule.head.end <= span[0] for rule in rules):
            yield NEVER_IN_FORCE.at(rules[0].head.place)


def contradictions(rules: Iterable[Rule], events: Events) -> Iterator[Problem]:
    """Yield, as notes, what in rules contradicts itself, though the rules still do something.

    Args:
        rules: rules that do what they say.
        events: all that could meet them.
    """
    for rule in rules:
        if _says_nothing(rule):
            continue
        if isinstance(rule, Restriction):
            for branch in (*_branches(rule.unless), *_branches(rule.exempt)):
                if not any(events.meet(form.when, form.unless) for form in _laid(replace(rule, unless=branch))):
                    yield _contradiction(NEVER_LIFTED, rule, (*conjuncts(rule.when), *conjuncts(branch)), events)
        scopes = [scope_of(asked) for asked in _forms(rule)]
        if not any(events.meet(_nothing_open(scope)) for scope in scopes):
            parts = [_nothing_open(part) for part in conjuncts(scope_of(rule))]
            yield _contradiction(MET_BY_SILENCE, rule, parts, events)


def open_items(permits: Iterable[tuple[Permit, bool]], events: Events) -> Iterator[Problem]:
    """Yield, as a note for each clause, a permit that lists no items, and so opens every word yet to be declared.

    Args:
        permits: the permits, each with whether its table says that it means all items.
        events: all that could meet them.
    """
    told: set[str] = set()
    for permit, meant in permits:
        clause = permit.head.clause
        if meant or clause in told or permit.licensed_by is not None:
            continue
        if any(events.meet(_of_a_new_item(scope_of(form))) for form in _forms(permit)):
            told.add(clause)
            yield _of(permit, OPEN_ITEMS.at(permit.head.place))


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


def idle_alternatives(rules: Sequence[tuple[Rule, RuleTable]]) -> Iterator[Problem]:
    """Yield, as notes, the clauses that alternatives meet and that have nothing to meet.

    Args:
        rules: the lowered rules, each with its table.
    """
    restricting = {rule.head.clause for rule, _ in rules if isinstance(rule, Restriction)}
    for rule, table in rules:
        if not isinstance(rule, Alternative) or rule.clauses & restricting:
            continue
        document, path = rule.head.source or (None, ())
        place = document.place((*path, "meets")) if document else None
        named = table.values.get("meets") or sorted(rule.clauses)
        yield _of(rule, MEETS_NOTHING.at(place, number=", ".join(named)))


def _says_nothing(rule: Rule) -> bool:
    """Whether a kind lowered a table to a permit of nothing, having told what is missing in it."""
    return isinstance(rule, Permit) and rule.terms == NEVER


def _acts(rule: Rule, events: Events) -> bool:
    """Whether there is an event at which a rule does something."""
    match rule:
        case Permit() | Alternative() | Replacement() | Duty():
            return any(events.meet(*_asks(form)) for form in _forms(rule))
        case Restriction():
            heard = rule.cited or bool(rule.head.obligations)
            return any(
                events.meet(form.when, Not(form.unless), Not(form.exempt))
                or (heard and events.meet(form.when, form.unless))
                or (bool(rule.instead) and events.meet(form.when, form.exempt))
                for form in _laid(rule)
            )


def _asks(rule: Rule) -> tuple[Condition, ...]:
    """Return what must be met for a rule to have an effect, as `scope_of` does, part by part."""
    if isinstance(rule, Permit):
        return In(Field.OPERATION, rule.operations, ()), rule.about, rule.terms
    return (rule.when,)


def _forms(rule: Rule) -> Iterator[Rule]:
    """Yield a rule in each way in which it is asked: a licence, and what is laid over one, are asked of `use` too."""
    if isinstance(rule, Restriction):
        yield from _laid(rule)
        return
    yield rule
    if isinstance(rule, Permit) and rule.licence:
        yield replace(as_use(rule), operations=frozenset(OPERATIONS))


def _laid(rule: Restriction) -> Iterator[Restriction]:
    yield rule
    if rule.only is not None:
        yield beside_use(rule)


def _branches(condition: Condition) -> tuple[Condition, ...]:
    """Return the conditions of which one must be met for `condition` to be met."""
    return condition.parts if isinstance(condition, Or) else (condition,)


def _nothing_open(condition: Condition) -> Condition:
    """Return what is left of a condition where nothing that an event leaves open meets it."""

    def leaf(found: Condition, turned: bool) -> Condition:
        if isinstance(found, Same):
            found = replace(found, passes=frozenset())
        return replace(found, open=turned) if isinstance(found, In | NotIn | Same | Compare | Acquired | Age) else found

    return mapped(condition, leaf)


def _of_a_new_item(condition: Condition) -> Condition:
    """Return what `condition` asks of an item that is none of those it names."""

    def leaf(found: Condition, _: bool) -> Condition:
        match found:
            case In(Field.ITEM):
                return NEVER
            case NotIn(Field.ITEM):
                return ALWAYS
            case _:
                return found

    return mapped(condition, leaf)


def _contradiction(code: Code, rule: Rule, parts: Sequence[Condition], events: Events) -> Problem:
    """Return the note on parts of a rule that no event meets together, with as few of them as do not."""
    core = _core(parts, events)
    return _of(rule, code.at(_place(rule, core[-1]), parts=_shown(rule, core, events)))


def _of(rule: Rule, note: Problem) -> Problem:
    """Return a note as one that speaks of a rule."""
    return msgspec.structs.replace(note, clause=rule.head.clause, speaks_of=frozenset({("rule", rule.head.id)}))


def _unmet(rule: Rule, events: Events) -> Sequence[Condition]:
    """Return what a rule that never acts asks, part by part."""
    asked = [part for condition in _asks(rule) for part in conjuncts(condition)]
    if isinstance(rule, Restriction) and events.meet(*asked):
        asked.append(Not(rule.unless))
    return asked


def _core(parts: Sequence[Condition], events: Events) -> Sequence[Condition]:
    """Return as few of some parts, which no event meets together, as none meets."""
    core = list(parts)
    for part in parts:
        others = [other for other in core if other is not part]
        if others and not events.meet(*others):
            core = others
    return core


def _shown(rule: Rule, parts: Iterable[Condition], events: Events) -> Text:
    """Return parts of a rule in words, each with its place."""
    part_at = Text(ja="「{part}」（{place}）", en='"{part}" ({place})')
    return listed(part_at.filled(part=describe(part, events.vocabulary), place=_place(rule, part)) for part in parts)


def _place(rule: Rule, part: Condition) -> Place | None:
    """Return where a part of the conditions of a rule stands."""
    document, path = rule.head.source or (None, ())
    inner = next((at for leaf in leaves(part) if (at := getattr(leaf, "at", None))), ())
    return document.place((*path, *inner)) if document else None
