"""Which plugins an engine has: its own manager, the built-in ones, the installed packages, and the host's objects."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import pluggy

from policyengine import actions, kinds
from policyengine.enforce import STAGES
from policyengine.errors import PluginError, did_you_mean
from policyengine.hooks import (
    PROJECT,
    EnforcementAction,
    EventSource,
    FactSource,
    Hooks,
    Observer,
    ReportFormat,
    RuleKind,
)
from policyengine.report import formats


@dataclass(frozen=True, slots=True)
class Installed:
    """One plugin, for people.

    Args:
        name: how the manager names it.
        version: of the distribution that brought it; empty where none did.
        distribution: its name; empty where none did.
        hooks: the hooks that it implements, sorted.
    """

    name: str
    version: str
    distribution: str
    hooks: tuple[str, ...]


class Plugins:
    """The plugins of one engine, and what they handed over.

    Args:
        objects: the host's own plugin objects; one with settings has a `name` to find them by.
        installed: whether packages with an entry point are loaded as well.
        settings: by the name of a plugin, its part of the configuration.

    Raises:
        PluginError: an unknown hook, a wrong signature, a wrong object or setting, or two things of one name.
    """

    def __init__(
        self,
        objects: Iterable[object] = (),
        *,
        installed: bool = True,
        settings: Mapping[str, Mapping[str, Any]] | None = None,
    ) -> None:
        self.manager = pluggy.PluginManager(PROJECT)
        self.manager.add_hookspecs(Hooks)
        try:
            self.manager.register(kinds, name="policyengine.kinds")
            self.manager.register(actions, name="policyengine.actions")
            self.manager.register(formats, name="policyengine.formats")
            if installed:
                self.manager.load_setuptools_entrypoints(PROJECT)
            for plugin in objects:
                name = getattr(plugin, "name", None)  # by which its settings are found; pluggy's own is a number
                self.manager.register(plugin, name=name if isinstance(name, str) else None)
            for _, plugin in self.manager.list_name_plugin():
                _refuse_unknown_hooks(plugin)
            self.manager.check_pending()
        except (pluggy.PluginValidationError, ValueError) as error:
            raise PluginError(str(error)) from error
        self._settings = self._validated(settings or {})
        self.kinds: Mapping[str, RuleKind] = self._collected("rule_kinds", RuleKind, "rule kind")
        self.sources: Mapping[str, FactSource] = self._collected("fact_sources", FactSource, "fact source")
        self.events: Mapping[str, EventSource] = self._collected("event_sources", EventSource, "event source")
        self.actions: Mapping[str, EnforcementAction] = self._collected(
            "enforcement_actions", EnforcementAction, "enforcement action"
        )
        self.observers: Mapping[str, Observer] = self._collected("observers", Observer, "observer")
        self.formats: Mapping[str, ReportFormat] = self._collected("report_formats", ReportFormat, "report format")
        for action in self.actions.values():
            if action.stage not in STAGES:
                known = ", ".join(STAGES)
                raise PluginError(f"action {action.name!r} has stage {action.stage!r}; the stages are {known}")

    def describe(self) -> list[Installed]:
        """Return every plugin with its hooks, in the order of names."""
        distributions = dict(self.manager.list_plugin_distinfo())
        found = []
        for name, plugin in self.manager.list_name_plugin():
            if plugin is not None:
                hooks = sorted(hook.name for hook in self.manager.get_hookcallers(plugin) or ())
                info: Any = distributions.get(plugin)
                found.append(
                    Installed(name, info.version if info else "", info.project_name if info else "", tuple(hooks))
                )
        return sorted(found, key=lambda plugin: plugin.name)

    def _validated(self, settings: Mapping[str, Mapping[str, Any]]) -> Mapping[str, Mapping[str, Any]]:
        """Return `settings`, each part valid against the JSON Schema that its plugin brings."""
        names = [name for name, plugin in self.manager.list_name_plugin() if plugin is not None]
        schemas: dict[str, Mapping[str, Any]] = {
            implementation.plugin_name: dict(implementation.function())  # type: ignore[call-overload]
            for implementation in self.manager.hook.policyengine_settings.get_hookimpls()
        }
        for name, part in settings.items():
            if name not in names:
                hint = did_you_mean(name, names)
                raise PluginError(f"settings for an unknown plugin {name!r}" + (f": {hint.en}" if hint else ""))
            if name not in schemas:
                raise PluginError(f"plugin {name!r} has no settings")
            from policyengine.validate import errors_of  # noqa: PLC0415  imports jsonschema, needed only to configure

            for error in errors_of(dict(part), schemas[name]):
                where = ".".join(map(str, (name, *error.path)))
                hint = did_you_mean(error.word, error.known) if error.word is not None else None
                raise PluginError(f"settings: {where}: {error.message.en}" + (f"; {hint.en}" if hint else ""))
        return settings

    def _collected(self, what: str, protocol: Any, word: str) -> dict[str, Any]:
        hook = f"{PROJECT}_{what}"
        found: dict[str, Any] = {}
        for implementation in getattr(self.manager.hook, hook).get_hookimpls():
            name = implementation.plugin_name
            given = {"settings": self._settings.get(name, {})} if "settings" in implementation.argnames else {}
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


def _refuse_unknown_hooks(plugin: object) -> None:
    """Refuse what looks like a hook of ours and is none: it would never be called."""
    known = [name for name in dir(Hooks) if name.startswith(f"{PROJECT}_")]
    for name in dir(plugin):
        if name.startswith(f"{PROJECT}_") and name not in known:
            hint = did_you_mean(name, known)
            raise PluginError(f"unknown hook {name!r} of {plugin!r}" + (f": {hint.en}" if hint else ""))
