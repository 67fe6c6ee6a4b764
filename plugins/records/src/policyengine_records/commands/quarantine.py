"""``policyengine quarantine``: a person sees what was kept, and releases or rejects it."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any, TypeVar

import click

from policyengine.cli.common import language_option
from policyengine.text import Language, Line, Text
from policyengine_records.commands.common import (
    Group,
    database_option,
    format_option,
    opened,
    session,
    write_json,
    write_lines,
)

if TYPE_CHECKING:
    from policyengine import Decision
    from policyengine_records.quarantine.kept import Kept
    from policyengine_records.quarantine.quarantine import Quarantine

F = TypeVar("F", bound=Callable[..., Any])

# as in `policyengine_records.quarantine.kept`, which --help shall not load
_STATES = ("open", "released", "rejected", "taken")
_WORDS = {
    "open": Text(ja="未決", en="open"),
    "released": Text(ja="解放", en="released"),
    "rejected": Text(ja="却下", en="rejected"),
    "taken": Text(ja="引渡済", en="taken"),
    "purged": Text(ja="ペイロード消去", en="payload purged"),
}
_DESPITE = Text(ja="それでも", en="despite")
_KEPT = Text(ja="保留", en="kept")
_EVENT = Text(ja="イベント", en="event")
_PAYLOAD = Text(ja="ペイロード", en="payload")
_HIDDEN = Text(ja="あり（--payload で表示）", en="kept (--payload shows it)")
_NONE = Text(ja="なし", en="none is kept")


def _deciding(command: F) -> F:
    """Add what a person says who releases or rejects."""
    by = click.option("--by", metavar="NAME", required=True, help="Who decides.")
    reason = click.option("--reason", metavar="TEXT", required=True, help="Why.")
    at = click.option("--at", metavar="TIME", help="When it was decided.  [default: now]")
    return by(reason(at(database_option(format_option(language_option(command))))))


@click.group("quarantine", cls=Group)
def command() -> None:
    """See the flows that were kept, and release or reject them.

    A flow that is not permitted is kept where a step of the configuration says so (action quarantine). A release
    changes no rule: it hands the flow to the host once, and stays on record.

    \b
    Example:
      policyengine quarantine list
      policyengine quarantine show q-5b0c9d2e41f7a836 --lang ja

    \b
    Exit codes: 0 done, however many flows are open; 2 bad usage, an unknown id,
    a flow that is not open any more, or that something has come in the way of.
    """


@command.command("list")
@click.option(
    "--state",
    type=click.Choice([*_STATES, "all"]),
    default="open",
    show_default=True,
    help="The flows in this state; taken ones are released, and were handed to the host.",
)
@click.option("--changed", is_flag=True, help="Only those that are not settled, and would be permitted now.")
@database_option
@format_option
@language_option
def list_(state: str, changed: bool, database: str | None, form: str, lang: Language) -> None:
    """List kept flows, the oldest first, without their payloads. Exit code 0, whether there are any or not.

    \b
    Example:
      policyengine quarantine list
      policyengine quarantine list --state all --format json
      policyengine quarantine list --changed
    """
    quarantine = _opened(database)
    if changed:
        engine = session().engine()
        wanted = ("open", "released") if state == "all" else (state,)
        anew = [(kept, decision) for kept, decision in quarantine.changed(engine) if kept.state in wanted]
        if form == "json":
            write_json([_record(kept) | {"now": decision.as_dict()} for kept, decision in anew])
        else:
            write_lines(f"{_headline(kept, lang)}  → {_decided(decision)}" for kept, decision in anew)
        return
    found: list[Kept] = quarantine.list(None if state == "all" else state)  # type: ignore[arg-type]
    if form == "json":
        write_json([_record(kept) for kept in found])
    else:
        write_lines(_headline(kept, lang) for kept in found)


@command.command("show")
@click.argument("id")
@click.option("--payload", is_flag=True, help="Show the payload, too: personal data.")
@database_option
@format_option
@language_option
def show_(id: str, payload: bool, database: str | None, form: str, lang: Language) -> None:  # noqa: A002
    """Show the kept flow ID: the event, why it is not permitted, and what was done about it.

    \b
    Example:
      policyengine quarantine show q-5b0c9d2e41f7a836 --lang ja
      policyengine quarantine show q-5b0c9d2e41f7a836 --payload --format json
    """
    _show(_opened(database).get(id), form, lang, payload)


@command.command()
@click.argument("id")
@click.option("--despite", metavar="TEXT", help="Why, in spite of what has come in the way since the flow was kept.")
@_deciding
def release(
    id: str,  # noqa: A002
    despite: str | None,
    by: str,
    reason: str,
    at: str | None,
    database: str | None,
    form: str,
    lang: Language,
) -> None:
    """Release the kept flow ID: the host takes it and carries it out. It cannot be undone.

    The flow is decided anew first, as of now. What has come in its way since it was kept, such as a request to stop, is
    shown, and the release refused, unless --despite says why it shall go out all the same.

    \b
    Example:
      policyengine quarantine release q-5b0c9d2e41f7a836 --by "S. Abe" --reason "asked for by the customer, ticket 118"
    """
    engine = session().engine()
    quarantine = _opened(database)
    now, codes = quarantine.in_the_way(engine, quarantine.get(id))
    if codes and despite is None and form == "text":
        write_lines(now.lines(lang))
    _show(quarantine.release(id, by, reason, at, engine=engine, despite=despite), form, lang)


@command.command()
@click.argument("id")
@_deciding
def reject(id: str, by: str, reason: str, at: str | None, database: str | None, form: str, lang: Language) -> None:  # noqa: A002
    """Reject the kept flow ID for good.

    \b
    Example:
      policyengine quarantine reject q-5b0c9d2e41f7a836 --by "S. Abe" --reason "no contract with mailer-kk"
    """
    _show(_opened(database).reject(id, by, reason, at), form, lang)


@command.command()
@click.option("--settled-before", metavar="TIME", required=True, help="Rejected, or taken by the host, before then.")
@click.option("--by", metavar="NAME", help="Who does it, for the record.")
@database_option
@format_option
def purge(settled_before: str, by: str | None, database: str | None, form: str) -> None:
    """Remove the payloads of settled flows. The record of the flows stays, and so do payloads of all others.

    \b
    Example:
      policyengine quarantine purge --settled-before 2026-11-01T00:00:00+09:00 --by "S. Abe"
    """
    count = _opened(database).purge(settled_before, by)
    if form == "json":
        write_json({"purged": count})
    else:
        write_lines([f"{count} payload{'' if count == 1 else 's'} removed"])


def _opened(database: str | None) -> Quarantine:
    """Return the quarantine of the database that the call or the configuration names."""
    from policyengine_records.quarantine.quarantine import Quarantine  # noqa: PLC0415  imports SQLAlchemy

    return Quarantine(opened(database))


def _show(kept: Kept, form: str, lang: Language, payload: bool = False) -> None:
    if form == "json":
        write_json(_record(kept) | ({"payload": kept.payload} if payload else {}))
    else:
        write_lines(_lines(kept, lang, payload))


def _record(kept: Kept) -> dict[str, Any]:
    """Return a flow as JSON has it, without its payload."""
    return {
        "id": kept.id,
        "state": kept.state,
        "kept_at": kept.kept_at,
        "event": kept.event,
        "decision": kept.decision.as_dict(),
        "has_payload": kept.has_payload,
        "entries": [
            {
                "what": entry.what,
                "at": entry.at,
                "by": entry.by,
                "reason": entry.reason,
                "despite": entry.despite,
                "decision": None if entry.decision is None else entry.decision.as_dict(),
            }
            for entry in kept.entries
        ],
    }


def _headline(kept: Kept, lang: Language) -> str:
    event = "-" if kept.decision.event is None else kept.decision.event
    return f"{kept.id}  {kept.kept_at}  {_WORDS[kept.state].say(lang)}  {event}  {_decided(kept.decision)}"


def _decided(decision: Decision) -> str:
    clauses = f"  [{', '.join(decision.clauses)}]" if decision.clauses else ""
    return f"{decision.outcome}{clauses}"


def _lines(kept: Kept, lang: Language, payload: bool) -> Iterator[Line | str]:
    yield f"{kept.id}  {_WORDS[kept.state].say(lang)}"
    yield f"  {kept.kept_at}  {_KEPT.say(lang)}"
    for entry in kept.entries:
        said = "  ".join(text for text in (_WORDS[entry.what].say(lang), entry.by, entry.reason) if text)
        if entry.despite:
            said += f"  {_DESPITE.say(lang)}: {entry.despite}"
        yield f"  {entry.at}  {said}"
    yield from kept.decision.lines(lang)
    yield f"{_EVENT.say(lang)}: {json.dumps(kept.event, ensure_ascii=False)}"
    if kept.has_payload:
        shown = json.dumps(kept.payload, ensure_ascii=False) if payload else _HIDDEN.say(lang)
    else:
        shown = _NONE.say(lang)
    yield f"{_PAYLOAD.say(lang)}: {shown}"
