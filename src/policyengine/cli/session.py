"""One call of the command line: which configuration it has, and what can be made of that."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from functools import cached_property
from typing import IO, TYPE_CHECKING, Any, Final

import click

if TYPE_CHECKING:
    from pathlib import Path

    from policyengine.engine.configuration import Configuration
    from policyengine.engine.engine import Engine
    from policyengine.engine.plugins import Plugins
    from policyengine.errors import PolicyError
    from policyengine.text import Language


def default_language() -> Language:
    """Return the language that the environment speaks; ``en`` where it says none."""
    for name in ("LC_ALL", "LC_MESSAGES", "LANG"):
        if value := os.environ.get(name):
            return _language(value)
    import locale  # noqa: PLC0415  an environment that says nothing is rare

    return _language(locale.getlocale()[0] or "")


def _language(locale: str) -> Language:
    """Return the language of a locale, such as ``de`` of ``de_DE.UTF-8``."""
    found = _LOCALE.match(locale)
    return found[0] if found else "en"


_LOCALE: Final = re.compile(r"[a-z]{2,3}(?=[_.@]|$)")


class Session:
    """The configuration of one call; a command finds it with ``context.find_object(Session)``.

    Args:
        file: the configuration file; None where there is none.
        lang: the language of messages.
        disable: the plugins, or packages, that the call leaves out.
    """

    def __init__(self, file: str | Path | None, lang: Language, disable: tuple[str, ...] = ()) -> None:
        self.file = file
        self.disable = disable
        self.lang = lang
        self.brought: dict[str, click.Command] | None = None
        """The commands that plugins bring, once they were asked for."""

    @cached_property
    def configuration(self) -> Configuration | None:
        """What the file configures; None where there is none.

        Raises:
            click.ClickException: it is broken.
        """
        if self.file is None:
            return None
        from policyengine.engine.configuration import read_configuration  # noqa: PLC0415  not every command needs it
        from policyengine.errors import PolicyError  # noqa: PLC0415

        try:
            return self.disabling(read_configuration(self.file))
        except PolicyError as error:
            raise Problems.of(error, self.lang) from None

    def disabling(self, configuration: Configuration) -> Configuration:
        """Return a configuration with what the call leaves out."""
        from dataclasses import replace  # noqa: PLC0415

        if not self.disable:
            return configuration
        return replace(configuration, disable=(*configuration.disable, *self.disable))

    @cached_property
    def plugins(self) -> Plugins:
        """The plugins, with the settings that the file gives them.

        Raises:
            click.ClickException: a plugin or a setting is wrong.
        """
        return self._plugins(tolerant=False)

    def tolerant(self) -> Plugins:
        """Return the plugins without those that are broken, as `plugins` has them otherwise."""
        return self._plugins(tolerant=True)

    def _plugins(self, *, tolerant: bool) -> Plugins:
        from policyengine.engine.configuration import Configuration  # noqa: PLC0415
        from policyengine.errors import PluginError, PolicyError  # noqa: PLC0415

        found = self.configuration or self.disabling(Configuration())
        try:
            return found.plugins(tolerant=tolerant)
        except PolicyError as error:
            raise Problems.of(error, self.lang) from None
        except PluginError as error:
            raise click.ClickException(str(error)) from None

    def settings(self, plugin: str) -> Mapping[str, Any]:
        """Return the settings of a plugin, valid against its schema; empty where the file has none."""
        return self.plugins.settings.get(plugin, {})

    def engine(self) -> Engine:
        """Return the engine that the file configures.

        Raises:
            click.ClickException: there is no file, or it or what it names is broken.
        """
        from policyengine.engine.engine import engine_of  # noqa: PLC0415
        from policyengine.errors import PluginError, PolicyError  # noqa: PLC0415

        configuration = self.configuration
        if configuration is None:
            raise click.UsageError("no configuration: name one with --config, or run this where policyengine.toml is")
        try:
            return engine_of(configuration)
        except PolicyError as error:
            raise Problems.of(error, self.lang) from None
        except PluginError as error:
            raise click.ClickException(str(error)) from None


class Problems(click.ClickException):
    """Everything that is wrong with some files, a line each; exit code 2."""

    exit_code = 2

    @classmethod
    def of(cls, error: PolicyError, lang: Language) -> Problems:
        """Return what is wrong, in the language of the call."""
        return cls("\n".join(problem.line(lang) for problem in error.problems))

    def show(self, file: IO[Any] | None = None) -> None:
        """Print the lines, by default on standard error."""
        click.echo(self.message, file, err=file is None)
