"""Small wrong changes to rules: what a slip of the pen, or of judgement, would make of a policy."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from policyengine.errors import KeyPath
from policyengine.language.pack import Pack
from policyengine.language.source import Document
from policyengine.language.table import TERM_KEYS
from policyengine.model.operation import OPERATIONS
from policyengine.model.policy import Policy
from policyengine.model.rule import Permit
from policyengine.suite.changes import changed, shown, without, words_of
from policyengine.text import Text

if TYPE_CHECKING:
    from policyengine.language.kind import RuleKind

_LISTS: Mapping[str, str] = {
    **{key: dimension for key, (_, dimension) in TERM_KEYS.items()},
    "parties": "parties",
    "operations": "operations",
    "stops": "operations",
}
"""The keys that list terms, and where their terms are declared."""

_REFERENCES = ("spares", "over", "replaces", "licensed_by")
"""The keys that list clauses."""

_FLAGS = {"own_use": True, "silent": False}
"""The keys that are true or false, with what counts where a table leaves them out."""

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
        clause: the clause that it is in; None where it is in no single one.
        data: the whole file, changed.
    """

    operator: str
    message: Text
    document: str
    path: KeyPath
    clause: str | None
    data: dict[str, Any]

    def applied(self, pack: Pack) -> Pack:
        """Return `pack` with the change made."""
        return Pack(
            pack.path,
            tuple(self._changed(document) for document in pack.rules),
            tuple(self._changed(document) for document in pack.vocabularies),
        )

    def _changed(self, document: Document) -> Document:
        return document.with_data(self.data) if document.path == self.document else document


def mutants(pack: Pack, policy: Policy, kinds: Mapping[str, RuleKind]) -> Iterator[Mutant]:
    """Yield every mutant of `pack`, in the order of its files.

    Args:
        pack: the pack.
        policy: what it says: its words, and which clauses permit something.
        kinds: the registered rule kinds by name.
    """
    for document in pack.rules:
        yield from _Mutator(document, policy, kinds).mutants()


