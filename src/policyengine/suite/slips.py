"""What can go wrong with a table of a rule file, by what its JSON Schema says that its keys mean (`language.keys`).

No kind of rule and no key is known here by name: whoever brings a kind says in its schema what it consists of, and a
slip of the pen is the same in a list of terms whatever the list is called. What the schema would refuse is no slip.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any, Final, NamedTuple

from policyengine.calendar import DURATION_PATTERN
from policyengine.errors import KeyPath
from policyengine.language.definitions import DEFINITIONS, NESTED, whole
from policyengine.language.keys import meaning_of
from policyengine.model.comparison import AGES, COMPARISONS
from policyengine.model.operation import OPERATIONS
from policyengine.model.policy import Policy
from policyengine.model.rule import Permit
from policyengine.moment import is_day, is_time
from policyengine.schema.pieces import Schema
from policyengine.schema.validate import errors_of
from policyengine.suite.changes import shown, words_of


class Slip(NamedTuple):
    """One small wrong change to the data of a file.

    Args:
        operator: what sort of change, such as ``drop-term``.
        path: where.
        change: makes the new value of the old one; None where what stands there is left out.
        what: what is changed, or into what, for people.
    """

    operator: str
    path: KeyPath
    change: Callable[[Any], Any] | None
    what: str = ""


_CONDITION: Final = DEFINITIONS["flows"]
"""The schema of a table of a condition, but for the facts that it may be."""


@dataclass(frozen=True, slots=True)
class _Key:
    """A key of a table, or a member of a list there.

    Args:
        schema: its schema.
        operations: the operations of which its rule speaks.
        optional: whether its table can do without it.
    """

    schema: Mapping[str, Any]
    operations: frozenset[str]
    optional: bool = False

    def at(self, schema: Mapping[str, Any], *, optional: bool = False) -> _Key:
        """Return another key of the same rule."""
        return _Key(whole(schema), self.operations, optional)

    @property
    def default(self) -> Any:
        """What counts where the key is left out; None where the schema says nothing of it."""
        return self.schema.get("default")


class Slips:
    """The slips of one policy.

    Args:
        policy: what it says: its words, its readings, and which clauses permit something.
        conditions: the names of its named conditions.
    """

    def __init__(self, policy: Policy, conditions: Sequence[str] = ()) -> None:
        self.conditions = conditions
        self.vocabulary = policy.vocabulary
        self.readings = policy.readings
        self.case_of = {number: clause.case_of for number, clause in policy.clauses.items()}
        self.permitting: dict[str, set[str]] = {}
        self.licensing: list[str] = []
        for permit in (rule for rule in policy.rules if isinstance(rule, Permit)):
            self.permitting.setdefault(permit.head.clause, set()).update(permit.operations)
            if permit.licence and permit.head.clause not in self.licensing:
                self.licensing.append(permit.head.clause)

    def of_rule(self, schema: Schema, table: Mapping[str, Any], path: KeyPath) -> Iterator[Slip]:
        """Yield what can go wrong with the table of a rule.

        Args:
            schema: the schema of its kind's tables.
            table: the table.
            path: where it stands.
        """
        listed = [
            table[key]
            for key, found in schema["properties"].items()
            if key in table and meaning_of(whole(found)).get("lists") == "operations"
        ]
        operations = frozenset(_listed(word for words in listed for word in words) if listed else OPERATIONS)
        yield from self._table(_Key(schema, operations), table, path)

    def of_condition(self, table: Mapping[str, Any], path: KeyPath) -> Iterator[Slip]:
        """Yield what can go wrong with a condition that has a name.

        Args:
            table: what it says, beside what people call it.
            path: where it stands.
        """
        keys = {key: value for key, value in table.items() if key in NESTED}
        yield from self._table(_Key(_CONDITION, frozenset(OPERATIONS)), keys, path)

    def of_dates(self, table: Mapping[str, Any], path: KeyPath) -> Iterator[Slip]:
        """Yield what can go wrong with the span for which a table is in force."""
        for key in ("from", "until"):
            if key in table:
                yield from _date(table[key], (*path, key))

    def of_terms(
        self, dimension: str, entries: list[Any], path: KeyPath, among: Collection[str] | None = None
    ) -> Iterator[Slip]:
        """Yield what can go wrong with a list of terms; what is added to it is one of `among`, or any known term."""
        if len(entries) > 1:
            yield from _each("drop-term", entries, path)
        listed = _listed(entries)
        for index, entry in enumerate(entries):
            if isinstance(entry, str):
                for other in self._relatives(dimension, entry):
                    if other not in listed:
                        yield replacing("replace-term", (*path, index), other)
        yield from self._gated(entries, path)
        meant = self._meant(dimension, entries) or ()
        for word in self._known(dimension):
            if word not in meant and (among is None or word in among):
                yield _add("add-term", path, word)

    def _gated(self, entries: list[Any], path: KeyPath) -> Iterator[Slip]:
        """Yield what can go wrong with the entries of a list that stand under a reading."""
        for index, entry in enumerate(entries):
            if isinstance(entry, Mapping):
                terms = entry.get("terms", ())
                if len(terms) > 1:
                    yield from _each("drop-term", terms, (*path, index, "terms"))
                yield from self.of_dates(entry, (*path, index))
                yield from self._under(entry.get("under", {}), (*path, index, "under"))

    def _condition(self, of: _Key, table: Mapping[str, Any], path: KeyPath) -> Iterator[Slip]:
        """Yield what can go wrong with a table of a condition within another."""
        if "type" in table:
            yield from self._facts(table, path)
            return
        if table.keys() not in ({"not"}, {"facts"}):  # which are turned below
            yield Slip("negate-requirement", path, lambda found: {"not": found})
        yield from self._table(of.at(_CONDITION), table, path)

    def _table(self, of: _Key, table: Mapping[str, Any], path: KeyPath) -> Iterator[Slip]:
        required, enough = of.schema.get("required", ()), of.schema.get("minProperties", 0)
        for key, schema in of.schema["properties"].items():
            here = of.at(schema, optional=key not in required and len(table) > enough)
            if meaning_of(here.schema) == {"is": "exceptions"} and key in table:
                yield from self._exceptions(here, table, (*path, key))
            elif key in table:
                yield from self._value(here, table[key], (*path, key))
                yield from _recombined(key, schema, table, path)
            elif isinstance(here.default, bool):
                yield replacing("flip", (*path, key), not here.default, key)

    def _value(self, of: _Key, value: Any, path: KeyPath) -> Iterator[Slip]:
        """Yield what can go wrong with one value, by what it means."""
        match meaning_of(of.schema):
            case {"lists": "clauses" | "licences" as what}:
                yield from self._references(of, what, value, path)
            case {"lists": "obligations"}:
                yield from _each("drop-obligation", value, path, of)
                for index, entry in enumerate(value):
                    if isinstance(entry, Mapping):
                        items = of.at(of.schema["items"]["properties"]["for_items"])
                        yield from self._value(items, entry["for_items"], (*path, index, "for_items"))
            case {"lists": dimension}:
                yield from self._list(of, dimension, value, path)
            case {"names": "value", "fact": fact, "field": field}:
                yield from _word(of, value, sorted(self._values(fact, field)), path)
            case {"names": what}:
                yield from _word(of, value, self._known(what), path)
            case {"lists": "named-conditions"}:
                yield from self._names(of, value, path)
            case {"lists": "conditions"}:
                yield from self._conditions(of, value, path)
            case {"is": "condition"}:
                if of.optional:
                    yield Slip("drop-key", path, None)
                yield from self._condition(of, value, path)
            case {"is": "facts"}:
                if of.optional:
                    yield Slip("drop-key", path, None)
                yield from self._facts(value, path)
            case {"is": "told"}:
                return
            case {"is": "readings"}:
                yield from self._under(value, path)
            case {"is": "comparisons"}:
                yield from _comparisons(of, value, path)
            case {"is": "fact"}:
                if of.optional:
                    yield Slip("drop-key", path, None)
                yield from self._fact(value, path)
            case {"is": "duration"}:
                if of.optional:
                    yield Slip("drop-key", path, None)
                yield from _duration(value, path)
            case {"is": "hour"}:
                yield from _hour(value, path)
            case {"is": "time"}:
                yield from _date(value, path)
            case _:
                yield from self._plain(of, value, path)

    def _names(self, of: _Key, value: str | Sequence[str], path: KeyPath) -> Iterator[Slip]:
        """Yield what can go wrong with the names of conditions: another one, one too few, or none."""
        names = [value] if isinstance(value, str) else value
        for number, name in enumerate(names):
            place = path if isinstance(value, str) else (*path, number)
            if len(names) > 1:
                yield Slip("drop-requirement", place, None, name)
            elif of.optional:
                yield Slip("drop-requirement", path, None, name)
            for other in self.conditions:
                if other not in names:
                    yield replacing("change-value", place, other)

    def _conditions(self, of: _Key, tables: Sequence[Mapping[str, Any]], path: KeyPath) -> Iterator[Slip]:
        """Yield what can go wrong with a list of conditions: one too few, and each by itself."""
        for index, table in enumerate(tables):
            if len(tables) > 1:
                yield Slip("drop-requirement", (*path, index), None)
            elif of.optional:
                yield Slip("drop-requirement", path, None)
            yield from self._condition(of, table, (*path, index))

    def _plain(self, of: _Key, value: Any, path: KeyPath) -> Iterator[Slip]:
        """Yield what can go wrong with a value of which JSON Schema says all that there is to say."""
        if isinstance(value, Mapping) and "properties" in of.schema:
            if of.optional:
                yield Slip("drop-key", path, None)
            yield from self._table(of, value, path)
        elif isinstance(value, list) and "items" in of.schema:
            if len(value) > of.schema.get("minItems", 0):
                yield from _each("drop-entry", value, path)
            elif of.optional:
                yield Slip("drop-key", path, None)
            for index, member in enumerate(value):
                yield from self._value(of.at(of.schema["items"]), member, (*path, index))
        elif isinstance(value, bool):
            yield replacing("flip", path, not value, str(path[-1]))
        elif isinstance(value, int):
            yield from _near(of, value, path)
        elif isinstance(value, str) and "enum" in of.schema:
            yield from _word(of, value, of.schema["enum"], path)

    def _list(self, of: _Key, dimension: str, entries: list[Any] | str, path: KeyPath) -> Iterator[Slip]:
        """Yield what can go wrong with a list of terms, as a whole and one by one."""
        if isinstance(entries, str):  # all of them, said on purpose
            yield from (replacing("narrow-scope", path, [term]) for term in self._known(dimension)[:1])
            return
        if of.optional:
            yield Slip("widen-scope", path, None)
        elif everything := self._known(dimension):  # the table cannot do without the list
            yield Slip("widen-scope", path, lambda _: everything)
        yield from self.of_terms(dimension, entries, path, meaning_of(of.schema).get("among"))

    def _exceptions(self, of: _Key, table: Mapping[str, Any], path: KeyPath) -> Iterator[Slip]:
        """Yield what can go wrong with the lists of what is left out of those that stand beside them in `table`."""
        lists: Mapping[str, Any] = table[str(path[-1])]
        for key, entries in lists.items():
            if len(lists) > 1:
                yield Slip("widen-scope", (*path, key), None, shown(entries))
            elif of.optional:
                yield Slip("widen-scope", path, None, shown(entries))
            dimension = meaning_of(whole(of.schema["properties"][key]))["lists"]
            yield from self.of_terms(dimension, entries, (*path, key), self._meant(dimension, table.get(key)))

    def _references(self, of: _Key, what: str, entries: list[Any] | str, path: KeyPath) -> Iterator[Slip]:
        """Yield what can go wrong with a list of clauses: one too few, one too many, another, or no list at all.

        A clause that permits none of the rule's operations is not added: it would mean nothing there.
        """
        if isinstance(entries, str):  # said in a word: those above, or those of other policies, free where one is alone
            if of.optional and what != "licences":
                yield Slip("drop-reference", path, None, entries)
            return
        listed = _listed(entries)
        known = self.licensing if what == "licences" else [c for c, o in self.permitting.items() if o & of.operations]
        others = [clause for clause in known if not listed & {clause, self.case_of[clause]}]
        yield from _each("drop-reference", entries, path, of)
        if of.optional and len(entries) > 1:
            yield Slip("widen-scope", path, None)
        for clause in others:
            if not of.optional and len(entries) == 1:  # which can only be left out where another takes its place
                yield replacing("replace-reference", (*path, 0), clause)
            yield _add("add-reference", path, clause)

    def _facts(self, expression: Mapping[str, Any], path: KeyPath) -> Iterator[Slip]:
        if "not" in expression:
            yield Slip("negate-requirement", path, lambda found: found["not"])
            yield from self._facts(expression["not"], (*path, "not"))
        else:
            yield Slip("negate-requirement", path, lambda found: {"not": found})
        for form, other in (("all", "any"), ("any", "all")):
            parts = expression.get(form, ())
            for index, part in enumerate(parts):
                if len(parts) > 1:
                    yield Slip("drop-requirement", (*path, form, index), None)
                yield from self._facts(part, (*path, form, index))
            if len(parts) > 1:
                yield Slip("swap-and-or", path, _renamed(form, other))
        if "type" in expression:
            yield from self._fact(expression, path)

    def _fact(self, fact: Mapping[str, Any], path: KeyPath) -> Iterator[Slip]:
        for name in self.vocabulary.facts[fact["type"]].fields:
            values = self._values(fact["type"], name)
            if name not in fact:
                for value in sorted(values):
                    yield replacing("narrow-requirement", (*path, name), value)
                continue
            yield Slip("widen-requirement", (*path, name), None)
            wanted = fact[name]
            if isinstance(wanted, str):
                for other in sorted(values - {wanted}):
                    yield replacing("change-value", (*path, name), other)
            else:
                if len(wanted) > 1:
                    yield from _each("drop-term", wanted, (*path, name))
                yield from self._gated(wanted, (*path, name))
                for other in sorted(values - _listed(wanted)):
                    yield _add("add-term", (*path, name), other)
        if "within" in fact:
            yield Slip("widen-requirement", (*path, "within"), None)
            yield from _duration(fact["within"], (*path, "within"))
        if "after" in fact:
            yield Slip("widen-requirement", (*path, "after"), None)
            yield from self._fact(fact["after"], (*path, "after"))
        if "before" in fact:
            yield Slip("widen-requirement", (*path, "before"), None)
            yield from _date(fact["before"], (*path, "before"))
        for key, operator in (("unheld", "hold-field"), ("stated", "widen-requirement")):
            listed = fact.get(key, ())
            for index, name in enumerate(listed):
                yield Slip(operator, (*path, key, index) if len(listed) > 1 else (*path, key), None, name)

    def _under(self, readings: Mapping[str, Any], path: KeyPath) -> Iterator[Slip]:
        """Yield what can go wrong with the readings under which a table, or an entry of a list, stands."""
        if readings:
            yield Slip("drop-reading", path, None)
        for name, wanted in readings.items():
            listed = [wanted] if isinstance(wanted, str) else wanted
            for value in self.readings[name].values:
                if value not in listed:
                    yield replacing("swap-reading", (*path, name), value)

    def _values(self, fact_type: str, name: str) -> frozenset[str]:
        """Return the values of which a rule can name some in a field of a fact."""
        declared = self.vocabulary.facts.get(fact_type)
        field = declared.fields.get(name) if declared is not None else None
        if field is None:
            return frozenset()
        return frozenset(self.vocabulary.terms[field.of]) if field.of is not None else field.values or frozenset()

    def _known(self, what: str) -> list[str]:
        """Return all that is declared of a dimension, or of facts or attributes."""
        if what == "operations":
            return [*OPERATIONS]
        named: Mapping[str, Iterable[str]] = {"facts": self.vocabulary.facts, "attributes": self.vocabulary.attributes}
        return [*named.get(what, self.vocabulary.terms.get(what, ()))]

    def _meant(self, dimension: str, entries: list[Any] | str | None) -> frozenset[str] | None:
        """Return the terms that a list means, with their kinds; None where there is no list, or one of them all."""
        if entries is None or isinstance(entries, str):
            return None
        sets = self.vocabulary.sets.get(dimension, {})
        words = [member for word in _listed(entries) for member in sets.get(word, (word,))]
        return self.vocabulary.closure(dimension, words) if dimension in self.vocabulary.terms else frozenset(words)

    def _relatives(self, dimension: str, word: str) -> Iterator[str]:
        """Yield the parents of a term, its siblings below a common parent, and its own kinds."""
        terms = self.vocabulary.terms.get(dimension, {})
        if word not in terms:
            return
        parents = terms[word].is_a
        yield from parents
        for name, term in terms.items():
            if name != word and (set(term.is_a) & set(parents) or word in term.is_a):
                yield name


def _recombined(key: str, schema: Schema, table: Mapping[str, Any], path: KeyPath) -> Iterator[Slip]:
    """Yield what can go wrong with how conditions are combined at a key of a table: and, or, not, one for another."""
    if schema != NESTED.get(key):
        return
    match key:
        case "any" | "all" if len(table[key]) > 1:
            other = "all" if key == "any" else "any"
            if other not in table:
                yield Slip("swap-and-or", path, _renamed(key, other))
        case "not" if "all" not in table:
            yield Slip(
                "negate-requirement",
                path,
                lambda found: {("all" if k == "not" else k): ([v] if k == "not" else v) for k, v in found.items()},
            )


def _word(of: _Key, value: str, known: Iterable[str], path: KeyPath) -> Iterator[Slip]:
    """Yield what can go wrong with one word of some: another one, or none."""
    others = [other for other in known if other != value]
    if of.optional and of.default not in (value, *others):
        yield Slip("drop-key", path, None)
    for other in others:
        yield replacing("change-value", path, other)


def _near(of: _Key, value: int, path: KeyPath) -> Iterator[Slip]:
    """Yield what can go wrong with a number: one off, or left out."""
    if of.optional and of.default != value:
        yield Slip("drop-key", path, None)
    for near in (value - 1, value + 1):
        if not any(errors_of(near, of.schema)):
            yield replacing("shift-value", path, near)


def _comparisons(of: _Key, attributes: Mapping[str, Any], path: KeyPath) -> Iterator[Slip]:
    for name, tests in attributes.items():
        here = (*path, name)
        if len(attributes) > 1:
            yield Slip("widen-scope", here, None)
        elif of.optional:
            yield Slip("widen-scope", path, None)
        for op, value in tests.items():
            if op == "one_of":
                other = None
            elif op in AGES:
                other = next(name for name in AGES if name != op)
                yield from _duration(value, (*here, op))
            else:
                other = COMPARISONS[op].slip
            if other is not None and other not in tests:
                yield Slip("change-comparison", here, _renamed(op, other), other)
            if isinstance(value, str) and (is_day(value) or is_time(value)):
                yield from _date(value, (*here, op))
            if isinstance(value, list) and len(value) > 1:
                yield from _each("drop-entry", value, (*here, op))
            if isinstance(value, int) and not isinstance(value, bool):
                for near in (value - 1, value + 1):
                    yield replacing("shift-value", (*here, op), near)


def _date(value: str, path: KeyPath) -> Iterator[Slip]:
    read = date.fromisoformat if is_day(value) else datetime.fromisoformat
    for days in (-1, 1):
        yield replacing("shift-date", path, (read(value) + timedelta(days=days)).isoformat())


def _hour(value: str, path: KeyPath) -> Iterator[Slip]:
    """Yield what can go wrong with a time of day: a minute more, or less."""
    now = int(value[:2]) * 60 + int(value[3:])
    for minute in (now - 1, now + 1):
        if 0 <= minute <= 1440:
            yield replacing("shift-value", path, f"{minute // 60:02}:{minute % 60:02}")


def _duration(value: str, path: KeyPath) -> Iterator[Slip]:
    """Yield what can go wrong with a duration: one of its shortest unit more, or less."""
    *_, last = re.finditer(r"[0-9]+", value)
    for number in (int(last[0]) - 1, int(last[0]) + 1):
        near = f"{value[: last.start()]}{number}{value[last.end() :]}"
        if re.search(DURATION_PATTERN, near):
            yield replacing("shift-value", path, near)


def _each(operator: str, entries: Iterable[Any], path: KeyPath, of: _Key | None = None) -> Iterator[Slip]:
    """Yield the slips without one entry of a list; without its only one, where the list `of` a table can go with it."""
    entries = list(entries)
    for index, entry in enumerate(entries):
        if of is None or len(entries) > 1:
            yield Slip(operator, (*path, index), None, shown(entry))
        elif of.optional:
            yield Slip(operator, path, None, shown(entry))


def replacing(operator: str, path: KeyPath, value: Any, name: str = "") -> Slip:
    """Return the slip that puts `value` in the place of what stands at `path`."""
    return Slip(operator, path, lambda _: value, f"{name} {shown(value)}")


def _add(operator: str, path: KeyPath, word: str) -> Slip:
    return Slip(operator, path, lambda entries: [*entries, word], word)


def _listed(entries: Iterable[Any]) -> set[str]:
    return {word for entry in entries for word in words_of(entry)}


def _renamed(old: str, new: str) -> Callable[[Mapping[str, Any]], dict[str, Any]]:
    """Return the change that gives a key of a table another name, in its place."""
    return lambda table: {new if key == old else key: value for key, value in table.items()}
