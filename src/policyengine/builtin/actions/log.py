"""Log: every decision that it follows becomes one record, of the standard library's logging or of structlog."""

from __future__ import annotations

import logging
import sys
from collections.abc import Iterable, Mapping
from typing import Any, Final, Literal, TypeAlias, get_args

from policyengine.enforcement.flow import EnforcementAction, Flow
from policyengine.errors import PluginError
from policyengine.hooks import hookimpl
from policyengine.model.decision import Decision
from policyengine.text import visible

Through: TypeAlias = Literal["auto", "logging", "structlog"]
"""What a record goes through; ``auto`` is structlog where the host has configured it, and logging elsewhere."""

_THROUGH: Final[tuple[Through, ...]] = get_args(Through)


class Log:
    """Writes decisions to a logger: permits as INFO, others as WARNING. Of the event it writes the id alone.

    Through the standard library's logging, the fields of a record are the attribute ``policyengine``. Through structlog
    a record is the event ``decision``, with the same fields as its keys; the flow's id is ``event_id`` there, because
    structlog calls its own message ``event``.

    Args:
        logger: the logger's name.
        through: ``auto`` is structlog where the host has called ``structlog.configure`` by the time of the record, and
            logging elsewhere: a structlog that is merely installed, as part of something else, changes nothing.

    Raises:
        PluginError: structlog is asked for and not installed.
    """

    name = "log"
    stage = "tell"

    def __init__(self, logger: str, through: Through = "auto") -> None:
        self._name = logger
        self._logger = logging.getLogger(logger)
        self._through = through
        if through == "structlog":
            try:
                import structlog  # noqa: F401, PLC0415  a host that does not ask for it needs none
            except ImportError:
                raise PluginError("structlog is not installed, and log.through asks for it") from None

    def act(self, flow: Flow) -> None:
        """Write one record."""
        decision = flow.decision
        fields = {
            "outcome": decision.outcome,
            "clauses": list(decision.clauses),
            "reasons": [reason.code for reason in decision.reasons],
            "obligations": [duty.id for duty in decision.obligations],
            "mode": flow.mode,
            "kept": flow.kept,
            "shadow": None if flow.shadow is None else flow.shadow.outcome,
            "first": None if flow.first is None or flow.first is decision else _first(flow.first),
        }
        structlog: Any = self._structlog()
        if structlog is not None:
            logger = structlog.get_logger(self._name)
            (logger.info if decision.permitted else logger.warning)("decision", event_id=decision.event, **fields)
            return
        self._logger.log(
            logging.INFO if decision.permitted else logging.WARNING,
            "%s %s [%s]",
            decision.outcome,
            visible(decision.event or "-"),
            visible(", ".join(decision.clauses)),
            extra={"policyengine": {"event": decision.event, **fields}},
        )

    def _structlog(self) -> Any:
        """Return structlog where records go through it. Whoever has configured it has imported it."""
        found = None if self._through == "logging" else sys.modules.get("structlog")
        return found if found is not None and (self._through == "structlog" or found.is_configured()) else None


def _first(decision: Decision) -> dict[str, Any]:
    """Return what was decided before an action changed the flow."""
    return {"outcome": decision.outcome, "clauses": list(decision.clauses)}


@hookimpl
def policyengine_settings() -> Mapping[str, Any]:
    """Describe where the log goes."""
    return {
        "type": "object",
        "properties": {
            "logger": {"type": "string", "description": "The logger that is written to."},
            "through": {
                "enum": list(_THROUGH),
                "default": "auto",
                "description": "What records go through; auto is structlog where it is configured, else logging.",
            },
        },
        "additionalProperties": False,
    }


@hookimpl
def policyengine_enforcement_actions(settings: Mapping[str, Any]) -> Iterable[EnforcementAction]:
    """Bring the action."""
    return (Log(settings.get("logger", "policyengine.decisions"), settings.get("through", "auto")),)
