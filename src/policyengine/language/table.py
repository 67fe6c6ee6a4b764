"""From a table of a rule file to the closed algebra: what a rule kind reads a table with."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from typing import Any, Final

from msgspec.structs import replace

from policyengine.errors import KeyPath, did_you_mean
from policyengine.language.conditions import ConditionTable, Scope
from policyengine.language.definitions import NESTED
from policyengine.language.keys import ABOVE, OTHER_POLICIES, PASSING, TERM_KEYS, WORDS, meaning_of
from policyengine.language.problems import (
    CODE_OF_THE_ENGINE,
    ENDS_BEFORE_IT_BEGINS,
    NONE_OF_KEYS,
    NOT_PASSING,
    OTHER_OPERATION,
    UNKNOWN_ATTRIBUTE,
    UNKNOWN_TERM,
)
from policyengine.language.source import Document
from policyengine.model.condition import ALWAYS, Condition, Elsewhere, Field, In
from policyengine.model.operation import OPERATIONS
from policyengine.model.problems import UNKNOWN_CLAUSE, UNKNOWN_FACT_TYPE, UNKNOWN_OBLIGATION
from policyengine.model.reason_codes import REASON_CODES
from policyengine.model.rule import Duty, Head, Parameters, parameters_of
from policyengine.moment import FOREVER, instant
from policyengine.schema.problems import MISSING_KEY
from policyengine.text import Text, text_of

_NOTHING: Final = frozenset[str]()
"""One for all: a set of its own would take more memory than all else that is kept of a rule."""

_KINDS_OWN: Final = ("operations", "any", "all", "not", "condition")
"""Keys of conditions that a kind of rule may have for itself, with a meaning of its own."""


class RuleTable(ConditionTable):
    """One table of a rule file, with its names resolved as they are read. Rule kinds lower a policy through this.

    Args:
        scope: what the policy's tables share.
        document: the file.
        path: where in the file the table is.
        values: the table itself.
        schema: the JSON Schema of the kind's tables, which says what their keys mean.
        clause: the number of the clause to which it belongs.
        kind: the name of its rule kind.
        title: what the kind is called.
        default_id: the rule's id where the table gives none.

    Attributes:
        asked: the readings that it has asked for so far: what it says hangs on no others.
    """

    def __init__(
        self,
        scope: Scope,
        document: Document,
        path: KeyPath,
        values: Mapping[str, Any],
        schema: Mapping[str, Any],
        *,
        clause: str,
        kind: str,
        title: Text,
        default_id: str,
    ) -> None:
        super().__init__(scope, document, path, values, schema)
        self.clause = clause
        label = values.get("title")
        self.head = Head(
            id=values.get("id", default_id),
            clause=clause,
            kind=kind,
            title=text_of(label) if label else title,
            start=self._instant("from", -FOREVER),
            end=self._instant("until", FOREVER),
            obligations=self.obligations(),
            passing=self._passing(),
            source=(document.places, path),
        )
        if self.head.start >= self.head.end:
            self.problem(ENDS_BEFORE_IT_BEGINS, "until")

    def condition(self, *path: str | int, leave_out: Iterable[str] = (), default: Condition = ALWAYS) -> Condition:
        """Return the conjunction of everything that the shared keys of the table at `path` ask of an event.

        Args:
            path: the keys that lead to the table; none for the rule's own table.
            leave_out: shared keys that the rule kind reads for itself.
            default: what is returned where there is no table.
        """
        if not path:
            declared = self.schema["properties"]
            leave_out = {*leave_out, *(key for key in _KINDS_OWN if declared.get(key) is not NESTED[key])}
        return super().condition(*path, leave_out=leave_out, default=default)

    def operations(self, *path: str | int) -> frozenset[str]:
        """Return the operations listed at `path`; one that is unknown, or not for the kind to speak of, is reported."""
        among = meaning_of(self._schema_of(*path)).get("among", OPERATIONS)
        for term, _, where in self.listed(*path) if among is not OPERATIONS else ():
            if term in OPERATIONS and term not in among:
                self.problem(OTHER_OPERATION, *where, kind=self.head.kind, operation=term, among=", ".join(among))
        return self._operations(among, *path) & frozenset(among)

    def value(self, *path: str | int) -> Any:
        """Return what stands at `path`; where nothing does, the default of its schema, or None."""
        found = self._at(*path)
        return self._schema_of(*path).get("default") if found is None else found

    def name(self, *path: str | int) -> str | None:
        """Return the name at `path`, or its default; None where nothing is named, and where it is unknown and reported.

        Its schema (`name_of`) says what has the name: an attribute, a type of fact, or a term.
        """
        name, what = self.value(*path), meaning_of(self._schema_of(*path))["names"]
        known = self._known(what)
        if name is None or known is None or name in known:
            return None if name is None else str(name)
        hint = did_you_mean(name, known)
        match what:
            case "attributes":
                self.problem(UNKNOWN_ATTRIBUTE, *path, hint=hint, name=name)
            case "facts":
                self.problem(UNKNOWN_FACT_TYPE, *path, hint=hint, name=name)
            case dimension:
                self.problem(UNKNOWN_TERM, *path, hint=hint, term=name, dimension=dimension)
        return None

    def about(self, default: Condition = ALWAYS) -> Condition:
        """Return which flows the table says, with ``about``, that its clause speaks of; `default` where it does not."""
        return self.condition("about") if "about" in self.values else default

    def clauses(self, *path: str | int) -> frozenset[str]:
        """Return the clauses listed at `path`, each with its cases; an unknown one is reported."""
        if self._at(*path) is None:
            return _NOTHING
        found: set[str] = set()
        for number, stands, where in self.listed(*path):
            known = self.scope.clauses.get(number)
            if known is None:
                self.problem(
                    UNKNOWN_CLAUSE,
                    *where,
                    hint=did_you_mean(number, self.scope.clauses),
                    number=number,
                )
            elif stands:
                found.update(known)
        return frozenset(found)

    def spared(self) -> frozenset[str]:
        """Return the clauses listed at ``spares``, or where it says so, those above in the same file."""
        if self.values.get("spares") != ABOVE:
            return self.clauses("spares")
        tables = self.document.data["clause"][: self.path[1]]
        return frozenset(table["number"] for table in tables if table.get("number") in self.scope.clauses)

    def reason(self, code: str, message: Text) -> tuple[str, Text, Parameters]:
        """Return the code and the message of a denial, and what goes with them: its author's own, or those of the kind.

        Args:
            code: of the kind.
            message: of the kind.
        """
        own = self.values.get("reason")
        if own is None:
            return code, message, ()
        if own["code"] in REASON_CODES:
            self.problem(CODE_OF_THE_ENGINE, "reason", "code", code=own["code"])
        return own["code"], text_of(own), parameters_of(own.get("parameters", {}))

    def licences(self) -> frozenset[str] | None:
        """Return the clauses listed at ``licensed_by``, of which one must license the flow as well; None for none."""
        return None if self.values.get("licensed_by", OTHER_POLICIES) == OTHER_POLICIES else self.clauses("licensed_by")

    def elsewhere(self) -> Condition:
        """Return what ``licensed_by`` asks of other policies; what is always met where it does not."""
        return Elsewhere(("licensed_by",)) if self.values.get("licensed_by") == OTHER_POLICIES else ALWAYS

    def obligations(self, *path: str | int) -> tuple[str, ...]:
        """Return the obligations listed at `path`, by default ``oblige``; an unknown one is reported."""
        if not path and "oblige" not in self.values:
            return ()
        path = path or ("oblige",)
        entries = [(name, (*path, index)) for index, name in enumerate(self._at(*path) or ())]
        return tuple([name for name, where in entries if isinstance(name, str) and self._obligation(name, *where)])

    def duties(self) -> Iterator[Duty]:
        """Yield the obligations of ``oblige`` that are for some items alone; one that is unknown is reported."""
        for index, entry in enumerate(self.values.get("oblige", ())):
            if isinstance(entry, Mapping) and self._obligation(entry["obligation"], "oblige", index, "obligation"):
                written, items = self.terms("oblige", index, "for_items")
                head = replace(self.head, obligations=(entry["obligation"],))
                yield Duty(head, In(Field.ITEM, items, written, at=("oblige", index, "for_items")), beside=True)

    def _obligation(self, name: str, *where: str | int) -> bool:
        """Whether an obligation is declared; one that is not is reported."""
        if name in self.scope.obligations:
            return True
        self.problem(UNKNOWN_OBLIGATION, *where, hint=did_you_mean(name, self.scope.obligations), name=name)
        return False

    def missing(self, *keys: str) -> None:
        """Report that the table has none of some keys, of which it needs one, and has none that is wrong."""
        written: Any = self.document.data
        for key in self.path:
            written = written[key]
        if any(key in written for key in keys):
            return
        if len(keys) == 1:
            self.problem(MISSING_KEY, keys[0], key=keys[0])
        else:
            self.problem(NONE_OF_KEYS, keys[0], keys=", ".join(f'"{key}"' for key in keys))

    def _passing(self) -> frozenset[str]:
        """Return the event fields that ``pass_unstated`` lists; what can be no such field is reported."""
        found: set[str] = set()
        if "pass_unstated" not in self.values:
            return _NOTHING
        attributes = [f"attributes.{name}" for name in self.scope.vocabulary.attributes]
        for key, stands, where in self.listed("pass_unstated"):
            if key in PASSING:
                name = TERM_KEYS[key].field.value if key in TERM_KEYS else key
            elif key in attributes:
                name = key
            else:
                self.problem(NOT_PASSING, *where, hint=did_you_mean(key, (*PASSING, *attributes)), key=key)
                continue
            if stands:
                found.add(name)
        return frozenset(found)

    def _known(self, what: str) -> Collection[str] | None:
        """Return all names of a sort; None where any word will do."""
        vocabulary = self.scope.vocabulary
        match what:
            case "attributes":
                return vocabulary.attributes
            case "facts":
                return vocabulary.facts
            case "operations":
                return OPERATIONS
            case _:
                return None if what == WORDS else vocabulary.terms[what]

    def _instant(self, key: str, default: int) -> int:
        value = self.values.get(key)
        return instant(value) if isinstance(value, str) else default
