"""``policyengine plugins``: what is installed, and which hooks it implements."""

from __future__ import annotations

import dataclasses
import json
import sys

import click

from policyengine.cli.common import write
from policyengine.errors import PluginError


@click.command("plugins")
@click.option("--format", "form", type=click.Choice(["text", "json"]), default="text", show_default=True, help="Form.")
def command(form: str) -> None:
    """List the plugins of this environment: built-in, and installed with an entry point in the group policyengine.

    \b
    Example:
      policyengine plugins --format json
    """
    from policyengine.plugins import Plugins  # noqa: PLC0415

    try:
        found = Plugins().describe()
    except PluginError as error:
        raise click.ClickException(str(error)) from None
    if form == "json":
        write(json.dumps([dataclasses.asdict(plugin) for plugin in found], indent=2, ensure_ascii=False))
    else:
        for plugin in found:
            brought = f"  ({plugin.distribution} {plugin.version})" if plugin.distribution else "  (built in)"
            write(f"{plugin.name}{brought}")
            for hook in plugin.hooks:
                write(f"  {hook}")
    sys.stdout.buffer.flush()