class _Mutator:
    def __init__(self, document: Document, policy: Policy, kinds: Mapping[str, RuleKind]) -> None:
        self.document = document
        self.data = document.data
        self.vocabulary = policy.vocabulary
        self.readings = policy.readings
        self.kinds = kinds
        self.permitting: dict[str, set[str]] = {}
        self.licensing: list[str] = []
        for permit in (rule for rule in policy.rules if isinstance(rule, Permit)):
            self.permitting.setdefault(permit.head.clause, set()).update(permit.operations)
            if permit.licence and permit.head.clause not in self.licensing:
                self.licensing.append(permit.head.clause)

    def mutants(self) -> Iterator[Mutant]:
        yield from self._dates(self.data.get("policy", {}), ("policy",))
        for name, reading in self.data.get("readings", {}).items():
            for value in reading["values"]:
                if value != reading["default"]:
                    yield self._set("swap-reading", ("readings", name, "default"), value)
        yield from self._words(self.data.get("vocabulary", {}))
        for index, clause in enumerate(self.data.get("clause", ())):
            if "case_of" in clause:
                yield self._drop("drop-case", ("clause", index, "case_of"))
            for name, kind in self.kinds.items():
                for position, table in enumerate(clause.get(name, ())):
                    yield from self._rule(kind, table, ("clause", index, name, position))

    def _words(self, declared: Mapping[str, Any]) -> Iterator[Mutant]:
        for dimension, terms in declared.items():
            if dimension in self.vocabulary.terms:
                for name, term in terms.items():
                    path: KeyPath = ("vocabulary", dimension, name, "is_a")
                    if isinstance(term.get("is_a"), list) and len(term["is_a"]) > 1:
                        for index, parent in enumerate(term["is_a"]):
                            yield self._drop("drop-kind", (*path, index), parent)
                    elif "is_a" in term:
                        yield self._drop("drop-kind", path)
        for dimension, sets in declared.get("sets", {}).items():
            for name, members in sets.items():
                yield from self._terms(dimension, members, ("vocabulary", "sets", dimension, name))

    def _rule(self, kind: RuleKind, table: Mapping[str, Any], path: KeyPath) -> Iterator[Mutant]:
        yield self._drop("drop-rule", path)
        yield from self._dates(table, path)
        yield from self._under(table, path)
        yield from self._conditions(table, path, kind.required)
        for key in ("parties", "operations", "stops"):
            if key in table:
                yield from self._list(key, table[key], (*path, key), required=key in kind.required)
        for key in _REFERENCES:
            if key in table:
                operations = _listed(table.get("stops", table.get("operations", [*OPERATIONS])))
                yield from self._references(key, table[key], operations, (*path, key), key in kind.required)
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
        for key, default in _FLAGS.items():
            if key in kind.properties:
                yield self._set("flip", (*path, key), not table.get(key, default), key)
        if "request" in table:
            for other in sorted((self._values("request", "kind")) - {table["request"]}):
                yield self._set("change-kind", (*path, "request"), other)

    def _under(self, table: Mapping[str, Any], path: KeyPath) -> Iterator[Mutant]:
        """Yield what can go wrong with a table, or an entry of a list, that stands under a reading."""
        if "under" not in table:
            return
        yield self._drop("drop-reading", (*path, "under"))
        for name, wanted in table["under"].items():
            listed = [wanted] if isinstance(wanted, str) else wanted
            for value in self.readings[name].values:
                if value not in listed:
                    yield self._set("swap-reading", (*path, "under", name), value)

    def _conditions(
        self, table: Mapping[str, Any], path: KeyPath, required: frozenset[str] = frozenset()
    ) -> Iterator[Mutant]:
        for key in (key for key in TERM_KEYS if key in table):
            yield from self._list(key, table[key], (*path, key), required=key in required)
        if "except" in table:
            here = (*path, "except")
            for key, entries in table["except"].items():
                yield self._drop("widen-scope", (*here, key) if len(table["except"]) > 1 else here, shown(entries))
                yield from self._terms(_LISTS[key], entries, (*here, key), self._meant(_LISTS[key], table.get(key)))
        if "facts" in table:
            yield self._drop("widen-scope", (*path, "facts"))
            yield from self._facts(table["facts"], (*path, "facts"))
        for name, tests in table.get("attributes", {}).items():
            here = (*path, "attributes", name)
            yield self._drop("widen-scope", here if len(table["attributes"]) > 1 else here[:-1])
            for op, value in tests.items():
                other = _COMPARISONS[op]
                if other not in tests:
                    yield self._change("change-comparison", here, _renamed(op, other), other)
                if isinstance(value, int) and not isinstance(value, bool):
                    for near in (value - 1, value + 1):
                        yield self._set("shift-value", (*here, op), near)

    def _list(self, key: str, entries: list[Any], path: KeyPath, *, required: bool) -> Iterator[Mutant]:
        """Yield what can go wrong with one of the lists of terms that say which flows a rule means."""
        if not required:
            yield self._drop("widen-scope", path)
        elif everything := self._known(_LISTS[key]):  # a rule cannot do without the list
            yield self._change("widen-scope", path, lambda _: everything)
        yield from self._terms(_LISTS[key], entries, path)

    def _terms(
        self, dimension: str, entries: list[Any], path: KeyPath, among: Collection[str] | None = None
    ) -> Iterator[Mutant]:
        """Yield what can go wrong with a list of terms; what is added to it is one of `among`, or any known term."""
        yield from self._each("drop-term", entries, path)
        listed = _listed(entries)
        for index, entry in enumerate(entries):
            if isinstance(entry, str):
                for other in self._relatives(dimension, entry):
                    if other not in listed:
                        yield self._set("replace-term", (*path, index), other)
            else:
                yield from self._each("drop-term", entry.get("terms", ()), (*path, index, "terms"))
                yield from self._under(entry, (*path, index))
        meant = self._meant(dimension, entries) or ()
        for word in self._known(dimension):
            if word not in meant and (among is None or word in among):
                yield self._add("add-term", path, word)

    def _references(
        self, key: str, entries: list[Any], operations: set[str], path: KeyPath, required: bool
    ) -> Iterator[Mutant]:
        """Yield what can go wrong with a list of clauses: one too few, one too many, or no list at all.

        A clause that permits none of the rule's `operations` is not added: it would mean nothing there.
        """
        yield from self._each("drop-reference", entries, path)
        if not required and len(entries) > 1:
            yield self._drop("widen-scope", path)
        listed = _listed(entries)
        known = self.licensing if key == "licensed_by" else [c for c, o in self.permitting.items() if o & operations]
        for clause in known:
            if not listed & {clause, self._case_of(clause)}:
                yield self._add("add-reference", path, clause)

    def _facts(self, expression: Mapping[str, Any], path: KeyPath) -> Iterator[Mutant]:
        if "not" in expression:
            yield self._change("negate-requirement", path, lambda found: found["not"])
            yield from self._facts(expression["not"], (*path, "not"))
        else:
            yield self._change("negate-requirement", path, lambda found: {"not": found})
        for form, other in (("all", "any"), ("any", "all")):
            parts = expression.get(form, ())
            for index, part in enumerate(parts):
                if len(parts) > 1:
                    yield self._drop("drop-requirement", (*path, form, index))
                yield from self._facts(part, (*path, form, index))
            if len(parts) > 1:
                yield self._change("swap-and-or", path, _renamed(form, other))
        if "type" in expression:
            yield from self._fact(expression, path)

    def _fact(self, fact: Mapping[str, Any], path: KeyPath) -> Iterator[Mutant]:
        for name in self.vocabulary.facts[fact["type"]].fields:
            values = self._values(fact["type"], name)
            if name not in fact:
                for value in sorted(values):
                    yield self._set("narrow-requirement", (*path, name), value)
                continue
            yield self._drop("widen-requirement", (*path, name))
            wanted = fact[name]
            if isinstance(wanted, str):
                for other in sorted(values - {wanted}):
                    yield self._set("change-kind", (*path, name), other)
            else:
                yield from self._each("drop-term", wanted, (*path, name))
                for other in sorted(values - set(wanted)):
                    yield self._add("add-term", (*path, name), other)
        yield from self._each("hold-field", fact.get("unheld", ()), (*path, "unheld"))

    def _dates(self, table: Mapping[str, Any], path: KeyPath) -> Iterator[Mutant]:
        for key in ("from", "until"):
            if key in table:
                for days in (-1, 1):
                    shifted = datetime.fromisoformat(table[key]) + timedelta(days=days)
                    yield self._set("shift-date", (*path, key), shifted.isoformat())

    def _each(self, operator: str, entries: Iterable[Any], path: KeyPath) -> Iterator[Mutant]:
        """Yield the mutants without one entry of a list; a list of terms keeps its last one, others go with it."""
        entries = list(entries)
        for index, entry in enumerate(entries):
            if len(entries) > 1:
                yield self._drop(operator, (*path, index), shown(entry))
            elif operator != "drop-term":
                yield self._drop(operator, path, shown(entry))

    def _case_of(self, clause: str) -> str | None:
        return next((table.get("case_of") for table in self.data.get("clause", ()) if table["number"] == clause), None)

    def _values(self, fact_type: str, name: str) -> frozenset[str]:
        """Return the values of which a rule can name some in a field of a fact."""
        return self.vocabulary.facts[fact_type].fields[name].values or frozenset()

    def _known(self, dimension: str) -> list[str]:
        return [*OPERATIONS] if dimension == "operations" else [*self.vocabulary.terms.get(dimension, ())]

    def _meant(self, dimension: str, entries: list[Any] | None) -> frozenset[str] | None:
        """Return the terms that a list means, with their kinds; None where there is no list."""
        if entries is None:
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

    def _drop(self, operator: str, path: KeyPath, what: str = "") -> Mutant:
        return self._mutant(operator, path, without(self.data, path), what)

    def _set(self, operator: str, path: KeyPath, value: Any, name: str = "") -> Mutant:
        return self._change(operator, path, lambda _: value, f"{name} {shown(value)}")

    def _add(self, operator: str, path: KeyPath, word: str) -> Mutant:
        return self._change(operator, path, lambda entries: [*entries, word], word)

    def _change(self, operator: str, path: KeyPath, change: Callable[[Any], Any], what: str = "") -> Mutant:
        return self._mutant(operator, path, changed(self.data, path, change), what)

    def _mutant(self, operator: str, path: KeyPath, data: dict[str, Any], what: str) -> Mutant:
        clause, where = None, ".".join(str(key) for key in path)
        if path[0] == "clause":
            table = self.data["clause"][path[1]]
            clause = table["number"]
            where = f"{clause} {'.'.join(str(key) for key in path[2:] if not isinstance(key, int))}"
        words = _WORDS[operator]
        message = Text(
            ja=" ".join(f"{words.ja} {what} — {where}".split()), en=" ".join(f"{words.en} {what} — {where}".split())
        )
        return Mutant(operator, message, self.document.path, path, clause, data)


