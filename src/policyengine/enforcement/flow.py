"""A flow under enforcement, and what may act on it."""

from __future__ import annotations

from collections.abc import Awaitable, Iterable, Mapping
from enum import Enum
from typing import Any, Final, Literal, Protocol, TypeAlias, get_args, runtime_checkable

from msgspec import Struct

from policyengine.errors import PolicyEngineError
from policyengine.model.decision import Decision, Outcome
from policyengine.model.fields import known_path
from policyengine.model.remedy import Remedy
from policyengine.text import SHOWN, Text, echoed, visible


class FlowDenied(PolicyEngineError):
    """Enforcement stopped a flow.

    As text it is fit for a log: of the event it has the id alone, and beside it the codes, clauses and paths of what
    stands in the way. What people want to know is in `decision`, whose `explain` says it, and that quotes the event.

    Args:
        decision: says why.
        kept: the id under which it was kept for a person to release or reject; None where it was not.
    """

    def __init__(self, decision: Decision, kept: str | None = None) -> None:
        self.decision = decision
        self.kept = kept
        super().__init__(decision.event, decision.outcome)

    @property
    def remedies(self) -> tuple[Remedy, ...]:
        """What would have made the policies permit the flow; see `Decision.remedies`."""
        return self.decision.remedies

    def __str__(self) -> str:  # put together when somebody reads it: most denials are caught and answered
        decision = self.decision
        several = len(decision.policies) > 1
        found = dict.fromkeys(
            [known_path(error.path) for error in decision.errors]
            or [reason.brief(several=several) for reason in decision.reasons]
        )
        more = [f"{len(found) - SHOWN} more"] if len(found) > SHOWN else []
        why = ", ".join([*list(found)[:SHOWN], *more])
        return f"{echoed(decision.event or '-')}: {decision.outcome}: {visible(why)}"


Mode: TypeAlias = Literal["enforce", "warn"]
"""``enforce``: a flow that is not permitted is stopped. ``warn``: it is decided and told, and nothing is stopped."""


MODES: Final[tuple[Mode, ...]] = get_args(Mode)


OUTCOMES: Final = frozenset(get_args(Outcome))


STAGES: Final = ("reduce", "keep", "tell", "stop")
"""When actions act: what narrows a flow, what keeps it for a person, what tells somebody, what stops it."""


class Flow(Struct, frozen=True):
    """One flow under enforcement.

    Args:
        event: the event as JSON has it, as the host stated it, with the items that are left. Nobody can change it.
        decision: what is decided of that.
        payload: the host's data: a record or a list of them; None where it handed none over.
        mode: the mode.
        kept: the id under which the flow was kept for a person; None where it was not.
        shadow: what the shadow policies say of the event as stated; None where there are none.
        first: what was decided of the event as stated, before any action; None where it was not the engine that made
            the flow.
        stated: the event as the host stated it; None where it was not the engine that made the flow.
    """

    event: Mapping[str, Any]
    decision: Decision
    payload: Any = None
    mode: Mode = "enforce"
    kept: str | None = None
    shadow: Decision | None = None
    first: Decision | None = None
    stated: Mapping[str, Any] | None = None


class Unchanged(Enum):
    """What stands for a payload that an action leaves as it is."""

    UNCHANGED = "unchanged"


UNCHANGED: Final = Unchanged.UNCHANGED


class Reduction(Struct, frozen=True):
    """What an action takes from a flow: all that an action can do to one. Nothing in it can widen a flow.

    Args:
        without: items that are taken away. The rest is decided anew, and goes on where it is permitted. Only actions of
            the stage ``reduce`` take items.
        payload: what is left of the payload: it has no field and no entry that the payload had not. Only actions of the
            stage ``reduce`` reduce it.
        kept: the id under which the flow is kept for a person. Only actions of the stage ``keep`` keep.
        stop: why the flow is stopped, for people, or True; whatever else acts, it does not go on.
    """

    without: Iterable[str] = frozenset()
    payload: Any = UNCHANGED
    kept: str | None = None
    stop: Text | bool = False


class Step(Struct, frozen=True):
    """Which action follows which decisions.

    Args:
        action: its name.
        on: the outcomes that it follows. None is permits and denials for an action of the stage ``reduce``, which
            reduces what is permitted too, and for every other denials and invalid events.
        clauses: if any are named, a decision must cite one of them; of any policy, where none is named before a colon.
        obligations: if any are named, a decision must carry one of them.
        reasons: if any are named, a decision must give a reason with one of these codes.
        mandatory: whether the flow is denied when the action fails. None is that it is for an action of the stage
            ``reduce``, after which nobody knows what is still in the payload, and for no other.
    """

    action: str
    on: frozenset[Outcome] | None = None
    clauses: frozenset[str] = frozenset()
    obligations: frozenset[str] = frozenset()
    reasons: frozenset[str] = frozenset()
    mandatory: bool | None = None

    def must(self, stage: str) -> bool:
        """Whether the flow is denied when the action, which acts at `stage`, fails."""
        return stage == "reduce" if self.mandatory is None else self.mandatory

    def follows(self, decision: Decision, stage: str) -> bool:
        """Whether the action, which acts at `stage`, follows `decision`."""
        on = self.on if self.on is not None else _REDUCED if stage == "reduce" else _DENIED
        return (
            decision.outcome in on
            and (not self.clauses or any(not names.isdisjoint(self.clauses) for names in map(_names, decision.clauses)))
            and (not self.reasons or not self.reasons.isdisjoint(reason.code for reason in decision.reasons))
            and (not self.obligations or not self.obligations.isdisjoint(duty.id for duty in decision.obligations))
        )


_REDUCED: Final[frozenset[Outcome]] = frozenset({"permit", "deny"})
_DENIED: Final[frozenset[Outcome]] = frozenset({"deny", "invalid"})


def _names(clause: str) -> frozenset[str]:
    """Return the names of a clause: as a decision of several policies cites it, and its own."""
    return frozenset((clause, clause.rpartition(":")[2]))


@runtime_checkable
class EnforcementAction(Protocol):
    """What happens because of a decision: a payload is reduced, a person told, a flow kept back.

    Attributes:
        name: how configuration and messages name it.
        stage: when it acts, one of `policyengine.enforcement.flow.STAGES`; within a stage, actions act in the order of
            names.
    """

    name: str
    stage: str

    def act(self, flow: Flow) -> Reduction | Awaitable[Reduction | None] | None:
        """Act on one flow. It may be an ``async def``.

        Args:
            flow: the event, what was decided of it, and the host's payload.

        Returns:
            What the action takes from the flow, or None where that is nothing. Whatever else it returns, and a
            reduction that is none, is refused and logged, and the action has failed.

        Raises:
            Exception: the action failed. If it is mandatory, the flow is denied with code ``action-failed``. A
                `FlowDenied` stops the flow in any case.
        """
        ...


@runtime_checkable
class Observer(Protocol):
    """Who is told of every enforced decision: a log, a counter, a trace. It changes nothing.

    Attributes:
        name: how messages name it.
    """

    name: str

    def observe(self, flow: Flow) -> Awaitable[None] | None:
        """Take note of a flow after all actions. What this raises is logged, and goes no further.

        It may be an ``async def``.
        """
        ...
