"""Small wrong changes to rules: what a slip of the pen, or of judgement, would make of a policy."""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from typing import Any

from policyengine.load import Pack
from policyengine.lower import TERM_KEYS
from policyengine.source import Document, KeyPath
from policyengine.text import Text
from policyengine.vocabulary import OPERATIONS, Vocabulary

_LISTS: Mapping[str, str] = {
    **{key: dimension for key, (_, dimension) in TERM_KEYS.items()},
    "parties": "parties",
    "operations": "operations",
    "stops": "operations",
}
"""The keys that list terms, and where their terms are declared."""

_REFERENCES = ("spares", "over", "replaces", "licensed_by")
_CONDITIONS = (*TERM_KEYS, "except", "attributes", "facts")
_COMPARISONS = {
    "below": "at_most",
    "at_most": "below",
    "at_least": "above",
    "above": "at_least",
    "is": "is_not",
    "is_not": "is",
}


@dataclass(frozen=True, slots=True)
class Mutant:
    """One small wrong change.

    Args:
        operator: what sort of change, such as ``drop-term``.
        message: the change, for people.
        document: the path of the changed file.
        path: where in it.
        data: the whole file, changed.
    """

    operator: str
    message: Text
    document: str
    path: KeyPath
    data: dict[str, Any]

    def applied(self, pack: Pack) -> Pack:
        """Return `pack` with the change made."""
        return Pack(
            pack.path,
            tuple(self._changed(document) for document in pack.rules),
            tuple(self._changed(document) for document in pack.vocabularies),
        )

    def _changed(self, document: Document) -> Document:
        return Document(document.path, document.text, self.data) if document.path == self.document else document


def mutants(pack: Pack, vocabulary: Vocabulary, kinds: Iterable[str]) -> Iterator[Mutant]:
    """Yield every mutant of `pack`, in the order of its files.

    Args:
        pack: the pack.
        vocabulary: its words, all of them.
        kinds: the names of the rule kinds.
    """
    for document in pack.rules:
        yield from _Mutator(document, vocabulary, frozenset(kinds)).mutants()


