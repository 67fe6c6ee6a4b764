"""Whether data are as a JSON Schema asks, said quickly: a schema becomes functions, each made when data first reach it.

Sound data are what there is to read nearly always, and to say only that they are sound takes a fraction of what it
takes to say what is wrong. The functions are exactly as strict as `policyengine.schema.diagnose`: where a schema has a
keyword that is not known here, what it asks is left to the validator there.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, Final, TypeAlias

from policyengine.schema.names import is_name

Test: TypeAlias = Callable[[Any], bool]
"""Whether a value is as it should be."""


class Quick:
    """One schema, made ready for data.

    Args:
        schema: a JSON Schema, which nobody changes any more.
        diagnosed: says of a part of it with keywords that are not known here whether a value is as it asks.
    """

    def __init__(self, schema: Mapping[str, Any], diagnosed: Callable[[Any, Any], bool]) -> None:
        self.schema = schema
        self._diagnosed = diagnosed
        self._made: dict[int, Test] = {}
        self._test = self._of(schema, root=True)

    def __call__(self, data: Any) -> bool:
        """Whether the schema has nothing against `data`, which are of the types of JSON."""
        return self._test(data)

    def _of(self, schema: Any, *, root: bool = False) -> Test:
        """Return what a part of the schema asks."""
        found = self._made.get(id(schema))
        if found is None:
            found = self._made[id(schema)] = self._make(schema, root=root)
        return found

    def _make(self, schema: Any, *, root: bool) -> Test:
        if isinstance(schema, bool):
            return _anything if schema else _nothing
        if not isinstance(schema, Mapping) or not self._known(schema, root=root):
            return lambda value: self._diagnosed(schema, value)
        if schema.keys() - _SAYING_NOTHING == {"$ref"}:
            return self._later(self._at(schema["$ref"]))
        everywhere = [*self._everywhere(schema)]
        asked = schema.get("type")
        types = _TYPES if asked is None else [asked] if isinstance(asked, str) else asked
        by_type: dict[type, Test] = {}
        if "object" in types:
            by_type[dict] = _all([*self._of_objects(schema), *everywhere])
        if "array" in types:
            by_type[list] = _all([*self._of_arrays(schema), *everywhere])
        if "string" in types:
            by_type[str] = _all([*_of_texts(schema), *everywhere])
        if "boolean" in types:
            by_type[bool] = _all(everywhere)
        if "null" in types:
            by_type[type(None)] = _all(everywhere)
        if "number" in types or "integer" in types:
            numbers = [*_of_numbers(schema), *everywhere]
            by_type[int] = _all(numbers if asked is None or "integer" in types else [is_number, *numbers])
            by_type[float] = _all(
                numbers if asked is None else [is_number if "number" in types else _whole, *numbers],
            )
        other = _all(everywhere) if asked is None else _nothing  # it has no type of JSON
        if everywhere == [] and [*by_type] == [str] and by_type[str] is _anything:
            return _is_text

        def test(value: Any) -> bool:
            of = by_type.get(type(value))
            if of is None:
                of = next((by_type.get(kind, _nothing) for kind in _KINDS if isinstance(value, kind)), other)
            return of(value)

        return test

    def _everywhere(self, schema: Mapping[str, Any]) -> Iterable[Test]:
        """Yield what is asked of values of all types."""
        if "enum" in schema:
            yield _one_of(schema["enum"])
        if "const" in schema:
            yield _one_of([schema["const"]])
        if "$ref" in schema:
            yield self._later(self._at(schema["$ref"]))
        if "not" in schema:
            refused = self._later(schema["not"])
            yield lambda value: not refused(value)
        if "if" in schema:
            asked, then, other = (self._later(schema.get(key, True)) for key in ("if", "then", "else"))
            yield lambda value: then(value) if asked(value) else other(value)
        if "allOf" in schema:
            yield _all([self._later(part) for part in schema["allOf"]])
        if "anyOf" in schema:
            some = [self._later(part) for part in schema["anyOf"]]
            yield lambda value: any(test(value) for test in some)
        if "oneOf" in schema:
            ways = [self._later(part) for part in schema["oneOf"]]
            yield lambda value: sum(test(value) for test in ways) == 1

    def _of_objects(self, schema: Mapping[str, Any]) -> Iterable[Test]:
        if required := schema.get("required"):
            needed = frozenset(required)
            yield lambda value: needed <= value.keys()
        if "minProperties" in schema or "maxProperties" in schema:
            yield _long_enough(schema, "Properties")
        if "propertyNames" in schema:
            named = self._later(schema["propertyNames"])
            yield lambda value: all(map(named, value))
        if "properties" in schema or "additionalProperties" in schema:
            yield self._members(schema.get("properties", {}), schema.get("additionalProperties", True))

    def _members(self, declared: Mapping[str, Any], others: Any) -> Test:
        tests: dict[str, Test] = {}
        other = self._later(others)

        def test(value: Any) -> bool:
            for key, member in value.items():
                of = tests.get(key)
                if of is None:
                    if key not in declared:
                        if not other(member):
                            return False
                        continue
                    of = tests[key] = self._of(declared[key])
                if not of(member):
                    return False
            return True

        return test

    def _of_arrays(self, schema: Mapping[str, Any]) -> Iterable[Test]:
        if "minItems" in schema or "maxItems" in schema:
            yield _long_enough(schema, "Items")
        if "items" in schema:
            member = self._later(schema["items"])
            yield lambda value: all(map(member, value))
        if schema.get("uniqueItems"):
            yield lambda value: first_repeated(value) is None

    def _later(self, schema: Any) -> Test:
        """Return what a part of the schema asks, made when data first reach it: few files have rules of all kinds."""
        if isinstance(schema, bool):
            return self._of(schema)
        made: list[Test] = []

        def test(value: Any) -> bool:
            if not made:
                made.append(self._of(schema))
            return made[0](value)

        return test

    def _known(self, schema: Mapping[str, Any], *, root: bool) -> bool:
        """Whether every keyword of a part of the schema is known here, and has a value that is understood here."""
        for key, value in schema.items():
            match key:
                case "$schema" | "$id":
                    known = root
                case "$ref":
                    known = isinstance(value, str) and self._at(value) is not None
                case "type":
                    listed = [value] if isinstance(value, str) else value
                    known = isinstance(listed, list | tuple) and all(name in _TYPES for name in listed)
                case _:
                    known = key in _SAYING_NOTHING or isinstance(value, _KEYWORDS.get(key, ()))
            if not known:
                return False
        comparable = (*schema.get("enum", ()), schema.get("const"))
        return all(isinstance(member, str | bool | int | float | None) for member in comparable)

    def _at(self, pointer: str) -> Any:
        """Return the part of the schema to which a reference leads; None where it leads further than `$defs`."""
        if pointer == "#":
            return self.schema
        before, defined, name = pointer.partition("#/$defs/")
        plain = not before and defined and re.fullmatch(r"[A-Za-z0-9_.-]+", name)
        return self.schema.get("$defs", {}).get(name) if plain else None


def is_number(value: Any) -> bool:
    """Whether `value` is a number that JSON can say and a double can hold."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return False
    try:
        return math.isfinite(value)
    except OverflowError:
        return False


