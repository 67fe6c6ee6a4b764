"""``policyengine schema``: the JSON Schemas."""

from __future__ import annotations

import json
import sys

import click

from policyengine.cli.common import write
from policyengine.cli.session import Session
from policyengine.text import LANGUAGES


@click.command("schema")
@click.argument("of", type=click.Choice(["policy", "suite", "event", "decision", "configuration"]), default="policy")
@click.option("--built-in", is_flag=True, help="Leave out what installed plugins bring.")
@click.option(
    "--languages",
    metavar="LANGUAGES",
    default=",".join(LANGUAGES),
    show_default=True,
    help="Of rule files: the languages in which every text is needed.",
)
@click.pass_context
def command(context: click.Context, of: str, built_in: bool, languages: str) -> None:
    """Print a JSON Schema: of rule files, test suites, events, decisions or configuration files.

    That of rule files has every installed kind of rule, that of configuration files the settings of every plugin.

    \b
    Example:
      policyengine schema > schemas/policy.schema.json
      policyengine schema policy --languages de > policy.de.schema.json
    An editor uses it through the first line of a rule file, or of a suite:
      #:schema ../../schemas/policy.schema.json
    """
    from policyengine.engine.plugins import Plugins  # noqa: PLC0415
    from policyengine.language.schema import policy_schema  # noqa: PLC0415
    from policyengine.model.flow_schema import decision_schema, event_schema  # noqa: PLC0415

    session = context.find_object(Session)
    assert session is not None

    def plugins() -> Plugins:
        return Plugins(installed=False) if built_in else session.plugins

    if of == "policy":
        found = policy_schema(plugins().kinds.values(), tuple(languages.split(",")))
    elif of == "configuration":
        from policyengine.engine.configuration import configuration_schema  # noqa: PLC0415

        found = configuration_schema(plugins().schemas)
    elif of == "suite":
        from policyengine.suite.schema import suite_schema  # noqa: PLC0415

        found = suite_schema()
    elif of == "event":
        from policyengine.language.build import standard_vocabulary  # noqa: PLC0415

        found = event_schema(standard_vocabulary().facts.values())
    else:
        found = decision_schema()
    write(json.dumps(found, indent=2, ensure_ascii=False))
    sys.stdout.buffer.flush()
