"""JSON data that nobody can change, handed on to whoever asks."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import islice
from typing import Any, Final, NoReturn

from policyengine.model.event_document import MOST_MEMBERS

_DEEPEST: Final = 64
"""How deep what is no event is followed; an event is not half as deep."""


def _refuse(*_: Any, **__: Any) -> NoReturn:
    raise TypeError("it is frozen: make a copy to change; an action that would change a flow returns a Reduction")


class FrozenDict(dict[str, Any]):
    """A JSON object that cannot be changed; a copy of it can."""

    __setitem__ = __delitem__ = __ior__ = _refuse
    clear = pop = popitem = setdefault = update = _refuse

    def __reduce__(self) -> tuple[Any, ...]:
        return dict, (dict(self),)

    def __deepcopy__(self, memo: dict[int, Any]) -> Any:
        return thawed(self)


class FrozenList(list[Any]):
    """A JSON array that cannot be changed; a copy of it can."""

    __setitem__ = __delitem__ = __iadd__ = __imul__ = _refuse
    append = clear = extend = insert = pop = remove = reverse = sort = _refuse

    def __reduce__(self) -> tuple[Any, ...]:
        return list, (list(self),)

    def __deepcopy__(self, memo: dict[int, Any]) -> Any:
        return thawed(self)


def frozen(value: Any, depth: int = _DEEPEST, within: tuple[object, ...] = ()) -> Any:
    """Return a copy of JSON data that nobody can change. What is no JSON data stands as the name of its type.

    Of dicts and lists that is what they hold, whatever a class of somebody's says about it; what stands `within` itself
    ends there.
    """
    if value is None or type(value) in (str, int, float, bool):
        return value
    if depth == 0 or any(value is outer for outer in within):
        return "…"
    within = (*within, value)
    if isinstance(value, dict):
        return FrozenDict(
            {
                key if type(key) is str else f"<{type(key).__name__}>": frozen(of, depth - 1, within)
                for key, of in dict.items(value)
            }
        )
    if isinstance(value, list | tuple):
        members = list.__iter__(value) if isinstance(value, list) else tuple.__iter__(value)
        return FrozenList([frozen(one, depth - 1, within) for one in members])
    if isinstance(value, Mapping):
        return frozen({key: value[key] for key in islice(value, MOST_MEMBERS)}, depth, within)
    return f"<{type(value).__name__}>"


def thawed(value: Any) -> Any:
    """Return a copy of frozen JSON data that can be changed."""
    if isinstance(value, dict):
        return {key: thawed(of) for key, of in value.items()}
    if isinstance(value, list):
        return [thawed(one) for one in value]
    return value