class _Mutator:
    def __init__(self, document: Document, vocabulary: Vocabulary, kinds: frozenset[str]) -> None:
        self.document = document
        self.vocabulary = vocabulary
        self.kinds = kinds

    def mutants(self) -> Iterator[Mutant]:
        data = self.document.data
        yield from self._dates(data.get("policy", {}), ("policy",))
        for name, reading in data.get("readings", {}).items():
            for value in reading["values"]:
                if value != reading["default"]:
                    yield self._set("swap-reading", ("readings", name, "default"), value)
        for dimension, terms in data.get("vocabulary", {}).items():
            if dimension in self.vocabulary.terms:
                for name, term in terms.items():
                    if "is_a" in term:
                        yield self._drop("drop-kind", ("vocabulary", dimension, name, "is_a"))
        for index, clause in enumerate(data.get("clause", ())):
            for kind in (kind for kind in clause if kind in self.kinds):
                for position, table in enumerate(clause[kind]):
                    yield from self._rule(table, ("clause", index, kind, position))

    def _rule(self, table: Mapping[str, Any], path: KeyPath) -> Iterator[Mutant]:
        yield self._drop("drop-rule", path)
        yield from self._dates(table, path)
        yield from self._conditions(table, path)
        for key in _REFERENCES:
            yield from self._each("drop-reference", table.get(key, ()), (*path, key))
        yield from self._each("drop-obligation", table.get("oblige", ()), (*path, "oblige"))
        if "require" in table:
            yield from self._conditions(table["require"], (*path, "require"))
        if "lifted_by" in table:
            yield self._drop("drop-lift", (*path, "lifted_by"))
            yield from self._facts(table["lifted_by"], (*path, "lifted_by"))
        if "not_binding" in table:
            inner = (*path, "not_binding")
            yield self._drop("drop-exemption", inner)
            yield from self._terms("subjects", table["not_binding"]["subjects"], (*inner, "subjects"))
            yield from self._each("drop-obligation", table["not_binding"].get("oblige", ()), (*inner, "oblige"))
        for key in ("stops", "parties", "operations"):
            if key in table:
                yield from self._terms(key, table[key], (*path, key))
        if "under" in table:
            yield self._drop("drop-reading", (*path, "under"))
        for key in ("own_use", "silent"):
            if key in table:
                yield self._set("flip", (*path, key), not table[key])
        if "request" in table:
            kinds = self.vocabulary.facts["request"].fields["kind"].values or frozenset()
            other = next(iter(sorted(kinds - {table["request"]})), None)
            if other is not None:
                yield self._set("change-kind", (*path, "request"), other)

    def _conditions(self, table: Mapping[str, Any], path: KeyPath) -> Iterator[Mutant]:
        for key in _CONDITIONS:
            if key not in table:
                continue
            here = (*path, key)
            yield self._drop("widen-scope", here)
            if key in TERM_KEYS:
                yield from self._terms(key, table[key], here)
            elif key == "except":
                for inner, words in table[key].items():
                    yield from self._terms(inner, words, (*here, inner))
            elif key == "facts":
                yield from self._facts(table[key], here)
            else:
                for name, tests in table[key].items():
                    for op, value in tests.items():
                        yield self._change(
                            "change-comparison",
                            (*here, name),
                            partial(_compared_otherwise, op=op, value=value),
                        )
                        if isinstance(value, int) and not isinstance(value, bool):
                            yield self._set("shift-value", (*here, name, op), value + 1)

    def _terms(self, key: str, entries: list[Any], path: KeyPath) -> Iterator[Mutant]:
        yield from self._each("drop-term", entries, path)
        listed = {word for entry in entries for word in _words(entry)}
        dimension = _LISTS[key]
        known = self._known(dimension)
        meant = {kind for word in listed for kind in self._kinds(dimension, word)}
        for index, entry in enumerate(entries):
            if isinstance(entry, str) and entry in known:
                for other in self._relatives(dimension, entry):
                    if other not in listed:
                        yield self._set("replace-term", (*path, index), other)
            elif isinstance(entry, dict):
                yield self._set("drop-reading", (*path, index), next(_words(entry)))
        added = next((word for word in known if word not in meant), None)
        if added is not None:
            yield self._change("add-term", path, partial(_with_word, word=added), Text(added, added))

    def _facts(self, expression: Mapping[str, Any], path: KeyPath) -> Iterator[Mutant]:
        yield self._change("negate-requirement", path, lambda found: {"not": found})
        for form in ("all", "any"):
            for index, part in enumerate(expression.get(form, ())):
                if len(expression[form]) > 1:
                    yield self._drop("drop-requirement", (*path, form, index))
                yield from self._facts(part, (*path, form, index))
            if len(expression.get(form, ())) > 1:
                other = "any" if form == "all" else "all"
                yield self._change("swap-and-or", path, partial(_renamed, old=form, new=other))
        if "not" in expression:
            yield self._change("negate-requirement", path, lambda found: found["not"])
            yield from self._facts(expression["not"], (*path, "not"))
        if "type" in expression:
            declared = self.vocabulary.facts[expression["type"]]
            for key, value in expression.items():
                field = declared.fields.get(key)
                if key == "unheld" or field is None:
                    continue
                yield self._drop("widen-requirement", (*path, key))
                for other in sorted((field.values or frozenset()) - {value})[:1] if isinstance(value, str) else ():
                    yield self._set("change-kind", (*path, key), other)
            if "unheld" in expression:
                yield self._drop("hold-field", (*path, "unheld"))

    def _dates(self, table: Mapping[str, Any], path: KeyPath) -> Iterator[Mutant]:
        for key in ("from", "until"):
            if key in table:
                for days in (-1, 1):
                    shifted = datetime.fromisoformat(table[key]) + timedelta(days=days)
                    yield self._set("shift-date", (*path, key), shifted.isoformat())

    def _each(self, operator: str, entries: Iterable[Any], path: KeyPath) -> Iterator[Mutant]:
        entries = list(entries)
        for index, entry in enumerate(entries):
            if len(entries) > 1:
                yield self._drop(operator, (*path, index), Text(_shown(entry), _shown(entry)))
            elif path[-1] not in _LISTS:
                yield self._drop(operator, path, Text(_shown(entry), _shown(entry)))

    def _known(self, dimension: str) -> list[str]:
        if dimension == "operations":
            return list(OPERATIONS)
        return [*self.vocabulary.terms.get(dimension, ())]

    def _kinds(self, dimension: str, word: str) -> Iterable[str]:
        if dimension not in self.vocabulary.terms:
            return (word,)
        members = self.vocabulary.sets.get(dimension, {}).get(word, (word,))
        return self.vocabulary.closure(dimension, members)

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

    def _drop(self, operator: str, path: KeyPath, what: Text | None = None) -> Mutant:
        def dropped(holder: Any) -> Any:
            if isinstance(holder, list):
                return [member for index, member in enumerate(holder) if index != path[-1]]
            return _without(holder, path[-1])

        data = copy.deepcopy(self.document.data)
        _replace(data, path[:-1], dropped)
        parent = path
        # An empty list of tables is no table at all: the rule was the clause's only one of its kind.
        if operator == "drop-rule" and not _at(data, path[:-1]):
            _replace(data, path[:-2], lambda holder: _without(holder, path[-2]))
        return self._mutant(operator, parent, data, what)

    def _set(self, operator: str, path: KeyPath, value: Any) -> Mutant:
        return self._change(operator, path, lambda _: value, Text(_shown(value), _shown(value)))

    def _change(self, operator: str, path: KeyPath, change: Callable[[Any], Any], what: Text | None = None) -> Mutant:
        data = copy.deepcopy(self.document.data)
        _replace(data, path, change)
        return self._mutant(operator, path, data, what)

    def _mutant(self, operator: str, path: KeyPath, data: dict[str, Any], what: Text | None) -> Mutant:
        where = self._where(path)
        shown = what or Text("", "")
        message = Text(
            ja=f"{_WORDS[operator].ja} {shown.ja} — {where}", en=f"{_WORDS[operator].en} {shown.en} — {where}"
        )
        message = Text(ja=" ".join(message.ja.split()), en=" ".join(message.en.split()))
        return Mutant(operator, message, self.document.path, path, data)

    def _where(self, path: KeyPath) -> str:
        if path[:1] != ("clause",):
            return ".".join(str(key) for key in path)
        clause = self.document.data["clause"][path[1]]
        rest = [str(key) for key in path[3:] if not isinstance(key, int)]
        return f"{clause['number']} {'.'.join([str(path[2]), *rest])}"


