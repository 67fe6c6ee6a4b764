"""Suites, run: each case decided by an engine of its policies and readings, and held against what it expects."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import partial
from pathlib import Path

from msgspec.structs import replace
from msgspec.structs import replace as with_fields

from policyengine.engine.engine import Engine
from policyengine.engine.plugins import Plugins
from policyengine.errors import PolicyError, Problem
from policyengine.language.build import build_policies
from policyengine.language.readings import spellings
from policyengine.model.policy import Policy
from policyengine.model.rule import licensed_everywhere
from policyengine.suite.case import Case, Result, Suite, differences
from policyengine.suite.load import load_suite, suite_policies


class Engines:
    """Engines by the packs and readings that cases ask for, each loaded once.

    Args:
        load: loads one; by default from the packs' files, with the installed plugins.
        disable: the plugins, or packages, that are left out where it is the default.
        imports_from: folders that imports may lead to as well, where it is the default.
    """

    def __init__(
        self,
        load: Callable[[tuple[Path, ...], Mapping[str, str]], Engine] | None = None,
        disable: Sequence[str] = (),
        imports_from: Sequence[str | Path] = (),
    ) -> None:
        self._load = load or partial(_loaded, disable, imports_from)
        self._engines: dict[tuple[tuple[Path, ...], tuple[tuple[str, str], ...]], Engine] = {}

    def of(self, policies: tuple[Path, ...], readings: Mapping[str, str]) -> Engine:
        """Return the engine of these packs under these readings. Raises `PolicyError` where they cannot be loaded."""
        key = (policies, tuple(sorted(readings.items())))
        if key not in self._engines:
            self._engines[key] = self._load(policies, readings)
        return self._engines[key]

    def in_all_readings(self, policies: tuple[Path, ...]) -> Iterator[Engine]:
        """Yield engines under which every rule of the packs stands once: the defaults, and each other value alone.

        Raises:
            PolicyError: the packs cannot be loaded.
        """
        first = self.of(policies, {})
        yield first
        named = spellings(first.policies)
        for policy in first.policies:
            for reading in policy.readings.values():
                key = named[policy.id, reading.name]
                yield from (self.of(policies, {key: value}) for value in reading.values if value != reading.default)


def _loaded(
    disable: Sequence[str],
    imports_from: Sequence[str | Path],
    paths: tuple[Path, ...],
    readings: Mapping[str, str],
) -> Engine:
    plugins = Plugins(disable=disable)
    return Engine(judged_alone(build_policies(paths, plugins.kinds, readings, imports_from=imports_from)), plugins)


def judged_alone(policies: Sequence[Policy]) -> list[Policy]:
    """Return policies as suites judge them: alone, as if one that permits and licenses everything lay below.

    Layers are alone where nothing lies below them; and what one policy asks of others is met where there are none.
    """
    if all(policy.layer for policy in policies):
        policies = [replace(policy, layer=False) for policy in policies]
    if len({policy.id for policy in policies}) > 1:
        return list(policies)
    return [replace(policy, rules=tuple(map(licensed_everywhere, policy.rules))) for policy in policies]


def load(path: Path, engines: Engines) -> Suite:
    """Read one suite file, with the vocabulary of its first pack for what stands for all terms.

    Raises:
        PolicyError: the suite or a pack of it is broken, or a case asks for a reading that there is not.
    """
    policies, readings = suite_policies(path)
    suite = load_suite(path, engines.of(policies, readings).policies)
    problems: list[Problem] = []
    for case in suite.cases:
        try:
            engines.of(case.policies, case.readings)
        except PolicyError as error:
            problems.extend(with_fields(problem, place=problem.place or case.place) for problem in error.problems)
    if problems:
        raise PolicyError(problems)
    return suite


def run(cases: Iterable[Case], engines: Engines) -> Iterator[Result]:
    """Yield how each case went, in order. Cases depend on nothing but their policies, so any order gives the same."""
    for case in cases:
        yield run_case(case, engines.of(case.policies, case.readings))


def run_case(case: Case, engine: Engine) -> Result:
    """Decide one case and compare."""
    start = time.perf_counter()
    decision = engine.evaluate(case.event)
    seconds = time.perf_counter() - start
    return Result(case, decision, differences(case.expected, decision), seconds)
