"""Redact: what is too much is taken out of the host's payload, and the rest goes on."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any

from policyengine.enforcement.flow import EnforcementAction, Flow
from policyengine.hooks import hookimpl


class Redact:
    """Reduces a denied flow, and the host's payload with it, to the items that are permitted.

    Args:
        fields: for each field of a payload, the items that it holds.
        keep: fields that hold no item and always pass.
    """

    name = "redact"
    stage = "reduce"

    def __init__(self, fields: Mapping[str, frozenset[str]], keep: frozenset[str] = frozenset()) -> None:
        self.fields = fields
        self.keep = keep

    def act(self, flow: Flow) -> Flow | None:
        """Return the flow of the permitted items alone; None where none is, or there is no payload to reduce.

        A field passes when all its items are permitted, or when it is one to keep; nothing unknown passes. What was
        permitted as it came is left as it is; not so what another action has narrowed already.
        """
        permitted = flow.decision.permitted_items
        first = flow.first or flow.decision
        if not permitted or len(permitted) == len(first.permitted_items) + len(first.excess_items):
            return None
        if flow.payload is None:
            return None
        return replace(
            flow,
            event={**flow.event, "items": list(permitted)},
            payload=self.reduced(flow.payload, frozenset(permitted)),
        )

    def reduced(self, payload: Any, permitted: frozenset[str]) -> Any:
        """Return `payload`, a mapping or a list of mappings, with the fields that may pass.

        Raises:
            TypeError: the payload is of another form.
        """
        if isinstance(payload, Mapping):
            return {name: value for name, value in payload.items() if self._passes(name, permitted)}
        if isinstance(payload, list | tuple):
            return [self.reduced(record, permitted) for record in payload]
        raise TypeError(f"a payload is a mapping or a list of mappings, not {type(payload).__name__}")

    def _passes(self, name: Any, permitted: frozenset[str]) -> bool:
        return name in self.keep or (bool(self.fields.get(name)) and self.fields[name] <= permitted)


@hookimpl
def policyengine_settings() -> Mapping[str, Any]:
    """Describe which fields of a payload hold which items."""
    return {
        "type": "object",
        "properties": {
            "fields": {
                "type": "object",
                "description": "For each field of a payload, the items that it holds.",
                "additionalProperties": {"type": ["string", "array"], "items": {"type": "string"}},
            },
            "keep": {
                "type": "array",
                "items": {"type": "string"},
                "description": "Fields that hold no item, such as a key, and always pass.",
            },
        },
        "additionalProperties": False,
    }


@hookimpl
def policyengine_enforcement_actions(settings: Mapping[str, Any]) -> Iterable[EnforcementAction]:
    """Bring the action; where no fields are configured, it lets nothing of a payload pass."""
    fields = {
        name: frozenset([items] if isinstance(items, str) else items)
        for name, items in settings.get("fields", {}).items()
    }
    return (Redact(fields, frozenset(settings.get("keep", ()))),)
