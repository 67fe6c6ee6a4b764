"""The packs' suites: enough cases, all passing, covering everything, and letting no wrong change through."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest

from policyengine.language.find import find_suites
from policyengine.suite.case import Case
from policyengine.suite.coverage import Collector
from policyengine.suite.mutate import Mutation
from policyengine.suite.run import Engines, load, run

RULES = Path(__file__).parents[2] / "rules"
ENGINES = Engines()


@pytest.fixture(scope="module", params=["alc-smart-learning", "online-shop"])
def pack(request: pytest.FixtureRequest) -> Path:
    return RULES / request.param


@pytest.fixture(scope="module")
def cases(pack: Path) -> list[Case]:
    return [case for suite in find_suites(pack) for case in load(suite, ENGINES).cases]


def test_every_case_passes(cases: list[Case]) -> None:
    assert len(cases) >= 150
    failed = [(result.case.id, result.differences) for result in run(cases, ENGINES) if not result.passed]
    assert not failed


def test_everything_is_covered(cases: list[Case]) -> None:
    collector = Collector()
    (policies,) = {case.policies for case in cases}
    policy = ENGINES.of(policies, {}).policies[0]
    for reading in policy.readings.values():
        for value in reading.values:
            collector.expect(ENGINES.of(policies, {reading.name: value}).policies)
    for case in cases:
        collector.watch(ENGINES.of(case.policies, case.readings), case.event)
    coverage = collector.found[policy.id]
    assert len(coverage.rules) >= 20
    missing = {
        rule.rule: [condition.missing for condition in rule.conditions.values() if condition.missing]
        for rule in coverage.rules.values()
        if not all(rule.points)
    }
    assert not missing
    assert coverage.percent == 100


def test_every_mutant_is_killed_or_proved_equivalent(pack: Path, cases: list[Case]) -> None:
    """Every small wrong change that the operators know, held against the cases."""
    mutation = Mutation(pack, cases)
    fates = Counter(report.fate for report in mutation.run(2))
    assert sum(fates.values()) == len(mutation.mutants) > 500
    assert fates["survived"] == 0
    assert fates["killed"] > 50 * fates["equivalent"]
