"""The action `quarantine`: keeps every flow that it follows and that is not permitted by then."""

from __future__ import annotations

from msgspec.structs import replace

from policyengine import Flow, Reduction
from policyengine_records.outbox.notify import Notify
from policyengine_records.quarantine.quarantine import Quarantine


class Keeping:
    """Keeps flows, and has somebody told of each in the same transaction.

    Args:
        quarantine: where.
        notify: writes the message about a flow that is kept for the first time; None where nobody is told.
    """

    name = "quarantine"
    stage = "keep"

    def __init__(self, quarantine: Quarantine, notify: Notify | None = None) -> None:
        self.quarantine = quarantine
        self._notify = notify

    def act(self, flow: Flow) -> Reduction | None:
        """Return the id under which the flow is kept; None where it is permitted, and nothing is kept.

        Raises:
            RecordsError: the event or the payload is no JSON data, or could not be written; then nobody is told of it
                either. The flow is denied all the same.
        """
        if flow.decision.permitted:
            return None
        if self._notify is None:
            return Reduction(kept=self.quarantine.keep(flow))
        with self.quarantine.store.writing("quarantine"):
            identifier, new = self.quarantine.kept(flow)
            if new:
                self._notify.write(replace(flow, kept=identifier))
        self._notify.wake()
        return Reduction(kept=identifier)

    def close(self) -> None:
        """Close the connections; they are opened again when they are needed."""
        self.quarantine.store.close()
