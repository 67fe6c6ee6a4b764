"""A small application whose handling of personal data is guarded: run it with ``python examples/guarded_app.py``.

An e-learning company signs people up, answers them, and sends a mail campaign through a contractor. Every handling is
a data-flow event, and the published policy decides it: a call goes on, is stopped, or goes on with less.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from policyengine import Engine, FactQuery, FactSource, FlowDenied, Step, arg, hookimpl

RULES = Path(__file__).parents[1] / "rules" / "alc-smart-learning"


class Contractors:
    """A fact source: what the company knows of its contractors. In earnest it would be a register in a database."""

    name = "contractors"
    known: tuple[Mapping[str, Any], ...] = (
        {"type": "contract", "kind": "confidentiality", "party": "mailer-kk", "from": "2026-01-01T00:00:00+09:00"},
        {"type": "vetting", "party": "mailer-kk", "from": "2026-01-01T00:00:00+09:00"},
    )

    def facts(self, queries: Sequence[FactQuery]) -> Sequence[Iterable[Mapping[str, Any]]]:
        """Return what is known of the contractor of each event."""
        return [[fact for fact in self.known if fact["party"] == query.event.recipient_id] for query in queries]

    @hookimpl
    def policyengine_fact_sources(self) -> Iterable[FactSource]:
        """Hand this very object to the engine."""
        return [self]


engine = Engine.load(
    RULES,
    plugins=[Contractors()],
    installed_plugins=False,
    settings={"redact": {"fields": {"name": "name", "checkup": "health_checkup_result"}, "keep": ["id"]}},
    steps=[Step("log"), Step("redact")],  # a denial is logged; one with a payload goes on with what is permitted
)
CUSTOMER = {"category": "customer", "id": arg("customer")}


@engine.guard(operation="use", subject=CUSTOMER, items=["name", "mobile_email"], purpose=arg("why"))
def contact(customer: str, why: str) -> str:
    """Write to a customer."""
    return f"{customer} is written to for {why}"


@engine.guard(
    operation="entrust",
    subject={"category": "customer"},
    items=["name", "mobile_email"],
    purpose="product-information",
    recipient={"id": arg("contractor"), "service": "communication"},
)
def campaign(contractor: str) -> str:
    """Have a contractor send a campaign."""
    return f"{contractor} sends the campaign"


@engine.guard(
    payload="record",
    operation="use",
    subject={"category": "employee", "id": arg("record", lambda record: record["id"])},
    items=["name", "health_checkup_result"],
    purpose="welfare",
)
def welfare_record(record: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return what the welfare office may see of an employee's record: with no law behind it, not their health."""
    return record  # which is what is left of the one that was asked about


def main() -> None:
    """Let the application do what it may, and try what it may not."""
    logging.basicConfig(level=logging.INFO, format="  log: %(levelname)s %(message)s")
    print(contact("c-102", "after-care"))
    print(campaign("mailer-kk"))
    print(welfare_record({"id": "s-7", "name": "Hanako", "checkup": "B", "locker": 12}))
    for attempt in (lambda: contact("c-102", "publicity"), lambda: campaign("unvetted-kk")):
        try:
            attempt()
        except FlowDenied as denied:
            for reason in denied.decision.reasons:
                print(f"stopped by clause {reason.clause}: {reason.message.en}")


if __name__ == "__main__":
    main()
