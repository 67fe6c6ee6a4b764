"""What the documents of a pack declare: words, readings, clauses and obligations, each once, with all that is wrong."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, Any

import msgspec
from msgspec.structs import replace

from policyengine.errors import Code, Problem, did_you_mean
from policyengine.language.conditions import Declared
from policyengine.language.definitions import NESTED
from policyengine.language.keys import COUNTRY_CODES, term_hint
from policyengine.language.pack import Pack
from policyengine.language.problems import (
    CYCLIC_CLAUSE,
    CYCLIC_CONDITION,
    CYCLIC_TERM,
    DUPLICATE_CLAUSE,
    ENDS_BEFORE_IT_BEGINS,
    FIELD_IS_DECLARED,
    IS_CONFIGURATION,
    NAMED_AS_COUNTRY,
    NO_VALUES_TO_ADD,
    OPEN_WITHOUT_VALUES,
    REPRESENTS_NOBODY,
    SHADOWED_NAME,
    UNKNOWN_KIND,
    UNKNOWN_READING_VALUE,
    UNKNOWN_TERM,
    VALUE_IS_DECLARED,
    VALUES_AND_TERMS,
    VALUES_OF_NO_VALUE,
)
from policyengine.language.schema import policy_schema
from policyengine.language.source import Document
from policyengine.language.tells import IN_CLAUSE, told_by
from policyengine.language.validate import problems_of
from policyengine.model.countries import COUNTRIES
from policyengine.model.fact import VALUE, FactField, FactType
from policyengine.model.frozen import frozen
from policyengine.model.hierarchy import Hierarchy
from policyengine.model.policy import Clause, ObligationText, Reading
from policyengine.model.problems import UNKNOWN_CLAUSE
from policyengine.model.vocabulary import DIMENSIONS, Attribute, Dated, Term, Vocabulary, hierarchy_of
from policyengine.moment import FOREVER, instant
from policyengine.schema.problems import EMPTY_CONDITION, MISSING_KEY, UNKNOWN_KEY
from policyengine.text import Text, text_of

if TYPE_CHECKING:
    from policyengine.errors import KeyPath
    from policyengine.language.kind import RuleKind


class Declarations:
    """Reads the declarations of one pack, as far as they can be read.

    Args:
        pack: the documents.
        kinds: the registered rule kinds by name.
        trusted: whether their form is known to be as the JSON Schema asks.
    """

    def __init__(self, pack: Pack, kinds: Mapping[str, RuleKind], *, trusted: bool = False) -> None:
        self.pack = pack
        self.kinds = kinds
        self.problems: list[Problem] = list(pack.problems)
        self._broken: set[tuple[str, KeyPath]] = set()
        if trusted:
            return
        own, shared = (policy_schema(kinds.values(), pack.languages, shared=shared) for shared in (False, True))
        for document in pack.own:
            for where, problem in problems_of(document, own if document in pack.rules else shared):
                self.problems.append(self._of_kind(document, where, problem))
                self._broken.update((document.path, where[:length]) for length in range(len(where) + 1))

    def problem(
        self, code: Code, document: Document, /, *path: str | int, hint: Text | None = None, **parameters: object
    ) -> None:
        """Report what is wrong at `path` of a document."""
        self.problems.append(code.at(document.place(path), hint=hint, **parameters))

    def broken(self, document: Document, *path: str | int) -> bool:
        """Whether the schema has something against what stands at `path`, or below it."""
        return (document.path, path) in self._broken

    def vocabulary(self) -> Vocabulary:
        """Return the words of all documents."""
        terms: dict[str, dict[str, Term]] = {}
        sets: dict[str, dict[str, tuple[str, ...]]] = {}
        for dimension in DIMENSIONS:
            seen: dict[str, Document] = {}
            terms[dimension] = self._terms(dimension, seen)
            sets[dimension] = self._sets(dimension, seen, terms[dimension])
        sets[COUNTRY_CODES] = self._sets(COUNTRY_CODES, {}, COUNTRIES)
        attributes = {
            name: Attribute(
                name,
                text_of(table, name),
                table.get("type", "string"),
                (document.places, ("vocabulary", "attributes", name)),
            )
            for document, name, table in self._declared("vocabulary", "attributes")
        }
        return Vocabulary(terms, attributes, self._fact_types(), sets, self._dated())

    def readings(self) -> dict[str, Reading]:
        """Return the readings by name."""
        found: dict[str, Reading] = {}
        for document, name, table in self._declared("readings"):
            values = {value: text_of(table_of(label), value) for value, label in table_of(table.get("values")).items()}
            default, clause = text_or_none(table.get("default")) or "", text_or_none(table.get("clause"))
            if default not in values and not self.broken(document, "readings", name):
                self.problem(
                    UNKNOWN_READING_VALUE,
                    document,
                    *("readings", name, "default"),
                    hint=did_you_mean(default, values),
                    name=name,
                    value=default,
                )
            found[name] = Reading(name, text_of(table, name), default, values, clause)
        return found

    def clause_tables(self) -> Iterator[tuple[Document, int, dict[str, Any]]]:
        """Yield (document, index, table) for each clause that has a number."""
        for document in self.pack.documents:
            tables = document.data.get("clause", ())
            for index, table in enumerate(tables if isinstance(tables, list) else ()):
                if isinstance(table, dict) and isinstance(table.get("number"), str):
                    yield document, index, table

    def clauses(self, vocabulary: Vocabulary) -> dict[str, Clause]:
        """Return the clauses by number, in the order of the files."""
        found: dict[str, Clause] = {}
        for document, index, table in self.clause_tables():
            number = table["number"]
            if number in found:
                self.problem(DUPLICATE_CLAUSE, document, "clause", index, "number", number=number)
                continue
            organisational, title = table.get("organisational"), table.get("title")
            points = table["open"] if isinstance(table.get("open"), list) else ()
            found[number] = Clause(
                number,
                text_of(table_of(table.get("summary")), number),
                text_of(table_of(title), number) if title else None,
                text_of(table_of(organisational), number) if organisational else None,
                table.get("ground") is True,
                text_or_none(table.get("case_of")),
                self._defines(document, index, table, vocabulary),
                tuple(text_of(point, number) for point in points if isinstance(point, dict)),
                () if self.broken(document, "clause", index) else tuple(told_by(table, IN_CLAUSE)),
            )
        in_circles = cases_of(found).circular()
        for document, index, table in self.clause_tables():
            path = ("clause", index, "case_of")
            self.clause_known(table.get("case_of"), found, document, *path)
            if table["number"] in in_circles:
                self.problem(CYCLIC_CLAUSE, document, *path, number=table["number"])
        for document, name, table in self._entries("readings"):
            self.clause_known(table.get("clause"), found, document, "readings", name, "clause")
        return found

    def obligations(self, clauses: Mapping[str, Clause]) -> dict[str, ObligationText]:
        """Return the obligations by id."""
        found: dict[str, ObligationText] = {}
        for document, name, table in self._declared("obligations"):
            clause = table.get("clause", "")
            self.clause_known(clause, clauses, document, "obligations", name, "clause")
            parameters = frozen(table_of(table.get("parameters")))
            found[name] = ObligationText(name, clause, text_of(table, name), parameters, _words(table.get("fulfils")))
        return found

    def conditions(self) -> dict[str, Declared]:
        """Return the conditions that have names, those in a circle as conditions with which something is wrong."""
        tables = {name: (document, table) for document, name, table in self._declared("conditions")}
        leading = Hierarchy({name: tuple(_named_in(table)) for name, (_, table) in tables.items()})
        in_circles = leading.circular()
        found: dict[str, Declared] = {}
        for name, (document, table) in tables.items():
            path = ("conditions", name)
            if name in in_circles:
                self.problem(CYCLIC_CONDITION, document, *path, name=name)
            sound = name not in in_circles and not self.broken(document, *path)
            values = {key: table[key] for key in NESTED if key in table and not self.broken(document, *path, key)}
            if not any(key in table for key in NESTED):
                self.problem(EMPTY_CONDITION, document, *path)
            label = text_of(table, name)
            found[name] = Declared(label, document, path, {} if name in in_circles else values, sound)
        return found

    def clause_known(self, number: Any, known: Iterable[str], document: Document, *path: str | int) -> None:
        """Report the number of a clause that is not there."""
        if isinstance(number, str) and number not in known:
            self.problem(UNKNOWN_CLAUSE, document, *path, hint=did_you_mean(number, known), number=number)

    def _of_kind(self, document: Document, where: KeyPath, problem: Problem) -> Problem:
        """Return `problem`, or what it is: a key meant as a kind of rule, or one of a configuration."""
        if problem.code == UNKNOWN_KEY.name and where == ("policies",):
            return msgspec.structs.replace(problem, hint=IS_CONFIGURATION)
        if problem.code == UNKNOWN_KEY.name and len(where) == 3 and where[0] == "clause":
            name = str(where[2])
            if isinstance(document.data["clause"][where[1]][name], list):
                return UNKNOWN_KIND.at(
                    problem.place, hint=did_you_mean(name, self.kinds, most=len(self.kinds)), kind=name
                )
        return problem

    def _entries(self, *path: str) -> Iterator[tuple[Document, str, dict[str, Any]]]:
        """Yield (document, key, table) for each entry of the table at `path`, over all documents."""
        for document in self.pack.documents:
            found: Any = document.data
            for key in path:
                found = table_of(found).get(key)
            for key, value in table_of(found).items():
                yield document, key, table_of(value)

    def _declared(
        self,
        *path: str,
        seen: dict[str, Document] | None = None,
        only: Callable[[Mapping[str, Any]], bool] = lambda _: True,
    ) -> Iterator[tuple[Document, str, dict[str, Any]]]:
        """Yield the entries of the table at `path` whose name is not declared already: one name, one meaning."""
        seen = {} if seen is None else seen
        for document, name, table in self._entries(*path):
            if not only(table):
                continue
            if name in seen:
                self.problem(SHADOWED_NAME, document, *path, name, name=name, file=seen[name].path)
            else:
                seen[name] = document
                yield document, name, table

    def _terms(self, dimension: str, seen: dict[str, Document]) -> dict[str, Term]:
        declared = list(self._declared("vocabulary", dimension, seen=seen))
        terms = {
            name: Term(
                name,
                text_of(table, name),
                _words(table.get("is_a")),
                table.get("remainder") is True,
                (document.places, ("vocabulary", dimension, name)),
            )
            for document, name, table in declared
        }
        in_circles = hierarchy_of(terms).circular()
        for document, name, _ in declared:
            path = ("vocabulary", dimension, name, "is_a")
            if not self.broken(document, *path):
                self._known(terms[name].is_a, dimension, terms, document, *path)
            if name in in_circles:
                self.problem(CYCLIC_TERM, document, *path, name=name)
        return terms

    def _sets(self, dimension: str, seen: dict[str, Document], terms: Mapping[str, Any]) -> dict[str, tuple[str, ...]]:
        found: dict[str, tuple[str, ...]] = {}
        path = ("vocabulary", "sets", dimension)
        for document, name, _ in self._declared(*path, seen=seen):
            entries = document.data["vocabulary"]["sets"][dimension][name]
            found[name] = tuple(word for entry in _members(entries) for word in entry)
            if not self.broken(document, *path, name):
                for index, entry in enumerate(entries):
                    if isinstance(entry, str):
                        self._known([entry], dimension, terms, document, *path, name, first=index)
                    else:
                        self._known(entry["terms"], dimension, terms, document, *path, name, index, "terms")
            if name in COUNTRIES and dimension == COUNTRY_CODES:
                self.problem(NAMED_AS_COUNTRY, document, *path, name, name=name)
        return found

    def _defines(
        self, document: Document, index: int, table: Mapping[str, Any], vocabulary: Vocabulary
    ) -> dict[str, tuple[str, ...]]:
        path = ("clause", index, "defines")
        defines = {} if self.broken(document, *path) else table_of(table.get("defines"))
        for dimension, words in defines.items():
            self._known(words, dimension, vocabulary.terms[dimension], document, *path, dimension)
        return {dimension: tuple(words) for dimension, words in defines.items()}

    def _dated(self) -> dict[str, tuple[Dated, ...]]:
        """Return the sets of countries of which some are in it for a time, and report a time that is none."""
        found: dict[str, tuple[Dated, ...]] = {}
        path = ("vocabulary", "sets", COUNTRY_CODES)
        for document, name, _ in self._declared(*path, seen={}):
            entries = document.data["vocabulary"]["sets"][COUNTRY_CODES][name]
            if self.broken(document, *path, name) or all(isinstance(entry, str) for entry in entries):
                continue
            parts = []
            for index, entry in enumerate(entries):
                if isinstance(entry, str):
                    parts.append(Dated((entry,)))
                    continue
                part = Dated(tuple(entry["terms"]), *_span(entry))
                if part.start >= part.end:
                    self.problem(ENDS_BEFORE_IT_BEGINS, document, *path, name, index, "until")
                parts.append(part)
            found[name] = tuple(parts)
        return found

    def _known(
        self,
        words: Iterable[str],
        dimension: str,
        terms: Iterable[str],
        document: Document,
        *path: str | int,
        first: int = 0,
    ) -> None:
        """Report each of the `words` listed at `path` that is no term of `dimension`."""
        for index, word in enumerate(words, first):
            if word not in terms:
                hint = term_hint(dimension, word, terms)
                self.problem(UNKNOWN_TERM, document, *path, index, hint=hint, term=word, dimension=dimension)

    def _represents(
        self, document: Document, name: str, table: Mapping[str, Any], fields: Mapping[str, FactField]
    ) -> bool:
        """Return whether a table says of a type that it names who represents a person; with no field to, a problem."""
        if table.get("represents") is not True:
            return False
        if all(field.held != "recipient" for field in fields.values()):
            self.problem(REPRESENTS_NOBODY, document, "vocabulary", "facts", name, "represents", type=name)
        return True

    def _fact_types(self) -> dict[str, FactType]:
        """Return the types of fact: each as it is declared once, with what other tables of its name add to it."""
        found: dict[str, FactType] = {}
        for document, name, table in self._declared("vocabulary", "facts", only=_declares):
            self._texts(document, name, table, found)
            fields = self._fields(document, name, table, {})
            labels = _labels(table)
            represents = self._represents(document, name, table, fields)
            source = (document.places, ("vocabulary", "facts", name))
            law = table.get("law") is True
            found[name] = FactType(name, text_of(table, name), fields, represents, law, labels, source)
        for document, name, table in self._entries("vocabulary", "facts"):
            if _declares(table):
                continue
            known = found.get(name)
            if known is None:
                self._texts(document, name, table, found)
            else:
                fields = {**known.fields, **self._fields(document, name, table, known.fields)}
                represents = self._represents(document, name, table, fields) or known.represents
                labels = {**known.labels, **_labels(table)}
                found[name] = replace(known, fields=fields, represents=represents, labels=labels)
        return found

    def _texts(self, document: Document, name: str, table: Mapping[str, Any], known: Iterable[str]) -> None:
        """Report the languages in which a type of fact has no name; one that adds to another has none at all."""
        if document not in self.pack.own:
            return
        for lang in self.pack.languages:
            if lang not in table:
                self.problem(
                    MISSING_KEY, document, "vocabulary", "facts", name, hint=did_you_mean(name, known), key=lang
                )

    def _fields(
        self, document: Document, name: str, table: Mapping[str, Any], known: Mapping[str, FactField]
    ) -> dict[str, FactField]:
        """Return the fields that a table declares of a type of fact, which has some already."""
        found: dict[str, FactField] = {}
        for key, declared in table_of(table.get("fields")).items():
            about = table_of(declared)
            path = ("vocabulary", "facts", name, "fields", key)
            values = frozenset(table_of(about.get("values")))
            if key in known:
                found[key] = self._extended(document, path, about, known[key], values)
                continue
            if "held" not in about and not self.broken(document, *path):
                self.problem(MISSING_KEY, document, *path, key="held")
            held, of = about.get("held", VALUE), text_or_none(about.get("of"))
            found[key] = FactField(
                key,
                held,
                about.get("list") is True,
                about.get("required") is True,
                values or None,
                of if of in DIMENSIONS else None,
                about.get("open") is True,
            )
            if held != VALUE:
                for said in sorted({"values", "of", "open"} & about.keys()):
                    self.problem(VALUES_OF_NO_VALUE, document, *path, said, key=said)
            elif of is not None and values:
                self.problem(VALUES_AND_TERMS, document, *path, "of")
            elif about.get("open") is True and not values:
                self.problem(OPEN_WITHOUT_VALUES, document, *path, "open")
        return found

    def _extended(
        self,
        document: Document,
        path: tuple[str, ...],
        about: Mapping[str, Any],
        known: FactField,
        values: frozenset[str],
    ) -> FactField:
        """Return a field with the values that a table adds to it; whatever else the table says of it is reported."""
        for key in about:
            if key != "values":
                self.problem(FIELD_IS_DECLARED, document, *path, key, field=known.id)
        if known.values is None:
            if values:
                self.problem(NO_VALUES_TO_ADD, document, *path, "values", field=known.id)
            return known
        for value in sorted(values & known.values):
            self.problem(VALUE_IS_DECLARED, document, *path, "values", value, value=value)
        return replace(known, values=known.values | values)


def _declares(table: Mapping[str, Any]) -> bool:
    """Whether the table of a type of fact declares it, and does not merely add to one: it then says what it is."""
    return bool(table.keys() - {"fields", "represents"})


def _labels(table: Mapping[str, Any]) -> dict[str, Text]:
    """Return what people call the values of the fields of a type of fact."""
    fields = (table_of(declared) for declared in table_of(table.get("fields")).values())
    return {
        value: text_of(table_of(label), value)
        for about in fields
        for value, label in table_of(about.get("values")).items()
    }


def cases_of(clauses: Mapping[str, Clause]) -> Hierarchy:
    """Return each clause with its cases, and theirs: naming it means them as well."""
    return Hierarchy({number: (clause.case_of,) if clause.case_of else () for number, clause in clauses.items()})


def table_of(value: Any) -> dict[str, Any]:
    """Return `value` where it is a table, else an empty one."""
    return value if isinstance(value, dict) else {}


def text_or_none(value: Any) -> str | None:
    """Return `value` where it is text."""
    return value if isinstance(value, str) else None


def _named_in(table: Mapping[str, Any]) -> Iterator[str]:
    """Yield the named conditions that a table of a condition uses."""
    if "type" in table:
        return
    yield from _words(table.get("condition"))
    for key in ("any", "all"):
        for member in table.get(key) or ():
            yield from _named_in(table_of(member))
    if "not" in table:
        yield from _named_in(table_of(table["not"]))


def _members(entries: Any) -> Iterator[tuple[str, ...]]:
    """Yield what each entry of a set lists."""
    for entry in entries if isinstance(entries, list) else [entries]:
        yield _words(entry.get("terms")) if isinstance(entry, Mapping) else _words(entry)


def _span(table: Mapping[str, Any]) -> tuple[int, int]:
    """Return from when and until when a table says."""
    start, end = table.get("from"), table.get("until")
    return -FOREVER if start is None else instant(start), FOREVER if end is None else instant(end)


def _words(value: Any) -> tuple[str, ...]:
    listed = value if isinstance(value, list) else [value]
    return tuple(word for word in listed if isinstance(word, str))
