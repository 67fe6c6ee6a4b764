"""Which plugins an engine has: its own manager, the built-in ones, the installed packages, and the host's objects."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Mapping
from functools import cached_property
from inspect import signature
from pathlib import Path
from types import ModuleType, TracebackType
from typing import TYPE_CHECKING, Any, Final

import pluggy
from msgspec import Struct

from policyengine.builtin import files, formats, kinds
from policyengine.builtin.actions import block, log, redact
from policyengine.enforcement.calls import Call, Callee, Course, is_async, run
from policyengine.enforcement.flow import STAGES, EnforcementAction, Observer
from policyengine.enforcement.workers import Workers
from policyengine.engine.installed import GROUP, may_be_installed
from policyengine.engine.problems import NO_SETTINGS, UNKNOWN_PLUGIN
from policyengine.errors import ConfigurationError, Fault, PluginError, did_you_mean
from policyengine.hooks import PROJECT, Command, EventSource, FactSource, Hooks, ReportFormat
from policyengine.language.kind import RuleKind

if TYPE_CHECKING:
    from importlib.metadata import Distribution, EntryPoint

_BUILT_IN: Final[Mapping[str, object]] = {
    "block": block,
    "files": files,
    "formats": formats,
    "kinds": kinds,
    "log": log,
    "redact": redact,
}
"""The plugins that every engine has, by the names under which they are configured."""

_log = logging.getLogger("policyengine.engine")

_CLOSED: Final = ("sources", "events", "actions", "observers", "formats")
"""What plugins hand over that can be closed."""

_CLOSING: Final = 5.0
"""How many seconds an async `close` may take."""

_SQLITE: Final = "sqlite:///"


class Installed(Struct, frozen=True):
    """One plugin, for people.

    Args:
        name: how the manager names it.
        version: of the distribution that brought it; empty where none did.
        distribution: its name; empty where none did.
        hooks: the hooks that it implements, sorted.
        settings: the JSON Schema of its settings; None where it has none.
    """

    name: str
    version: str
    distribution: str
    hooks: tuple[str, ...]
    settings: Mapping[str, Any] | None


class Plugins:
    """The plugins of one engine, and what they hand over. A hook is called when its sort is first asked for.

    Args:
        objects: the host's own plugin objects; one with settings has a `name` to find them by.
        installed: whether packages with an entry point are loaded as well.
        settings: by the name of a plugin, its part of the configuration.
        folder: the folder that paths among the settings are relative to; None is the current one.

    Raises:
        ConfigurationError: the settings are wrong, or of a plugin that is not there.
        PluginError: an unknown hook, a wrong signature, a wrong object, or two things of one name.
    """

    def __init__(
        self,
        objects: Iterable[object] = (),
        *,
        installed: bool = True,
        settings: Mapping[str, Mapping[str, Any]] | None = None,
        folder: Path | None = None,
    ) -> None:
        self.manager = pluggy.PluginManager(PROJECT)
        self.manager.add_hookspecs(Hooks)
        self._brought_by: dict[str, Distribution | None] = {}
        try:
            for built_in, module in _BUILT_IN.items():
                self.manager.register(module, name=built_in)
            for point in _installed() if installed else ():
                self._register(point.load(), point.name)
                self._brought_by[point.name] = point.dist
            for plugin in objects:
                name = getattr(plugin, "name", None)  # by which its settings are found; pluggy's own is a number
                name = name if isinstance(name, str) else None
                if name is not None and self.manager.has_plugin(name):
                    raise PluginError(f'there is a plugin named "{name}" already')
                self._register(plugin, name)
            self.manager.check_pending()
        except pluggy.PluginValidationError as error:
            raise PluginError(str(error)) from error
        except ValueError as error:
            raise PluginError(str(error)) from error
        self.settings: Mapping[str, Mapping[str, Any]] = self._validated(settings or {}, folder or Path())

    def _register(self, plugin: object, name: str | None) -> None:
        _refuse_unknown_hooks(plugin)  # more plainly than pluggy would
        self.manager.register(plugin, name=name)

    @cached_property
    def schemas(self) -> Mapping[str, Mapping[str, Any]]:
        """The JSON Schemas of settings, by the name of the plugin that has them."""
        return {
            implementation.plugin_name: dict(implementation.function())  # type: ignore[call-overload]
            for implementation in self.manager.hook.policyengine_settings.get_hookimpls()
        }

    @cached_property
    def kinds(self) -> Mapping[str, RuleKind]:
        """The rule kinds, by name. Like all that plugins hand over, it raises `PluginError` as the constructor does."""
        return self._collected("rule_kinds", RuleKind, "rule kind")

    @cached_property
    def sources(self) -> Mapping[str, FactSource]:
        """The fact sources, by name."""
        return self._collected("fact_sources", FactSource, "fact source")

    @cached_property
    def events(self) -> Mapping[str, EventSource]:
        """The event sources, by name."""
        return self._collected("event_sources", EventSource, "event source")

    @cached_property
    def actions(self) -> Mapping[str, EnforcementAction]:
        """The enforcement actions, by name."""
        found: Mapping[str, EnforcementAction] = self._collected(
            "enforcement_actions", EnforcementAction, "enforcement action"
        )
        for action in found.values():
            if action.stage not in STAGES:
                known = ", ".join(STAGES)
                raise PluginError(f"action {action.name!r} has stage {action.stage!r}; the stages are {known}")
        return found

    @cached_property
    def observers(self) -> Mapping[str, Observer]:
        """The observers, by name."""
        return self._collected("observers", Observer, "observer")

    @cached_property
    def formats(self) -> Mapping[str, ReportFormat]:
        """The report formats, by name."""
        return self._collected("report_formats", ReportFormat, "report format")

    @cached_property
    def commands(self) -> Mapping[str, Command]:
        """The commands, by name."""
        return self._collected("commands", Command, "command")

    def describe(self) -> list[Installed]:
        """Return every plugin with its hooks, in the order of names."""
        found = []
        for name, plugin in self.manager.list_name_plugin():
            if plugin is not None:
                hooks = sorted(hook.name for hook in self.manager.get_hookcallers(plugin) or ())
                brought = self._brought_by.get(name)
                version, distribution = ("", "") if brought is None else (brought.version, brought.metadata["name"])
                found.append(Installed(name, version, distribution, tuple(hooks), self.schemas.get(name)))
        return sorted(found, key=lambda plugin: plugin.name)

    def close(self, workers: Workers | None = None) -> None:
        """Close what the plugins have handed over, and the host's own plugin objects, where they have a `close`.

        Each is closed once; whatever goes wrong there is logged, and keeps nothing else open.

        Args:
            workers: await a `close` that is async, where others of its functions were awaited.
        """
        handed = [found for name in _CLOSED if (found := vars(self).get(name))]  # what was never asked for is not made
        objects = [member for members in handed for member in members.values()] + [
            plugin for _, plugin in self.manager.list_name_plugin() if not isinstance(plugin, ModuleType)
        ]

        def course() -> Course[None]:
            for one in {id(one): one for one in objects}.values():
                close = getattr(one, "close", None)
                if callable(close):
                    try:
                        yield Call(Callee(_unasked(close)), None, _CLOSING if is_async(close) else None)
                    except Exception:
                        _log.exception("closing %s failed", type(one).__name__)

        own = workers or Workers()
        run(course(), own)
        if own is not workers:
            own.close()

    def __enter__(self) -> Plugins:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _validated(self, settings: Mapping[str, Mapping[str, Any]], folder: Path) -> Mapping[str, Mapping[str, Any]]:
        """Return `settings`, each part valid against the JSON Schema that its plugin brings."""
        names = [
            name for name, plugin in self.manager.list_name_plugin() if plugin is not None and name != str(id(plugin))
        ]
        faults: list[Fault] = []
        for name, part in settings.items():
            path = ("plugins", name)
            if name not in names:
                faults.append(UNKNOWN_PLUGIN.fault(path, hint=did_you_mean(name, names), name=name))
            elif name not in self.schemas:
                faults.append(NO_SETTINGS.fault(path, name=name))
            else:
                from policyengine.schema.validate import errors_of  # noqa: PLC0415  imports jsonschema, needed to configure

                faults.extend(
                    Fault(error.code, (*path, *error.path), error.message, error.hint)
                    for error in errors_of(dict(part), self.schemas[name])
                )
        if faults:
            raise ConfigurationError(faults)
        return {name: _resolved(part, self.schemas[name], folder) for name, part in settings.items()}

    def _collected(self, what: str, protocol: Any, word: str) -> dict[str, Any]:
        hook = f"{PROJECT}_{what}"
        found: dict[str, Any] = {}
        for implementation in getattr(self.manager.hook, hook).get_hookimpls():
            name = implementation.plugin_name
            given = {"settings": self.settings.get(name, {})} if "settings" in implementation.argnames else {}
            try:
                handed = list(implementation.function(**given))
            except Exception as error:
                raise PluginError(f"plugin {name}: {hook} failed: {error!r}") from error
            for member in handed:
                if not isinstance(member, protocol):
                    raise PluginError(f"plugin {name}: {hook} handed over {member!r}, which is no {word}")
                if member.name in found:
                    raise PluginError(f"plugin {name}: there is a {word} named {member.name!r} already")
                found[member.name] = member
        return found


def _unasked(function: Callable[[], Any]) -> Callable[[Any], Any]:
    """Return a function of an argument that it does not look at, in the form of `function`."""
    if is_async(function):

        async def awaited(_: Any) -> Any:
            return await function()

        return awaited
    return lambda _: function()


def _installed() -> Iterable[EntryPoint]:
    """Return the entry points of installed plugins. Refuses two plugins of one name, of which one would be lost."""
    if not may_be_installed():
        return ()
    from importlib.metadata import entry_points  # noqa: PLC0415  slow to import, and most have nothing installed

    found = entry_points(group=GROUP)
    seen = set(_BUILT_IN)
    for point in found:
        if point.name in seen:
            raise PluginError(f'two plugins are named "{point.name}": an installed package brings the second')
        seen.add(point.name)
    return found


def _refuse_unknown_hooks(plugin: object) -> None:
    """Refuse what looks like a hook of ours and is none, which would never be called, and arguments that none has."""
    known = [name for name in dir(Hooks) if name.startswith(f"{PROJECT}_")]
    for name in dir(plugin):
        if name.startswith(f"{PROJECT}_") and name not in known:
            hint = did_you_mean(name, known)
            raise PluginError(f"unknown hook {name!r} of {plugin!r}" + (f": {hint.en}" if hint else ""))
        if name in known and hasattr(method := getattr(plugin, name), f"{PROJECT}_impl"):
            arguments = set(signature(getattr(Hooks, name)).parameters) - {"self"}
            for argument in signature(method).parameters:
                if argument not in arguments:
                    hint = did_you_mean(argument, arguments)
                    raise PluginError(
                        f"hook {name!r} of {plugin!r}: unknown argument {argument!r}" + (f": {hint.en}" if hint else "")
                    )


def _resolved(value: Any, schema: Mapping[str, Any], folder: Path) -> Any:
    """Return settings with the defaults of the schema filled in, and every path taken from `folder`.

    A text is a path where its schema has the format ``path``; with the format ``database-url``, what follows
    ``sqlite:///`` is one.
    """
    if isinstance(value, str) and schema.get("format") == "path":
        return str(folder / value)
    if isinstance(value, str) and schema.get("format") == "database-url" and value.startswith(_SQLITE):
        return _SQLITE + str(folder / value.removeprefix(_SQLITE))
    if isinstance(value, Mapping):
        known, others = schema.get("properties", {}), schema.get("additionalProperties", {})
        others = others if isinstance(others, Mapping) else {}
        defaults = {name: of["default"] for name, of in known.items() if "default" in of}
        return {
            name: _resolved(member, known.get(name, others), folder) for name, member in {**defaults, **value}.items()
        }
    return value
