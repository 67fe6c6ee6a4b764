"""Rule tables, lowered: under one way of reading them, or under all; and what is made of a part of a pack, kept.

What a table says hangs on the words, the clauses, the obligations and the readings of its policy, and on how those
readings are chosen for which it asks. Packs that have all that in common, as a pack and its small changes have, can
share what the table was lowered to.
"""

from __future__ import annotations

import itertools
from collections import defaultdict
from collections.abc import Callable, Hashable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple, TypeVar

from policyengine.errors import KeyPath
from policyengine.language.addressee import addressed
from policyengine.language.conditions import Scope
from policyengine.language.schema import rule_schema
from policyengine.language.source import Document
from policyengine.language.statements import sound_rules
from policyengine.language.table import RuleTable
from policyengine.model.condition import Condition, Read, all_of, any_of
from policyengine.model.rule import Rule, only_where

if TYPE_CHECKING:
    from policyengine.language.kind import RuleKind

T = TypeVar("T")

Choice = tuple[tuple[str, str], ...]
"""For some readings, by name, the value of each."""


class Written(NamedTuple):
    """One rule table as it is written.

    Args:
        document: the file.
        path: where in the file the table is.
        values: the table, without the keys that the schema has something against.
        kind: its kind.
        clause: the number of the clause to which it belongs.
        default_id: the rule's id where the table gives none.
    """

    document: Document
    path: KeyPath
    values: Mapping[str, Any]
    kind: RuleKind
    clause: str
    default_id: str


class Lowered(NamedTuple):
    """One rule table and what it was lowered to.

    Args:
        table: the table.
        stands: whether it stands under the chosen readings.
        rules: what it says.
        sound: whether nothing is wrong with it.
        varies: whether what it says, where it stands, hangs on the readings.
    """

    table: RuleTable
    stands: bool
    rules: tuple[Rule, ...]
    sound: bool
    varies: bool


class Kept:
    """What was made of parts of packs, for other packs that have the very same parts.

    Attributes:
        closed: whether nothing more is kept.
    """

    def __init__(self) -> None:
        self.closed = False
        self._found: dict[tuple[Hashable, ...], tuple[Sequence[object], Any]] = {}

    def once(self, what: Hashable, parts: Sequence[object], make: Callable[[], T]) -> T:
        """Return what `make` makes of `parts`, which nobody changes: where it was made of them before, that."""
        key = (what, *map(id, parts))
        found = self._found.get(key)
        if found is None:
            found = (parts, make())  # while the parts are kept, nothing else has their ids
            if not self.closed:
                self._found[key] = found
        return found[1]


class _Ways:
    """One table, under each way of reading it that was asked for."""

    def __init__(self) -> None:
        self.asked: frozenset[str] = frozenset()
        """The readings on which it hangs, as far as is known."""
        self.found: dict[Choice, Lowered] = {}


class Lowering:
    """Lowers the tables of one policy.

    Args:
        scope: what they share.
        kept: what was lowered before, of this policy or another; None where each table is lowered once.
    """

    def __init__(self, scope: Scope, kept: Kept | None) -> None:
        self.scope = scope
        self._kept = kept

    def under(self, written: Written, chosen: Mapping[str, str]) -> Lowered:
        """Return what a table is lowered to under chosen readings; what is wrong with it is reported in the scope."""
        scope = self.scope
        here = scope if chosen is scope.chosen else scope.under(chosen, scope.problems)
        if self._kept is None:
            return self._lowered(written, here)
        ways = self._kept.once(
            ("table", written.clause, written.default_id, scope.zone),
            (written.values, written.kind, *scope.words),
            _Ways,
        )
        known = ways.found.get(_choice(ways.asked, chosen))
        if known is None:
            known = self._lowered(written, here)
            ways.asked |= known.table.asked
            if known.sound:
                ways.found[_choice(ways.asked, chosen)] = known
        return known

    def in_every_way(self, written: Written) -> Lowered:
        """Return all that a table can be lowered to, each rule for the readings under which it says that."""
        asked = frozenset[str]()
        while True:
            names = sorted(asked)
            found: dict[tuple[Rule, ...], list[Choice]] = defaultdict(list)
            for values in itertools.product(*(sorted(self.scope.readings[name]) for name in names)):
                choice = tuple(zip(names, values, strict=True))
                lowered = self.under(written, {**self.scope.chosen, **dict(choice)})
                found[lowered.rules if lowered.stands else ()].append(choice)
                asked |= lowered.table.asked & self.scope.readings.keys()
            if len(asked) == len(names):
                break
        rules = [
            only_where(rule, _one_of(choices)) if len(found) > 1 else rule
            for rules, choices in found.items()
            for rule in rules
        ]
        return lowered._replace(stands=True, rules=tuple(rules))

    def _lowered(self, written: Written, scope: Scope) -> Lowered:
        document, path, values, kind, clause, default = written
        before = len(scope.problems)
        table = RuleTable(
            scope,
            document,
            path,
            values,
            rule_schema(kind),
            clause=clause,
            kind=kind.name,
            title=kind.title,
            default_id=default,
        )
        rules: tuple[Rule, ...] = ()
        if kind.required <= values.keys():
            found = (*sound_rules(kind, table), *table.duties())
            rules = tuple(map(scope.sides.placed, found if scope.layer else addressed(found, scope.vocabulary)))
        else:
            table.condition()
        varies = bool(table.asked)
        stands = table.stands(values.get("under"), "under")
        return Lowered(table, stands, rules, len(scope.problems) == before and not table.unsure, varies)


def _choice(asked: frozenset[str], chosen: Mapping[str, str]) -> Choice:
    return tuple((name, chosen.get(name, "")) for name in sorted(asked))


def _one_of(choices: Sequence[Choice]) -> Condition:
    """Return the condition that the readings are chosen in one of some ways, each a value of the same readings."""
    names = [name for name, _ in choices[0]]
    if len(names) == 1:
        return Read(names[0], frozenset(value for ((_, value),) in choices))
    ways: Iterator[Condition] = (
        all_of(*(Read(name, frozenset({value})) for name, value in choice)) for choice in choices
    )
    return any_of(*ways)
