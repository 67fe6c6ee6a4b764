"""From the TOML data of rule files to a policy: words, clauses, and rule tables under a choice of readings."""

from __future__ import annotations

import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

Data = dict[str, Any]

STANDARD = Path(__file__).parents[2] / "src" / "policyengine" / "language" / "standard.toml"
ALWAYS = (datetime.min.replace(tzinfo=UTC), datetime.max.replace(tzinfo=UTC))

DIMENSION_OF = {
    "subjects": "subjects",
    "items": "items",
    "purposes": "purposes",
    "forms": "forms",
    "origins": "origins",
    "services": "services",
    "roles": "roles",
    "recipients": "parties",
    "parties": "parties",
    "countries": "countries",
    "sources": "parties",
    "source_countries": "countries",
    "actors": "actors",
}
"""The keys of a table that list words: the dimension in which the words, and the sets of them, are declared."""


@dataclass
class Words:
    """The words that a policy knows.

    Args:
        terms: for each dimension its terms, each with the terms of which it is a kind.
        remainders: (dimension, term) of each term that, in an event, means none of its kinds.
        attributes: the names of the declared attributes.
        facts: for each type of fact its fields, each with what it is held against.
        values_of: (type, field) of each field whose values are terms, with their dimension.
        listed: (type, field) of each field whose values are listed, with these.
        open: (type, field) of those of which a fact may state another.
        zone: by whose calendar and clock the policy counts.
        represents: the types of which a fact names who stands in for a person.
    """

    terms: dict[str, dict[str, set[str]]] = field(default_factory=dict)
    remainders: set[tuple[str, str]] = field(default_factory=set)
    attributes: set[str] = field(default_factory=set)
    facts: dict[str, dict[str, str]] = field(default_factory=dict)
    values_of: dict[tuple[str, str], str] = field(default_factory=dict)
    listed: dict[tuple[str, str], set[str]] = field(default_factory=dict)
    open: set[tuple[str, str]] = field(default_factory=set)
    zone: str = "UTC"
    represents: set[str] = field(default_factory=set)

    def with_those_of(self, other: Words) -> Words:
        """Return the words of both: the kinds that they give a word, and the fields of a type of fact, add up."""
        both = Words(remainders=self.remainders | other.remainders, attributes=self.attributes | other.attributes)
        both.zone = self.zone
        for words in (self, other):
            for dimension, terms in words.terms.items():
                for term, parents in terms.items():
                    both.terms.setdefault(dimension, {}).setdefault(term, set()).update(parents)
            for name, fields in words.facts.items():
                both.facts.setdefault(name, {}).update(fields)
            both.values_of |= words.values_of
            both.open |= words.open
            for key, values in words.listed.items():
                both.listed.setdefault(key, set()).update(values)
        return both

    def knows(self, dimension: str, word: str) -> bool:
        return word in self.terms.get(dimension, {})

    def is_kind(self, dimension: str, word: str, ancestor: str) -> bool:
        """Whether `word` is `ancestor`, or one of its kinds at any depth."""
        parents = self.terms.get(dimension, {}).get(word, set())
        return word == ancestor or any(self.is_kind(dimension, parent, ancestor) for parent in parents)

    def covers(self, dimension: str, listed: Iterable[str], word: str) -> bool:
        """Whether a list of a rule or a fact, whose words mean their kinds as well, has `word`."""
        return any(self.is_kind(dimension, word, ancestor) for ancestor in listed)

    def meanings(self, dimension: str, word: str) -> set[str]:
        """Return what `word` of an event may mean: itself, and each of its kinds unless it is a remainder."""
        if (dimension, word) in self.remainders:
            return {word}
        return {word, *(term for term in self.terms.get(dimension, {}) if self.is_kind(dimension, term, word))}


