"""Notify: a webhook is told of decisions, signed as Standard Webhooks has it, from an outbox that survives a crash.

A message is on the disk before the flow goes on; a thread delivers it then. It is delivered at least once: where a
process dies between a delivery and its note of it, the message is sent again under the same id, by which the receiver
drops repeats. What is told is the decision, in ids and codes of the policy: never the payload, the facts, the person's
id, or a message, in which a value of the event may be quoted.
"""

from __future__ import annotations

import json
import weakref
from collections.abc import Mapping, Sequence
from typing import Any, Final

from policyengine import Decision, Flow
from policyengine.model.fields import known_path
from policyengine.moment import written
from policyengine_records.outbox.courier import Courier
from policyengine_records.outbox.outbox import Outbox
from policyengine_records.outbox.worker import Worker
from policyengine_records.store.store import Store

_TYPE: Final = "policyengine.decision"


def body_of(flow: Flow, now: float) -> bytes:
    """Return what is told of a flow: the decision and what became of it, as JSON.

    Args:
        flow: the flow.
        now: when it was decided, in seconds since 1970.
    """
    decision = flow.decision.as_dict()
    stated = flow.event.get("items") if isinstance(flow.event, Mapping) else None
    moment = written(round(now * 1_000_000), "milliseconds")
    data = {
        "event": decision["event"],
        "outcome": decision["outcome"],
        "policies": decision["policies"],
        "clauses": decision["clauses"],
        "rules": decision["rules"],
        "reasons": _reasons(flow.decision),
        "errors": sorted({known_path(error.path) for error in flow.decision.errors}),
        "obligations": [
            {"id": duty["id"], "clause": duty["clause"], "parameters": duty["parameters"]}
            for duty in decision["obligations"]
        ],
        "permitted_items": _paths(flow.decision.permitted_items, stated),
        "excess_items": _paths(flow.decision.excess_items, stated),
        "mode": flow.mode,
        "kept": flow.kept,
    }
    whole = {"type": _TYPE, "timestamp": moment, "data": data}
    return json.dumps(whole, ensure_ascii=False, separators=(",", ":")).encode("utf-8", "backslashreplace")


def _reasons(decision: Decision) -> list[dict[str, Any]]:
    return [
        {"code": reason.code, "policy": reason.policy, "clause": reason.clause, "open": list(reason.open)}
        for reason in decision.reasons
    ]


def _paths(items: Sequence[str], stated: Any) -> list[str]:
    """Return where the event states items: an unknown one could be anything."""
    places = {item: number for number, item in enumerate(stated)} if isinstance(stated, list | tuple) else {}
    return [f"items[{places[item]}]" for item in items if item in places]


class Notify:
    """Writes decisions to an outbox, from which a webhook is told of them.

    Args:
        courier: delivers them.
        keep: for how many seconds delivered messages are kept.
        grace: how many seconds messages that an earlier process left are left alone, unless there is a new one: what
            merely loads a configuration is over by then, and sends nothing.
        told: whether somebody else writes the messages about flows that are kept (`Keeping`).
    """

    name = "notify"
    stage = "tell"

    def __init__(
        self, courier: Courier, *, keep: float = 30 * 86400.0, grace: float = 10.0, told: bool = False
    ) -> None:
        self.outbox = courier.outbox
        self.courier = courier
        self._told = told
        self._worker = Worker(courier, keep)
        weakref.finalize(self, self._worker.abandon)
        self._worker.wake(grace)

    def act(self, flow: Flow) -> None:
        """Write one message. It is on the disk when this returns, and is delivered later.

        Raises:
            RecordsError: it could not be written: no space, no permission, locked for too long, or the outbox is full.
        """
        if self._told and flow.kept is not None:
            return
        self.write(flow)
        self.wake()

    def write(self, flow: Flow) -> None:
        """Write one message, in the transaction that stands if there is one."""
        self.outbox.add(body_of(flow, self.outbox.clock()))

    def wake(self) -> None:
        """Have what is due delivered."""
        self._worker.wake()

    def close(self) -> None:
        """Deliver nothing any more once the message is out that is being sent, and close the connections."""
        self._worker.stop(self.courier.timeout)
        self.outbox.store.close()

    def stop(self, wait: float = 0.0) -> None:
        """Deliver nothing any more; what waits is left to whoever opens the outbox next.

        Args:
            wait: how many seconds to wait for the message that is being sent.
        """
        self._worker.stop(wait)


def outbox_of(settings: Mapping[str, Any], store: Store) -> Outbox:
    """Return the outbox that settings describe."""
    timeout = settings.get("timeout_seconds", 5)
    return Outbox(store, most=settings.get("most", 100_000), lease=max(60.0, 4 * timeout))


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
