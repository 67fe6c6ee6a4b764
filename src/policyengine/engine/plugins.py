"""Which plugins an engine has: its own manager, the built-in ones, the installed packages, and the host's objects."""

from __future__ import annotations

import logging
import threading
import weakref
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from types import ModuleType, TracebackType
from typing import TYPE_CHECKING, Any, Final

import pluggy
from msgspec import Struct

from policyengine.builtin import files, formats, kinds
from policyengine.builtin.actions import block, log, redact
from policyengine.enforcement.calls import Call, Callee, Course, is_async, run
from policyengine.enforcement.flow import EnforcementAction, Observer
from policyengine.enforcement.standing import refuse_unrun
from policyengine.enforcement.workers import Workers
from policyengine.engine.handed import SORTS, handed, refuse_wrong_hooks, wrong_schema
from policyengine.engine.installed import GROUP, may_be_installed
from policyengine.engine.problems import NO_SETTINGS, UNKNOWN_PLUGIN
from policyengine.errors import ConfigurationError, Fault, PluginError, did_you_mean
from policyengine.hooks import PROJECT, Command, EventSource, FactSource, Hooks, Lint, ReportFormat
from policyengine.language.kind import RuleKind
from policyengine.once import once

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
        disabled: whether it is left out.
        error: why it cannot be used; None where it can.
    """

    name: str
    version: str
    distribution: str
    hooks: tuple[str, ...]
    settings: Mapping[str, Any] | None
    disabled: bool = False
    error: str | None = None


class _Manager(pluggy.PluginManager):
    """Passes over the names that are no hooks, of what is ours: pluggy looks long at every name of a module."""

    def parse_hookspec_opts(self, module_or_class: ModuleType | type, name: str) -> pluggy.HookspecOpts | None:
        """Return what is said of a hook."""
        return super().parse_hookspec_opts(module_or_class, name) if name.startswith(PROJECT) else None

    def parse_hookimpl_opts(self, plugin: object, name: str) -> pluggy.HookimplOpts | None:
        """Return what is said of an implementation of a hook."""
        if isinstance(plugin, ModuleType) and plugin in _BUILT_IN.values():
            return getattr(vars(plugin)[name], f"{PROJECT}_impl", None) if name.startswith(PROJECT) else None
        return super().parse_hookimpl_opts(plugin, name)


class Plugins:
    """The plugins of one engine, and what they hand over. A hook is called when its sort is first asked for.

    Args:
        objects: the host's own plugin objects; one with settings has a `name` to find them by.
        installed: whether packages with an entry point are loaded as well.
        settings: by the name of a plugin, its part of the configuration.
        folder: the folder that paths among the settings are relative to; None is the current one.
        disable: the names of plugins, or of packages, that are left out.
        tolerant: leaves out what is broken, which `describe` then tells, in place of raising.

    Raises:
        ConfigurationError: the settings are wrong, or of a plugin that is not there; or what is to be left out is not.
        PluginError: what cannot be loaded, is no plugin, has an unknown hook or a wrong signature, hands over a wrong
            object, or two things of one name; with the name of every plugin and its package.
    """

    def __init__(
        self,
        objects: Iterable[object] = (),
        *,
        installed: bool = True,
        settings: Mapping[str, Mapping[str, Any]] | None = None,
        folder: Path | None = None,
        disable: Iterable[str] = (),
        tolerant: bool = False,
    ) -> None:
        self.manager: pluggy.PluginManager = _Manager(PROJECT)
        self.manager.add_hookspecs(Hooks)
        self._brought_by: dict[str, Distribution | None] = {}
        self._disabled: dict[str, Distribution | None] = {}
        self._broken: dict[str, str] = {}
        self._tolerant = tolerant
        wanted = list(dict.fromkeys(disable))
        left_out = set[str]()
        for name, module in _BUILT_IN.items():
            if name in wanted:
                left_out.add(name)
                self._disabled[name] = None
            else:
                self.manager.register(module, name=name)
        for point in _installed(installed):
            if matched := {point.name, _package(point)}.intersection(wanted):
                left_out |= matched
                self._disabled.setdefault(point.name, point.dist)
            else:
                self._load(point)
        for plugin in objects:
            stated = getattr(plugin, "name", None)  # by which its settings are found; pluggy's own is a number
            named = stated if isinstance(stated, str) else None
            if named is not None and named in wanted:
                left_out.add(named)
                self._disabled[named] = None
                continue
            try:
                self._register(plugin, named)
            except PluginError as error:
                self._break(named or type(plugin).__name__, str(error))
        names = self._names()
        faults = [
            UNKNOWN_PLUGIN.fault(("disable", number), hint=did_you_mean(name, names), name=name)
            for number, name in enumerate(wanted)
            if name not in left_out
        ]
        if faults and not tolerant:
            raise ConfigurationError(faults)
        if self._broken and not tolerant:
            raise PluginError("\n".join(self._broken.values()))
        self.settings: Mapping[str, Mapping[str, Any]] = self._validated(settings or {}, folder or Path())

    def _load(self, point: EntryPoint) -> None:
        if not self.manager.has_plugin(point.name):
            self._brought_by.setdefault(point.name, point.dist)
        try:
            if self.manager.has_plugin(point.name) or point.name in self._broken:
                other = self._of(point.name) if point.name not in _BUILT_IN else "a built-in one"
                raise PluginError(f'there is a plugin of that name already: "{point.name}" of {other}')
            try:
                plugin = point.load()
            except (Exception, SystemExit) as error:  # whatever somebody's module does when it is imported
                raise PluginError(f"it cannot be loaded from {point.value}: {error!r}") from error
            self._register(plugin, point.name)
        except PluginError as error:
            leave = _package(point) or point.name
            self._break(point.name, f"{error} (--disable {leave} leaves it out)", _package(point, version=True))

    def _register(self, plugin: object, name: str | None) -> None:
        if name is not None and self.manager.has_plugin(name):
            raise PluginError(f'there is a plugin named "{name}" already')
        refuse_wrong_hooks(plugin)  # more plainly than pluggy would
        try:
            self.manager.register(plugin, name=name)
            self.manager.check_pending()
        except (pluggy.PluginValidationError, ValueError) as error:
            raise PluginError(str(error)) from error
        settings = getattr(plugin, f"{PROJECT}_settings", None)
        if settings is not None:
            try:
                said = wrong_schema(settings(), "object")
            except Exception as error:
                said = repr(error)
            if said is not None:
                self.manager.unregister(plugin)
                raise PluginError(f"policyengine_settings returned no JSON Schema of an object: {said}")

    def _break(self, name: str, why: str, package: str = "") -> None:
        said = f'plugin "{name}"{f" of {package}" if package else ""}: {why}'
        self._broken[name] = f"{self._broken[name]}\n{said}" if name in self._broken else said

    def _of(self, name: str | None) -> str:
        """Return the package of a plugin with its version, or what else it is of."""
        brought = self._brought_by.get(name or "")
        return "the host" if brought is None else f"{brought.metadata['name']} {brought.version}"

    def _names(self) -> list[str]:
        """Return the names by which plugins have settings."""
        return [
            name for name, plugin in self.manager.list_name_plugin() if plugin is not None and name != str(id(plugin))
        ]

    @once
    def schemas(self) -> Mapping[str, Mapping[str, Any]]:
        """The JSON Schemas of settings, by the name of the plugin that has them."""
        return {
            implementation.plugin_name: dict(implementation.function())  # type: ignore[call-overload]
            for implementation in self.manager.hook.policyengine_settings.get_hookimpls()
        }

    @once
    def kinds(self) -> Mapping[str, RuleKind]:
        """The rule kinds, by name. Like all that plugins hand over, it raises `PluginError` as the constructor does."""
        return self._collected("rule_kinds")

    @once
    def sources(self) -> Mapping[str, FactSource]:
        """The fact sources, by name."""
        return self._collected("fact_sources")

    @once
    def events(self) -> Mapping[str, EventSource]:
        """The event sources, by name."""
        return self._collected("event_sources")

    @once
    def actions(self) -> Mapping[str, EnforcementAction]:
        """The enforcement actions, by name."""
        return self._collected("enforcement_actions")

    @once
    def observers(self) -> Mapping[str, Observer]:
        """The observers, by name."""
        return self._collected("observers")

    @once
    def formats(self) -> Mapping[str, ReportFormat]:
        """The report formats, by name."""
        return self._collected("report_formats")

    @once
    def commands(self) -> Mapping[str, Command]:
        """The commands, by name."""
        return self._collected("commands")

    @once
    def lints(self) -> Mapping[str, Lint]:
        """The lints, by name."""
        return self._collected("lints")

    def describe(self) -> list[Installed]:
        """Return every plugin with its hooks, in the order of names, and what is wrong with it."""
        for what in SORTS if self._tolerant else ():
            self._collected(what)
        names = {name for name, plugin in self.manager.list_name_plugin() if plugin is not None}
        found = []
        for name in sorted({*names, *self._broken, *self._disabled}):
            plugin = self.manager.get_plugin(name)
            hooks = sorted(hook.name for hook in self.manager.get_hookcallers(plugin) or ()) if plugin else ()
            brought = self._brought_by.get(name) or self._disabled.get(name)
            version, distribution = ("", "") if brought is None else (brought.version, brought.metadata["name"])
            disabled, error = name in self._disabled, self._broken.get(name)
            schema = self.schemas.get(name) if plugin else None
            found.append(Installed(name, version, distribution, tuple(hooks), schema, disabled, error))
        return found

    def close(self, workers: Workers | None = None) -> None:
        """Close what the plugins have handed over, and the host's own plugin objects, where they have a `close`.

        Each is closed once; whatever goes wrong there is logged, and keeps nothing else open.

        Args:
            workers: await a `close` that is async, where others of its functions were awaited.
        """
        _close(self.closable, workers)

    @property
    def closable(self) -> list[object]:
        """What `close` closes."""
        handed = [found for name in _CLOSED if (found := vars(self).get(name))]  # what was never asked for is not made
        return [member for members in handed for member in members.values()] + [
            plugin for _, plugin in self.manager.list_name_plugin() if not isinstance(plugin, ModuleType)
        ]

    def retire(self, spared: Iterable[object]) -> None:
        """Have `close` done, in a thread, as soon as nobody has these plugins any more, an engine under way included.

        Args:
            spared: what is not closed, since others use it.
        """
        kept = set(map(id, spared))
        weakref.finalize(self, _close_aside, [one for one in self.closable if id(one) not in kept]).atexit = False

    def __enter__(self) -> Plugins:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _validated(self, settings: Mapping[str, Mapping[str, Any]], folder: Path) -> Mapping[str, Mapping[str, Any]]:
        """Return `settings`, each part valid against the JSON Schema that its plugin brings."""
        names = self._names()
        gone = {*self._broken, *self._disabled}.difference(names)
        settings = {name: part for name, part in settings.items() if name not in gone}
        faults: list[Fault] = []
        for name, part in settings.items():
            path = ("plugins", name)
            if name not in names:
                faults.append(UNKNOWN_PLUGIN.fault(path, hint=did_you_mean(name, names), name=name))
            elif name not in self.schemas:
                faults.append(NO_SETTINGS.fault(path, name=name))
            else:
                from policyengine.schema.validate import errors_of  # noqa: PLC0415  needed only where there are settings

                faults.extend(
                    Fault(error.code, (*path, *error.path), error.message, error.hint)
                    for error in errors_of(dict(part), self.schemas[name])
                )
        if faults:
            raise ConfigurationError(faults)
        return {name: _resolved(part, self.schemas[name], folder) for name, part in settings.items()}

    def _collected(self, what: str) -> dict[str, Any]:
        """Return what all plugins hand over of one sort, by name, each held against what will be done with it."""
        found: dict[str, Any] = {}
        whose: dict[str, str] = {}
        broken: list[str] = []
        for implementation in getattr(self.manager.hook, f"{PROJECT}_{what}").get_hookimpls():
            name = implementation.plugin_name
            given = {"settings": self.settings.get(name, {})} if "settings" in implementation.argnames else {}
            shown = type(implementation.plugin).__name__ if name == str(id(implementation.plugin)) else name
            of = "" if name not in self._brought_by else f" of {self._of(name)}"
            try:
                for member in self._handed(what, implementation, given):
                    if member.name in found:
                        other = whose[member.name]
                        one = f'{SORTS[what].word} "{member.name}"'
                        raise PluginError(f"handed over {one}; there is one of that name already, of {other}")
                    found[member.name], whose[member.name] = member, f'plugin "{shown}"{of}'
            except PluginError as error:
                leave = f" (--disable {name} leaves it out)" if name in self._brought_by else ""
                said = f'plugin "{shown}"{of}: {PROJECT}_{what} {error}{leave}'
                broken.append(said)
                self._broken.setdefault(name, said)
        if broken and not self._tolerant:
            raise PluginError("\n".join(broken))
        return found

    def _handed(self, what: str, implementation: pluggy.HookImpl, given: Mapping[str, Any]) -> list[Any]:
        members = handed(implementation.function, **given)
        if implementation.plugin_name not in _BUILT_IN:
            for member in members:
                if said := SORTS[what].wrong(member):
                    name = getattr(member, "name", None)
                    called = f"{SORTS[what].word} {name!r}" if isinstance(name, str) else f"{member!r}"
                    raise PluginError(f"handed over {called}, which {said}")
        return members


def _unasked(function: Callable[[], Any]) -> Callable[[Any], Any]:
    """Return a function of an argument that it does not look at, in the form of `function`."""
    if is_async(function):

        async def awaited(_: Any) -> Any:
            return await function()

        return awaited
    return lambda _: function()


def _installed(installed: bool) -> Iterable[EntryPoint]:
    """Return the entry points of installed plugins, in the order of their names and packages."""
    if not installed or not may_be_installed():
        return ()
    from importlib.metadata import entry_points  # noqa: PLC0415  slow to import, and most have nothing installed

    return sorted(entry_points(group=GROUP), key=lambda point: (point.name, _package(point)))


def _package(point: EntryPoint, *, version: bool = False) -> str:
    """Return the name of the package of an entry point, if it is known."""
    if point.dist is None:
        return ""
    return f"{point.dist.metadata['name']} {point.dist.version}" if version else str(point.dist.metadata["name"])


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


def _close(objects: Iterable[object], workers: Workers | None) -> None:
    def course() -> Course[None]:
        for one in {id(one): one for one in objects}.values():
            close = getattr(one, "close", None)
            if callable(close):
                try:
                    refuse_unrun((yield Call(Callee(_unasked(close)), None, _CLOSING if is_async(close) else None)))
                except Exception:
                    _log.exception("closing %s failed", type(one).__name__)

    own = workers or Workers()
    run(course(), own)
    if own is not workers:
        own.close()


def _close_aside(objects: list[object]) -> None:
    if objects:
        threading.Thread(target=_close, args=(objects, None), name="policyengine-close", daemon=True).start()
