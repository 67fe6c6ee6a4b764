"""``policyengine records``: the database of ledger, quarantine and outbox, made, upgraded, looked at and backed up."""

from __future__ import annotations

import json
from contextlib import closing
from pathlib import Path
from typing import IO

import click

from policyengine.cli.common import language_option
from policyengine.text import Language, Text
from policyengine_records.commands.common import Group, database_option, format_option, opened, write_json, write_lines
from policyengine_records.errors import RecordsError


@click.group("records", cls=Group)
def command() -> None:
    """Make, upgrade, look at and back up the database of the records: facts, kept flows, messages.

    \b
    Example:
      policyengine records upgrade
      policyengine records status
    """


@command.command()
@database_option
@format_option
@language_option
def status(database: str | None, form: str, lang: Language) -> None:  # noqa: ARG001  errors are told in it
    """Show where the records are, of which version, and how many there are. Exit code 1 where an upgrade is due.

    \b
    Example:
      policyengine records status --format json
    """
    from policyengine_records.store.upkeep import status as looked_at  # noqa: PLC0415  imports SQLAlchemy

    with closing(opened(database)) as store:
        found = looked_at(store)
    if form == "json":
        write_json(found)
    else:
        write_lines(f"{name}: {_shown(value)}" for name, value in found.items())
    click.get_current_context().exit(0 if found["version"] == found["known_version"] else 1)


@command.command()
@database_option
@format_option
@language_option
def upgrade(database: str | None, form: str, lang: Language) -> None:
    """Make the tables, or bring them up to date: all of it, or nothing. An SQLite file is made as well.

    \b
    Example:
      policyengine records upgrade --database sqlite:///records.db
    """
    with closing(opened(database)) as store:
        before, now = store.upgrade()
    if form == "json":
        write_json({"from": before, "to": now})
    else:
        made = Text(ja=f"バージョン {now} を作りました", en=f"made, version {now}")
        stands = Text(ja=f"バージョン {now} です", en=f"version {now}, as it was")
        moved = Text(ja=f"バージョン {before} から {now} にしました", en=f"version {before} to {now}")
        write_lines([(made if before is None else stands if before == now else moved).say(lang)])


@command.command()
@click.argument("file", type=click.Path(dir_okay=False, path_type=Path))
@database_option
@format_option
@language_option
def export(file: Path, database: str | None, form: str, lang: Language) -> None:
    """Write all records, of one moment, to the new FILE, for its owner alone to read. It holds personal data.

    \b
    Example:
      policyengine records export backup.jsonl
    """
    from policyengine_records.store.upkeep import write_export  # noqa: PLC0415

    with closing(opened(database)) as store:
        count = write_export(store, file)
    if form == "json":
        write_json({"rows": count})
    else:
        write_lines([Text(ja=f"{count} 行", en=f"{count} rows").say(lang)])


@command.command()
@click.argument("file", type=click.File("r", encoding="utf-8"))
@database_option
@format_option
@language_option
def restore(file: IO[str], database: str | None, form: str, lang: Language) -> None:
    """Write what export wrote to FILE into a database that has no records yet, of either sort: all of it, or nothing.

    \b
    Example:
      policyengine records restore backup.jsonl --database postgresql://host/records
    """
    from policyengine_records.store.upkeep import restore as restored  # noqa: PLC0415

    try:
        with closing(opened(database)) as store:
            count = restored(store, (json.loads(line) for line in file))
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise RecordsError(
            f"{file.name}: no export of records", f"{file.name}: 記録の書き出しではありません"
        ) from error
    if form == "json":
        write_json({"rows": count})
    else:
        write_lines([Text(ja=f"{count} 行", en=f"{count} rows").say(lang)])


def _shown(value: object) -> str:
    if isinstance(value, dict):
        return ", ".join(f"{number} {name}" for name, number in value.items()) or "0"
    return "-" if value is None else str(value)
