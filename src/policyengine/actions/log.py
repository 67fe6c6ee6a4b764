"""Log: every decision that it follows becomes one record of the standard library's logging."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Mapping
from typing import Any

from policyengine.enforce import Flow
from policyengine.hooks import EnforcementAction, hookimpl


class Log:
    """Writes decisions to a logger: permits as INFO, others as WARNING. Of the event it writes the id alone.

    Args:
        logger: the logger's name.
    """

    name = "log"
    stage = "tell"

    def __init__(self, logger: str) -> None:
        self._logger = logging.getLogger(logger)

    def act(self, flow: Flow) -> None:
        """Write one record, with the decision's fields as `extra`."""
        decision = flow.decision
        self._logger.log(
            logging.INFO if decision.permitted else logging.WARNING,
            "%s %s [%s]",
            decision.outcome,
            decision.event,
            ", ".join(decision.clauses),
            extra={
                "policyengine": {
                    "event": decision.event,
                    "outcome": decision.outcome,
                    "clauses": list(decision.clauses),
                    "reasons": [reason.code for reason in decision.reasons],
                    "obligations": [duty.id for duty in decision.obligations],
                    "mode": flow.mode,
                }
            },
        )


@hookimpl
def policyengine_settings() -> Mapping[str, Any]:
    """Describe where the log goes."""
    return {
        "type": "object",
        "properties": {"logger": {"type": "string", "description": "The logger that is written to."}},
        "additionalProperties": False,
    }


@hookimpl
def policyengine_enforcement_actions(settings: Mapping[str, Any]) -> Iterable[EnforcementAction]:
    """Bring the action."""
    return (Log(settings.get("logger", "policyengine.decisions")),)
