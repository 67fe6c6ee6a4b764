"""Data against JSON Schemas: a quick yes first, and only on no everything that is wrong, each as a value."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any, Final

from policyengine.schema.quick import Quick

if TYPE_CHECKING:
    from policyengine.schema.diagnose import SchemaError

_KEPT: Final = 64
"""So many schemas are kept ready."""

_ready: dict[int, Quick] = {}


def errors_of(data: Any, schema: Mapping[str, Any]) -> Iterator[SchemaError]:
    """Yield what `schema`, which nobody changes any more, has against `data`."""
    if not accepts(schema, data):
        from policyengine.schema.diagnose import diagnosed  # noqa: PLC0415  imports jsonschema, for what is wrong

        yield from diagnosed(data, schema)


def accepts(schema: Mapping[str, Any], data: Any) -> bool:
    """Whether `schema`, which nobody changes any more, has nothing against `data`."""
    ready = _ready.get(id(schema))
    if ready is None:
        if len(_ready) >= _KEPT:
            _ready.clear()
        ready = _ready[id(schema)] = Quick(schema, _diagnosed(schema))
    return ready(data)


def _diagnosed(schema: Mapping[str, Any]) -> Any:
    def accepts(part: Any, value: Any) -> bool:
        from policyengine.schema.diagnose import allows  # noqa: PLC0415  imports jsonschema, for keywords of plugins

        return allows(schema, part, value)

    return accepts