@dataclass
class Table:
    """One table of a rule, as it reads under the chosen readings.

    Args:
        id: of the rule.
        clause: the number of the clause that has it.
        kind: its kind.
        values: what it says: each list has its words alone, sets written out.
        span: from when it is in force, inclusive, and until when, exclusive.
        passing: the keys that it lets pass unstated.
    """

    id: str
    clause: str
    kind: str
    values: Data
    span: tuple[datetime, datetime]
    passing: set[str]


@dataclass
class Policy:
    """A policy under a choice of readings.

    Args:
        id: of the policy.
        governs: the controllers that it binds; None for anyone.
        span: from when it is in force, inclusive, and until when, exclusive.
        layer: whether it is a layer.
        words: the words that it knows.
        cases: for each clause the clauses that naming it means: itself and its cases, at any depth.
        shown: for each clause the one that a denial cites: itself, or the one of which it is a case.
        ground: the clause to cite where no clause speaks of a flow.
        tables: the rules that stand under the chosen readings.
        written: kind and table of each rule as the file has it, whatever the readings.
        above: for each clause those that stand above it in the same file.
    """

    id: str
    governs: set[str] | None
    span: tuple[datetime, datetime]
    layer: bool
    words: Words
    cases: dict[str, set[str]]
    shown: dict[str, str]
    ground: str | None
    tables: list[Table]
    written: list[tuple[str, Data]]
    above: dict[str, set[str]] = field(default_factory=dict)


def load(path: Path, readings: Mapping[str, str] | None = None) -> Policy:
    """Read the pack at `path`, a TOML file or a folder of them, with everything that it imports."""
    files = sorted(path.glob("*.toml")) if path.is_dir() else [path]
    files = [file for file in files if not file.name.endswith(".test.toml")]
    documents: dict[Path, Data] = {}
    while files:
        file = files.pop(0).resolve()
        if file not in documents:
            documents[file] = tomllib.loads(file.read_text("utf-8"))
            files += [file.parent / target for target in documents[file].get("imports", [])]
    return policy(list(documents.values()), readings)


def policy(documents: list[Data], readings: Mapping[str, str] | None = None) -> Policy:
    """Return the policy of the data of its rule files and their vocabularies; the standard one is added to them."""
    documents = [*documents, tomllib.loads(STANDARD.read_text("utf-8"))]
    about = next(document["policy"] for document in documents if "policy" in document)
    clauses = [clause for document in documents for clause in document.get("clause", [])]
    declared = {name: table for document in documents for name, table in document.get("readings", {}).items()}
    chosen = {name: (readings or {}).get(name, table["default"]) for name, table in declared.items()}
    parent = {clause["number"]: clause.get("case_of") for clause in clauses}
    named = {name: table for document in documents for name, table in document.get("conditions", {}).items()}
    sets: dict[tuple[str, str], list[str]] = {}
    for document in documents:
        for dimension, named in document.get("vocabulary", {}).get("sets", {}).items():
            sets |= {(dimension, name): members for name, members in named.items()}
    written = [
        (clause["number"], kind, position, table)
        for clause in clauses
        for kind, tables in clause.items()
        if isinstance(tables, list) and kind != "open"
        for position, table in enumerate(tables)
    ]
    tables = []
    for number, kind, position, table in written:
        if _stands(table.get("under", {}), chosen):
            default = f"{number}/{kind}" + (f"-{position + 1}" if position else "")
            values = _read(_inlined(table, named), chosen, sets)
            passing = set(values.get("pass_unstated", []))
            tables.append(Table(table.get("id", default), number, kind, values, span_of(table), passing))
    return Policy(
        about["id"],
        None if about["governs"] == "anyone" else set(about["governs"]),
        span_of(about),
        about.get("layer", False),
        _words(documents),
        {number: {case for case in parent if number in _line(case, parent)} for number in parent},
        {number: parent[number] or number for number in parent},
        next((clause["number"] for clause in clauses if clause.get("ground")), None),
        tables,
        [(kind, table) for _, kind, _, table in written],
        {
            clause["number"]: {above["number"] for above in document["clause"][:place]}
            for document in documents
            for place, clause in enumerate(document.get("clause", []))
        },
    )


