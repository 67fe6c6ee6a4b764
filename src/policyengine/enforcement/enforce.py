"""From a decision to its consequences: which actions follow it, in which order, and what becomes of the flow.

The order is that of `STAGES`, and within a stage that of the actions' names; registration does not matter. Whatever
actions do, a flow that is not permitted in the end does not go on, and no action can turn a denial into a permit
unless what it hands on is permitted by the policies themselves.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any, Final

from policyengine.enforcement.flow import (
    MODES,
    OUTCOMES,
    STAGES,
    EnforcementAction,
    Flow,
    FlowDenied,
    Mode,
    Observer,
    Step,
)
from policyengine.enforcement.problems import UNKNOWN_ACTION, UNKNOWN_MODE, UNKNOWN_OUTCOME
from policyengine.errors import ConfigurationError, did_you_mean
from policyengine.model.decision import Decision, Reason
from policyengine.model.problems import UNKNOWN_CLAUSE, UNKNOWN_OBLIGATION
from policyengine.schema.problems import EMPTY
from policyengine.text import Text, visible

_SOFT: Final = frozenset({"tell"})
"""The stages of mode ``warn``, which changes nothing about the flow."""

_log = logging.getLogger("policyengine.enforce")
_shadow_log = logging.getLogger("policyengine.shadow")


def refuse_unknown(
    mode: str, steps: Iterable[Step], actions: Iterable[str], clauses: Iterable[str], obligations: Iterable[str]
) -> None:
    """Refuse what could never do what it says: an unknown mode, or a step that follows nothing or has an unknown word.

    Args:
        mode: the mode.
        steps: in the order in which they were written.
        actions: the names of the actions there are.
        clauses: the clauses that decisions may cite.
        obligations: the ids of the obligations that decisions may carry.

    Raises:
        ConfigurationError: with every one of them.
    """
    actions, clauses, obligations = set(actions), set(clauses), set(obligations)
    faults = []
    if mode not in MODES:
        faults.append(UNKNOWN_MODE.fault(("mode",), hint=did_you_mean(mode, MODES), mode=mode))
    for index, step in enumerate(steps):
        here = ("step", index)
        if step.action not in actions:
            hint = did_you_mean(step.action, actions)
            faults.append(UNKNOWN_ACTION.fault((*here, "action"), hint=hint, action=step.action))
        if not step.on:
            faults.append(EMPTY.fault((*here, "on")))
        for outcome in sorted(set(step.on) - OUTCOMES):
            hint = did_you_mean(outcome, OUTCOMES)
            faults.append(UNKNOWN_OUTCOME.fault((*here, "on"), hint=hint, outcome=outcome))
        for number in sorted(set(step.clauses) - clauses):
            hint = did_you_mean(number, clauses)
            faults.append(UNKNOWN_CLAUSE.fault((*here, "clauses"), hint=hint, number=number))
        for name in sorted(set(step.obligations) - obligations):
            hint = did_you_mean(name, obligations)
            faults.append(UNKNOWN_OBLIGATION.fault((*here, "obligations"), hint=hint, name=name))
    if faults:
        raise ConfigurationError(faults)


class Enforcer:
    """Runs the actions that follow a decision.

    Args:
        actions: by name.
        steps: which of them follow which decisions.
        observers: who is told in the end.
        mode: the mode.
        decide: decides an event; asked again when an action narrowed one.
    """

    def __init__(
        self,
        actions: Mapping[str, EnforcementAction],
        steps: Iterable[Step],
        observers: Iterable[Observer],
        mode: Mode,
        decide: Callable[[Mapping[str, Any]], Decision],
    ) -> None:
        order = {stage: number for number, stage in enumerate(STAGES)}
        self._steps: Sequence[tuple[Step, EnforcementAction]] = sorted(
            ((step, actions[step.action]) for step in steps),
            key=lambda pair: (order[pair[1].stage], pair[1].name),
        )
        self._observers = tuple(observers)
        self._mode = mode
        self._decide = decide

    def run(
        self, event: Mapping[str, Any], decision: Decision, payload: Any = None, shadow: Decision | None = None
    ) -> Flow:
        """Run every action that follows `decision`.

        Args:
            event: the event as JSON has it.
            decision: what was decided of it.
            payload: the host's data.
            shadow: what the shadow policies say of the event.

        Returns:
            The flow that may go on. In mode ``warn`` that is the flow as it came.

        Raises:
            FlowDenied: mode is ``enforce``, and the flow is not permitted in the end.
        """
        flow = Flow(event, decision, payload, self._mode, shadow=shadow, first=decision)
        if shadow is not None and differs(decision, shadow):
            _shadow_log.warning(*_difference(decision, shadow))
        stopped: FlowDenied | None = None
        for step, action in self._steps:
            if not step.follows(decision) or (self._mode == "warn" and action.stage not in _SOFT):
                continue
            try:
                changed = action.act(flow)
            except FlowDenied as denial:
                stopped = stopped or denial
                if not denial.decision.permitted and self._mode == "enforce":
                    flow = replace(flow, decision=denial.decision)
            except Exception as error:
                _log.exception("enforcement action %s failed", action.name)
                if step.mandatory and self._mode == "enforce":
                    flow = replace(flow, decision=self._failed(flow.decision, action.name, error))
                    stopped = stopped or FlowDenied(flow.decision)
            else:
                if changed is not None and action.stage not in _SOFT:
                    believed = self._believed(flow, changed, action.name)
                    if stopped is not None and not flow.decision.permitted:  # what was stopped stays so
                        believed = replace(believed, decision=flow.decision)
                    flow = believed
        for observer in self._observers:
            try:
                observer.observe(flow)
            except Exception:
                _log.exception("observer %s failed", observer.name)
        if self._mode == "enforce":
            if not flow.decision.permitted:
                raise FlowDenied(flow.decision, flow.kept)
            if stopped is not None:  # an action stopped what others let go on
                raise stopped
        return flow

    def _believed(self, flow: Flow, changed: Flow, name: str) -> Flow:
        """Return what an action made of a flow; a permit is the policies' to give, so its event is decided anew."""
        if changed.event is flow.event and changed.decision is flow.decision:
            return changed
        decision = self._decide(changed.event)
        if changed.decision.permitted and not decision.permitted:
            _log.error("enforcement action %s handed on a flow that the policies do not permit", name)
        return replace(changed, decision=decision)

    def _failed(self, decision: Decision, name: str, error: Exception) -> Decision:
        """Return the denial of a flow whose mandatory action failed."""
        message = Text(
            ja=f"必須の処置「{name}」が失敗しました: {error!r}", en=f'the mandatory action "{name}" failed: {error!r}'
        )
        if decision.outcome == "invalid":
            return decision
        items = (*decision.permitted_items, *decision.excess_items)
        reason = Reason("action-failed", None, None, None, items, message)
        return Decision(
            decision.event,
            "deny",
            decision.policies,
            decision.clauses,
            decision.rules,
            (*decision.reasons, reason),
            (),
            items,
        )


def differs(decision: Decision, shadow: Decision) -> bool:
    """Whether a flow would fare otherwise under the shadow policies: its outcome, its items or its obligations."""
    return (
        decision.outcome != shadow.outcome
        or decision.permitted_items != shadow.permitted_items
        or {duty.id for duty in decision.obligations} != {duty.id for duty in shadow.obligations}
    )


def _difference(decision: Decision, shadow: Decision) -> tuple[str, ...]:
    return ("%s: %s, in the shadow policies %s", *map(visible, (decision.event or "-", _said(decision), _said(shadow))))


def _said(decision: Decision) -> str:
    """Return what `differs` looks at, and the clauses, as one line."""
    parts = [f"{decision.outcome} [{', '.join(decision.clauses)}]"]
    if decision.outcome == "deny" and decision.permitted_items:
        parts.append(f"but for {', '.join(decision.permitted_items)}")
    if decision.obligations:
        parts.append(f"with {', '.join(sorted(duty.id for duty in decision.obligations))}")
    return " ".join(parts)
