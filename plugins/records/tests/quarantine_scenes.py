"""Flows to be kept, and who keeps them."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any

from sqlalchemy import NullPool, create_engine

from policyengine import Decision, EnforcementAction, Engine, Flow, Step, hookimpl
from policyengine_records import Quarantine, Store
from policyengine_records.quarantine.keeping import Keeping

PACK = Path(__file__).parents[3] / "rules" / "alc-smart-learning"
STAFF: dict[str, Any] = {
    "id": "e-1",
    "time": "2026-11-24T09:00:00+09:00",
    "operation": "use",
    "subject": {"category": "employee", "id": "s-1"},
    "items": ["name", "health_checkup_result"],
    "purpose": "health-management",
}
PERMITTED = {**STAFF, "items": ["name"]}
RECORD = {"id": "s-1", "full_name": "山田花子", "checkup": "B"}
LATER = "2999-01-01T00:00:00Z"
ENGINE = Engine.load(PACK, installed_plugins=False)


def denied(number: int | str = 1, payload: Any = None, **changes: Any) -> Flow:
    event = {**STAFF, "id": f"e-{number}", **changes}
    return Flow(event, ENGINE.evaluate(event), payload)


class Keeper:
    """A plugin with the action on a quarantine of the test's own."""

    def __init__(self, quarantine: Quarantine) -> None:
        self.quarantine = quarantine

    @hookimpl
    def policyengine_enforcement_actions(self) -> Iterable[EnforcementAction]:
        return [Keeping(self.quarantine)]


def keeping(quarantine: Quarantine, *steps: Step, **options: Any) -> Engine:
    return Engine.load(
        PACK,
        plugins=[Keeper(quarantine)],
        installed_plugins=False,
        steps=steps or [Step("quarantine")],
        **options,
    )


class Same:
    """Decides everything as it was decided, whatever it is."""

    def evaluate(self, event: Any) -> Decision:
        return Decision(event["id"], "deny")


def raw(store: Store, statement: str) -> list[Any]:
    """Run one statement on the database, as somebody with nothing but a client would."""
    url = store.url.set(drivername="postgresql+psycopg") if store.file is None else store.url
    engine = create_engine(url, poolclass=NullPool)
    with engine.begin() as connection:
        found = connection.exec_driver_sql(statement)
        return [tuple(row) for row in found] if found.returns_rows else []


def bytes_of(file: Path) -> bytes:
    return b"".join(part.read_bytes() for part in sorted(file.parent.glob(f"{file.name}*")))
