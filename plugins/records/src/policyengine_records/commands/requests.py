"""``policyengine requests``: which requests of people wait for an answer."""

from __future__ import annotations

import sys

import click

from policyengine.cli.common import language_option
from policyengine.text import Language
from policyengine_records.commands.common import Group, database_option, format_option
from policyengine_records.commands.facts import ledger_of, show_entries
from policyengine_records.ledger.entry import REQUEST


@click.group(cls=Group)
def requests() -> None:
    """See which requests of people wait for an answer.

    \b
    Example:
      policyengine requests due --within 3
    """


@requests.command("list")
@click.option("--subject", metavar="ID", help="Only requests of this person.")
@click.option("--state", type=click.Choice(["open", "answered"]), help="Only requests in this state.")
@database_option
@format_option
@language_option
def list_requests(subject: str | None, state: str | None, database: str | None, form: str, lang: Language) -> None:
    """List requests with their state and due date.

    \b
    Example:
      policyengine requests list --state open
    """
    with ledger_of(database) as ledger:
        found = ledger.facts(subject=subject, type=REQUEST)
    show_entries([entry for entry in found if state in (None, entry.state)], form, lang)


@requests.command()
@click.option(
    "--within", type=click.FloatRange(0), default=0, metavar="DAYS", help="List what will be late in so many days, too."
)
@click.option("--now", metavar="TIME", help="At this moment.  [default: now]")
@database_option
@format_option
@language_option
def due(within: float, now: str | None, database: str | None, form: str, lang: Language) -> None:
    """List requests that are late: open after their due date. Exit code 1 where there is one to list.

    \b
    Example:
      policyengine requests due --now 2026-12-01T00:00:00+09:00
      policyengine requests due --within 3
    """
    with ledger_of(database) as ledger:
        found = ledger.due(now, within=within)
    show_entries(found, form, lang)
    sys.stdout.buffer.flush()
    sys.exit(1 if found else 0)
