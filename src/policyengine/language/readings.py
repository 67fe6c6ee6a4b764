"""Which values of their readings a host picks: by ``NAME``, or ``POLICY:NAME`` where several policies have the name."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from typing import TypeAlias

from policyengine.errors import Place, Problem, did_you_mean
from policyengine.language.problems import (
    AMBIGUOUS_READING,
    READING_OF_NO_POLICY,
    UNKNOWN_READING_OF_POLICY,
    UNKNOWN_READING_PICKED,
)
from policyengine.model.policy import Policy
from policyengine.text import Text, same

Placed: TypeAlias = Callable[[str], Place | None]
"""Where the host picks the reading of a name; None where that has no place."""


def nowhere(_key: str) -> None:
    """Say of readings that they are picked in arguments, which have no place."""


_NONE = Text(ja="（なし）", en="(none)")


def spelt(policy: str, name: str) -> str:
    """Return how the reading of one policy is named beside others of that name."""
    return f"{policy}:{name}"


def key_of(policy: str, name: str, readings: Mapping[str, str]) -> str | None:
    """Return under which name `readings` pick a reading of a policy; None where they leave it at its default."""
    return next((key for key in (spelt(policy, name), name) if key in readings), None)


def spellings(policies: Iterable[Policy]) -> dict[tuple[str, str], str]:
    """Return how a host names each reading of some policies loaded together, by the policy's id and its own name."""
    declared = [(policy.id, name) for policy in policies for name in policy.readings]
    having = _having(declared)
    return {(policy, name): name if len(having[name]) == 1 else spelt(policy, name) for policy, name in declared}


def other_readings(policies: Collection[Policy]) -> dict[str, str]:
    """Return the readings whose chosen value is not their default, as a host picks them."""
    named = spellings(policies)
    return {named[policy.id, name]: value for policy in policies for name, value in policy.other_readings.items()}


def without_ambiguous(declared: Iterable[tuple[str, str]], readings: Mapping[str, str]) -> dict[str, str]:
    """Return `readings` without the names that several policies have.

    Args:
        declared: the id of the policy, and the name, of every reading.
        readings: what the host picks.
    """
    having = _having(declared)
    return {key: value for key, value in readings.items() if len(having.get(key, ())) <= 1}


def picking_problems(
    policies: Collection[str], declared: Collection[tuple[str, str]], readings: Mapping[str, str], placed: Placed
) -> Iterator[Problem]:
    """Yield what is wrong with the names of the readings that a host picks.

    Args:
        policies: the ids of all policies.
        declared: the id of the policy, and the name, of every reading.
        readings: what the host picks.
        placed: where it does.
    """
    having = _having(declared)
    everywhere = (name if len(of) == 1 else spelt(policy, name) for name, of in having.items() for policy in of)
    known = _listed(everywhere)
    for key in sorted(readings):
        policy, colon, name = key.partition(":")
        if not colon and len(having.get(key, ())) > 1:
            ways = ", ".join(spelt(policy, key) for policy in sorted(having[key]))
            yield AMBIGUOUS_READING.at(placed(key), name=key, known=ways)
        elif not colon and key not in having:
            hint = did_you_mean(key, (name for name, of in having.items() if len(of) == 1), listing=False)
            yield UNKNOWN_READING_PICKED.at(placed(key), hint=hint, name=key, known=known)
        elif colon and policy not in policies:
            hint = did_you_mean(policy, policies, listing=False)
            yield READING_OF_NO_POLICY.at(placed(key), hint=hint, name=name, policy=policy, known=_listed(policies))
        elif colon and (policy, name) not in declared:
            own = {other for of, other in declared if of == policy}
            hint = did_you_mean(name, own, listing=False)
            yield UNKNOWN_READING_OF_POLICY.at(placed(key), hint=hint, name=name, policy=policy, known=_listed(own))


def _having(declared: Iterable[tuple[str, str]]) -> dict[str, set[str]]:
    """Return for each name of a reading the policies that have it."""
    found: dict[str, set[str]] = defaultdict(set)
    for policy, name in declared:
        found[name].add(policy)
    return dict(found)


def _listed(names: Iterable[str]) -> Text:
    return same(", ".join(members)) if (members := sorted(names)) else _NONE
