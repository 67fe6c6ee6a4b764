"""The codes of reasons that the engine and its own kinds of rules give."""

from __future__ import annotations

from typing import Final

REASON_CODES: Final = frozenset(
    {
        "source-unavailable",
        "source-invalid",
        "no-governing-policy",
        "unknown-term",
        "not-permitted",
        "no-rule",
        "requirement-unmet",
        "prohibited",
        "request-in-effect",
        "retention-over",
        "action-failed",
        "action-stopped",
    }
)
"""What they say stands in docs/decisions.md; the author of a rule gives a reason of their own another code."""
