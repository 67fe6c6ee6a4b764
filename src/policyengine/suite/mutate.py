"""Mutation testing: would the suites notice if the rules were a little wrong?

Every mutant is held against the suites. One that no case notices is held against the original by the exact difference
finder, under every combination of readings: either there is an event on which they differ, a case that the suites
miss, or there is none, and the mutant is proved equivalent.
"""

from __future__ import annotations

import os
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, Literal, TypeAlias

from msgspec.structs import replace

from policyengine.analysis.difference import difference
from policyengine.analysis.sight import Sight
from policyengine.engine.engine import Engine
from policyengine.engine.plugins import Plugins
from policyengine.errors import Place, PolicyError
from policyengine.language.build import Variants, policy_of
from policyengine.language.pack import Pack, load_pack
from policyengine.model.policy import Policy
from policyengine.suite.case import UNREAD, Case, actual
from policyengine.suite.likely import Likely
from policyengine.suite.mutants import Mutant, mutants
from policyengine.suite.run import judged_alone, run_case
from policyengine.text import Text

Fate: TypeAlias = Literal["killed", "survived", "equivalent", "refused"]
"""What became of a mutant; ``refused`` is one that the loader itself would not load."""


@dataclass(frozen=True, slots=True)
class Report:
    """What became of one mutant.

    Args:
        operator: what sort of change it was.
        message: the change, for people.
        place: where.
        fate: what became of it.
        killer: the id of the case that noticed.
        event: for a survivor, an event on which it differs from the original.
        readings: the readings under which they differ.
        expected: what the original says of that event, in the terms of a case.
    """

    operator: str
    message: Text
    place: Place
    fate: Fate
    killer: str | None = None
    event: Mapping[str, Any] | None = None
    readings: Mapping[str, str] | None = None
    expected: Mapping[str, Any] | None = None


