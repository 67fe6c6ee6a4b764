"""What is kept: flows, what was done about them, and the JSON that they are written as."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final, Literal, TypeAlias, get_args

from policyengine import Decision
from policyengine_records.errors import RecordsError

State: TypeAlias = Literal["open", "released", "rejected", "taken"]
"""``open``: nobody has decided. ``taken``: released, and handed to a host that carries it out."""

STATES: Final[tuple[State, ...]] = get_args(State)

_DEPTH: Final = 100


@dataclass(frozen=True, slots=True)
class Entry:
    """What was done about a kept flow.

    Args:
        what: ``released``, ``rejected``, ``taken``, or ``purged`` of its payload.
        at: when, RFC 3339 in UTC.
        by: who did it; None where that was not said, which is never so for ``released`` and ``rejected``.
        reason: why; as `by`.
        despite: of a release, why in spite of what had come in the way since the flow was kept.
        decision: of a release, what was decided of the flow at that moment.
    """

    what: str
    at: str
    by: str | None
    reason: str | None
    despite: str | None = None
    decision: Decision | None = None


@dataclass(frozen=True, slots=True)
class Kept:
    """A flow that is kept.

    Args:
        id: the id under which it is kept.
        state: what has become of it.
        kept_at: since when, RFC 3339 in UTC.
        event: the event as JSON has it.
        decision: what was decided of it then.
        has_payload: whether a payload is kept with it.
        payload: the host's data as JSON has them; None where none is kept, or a list of flows leaves them out.
        entries: what was done about it, the oldest first.
    """

    id: str
    state: State
    kept_at: str
    event: Any
    decision: Decision
    has_payload: bool
    payload: Any = None
    entries: tuple[Entry, ...] = ()


def json_of(value: Any, what: str) -> str:
    """Return `value` as JSON text.

    Raises:
        RecordsError: it is no JSON data. No value and no key is told, for they might be personal data.
    """
    try:
        return json.dumps(_plain(value, _DEPTH), separators=(",", ":"))
    except _NoJson as error:
        raise _refused(what, str(error)) from None
    except ValueError:
        raise _refused(what, "a number is too long") from None


def _refused(what: str, why: str) -> RecordsError:
    return RecordsError(
        f"the {what} is no JSON data, and cannot be kept: {why}",
        f"{what} は JSON のデータではなく、保留できません: {why}",
    )


class _NoJson(Exception):
    pass


def _plain(value: Any, depth: int) -> Any:
    """Return `value` with every mapping as a dict and every tuple as a list."""
    if depth == 0:
        raise _NoJson(f"it is nested more than {_DEPTH} deep")
    if isinstance(value, Mapping):
        for key in value:
            if not isinstance(key, str):
                raise _NoJson(f"a key is {_named(key)}, and no text")
        return {key: _plain(member, depth - 1) for key, member in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(member, depth - 1) for member in value]
    if isinstance(value, float) and not math.isfinite(value):
        raise _NoJson("a number is not finite")
    if value is None or isinstance(value, str | int | float):
        return value
    raise _NoJson(f"there is {_named(value)} in it")


def _named(value: Any) -> str:
    return f"a value of type {type(value).__name__}"


def same(before: str | None, now: str | None) -> bool:
    """Whether two JSON texts say the same; the order of members says nothing."""
    if before == now:
        return True
    if before is None or now is None:
        return False
    return json.dumps(json.loads(before), sort_keys=True) == json.dumps(json.loads(now), sort_keys=True)
