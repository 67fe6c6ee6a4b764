"""Rules as far as they still matter once it is known what an event states: the leaves that have an answer get it."""

from __future__ import annotations

from collections.abc import Callable
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
            return all_of(*done)
        case Or(parts):
            done = []
            for part in parts:
                left = reduced(part, answer)
                if left == ALWAYS:
                    return ALWAYS
                if left != NEVER:
                    done.append(left)
            return any_of(*done)
        case Not(part):
            inner = reduced(part, answer)
            return ALWAYS if inner == NEVER else NEVER if inner == ALWAYS else Not(inner)
        case _:
            met = answer(condition)
            return condition if met is None else ALWAYS if met else NEVER


def reduced_rule(rule: R, answer: Answer) -> R | None:
    """Return what is left of `rule`, or None where it neither speaks of a flow nor stands over one."""
    match rule:
        case Permit():
            about = reduced(rule.about, answer)
            if about == NEVER:
                return None
            return replace(rule, about=about, terms=reduced(rule.terms, answer))
        case Restriction():
            when = reduced(rule.when, answer)
            if when == NEVER:
                return None
            return replace(rule, when=when, unless=reduced(rule.unless, answer), exempt=reduced(rule.exempt, answer))
        case Replacement() | Duty():
            when = reduced(rule.when, answer)
            return None if when == NEVER else replace(rule, when=when)
