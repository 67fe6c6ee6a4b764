"""From a pack to a policy: its words and clauses declared once, its rules lowered, all problems in one go."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from typing import TYPE_CHECKING, Any

from policyengine import check
from policyengine.errors import PolicyError, Problem, did_you_mean
from policyengine.event import instant
from policyengine.load import STANDARD, Pack, load_pack
from policyengine.lower import RuleTable, Scope
from policyengine.rule import FOREVER, Clause, ObligationText, Policy, Reading, Rule, placed
from policyengine.schema import policy_schema
from policyengine.source import Document, KeyPath, read
from policyengine.text import Text
from policyengine.validate import problems_of
from policyengine.vocabulary import DIMENSIONS, Attribute, FactField, FactType, Term, Vocabulary

if TYPE_CHECKING:
    from pathlib import Path

    from policyengine.hooks import RuleKind


def build_policy(path: str | Path, kinds: Mapping[str, RuleKind], readings: Mapping[str, str] | None = None) -> Policy:
    """Return the policy of the pack at `path`.

    Args:
        path: a TOML file, or a folder of them.
        kinds: the registered rule kinds by name.
        readings: for some readings of the policy, the value to read it under; a name it does not declare is ignored.

    Raises:
        PolicyError: with every problem of the pack. Nothing of a broken pack is ever used.
    """
    return _Builder(load_pack(path), kinds, readings or {}).policy()


def check_path(path: str | Path, kinds: Mapping[str, RuleKind]) -> list[Problem]:
    """Return every problem of the pack, or of the vocabulary file, at `path`; where it has none, its notes."""
    try:
        pack = load_pack(path)
        builder = _Builder(pack, kinds, {})
        if all(document.data.keys() <= {"vocabulary", "imports"} for document in pack.rules):
            return builder.vocabulary_problems()
        return list(builder.policy().notes)
    except PolicyError as error:
        return list(error.problems)


def standard_vocabulary() -> Vocabulary:
    """Return the words that every policy has: the fact types of section 2 of the contract, and the default form."""
    return _Builder(Pack(STANDARD, (), (read(STANDARD),)), {}, {}).vocabulary()


class _Builder:
    """Collects what the documents of one pack declare, and what is wrong with it."""

    def __init__(self, pack: Pack, kinds: Mapping[str, RuleKind], readings: Mapping[str, str]) -> None:
        self.pack = pack
        self.kinds = kinds
        self.wanted = readings
        self.problems: list[Problem] = []
        self.broken: set[tuple[str, KeyPath]] = set()
        schema = policy_schema(kinds.values())
        for document in pack.documents:
            for where, problem in problems_of(document, schema):
                self.problems.append(problem)
                self.broken.update((document.path, where[:length]) for length in range(len(where) + 1))

    def problem(
        self, code: str, ja: str, en: str, document: Document, *path: str | int, hint: Text | None = None
    ) -> None:
        self.problems.append(Problem(code, Text(ja=ja, en=en), document.place(path), hint))

    def vocabulary_problems(self) -> list[Problem]:
        """Return what is wrong with a pack that is a vocabulary and no policy."""
        self.vocabulary()
        return sorted(self.problems, key=lambda problem: (problem.place is not None, problem.place))

    def policy(self) -> Policy:
        """Put everything together, or raise with all problems."""
        _, about = self._policy_table()
        vocabulary = self.vocabulary()
        readings = self._readings()
        clauses = self._clauses(vocabulary)
        obligations = self._obligations(clauses)
        for name, reading in readings.items():
            if reading.clause is not None and reading.clause not in clauses:
                document = next(found for found, key, _ in self._entries("readings") if key == name)
                self._unknown_clause(reading.clause, clauses, document, "readings", name, "clause")
        scope = Scope(
            vocabulary,
            {number: _with_cases(number, clauses) for number in clauses},
            frozenset(obligations),
            {name: frozenset(reading.values) for name, reading in readings.items()},
            {name: self._chosen(reading) for name, reading in readings.items()},
        )
        tables = list(self._rules(scope))
        self.problems.extend(scope.problems)
        if not self.problems:
            lowered = [rule for _, _, rules in tables for rule in rules]
            self.problems.extend(
                check.clause_problems(clauses, {t.clause for t, _, _ in tables}, self._clause_places())
            )
            self.problems.extend(check.rule_problems(lowered))
        errors = [problem for problem in self.problems if problem.severity == "error"]
        if errors:
            raise PolicyError(sorted(errors, key=lambda problem: (problem.place is not None, problem.place)))
        return Policy(
            id=about["id"],
            version=about["version"],
            title=Text(**about["title"]),
            digest=self.pack.digest,
            governs=None if about["governs"] == "anyone" else frozenset(about["governs"]),
            start=_instant(about.get("from"), -FOREVER),
            end=_instant(about.get("until"), FOREVER),
            contact=about.get("contact"),
            vocabulary=vocabulary,
            clauses=clauses,
            obligations=obligations,
            readings=readings,
            chosen=scope.chosen,
            rules=tuple(rule for _, stands, rules in tables if stands for rule in rules),
            notes=tuple(self._open_points()),
        )

    def _policy_table(self) -> tuple[Document, dict[str, Any]]:
        found = [document for document in self.pack.rules if "policy" in document.data]
        for document in self.pack.vocabularies:
            for key in document.data:
                if key not in ("vocabulary", "imports") and ("", (key,)) not in self.broken:
                    self.problem(
                        "not-a-vocabulary",
                        f"取り込まれる語彙ファイルに「{key}」は書けません",
                        f'an imported vocabulary cannot have "{key}"',
                        document,
                        key,
                    )
        for document in found[1:]:
            self.problem(
                "duplicate-policy",
                f"[policy] は {found[0].path} にもあります",
                f"[policy] stands in {found[0].path} as well",
                document,
                "policy",
            )
        if not found:
            self.problem("no-policy", "[policy] の表がありません", "there is no table [policy]", self.pack.rules[0])
            return self.pack.rules[0], {}
        about = _table(found[0].data["policy"])
        start, end = about.get("from"), about.get("until")
        if isinstance(start, datetime) and isinstance(end, datetime) and _instant(start, 0) >= _instant(end, 0):
            self.problem(
                "impossible-rule", "from が until より後です", "from is at or after until", found[0], "policy", "until"
            )
        return found[0], about

    def _entries(self, *path: str) -> Iterator[tuple[Document, str, dict[str, Any]]]:
        """Yield (document, key, table) for each entry of the table at `path`, over all documents."""
        for document in self.pack.documents:
            found: Any = document.data
            for key in path:
                found = _table(found).get(key)
            for key, value in _table(found).items():
                yield document, key, _table(value)

    def _declare(self, seen: dict[str, Document], name: str, document: Document, *path: str) -> bool:
        """Note that `name` is declared, unless it is already: one name, one meaning."""
        if name in seen:
            self.problem(
                "shadowed-name",
                f"「{name}」は {seen[name].path} で宣言済みです",
                f'"{name}" is already declared in {seen[name].path}',
                document,
                *path,
                name,
            )
            return False
        seen[name] = document
        return True

    def vocabulary(self) -> Vocabulary:
        """Put together the words of all documents."""
        terms: dict[str, dict[str, Term]] = {dimension: {} for dimension in DIMENSIONS}
        sets: dict[str, dict[str, tuple[str, ...]]] = {dimension: {} for dimension in DIMENSIONS}
        for dimension in DIMENSIONS:
            seen: dict[str, Document] = {}
            for document, name, table in self._entries("vocabulary", dimension):
                if self._declare(seen, name, document, "vocabulary", dimension):
                    is_a = table.get("is_a", ())
                    terms[dimension][name] = Term(
                        name, _label(table, name), (is_a,) if isinstance(is_a, str) else tuple(is_a)
                    )
            for document, name, table in self._entries("vocabulary", dimension):
                self._hierarchy(terms[dimension], name, table, document, dimension)
            for document, name, _ in self._entries("vocabulary", "sets", dimension):
                members = document.data["vocabulary"]["sets"][dimension][name]
                path = ("vocabulary", "sets", dimension)
                if self._declare(seen, name, document, *path) and (document.path, (*path, name)) not in self.broken:
                    sets[dimension][name] = tuple(members)
                    self._terms_known(members, dimension, terms, document, *path, name)
        attributes: dict[str, Attribute] = {}
        seen = {}
        for document, name, table in self._entries("vocabulary", "attributes"):
            if self._declare(seen, name, document, "vocabulary", "attributes"):
                attributes[name] = Attribute(name, _label(table, name), table.get("type", "string"))
        return Vocabulary(terms, attributes, self._fact_types(), sets)

    def _hierarchy(
        self, terms: Mapping[str, Term], name: str, table: Mapping[str, Any], document: Document, dimension: str
    ) -> None:
        path = ("vocabulary", dimension, name, "is_a")
        if "is_a" not in table or (document.path, path) in self.broken:
            return
        self._terms_known(terms[name].is_a, dimension, {dimension: terms}, document, *path)
        line, seen = [name], {name}
        while line:
            for parent in terms[line.pop()].is_a if line[-1] in terms else ():
                if parent == name:
                    self.problem(
                        "cyclic-hierarchy",
                        f"「{name}」が自分自身の一種になっています",
                        f'"{name}" is a kind of itself',
                        document,
                        *path,
                    )
                    return
                if parent not in seen and parent in terms:
                    seen.add(parent)
                    line.append(parent)

    def _terms_known(
        self,
        words: Iterable[str],
        dimension: str,
        terms: Mapping[str, Mapping[str, Term]],
        document: Document,
        *path: str,
    ) -> None:
        for index, word in enumerate(words):
            if word not in terms[dimension]:
                self.problem(
                    "unknown-term",
                    f"{dimension} に「{word}」はありません",
                    f'unknown term "{word}" in {dimension}',
                    document,
                    *path,
                    index,
                    hint=did_you_mean(word, terms[dimension]),
                )

    def _fact_types(self) -> dict[str, FactType]:
        found: dict[str, FactType] = {}
        seen: dict[str, Document] = {}
        for document, name, table in self._entries("vocabulary", "facts"):
            if self._declare(seen, name, document, "vocabulary", "facts"):
                fields: dict[str, FactField] = {}
                labels: dict[str, Text] = {}
                for key, declared in _table(table.get("fields")).items():
                    values = _table(_table(declared).get("values"))
                    fields[key] = FactField(
                        key,
                        _table(declared).get("held", "value"),
                        _table(declared).get("list", False),
                        _table(declared).get("required", False),
                        frozenset(values) or None,
                    )
                    if values and fields[key].held != "value":
                        self.problem(
                            "unknown-key",
                            "values を持てるのは held が value の項目だけです",
                            'only a field held against a "value" lists values',
                            document,
                            "vocabulary",
                            "facts",
                            name,
                            "fields",
                            key,
                            "values",
                        )
                    labels.update({value: _label(_table(label), value) for value, label in values.items()})
                found[name] = FactType(name, _label(table, name), fields, labels)
        return found

    def _readings(self) -> dict[str, Reading]:
        found: dict[str, Reading] = {}
        seen: dict[str, Document] = {}
        for document, name, table in self._entries("readings"):
            if not self._declare(seen, name, document, "readings"):
                continue
            values = {value: _label(_table(label), value) for value, label in _table(table.get("values")).items()}
            default = table.get("default", "")
            if default not in values and (document.path, ("readings", name)) not in self.broken:
                self.problem(
                    "unknown-reading-value",
                    f"読み方「{name}」に「{default}」はありません",
                    f'reading "{name}" has no value "{default}"',
                    document,
                    "readings",
                    name,
                    "default",
                    hint=did_you_mean(str(default), values),
                )
            found[name] = Reading(name, _label(table, name), default, values, table.get("clause"))
        return found

    def _chosen(self, reading: Reading) -> str:
        value = self.wanted.get(reading.name, reading.default)
        if value not in reading.values and reading.name in self.wanted:
            known = ", ".join(reading.values)
            self.problems.append(
                Problem(
                    "unknown-reading-value",
                    Text(
                        ja=f"読み方「{reading.name}」に「{value}」はありません。{known} のいずれか",
                        en=f'reading "{reading.name}" has no value "{value}"; it has {known}',
                    ),
                    hint=did_you_mean(str(value), reading.values),
                )
            )
        return value

    def _clause_tables(self) -> Iterator[tuple[Document, int, dict[str, Any]]]:
        for document in self.pack.rules:
            tables = document.data.get("clause", ())
            for index, table in enumerate(tables if isinstance(tables, list) else ()):
                if isinstance(table, dict) and isinstance(table.get("number"), str):
                    yield document, index, table

    def _clause_places(self) -> dict[str, tuple[Document, KeyPath]]:
        return {table["number"]: (document, ("clause", index)) for document, index, table in self._clause_tables()}

    def _clauses(self, vocabulary: Vocabulary) -> dict[str, Clause]:
        found: dict[str, Clause] = {}
        for document, index, table in self._clause_tables():
            number = table["number"]
            if number in found:
                self.problem(
                    "duplicate-id",
                    f"条項「{number}」が二つあります",
                    f'clause "{number}" stands twice',
                    document,
                    "clause",
                    index,
                    "number",
                )
                continue
            defines: dict[str, tuple[str, ...]] = {}
            if (document.path, ("clause", index, "defines")) not in self.broken:
                for dimension, words in _table(table.get("defines")).items():
                    defines[dimension] = tuple(words)
                    for position, word in enumerate(words):
                        if word not in vocabulary.terms[dimension]:
                            self.problem(
                                "unknown-term",
                                f"{dimension} に「{word}」はありません",
                                f'unknown term "{word}" in {dimension}',
                                document,
                                "clause",
                                index,
                                "defines",
                                dimension,
                                position,
                                hint=did_you_mean(word, vocabulary.terms[dimension]),
                            )
            organisational, title = table.get("organisational"), table.get("title")
            found[number] = Clause(
                number,
                _label(_table(table.get("summary")), number),
                _label(_table(title), number) if title else None,
                _label(_table(organisational), number) if organisational else None,
                table.get("ground") is True,
                table.get("case_of"),
                defines,
            )
        for document, index, table in self._clause_tables():
            parent = table.get("case_of")
            if isinstance(parent, str) and (parent not in found or parent == table["number"]):
                self._unknown_clause(parent, found, document, "clause", index, "case_of")
        return found

    def _unknown_clause(self, number: str, known: Iterable[str], document: Document, *path: str | int) -> None:
        self.problem(
            "unknown-clause",
            f"条項「{number}」はありません",
            f'there is no clause "{number}"',
            document,
            *path,
            hint=did_you_mean(number, known),
        )

    def _obligations(self, clauses: Mapping[str, Clause]) -> dict[str, ObligationText]:
        found: dict[str, ObligationText] = {}
        seen: dict[str, Document] = {}
        for document, name, table in self._entries("obligations"):
            if self._declare(seen, name, document, "obligations"):
                clause = table.get("clause", "")
                if isinstance(clause, str) and clause and clause not in clauses:
                    self._unknown_clause(clause, clauses, document, "obligations", name, "clause")
                found[name] = ObligationText(name, clause, _label(table, name), _table(table.get("parameters")))
        return found

    def _rules(self, scope: Scope) -> Iterator[tuple[RuleTable, bool, tuple[Rule, ...]]]:
        """Lower every rule table, those that do not stand under the chosen readings too, so that all are checked."""
        ids: set[str] = set()
        for document, index, clause in self._clause_tables():
            for kind in (kind for name, kind in self.kinds.items() if name in clause):
                tables = clause[kind.name]
                for position, values in enumerate(tables if isinstance(tables, list) else ()):
                    path: KeyPath = ("clause", index, kind.name, position)
                    if (document.path, path) in self.broken:
                        continue
                    default = f"{clause['number']}/{kind.name}" + (f"-{position + 1}" if position else "")
                    table = RuleTable(
                        scope,
                        document,
                        path,
                        values,
                        clause=clause["number"],
                        kind=kind.name,
                        title=kind.title,
                        default_id=default,
                    )
                    if table.head.id in ids:
                        table.problem(
                            "duplicate-id",
                            Text(
                                ja=f"ルール id「{table.head.id}」が二つあります",
                                en=f'rule id "{table.head.id}" stands twice',
                            ),
                            "id",
                        )
                    ids.add(table.head.id)
                    yield (
                        table,
                        table.stands(values.get("under"), "under"),
                        tuple(placed(rule) for rule in kind.lower(table)),
                    )

    def _open_points(self) -> Iterator[Problem]:
        for document, index, table in self._clause_tables():
            for position, point in enumerate(table.get("open", ())):
                yield Problem(
                    "open-point",
                    Text(**point),
                    document.place(("clause", index, "open", position)),
                    severity="note",
                    clause=table["number"],
                )


def _with_cases(number: str, clauses: Mapping[str, Clause]) -> frozenset[str]:
    """Return the clause and, since naming it means them as well, its cases."""
    return frozenset({number, *(clause.number for clause in clauses.values() if clause.case_of == number)})


def _table(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def _label(table: Mapping[str, Any], fallback: str) -> Text:
    ja, en = table.get("ja"), table.get("en")
    return Text(ja=ja if isinstance(ja, str) else fallback, en=en if isinstance(en, str) else fallback)


def _instant(value: Any, default: int) -> int:
    return instant(value.isoformat()) if isinstance(value, datetime) and value.tzinfo else default
