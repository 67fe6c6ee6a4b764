"""What a decision decides, apart from how it is told."""

from __future__ import annotations

from typing import Any

from policyengine import Decision


def decided(decision: Decision) -> dict[str, Any]:
    """Return all of a decision but the texts of its reasons, and the places of what the event left open.

    These name items and facts by where they stand in the event; which reasons there are does not hang on that.
    """
    found = decision.as_dict()
    found["reasons"] = sorted(
        ({**reason, "items": sorted(reason["items"]), "open": None, "message": None} for reason in found["reasons"]),
        key=repr,
    )
    return found
