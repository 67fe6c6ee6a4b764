"""What the documents of a pack declare: words, readings, clauses and obligations, each once, with all that is wrong."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, Any

from policyengine.errors import Problem, did_you_mean
from policyengine.language.pack import Pack
from policyengine.language.schema import policy_schema
from policyengine.language.source import Document
from policyengine.language.validate import problems_of
from policyengine.model.fact import VALUE, FactField, FactType
from policyengine.model.policy import Clause, ObligationText, Reading
from policyengine.model.vocabulary import DIMENSIONS, Attribute, Term, Vocabulary, ancestors
from policyengine.text import Text

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
        schema = policy_schema(kinds.values())
        for document in () if trusted else pack.documents:
            for where, problem in problems_of(document, schema):
                self.problems.append(self._of_kind(document, where, problem))
                self._broken.update((document.path, where[:length]) for length in range(len(where) + 1))

    def problem(
        self, code: str, ja: str, en: str, document: Document, *path: str | int, hint: Text | None = None
    ) -> None:
        """Report what is wrong at `path` of a document."""
        self.problems.append(Problem(code, Text(ja=ja, en=en), document.place(path), hint))

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
        attributes = {
            name: Attribute(name, label_of(table, name), table.get("type", "string"))
            for _, name, table in self._declared("vocabulary", "attributes")
        }
        return Vocabulary(terms, attributes, self._fact_types(), sets)

    def readings(self) -> dict[str, Reading]:
        """Return the readings by name."""
        found: dict[str, Reading] = {}
        for document, name, table in self._declared("readings"):
            values = {value: label_of(table_of(label), value) for value, label in table_of(table.get("values")).items()}
            default, clause = text_or_none(table.get("default")) or "", text_or_none(table.get("clause"))
            if default not in values and not self.broken(document, "readings", name):
                self.problem(
                    "unknown-reading-value",
                    f"読み方「{name}」に「{default}」はありません",
                    f'reading "{name}" has no value "{default}"',
                    document,
                    *("readings", name, "default"),
                    hint=did_you_mean(default, values),
                )
            found[name] = Reading(name, label_of(table, name), default, values, clause)
        return found

    def clause_tables(self) -> Iterator[tuple[Document, int, dict[str, Any]]]:
        """Yield (document, index, table) for each clause that has a number."""
        for document in self.pack.rules:
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
                self.problem(
                    "duplicate-id",
                    f"条項「{number}」が二つあります",
                    f'clause "{number}" stands twice',
                    document,
                    *("clause", index, "number"),
                )
                continue
            organisational, title = table.get("organisational"), table.get("title")
            found[number] = Clause(
                number,
                label_of(table_of(table.get("summary")), number),
                label_of(table_of(title), number) if title else None,
                label_of(table_of(organisational), number) if organisational else None,
                table.get("ground") is True,
                text_or_none(table.get("case_of")),
                self._defines(document, index, table, vocabulary),
            )
        for document, index, table in self.clause_tables():
            self._case(document, index, table, found)
        for document, name, table in self._entries("readings"):
            self.clause_known(table.get("clause"), found, document, "readings", name, "clause")
        return found

    def obligations(self, clauses: Mapping[str, Clause]) -> dict[str, ObligationText]:
        """Return the obligations by id."""
        found: dict[str, ObligationText] = {}
        for document, name, table in self._declared("obligations"):
            clause = table.get("clause", "")
            self.clause_known(clause, clauses, document, "obligations", name, "clause")
            found[name] = ObligationText(name, clause, label_of(table, name), table_of(table.get("parameters")))
        return found

    def clause_known(self, number: Any, known: Iterable[str], document: Document, *path: str | int) -> None:
        """Report the number of a clause that is not there."""
        if isinstance(number, str) and number not in known:
            self.problem(
                "unknown-clause",
                f"条項「{number}」はありません",
                f'there is no clause "{number}"',
                document,
                *path,
                hint=did_you_mean(number, known),
            )

    def _of_kind(self, document: Document, where: KeyPath, problem: Problem) -> Problem:
        """Return `problem`, or what it is where an unknown key of a clause is meant as a kind of rule."""
        if problem.code == "unknown-key" and len(where) == 3 and where[0] == "clause":
            name = str(where[2])
            if isinstance(document.data["clause"][where[1]][name], list):
                message = Text(ja=f"未知のルールの種類「{name}」", en=f'unknown kind of rule "{name}"')
                return Problem("unknown-kind", message, problem.place, did_you_mean(name, self.kinds))
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
        self, *path: str, seen: dict[str, Document] | None = None
    ) -> Iterator[tuple[Document, str, dict[str, Any]]]:
        """Yield the entries of the table at `path` whose name is not declared already: one name, one meaning."""
        seen = {} if seen is None else seen
        for document, name, table in self._entries(*path):
            if name in seen:
                self.problem(
                    "shadowed-name",
                    f"「{name}」は {seen[name].path} で宣言済みです",
                    f'"{name}" is already declared in {seen[name].path}',
                    document,
                    *(*path, name),
                )
            else:
                seen[name] = document
                yield document, name, table

    def _terms(self, dimension: str, seen: dict[str, Document]) -> dict[str, Term]:
        declared = list(self._declared("vocabulary", dimension, seen=seen))
        terms = {name: Term(name, label_of(table, name), _words(table.get("is_a"))) for _, name, table in declared}
        for document, name, _ in declared:
            path = ("vocabulary", dimension, name, "is_a")
            if not self.broken(document, *path):
                self._known(terms[name].is_a, dimension, terms, document, *path)
            if name in ancestors(name, terms):
                self.problem(
                    "cyclic-hierarchy",
                    f"「{name}」が自分自身の一種になっています",
                    f'"{name}" is a kind of itself',
                    document,
                    *path,
                )
        return terms

    def _sets(self, dimension: str, seen: dict[str, Document], terms: Mapping[str, Term]) -> dict[str, tuple[str, ...]]:
        found: dict[str, tuple[str, ...]] = {}
        path = ("vocabulary", "sets", dimension)
        for document, name, _ in self._declared(*path, seen=seen):
            found[name] = _words(document.data["vocabulary"]["sets"][dimension][name])
            if not self.broken(document, *path, name):
                self._known(found[name], dimension, terms, document, *path, name)
        return found

    def _defines(
        self, document: Document, index: int, table: Mapping[str, Any], vocabulary: Vocabulary
    ) -> dict[str, tuple[str, ...]]:
        path = ("clause", index, "defines")
        defines = {} if self.broken(document, *path) else table_of(table.get("defines"))
        for dimension, words in defines.items():
            self._known(words, dimension, vocabulary.terms[dimension], document, *path, dimension)
        return {dimension: tuple(words) for dimension, words in defines.items()}

    def _known(
        self, words: Iterable[str], dimension: str, terms: Iterable[str], document: Document, *path: str | int
    ) -> None:
        """Report each of the `words` listed at `path` that is no term of `dimension`."""
        for index, word in enumerate(words):
            if word not in terms:
                self.problem(
                    "unknown-term",
                    f"{dimension} に「{word}」はありません",
                    f'unknown term "{word}" in {dimension}',
                    document,
                    *(*path, index),
                    hint=did_you_mean(word, terms),
                )

    def _fact_types(self) -> dict[str, FactType]:
        found: dict[str, FactType] = {}
        for document, name, table in self._declared("vocabulary", "facts"):
            fields: dict[str, FactField] = {}
            labels: dict[str, Text] = {}
            for key, declared in table_of(table.get("fields")).items():
                about = table_of(declared)
                values = table_of(about.get("values"))
                held = about.get("held", VALUE)
                fields[key] = FactField(
                    key, held, about.get("list") is True, about.get("required") is True, frozenset(values) or None
                )
                if values and held != VALUE:
                    self.problem(
                        "unknown-key",
                        "values を持てるのは held が value の項目だけです",
                        'only a field held against a "value" lists values',
                        document,
                        *("vocabulary", "facts", name, "fields", key, "values"),
                    )
                labels.update({value: label_of(table_of(label), value) for value, label in values.items()})
            found[name] = FactType(name, label_of(table, name), fields, labels)
        return found

    def _case(self, document: Document, index: int, table: Mapping[str, Any], clauses: Mapping[str, Clause]) -> None:
        """Report a case of a clause that is not there, or that is itself a case of this one."""
        path = ("clause", index, "case_of")
        self.clause_known(table.get("case_of"), clauses, document, *path)
        seen: set[str] = set()
        parent = clauses[table["number"]].case_of
        while parent is not None and parent in clauses and parent not in seen:
            seen.add(parent)
            parent = clauses[parent].case_of
        if table["number"] in seen:
            self.problem(
                "cyclic-hierarchy",
                f"条項「{table['number']}」が自分自身の場合（case_of）になっています",
                f'clause "{table["number"]}" is a case of itself',
                document,
                *path,
            )


def table_of(value: Any) -> dict[str, Any]:
    """Return `value` where it is a table, else an empty one."""
    return value if isinstance(value, dict) else {}


def text_or_none(value: Any) -> str | None:
    """Return `value` where it is text."""
    return value if isinstance(value, str) else None


def label_of(table: Mapping[str, Any], fallback: str) -> Text:
    """Return the text that `table` has in both languages, with `fallback` for one that it lacks."""
    ja, en = text_or_none(table.get("ja")), text_or_none(table.get("en"))
    return Text(ja=ja or fallback, en=en or fallback)


def _words(value: Any) -> tuple[str, ...]:
    listed = value if isinstance(value, list) else [value]
    return tuple(word for word in listed if isinstance(word, str))
