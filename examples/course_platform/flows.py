"""Every handling of personal data on this platform, as the event that the policy decides. None is built elsewhere."""

from __future__ import annotations

import uuid
from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any, Literal

from policyengine import arg

from .store import Person

CONTROLLER = "alc-learning-systems"
LETTER_ITEMS = ("name", "mobile_email")


def now() -> str:
    """Return the time, as events and facts have it."""
    return datetime.now(UTC).isoformat()


def sign_up(person: Person, purpose: str) -> dict[str, Any]:
    """Somebody gives their data for a purpose."""
    return _event("acquire", person, person.data, purpose=purpose, origin=person.origin)


def campaign(person: Person, items: Iterable[str], contractor: str, title: str) -> dict[str, Any]:
    """A contractor gets data of one person, to send that person a mail."""
    return _event(
        "entrust",
        person,
        items,
        purpose="product-information",
        origin=person.origin,
        recipient={"id": contractor, "service": "communication"},
        attributes={"campaign": title},
    )


def share(
    operation: Literal["joint_use", "provide"], person: Person, items: Iterable[str], partner: str, purpose: str
) -> dict[str, Any]:
    """A partner gets data: to use them together with the company, or for itself."""
    return _event(operation, person, items, purpose=purpose, origin=person.origin, recipient={"id": partner})


def disclosure(person: Person, reader: str) -> dict[str, Any]:
    """A person's data are shown, to whoever has asked for them."""
    return _event("disclose", person, person.data, recipient={"id": reader})


def letter(person: str, purpose: str) -> dict[str, Any]:
    """Return the guard of a function that writes to somebody; named are its parameters with the person and the purpose.

    The guard gives each call its id and its time.
    """
    subject = {"category": arg(person, lambda one: one.category), "id": arg(person, lambda one: one.id)}
    return _fields("use", subject, LETTER_ITEMS, purpose=arg(purpose))


def _event(operation: str, person: Person, items: Iterable[str], **more: Any) -> dict[str, Any]:
    fields = _fields(operation, {"category": person.category, "id": person.id}, items, **more)
    return {"id": str(uuid.uuid4()), "time": now(), **fields}


def _fields(operation: str, subject: dict[str, Any], items: Iterable[str], **more: Any) -> dict[str, Any]:
    return {"controller": CONTROLLER, "operation": operation, "subject": subject, "items": list(items), **more}
