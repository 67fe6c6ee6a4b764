"""The pure engine: policies in, decisions out. No source of facts, no action, no state but what is remembered."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from functools import partial
from itertools import chain
from typing import TYPE_CHECKING, Any

from policyengine.decision.conflicts import refuse_conflicts
from policyengine.decision.court import Court, fact_types, reader_of, refuse_malformed
from policyengine.decision.memory import Memory
from policyengine.decision.verdict import Verdict
from policyengine.errors import InvalidEvent, did_you_mean, hinted
from policyengine.model.decision import Decision, Reason
from policyengine.model.event import Event, FactReader, event_from_json, event_from_mapping, event_of, keep_ruled
from policyengine.model.event_problems import NO_CONTROLLER
from policyengine.model.fact import FactType
from policyengine.model.policy import Policy
from policyengine.model.remedy import NONE
from policyengine.model.succession import in_succession
from policyengine.model.vocabulary import Attribute
from policyengine.text import Language, Text, echoed

if TYPE_CHECKING:
    from policyengine.decision.explain import Explanation
    from policyengine.decision.nearest import Near


class Decider:
    """Decides events that have all their facts. Immutable, and safe to share between threads.

    Args:
        policies: at least one policy; a flow is permitted when every one that governs it permits it.

    Raises:
        PolicyError: the policies do not fit together.
    """

    def __init__(self, policies: Iterable[Policy]) -> None:
        ordered = sorted(policies, key=lambda policy: (policy.id, policy.version))
        self.policies: tuple[Policy, ...] = in_succession(ordered)
        refuse_conflicts(self.policies)
        named: dict[str, list[int]] = {}
        for index, policy in enumerate(self.policies):
            for controller in policy.governs or ():
                named.setdefault(controller, []).append(index)
        self._controller = next(iter(named)) if len(named) == 1 else None
        self._binding_anyone = [index for index, policy in enumerate(self.policies) if policy.governs is None]
        self._binding = {controller: sorted((*found, *self._binding_anyone)) for controller, found in named.items()}
        self._courts: dict[tuple[int, ...], Court] = {}
        self._memory = Memory()
        self.fact_types: Mapping[str, FactType] = fact_types(self.policies)
        self._reader = reader_of(self.fact_types)
        self._only = self._court((0,)) if len(self.policies) == 1 and not self.policies[0].layer else None
        self.attributes: Mapping[str, Attribute] = {
            name: attribute for policy in self.policies for name, attribute in policy.vocabulary.attributes.items()
        }
        self._names_controllers = any(
            field.held == "controller" for declared in self.fact_types.values() for field in declared.fields.values()
        )
        self._unlike = {
            name
            for policy in self.policies
            for name, declared in policy.vocabulary.facts.items()
            if any(self.fact_types[name].unlike(declared))
        }

    @property
    def reader(self) -> FactReader:
        """Reads the facts of events as any of the policies declares them."""
        return self._reader

    def decide(self, event: Event) -> Decision:
        """Return what the policies say of an event that has all its facts.

        Raises:
            InvalidEvent: it names no controller where several are possible, or a fact or an attribute is malformed.
        """
        if self._names_controllers:
            event = self._controlled(event)
        court = self._court_of(event)
        if court is None:
            self.admit(event)
            return self._ungoverned(event)
        by, found = event.ruled
        if by is not court:
            found = self._ruled(event, court)
            keep_ruled(event, court, found)
        verdict, verdicts = found
        reasons: tuple[Reason, ...] = ()
        if verdict.outcome == "deny":
            told = [of.of(event, each.obstacles) for of, each in zip(court.reasons, verdicts, strict=True)]
            reasons = tuple(told[0] if len(told) == 1 else chain.from_iterable(told))
        return Decision(
            event.id,
            verdict.outcome,
            court.refs,
            verdict.clauses,
            verdict.rules,
            reasons,
            verdict.permitted_items,
            verdict.excess_items,
            verdict.obligations,
            (),
            (_explain, (self, event)),
            NONE if verdict.outcome == "permit" else (court.remedying.remedies, event),
        )

    def _ruled(self, event: Event, court: Court) -> tuple[Verdict, Sequence[Verdict]]:
        """Return what the policies say together, and what each of them says."""
        if event.attributes and court.attributes:
            court.admit_attributes(event)
        return court.ruled(event)

    def _court_of(self, event: Event) -> Court | None:
        """Return the policies that govern an event, as they are asked together; None where none does."""
        only, controller, instant = self._only, event.controller, event.instant
        if only is not None:
            (policy,) = only.policies
            if controller is None and self._controller is None:
                raise self._no_controller(event)
            bound = controller is None or policy.governs is None or controller in policy.governs
            return only if bound and policy.start <= instant < policy.end else None
        governing = self._governing(event)
        return self._court(tuple(governing)) if governing else None

    def _court(self, governing: tuple[int, ...]) -> Court:
        found = self._courts.get(governing)
        if found is None:
            found = self._courts[governing] = Court(
                [self.policies[index] for index in governing], self._memory, self._reader
            )
        return found

    def _governing(self, event: Event) -> list[int]:
        """Return the numbers of the policies that govern the event, in the order of their ids."""
        controller = event.controller or self._controller
        if controller is None:
            raise self._no_controller(event)
        return self._in_force(self._binding.get(controller, self._binding_anyone), event.instant)

    def _in_force(self, bound: Sequence[int], instant: int) -> list[int]:
        """Return those of some policies that govern at an instant: layers govern nothing that nothing else governs."""
        found = [index for index in bound if self.policies[index].in_force(instant)]
        return found if any(not self.policies[index].layer for index in found) else []

    def at(self, controller: str | None, instant: int | None) -> Sequence[Policy]:
        """Return the policies that govern a controller, each with the words that it shares with the others.

        Args:
            controller: whom; None where there is only one.
            instant: when; None for the newest time at which any do, whether that has come or not.

        Raises:
            ValueError: no controller is named where several are possible, or none governs.
        """
        controller = controller or self._controller
        if controller is None and self._binding:
            raise ValueError(f"controller: name one of {', '.join(sorted(self._binding))}")
        bound = self._binding.get(controller or "", self._binding_anyone)
        starts = {self.policies[index].start for index in bound}
        ends = {self.policies[index].end - 1 for index in bound}
        times = sorted(starts | ends, reverse=True) if instant is None else [instant]
        for time in times:
            if found := self._in_force(bound, time):
                return self._court(tuple(found)).policies
        raise ValueError("controller: no policy governs it" + (" at that time" if instant is not None else ""))

    def _controlled(self, event: Event) -> Event:
        """Return an event that says who its controller is, where there is only one: facts are held against that."""
        known = self._controller if event.controller is None else None
        return event if known is None else event_of(event, known)

    def _no_controller(self, event: Event) -> InvalidEvent:
        known = ", ".join(sorted(self._binding)) or "anyone"
        return InvalidEvent([NO_CONTROLLER.error("$.controller", known=known)], event.id)

    def _ungoverned(self, event: Event) -> Decision:
        reason = Reason("no-governing-policy", None, None, None, event.items, partial(self._why_ungoverned, event))
        return Decision(
            event.id, "deny", reasons=(reason,), excess_items=event.items, explainer=(_explain, (self, event))
        )

    def _why_ungoverned(self, event: Event) -> tuple[Text, tuple[str, ...]]:
        controller = event.controller or self._controller or ""
        bound = [self.policies[index] for index in self._binding.get(controller, self._binding_anyone)]
        there = [policy for policy in bound if policy.in_force(event.instant)]
        names = ", ".join(dict.fromkeys(policy.id for policy in there or bound))
        if there:
            message = Text(
                ja=f"適用されるのはレイヤー（{names}）だけで、レイヤーだけでは何も決まりません",
                en=f"only layers are there ({names}), and a layer governs nothing alone",
            )
        elif bound:
            message = Text(
                ja=f"{event.document.time} の時点で施行されているポリシーがありません（{names} は施行期間外）",
                en=f"no policy is in force at {event.document.time} ({names} is outside its time)",
            )
        else:
            hint, shown = did_you_mean(controller, self._binding), echoed(controller)
            message = Text(
                ja=f"管理者「{shown}」に適用されるポリシーがありません",
                en=f'no policy governs the controller "{shown}"',
            )
            message = hinted(message, hint)
        return message, ()

    def governing(self, event: Event) -> Sequence[Policy]:
        """Return the policies that govern an event, each with the words that it shares with the others.

        Raises:
            InvalidEvent: it names no controller where several are possible.
        """
        court = self._court_of(event)
        return court.policies if court is not None else ()

    def elsewhere(self, event: Event) -> Sequence[frozenset[str]]:
        """Return for each policy that governs an event the items that the others license to it."""
        court = self._court_of(event)
        return court.elsewhere(event) if court is not None else ()

    def asked(self, event: Event) -> frozenset[str]:
        """Return the fact types that the rules of the policies that govern an event can ask for."""
        court = self._court_of(event)
        if court is None:
            return frozenset()
        return frozenset[str]().union(*(evaluator.types(event) for evaluator in court.evaluators))

    def admit(self, event: Event) -> None:
        """Raise `InvalidEvent` where a fact or an attribute is not of the form that the policies declare."""
        court = self._court_of(event)
        if court is not None:
            court.admit(event)
        else:
            refuse_malformed(event, self.fact_types, but=self._unlike)

    def explanation(self, event: Event) -> Explanation:
        """Return the rules considered for an event that has all its facts, with what held and what did not."""
        from policyengine.decision.explain import explanation  # noqa: PLC0415

        event = self._controlled(event)
        self.admit(event)
        return explanation(self.governing(event), event, self.decide(event), self.elsewhere(event))

    def nearest(self, event: Event) -> tuple[Near, ...]:
        """Return the rules that come nearest to permitting a denied event that has all its facts."""
        from policyengine.decision.nearest import nearest  # noqa: PLC0415

        self.admit(event)
        return nearest(self.governing(event), event, self.decide(event), self.elsewhere(event))


def read_event(
    event: Mapping[str, Any] | Event | bytes | str | InvalidEvent, reader: FactReader | None = None
) -> Event | InvalidEvent:
    """Return what an event source yielded as an event, or what is wrong with it."""
    try:
        if isinstance(event, Event | InvalidEvent):
            return event
        if isinstance(event, bytes | str):
            return event_from_json(event, reader)
        return event_from_mapping(event, reader)
    except InvalidEvent as error:
        return error


def invalid(error: InvalidEvent) -> Decision:
    """Return the decision on an event that is none."""
    return Decision(error.event, "invalid", errors=error.errors)


def _explain(context: tuple[Decider, Event], _decision: Decision, lang: Language) -> str:
    """Explain a decision from its decider and its event, which has the facts that were gathered for it."""
    from policyengine.decision.text import explanation_text  # noqa: PLC0415  needed only where somebody asks why

    decider, event = context
    return explanation_text(decider.explanation(event), lang)
