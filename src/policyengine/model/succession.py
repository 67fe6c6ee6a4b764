"""Versions of one policy that follow one another: which replaces which, and when each of them is in force."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from msgspec.structs import replace

from policyengine.errors import Problem, did_you_mean, place_of
from policyengine.model.policy import Policy
from policyengine.model.problems import (
    BEGINS_BEFORE_REPLACED,
    END_WHERE_REPLACED,
    UNKNOWN_VERSION,
    VERSION_GAP,
    VERSION_OVERLAP,
)
from policyengine.moment import FOREVER, written


def in_succession(policies: Sequence[Policy]) -> tuple[Policy, ...]:
    """Return policies as they are in force beside one another.

    A version that says no end itself ends where the version that replaces it begins, if that is there.
    """
    begins: dict[tuple[str, str], int] = {}
    for policy in policies:
        if policy.replaces is not None:
            key = policy.id, policy.replaces
            begins[key] = min(policy.start, begins.get(key, FOREVER))

    def ended(policy: Policy) -> Policy:
        end = begins.get((policy.id, policy.version), FOREVER)
        return replace(policy, end=end) if policy.end == FOREVER and policy.start < end < FOREVER else policy

    return tuple(map(ended, policies))


def succession_problems(policies: Sequence[Policy]) -> Iterator[Problem]:
    """Yield what is wrong with versions that replace others of these, and, as notes, times that none covers."""
    for policy in policies:
        others = [other for other in policies if other.id == policy.id and other is not policy]
        if policy.replaces is None or not others:
            continue
        versions = {other.version: other for other in others}
        if policy.replaces not in versions:
            hint = did_you_mean(policy.replaces, versions)
            place = place_of(policy.source, "replaces")
            yield UNKNOWN_VERSION.at(place, hint=hint, name=policy.id, version=policy.replaces)
            continue
        before, place = versions[policy.replaces], place_of(policy.source, "from")
        if before.start >= policy.start:
            yield BEGINS_BEFORE_REPLACED.at(place, version=before.version, place=place_of(before.source, "from"))
        elif before.end != FOREVER and before.end != policy.start:
            code = VERSION_OVERLAP if before.end > policy.start else VERSION_GAP
            yield code.at(
                place,
                hint=END_WHERE_REPLACED,
                version=before.version,
                until=written(before.end),
                begins=written(policy.start),
                place=place_of(before.source, "until"),
            )
