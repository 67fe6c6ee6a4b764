"""What JSON Schemas have against data: every error as a value, with its path, what was expected, the words it knows."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from functools import lru_cache
from typing import Any, Final

import jsonschema
from msgspec import Struct

from policyengine.calendar import CLOCK_PATTERN, DURATION_PATTERN
from policyengine.errors import Code, KeyPath, did_you_mean
from policyengine.moment import DAY_PATTERN, TIME_PATTERN
from policyengine.schema.names import is_name
from policyengine.schema.pieces import ABOVE_IT, ANY_ITEM, ANYONE, EVERY_TERM, OTHERS
from policyengine.schema.problems import (
    BAD_DAY,
    BAD_DURATION,
    BAD_HOUR,
    BAD_ID,
    BAD_NAME,
    BAD_TIME,
    EMPTY,
    EMPTY_TEXT,
    MISSING_KEY,
    NO_COUNTRY,
    NO_LANGUAGE,
    NOT_ABOVE,
    NOT_ANY_ITEM,
    NOT_ANYONE,
    NOT_AS_DOCUMENTED,
    NOT_EVERY_TERM,
    NOT_HERE,
    NOT_OTHERS,
    REPEATED,
    RESERVED_NAME,
    TOO_FEW,
    TOO_MANY,
    UNKNOWN_KEY,
    UNKNOWN_VALUE,
    WRONG_TYPE,
)
from policyengine.schema.quick import first_repeated, is_number
from policyengine.text import LANGUAGE_TAG, Text, echoed


class SchemaError(Struct, frozen=True):
    """One thing that a schema has against some data.

    Args:
        code: a stable word for the sort of error.
        path: where the error is: the key that is unknown or missing, or the value that is wrong.
        message: what was expected.
        word: the word that is not known, if the error is about one.
        known: the words that would be.
    """

    code: str
    path: KeyPath
    message: Text
    word: str | None = None
    known: tuple[str, ...] = ()

    @property
    def hint(self) -> Text | None:
        """The nearest known word, if the error is about a word."""
        if self.word is None:
            return None
        if self.code == UNKNOWN_KEY.name:
            return did_you_mean(self.word, self.known, most=len(self.known))
        return did_you_mean(self.word, self.known, listing=self.code != UNKNOWN_VALUE.name)  # which lists them already


def diagnosed(data: Any, schema: Mapping[str, Any]) -> Iterator[SchemaError]:
    """Yield what `schema` has against `data`."""
    for error in _validator(json.dumps(schema)).iter_errors(data):
        yield from _translated(error)


def allows(schema: Mapping[str, Any], part: Any, data: Any) -> bool:
    """Whether a part of `schema` has nothing against `data`."""
    return next(_validator(json.dumps(schema)).descend(data, part), None) is None


def _items(validator: Any, items: Any, instance: Any, _schema: Any) -> Iterator[jsonschema.ValidationError]:
    """`items` without looking twice at text where text is all that is wanted: there may be millions."""
    of_text = items == {"type": "string"}
    for index, member in enumerate(instance if isinstance(instance, list) else ()):
        if not (of_text and isinstance(member, str)):
            yield from validator.descend(member, items, path=index)


def _unique(_validator: Any, wanted: bool, instance: Any, _schema: Any) -> Iterator[jsonschema.ValidationError]:
    """`uniqueItems` in linear time, since the data may come from anywhere."""
    if wanted and isinstance(instance, list) and (index := first_repeated(instance)) is not None:
        yield jsonschema.ValidationError(f"{instance[index]!r} is repeated", path=(index,), validator="uniqueItems")


def _additional(validator: Any, of: Any, instance: Any, schema: Any) -> Iterator[jsonschema.ValidationError]:
    """`additionalProperties` in the order of the data; in that of a set, each process would tell other errors first."""
    if not isinstance(of, dict):
        yield from jsonschema.Draft202012Validator.VALIDATORS["additionalProperties"](validator, of, instance, schema)
    elif isinstance(instance, dict):
        for key, member in instance.items():
            if key not in schema.get("properties", ()):
                yield from validator.descend(member, of, path=key)


def _format(_validator: Any, name: str, instance: Any, _schema: Any) -> Iterator[jsonschema.ValidationError]:
    """`format` of ids, which no pattern says in full."""
    if name == "id" and isinstance(instance, str) and not is_name(instance):
        yield jsonschema.ValidationError("not an id", validator="format")


@lru_cache(maxsize=8)
def _validator(schema: str) -> Any:
    draft = jsonschema.Draft202012Validator
    numbers = draft.TYPE_CHECKER.redefine("number", lambda _checker, value: is_number(value))
    keywords = {"format": _format, "items": _items, "uniqueItems": _unique, "additionalProperties": _additional}
    kind = jsonschema.validators.extend(draft, keywords, type_checker=numbers)
    return kind(json.loads(schema))


_TYPES = {
    "string": Text(ja="文字列", en="a string"),
    "object": Text(ja="表（オブジェクト）", en="a table (an object)"),
    "array": Text(ja="リスト", en="a list"),
    "number": Text(ja="数", en="a number"),
    "integer": Text(ja="整数", en="a whole number"),
    "boolean": Text(ja="true または false", en="true or false"),
    "null": Text(ja="null", en="null"),
    "no-number": Text(ja="無限大・非数・大きすぎる数", en="infinity, NaN or a number too large"),
}


def _kind(value: Any) -> str:
    if value is None:
        return "null"
    for name, types in (("boolean", bool), ("string", str), ("number", int | float), ("array", list), ("object", dict)):
        if isinstance(value, types):
            return "no-number" if name == "number" and not is_number(value) else name
    return type(value).__name__


def _translated(error: jsonschema.ValidationError) -> Iterator[SchemaError]:
    path: KeyPath = tuple(error.absolute_path)
    value, instance = error.validator_value, error.instance
    if "propertyNames" in error.absolute_schema_path:
        path = (*path, instance)
    asked = error.schema.get("format") if isinstance(error.schema, Mapping) else None
    if asked in _FORMATS and error.validator != "type":
        if isinstance(instance, str) and error.validator in _TOLD_BY:
            code = _FORMATS[asked]
            yield SchemaError(code.name, path, code.text())
        return
    match error.validator:
        case "not" if "required" in value:
            for key in value["required"]:
                yield SchemaError(NOT_HERE.name, (*path, key), NOT_HERE.text())
        case "additionalProperties" if value is False:
            known = tuple(error.schema.get("properties", ()))
            for key in instance:
                if key not in known:
                    message = UNKNOWN_KEY.text(key=echoed(str(key)))
                    yield SchemaError(UNKNOWN_KEY.name, (*path, key), message, str(key), known)
        case "required":
            for key in value:
                if error.message == f"{key!r} is a required property":
                    yield SchemaError(MISSING_KEY.name, (*path, key), MISSING_KEY.text(key=key))
        case "type":
            kinds: Sequence[str] = [value] if isinstance(value, str) else value
            expected = Text(
                ja=" か ".join(_TYPES[kind].ja for kind in kinds), en=" or ".join(_TYPES[kind].en for kind in kinds)
            )
            found = _kind(instance)
            message = WRONG_TYPE.text(expected=expected, found=_TYPES.get(found, found))
            yield SchemaError(WRONG_TYPE.name, path, message)
        case "enum" | "const":
            words = tuple(str(member) for member in (value if isinstance(value, list) else [value]))
            message = UNKNOWN_VALUE.text(known=", ".join(words))
            yield SchemaError(UNKNOWN_VALUE.name, path, message, str(instance)[:100], words)
        case "maxItems":
            yield SchemaError(TOO_MANY.name, path, TOO_MANY.text(most=value))
        case _:
            code = _code(error.validator, value)
            yield SchemaError(code.name, path, code.text(message=error.message))


_FORMATS: Final[Mapping[Any, Code]] = {"id": BAD_NAME, "country": NO_COUNTRY}
"""What is expected of a text of a format, said once however many keywords of its schema refuse it."""

_TOLD_BY: Final = ("format", "enum")
"""The keywords of such a schema that refuse everything which the others refuse."""


def _code(keyword: str, value: Any) -> Code:
    """Return what is wrong where the keyword of a schema, with its value, asks something else."""
    match keyword:
        case "pattern" if value == TIME_PATTERN:
            return BAD_TIME
        case "pattern" if value == DAY_PATTERN:
            return BAD_DAY
        case "pattern" if value == DURATION_PATTERN:
            return BAD_DURATION
        case "pattern" if value == CLOCK_PATTERN:
            return BAD_HOUR
        case "pattern" if value == ABOVE_IT["pattern"]:
            return NOT_ABOVE
        case "pattern" if value == OTHERS["pattern"]:
            return NOT_OTHERS
        case "pattern" if value == ANYONE["pattern"]:
            return NOT_ANYONE
        case "pattern" if value == EVERY_TERM["pattern"]:
            return NOT_EVERY_TERM
        case "pattern" if value == LANGUAGE_TAG:
            return NO_LANGUAGE
        case "pattern" if value == ANY_ITEM["pattern"]:
            return NOT_ANY_ITEM
        case "pattern":
            return BAD_ID
        case "minItems" | "minProperties":
            return TOO_FEW if value == 2 else EMPTY
        case "minLength":
            return EMPTY_TEXT
        case "uniqueItems":
            return REPEATED
        case "not":
            return RESERVED_NAME
        case _:
            return NOT_AS_DOCUMENTED
