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

from policyengine.analysis.difference import Found, Undecided, difference
from policyengine.analysis.near import Change, Near
from policyengine.analysis.witness import Witnesses, told_apart
from policyengine.engine.engine import Engine
from policyengine.engine.plugins import Plugins
from policyengine.errors import Place, PolicyError
from policyengine.language.build import Variants, policy_of
from policyengine.language.disk import Files
from policyengine.language.pack import Pack, load_pack
from policyengine.model.event import Event
from policyengine.model.policy import Policy
from policyengine.suite.case import UNREAD, Case, actual, differences
from policyengine.suite.likely import Likely
from policyengine.suite.mutants import Mutant, mutants
from policyengine.suite.run import judged_alone
from policyengine.text import Text

Fate: TypeAlias = Literal["killed", "survived", "equivalent", "undecided", "refused"]
"""What became of a mutant; ``refused`` is one that the loader itself would not load."""


Chosen: TypeAlias = "tuple[tuple[str, str], ...]"
"""Readings that are picked, in the order of their names."""


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
        imports_from: folders that imports may lead to, beside those that the packs' own stand in.
    """

    def __init__(
        self,
        path: Path,
        cases: Iterable[Case],
        disable: Sequence[str] = (),
        imports_from: Sequence[str | Path] = (),
    ) -> None:
        self.path = path
        self._imports_from = imports_from
        self.pack: Pack = load_pack(path, Files(imports_from))
        self.kinds = Plugins(disable=disable).kinds
        self.original = policy_of(self.pack, self.kinds, {})
        self.mutants: Sequence[Mutant] = tuple(mutants(self.pack, self.original, self.kinds))
        self._variants = Variants(self.pack, self.kinds)
        self._packs: dict[Path, Pack] = {}
        self._here: dict[Path, bool] = {}
        self._others: dict[tuple[Path, Chosen], Policy] = {}
        self.cases = [case for case in cases if any(map(self._is_here, case.policies))]
        self._originals: dict[Chosen, Near] = {}
        self._engines: dict[Chosen, Engine] = {}
        self._events: dict[str, Event] = {}
        under = defaultdict[Chosen, list[Case]](list)
        for case in self.cases:
            under[_chosen(case.readings)].append(case)
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
        changes: dict[Chosen, Change] = {}
        engines: dict[Any, Engine] = {}

        def change_under(readings: Mapping[str, str]) -> Change:
            key = _chosen(readings)
            if key not in changes:
                changes[key] = self._original(readings).change(self._built(changed, readings))
            return changes[key]

        def engine_of(case: Case) -> Engine:
            key = case.policies, _chosen(case.readings)
            if key not in engines:
                change = change_under(case.readings)
                # Beside a layer, words can mean more than they do alone, and rules reach further.
                alone = len(case.policies) == 1
                mutant = change.after if alone else self._built(changed, case.readings)
                engines[key] = Engine(judged_alone(self._layered(case, mutant)))
            return engines[key]

        def told(fate: Fate, **more: Any) -> Report:
            return Report(mutant.operator, mutant.message, place, fate, **more)

        tried: set[str] = set()

        def killer(cases: Iterable[Case]) -> str | None:
            for case in cases:
                tried.add(case.id)
                decision = engine_of(case).evaluate(self._event(case))
                if differences(case.expected, decision):
                    return case.id
            return None

        try:
            if (killed := killer(self._likely_cases(change_under))) is not None:
                return told("killed", killer=killed)
            found, decided = None, True
            try:
                found = self._difference(changed, change_under({}))
            except Undecided:
                decided = False
            others = (case for case in self._affected(change_under) if case.id not in tried)
            # Where no difference is, no case can notice one that asks for no more than what was compared.
            if (killed := killer(c for c in others if not decided or found is not None or _asks_more(c))) is not None:
                return told("killed", killer=killed)
            if found is None:
                return told("equivalent" if decided else "undecided")
            apart = told_apart(self._original(found.readings).policy, self._built(changed, found.readings), found.event)
            event = self._witnesses.believable(found.event, apart)
            return told(
                "survived",
                event=event,
                readings=found.readings,
                expected=expectation(self._engine(found.readings), event),
            )
        except PolicyError:
            return told("refused")

    def _difference(self, changed: Pack, by_default: Change) -> Found | None:
        """Return an event that the mutant decides otherwise; under the default readings, where there is one there."""
        if self.original.readings:
            change = self._in_all_readings.change(self._with_words(self._variants.in_all_readings(changed)))
            found = difference(change.before, change.after)
            if found is None or not found.readings:
                return found
            return difference(by_default.before, by_default.after) or found
        return difference(by_default.before, by_default.after)

    def _affected(self, change_under: Callable[[Mapping[str, str]], Change]) -> Iterator[Case]:
        """Yield the cases that may be decided otherwise."""
        reached: dict[Chosen, set[str] | None] = {}
        for readings, likely in self._likely:
            rules = change_under(readings).rules
            reached[_chosen(readings)] = None if rules is None else likely.reached(rules)
        for case in self.cases:
            some = reached[_chosen(case.readings)]
            if some is None or len(case.policies) > 1 or case.id in some:
                yield case

    def _event(self, case: Case) -> Event | Mapping[str, Any]:
        """Return the event of a case, read once for all mutants."""
        if case.id not in self._events:
            if case.expected["outcome"] == "invalid":
                return case.event
            self._events[case.id] = Event.from_mapping(case.event)
        return self._events[case.id]

    def _original(self, readings: Mapping[str, str]) -> Near:
        key = _chosen(readings)
        if key not in self._originals:
            self._originals[key] = Near(self._built(self.pack, readings))
        return self._originals[key]

    def _engine(self, readings: Mapping[str, str]) -> Engine:
        """Return the engine of the pack as it is."""
        key = _chosen(readings)
        if key not in self._engines:
            self._engines[key] = Engine(judged_alone([self._original(readings).policy]))
        return self._engines[key]

    @cached_property
    def _witnesses(self) -> Witnesses:
        return Witnesses([self.original])

    @cached_property
    def _in_all_readings(self) -> Near:
        return Near(self._with_words(self._variants.in_all_readings(self.pack)))

    def _built(self, pack: Pack, readings: Mapping[str, str]) -> Policy:
        return self._with_words(self._variants.policy(pack, readings))

    def _with_words(self, policy: Policy) -> Policy:
        """Return `policy` with the very words of the original where it has the same."""
        words = self.original.vocabulary
        return replace(policy, vocabulary=words) if policy.vocabulary == words else policy

    def _likely_cases(self, change_under: Callable[[Mapping[str, str]], Change]) -> Iterator[Case]:
        """Yield the cases for which what the mutant changes means something else."""
        for readings, likely in self._likely:
            change = change_under(readings)
            yield from likely.noticing(change.before, change.after)

    def _layered(self, case: Case, mutant: Policy) -> list[Policy]:
        """Return the policies of a case, with the mutant in the place of the pack."""
        found = [mutant]
        for path in case.policies:
            if not self._is_here(path):
                key = path, _chosen(case.readings)
                if key not in self._others:
                    self._others[key] = policy_of(self._packs[path], self.kinds, case.readings)
                found.append(self._others[key])
        return found

    def _is_here(self, path: Path) -> bool:
        """Whether `path` is a name of the pack whose mutants these are."""
        if path not in self._here:
            self._packs[path] = load_pack(path, Files(self._imports_from))
            self._here[path] = self._packs[path].files == self.pack.files
        return self._here[path]


def _chosen(readings: Mapping[str, str]) -> Chosen:
    return tuple(sorted(readings.items()))


def _asks_more(case: Case) -> bool:
    """Whether a case asks for more than what the difference finder compares, or more policies than one."""
    return len(case.policies) > 1 or not case.expected.keys().isdisjoint(("reasons", "rules", "errors"))


def expectation(engine: Engine, event: Mapping[str, Any]) -> dict[str, Any]:
    """Return what is decided of `event`, as a case would expect it."""
    decision = engine.evaluate(event)
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
