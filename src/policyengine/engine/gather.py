"""What the fact sources know about events: asked for many events at once, and only for what their rules can need."""

from __future__ import annotations

import contextvars
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future
from typing import Any, Final, TypeAlias

from policyengine.engine.problems import NO_TIMEOUT
from policyengine.errors import ConfigurationError, InvalidEvent
from policyengine.hooks import FactQuery, FactSource
from policyengine.model.decision import Decision, Reason
from policyengine.model.event import Event
from policyengine.text import Text

Found: TypeAlias = Sequence[Mapping[str, Any]]

WAITING: Final = 32
"""How many calls of sources may be under way at once where the engine limits their time; others wait their turn."""


class _Late(TimeoutError):
    """A source took longer than the engine lets it."""


class Gatherer:
    """Gathers facts. What it cannot gather denies.

    Args:
        sources: asked in this order.
        timeout: how many seconds a call of a source may take; None calls it in the caller's own thread, without limit.
        asked: returns the fact types that the rules can ask for about an event; raises `InvalidEvent`.
        admit: raises `InvalidEvent` where a fact of an event is malformed.

    Raises:
        ConfigurationError: the timeout is none that a machine can wait for.
    """

    def __init__(
        self,
        sources: Sequence[FactSource],
        timeout: float | None,
        asked: Callable[[Event], frozenset[str]],
        admit: Callable[[Event], None],
    ) -> None:
        if timeout is not None and not 0 < timeout <= threading.TIMEOUT_MAX:
            raise ConfigurationError([NO_TIMEOUT.fault(("source_timeout",))])
        self._sources = tuple(sources)
        self._timeout = timeout
        self._asked = asked
        self._admit = admit
        self._free = threading.BoundedSemaphore(WAITING)

    def gather(self, events: Sequence[Event]) -> list[Event | Decision | InvalidEvent]:
        """Return each event with what the sources know about it, or why it cannot be decided.

        Each source is called at most once, with the events about which a rule can ask a fact at all.

        Args:
            events: any number of well-formed events.

        Returns:
            For each event, in order: the event with its facts; the denial where a source failed
            (``source-unavailable``, for every event that it was asked about) or what it said about this event is
            malformed (``source-invalid``); or the error where the event is invalid.
        """
        found: list[Event | Decision | InvalidEvent] = list(events)
        waiting: dict[int, frozenset[str]] = {}
        for number, event in enumerate(events):
            try:
                self._admit(event)
                types = self._asked(event)
            except InvalidEvent as error:
                found[number] = error
            else:
                if types:
                    waiting[number] = types
        gathered: dict[int, list[Mapping[str, Any]]] = {number: [] for number in waiting}
        for source in self._sources:
            queries = [FactQuery(events[number], types) for number, types in waiting.items()]
            if not queries:
                break
            try:
                answers = self._call(source, queries)
                if len(answers) != len(queries):
                    raise ValueError(f"{len(queries)} queries, {len(answers)} answers")
            except Exception as error:  # whatever a source does, it must not become a permit
                why = str(error) if isinstance(error, _Late) else repr(error)
                for number in waiting:
                    found[number] = self._denied(events[number], source, "source-unavailable", why)
                return found
            for number, facts in zip(tuple(waiting), answers, strict=True):
                try:
                    self._admit(events[number].with_facts(facts))
                except Exception as error:  # a malformed fact, or something that is no fact at all
                    why = str(error) if isinstance(error, InvalidEvent) else repr(error)
                    found[number] = self._denied(events[number], source, "source-invalid", why)
                    del waiting[number]
                else:
                    gathered[number].extend(facts)
        for number in waiting:
            if gathered[number]:
                found[number] = events[number].with_facts(gathered[number])
        return found

    def _call(self, source: FactSource, queries: Sequence[FactQuery]) -> Sequence[Found]:
        def answers() -> list[list[Mapping[str, Any]]]:
            return [list(facts) for facts in source.facts(queries)]

        if self._timeout is None:
            return answers()
        until = time.monotonic() + self._timeout
        late = _Late(f"no answer within {self._timeout} s")
        if not self._free.acquire(timeout=self._timeout):
            raise late
        found: Future[list[list[Mapping[str, Any]]]] = Future()
        context = contextvars.copy_context()

        def run() -> None:
            try:
                found.set_result(context.run(answers))
            except BaseException as error:
                found.set_exception(error)
            finally:
                self._free.release()

        # A thread of its own that the end of the process does not wait for: nobody knows when a call comes back.
        try:
            threading.Thread(target=run, name="policyengine-facts", daemon=True).start()
        except RuntimeError:  # the machine has no thread to give
            self._free.release()
            raise
        try:
            return found.result(max(0.0, until - time.monotonic()))
        except TimeoutError:
            if found.done():  # it was the source's own
                raise
            raise late from None

    def _denied(self, event: Event, source: FactSource, code: str, why: str) -> Decision:
        what = {
            "source-unavailable": Text(ja="から事実を得られません", en="did not answer"),
            "source-invalid": Text(ja="の返した事実が不正です", en="returned a malformed fact"),
        }[code]
        message = Text(
            ja=f"事実の情報源「{source.name}」{what.ja}: {why}", en=f'fact source "{source.name}" {what.en}: {why}'
        )
        reason = Reason(code, None, None, None, event.items, message)
        return Decision(event.id, "deny", reasons=(reason,), excess_items=event.items)
