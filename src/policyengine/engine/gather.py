"""What the fact sources know about events: asked for many events at once, and only for what their rules can need."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from policyengine.enforcement.calls import Call, Callee, Course, is_async
from policyengine.enforcement.standing import refuse_awaitable, said
from policyengine.errors import InvalidEvent, PolicyEngineError
from policyengine.hooks import FactQuery, FactSource
from policyengine.model.decision import Decision, Reason
from policyengine.model.event import Event, FactReader, event_with_facts
from policyengine.text import Text

_log = logging.getLogger("policyengine.gather")


class Gatherer:
    """Gathers facts. What it cannot gather denies.

    Args:
        sources: asked in this order.
        timeout: how many seconds a call of a source may take; None sets no limit.
        asked: returns the fact types that the rules can ask for about an event; raises `InvalidEvent`.
        admit: raises `InvalidEvent` where a fact of an event is malformed.
        reader: reads facts as the policies declare them.
        names: the fields that facts have.
    """

    def __init__(
        self,
        sources: Sequence[FactSource],
        timeout: float | None,
        asked: Callable[[Event], frozenset[str]],
        admit: Callable[[Event], None],
        reader: FactReader,
        names: frozenset[str],
    ) -> None:
        self._sources = tuple((source, _asking(source)) for source in sources)
        self._timeout = timeout
        self._asked = asked
        self._admit = admit
        self._reader = reader
        self._names = names

    def gather(self, events: Sequence[Event]) -> Course[list[Event | Decision | InvalidEvent]]:
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
        gathered = {number: events[number] for number in waiting}
        for source, callee in self._sources:
            queries = [FactQuery(events[number], types) for number, types in waiting.items()]
            if not queries:
                break
            try:
                answers = yield Call(callee, queries, self._timeout)
            except Exception as error:  # whatever a source does, it must not become a permit
                _log.warning("fact source %s failed", source.name, exc_info=True)
                for number in waiting:
                    found[number] = self._denied(events[number], source, "source-unavailable", said(error))
                return found
            for number, facts in zip(tuple(waiting), answers, strict=True):
                if not facts:
                    continue
                try:
                    known = event_with_facts(gathered[number], facts, self._reader)
                    self._admit(known)
                except Exception as error:  # a malformed fact, or something that is no fact at all
                    why = said(error, self._names)
                    _log.warning("fact source %s returned a malformed fact: %s", source.name, why)
                    found[number] = self._denied(events[number], source, "source-invalid", why)
                    del waiting[number]
                else:
                    gathered[number] = known
        for number in waiting:
            found[number] = gathered[number]
        return found

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


class WrongAnswer(PolicyEngineError):
    """What a source answered are no answers to what it was asked."""


def _listed(value: Any) -> list[Any]:
    """Return what a source handed over as a list. A text or an object is none, and an empty one not "no facts"."""
    if isinstance(value, str | bytes | Mapping):
        raise WrongAnswer(f"{type(value).__name__} in place of a list")
    return list(value)


def _asking(source: FactSource) -> Callee:
    """Return the function that asks a source, and gets all of its answers while its time is limited."""

    def read(queries: Sequence[FactQuery], found: Any) -> list[list[Mapping[str, Any]]]:
        refuse_awaitable(found)
        answers = [_listed(facts) for facts in _listed(found)]
        if len(answers) != len(queries):
            raise WrongAnswer(f"{len(queries)} queries, {len(answers)} answers")
        return answers

    async def awaited(queries: Sequence[FactQuery]) -> list[list[Mapping[str, Any]]]:
        return read(queries, await source.facts(queries))  # type: ignore[misc]

    def called(queries: Sequence[FactQuery]) -> list[list[Mapping[str, Any]]]:
        return read(queries, source.facts(queries))

    return Callee(awaited if is_async(source.facts) else called, batched=True)
