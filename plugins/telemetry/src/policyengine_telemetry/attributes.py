"""What is told of a flow: attributes from the policies' words and the event's id, and nothing else of the event.

An event and its facts are about a person, and so may be what an action or a source says in a message. So every value
here is a word that a policy or the engine has, with two exceptions: the event's id, for spans alone, and the
controller, once a policy governs it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any, Final, TypeAlias

from policyengine import Flow
from policyengine.model.operation import OPERATIONS

Value: TypeAlias = str | tuple[str, ...]
Teller: TypeAlias = Callable[[Flow], Value | None]

PREFIX: Final = "policyengine."


def _stated(flow: Flow, field: str) -> Any:
    return flow.event.get(field) if isinstance(flow.event, Mapping) else None  # an invalid event may be anything


def _operation(flow: Flow) -> str | None:
    stated = _stated(flow, "operation")
    return stated if isinstance(stated, str) and stated in OPERATIONS else None


def _controller(flow: Flow) -> str | None:
    """Return the controller that the event states; one that no policy governs may be any text."""
    stated = _stated(flow, "controller")
    return stated if flow.decision.policies and isinstance(stated, str) else None


_COMMON: Final[Mapping[str, Teller]] = {
    "outcome": lambda flow: flow.decision.outcome,
    "mode": lambda flow: flow.mode,
    "operation": _operation,
    "controller": _controller,
    "clauses": lambda flow: flow.decision.clauses,
}

SPAN: Final[Mapping[str, Teller]] = {
    **_COMMON,
    "event.id": lambda flow: flow.decision.event,
    "obligations": lambda flow: tuple(sorted({duty.id for duty in flow.decision.obligations})),
    "policies": lambda flow: tuple(f"{policy.id}@{policy.version}" for policy in flow.decision.policies),
    "reasons": lambda flow: tuple(sorted({reason.code for reason in flow.decision.reasons})),
    "shadow.outcome": lambda flow: flow.shadow.outcome if flow.shadow else None,
}
"""The attributes that a span may have, by name without the prefix."""

METRIC: Final[Mapping[str, Teller]] = _COMMON
"""The attributes that a metric may have."""

METRIC_DEFAULT: Final = ("outcome", "mode", "operation", "controller")
"""Those that it has where nothing is configured; with the clauses, every set of them would be a series of its own."""


def tell(flow: Flow, names: Iterable[str], tellers: Mapping[str, Teller]) -> dict[str, Value]:
    """Return attributes of a flow; one that has no value is left out.

    Args:
        flow: the flow.
        names: the attributes to tell, without the prefix.
        tellers: `SPAN` or `METRIC`.
    """
    return {f"{PREFIX}{name}": value for name in names if (value := tellers[name](flow))}
