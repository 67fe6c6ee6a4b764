"""What the commands share: the database of a call, and how results and errors are told."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

import click

from policyengine.cli.common import show, write
from policyengine.cli.session import Session, default_language
from policyengine_records.errors import RecordsError

if TYPE_CHECKING:
    from policyengine.text import Line
    from policyengine_records.store.store import Store

database_option = click.option(
    "--database",
    envvar="POLICYENGINE_RECORDS",
    metavar="URL",
    help="Where the records are: sqlite:///PATH or postgresql://host/name.  "
    "[default: POLICYENGINE_RECORDS, else what the configuration says]",
)
format_option = click.option(
    "--format", "form", type=click.Choice(["text", "json"]), default="text", show_default=True, help="Form of results."
)


class _Command(click.Command):
    """Says what records cannot do in the language of the call, with exit code 2."""

    def invoke(self, ctx: click.Context) -> Any:
        try:
            return super().invoke(ctx)
        except RecordsError as error:
            raise click.ClickException(error.text.say(ctx.params.get("lang") or default_language())) from None


class Group(click.Group):
    """A group of commands on records."""

    command_class = _Command


def session() -> Session:
    """Return the session of this call."""
    found = click.get_current_context().find_object(Session)
    assert found is not None  # the group above makes it
    return found


def settings() -> Mapping[str, Any]:
    """Return the settings of records; empty where nothing is configured."""
    return session().settings("records")


def opened(database: str | None) -> Store:
    """Return the store that the call or the configuration names.

    Raises:
        click.UsageError: neither does.
    """
    from policyengine_records.plugin import store_of  # noqa: PLC0415  imports the engine

    found = settings()
    if database is None and not found:
        raise click.UsageError("no records: name them with --database, POLICYENGINE_RECORDS, or [plugins.records]")
    return store_of(found if database is None else {**found, "database": database})


def write_json(value: Any) -> None:
    """Write a result for programs."""
    write(json.dumps(value, indent=2, ensure_ascii=False))
    sys.stdout.buffer.flush()


def write_lines(lines: Iterable[Line | str]) -> None:
    """Write a result for people, a line at a time."""
    for line in lines:
        show(line)
    sys.stdout.buffer.flush()
