"""Block: a flow that is not permitted raises."""

from __future__ import annotations

from collections.abc import Iterable

from policyengine.enforcement.flow import EnforcementAction, Flow, FlowDenied
from policyengine.hooks import hookimpl


class Block:
    """Stops a flow that is not permitted, with the decision."""

    name = "block"
    stage = "stop"

    def act(self, flow: Flow) -> None:
        """Raise `FlowDenied` unless the flow is permitted by now."""
        if not flow.decision.permitted:
            raise FlowDenied(flow.decision, flow.kept)


@hookimpl
def policyengine_enforcement_actions() -> Iterable[EnforcementAction]:
    """Bring the action; it has no settings."""
    return (Block(),)
