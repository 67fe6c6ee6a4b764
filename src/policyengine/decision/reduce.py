"""Rules as far as they still matter once it is known what an event states: the leaves that have an answer get it."""

from __future__ import annotations

from typing import TypeVar

from msgspec.structs import replace

from policyengine.model.condition import NEVER, Answer, reduced
from policyengine.model.rule import Alternative, Duty, Permit, Replacement, Restriction, Rule

R = TypeVar("R", bound=Rule)


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
        case Alternative() | Replacement() | Duty():
            when = reduced(rule.when, answer)
            return None if when == NEVER else rule if when is rule.when else replace(rule, when=when)
