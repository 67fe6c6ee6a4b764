"""From suite files to cases: named events and fact sets put in, tables spread out, every case with its place."""

from __future__ import annotations

import copy
import itertools
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from policyengine.errors import Code, KeyPath, Place, PolicyError, Problem, did_you_mean
from policyengine.language.offered import named_in
from policyengine.language.source import Document, read
from policyengine.language.validate import problems_of
from policyengine.model.fields import EVENT, EVENT_KEYS
from policyengine.model.operation import OPERATIONS
from policyengine.model.policy import Policy
from policyengine.model.vocabulary import Vocabulary
from policyengine.moment import instant
from policyengine.suite.case import EXPECTATIONS, Case, Suite
from policyengine.suite.problems import (
    DUPLICATE_CASE,
    NO_EXPECTATION,
    NO_ROWS,
    NO_TERMS_FOR_STAR,
    ROW_LENGTH,
    TABLE_FORM,
    UNKNOWN_BASE,
    UNKNOWN_CASE_COLUMN,
    UNKNOWN_FACT_SET,
)
from policyengine.suite.schema import suite_schema
from policyengine.text import Text, text_of

_TERMS = {row.name: row.dimension for row in EVENT if row.dimension}
"""The columns that "*" fills, and the dimension whose terms fill them; a column of items has one item a case."""


def load_suite(path: Path, policies: Sequence[Policy] = ()) -> Suite:
    """Read one suite.

    Args:
        path: the file.
        policies: the first declares what ``"*"`` stands for; of several versions of it, the one in force at the time of
            the table.

    Raises:
        PolicyError: with everything that is wrong with the file, each with its place.
    """
    document = _well_formed(path)
    reader = _Reader(document, policies)
    cases = tuple(reader.cases())
    if reader.problems:
        raise PolicyError(reader.problems)
    about = document.data.get("suite", {})
    return Suite(path, text_of(about.get("title", {}), path.name).en, cases)


def suite_policies(path: Path) -> tuple[tuple[Path, ...], dict[str, str]]:
    """Return the packs and readings that a suite file names, without reading its cases. Raises `PolicyError`."""
    document = _well_formed(path)
    return _policies(document), dict(document.data.get("suite", {}).get("readings", {}))


def _policies(document: Document) -> tuple[Path, ...]:
    """Return the packs that a suite names, by default the one beside it. Raises `PolicyError`."""
    return named_in(document, ("suite", "policies"), document.data.get("suite", {}).get("policies", ["."]))


def _well_formed(path: Path) -> Document:
    document = read(path)
    problems = [problem for _, problem in problems_of(document, suite_schema())]
    if problems:
        raise PolicyError(problems)
    return document


