"""What a rule kind lowers its tables to, held against the closed algebra, statement by statement.

A kind is somebody's code. What it yields decides, so each statement must be one of the four, every condition in it one
of the algebra, over fields, words, facts and attributes that the policy has; whatever is not is a problem at the table.
"""

from __future__ import annotations

import inspect
import itertools
from collections.abc import Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, Any, Final

from msgspec import Struct

from policyengine.calendar import PLAIN_ZONE, Lapse
from policyengine.errors import did_you_mean
from policyengine.language.conditions import Scope
from policyengine.language.problems import KIND_FAILED, REWARDS_SILENCE, WRONG_STATEMENT
from policyengine.language.table import RuleTable
from policyengine.model.comparison import COMPARISONS
from policyengine.model.condition import (
    STATED,
    Acquired,
    Age,
    And,
    Clock,
    Compare,
    During,
    Elsewhere,
    Field,
    Holds,
    In,
    Not,
    NotIn,
    Or,
    Read,
    Same,
)
from policyengine.model.countries import COUNTRIES
from policyengine.model.fact import VALUE
from policyengine.model.fields import IDS, ROWS
from policyengine.model.operation import OPERATIONS
from policyengine.model.rule import Alternative, Duty, Head, Permit, Replacement, Restriction, Rule
from policyengine.text import Text

if TYPE_CHECKING:
    from policyengine.language.kind import RuleKind


class Wrong(Struct, frozen=True):
    """One thing that is wrong with a statement.

    Args:
        where: the way to it, such as ``Restriction.when.parts[1].field``.
        expected: what was expected there.
        hint: the nearest valid thing.
        at: where in the table it stands, if that is known.
        silence: where it rewards silence: of what, the value, and what could stand there.
    """

    where: str
    expected: Text
    hint: Text | None = None
    at: tuple[str | int, ...] = ()
    silence: tuple[Text, str, Text] | None = None


def sound_rules(kind: RuleKind, table: RuleTable) -> Iterator[Rule]:
    """Yield the statements that a kind lowers a table to and that are sound; what is wrong is reported at the table.

    What follows from something in the table that is reported already is not reported again.
    """
    before = len(table.scope.problems)
    try:
        lowered = kind.lower(table)
        if inspect.iscoroutine(lowered):
            lowered.close()
        if not isinstance(lowered, Iterable):
            table.problem(WRONG_STATEMENT, kind=kind.name, where="lower", expected=_STATEMENTS)
            return
        rules = list(lowered)
    except Exception as error:  # somebody's code; its file and line are worth more than a traceback through the engine
        trace = error.__traceback__
        while trace is not None and trace.tb_next is not None:
            trace = trace.tb_next
        line = "" if trace is None else f" ({trace.tb_frame.f_code.co_filename}:{trace.tb_lineno})"
        table.problem(KIND_FAILED, kind=kind.name, error=f"{type(error).__name__}: {error}{line}")
        return
    told = len(table.scope.problems) > before
    for rule in rules:
        wrong = list(Statement(rule, table).wrong())
        for one in () if told else wrong:
            at = one.at if all(isinstance(key, str | int) for key in one.at) else ()
            if one.silence is not None:
                name, value, side = one.silence
                table.problem(REWARDS_SILENCE, *at, name=name, value=value, side=side)
                continue
            table.problem(WRONG_STATEMENT, *at, hint=one.hint, kind=kind.name, where=one.where, expected=one.expected)
        if not wrong:
            yield rule


