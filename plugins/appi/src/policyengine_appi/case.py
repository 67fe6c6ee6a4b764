"""What the lints look at: one policy, as its text says it and as it is decided by, on one day."""

from __future__ import annotations

import re
from collections.abc import Callable, Container, Iterable, Iterator, Mapping
from typing import Any, Final, NamedTuple, TypeAlias

from policyengine.errors import KeyPath, Place, place_of
from policyengine.hooks import LintQuery
from policyengine.language.satisfy import Events
from policyengine.language.source import Document
from policyengine.model.condition import Condition, Field, Holds, In, Not, NotIn, Or, all_of, conjuncts, leaves, reduced
from policyengine.model.countries import COUNTRIES
from policyengine.model.rule import Permit, Restriction, Rule, as_use, beside_use, conditions_of
from policyengine.moment import FOREVER, instant, written
from policyengine.text import Text, listed
from policyengine_appi.words import BODY, CONSENT, SUCCESSION

_JAPAN: Final = 9 * 3_600_000_000
"""How far the clock in Japan is ahead of UTC, in microseconds."""

Facts: TypeAlias = Callable[[Holds], bool | None]
"""Whether a fact is there; None where it may be or not."""


class Table(NamedTuple):
    """One table of a clause, as the file has it."""

    clause: str
    document: Document
    path: KeyPath
    values: Mapping[str, Any]

    def place(self, *below: str | int) -> Place:
        """Return where it stands, or what is below it."""
        return self.document.place((*self.path, *below))


