"""Events with the changes of a remedy, as the contract has them (section 3)."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from policyengine.model.fields import put

Change = Mapping[str, Any]


def with_changes(event: Mapping[str, Any], changes: Sequence[Change]) -> dict[str, Any]:
    """The event with some changes."""
    found: dict[str, Any] = {
        key: dict(value) if isinstance(value, dict) else list(value) if isinstance(value, list) else value
        for key, value in event.items()
    }
    for change in changes:
        if change["op"] == "drop-items":
            found["items"] = [item for item in found["items"] if item not in change["items"]]
        elif change["op"] == "add-fact":
            found["facts"] = [*found.get("facts", []), change["fact"]]
        else:
            put(found, change["field"], change["value"])
    return found


def proper_parts(changes: Sequence[Change]) -> Iterator[list[Change]]:
    """What is left of some changes where any of them are left out, or items of them."""
    for kept in itertools.product(*[[*_parts(change), None] for change in changes]):
        if (some := [change for change in kept if change is not None]) != list(changes):
            yield some


def _parts(change: Change) -> Iterator[Change]:
    """A change, and what is left of it without some of its items."""
    yield change
    items = change["items"] if change["op"] == "drop-items" else change.get("fact", {}).get("items", [])
    for size in range(1, len(items)) if len(items) < 5 else (len(items) - 1,):
        for some in itertools.combinations(items, size):
            if change["op"] == "drop-items":
                yield {**change, "items": [*some]}
            else:
                yield {**change, "fact": {**change["fact"], "items": [*some]}}
