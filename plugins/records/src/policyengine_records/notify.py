"""Notify: a webhook is told of decisions, signed as Standard Webhooks has it, from an outbox that survives a crash.

A message is on the disk before the flow goes on; a thread delivers it then. It is delivered at least once: where a
process dies between a delivery and its note of it, the message is sent again under the same id, by which the receiver
drops repeats. What is told is the decision: never the payload, the facts or the person's id.
"""

from __future__ import annotations

import json
import weakref
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Final

from policyengine.enforcement.flow import Flow
from policyengine.model.decision import Decision
from policyengine.moment import written
from policyengine.text import Text
from policyengine_records.courier import Courier, Worker, jittered
from policyengine_records.webhook import WebhookRefused, sign, verify

if TYPE_CHECKING:
    from policyengine_records.outbox import Outbox

__all__ = ["Courier", "Notify", "WebhookRefused", "courier_of", "jittered", "outbox_of", "sign", "verify"]

_TYPE: Final = "policyengine.decision"
_FOREIGN: Final = frozenset({"source-unavailable", "source-invalid", "action-failed", "action-stopped"})
"""The reasons whose messages quote an error of somebody else's code, in which anything may stand."""

_UNQUOTED: Final = Text(
    ja="情報源または処置が失敗しました（詳細は送信側の記録にあります）",
    en="a fact source or an action failed; the sender's own log has the details",
)


def body_of(flow: Flow, now: float) -> bytes:
    """Return what is told of a flow: the decision and what became of it, as JSON.

    Messages that quote errors of fact sources or actions are left out, since those may quote data.

    Args:
        flow: the flow.
        now: when it was decided, in seconds since 1970.
    """
    decision = flow.decision.as_dict()
    moment = written(round(now * 1_000_000), "milliseconds")
    data = {
        "event": decision["event"],
        "outcome": decision["outcome"],
        "policies": decision["policies"],
        "clauses": decision["clauses"],
        "rules": decision["rules"],
        "reasons": _reasons(flow.decision),
        "obligations": decision["obligations"],
        "permitted_items": decision["permitted_items"],
        "excess_items": decision["excess_items"],
        "mode": flow.mode,
        "kept": flow.kept,
    }
    whole = {"type": _TYPE, "timestamp": moment, "data": data}
    return json.dumps(whole, ensure_ascii=False, separators=(",", ":")).encode("utf-8", "backslashreplace")


def _reasons(decision: Decision) -> list[dict[str, Any]]:
    return [
        {
            "code": reason.code,
            "clause": reason.clause,
            "message": (_UNQUOTED if reason.code in _FOREIGN else reason.message).as_dict(),
        }
        for reason in decision.reasons
    ]


class Notify:
    """Writes decisions to an outbox, from which a webhook is told of them.

    Args:
        courier: delivers them.
        keep: for how many seconds delivered messages are kept.
        grace: how many seconds messages that an earlier process left are left alone, unless there is a new one: what
            merely loads a configuration is over by then, and sends nothing.
    """

    name = "notify"
    stage = "tell"

    def __init__(self, courier: Courier, *, keep: float = 30 * 86400.0, grace: float = 10.0) -> None:
        self.outbox = courier.outbox
        self.courier = courier
        self._worker = Worker(courier, keep)
        weakref.finalize(self, self._worker.abandon)
        if self.outbox.exists():
            self._worker.wake(grace)

    def act(self, flow: Flow) -> None:
        """Write one message. It is on the disk when this returns, and is delivered later.

        Raises:
            OutboxError: it could not be written: no space, no permission, locked for too long, or the outbox is full.
        """
        self.outbox.add(body_of(flow, self.outbox.clock()))
        self._worker.wake()

    def stop(self, wait: float = 0.0) -> None:
        """Deliver nothing any more; what waits is left to whoever opens the outbox next.

        Args:
            wait: how many seconds to wait for the message that is being sent.
        """
        self._worker.stop(wait)


def outbox_of(settings: Mapping[str, Any], file: str | None = None) -> Outbox:
    """Return the outbox that settings name, or that of `file`."""
    from policyengine_records.outbox import Outbox  # noqa: PLC0415  SQLite, for those who use it

    timeout = settings.get("timeout_seconds", 5)
    return Outbox(
        file or settings.get("file", "outbox.db"),
        most=settings.get("most", 100_000),
        lease=max(60.0, 4 * timeout),
    )


def courier_of(settings: Mapping[str, Any], outbox: Outbox) -> Courier:
    """Return what delivers the messages of `outbox` as settings say. Raises `PluginError` as `Courier` does."""
    return Courier(
        outbox,
        settings["url"],
        settings["secret"],
        timeout=settings.get("timeout_seconds", 5),
        max_age=settings.get("max_age_hours", 72) * 3600,
        allow_http=settings.get("allow_http", False),
    )
