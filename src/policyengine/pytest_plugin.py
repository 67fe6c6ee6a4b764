"""The pytest plugin: rule test suites (``*.test.toml``) as tests, and fixtures for projects that embed an engine.

pytest imports this module whenever it starts, for projects of any kind: so it imports nothing of an engine before the
first suite is collected, or the first fixture used.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from policyengine.engine.engine import Engine
    from policyengine.errors import Place, PolicyError
    from policyengine.model.decision import Decision
    from policyengine.suite.case import Case, Result
    from policyengine.suite.run import Engines
    from policyengine.testing.hosts import FrozenClock, MemoryFacts, RecordedFlows
    from policyengine.text import Language

SUFFIX = ".test.toml"

_ENGINES = pytest.StashKey["Engines"]()


def pytest_addoption(parser: pytest.Parser) -> None:
    """Declare the options of the ini file."""
    parser.addini("policyengine_suites", "Collect rule test suites (*.test.toml).", type="bool", default=True)
    parser.addini("policyengine_packs", "The packs of the fixtures policyengine_engine and assert_….", type="paths")
    parser.addini("policyengine_config", "The policyengine.toml of the application, for those.", type="paths")
    parser.addini("policyengine_without", "Plugins and actions of that file that tests do without.", type="args")
    parser.addini("policyengine_lang", "The language of failures: en, ja, or another of the policies'.", default="en")


def pytest_collect_file(file_path: Path, parent: pytest.Collector) -> SuiteFile | None:
    """Collect a rule test suite."""
    if not file_path.name.endswith(SUFFIX) or not parent.config.getini("policyengine_suites"):
        return None
    return SuiteFile.from_parent(parent, path=file_path)


class SuiteFile(pytest.File):
    """One suite: its cases are its items."""

    def collect(self) -> Iterable[pytest.Item]:
        """Read the suite. What is wrong with it, or with its packs, is told with file, line and column."""
        from policyengine.errors import PluginError, PolicyError  # noqa: PLC0415
        from policyengine.suite.run import load  # noqa: PLC0415
        from policyengine.text import visible  # noqa: PLC0415

        try:
            cases = load(self.path, _engines(self.config)).cases
        except PolicyError as error:
            raise self.CollectError(_problems(error, self.config)) from None
        except PluginError as error:
            raise self.CollectError(str(error)) from None
        for case in cases:
            yield CaseItem.from_parent(self, name=visible(case.name), case=case)


class CaseItem(pytest.Item):
    """One case of a suite.

    Args:
        case: the case.
        keywords: what pytest knows of an item.
    """

    def __init__(self, *, case: Case, **keywords: Any) -> None:
        super().__init__(**keywords)
        self.case = case

    def runtest(self) -> None:
        """Decide the case, and compare."""
        from policyengine.report.results import unreviewed  # noqa: PLC0415
        from policyengine.suite.run import run_case  # noqa: PLC0415

        engine = _engines(self.config).of(self.case.policies, self.case.readings)
        result = run_case(self.case, engine)
        if not result.passed:
            raise CaseFailed(result)
        if not self.case.reviewed:
            self.warn(UnreviewedCase(unreviewed(self.case, engine.policies).said(_language(self.config))))

    def repr_failure(self, excinfo: pytest.ExceptionInfo[BaseException], style: Any = None) -> Any:
        """Show what was expected beside what was decided, why, and where the case stands; no traceback."""
        if isinstance(excinfo.value, UnreviewedCase):
            return str(excinfo.value)
        if not isinstance(excinfo.value, CaseFailed):
            return super().repr_failure(excinfo, style)
        from policyengine.report.results import failure  # noqa: PLC0415
        from policyengine.text import plain_text  # noqa: PLC0415

        shown = _shown(excinfo.value.result, self.config)
        return plain_text(failure(shown).lines(_language(self.config)))

    def reportinfo(self) -> tuple[Path, int, str]:
        """Return where the case stands; pytest counts lines from 0."""
        return self.path, max(self.case.place.line - 1, 0), self.name


class CaseFailed(Exception):
    """A case is decided otherwise than it expects.

    Args:
        result: how it went.
    """

    def __init__(self, result: Result) -> None:
        super().__init__(result)
        self.result = result


class UnreviewedCase(pytest.PytestWarning):
    """A program wrote a case, and no person has reviewed it; says what the case asserts.

    ``-W error::policyengine.pytest_plugin.UnreviewedCase`` fails such cases.
    """


@pytest.fixture(scope="session")
def policyengine_plugins() -> tuple[MemoryFacts, RecordedFlows]:
    """Return what stands behind `policyengine_facts` and `policyengine_flows`, for an engine of the project's own."""
    from policyengine.testing import MemoryFacts, RecordedFlows  # noqa: PLC0415

    return MemoryFacts(), RecordedFlows()


