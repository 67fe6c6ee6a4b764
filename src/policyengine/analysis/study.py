"""What is analysed: the policy of a pack, as it is read by default, and with its readings left open.

Each question is one of a small change: is any event decided otherwise without this rule, with that word prohibited,
under another reading? The exact difference finder answers it, near what is changed: first under the default readings,
where an answer mostly shows, then in all.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence, Set
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Final

from msgspec.structs import replace

from policyengine.analysis.difference import Found, Parts
from policyengine.analysis.whole import Whole
from policyengine.analysis.witness import Witnesses, told_apart
from policyengine.errors import Place, Problem
from policyengine.language.build import Variants
from policyengine.language.kind import RuleKind
from policyengine.language.pack import Pack
from policyengine.model.condition import Holds, In, NotIn, leaves
from policyengine.model.policy import Policy
from policyengine.model.rule import Head, Rule, conditions_of
from policyengine.model.vocabulary import CLOSED, DIMENSIONS, IGNORABLE, Term, Vocabulary
from policyengine.text import Text, same

OUTCOME: Final[Parts] = frozenset({"outcome"})

REGIONS: Final = 1_000
"""How many regions one question may look at, unless somebody says otherwise."""


@dataclass(frozen=True, slots=True, eq=False)
class Remark:
    """What was found in a policy.

    Args:
        problem: the finding.
        witness: an event that shows it.
        readings: the readings under which it does, where these are not the default.
        because: the rules that make it so.
    """

    problem: Problem
    witness: Mapping[str, Any] | None = None
    readings: Mapping[str, str] = field(default_factory=dict)
    because: Sequence[Head] = ()


class Study:
    """A pack of which questions are asked.

    Args:
        pack: the pack.
        policy: its policy, under the default readings.
        kinds: the registered rule kinds by name.
        regions: how many regions one question may look at; None for all that it takes.
    """

    def __init__(
        self, pack: Pack, policy: Policy, kinds: Mapping[str, RuleKind], regions: int | None = REGIONS
    ) -> None:
        self.pack = pack
        self.policy = policy
        self._variants = Variants(pack, kinds)
        self.regions = regions
        self._words = _with_words_from_below(self.policy.vocabulary) if self.policy.layer else self.policy.vocabulary
        self.permitted: list[Mapping[str, Any]] = []
        """Events of which it was seen that the policy permits them, by default."""
        self.own = frozenset(document.path for document in pack.rules)
        """The files of the pack itself; what it imports is written for others as well."""

    @cached_property
    def by_default(self) -> Whole:
        """The policy under its default readings."""
        return Whole(replace(self.policy, vocabulary=self._words), self.regions)

    @cached_property
    def in_all_readings(self) -> Whole:
        """The policy with its readings left open; where it has none, as it is."""
        if not self.policy.readings:
            return self.by_default
        every = self._variants.in_all_readings(self.pack)
        return Whole(replace(every, vocabulary=self._words), self.regions)

    @cached_property
    def tables(self) -> Mapping[str, Sequence[Rule]]:
        """By the id of a rule table, what it was lowered to under any reading."""
        found: dict[str, list[Rule]] = {}
        for rule in self.in_all_readings.policy.rules:
            found.setdefault(rule.head.id, []).append(rule)
        return found

    @cached_property
    def named(self) -> Mapping[str, Set[str]]:
        """By dimension, the words that rules, facts or definitions of clauses name."""
        return words_named(self.in_all_readings.policy)

    def head(self, table: str) -> Head:
        """Return what is known of a rule table."""
        return self.tables[table][0].head

    def near(self, table: str) -> list[str]:
        """Return the other rule tables that can matter for an event for which one can."""
        whole = self.in_all_readings
        beside = whole.beside(whole.those(lambda rule: rule.head.id == table))
        return [other for other in dict.fromkeys(rule.head.id for rule in whole.rules(beside)) if other != table]

    def decides(self, table: str, parts: Parts, out: Collection[str] = ()) -> Found | None:
        """Return an event of which something hangs on a rule table; None where there is none.

        Args:
            table: the id of the rules.
            parts: what of decisions: some of `EVERYTHING`.
            out: other tables that are left out.

        Raises:
            Undecided: it could not be told.
        """
        for whole in dict.fromkeys((self.by_default, self.in_all_readings)):
            left = whole.those(lambda rule: rule.head.id not in out)
            found = whole.difference(left, left & ~whole.those(lambda rule: rule.head.id == table), parts)
            if found is not None:
                if found.left.permitted and not out and whole is self.by_default:
                    self.permitted.append(found.event)
                return found
        return None

    def shown(self, found: Found, change: Callable[[Iterable[Rule]], Iterable[Rule]]) -> Mapping[str, Any]:
        """Return a witness that a person believes: an event that is decided otherwise under other rules.

        Args:
            found: the event that was found, and what is said of it.
            change: makes the other rules of those of the policy.
        """
        if found.readings:
            return found.event
        policy = self.by_default.policy
        changed = replace(policy, rules=tuple(change(policy.rules)))
        return self._witnesses.believable(found.event, told_apart(policy, changed, found.event))

    @cached_property
    def _witnesses(self) -> Witnesses:
        return Witnesses([self.policy])

    def is_own(self, place: Place | None) -> bool:
        """Whether what stands there is the pack's own, and not of a file that it imports."""
        return place is not None and place.file in self.own


def words_named(policy: Policy) -> Mapping[str, Set[str]]:
    """Return by dimension the words that rules, facts or definitions of clauses name."""
    found: dict[str, set[str]] = defaultdict(set)
    for rule in policy.rules:
        for condition in conditions_of(rule):
            for leaf in leaves(condition):
                if isinstance(leaf, In | NotIn):
                    for dimension, field in DIMENSIONS.items():
                        if field is leaf.field:
                            found[dimension] |= leaf.values
                elif isinstance(leaf, Holds):
                    declared = policy.vocabulary.facts[leaf.type].fields
                    for name, values in leaf.where:
                        if name in declared and (of := declared[name].of) is not None:
                            found[of] |= values
    for clause in policy.clauses.values():
        for dimension, words in clause.defines.items():
            found[dimension].update(words)
    return found


def _with_words_from_below(vocabulary: Vocabulary) -> Vocabulary:
    """Return the words of a layer, and for each dimension one that a policy below declares, of no kind of its own."""
    named = {
        dimension: {**vocabulary.terms[dimension], _BELOW: Term(_BELOW, same(_BELOW))}
        for dimension in CLOSED
        if dimension not in IGNORABLE and _BELOW not in vocabulary.terms[dimension]
    }
    return replace(vocabulary, terms={**vocabulary.terms, **named})


_BELOW: Final = "word-from-below"


def label_of(heads: Iterable[Head]) -> Text:
    """Return the ids of rules, for people."""
    return same(", ".join(dict.fromkeys(head.id for head in heads)))