class _Reader:
    def __init__(self, document: Document, policies: Sequence[Policy]) -> None:
        self.document = document
        self.versions = [policy for policy in policies if policy.id == policies[0].id]
        self.problems: list[Problem] = []
        data = self.data = document.data
        about = data.get("suite", {})
        self.policies = _policies(document)
        self.readings: dict[str, str] = about.get("readings", {})
        self.sets: dict[str, list[dict[str, Any]]] = data.get("facts", {})
        self.names: set[str] = set()

    def problem(self, code: Code, /, *path: str | int, hint: Text | None = None, **parameters: object) -> None:
        self.problems.append(code.at(self.document.place(path), hint=hint, **parameters))

    def cases(self) -> Iterator[Case]:
        for index, table in enumerate(self.data.get("case", ())):
            path: KeyPath = ("case", index)
            expected = {"outcome": table["expect"], **{k: table[k] for k in EXPECTATIONS if k in table}}
            yield self._case(table["name"], self._event(table, path), expected, table, path)
        for index, table in enumerate(self.data.get("table", ())):
            yield from self._table(table, ("table", index))

    def _case(
        self, name: str, event: dict[str, Any], expected: Mapping[str, Any], table: Mapping[str, Any], path: KeyPath
    ) -> Case:
        if name in self.names:
            self.problem(DUPLICATE_CASE, *path, name=name)
        self.names.add(name)
        event.setdefault("id", name)
        place = self.document.place(path)
        return Case(
            name,
            event,
            {what: sorted(value) if isinstance(value, list) else value for what, value in expected.items()},
            Place(place.file, place.line, place.column),
            self.policies,
            {**self.readings, **table.get("readings", {})},
            table.get("reviewed", True),
        )

    def _event(self, table: Mapping[str, Any], path: KeyPath, seen: tuple[str, ...] = ()) -> dict[str, Any]:
        """Return the event of a case, a table or a named event: its base, varied."""
        event: dict[str, Any] = {}
        if "base" in table:
            base, known = table["base"], self.data.get("events", {})
            if base not in known or base in seen:
                self.problem(UNKNOWN_BASE, *path, "base", hint=did_you_mean(base, known), name=base)
            else:
                event = self._event(known[base], ("events", base), (*seen, base))
        for field in table.get("without", ()):
            _drop(event, field)
        for field in EVENT_KEYS:
            if field in table:
                self._vary(event, field, copy.deepcopy(table[field]), path)
        return event

    def _vary(self, event: dict[str, Any], field: str, value: Any, path: KeyPath) -> None:
        """Set one field, dotted or not; tables are merged, facts added."""
        head, _, rest = field.partition(".")
        if rest:
            inner = event.get(head)
            event[head] = {**(inner if isinstance(inner, dict) else {}), rest: value}
        elif field == "facts":
            event["facts"] = [*event.get("facts", ()), *self._facts(value, path)]
        elif isinstance(value, dict) and isinstance(event.get(field), dict):
            event[field] = {**event[field], **value}
        else:
            event[field] = value

    def _facts(self, value: Any, path: KeyPath) -> Iterator[Any]:
        for entry in value if isinstance(value, list) else [value]:
            if not isinstance(entry, str):
                yield entry
            elif entry in self.sets:
                yield from copy.deepcopy(self.sets[entry])
            else:
                self.problem(UNKNOWN_FACT_SET, *path, hint=did_you_mean(entry, self.sets), name=entry)

    def _table(self, table: Mapping[str, Any], path: KeyPath) -> Iterator[Case]:
        if ("rows" in table) is ("product" in table) or ("rows" in table) is not ("columns" in table):
            self.problem(TABLE_FORM, *path)
            return
        yield from (self._rows if "rows" in table else self._product)(table, path)

    def _rows(self, table: Mapping[str, Any], path: KeyPath) -> Iterator[Case]:
        columns = table["columns"]
        for number, row in enumerate(table["rows"]):
            where = (*path, "rows", number)
            if len(row) != len(columns):
                self.problem(ROW_LENGTH, *where, columns=len(columns), values=len(row))
                continue
            event = self._event(table, path)
            expected = _expected(table)
            name = f"{table['name']}[{number + 1}]"
            for column, value in zip(columns, row, strict=True):
                if column == "name":
                    name = f"{table['name']}[{value}]"
                elif column == "expect":
                    expected["outcome"] = value
                elif column in EXPECTATIONS:
                    expected[column] = value
                elif column == "without":
                    for field in value:
                        _drop(event, field)
                elif column.partition(".")[0] in EVENT_KEYS:
                    if value != "-":
                        self._vary(event, column, copy.deepcopy(value), where)
                else:
                    self._unknown_column(column, *path, "columns")
            if "outcome" not in expected:
                self.problem(NO_EXPECTATION, *where)
                continue
            yield self._case(name, event, expected, table, where)

    def _product(self, table: Mapping[str, Any], path: KeyPath) -> Iterator[Case]:
        words = self._words(table["time"] if "time" in table else self._event(table, path).get("time"))
        columns = {column: self._values(column, value, words, path) for column, value in table["product"].items()}
        permits = table.get("permit", [])
        for index, permit in enumerate(permits):
            for key in permit:
                if key not in columns and key not in EXPECTATIONS:
                    self._unknown_column(key, *path, "permit", index, key, known=columns)
        for values in itertools.product(*columns.values()):
            row = dict(zip(columns, values, strict=True))
            event = self._event(table, path)
            for column, value in row.items():
                self._vary(event, column, [value] if column == "items" and isinstance(value, str) else value, path)
            found = next((index for index, permit in enumerate(permits) if _listed(row, permit)), None)
            if found is None:
                expected = {**_expected(table), **_expected(table.get("deny", {})), "outcome": "deny"}
                where: KeyPath = path
            else:
                expected = {**_expected(table), **_expected(permits[found]), "outcome": "permit"}
                where = (*path, "permit", found)
            name = f"{table['name']}[{', '.join(_shown(value) for value in values)}]"
            yield self._case(name, event, expected, table, where)

    def _words(self, time: Any) -> Vocabulary | None:
        """Return the words of the policy in force at a time, as far as there is one."""
        try:
            at = instant(time) if isinstance(time, str) else None
        except ValueError:
            at = None
        there = [policy for policy in self.versions if at is not None and policy.in_force(at)] or self.versions
        return there[0].vocabulary if there else None

    def _values(self, column: str, value: Any, vocabulary: Vocabulary | None, path: KeyPath) -> list[Any]:
        if column.partition(".")[0] not in EVENT_KEYS:
            self._unknown_column(column, *path, "product", column)
            return []
        if value != "*":
            return list(value)
        if column == "operation":
            return list(OPERATIONS)
        dimension = _TERMS.get(column)
        if dimension is None or vocabulary is None:
            known = ", ".join((*_TERMS, "operation"))
            self.problem(NO_TERMS_FOR_STAR, *path, "product", column, known=known)
            return []
        terms = sorted(vocabulary.terms[dimension])
        if not terms:
            self.problem(NO_ROWS, *path, "product", column, dimension=dimension)
        return terms

    def _unknown_column(self, column: str, *path: str | int, known: Any = ()) -> None:
        words = tuple(known) or (*EVENT_KEYS, *_TERMS, *EXPECTATIONS, "expect")
        self.problem(UNKNOWN_CASE_COLUMN, *path, hint=did_you_mean(column, words), column=column)


def _expected(table: Mapping[str, Any]) -> dict[str, Any]:
    found = {what: table[what] for what in EXPECTATIONS if what in table}
    if "expect" in table:
        found["outcome"] = table["expect"]
    return found


def _listed(row: Mapping[str, Any], permit: Mapping[str, Any]) -> bool:
    """Whether a combination is one that `permit` lists: each column that it names has the value, or one of them."""
    return all(
        row[column] == wanted or (isinstance(wanted, list) and row[column] in wanted)
        for column, wanted in permit.items()
        if column in row
    )


def _shown(value: Any) -> str:
    if isinstance(value, list):
        return "+".join(_shown(member) for member in value) or "none"
    if isinstance(value, dict):
        return " ".join(f"{key}={_shown(member)}" for key, member in value.items())
    return str(value)


def _drop(event: dict[str, Any], field: str) -> None:
    head, _, rest = field.partition(".")
    if not rest:
        event.pop(head, None)
    elif isinstance(event.get(head), dict):
        event[head] = {key: value for key, value in event[head].items() if key != rest}
