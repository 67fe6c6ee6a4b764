"""Conditions as rule files have them: tables of the keys that narrow flows, read with all names resolved."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from copy import copy
from typing import Any, Final, NamedTuple

from msgspec.structs import replace

from policyengine.calendar import PLAIN_ZONE, Lapse, lapse
from policyengine.errors import Code, KeyPath, Problem, did_you_mean
from policyengine.language.definitions import NESTED, named_condition, table_of, whole
from policyengine.language.keys import (
    ANY,
    COUNTRY_CODES,
    FORM_KEYS,
    TERM_KEYS,
    WORDS,
    TermKey,
    meaning_of,
    term_hint,
)
from policyengine.language.problems import (
    ATTRIBUTE_TYPE,
    DATED_SET,
    FACT_EXPRESSION,
    FIELD_WITHOUT_VALUE,
    ONE_FACT_ALONE,
    UNHELD_VALUE,
    UNKNOWN_ATTRIBUTE,
    UNKNOWN_CONDITION,
    UNKNOWN_FACT_FIELD,
    UNKNOWN_FIELD_VALUE,
    UNKNOWN_READING,
    UNKNOWN_READING_VALUE,
    UNKNOWN_TERM,
)
from policyengine.language.source import Document
from policyengine.language.times import time_conditions
from policyengine.model.comparison import AGES, COMPARISONS
from policyengine.model.condition import (
    ALWAYS,
    NEVER,
    STATED,
    Age,
    Compare,
    Condition,
    During,
    Field,
    Holds,
    In,
    Name,
    Not,
    NotIn,
    Same,
    all_of,
    any_of,
    mapped,
    named,
    negated,
)
from policyengine.model.countries import COUNTRIES
from policyengine.model.fact import VALUE, FactField
from policyengine.model.fields import IDS
from policyengine.model.operation import OPERATIONS
from policyengine.model.problems import UNKNOWN_FACT_TYPE
from policyengine.model.rule import Sides
from policyengine.model.vocabulary import Dated, Vocabulary
from policyengine.moment import FOREVER, instant
from policyengine.schema.problems import NOT_HERE
from policyengine.text import Text

_NAMED: Final = named_condition()


class Declared(NamedTuple):
    """A condition that a policy has named, as it is written.

    Args:
        label: what people call it.
        document: the file.
        path: where in the file it is declared.
        values: what it says, without the keys that the schema has something against.
        sound: whether nothing is known to be wrong with it.
    """

    label: Text
    document: Document
    path: KeyPath
    values: Mapping[str, Any]
    sound: bool


class Known(NamedTuple):
    """A named condition under chosen readings.

    Args:
        condition: what it says.
        asked: the readings on which that hangs.
        used: the named conditions that it uses.
        sound: whether nothing is wrong with it.
    """

    condition: Condition
    asked: frozenset[str]
    used: frozenset[str]
    sound: bool


class Scope:
    """What all tables of a policy share while they are lowered.

    Args:
        vocabulary: the policy's words.
        clauses: the numbers of its clauses, each with the clauses that a mention of it means: itself and its cases.
        obligations: ids of the declared obligations.
        readings: for each reading, its values.
        zone: the policy's time zone.
        chosen: for each reading, the value under which the rules are lowered.
        problems: where what is wrong is reported.
        conditions: those that the policy has named.
        layer: whether the policy lies above others.

    Attributes:
        lists: lists of terms of each dimension that a table has named, all known, as `RuleTable.terms` returns them.
        sides: puts conditions on the side on which they stand.
        sound_lists: the lists of words that conditions were found to have, by field and by their ids while they are
            kept.
    """

    def __init__(
        self,
        vocabulary: Vocabulary,
        clauses: Mapping[str, frozenset[str]],
        obligations: frozenset[str],
        readings: Mapping[str, frozenset[str]],
        zone: str = PLAIN_ZONE,
        chosen: Mapping[str, str] | None = None,
        problems: list[Problem] | None = None,
        *,
        conditions: Mapping[str, Declared] | None = None,
        layer: bool = False,
    ) -> None:
        self.vocabulary = vocabulary
        self.clauses = clauses
        self.obligations = obligations
        self.readings = readings
        self.zone = zone
        self.chosen: Mapping[str, str] = chosen or {}
        self.problems: list[Problem] = [] if problems is None else problems
        self.conditions: Mapping[str, Declared] = conditions or {}
        self.layer = layer
        self.lists: dict[tuple[str, ...], tuple[tuple[str, ...], frozenset[str]]] = {}
        self.sides = Sides(vocabulary)
        self.sound_lists: dict[tuple[object, int, int], object] = {}
        self._known: dict[tuple[str, frozenset[tuple[str, str]]], Known] = {}

    def under(self, chosen: Mapping[str, str], problems: list[Problem]) -> Scope:
        """Return the same scope under other readings."""
        other = copy(self)
        other.chosen, other.problems = chosen, problems
        return other

    @property
    def words(self) -> tuple[object, ...]:
        """What the policy has declared: on what it is, with the readings, hangs what a table says."""
        return (self.vocabulary, self.clauses, self.obligations, self.readings, self.conditions)

    def known(self, name: str) -> Known:
        """Return a named condition under the chosen readings; what is wrong with it is reported the first time."""
        key = (name, frozenset(self.chosen.items()))
        if key not in self._known:
            before, declared = len(self.problems), self.conditions[name]
            table = ConditionTable(self, declared.document, declared.path, declared.values, _NAMED)
            condition = table.condition()
            sound = declared.sound and len(self.problems) == before and not table.unsure
            self._known[key] = Known(condition, frozenset(table.asked), frozenset(table.used), sound)
        return self._known[key]


class ConditionTable:
    """A table of a rule file that says which flows it means, with its names resolved as they are read.

    Args:
        scope: what the policy's tables share.
        document: the file.
        path: where in the file the table is.
        values: the table itself.
        schema: the JSON Schema of such tables, which says what their keys mean.

    Attributes:
        asked: the readings that it has asked for so far: what it says hangs on no others.
        used: the named conditions that it uses.
        unsure: whether something is wrong with one of them.
        notes: what was reported of it that is no error; each is placed when it is asked for.
    """

    def __init__(
        self, scope: Scope, document: Document, path: KeyPath, values: Mapping[str, Any], schema: Mapping[str, Any]
    ) -> None:
        self.scope = scope
        self.document = document
        self.path = path
        self.values = values
        self.schema = schema
        self.asked: set[str] = set()
        self.used: set[str] = set()
        self.unsure = False
        self.notes: list[Callable[[], Problem]] = []

    def problem(self, code: Code, /, *path: str | int, hint: Text | None = None, **parameters: object) -> None:
        """Report what is wrong with the table, at the key or value `path` inside it.

        Args:
            code: what is wrong: one of the codes of the language, or a plugin's own.
            path: the way from the table to the place.
            hint: the nearest valid thing.
            parameters: those of the code's text.
        """

        def placed() -> Problem:
            return code.at(self.document.place((*self.path, *path)), hint=hint, **parameters)

        if code.severity == "note":
            self.notes.append(placed)  # few ask for notes: nothing is looked up for them before that
        else:
            self.scope.problems.append(placed())

    def stands(self, under: Any, *path: str | int) -> bool:
        """Whether what stands `under` some readings stands under the chosen ones; unknown readings are reported."""
        stands = True
        for name, wanted in (under or {}).items():
            values = [wanted] if isinstance(wanted, str) else wanted
            known = self.scope.readings.get(name)
            if known is None:
                hint = did_you_mean(name, self.scope.readings)
                self.problem(UNKNOWN_READING, *path, name, hint=hint, name=name)
                continue
            for index, value in enumerate(values):
                if value not in known:
                    hint = did_you_mean(value, known)
                    self.problem(UNKNOWN_READING_VALUE, *path, name, index, hint=hint, name=name, value=value)
            self.asked.add(name)
            stands = stands and self.scope.chosen.get(name) in values
        return stands

    def listed(self, *path: str | int) -> Iterator[tuple[str, bool, KeyPath]]:
        """Yield each term of the list at `path`, whether it stands under the chosen readings, and its own path."""
        yield from self.gated(self._at(*path) or (), *path)

    def gated(self, entries: Iterable[Any], *path: str | int) -> Iterator[tuple[str, bool, KeyPath]]:
        """Yield what is listed in `entries`, which stand at `path`, as `listed` does."""
        for index, entry in enumerate(entries):
            where: KeyPath = (*path, index)
            if isinstance(entry, str):
                yield entry, True, where
            else:
                stands = self.stands(entry.get("under"), *where, "under")
                if "term" in entry:
                    yield entry["term"], stands, (*where, "term")
                for position, term in enumerate(entry.get("terms", ())):
                    yield term, stands, (*where, "terms", position)

    def terms(self, *path: str | int) -> tuple[tuple[str, ...], frozenset[str]]:
        """Return the terms listed at `path` as they are written, and closed under their kinds.

        The schema of the list (`term_list`) says what declares the terms; an unknown one is reported.

        Args:
            path: the keys that lead to the list.
        """
        dimension = meaning_of(self._schema_of(*path))["lists"]
        if dimension == COUNTRY_CODES:
            for word, _, where in self.listed(*path):
                if word in self.scope.vocabulary.dated:
                    self.problem(DATED_SET, *where, name=word)
        return self._terms(dimension, *path)

    def condition(self, *path: str | int, leave_out: Iterable[str] = (), default: Condition = ALWAYS) -> Condition:
        """Return the conjunction of everything that the keys of the table at `path` ask of an event.

        Args:
            path: the keys that lead to the table.
            leave_out: keys that whoever asks reads for itself.
            default: what is returned where there is no table.
        """
        table = self._at(*path)
        if table is None:
            return default
        if path and "type" in table:
            return self.facts(*path)
        leave_out = frozenset(leave_out)
        parts: list[Condition] = []
        if "operations" in table and "operations" not in leave_out:
            parts.append(self.on(*path, "operations"))
        for key, means in TERM_KEYS.items():
            if key in table and key not in leave_out and table[key] != ANY:
                parts.append(self._listed(means, *path, key))
        for key, means in TERM_KEYS.items() if "except" in table else ():
            if key in table["except"]:
                found = self._listed(means, *path, "except", key)
                if isinstance(found, In):
                    parts += [negated(found)] if found.written else []
                else:  # whoever is none of some at a time is somebody
                    parts += [NotIn(means.field, frozenset(), (), at=(*path, "except", key)), negated(found)]
        for name, tests in table["attributes"].items() if "attributes" in table else ():
            parts.extend(self._comparisons(name, tests, *path, "attributes", name))
        if "same" in table and "same" not in leave_out:
            left, right = (IDS[name] for name in table["same"])
            parts.append(Same(left, right, at=(*path, "same")))
        if "facts" in table and "facts" not in leave_out:
            parts.append(self.facts(*path, "facts"))
        parts.extend(time_conditions(table, self.scope.zone, self.problem, path))
        if "all" in table and "all" not in leave_out:
            parts += self._members(*path, "all")
        if "any" in table and "any" not in leave_out:
            parts.append(any_of(*self._members(*path, "any")))
        if "not" in table and "not" not in leave_out:
            parts.append(negated(self.condition(*path, "not")))
        if "condition" in table and "condition" not in leave_out:
            names = table["condition"]
            for name, *at in [(names,)] if isinstance(names, str) else zip(names, range(len(names)), strict=True):
                parts.append(self._named(name, *path, "condition", *at))
        return all_of(*parts)

    def _listed(self, means: TermKey, *path: str | int) -> Condition:
        """Return the condition that what an event says is listed at `path`; of what is so for a time, at that time."""
        written, values = self._terms(means.dimension, *path)
        dated = self.scope.vocabulary.dated if means.dimension == COUNTRY_CODES else {}
        if not dated or dated.keys().isdisjoint(word for word, stands, _ in self.listed(*path) if stands):
            return In(means.field, values, written, at=path)
        sets = self.scope.vocabulary.sets[COUNTRY_CODES]
        spans: dict[tuple[int, int], list[str]] = {}
        for word, stands, _ in self.listed(*path):
            for part in dated.get(word, (Dated(sets.get(word, (word,))),)) if stands else ():
                spans.setdefault((part.start, part.end), []).extend(part.terms)
        ways = []
        for span, words in spans.items():
            among = In(means.field, frozenset(words), tuple(words), at=path)
            always = span == (-FOREVER, FOREVER)
            ways.append(among if always else all_of(During((span,), self.scope.zone, at=path), among))
        return any_of(*ways)

    def _members(self, *path: str | int) -> list[Condition]:
        """Return the conditions listed at `path` that stand under the chosen readings."""
        said = [(self.condition(*path, index), table) for index, table in enumerate(self._at(*path))]
        stands = [self.stands(table.get("under"), *path, index, "under") for index, (_, table) in enumerate(said)]
        return [condition for (condition, _), here in zip(said, stands, strict=True) if here]

    def _named(self, name: str, *path: str | int) -> Condition:
        """Return the condition that the policy has declared under a name, which stands at `path`."""
        declared = self.scope.conditions.get(name)
        if declared is None:
            self.problem(UNKNOWN_CONDITION, *path, hint=did_you_mean(name, self.scope.conditions), name=name)
            return NEVER
        known = self.scope.known(name)
        self.asked |= known.asked
        self.used |= {name, *known.used}
        self.unsure = self.unsure or not known.sound
        here = mapped(known.condition, lambda leaf, _: replace(leaf, at=path) if hasattr(leaf, "at") else leaf)
        return named(here, Name(name, declared.label, source=(declared.document.places, declared.path)))

    def operations(self, *path: str | int) -> frozenset[str]:
        """Return the operations listed at `path`; an unknown one is reported."""
        return self._operations(OPERATIONS, *path)

    def _operations(self, among: Collection[str], *path: str | int) -> frozenset[str]:
        found = []
        for term, stands, where in self.listed(*path):
            if term not in OPERATIONS:
                self._unknown_term("operations", term, where, among)
            elif stands:
                found.append(term)
        return frozenset(found)

    def on(self, *path: str | int) -> Condition:
        """Return the condition that the event's operation is listed at `path`; always met where there is no list."""
        if self._at(*path) is None:
            return ALWAYS
        operations = self.operations(*path)
        return In(Field.OPERATION, operations, tuple(sorted(operations)), at=path)

    def facts(self, *path: str | int, default: Condition = ALWAYS) -> Condition:
        """Return the requirement of facts at `path`, or `default` where the table has none."""
        expression = self._at(*path)
        if expression is None:
            return default
        forms = [key for key in ("all", "any", "not", "type") if key in expression]
        if len(forms) != 1 or (forms[0] != "type" and len(expression) > 1):
            self.problem(
                FACT_EXPRESSION,
                *path,
            )
            return NEVER
        match forms[0]:
            case "all":
                return all_of(*(self.facts(*path, "all", index) for index in range(len(expression["all"]))))
            case "any":
                return any_of(*(self.facts(*path, "any", index) for index in range(len(expression["any"]))))
            case "not":
                return Not(self.facts(*path, "not"))
            case _:
                return self._fact(expression, *path)

    def fact(self, fact_type: str, *path: str | int, **where: str) -> Condition:
        """Return the condition that a fact of a type is in effect.

        Args:
            fact_type: the type.
            path: the keys that lead to what the table says of it; problems are shown there.
            where: values of its fields.
        """
        return self._fact({"type": fact_type, **where}, *path)

    def lapse(self, *path: str | int) -> Lapse | None:
        """Return the duration at `path`, on the calendar of the policy's time zone; None where there is none."""
        found = self._at(*path)
        return None if found is None else lapse(found, self.scope.zone)

    def _at(self, *path: str | int) -> Any:
        """Return what stands at `path`; None where nothing does."""
        found: Any = self.values
        for key in path:
            if isinstance(key, str) and key not in found:
                return None
            found = found[key]
        return found

    def _terms(self, dimension: str, *path: str | int) -> tuple[tuple[str, ...], frozenset[str]]:
        entries = self._at(*path) or ()
        key = (dimension, *entries) if all(isinstance(entry, str) for entry in entries) else None
        if key is None or key not in self.scope.lists:
            before = len(self.scope.problems)
            found = self._terms_of(dimension, *path)
            if key is None or len(self.scope.problems) > before:
                return found
            self.scope.lists[key] = found
        return self.scope.lists[key]

    def _terms_of(self, dimension: str, *path: str | int) -> tuple[tuple[str, ...], frozenset[str]]:
        declared = COUNTRIES if dimension == COUNTRY_CODES else self.scope.vocabulary.terms.get(dimension, {})
        sets = self.scope.vocabulary.sets.get(dimension, {})
        written: list[str] = []
        for word, stands, where in self.listed(*path):
            if dimension != WORDS and word not in sets and word not in declared:
                self._unknown_term(dimension, word, where, (*declared, *sets))
            elif stands:
                written.extend(sets.get(word, (word,)))
        if dimension not in self.scope.vocabulary.terms:
            return tuple(written), frozenset(written)
        return tuple(written), self.scope.vocabulary.closure(dimension, written)

    def _schema_of(self, *path: str | int) -> Mapping[str, Any]:
        """Return the schema of what stands at `path`."""
        found = self.schema
        for key in path:
            found = whole(table_of(found)["properties"][key] if isinstance(key, str) else whole(found)["items"])
        return found

    def _unknown_term(self, dimension: str, term: str, where: KeyPath, known: Iterable[str]) -> None:
        self.problem(
            UNKNOWN_TERM,
            *where,
            hint=term_hint(dimension, term, known),
            term=term,
            dimension=dimension,
        )

    def _comparisons(self, name: str, tests: Mapping[str, Any], *path: str | int) -> Iterator[Condition]:
        declared = self.scope.vocabulary.attributes.get(name)
        if declared is None:
            self.problem(
                UNKNOWN_ATTRIBUTE,
                *path,
                hint=did_you_mean(name, self.scope.vocabulary.attributes),
                name=name,
            )
            return
        for key, op in (*((op, op) for op in COMPARISONS), ("one_of", "is")):
            if key not in tests:
                continue
            listed = isinstance(tests[key], list)
            ways = []
            for index, value in enumerate(tests[key] if listed else [tests[key]]):
                where = (*path, key, index) if listed else (*path, key)
                fits = declared.bound if COMPARISONS[op].bound else declared.accepts
                if op == STATED or fits(value):
                    ways.append(Compare(name, op, value, declared.type == "datetime", at=where))
                else:
                    self.problem(ATTRIBUTE_TYPE, *where, name=name, type=declared.type)
            yield from ways if op != "is" else [any_of(*ways)]
        for op, passed in AGES.items():
            if op in tests and declared.type not in ("date", "datetime"):
                self.problem(ATTRIBUTE_TYPE, *path, op, name=name, type=declared.type)
            elif op in tests:
                within, day = lapse(tests[op], self.scope.zone), declared.type == "date"
                yield Age(name, within, passed, day, self.scope.zone, at=(*path, op))

    def _values(self, fact_type: str, field: FactField, wanted: Any, *path: str | int) -> Iterator[str]:
        """Yield the values of a field that are named at `path`; one that it does not have is reported."""
        sets = self.scope.vocabulary.sets.get(field.of or "", {})
        known = field.values if field.of is None else self.scope.vocabulary.terms[field.of].keys()
        for value, stands, at in [(wanted, True, path)] if isinstance(wanted, str) else self.gated(wanted, *path):
            if value in sets:
                yield from sets[value] if stands else ()
                continue
            if known is not None and value not in known:
                hint = did_you_mean(value, (*known, *sets))
                self.problem(UNKNOWN_FIELD_VALUE, *at, hint=hint, type=fact_type, field=field.id, value=value)
            if stands:
                yield value

    def _fact(self, expression: Mapping[str, Any], *path: str | int) -> Condition:
        name = expression["type"]
        declared = self.scope.vocabulary.facts.get(name)
        if declared is None:
            self.problem(
                UNKNOWN_FACT_TYPE,
                *path,
                "type",
                hint=did_you_mean(name, self.scope.vocabulary.facts),
                name=name,
            )
            return NEVER
        where: list[tuple[str, frozenset[str]]] = []
        for key, wanted in expression.items():
            if key in FORM_KEYS:
                continue
            field = declared.fields.get(key)
            nameable = [field.id for field in declared.fields.values() if field.held == VALUE]
            if field is None or field.held != VALUE:
                hint = ONE_FACT_ALONE if field is None and key in NESTED else did_you_mean(key, nameable)
                self.problem(FIELD_WITHOUT_VALUE, *path, key, hint=hint, type=name, field=key)
                continue
            where.append((key, frozenset(self._values(name, field, wanted, *path, key))))
        for listed in ("unheld", "stated"):
            for index, key in enumerate(expression.get(listed, ())):
                if key not in declared.fields:
                    hint = did_you_mean(key, declared.fields)
                    self.problem(UNKNOWN_FACT_FIELD, *path, listed, index, hint=hint, type=name, field=key)
                elif listed == "unheld" and declared.fields[key].held == VALUE:
                    self.problem(UNHELD_VALUE, *path, listed, index, type=name, field=key)
        unheld, stated = frozenset(expression.get("unheld", ())), frozenset(expression.get("stated", ()))
        for key in ("within", "after"):
            if key in expression.get("after", ()):
                self.problem(NOT_HERE, *path, "after", key)
        after = self._fact(expression["after"], *path, "after") if "after" in expression else None
        return Holds(
            name,
            tuple(sorted(where)),
            unheld,
            stated,
            within=self.lapse(*path, "within"),
            after=after if isinstance(after, Holds) else None,
            before=instant(expression["before"]) if "before" in expression else None,
            at=path,
        )
