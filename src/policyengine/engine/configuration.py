"""The configuration of an engine in one TOML file: policies, readings, mode, steps, and the plugins' own settings."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

from policyengine.enforcement.flow import MODES, Mode, Step
from policyengine.errors import ConfigurationError, KeyPath, PolicyError, Problem
from policyengine.language.source import Document, read
from policyengine.schema.pieces import DRAFT, Schema
from policyengine.text import Text

_NAMES: Schema = {"type": "array", "items": {"type": "string"}}
_PACKS: Schema = {**_NAMES, "minItems": 1}
_READINGS: Schema = {"type": "object", "additionalProperties": {"type": "string"}}


@dataclass(frozen=True)
class Configuration:
    """What one file configures.

    Args:
        document: the file.
        policies: the packs, relative paths taken from the folder of the file.
        readings: readings by name.
        mode: the mode.
        steps: which actions follow which decisions.
        settings: by the name of a plugin, its settings, with the variables of the environment put in.
        shadow: the packs that are decided beside the policies, and only compared.
        shadow_readings: the readings of those.
        source_timeout: how many seconds a fact source may take; None sets no limit of the engine's own.
    """

    document: Document
    policies: tuple[Path, ...]
    readings: Mapping[str, str]
    mode: Mode
    steps: tuple[Step, ...]
    settings: Mapping[str, Mapping[str, Any]]
    shadow: tuple[Path, ...]
    shadow_readings: Mapping[str, str]
    source_timeout: float | None

    @property
    def folder(self) -> Path:
        """The folder of the file, from which relative paths are taken."""
        return Path(self.document.path).parent

    @contextmanager
    def placing(self) -> Iterator[None]:
        """Turn what is wrong with settings and steps into problems at their places in the file."""
        try:
            yield
        except ConfigurationError as error:
            raise PolicyError(
                Problem(fault.code, fault.message, self.document.place(fault.path), fault.hint)
                for fault in error.faults
            ) from error


def configuration_schema(settings: Mapping[str, Mapping[str, Any]] | None = None) -> Schema:
    """Return the JSON Schema of configuration files.

    Args:
        settings: by the name of a plugin, the schema of its settings; None leaves them open.
    """
    plugins: Schema = {"type": "object", "additionalProperties": {"type": "object"}}
    if settings is not None:
        plugins = {"type": "object", "properties": dict(settings)}
    return {
        "$schema": DRAFT,
        "title": "Configuration of dataflow-policyengine",
        "type": "object",
        "properties": {
            "policies": {
                **_PACKS,
                "description": "The packs, relative to this file.",
            },
            "readings": {**_READINGS, "description": "Readings by name, each with the value to read the text under."},
            "mode": {
                "enum": list(MODES),
                "description": "enforce stops what is not permitted; warn decides and tells, and stops nothing.",
            },
            "source_timeout": {
                "type": "number",
                "exclusiveMinimum": 0,
                "description": "How many seconds a fact source may take before the flow is denied.",
            },
            "shadow": {
                "type": "object",
                "description": "A second set of policies, decided beside the first and only compared.",
                "properties": {"policies": _PACKS, "readings": _READINGS},
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
                            "description": 'The outcomes that it follows; by default ["deny", "invalid"].',
                        },
                        "clauses": {**_NAMES, "description": "A decision must cite one of these."},
                        "obligations": {**_NAMES, "description": "A decision must carry one of these."},
                        "mandatory": {
                            "type": "boolean",
                            "description": "Whether the flow is denied when the action fails.",
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


def read_configuration(path: str | Path, environment: Mapping[str, str] = os.environ) -> Configuration:
    """Read a configuration file.

    Args:
        path: the file, usually called ``policyengine.toml``.
        environment: where ``{env = "NAME"}`` looks.

    Raises:
        PolicyError: the file is missing or malformed, or names a variable that is not set; with every place.
    """
    from policyengine.language.validate import problems_of  # noqa: PLC0415  imports jsonschema, needed only here

    document = read(Path(path))
    problems = [problem for _, problem in problems_of(document, configuration_schema())]
    if problems:
        raise PolicyError(problems)
    data = document.data
    settings = _filled(data.get("plugins", {}), ("plugins",), document, environment, problems)
    if problems:
        raise PolicyError(problems)
    folder = Path(path).parent
    shadow = data.get("shadow", {})
    return Configuration(
        document,
        tuple(folder / name for name in data["policies"]),
        data.get("readings", {}),
        cast("Mode", data.get("mode", "enforce")),
        tuple(_step(table) for table in data.get("step", ())),
        settings,
        tuple(folder / name for name in shadow.get("policies", ())),
        shadow.get("readings", {}),
        data.get("source_timeout"),
    )


def _step(table: Mapping[str, Any]) -> Step:
    lists = {name: frozenset(table[name]) for name in ("on", "clauses", "obligations") if name in table}
    return Step(table["action"], **lists, mandatory=table.get("mandatory", False))


def _filled(
    value: Any, path: KeyPath, document: Document, environment: Mapping[str, str], problems: list[Problem]
) -> Any:
    """Return settings with every ``{env = "NAME"}`` replaced by what the environment says."""
    if isinstance(value, Mapping):
        if value.keys() == {"env"} and isinstance(name := value["env"], str):
            if name not in environment:
                message = Text(ja=f"環境変数 {name} がありません", en=f"the environment has no variable {name}")
                problems.append(Problem("unset-variable", message, document.place(path)))
            return environment.get(name, "")
        return {key: _filled(member, (*path, key), document, environment, problems) for key, member in value.items()}
    if isinstance(value, list):
        return [_filled(member, (*path, index), document, environment, problems) for index, member in enumerate(value)]
    return value
