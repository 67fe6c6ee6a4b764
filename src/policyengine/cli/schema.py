"""``policyengine schema``: the JSON Schemas."""

from __future__ import annotations

import json
import sys

import click

from policyengine.cli.common import write
from policyengine.errors import PluginError


@click.command("schema")
@click.argument("of", type=click.Choice(["policy", "suite", "event", "decision"]), default="policy")
def command(of: str) -> None:
    """Print a JSON Schema: of rule files (with every installed rule kind), test suites, events or decisions.

    \b
    Example:
      policyengine schema > schemas/policy.schema.json
    An editor uses it through the first line of a rule file, or of a suite:
      #:schema ../../schemas/policy.schema.json
    """
    from policyengine.flow_schema import decision_schema, event_schema  # noqa: PLC0415
    from policyengine.plugins import Plugins  # noqa: PLC0415
    from policyengine.schema import policy_schema  # noqa: PLC0415

    if of == "policy":
        try:
            found = policy_schema(Plugins().kinds.values())
        except PluginError as error:
            raise click.ClickException(str(error)) from None
    elif of == "suite":
        from policyengine.suite.schema import suite_schema  # noqa: PLC0415

        found = suite_schema()
    elif of == "event":
        from policyengine.build import standard_vocabulary  # noqa: PLC0415

        found = event_schema(standard_vocabulary().facts.values())
    else:
        found = decision_schema()
    write(json.dumps(found, indent=2, ensure_ascii=False))
    sys.stdout.buffer.flush()