class Mutation:
    """The mutants of one pack, and the cases that shall notice them.

    Args:
        path: the pack.
        cases: cases of which the pack is one of the policies; all must pass on the pack as it is.
        disable: the plugins, or packages, that are left out.
    """

    def __init__(self, path: Path, cases: Iterable[Case], disable: Sequence[str] = ()) -> None:
        self.path = path
        self.pack: Pack = load_pack(path)
        self.kinds = Plugins(disable=disable).kinds
        self.original = policy_of(self.pack, self.kinds, {})
        self.mutants: Sequence[Mutant] = tuple(mutants(self.pack, self.original, self.kinds))
        self._variants = Variants(self.kinds)
        self._packs: dict[Path, Pack] = {}
        self._others: dict[tuple[Path, tuple[tuple[str, str], ...]], Policy] = {}
        self.cases = [case for case in cases if any(map(self._is_here, case.policies))]
        self._originals: dict[Any, Sight] = {}
        under = defaultdict[tuple[tuple[str, str], ...], list[Case]](list)
        for case in self.cases:
            under[tuple(sorted(case.readings.items()))].append(case)
        self._likely = [
            (dict(readings), Likely(cases, self.original.vocabulary)) for readings, cases in sorted(under.items())
        ]

    def __reduce__(self) -> tuple[type[Mutation], tuple[Path, list[Case]]]:
        """A process that does not start as a copy of this one reads the pack again."""
        return Mutation, (self.path, self.cases)

    def run(self, jobs: int | None = None) -> Iterator[Report]:
        """Yield what became of each mutant, in order.

        Args:
            jobs: how many processes share the work; by default one for each processor.
        """
        jobs = jobs or os.cpu_count() or 1
        if jobs == 1:
            yield from map(self.report, range(len(self.mutants)))
            return
        with ProcessPoolExecutor(jobs, initializer=_start, initargs=(self,)) as pool:
            yield from pool.map(_report, range(len(self.mutants)), chunksize=4)

    def report(self, number: int) -> Report:
        """Return what becomes of one mutant."""
        mutant = self.mutants[number]
        place = next(d.place(mutant.path) for d in self.pack.documents if d.path == mutant.document)
        changed = mutant.applied(self.pack)
        policies: dict[tuple[tuple[str, str], ...], Policy] = {}
        engines: dict[Any, Engine] = {}

        def policy_under(readings: Mapping[str, str]) -> Policy:
            key = tuple(sorted(readings.items()))
            if key not in policies:
                policies[key] = self._built(changed, readings)
            return policies[key]

        def told(fate: Fate, **more: Any) -> Report:
            return Report(mutant.operator, mutant.message, place, fate, **more)

        tried: set[str] = set()

        def killer(cases: Iterable[Case]) -> str | None:
            for case in cases:
                tried.add(case.id)
                key = (case.policies, tuple(sorted(case.readings.items())))
                if key not in engines:
                    engines[key] = Engine(judged_alone(self._layered(case, policy_under(case.readings))))
                if not run_case(case, engines[key]).passed:
                    return case.id
            return None

        try:
            if (killed := killer(self._likely_cases(policy_under))) is not None:
                return told("killed", killer=killed)
            # What differs under the default readings is told before what differs under others alone.
            found = difference(self._original({}), policy_under({})) or difference(
                self._in_all_readings, self._with_words(self._variants.in_all_readings(changed))
            )
            others = (case for case in self.cases if case.id not in tried)
            # Where no difference is, no case can notice one that asks for no more than what was compared.
            if (killed := killer(case for case in others if found is not None or _asks_more(case))) is not None:
                return told("killed", killer=killed)
            if found is None:
                return told("equivalent")
            expected = expectation(self._original(found.readings).policy, found.event)
            return told("survived", event=found.event, readings=found.readings, expected=expected)
        except PolicyError:
            return told("refused")

    def _original(self, readings: Mapping[str, str]) -> Sight:
        key = tuple(sorted(readings.items()))
        if key not in self._originals:
            self._originals[key] = Sight(self._built(self.pack, readings))
        return self._originals[key]

    @cached_property
    def _in_all_readings(self) -> Sight:
        return Sight(self._with_words(self._variants.in_all_readings(self.pack)))

    def _built(self, pack: Pack, readings: Mapping[str, str]) -> Policy:
        return self._with_words(self._variants.policy(pack, readings))

    def _with_words(self, policy: Policy) -> Policy:
        """Return `policy` with the very words of the original where it has the same."""
        words = self.original.vocabulary
        return replace(policy, vocabulary=words) if policy.vocabulary == words else policy

    def _likely_cases(self, policy_under: Callable[[Mapping[str, str]], Policy]) -> Iterator[Case]:
        """Yield the cases for which what the mutant changes means something else."""
        for readings, likely in self._likely:
            yield from likely.noticing(self._original(readings).policy, policy_under(readings))

    def _layered(self, case: Case, mutant: Policy) -> list[Policy]:
        """Return the policies of a case, with the mutant in the place of the pack."""
        found = [mutant]
        for path in case.policies:
            if not self._is_here(path):
                key = path, tuple(sorted(case.readings.items()))
                if key not in self._others:
                    self._others[key] = policy_of(self._packs[path], self.kinds, case.readings)
                found.append(self._others[key])
        return found

    def _is_here(self, path: Path) -> bool:
        """Whether `path` is a name of the pack whose mutants these are."""
        if path not in self._packs:
            self._packs[path] = load_pack(path)
        return self._packs[path].files == self.pack.files


def _asks_more(case: Case) -> bool:
    """Whether a case asks for more than what the difference finder compares, or more policies than one."""
    return len(case.policies) > 1 or not case.expected.keys().isdisjoint(("reasons", "rules", "errors"))


def expectation(policy: Policy, event: Mapping[str, Any]) -> dict[str, Any]:
    """Return what `policy` says of `event`, as a case would expect it."""
    decision = Engine(judged_alone([policy])).evaluate(event)
    found: dict[str, Any] = {"expect": decision.outcome, "clauses": actual(decision, "clauses")}
    reasons = actual(decision, "reasons")
    if not UNREAD.isdisjoint(reasons):
        found["reasons"] = reasons
    if decision.obligations:
        found["obligations"] = actual(decision, "obligations")
    return found


_here: list[Mutation] = []


def _start(mutation: Mutation) -> None:
    """Make a process of the pool ready."""
    _here[:] = [mutation]


def _report(number: int) -> Report:
    return _here[0].report(number)
