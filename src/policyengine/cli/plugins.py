"""``policyengine plugins``: what is installed, which hooks it implements, how it is configured."""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import click

from policyengine.cli.common import show, write
from policyengine.cli.session import Session

if TYPE_CHECKING:
    from policyengine.engine.plugins import Installed


@click.command("plugins")
@click.option("--format", "form", type=click.Choice(["text", "json"]), default="text", show_default=True, help="Form.")
@click.pass_context
def command(context: click.Context, form: str) -> None:
    """List the plugins of this environment: built-in, and installed with an entry point in the group policyengine.

    Shows the hooks of each, the settings that it can have, and those that it has in the configuration. What a plugin's
    schema calls write-only, such as a secret, is not shown. A plugin that cannot be used is shown with what is wrong,
    and the exit code is 1 then; `--disable NAME`, before the command, leaves it out.

    \b
    Example:
      policyengine plugins --format json
    """
    session = context.find_object(Session)
    assert session is not None
    plugins = session.tolerant()
    found = plugins.describe()
    configured = {plugin.name: _shown(plugins.settings.get(plugin.name, {}), plugin.settings or {}) for plugin in found}
    if form == "json":
        data = [
            {
                "name": plugin.name,
                "version": plugin.version,
                "distribution": plugin.distribution,
                "hooks": plugin.hooks,
                "settings": plugin.settings,
                "configured": configured[plugin.name],
                "disabled": plugin.disabled,
                "error": plugin.error,
            }
            for plugin in found
        ]
        write(json.dumps(data, indent=2, ensure_ascii=False))
    else:
        for plugin in found:
            _tell(plugin, configured[plugin.name])
    sys.stdout.buffer.flush()
    if any(plugin.error for plugin in found):
        context.exit(1)


def _tell(plugin: Installed, configured: Mapping[str, Any]) -> None:
    brought = f"  ({plugin.distribution} {plugin.version})" if plugin.distribution else "  (built in)"
    show(f"{plugin.name}{brought}{'  left out' if plugin.disabled else ''}")
    for line in (plugin.error or "").splitlines():
        show(f"  error: {line}")
    for hook in plugin.hooks:
        show(f"  {hook}")
    known = (plugin.settings or {}).get("properties", {})
    for name in [*known, *(name for name in configured if name not in known)]:
        value = f" = {json.dumps(configured[name], ensure_ascii=False)}" if name in configured else ""
        show(f"  setting {name}{value}")


def _shown(value: Any, schema: Mapping[str, Any]) -> Any:
    """Return settings without what their schema calls write-only."""
    if schema.get("writeOnly"):
        return "***"
    if isinstance(value, Mapping):
        known = schema.get("properties", {})
        return {name: _shown(member, known.get(name, {})) for name, member in value.items()}
    return value
