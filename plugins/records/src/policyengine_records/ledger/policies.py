"""What the policies of an engine say of facts: their form, and in how many days a request is to be answered."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from policyengine.errors import did_you_mean
from policyengine.model.condition import And, Condition, Holds, Or
from policyengine.model.policy import ObligationText, Policy
from policyengine.model.rule import Permit, Rule
from policyengine_records.errors import RecordsError

if TYPE_CHECKING:
    from policyengine import Engine
    from policyengine.model.fact import FactType

DAYS = "days"
"""The parameter of an obligation that says in how many days a request is to be answered."""


def refuse_strange(fact: Mapping[str, Any], types: Mapping[str, FactType]) -> None:
    """Refuse a fact that is not of the form that its type declares.

    Args:
        fact: a well-formed fact.
        types: the declared types by name.

    Raises:
        RecordsError: with the JSON path of everything that is wrong.
    """
    try:
        declared = declared_type(fact["type"], types)
    except RecordsError as error:
        raise RecordsError(
            f"no fact: $.type: {error.text.en}", f"事実ではありません: $.type: {error.text.ja}"
        ) from None
    errors = list(declared.errors(fact, "$"))
    if errors:
        raise RecordsError(
            "no fact: " + "; ".join(f"{error.path}: {error.message.en}" for error in errors),
            "事実ではありません: " + "、".join(f"{error.path}: {error.message.ja}" for error in errors),
        )


def declared_type(name: str, types: Mapping[str, FactType]) -> FactType:
    """Return the type of facts that has a name.

    Raises:
        RecordsError: there is none.
    """
    if name not in types:
        hint = did_you_mean(name, types)
        raise RecordsError(
            f'there is no type "{name}"' + (f"; {hint.en}" if hint else ""),
            f"「{name}」という種類はありません" + (f"（{hint.ja}）" if hint else ""),
        )
    return types[name]


def days_to_answer(engine: Engine, kind: str, instant: int) -> float | None:
    """Return in how many days a request is to be answered: the smallest number that a policy names.

    A policy names one with the parameter ``days`` of an obligation, where the obligation's clause has a rule about
    requests of this kind.

    Args:
        engine: has the policies; those that are in force at `instant` are asked.
        kind: the kind of the request.
        instant: when it was made, in microseconds since 1970 (UTC).

    Returns:
        The days, or None where no policy names a number.

    Raises:
        RecordsError: a policy names something that is no positive number.
    """
    return min(
        (
            _number(policy, obligation)
            for policy in engine.policies
            if policy.in_force(instant)
            for obligation in policy.obligations.values()
            if DAYS in obligation.parameters and obligation.clause in _clauses_about(policy, kind, instant)
        ),
        default=None,
    )


def _clauses_about(policy: Policy, kind: str, instant: int) -> set[str]:
    """Return the clauses with a rule, in force at `instant`, that asks for a request of this kind."""
    return {
        rule.head.clause
        for rule in policy.rules
        if rule.head.start <= instant < rule.head.end
        and any(_is_request(fact, kind) for condition in _asking(rule) for fact in _asked(condition))
    }


def _asking(rule: Rule) -> tuple[Condition, ...]:
    """Return what must be met for the rule to permit or to restrict; what lifts a restriction is not about it."""
    return (rule.about, rule.terms) if isinstance(rule, Permit) else (rule.when,)


def _asked(condition: Condition) -> Iterator[Holds]:
    """Yield the facts that a condition asks for, but for those that must not be there."""
    match condition:
        case Holds():
            yield condition
        case And() | Or():
            for part in condition.parts:
                yield from _asked(part)


def _is_request(fact: Holds, kind: str) -> bool:
    return fact.type == "request" and kind in dict(fact.where).get("kind", {kind})


def _number(policy: Policy, obligation: ObligationText) -> float:
    days = obligation.parameters[DAYS]
    if isinstance(days, bool) or not isinstance(days, int | float) or not days > 0:
        where = f"{policy.id}: obligations.{obligation.id}.parameters.{DAYS}"
        raise RecordsError(f"{where}: expected a positive number of days", f"{where}: 正の日数でなければなりません")
    return days
