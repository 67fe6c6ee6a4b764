"""What plugins hand over, held against what is done with it: names, forms and signatures of methods, schemas."""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable, Iterable, Mapping
from typing import Any, Final

from msgspec import Struct

from policyengine.enforcement.calls import is_async
from policyengine.enforcement.flow import STAGES
from policyengine.errors import PluginError, did_you_mean
from policyengine.hooks import PROJECT, Hooks
from policyengine.schema.plain import PLAIN
from policyengine.schema.validate import accepts
from policyengine.text import Text

HOOKS: Final = tuple(sorted(name for name in dir(Hooks) if name.startswith(f"{PROJECT}_")))
"""The hooks there are."""


class Sort(Struct, frozen=True):
    """One sort of objects that plugins hand over.

    Args:
        word: what messages call it.
        methods: the methods that are called, each with the number of its arguments.
        awaited: whether they may be async.
        yields: whether what they return is read, so that they may be generators.
        more: returns what else is wrong with one, or None.
    """

    word: str
    methods: Mapping[str, int]
    awaited: bool = False
    yields: bool = True
    more: Callable[[Any], str | None] = lambda _: None

    def wrong(self, member: object) -> str | None:
        """Return what is wrong with `member`, to follow what names it; None where nothing is."""
        if isinstance(member, type):
            return f"is a class; hand over an instance of it: {member.__name__}()"
        name = getattr(member, "name", None)
        missing = [method for method in self.methods if not callable(getattr(member, method, None))]
        if missing or not hasattr(member, "name"):
            lacks = [*([] if hasattr(member, "name") else ["name"]), *(f"{method}()" for method in missing)]
            return f"is no {self.word}: it has no {' and no '.join(lacks)}"
        if not isinstance(name, str) or not name or name != name.strip() or not name.isprintable():
            return f"has a name that is none: {name!r}"
        for method, number in self.methods.items():
            if said := _form(getattr(member, method), number, self):
                return f"has a method {method}() that {said}"
        return self.more(member)


def _form(method: Callable[..., Any], number: int, sort: Sort) -> str | None:
    """Return what is wrong with the form of a method that is called with `number` arguments; None where nothing is."""
    if inspect.isasyncgenfunction(method):
        return "is an async generator; nobody would read it" if sort.awaited else "is async, and cannot be"
    if is_async(method) and not sort.awaited:
        return "is async, and cannot be"
    if inspect.isgeneratorfunction(method) and not sort.yields:
        return "is a generator; nobody would read it"
    try:
        found = inspect.signature(method)
    except (TypeError, ValueError):  # of C, say: it is called, and that is seen then
        return None
    try:
        found.bind(*[None] * number)
    except TypeError:
        return f"takes {found}; it is called with {number} argument{'' if number == 1 else 's'}"
    return None


def _stage(action: Any) -> str | None:
    stage = getattr(action, "stage", None)
    if stage in STAGES:
        return None
    hint = did_you_mean(stage, STAGES) if isinstance(stage, str) else None
    return f"has stage {stage!r}; the stages are {', '.join(STAGES)}" + (f"; {hint.en}" if hint else "")


_KEY: Final = re.compile(r"[a-z][a-z0-9]*([-_][a-z0-9]+)*")


def _kind(kind: Any) -> str | None:
    if not _KEY.fullmatch(kind.name):
        return "has a name that no table of a rule file can have: small letters, digits and hyphens"
    from policyengine.language.schema import policy_schema, rule_schema  # noqa: PLC0415

    if kind.name in policy_schema(())["properties"]["clause"]["items"]["properties"]:
        return "has the name of a key that clauses have already"
    for name in ("title", "summary"):
        text = getattr(kind, name, None)
        if not isinstance(text, Text) or not all(isinstance(one, str) and one.strip() for one in (text.ja, text.en)):
            return f"has no {name} in both languages: a Text(ja=..., en=...)"
    properties, required = getattr(kind, "properties", None), getattr(kind, "required", None)
    if not isinstance(properties, Mapping):
        return "has no properties: the JSON Schemas of its keys, by key"
    if isinstance(required, str) or not isinstance(required, Iterable):
        return "has no required: the keys without which a table makes no sense, as a frozenset"
    for key, schema in properties.items():
        if said := wrong_schema(schema):
            return f"has a key {key!r} whose JSON Schema is none: {said}"
    known = rule_schema(kind)["properties"]
    for key in required:
        if key not in known:
            hint = did_you_mean(str(key), known, listing=False)
            return f"requires a key that it does not have: {key!r}" + (f"; {hint.en}" if hint else "")
    return None


