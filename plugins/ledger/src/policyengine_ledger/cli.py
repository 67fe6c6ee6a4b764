"""The command ``policyengine-ledger``: exit code 0 when done, 1 where something is late, 2 for what cannot be done."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable, Iterator
from typing import Any

import click

from policyengine_ledger.entry import Entry, LedgerError, LedgerUnavailable
from policyengine_ledger.ledger import Ledger

format_option = click.option(
    "--format", "form", type=click.Choice(["text", "json"]), default="text", show_default=True, help="Form of results."
)


class _Group(click.Group):
    """Says what the ledger cannot do on standard error, with exit code 2."""

    def invoke(self, context: click.Context) -> Any:
        try:
            return super().invoke(context)
        except (LedgerError, LedgerUnavailable) as error:
            click.echo(f"policyengine-ledger: {error}", err=True)
            context.exit(2)


@click.group(cls=_Group, context_settings={"help_option_names": ["-h", "--help"]})
@click.option(
    "--url",
    envvar="POLICYENGINE_LEDGER",
    default="sqlite:///ledger.db",
    show_default=True,
    help="The database: sqlite:///PATH or postgresql://host/name. Also from POLICYENGINE_LEDGER.",
)
@click.pass_context
def main(context: click.Context, url: str) -> None:
    """Keep a ledger of facts: consents, contracts, vettings, legal bases, notices and requests.

    \b
    Example:
      policyengine-ledger add '{"type": "vetting", "party": "mailer-kk"}'
      policyengine-ledger --url postgresql://db/facts list --type consent --subject c-102
    """
    context.obj = url


def _opened(*, create: bool = False) -> Ledger:
    return Ledger(click.get_current_context().obj, create=create)


@main.command()
@click.argument("fact")
@click.option(
    "--days", type=click.FloatRange(0, min_open=True), help="A request: in how many days it is to be answered."
)
@format_option
def add(fact: str, days: float | None, form: str) -> None:
    """Add FACT, a JSON object, or - to read it from standard input. Prints its id.

    \b
    Example:
      policyengine-ledger add '{"type": "consent", "subject": "c-102", "operations": ["provide"]}'
      policyengine-ledger add '{"type": "request", "kind": "disclose", "subject": "c-102"}' --days 14
    """
    text = click.open_file("-", encoding="utf-8").read() if fact == "-" else fact
    identifier = _opened(create=True).add(_object(text, "FACT"), days=days)
    click.echo(identifier if form == "text" else json.dumps({"id": identifier}))


@main.command()
@click.argument("id")
@click.option("--at", metavar="TIME", help="From when it does not count any more.  [default: now]")
@format_option
def withdraw(id: str, at: str | None, form: str) -> None:  # noqa: A002
    """End the fact ID. Its history stays.

    \b
    Example:
      policyengine-ledger withdraw 0f6c… --at 2026-12-01T00:00:00+09:00
    """
    _show([_opened().withdraw(id, at)], form)


@main.command()
@click.argument("id")
@click.option("--at", metavar="TIME", help="When it was answered.  [default: now]")
@format_option
def answer(id: str, at: str | None, form: str) -> None:  # noqa: A002
    """Note that the request ID was answered. It stays in effect.

    \b
    Example:
      policyengine-ledger answer 0f6c… --at 2026-12-01T10:00:00+09:00
    """
    _show([_opened().answer(id, at)], form)


@main.command("list")
@click.option("--subject", metavar="ID", help="Only facts about this person.")
@click.option("--type", "kind", metavar="TYPE", help="Only facts of this type.")
@click.option("--as-of", metavar="TIME", help="As the ledger was known then.")
@format_option
def list_(subject: str | None, kind: str | None, as_of: str | None, form: str) -> None:
    """List facts, each as it is known now.

    \b
    Example:
      policyengine-ledger list --subject c-102 --as-of 2026-11-01T00:00:00Z
    """
    _show(_opened().facts(subject=subject, type=kind, as_of=as_of), form)


@main.command()
@click.argument("id")
@format_option
def history(id: str, form: str) -> None:  # noqa: A002
    """Show every entry about the fact ID, the oldest first.

    \b
    Example:
      policyengine-ledger history 0f6c…
    """
    _show(_opened().history(id), form)


@main.command()
@click.option("--now", metavar="TIME", help="Late at this moment.  [default: now]")
@format_option
def due(now: str | None, form: str) -> None:
    """List requests that are late: open after their due date. Exit code 1 where there is one.

    \b
    Example:
      policyengine-ledger due --now 2026-12-01T00:00:00+09:00
    """
    late = _opened().due(now)
    _show(late, form)
    sys.exit(1 if late else 0)


@main.command("import")
@click.argument("file", type=click.File("r", encoding="utf-8"))
@format_option
def import_(file: Iterable[str], form: str) -> None:
    """Add the facts in FILE (JSONL; - is standard input), or what export wrote: all of them, or none.

    \b
    Example:
      policyengine-ledger import facts.jsonl
    """
    ids = _opened(create=True).import_(_lines(file))
    click.echo(f"{len(ids)} facts" if form == "text" else json.dumps({"ids": ids}))


@main.command()
def export() -> None:
    """Write every fact with its id and state as JSONL.

    \b
    Example:
      policyengine-ledger export > facts.jsonl
    """
    for one in _opened().export():
        click.echo(json.dumps(one, ensure_ascii=False))


def _object(text: str, where: str) -> dict[str, Any]:
    try:
        found = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise LedgerError(f"{where}: no JSON: {error}") from None
    if not isinstance(found, dict):
        raise LedgerError(f"{where}: expected a JSON object")
    return found


def _lines(file: Iterable[str]) -> Iterator[dict[str, Any]]:
    try:
        for number, line in enumerate(file, 1):
            if line.strip():
                yield _object(line, f"line {number}")
    except UnicodeDecodeError as error:
        raise LedgerError(f"not UTF-8: {error}") from None


def _show(entries: Iterable[Entry], form: str) -> None:
    """Print entries: a line each, or one JSON array."""
    if form == "json":
        click.echo(json.dumps([entry.as_dict() for entry in entries], ensure_ascii=False, indent=2))
        return
    for entry in entries:
        state = f"  {entry.state}, due {entry.due_at}" if entry.due_at else ""
        withdrawn = f"  withdrawn {entry.withdrawn_at}" if entry.withdrawn_at else ""
        fact = json.dumps(entry.fact, ensure_ascii=False)
        click.echo(f"{entry.id}  {entry.recorded_at}  {entry.change:8}  {fact}{state}{withdrawn}")