class Statement:
    """One statement of a table, and what can be wrong with it.

    Args:
        rule: what a kind has yielded.
        table: of which table.
    """

    def __init__(self, rule: object, table: RuleTable) -> None:
        self._rule = rule
        self._table = table
        self._scope: Scope = table.scope

    def wrong(self) -> Iterator[Wrong]:
        """Yield everything that is wrong with it."""
        rule = self._rule
        if type(rule) not in _FIELDS:
            yield Wrong(type(rule).__name__, _STATEMENTS)
            return
        name = type(rule).__name__
        for field, form in _FIELDS[type(rule)].items():
            yield from form(self, getattr(rule, field), f"{name}.{field}")

    def head(self, head: Any, where: str) -> Iterator[Wrong]:
        """What is wrong with where it comes from."""
        if not isinstance(head, Head) or head.clause != self._table.clause or not _is_text(head.id):
            yield Wrong(where, _HEAD)
        else:
            yield from self.duties(head.obligations, f"{where}.obligations")

    def duties(self, names: Any, where: str) -> Iterator[Wrong]:
        """What is wrong with the ids of obligations."""
        if not isinstance(names, tuple):
            yield Wrong(where, _TUPLE)
            return
        yield from self._known(names, self._scope.obligations, where, _OBLIGATION)

    def operations(self, names: Any, where: str) -> Iterator[Wrong]:
        """What is wrong with a set of operations."""
        yield from self._set(names, OPERATIONS, where, _OPERATION)

    def clauses(self, numbers: Any, where: str) -> Iterator[Wrong]:
        """What is wrong with a set of clauses."""
        yield from self._set(numbers, self._scope.clauses, where, _CLAUSE)

    def clauses_or_all(self, numbers: Any, where: str) -> Iterator[Wrong]:
        """What is wrong with a set of clauses, where there may be none."""
        if numbers is not None:
            yield from self.clauses(numbers, where)

    def flag(self, value: Any, where: str) -> Iterator[Wrong]:
        """What is wrong with a truth value."""
        if not isinstance(value, bool):
            yield Wrong(where, _FLAG)

    def code(self, value: Any, where: str) -> Iterator[Wrong]:
        """What is wrong with the code of a reason."""
        if not _is_text(value):
            yield Wrong(where, _CODE)

    def parameters(self, value: Any, where: str) -> Iterator[Wrong]:
        """What is wrong with what a denial hands on."""
        if not isinstance(value, tuple) or not all(
            isinstance(one, tuple) and len(one) == 2 and _is_text(one[0]) and _is_plain(one[1]) for one in value
        ):
            yield Wrong(where, _PARAMETERS)

    def message(self, value: Any, where: str) -> Iterator[Wrong]:
        """What is wrong with a text for people."""
        if not isinstance(value, Text) or not (_is_text(value.ja) and _is_text(value.en)):
            yield Wrong(where, _MESSAGE)

    def restricting(self, condition: Any, where: str) -> Iterator[Wrong]:
        """What is wrong with a condition that restricts, replaces or obliges."""
        yield from self.condition(condition, where, may=True)

    def condition(self, condition: Any, where: str, below: bool = False, *, may: bool = False) -> Iterator[Wrong]:
        """What is wrong with a condition, given whether it stands below a `Not`, and is met where it may be."""
        match condition:
            case And(()) | Or(()):
                return
            case And(parts) | Or(parts):
                if not isinstance(parts, tuple):
                    yield Wrong(f"{where}.parts", _TUPLE)
                    return
                for index, part in enumerate(parts):
                    yield from self.condition(part, f"{where}.parts[{index}]", below, may=may)
            case Not(part):
                yield from self.condition(part, f"{where}.part", True, may=not may)
            case In() | NotIn() | Same() | During() | Clock() | Acquired() | Age() if below:
                yield Wrong(where, _NOT_OF_FACTS, at=_at(condition))
            case In() | NotIn():
                yield from self._words(condition, where)
            case Same(left, right):
                for side, field in (("left", left), ("right", right)):
                    if not isinstance(field, Field):
                        yield Wrong(f"{where}.{side}", _FIELD, at=_at(condition))
                    elif field not in IDS.values():
                        yield Wrong(f"{where}.{side}", _ID, at=_at(condition))
            case Compare():
                yield from self._comparison(condition, where, may)
            case During(spans):
                if not _is_spans(spans):
                    yield Wrong(f"{where}.spans", _SPANS, at=_at(condition))
            case Clock(days, since, until, zone):
                if not _is_clock(days, since, until) or zone not in (PLAIN_ZONE, self._scope.zone):
                    yield Wrong(where, _CLOCK, at=_at(condition))
            case Age(attribute, within, day=day, zone=zone):
                declared = self._scope.vocabulary.attributes.get(attribute)
                if declared is None or declared.type != ("date" if day else "datetime") or zone != self._scope.zone:
                    yield Wrong(f"{where}.attribute", _DATED, at=_at(condition))
                yield from self._lapse(within, f"{where}.within", _at(condition))
            case Acquired(within):
                yield from self._lapse(within, f"{where}.within", _at(condition))
            case Holds():
                yield from self._fact(condition, where)
            case Elsewhere():
                if below or may:
                    yield Wrong(where, _ELSEWHERE, at=_at(condition))
            case Read(reading, values):
                yield from self._known((reading,), self._scope.readings, f"{where}.reading", _READING)
                if not _is_words(values):
                    yield Wrong(f"{where}.values", _SET)
            case _:
                yield Wrong(where, _CONDITION)

    def _words(self, leaf: In | NotIn, where: str) -> Iterator[Wrong]:
        key = (leaf.field, id(leaf.values), id(leaf.written))
        if key in self._scope.sound_lists:  # as tables have read them, most are the same objects
            return
        at = _at(leaf)
        if not isinstance(leaf.field, Field):
            hint = did_you_mean(str(leaf.field), [field.value for field in Field])
            yield Wrong(f"{where}.field", _FIELD, hint, at)
            return
        if not _is_words(leaf.values):
            yield Wrong(f"{where}.values", _SET, at=at)
            return
        if not isinstance(leaf.written, tuple) or not all(map(_is_text, leaf.written)):
            yield Wrong(f"{where}.written", _TUPLE, at=at)
            return
        vocabulary, dimension = self._scope.vocabulary, ROWS[leaf.field].dimension
        words: Iterable[str] = sorted(leaf.values)
        if dimension is not None:
            if not leaf.values <= vocabulary.closure(dimension, leaf.written):
                yield Wrong(f"{where}.written", _WRITTEN, at=at)
                return
            words = leaf.written  # from which the others follow
        known: Iterable[str] | None = None
        if leaf.field is Field.OPERATION:
            known = OPERATIONS
        elif ROWS[leaf.field].form == "country":
            known = COUNTRIES
        elif dimension is not None and dimension != "parties":
            known = vocabulary.terms.get(dimension, {})
        strange = [] if known is None else list(self._known(words, known, f"{where}.values", _WORD, at))
        if not strange:
            self._scope.sound_lists[key] = (leaf.values, leaf.written)
        yield from strange

    def _comparison(self, leaf: Compare, where: str, may: bool) -> Iterator[Wrong]:
        at = _at(leaf)
        declared = self._scope.vocabulary.attributes.get(leaf.attribute) if _is_text(leaf.attribute) else None
        if declared is None:
            hint = did_you_mean(str(leaf.attribute), self._scope.vocabulary.attributes)
            yield Wrong(f"{where}.attribute", _ATTRIBUTE, hint, at)
            return
        comparison = COMPARISONS.get(leaf.op) if _is_text(leaf.op) else None
        if comparison is None:
            yield Wrong(f"{where}.op", _COMPARISON, did_you_mean(str(leaf.op), COMPARISONS), at)
        elif leaf.op == STATED:
            if not isinstance(leaf.value, bool):
                yield Wrong(f"{where}.value", _FLAG, at=at)
            elif leaf.value is may:
                side = _RESTRICTS if may else _PERMITS
                silence = declared.label, str(leaf.value).lower(), side
                yield Wrong(f"{where}.value", _FLAG, at=at, silence=silence)
        elif comparison.bound is not None and not declared.ordered:
            yield Wrong(f"{where}.op", _NO_BOUND, at=at)
        elif leaf.moment is not (declared.type == "datetime"):
            yield Wrong(f"{where}.moment", _OF_TYPE.filled(type=declared.type), at=at)
        elif comparison.bound is not None:
            if not declared.bound(leaf.value):
                yield Wrong(f"{where}.value", _OF_TYPE.filled(type=declared.type), at=at)
        elif not declared.accepts(leaf.value):
            yield Wrong(f"{where}.value", _OF_TYPE.filled(type=declared.type), at=at)

    def _fact(self, leaf: Holds, where: str) -> Iterator[Wrong]:
        at = _at(leaf)
        facts = self._scope.vocabulary.facts
        declared = facts.get(leaf.type) if _is_text(leaf.type) else None
        if declared is None:
            yield Wrong(f"{where}.type", _FACT, did_you_mean(str(leaf.type), facts), at)
            return
        if not isinstance(leaf.where, tuple) or not all(
            isinstance(one, tuple) and len(one) == 2 and _is_text(one[0]) and _is_words(one[1]) for one in leaf.where
        ):
            yield Wrong(f"{where}.where", _PAIRS, at=at)
            return
        for name, values in leaf.where:
            field = declared.fields.get(name)
            if field is None or field.held != VALUE:
                named = [one.id for one in declared.fields.values() if one.held == VALUE]
                yield Wrong(f"{where}.where", _VALUE_FIELD, did_you_mean(name, named), at)
            else:
                known = field.values if field.of is None else self._scope.vocabulary.terms[field.of]
                if known is not None:
                    yield from self._known(sorted(values), known, f"{where}.where", _VALUES, at)
        for what, fields in (("unheld", leaf.unheld), ("stated", leaf.stated)):
            yield from self._set(fields, declared.fields, f"{where}.{what}", _FACT_FIELD, at)
        if leaf.within is not None:
            yield from self._lapse(leaf.within, f"{where}.within", at)
        if leaf.before is not None and not isinstance(leaf.before, int):
            yield Wrong(f"{where}.before", _SPANS, at=at)
        if leaf.after is not None:
            if isinstance(leaf.after, Holds) and leaf.after.after is None:
                yield from self._fact(leaf.after, f"{where}.after")
            else:
                yield Wrong(f"{where}.after", _AFTER, at=at)

    def _lapse(self, lapse: Any, where: str, at: tuple[str | int, ...]) -> Iterator[Wrong]:
        if not isinstance(lapse, Lapse) or lapse.zone not in (PLAIN_ZONE, self._scope.zone):
            yield Wrong(where, _LAPSE, at=at)

    def _set(
        self, names: Any, known: Iterable[str], where: str, expected: Text, at: tuple[str | int, ...] = ()
    ) -> Iterator[Wrong]:
        if _is_words(names):
            yield from self._known(sorted(names), known, where, expected, at)
        else:
            yield Wrong(where, _SET, at=at)

    def _known(
        self, names: Iterable[Any], known: Iterable[str], where: str, expected: Text, at: tuple[str | int, ...] = ()
    ) -> Iterator[Wrong]:
        for name in names:
            if name not in known:
                yield Wrong(where, expected, did_you_mean(str(name), known), at)


