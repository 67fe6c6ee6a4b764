"""What must be true of a whole policy: every clause is carried out, every rule can match something."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from policyengine.condition import NEVER, Compare, Condition, Field, In, NotIn, Or, Same, all_of, compares, conjuncts
from policyengine.errors import Problem, did_you_mean
from policyengine.rule import Clause, Duty, Permit, Replacement, Restriction, Rule
from policyengine.source import Document, KeyPath
from policyengine.text import Text
from policyengine.vocabulary import OPERATIONS

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
            message = Text(
                ja=f"条項「{number}」を実行するルールも、実行できない理由（organisational）もありません",
                en=f'nothing carries out clause "{number}", and no reason says why not (organisational)',
            )
            yield Problem("idle-clause", message, document.place(path))
        elif carried and clause.organisational is not None:
            message = Text(
                ja=f"条項「{number}」は organisational なのにルールを持っています",
                en=f'clause "{number}" is organisational and yet carried out by rules',
            )
            yield Problem("organisational-clause", message, document.place((*path, "organisational")))
    grounds = [number for number, clause in clauses.items() if clause.ground]
    for number in grounds[1:]:
        document, path = places[number]
        message = Text(
            ja=f"ground は条項「{grounds[0]}」にもあります", en=f'clause "{grounds[0]}" is the ground already'
        )
        yield Problem("duplicate-ground", message, document.place((*path, "ground")))


def rule_problems(rules: Iterable[Rule]) -> Iterator[Problem]:
    """Yield the rules that nothing can match, and those that lean on clauses that license nothing."""
    rules = list(rules)
    licensing = {rule.head.clause for rule in rules if isinstance(rule, Permit) and rule.licence}
    for rule in rules:
        if impossible(guard(rule)):
            message = Text(ja="どんなイベントにも当てはまらないルールです", en="impossible rule: no event can match it")
            yield Problem("impossible-rule", message, rule.head.place)
        if isinstance(rule, Permit) and rule.licensed_by is not None and not rule.licensed_by & licensing:
            message = Text(
                ja="licensed_by の条項はどれも利用目的を定めていません", en="no clause in licensed_by licenses anything"
            )
            yield Problem("no-licence", message, rule.head.place, did_you_mean("", licensing))


def guard(rule: Rule) -> Condition:
    """Return the condition that must be met for `rule` to have an effect, its operations included."""
    match rule:
        case Permit():
            operations = tuple(sorted(rule.operations))
            return all_of(In(Field.OPERATION, rule.operations, operations), rule.about, rule.terms)
        case Restriction() | Replacement() | Duty():
            return rule.when


def impossible(condition: Condition) -> bool:
    """Whether `condition` contradicts itself, so that no event meets it.

    A list of terms that the chosen readings leave empty is no contradiction: another reading fills it.
    """
    parts = conjuncts(condition)
    if any(isinstance(part, In) and not part.written for part in parts):
        return False
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
                return part == NEVER or bool(branches)
            case _:
                pass
        looks_at_recipient |= (isinstance(part, In | NotIn) and part.field in _RECIPIENT) or (
            isinstance(part, Same) and Field.RECIPIENT in (part.left, part.right)
        )
    for part in parts:
        if isinstance(part, NotIn) and part.field in accepted:
            accepted[part.field] -= part.values
    if looks_at_recipient and accepted.get(Field.OPERATION, frozenset(OPERATIONS)) <= {"acquire", "use"}:
        return True
    return any(not values for values in accepted.values()) or any(_empty(tests) for tests in bounds.values())


def _empty(tests: Iterable[Compare]) -> bool:
    """Whether no value passes all tests of one attribute."""
    tests = list(tests)
    exact = [test.value for test in tests if test.op == "is"]
    if exact:
        return not all(compares(exact[0], test) for test in tests)
    numbers = [test for test in tests if not isinstance(test.value, str | bool) and test.op != "is_not"]
    lows = [(test.value, test.op == "above") for test in numbers if test.op in ("at_least", "above")]
    highs = [(test.value, test.op == "below") for test in numbers if test.op in ("at_most", "below")]
    return any(low > high or (low == high and (a or b)) for low, a in lows for high, b in highs)  # type: ignore[operator]
