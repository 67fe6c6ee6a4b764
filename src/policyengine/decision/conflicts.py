"""Which policies do not fit together: two of one id at one time, and two that say unlike things of one word.

Only policies that can govern one controller at one time are held against one another: what tenants of one engine
declare is nothing to each other.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence

from policyengine.errors import PolicyError, Problem, Source, place_of
from policyengine.model.policy import Policy
from policyengine.model.problems import (
    CONFLICTING_ATTRIBUTE,
    CONFLICTING_DIMENSION,
    CONFLICTING_FACT_FIELD,
    CONFLICTING_REMAINDER,
    DUPLICATE_POLICY,
)
from policyengine.model.succession import succession_problems


def refuse_conflicts(policies: Sequence[Policy]) -> None:
    """Raise `PolicyError` where policies do not fit together, with everything in which they do not.

    What all that govern an event read in common is of one shape: attributes and types of fact. Words are shared with a
    layer alone, so that it takes one to make unlike ones a conflict.

    Args:
        policies: in the order of their ids, in which they are named.
    """
    problems = [problem for problem in succession_problems(policies) if problem.severity == "error"]
    problems = problems or list(_duplicates(policies))
    layers = [policy for policy in policies if policy.layer]
    for one, other in _together(policies):
        problems.extend(_unlike_shapes(one, other))
        if one.layer is not other.layer or (not one.layer and any(_meet(one, other, layer) for layer in layers)):
            problems.extend(_unlike_words(one, other))
    if problems:
        raise PolicyError(problems)


def _duplicates(policies: Iterable[Policy]) -> Iterator[Problem]:
    by_id: dict[str, list[Policy]] = defaultdict(list)
    for policy in policies:
        by_id[policy.id].append(policy)
    for name, found in by_id.items():
        if any(True for _ in _overlapping(found)):
            yield DUPLICATE_POLICY.at(None, name=name)


def _together(policies: Sequence[Policy]) -> Iterator[tuple[Policy, Policy]]:
    """Yield every two policies that can govern one controller at one time, each pair once.

    That looks at those that govern one controller, and never at all pairs: of ten thousand tenants, each is held
    against itself and the few statutes that govern everybody.
    """
    number = {id(policy): index for index, policy in enumerate(policies)}
    anyone = [policy for policy in policies if policy.governs is None]
    named: dict[str, list[Policy]] = defaultdict(list)
    for policy in policies:
        for controller in policy.governs or ():
            named[controller].append(policy)
    seen: set[tuple[int, int]] = set()
    for group in [[*anyone, *found] for found in named.values()] or [anyone]:
        for pair in _overlapping(group):
            one, other = sorted(pair, key=lambda policy: number[id(policy)])
            key = number[id(one)], number[id(other)]
            if key not in seen:
                seen.add(key)
                yield one, other


def _overlapping(policies: Iterable[Policy]) -> Iterator[tuple[Policy, Policy]]:
    """Yield every two of some policies that are in force at one time."""
    going_on: list[Policy] = []
    for policy in sorted(policies, key=lambda policy: policy.start):
        going_on = [earlier for earlier in going_on if earlier.end > policy.start]
        yield from ((earlier, policy) for earlier in going_on)
        going_on.append(policy)


def _meet(*policies: Policy) -> bool:
    """Whether all of some policies can govern one controller at one time."""
    named = [policy.governs for policy in policies if policy.governs is not None]
    at_one_time = max(policy.start for policy in policies) < min(policy.end for policy in policies)
    return at_one_time and (not named or bool(frozenset.intersection(*named)))


def _unlike_shapes(one: Policy, other: Policy) -> Iterator[Problem]:
    """Yield the attributes and the fields of facts that two policies declare in unlike ways."""
    ours, theirs = one.vocabulary, other.vocabulary
    for name in sorted(ours.attributes.keys() & theirs.attributes.keys()):
        first, second = ours.attributes[name], theirs.attributes[name]
        if first.type != second.type:
            yield CONFLICTING_ATTRIBUTE.at(
                place_of(_mended(one, other, first.source, second.source)),
                name=name,
                first=one.id,
                ours=first.type,
                second=other.id,
                theirs=second.type,
            )
    for name in sorted(ours.facts.keys() & theirs.facts.keys()):
        for field in ours.facts[name].unlike(theirs.facts[name]):
            yield CONFLICTING_FACT_FIELD.at(
                place_of(_mended(one, other, ours.facts[name].source, theirs.facts[name].source), "fields", field),
                name=name,
                field=field,
                first=one.id,
                second=other.id,
            )


def _unlike_words(one: Policy, other: Policy) -> Iterator[Problem]:
    """Yield the words that two policies put into unlike dimensions, and those that one alone makes a remainder."""
    ours, theirs = _dimensions(one), _dimensions(other)
    for name in sorted(ours.keys() & theirs.keys()):
        shared = [dimension for dimension in ours[name] if dimension in theirs[name]]
        for dimension in shared:
            here, there = one.vocabulary.terms[dimension][name], other.vocabulary.terms[dimension][name]
            if here.remainder is not there.remainder:
                yield CONFLICTING_REMAINDER.at(
                    place_of(_mended(one, other, here.source, there.source)),
                    name=name,
                    dimension=dimension,
                    first=one.id if here.remainder else other.id,
                    second=other.id if here.remainder else one.id,
                )
        if not shared:
            (mine, *_), (its, *_) = ours[name], theirs[name]
            here, there = one.vocabulary.terms[mine][name], other.vocabulary.terms[its][name]
            yield CONFLICTING_DIMENSION.at(
                place_of(_mended(one, other, here.source, there.source)),
                name=name,
                first=one.id,
                ours=mine,
                second=other.id,
                theirs=its,
            )


def _dimensions(policy: Policy) -> Mapping[str, Sequence[str]]:
    """Return for each word of a policy the dimensions in which it stands."""
    found: dict[str, list[str]] = {}
    for dimension, terms in policy.vocabulary.terms.items():
        for name in terms:
            found.setdefault(name, []).append(dimension)
    return found


def _mended(one: Policy, other: Policy, ours: Source | None, theirs: Source | None) -> Source | None:
    """Return where to mend it: below a layer, since that is somebody else's; else in the second policy."""
    first, second = (theirs, ours) if other.layer and not one.layer else (ours, theirs)
    return second or first
