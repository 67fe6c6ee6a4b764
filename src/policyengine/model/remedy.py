"""What would make a denied flow a permitted one: changes to the event, and what they are for people."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final, Literal, TypeAlias

from msgspec import Struct

from policyengine.text import Text

Op: TypeAlias = Literal["drop-items", "add-fact", "state"]
"""What a change does to the event."""

UNKNOWN: Final = "?"
"""In a change, what only the host can know."""


class Remedy(Struct, frozen=True, omit_defaults=True, gc=False):
    """A set of changes that would make the very same flow permitted, and from which nothing can be left out.

    Args:
        changes: each as the contract has it (section 3): ``{"op": "drop-items", "items": [...]}``,
            ``{"op": "add-fact", "fact": {...}}`` or ``{"op": "state", "field": ..., "value": ...}``.
        message: the changes, for people.
        law: whether law is among them: what nobody can do who is not bound to, and therefore no advice.
    """

    changes: tuple[Mapping[str, Any], ...]
    message: Text
    law: bool = False


class Remedies(Struct, frozen=True, gc=False):
    """What would make a denied flow a permitted one.

    Args:
        found: the remedies, those with the fewest changes first, and those that are law last.
        more: whether there may be others, for which nobody looked any further.
    """

    found: tuple[Remedy, ...] = ()
    more: bool = False


NONE: Final = Remedies()
