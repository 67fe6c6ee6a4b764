"""Redact: what is too much is taken out of the host's payload, and the rest goes on."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from enum import Enum
from typing import Any, Final

from policyengine.enforcement.flow import EnforcementAction, Flow, Reduction
from policyengine.hooks import hookimpl
from policyengine.text import Text


class _Gone(Enum):
    GONE = "gone"


_GONE: Final = _Gone.GONE
"""What is left of a value that does not pass."""

_FORM: Final = Text(
    ja="ペイロードがレコードでもそのリストでもないので、redact には減らせません",
    en="the payload is no record and no list of records, so that redact cannot reduce it",
)


class Redact:
    """Reduces a flow, and the host's payload with it, to the items that are permitted.

    Args:
        fields: for each field of a payload, the items that it holds. ``customer.name`` is the field ``name`` of the
            record in ``customer``. What is listed for a field holds for all in it for which nothing else is.
        keep: fields that hold no item and always pass, with all in them for which nothing else is listed.
    """

    name = "redact"
    stage = "reduce"

    def __init__(self, fields: Mapping[str, frozenset[str]], keep: frozenset[str] = frozenset()) -> None:
        self.fields: Mapping[str, frozenset[str] | None] = {
            **dict.fromkeys(keep, frozenset[str]()),
            **{name: items or None for name, items in fields.items()},  # a field that holds what nobody says
        }

    def act(self, flow: Flow) -> Reduction | None:
        """Return the items that are not permitted, to be taken away, and what is left of the payload.

        A flow that is permitted is reduced as well: a payload may hold more than the event states. Nothing is done
        where no item is permitted, or where there is no payload to reduce. A payload that cannot be read as records
        stops the flow.
        """
        permitted = frozenset(flow.decision.permitted_items)
        if not permitted or flow.payload is None:
            return None
        try:
            payload = self.reduced(flow.payload, permitted)
        except Exception:  # a payload that raises, or has no end; what cannot be reduced does not go on
            payload = _GONE
        if payload is _GONE:
            return Reduction(stop=_FORM)
        return Reduction(without=flow.decision.excess_items, payload=payload)

    def reduced(self, payload: Any, permitted: Iterable[str]) -> Any:
        """Return what passes of `payload`: a record, which becomes a mapping, or a list of records."""
        from policyengine.enforcement.payload import record_of  # noqa: PLC0415  for hosts with a payload

        whole = frozenset(permitted)
        if record_of(payload) is None and not isinstance(payload, list | tuple):
            return _GONE
        return self._left(payload, "", False, whole)

    def _left(self, value: Any, path: str, passes: bool, permitted: frozenset[str]) -> Any:
        """Return what passes of the value at `path`, given whether what is around it does."""
        from policyengine.enforcement.payload import is_single, record_of  # noqa: PLC0415

        record = record_of(value)
        if record is not None:
            left = {}
            for name, member in record.items():
                if type(name) is str:
                    there = f"{path}.{name}" if path else name
                    on = passes
                    if there in self.fields:
                        items = self.fields[there]
                        on = items is not None and items <= permitted
                    inner = self._left(member, there, on, permitted)
                    if inner is not _GONE:
                        left[name] = inner
            return left if left or passes or not path else _GONE
        if isinstance(value, list | tuple):
            entries = [self._left(entry, path, passes, permitted) for entry in value]
            left_over = [entry for entry in entries if entry is not _GONE]
            return left_over if left_over or passes or not path else _GONE
        if isinstance(value, set | frozenset):
            return value if passes and all(map(is_single, value)) else _GONE
        return value if passes and is_single(value) else _GONE


@hookimpl
def policyengine_settings() -> Mapping[str, Any]:
    """Describe which fields of a payload hold which items."""
    return {
        "type": "object",
        "properties": {
            "fields": {
                "type": "object",
                "description": "For each field of a payload, the items that it holds; customer.name is a field in one.",
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
