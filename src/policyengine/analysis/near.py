"""What a change of rules can reach: the rules and the cases that can matter where the changed rules do.

Where no changed rule speaks of an event, it is decided as before. Where one does, a rule whose lists of words have none
in common with those of the changed ones does not speak. So two policies that differ in some rules alone are as
different as what is left of both near those rules; of a large policy that is little.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Final, NamedTuple

from msgspec.structs import replace

from policyengine.decision.classes import CLASS_FIELDS
from policyengine.model.condition import OPEN, Field, In, Value, conjuncts
from policyengine.model.policy import Policy
from policyengine.model.rule import Permit, Restriction, Rule

Bits = int
"""Rules of a policy, by their numbers."""

_ALL_ELSE: Final = tuple(name for name in Policy.__struct_fields__ if name not in ("rules", "digest", "source"))


class Change(NamedTuple):
    """Two policies, near what differs between them.

    Args:
        before: the one.
        after: the other.
        rules: the rules that only one of them has; None where they differ in more than rules, and nothing is left out.
    """

    before: Policy
    after: Policy
    rules: Sequence[Rule] | None


class Near:
    """The rules of one policy by the words for which they can matter.

    Args:
        policy: the policy.
    """

    def __init__(self, policy: Policy) -> None:
        self.policy = policy
        self._numbers = {id(rule): number for number, rule in enumerate(policy.rules)}
        self._listing: dict[Field, dict[Value, Bits]] = defaultdict(lambda: defaultdict(int))
        self._open: dict[Field, Bits] = {field: (1 << len(policy.rules)) - 1 for field in CLASS_FIELDS}
        for number, rule in enumerate(policy.rules):
            for field, words in words_of(rule).items():
                self._open[field] &= ~(1 << number)
                for word in words:
                    self._listing[field][word] |= 1 << number

    def change(self, after: Policy) -> Change:
        """Return what differs between the policy and another.

        Args:
            after: the other, whose rules are the very same where they are not changed.
        """
        ours, theirs = self.policy, after
        if any(a is not b and a != b for a, b in ((getattr(ours, n), getattr(theirs, n)) for n in _ALL_ELSE)):
            return Change(ours, theirs, None)
        there = {id(rule) for rule in theirs.rules}
        gone = {rule: id(rule) for rule in ours.rules if id(rule) not in there}
        new = {rule: id(rule) for rule in theirs.rules if id(rule) not in self._numbers}
        changed = [*(rule for rule in gone if rule not in new), *(rule for rule in new if rule not in gone)]
        bits = 0
        for rule in changed:
            bits |= self.beside(rule)
        beside = {id(rule) for number, rule in enumerate(ours.rules) if bits >> number & 1}
        near = {*beside, *gone.values(), *new.values()}
        here, beyond = (tuple(rule for rule in policy.rules if id(rule) in near) for policy in (ours, theirs))
        return Change(replace(ours, rules=here), replace(theirs, rules=beyond), changed)

    def beside(self, rule: Rule) -> Bits:
        """Return the rules that can matter for an event for which `rule` can."""
        found = (1 << len(self.policy.rules)) - 1
        for field, words in words_of(rule).items():
            listing, among = self._listing[field], self._open[field]
            for word in words:
                among |= listing.get(word, 0)
            found &= among
        return found


def words_of(rule: Rule) -> Mapping[Field, frozenset[Value]]:
    """Return in which fields an event must say one of which words for a rule to matter, whatever its items are.

    A licence, and what is laid over one, are asked of other operations as well.
    """
    found: dict[Field, frozenset[Value]] = {}
    if isinstance(rule, Permit):
        scope, everywhere = rule.about, rule.licence
        if not everywhere:
            found[Field.OPERATION] = frozenset(rule.operations)
    else:
        scope, everywhere = rule.when, isinstance(rule, Restriction) and rule.only is not None
    for part in conjuncts(scope):
        if isinstance(part, In) and part.field in CLASS_FIELDS and not (everywhere and part.field is Field.OPERATION):
            words: frozenset[Value] = part.values | {OPEN} if part.open else frozenset(part.values)
            found[part.field] = found[part.field] & words if part.field in found else words
    return found
