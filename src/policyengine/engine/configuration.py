"""What an engine is made of: policies, readings, mode, steps, settings. One TOML file says it, or arguments do."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, cast

from policyengine.enforcement.flow import MODES, Mode, Step
from policyengine.engine.plugins import Plugins
from policyengine.engine.problems import (
    LOADED_AND_NOT_PINNED,
    OTHER_THAN_PINNED,
    PINNED_AND_NOT_LOADED,
    UNSET_VARIABLE,
)
from policyengine.errors import ConfigurationError, Fault, KeyPath, Place, PolicyError, Problem, did_you_mean
from policyengine.language.disk import Files
from policyengine.language.documents import Documents
from policyengine.language.offered import named_in
from policyengine.language.readings import spelt
from policyengine.language.source import Document, read
from policyengine.model.policy import Policy
from policyengine.schema.pieces import Schema, head

_NAMES: Schema = {"type": "array", "items": {"type": "string"}}
_PACKS: Schema = {**_NAMES, "minItems": 1}
_READINGS: Schema = {"type": "object", "additionalProperties": {"type": "string"}}


@dataclass(frozen=True)
class Configuration:
    """What an engine is made of. Nothing goes into an engine that is not here, but the host's own plugin objects.

    Args:
        policies: the packs.
        readings: readings by name.
        mode: the mode.
        steps: which actions follow which decisions.
        settings: by the name of a plugin, its settings; ``{"env": NAME}`` stands for a variable of the environment.
        shadow: the packs that are decided beside the policies, and only compared.
        shadow_readings: the readings of those.
        source_timeout: how many seconds a fact source may take; None sets no limit of the engine's own.
        action_timeout: how many seconds an enforcement action or an observer may take; None sets no limit.
        digests: by the id of a policy, or ``id:version`` where several versions are loaded, the digest that its
            decisions must show; None leaves that open. Shadow policies decide nothing, and are not pinned.
        disable: the names of plugins, or of the packages that bring them, that are left out.
        imports_from: folders that imports of packs may lead to, beside those that the packs' own stand in.
        document: the file that says all this; None where arguments do.
    """

    policies: tuple[str | Path | Documents, ...] = ()
    readings: Mapping[str, str] = field(default_factory=dict)
    mode: Mode = "enforce"
    steps: tuple[Step, ...] = ()
    settings: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    shadow: tuple[str | Path | Documents, ...] = ()
    shadow_readings: Mapping[str, str] = field(default_factory=dict)
    source_timeout: float | None = None
    action_timeout: float | None = None
    digests: Mapping[str, str] | None = None
    disable: tuple[str, ...] = ()
    imports_from: tuple[str | Path, ...] = ()
    document: Document | None = None

    @property
    def paths(self) -> tuple[str | Path | Documents, ...]:
        """The packs and the file itself: what an engine of this configuration depends on."""
        return (*([] if self.document is None else [self.document.path]), *self.policies, *self.shadow)

    def refuse_unpinned(self, policies: Iterable[Policy]) -> None:
        """Refuse policies that are not as `digests` pins them.

        Raises:
            PolicyError: one is other than pinned, or is not pinned; or one that is pinned is not there.
        """
        if self.digests is None:
            return
        some = sorted(policies, key=lambda policy: (policy.id, policy.version))
        problems = [problem for policy in some for problem in self.unpinned(policy)]
        found = {policy.id for policy in some}
        for name in self.digests.keys() - found - {spelt(policy.id, policy.version) for policy in some}:
            place, pinned = self.place("digests", name), self.digests[name]
            loaded, hint = ", ".join(sorted(found)), did_you_mean(name, found, listing=False)
            problems.append(PINNED_AND_NOT_LOADED.at(place, hint=hint, policy=name, pinned=pinned, loaded=loaded))
        if problems:
            raise PolicyError(problems)

    def unpinned(self, policy: Policy) -> list[Problem]:
        """Return what stands in the way of one policy: that it is other than pinned, or is not pinned."""
        if self.digests is None:
            return []
        versioned = spelt(policy.id, policy.version)
        name = versioned if versioned in self.digests else policy.id
        pinned = self.digests.get(name)
        if pinned is None:
            return [LOADED_AND_NOT_PINNED.at(self.place("digests"), policy=name, found=policy.digest)]
        if pinned == policy.digest:
            return []
        return [OTHER_THAN_PINNED.at(self.place("digests", name), policy=name, pinned=pinned, found=policy.digest)]

    def place(self, *path: str) -> Place | None:
        """Return where the file says something; None where arguments do."""
        return None if self.document is None else self.document.place(path)

    @contextmanager
    def placing(self) -> Iterator[None]:
        """Turn what is wrong with settings and steps into problems at their places in the file, where there is one."""
        try:
            yield
        except ConfigurationError as error:
            document = self.document
            if document is None:
                raise
            raise PolicyError(
                Problem(fault.code, fault.message, document.place(fault.path), fault.hint) for fault in error.faults
            ) from error

    def plugins(
        self,
        objects: Iterable[object] = (),
        *,
        installed: bool = True,
        environment: Mapping[str, str] = os.environ,
        tolerant: bool = False,
    ) -> Plugins:
        """Return the plugins with the settings that they have here; relative paths are taken from the file's folder.

        Args:
            objects: the host's own plugin objects.
            installed: whether packages with an entry point are loaded as well.
            environment: where ``{"env": NAME}`` looks.
            tolerant: whether what is broken is left out, and told by `Plugins.describe`.

        Raises:
            PolicyError: settings in a file are wrong, or name a variable that is not set; with every place.
            PluginError: a plugin is wrong. Of this kind, `ConfigurationError`: settings in arguments are.
        """
        folder = None if self.document is None else Path(self.document.path).parent
        with self.placing():
            faults: list[Fault] = []
            settings = _filled(self.settings, ("plugins",), environment, faults)
            if faults:
                raise ConfigurationError(faults)
            return Plugins(
                objects,
                installed=installed,
                settings=settings,
                folder=folder,
                disable=self.disable,
                tolerant=tolerant,
            )


def configuration_of(
    *paths: str | Path | Documents,
    config: str | Path | None = None,
    readings: Mapping[str, str] | None = None,
    settings: Mapping[str, Mapping[str, Any]] | None = None,
    steps: Iterable[Step] = (),
    mode: Mode = "enforce",
    shadow: Iterable[str | Path | Documents] = (),
    shadow_readings: Mapping[str, str] | None = None,
    source_timeout: float | None = None,
    action_timeout: float | None = None,
    digests: Mapping[str, str] | None = None,
    disable: Iterable[str] = (),
    imports_from: Iterable[str | Path] = (),
) -> Configuration:
    """Return what arguments state, those of `Engine.load`, or what the file states that they name.

    Raises:
        PolicyError: as `read_configuration`.
        TypeError: the file stands beside what it names itself.
    """
    stated = Configuration(
        policies=paths,
        readings=readings or {},
        mode=mode,
        steps=tuple(steps),
        settings=settings or {},
        shadow=tuple(shadow),
        shadow_readings=shadow_readings or {},
        source_timeout=source_timeout,
        action_timeout=action_timeout,
        digests=digests,
        disable=tuple(disable),
        imports_from=tuple(imports_from),
    )
    if config is None:
        return stated
    if stated != Configuration():
        raise TypeError("a configuration names policies, readings, settings, steps and mode itself")
    return read_configuration(config)


def configuration_schema(settings: Mapping[str, Mapping[str, Any]] | None = None) -> Schema:
    """Return the JSON Schema of configuration files.

    Args:
        settings: by the name of a plugin, the schema of its settings; None leaves them open.
    """
    plugins: Schema = {"type": "object", "additionalProperties": {"type": "object"}}
    if settings is not None:
        about = {name: {"description": f"Settings of {name}.", **schema} for name, schema in settings.items()}
        plugins = {"type": "object", "properties": about}
    return {
        **head("configuration", "Configuration of dataflow-policyengine"),
        "type": "object",
        "properties": {
            "policies": {
                **_PACKS,
                "description": "The packs, relative to this file or by name.",
            },
            "readings": {
                **_READINGS,
                "description": "Readings by name, or policy:name, each with the value to read the text under.",
            },
            "mode": {
                "enum": list(MODES),
                "description": "enforce stops what is not permitted; warn decides and tells, and stops nothing.",
            },
            "source_timeout": {
                "type": "number",
                "exclusiveMinimum": 0,
                "description": "How many seconds a fact source may take before the flow is denied.",
            },
            "action_timeout": {
                "type": "number",
                "exclusiveMinimum": 0,
                "description": "How many seconds an enforcement action may take before it has failed.",
            },
            "digests": {
                "type": "object",
                "additionalProperties": {"type": "string"},
                "description": "By the id of each policy, or id:version, the digest that its decisions must show.",
            },
            "disable": {
                **_NAMES,
                "description": "Plugins, or the packages that bring them, that are left out.",
            },
            "imports_from": {
                **_NAMES,
                "description": "Folders, relative to this file, that imports of packs may lead to as well.",
            },
            "shadow": {
                "type": "object",
                "description": "A second set of policies, decided beside the first and only compared.",
                "properties": {
                    "policies": {**_PACKS, "description": "Its packs."},
                    "readings": {**_READINGS, "description": "Its readings."},
                },
                "required": ["policies"],
                "additionalProperties": False,
            },
            "step": {
                "type": "array",
                "description": "Which enforcement action follows which decisions.",
                "items": {
                    "type": "object",
                    "properties": {
                        "action": {"type": "string", "description": "The action's name."},
                        "on": {
                            "type": "array",
                            "items": {"enum": ["permit", "deny", "invalid"]},
                            "minItems": 1,
                            "description": 'The outcomes that it follows; by default ["deny", "invalid"], of an action '
                            'that reduces ["permit", "deny"].',
                        },
                        "clauses": {**_NAMES, "description": "A decision must cite one of these."},
                        "obligations": {**_NAMES, "description": "A decision must carry one of these."},
                        "reasons": {**_NAMES, "description": "A decision must give a reason with one of these codes."},
                        "mandatory": {
                            "type": "boolean",
                            "description": "Whether its failure denies the flow; by default that of one that reduces.",
                        },
                    },
                    "required": ["action"],
                    "additionalProperties": False,
                },
            },
            "plugins": {
                **plugins,
                "description": 'Settings by plugin; {env = "NAME"} reads the environment.',
            },
        },
        "required": ["policies"],
        "additionalProperties": False,
    }


def read_configuration(path: str | Path, files: Files | None = None) -> Configuration:
    """Read a configuration file.

    Args:
        path: the file, usually called ``policyengine.toml``; relative paths in it are taken from its folder.
        files: the disk, where it is looked at for several files.

    Raises:
        PolicyError: the file is missing or malformed; with every place.
    """
    from policyengine.language.validate import problems_of  # noqa: PLC0415  needed only where a file configures

    document = read(Path(path), files)
    problems = [problem for _, problem in problems_of(document, configuration_schema())]
    if problems:
        raise PolicyError(problems)
    data, folder = document.data, Path(path).parent
    shadow = data.get("shadow", {})
    return Configuration(
        policies=named_in(document, ("policies",), data["policies"]),
        readings=data.get("readings", {}),
        mode=cast("Mode", data.get("mode", "enforce")),
        steps=tuple(_step(table) for table in data.get("step", ())),
        settings=data.get("plugins", {}),
        shadow=named_in(document, ("shadow", "policies"), shadow.get("policies", ())),
        shadow_readings=shadow.get("readings", {}),
        source_timeout=data.get("source_timeout"),
        action_timeout=data.get("action_timeout"),
        digests=data.get("digests"),
        disable=tuple(data.get("disable", ())),
        imports_from=tuple(folder / name for name in data.get("imports_from", ())),
        document=document,
    )


def _step(table: Mapping[str, Any]) -> Step:
    lists = {name: frozenset(table[name]) for name in ("on", "clauses", "obligations", "reasons") if name in table}
    return Step(table["action"], **lists, mandatory=table.get("mandatory"))


def _filled(value: Any, path: KeyPath, environment: Mapping[str, str], faults: list[Fault]) -> Any:
    """Return settings with every ``{"env": NAME}`` replaced by what the environment says."""
    if isinstance(value, Mapping):
        if value.keys() == {"env"} and isinstance(name := value["env"], str):
            if name not in environment:
                faults.append(UNSET_VARIABLE.fault(path, name=name))
            return environment.get(name, "")
        return {key: _filled(member, (*path, key), environment, faults) for key, member in value.items()}
    if isinstance(value, list):
        return [_filled(member, (*path, index), environment, faults) for index, member in enumerate(value)]
    return value
