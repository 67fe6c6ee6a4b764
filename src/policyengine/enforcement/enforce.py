"""From a decision to its consequences: which actions follow it, in which order, and what becomes of the flow.

The order is that of `STAGES`, and within a stage that of the actions' names; registration does not matter. What is
enforced is the event as the host stated it. An action can take items away, reduce the payload or stop the flow; what
goes on is the same event with the items that are left, where the policies permit that, on the facts that were gathered
once. What has stopped a flow stops it for good.
"""

from __future__ import annotations

import inspect
import logging
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, Final, TypeAlias

from policyengine.enforcement.calls import Call, Callee, Course, run
from policyengine.enforcement.flow import (
    MODES,
    OUTCOMES,
    STAGES,
    UNCHANGED,
    EnforcementAction,
    Flow,
    FlowDenied,
    Mode,
    Observer,
    Reduction,
    Step,
)
from policyengine.enforcement.problems import UNKNOWN_ACTION, UNKNOWN_MODE, UNKNOWN_OUTCOME
from policyengine.enforcement.stated import stated, with_items
from policyengine.enforcement.workers import Workers
from policyengine.errors import ConfigurationError, PolicyEngineError, did_you_mean
from policyengine.model.decision import Decision, Reason
from policyengine.model.problems import UNKNOWN_CLAUSE, UNKNOWN_OBLIGATION
from policyengine.schema.problems import EMPTY
from policyengine.text import Text, visible

_SOFT: Final = frozenset({"tell"})
"""The stages of mode ``warn``, which changes nothing about the flow."""