@pytest.fixture(scope="session")
def policyengine_engine(
    pytestconfig: pytest.Config, policyengine_plugins: tuple[MemoryFacts, RecordedFlows]
) -> Iterator[Callable[..., Engine]]:
    """Return a function that returns the engine of the project.

    Without packs, it is that of the ini option ``policyengine_config``, with `policyengine_facts` and
    `policyengine_flows`, or else of the packs of ``policyengine_packs``. Paths are relative to the root of the project.
    ``readings`` are readings by name. Each engine is loaded once. A project whose engine has plugins of its own
    overrides this fixture.
    """
    hosted: list[Engine] = []

    def load(*packs: str | Path, readings: Mapping[str, str] | None = None) -> Engine:
        config = pytestconfig.getini("policyengine_config")
        if config and not packs and readings is None:
            if not hosted:
                from policyengine.testing import host_engine  # noqa: PLC0415

                without = pytestconfig.getini("policyengine_without")
                hosted.append(host_engine(config[0], policyengine_plugins, without))
            return hosted[0]
        paths = [pytestconfig.rootpath / pack for pack in packs or pytestconfig.getini("policyengine_packs")]
        if not paths:
            pytest.fail("name a pack, or set policyengine_packs or policyengine_config in the ini file", pytrace=False)
        return _engines(pytestconfig).of(tuple(paths), readings or {})

    yield load
    for engine in hosted:
        engine.close()


@pytest.fixture
def policyengine_facts(policyengine_plugins: tuple[MemoryFacts, RecordedFlows]) -> Iterator[MemoryFacts]:
    """Return the facts that the engine of ``policyengine_config`` knows: none, until the test adds some."""
    facts, _ = policyengine_plugins
    facts.clear()
    yield facts
    facts.clear()


@pytest.fixture
def policyengine_flows(policyengine_plugins: tuple[MemoryFacts, RecordedFlows]) -> RecordedFlows:
    """Return what the engine of ``policyengine_config`` enforces from now on."""
    _, flows = policyengine_plugins
    flows.clear()
    return flows


@pytest.fixture
def policyengine_clock() -> Iterator[FrozenClock]:
    """Return the clock of guards and requests, which stands still at the time of now until the test sets it."""
    from policyengine.testing import FrozenClock  # noqa: PLC0415

    with FrozenClock() as clock:
        yield clock


@pytest.fixture
def assert_permits(policyengine_engine: Callable[..., Engine]) -> Callable[..., Decision]:
    """Return `policyengine.testing.assert_permits` of the engine of ``policyengine_packs``."""
    from policyengine.testing import assert_permits  # noqa: PLC0415

    return partial(assert_permits, policyengine_engine())


@pytest.fixture
def assert_denies(policyengine_engine: Callable[..., Engine]) -> Callable[..., Decision]:
    """Return `policyengine.testing.assert_denies` of the engine of ``policyengine_packs``."""
    from policyengine.testing import assert_denies  # noqa: PLC0415

    return partial(assert_denies, policyengine_engine())


def _engines(config: pytest.Config) -> Engines:
    from policyengine.suite.run import Engines  # noqa: PLC0415

    return config.stash.setdefault(_ENGINES, Engines())


def _language(config: pytest.Config) -> Language:
    return str(config.getini("policyengine_lang"))


def _problems(error: PolicyError, config: pytest.Config) -> str:
    from msgspec.structs import replace  # noqa: PLC0415

    problems = (
        replace(problem, place=_near(problem.place, config)) if problem.place else problem for problem in error.problems
    )
    return "\n".join(problem.line(_language(config)) for problem in problems)


def _shown(result: Result, config: pytest.Config) -> Result:
    from dataclasses import replace  # noqa: PLC0415

    return replace(result, case=replace(result.case, place=_near(result.case.place, config)))


def _near(place: Place, config: pytest.Config) -> Place:
    """Return `place` with its file as seen from where pytest was started."""
    from msgspec.structs import replace  # noqa: PLC0415

    start, file = config.invocation_params.dir, Path(os.path.normpath(place.file))
    return replace(place, file=str(file.relative_to(start) if file.is_relative_to(start) else file))