_WORDS: Mapping[str, Text] = {
    "drop-rule": Text(ja="ルールを外す", en="rule dropped"),
    "drop-case": Text(ja="親の条項から外す", en="no longer a case of its clause"),
    "drop-term": Text(ja="語を外す", en="term dropped:"),
    "add-term": Text(ja="語を加える", en="term added:"),
    "replace-term": Text(ja="語を置き換える", en="term replaced by"),
    "drop-kind": Text(ja="上位の語から外す", en="is_a dropped"),
    "drop-reference": Text(ja="条項の参照を外す", en="clause no longer referred to:"),
    "add-reference": Text(ja="条項の参照を加える", en="clause referred to:"),
    "drop-obligation": Text(ja="義務を外す", en="obligation lost:"),
    "drop-lift": Text(ja="解除の条件を外す", en="what lifts it dropped"),
    "drop-exemption": Text(ja="拘束しない人を外す", en="exemption dropped"),
    "drop-reading": Text(ja="読み方の限定を外す", en="no longer under a reading"),
    "drop-requirement": Text(ja="要件を外す", en="requirement removed"),
    "negate-requirement": Text(ja="要件を逆にする", en="requirement negated"),
    "swap-and-or": Text(ja="all と any を入れ替える", en="all and any swapped"),
    "widen-requirement": Text(ja="要件を緩める", en="requirement widened"),
    "narrow-requirement": Text(ja="要件を狭める", en="requirement narrowed to"),
    "widen-scope": Text(ja="範囲の限定を外す", en="scope widened"),
    "change-kind": Text(ja="種類を変える", en="kind changed to"),
    "change-comparison": Text(ja="比較を変える", en="comparison changed to"),
    "shift-value": Text(ja="境の値をずらす", en="boundary shifted to"),
    "shift-date": Text(ja="日付をずらす", en="date shifted to"),
    "swap-reading": Text(ja="読み方を変える", en="reading changed to"),
    "hold-field": Text(ja="問わない項目を問う", en="field held again:"),
    "flip": Text(ja="真偽を逆にする", en="set to the contrary:"),
}


def _listed(entries: Iterable[Any]) -> set[str]:
    return {word for entry in entries for word in words_of(entry)}


def _renamed(old: str, new: str) -> Callable[[Mapping[str, Any]], dict[str, Any]]:
    """Return the change that gives a key of a table another name, in its place."""
    return lambda table: {new if key == old else key: value for key, value in table.items()}
