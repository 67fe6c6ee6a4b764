"""Stateful tests: one person's consents, withdrawals and requests over time, and the flows in between."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, ClassVar, Final

from hypothesis import Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, precondition, rule

from policyengine.engine.engine import Engine
from policyengine.model.decision import Decision
from policyengine.model.policy import Policy
from policyengine.moment import FOREVER, instant
from policyengine.testing.asserts import told
from policyengine.testing.flows import EventData, engine_of, events, facts
from policyengine.testing.scenes import DAY, PERSON, Stage, text
from policyengine.testing.stops import passed_by, plain_requests

Fact = dict[str, Any]

_PHASES: Final = tuple(phase for phase in Phase if phase is not Phase.explain)  # the law that is broken explains enough
_SETTINGS: Final = settings(max_examples=200, stateful_step_count=10, deadline=None, phases=_PHASES)
_OUT_OF_TIME: Final = "a fact outside its time changes nothing"
_WHICH: Final = st.integers(0, 5)


class History(RuleBasedStateMachine):
    """What one person said over time, as facts, and the laws that every flow of their data obeys.

    A subclass adds laws of its own: it overrides `check`, and calls it on its parent.

    Attributes:
        engine: decides the flows.
        consent_types: the types of fact that are consents.
        request_types: the types of fact that are requests.
        now: in microseconds since 1970 (UTC).
        known: the facts that the person brought about, each from when it was said and until when it was taken back.
        past: the flows that have been decided, each without what the person said.
    """

    engine: ClassVar[Engine]
    consent_types: ClassVar[tuple[str, ...]]
    request_types: ClassVar[tuple[str, ...]]

    def __init__(self) -> None:
        super().__init__()
        self.now: int = Stage(self.engine).openings[0][1]
        self.known: list[Fact] = []
        self.past: list[EventData] = []

    def say(self, fact: Mapping[str, Any]) -> None:
        """Add a fact about the person, from now on."""
        timeless = {name: value for name, value in fact.items() if name != "until"}
        self.known.append({**timeless, "subject": PERSON, "from": text(self.now)})

    def standing(self, types: Sequence[str]) -> list[Fact]:
        """Return the facts of some types that were not taken back."""
        return [fact for fact in self.known if fact["type"] in types and "until" not in fact]

    def take_back(self, types: Sequence[str], which: int) -> None:
        """End one of the facts of some types now, counted from the newest."""
        standing = self.standing(types)
        standing[-1 - which % len(standing)]["until"] = text(self.now)

    def flow(self, event: Mapping[str, Any]) -> None:
        """Decide a flow of the person's data now, and hold it against the laws.

        Args:
            event: the flow. Of its facts, the consents and requests are said by the person first.
        """
        said = {*self.consent_types, *self.request_types}
        for fact in event.get("facts", ()):
            if fact["type"] in said and fact.get("subject", PERSON) == PERSON:
                self.say(fact)
        others = [fact for fact in event.get("facts", ()) if fact["type"] not in said]
        bare: EventData = {**event, "subject": {**event["subject"], "id": PERSON}, "facts": others}
        if bare not in self.past:
            self.past.append(bare)
        whole = {**bare, "time": text(self.now), "facts": [*others, *self.known]}
        self.check(whole, self.engine.evaluate(whole))

    def check(self, event: EventData, decision: Decision) -> None:
        """Assert the laws of one flow.

        Args:
            event: the flow, with all facts.
            decision: what was decided.
        """
        self._nothing_of(event, [fact for fact in self.known if fact["type"] in self.consent_types], permits=True)
        self._stops(event, decision)
        for request in plain_requests(self.engine, self.request_types) if decision.permitted_items else ():
            asked = {**event, "facts": [*event["facts"], {**request, "subject": PERSON, "from": text(self.now)}]}
            self._stops(asked, self.engine.evaluate(asked))
        self._nothing_of(event, self.known)
        current = {**event, "facts": [fact for fact in event["facts"] if self._in_effect(fact)]}
        self._law(self.engine.evaluate(current) == decision, _OUT_OF_TIME, event, decision)

    def _stops(self, event: EventData, decision: Decision) -> None:
        stop = passed_by(self.engine, event, decision, self.request_types)
        self._law(stop is None, f"a stop request in effect stops ({stop})", event, decision)

    def _nothing_of(self, event: EventData, facts: Sequence[Fact], *, permits: bool = False) -> None:
        """Assert that `facts`, if they were all taken back now, would permit nothing, or change nothing at all."""
        others = [fact for fact in event["facts"] if fact not in facts]
        after = {**event, "facts": [*others, *({**fact, "until": text(self.now)} for fact in facts)]}
        decision, without = self.engine.evaluate(after), self.engine.evaluate({**event, "facts": others})
        if permits:
            more = set(decision.permitted_items) - set(without.permitted_items)
            self._law(not more, "a withdrawn consent never permits later", after, decision)
        else:
            self._law(decision == without, _OUT_OF_TIME, after, decision)

    def _in_effect(self, fact: Mapping[str, Any]) -> bool:
        start = instant(fact["from"]) if "from" in fact else -FOREVER
        end = instant(fact["until"]) if "until" in fact else FOREVER
        return start <= self.now < end

    def _law(self, holds: bool, law: str, event: EventData, decision: Decision) -> None:
        if not holds:
            raise AssertionError("\n".join([f"broken: {law}", *told(event, decision)]))


def history(
    of: Engine | Policy,
    *,
    when: Mapping[str, str | Iterable[str]] | None = None,
    consents: Sequence[str] = ("consent",),
    requests: Sequence[str] = ("request",),
) -> type[History]:
    """Return a state machine of hypothesis: one person consents, withdraws, asks, waits, and data flow in between.

    Its laws: a withdrawn consent never permits later; a stop request in effect stops, but for what the rules spare;
    a fact outside its time changes nothing. ``TestHistory = history(engine).TestCase`` is a test for pytest.

    Args:
        of: the policies.
        when: which flows; as `policyengine.testing.events`. The whole vocabulary, where it is left out.
        consents: the types of fact that are consents of the person.
        requests: the types of fact that are requests of the person.

    Raises:
        ValueError: `when` or a type names what no policy knows.
    """
    decides, given, asked = engine_of(of), tuple(consents), tuple(requests)

    class OneHistory(History):
        engine = decides
        consent_types = given
        request_types = asked

        @rule(fact=facts(decides, types=given))
        def consents(self, fact: Fact) -> None:
            self.say(fact)

        @precondition(lambda self: self.standing(self.consent_types))
        @rule(which=_WHICH)
        def withdraws(self, which: int) -> None:
            self.take_back(self.consent_types, which)

        @rule(fact=facts(decides, types=asked))
        def asks(self, fact: Fact) -> None:
            self.say(fact)

        @precondition(lambda self: self.standing(self.request_types))
        @rule(which=_WHICH)
        def asks_no_more(self, which: int) -> None:
            self.take_back(self.request_types, which)

        @rule(days=st.integers(1, 400))
        def waits(self, days: int) -> None:
            self.now += days * DAY

        @rule(event=events(decides, when=when))
        def flows(self, event: EventData) -> None:
            self.flow(event)

        @precondition(lambda self: self.past)
        @rule(which=_WHICH)
        def flows_again(self, which: int) -> None:
            self.flow(self.past[-1 - which % len(self.past)])

    OneHistory.TestCase.settings = _SETTINGS
    return OneHistory
