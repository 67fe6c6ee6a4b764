"""Block: a flow that is not permitted raises."""

from __future__ import annotations

from collections.abc import Iterable

from policyengine.enforcement.flow import EnforcementAction, Flow, Reduction
from policyengine.hooks import hookimpl


class Block:
    """Stops a flow that is not permitted, with the decision."""

    name = "block"
    stage = "stop"

    def act(self, flow: Flow) -> Reduction | None:
        """Stop the flow unless it is permitted by now."""
        return None if flow.decision.permitted else Reduction(stop=True)


@hookimpl
def policyengine_enforcement_actions() -> Iterable[EnforcementAction]:
    """Bring the action; it has no settings."""
    return (Block(),)
