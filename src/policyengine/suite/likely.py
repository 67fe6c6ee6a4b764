"""Which cases are likely to notice a change of the rules: those for which a changed rule means something else now.

A guess, by which cases are tried first: what the changed rules mean beside all the others only a decision says, and
what facts mean is read with the words as they were.

Everything is asked of all cases at once. A row is one item of the event of one case, and what a condition is met for
are rows, as the bits of an integer; what a fact, or an attribute, answers is remembered from one change to the next.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator

from msgspec.structs import replace

from policyengine.analysis.near import words_of
from policyengine.decision.facts import Answers, evaluated
from policyengine.decision.law import Items
from policyengine.model.condition import ALWAYS, NEVER, OPEN, Condition, Field, In, NotIn, Value
from policyengine.model.event import Event
from policyengine.model.policy import Policy
from policyengine.model.rule import Alternative, Duty, Permit, Replacement, Restriction, Rule, conditions_of
from policyengine.model.vocabulary import Vocabulary
from policyengine.moment import FOREVER
from policyengine.suite.case import Case


class Likely:
    """Cases by what their events state.

    Args:
        cases: the cases; one that is expected to be invalid is never likely.
        vocabulary: of the policy that is changed.
    """

    def __init__(self, cases: Iterable[Case], vocabulary: Vocabulary) -> None:
        self.rows: list[Case] = []
        self._answers: list[tuple[int, Answers]] = []
        self._stating: dict[Field, dict[Value, Items]] = defaultdict(lambda: defaultdict(int))
        self._answered: dict[Condition, Items] = {}
        for case in cases:
            if case.expected["outcome"] == "invalid":
                continue
            answers, first = Answers(vocabulary, Event.from_mapping(case.event)), len(self.rows)
            self._answers.append((first, answers))
            for item in answers.event.items:
                self._stating[Field.ITEM][item] |= 1 << len(self.rows)
                self.rows.append(case)
            for field, word in answers.seen.items():
                if word is not None:
                    self._stating[field][word] |= answers.items << first
        self.everything: Items = (1 << len(self.rows)) - 1

    def reached(self, rules: Iterable[Rule]) -> set[str]:
        """Return the ids of the cases whose events some rules can speak of, whatever their facts are."""
        found = 0
        for rule in rules:
            rows = self.everything
            for field, words in words_of(rule).items():
                rows &= self._stated(field, words)
            found |= rows
        return {self.rows[number].id for number in _numbers(found)}

    def noticing(self, before: Policy, after: Policy) -> Iterator[Case]:
        """Yield the cases for which what changed between two policies means something else, each once."""
        old, now = set(before.rules), set(after.rules)
        changed: dict[Rule, list[Rule]] = defaultdict(list)
        for rule in (*(old - now), *(now - old)):
            changed[_without_conditions(rule)].append(rule)
        rows = 0
        for alike in changed.values():
            if len(alike) == 2:
                rows |= self._apart(*alike)
            else:
                for rule in alike:
                    rows |= self._concerned(rule)
        seen: Case | None = None
        for number in _numbers(rows):
            if self.rows[number] is not seen:
                seen = self.rows[number]
                yield seen

    def _apart(self, one: Rule, other: Rule) -> Items:
        """Return the rows for which two rules that differ in their conditions alone mean something else."""
        here, there = self._concerned(one), self._concerned(other)
        rows = here ^ there
        for left, right in zip(_conditions(one)[1:], _conditions(other)[1:], strict=True):
            if left != right:
                rows |= self._met(left, here & there) ^ self._met(right, here & there)
        return rows

    def _concerned(self, rule: Rule) -> Items:
        """Return the rows of which a rule in force speaks."""
        rows = self.everything
        if isinstance(rule, Permit) and not rule.licence:  # a licence matters to other operations as well
            rows = self._stated(Field.OPERATION, rule.operations)
        found = self._met(_conditions(rule)[0], rows)
        always = (rule.head.start, rule.head.end) == (-FOREVER, FOREVER)
        for first, answers in () if always else self._answers:
            if not rule.head.start <= answers.event.instant < rule.head.end:
                found &= ~(answers.items << first)
        return found

    def _met(self, condition: Condition, rows: Items) -> Items:
        """Return those of `rows` for which a condition is met."""
        return evaluated(condition, rows, self._leaf)

    def _leaf(self, leaf: Condition) -> Items:
        match leaf:
            case In(field) | NotIn(field):
                left_open = self._stating[field].get(OPEN, 0) if leaf.open else 0
                among = self._stated(field, leaf.values)
                if isinstance(leaf, In):
                    return among | left_open
                words = self._stated(field, [word for word in self._stating[field] if word is not OPEN])
                return (words & ~among) | left_open
            case _:
                if leaf not in self._answered:
                    self._answered[leaf] = sum(answers.leaf(leaf) << first for first, answers in self._answers)
                return self._answered[leaf]

    def _stated(self, field: Field, words: Iterable[Value]) -> Items:
        """Return the rows whose event states one of some words."""
        found, stating = 0, self._stating[field]
        for word in words:
            found |= stating.get(word, 0)
        return found


def _conditions(rule: Rule) -> tuple[Condition, ...]:
    """Return the conditions of a rule, first the one without which it has no effect."""
    return (*conditions_of(rule), rule.names or NEVER) if isinstance(rule, Permit) else conditions_of(rule)


def _without_conditions(rule: Rule) -> Rule:
    match rule:
        case Permit():
            return replace(rule, about=ALWAYS, terms=ALWAYS, names=None)
        case Restriction():
            return replace(rule, when=ALWAYS, unless=ALWAYS, exempt=ALWAYS)
        case Alternative() | Replacement() | Duty():
            return replace(rule, when=ALWAYS)


def _numbers(rows: Items) -> list[int]:
    return [number for number, bit in enumerate(reversed(f"{rows:b}")) if bit == "1"]