class Case:
    """A policy's text and rules, under the Act of one day.

    Args:
        query: what the engine asks about.
    """

    def __init__(self, query: LintQuery) -> None:
        self.query = query
        self.policy = query.policy
        self.vocabulary = query.policy.vocabulary
        self.events = Events(self.vocabulary)
        self.day = min(max(query.at, self.policy.start), self.policy.end - 1)
        self.rules: tuple[Rule, ...] = tuple(rule for rule in self.policy.rules if rule.head.end > self.day)
        self.permits = [rule for rule in self.rules if isinstance(rule, Permit)]
        self.restrictions = [rule for rule in self.rules if isinstance(rule, Restriction)]
        self.consent = self._types(CONSENT, "consent", "guardian_consent", "foreign_consent", "linkage_consent")
        self.law = frozenset(name for name, of in self.vocabulary.facts.items() if of.law)
        self.exceptions = self._types(BODY, "statutory_exception")
        self.succession = self._types(SUCCESSION, "succession")
        self.grounds = self.consent | self.law | self.exceptions | self.succession | {"optout_filing"}

    @property
    def before(self) -> Case | None:
        """The same of an earlier version of the policy, where two are compared."""
        return None if self.query.before is None else Case(self.query.before)

    @property
    def first_day(self) -> str:
        """The day from which on this version is in force, in Japan."""
        return "—" if self.policy.start == -FOREVER else written(self.policy.start + _JAPAN)[:10]

    def asked(self, since: str) -> bool:
        """Whether the Act has asked for something since a day that has come, and the policy has not ended before."""
        begun = instant(f"{since}T00:00:00+09:00")
        return begun <= self.query.at and begun < self.policy.end

    # ------------------------------------------------------------------------------------------ the text

    def about(self, *path: str) -> Any:
        """Return what ``[policy]`` says at `path`; None where it says nothing."""
        found: Any = self._about.data["policy"]
        for key in path:
            found = found.get(key) if isinstance(found, dict) else None
        return found

    def place(self, *path: str) -> Place:
        """Return where ``[policy]`` says it, or would."""
        return self._about.place(("policy", *path))

    def tables(self, key: str) -> Iterator[Table]:
        """Yield the tables that clauses have of one key: those of a kind of rule, say."""
        for number, document, path, clause in self.clauses():
            found = clause.get(key)
            for position, values in enumerate(found if isinstance(found, list) else ()):
                yield Table(number, document, (*path, key, position), values)
            if isinstance(found, dict):
                yield Table(number, document, (*path, key), found)

    def ended(self, table: Mapping[str, Any]) -> bool:
        """Whether a rule's table is in force no longer."""
        return "until" in table and instant(table["until"]) <= self.day

    def words(self, dimension: str, listed: Any) -> list[str]:
        """Return the words of a list in a rule's table, those of named sets and under any reading among them."""
        sets = self.vocabulary.sets.get(dimension, {})
        found: list[str] = []
        for entry in listed if isinstance(listed, list) else ():
            some = [entry] if isinstance(entry, str) else [*entry.get("terms", ()), entry.get("term")]
            found += [word for name in some if name is not None for word in sets.get(name, (name,))]
        return list(dict.fromkeys(found))

    def clauses(self) -> Iterator[tuple[str, Document, KeyPath, Mapping[str, Any]]]:
        """Yield the clauses: number, file, and where in it their table stands, and what it says."""
        for document in self.query.pack.documents:
            for index, clause in enumerate(document.data.get("clause", ())):
                yield clause["number"], document, ("clause", index), clause

    def table(self, rule: Rule) -> Mapping[str, Any]:
        """Return the table of which a rule was made."""
        source = rule.head.source
        if source is None:
            return {}
        file = source[0].place(()).file
        for document in self.query.pack.documents:
            if document.path == file:
                found: Any = document.data
                for key in source[1]:
                    found = found[key]
                return found if isinstance(found, dict) else {}
        return {}

    def term(self, dimension: str, word: str) -> Mapping[str, Any]:
        """Return what the vocabulary says of a word."""
        for document in self.query.pack.documents:
            found = document.data.get("vocabulary", {}).get(dimension, {}).get(word)
            if isinstance(found, dict):
                return found
        return {}

    def own(self, dimension: str) -> dict[str, Place]:
        """Return the words that the pack itself declares, and does not import, with their places."""
        return {
            word: document.place(("vocabulary", dimension, word))
            for document in self.query.pack.rules
            for word in document.data.get("vocabulary", {}).get(dimension, ())
        }

    def says(self, dimension: str, word: str, pattern: re.Pattern[str]) -> bool:
        """Whether a word is called something, in any language or by its own id."""
        declared = self.vocabulary.terms[dimension].get(word)
        return bool(pattern.search(f"{word}\n{_all(declared.label)}" if declared else word))

    def labels(self, dimension: str, words: Iterable[str]) -> Text:
        """Return what people call some words."""
        known = self.vocabulary.terms[dimension]
        return listed([known[word].label if word in known else Text(word, word) for word in words])

    @property
    def _about(self) -> Document:
        return next(document for document in self.query.pack.rules if "policy" in document.data)

    # ------------------------------------------------------------------------------------------ the rules

    def permitting(self, *operations: str) -> list[Permit]:
        """Return the permits that name one of some operations."""
        return [permit for permit in self.permits if not permit.operations.isdisjoint(operations)]

    def possible(
        self,
        permit: Permit,
        operation: str,
        *more: Condition,
        without: Container[str] = (),
        facts: Facts = lambda _: None,
    ) -> bool:
        """Whether some flow of an operation may be permitted by a permit, and is stopped by no restriction.

        What takes longer to find out is taken to be possible.

        Args:
            permit: the permit.
            operation: one of its operations.
            more: what else must be met.
            without: types of facts that are not there.
            facts: whether a fact of another type is there.
        """

        def answer(leaf: Condition) -> bool | None:
            match leaf:
                case Holds(name):
                    return False if name in without else facts(leaf)
                case In(Field.OPERATION, values):
                    return operation in values
                case NotIn(Field.OPERATION, values):
                    return operation not in values
                case _:
                    return None

        asked = [permit.about, permit.terms, *more]
        if permit.licensed_by is not None:
            asked.append(Or(tuple(self._licences(permit.licensed_by))))
        asked += [_let_through(rule) for rule in self.restrictions if rule.reaches(permit)]
        left = [reduced(condition, answer) for condition in asked]
        return self.events.meet(In(Field.OPERATION, frozenset({operation}), (operation,)), *left)

    def _licences(self, clauses: Container[str]) -> Iterator[Condition]:
        for permit in self.permits:
            if permit.licence and permit.head.clause in clauses:
                over = [rule for rule in self.restrictions if rule.only is not None and rule.reaches(permit)]
                use = as_use(permit)
                yield all_of(use.about, use.terms, *(_let_through(beside_use(rule)) for rule in over))

    def serves(self, purpose: str) -> bool:
        """Whether a clause licenses the use of data for a purpose."""
        asked = In(Field.PURPOSE, frozenset({purpose}), (purpose,))
        return any(permit.licence and self.possible(permit, "use", asked) for permit in self.permitting("use"))

    def named(self, rule: Rule, field: Field) -> list[str]:
        """Return the words of a field that a rule names as those that it means."""
        asked = (leaf for condition in conditions_of(rule)[:2] for leaf in leaves(condition))
        found = (word for leaf in asked if isinstance(leaf, In) and leaf.field is field for word in leaf.written)
        dimension = {Field.PURPOSE: "purposes", Field.RECIPIENT: "parties", Field.FORM: "forms", Field.ITEM: "items"}
        sets = self.vocabulary.sets.get(dimension[field], {})
        return list(dict.fromkeys(word for name in found for word in sets.get(name, (name,))))

    def holds(self) -> Iterator[tuple[Rule, Holds]]:
        """Yield every fact for which a rule asks, with the rule."""
        for rule in self.rules:
            for condition in conditions_of(rule):
                for leaf in leaves(condition):
                    if isinstance(leaf, Holds):
                        yield rule, leaf

    def fact(self, name: str, pattern: re.Pattern[str]) -> bool:
        """Whether a type of fact is called something."""
        declared = self.vocabulary.facts.get(name)
        return bool(pattern.search(f"{name}\n{_all(declared.label)}" if declared else name))

    def obliged(self, operation: str) -> Iterator[str]:
        """Yield the obligations that rules impose on an operation, on whatever terms."""
        for rule in self.rules:
            if rule.head.obligations and self.speaks_of(rule, operation):
                yield from rule.head.obligations

    def obliges(self, name: str, pattern: re.Pattern[str]) -> bool:
        """Whether an obligation says something."""
        declared = self.policy.obligations[name]
        return bool(pattern.search(f"{name}\n{_all(declared.message)}"))

    def attribute(self, name: str, pattern: re.Pattern[str]) -> bool:
        """Whether an attribute is called something."""
        declared = self.vocabulary.attributes.get(name)
        return bool(pattern.search(f"{name}\n{_all(declared.label)}" if declared else name))

    def speaks_of(self, rule: Rule, operation: str) -> bool:
        """Whether a rule is about an operation, on whatever terms."""
        if isinstance(rule, Permit):
            return operation in rule.operations
        return _about(rule, Field.OPERATION, operation)

    def means(self, rule: Rule, subject: str) -> bool:
        """Whether a rule is about a category of people, on whatever terms."""
        return _about(rule, Field.SUBJECT, subject)

    def _types(self, pattern: re.Pattern[str], *names: str) -> frozenset[str]:
        return frozenset(name for name in self.vocabulary.facts if name in names or self.fact(name, pattern))

    # ------------------------------------------------------------------------------------------ what the Act knows

    @property
    def special(self) -> frozenset[str]:
        """The items that need special care, and general words that may mean one."""
        return self.vocabulary.closure("items", ["special_care"]) if self.classed else frozenset()

    @property
    def classed(self) -> bool:
        """Whether the policy knows the word for what needs special care."""
        return "special_care" in self.vocabulary.terms["items"]

    @property
    def abroad(self) -> Condition:
        """A country that is neither Japan nor, on that day, of equal standing."""
        equal = self.query.layer.vocabulary.sets.get("countries", {}).get("equal-standing", ())
        home = {"JP", *(equal if self.asked("2019-01-23") else ())}
        return In(Field.COUNTRY, frozenset(COUNTRIES) - home, ())

    @property
    def personal(self) -> Condition:
        """Data that are about somebody: neither statistical nor anonymised."""
        forms = frozenset({"statistical", "anonymised"}).intersection(self.vocabulary.terms["forms"])
        return NotIn(Field.FORM, forms, tuple(sorted(forms)), open=True)


def word(field: Field, *words: str) -> Condition:
    """Return the condition that an event says one of some words."""
    return In(field, frozenset(words), words)


def at(rule: Rule, *below: str | int) -> Place | None:
    """Return where a rule stands, or a key of its table."""
    return place_of(rule.head.source, *below)


def by_clause(permits: Iterable[Permit]) -> dict[str, list[Permit]]:
    """Return permits by their clauses, in order."""
    found: dict[str, list[Permit]] = {}
    for permit in permits:
        found.setdefault(permit.head.clause, []).append(permit)
    return found


def _about(rule: Rule, field: Field, value: str) -> bool:
    """Whether nothing that a rule asks of a field by itself keeps it from being about a value."""
    for part in conjuncts(conditions_of(rule)[0]):
        if isinstance(part, In) and part.field is field and value not in part.values:
            return False
        if isinstance(part, NotIn) and part.field is field and value in part.values:
            return False
    return True


def _let_through(rule: Restriction) -> Condition:
    """Return where a restriction does not stand in the way."""
    return Or((Not(rule.when), rule.unless, rule.exempt))


def _all(text: Text) -> str:
    return "\n".join(text.as_dict().values())
