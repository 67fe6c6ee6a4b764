"""Rules as far as they still matter once it is known what an event states: the leaves that have an answer get it."""

from __future__ import annotations

import operator
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import TypeAlias, TypeVar

from policyengine.model.condition import ALWAYS, NEVER, And, Condition, Not, Or, all_of, any_of
from policyengine.model.rule import Duty, Permit, Replacement, Restriction, Rule

Answer: TypeAlias = Callable[[Condition], bool | None]
"""Whether a leaf is met; None where that is open."""

R = TypeVar("R", bound=Rule)


def reduced(condition: Condition, answer: Answer) -> Condition:
    """Return what is left of `condition` when the leaves that have an answer have got it."""
    match condition:
        case And(parts):
            done: list[Condition] = []
            for part in parts:
                left = reduced(part, answer)
                if left == NEVER:
                    return NEVER
                if left != ALWAYS:
                    done.append(left)
            return condition if _same(done, parts) else all_of(*done)
        case Or(parts):
            done = []
            for part in parts:
                left = reduced(part, answer)
                if left == ALWAYS:
                    return ALWAYS
                if left != NEVER:
                    done.append(left)
            return condition if _same(done, parts) else any_of(*done)
        case Not(part):
            inner = reduced(part, answer)
            if inner is part:
                return condition
            return ALWAYS if inner == NEVER else NEVER if inner == ALWAYS else Not(inner)
        case _:
            met = answer(condition)
            return condition if met is None else ALWAYS if met else NEVER


def _same(left: Sequence[Condition], right: Sequence[Condition]) -> bool:
    return len(left) == len(right) and all(map(operator.is_, left, right))


def reduced_rule(rule: R, answer: Answer) -> R | None:
    """Return what is left of `rule`, or None where it neither speaks of a flow nor stands over one."""
    match rule:
        case Permit():
            about = reduced(rule.about, answer)
            if about == NEVER:
                return None
            terms = reduced(rule.terms, answer)
            return rule if about is rule.about and terms is rule.terms else replace(rule, about=about, terms=terms)
        case Restriction():
            when = reduced(rule.when, answer)
            if when == NEVER:
                return None
            unless, exempt = reduced(rule.unless, answer), reduced(rule.exempt, answer)
            if when is rule.when and unless is rule.unless and exempt is rule.exempt:
                return rule
            return replace(rule, when=when, unless=unless, exempt=exempt)
        case Replacement() | Duty():
            when = reduced(rule.when, answer)
            return None if when == NEVER else rule if when is rule.when else replace(rule, when=when)