def first_repeated(members: Iterable[Any]) -> Any:
    """Return the number of the first member that repeats an earlier one, in linear time; None where none does."""
    seen: set[str] = set()
    for index, member in enumerate(members):
        key = f"{type(member).__name__}:{member!r}"
        if key in seen:
            return index
        seen.add(key)
    return None


_TYPES: Final = ("object", "array", "string", "boolean", "null", "number", "integer")

_KINDS: Final = (bool, str, int, float, list, dict)
"""What a value of a class of its own is taken as: the first of these that it is."""

_SAYING_NOTHING: Final = frozenset(
    {"$comment", "$defs", "default", "deprecated", "description", "examples", "title", "x-policyengine"}
)
"""Keywords that ask nothing of data."""

_KEYWORDS: Final[Mapping[str, Any]] = {
    **dict.fromkeys(("additionalProperties", "else", "if", "items", "not", "propertyNames", "then"), (bool, Mapping)),
    **dict.fromkeys(("allOf", "anyOf", "oneOf", "enum", "required"), (list, tuple)),
    **dict.fromkeys(("minItems", "maxItems", "minLength", "maxLength", "minProperties", "maxProperties"), int),
    **dict.fromkeys(("minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum"), (int, float)),
    "const": object,
    "format": str,
    "pattern": str,
    "properties": Mapping,
    "uniqueItems": bool,
}
"""Keywords that are understood, each with what their value must be to be so."""


def _anything(_value: Any) -> bool:
    return True


def _nothing(_value: Any) -> bool:
    return False


def _is_text(value: Any) -> bool:
    return isinstance(value, str)


def _whole(value: Any) -> bool:
    return bool(value.is_integer())


def _all(tests: Sequence[Test]) -> Test:
    """Return a test that is passed where each of some is, in their order."""
    match tests:
        case []:
            return _anything
        case [only]:
            return only
        case [first, second]:
            return lambda value: first(value) and second(value)
        case [first, second, third]:
            return lambda value: first(value) and second(value) and third(value)
        case _:
            return lambda value: all(test(value) for test in tests)


def _one_of(members: Sequence[Any]) -> Test:
    """Return whether a value is one of some words, numbers and the like; true and false are no numbers."""
    words = frozenset(member for member in members if isinstance(member, str))
    others = [member for member in members if not isinstance(member, str)]

    def test(value: Any) -> bool:
        if isinstance(value, str):
            return value in words
        truth = isinstance(value, bool)
        return any(isinstance(member, bool) is truth and member == value for member in others)

    return test


def _long_enough(schema: Mapping[str, Any], what: str) -> Test:
    least, most = schema.get(f"min{what}", 0), schema.get(f"max{what}", math.inf)
    return lambda value: least <= len(value) <= most


def _of_texts(schema: Mapping[str, Any]) -> Iterable[Test]:
    if "minLength" in schema or "maxLength" in schema:
        yield _long_enough(schema, "Length")
    if "pattern" in schema:
        search = re.compile(schema["pattern"]).search
        yield lambda value: search(value) is not None
    if schema.get("format") == "id":
        yield is_name


def _of_numbers(schema: Mapping[str, Any]) -> Iterable[Test]:
    """Yield what is asked of numbers; what JSON cannot say is none."""
    bounds: list[Test] = []
    if "minimum" in schema:
        bounds.append(lambda value, least=schema["minimum"]: value >= least)  # type: ignore[misc]
    if "maximum" in schema:
        bounds.append(lambda value, most=schema["maximum"]: value <= most)  # type: ignore[misc]
    if "exclusiveMinimum" in schema:
        bounds.append(lambda value, below=schema["exclusiveMinimum"]: value > below)  # type: ignore[misc]
    if "exclusiveMaximum" in schema:
        bounds.append(lambda value, above=schema["exclusiveMaximum"]: value < above)  # type: ignore[misc]
    if bounds:
        within = _all(bounds)
        yield lambda value: not is_number(value) or within(value)