Decide: TypeAlias = Callable[[Sequence[str]], Decision]
"""Decides an event again, on the same facts, with fewer items."""

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
    ) -> Course[Flow]:
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
            The flow that may go on. In mode ``warn`` that is the flow as it came.

        Raises:
            FlowDenied: mode is ``enforce``, and the flow is not permitted in the end.
        """
        if shadow is not None and differs(decision, shadow):
            _shadow_log.warning(*_difference(decision, shadow))
        state = _State(stated(event), decision, decide, payload, self._mode, shadow)
        acted: list[str] = []
        try:
            for step, action, callee in self._steps:
                if not step.follows(decision, action.stage) or (self._mode == "warn" and action.stage not in _SOFT):
                    continue
                acted.append(action.name)
                try:
                    state.take(action, (yield Call(callee, state.flow(), self._timeout)))
                except FlowDenied:
                    state.stop(action.name, True)
                except Exception as error:
                    _log.exception("enforcement action %s failed", action.name)
                    if step.mandatory:
                        state.fail(action.name, error)
            for name, callee in self._observers:
                acted.append(name)
                try:
                    refuse_awaitable((yield Call(callee, state.flow(), self._timeout)))
                except Exception:
                    _log.exception("observer %s failed", name)
        except GeneratorExit:
            _log.warning("flow %s was given up; called were: %s", visible(decision.event or "-"), ", ".join(acted))
            raise
        flow = state.flow()
        if self._mode == "enforce" and not flow.decision.permitted:
            raise FlowDenied(flow.decision, flow.kept)
        return flow


class _State:
    """What has become of a flow so far. Whatever stands in its way stays there."""

    def __init__(
        self,
        event: Mapping[str, Any],
        decision: Decision,
        decide: Decide,
        payload: Any,
        mode: Mode,
        shadow: Decision | None,
    ) -> None:
        self._stated = self._event = event
        self._first = self._decided = decision
        self._decide = decide
        self._payload = payload
        self._mode = mode
        self._shadow = shadow
        self._kept: str | None = None
        self._failed: list[Reason] = []
        self._stopped: list[Reason] = []

    def flow(self) -> Flow:
        """Return the flow as it is now: a new one for everybody who sees it."""
        return Flow(
            self._event,
            self._decision(),
            self._payload,
            self._mode,
            self._kept,
            self._shadow,
            self._first,
            self._stated,
        )

    def _decision(self) -> Decision:
        decided = self._decided
        in_the_way = [*(self._stopped if decided.permitted else ()), *self._failed]
        if not in_the_way or decided.outcome == "invalid" or self._mode == "warn":
            return decided
        return Decision(
            decided.event,
            "deny",
            decided.policies,
            decided.clauses,
            decided.rules,
            (*decided.reasons, *in_the_way),
            (),
            self._items,
        )

    def take(self, action: EnforcementAction, returned: Reduction | None) -> None:
        """Take from the flow what an action returned, whole or not at all; but a stop holds in any case.

        Raises:
            Refused: it is no reduction, or none of this flow.
        """
        if returned is None:
            return
        if not isinstance(returned, Reduction):
            refuse_awaitable(returned)
            raise Refused(f"it returned {_named(returned)}; an action returns a Reduction, or None")
        if returned.stop is not False and returned.stop is not None:
            self.stop(action.name, returned.stop)
        dropped = self._dropped(returned.without)
        reduces = returned.payload is not UNCHANGED
        if (dropped or reduces) and action.stage != "reduce":
            raise Refused(f'it reduced a flow at stage "{action.stage}"; actions of the stage "reduce" do')
        if returned.kept is not None and (action.stage != "keep" or not isinstance(returned.kept, str)):
            raise Refused(f'it kept a flow at stage "{action.stage}", as {_named(returned.kept)}')
        if reduces:
            from policyengine.enforcement.payload import is_less  # noqa: PLC0415  for hosts with a payload

            if not is_less(returned.payload, self._payload):
                raise Refused("what it returned as payload has more in it than the payload had")
        if dropped:
            left = [item for item in self._event["items"] if item not in dropped]
            if left:
                self._event, self._decided = with_items(self._event, left), self._decide(left)
            else:
                self.stop(action.name, _NOTHING_LEFT)
        if reduces:
            self._payload = returned.payload
        self._kept = returned.kept or self._kept

    def _dropped(self, without: Iterable[str]) -> frozenset[str]:
        dropped = frozenset() if isinstance(without, str) else frozenset(without)
        if isinstance(without, str) or not all(isinstance(item, str) for item in dropped):
            raise Refused("what it takes away is no collection of items")
        if self._decided.outcome == "invalid" and dropped:
            raise Refused("it took items from what is no event")
        if unknown := dropped.difference(self._stated.get("items", ())):
            raise Refused(f"it took away {len(unknown)} items that the event does not state")
        return dropped

    def stop(self, name: str, why: object) -> None:
        """Let the flow go on no more."""
        message = why if isinstance(why, Text) else _STOPPED.filled(name=name)
        self._stopped.append(Reason("action-stopped", None, None, None, self._items, message))

    def fail(self, name: str, error: BaseException) -> None:
        """Let the flow go on no more, because a mandatory action failed."""
        message = _FAILED.filled(name=name, why=said(error))
        self._failed.append(Reason("action-failed", None, None, None, self._items, message))

    @property
    def _items(self) -> tuple[str, ...]:
        return (*self._decided.permitted_items, *self._decided.excess_items)


class Refused(PolicyEngineError):
    """What an action did to a flow was refused."""


def said(error: BaseException) -> str:
    """Return what can be told of an error to everybody: our own say what they say, of others their class alone.

    Whatever others say may quote an event, a fact or a payload; the log has it.
    """
    return str(error) if isinstance(error, PolicyEngineError) else type(error).__name__


def refuse_awaitable(returned: object) -> None:
    """Refuse what nobody would await. The form of a method is read once, when the engine is built."""
    if inspect.isawaitable(returned):
        if inspect.iscoroutine(returned):
            returned.close()
        raise Refused("it returned something to await, and is no async function: declare it with async def")


def _named(value: object) -> str:
    return f"an object of type {type(value).__name__}"


_FAILED: Final = Text(ja="必須の処置「{name}」が失敗しました: {why}", en='the mandatory action "{name}" failed: {why}')
_STOPPED: Final = Text(ja="処置「{name}」がフローを止めました", en='the action "{name}" stopped the flow')
_NOTHING_LEFT: Final = Text(ja="処置がすべての項目を取り除きました", en="an action took every item away")


class Enforced:
    """What stands in ``with`` or ``async with`` around a flow: the block is entered with the flow that may go on.

    Args:
        begin: begins the course that enforces it.
        workers: for the calls that are not made in the caller's own thread.
    """

    def __init__(self, begin: Callable[[], Course[Flow]], workers: Workers) -> None:
        self._begin = begin
        self._workers = workers

    def __enter__(self) -> Flow:
        return run(self._begin(), self._workers)

    async def __aenter__(self) -> Flow:
        from policyengine.enforcement.awaiting import arun  # noqa: PLC0415  whoever awaits has asyncio loaded

        return await arun(self._begin(), self._workers)

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
