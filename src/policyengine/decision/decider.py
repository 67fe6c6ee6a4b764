"""The pure engine: policies in, decisions out. No source of facts, no action, no state but what is remembered."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

from policyengine.decision.evaluate import Evaluator
from policyengine.decision.layers import layered, refuse_conflicts
from policyengine.errors import MOST, EventError, InvalidEvent, did_you_mean, hinted, json_path
from policyengine.model.decision import Decision, PolicyRef, Reason
from policyengine.model.event import Event
from policyengine.model.event_problems import ATTRIBUTE_OF_TYPE, NO_CONTROLLER
from policyengine.model.fact import FactType
from policyengine.model.policy import Policy
from policyengine.model.problems import UNKNOWN_FACT_TYPE
from policyengine.model.vocabulary import Attribute
from policyengine.text import Language, Text

if TYPE_CHECKING:
    from policyengine.decision.explain import Explanation


class Decider:
    """Decides events that have all their facts. Immutable, and safe to share between threads.

    Args:
        policies: at least one policy; a flow is permitted when every one that governs it permits it.

    Raises:
        PolicyError: the policies do not fit together.
    """

    def __init__(self, policies: Iterable[Policy]) -> None:
        self.policies: tuple[Policy, ...] = tuple(sorted(policies, key=lambda policy: (policy.id, policy.version)))
        refuse_conflicts(self.policies)
        self.fact_types: Mapping[str, FactType] = {
            name: kind for policy in self.policies for name, kind in policy.vocabulary.facts.items()
        }
        self.attributes: Mapping[str, Attribute] = {
            name: attribute for policy in self.policies for name, attribute in policy.vocabulary.attributes.items()
        }
        named = {controller for policy in self.policies for controller in policy.governs or ()}
        self._controller = next(iter(named)) if len(named) == 1 else None
        self._evaluators = tuple(Evaluator(policy, self.admit) for policy in self.policies)
        self._refs = tuple(
            (PolicyRef(policy.id, policy.version, policy.digest, policy.other_readings),) for policy in self.policies
        )
        self._only = self._evaluators[0] if len(self._evaluators) == 1 else None

    def decide(self, event: Event) -> Decision:
        """Return what the policies say of an event that has all its facts.

        Raises:
            InvalidEvent: it names no controller where several are possible, or a fact or an attribute is malformed.
        """
        if event.attributes and self.attributes:
            self._admit_attributes(event)
        only = self._only
        if only is not None:
            policy = only.policy
            controller = event.controller
            if (
                controller is None or policy.governs is None or controller in policy.governs
            ) and policy.start <= event.instant < policy.end:
                if controller is None and self._controller is None:
                    raise self._no_controller(event)
                verdict = only.verdict(event)
                return Decision(
                    event.id,
                    verdict.outcome,
                    self._refs[0],
                    verdict.clauses,
                    verdict.rules,
                    verdict.reasons,
                    verdict.permitted_items,
                    verdict.excess_items,
                    verdict.obligations,
                    (),
                    (_explain, (self, event)),
                )
        return self._layered(event)

    def _layered(self, event: Event) -> Decision:
        """Decide an event that several policies govern, or none."""
        governing = self._governing(event)
        if not governing:
            self.admit(event)  # the facts of an event that is governed, evaluators admit: those not seen before
            return self._ungoverned(event)
        verdicts = [self._evaluators[index].verdict(event) for index in governing]
        refs = tuple(self._refs[index][0] for index in governing)
        verdict = verdicts[0] if len(verdicts) == 1 else layered(event, [ref.id for ref in refs], verdicts)
        return Decision(
            event.id,
            verdict.outcome,
            refs,
            verdict.clauses,
            verdict.rules,
            verdict.reasons,
            verdict.permitted_items,
            verdict.excess_items,
            verdict.obligations,
            (),
            (_explain, (self, event)),
        )

    def _governing(self, event: Event) -> list[int]:
        """Return the numbers of the policies that govern the event, in the order of their ids."""
        controller = event.controller or self._controller
        if controller is None:
            raise self._no_controller(event)
        return [
            index
            for index, policy in enumerate(self.policies)
            if policy.governs_controller(controller) and policy.in_force(event.instant)
        ]

    def _no_controller(self, event: Event) -> InvalidEvent:
        known = ", ".join(sorted({name for policy in self.policies for name in policy.governs or ()})) or "anyone"
        return InvalidEvent([NO_CONTROLLER.error("$.controller", known=known)], event.id)

    def _ungoverned(self, event: Event) -> Decision:
        controller = event.controller or self._controller
        bound = [policy for policy in self.policies if policy.governs_controller(controller or "")]
        if bound:
            names = ", ".join(policy.id for policy in bound)
            message = Text(
                ja=f"{event.document.time} の時点で施行されているポリシーがありません（{names} は施行期間外）",
                en=f"no policy is in force at {event.document.time} ({names} is outside its time)",
            )
        else:
            hint = did_you_mean(controller or "", {name for policy in self.policies for name in policy.governs or ()})
            message = Text(
                ja=f"管理者「{controller}」に適用されるポリシーがありません",
                en=f'no policy governs the controller "{controller}"',
            )
            message = hinted(message, hint)
        reason = Reason("no-governing-policy", None, None, message)
        return Decision(
            event.id, "deny", reasons=(reason,), excess_items=event.items, explainer=(_explain, (self, event))
        )

    def asked(self, event: Event) -> frozenset[str]:
        """Return the fact types that the rules of the policies that govern an event can ask for."""
        return frozenset[str]().union(*(self._evaluators[index].types(event) for index in self._governing(event)))

    def admit(self, event: Event) -> None:
        """Raise `InvalidEvent` where a fact or an attribute is not of the form that the policies declare."""
        errors: list[EventError] = []
        for index, fact in enumerate(event.known):
            name = fact.data["type"]
            declared = self.fact_types.get(name)  # type: ignore[arg-type]
            if declared is None:
                hint = did_you_mean(str(name), self.fact_types)
                errors.append(UNKNOWN_FACT_TYPE.error(f"$.facts[{index}].type", hint=hint, name=name))
            else:
                errors.extend(declared.errors(fact.data, f"$.facts[{index}]"))
            if len(errors) >= MOST:
                break
        if errors:
            raise InvalidEvent(errors[:MOST], event.id)
        self._admit_attributes(event)

    def _admit_attributes(self, event: Event) -> None:
        errors = [
            ATTRIBUTE_OF_TYPE.error(json_path(("attributes", name)), type=declared.type)
            for name, value in event.attributes.items()
            if (declared := self.attributes.get(name)) is not None and not declared.accepts(value)
        ]
        if errors:
            raise InvalidEvent(errors, event.id)

    def explanation(self, event: Event) -> Explanation:
        """Return the rules considered for an event that has all its facts, with what held and what did not."""
        from policyengine.decision.explain import explanation  # noqa: PLC0415

        self.admit(event)
        policies = [self.policies[index] for index in self._governing(event)]
        return explanation(policies, event, self.decide(event))


def read_event(event: Mapping[str, Any] | Event | bytes | str | InvalidEvent) -> Event | InvalidEvent:
    """Return what an event source yielded as an event, or what is wrong with it."""
    try:
        if isinstance(event, Event | InvalidEvent):
            return event
        return Event.from_json(event) if isinstance(event, bytes | str) else Event.from_mapping(event)
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
