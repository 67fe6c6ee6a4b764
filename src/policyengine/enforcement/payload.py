"""What the host's data are made of: records of fields, lists of them, and single values."""

from __future__ import annotations

import dataclasses
import sys
from collections.abc import Mapping
from datetime import date, time, timedelta
from decimal import Decimal
from enum import Enum
from typing import Any, Final
from uuid import UUID

import msgspec

_SINGLE: Final = (str, bytes, bool, int, float, Decimal, date, time, timedelta, UUID, Enum, type(None))


def is_single(value: Any) -> bool:
    """Whether `value` is one value, with nothing in it that could be a field."""
    return isinstance(value, _SINGLE)


def record_of(value: Any) -> Mapping[Any, Any] | None:
    """Return the fields of a record; None where `value` is none.

    A record is a mapping, a dataclass, a named tuple, a msgspec struct, or a pydantic model with what it holds beside
    its fields. What such an object computes is no field of it.
    """
    if isinstance(value, Mapping):
        return value
    if isinstance(value, type):
        return None
    if dataclasses.is_dataclass(value):
        return {one.name: getattr(value, one.name) for one in dataclasses.fields(value) if hasattr(value, one.name)}
    if isinstance(value, msgspec.Struct):
        return {name: getattr(value, name) for name in value.__struct_fields__}
    if isinstance(value, tuple) and hasattr(value, "_fields"):
        return dict(zip(value._fields, value, strict=True))
    pydantic = sys.modules.get("pydantic")  # whoever has a model has imported it
    if pydantic is not None and isinstance(value, pydantic.BaseModel):
        fields = getattr(type(value), "model_fields", None)
        if isinstance(fields, Mapping):
            return {**{name: getattr(value, name) for name in fields}, **(value.__pydantic_extra__ or {})}
    return None


def is_less(reduced: Any, whole: Any) -> bool:
    """Whether `reduced` can be what was left of `whole`: it has no field and no entry that `whole` had not.

    A value may be another than it was (a name is shortened, a birthday becomes a year), and stands where one stood.
    An object of a form that is not known can become another of its type, or nothing.
    """
    if reduced is whole or (is_single(reduced) and whole is not None):
        return True
    if (fields := record_of(whole)) is not None:
        left = record_of(reduced)
        return left is not None and all(name in fields and is_less(left[name], fields[name]) for name in left)
    if isinstance(whole, list | tuple):
        if not isinstance(reduced, list | tuple) or record_of(reduced) is not None:
            return False
        entries = iter(whole)
        return all(any(is_less(one, entry) for entry in entries) for one in reduced)
    return not is_single(whole) and type(reduced) is type(whole)
