"""Events, facts and rules that the tests share."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from policyengine import Engine, FactSource, hookimpl

PACK = Path(__file__).parents[3] / "rules" / "alc-smart-learning"
SHOP = PACK.with_name("online-shop")
CAMPAIGN: dict[str, Any] = {
    "id": "e-001",
    "time": "2026-11-24T09:00:00+09:00",
    "operation": "entrust",
    "subject": {"category": "customer", "id": "c-102"},
    "items": ["name"],
    "purpose": "product-information",
    "recipient": {"id": "mailer-kk", "service": "communication"},
}
CONTRACT = {"type": "contract", "kind": "confidentiality", "party": "mailer-kk"}
VETTING = {"type": "vetting", "party": "mailer-kk"}
CONSENT = {"type": "consent", "operations": ["provide"], "subject": "c-102"}
REQUEST = {"type": "request", "kind": "disclose", "subject": "c-102", "from": "2026-11-01T00:00:00+09:00"}


class Host:
    """A host that registers a source of its own."""

    def __init__(self, source: FactSource) -> None:
        self.source = source

    @hookimpl
    def policyengine_fact_sources(self) -> list[FactSource]:
        return [self.source]


def engine_with(source: FactSource | None, pack: Path = PACK) -> Engine:
    """Return an engine whose only source is this one."""
    return Engine.load(pack, plugins=[Host(source)] if source else (), installed_plugins=False)


def unavailable(engine: Engine, asked: dict[str, Any] = CAMPAIGN) -> str:
    """Return what the engine says of the failed source; the flow must be denied for that alone."""
    decision = engine.evaluate(asked)
    assert decision.outcome == "deny"
    assert [reason.code for reason in decision.reasons] == ["source-unavailable"]
    assert 'fact source "ledger" did not answer' in decision.reasons[0].message.en
    return decision.reasons[0].message.en