def _layer(lint: Any) -> str | None:
    layer = getattr(lint, "layer", None)
    return None if isinstance(layer, str) and layer else f"has a layer that is no id of a policy: {layer!r}"


SORTS: Final[Mapping[str, Sort]] = {
    "rule_kinds": Sort("rule kind", {"lower": 1}, more=_kind),
    "fact_sources": Sort("fact source", {"facts": 1}, awaited=True),
    "event_sources": Sort("event source", {"events": 0}),
    "enforcement_actions": Sort("enforcement action", {"act": 1}, awaited=True, yields=False, more=_stage),
    "observers": Sort("observer", {"observe": 1}, awaited=True, yields=False),
    "report_formats": Sort("report format", {"render": 1}),
    "commands": Sort("command", {"make_context": 2}),
    "lints": Sort("lint", {"find": 1}, more=_layer),
}
"""The sorts of objects, by the end of the name of the hook that hands them over."""


def wrong_schema(schema: object, sort: str | None = None) -> str | None:
    """Return why a schema is none, or none of what has the type `sort`; None where it is one."""
    if not isinstance(schema, Mapping | bool):
        return f"{type(schema).__name__} in place of an object"
    if not accepts(PLAIN, schema):
        from jsonschema import Draft202012Validator, SchemaError  # noqa: PLC0415  for what is unusual, or wrong

        try:
            Draft202012Validator.check_schema(schema)
        except SchemaError as error:
            return f"{error.json_path}: {error.message}"
        except Exception as error:  # no JSON data at all
            return f"{type(error).__name__}"
    if sort is not None and (not isinstance(schema, Mapping) or schema.get("type") != sort):
        return f'its type is to be "{sort}"'
    return None


def handed(function: Callable[..., Any], **given: Any) -> list[Any]:
    """Call a hook, and return what it hands over.

    Raises:
        PluginError: it failed, or hands over no list of objects.
    """
    try:
        found = function(**given)
    except Exception as error:
        raise PluginError(f"failed: {error!r}") from error
    if inspect.iscoroutine(found):
        found.close()
        raise PluginError("is async, and cannot be: hooks run while an engine is built")
    if found is None or isinstance(found, str | bytes | Mapping) or not isinstance(found, Iterable):
        raise PluginError(f"returned {found!r}; a list is expected")
    try:
        return list(found)
    except Exception as error:
        raise PluginError(f"failed: {error!r}") from error


def refuse_wrong_hooks(plugin: object) -> None:
    """Refuse an object that is no plugin, and what looks like a hook of ours and would never be called.

    Raises:
        PluginError: it has no hook, one that there is not, one that is not marked, or one of a wrong signature.
    """
    marked = 0
    for name in _names(plugin):
        method = getattr(plugin, name)
        if name not in HOOKS:
            if hasattr(method, f"{PROJECT}_impl") or callable(method):
                hint = did_you_mean(name, HOOKS)
                raise PluginError(f"unknown hook {name!r}" + (f": {hint.en}" if hint else ""))
            continue
        if not hasattr(method, f"{PROJECT}_impl"):
            raise PluginError(f"hook {name!r} is not marked: put @hookimpl above it")
        marked += 1
        if isinstance(plugin, type) and inspect.isfunction(inspect.getattr_static(plugin, name)):
            raise PluginError(f"it is a class; hand over an instance of it: {plugin.__name__}()")
        arguments = set(inspect.signature(getattr(Hooks, name)).parameters) - {"self"}
        for argument in inspect.signature(method).parameters:
            if argument not in arguments:
                hint = did_you_mean(argument, arguments)
                raise PluginError(f"hook {name!r}: unknown argument {argument!r}" + (f": {hint.en}" if hint else ""))
    if not marked:
        raise PluginError("it has none of our hooks, each marked with @hookimpl: " + ", ".join(HOOKS))


def _names(plugin: object) -> list[str]:
    return [name for name in dir(plugin) if name.startswith(f"{PROJECT}_")]
