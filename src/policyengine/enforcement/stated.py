"""An event as the host stated it, frozen: what is enforced, whatever becomes of the host's own mapping."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from policyengine.model.event import Event
from policyengine.model.event_document import DEEPEST
from policyengine.model.frozen import FrozenDict, FrozenList, frozen


def stated(event: object) -> Mapping[str, Any]:
    """Return what a host handed over as an event, frozen; empty where it was no mapping, or cannot be read."""
    try:
        found = frozen(event.as_dict() if isinstance(event, Event) else event, DEEPEST)
    except Exception:  # a mapping of the host's that raises: no event, and invalid
        found = None
    return found if isinstance(found, FrozenDict) else FrozenDict()


def with_items(event: Mapping[str, Any], items: Iterable[str]) -> Mapping[str, Any]:
    """Return the same event with these items."""
    return FrozenDict({**event, "items": FrozenList(items)})
