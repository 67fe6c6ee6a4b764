"""Webhooks, signed and verified as Standard Webhooks has it (https://www.standardwebhooks.com/)."""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import time
from collections.abc import Mapping
from typing import Final

from policyengine.errors import PolicyEngineError

PREFIX: Final = "whsec_"

_SHORTEST: Final = 24
"""How many bytes a secret has at least, as the specification wants it."""


class WebhookRefused(PolicyEngineError):
    """A message is not from who it says, or is too old, or was altered."""


def verify(
    headers: Mapping[str, str], body: bytes, secret: str, now: float | None = None, tolerance: float = 300
) -> str:
    """Verify a message that arrived, before anything in it is believed.

    Args:
        headers: those of the request, in whatever case.
        body: the body of the request, as the bytes that arrived.
        secret: the secret that was agreed on, ``whsec_`` and base64.
        now: seconds since 1970; None asks the system.
        tolerance: for how many seconds before or after `now` a message is taken.

    Returns:
        The id of the message. One that was seen before is a repeat, to be accepted and dropped.

    Raises:
        WebhookRefused: it is not to be believed; the error says why.
        ValueError: the secret is malformed.
    """
    given = {name.lower(): value for name, value in headers.items()}
    missing = [name for name in ("webhook-id", "webhook-timestamp", "webhook-signature") if not given.get(name)]
    if missing:
        raise WebhookRefused(f"no header {', '.join(missing)}")
    identifier, timestamp = given["webhook-id"], given["webhook-timestamp"]
    if not (timestamp.isascii() and timestamp.isdecimal() and len(timestamp) <= 12):
        raise WebhookRefused("webhook-timestamp is no number of seconds since 1970")
    if abs((time.time() if now is None else now) - int(timestamp)) > tolerance:
        raise WebhookRefused(f"sent more than {tolerance:g} s before or after now")
    expected = sign(identifier, int(timestamp), body, secret).encode()
    if not any(
        hmac.compare_digest(expected, one.encode("utf-8", "replace")) for one in given["webhook-signature"].split(" ")
    ):
        raise WebhookRefused("no signature of this secret")
    return identifier


def sign(identifier: str, timestamp: int, body: bytes, secret: str) -> str:
    """Return the signature of a message: ``v1,`` and the base64 of the HMAC-SHA256 of its id, moment and body.

    Args:
        identifier: the message's id, which must have no full stop.
        timestamp: the moment of the attempt, in seconds since 1970.
        body: what is sent.
        secret: ``whsec_`` and base64.

    Raises:
        ValueError: the secret is malformed.
    """
    signed = b".".join((identifier.encode("utf-8", "surrogatepass"), str(timestamp).encode(), body))
    return "v1," + base64.b64encode(hmac.digest(key_of(secret), signed, hashlib.sha256)).decode()


def key_of(secret: str) -> bytes:
    """Return the bytes of a secret. Errors do not say what it is."""
    if not secret.startswith(PREFIX):
        raise ValueError(f"the secret must begin with {PREFIX}")
    try:
        key = base64.b64decode(secret.removeprefix(PREFIX), validate=True)
    except (binascii.Error, ValueError):
        raise ValueError(f"the secret must be {PREFIX} and base64") from None
    if len(key) < _SHORTEST:
        raise ValueError(f"the secret must have at least {_SHORTEST} bytes")
    return key