_WORDS: Mapping[str, Text] = {
    "drop-rule": Text(ja="ルールを外す", en="rule dropped"),
    "drop-term": Text(ja="語を外す", en="term dropped:"),
    "add-term": Text(ja="語を加える", en="term added:"),
    "replace-term": Text(ja="語を置き換える", en="term replaced by"),
    "drop-kind": Text(ja="上位の語から外す", en="is_a dropped"),
    "drop-reference": Text(ja="条項の参照を外す", en="clause no longer referred to:"),
    "drop-obligation": Text(ja="義務を外す", en="obligation lost:"),
    "drop-lift": Text(ja="解除の条件を外す", en="what lifts it dropped"),
    "drop-exemption": Text(ja="拘束しない人を外す", en="exemption dropped"),
    "drop-reading": Text(ja="読み方の限定を外す", en="no longer under a reading"),
    "drop-requirement": Text(ja="要件を外す", en="requirement removed"),
    "negate-requirement": Text(ja="要件を逆にする", en="requirement negated"),
    "swap-and-or": Text(ja="all と any を入れ替える", en="all and any swapped"),
    "widen-requirement": Text(ja="要件を緩める", en="requirement widened"),
    "widen-scope": Text(ja="範囲を広げる", en="scope widened"),
    "change-kind": Text(ja="種類を変える", en="kind changed to"),
    "change-comparison": Text(ja="比較を変える", en="comparison changed"),
    "shift-value": Text(ja="境の値をずらす", en="boundary shifted to"),
    "shift-date": Text(ja="日付をずらす", en="date shifted to"),
    "swap-reading": Text(ja="読み方の既定を変える", en="default reading changed to"),
    "hold-field": Text(ja="問わない項目を問う", en="field held again"),
    "flip": Text(ja="真偽を逆にする", en="flipped to"),
}


def _words(entry: Any) -> Iterator[str]:
    if isinstance(entry, str):
        yield entry
    else:
        yield from (*([entry["term"]] if "term" in entry else ()), *entry.get("terms", ()))


def _shown(value: Any) -> str:
    return ", ".join(_words(value)) if isinstance(value, dict) else str(value)


def _compared_otherwise(tests: Mapping[str, Any], op: str, value: Any) -> dict[str, Any]:
    return {**_without(tests, op), _COMPARISONS[op]: value}


def _with_word(entries: list[Any], word: str) -> list[Any]:
    return [*entries, word]


def _renamed(expression: Mapping[str, Any], old: str, new: str) -> dict[str, Any]:
    return {new: expression[old]}


def _without(table: Mapping[str, Any], key: Any) -> dict[str, Any]:
    return {name: value for name, value in table.items() if name != key}


def _at(data: Any, path: KeyPath) -> Any:
    for key in path:
        data = data[key]
    return data


def _replace(data: Any, path: KeyPath, change: Callable[[Any], Any]) -> None:
    """Put what `change` makes of the value at `path` in its place."""
    if not path:
        changed = change(dict(data))
        data.clear()
        data.update(changed)
        return
    holder = _at(data, path[:-1])
    holder[path[-1]] = change(holder[path[-1]])