def _line(number: str | None, parent: Mapping[str, str | None]) -> list[str]:
    """Return a clause, the one of which it is a case, the one of which that is a case, and so on."""
    return [] if number is None else [number, *_line(parent[number], parent)]


def _words(documents: list[Data]) -> Words:
    words = Words()
    for document in documents:
        words.zone = document.get("policy", {}).get("time_zone", words.zone)
        for dimension, entries in document.get("vocabulary", {}).items():
            if dimension == "sets":
                continue
            for name, entry in entries.items():
                if dimension == "attributes":
                    words.attributes.add(name)
                elif dimension == "facts":
                    for key, about in entry.get("fields", {}).items():
                        if "held" in about:
                            words.facts.setdefault(name, {})[key] = about["held"]
                        if "of" in about:
                            words.values_of[name, key] = about["of"]
                        if about.get("open"):
                            words.open.add((name, key))
                        words.listed.setdefault((name, key), set()).update(about.get("values", {}))
                    if entry.get("represents"):
                        words.represents.add(name)
                else:
                    above = entry.get("is_a", [])
                    parents = words.terms.setdefault(dimension, {}).setdefault(name, set())
                    parents.update([above] if isinstance(above, str) else above)
                    if entry.get("remainder"):
                        words.remainders.add((dimension, name))
    return words


def _stands(under: Mapping[str, Any], chosen: Mapping[str, str]) -> bool:
    """Whether what stands `under` readings does so under the chosen ones: under each of them, any listed value."""
    return all(chosen[name] in ([value] if isinstance(value, str) else value) for name, value in under.items())


def _inlined(value: Any, named: Mapping[str, Data]) -> Any:
    """Return a table with each named condition that it uses written out: what has a name must be met like all else."""
    if isinstance(value, list):
        return [_inlined(member, named) for member in value]
    if not isinstance(value, dict):
        return value
    found = {key: _inlined(member, named) for key, member in value.items() if key not in ("ja", "en")}
    if "condition" in found and "type" not in found:
        names = found.pop("condition")
        said = [named[name] for name in ([names] if isinstance(names, str) else names)]
        found["all"] = [*found.get("all", []), *(_inlined(table, named) for table in said)]
    return found


def _read(value: Any, chosen: Mapping[str, str], sets: Mapping[tuple[str, str], list[str]], key: str = "") -> Any:
    """Return a table, a list or a value as it reads under the chosen readings, sets written out.

    A list keeps what stands. One in which nothing stands has no words, and no flow meets it; an `except` without words
    leaves nothing out, and so is left out itself.
    """
    if isinstance(value, dict):
        read = {name: _read(member, chosen, sets, name) for name, member in value.items() if name != "under"}
        return {name: member for name, member in read.items() if member} if key == "except" else read
    if not isinstance(value, list):
        return value
    found: list[Any] = []
    for entry in value:
        if isinstance(entry, dict) and not ({"term", "terms"} & entry.keys()):
            if _stands(entry.get("under", {}), chosen):
                found.append(_read(entry, chosen, sets))  # one of several conditions, such as the facts of an `all`
            continue
        if isinstance(entry, dict):
            if not _stands(entry.get("under", {}), chosen):
                continue
            members = [entry["term"]] if "term" in entry else []
            members += entry.get("terms", [])
        else:
            members = [entry]
        for member in members:
            found += sets.get((DIMENSION_OF.get(key, ""), member), [member])
    return found


def span_of(table: Mapping[str, Any]) -> tuple[datetime, datetime]:
    """Return from when until when a table is in force."""
    return moment(table.get("from"), ALWAYS[0]), moment(table.get("until"), ALWAYS[1])


def moment(value: str | datetime | None, default: datetime) -> datetime:
    """Return a time of TOML or JSON, or `default` where there is none."""
    if value is None:
        return default
    return value if isinstance(value, datetime) else datetime.fromisoformat(value)
