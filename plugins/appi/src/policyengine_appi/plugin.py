"""The plugin: the lints of the layer ``appi``."""

from __future__ import annotations

from collections.abc import Iterable

from policyengine.hooks import Lint, hookimpl


@hookimpl
def policyengine_lints() -> Iterable[Lint]:
    """Bring the lints, in the order of what they look at."""
    from policyengine_appi import changes, items, joint_use, provision, purposes, statement, transfers  # noqa: PLC0415

    rooms = (statement, purposes, items, joint_use, provision, transfers, changes)
    return [lint for room in rooms for lint in room.LINTS]