def _is_text(value: Any) -> bool:
    return isinstance(value, str) and value != ""


def _is_plain(value: Any) -> bool:
    if isinstance(value, tuple):
        return all(isinstance(member, bool | int | float | str) for member in value)
    return isinstance(value, bool | int | float | str)


def _is_words(values: Any) -> bool:
    return isinstance(values, frozenset) and all(isinstance(value, str) for value in values)


def _at(condition: Any) -> tuple[str | int, ...]:
    at = getattr(condition, "at", None)
    return at if isinstance(at, tuple) else ()


def _is_clock(days: Any, since: Any, until: Any) -> bool:
    """Whether values are days of the week, and two minutes of the day in their order."""
    whole = isinstance(since, int) and isinstance(until, int)
    return isinstance(days, frozenset) and days <= frozenset(range(7)) and whole and 0 <= since <= until <= 1440


def _is_spans(value: Any) -> bool:
    """Whether a value is spans of time, in order and apart from one another."""
    if not isinstance(value, tuple) or not all(isinstance(span, tuple) and len(span) == 2 for span in value):
        return False
    edges = [edge for span in value for edge in span]
    return all(isinstance(edge, int) for edge in edges) and all(a < b for a, b in itertools.pairwise(edges))


_FIELDS: Final[Mapping[type, Mapping[str, Any]]] = {
    Permit: {
        "head": Statement.head,
        "operations": Statement.operations,
        "about": Statement.condition,
        "terms": Statement.condition,
        "licence": Statement.flag,
        "licensed_by": Statement.clauses_or_all,
    },
    Restriction: {
        "head": Statement.head,
        "code": Statement.code,
        "message": Statement.message,
        "when": Statement.restricting,
        "unless": Statement.condition,
        "only": Statement.clauses_or_all,
        "spares": Statement.clauses,
        "cited": Statement.flag,
        "exempt": Statement.condition,
        "instead": Statement.duties,
        "parameters": Statement.parameters,
    },
    Alternative: {"head": Statement.head, "clauses": Statement.clauses, "when": Statement.condition},
    Replacement: {
        "head": Statement.head,
        "clauses": Statement.clauses_or_all,
        "when": Statement.restricting,
        "wholly": Statement.flag,
    },
    Duty: {"head": Statement.head, "when": Statement.restricting, "beside": Statement.flag},
}
"""The statements there are, and what is held against each of their fields."""

