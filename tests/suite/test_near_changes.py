"""Near a change of rules is all that it can change: mutation looks there, and says what looking everywhere says."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from policyengine.analysis.difference import difference
from policyengine.analysis.near import Near
from policyengine.engine.engine import Engine
from policyengine.engine.plugins import Plugins
from policyengine.errors import PolicyError
from policyengine.language.build import Variants, policy_of
from policyengine.language.find import find_suites
from policyengine.suite.case import Case
from policyengine.suite.mutate import Mutation, Report
from policyengine.suite.run import Engines, judged_alone, load, run_case

RULES = Path(__file__).parents[2] / "rules"
PACKS = [RULES / "alc-smart-learning", RULES / "online-shop"]
KINDS = Plugins().kinds
EACH = 61
"""Of so many mutants one is tried the slow way."""


@cache
def mutation_of(pack: Path, *, few: bool = False) -> Mutation:
    engines = Engines()
    cases = [case for suite in find_suites(pack) for case in load(suite, engines).cases]
    return Mutation(pack, cases[::60] if few else cases)


def numbers(mutation: Mutation, each: int = EACH) -> Iterator[int]:
    return iter(range(0, len(mutation.mutants), each))


def failing(mutation: Mutation, number: int) -> list[Case]:
    """Return the cases that fail where the mutant stands in the place of its pack, each decided by all its rules."""
    changed = mutation.mutants[number].applied(mutation.pack)
    engines: dict[Any, Engine] = {}
    found = []
    for case in mutation.cases:
        key = (case.policies, tuple(sorted(case.readings.items())))
        if key not in engines:
            mutant = policy_of(changed, KINDS, case.readings, trusted=True)
            engines[key] = Engine(judged_alone(mutation._layered(case, mutant)))
        if not run_case(case, engines[key]).passed:
            found.append(case)
    return found


@pytest.mark.parametrize("few", [False, True], ids=["all cases", "few cases"])
@pytest.mark.parametrize("pack", PACKS, ids=lambda pack: pack.name)
def test_fates_are_those_of_looking_everywhere(pack: Path, few: bool) -> None:
    mutation = mutation_of(pack, few=few)
    fates = set()
    for number in numbers(mutation):
        report = mutation.report(number)
        fates.add(report.fate)
        try:
            noticed = {case.id for case in failing(mutation, number)}
        except PolicyError:
            assert report.fate == "refused"
            continue
        said = mutation.mutants[number].message.en
        assert (report.fate == "killed") is bool(noticed), said
        assert report.killer is None or report.killer in noticed, said
        if report.fate in ("survived", "equivalent"):
            tell_apart(mutation, number, report)
    assert ("survived" if few else "killed") in fates


def tell_apart(mutation: Mutation, number: int, report: Report) -> None:
    """Hold a mutant that no case noticed against the whole policies."""
    changed = mutation.mutants[number].applied(mutation.pack)
    if report.fate == "equivalent":
        variants = Variants(mutation.pack, KINDS)
        one, other = variants.in_all_readings(mutation.pack), variants.in_all_readings(changed)
        assert difference(one, other) is None
        return
    assert report.event is not None and report.readings is not None
    whole = [policy_of(pack, KINDS, report.readings, trusted=True) for pack in (mutation.pack, changed)]
    assert said(whole[0], report.event) != said(whole[1], report.event)


def said(policy: Any, event: Mapping[str, Any]) -> Any:
    decision = Engine(judged_alone([policy])).evaluate(event)
    return decision.outcome, decision.clauses, {duty.id for duty in decision.obligations}


@pytest.mark.parametrize("pack", PACKS, ids=lambda pack: pack.name)
def test_a_change_is_near_some_rules_and_few_differ(pack: Path) -> None:
    mutation = mutation_of(pack)
    variants = Variants(mutation.pack, KINDS)
    near = Near(variants.policy(mutation.pack, {}))
    sizes = []
    for number in numbers(mutation, 7):
        mutant = mutation.mutants[number]
        try:
            after = variants.policy(mutant.applied(mutation.pack), {})
        except PolicyError:
            continue
        change = near.change(after)
        if change.rules is None:
            assert change.after == after
            continue
        assert mutant.path[0] == "clause" and len(change.rules) <= 4, mutant.message.en
        assert set(change.before.rules) ^ set(change.after.rules) == set(change.rules)
        sizes.append(len(change.after.rules) / len(after.rules))
    assert len(sizes) > 20 and sum(sizes) / len(sizes) < 1


def test_of_what_is_changed_nothing_is_kept() -> None:
    mutation = mutation_of(PACKS[1])
    variants = Variants(mutation.pack, KINDS)
    variants.policy(mutation.pack, {})
    kept = len(variants._kept._found)
    for number in numbers(mutation, 40):
        try:
            variants.policy(mutation.mutants[number].applied(mutation.pack), {})
        except PolicyError:
            continue
    assert len(variants._kept._found) == kept
