"""Small wrong changes to rules: what a slip of the pen, or of judgement, would make of a policy."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from policyengine.errors import KeyPath
from policyengine.language.pack import Pack
from policyengine.language.schema import rule_schema
from policyengine.language.source import Document
from policyengine.model.policy import Policy
from policyengine.model.vocabulary import DIMENSIONS
from policyengine.schema.pieces import Schema
from policyengine.suite.changes import changed, without
from policyengine.suite.slips import Slip, Slips, replacing
from policyengine.text import Text

if TYPE_CHECKING:
    from policyengine.language.kind import RuleKind


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
            tuple(self._changed(document) for document in pack.imported),
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
    declared = [name for document in pack.documents for name in document.data.get("conditions", ())]
    slips = Slips(policy, declared)
    schemas = {name: rule_schema(kind) for name, kind in kinds.items()}
    for document in pack.own:
        for slip in _of_file(document.data, slips, schemas):
            yield _mutant(document, slip)


def _of_file(data: Mapping[str, Any], slips: Slips, schemas: Mapping[str, Schema]) -> Iterator[Slip]:
    yield from slips.of_dates(data.get("policy", {}), ("policy",))
    for name, reading in data.get("readings", {}).items():
        for value in reading["values"]:
            if value != reading["default"]:
                yield replacing("swap-reading", ("readings", name, "default"), value)
    yield from _of_words(data.get("vocabulary", {}), slips)
    for name, condition in data.get("conditions", {}).items():
        yield from slips.of_condition(condition, ("conditions", name))
    for index, clause in enumerate(data.get("clause", ())):
        if "case_of" in clause:
            yield Slip("drop-case", ("clause", index, "case_of"), None)
        for kind, schema in schemas.items():
            for position, table in enumerate(clause.get(kind, ())):
                path = ("clause", index, kind, position)
                yield Slip("drop-rule", path, None)
                yield from slips.of_rule(schema, table, path)


def _of_words(declared: Mapping[str, Any], slips: Slips) -> Iterator[Slip]:
    for dimension in DIMENSIONS:
        for name, term in declared.get(dimension, {}).items():
            path: KeyPath = ("vocabulary", dimension, name, "is_a")
            if isinstance(term.get("is_a"), list) and len(term["is_a"]) > 1:
                for index, parent in enumerate(term["is_a"]):
                    yield Slip("drop-kind", (*path, index), None, parent)
            elif "is_a" in term:
                yield Slip("drop-kind", path, None)
            if "remainder" in term:
                yield replacing("flip", (*path[:-1], "remainder"), not term["remainder"], "remainder")
    for dimension, sets in declared.get("sets", {}).items():
        for name, members in sets.items():
            yield from slips.of_terms(dimension, members, ("vocabulary", "sets", dimension, name))


def _mutant(document: Document, slip: Slip) -> Mutant:
    path, words = slip.path, _WORDS[slip.operator]
    data = without(document.data, path) if slip.change is None else changed(document.data, path, slip.change)
    clause, where = None, ".".join(str(key) for key in path)
    if path[0] == "clause":
        clause = document.data["clause"][path[1]]["number"]
        where = f"{clause} {'.'.join(str(key) for key in path[2:] if not isinstance(key, int))}"
    words = _WORDS[slip.operator]
    message = Text(
        ja=" ".join(f"{words.ja} {slip.what} — {where}".split()),
        en=" ".join(f"{words.en} {slip.what} — {where}".split()),
    )
    return Mutant(slip.operator, message, document.path, path, clause, data)


_WORDS: Mapping[str, Text] = {
    "drop-rule": Text(ja="ルールを外す", en="rule dropped"),
    "drop-case": Text(ja="親の条項から外す", en="no longer a case of its clause"),
    "drop-term": Text(ja="語を外す", en="term dropped:"),
    "add-term": Text(ja="語を加える", en="term added:"),
    "replace-term": Text(ja="語を置き換える", en="term replaced by"),
    "drop-kind": Text(ja="上位の語から外す", en="is_a dropped"),
    "drop-reference": Text(ja="条項の参照を外す", en="clause no longer referred to:"),
    "add-reference": Text(ja="条項の参照を加える", en="clause referred to:"),
    "replace-reference": Text(ja="条項の参照を置き換える", en="clause referred to replaced by"),
    "drop-obligation": Text(ja="義務を外す", en="obligation lost:"),
    "drop-key": Text(ja="キーを外す", en="key dropped"),
    "drop-entry": Text(ja="リストから外す", en="entry dropped:"),
    "drop-reading": Text(ja="読み方の限定を外す", en="no longer under a reading"),
    "drop-requirement": Text(ja="要件を外す", en="requirement removed"),
    "negate-requirement": Text(ja="要件を逆にする", en="requirement negated"),
    "swap-and-or": Text(ja="all と any を入れ替える", en="all and any swapped"),
    "widen-requirement": Text(ja="要件を緩める", en="requirement widened"),
    "narrow-requirement": Text(ja="要件を狭める", en="requirement narrowed to"),
    "narrow-scope": Text(ja="範囲を狭める", en="scope narrowed to"),
    "widen-scope": Text(ja="範囲の限定を外す", en="scope widened"),
    "change-value": Text(ja="値を変える", en="value changed to"),
    "change-comparison": Text(ja="比較を変える", en="comparison changed to"),
    "shift-value": Text(ja="境の値をずらす", en="boundary shifted to"),
    "shift-date": Text(ja="日付をずらす", en="date shifted to"),
    "swap-reading": Text(ja="読み方を変える", en="reading changed to"),
    "hold-field": Text(ja="問わない項目を問う", en="field held again:"),
    "flip": Text(ja="真偽を逆にする", en="set to the contrary:"),
}
