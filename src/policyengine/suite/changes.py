"""Changes to the data of a rule file that leave the file as it is: what is not on the way to a change is shared."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from policyengine.errors import KeyPath


def at(data: Any, path: KeyPath) -> Any:
    """Return what stands at `path`; None where nothing does."""
    for key in path:
        try:
            data = data[key]
        except (KeyError, IndexError):
            return None
    return data


def changed(data: Any, path: KeyPath, change: Callable[[Any], Any]) -> Any:
    """Return `data` with what `change` makes of the value at `path` in its place."""
    if not path:
        return change(data)
    key, *rest = path
    if isinstance(data, list):
        return [changed(member, tuple(rest), change) if index == key else member for index, member in enumerate(data)]
    return {**data, key: changed(data.get(key), tuple(rest), change)}


def without(data: Any, path: KeyPath) -> Any:
    """Return `data` with the key or the member of a list at `path` left out."""

    def left(holder: Any) -> Any:
        if isinstance(holder, list):
            return [member for index, member in enumerate(holder) if index != path[-1]]
        return {key: value for key, value in holder.items() if key != path[-1]}

    return changed(data, path[:-1], left)


def words_of(entry: Any) -> Iterator[str]:
    """Yield the words of one entry of a list of terms, which may stand under a reading."""
    if isinstance(entry, str):
        yield entry
    else:
        yield from (*([entry["term"]] if "term" in entry else ()), *entry.get("terms", ()))


def shown(value: Any) -> str:
    """Return a value of a rule file as people read it in the description of a change."""
    if isinstance(value, Mapping):
        return ", ".join(words_of(value))
    if isinstance(value, list):
        return ", ".join(shown(member) for member in value)
    return str(value).lower() if isinstance(value, bool) else str(value)