_RESTRICTS: Final = Text(ja="制限するところでは false だけ", en="where a rule restricts, only false")
_PERMITS: Final = Text(
    ja="許可し、求め、認めるところでは true だけ", en="where it permits, requires or lifts, only true"
)
_CONDITION: Final = Text(
    ja="条件: In、NotIn、Same、Compare、During、Clock、Acquired、Age、Holds、Elsewhere、And、Or、Not",
    en="a condition: In, NotIn, Same, Compare, During, Clock, Acquired, Age, Holds, Elsewhere, And, Or or Not",
)
_ELSEWHERE: Final = Text(
    ja="Elsewhere は許可し、求め、認めるところだけ", en="Elsewhere only where a rule permits, requires or lifts"
)
_STATEMENTS: Final = Text(
    ja="Permit、Restriction、Alternative、Replacement、Duty を一つずつ返すこと",
    en="Permit, Restriction, Alternative, Replacement and Duty, one by one",
)
_HEAD: Final = Text(ja="table.head", en="table.head")
_TUPLE: Final = Text(ja="文字列のタプル", en="a tuple of texts")
_SET: Final = Text(ja="文字列の frozenset", en="a frozenset of texts")
_PAIRS: Final = Text(ja="項目と値の frozenset の組", en="pairs of a field and a frozenset of its values")
_SPANS: Final = Text(
    ja="始まりと終わり（マイクロ秒）の組を順に、重ならずに", en="pairs of a start and an end, in order and apart"
)
_CLOCK: Final = Text(
    ja="曜日（0 から 6 の frozenset）と、その日の分二つ（順に）、ポリシーのタイムゾーン",
    en="days of the week (a frozenset of 0 to 6), two minutes of the day in order, and the time zone of the policy",
)
_DATED: Final = Text(
    ja="型 date か datetime の属性（ポリシーのタイムゾーン）",
    en="an attribute of type date or datetime, in the policy's time zone",
)
_LAPSE: Final = Text(
    ja="policyengine.calendar の Lapse（ポリシーのタイムゾーン）", en="a Lapse in the time zone of the policy"
)
_AFTER: Final = Text(ja="after のない Holds", en="a Holds without an after")
_OBLIGATION: Final = Text(ja="ポリシーの定める義務", en="an obligation that the policy declares")
_OPERATION: Final = Text(ja="七つの操作のどれか", en="one of the seven operations")
_CLAUSE: Final = Text(ja="ポリシーの条項", en="a clause of the policy")
_FLAG: Final = Text(ja="True または False", en="True or False")
_CODE: Final = Text(ja="理由のコード（短い語）", en="the code of a reason, a short word")
_PARAMETERS: Final = Text(
    ja="名前と、値またはそのタプルの組（policyengine.model の parameters_of）",
    en="pairs of a name and a scalar or a tuple of them, as parameters_of of policyengine.model makes them",
)
_MESSAGE: Final = Text(ja="両言語の Text", en="a Text in both languages")
_FIELD: Final = Text(ja="policyengine.model の Field", en="a Field of policyengine.model")
_ID: Final = Text(
    ja="RECIPIENT、SUBJECT_ID、ACTOR、SOURCE のどれか", en="one of RECIPIENT, SUBJECT_ID, ACTOR and SOURCE"
)
_WORD: Final = Text(ja="語彙にある語", en="a word of the vocabulary")
_WRITTEN: Final = Text(
    ja="values が written の語とその種類だけであること（table.terms の返す通り）",
    en="the terms of which the values are the kinds, as table.terms returns them",
)
_ATTRIBUTE: Final = Text(ja="語彙の定める属性", en="an attribute that the vocabulary declares")
_COMPARISON: Final = Text(ja="比較", en="a comparison")
_NO_BOUND: Final = Text(ja="is または is_not（数でない属性）", en="is or is_not: the attribute is no number")
_OF_TYPE: Final = Text(ja="型 {type} の値", en="a value of type {type}")
_FACT: Final = Text(ja="語彙の定める事実の種類", en="a type of fact that the vocabulary declares")
_FACT_FIELD: Final = Text(ja="その種類の事実の項目", en="a field of that type of fact")
_VALUE_FIELD: Final = Text(
    ja="ルールが値を挙げる、その種類の事実の項目", en="a field of that type of fact whose values rules name"
)
_VALUES: Final = Text(ja="その項目の値", en="a value of that field")
_READING: Final = Text(ja="ポリシーの読み方", en="a reading of the policy")
_NOT_OF_FACTS: Final = Text(
    ja="Not の下には Holds だけ（項目には NotIn）",
    en="below a Not only Holds and Compare; of a field there is NotIn",
)
