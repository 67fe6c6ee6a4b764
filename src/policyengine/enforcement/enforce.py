"""From a decision to its consequences: which actions follow it, in which order, and what becomes of the flow.

The order is that of `STAGES`, and within a stage that of the actions' names; registration does not matter. What is
enforced is the event as the host stated it. An action can take items away, reduce the payload or stop the flow; what
goes on is the same event with the items that are left, where the policies permit that, on the facts that were gathered
once. What has stopped a flow stops it for good. A step follows what was decided of the event as stated, and what is
decided by the time its turn comes: what a permit calls for acts also where the permit is that of a reduced flow.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, Final

from policyengine.enforcement.calls import Call, Callee, Course, run
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
from policyengine.enforcement.problems import UNKNOWN_ACTION, UNKNOWN_MODE, UNKNOWN_OUTCOME, UNKNOWN_REASON
from policyengine.enforcement.standing import Decide, Standing, refuse_unrun
from policyengine.enforcement.workers import Workers
from policyengine.errors import ConfigurationError, did_you_mean
from policyengine.model.decision import Decision
from policyengine.model.problems import UNKNOWN_CLAUSE, UNKNOWN_OBLIGATION
from policyengine.schema.problems import EMPTY
from policyengine.text import visible

_SOFT: Final = frozenset({"tell"})
"""The stages of mode ``warn``, which changes nothing about the flow."""

_log = logging.getLogger("policyengine.enforce")
_shadow_log = logging.getLogger("policyengine.shadow")


def refuse_unknown(
    mode: str,
    steps: Iterable[Step],
    actions: Iterable[str],
    clauses: Iterable[str],
    obligations: Iterable[str],
    reasons: Iterable[str],
) -> None:
    """Refuse what could never do what it says: an unknown mode, or a step that follows nothing or has an unknown word.

    Args:
        mode: the mode.
        steps: in the order in which they were written.
        actions: the names of the actions there are.
        clauses: the clauses that decisions may cite.
        obligations: the ids of the obligations that decisions may carry.
        reasons: the codes of the reasons that decisions may give.

    Raises:
        ConfigurationError: with every one of them.
    """
    actions, clauses, obligations, reasons = set(actions), set(clauses), set(obligations), set(reasons)
    faults = []
    if mode not in MODES:
        faults.append(UNKNOWN_MODE.fault(("mode",), hint=did_you_mean(mode, MODES), mode=mode))
    for index, step in enumerate(steps):
        here = ("step", index)
        if step.action not in actions:
            hint = did_you_mean(step.action, actions)
            faults.append(UNKNOWN_ACTION.fault((*here, "action"), hint=hint, action=step.action))
        if step.on is not None and not step.on:
            faults.append(EMPTY.fault((*here, "on")))
        for outcome in sorted(set(step.on or ()) - OUTCOMES):
            hint = did_you_mean(outcome, OUTCOMES)
            faults.append(UNKNOWN_OUTCOME.fault((*here, "on"), hint=hint, outcome=outcome))
        for number in sorted(set(step.clauses) - clauses):
            hint = did_you_mean(number, clauses)
            faults.append(UNKNOWN_CLAUSE.fault((*here, "clauses"), hint=hint, number=number))
        for name in sorted(set(step.obligations) - obligations):
            hint = did_you_mean(name, obligations)
            faults.append(UNKNOWN_OBLIGATION.fault((*here, "obligations"), hint=hint, name=name))
        for code in sorted(set(step.reasons) - reasons):
            hint = did_you_mean(code, reasons)
            faults.append(UNKNOWN_REASON.fault((*here, "reasons"), hint=hint, code=code))
    if faults:
        raise ConfigurationError(faults)


class Enforcer:
    """Runs the actions that follow a decision.

    Args:
        actions: by name.
        steps: which of them follow which decisions.
        observers: who is told in the end.
        mode: the mode.
        timeout: how many seconds an action or an observer may take; None sets no limit.
    """

    def __init__(
        self,
        actions: Mapping[str, EnforcementAction],
        steps: Iterable[Step],
        observers: Iterable[Observer],
        mode: Mode,
        timeout: float | None = None,
    ) -> None:
        order = {stage: number for number, stage in enumerate(STAGES)}
        self._steps: Sequence[tuple[Step, EnforcementAction, Callee]] = sorted(
            ((step, actions[step.action], Callee(actions[step.action].act)) for step in steps),
            key=lambda one: (order[one[1].stage], one[1].name),
        )
        self._observers = tuple((observer.name, Callee(observer.observe)) for observer in observers)
        self._mode = mode
        self._timeout = timeout

    def run(
        self, event: object, decision: Decision, decide: Decide, payload: Any = None, shadow: Decision | None = None
    ) -> Course[Standing]:
        """Run every action that follows `decision`, and then the observers; each is a call of the course.

        Where the course is given up on its way (a caller that awaits is cancelled), what has acted has acted, nothing
        else acts, no observer is told, and the log says how far it came.

        Args:
            event: the event as the host stated it: an `Event`, or whatever it was where it is none.
            decision: what was decided of it.
            decide: decides the same event, on the same facts, with fewer items.
            payload: the host's data.
            shadow: what the shadow policies say of the event.

        Returns:
            What became of the flow that may go on. In mode ``warn`` that is the flow as it came.

        Raises:
            FlowDenied: mode is ``enforce``, and the flow is not permitted in the end.
        """
        if shadow is not None and differs(decision, shadow):
            _shadow_log.warning(*_difference(decision, shadow))
        state = Standing(event, decision, decide, payload, self._mode, shadow)
        acted: list[str] = []
        try:
            for step, action, callee in self._steps:
                if self._mode == "warn" and action.stage not in _SOFT:
                    continue
                if not step.follows(decision, action.stage) and not step.follows(state.decision(), action.stage):
                    continue
                acted.append(action.name)
                try:
                    state.take(action, (yield Call(callee, state.flow(), self._timeout)))
                except FlowDenied:
                    state.stop(action.name, True)
                except Exception as error:
                    _log.exception("enforcement action %s failed", action.name)
                    if step.must(action.stage):
                        state.fail(action.name, error)
            for name, callee in self._observers:
                acted.append(name)
                try:
                    refuse_unrun((yield Call(callee, state.flow(), self._timeout)))
                except Exception:
                    _log.exception("observer %s failed", name)
        except GeneratorExit:
            _log.warning("flow %s was given up; called were: %s", visible(decision.event or "-"), ", ".join(acted))
            raise
        decided = state.decision()
        if self._mode == "enforce" and not decided.permitted:
            raise FlowDenied(decided, state.kept)
        return state


class Enforced:
    """What stands in ``with`` or ``async with`` around a flow: the block is entered with the flow that may go on.

    Args:
        begin: begins the course that enforces it.
        workers: for the calls that are not made in the caller's own thread.
    """

    def __init__(self, begin: Callable[[], Course[Standing]], workers: Workers) -> None:
        self._begin = begin
        self._workers = workers

    def __enter__(self) -> Flow:
        return run(self._begin(), self._workers).flow()

    async def __aenter__(self) -> Flow:
        from policyengine.enforcement.awaiting import arun  # noqa: PLC0415  whoever awaits has asyncio loaded

        return (await arun(self._begin(), self._workers)).flow()

    def __exit__(self, *_: object) -> None:
        """Nothing: what the block has done with the flow is done."""

    async def __aexit__(self, *_: object) -> None:
        """Nothing, as well."""


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
