"""What one policy looks at in events: worked out once, however many others it is compared with."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from msgspec.structs import replace

from policyengine.decision.classes import leaves_of, span
from policyengine.model.condition import Condition, In, NotIn, mapped
from policyengine.model.policy import Policy
from policyengine.model.rule import Alternative, Duty, Permit, Replacement, Restriction, Rule, as_use, beside_use
from policyengine.model.view import View
from policyengine.moment import FOREVER


class Seen(Protocol):
    """A policy, and its rules without the words in which they are written."""

    @property
    def policy(self) -> Policy:
        """The policy."""
        ...

    @property
    def rules(self) -> tuple[Rule, ...]:
        """Its rules."""
        ...


@dataclass(frozen=True, slots=True)
class Part:
    """A policy with some of its rules, as its `Sight` has them."""

    policy: Policy
    rules: tuple[Rule, ...]


class Sight(View):
    """A policy, and what its rules look at.

    Args:
        policy: the policy.
    """

    def __init__(self, policy: Policy) -> None:
        self.policy = policy
        self.rules: tuple[Rule, ...] = tuple(map(_plain, policy.rules))
        """Its rules, without the words in which they are written."""
        licences = [as_use(rule) for rule in self.rules if isinstance(rule, Permit) and rule.licence]
        over = [
            beside_use(rule)
            for rule in self.rules
            if (isinstance(rule, Restriction) and rule.only is not None) or isinstance(rule, Alternative)
        ]
        times = {policy.start, policy.end, *(date for rule in policy.rules for date in span(rule))}
        super().__init__(
            policy.vocabulary,
            leaves_of((*self.rules, *licences, *over)),
            frozenset(times - {-FOREVER, FOREVER}),
            policy.governs,
            policy.readings,
        )


def _plain(rule: Rule) -> Rule:
    """Return `rule` with no more in its conditions than what decides."""

    def plain(condition: Condition) -> Condition:
        return mapped(condition, lambda leaf, _: replace(leaf, written=()) if isinstance(leaf, In | NotIn) else leaf)

    match rule:
        case Permit():
            names = None if rule.names is None else plain(rule.names)
            return replace(rule, about=plain(rule.about), terms=plain(rule.terms), names=names)
        case Restriction():
            return replace(rule, when=plain(rule.when), unless=plain(rule.unless), exempt=plain(rule.exempt))
        case Alternative() | Replacement() | Duty():
            return replace(rule, when=plain(rule.when))
