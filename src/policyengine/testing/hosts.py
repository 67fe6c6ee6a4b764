"""What tests of an application hand to its engine: facts in memory, a record of flows, a clock that stands still."""

from __future__ import annotations

import threading
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import TracebackType
from typing import Any

from policyengine import moment
from policyengine.enforcement.flow import Flow, Mode, Observer
from policyengine.engine.configuration import read_configuration
from policyengine.engine.engine import Engine, engine_of
from policyengine.hooks import FactQuery, FactSource, hookimpl
from policyengine.model.decision import Decision, Outcome
from policyengine.text import visible


class MemoryFacts:
    """A fact source in memory: what a test says is known. Hand it to an engine as a plugin."""

    name = "memory"

    def __init__(self) -> None:
        self._facts: list[dict[str, Any]] = []
        self._lock = threading.Lock()

    def add(self, fact: Mapping[str, Any] | None = None, /, **fields: Any) -> dict[str, Any]:
        """Add a fact as JSON has it, given as a mapping, as arguments, or both, and return it."""
        added = {**(fact or {}), **fields}
        with self._lock:
            self._facts.append(added)
        return added

    def withdraw(self, **fields: Any) -> list[dict[str, Any]]:
        """End every fact that has no end and says all of `fields`, and return them: ``withdraw(subject="c-1")``.

        It ends now, as the engine's clock has it (`FrozenClock`): an event of this moment finds it ended.

        Raises:
            LookupError: there is none.
        """
        with self._lock:
            found = [
                fact
                for fact in self._facts
                if "until" not in fact and all(fact.get(name) == value for name, value in fields.items())
            ]
            if not found:
                raise LookupError(f"no fact that has no end says: {', '.join(sorted(fields))}")
            for fact in found:
                fact["until"] = moment.now()
        return found

    def clear(self) -> None:
        """Forget all facts."""
        with self._lock:
            self._facts.clear()

    def facts(self, queries: Sequence[FactQuery]) -> list[list[dict[str, Any]]]:
        """Return the facts of the types that are asked for."""
        with self._lock:
            known = [dict(fact) for fact in self._facts]
        return [[fact for fact in known if fact.get("type") in query.types] for query in queries]

    @hookimpl
    def policyengine_fact_sources(self) -> Iterable[FactSource]:
        """Bring the source."""
        return (self,)


@dataclass(frozen=True)
class RecordedFlow:
    """A flow that was enforced, as it was in the end.

    Args:
        event: the event as the host stated it.
        decision: what was decided.
        payload: the payload, as actions have left it.
        mode: the mode.
        kept: the id under which it was kept for a person; None where it was not.
    """

    event: Mapping[str, Any]
    decision: Decision
    payload: Any
    mode: Mode
    kept: str | None

    @property
    def outcome(self) -> Outcome:
        """Its outcome."""
        return self.decision.outcome

    @property
    def codes(self) -> tuple[str, ...]:
        """The codes of what stands in its way, sorted."""
        return tuple(sorted({reason.code for reason in self.decision.reasons}))

    @property
    def clauses(self) -> tuple[str, ...]:
        """The clauses that it rests on."""
        return self.decision.clauses

    @property
    def obligations(self) -> tuple[str, ...]:
        """The ids of what it obliges to."""
        return tuple(duty.id for duty in self.decision.obligations)

    def __str__(self) -> str:
        said = [self.outcome, str(self.event.get("operation", "-")), f"[{', '.join(self.clauses)}]", *self.codes]
        return visible(" ".join(said))


class RecordedFlows:
    """Records every flow that is enforced, in order. Hand it to an engine as a plugin."""

    name = "recorded-flows"

    def __init__(self) -> None:
        self._flows: list[RecordedFlow] = []

    def observe(self, flow: Flow) -> None:
        """Take note of a flow."""
        stated = flow.event if flow.stated is None else flow.stated
        self._flows.append(RecordedFlow(stated, flow.decision, flow.payload, flow.mode, flow.kept))

    @hookimpl
    def policyengine_observers(self) -> Iterable[Observer]:
        """Bring the observer."""
        return (self,)

    def clear(self) -> None:
        """Forget all flows."""
        self._flows.clear()

    @property
    def permitted(self) -> list[RecordedFlow]:
        """Those that were permitted."""
        return self._with("permit")

    @property
    def denied(self) -> list[RecordedFlow]:
        """Those that were denied."""
        return self._with("deny")

    @property
    def invalid(self) -> list[RecordedFlow]:
        """Those whose event was none: a mistake of the application."""
        return self._with("invalid")

    @property
    def only(self) -> RecordedFlow:
        """The one flow that there was.

        Raises:
            AssertionError: there was none, or several; it lists them.
        """
        if len(self._flows) != 1:
            raise AssertionError("\n".join([f"{len(self._flows)} flows were enforced", *map(str, self._flows)]))
        return self._flows[0]

    def _with(self, outcome: Outcome) -> list[RecordedFlow]:
        return [flow for flow in self._flows if flow.outcome == outcome]

    def __iter__(self) -> Iterator[RecordedFlow]:
        return iter(tuple(self._flows))

    def __len__(self) -> int:
        return len(self._flows)


class FrozenClock:
    """The clock of guards, of requests and of `MemoryFacts`, which stands still between ``with`` and its end.

    It is one for the process. The times of events that a test states itself are what the test states.

    Args:
        time: where it stands, with an offset, such as ``2026-11-24T09:00:00+09:00``; by default at the time of now.

    Raises:
        ValueError: the time has no offset, or is none.
    """

    def __init__(self, time: str | datetime | None = None) -> None:
        self._time = datetime.now(UTC) if time is None else _aware(time)

    def __enter__(self) -> FrozenClock:
        self._real = moment.now
        moment.now = self.now
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        moment.now = self._real

    def now(self) -> str:
        """Return the time, as events have it."""
        return self._time.isoformat()

    def set(self, time: str | datetime) -> None:
        """Set it to another time, with an offset. Raises `ValueError`."""
        self._time = _aware(time)

    def forward(self, **span: float) -> None:
        """Set it forward: ``forward(days=1, hours=2)``, as `datetime.timedelta` has it."""
        self._time += timedelta(**span)


def _aware(time: str | datetime) -> datetime:
    found = datetime.fromisoformat(time) if isinstance(time, str) else time
    if found.utcoffset() is None:
        raise ValueError("a time of the clock needs an offset, such as +09:00")
    return found


def host_engine(config: str | Path, plugins: Iterable[object] = (), without: Iterable[str] = ()) -> Engine:
    """Load the engine of an application's configuration file, for its tests.

    Args:
        config: the application's ``policyengine.toml``.
        plugins: plugin objects, such as `MemoryFacts` and `RecordedFlows`, and the application's own.
        without: what the tests do without. Of an action that a step names, its steps; any other name is a plugin, or
            the package that brings it, which is left out with its settings, and needs no database and no environment.

    Raises:
        PolicyError: as `Engine.load`.
        PluginError: as `Engine.load`.
    """
    stated = read_configuration(config)
    without = tuple(without)
    actions = {step.action for step in stated.steps}
    fewer = replace(
        stated,
        steps=tuple(step for step in stated.steps if step.action not in without),
        settings={name: settings for name, settings in stated.settings.items() if name not in without},
        disable=(*stated.disable, *(name for name in without if name not in actions)),
    )
    return engine_of(fewer, plugins)
