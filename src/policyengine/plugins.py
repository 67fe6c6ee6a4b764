"""Which plugins an engine has: its own manager, the built-in kinds, the installed packages, and the host's objects."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import pluggy

from policyengine import kinds
from policyengine.errors import PluginError, did_you_mean
from policyengine.hooks import PROJECT, FactSource, Hooks, RuleKind


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
        objects: the host's own plugin objects.
        installed: whether packages with an entry point are loaded as well.

    Raises:
        PluginError: an unknown hook, a wrong signature, a wrong object, or two things of one name.
    """

    def __init__(self, objects: Iterable[object] = (), *, installed: bool = True) -> None:
        self.manager = pluggy.PluginManager(PROJECT)
        self.manager.add_hookspecs(Hooks)
        try:
            self.manager.register(kinds, name="policyengine.kinds")
            if installed:
                self.manager.load_setuptools_entrypoints(PROJECT)
            for plugin in objects:
                self._refuse_unknown_hooks(plugin)
                self.manager.register(plugin)
            self.manager.check_pending()
        except (pluggy.PluginValidationError, ValueError) as error:
            raise PluginError(str(error)) from error
        self.kinds: Mapping[str, RuleKind] = self._collected("policyengine_rule_kinds", RuleKind, "rule kind")
        self.sources: Mapping[str, FactSource] = self._collected("policyengine_fact_sources", FactSource, "fact source")

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

    def _collected(self, hook: str, protocol: Any, what: str) -> dict[str, Any]:
        found: dict[str, Any] = {}
        for implementation in getattr(self.manager.hook, hook).get_hookimpls():
            name = implementation.plugin_name
            try:
                handed = list(implementation.function())
            except Exception as error:
                raise PluginError(f"plugin {name}: {hook} failed: {error!r}") from error
            for member in handed:
                if not isinstance(member, protocol):
                    raise PluginError(f"plugin {name}: {hook} handed over {member!r}, which is no {what}")
                if member.name in found:
                    raise PluginError(f"plugin {name}: there is a {what} named {member.name!r} already")
                found[member.name] = member
        return found

    def _refuse_unknown_hooks(self, plugin: object) -> None:
        """Refuse what looks like a hook of ours and is none: it would never be called."""
        known = [name for name in dir(Hooks) if name.startswith(f"{PROJECT}_")]
        for name in dir(plugin):
            if name.startswith(f"{PROJECT}_") and name not in known:
                hint = did_you_mean(name, known)
                raise PluginError(f"unknown hook {name!r} of {plugin!r}" + (f": {hint.en}" if hint else ""))
